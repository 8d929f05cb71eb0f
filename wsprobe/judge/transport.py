"""The way to the server, peers that speak another protocol, incomplete answers (RFC 6455, 4.1)."""

from __future__ import annotations

from collections.abc import Iterator

from wsprobe.exchange import (
    Connected,
    ConnectFailed,
    Connecting,
    Ended,
    Resolved,
    ResolveFailed,
    Sent,
    TlsDone,
    TlsFailed,
    TunnelFailed,
    TunnelReceived,
    TunnelSent,
)
from wsprobe.judge.finding import Entry, Finding, counted, shown, shown_words
from wsprobe.judge.subject import PEER_ENDED, blank, ended, happened, has, how, status_span, stopped
from wsprobe.judge.tls import TIMEOUT_TLS
from wsprobe.read.reading import Reading
from wsprobe.target import authority

_NOT_OPENED = "RFC 6455 section 4.1, first list, item 4"
_LOST = "RFC 6455 section 7.2.1"

UNRESOLVED = Entry(
    "unresolved",
    "fail",
    _NOT_OPENED,
    title="The host name did not resolve",
    meaning="The name has no known address, so nothing was sent.",
    usual="a misspelt name, a name known only inside a network or VPN, or no DNS at all",
    advice="Check the name with `getent hosts NAME`; `--resolve` gives an address by hand.",
)
CONNECT_REFUSED = Entry(
    "connect-refused",
    "fail",
    _NOT_OPENED,
    title="The connection was refused",
    meaning="Nothing listens on that port, or a firewall rejects the connection.",
    usual="the server is not running, listens on another port, or only on another address",
    advice="Check that the server runs, that it listens on this address and port, and that no firewall rejects "
    "the connection.",
)
CONNECT_NO_ROUTE = Entry(
    "connect-no-route",
    "fail",
    _NOT_OPENED,
    title="There is no route to the host",
    meaning="A network on the way, or this machine's network, cannot reach that address or refuses to.",
    usual="a VPN that is down, a firewall, or an IPv6 address on a machine without IPv6",
    advice="Try `-4` or `-6`, and another network.",
)
CONNECT_TIMEOUT = Entry(
    "connect-timeout",
    "fail",
    _NOT_OPENED,
    title="No answer to the connection attempt",
    meaning="The time limit ran out before TCP was connected: packets are dropped, not refused.",
    usual="a firewall, a wrong address, or a host that is down",
    advice="Check the firewalls and cloud security groups for that port.",
)
CONNECT_FAILED = Entry(
    "connect-failed",
    "fail",
    _NOT_OPENED,
    title="The connection could not be opened",
    meaning="The operating system reports the reason.",
    usual="a wrong path or missing permissions for a Unix socket, a program behind it that accepts no more "
    "connections (EAGAIN), or an address that cannot be used",
    advice="Read the system's message, and check address, port and permissions.",
)
CONNECT_FALLBACK = Entry(
    "connect-fallback",
    "note",
    "RFC 8305 section 5",
    title="An address failed before another one worked",
    meaning="The name has several addresses and not all of them answer. Clients that try only the first fail.",
    usual="a server that listens on IPv4 only, while the name has an IPv6 address too",
    advice="Have the server listen on every address of its name, or remove the address.",
)
PROXY_FAILED = Entry(
    "proxy-failed",
    "fail",
    _NOT_OPENED,
    title="The proxy did not open a tunnel",
    meaning="The proxy was reached, but it did not connect to the server behind it.",
    usual="the proxy requires credentials, does not allow the host, the port or CONNECT, or cannot reach the "
    "server",
    advice="Read the proxy's answer; check its rules for CONNECT to that port.",
)
PLAIN_TO_TLS_PORT = Entry(
    "plain-to-tls-port",
    "fail",
    "RFC 6455 section 3; RFC 8446 section 6",
    title="No TLS on a TLS port",
    meaning="The URL says `ws:`, but the port expects TLS.",
    usual="`ws://` used where `wss://` is meant",
    advice="Use `wss://` for that port.",
)
NOT_HTTP_SSH = Entry(
    "not-http-ssh",
    "fail",
    "RFC 6455 section 4.1; RFC 4253 section 4.2",
    title="An SSH server answered",
    meaning="The port speaks SSH, not HTTP.",
    usual="a wrong port number or a wrong port forwarding",
    advice="Check the port.",
)
NOT_HTTP_SMTP = Entry(
    "not-http-smtp",
    "fail",
    "RFC 6455 section 4.1; RFC 5321 section 4.2",
    title="A mail server answered",
    meaning="The port speaks SMTP, not HTTP.",
    usual="a wrong port number",
    advice="Check the port.",
)
NOT_HTTP_FTP = Entry(
    "not-http-ftp",
    "fail",
    "RFC 6455 section 4.1; RFC 959 section 4.2",
    title="An FTP server answered",
    meaning="The port speaks FTP, not HTTP.",
    usual="a wrong port number",
    advice="Check the port.",
)
NOT_HTTP_HTTP2 = Entry(
    "not-http-http2",
    "fail",
    "RFC 6455 section 4.1; RFC 9113 section 3.4",
    title="An HTTP/2 server answered",
    meaning="The server sent HTTP/2 frames in answer to an HTTP/1.1 request: the port does not accept "
    "HTTP/1.1.",
    usual="a gRPC or h2c-only port",
    advice="Use a port that speaks HTTP/1.1; `--http2` requests a WebSocket over HTTP/2 (RFC 8441).",
)
NOT_HTTP_TEXT = Entry(
    "not-http-text",
    "fail",
    "RFC 6455 section 4.1",
    title="The server sent text that is not HTTP",
    meaning="The server speaks another text protocol, or sent a body without a head.",
    usual="a wrong port number, a program that writes to the raw socket, or a development proxy whose "
    "backend failed",
    advice="Read the text; it often names the program.",
)
NOT_HTTP_NOISE = Entry(
    "not-http-noise",
    "fail",
    "RFC 6455 section 4.1",
    title="The server sent bytes that are not HTTP",
    meaning="No protocol known to wsprobe begins like this.",
    usual="a wrong port number, or an encrypted protocol",
    advice="Check the port; the dump shows the bytes.",
)
TIMEOUT_RESOLVE = Entry(
    "timeout-resolve",
    "fail",
    _NOT_OPENED,
    title="The time limit ran out while resolving the name",
    meaning="DNS did not answer in time.",
    usual="a DNS server that cannot be reached, or a VPN that is down",
    advice="Try `--resolve` with an address.",
)
TIMEOUT_PROXY = Entry(
    "timeout-proxy",
    "fail",
    _NOT_OPENED,
    title="The time limit ran out at the proxy",
    meaning="The proxy was reached and did not answer in time.",
    usual="a proxy that waits for a server it cannot reach",
    advice="Check the proxy's log.",
)
TIMEOUT_ANSWER = Entry(
    "timeout-answer",
    "fail",
    "RFC 6455 section 4.1",
    title="No answer came in time",
    meaning="The request was sent, but the server sent nothing. RFC 6455 has no time limit; this one is "
    "wsprobe's.",
    usual="a server where no code handles WebSocket upgrades on this path (in Vite, webpack or http-proxy "
    "ws: true "
    "is missing), a proxy that passes the request on but not the 101, or a blocked worker process",
    advice="Check whether the request reached the application, and request it from the application without "
    "the proxy; "
    "`-m` raises the limit.",
)
TIMEOUT_HEAD = Entry(
    "timeout-head",
    "fail",
    "RFC 6455 section 4.1",
    title="The time limit ran out inside the head",
    meaning="The answer began, but the end of its headers did not come.",
    usual="the blank line after the headers is missing, or lines end with CR alone",
    advice="End the headers with an empty line (CR LF CR LF).",
)
DROPPED_BEFORE_ANSWER = Entry(
    "dropped-before-answer",
    "fail",
    _LOST,
    title="Dropped before any answer",
    meaning="The connection closed after the request, before the server sent anything.",
    usual="an application that crashed or refuses by closing, a rule that closes without an answer (nginx "
    "return 444, HAProxy reject), a proxy whose application is down, a subprotocol that was not offered (an "
    "MQTT broker requires mqtt), a port of another protocol (MQTT, HTTP behind the PROXY protocol), or with "
    "ws: a "
    "port that expects TLS",
    advice="Look in the logs of the server and of every proxy for this request; with `ws://` try "
    "`wss://`, and `--haproxy-protocol` for a server that expects the PROXY header of a load balancer.",
)
DROPPED_IN_STATUS_LINE = Entry(
    "dropped-in-status-line",
    "fail",
    _LOST,
    title="Dropped inside the status line",
    meaning="The answer began, and ended in the middle of its first line.",
    usual="a server that crashed while answering",
    advice="Look in the server's log for this request.",
)
DROPPED_IN_HEAD = Entry(
    "dropped-in-head",
    "fail",
    _LOST,
    title="Dropped inside the headers",
    meaning="The status line came, but not the empty line that ends the headers.",
    usual="a hand-written answer without its last empty line, or a crash while answering",
    advice="End the headers with an empty line (CR LF CR LF).",
)
LIMIT_IN_HEAD = Entry(
    "limit-in-head",
    "fail",
    "RFC 9110 section 5.4",
    title="The head is larger than wsprobe reads",
    meaning="wsprobe stopped reading at its own limit (2 MiB of heads, 5,000 lines of all heads, 1000 "
    "interim answers, 10,000 HTTP/2 frames without any of the answer), far more than other clients accept. The "
    "server was still sending.",
    usual="an answer that does not end",
    advice="Look at what the server writes into its headers.",
)
INTERRUPTED = Entry(
    "interrupted",
    "note",
    "RFC 6455 section 4.1",
    title="The probe was interrupted",
    meaning="The probe was stopped before it had a result.",
    usual="",
    advice="Run it again.",
)


_BY_ERRNO = {
    "ECONNREFUSED": CONNECT_REFUSED,
    "ENETUNREACH": CONNECT_NO_ROUTE,
    "EHOSTUNREACH": CONNECT_NO_ROUTE,
    "ENETDOWN": CONNECT_NO_ROUTE,
    "EHOSTDOWN": CONNECT_NO_ROUTE,
    "ENONET": CONNECT_NO_ROUTE,
    "ETIMEDOUT": CONNECT_TIMEOUT,
}


def unresolved(reading: Reading) -> bool:
    """True if a name did not resolve, including the target's name at a SOCKS proxy that was reached."""
    for event in reversed(reading.exchange.events):
        if not isinstance(event, Ended):
            return isinstance(event, ResolveFailed)
    return False


def reach(reading: Reading) -> Iterator[Finding]:
    """Report every address that failed, and why none was reached."""
    kinds = happened(reading)
    if TunnelFailed in kinds:
        yield from _proxy(reading)
        return
    failed: list[ConnectFailed] = []
    if ConnectFailed in kinds:
        failed = [event for event in reading.exchange.events if isinstance(event, ConnectFailed)]
    if Connected in kinds and not unresolved(reading):
        if failed:
            yield CONNECT_FALLBACK.found(f"{_listed(failed)}, before another address worked")
        return
    unknown = [event for event in reading.exchange.events if isinstance(event, ResolveFailed)]
    for event in unknown:
        yield UNRESOLVED.found(
            f"{shown_words(event.host)} did not resolve: {shown_words(event.error)}",
            usual=_why_unresolved(reading),
        )
    if how(reading) == "interrupted" or unknown:
        return
    groups: dict[Entry, list[ConnectFailed]] = {}
    for attempt in failed:
        groups.setdefault(_BY_ERRNO.get(attempt.errno, CONNECT_FAILED), []).append(attempt)
    for entry, attempts in groups.items():
        yield entry.found(_listed(attempts))
    if how(reading) == "timeout":
        yield from _late_connection(reading, failed)
    elif not failed:
        last = ended(reading)
        said = last.error if last is not None else ""
        yield CONNECT_FAILED.found(shown_words(said) if said else "the recording has no connection")


def _why_unresolved(reading: Reading) -> str | None:
    """Return the usual cause if the options suggest one."""
    if has(reading, Connected):
        return "a name known only to the proxy; with socks5h:// or socks4a:// the proxy resolves names"
    family = reading.exchange.plan.route.family
    return f"a name or address without IPv{family}, while -{family} allows nothing else" if family else None


def _late_connection(reading: Reading, failed: list[ConnectFailed]) -> Iterator[Finding]:
    """Report what was still pending when the time limit ran out."""
    tried = [event for event in reading.exchange.events if isinstance(event, Connecting)]
    over = {(event.address, event.port) for event in failed}
    waiting = [event for event in tried if (event.address, event.port) not in over]
    if reading.exchange.hops and len(reading.exchange.events) == 1:
        yield CONNECT_TIMEOUT.found(
            "it was not requested: the redirects before it used up the time",
            usual="redirects that are slow, or lead in a circle",
        )
    elif waiting:
        listed = ", ".join(_address(event.address, event.port) for event in waiting)
        yield CONNECT_TIMEOUT.found(f"{listed} did not answer before the time limit")
    elif not has(reading, Resolved):
        host = reading.exchange.plan.target.host
        yield TIMEOUT_RESOLVE.found(f"{shown_words(host)} was not resolved before the time limit")
    elif not failed:
        yield CONNECT_TIMEOUT.found("there was no connection yet when the time limit ran out")


def _proxy(reading: Reading) -> Iterator[Finding]:
    said = proxy_answer(reading)
    line = said.split(b"\r\n", 1)[0] if said.startswith(b"HTTP/") else b""
    for event in reading.exchange.events:
        if isinstance(event, TunnelFailed):
            tried = [e for e in reading.exchange.events if isinstance(e, ConnectFailed)]
            more = f" ({_listed(tried)})" if tried and not has(reading, Connected) else ""
            usual = None if has(reading, Connected) else "a proxy that is not running, or listens elsewhere"
            yield PROXY_FAILED.found(f"{shown_words(event.error)}{more}", received=line or None, usual=usual)


def proxy_answer(reading: Reading) -> bytes:
    """Return everything a proxy sent before the tunnel was open."""
    return b"".join(event.data for event in reading.exchange.events if isinstance(event, TunnelReceived))


def _listed(attempts: list[ConnectFailed]) -> str:
    return "; ".join(
        f"{_address(each.address, each.port)}: {shown_words(each.error or each.errno or 'failed')}"
        for each in attempts
    )


def _address(address: str, port: int) -> str:
    return authority(shown_words(address), port)


_ALERT = 0x15


def other_protocol(reading: Reading) -> Iterator[Finding]:
    """Report bytes that are not HTTP, by the protocol they resemble."""
    kind = reading.looks_like
    if not kind:
        return
    data = reading.received
    begins = data.split(b"\n", 1)[0].rstrip(b"\r")[:80]
    span = (0, len(begins) or min(len(data), 16))
    if kind == "tls":
        what = "a TLS alert" if data[0] == _ALERT else "TLS"
        if reading.exchange.plan.target.secure:
            yield NOT_HTTP_NOISE.found(f"{what} came back inside TLS", span, received=data[:16])
        else:
            yield PLAIN_TO_TLS_PORT.found(f"{what} came back: this port expects TLS", span, received=data[:16])
    elif kind == "noise":
        yield NOT_HTTP_NOISE.found(f"{counted(len(data), 'byte')} that begin {data[:16].hex(' ')}", span)
    elif kind == "http2":
        yield NOT_HTTP_HTTP2.found("HTTP/2 frames came back", (0, min(len(data), 9)))
    elif data.startswith(reading.sent.partition(b"\r\n")[0] + b"\r\n"):
        text = "the server sent wsprobe's own request back: an echo service, not a WebSocket server"
        yield NOT_HTTP_TEXT.found(text, span, received=begins)
    else:
        yield _SPOKEN[kind].found(f"the server sent: {shown(begins)}", span, received=begins)


_SPOKEN = {
    "ssh": NOT_HTTP_SSH,
    "smtp": NOT_HTTP_SMTP,
    "ftp": NOT_HTTP_FTP,
    "text": NOT_HTTP_TEXT,
}
"""``Reading.looks_like`` -> the finding, where the first line shows the protocol."""


def unfinished(reading: Reading) -> Iterator[Finding]:
    """Report where the exchange stopped, if the answer's head was not complete."""
    final = reading.final
    if final is not None and final.head.complete:
        return
    if reading.looks_like or not has(reading, Connected) or has(reading, TunnelFailed) or unresolved(reading):
        return
    end = how(reading)
    if end == "interrupted":
        yield INTERRUPTED.found("the probe was interrupted before there was an answer")
    elif end == "timeout":
        yield _late_answer(reading)
    elif has(reading, TlsFailed):
        return
    elif end == "limit":
        yield LIMIT_IN_HEAD.found(f"{stopped(reading)}; the head was not complete")
    else:
        yield _dropped(reading, PEER_ENDED.get(end, "the connection ended"))


def _late_answer(reading: Reading) -> Finding:
    last = reading.responses[-1] if reading.responses else None
    if last is not None and not last.interim:
        lines = counted(len(last.head.lines), "line")
        return TIMEOUT_HEAD.found(
            f"{lines} of the head came, but not the empty line that ends it", status_span(last)
        )
    if has(reading, Sent) or reading.received:
        what = "the server sent nothing" if last is None else "no final answer followed the interim one"
        return TIMEOUT_ANSWER.found(f"{what} in the time that wsprobe waits", usual="")
    if has(reading, TlsDone) or not reading.exchange.plan.target.secure:
        entry = TIMEOUT_PROXY if has(reading, TunnelSent) else TIMEOUT_ANSWER
    elif has(reading, TlsFailed) or not has(reading, TunnelSent):
        entry = TIMEOUT_TLS
    else:
        entry = TIMEOUT_PROXY
    if entry == TIMEOUT_PROXY and not has(reading, TunnelReceived):
        return entry.found(
            f"{_LATE[entry]}; the proxy sent nothing",
            usual="a port where no such proxy listens, or a proxy that waits for a server it cannot reach",
        )
    return entry.found(_LATE[entry])


_LATE = {
    TIMEOUT_ANSWER: "the time limit ran out before the request could be sent",
    TIMEOUT_TLS: "the time limit ran out before TLS was set up",
    TIMEOUT_PROXY: "the time limit ran out before the proxy opened a tunnel",
}


def _dropped(reading: Reading, said: str) -> Finding:
    last = reading.responses[-1] if reading.responses else None
    first = last.head.first if last is not None else None
    if last is None or first is None or blank(last.head) or (last.interim and last.head.complete):
        when = "" if has(reading, Sent) else " before the request was sent"
        when = " after the interim answer" if last is not None and last.interim else when
        return DROPPED_BEFORE_ANSWER.found(f"{said}{when}, and no answer came", usual="")
    if first.end:
        names = len(last.head.fields)
        return DROPPED_IN_HEAD.found(
            f"{said} after the status line and {counted(names, 'header line')}, before the empty line",
            status_span(last),
        )
    return DROPPED_IN_STATUS_LINE.found(f"{said} inside the status line", status_span(last))
