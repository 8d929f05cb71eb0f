// ASP.NET Core: a page reads why it was refused, a program gets a status.
//
// A page reads 4401 "session expired", or asks GET /ws/why with fetch(). A program,
// which sends no Origin, gets a 401. A page of another origin gets a bare 403.

using System.Net.WebSockets;

string[] pages = ["https://chat.example"]; // origins
var pause = TimeSpan.FromMilliseconds(50); // Firefox may lose a Close right after the 101

// Your check: a status and a reason, null to let in.
(int Status, string Reason)? Refusal(HttpRequest request) =>
    request.Cookies.ContainsKey("session") ? null : (401, "session expired");

var app = WebApplication.CreateBuilder(args).Build();
app.UseWebSockets();

app.Map("/ws", async (HttpContext context) =>
{
    var origin = context.Request.Headers.Origin.ToString();
    var refused = Refusal(context.Request);
    if (origin != "" && !pages.Contains(origin))
    {
        context.Response.StatusCode = 403;
        return;
    }
    if (origin == "" && refused is { } answer)
    {
        context.Response.StatusCode = answer.Status;
        await context.Response.WriteAsync(answer.Reason);
        return;
    }
    using var socket = await context.WebSockets.AcceptWebSocketAsync();
    if (refused is { } told)
    {
        await Task.Delay(pause);
        var code = (WebSocketCloseStatus)(4000 + told.Status);
        await socket.CloseAsync(code, told.Reason, context.RequestAborted);
        return;
    }
    var buffer = new byte[4096];
    while (socket.State == WebSocketState.Open)
    {
        var got = await socket.ReceiveAsync(buffer, context.RequestAborted);
        if (got.MessageType == WebSocketMessageType.Close) break;
        var data = buffer.AsMemory(0, got.Count);
        await socket.SendAsync(data, got.MessageType, got.EndOfMessage, context.RequestAborted);
    }
    if (socket.State == WebSocketState.CloseReceived)
    {
        var code = WebSocketCloseStatus.NormalClosure;
        await socket.CloseOutputAsync(code, null, context.RequestAborted);
    }
});

app.MapGet("/ws/why", (HttpContext context) =>
{
    var origin = context.Request.Headers.Origin.ToString();
    context.Response.Headers.Vary = "Origin";
    if (pages.Contains(origin))
    {
        context.Response.Headers.AccessControlAllowOrigin = origin;
        context.Response.Headers.AccessControlAllowCredentials = "true";
    }
    return Refusal(context.Request) is { } refused
        ? Results.Text(refused.Reason, statusCode: refused.Status)
        : Results.NoContent();
});

app.Run("http://127.0.0.1:8080");
