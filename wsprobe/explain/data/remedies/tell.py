"""A server behind your proxy that tells a page why the proxy refused its WebSocket.

A proxy refuses with a status, which a page cannot read: its close event has code
1006 and no reason. It can read the code and reason of a Close. So let the proxy
send here what it refuses, with a header that says why (wsprobe explain remedy
nginx, haproxy, caddy or envoy has the lines):

    X-Refused: 401 session expired

    a handshake of your pages: opens, and closes with 4401 "session expired"
    fetch(), and programs:     401 "session expired", with CORS for your pages
    a fetch() without X-Refused: 204, since the proxy would let it pass

    python3 tell.py

Standard library only. Nobody but the proxy must reach it.
"""

import asyncio
import base64
import contextlib
import hashlib
from http import HTTPStatus

PAGES = ["https://chat.example"]  # origins
HOST, PORT = "127.0.0.1", 9000
PAUSE = 0.05
"""Seconds between 101 and Close: Firefox may lose a Close that comes earlier."""
PATIENCE = 5
"""Seconds for a request, and for the page's own Close."""
REASON_BYTES = 123
"""All that fits into a Close frame behind the code (RFC 6455 section 5.5)."""
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455 section 1.3."""


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, EOFError, asyncio.LimitOverrunError, TimeoutError):
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
        await tell(fields_of(head), reader, writer)
    writer.close()


async def tell(
    fields: dict[str, str],
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    status, reason = refusal(fields)
    page = fields.get("origin") in PAGES
    if page and status != 204 and fields.get("upgrade", "").lower() == "websocket":
        writer.write(opened(fields))
        await writer.drain()
        await asyncio.sleep(PAUSE)
        payload = (4000 + status).to_bytes(2, "big") + first_words(reason)
        writer.write(bytes([0x88, len(payload)]) + payload)
        await writer.drain()
        await asyncio.wait_for(reader.read(1024), PATIENCE)  # the page's Close
    else:
        writer.write(answered(status, reason, fields["origin"] if page else ""))
        await writer.drain()


def fields_of(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines if ":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def refusal(fields: dict[str, str]) -> tuple[int, str]:
    """The status and reason that the proxy gives; 204 if it gives none."""
    word, _, reason = fields.get("x-refused", "204").partition(" ")
    status = int(word) if word.isdecimal() and 400 <= int(word) < 600 else 204
    known = [each.value for each in HTTPStatus]
    return status, reason.strip() or (HTTPStatus(status).phrase if status in known else "")


def opened(fields: dict[str, str]) -> bytes:
    key = fields.get("sec-websocket-key", "") + GUID
    accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {accept}",
    ]
    offered = fields.get("sec-websocket-protocol", "").split(",")[0].strip()
    if offered:  # the page needs one of them in the answer
        lines.append(f"Sec-WebSocket-Protocol: {offered}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def answered(status: int, reason: str, origin: str) -> bytes:
    text = reason.encode("latin-1", "replace") if status != 204 else b""
    lines = [
        f"HTTP/1.1 {status} ",
        "Content-Type: text/plain; charset=latin-1",
        "Cache-Control: no-store",
        "Vary: Origin",
        "Connection: close",
    ]
    if status != 204:
        lines.append(f"Content-Length: {len(text)}")
    if origin:
        lines.append(f"Access-Control-Allow-Origin: {origin}")
        lines.append("Access-Control-Allow-Credentials: true")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + text


def first_words(text: str) -> bytes:
    """Cut at a character's edge to what a Close can carry."""
    return text.encode()[:REASON_BYTES].decode("utf-8", "ignore").encode()


async def main() -> None:
    server = await asyncio.start_server(serve, HOST, PORT)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
