"""What came in place of an answer: another protocol, a part of one, or nothing."""

from __future__ import annotations

from collections.abc import Iterator

from wsprobe.exchange import Connected, Sent, TlsDone, TlsFailed, TunnelFailed, TunnelReceived, TunnelSent
from wsprobe.judge.finding import Finding
from wsprobe.judge.findings import counted, found, shown
from wsprobe.judge.subject import PEER_ENDED, blank, how, status_span, stopped
from wsprobe.judge.transport.reach import has, unresolved
from wsprobe.read.reading import Reading

_ALERT = 0x15


def other_protocol(reading: Reading) -> Iterator[Finding]:
    """Bytes that are not HTTP, by what they look like."""
    kind = reading.looks_like
    if not kind:
        return
    data = reading.received
    begins = data.split(b"\n", 1)[0].rstrip(b"\r")[:80]
    span = (0, len(begins) or min(len(data), 16))
    if kind == "tls":
        what = "a TLS alert" if data[0] == _ALERT else "TLS"
        if reading.exchange.plan.target.secure:
            yield found("not-http-noise", f"{what} came back inside TLS", span, received=data[:16])
        else:
            yield found("plain-to-tls-port", f"{what} came back: this port wants TLS", span, received=data[:16])
    elif kind == "noise":
        yield found("not-http-noise", f"{len(data)} bytes that begin {data[:16].hex(' ')}", span)
    elif kind == "http2":
        yield found("not-http-http2", "HTTP/2 frames came back", (0, min(len(data), 9)))
    else:
        yield found(f"not-http-{kind}", f"it says: {shown(begins)}", span, received=begins)


def unfinished(reading: Reading) -> Iterator[Finding]:
    """Where the exchange broke off, if that was before the answer's head was complete."""
    final = reading.final
    if reading.looks_like or not has(reading, Connected) or has(reading, TunnelFailed) or unresolved(reading):
        return
    if final is not None and final.head.complete:
        return
    end = how(reading)
    if end == "interrupted":
        yield found("interrupted", "the probe was interrupted before there was an answer")
    elif end == "timeout":
        yield _late(reading)
    elif has(reading, TlsFailed):
        return
    elif end == "limit":
        yield found("limit-in-head", f"{stopped(reading)}; the server had not ended the head")
    else:
        yield _dropped(reading, PEER_ENDED.get(end, "the connection ended"))


def _late(reading: Reading) -> Finding:
    last = reading.responses[-1] if reading.responses else None
    if last is not None and not last.interim:
        lines = counted(len(last.head.lines), "line")
        return found("timeout-head", f"{lines} of the head came, and no empty line", status_span(last))
    if has(reading, Sent) or reading.received:
        what = "an answer" if last is None else "the final answer"
        return found("timeout-answer", f"the time limit ran out before {what} came")
    if has(reading, TlsDone) or not reading.exchange.plan.target.secure:
        id = "timeout-proxy" if has(reading, TunnelSent) else "timeout-answer"
    elif has(reading, TlsFailed) or not has(reading, TunnelSent):
        id = "timeout-tls"
    else:
        id = "timeout-proxy"
    if id == "timeout-proxy" and not has(reading, TunnelReceived):
        return found(
            id,
            f"{_LATE[id]}, and it has said nothing",
            usual="a port where no such proxy listens, or a proxy that waits for a server it cannot reach",
        )
    return found(id, _LATE[id])


_LATE = {
    "timeout-answer": "the time limit ran out before the request could be sent",
    "timeout-tls": "the time limit ran out before TLS was set up",
    "timeout-proxy": "the time limit ran out before the proxy opened the way",
}


def _dropped(reading: Reading, said: str) -> Finding:
    last = reading.responses[-1] if reading.responses else None
    first = last.head.first if last is not None else None
    if last is None or first is None or blank(last.head) or (last.interim and last.head.complete):
        when = "" if has(reading, Sent) else " before the request was sent"
        when = " after the interim answer" if last is not None and last.interim else when
        return found("dropped-before-answer", f"{said}{when}, and no answer came")
    if first.end:
        names = len(last.head.fields)
        return found(
            "dropped-in-head",
            f"{said} after the status line and {counted(names, 'header line')}, before the empty line",
            status_span(last),
        )
    return found("dropped-in-status-line", f"{said} inside the status line", status_span(last))
