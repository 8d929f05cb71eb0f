"""Rules of a trace: whether the server is reached, and answers at all.

The name, the addresses, the port, TLS and HTTP/2; what is cut without an answer, or answered by nobody.
"""

from __future__ import annotations

from collections.abc import Iterator

from wsprobe.diagnosis.proxies import mending
from wsprobe.trace.answer import Answer, alike, same
from wsprobe.trace.changes import NO_PROTOCOL, Trace
from wsprobe.trace.conclusion import (
    ASK_PAST,
    Conclusion,
    beside,
    compared,
    past_the_proxy,
    quoted,
    sure,
    written_by,
)


def unsteady(seen: Trace) -> Iterator[Conclusion]:
    if seen.base.kind == "http" and (seen.base.status == 429 or seen.base.causes[:1] == ("rate-limited",)):
        yield Conclusion(
            "rate-limited",
            f"{seen.base.status} from the first request on, {written_by(seen.base)}: a limit counts the "
            f"requests, and is used up already. Ignore what the other requests got.{past_the_proxy(seen)}",
            0.93 if seen.base.status == 429 else 0.8,
            beside(seen, "again-1"),
            "Wait as long as Retry-After says, or a minute, and trace again.\n"
            + mending("limit", seen.base.hops or seen.hops),
        )
        return
    again = [(name, seen[name]) for name in ("again-1", "again-2")]
    repeats = [(name, each) for name, each in again if each is not None and each.kind != "interrupted"]
    differ = [(name, each) for name, each in repeats if not same(each, seen.base)]
    if not differ:
        return
    name, one = differ[0]
    steady = len(differ) == len(repeats) and all(same(each, one) for _, each in differ)
    if steady and one.kind == "http" and one.status in (429, 503):
        first = next((n for n, a in seen.answers.items() if a.kind == "http" and a.status == one.status), name)
        yield Conclusion(
            "rate-limited",
            f"A limit counts the requests: the same handshake got {seen.base.said()} first and {one.status} "
            f"later (from the request '{first}' on), {written_by(one)}. Ignore what the other requests "
            f"got after that.{past_the_proxy(seen)}",
            0.95 if one.status == 429 else 0.85,
            ("base", name),
            mending("limit", one.hops or seen.hops),
        )
        if one.status == 429:
            return
        yield _one_of_several(seen, name, 0.15)
        return
    yield _one_of_several(seen, name, 0.9 if not steady else 0.7)


def _one_of_several(seen: Trace, name: str, likely: float) -> Conclusion:
    other = seen[name]
    assert other is not None
    return Conclusion(
        "one-of-several",
        f"The same handshake got {seen.base.said()} once and {other.said()} another time: one of several "
        "servers (or addresses) behind this name is wrong, or something counts the requests. Until that "
        "is fixed, other differences between the requests mean nothing.",
        likely,
        ("base", name),
        "Ask each server separately (--backend HOST:PORT, or --each-address), and compare.",
        open=True,
    )


def addresses(seen: Trace) -> Iterator[Conclusion]:
    named = {name: each for name, each in seen.answers.items() if name.startswith("address ")}
    for name, each in named.items():
        if not alike(each, seen.base):
            yield Conclusion(
                "addresses-differ",
                f"The addresses of the name give different answers: {_address(seen.base)} gets "
                f"{seen.base.said()}, {name.removeprefix('address ')} gets {each.said()}. A client may "
                "use either. Diagnose each address separately.",
                0.97,
                ("base", name),
                "Make the server listen at each address that the name has (nginx: listen [::]:443 beside "
                "listen 443), or remove the address from DNS.",
            )
            return


def _address(answer: Answer) -> str:
    for event in answer.reading.exchange.events:
        address = getattr(event, "address", "")
        if address:
            return str(address)
    return "the first"


def not_reached(seen: Trace) -> Iterator[Conclusion]:
    base = seen.base
    if base.kind == "interrupted":
        return
    if base.kind == "not-reached":
        why = next((f.text for f in base.report.verdict.findings if f.level == "fail"), base.report.outcome)
        if compared(seen) == "opens":
            why += "; without the proxy the same bytes open, so the application works"
        yield Conclusion(
            "not-reached",
            f"No request was sent: {why}.",
            0.97,
            ("base",),
            f"wsprobe explain {base.report.outcome}",
        )
    elif "plain-to-tls-port" in base.found or "tls-port" in base.causes[:1]:
        yield Conclusion(
            "tls-port",
            f"This port speaks TLS, but was asked without TLS: {quoted(base)}.",
            0.97,
            ("base",),
            "Open wss:// in place of ws://.",
        )
    elif base.kind == "broken":
        yield Conclusion(
            "not-http",
            "What came is not a whole HTTP answer: another protocol is spoken at this port, or the connection "
            "broke.",
            0.7,
            ("base",),
            "wsprobe connect -vv shows the bytes; check host and port.",
            open=True,
        )


def http2_only(seen: Trace) -> Iterator[Conclusion]:
    base, over = seen.base, seen["http2"]
    if over is None or over.reading.http2 is None:
        return
    if base.kind == "cut":
        how = "is cut without a byte"
    elif NO_PROTOCOL in base.found:
        how = "is refused in the TLS handshake (no_application_protocol)"
    else:
        return
    yield Conclusion(
        "http2-only",
        f"Over HTTP/1.1 every request {how}; over HTTP/2 the server speaks ({_over_http2(over)}): the listener "
        "is for HTTP/2 only. Of the browsers only those that ask over HTTP/2 reach it, and only where it takes "
        "WebSockets there.",
        0.97,
        ("base", "http2"),
        mending("http2-only", seen.hops),
    )


def _over_http2(answer: Answer) -> str:
    """What came of the handshake over HTTP/2, in words."""
    if answer.opens:
        return "200: it opens"
    if answer.kind == "not-taken":
        return "and takes no WebSockets over it"
    return answer.said()


ENABLE_CONNECT_PROTOCOL = 8


def http2_announced(seen: Trace) -> Iterator[Conclusion]:
    """Opens over HTTP/1.1, and not over HTTP/2, which the server says that it takes (RFC 8441 section 3)."""
    over = seen["http2"]
    if not seen.base.opens or over is None or over.opens or over.reading.http2 is None:
        return
    if over.reading.http2.setting(ENABLE_CONNECT_PROTOCOL) != 1 or over.kind in ("interrupted", "not-taken"):
        return
    yield Conclusion(
        "http2-announced",
        "Opens over HTTP/1.1. Over HTTP/2 the server announces that it takes WebSockets (its SETTINGS "
        f"have ENABLE_CONNECT_PROTOCOL = 1), and the handshake gets {_over_http2(over)}, {written_by(over)}. "
        "Firefox asks over HTTP/2 wherever that is announced, and never again over HTTP/1.1; Chromium asks so "
        "where it has such a connection already, and again after a few errors only. What is behind the "
        "listener does not carry it, or a rule refuses it.",
        0.95,
        ("base", "http2"),
        mending("http2-announced", over.hops or seen.hops),
    )


def cut(seen: Trace) -> Iterator[Conclusion]:
    base, get = seen.base, seen["get"]
    if base.kind != "cut" or get is None or get.kind not in ("cut", "not-reached"):
        return
    secure = seen.start.plan.target.secure
    how = base.said()
    causes = ["what is behind it is down or speaks another protocol (TLS inside, a PROXY line missing there)"]
    if secure and "http2" not in seen.answers:
        causes.append("it speaks HTTP/2 only (ALPN h2), which was not tried")
    elif not secure:
        causes.append("it speaks TLS only")
    drops = "a rule drops the request (nginx: return 444; HAProxy: reject)"
    wants = "it expects a PROXY line first (HAProxy: accept-proxy)"
    causes = [wants, drops, *causes] if how == "reset" else [*causes, drops, wants]
    yield Conclusion(
        "cut-at-once",
        f"Every request, a plain GET too, is cut without a byte ({how}): the first hop, the listener itself, "
        f"ends it. Either {'; or '.join(causes)}. Which of these it is, the answers do not "
        f"show.{past_the_proxy(seen)}",
        sure(seen, 0.9),
        beside(seen, "get"),
        mending("cut", seen.hops),
        open=True,
    )


def unreachable(seen: Trace) -> Iterator[Conclusion]:
    """Cut or silent where a GET gets a 5xx; or the same 5xx for both."""
    base, get = seen.base, seen["get"]
    if get is None or get.kind != "http" or (get.status or 0) < 500:
        return
    if base.kind in ("cut", "silent"):
        yield Conclusion(
            "backend-down",
            f"The handshake is {'cut without an answer' if base.kind == 'cut' else 'never answered'}, a plain "
            f"GET gets {get.status} ({written_by(get)}): the proxy is up and does not reach the application "
            "(down, wrong port, or TLS where there is none). Once it has begun to tunnel, it cannot "
            f"report an error.{past_the_proxy(seen)}",
            sure(seen, 0.9),
            ("base", "get"),
            mending("upstream", get.hops or seen.hops),
        )
        return
    if base.kind != "http" or not alike(base, get) or base.status not in (502, 503, 504):
        return
    hint = ""
    if base.author.id == "haproxy" and base.status == 503:
        slow = base.seconds is not None and base.seconds >= 0.8
        hint = (
            " It took about a second: connecting or TLS failed, and was tried again."
            if slow
            else " It came immediately: no server is up (a health check failed), or none is configured."
        )
    elif base.author.id == "haproxy" and base.status == 502:
        hint = " HAProxy says so where the server did answer, but not with HTTP (TLS, or another protocol)."
    whose = written_by(base) if base.by_proxy else f"{written_by(base)}, most likely a proxy"
    yield Conclusion(
        "backend-down",
        f"{base.status} for every request, a plain GET too, {whose}: a proxy is up and cannot use what is "
        "behind it (down, wrong port, TLS or HTTP/2 where the other side speaks plain HTTP/1.1, or marked "
        f"down). Which of these it is, the answers do not show.{hint}{past_the_proxy(seen)}",
        sure(seen, 0.9 if base.by_proxy else 0.7),
        beside(seen, "get"),
        mending("upstream", base.hops or seen.hops),
    )


def unanswered(seen: Trace) -> Iterator[Conclusion]:
    base, get, no_upgrade = seen.base, seen["get"], seen["no-upgrade"]
    if base.kind != "silent" or get is None:
        return
    if get.kind == "silent":
        yield Conclusion(
            "no-answer",
            "The connection is accepted and no request is answered, not even a plain GET: the server hangs, "
            f"waits for another protocol's first bytes, or waits for what is behind it.{past_the_proxy(seen)}",
            0.8,
            beside(seen, "get"),
            f"wait longer (-m), check the port. {ASK_PAST}",
            open=True,
        )
        return
    other = "no-upgrade" if no_upgrade is not None and no_upgrade.kind == "http" else "get"
    yield Conclusion(
        "no-upgrade-listener",
        "The handshake is never answered, while the connection stays open; the same without Upgrade is "
        f"answered immediately ({get.said()}): the hop that holds the socket (usually a Node server: a "
        "development server, http-proxy-middleware, Vite) takes upgrades and has no handler for this "
        f"path.{past_the_proxy(seen)}",
        sure(seen, 0.92),
        ("base", other),
        mending("unhandled", seen.hops),
    )
