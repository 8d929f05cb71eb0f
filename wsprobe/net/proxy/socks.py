"""SOCKS tunnels: version 4 with names (SOCKS 4A), and version 5 (RFC 1928, RFC 1929)."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from wsprobe.net.proxy.address import Proxy
from wsprobe.net.proxy.tunnel import Tunnel
from wsprobe.net.wire import End, Wire

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


async def connect(tunnel: Tunnel, proxy: Proxy, host: str, port: int) -> Wire | End:
    """Ask a SOCKS proxy for the way to *host* (a name where the proxy is to resolve it), *port*."""
    if proxy.kind.startswith("socks4"):
        return await _version_4(tunnel, proxy, host, port)
    return await _version_5(tunnel, proxy, host, port)


async def _version_4(tunnel: Tunnel, proxy: Proxy, host: str, port: int) -> Wire | End:
    address = _literal(host)
    if address is not None and address.version == 6:
        return tunnel.failed("SOCKS 4 has no IPv6 addresses")
    # SOCKS 4A: the impossible address 0.0.0.1 says that a name follows.
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


async def _version_5(tunnel: Tunnel, proxy: Proxy, host: str, port: int) -> Wire | End:
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
        wants = "a user name and password" if method[1] == 2 else "a way to authenticate that we do not have"
        return tunnel.failed(f"the SOCKS proxy wants {wants}")
    await tunnel.say(b"\x05\x01\x00" + _address(host) + port.to_bytes(2))
    answer = await tunnel.hear(_answer_size)
    if isinstance(answer, End):
        return tunnel.failed("no complete answer to the SOCKS 5 request", answer)
    if answer[1] != 0:
        return tunnel.failed(f"the SOCKS proxy answered {answer[1]}: {REPLIES_5.get(answer[1], 'unknown')}")
    return tunnel.through()


async def _authenticate(tunnel: Tunnel, user: bytes, password: bytes) -> End | None:
    """RFC 1929: user name and password, in the clear."""
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
    """RFC 1928 section 6: version, reply, reserved, address type, address, port. A refusal may stop early."""
    if len(data) >= 2 and (data[0] != 5 or data[1] != 0) and len(data) < 10:
        return len(data)
    if len(data) < 5:
        return None
    size = {1: 10, 4: 22, 3: 7 + data[4]}.get(data[3], 10)
    return size if len(data) >= size else None
