"""What the answers of a trace mean together. Data: the rules are read in order; the first that fits decides.

The order and the likelihoods come from 191 measured chains of a proxy and an application with one fault each
(11 proxies, 8 chains of two). They are no error rate: other chains exist. What cannot be told apart from
outside is said as one conclusion that leaves it open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from wsprobe.diagnosis.proxies import mending
from wsprobe.trace.altered import accept, host, lost, origin, subprotocol
from wsprobe.trace.answer import ended_in_silence
from wsprobe.trace.changes import Trace
from wsprobe.trace.conclusion import ASK_PAST, Conclusion, hop, past_the_proxy, written_by
from wsprobe.trace.reached import (
    addresses,
    cut,
    http2_announced,
    http2_only,
    not_reached,
    unanswered,
    unreachable,
    unsteady,
)
from wsprobe.trace.refused import (
    browsers_headers,
    compared_whole,
    cookie_and_query,
    credentials,
    method,
    nobody_sees_it,
    redirected,
    refused_by_library,
    rule_against_upgrade,
    server_error,
    slash,
)


class Rule(msgspec.Struct, frozen=True):
    """One line of the table. *ids*: the conclusions it may come to."""

    ids: tuple[str, ...]
    pattern: str
    """What is seen."""
    means: str
    cannot: str
    """What it cannot know."""
    find: Callable[[Trace], Iterator[Conclusion]]


def ends(seen: Trace) -> Iterator[Conclusion]:
    """The handshake opens: what happens in silence, and at once."""
    base = seen.base
    if not base.opens:
        return
    held, past = seen["again-2"], seen["backend-held"]
    cut_after = None if held is None else ended_in_silence(held)
    if cut_after is not None and cut_after >= 0.5:
        who = (
            "some hop (or the application) ends idle connections; only a connection without the proxy shows "
            "which (--backend)"
        )
        likely, because = 0.93, ("base", "again-2")
        if past is not None and past.opens:
            because = ("again-2", "backend-held")
            own = ended_in_silence(past)
            who = (
                f"without the proxy it stays open as long, so the proxy ends idle connections: {hop(seen)}"
                if own is None
                else "without the proxy as well, so the application ends idle connections"
            )
        yield Conclusion(
            "idle-timeout",
            f"Opens, and is ended after {cut_after:.1f} s of silence without a Close frame: {who}.",
            likely,
            because,
            mending("idle", seen.hops) + "\nOr send a Ping, or a message, more often than that.",
        )
        return
    if base.report.outcome == "closed":
        yield Conclusion(
            "closed-by-app",
            "The handshake opens, and the server then closes the session with a Close frame: no hop "
            "blocks it; the application refuses after the handshake.",
            0.9,
            ("base", "get") if "get" in seen.answers else ("base",),
            "wsprobe connect shows the code and the reason.",
        )
    elif base.report.outcome == "aborted":
        yield Conclusion(
            "dropped-after-101",
            "The handshake opens, and the connection is dropped immediately without a Close frame: the "
            "application ended or raised after the handshake, or a hop did.",
            0.75,
            ("base", "again-1") if "again-1" in seen.answers else ("base",),
            "Look in the log of the application.",
            open=True,
        )


def nothing_is_broken(seen: Trace) -> Iterator[Conclusion]:
    base = seen.base
    if not base.opens:
        return
    ways = [
        name
        for name in ("origin", "no-origin", "chromium", "firefox", "keepalive-upgrade")
        if name in seen.answers
    ]
    held = seen["again-2"]
    seconds = seen.start.hold if held is not None and held.opens else 0.0
    watched = f" It stays open in silence for the {seconds:g} s that it was held." if seconds else ""
    over = seen["http2"]
    unasked = "HTTP/2, which was not tried; " if over is None and seen.start.plan.target.secure else ""
    if over is not None and over.reading.http2 is not None:
        if over.opens:
            watched += " It opens over HTTP/2 too."
        elif over.kind == "not-taken":
            watched += (
                " The server speaks HTTP/2 without WebSockets, so browsers use HTTP/1.1 for them: "
                "this does no harm."
            )
    yield Conclusion(
        "opens",
        f"Opens (101 with the right Sec-WebSocket-Accept){', in each way that was tried' if ways else ''}: no "
        f"hop blocks it.{watched} This does not show: {unasked}an idle time-out longer than that; a limit "
        "above the number of requests sent.",
        0.9,
        ("base", ways[-1]) if ways else ("base",),
    )


def unknown(seen: Trace) -> Iterator[Conclusion]:
    if seen.base.kind == "interrupted" or "get" not in seen.answers:
        return
    yield Conclusion(
        "unknown",
        f"The handshake gets {seen.base.said()} ({written_by(seen.base)}), and no change that was tried tells "
        f"why.{past_the_proxy(seen)}",
        0.3,
        ("base", "get"),
        ASK_PAST,
        open=True,
    )


RULES: tuple[Rule, ...] = (
    Rule(
        ("rate-limited", "one-of-several"),
        "the handshake repeated at the end gets another answer than at the start; or a 429",
        "a limit that counts requests (all later ones 429 or 503), or one of several servers is wrong",
        "a limit that is higher than the number of requests sent; two servers whose answers happen to "
        "alternate in the same way",
        unsteady,
    ),
    Rule(
        ("addresses-differ",),
        "the answers differ by address",
        "the addresses of the name give different answers",
        "why",
        addresses,
    ),
    Rule(
        ("not-reached", "tls-port", "not-http"),
        "no request was sent, or what came is not an HTTP answer",
        "name, address, port or TLS are wrong",
        "whether a server would have opened",
        not_reached,
    ),
    Rule(
        ("http2-only",),
        "cut, or refused in the TLS handshake, over HTTP/1.1; answered over HTTP/2",
        "a listener for HTTP/2 only",
        "",
        http2_only,
    ),
    Rule(
        ("cut-at-once",),
        "every request, a plain GET too, is cut without a byte",
        "the listener drops it, or what is behind the listener is down or speaks another protocol",
        "which of these; HTTP/2, a PROXY line or a look at the server would show it",
        cut,
    ),
    Rule(
        ("backend-down",),
        "a 502, 503 or 504 to every request; or a handshake that is cut where a plain GET gets a 5xx",
        "the proxy is up and cannot use what is behind it",
        "whether that is down, at another address, speaks TLS or HTTP/2, or failed a health check",
        unreachable,
    ),
    Rule(
        ("no-upgrade-listener", "no-answer"),
        "the handshake is never answered, but the same request without Upgrade is",
        "a Node server accepts the upgrade but has no handler for it: ws: true or a rule for the path is "
        "missing",
        "which of these",
        unanswered,
    ),
    Rule(
        ("unauthorized",),
        "401 with a challenge, to a plain GET too",
        "credentials are required before the application is reached",
        "whether the proxy or the application asks, if the answer does not show who wrote it",
        credentials,
    ),
    Rule(
        ("redirected",),
        "3xx",
        "to https, to the final slash, to a login page; browsers do not follow",
        "whether the URL that it leads to opens",
        redirected,
    ),
    Rule(
        ("http-1.0", "key-lost", "version-lost", "upgrade-lost"),
        "the answer says that something is missing or wrong, although it was sent correctly",
        "a hop before the program that wrote the answer removes or changes it",
        "which hop it is, if there are several",
        lost,
    ),
    Rule(
        ("key-changed", "accept-lost", "invalid-101"),
        "a 101 with a wrong Sec-WebSocket-Accept, or none",
        "a hop changes the key, or filters the answer's fields",
        "whether the application computes it wrongly",
        accept,
    ),
    Rule(
        ("header-too-large", "cookie-refused", "query-refused"),
        "without the cookie or the query the answer is different",
        "a header too large, or a rule on what is in it",
        "which part of it is refused",
        cookie_and_query,
    ),
    Rule(
        ("subprotocol-refused", "subprotocol-required", "subprotocol-lost"),
        "the answer is about the subprotocol",
        "none was offered, a hop drops it, or the application wants another",
        "whether the application knows the name that was offered",
        subprotocol,
    ),
    Rule(
        ("host-refused", "host-changed", "origin-refused", "host-changed-or-origin-list"),
        "opens without Origin and refuses the page's own; or the answer is about the Host",
        "a hop rewrites Host, or drops its port; or the application's list lacks the name",
        "which of these, unless the application is asked without the proxy",
        host,
    ),
    Rule(
        ("origin-rule", "origin-wanted", "origin-lost", "origin-changed", "origin-refused"),
        "the Origin makes the difference; or the answer is about another Origin than was sent",
        "a list of allowed Origins, a rule that requires the header, or a hop that drops or rewrites it",
        "the list",
        origin,
    ),
    Rule(
        ("browser-headers-wanted", "browser-refused"),
        "the request of Chromium gets another answer than the handshake with the Origin alone",
        "a rule about User-Agent or another header of browsers",
        "which header",
        browsers_headers,
    ),
    Rule(
        ("connection-compared",),
        "Connection: keep-alive, Upgrade is refused, Connection: Upgrade opens",
        "a hop compares the whole value (Apache: RewriteCond %{HTTP:Connection} =Upgrade)",
        "which hop",
        compared_whole,
    ),
    Rule(
        ("upgrade-refused", "handshake-not-understood", "handshake-dropped"),
        "refused or cut; without Upgrade there is another answer; without the version nothing changes",
        "a rule against Upgrade",
        "whose it is, if the answer does not show who wrote it",
        rule_against_upgrade,
    ),
    Rule(
        ("server-error", "handshake-fails"),
        "500 or another 5xx",
        "that server itself fails, or the handshake fails behind the proxy",
        "why; the log of that server says",
        server_error,
    ),
    Rule(
        ("method-refused",),
        "405 to every GET; or 403, and a POST passes",
        "a rule on the method",
        "whose it is, if the answer does not show who wrote it",
        method,
    ),
    Rule(
        ("slash",),
        "with the final slash (or without it) the path has another answer",
        "the route is for the other form of the path",
        "",
        slash,
    ),
    Rule(
        (
            *("upgrade-lost", "elsewhere", "blocked-by-rule", "refused-by-app", "refused-to-all", "no-route"),
            *("request-changed", "upgrade-lost-or-elsewhere"),
        ),
        "the same 404, 200, 403 or 400 to the handshake and to a plain GET",
        "Upgrade is lost on the way, the path leads to something else, or a rule refuses everything",
        "which of these, unless the application is asked without the proxy: there a plain GET with the "
        "same body shows that Upgrade is lost, any other body that the path leads elsewhere",
        nobody_sees_it,
    ),
    Rule(
        ("request-changed", "refused-by-app", "handshake-refused"),
        "the handshake is refused; a plain GET and a handshake without the version get other answers",
        "a WebSocket library reads the handshake and refuses the path, Origin, Host or subprotocol",
        "whether the URL is wrong or a hop rewrites it, unless the application is asked without the proxy",
        refused_by_library,
    ),
    Rule(
        ("http2-announced",),
        "opens over HTTP/1.1; over HTTP/2 the server announces WebSockets, but does not open them",
        "browsers that ask over HTTP/2 fail where others open",
        "which hop drops it",
        http2_announced,
    ),
    Rule(
        ("idle-timeout", "closed-by-app", "dropped-after-101"),
        "opens, and is then ended",
        "an idle time-out of a hop, or the application itself",
        "which hop, without holding a connection without the proxy",
        ends,
    ),
    Rule(
        ("opens",),
        "opens in each way that was tried",
        "no hop blocks it",
        "an idle time-out longer than the time it was held; HTTP/2",
        nothing_is_broken,
    ),
    Rule(
        ("unknown",),
        "anything else",
        "no change that was tried tells why",
        "",
        unknown,
    ),
)


def conclusions(seen: Trace) -> tuple[Conclusion, ...]:
    """What *seen* means, most likely first; empty if nothing was answered yet."""
    if "base" not in seen.answers:
        return ()
    for rule in RULES:
        found = tuple(rule.find(seen))
        if found:
            return tuple(sorted(found, key=lambda each: -each.likely))
    return ()
