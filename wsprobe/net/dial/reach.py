"""The way to the target: address, connection, proxy, TLS, each layer on the one before."""

from __future__ import annotations

from dataclasses import replace

import trio

from wsprobe.exchange import Plan, Route, TunnelFailed
from wsprobe.net.dial.connect import connect, unix
from wsprobe.net.dial.resolve import resolve
from wsprobe.net.plan import Ready
from wsprobe.net.tape import Tape
from wsprobe.net.wire import End, StreamWire, Wire


async def reach(ready: Ready, tape: Tape) -> Wire | End:
    """Return the wire that the opening handshake is to be sent on, or why there is none."""
    plan = ready.plan
    host, port = target(plan)
    first = (host, port) if ready.proxy is None else (ready.proxy.host, ready.proxy.port)
    stream = await _stream(*first, plan.route, tape)
    if isinstance(stream, End):
        return _no_proxy(stream, tape) if ready.proxy is not None else stream
    wire: Wire | End = StreamWire(stream)
    try:
        if ready.proxy is not None:
            wire = await _through(StreamWire(stream), ready, host, port, tape)
        if ready.context is not None and not isinstance(wire, End):
            from wsprobe.net.tls.handshake import secure

            wire = await secure(wire, ready.context, plan.tls, plan.target.host, tape)
    except BaseException:
        await trio.aclose_forcefully(stream)
        raise
    if isinstance(wire, End):
        await trio.aclose_forcefully(stream)
    return wire


def target(plan: Plan) -> tuple[str, int]:
    """Return host and port to connect to: the target's own, or what ``Route.connect_to`` puts there."""
    host, port = plan.target.host, plan.target.port
    for from_host, from_port, to_host, to_port in plan.route.connect_to:
        if from_host.lower() in ("", host.lower()) and from_port in (0, port):
            return to_host or host, to_port or port
    return host, port


async def _stream(host: str, port: int, route: Route, tape: Tape) -> trio.SocketStream | End:
    if route.unix_socket is not None:
        return await connect(unix(route.unix_socket), None, tape)
    addresses = await resolve(host, port, route, tape)
    if isinstance(addresses, End):
        return addresses
    return await connect(addresses, route.interface, tape)


async def _through(wire: Wire, ready: Ready, host: str, port: int, tape: Tape) -> Wire | End:
    """Return the wire to *host*, *port* behind the proxy at the end of *wire*."""
    from wsprobe.net.proxy import connect as http
    from wsprobe.net.proxy import socks
    from wsprobe.net.proxy.tunnel import Tunnel

    assert ready.proxy is not None
    if ready.proxy_context is not None:
        from wsprobe.net.tls.handshake import secure_proxy

        inside = await secure_proxy(wire, ready.proxy_context, ready.proxy.host)
        if isinstance(inside, End):
            return Tunnel(wire, tape).failed("TLS with the proxy failed", inside)
        wire = inside
    tunnel = Tunnel(wire, tape)
    if ready.proxy.kind in ("http", "https"):
        return await http.connect(tunnel, ready.proxy, host, port)
    if ready.proxy.kind in ("socks4", "socks5"):
        family = 4 if ready.proxy.kind == "socks4" else ready.plan.route.family
        addresses = await resolve(host, port, replace(ready.plan.route, family=family), tape)
        if isinstance(addresses, End):
            return addresses
        host = addresses[0].text
    return await socks.connect(tunnel, ready.proxy, host, port)


def _no_proxy(end: End, tape: Tape) -> End:
    tape.add(TunnelFailed(tape.now(), f"the proxy could not be reached: {end.error}"))
    return end
