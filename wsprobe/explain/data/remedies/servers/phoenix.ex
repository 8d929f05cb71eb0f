# Phoenix: a page reads why it was refused, a program gets a status.
#
# A WebSock closes with a code. A page reads 4401 "session expired", or asks GET
# /ws/why with fetch(). A program, which sends no Origin, gets a 401. A page of another
# origin gets a bare 403. In the router: forward "/ws", ChatWeb.Handshake
#
# With channels, let connect/3 return {:ok, socket} and refuse in join/3:
# {:error, %{reason: "session expired"}} reaches the page.

defmodule ChatWeb.Handshake do
  import Plug.Conn

  @pages ["https://chat.example"] # origins

  def init(options), do: options

  # Your check: a status and a reason, nil to let in.
  defp refusal(conn) do
    if not Map.has_key?(fetch_cookies(conn).cookies, "session"), do: {401, "session expired"}
  end

  def call(%{path_info: ["why"]} = conn, _options) do
    {status, reason} = refusal(conn) || {204, ""}
    conn |> allow(origin(conn)) |> put_resp_content_type("text/plain") |> send_resp(status, reason)
  end

  def call(conn, _options) do
    case {origin(conn), refusal(conn)} do
      {nil, {status, reason}} ->
        send_resp(conn, status, reason)

      {origin, refused} when is_nil(origin) or origin in @pages ->
        conn |> WebSockAdapter.upgrade(ChatWeb.Chat, refused, []) |> halt()

      _stranger ->
        send_resp(conn, 403, "")
    end
  end

  defp origin(conn), do: List.first(get_req_header(conn, "origin"))

  defp allow(conn, origin) when origin in @pages do
    conn
    |> put_resp_header("vary", "Origin")
    |> put_resp_header("access-control-allow-origin", origin)
    |> put_resp_header("access-control-allow-credentials", "true")
  end

  defp allow(conn, _origin), do: put_resp_header(conn, "vary", "Origin")
end

defmodule ChatWeb.Chat do
  @behaviour WebSock

  # Firefox may lose a Close that comes right after the 101.
  @pause 50

  def init(nil), do: {:ok, nil}

  def init(refused) do
    Process.send_after(self(), :refuse, @pause)
    {:ok, refused}
  end

  def handle_info(:refuse, {status, reason} = refused) do
    {:stop, :normal, {4000 + status, reason}, refused}
  end

  def handle_in({data, [opcode: kind]}, nil), do: {:push, {kind, data}, nil}
  def handle_in(_message, refused), do: {:ok, refused}
end
