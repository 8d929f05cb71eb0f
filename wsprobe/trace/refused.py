"""Rules of a trace: the handshake comes through as it is, and a hop or the application refuses it.

Credentials, redirects, rules on headers, methods and paths, errors of the server, a library that says no.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wsprobe.diagnosis.proxies import mending
from wsprobe.trace.answer import Answer, alike
from wsprobe.trace.changes import Trace, resource_of, values
from wsprobe.trace.conclusion import (
    ASK_PAST,
    Conclusion,
    beside,
    compared,
    hop,
    past_the_proxy,
    quoted,
    sure,
    varnish,
    written_by,
)

TOO_LARGE = frozenset({413, 414, 431, 494})


def credentials(seen: Trace) -> Iterator[Conclusion]:
    base = seen.base
    if base.kind != "http" or base.status not in (401, 407):
        return
    challenge = base.field(b"www-authenticate") or base.field(b"proxy-authenticate")
    if challenge is None or not seen.like_get:
        return
    given = bool(values(seen.start.plan.request, b"authorization"))
    yield Conclusion(
        "unauthorized",
        f"{base.status} with a challenge ({challenge}), to a plain GET too, {written_by(base)}: "
        "credentials are required before anything "
        f"else{', and those that were sent are not accepted' if given else ''}.{past_the_proxy(seen)}",
        sure(seen, 0.95),
        beside(seen, "get"),
        "Send credentials (-u USER:PASSWORD, or -H 'Authorization: ...'). A page cannot set this header: let "
        "it use a cookie, or exempt the path of the socket from the protection.\n"
        + mending("credentials", base.hops),
    )


def redirected(seen: Trace) -> Iterator[Conclusion]:
    base = seen.base
    if base.kind != "http" or not 300 <= (base.status or 0) < 400 or not base.location:
        return
    target = seen.start.plan.target
    there = re.match(r"(?i)([a-z]+):", base.location)
    path = re.sub(r"(?i)^[a-z]+://[^/?#]*", "", base.location).partition("?")[0]
    own = resource_of(seen.start.plan.request).decode("latin-1").partition("?")[0]
    every = "to a plain GET too" if seen.like_get else "but not to a plain GET"
    kind = "elsewhere (a login page, another name or path)"
    fix = (
        "Open the socket at the URL that it leads to, or let the server answer this path without a "
        f"redirect: {base.location}"
    )
    if path != own and path in (own + "/", own.removesuffix("/")):
        kind = (
            "to the same path with its final slash"
            if path.endswith("/")
            else "to the same path without its slash"
        )
        fix = f"Open the path with the slash as it is served: {path}\n" + mending("slash", base.hops)
    elif there is not None and there[1].lower() in ("https", "wss") and not target.secure:
        kind = "to https"
        fix = "Open wss:// in place of ws://.\n" + mending("https", base.hops)
    yield Conclusion(
        "redirected",
        f"{base.status}, {every}: redirected {kind}, {base.location}; {written_by(base)}. Browsers do not "
        f"follow a redirect of a handshake, except WebKitGTK.{past_the_proxy(seen)}",
        sure(seen, 0.95),
        beside(seen, "slash" if "slash" in seen.answers else "get"),
        fix,
    )


def browsers_headers(seen: Trace) -> Iterator[Conclusion]:
    base, own, chromium, firefox = seen.base, seen.own, seen["chromium"], seen["firefox"]
    if chromium is None or own is None or chromium.opens is own.opens:
        return
    if chromium.opens:
        only = firefox is not None and not firefox.opens
        yield Conclusion(
            "browser-headers-wanted",
            f"{base.said()} to the request of wsprobe, 101 to that of Chromium; the Origin alone does not "
            "help: a rule wants another header of browsers (User-Agent, "
            f"Accept-*){', and Firefox does not have it' if only else ''}, by a rule "
            f"({written_by(base)}).{past_the_proxy(seen)}",
            0.93,
            ("base", "chromium"),
            "Nothing, for pages; other clients send a User-Agent that the rule lets pass (-A), or remove "
            "the rule.\n" + mending("rule", base.hops),
        )
        return
    yield Conclusion(
        "browser-refused",
        "The request of wsprobe opens, also with the page's Origin, but that of Chromium does not "
        f"({chromium.said()}, {written_by(chromium)}): a header that only the browser sends is refused "
        "(User-Agent, Accept-Language, Pragma, the extensions that it offers).",
        0.85,
        ("base", "chromium"),
        "Send the browser's headers one by one (-H, -A, --extension) to find which.\n"
        + mending("rule", chromium.hops),
        open=True,
    )


def cookie_and_query(seen: Trace) -> Iterator[Conclusion]:
    base = seen.base
    if base.kind != "http":
        return
    large = base.status in TOO_LARGE or "header-too-large" in base.causes[:1]
    for name, part in (("no-cookie", "the cookie"), ("no-query", "the query")):
        other = seen[name]
        if other is None or (other.status == base.status and not other.opens):
            continue
        if large or (name == "no-cookie" and base.status == 400 and _size(seen, b"cookie") > 4000):
            yield _too_large(seen, name, f"{part} is")
            return
        if other.opens:
            noun = "cookie" if name == "no-cookie" else "query"
            yield Conclusion(
                f"{noun}-refused",
                f"{base.said()} with {part}, 101 without: a rule on the {noun}, or the application refuses "
                f"what is in it ({written_by(base)}).{past_the_proxy(seen)}",
                0.9,
                ("base", name),
                f"Look for a rule on the {noun} in the proxy, and for what the application does with it.\n"
                + mending("rule", base.hops),
            )
            return
    if large:
        yield _too_large(seen, "get", "a field of the request is")


def _size(seen: Trace, name: bytes) -> int:
    return sum(map(len, values(seen.start.plan.request, name)))


def _too_large(seen: Trace, name: str, what: str) -> Conclusion:
    base = seen.base
    return Conclusion(
        "header-too-large",
        f"{base.said()}, {quoted(base)}: {what} too large for a hop "
        f"({written_by(base)}).{past_the_proxy(seen)}",
        0.95,
        ("base", name) if name in seen.answers else ("base",),
        mending("large", base.hops or seen.hops),
    )


def compared_whole(seen: Trace) -> Iterator[Conclusion]:
    other = seen["keepalive-upgrade"]
    if not seen.base.opens or other is None or other.opens or other.kind == "interrupted":
        return
    yield Conclusion(
        "connection-compared",
        f"Opens with Connection: Upgrade, and with Connection: keep-alive, Upgrade gets {other.said()}: a hop "
        "compares the whole value, where Connection is a list (RFC 9110 section 7.6.1). Older Firefox and "
        "some clients send the long form.",
        0.93,
        ("base", "keepalive-upgrade"),
        mending("connection", seen.hops),
    )


def rule_against_upgrade(seen: Trace) -> Iterator[Conclusion]:
    """Refused, but without Upgrade it goes on; and the handshake's other fields change nothing."""
    base, get, bare, version = seen.base, seen["get"], seen["no-upgrade"], seen["no-version"]
    if base.kind == "cut" and get is not None and get.kind == "http":
        yield Conclusion(
            "handshake-dropped",
            f"The handshake is cut without a byte ({base.said()}), a plain GET is answered ({get.said()}): a "
            "rule drops requests with Upgrade, or the application ends the connection (wrong path, a "
            f"subprotocol that it wants, a crash).{past_the_proxy(seen)}",
            sure(seen, 0.75, 0.9),
            beside(seen, "get"),
            f"Look in the log of the application first. {ASK_PAST}",
            open=True,
        )
        return
    if base.kind != "http" or get is None or seen.like_get or bare is None:
        return
    if alike(bare, base) or version is None or not alike(version, base) or base.by_server:
        return
    if (base.status or 0) >= 500:
        return
    proxy = base.by_proxy
    if not proxy and base.status == 400:
        yield Conclusion(
            "handshake-not-understood",
            f"400 to any request with Upgrade, another answer without ({bare.said()}); the version changes "
            "nothing: a library that misses Sec-WebSocket-Key or -Version, which a hop took away, or a rule "
            f"against Upgrade.{past_the_proxy(seen)}",
            0.7,
            ("base", "no-upgrade"),
            mending("header", seen.hops, part="Sec-WebSocket-Key"),
            open=True,
        )
        return
    yield Conclusion(
        "upgrade-refused",
        f"{base.said()} to any request with Upgrade ({written_by(base)}); without Upgrade, or as a plain GET, "
        f"it goes on ({bare.said()}): a rule against Upgrade.{past_the_proxy(seen)}",
        sure(seen, 0.92 if proxy else 0.75),
        ("base", "no-upgrade"),
        mending("refuses-upgrade", base.hops or seen.hops),
    )


def server_error(seen: Trace) -> Iterator[Conclusion]:
    base, get = seen.base, seen["get"]
    if base.kind != "http" or get is None or (base.status or 0) < 500:
        return
    if alike(base, get):
        yield Conclusion(
            "server-error",
            f"{base.status} for every request, a plain GET too, {written_by(base)}: that server fails by "
            "itself (a module or handler for the upstream's scheme is missing, TLS to a plain port, a tarpit, "
            f"or an application that raises).{past_the_proxy(seen)}",
            sure(seen, 0.88),
            beside(seen, "get"),
            mending("error", base.hops),
        )
        return
    yield Conclusion(
        "handshake-fails",
        f"{base.status} to the handshake ({written_by(base)}), another answer to a plain GET ({get.said()}): "
        "behind the proxy the handshake fails: the application ended the connection or raised, or the proxy "
        f"sends handshakes to another place than plain requests.{past_the_proxy(seen)}",
        sure(seen, 0.8),
        beside(seen, "get"),
        f"Look in the log of the application, and of the proxy. {ASK_PAST}\n" + mending("error", base.hops),
        open=True,
    )


def refused_by_library(seen: Trace) -> Iterator[Conclusion]:
    """A WebSocket library reads this handshake: Upgrade has passed."""
    base, get, version = seen.base, seen["get"], seen["no-version"]
    if base.kind != "http" or get is None or seen.like_get:
        return
    reads = version is not None and not alike(version, base)
    if not reads and not base.by_server and alike(base, get):
        return  # only the head differs: another hop wrote into it
    refusing = f"{base.said()} to the handshake ({written_by(base)}), {get.said()} to a plain GET"
    if not reads and not base.by_server:
        yield Conclusion(
            "handshake-refused",
            f"{refusing}: a rule against the handshake, or a WebSocket library that refuses it; the "
            f"answers do not show which.{past_the_proxy(seen)}",
            sure(seen, 0.7, 0.85),
            beside(seen, "get"),
            f"{ASK_PAST}\n" + mending("rule", base.hops or seen.hops),
            open=True,
        )
        return
    shown = "a bad version gets another answer, so " if reads else ""
    refusing += f"; {shown}a WebSocket library reads the handshake: Upgrade has passed."
    match compared(seen):
        case "opens":
            yield Conclusion(
                "request-changed",
                f"{refusing} Without the proxy the same bytes open (101): the proxy changes the path (or "
                f"another part: Host, Origin, a header) of the request: {hop(seen)}.",
                0.93,
                beside(seen, "get"),
                mending("path", seen.hops),
            )
        case "same":
            yield Conclusion(
                "refused-by-app",
                f"{refusing} Without the proxy the same answer: the application itself refuses (path, "
                "credentials, Origin).",
                0.93,
                ("base", "backend"),
                "Check the path first, then what the application asks of a handshake; its log says why.",
            )
        case _:
            yield Conclusion(
                "handshake-refused",
                f"{refusing} It refuses this request whatever else is sent: the path (wrong in the URL, or "
                "rewritten by a hop), the Origin or Host, credentials, or a subprotocol. Whether the URL or a "
                f"hop is wrong cannot be told from outside.{past_the_proxy(seen)}",
                0.85,
                ("base", "get"),
                f"{ASK_PAST}\n" + mending("path", seen.hops),
                open=True,
            )


def method(seen: Trace) -> Iterator[Conclusion]:
    base, post = seen.base, seen["post"]
    if base.kind != "http" or not seen.like_get:
        return
    passes = post is not None and post.kind == "http" and not alike(post, base) and post.status != 405
    if base.status == 405 or (base.status == 403 and passes):
        yield Conclusion(
            "method-refused",
            f"{base.status} to every GET, with or without Upgrade ({written_by(base)}): a rule on the method."
            + (f" POST gets {post.said()}." if passes and post is not None else "")
            + past_the_proxy(seen),
            sure(seen, 0.88),
            beside(seen, "post" if passes else "get"),
            "A handshake is a GET: let the method pass on this path.\n" + mending("rule", base.hops),
        )


def slash(seen: Trace) -> Iterator[Conclusion]:
    base, other = seen.base, seen["slash"]
    if base.kind != "http" or other is None or base.status not in (200, 404):
        return
    if other.opens or (other.by_server and other.status != base.status):
        path = resource_of(other.reading.sent).decode("latin-1")
        end = "opens" if other.opens else f"reaches a WebSocket library ({other.said()})"
        yield Conclusion(
            "slash",
            f"{base.said()} to handshake and plain GET alike; {path} {end}: the route is for that form of the "
            "path only, and what was asked is answered by something that is not a WebSocket "
            f"endpoint.{past_the_proxy(seen)}",
            sure(seen, 0.95 if other.opens else 0.85),
            beside(seen, "slash"),
            f"Open {path}, or let the route match both.\n" + mending("slash", seen.hops),
        )


def nobody_sees_it(seen: Trace) -> Iterator[Conclusion]:
    """The same answer to handshake and plain GET: Upgrade lost, or the path leads to something else."""
    base, get = seen.base, seen["get"]
    if base.kind != "http" or get is None or not alike(base, get):
        return
    past, past_get = compared(seen), seen["backend-get"]
    same_for_both = f"A handshake and a plain GET get the same {base.status} ({written_by(base)})"
    if past == "opens" and past_get is not None:
        if alike(past_get, base) and base.author.role != "proxy":
            yield Conclusion(
                "upgrade-lost",
                f"{same_for_both}. Without the proxy the same bytes open (101), and a plain GET there gets the "
                "same body: the application is reached and sees a plain GET, so Upgrade and Connection are "
                f"lost on the way: {hop(seen)}.{varnish(seen)}",
                0.97,
                ("base", "backend-get"),
                mending("upgrade", seen.hops),
            )
        elif base.status == 400 and not base.by_proxy:
            yield Conclusion(
                "request-changed",
                f"{same_for_both}, {quoted(base)}. Without the proxy the same bytes open (101): what arrives "
                "at the program that answers is another request: the proxy changes it (a field, a PROXY line "
                f"before it, Host), or sends it to another program: {hop(seen)}.",
                0.85,
                beside(seen, "get"),
                mending("route", seen.hops),
                open=True,
            )
        elif base.status in (401, 403):
            yield Conclusion(
                "blocked-by-rule",
                f"{same_for_both}. Without the proxy the same bytes open (101): a rule of the proxy refuses, "
                f"not the application: {hop(seen)}.",
                0.95,
                beside(seen, "get"),
                mending("rule", base.hops or seen.hops),
            )
        else:
            yield Conclusion(
                "elsewhere",
                f"{same_for_both}. Without the proxy the same bytes open (101), and a plain GET there gets "
                f"another answer ({past_get.said()}): the proxy does not send this request to the "
                f"application; it changes the path, or sends it to another program or page: {hop(seen)}.",
                0.95,
                ("base", "backend-get"),
                mending("route", seen.hops),
            )
        return
    if past == "same":
        yield Conclusion(
            "refused-by-app",
            f"{same_for_both}, and without the proxy as well: the application itself answers so. It wants "
            "something that was not sent (a session's cookie, a token), or has no WebSocket on this path.",
            0.93,
            ("base", "backend"),
            "Send what a page would have (-b 'session=...', -H), then check the path in the application.",
        )
        return
    if base.status in (401, 403, 407):
        whose = f"a rule of {base.author.who}" if base.by_proxy else "a rule of a hop or of the application"
        yield Conclusion(
            "refused-to-all",
            f"{same_for_both}, {quoted(base)}: {whose} refuses whatever was changed here. It wants something "
            "that was not sent (a session's cookie, a token), or objects to the address or the path. Which "
            "hop it is cannot be known.",
            0.85,
            ("base", "get"),
            "Send what a page would have: -b 'session=...', -u, -H.\n" + mending("rule", base.hops),
            open=True,
        )
        return
    if base.by_proxy or (base.status == 200 and _is_page(base)):
        whose = base.author.who if base.by_proxy else "something that serves pages"
        yield Conclusion(
            "no-route",
            f"{same_for_both}, {quoted(base)}: this path is answered by {whose}, which is not a WebSocket "
            "endpoint; there is no route to the application for it (another path, another name, a rule that "
            f"comes first).{past_the_proxy(seen)}",
            0.9,
            ("base", "get"),
            mending("route", base.hops or seen.hops),
        )
        return
    side = varnish(seen)
    if base.field(b"x-varnish") is not None:
        yield Conclusion(
            "upgrade-lost",
            f"{same_for_both}.{side}{past_the_proxy(seen)} The path may be wrong as well.",
            0.92,
            ("base", "get"),
            mending("upgrade", ("varnish",)),
        )
        return
    yield Conclusion(
        "upgrade-lost" if side else "upgrade-lost-or-elsewhere",
        f"{same_for_both}: the program that answers never treats the request as a handshake. Upgrade "
        f"is lost on the way ({hop(seen)}), or the path leads to something that is not a WebSocket "
        f"endpoint. From outside the two cannot be told apart.{side}{past_the_proxy(seen)} "
        f"{ASK_PAST if not past else ''}".rstrip(),
        0.85,
        ("base", "get"),
        f"If Upgrade is lost:\n{mending('upgrade', seen.hops)}\n"
        f"If the path leads elsewhere:\n{mending('route', seen.hops)}",
        open=True,
    )


def _is_page(answer: Answer) -> bool:
    kind = answer.field(b"content-type") or ""
    return (
        not answer.text
        or kind.lower().startswith(("text/html", "application/xhtml"))
        or "<html" in answer.text[:400]
    )
