"""Rules of a trace: the handshake is answered, and a proxy or the application refuses it, or sees none.

Credentials, redirects, rules on headers, methods and paths, errors of the server, a library that refuses; and
the same answer to a handshake and to a plain GET.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wsprobe.diagnosis.evidence import to_another_host
from wsprobe.diagnosis.proxies import mending
from wsprobe.trace.answer import Answer, alike, same_words
from wsprobe.trace.changes import Trace, resource_of, to_slash, values
from wsprobe.trace.conclusion import (
    ASK_PAST,
    Conclusion,
    backend_of,
    beside,
    compared,
    first_do,
    likeliest,
    opens_directly,
    past_the_proxy,
    proxy_of,
    quoted,
    rule,
    shown_by,
    sure,
    varnish,
    with_code,
    written_by,
)

TOO_LARGE = frozenset({413, 414, 431, 494})
NOT_IF_SIGNED = "whose it is, if the answer does not show who wrote it"


@rule(
    "401 with a challenge, to a plain GET too",
    "credentials are required before the application is reached",
    "whether the proxy or the application requires them, if the answer does not show who wrote it",
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
        f"{base.status} with a challenge ({challenge}), to a plain GET too, {written_by(base)}: "
        "credentials are required before anything "
        f"else{', and those that were sent are not accepted' if given else ''}.{past_the_proxy(seen)}",
        sure(seen, 0.95),
        beside(seen, "get"),
        "Send credentials (-u USER:PASSWORD, or -H 'Authorization: ...'). A page cannot set this header: let "
        "it use a cookie, or exempt the path of the socket from the protection.\n"
        + mending("credentials", base.proxies),
    )


@rule(
    "3xx",
    "to https, to the final slash, to a login page; browsers do not follow",
    "whether the URL that it leads to opens",
)
def redirected(seen: Trace) -> Iterator[Conclusion]:
    base = seen.base
    if base.kind != "http" or not 300 <= base.status < 400 or not base.location:
        return
    kind, fix = _redirect(seen)
    every = "to a plain GET too" if seen.like_get else "but not to a plain GET"
    yield Conclusion(
        f"{base.status}, {every}: redirected {kind}, {base.location}; {written_by(base)}. Browsers do not "
        f"follow a redirect of a handshake, except WebKitGTK.{past_the_proxy(seen)}",
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
        fix = f"Open the path with the slash as it is served: {path}\n" + mending("slash", base.proxies)
        return f"to the same path {final}", fix
    if there is not None and there[1].lower() in ("https", "wss") and not seen.start.plan.target.secure:
        return "to https", "Open wss:// in place of ws://.\n" + mending("https", base.proxies)
    return "elsewhere (a login page, another path or port)", (
        "Open the socket at the URL that it leads to, or let the server answer this path without a "
        f"redirect: {base.location}"
    )


# -- headers, cookies, the query


@rule(
    "refused with the Origin alone; the request of Chromium opens",
    "a rule about User-Agent or another header of browsers",
    "which header",
)
def browser_headers_wanted(seen: Trace) -> Iterator[Conclusion]:
    base, own, chromium, firefox = seen.base, seen.own, seen["chromium"], seen["firefox"]
    if chromium is None or own is None or own.opens or not chromium.opens:
        return
    only = firefox is not None and not firefox.opens
    yield Conclusion(
        f"{base.result()} to the request of wsprobe, 101 to that of Chromium; the Origin alone does not "
        "help: a rule requires another header of browsers (User-Agent, "
        f"Accept-*){', and Firefox does not have it' if only else ''} "
        f"({written_by(base)}).{past_the_proxy(seen)}",
        0.93,
        ("base", "chromium"),
        "Nothing, for pages; other clients send a User-Agent that the rule lets pass (-A), or remove "
        "the rule.\n" + mending("rule", base.proxies),
    )


@rule(
    "opens with the Origin alone; the request of Chromium is refused",
    "a header of browsers is refused",
    "which",
)
def browser_refused(seen: Trace) -> Iterator[Conclusion]:
    own, chromium = seen.own, seen["chromium"]
    if chromium is None or own is None or chromium.opens or not own.opens:
        return
    yield Conclusion(
        "The request of wsprobe opens, also with the page's Origin, but that of Chromium does not "
        f"({chromium.result()}, {written_by(chromium)}): a header that only the browser sends is refused "
        "(User-Agent, Accept-Language, Pragma, the extensions that it offers).",
        0.85,
        ("base", "chromium"),
        "Send the browser's headers one by one (-H, -A, --extension) to find which.\n"
        + mending("rule", chromium.proxies),
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
            f"{base.result()}, {quoted(base)}: {what} too large for a proxy or the application "
            f"({written_by(base)}).{past_the_proxy(seen)}",
            0.95,
            ("base", name) if name in seen.answers else ("base",),
            mending("large", base.proxies or seen.proxies),
        )


def _size(seen: Trace, name: bytes) -> int:
    return sum(map(len, values(seen.start.plan.request, name)))


@rule("refused with the cookie, opens without", "a rule on the cookie", "which part of it is refused")
def cookie_refused(seen: Trace) -> Iterator[Conclusion]:
    yield from _refused_for(seen, "no-cookie", "cookie")


@rule("refused with the query, opens without", "a rule on the query", "which part of it is refused")
def query_refused(seen: Trace) -> Iterator[Conclusion]:
    yield from _refused_for(seen, "no-query", "query")


def _refused_for(seen: Trace, name: str, noun: str) -> Iterator[Conclusion]:
    base, other = seen.base, seen[name]
    if base.kind != "http" or other is None or not other.opens:
        return
    yield Conclusion(
        f"{base.result()} with the {noun}, 101 without: a rule on the {noun}, or the application refuses "
        f"its content ({written_by(base)}).{past_the_proxy(seen)}",
        0.9,
        ("base", name),
        f"Look for a rule on the {noun} in the proxy, and for what the application does with it.\n"
        + mending("rule", base.proxies),
    )


@rule(
    "Connection: keep-alive, Upgrade is refused, Connection: Upgrade opens",
    "a proxy compares the whole value (Apache: RewriteCond %{HTTP:Connection} =Upgrade)",
    "which proxy",
)
def connection_compared(seen: Trace) -> Iterator[Conclusion]:
    other = seen["keepalive-upgrade"]
    if not seen.base.opens or other is None or other.opens or other.kind == "interrupted":
        return
    yield Conclusion(
        f"Opens with Connection: Upgrade, and with Connection: keep-alive, Upgrade gets {other.result()}: a "
        "proxy compares the whole value, but Connection is a list (RFC 9110 section 7.6.1). Older Firefox and "
        "some clients send the long form.",
        0.93,
        ("base", "keepalive-upgrade"),
        mending("connection", seen.proxies),
    )


# -- rules against the handshake


@rule(
    "the handshake is cut without a byte, a plain GET is answered",
    "a rule drops requests with Upgrade, or the application closes the connection",
    "which of these",
)
def handshake_dropped(seen: Trace) -> Iterator[Conclusion]:
    base, get = seen.base, seen["get"]
    if base.kind != "cut" or get is None or get.kind != "http":
        return
    yield Conclusion(
        f"The handshake is cut without a byte ({base.result()}), a plain GET is answered ({get.result()}): a "
        "rule drops requests with Upgrade, or the application closes the connection (wrong path, a "
        f"subprotocol that it requires, a crash).{past_the_proxy(seen)}",
        sure(seen, 0.75, 0.9),
        beside(seen, "get"),
        f"Look in the log of the application first. {ASK_PAST}",
        open=True,
    )


def _only_upgrade_counts(seen: Trace) -> Answer | None:
    """The answer without Upgrade, if Upgrade alone makes the difference; the version makes none."""
    base, get, bare, version = seen.base, seen["get"], seen["no-upgrade"], seen["no-version"]
    if base.kind != "http" or get is None or seen.like_get or bare is None or version is None:
        return None
    if alike(bare, base) or not alike(version, base) or base.by_server or base.status >= 500:
        return None
    return bare


@rule(
    "400 to any request with Upgrade; the version changes nothing",
    "a library misses the key or the version, which a proxy took away; or a rule against Upgrade",
    "which of these",
)
def handshake_not_understood(seen: Trace) -> Iterator[Conclusion]:
    bare = _only_upgrade_counts(seen)
    if bare is not None and seen.base.status == 400 and not seen.base.by_proxy:
        yield Conclusion(
            f"400 to any request with Upgrade, another answer without ({bare.result()}); the version changes "
            "nothing: a library that misses Sec-WebSocket-Key or -Version, which a proxy took away, or a rule "
            f"against Upgrade.{past_the_proxy(seen)}",
            0.7,
            ("base", "no-upgrade"),
            mending("header", seen.proxies, part="Sec-WebSocket-Key"),
            open=True,
        )


@rule(
    "refused; without Upgrade there is another answer; without the version nothing changes",
    "a rule against Upgrade",
    NOT_IF_SIGNED,
)
def upgrade_refused(seen: Trace) -> Iterator[Conclusion]:
    base, bare = seen.base, _only_upgrade_counts(seen)
    if bare is not None:
        yield Conclusion(
            f"{base.result()} to any request with Upgrade ({written_by(base)}); without Upgrade, or as a plain "
            f"GET, it gets through ({bare.result()}): a rule against Upgrade.{past_the_proxy(seen)}",
            sure(seen, 0.92 if base.by_proxy else 0.75),
            ("base", "no-upgrade"),
            mending("refuses-upgrade", base.proxies or seen.proxies),
        )


@rule("500 or another 5xx to every request", "that server itself fails", "why; the log of that server shows it")
def server_error(seen: Trace) -> Iterator[Conclusion]:
    base, get = seen.base, seen["get"]
    if base.kind != "http" or get is None or base.status < 500 or not alike(base, get):
        return
    yield Conclusion(
        f"{base.status} for every request, a plain GET too, {written_by(base)}: that server itself fails "
        "(a module or handler for the upstream's scheme is missing, TLS to a plain port, a tarpit, "
        f"or an application that raises).{likeliest(base)}{past_the_proxy(seen)}",
        sure(seen, 0.88),
        beside(seen, "get"),
        first_do(base, mending("error", base.proxies)),
    )


@rule("a 5xx to the handshake, another answer to a plain GET", "the handshake fails behind the proxy", "why")
def handshake_fails(seen: Trace) -> Iterator[Conclusion]:
    base, get = seen.base, seen["get"]
    if base.kind != "http" or get is None or base.status < 500:
        return
    yield Conclusion(
        f"{base.status} to the handshake ({written_by(base)}), another answer to a plain GET ({get.result()}): "
        "behind the proxy the handshake fails: the application closed the connection or raised, or the proxy "
        f"sends handshakes to another place than plain requests.{likeliest(base)}{past_the_proxy(seen)}",
        sure(seen, 0.8),
        beside(seen, "get"),
        f"Look in the log of the application, and of the proxy. {ASK_PAST}\n" + mending("error", base.proxies),
        open=True,
    )


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
            "A handshake is a GET: let the method pass on this path.\n" + mending("rule", base.proxies),
        )


@rule("with the final slash (or without it) the path has another answer", "the route is for the other form")
def slash(seen: Trace) -> Iterator[Conclusion]:
    base, other = seen.base, seen["slash"]
    if base.kind != "http" or other is None:
        return
    reached = base.status in (200, 404) and other.by_server and other.status != base.status
    if other.opens or reached:
        path = resource_of(other.reading.sent).decode("latin-1")
        end = "opens" if other.opens else f"reaches a WebSocket library ({other.result()})"
        yield Conclusion(
            f"{base.result()} to handshake and plain GET alike; {path} {end}: the route is for that form of "
            "the path only, and the path as given leads to something that is not a WebSocket "
            f"endpoint.{past_the_proxy(seen)}",
            sure(seen, 0.95 if other.opens else 0.85),
            beside(seen, "slash"),
            f"Open {path}, or let the route match both.\n" + mending("slash", seen.proxies),
        )


# -- the answer itself shows why


@rule(
    "what was sent explains the answer: a missing or wrong part of the handshake",
    "that cause, as `connect` reports it",
    id="",
)
def explained_by_the_request(seen: Trace) -> Iterator[Conclusion]:
    cause = shown_by(seen.base)
    if cause is not None and cause.certainty == "own-request" and cause.id != "origin-refused":
        yield from named_by_the_answer(seen)


@rule(
    "the answer names its cause, in words or by a mark of one program",
    "that cause, as `connect` reports it",
    id="",
)
def named_by_the_answer(seen: Trace) -> Iterator[Conclusion]:
    base, cause = seen.base, shown_by(seen.base)
    if base.kind != "http" or cause is None or compared(seen) == "opens" or "get" not in seen.answers:
        return
    alike_ = ", to a plain GET too" if seen.like_get else ""
    who = "" if cause.text.startswith(base.author.who) else f", {written_by(base)}"
    yield Conclusion(
        f"{base.result()}{alike_}{who}: {cause.text}. What shows it: {cause.evidence}.{past_the_proxy(seen)}",
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
    "the same answer to handshake and plain GET; directly, a plain GET gets the same, and a handshake another",
    "Upgrade is lost on the way",
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
            "Asked directly, the backend gives a plain GET the same answer, and a handshake another one "
            f"({past.result()})"
        )
        why = f": {past.cause.text}" if past.cause is not None else ""
        also = f" The backend then refuses the handshake as well{why}."
    yield Conclusion(
        f"{both}. {directly}: the application is reached and sees a plain GET, so Upgrade and Connection are "
        f"lost on the way ({proxy_of(seen)}).{also}{varnish(seen)}",
        0.97 if opens else 0.93,
        ("base", "backend-get") if opens else ("base", "backend"),
        mending("upgrade", seen.proxies),
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
    "the same 400 to handshake and plain GET; directly the handshake opens",
    "the proxy changes the request",
    "which part of it",
    id="request-changed",
)
def request_changed_for_all(seen: Trace) -> Iterator[Conclusion]:
    base, both = seen.base, _same_for_both(seen)
    if both and compared(seen) == "opens" and base.status == 400 and not base.by_proxy:
        yield Conclusion(
            f"{both}, {quoted(base)}. {opens_directly(seen)} The program that answers gets another request: "
            "the proxy changes it (a field, a PROXY line before it, Host), or sends it to another program "
            f"({proxy_of(seen)}).",
            0.85,
            beside(seen, "get"),
            mending("route", seen.proxies),
            open=True,
        )


@rule("the same 401 or 403 to handshake and plain GET; directly the handshake opens", "a rule of the proxy", "")
def blocked_by_rule(seen: Trace) -> Iterator[Conclusion]:
    base, both = seen.base, _same_for_both(seen)
    if both and compared(seen) == "opens" and base.status in (401, 403):
        yield Conclusion(
            f"{both}. {opens_directly(seen)} A rule of the proxy refuses, not the application "
            f"({proxy_of(seen)}).",
            0.95,
            beside(seen, "get"),
            mending("rule", base.proxies or seen.proxies),
        )


@rule(
    "the same answer to handshake and plain GET; directly the handshake opens, a plain GET gets another answer",
    "the path leads elsewhere",
    "",
)
def elsewhere(seen: Trace) -> Iterator[Conclusion]:
    past_get, both = seen["backend-get"], _same_for_both(seen)
    if both and compared(seen) == "opens" and past_get is not None:
        yield Conclusion(
            f"{both}. {opens_directly(seen)} A plain GET there gets another answer ({past_get.result()}): the "
            "proxy does not send this request to the application; it changes the path, or sends it to another "
            f"program or page ({proxy_of(seen)}).",
            0.95,
            ("base", "backend-get"),
            mending("route", seen.proxies),
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
            f"{both}. Asked directly, {who} gives the same answer: the proxy is not at fault. {who[0].upper()}"
            f"{who[1:]} requires something that was not sent (a session's cookie, a token), or has no "
            f"WebSocket on this path.{likeliest(seen.base)}",
            0.93,
            ("base", "backend"),
            with_code(
                "Send what a page would have (-b 'session=...', -H), then check the path in the application.",
                seen.base,
            ),
        )


@rule(
    "the same 401, 403 or 407 to handshake and plain GET",
    "a rule of a proxy or of the application",
    "whose it is",
)
def refused_to_all(seen: Trace) -> Iterator[Conclusion]:
    base, both = seen.base, _same_for_both(seen)
    if both and base.status in (401, 403, 407):
        whose = f"a rule of {base.author.who}" if base.by_proxy else "a rule of a proxy or of the application"
        yield Conclusion(
            f"{both}, {quoted(base)}: {whose} refuses every variant. It requires something that was not sent "
            "(a session's cookie, a token), or objects to the address or the path. Cannot tell which proxy "
            f"it is.{likeliest(base)}{past_the_proxy(seen)}",
            0.85,
            ("base", "get"),
            "Send what a page would have: -b 'session=...', -u, -H.\n"
            + mending("rule", base.proxies or seen.proxies),
            open=True,
        )


@rule("the same page of a proxy, or 200, to handshake and plain GET", "no route to the application", "why")
def no_route(seen: Trace) -> Iterator[Conclusion]:
    base, both = seen.base, _same_for_both(seen)
    if not both or not (base.by_proxy or (base.status == 200 and _is_page(base))):
        return
    whose = base.author.who if base.by_proxy else "something that serves pages"
    lost = "" if base.by_proxy else " Or Upgrade is lost on the way, and the page is the application's own."
    other = likeliest(base) if base.by_proxy and base.cause_id != "no-route" else ""
    yield Conclusion(
        f"{both}, {quoted(base)}: this path is answered by {whose}, which is not a WebSocket "
        "endpoint; there is no route to the application for it (another path, another name, a rule that "
        f"comes first).{lost}{other}{past_the_proxy(seen)}",
        0.9,
        ("base", "get"),
        mending("route", base.proxies or seen.proxies),
        open=bool(lost),
    )


def _is_page(answer: Answer) -> bool:
    kind = (answer.field(b"content-type") or "").lower()
    return answer.page or kind.startswith(("text/html", "application/xhtml"))


@rule(
    "the same answer to handshake and plain GET, one of them or both marked by Varnish",
    "Upgrade is lost at Varnish, or on the side that the marks show",
    "whether the path is wrong as well",
)
def upgrade_lost(seen: Trace) -> Iterator[Conclusion]:
    base, both, side = seen.base, _same_for_both(seen), varnish(seen)
    if both and side:
        at_varnish = base.field(b"x-varnish") is not None
        yield Conclusion(
            f"{both}.{side}{past_the_proxy(seen)} The path may be wrong as well.",
            0.92 if at_varnish else 0.85,
            ("base", "get"),
            mending("upgrade", ("varnish",) if at_varnish else seen.proxies),
        )


SEES_NO_HANDSHAKE = frozenset({"upgrade-lost", "upgrade-lost-or-elsewhere", "no-route", "no-websocket"})
"""Causes that the next conclusion names itself."""


@rule(
    "the same 404, 200, 403 or 400 to the handshake and to a plain GET",
    "Upgrade is lost on the way, or the path leads to something else",
    "which of these, unless the application is asked directly: there a plain GET with the same body shows that "
    "Upgrade is lost, any other body that the path leads elsewhere",
)
def upgrade_lost_or_elsewhere(seen: Trace) -> Iterator[Conclusion]:
    both, base = _same_for_both(seen), seen.base
    also = "" if base.cause_id in SEES_NO_HANDSHAKE else likeliest(base)
    if both:
        yield Conclusion(
            f"{both}: the program that answers never treats the request as a handshake. Upgrade "
            f"is lost on the way ({proxy_of(seen)}), or the path leads to something that is not a WebSocket "
            f"endpoint. From outside the two cannot be told apart.{also}{past_the_proxy(seen)} "
            f"{ASK_PAST if not compared(seen) else ''}".rstrip(),
            0.85,
            ("base", "get"),
            f"If Upgrade is lost:\n{mending('upgrade', seen.proxies)}\n"
            f"If the path leads elsewhere:\n{mending('route', seen.proxies)}",
            open=True,
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
    "a rule, or a WebSocket library, refuses it",
    "which",
)
def handshake_refused(seen: Trace) -> Iterator[Conclusion]:
    base, get = seen.base, seen["get"]
    if not _refusing(seen) or _reads(seen) or base.by_server or get is None:
        return
    yield Conclusion(
        f"{base.result()} to the handshake ({written_by(base)}), {get.result()} to a plain GET: a rule against "
        "the handshake, or a WebSocket library that refuses it; the answers cannot tell "
        f"which.{likeliest(base)}{past_the_proxy(seen)}",
        sure(seen, 0.7, 0.85),
        beside(seen, "get"),
        f"{ASK_PAST}\n" + mending("rule", base.proxies or seen.proxies),
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
            f"{refusing} {opens_directly(seen)} The proxy changes the path (or another part: Host, Origin, a "
            f"header) of the request ({proxy_of(seen)}).",
            0.93,
            beside(seen, "get"),
            mending("path", seen.proxies),
        )


CHECK_THE_PATH = "Check the path first, then what the application requires of a handshake; its log shows why."


@rule(
    "a WebSocket library refuses the handshake, directly too",
    "the application itself refuses",
    "why; its log says",
)
def refused_by_app(seen: Trace) -> Iterator[Conclusion]:
    refusing = _refusing(seen)
    if refusing and compared(seen) == "same":
        yield Conclusion(
            f"{refusing} Asked directly, {backend_of(seen)} gives the same answer: the application itself "
            f"refuses (path, credentials, Origin).{likeliest(seen.base)}",
            0.93,
            ("base", "backend"),
            with_code(first_do(seen.base, CHECK_THE_PATH), seen.base),
        )


@rule(
    "a WebSocket library refuses the handshake, whatever else is sent",
    "the path, Origin, Host, credentials or a subprotocol",
    "whether the URL is wrong or a proxy rewrites it, unless the application is asked directly",
    id="handshake-refused",
)
def refused_by_library(seen: Trace) -> Iterator[Conclusion]:
    refusing = _refusing(seen)
    if refusing:
        yield Conclusion(
            f"{refusing} It refuses every variant: the path (wrong in the URL, or rewritten by a proxy), the "
            "Origin or Host, credentials, or a subprotocol. From outside a wrong URL and a proxy that changes "
            f"it cannot be told apart.{likeliest(seen.base)}{past_the_proxy(seen)}",
            0.85,
            ("base", "get"),
            with_code(f"{ASK_PAST}\n" + mending("path", seen.proxies), seen.base),
            open=True,
        )
