"""Connections to several addresses: one after the other, overlapping; the first wins (RFC 8305 section 5)."""

from __future__ import annotations

import errno
import ipaddress

import trio
import trio.socket as tsocket

from wsprobe.exchange import Connected, ConnectFailed, Connecting
from wsprobe.net.dial.resolve import Address
from wsprobe.net.tape import Tape
from wsprobe.net.wire import End, said_of

STAGGER = 0.250
"""Seconds between two attempts, unless the earlier one fails first: the "Connection Attempt Delay" that
RFC 8305 section 8 recommends."""


async def connect(addresses: tuple[Address, ...], interface: str | None, tape: Tape) -> trio.SocketStream | End:
    """Return the first connection that stands; the end if none does.

    Writes Connecting for every attempt, ConnectFailed for every one that failed by itself, Connected for the
    one that is used. An attempt with neither was given up because another was faster, or time ran out.
    """
    won: list[tuple[Address, trio.SocketStream]] = []
    async with trio.open_nursery() as nursery:

        async def run(address: Address, over: trio.Event) -> None:
            stream = await _attempt(address, interface, tape)
            if stream is not None and won:
                stream.socket.close()
            elif stream is not None:
                won.append((address, stream))
                nursery.cancel_scope.cancel()
            over.set()

        for address in addresses:
            over = trio.Event()
            nursery.start_soon(run, address, over)
            with trio.move_on_after(STAGGER):
                await over.wait()
            if won:
                break
    if not won:
        return End("error", "no address could be connected to")
    address, stream = won[0]
    tape.add(Connected(tape.now(), address.text, address.port, _local(stream)))
    return stream


def unix(path: str) -> tuple[Address, ...]:
    """Return the address of a Unix socket."""
    return (Address(getattr(tsocket, "AF_UNIX", -1), path, path),)


async def _attempt(address: Address, interface: str | None, tape: Tape) -> trio.SocketStream | None:
    tape.add(Connecting(tape.now(), address.text, address.port))
    try:
        sock = tsocket.socket(address.family, tsocket.SOCK_STREAM)
        try:
            if interface is not None:
                await _bind(sock, interface)
            await sock.connect(address.sockaddr)
        except BaseException:
            sock.close()
            raise
    except OSError as error:
        name, words = said_of(error)
        tape.add(ConnectFailed(tape.now(), address.text, address.port, name, words))
        return None
    return trio.SocketStream(sock)


async def _bind(sock: tsocket.SocketType, interface: str) -> None:
    """Send from *interface*: a local address, or the name of a device where the system can bind to one."""
    try:
        ipaddress.ip_address(interface)
    except ValueError:
        option = getattr(tsocket, "SO_BINDTODEVICE", None)
        if option is None:
            raise OSError(errno.EOPNOTSUPP, "") from None
        sock.setsockopt(tsocket.SOL_SOCKET, option, interface.encode() + b"\0")
    else:
        await sock.bind((interface, 0))


def _local(stream: trio.SocketStream) -> str:
    """Return our own end, as ``address:port``; "" for a Unix socket."""
    name = stream.socket.getsockname()
    if not isinstance(name, tuple):
        return ""
    return f"[{name[0]}]:{name[1]}" if ":" in name[0] else f"{name[0]}:{name[1]}"
