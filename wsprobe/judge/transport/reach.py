"""Names, addresses and proxies: RFC 6455 section 4.1 has the client fail if the connection cannot be opened."""

from __future__ import annotations

from collections.abc import Iterator

from wsprobe.exchange import (
    Connected,
    ConnectFailed,
    Connecting,
    Ended,
    Event,
    Resolved,
    ResolveFailed,
    TunnelFailed,
    TunnelReceived,
)
from wsprobe.judge.finding import Finding
from wsprobe.judge.findings import found, shown
from wsprobe.judge.subject import ended, how
from wsprobe.read.reading import Reading

_BY_ERRNO = {
    "ECONNREFUSED": "connect-refused",
    "ENETUNREACH": "connect-no-route",
    "EHOSTUNREACH": "connect-no-route",
    "ENETDOWN": "connect-no-route",
    "EHOSTDOWN": "connect-no-route",
    "ENONET": "connect-no-route",
    "ETIMEDOUT": "connect-timeout",
}


def has(reading: Reading, *kinds: type[Event]) -> bool:
    """True if an event of one of *kinds* was recorded."""
    return any(isinstance(event, kinds) for event in reading.exchange.events)


def unresolved(reading: Reading) -> bool:
    """True if it ended with a name that did not resolve: also the target's, behind a SOCKS proxy that stood."""
    events = [event for event in reading.exchange.events if not isinstance(event, Ended)]
    return bool(events) and isinstance(events[-1], ResolveFailed)


def reach(reading: Reading) -> Iterator[Finding]:
    """Every address that failed, and why none was reached."""
    if has(reading, TunnelFailed):
        yield from _proxy(reading)
        return
    failed = [event for event in reading.exchange.events if isinstance(event, ConnectFailed)]
    if has(reading, Connected) and not unresolved(reading):
        if failed:
            yield found("connect-fallback", f"{_listed(failed)}, before another address worked")
        return
    unknown = [event for event in reading.exchange.events if isinstance(event, ResolveFailed)]
    for event in unknown:
        yield found(
            "unresolved",
            f"{_text(event.host)} did not resolve: {_text(event.error)}",
            usual=_why_unresolved(reading),
        )
    if how(reading) == "interrupted" or unknown:
        return
    groups: dict[str, list[ConnectFailed]] = {}
    for attempt in failed:
        groups.setdefault(_BY_ERRNO.get(attempt.errno, "connect-failed"), []).append(attempt)
    for id, attempts in groups.items():
        yield found(id, _listed(attempts))
    if how(reading) == "timeout":
        yield from _late(reading, failed)
    elif not failed:
        last = ended(reading)
        said = last.error if last is not None else ""
        yield found("connect-failed", _text(said) if said else "the recording has no connection")


def _why_unresolved(reading: Reading) -> str | None:
    """The usual cause where the options of the call suggest one."""
    if has(reading, Connected):
        return "a name known only to the proxy; it resolves names itself with socks5h:// or socks4a://"
    family = reading.exchange.plan.route.family
    return f"a name or address without IPv{family}, and -{family} asks for no other" if family else None


def _late(reading: Reading, failed: list[ConnectFailed]) -> Iterator[Finding]:
    """What was still under way when time ran out."""
    tried = [event for event in reading.exchange.events if isinstance(event, Connecting)]
    over = {(event.address, event.port) for event in failed}
    waiting = [event for event in tried if (event.address, event.port) not in over]
    if waiting:
        listed = ", ".join(_address(event.address, event.port) for event in waiting)
        yield found("connect-timeout", f"{listed} did not answer before the time limit")
    elif not has(reading, Resolved):
        host = reading.exchange.plan.target.host
        yield found("timeout-resolve", f"{_text(host)} was not resolved before the time limit")
    elif not failed:
        yield found("connect-timeout", "no connection stood when the time limit ran out")


def _proxy(reading: Reading) -> Iterator[Finding]:
    said = proxy_answer(reading)
    line = said.split(b"\r\n", 1)[0] if said.startswith(b"HTTP/") else b""
    for event in reading.exchange.events:
        if isinstance(event, TunnelFailed):
            tried = [e for e in reading.exchange.events if isinstance(e, ConnectFailed)]
            more = f" ({_listed(tried)})" if tried and not has(reading, Connected) else ""
            usual = None if has(reading, Connected) else "a proxy that is not running, or listens elsewhere"
            yield found("proxy-failed", f"{_text(event.error)}{more}", received=line or None, usual=usual)


def proxy_answer(reading: Reading) -> bytes:
    """All that a proxy said before the tunnel stood."""
    return b"".join(event.data for event in reading.exchange.events if isinstance(event, TunnelReceived))


def _listed(attempts: list[ConnectFailed]) -> str:
    return "; ".join(
        f"{_address(each.address, each.port)}: {_text(each.error or each.errno or 'failed')}"
        for each in attempts
    )


def _address(address: str, port: int) -> str:
    host = _text(address)
    if not port:
        return host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _text(words: str) -> str:
    return shown(words.encode("utf-8", "surrogatepass"))
