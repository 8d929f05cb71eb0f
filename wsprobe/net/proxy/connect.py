"""The tunnel through an HTTP proxy: CONNECT (RFC 9110 section 9.3.6)."""

from __future__ import annotations

import re
from base64 import b64encode

import trio

from wsprobe.net.proxy.address import Proxy
from wsprobe.net.proxy.tunnel import LIMIT, Tunnel
from wsprobe.net.wire import End, Wire

BODY_QUIET = 0.5
"""Seconds without a byte after which the body of a refusal is taken as all there is."""


def authority(host: str, port: int) -> str:
    """Return ``host:port``, an IPv6 literal in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def request(proxy: Proxy, host: str, port: int) -> bytes:
    """Return the CONNECT request for a tunnel to *host*, *port*."""
    to = authority(host, port)
    lines = [f"CONNECT {to} HTTP/1.1", f"Host: {to}"]
    if proxy.user is not None:
        lines.append(f"Proxy-Authorization: Basic {b64encode(proxy.user + b':' + proxy.password).decode()}")
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1")


async def connect(tunnel: Tunnel, proxy: Proxy, host: str, port: int) -> Wire | End:
    """Ask an HTTP proxy for the way to *host*, *port*."""
    await tunnel.say(request(proxy, host, port))
    while True:
        head = await tunnel.hear(head_size)
        if isinstance(head, End):
            return tunnel.failed("no complete answer to CONNECT", head)
        line = head.lstrip(b"\r\n").partition(b"\n")[0].rstrip(b"\r")
        found = re.match(rb"HTTP/\d+\.\d+ +(\d{3})(?!\d)", line)
        if found is None:
            return tunnel.failed(f"the answer to CONNECT is not HTTP: {_shown(line)}")
        status = int(found[1])
        if 200 <= status < 300:
            return tunnel.through()
        if status >= 200 or status == 101:
            await _body(tunnel, head)
            return tunnel.failed(f"the proxy answered {_shown(line)}")


def head_size(data: bytes) -> int | None:
    """Return the length of the head that *data* begins with, None while it has no end."""
    start = len(data) - len(data.lstrip(b"\r\n"))
    end = re.compile(rb"\n\r?\n").search(data, start)
    return end.end() if end else None


async def _body(tunnel: Tunnel, head: bytes) -> None:
    """Record the body of a refusal, which says why: by its length, or until nothing more comes."""
    found = re.search(rb"(?im)^content-length:[ \t]*(\d{1,9})[ \t]*\r?$", head)
    length = int(found[1]) if found else LIMIT
    seen = 0
    while seen < min(length, LIMIT):
        piece: bytes | End = End("timeout")
        with trio.move_on_after(BODY_QUIET):
            piece = await tunnel.hear(len)
        if isinstance(piece, End):
            return
        seen += len(piece)


def _shown(line: bytes) -> str:
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}" for byte in line[:200])
