"""Rules of a trace: whether a request reaches the server, and whether it answers.

The name, the addresses, the port, TLS and HTTP/2; connections that close or stay silent without an answer.
"""

from __future__ import annotations

from collections.abc import Iterator

from wsprobe.diagnosis.cause import as_clause, as_sentence
from wsprobe.diagnosis.faults import NO_ANSWER
from wsprobe.diagnosis.proxies import LineValues, mending, path_for_lines
from wsprobe.judge.subject import stopped
from wsprobe.trace.answer import Answer, alike, same
from wsprobe.trace.claim import (
    as_base,
    every_handshake,
    every_request,
    no_handshake_opens,
    no_request_answered,
    proxy_to_blame,
    through,
)
from wsprobe.trace.conclusion import Conclusion, rule
from wsprobe.trace.direct import backend_of, beside, compared, past_the_proxy, sure
from wsprobe.trace.sentences import likeliest, quoted, shown_by, shows_proxy, usually, written_by
from wsprobe.trace.skip_reasons import NO_PROTOCOL
from wsprobe.trace.to_do import ask_past, first_do, proxy_lines, steps
from wsprobe.trace.trace import Trace


@rule()
def rate_limited(seen: Trace) -> Iterator[Conclusion]:
    base = seen.base
    if base.kind == "http" and (base.status == 429 or base.cause_id == "rate-limited"):
        limit = "a rate limit is already exhausted; the other answers prove nothing"
        if base.status != 429 and base.cause is not None and (words := base.cause.quote):
            reached = "a limit on requests or connections is reached; the other answers prove nothing"
            limit = f'the server says "{words}": {reached}'
        yield Conclusion(
            f"{base.status} from the first request on, {written_by(base)}: {limit}.{past_the_proxy(seen)}",
            0.93 if base.status == 429 else 0.8,
            beside(seen, "again-1"),
            claims=(no_handshake_opens,),
            fix=steps(
                "Wait for the time in Retry-After, or a minute, and trace again.",
                proxy_lines(seen, "limit", base.proxies),
            ),
        )
        return
    differing = _differing(seen)
    if not differing:
        return
    name, one = differing[0]
    if not _busy(seen, one) or not _steady(seen):
        return
    yield Conclusion(
        f"A rate limit counts the requests: the same handshake got {base.result()} first and "
        f"{one.status} later{_from(seen, one)}, {written_by(one)}. The answers "
        f"after that prove nothing.{past_the_proxy(seen)}",
        0.95 if one.status == 429 else 0.85,
        ("base", name),
        proxy_lines(seen, "limit", one.proxies),
    )
    if one.status == 503:
        yield from one_of_several(seen)


@rule(differing=True)
def one_of_several(seen: Trace) -> Iterator[Conclusion]:
    differing = _differing(seen)
    if not differing or _without_http(seen):
        return
    name, other = differing[0]
    yield Conclusion(
        f"The same handshake got {seen.base.result()} once and {other.result()} another time: "
        "one of several servers (or addresses) behind this name is wrong, a limit counts the "
        "requests, or the server failed in between. Until that is fixed, other differences between the answers "
        "mean nothing.",
        0.9 if not _steady(seen) else 0.15 if _busy(seen, other) else 0.7,
        ("base", name),
        "Test each server separately (--backend HOST:PORT, or --each-address), and compare.",
        open=True,
    )


def _busy(seen: Trace, answer: Answer) -> bool:
    """True if a limit may have led to *answer*: not to a 503 of a server that failed before in another way."""
    failed = seen.base.kind not in ("open", "http") or seen.base.status >= 500
    return answer.kind == "http" and (answer.status == 429 or (answer.status == 503 and not failed))


def _from(seen: Trace, busy: Answer) -> str:
    """From which request on all that went this way were *busy*, in brackets; "" if one of them was not."""
    rows = list(through(seen))
    first = next((at for at, (_, each) in enumerate(rows) if as_base(each, busy)), len(rows))
    every = all(as_base(each, busy) for _, each in rows[first:])
    return f" (from the request '{rows[first][0]}' on)" if first < len(rows) and every else ""


def _repeats(seen: Trace) -> list[tuple[str, Answer]]:
    again = [(name, seen[name]) for name in ("again-1", "again-2")]
    return [(name, each) for name, each in again if each is not None and each.kind != "interrupted"]


def _differing(seen: Trace) -> list[tuple[str, Answer]]:
    """The repeats with another answer than the handshake got at the start."""
    return [(name, each) for name, each in _repeats(seen) if not same(each, seen.base)]


def _steady(seen: Trace) -> bool:
    """True if all repeats got one and the same other answer."""
    differing = _differing(seen)
    return len(differing) == len(_repeats(seen)) and all(same(each, differing[0][1]) for _, each in differing)


@rule(differing=True)
def addresses_differ(seen: Trace) -> Iterator[Conclusion]:
    named = {name: each for name, each in seen.answers.items() if name.startswith("address ")}
    for name, each in named.items():
        if not alike(each, seen.base):
            yield Conclusion(
                f"The addresses of the host name give different answers: {_address(seen.base)} gets "
                f"{seen.base.result()}, {name.removeprefix('address ')} gets {each.result()}. A client "
                "may use either. Diagnose each address separately.",
                0.97,
                ("base", name),
                "Make the server listen on each address of the name (nginx: both listen 443 and listen "
                "[::]:443), or remove the address from DNS.",
            )
            return


def _address(answer: Answer) -> str:
    for event in answer.reading.exchange.events:
        address = getattr(event, "address", "")
        if address:
            return str(address)
    return "the first"


@rule()
def not_reached(seen: Trace) -> Iterator[Conclusion]:
    base = seen.base
    if base.kind != "not-reached":
        return
    why = next((f.text for f in base.report.verdict.findings if f.fatal), base.report.outcome)
    if compared(seen) == "opens":
        why += "; asked directly, the backend opens, so the application works"
    yield Conclusion(
        f"{'The request was not answered' if base.reading.sent else 'No request was sent'}: {why}.",
        0.97,
        ("base",),
        steps(
            *(as_sentence(as_clause(each.advice)) for each in base.report.verdict.findings if each.fatal),
            f"wsprobe explain {base.report.outcome}",
        ),
    )


@rule()
def tls_port(seen: Trace) -> Iterator[Conclusion]:
    base = seen.base
    if "plain-to-tls-port" in base.found:
        yield Conclusion(
            "This port uses TLS, but the request came without TLS: it sent a TLS record.",
            0.97,
            ("base",),
            "Open wss:// instead of ws://.",
        )
    elif base.cause_id == "tls-port":
        yield Conclusion(
            "This port uses TLS, or a proxy sends plain HTTP to one that does: "
            f"{quoted(base)} ({written_by(base)}).",
            0.92,
            ("base",),
            "Open wss:// instead of ws://. If a proxy is in between: let it use https:// for its upstream.",
        )


def _without_http(seen: Trace) -> str:
    """The first request whose answer is not HTTP, if no other request got HTTP; else ""."""
    answered = [(name, each) for name, each in through(seen) if each.kind != "cut"]
    if any(each.report.outcome != "not-http" for _, each in answered):
        return ""
    return answered[0][0] if answered else ""


_SPOKEN = frozenset({"not-http-ssh", "not-http-smtp", "not-http-ftp", "not-http-http2"})
"""Causes that name the protocol of an answer that is not HTTP."""


@rule()
def not_http(seen: Trace) -> Iterator[Conclusion]:
    name = _without_http(seen) or "base"
    answer = seen.answers[name]
    if answer.kind == "broken":
        causes = answer.report.author.causes
        stated = causes[0] if causes and causes[0].id.startswith(("backend-", "bad-gateway")) else None
        spoken = causes[0] if causes and causes[0].id in _SPOKEN else None
        mixed = _without_http(seen) and any(each.kind == "cut" for _, each in through(seen))
        what = "The answer is not HTTP, or incomplete: the port uses another protocol, or the connection broke."
        fix = "wsprobe connect -vv shows the bytes."
        if spoken is None:
            fix += " Check host and port."
        if stated is not None:
            what = f"The answer is text without HTTP: {stated.text}."
        elif answer.report.outcome == "limit":
            what = f"The answer is too long: {stopped(answer.reading)}."
            fix = "wsprobe connect -vv shows the bytes. Look for what makes the answer so long."
        elif spoken is not None:
            what = f"The answer is not HTTP: {spoken.text}."
        elif mixed:
            what = "Some requests got bytes that are not HTTP, and others none: the port uses another protocol."
        yield Conclusion(
            f"{what}{past_the_proxy(seen)}",
            0.9 if spoken is not None or mixed else 0.7,
            (name,),
            steps(as_sentence(spoken.fix_in_trace) if spoken is not None else "", fix),
            open=stated is None and spoken is None and not mixed,
            id=stated.id if stated is not None else "",
        )


@rule(claims=(every_request,))
def http2_only(seen: Trace) -> Iterator[Conclusion]:
    base, over = seen.base, seen["http2"]
    if over is None or over.reading.http2 is None:
        return
    if base.kind == "cut":
        how = "is dropped without a byte"
    elif NO_PROTOCOL in base.found:
        how = "is refused in the TLS handshake (no_application_protocol)"
    else:
        return
    yield Conclusion(
        f"Over HTTP/1.1 the connection {how}; over HTTP/2 the server answers "
        f"({_over_http2(over)}): the listener is for HTTP/2 only. Only browsers with WebSockets "
        "over HTTP/2 can connect, and only if the server accepts them.",
        0.97,
        ("base", "http2"),
        proxy_lines(seen, "http2-only"),
    )


def _over_http2(answer: Answer) -> str:
    """The result of the handshake over HTTP/2, in words."""
    if answer.opens:
        return "200: the handshake opens"
    if answer.kind == "not-taken":
        return "without WebSockets"
    return answer.result()


ENABLE_CONNECT_PROTOCOL = 8


@rule()
def http2_announced(seen: Trace) -> Iterator[Conclusion]:
    """The announcement is that of RFC 8441 section 3."""
    over = seen["http2"]
    if not seen.base.opens or over is None or over.opens or over.reading.http2 is None:
        return
    if over.reading.http2.setting(ENABLE_CONNECT_PROTOCOL) != 1 or over.kind in ("interrupted", "not-taken"):
        return
    yield Conclusion(
        "Opens over HTTP/1.1. Over HTTP/2 the server announces WebSockets (its SETTINGS have "
        f"ENABLE_CONNECT_PROTOCOL = 1), but the handshake gets {_over_http2(over)}, "
        f"{written_by(over)}. Firefox uses HTTP/2 if the server announces this, and never falls "
        "back to HTTP/1.1. Chromium uses an HTTP/2 connection that is already open, and falls "
        "back after only some errors. The server behind the listener does not support "
        "WebSockets over HTTP/2, or a rule refuses them.",
        0.95,
        ("base", "http2"),
        proxy_lines(seen, "http2-announced", over.proxies, proven=True),
    )


@rule(claims=(no_request_answered,))
def cut_at_once(seen: Trace) -> Iterator[Conclusion]:
    base, get = seen.base, seen["get"]
    if base.kind != "cut" or get is None or get.kind not in ("cut", "not-reached"):
        return
    secure = seen.start.plan.target.secure
    how = base.result()
    causes = ["a port that expects TLS"] if not secure else []
    if secure and "http2" not in seen.answers:
        causes = ["a listener for HTTP/2 alone (ALPN h2, not tested)"]
    drops = "a rule that drops the request (return 444 in nginx, reject in HAProxy)"
    wants = "a listener that expects a PROXY line first (accept-proxy in HAProxy)"
    down = "a server behind it that is down or expects another protocol (TLS, a PROXY line)"
    if shows_proxy(seen):
        causes = [wants, drops, down, *causes] if how == "reset" else [down, *causes, drops, wants]
    else:
        causes = [
            "a port of another protocol, or one that expects a PROXY line",
            *causes,
            drops,
            "a proxy that cannot reach its server",
            "a failure of the listener",
        ]
    who = "the first proxy, or the listener itself," if shows_proxy(seen) else "the listener"
    yield Conclusion(
        f"Every request, even a plain GET, is dropped without a byte ({how}): {who} closes the connection. "
        f"Cannot tell why.{usually(*causes)}{past_the_proxy(seen)}",
        sure(seen, 0.9),
        beside(seen, "get"),
        proxy_lines(seen, "cut"),
        open=True,
    )


_UNUSABLE = (
    "a server that is down",
    "a wrong address or port",
    "TLS or HTTP/2 on one side only, or a refused certificate",
    "a failed health check, or maintenance",
    "no server set for this host or path",
)
"""Why a proxy that is up cannot use the server behind it."""
_LATE = (
    "an application that hangs, is blocked or never answers a handshake",
    "a wrong address, or a firewall that drops packets",
    "a time limit that is too short",
)
"""Why a proxy gets no answer in time."""


@rule()
def backend_fails_too(seen: Trace) -> Iterator[Conclusion]:
    base, past, past_get = seen.base, seen.past, seen["backend-get"]
    only_get = _fails_for_get(seen)
    if past is None or base.stated == "backend-down" or not (only_get or _fails_as_proxy(seen)):
        return
    if compared(seen) == "opens":  # with the page's Origin
        return
    if past.kind == "silent":
        id, what = "backend-timeout", "a proxy got no answer from the application."
    elif past.kind == "cut":
        id, what = "backend-closed", "the application closed the connection without an answer."
    elif past.kind == "http" and 400 <= past.status < 500 and not only_get:
        id = "refused-by-app"
        what = "a proxy reports the application's refusal as an error, or cannot use the server behind it."
    else:
        return
    if only_get and past_get is not None and past_get.kind == "http":
        return
    yield Conclusion(
        f"{_failing(seen)}: {what}{_directly(seen, past)}",
        0.8,
        ("base", "backend-plain" if "backend-plain" in seen.answers else "backend"),
        "Look in the application's log.",
        open=id == "refused-by-app",
        id=id,
        claims=(every_handshake,) if only_get else (every_request,),
    )


def _directly(seen: Trace, past: Answer) -> str:
    """A sentence about the direct answer, which may look the same as what the proxy makes of it."""
    if compared(seen) != "same":
        return past_the_proxy(seen)
    return f" Asked directly, {backend_of(seen)} fails in the same way ({past.result()})."


def _fails_for_get(seen: Trace) -> bool:
    """True if a handshake gets no answer, and a plain GET an error of the server."""
    get = seen["get"]
    return seen.base.kind in ("cut", "silent") and get is not None and get.kind == "http" and get.status >= 500


def _failing(seen: Trace) -> str:
    """A clause: which requests fail, and how."""
    base, get = seen.base, seen["get"]
    if get is None or not _fails_for_get(seen):
        return f"{base.status} for every request, even a plain GET, {written_by(base)}"
    how = "dropped without an answer" if base.kind == "cut" else "never answered"
    return f"The handshake is {how}, a plain GET gets {get.status} ({written_by(get)})"


@rule()
def backend_down(seen: Trace) -> Iterator[Conclusion]:
    base, get, past_get = seen.base, seen["get"], seen["backend-get"]
    if get is None or get.kind != "http" or get.status < 500:
        return
    if _fails_for_get(seen):
        if past_get is not None and alike(past_get, get):
            return  # the error is the application's own, so the proxy reaches it
        yield Conclusion(
            f"{_failing(seen)}: the proxy is up but cannot reach the "
            f"application. After the tunnel starts, a proxy cannot report an error.{usually(*_UNUSABLE)}"
            f"{past_the_proxy(seen)}",
            sure(seen, 0.9),
            ("base", "get"),
            proxy_lines(seen, "upstream", get.proxies),
            claims=(every_handshake, proxy_to_blame),
        )
        return
    if not _fails_as_proxy(seen):
        return
    also = "" if base.cause_id in ("backend-down", "bad-gateway") else likeliest(seen)
    what = f"a proxy is up but cannot use the server behind it.{usually(*_UNUSABLE)}"
    late = base.status == 504 and base.cause_id in ("gateway-timeout", "backend-timeout")
    if late:
        what = f"a proxy got no answer in time from the server behind it.{usually(*_LATE)}"
    id = base.cause_id if base.cause_id in ("gateway-timeout", "backend-timeout", "backend-tls") else ""
    # nginx reports a failed upstream as 502 or 504; its own 503 is a limit, or a rule.
    limits = base.author.id == "nginx" or compared(seen) != "opens"
    if base.cause is not None and base.cause_id == "unavailable" and limits:
        id, what = "unavailable", f"{base.cause.statement}.{usually(*base.cause.usual)}"
    proxied = "" if base.by_proxy or id == "unavailable" else ", most likely a proxy"
    fix = proxy_lines(seen, "upstream", base.proxies)
    if id == "unavailable" or late:  # the page's own advice; nginx has no upstream at fault in its 503
        fix = first_do(base, "" if id == "unavailable" and base.author.id == "nginx" else fix)
    yield Conclusion(
        f"{_failing(seen)}{proxied}: {what}{_of_haproxy(base)}{also}{past_the_proxy(seen)}",
        sure(seen, 0.9 if base.by_proxy else 0.7),
        beside(seen, "get"),
        fix,
        id=id,
        open=id == "unavailable",
        claims=(every_request,),
    )


def _fails_as_proxy(seen: Trace) -> bool:
    """True if every request gets what a proxy answers that cannot use the server behind it."""
    base, get = seen.base, seen["get"]
    if base.kind != "http" or get is None or get.kind != "http" or get.status < 500:
        return False
    stated = base.stated in ("backend-down", "bad-gateway") and alike(base, get)
    shown = shown_by(base)
    if shown is not None and not shown.id.startswith("backend-"):
        return False
    return stated or base.status == get.status in (502, 503, 504)


def _of_haproxy(base: Answer) -> str:
    """What status and time tell of HAProxy alone."""
    if base.author.id != "haproxy":
        return ""
    if base.status == 503:
        slow = base.seconds is not None and base.seconds >= 0.8
        return (
            " The answer took about a second: connecting or TLS failed, and HAProxy tried again."
            if slow
            else " The answer came immediately: no server is up (a failed check, maintenance), or none is set."
        )
    if base.status == 502:
        return " HAProxy sends 502 if the server's answer is not HTTP (TLS, or another protocol)."
    return ""


@rule(claims=(every_request,))
def no_answer(seen: Trace) -> Iterator[Conclusion]:
    base, get = seen.base, seen["get"]
    if base.kind == "silent" and get is not None and get.kind == "silent":
        yield Conclusion(
            "The server accepts the connection but answers no request, not even a plain GET."
            f"{usually('a server that hangs', 'a port that expects another protocol', NO_ANSWER)}"
            f"{past_the_proxy(seen)}",
            0.8,
            beside(seen, "get"),
            steps("Wait longer (-m), check the port.", ask_past(seen)),
            open=True,
        )


_UNSEEN_101 = (
    "a proxy that forwards the request but does not handle upgrades (ws: true is missing)",
    "a proxy that waits for the end of a body",
)
"""Why a proxy keeps back the answer of a library that read the handshake."""


@rule()
def no_upgrade_listener(seen: Trace) -> Iterator[Conclusion]:
    plain = ((name, seen[name]) for name in ("no-upgrade", "get"))
    answered = [(name, each) for name, each in plain if each is not None and each.kind == "http"]
    if seen.base.kind != "silent" or not answered:
        return
    name, other = answered[0]
    reader = seen["no-version"] or seen["no-key"]
    read = reader is not None and reader.kind == "http" and not alike(reader, other)
    lines = mending("unhandled", seen.proxies, LineValues(path_for_lines(seen.start.plan.target.resource)))
    if reader is not None and read:
        causes: tuple[str, ...] = _UNSEEN_101
        log = ""
        if compared(seen) != "opens":
            blocked = "a handler that is blocked before it accepts"
            causes = (*_UNSEEN_101, blocked) if shows_proxy(seen) else (blocked, *_UNSEEN_101)
            log = "Look in the application's log: it may wait for something before it accepts."
        yield Conclusion(
            "The handshake gets no answer, and the connection stays open. A WebSocket library reads it "
            f"(without the version or the key: {reader.result()}), but its answer does not arrive."
            f"{usually(*causes)}{past_the_proxy(seen)}",
            sure(seen, 0.85),
            ("base", "no-version" if "no-version" in seen.answers else "no-key"),
            steps(log, lines),
            open=compared(seen) != "opens",
        )
        return
    yield Conclusion(
        "The handshake gets no answer, and the connection stays open; without Upgrade the "
        f"answer comes immediately ({other.result()}). No code handles WebSocket upgrades on "
        "this path, but the server accepts them (usually Node: a development server, "
        f"http-proxy-middleware, Vite).{past_the_proxy(seen)}",
        sure(seen, 0.92),
        ("base", name),
        lines,
    )
