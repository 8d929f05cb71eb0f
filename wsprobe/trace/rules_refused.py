"""Rules of a trace: a proxy or the application refuses the handshake, or does not treat it as one.

Credentials, redirects, rules on headers, methods and paths, errors of the server, a library that refuses; and
the same answer to a handshake and to a plain GET.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wsprobe.diagnosis.evidence import to_another_host
from wsprobe.diagnosis.faults import NO_ANSWER, NO_ENDPOINT
from wsprobe.trace.answer import Answer, alike, same_words
from wsprobe.trace.changes import Trace, resource_of, to_slash, values
from wsprobe.trace.conclusion import Conclusion, rule
from wsprobe.trace.direct import (
    backend_of,
    beside,
    compared,
    may_strip_prefix,
    opens_directly,
    past_the_proxy,
    same_directly,
    sure,
)
from wsprobe.trace.sentences import (
    a_proxy,
    likeliest,
    proxy_of,
    quoted,
    shown_by,
    shows_proxy,
    usually,
    varnish,
    written_by,
)
from wsprobe.trace.to_do import (
    ANY_PROXY,
    FIND_OUT,
    ask_own_path,
    ask_past,
    first_do,
    other_path,
    proxy_lines,
    steps,
    with_code,
)

TOO_LARGE = frozenset({413, 414, 431, 494})
NOT_IF_SIGNED = "who wrote the answer, if its marks do not show it"


@rule(
    "401 with a challenge, for a plain GET too",
    "the request requires credentials before it reaches the application",
    "whether the proxy or the application requires credentials, if the answer does not show its author",
)
def unauthorized(seen: Trace) -> Iterator[Conclusion]:
    base = seen.base
    if base.kind != "http" or base.status not in (401, 407):
        return
    challenge = base.field(b"www-authenticate") or base.field(b"proxy-authenticate")
    if challenge is None or not seen.like_get:
        return
    given = bool(values(seen.start.plan.request, b"authorization"))
    yield Conclusion(
        f"{base.status} with a challenge ({challenge}), for a plain GET too, {written_by(base)}: "
        "the request requires credentials before anything "
        f"else{', and the credentials sent were refused' if given else ''}.{past_the_proxy(seen)}",
        sure(seen, 0.95),
        beside(seen, "get"),
        steps(
            "Send credentials (-u USER:PASSWORD, or -H 'Authorization: ...'). A page cannot set "
            "this header: use a cookie, or exempt the WebSocket path from the protection.",
            _if_seen(seen, "credentials"),
        ),
    )


@rule(
    "3xx",
    "a redirect to https, to the final slash or to a login page; browsers do not follow",
    "whether the target URL opens",
)
def redirected(seen: Trace) -> Iterator[Conclusion]:
    base = seen.base
    if base.kind != "http" or not 300 <= base.status < 400 or not base.location:
        return
    kind, fix = _redirect(seen)
    every = "to a plain GET too" if seen.like_get else "but not to a plain GET"
    yield Conclusion(
        f"{base.status}, {every}: redirected {kind}, {base.location}; {written_by(base)}. "
        "Browsers do not follow redirects of a handshake, except "
        f"WebKitGTK.{past_the_proxy(seen)}",
        sure(seen, 0.95),
        beside(seen, "slash" if "slash" in seen.answers else "get"),
        fix,
    )


def _redirect(seen: Trace) -> tuple[str, str]:
    """Where the answer redirects to, and what to do about it."""
    base = seen.base
    there = re.match(r"(?i)([a-z]+):", base.location)
    host = next(iter(values(base.reading.sent, b"host")), b"").decode("latin-1")
    if to_another_host(base.location, host):
        return "to another host", (
            f"Open the socket there, or log in first, or let the server answer this path without a redirect: "
            f"{base.location}"
        )
    if path := to_slash(seen):
        final = "with its final slash" if path.endswith("/") else "without its slash"
        fix = f"Open the path as the server has it: {path}"
        return f"to the same path {final}", steps(fix, _if_seen(seen, "slash"))
    if there is not None and there[1].lower() in ("https", "wss") and not seen.start.plan.target.secure:
        return "to https", steps("Open wss:// instead of ws://.", _if_seen(seen, "https"))
    return "elsewhere (a login page, another path or port)", (
        "Open the socket at the redirect's target, or let the server answer this path without a "
        f"redirect: {base.location}"
    )


def _if_seen(seen: Trace, fault: str) -> str:
    """The lines against *fault*, if a proxy is known to be there: what else to do is complete without them."""
    return proxy_lines(seen, fault, seen.base.proxies) if shows_proxy(seen) else ""


# -- headers, cookies, the query


@rule(
    "refused with the Origin alone; Chromium's request opens",
    "a rule about User-Agent or another browser header",
    "which header",
)
def browser_headers_wanted(seen: Trace) -> Iterator[Conclusion]:
    base, own, chromium, firefox = seen.base, seen.own, seen["chromium"], seen["firefox"]
    if chromium is None or own is None or own.opens or not chromium.opens:
        return
    only = firefox is not None and not firefox.opens
    yield Conclusion(
        f"{base.result()} for wsprobe's request, 101 for Chromium's; the Origin alone does not "
        "help: a rule requires another browser header (User-Agent, "
        f"Accept-*){', which Firefox does not send' if only else ''} "
        f"({written_by(base)}).{past_the_proxy(seen)}",
        0.93,
        ("base", "chromium"),
        steps(
            "Nothing, for pages. In other clients send an allowed User-Agent (-A), or remove the rule.",
            _if_seen(seen, "rule"),
        ),
    )


@rule(
    "opens with the Origin alone; Chromium's request is refused",
    "a browser header is refused",
    "which",
)
def browser_refused(seen: Trace) -> Iterator[Conclusion]:
    own, chromium = seen.own, seen["chromium"]
    if chromium is None or own is None or chromium.opens or not own.opens:
        return
    yield Conclusion(
        "wsprobe's request opens, also with the page's Origin, but Chromium's request does not "
        f"({chromium.result()}, {written_by(chromium)}): the server or a proxy refuses a header "
        "that only the browser sends (User-Agent, Accept-Language, Pragma, its extensions).",
        0.85,
        ("base", "chromium"),
        steps(
            "Send the browser's headers one by one (-H, -A, --extension) to find which.",
            proxy_lines(seen, "rule", chromium.proxies) if shows_proxy(seen) else "",
        ),
        open=True,
    )


@rule(
    "413, 414, 431; or another answer without a long cookie or query",
    "a field is too large",
    "which, if several",
)
def header_too_large(seen: Trace) -> Iterator[Conclusion]:
    base = seen.base
    if base.kind != "http":
        return
    large = base.status in TOO_LARGE or base.cause_id == "header-too-large"
    name, what = "get", "a field of the request is"
    for left_out, part in (("no-query", "the query is"), ("no-cookie", "the cookie is")):
        other = seen[left_out]
        cookie = left_out == "no-cookie" and base.status == 400 and _size(seen, b"cookie") > 4000
        if other is not None and (other.opens or other.status != base.status) and (large or cookie):
            name, what, large = left_out, part, True
    if large:
        yield Conclusion(
            f"{base.result()}, {quoted(base)}: {what} too large for the server or a proxy "
            f"({written_by(base)}).{past_the_proxy(seen)}",
            0.95,
            ("base", name) if name in seen.answers else ("base",),
            proxy_lines(seen, "large", base.proxies),
        )


def _size(seen: Trace, name: bytes) -> int:
    return sum(map(len, values(seen.start.plan.request, name)))


@rule("refused with the cookie, opens without", "a rule on the cookie", "which part of the value is refused")
def cookie_refused(seen: Trace) -> Iterator[Conclusion]:
    yield from _refused_for(seen, "no-cookie", "cookie")


@rule("refused with the query, opens without", "a rule on the query", "which part of the value is refused")
def query_refused(seen: Trace) -> Iterator[Conclusion]:
    yield from _refused_for(seen, "no-query", "query")


def _refused_for(seen: Trace, name: str, noun: str) -> Iterator[Conclusion]:
    base, other = seen.base, seen[name]
    if base.kind != "http" or other is None or not other.opens:
        return
    yield Conclusion(
        f"{base.result()} with the {noun}, 101 without: a rule refuses the {noun}, or the "
        f"application refuses its content ({written_by(base)}).{past_the_proxy(seen)}",
        0.9,
        ("base", name),
        steps(
            f"Check how the application uses the {noun}, and look for a rule on it in every proxy.",
            _if_seen(seen, "rule"),
        ),
    )


@rule(
    "Connection: keep-alive, Upgrade is refused, Connection: Upgrade opens",
    "a server or proxy compares the whole value (Apache: RewriteCond %{HTTP:Connection} =Upgrade)",
    "which of them",
)
def connection_compared(seen: Trace) -> Iterator[Conclusion]:
    other = seen["keepalive-upgrade"]
    if not seen.base.opens or other is None or other.opens or other.kind == "interrupted":
        return
    yield Conclusion(
        "Opens with Connection: Upgrade, but Connection: keep-alive, Upgrade gets "
        f"{other.result()}: {a_proxy(seen)} compares the whole value, but Connection is a list (RFC 9110 "
        "section 7.6.1). Older Firefox and some clients send the long form.",
        0.93,
        ("base", "keepalive-upgrade"),
        proxy_lines(seen, "connection"),
    )


# -- rules against the handshake


@rule(
    "the handshake is cut without a byte, a plain GET gets an answer",
    "a rule drops requests with Upgrade, or the application closes the connection",
    "which of these",
)
def handshake_dropped(seen: Trace) -> Iterator[Conclusion]:
    base, get = seen.base, seen["get"]
    if base.kind != "cut" or get is None or get.kind != "http":
        return
    yield Conclusion(
        f"The handshake is cut without a byte ({base.result()}), but a plain GET gets an answer "
        f"({get.result()}).{usually(*_who_drops(seen))}{past_the_proxy(seen)}",
        sure(seen, 0.75, 0.9),
        beside(seen, "get"),
        steps("Look in the application's log first.", ask_past(seen)),
        open=True,
    )


def _who_drops(seen: Trace) -> tuple[str, ...]:
    """What closes the connection of a handshake, but not that of a plain GET."""
    drops = "a rule that drops requests with Upgrade"
    if compared(seen) == "opens":
        return (drops, "a proxy that cannot forward an upgrade, and fails or gives up")
    closes = "an application that closes the connection (a wrong path, a required subprotocol, a crash)"
    return (drops, closes, NO_ANSWER)


def _only_upgrade_counts(seen: Trace) -> Answer | None:
    """The answer without Upgrade, if Upgrade alone makes the difference; the version makes none."""
    base, get, bare, version = seen.base, seen["get"], seen["no-upgrade"], seen["no-version"]
    if base.kind != "http" or get is None or seen.like_get or bare is None or version is None:
        return None
    if alike(bare, base) or not alike(version, base) or base.by_server or base.status >= 500:
        return None
    return bare


@rule(
    "400 for any request with Upgrade; the version changes nothing",
    "a library misses the key or the version because a proxy removed it; or a rule refuses Upgrade",
    "which of these",
)
def handshake_not_understood(seen: Trace) -> Iterator[Conclusion]:
    bare = _only_upgrade_counts(seen)
    removed = f"a proxy that removes Sec-WebSocket-Key or -Version ({proxy_of(seen)})"
    if bare is not None and seen.base.status == 400 and not seen.base.by_proxy and compared(seen) != "same":
        yield Conclusion(
            f"400 for any request with Upgrade, another answer without ({bare.result()}); the "
            f"version changes nothing.{usually(_RULE, NO_ENDPOINT, removed)}{past_the_proxy(seen)}",
            0.7,
            ("base", "no-upgrade"),
            proxy_lines(seen, "header", part="Sec-WebSocket-Key"),
            open=True,
        )


@rule(
    "refused; another status without Upgrade; the same answer without the version",
    "a rule refuses Upgrade; or, if no proxy signs the answer, the program that answers refuses the handshake",
    NOT_IF_SIGNED,
)
def upgrade_refused(seen: Trace) -> Iterator[Conclusion]:
    base, bare = seen.base, _only_upgrade_counts(seen)
    if bare is None or bare.status == base.status or compared(seen) == "same":
        return
    own = "a program that refuses the handshake itself (no WebSocket endpoint at this path, no token)"
    why = ": a rule refuses Upgrade." if base.by_proxy else f".{usually(_RULE, own)}"
    yield Conclusion(
        f"{base.result()} for any request with Upgrade ({written_by(base)}); without Upgrade, or "
        f"as a plain GET, the request gets through ({bare.result()}){why}{past_the_proxy(seen)}",
        sure(seen, 0.92 if base.by_proxy else 0.75),
        ("base", "no-upgrade"),
        proxy_lines(seen, "refuses-upgrade", base.proxies),
        open=not base.by_proxy,
    )


@rule("500 or another 5xx for every request", "that server itself fails", "why; see that server's log")
def server_error(seen: Trace) -> Iterator[Conclusion]:
    base, get = seen.base, seen["get"]
    if base.kind != "http" or get is None or base.status < 500 or not alike(base, get):
        return
    yield Conclusion(
        f"{base.status} for every request, even a plain GET, {written_by(base)}: that server "
        f"itself fails.{usually(*_why_it_fails(seen))}{likeliest(seen)}{past_the_proxy(seen)}",
        sure(seen, 0.88),
        beside(seen, "get"),
        steps(first_do(base, "Look in that server's log."), _if_seen(seen, "error")),
    )


def _why_it_fails(seen: Trace) -> tuple[str, ...]:
    """What makes a server answer every request with a 5xx, a proxy's reasons first where one is there."""
    own: tuple[str, ...] = ("an exception in the application",)
    if compared(seen) == "opens":
        own = (
            "an exception in a program on the way",
            "no rule for this path",
            "a proxy that cannot reach the application",
        )
    elif compared(seen) == "other" and _refuses(seen.past):
        own = ("an exception", "a proxy that makes this of a refusal by the application")
    if not shows_proxy(seen) or (seen.base.by_server and compared(seen) != "opens"):
        return own
    missing = "a missing module or handler for the upstream's scheme"
    return (missing, "TLS sent to a plain port", "a tarpit", *own)


def _refuses(past: Answer | None) -> bool:
    return past is not None and past.kind == "http" and 400 <= past.status < 500


@rule("a 5xx for the handshake, another answer to a plain GET", "the server fails on handshakes alone", "why")
def handshake_fails(seen: Trace) -> Iterator[Conclusion]:
    base, get = seen.base, seen["get"]
    if base.kind != "http" or get is None or base.status < 500:
        return
    yield Conclusion(
        f"{base.status} to the handshake ({written_by(base)}), another answer to a plain GET ({get.result()}): "
        f"{_where_it_fails(seen)}{likeliest(seen)}{past_the_proxy(seen)}",
        sure(seen, 0.8),
        beside(seen, "get"),
        steps(
            "Look in the log of the application, and of every proxy.", ask_past(seen), _if_seen(seen, "error")
        ),
        open=True,
    )


def _where_it_fails(seen: Trace) -> str:
    """What fails on a handshake alone."""
    elsewhere = "another route for handshakes than for plain requests"
    if compared(seen) == "opens":
        lost, changes = "a proxy that cannot reach the application", "a proxy that changes the handshake"
        return f"the handshake fails at the proxy.{usually(lost, changes, elsewhere)}"
    failed = ("an exception in the application", "an application that closes the connection or does not answer")
    if not shows_proxy(seen):
        return f"the handshake fails in the server.{usually(*failed)}"
    return f"the handshake fails behind the proxy.{usually(*failed, elsewhere)}"


_RULE = "a rule that refuses Upgrade"


@rule("405 to every GET; or 403, and a POST passes", "a rule on the method", NOT_IF_SIGNED)
def method_refused(seen: Trace) -> Iterator[Conclusion]:
    base, post = seen.base, seen["post"]
    if base.kind != "http" or not seen.like_get:
        return
    passes = post is not None and post.kind == "http" and not alike(post, base) and post.status != 405
    if base.status == 405 or (base.status == 403 and passes):
        yield Conclusion(
            f"{base.status} to every GET, with or without Upgrade ({written_by(base)}): a rule on the "
            "method, or an endpoint for other methods."
            + (f" POST gets {post.result()}." if passes and post is not None else "")
            + past_the_proxy(seen),
            sure(seen, 0.88),
            beside(seen, "post" if passes else "get"),
            steps("A handshake is a GET: let the method pass on this path.", _if_seen(seen, "rule")),
        )


@rule("with the final slash (or without it) the path has another answer", "the route is for the other form")
def slash(seen: Trace) -> Iterator[Conclusion]:
    base, other = seen.base, seen["slash"]
    if base.kind != "http" or other is None:
        return
    # A page or a 404 from the library says that nothing is there, not that the handshake reached it; a redirect
    # may lead back to the given form of the path.
    nothing = other.status in (200, 404) or 300 <= other.status < 400
    reached = base.status in (200, 404) and other.by_server and not nothing
    if other.opens or reached:
        path = resource_of(other.reading.sent).decode("latin-1")
        end = "opens" if other.opens else f"reaches a WebSocket library ({other.result()})"
        yield Conclusion(
            f"{base.result()} to handshake and plain GET alike; {path} {end}: the route matches only "
            "that form of the path; the given path leads elsewhere, not to a WebSocket "
            f"endpoint.{past_the_proxy(seen)}",
            sure(seen, 0.95 if other.opens else 0.85),
            beside(seen, "slash"),
            steps(f"Open {path}, or let the route match both.", _if_seen(seen, "slash")),
        )


# -- the answer itself shows why


@rule(
    "the request explains the answer: a missing or wrong part of the handshake",
    "that cause, as `connect` reports it",
    id="",
)
def explained_by_the_request(seen: Trace) -> Iterator[Conclusion]:
    cause = shown_by(seen.base)
    if cause is not None and cause.certainty == "own-request" and cause.id != "origin-refused":
        yield from named_by_the_answer(seen)


@rule(
    "the answer states its cause, in words or by a mark of one program",
    "that cause, as `connect` reports it",
    id="",
)
def named_by_the_answer(seen: Trace) -> Iterator[Conclusion]:
    base = seen.as_page
    cause = shown_by(base)
    if base.kind != "http" or cause is None or compared(seen) == "opens" or "get" not in seen.answers:
        return
    alike_ = ", to a plain GET too" if seen.like_get else ""
    who = "" if cause.statement.startswith(base.author.who) else f", {written_by(base)}"
    # The words of the server stand once: in the cause, or as its evidence.
    evidence = "" if cause.quote else f" Evidence: {cause.evidence}."
    yield Conclusion(
        f"{base.result()}{alike_}{who}: {cause.text}.{evidence}{past_the_proxy(seen)}",
        0.75 if cause.certainty == "shared" else 0.9,
        beside(seen, "get"),
        with_code(cause.fix, base),
        open=cause.certainty == "shared",
        id=cause.id,
    )


# -- the same answer to a handshake and to a plain GET


def _same_for_both(seen: Trace) -> str:
    """A clause; "" if a plain GET gets another answer."""
    base, get = seen.base, seen["get"]
    if base.kind != "http" or get is None or not alike(base, get):
        return ""
    return f"A handshake and a plain GET get the same {base.status} ({written_by(base)})"


@rule(
    "the same answer to handshake and plain GET; directly, a plain GET gets the same "
    "answer, a handshake another",
    "a proxy drops Upgrade",
    "which proxy, if there are several",
    id="upgrade-lost",
)
def upgrade_lost_at_proxy(seen: Trace) -> Iterator[Conclusion]:
    base, past, past_get, both = seen.base, seen.past, seen["backend-get"], _same_for_both(seen)
    if not both or past is None or past_get is None or base.by_proxy or not _same_page(seen, past_get):
        return
    opens = compared(seen) == "opens"
    if not opens and (past.kind not in ("http", "invalid") or alike(past, past_get)):
        return
    if opens:
        directly = f"{opens_directly(seen)} A plain GET there gets the same body"
        also = ""
    else:
        directly = (
            "Asked directly, the backend gives a plain GET the same answer, but a handshake "
            f"another one ({past.result()})"
        )
        why = f": {past.cause.text}" if past.cause is not None else ""
        also = f" The backend refuses the handshake too{why}."
    yield Conclusion(
        f"{both}. {directly}: the application receives a plain GET, so a proxy drops Upgrade and "
        f"Connection ({proxy_of(seen)}).{also}{varnish(seen)}",
        0.97 if opens else 0.93,
        ("base", "backend-get") if opens else ("base", "backend"),
        proxy_lines(seen, "upgrade"),
    )


def _same_page(seen: Trace, past_get: Answer) -> bool:
    """True if the plain GET gets the same answer directly, whatever path a page quotes."""
    base = seen.base
    if past_get.kind != "http" or past_get.status != base.status:
        return False
    return same_words(_without_path(base), _without_path(past_get))


def _without_path(answer: Answer) -> str:
    path = resource_of(answer.reading.sent).partition(b"?")[0].decode("latin-1")
    return answer.text.replace(path, "/") if len(path) > 1 else answer.text


@rule(
    "the same 400 (or the application's 401 or 403) to handshake and plain GET; directly the handshake opens",
    "the proxy changes or refuses the request",
    "which, and which part",
    id="request-changed",
)
def request_changed_for_all(seen: Trace) -> Iterator[Conclusion]:
    base, both = seen.base, _same_for_both(seen)
    lost = base.status in (401, 403) and base.by_server
    if both and compared(seen) == "opens" and (base.status == 400 or lost) and not base.by_proxy:
        parts = "a cookie, a token, the query" if lost else "a field, a PROXY line in front, Host"
        other = "another program (perhaps a check such as auth_request)" if lost else "another program"
        yield Conclusion(
            f"{both}, {quoted(base)}. {opens_directly(seen)} The proxy changes the request ({parts}), "
            f"sends it to {other}, or refuses it by a rule of its own ({proxy_of(seen)}).",
            0.85,
            beside(seen, "get"),
            proxy_lines(seen, "route"),
            open=True,
        )


@rule(
    "the same 401, 403 or 451 to handshake and plain GET; directly the handshake opens",
    "a rule of the proxy",
    "",
)
def blocked_by_rule(seen: Trace) -> Iterator[Conclusion]:
    base, both = seen.base, _same_for_both(seen)
    if both and compared(seen) == "opens" and base.status in (401, 403, 451):
        yield Conclusion(
            f"{both}. {opens_directly(seen)} {_whose_rule(base)} ({proxy_of(seen)}).",
            0.95,
            beside(seen, "get"),
            proxy_lines(seen, "rule", base.proxies),
            open=not base.by_proxy,
            id=_of_the_page(base),
        )


def _whose_rule(base: Answer) -> str:
    """Who refuses; an answer without a known author may be that of an application which misses something."""
    if base.by_proxy:
        return "A rule of the proxy refuses, not the application"
    return "A rule of the proxy refuses, or the proxy drops what the application requires (a cookie, a token)"


def _of_the_page(base: Answer) -> str:
    """The id of the cause that the page of a proxy shows: whose rule it is, and of which kind; else ""."""
    return base.cause_id if base.by_proxy and base.cause_id in ("blocked-by-rule", "unauthorized") else ""


@rule(
    "the same answer to handshake and plain GET; directly the handshake opens, a plain GET gets another answer",
    "the path leads elsewhere",
    "",
)
def elsewhere(seen: Trace) -> Iterator[Conclusion]:
    past_get, both = seen["backend-get"], _same_for_both(seen)
    if both and compared(seen) == "opens" and past_get is not None:
        yield Conclusion(
            f"{both}. {opens_directly(seen)} A plain GET there gets another answer "
            f"({past_get.result()}): {_leads_elsewhere(seen)} ({proxy_of(seen)}).",
            0.95,
            ("base", "backend-get"),
            proxy_lines(seen, "route"),
        )


def _leads_elsewhere(seen: Trace) -> str:
    """A clause: what the proxy does with the path."""
    if unmapped := _unmapped(seen):
        return f"{unmapped}, or answers by itself or sends the request to another program or page"
    return (
        "the proxy changes the path, answers by itself, or sends the request to another program or page, not "
        "to the application"
    )


@rule(
    "the same answer to handshake and plain GET, and directly",
    "the application itself refuses",
    "why",
    id="refused-by-app",
)
def refused_to_all_by_app(seen: Trace) -> Iterator[Conclusion]:
    both = _same_for_both(seen)
    if both and compared(seen) == "same":
        who = backend_of(seen)
        yield Conclusion(
            f"{both}. {same_directly(seen)} "
            f"{who[0].upper()}{who[1:]} requires something that the request lacks (a session cookie, "
            f"a token), or has no WebSocket on this path.{likeliest(seen)}",
            0.93,
            ("base", "backend"),
            with_code(
                steps(
                    ask_own_path(seen),
                    "Send what a page would send (-b 'session=...', -H), then check the path in the "
                    "application.",
                ),
                seen.base,
            ),
            open=may_strip_prefix(seen),
        )


@rule(
    "the same 401, 403, 406, 407 or 451 to handshake and plain GET",
    "a rule of a proxy or of the application",
    "whose rule",
)
def refused_to_all(seen: Trace) -> Iterator[Conclusion]:
    base, both = seen.base, _same_for_both(seen)
    if both and base.status in (401, 403, 406, 407, 451):
        whose = f"a rule of {base.author.who}" if base.by_proxy else "a rule of the application or of a proxy"
        yield Conclusion(
            f"{both}, {quoted(base)}: {whose} refuses every variant. The rule requires something "
            "that the request lacks (a session cookie, a token), or refuses the address or the "
            f"path. Cannot tell whose rule.{likeliest(seen, quoted_before=True)}{past_the_proxy(seen)}",
            0.85,
            ("base", "get"),
            steps(
                "Send what a page would send: -b 'session=...', -u, -H.",
                proxy_lines(seen, "rule", base.proxies),
            ),
            open=True,
            id=_of_the_page(base),
        )


@rule("the same proxy page, or 200, to handshake and plain GET", "no route to the application", "why")
def no_route(seen: Trace) -> Iterator[Conclusion]:
    base, both = seen.base, _same_for_both(seen)
    if not both or not (base.by_proxy or (base.status == 200 and _is_page(base))):
        return
    whose = base.author.who if base.by_proxy else "a page server"
    elsewhere = (
        "and is not a WebSocket endpoint; no route leads to the application (a different path or name, or an "
        "earlier rule)"
        if shows_proxy(seen)
        else "and no WebSocket endpoint is there"
    )
    lost = "" if base.by_proxy else " Or a proxy drops Upgrade, and the page is the application's own."
    other = likeliest(seen) if base.by_proxy and base.cause_id != "no-route" else ""
    yield Conclusion(
        f"{both}, {quoted(base)}: {whose} answers this path, {elsewhere}.{lost}{other}{past_the_proxy(seen)}",
        0.9,
        ("base", "get"),
        proxy_lines(seen, "route", base.proxies),
        open=bool(lost),
    )


def _is_page(answer: Answer) -> bool:
    kind = (answer.field(b"content-type") or "").lower()
    return answer.page or kind.startswith(("text/html", "application/xhtml"))


@rule(
    "the same answer to handshake and plain GET, one or both marked by Varnish",
    "Upgrade is lost at Varnish, or on the side shown by the marks",
    "whether the path is also wrong",
)
def upgrade_lost(seen: Trace) -> Iterator[Conclusion]:
    base, both, side = seen.base, _same_for_both(seen), varnish(seen)
    if both and side:
        at_varnish = base.field(b"x-varnish") is not None
        yield Conclusion(
            f"{both}.{side}{past_the_proxy(seen)} The path may also be wrong.",
            0.92 if at_varnish else 0.85,
            ("base", "get"),
            proxy_lines(seen, "upgrade", ("varnish",) if at_varnish else ()),
        )


SEES_NO_HANDSHAKE = frozenset({"upgrade-lost", "upgrade-lost-or-elsewhere", "no-route", "no-websocket"})
"""Causes that the next conclusion names itself."""


@rule(
    "the same 404, 200, 403 or 400 for the handshake and a plain GET",
    "a proxy drops Upgrade, or the path leads elsewhere",
    "which of these, without --backend: a direct plain GET with the same body shows a lost "
    "Upgrade; any other body shows that the path leads elsewhere",
)
def upgrade_lost_or_elsewhere(seen: Trace) -> Iterator[Conclusion]:
    both, base = _same_for_both(seen), seen.base
    also = "" if base.cause_id in SEES_NO_HANDSHAKE else likeliest(seen)
    if both:
        yield Conclusion(
            f"{both}: the program that answers never treats the request as a handshake. {_either(seen)}. "
            f"Cannot tell which from outside.{also}{past_the_proxy(seen)}",
            0.85,
            ("base", "get"),
            _lost_or_elsewhere(seen),
            open=True,
            id="" if shows_proxy(seen) or not _wrong_path(base) else "no-route",
        )


def _wrong_path(base: Answer) -> bool:
    """True if `connect` names the path first, by a mark of one program alone: the same id here."""
    return base.cause is not None and base.cause.id == "no-route" and base.cause.certainty == "only"


def _either(seen: Trace) -> str:
    """What may be so, the likelier first."""
    if shows_proxy(seen):
        return f"Either a proxy drops Upgrade ({proxy_of(seen)}), or the path has no WebSocket endpoint"
    return f"Either the path has no WebSocket endpoint, or a proxy drops Upgrade ({proxy_of(seen)})"


def _lost_or_elsewhere(seen: Trace) -> str:
    """What to do about each of the two."""
    if not shows_proxy(seen):
        return steps("Check the path.", FIND_OUT, ANY_PROXY)
    return steps(
        ask_past(seen),
        f"If Upgrade is lost:\n{proxy_lines(seen, 'upgrade')}",
        f"If the path leads elsewhere:\n{proxy_lines(seen, 'route')}",
    )


# -- a WebSocket library reads the handshake


def _refusing(seen: Trace) -> str:
    """A clause: the handshake is refused, and a plain GET gets another answer; "" if it is not so."""
    base, get, version = seen.base, seen["get"], seen["no-version"]
    if base.kind != "http" or get is None or seen.like_get:
        return ""
    if not _reads(seen) and not base.by_server and alike(base, get):
        return ""  # only the head differs: another proxy wrote into it
    refusing = f"{base.result()} to the handshake ({written_by(base)}), {get.result()} to a plain GET"
    if not _reads(seen):
        return f"{refusing}: a WebSocket library reads the handshake, so Upgrade arrives."
    result = f" ({version.result()})" if version is not None else ""
    return (
        f"{refusing}, another answer without the version{result}: a WebSocket library reads the handshake, "
        + ("so Upgrade arrives.")
    )


def _reads(seen: Trace) -> bool:
    version = seen["no-version"]
    return version is not None and not alike(version, seen.base)


@rule(
    "the handshake is refused; a plain GET gets another answer",
    "a rule or a WebSocket library refuses the handshake",
    "which",
)
def handshake_refused(seen: Trace) -> Iterator[Conclusion]:
    base, get = seen.base, seen["get"]
    if not _refusing(seen) or _reads(seen) or base.by_server or get is None or compared(seen) == "same":
        return
    or_path = ", or the path has no WebSocket endpoint" if base.status == 404 else ""
    yield Conclusion(
        f"{base.result()} to the handshake ({written_by(base)}), {get.result()} to a plain GET: "
        f"a rule or a WebSocket library refuses the handshake{or_path}. Cannot tell "
        f"which.{likeliest(seen)}{past_the_proxy(seen)}",
        sure(seen, 0.7, 0.85),
        beside(seen, "get"),
        steps(ask_past(seen), proxy_lines(seen, "rule", base.proxies)),
        open=True,
    )


@rule(
    "a WebSocket library refuses the handshake; directly the same bytes open",
    "the proxy changes the path, Host, Origin or a header",
    "which part",
)
def request_changed(seen: Trace) -> Iterator[Conclusion]:
    refusing = _refusing(seen)
    if refusing and compared(seen) == "opens":
        yield Conclusion(
            f"{refusing} {opens_directly(seen)} {_changed(seen)}{_or_itself(seen)} ({proxy_of(seen)}).",
            0.93,
            beside(seen, "get"),
            proxy_lines(seen, "path"),
            open=bool(_or_itself(seen)),
        )


def _or_itself(seen: Trace) -> str:
    """A clause: the author of the answer may be a proxy that has a WebSocket library; "" if marks show the
    program that answers directly too."""
    direct = {each.author.id for name, each in seen.answers.items() if name.startswith("backend")}
    if seen.base.author.certainty == "only" and seen.base.author.id in direct:
        return ""
    return "; or the proxy itself reads handshakes, and refuses this one or cannot reach the application"


def _changed(seen: Trace) -> str:
    """What the proxy changes, or does not."""
    if unmapped := _unmapped(seen):
        return f"{unmapped[0].upper()}{unmapped[1:]}, or changes another part (Host, Origin, a header)"
    return "The proxy changes the request's path, or another part (Host, Origin, a header)"


def _unmapped(seen: Trace) -> str:
    """A clause: the proxy does not map the URL's path to that of the application; "" if the user gave no other
    path."""
    other, given = other_path(seen), seen.start.plan.target.resource
    return other and f"the application has the socket at {other}, and the proxy does not map {given} to it"


CHECK_THE_PATH = "Check the path first, then the application's requirements for a handshake; its log shows why."


@rule(
    "a WebSocket library refuses the handshake, directly too",
    "the application itself refuses",
    "why; see its log",
)
def refused_by_app(seen: Trace) -> Iterator[Conclusion]:
    refusing = _refusing(seen)
    if refusing and compared(seen) == "same":
        yield Conclusion(
            f"{refusing} {same_directly(seen)} The application itself refuses (path, credentials, Origin)."
            f"{likeliest(seen)}",
            0.93,
            ("base", "backend"),
            with_code(steps(ask_own_path(seen), first_do(seen.base, CHECK_THE_PATH)), seen.base),
            open=may_strip_prefix(seen),
        )


@rule(
    "a WebSocket library refuses every form of the handshake",
    "the path, Origin, Host, credentials or a subprotocol",
    "whether the URL is wrong or a proxy rewrites the path, without --backend",
    id="handshake-refused",
)
def refused_by_library(seen: Trace) -> Iterator[Conclusion]:
    refusing = _refusing(seen)
    if refusing:
        yield Conclusion(
            f"{refusing} {_every_variant(seen)}{likeliest(seen)}{past_the_proxy(seen)}",
            0.85,
            ("base", "get"),
            with_code(
                steps(
                    "Check the path, and what the application requires.",
                    ask_past(seen),
                    proxy_lines(seen, "path"),
                ),
                seen.base,
            ),
            open=True,
        )


def _every_variant(seen: Trace) -> str:
    """What a library may refuse in every variant of the handshake."""
    others = ("the Origin or Host", "missing credentials", "a subprotocol")
    if not shows_proxy(seen):
        return f"The library refuses every variant.{usually('a wrong path', *others)}"
    path = "a path that is wrong in the URL, or rewritten by a proxy"
    return f"The library refuses every variant.{usually(path, *others)}"
