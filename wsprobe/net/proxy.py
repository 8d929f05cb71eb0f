"""The tunnel through a proxy, every byte recorded: CONNECT (RFC 9110 section 9.3.6), SOCKS (RFC 1928)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

import trio

from wsprobe.exchange import TunnelFailed, TunnelReceived, TunnelSent
from wsprobe.net.stream import After, End, Tape, Wire
from wsprobe.request.opening import basic
from wsprobe.request.proxy import ProxyUrl
from wsprobe.request.target import authority

LIMIT = 65536
"""Bytes of one answer of a proxy."""


class Tunnel:
    """A wire to a proxy."""

    def __init__(self, wire: Wire, tape: Tape) -> None:
        self._wire = wire
        self._tape = tape
        self._early = b""

    async def say(self, data: bytes) -> None:
        """Send *data*. A failure shows when the answer is read."""
        self._tape.add(TunnelSent(self._tape.now(), data))
        await self._wire.send(data)

    async def hear(self, size_of: Callable[[bytes], int | None]) -> bytes | End:
        """One answer, or the end before it was complete.

        *size_of*: bytes -> the length of the answer that they begin with, None if more are needed. Bytes after
        it are kept for the next read.
        """
        got = b""
        while len(got) < LIMIT:
            data: bytes | End = self._early or await self._wire.receive()
            self._early = b""
            if isinstance(data, End):
                return data
            known = len(got)
            got += data
            size = size_of(got)
            mine = data if size is None else data[: size - known]
            self._tape.add(TunnelReceived(self._tape.now(), mine))
            if size is not None:
                self._early = got[size:]
                return got[:size]
        return End("limit", f"the proxy's answer is longer than {LIMIT} bytes")

    def failed(self, error: str, end: End | None = None) -> End:
        """Write that the proxy did not open a tunnel, and why; return the end of the exchange."""
        words = {
            "fin": f"{error}: the proxy closed the connection",
            "reset": f"{error}: the proxy reset the connection",
        }
        said = error if end is None else words.get(end.how, f"{error}: {end.error}")
        self._tape.add(TunnelFailed(self._tape.now(), said))
        return End("local" if end is None else end.how, said)

    def through(self) -> Wire:
        """The wire to the server behind the proxy."""
        return After(self._wire, self._early) if self._early else self._wire


ANSWERS_MAX = 100
"""The most answers to read for one CONNECT: interim ones, and the final one."""

BODY_QUIET = 0.5
"""Seconds without a byte after which the body of a refusal counts as complete."""


def request(proxy: ProxyUrl, host: str, port: int, authorization: str | None = None) -> bytes:
    """The CONNECT request for a tunnel to *host*, *port*.

    *authorization*: the value of Proxy-Authorization, "" to send none; None: Basic, if the proxy's URL has
    credentials.
    """
    to = authority(host, port)
    lines = [f"CONNECT {to} HTTP/1.1", f"Host: {to}"]
    if authorization is None and proxy.user is not None:
        authorization = basic(proxy.user + b":" + proxy.password)
    if authorization:
        lines.append(f"Proxy-Authorization: {authorization}")
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("utf-8", "surrogateescape")


async def through_http(
    tunnel: Tunnel, proxy: ProxyUrl, host: str, port: int, authorization: str | None = None
) -> Wire | End:
    """Request a tunnel to *host*, *port* from an HTTP proxy; *authorization* as for ``request``."""
    await tunnel.say(request(proxy, host, port, authorization))
    for _ in range(ANSWERS_MAX):
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
    return tunnel.failed("no final answer to CONNECT", End("limit", f"{ANSWERS_MAX} interim answers"))


def head_size(data: bytes) -> int | None:
    """The length of the head that *data* begins with, None while it has no end."""
    start = len(data) - len(data.lstrip(b"\r\n"))
    end = re.compile(rb"\n\r?\n").search(data, start)
    return end.end() if end else None


async def _body(tunnel: Tunnel, head: bytes) -> None:
    """Record the body of a refusal, which may have the reason: by its length, or until no more arrives."""
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


REPLIES_4 = {
    0x5B: "request rejected or failed",
    0x5C: "the proxy cannot reach identd on the client",
    0x5D: "the client's identd reports another user",
}

REPLIES_5 = {
    1: "general SOCKS server failure",
    2: "connection not allowed by ruleset",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "TTL expired",
    7: "command not supported",
    8: "address type not supported",
}
"""RFC 1928 section 6."""


async def through_socks(tunnel: Tunnel, proxy: ProxyUrl, host: str, port: int) -> Wire | End:
    """Request a tunnel to *host* (a name if the proxy resolves it), *port* from a SOCKS proxy."""
    if proxy.kind.startswith("socks4"):
        return await _version_4(tunnel, proxy, host, port)
    return await _version_5(tunnel, proxy, host, port)


async def _version_4(tunnel: Tunnel, proxy: ProxyUrl, host: str, port: int) -> Wire | End:
    address = _literal(host)
    if address is not None and address.version == 6:
        return tunnel.failed("SOCKS 4 has no IPv6 addresses")
    # SOCKS 4A: the invalid address 0.0.0.1 means that a name follows.
    packed, name = (b"\0\0\0\1", host.encode() + b"\0") if address is None else (address.packed, b"")
    user = (proxy.user or b"").replace(b"\0", b"") + b"\0"
    await tunnel.say(b"\x04\x01" + port.to_bytes(2) + packed + user + name)
    answer = await tunnel.hear(_exactly(8))
    if isinstance(answer, End):
        return tunnel.failed("no complete answer to the SOCKS 4 request", answer)
    if answer[0] != 0:
        return tunnel.failed(f"the answer is not SOCKS 4: it begins with 0x{answer[0]:02x}")
    if answer[1] != 0x5A:
        return tunnel.failed(f"the SOCKS proxy answered {answer[1]}: {REPLIES_4.get(answer[1], 'unknown')}")
    return tunnel.through()


async def _version_5(tunnel: Tunnel, proxy: ProxyUrl, host: str, port: int) -> Wire | End:
    await tunnel.say(b"\x05\x01\x00" if proxy.user is None else b"\x05\x02\x00\x02")
    method = await tunnel.hear(_exactly(2))
    if isinstance(method, End):
        return tunnel.failed("no complete answer to the SOCKS 5 greeting", method)
    if method[0] != 5:
        return tunnel.failed(f"the answer is not SOCKS 5: it begins with 0x{method[0]:02x}")
    if method[1] == 2 and proxy.user is not None:
        refused = await _authenticate(tunnel, proxy.user, proxy.password)
        if refused is not None:
            return refused
    elif method[1] != 0:
        wants = (
            "a user name and password"
            if method[1] == 2
            else "an authentication method that wsprobe does not support"
        )
        return tunnel.failed(f"the SOCKS proxy requires {wants}")
    await tunnel.say(b"\x05\x01\x00" + _address(host) + port.to_bytes(2))
    answer = await tunnel.hear(_answer_size)
    if isinstance(answer, End):
        return tunnel.failed("no complete answer to the SOCKS 5 request", answer)
    if answer[1] != 0:
        return tunnel.failed(f"the SOCKS proxy answered {answer[1]}: {REPLIES_5.get(answer[1], 'unknown')}")
    return tunnel.through()


async def _authenticate(tunnel: Tunnel, user: bytes, password: bytes) -> End | None:
    """Log in with user name and password, in clear text (RFC 1929); returns the end if that fails."""
    await tunnel.say(b"\x01" + _counted(user) + _counted(password))
    answer = await tunnel.hear(_exactly(2))
    if isinstance(answer, End):
        return tunnel.failed("no complete answer to the SOCKS 5 password", answer)
    return None if answer[1] == 0 else tunnel.failed("the SOCKS proxy refused the user name and password")


def _address(host: str) -> bytes:
    address = _literal(host)
    if address is None:
        return b"\x03" + _counted(host.encode())
    return (b"\x01" if address.version == 4 else b"\x04") + address.packed


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _counted(data: bytes) -> bytes:
    return bytes([len(data[:255])]) + data[:255]


def _exactly(size: int) -> Callable[[bytes], int | None]:
    return lambda data: size if len(data) >= size else None


def _answer_size(data: bytes) -> int | None:
    """The length of the answer that *data* begins with, None if more bytes are needed. RFC 1928 section 6:
    version, reply, reserved, address type, address, port. A refusal may stop early."""
    if len(data) >= 2 and (data[0] != 5 or data[1] != 0) and len(data) < 10:
        return len(data)
    if len(data) < 5:
        return None
    size = {1: 10, 4: 22, 3: 7 + data[4]}.get(data[3], 10)
    return size if len(data) >= size else None
