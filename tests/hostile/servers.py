"""Servers that mean harm, as data: what each sends first, and what it then sends over and over, as fast as it
is read. They are those of which a program has something to lose: memory, time, or its wits."""

import base64
import gzip
import hashlib
import re
import select
import socket
import threading
import zlib
from contextlib import contextmanager, suppress
from random import Random
from struct import pack

from msgspec import Struct

BLOCK = 65536
"""Bytes of one write, at least."""
PATIENCE = 60.0
"""Seconds after which a connection is left alone."""


class Hostile(Struct, frozen=True):
    """What a server does once it has the request."""

    first: bytes
    """``{accept}`` stands for the right Sec-WebSocket-Accept."""
    again: bytes = b""
    http2: bool = False
    """With prior knowledge, and without TLS."""


OPEN = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: {accept}\r\n\r\n"
)
DEFLATE = OPEN[:-2] + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
NO = b"HTTP/1.1 403 Forbidden\r\n"


def ws(first, payload):
    """A frame of the server's that begins with the byte *first*."""
    size = len(payload)
    length = bytes([size]) if size < 126 else b"\x7e" + pack("!H", size)
    return bytes([first]) + length + payload


def h2(kind, flags, stream, payload=b""):
    """A frame of HTTP/2."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def deflated(data):
    made = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (made.compress(data) + made.flush(zlib.Z_SYNC_FLUSH))[:-4]


SETTINGS = h2(4, 0, 0, pack("!HI", 8, 1)) + h2(4, 1, 0)
OPEN_2 = SETTINGS + h2(1, 4, 1, b"\x88")
LARGE = ws(0xC1, deflated(b"B" * 300_000))
"""Some 300 bytes."""

ESCAPED = b'\x01\x00\x1b\xc2\x9b\xe2\x80\xae"\\'
"""Text of which JSON writes each character as an escape."""

SERVERS = {
    "a Location of 2 MB": Hostile(
        b"HTTP/1.1 302 Found\r\nLocation: /" + b"a" * 2_000_000 + b"\r\nContent-Length: 0\r\n\r\n"
    ),
    "three thousand Locations": Hostile(
        b"HTTP/1.1 302 Found\r\n"
        + b"".join(b"Location: /%d\xe2\x80\xae\r\n" % n for n in range(3000))
        + b"\r\n"
    ),
    "redirects with cookies": Hostile(
        b"HTTP/1.1 302 Found\r\nLocation: /\r\n"
        + b"".join(b"Set-Cookie: c%d=v; Path=/%d/\r\n" % (n, n) for n in range(4800))
        + b"Content-Length: 0\r\n\r\n"
    ),
    "noise": Hostile(b"", Random(7).randbytes(BLOCK)),
    "commas": Hostile(b"HTTP/1.1 101 S\r\nUpgrade: " + b"," * 2_000_000 + b"\r\n\r\n"),
    "content codings": Hostile(NO + b"Content-Encoding: " + b"a," * 1_000_000 + b"\r\n\r\nx"),
    "content codings, and a body": Hostile(NO + b"Content-Encoding: " + b"a," * 1_000_000 + b"\r\n\r\n", b"x"),
    "a Content-Length of words": Hostile(NO + b"Content-Length: " + b"a/b " * 500_000 + b"\r\n\r\nx"),
    "a field of escapes": Hostile(b"HTTP/1.1 101 S\r\nX: ", b"\xe2\x80\xae"),
    "interim answers of 200 lines": Hostile(
        b"", b"HTTP/1.1 103 Early Hints\r\n" + b"".join(b"Link: </%d>\r\n" % n for n in range(200)) + b"\r\n"
    ),
    "fields of different names": Hostile(NO + b"".join(b"x%d: y\r\n" % n for n in range(4900)) + b"\r\n"),
    "a body of brackets": Hostile(NO + b"Content-Type: application/json\r\n\r\n", b"["),
    "chunks of one byte": Hostile(NO + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "chunks with extensions": Hostile(NO + b"Transfer-Encoding: chunked\r\n\r\n", b"1;a=b\r\nx\r\n"),
    "transfer codings": Hostile(
        NO
        + b"Transfer-Encoding: "
        + b"gzip, identity, " * 20_000
        + b"chunked\r\nContent-Length: 7, 7, 8\r\n\r\n",
        b"3\r\nabc\r\n",
    ),
    "comments without an end": Hostile(NO + b"Content-Type: text/html\r\n\r\n", b"<!--"),
    "a body of numbers": Hostile(NO + b"\r\n", b"1 "),
    "gzip members": Hostile(NO + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(b"")),
    "gzip of gzip": Hostile(
        NO + b"Content-Encoding: gzip, gzip\r\n\r\n" + gzip.compress(gzip.compress(bytes(100_000_000), 1))
    ),
    "stored deflate blocks": Hostile(NO + b"Content-Encoding: deflate\r\n\r\n", b"\0\0\0\xff\xff"),
    "masked frames": Hostile(OPEN, b"\x81\x85abcdhello"),
    "texts of escapes": Hostile(OPEN, ws(0x81, ESCAPED * 6000)),
    "a text of escapes": Hostile(OPEN + b"\x81\x7f" + pack("!Q", 1 << 23) + ESCAPED * (1 << 20)),
    "a text of 16 MiB": Hostile(OPEN + b"\x81\x7f" + pack("!Q", 1 << 24) + b"{" * (1 << 24)),
    "small frames": Hostile(OPEN, ws(0x82, b"x" * 80)),
    "empty frames": Hostile(OPEN, ws(0x82, b"")),
    "frames of a bad letter": Hostile(OPEN, ws(0x81, b"\xff")),
    "fragments of two bytes": Hostile(OPEN + ws(0x02, b"a"), ws(0x00, b"zz")),
    "messages that inflate": Hostile(DEFLATE, LARGE),
    "small messages that inflate": Hostile(DEFLATE, ws(0xC1, deflated(b"B" * 150_000))),
    "tiny messages that inflate": Hostile(DEFLATE, ws(0xC1, deflated(b"x"))),
    "cookies, and messages that inflate": Hostile(
        DEFLATE[:-2] + b"".join(b"Set-Cookie: c%d=value-%d\r\n" % (n, n * 7919) for n in range(1000)) + b"\r\n",
        ws(0xC1, deflated(b"%41value" * 9000)),
    ),
    "empty deflate blocks": Hostile(DEFLATE, ws(0xC1, b"\x03\x00" * 32_000)),
    "a message without end": Hostile(OPEN + b"\x82\x7f" + pack("!Q", 1 << 40), b"x"),
    "a control frame of 64 KiB": Hostile(OPEN, b"\x89\x7f" + pack("!Q", BLOCK) + bytes(BLOCK)),
    "HTTP/2: tiny DATA": Hostile(OPEN_2, h2(0, 0, 1, ws(0x81, b"x")), http2=True),
    "HTTP/2: PINGs and tiny DATA": Hostile(
        OPEN_2, h2(6, 0, 0, bytes(8)) + h2(0, 0, 1, ws(0x81, b"")), http2=True
    ),
    "HTTP/2: padding": Hostile(OPEN_2, h2(0, 8, 1, b"\xff" + bytes(255)), http2=True),
    "HTTP/2: many frames in a DATA": Hostile(OPEN_2, h2(0, 0, 1, ws(0x82, b"x" * 125) * 128), http2=True),
    "HTTP/2: windows": Hostile(OPEN_2, h2(8, 0, 1, b"\0\0\0\1"), http2=True),
    "HTTP/2: long SETTINGS": Hostile(SETTINGS, h2(4, 0, 0, pack("!HI", 3, 100) * 2700), http2=True),
    "HTTP/2: table sizes": Hostile(
        SETTINGS, h2(1, 4, 1, b"\x20\x3f\xe1\x1f" * 4000 + b"\x48\x03103"), http2=True
    ),
    "HTTP/2: messages that inflate": Hostile(
        SETTINGS + h2(1, 4, 1, b"\x88\x00\x18sec-websocket-extensions\x12permessage-deflate"),
        h2(0, 0, 1, LARGE),
        http2=True,
    ),
}


@contextmanager
def serving(hostile):
    """A server in threads; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def listen():
            with suppress(OSError):
                while True:
                    threading.Thread(target=_serve, args=(listener.accept()[0], hostile), daemon=True).start()

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(stream, hostile):
    with stream, suppress(OSError):
        stream.settimeout(PATIENCE)
        asked = b""
        while b"\r\n\r\n" not in asked and (data := stream.recv(BLOCK)):
            asked += data
        key = re.search(rb"(?i)sec-websocket-key: *(\S+)", asked)
        known = b"" if key is None else key[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(known).digest())
        _send(stream, hostile.first.replace(b"{accept}", accept))
        again = hostile.again * (BLOCK // max(len(hostile.again), 1) + 1)
        while again:
            _send(stream, again)
        while stream.recv(BLOCK):
            pass


def _send(stream, data):
    """Send *data*, and read what comes meanwhile, so that nobody waits for the other."""
    rest = memoryview(data)
    while rest:
        readable, writable, _ = select.select([stream], [stream], [], PATIENCE)
        if readable and not stream.recv(BLOCK):
            stream.sendall(rest)
            return
        if writable:
            rest = rest[stream.send(rest[:BLOCK]) :]
