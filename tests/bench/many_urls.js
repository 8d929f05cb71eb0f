// Asks URL as often as COUNT says, AT_ONCE at a time, with npm's WS: what it is answered, as JSON.
const [ws, url, count, atOnce] = process.argv.slice(2), WebSocket = require(ws);
let left = Number(count);
function next() {
  if (left-- <= 0) return;
  const socket = new WebSocket(url);
  socket.on("error", () => {});
  socket.on("unexpected-response", (request, response) => {
    const parts = [], connection = response.socket;
    response.on("data", (part) => parts.push(part));
    response.on("end", () => {
      const body = Buffer.concat(parts).toString("latin1");
      console.log(JSON.stringify({url, status: response.statusCode, headers: response.rawHeaders, body}));
      connection.destroy();
      next();
    });
  });
}
for (let at = 0; at < Number(atOnce); at++) next();
