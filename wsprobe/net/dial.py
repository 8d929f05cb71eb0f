"""The way to the target: names to addresses, a connection, the proxy, TLS, each layer on top of the previous
one.

Several addresses are tried one after the other, overlapping; the first wins (RFC 8305 section 5).
"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
from contextlib import suppress
from functools import lru_cache
from itertools import chain, zip_longest
from typing import Any

import trio
import trio.socket as tsocket
from msgspec import Struct
from msgspec.structs import replace

from wsprobe.exchange import (
    Connected,
    ConnectFailed,
    Connecting,
    ProxyHeaderSent,
    Resolved,
    ResolveFailed,
    Route,
    TunnelFailed,
)
from wsprobe.net import proxy as http
from wsprobe.net.plan import Ready
from wsprobe.net.proxy import Tunnel, through_socks
from wsprobe.net.stream import End, SocketWire, Tape, Wire, said_of, shut
from wsprobe.net.tls import secure, secure_proxy
from wsprobe.request.target import authority, destination, named_addresses

_FAMILY = {0: tsocket.AF_UNSPEC, 4: tsocket.AF_INET, 6: tsocket.AF_INET6}


class Address(Struct, frozen=True):
    """One place to connect to."""

    family: int
    sockaddr: Any
    text: str
    """The address as people write it; a path for a Unix socket."""
    port: int = 0


async def resolve(host: str, port: int, route: Route, tape: Tape) -> tuple[Address, ...] | End:
    """Every address of *host*, ordered for connecting. Writes Resolved or ResolveFailed."""
    given = named_addresses(host, port, route)
    if not given and (host[-1:].isdigit() or ":" in host) and (addresses := _literal(host, port, route.family)):
        tape.add(Resolved(tape.now(), host, tuple(address.text for address in addresses)))
        return addresses
    found: list[Address] = []
    for name in given or (host,):
        flags = tsocket.AI_NUMERICHOST if given else 0
        try:
            rows = await tsocket.getaddrinfo(
                name, port, family=_FAMILY[route.family], type=tsocket.SOCK_STREAM, flags=flags
            )
        except (OSError, UnicodeError) as error:
            if given and route.family:
                continue
            return _failed(host, _said(error), tape)
        found += [_address(family, sockaddr) for family, _, _, _, sockaddr in rows]
    if not found:
        return _failed(host, f"the host has no IPv{route.family} address", tape)
    addresses = interleave(tuple(dict.fromkeys(found)))
    tape.add(Resolved(tape.now(), host, tuple(address.text for address in addresses)))
    return addresses


@lru_cache(maxsize=1024)
def _literal(host: str, port: int, family: int) -> tuple[Address, ...]:
    """The address that *host* is; () if it is a name, or of another *family*."""
    try:
        name = host.encode("ascii")  # else getaddrinfo loads its codec for international names
        rows = socket.getaddrinfo(name, port, _FAMILY[family], socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return ()
    return tuple(_address(family, sockaddr) for family, _, _, _, sockaddr in rows)


async def addresses_of(host: str, port: int, route: Route, seconds: float | None) -> tuple[str, ...]:
    """Every address of *host* as text; () if none is found within *seconds* (None: no limit)."""
    found: tuple[Address, ...] | End = ()
    with trio.move_on_after(float("inf") if seconds is None else seconds):
        found = await resolve(host, port, route, Tape())
    return () if isinstance(found, End) else tuple(address.text for address in found)


def interleave(addresses: tuple[Address, ...]) -> tuple[Address, ...]:
    """*addresses* with alternating families, beginning with that of the first one (RFC 8305 section 4)."""
    first = [a for a in addresses if a.family == addresses[0].family]
    other = [a for a in addresses if a.family != addresses[0].family]
    return tuple(a for a in chain.from_iterable(zip_longest(first, other)) if a is not None)


def _address(family: int, sockaddr: Any) -> Address:
    text = str(sockaddr[0])
    if len(sockaddr) == 4 and sockaddr[3] and "%" not in text:
        text = f"{text}%{sockaddr[3]}"
    return Address(family, sockaddr, text, sockaddr[1])


def _failed(host: str, error: str, tape: Tape) -> End:
    tape.add(ResolveFailed(tape.now(), host, error))
    return End("error", error)


def _said(error: OSError | UnicodeError) -> str:
    if isinstance(error, UnicodeError):
        return "not a valid DNS name: a label is empty or longer than 63 characters"
    return error.strerror or str(error)


STAGGER = 0.250
"""Seconds between two attempts, unless the earlier one fails first: the "Connection Attempt Delay" that
RFC 8305 section 8 recommends."""


async def connect(addresses: tuple[Address, ...], interface: str | None, tape: Tape) -> socket.socket | End:
    """Return the first connection that opens; the end if none does.

    Writes Connecting for every attempt, ConnectFailed for every failed attempt, Connected for the one in use.
    An attempt with neither was abandoned because another was faster, or time ran out.
    """
    if len(addresses) == 1:  # no race, so skip its cost
        only = await _attempt(addresses[0], interface, tape)
        return _lost() if only is None else _won(addresses[0], only, tape)
    won: list[tuple[Address, socket.socket]] = []
    try:
        async with trio.open_nursery() as nursery:

            async def run(address: Address, over: trio.Event) -> None:
                sock = await _attempt(address, interface, tape)
                if sock is not None and won:
                    shut(sock)
                elif sock is not None:
                    won.append((address, sock))
                    nursery.cancel_scope.cancel()
                over.set()

            for address in addresses:
                over = trio.Event()
                nursery.start_soon(run, address, over)
                with trio.move_on_after(STAGGER):
                    await over.wait()
                if won:
                    break
    except BaseException:
        for _, sock in won:  # it opened exactly when time ran out
            shut(sock)
        raise
    return _won(*won[0], tape) if won else _lost()


def _lost() -> End:
    return End("error", "could not connect to any address")


def _won(address: Address, sock: socket.socket, tape: Tape) -> socket.socket:
    tape.add(Connected(tape.now(), address.text, address.port, _local(sock)))
    return sock


def unix(path: str) -> tuple[Address, ...]:
    """The address of a Unix socket."""
    return (Address(tsocket.AF_UNIX, path, path),)


async def _attempt(address: Address, interface: str | None, tape: Tape) -> socket.socket | None:
    tape.add(Connecting(tape.now(), address.text, address.port))
    try:
        made = new_socket(address.family)
        try:
            if interface is not None:
                _bind(made, interface)
            await established(made, address.sockaddr)
        except BaseException:
            shut(made)
            raise
    except OSError as error:
        name, words = said_of(error)
        tape.add(ConnectFailed(tape.now(), address.text, address.port, name, words))
        return None
    return made


UNSENT = 16384
"""The most unsent bytes in the system's buffer, where it can be set: as in trio's own sockets, so that the next
message is not far behind the sent bytes."""


def new_socket(family: int) -> socket.socket:
    """A non-blocking socket with TCP_NODELAY. Raises OSError."""
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setblocking(False)
    if family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError):  # some systems lack these options, and work without them
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
            if hasattr(socket, "TCP_NOTSENT_LOWAT"):
                made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT)
    return made


async def established(made: socket.socket, sockaddr: Any) -> None:
    """Return once *made* is connected to *sockaddr*. Raises OSError."""
    number = made.connect_ex(sockaddr)
    if number in _UNDER_WAY:
        await trio.lowlevel.wait_writable(made)
        number = made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if number:
        raise OSError(number, os.strerror(number))


_UNDER_WAY = {errno.EINPROGRESS, errno.EWOULDBLOCK} - {errno.EAGAIN}
"""The results of starting to connect a non-blocking socket; on Windows EWOULDBLOCK. EAGAIN, elsewhere the same
number, is from a Unix socket: its queue is full, and connecting has not begun."""


def _bind(sock: socket.socket, interface: str) -> None:
    """Send from *interface*: a local address, or the name of a device if the system can bind to one."""
    try:
        ipaddress.ip_address(interface)
    except ValueError:
        option = getattr(socket, "SO_BINDTODEVICE", None)
        if option is None:
            raise OSError(errno.EOPNOTSUPP, "") from None
        sock.setsockopt(socket.SOL_SOCKET, option, os.fsencode(interface) + b"\0")
    else:
        sock.bind((interface, 0))


def _local(sock: socket.socket) -> str:
    """Our address, as ``address:port``; "" for a Unix socket."""
    name = sock.getsockname()
    if not isinstance(name, tuple):
        return ""
    return authority(name[0], name[1])


async def reach(ready: Ready, tape: Tape) -> Wire | End:
    """Return the wire for the opening handshake, or why there is none."""
    plan = ready.plan
    host, port = destination(plan.target, plan.route)
    first = (host, port) if ready.proxy is None else (ready.proxy.host, ready.proxy.port)
    sock = await _socket(*first, plan.route, tape)
    if isinstance(sock, End):
        return _no_proxy(sock, *first, tape) if ready.proxy is not None else sock
    bare = SocketWire(sock)
    wire: Wire | End = bare
    try:
        if ready.proxy is not None:
            wire = await _through(bare, ready, host, port, tape)
        if plan.route.proxy_header is not None and not isinstance(wire, End):
            await _introduce(sock, wire, plan.route.proxy_header, tape)
        if ready.context is not None and not isinstance(wire, End):
            wire = await secure(wire, ready.context, plan.tls, plan.target.host, tape)
    except BaseException:
        shut(sock)
        raise
    if isinstance(wire, End):
        shut(sock)
    return wire


async def _introduce(sock: socket.socket, wire: Wire, client: str, tape: Tape) -> None:
    """Send the header of the PROXY protocol on *wire*, which uses *sock*."""
    try:
        ends = sock.getsockname(), sock.getpeername()
    except OSError:  # it was reset; the next send or read reports how it ended
        return
    header = proxy_header(*ends, client=client)
    tape.add(ProxyHeaderSent(tape.now(), header))
    await wire.send(header)  # reading the answer reports a failure to send


def proxy_header(local: Any, remote: Any, client: str) -> bytes:
    """The header of the PROXY protocol, version 1 (haproxy/doc/proxy-protocol.txt, section 2.1).

    *local*, *remote*: the two ends of the TCP connection; through a proxy, those of the connection to the
    proxy. *client*: the address of the client to send; "" for our own. curl (lib/cf-haproxy.c) sends *client*
    for both ends, and 8.14 only for ours, even if the other has another family; wsprobe sends it for both
    if the families differ.
    """
    if not isinstance(local, tuple):
        return b"PROXY UNKNOWN\r\n"  # a Unix socket
    # A scope in an IPv6 address is local, and means nothing elsewhere.
    source, to = (end[0].partition("%")[0] for end in (local, remote))
    if client:
        source, to = client, to if (":" in to) == (":" in client) else client
    family = "TCP6" if ":" in source else "TCP4"
    return f"PROXY {family} {source} {to} {local[1]} {remote[1]}\r\n".encode("ascii")


async def _socket(host: str, port: int, route: Route, tape: Tape) -> socket.socket | End:
    if route.unix_socket is not None:
        return await connect(unix(route.unix_socket), None, tape)
    addresses = await resolve(host, port, route, tape)
    if isinstance(addresses, End):
        return addresses
    return await connect(addresses, route.interface, tape)


async def _through(wire: Wire, ready: Ready, host: str, port: int, tape: Tape) -> Wire | End:
    """Return the wire to *host*, *port* through the proxy at the end of *wire*."""
    assert ready.proxy is not None
    if ready.proxy_context is not None:
        inside = await secure_proxy(wire, ready.proxy_context, ready.proxy.host)
        if isinstance(inside, End):
            return Tunnel(wire, tape).failed("TLS with the proxy failed", inside)
        wire = inside
    tunnel = Tunnel(wire, tape)
    if ready.proxy.kind in ("http", "https"):
        return await http.through_http(tunnel, ready.proxy, host, port, ready.plan.route.proxy_authorization)
    if ready.proxy.kind in ("socks4", "socks5"):
        family = 4 if ready.proxy.kind == "socks4" else ready.plan.route.family
        addresses = await resolve(host, port, replace(ready.plan.route, family=family), tape)
        if isinstance(addresses, End):
            return addresses
        host = addresses[0].text
    return await through_socks(tunnel, ready.proxy, host, port)


def _no_proxy(end: End, host: str, port: int, tape: Tape) -> End:
    where = authority(host, port)
    tape.add(TunnelFailed(tape.now(), f"the proxy {where} could not be reached: {end.error}"))
    return end
