"""``python echo.py [deflate]``: an echo server that costs little beside its clients: they are to be measured.

Each frame goes back as it came, but for the mask. Compressed payloads are not inflated: it sends, byte
for byte, what it was sent, and one window is as good as another (RFC 7692 section 7.2) if both are one size.
It serves one client after the other, prints its port, and believes that they conform.
"""

import re
import socket
import sys
from base64 import b64encode
from hashlib import sha1

try:
    from websockets.speedups import apply_mask as mask
except ImportError:
    from wsprobe.wire.rfc6455 import mask

AT_ONCE = 1 << 18
CLOSE, PING, PONG = 8, 9, 10


def answer(head, deflate):
    """The 101 for the request *head*. With *deflate*, compression is agreed to if it is offered."""
    key = re.search(rb"(?im)^sec-websocket-key: *(\S+)", head)
    accept = b64encode(sha1(key[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    lines = [b"HTTP/1.1 101 Switching Protocols", b"Upgrade: websocket", b"Connection: Upgrade"]
    lines.append(b"Sec-WebSocket-Accept: " + accept)
    offer = re.search(rb"(?im)^sec-websocket-extensions: *(permessage-deflate[^,\r]*)", head)
    if deflate and offer is not None:
        asked = re.search(rb"server_max_window_bits=(\d+)", offer[1])
        same = (
            b""
            if asked is None
            else b"; server_max_window_bits=%b; client_max_window_bits=%b" % (asked[1], asked[1])
        )
        lines.append(b"Sec-WebSocket-Extensions: permessage-deflate" + same)
    return b"\r\n".join(lines) + b"\r\n\r\n"


def echoed(data):
    """What goes back for the whole frames in *data*, how many of its bytes they are, whether one is a Close."""
    out = []
    at, end = 0, len(data)
    while end - at >= 6:
        size, body = data[at + 1] & 0x7F, at + 6
        if size > 125:
            wide = 2 if size == 126 else 8
            size, body = int.from_bytes(data[at + 2 : at + 2 + wide]), body + wide
        stop = body + size
        if stop > end:
            break
        first = data[at]
        if first & 0x0F == PING:
            first = 0x80 | PONG
        out += (bytes((first, data[at + 1] & 0x7F)), data[at + 2 : body - 4])
        out.append(mask(data[body:stop], data[body - 4 : body]))
        at = stop
        if first & 0x0F == CLOSE:
            return out, at, True
    return out, at, False


def serve(connection, deflate):
    """Answer one client until it closes."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(AT_ONCE)
        if not more:
            return
        data += more
    head, _, data = data.partition(b"\r\n\r\n")
    connection.sendall(answer(head, deflate))
    while True:
        out, used, over = echoed(data)
        connection.sendall(b"".join(out))
        if over:
            break
        more = connection.recv(AT_ONCE)
        if not more:
            return
        data = data[used:] + more
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(AT_ONCE):
        pass


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            client, _ = listener.accept()
            with client:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                try:
                    serve(client, "deflate" in sys.argv[1:])
                except OSError:
                    continue  # it has gone: whether it had all it wanted, is seen elsewhere
