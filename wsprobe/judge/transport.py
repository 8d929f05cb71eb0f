"""The way to the server, peers that speak another protocol, incomplete answers (RFC 6455, 4.1)."""

from __future__ import annotations

import re
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
from wsprobe.judge.catalogue import F
from wsprobe.judge.finding import Entry, Finding, shown, shown_words
from wsprobe.judge.subject import PEER_ENDED, blank, ended, happened, has, how, status_span, stopped
from wsprobe.read.reading import Reading
from wsprobe.read.stated import not_http
from wsprobe.request.target import authority
from wsprobe.text import counted

_BY_ERRNO = {
    "ECONNREFUSED": F.CONNECT_REFUSED,
    "ENETUNREACH": F.CONNECT_NO_ROUTE,
    "EHOSTUNREACH": F.CONNECT_NO_ROUTE,
    "ENETDOWN": F.CONNECT_NO_ROUTE,
    "EHOSTDOWN": F.CONNECT_NO_ROUTE,
    "ENONET": F.CONNECT_NO_ROUTE,
    "ETIMEDOUT": F.CONNECT_TIMEOUT,
}


def unresolved(reading: Reading) -> bool:
    """True if a name did not resolve, including the target's name at a SOCKS proxy that was reached."""
    for event in reversed(reading.exchange.events):
        if not isinstance(event, Ended):
            return isinstance(event, ResolveFailed)
    return False


NOT_SENT = (
    "ERR_(UNSAFE_PORT|BLOCKED_BY_|INSUFFICIENT_RESOURCES|DISALLOWED_URL_SCHEME|UNKNOWN_URL_SCHEME|ABORTED$)"
)
"""Chromium's errors of a socket for which it opens no connection (net/base/net_error_list.h)."""


def kept_off(reading: Reading) -> str:
    """Why the browser of a page sent nothing, in its own words; "" if it tried, or if no browser did."""
    logged = reading.exchange.logged
    tried = {Connecting, ConnectFailed, ResolveFailed, TunnelFailed}
    if not logged or reading.sent or happened(reading) & tried:
        return ""
    if (logged.source == "devtools" and how(reading) != "interrupted") or re.match(NOT_SENT, logged.error):
        script = logged.script
        console = script.console if script is not None else ()
        error = script.exception if script is not None else None
        thrown = "" if error is None else f"{error.name}: {error.message}"
        return next(iter(console), "") or thrown or logged.message or logged.error or "the page went away"
    return ""


WHY_NOT_SENT = {
    "Content Security Policy": (
        "the page's policy does not have the server in connect-src (or in default-src)",
        "Add the server to connect-src in the page's Content-Security-Policy (header or <meta>).",
    ),
    "insecure WebSocket": (
        "a page with https: may open only wss: URLs",
        "Open wss:// in the page; a server without TLS needs a certificate, or a proxy with one before it.",
    ),
    "Insufficient resources": (
        "more than 255 open sockets, or handshakes under way, in this browser",
        "Let the page close the sockets that it no longer needs.",
    ),
    "closed before the connection": (
        "the page's own script called close(), or the page was left",
        "Find the close() that runs before the socket is open, such as that of a component mounted twice.",
    ),
    "ERR_UNSAFE_PORT": (
        "browsers block this port",
        "Serve on a port that browsers allow, such as 443, 8080 or 8443.",
    ),
}
"""Part of the browser's words -> what that means, and what to do."""


def reach(reading: Reading) -> Iterator[Finding]:
    """Report every address that failed, and why none was reached."""
    if why := kept_off(reading):
        usual, advice = next((known for part, known in WHY_NOT_SENT.items() if part in why), (None, None))
        yield F.NOT_SENT.found(shown_words(why), usual=usual, advice=advice)
        return
    kinds = happened(reading)
    if TunnelFailed in kinds:
        yield from _proxy(reading)
        return
    failed: list[ConnectFailed] = []
    if ConnectFailed in kinds:
        failed = [event for event in reading.exchange.events if isinstance(event, ConnectFailed)]
    if Connected in kinds and not unresolved(reading):
        if failed:
            yield F.CONNECT_FALLBACK.found(f"{_listed(failed)}, before another address worked")
        return
    unknown = [event for event in reading.exchange.events if isinstance(event, ResolveFailed)]
    if unknown and not reading.exchange.plan.target.host:  # a URL that only a page takes, if anybody does
        why = f"no request to {shown_words(unknown[0].host)}: {shown_words(unknown[0].error)}"
        yield F.UNRESOLVED.found(why, usual="", advice="Correct the URL.")
        return
    for event in unknown:
        yield F.UNRESOLVED.found(
            f"{shown_words(event.host)} did not resolve: {shown_words(event.error)}",
            usual=_why_unresolved(reading),
        )
    if how(reading) == "interrupted" or unknown:
        return
    groups: dict[Entry, list[ConnectFailed]] = {}
    for attempt in failed:
        groups.setdefault(_BY_ERRNO.get(attempt.errno, F.CONNECT_FAILED), []).append(attempt)
    for entry, attempts in groups.items():
        yield entry.found(_listed(attempts))
    if how(reading) == "timeout":
        yield from _late_connection(reading, failed)
    elif not failed:
        last = ended(reading)
        said = last.error if last is not None else ""
        yield F.CONNECT_FAILED.found(shown_words(said) if said else "the recording has no connection")


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
        yield F.CONNECT_TIMEOUT.found(
            "it was not requested: the redirects before it used up the time",
            usual="redirects that are slow, or lead in a circle",
        )
    elif waiting:
        listed = ", ".join(_address(event.address, event.port) for event in waiting)
        yield F.CONNECT_TIMEOUT.found(f"{listed} did not answer before the time limit")
    elif not has(reading, Resolved):
        host = reading.exchange.plan.target.host
        yield F.TIMEOUT_RESOLVE.found(f"{shown_words(host)} was not resolved before the time limit")
    elif not failed:
        yield F.CONNECT_TIMEOUT.found("there was no connection yet when the time limit ran out")


def _proxy(reading: Reading) -> Iterator[Finding]:
    said = proxy_answer(reading)
    line = said.split(b"\r\n", 1)[0] if said.startswith(b"HTTP/") else b""
    for event in reading.exchange.events:
        if isinstance(event, TunnelFailed):
            tried = [e for e in reading.exchange.events if isinstance(e, ConnectFailed)]
            more = f" ({_listed(tried)})" if tried and not has(reading, Connected) else ""
            usual, advice = None, None
            if not has(reading, Connected):
                usual = "a proxy that is not running, or listens elsewhere"
                advice = "Check the proxy's host and port (-x, or http_proxy and such), and that it runs."
            elif _by_proxy(reading, "https") and not has(reading, TunnelSent):
                usual = "a proxy that speaks no TLS on this port, or a certificate that is not trusted"
                advice = "Use http:// in -x for a proxy without TLS; trust its certificate with --cacert."
            elif no_proxy(reading):
                usual = "a web server, which is not a proxy for CONNECT; or a proxy that does not allow CONNECT"
                advice = (
                    "Check the proxy's host and port (-x, or http_proxy and such); --noproxy '*' uses none."
                )
            yield F.PROXY_FAILED.found(
                f"{shown_words(event.error)}{more}", received=line or None, usual=usual, advice=advice
            )


REFUSED_BY_PROXY = rb"HTTP/1\.[01] (?:40[37]|429|5(?!01)\d\d|401 Unauthorized\r\nServer: tinyproxy)\b"
"""How a proxy refuses a CONNECT that it understands: 501 and the rest of 4xx are those of web servers, but
tinyproxy refuses wrong credentials with a 401."""


def no_proxy(reading: Reading) -> bool:
    """True if what received a CONNECT seems to be no HTTP proxy."""
    return has(reading, TunnelSent) and not (
        _by_proxy(reading, "socks") or re.match(REFUSED_BY_PROXY, proxy_answer(reading))
    )


def _by_proxy(reading: Reading, scheme: str) -> bool:
    """True if the URL of the proxy begins with *scheme*."""
    return (reading.exchange.plan.route.proxy or "").lower().startswith(scheme)


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
            yield F.NOT_HTTP_NOISE.found(f"{what} came back inside TLS", span, received=data[:16])
        else:
            yield F.PLAIN_TO_TLS_PORT.found(
                f"{what} came back: this port expects TLS", span, received=data[:16]
            )
    elif kind == "noise":
        yield F.NOT_HTTP_NOISE.found(f"{counted(len(data), 'byte')} that begin {data[:16].hex(' ')}", span)
    elif kind == "http2":
        yield F.NOT_HTTP_HTTP2.found("HTTP/2 frames came back", (0, min(len(data), 9)))
    elif data.startswith(reading.sent.partition(b"\r\n")[0] + b"\r\n"):
        text = "the server sent wsprobe's own request back: an echo service, not a WebSocket server"
        yield F.NOT_HTTP_TEXT.found(text, span, received=begins)
    else:
        yield _SPOKEN[kind].found(f"the server sent: {shown(begins)}", span, received=begins)


_SPOKEN = {
    "ssh": F.NOT_HTTP_SSH,
    "smtp": F.NOT_HTTP_SMTP,
    "ftp": F.NOT_HTTP_FTP,
    "text": F.NOT_HTTP_TEXT,
}
"""``Reading.looks_like`` -> the finding, where the first line shows the protocol."""


def unfinished(reading: Reading) -> Iterator[Finding]:
    """Report where the exchange stopped, if the answer's head was not complete."""
    final = reading.final
    if final is not None and final.head.complete:
        return
    if reading.looks_like or not_http(reading.exchange):
        return
    if not has(reading, Connected) or has(reading, TunnelFailed) or unresolved(reading):
        return
    end = how(reading)
    if end == "interrupted":
        yield F.INTERRUPTED.found("the probe was interrupted before there was an answer")
    elif end == "timeout":
        yield _late_answer(reading)
    elif has(reading, TlsFailed):
        return
    elif end == "limit":
        yield F.LIMIT_IN_HEAD.found(f"{stopped(reading)}; the head was not complete")
    else:
        yield _dropped(reading, PEER_ENDED.get(end, "the connection ended"))


def _late_answer(reading: Reading) -> Finding:
    last = reading.responses[-1] if reading.responses else None
    if last is not None and not last.interim:
        lines = counted(len(last.head.lines), "line")
        return F.TIMEOUT_HEAD.found(
            f"{lines} of the head came, but not the empty line that ends it", status_span(last)
        )
    if has(reading, Sent) or reading.received:
        what = "the server sent nothing" if last is None else "no final answer followed the interim one"
        return F.TIMEOUT_ANSWER.found(f"{what} in the time that wsprobe waits", usual="")
    if has(reading, TlsDone) or not reading.exchange.plan.target.secure:
        entry = F.TIMEOUT_PROXY if has(reading, TunnelSent) else F.TIMEOUT_ANSWER
    elif has(reading, TlsFailed) or not has(reading, TunnelSent):
        entry = F.TIMEOUT_TLS
    else:
        entry = F.TIMEOUT_PROXY
    if entry == F.TIMEOUT_PROXY and not has(reading, TunnelReceived):
        return entry.found(
            f"{_LATE[entry]}; the proxy sent nothing",
            usual="a port where no such proxy listens, or a proxy that waits for a server it cannot reach",
        )
    return entry.found(_LATE[entry])


_LATE = {
    F.TIMEOUT_ANSWER: "the time limit ran out before the request could be sent",
    F.TIMEOUT_TLS: "the time limit ran out before TLS was set up",
    F.TIMEOUT_PROXY: "the time limit ran out before the proxy opened a tunnel",
}


def _dropped(reading: Reading, said: str) -> Finding:
    last = reading.responses[-1] if reading.responses else None
    first = last.head.first if last is not None else None
    if last is None or first is None or blank(last.head) or (last.interim and last.head.complete):
        when = "" if has(reading, Sent) else " before the request was sent"
        when = " after the interim answer" if last is not None and last.interim else when
        return F.DROPPED_BEFORE_ANSWER.found(f"{said}{when}, and no answer came", usual="")
    if first.end:
        names = len(last.head.fields)
        return F.DROPPED_IN_HEAD.found(
            f"{said} after the status line and {counted(names, 'header line')}, before the empty line",
            status_span(last),
        )
    return F.DROPPED_IN_STATUS_LINE.found(f"{said} inside the status line", status_span(last))
