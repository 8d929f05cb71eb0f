"""What the answers of a trace mean together. Data: the rows are read in order, and the first that fits decides.

The order and the likelihoods come from 191 measured chains of a proxy and an application with one fault each
(11 proxies, 8 chains of two). They are no error rate: other chains exist. What cannot be told apart from
outside is said as one conclusion that leaves it open.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import msgspec

from wsprobe.signatures.answer import AUTHORS
from wsprobe.trace import mend
from wsprobe.trace.answer import Answer, alike, ended_in_silence, same
from wsprobe.trace.changes import NO_PROTOCOL, Seen, resource_of, values

TOO_LARGE = frozenset({413, 414, 431, 494})


class Conclusion(msgspec.Struct, frozen=True):
    """What the answers most likely mean."""

    id: str
    text: str
    likely: float
    """0 to 1, by how often it was so in the measured chains."""
    because: tuple[str, ...]
    """The names of the changes whose answers show it side by side."""
    fix: str = ""
    """What to write in that proxy or framework, or to do; "" if nothing is broken."""
    open: bool = False
    """True if it names causes that cannot be told apart by these answers."""


class Row(msgspec.Struct, frozen=True):
    """One row of the table. *ids*: the conclusions it may come to."""

    ids: tuple[str, ...]
    pattern: str
    """What is seen."""
    means: str
    cannot: str
    """What it cannot know."""
    find: Callable[[Seen], Iterator[Conclusion]]


# -- words about hops


def hop(seen: Seen) -> str:
    """The proxy that a fault is laid at, as far as it is named."""
    names = tuple(map(title, seen.hops))
    if not names:
        return "a proxy before the application, which does not name itself"
    if len(names) == 1:
        return f"a proxy before the application; {names[0]} names itself, and need not be the only one"
    return f"one of the proxies before the application; {' and '.join(names)} name themselves"


def title(hop: str) -> str:
    """A hop as people call it."""
    return AUTHORS[hop][0] if hop in AUTHORS else hop


def written_by(answer: Answer) -> str:
    """Who wrote *answer*, as far as its marks show it."""
    if answer.author.author:
        return f"written by {answer.author.who}"
    if answer.server:
        return f"by whom is not shown: the Server field ({', '.join(answer.server)}) is no signature"
    return "by whom is not shown"


def quoted(answer: Answer) -> str:
    """The first words of its body."""
    text = " ".join(answer.text.split())
    return f'"{text[:80]}{"..." if len(text) > 80 else ""}"' if text else "an empty body"


def compared(seen: Seen) -> str:
    """What the answer past the proxy adds: ``opens``, ``same``, ``other``, ``not reached``; "" if nothing.

    ``opens`` counts with the page's Origin too, where the application wants one.
    """
    past, base = seen.past, seen.base
    if past is None:
        return ""
    origin = seen["backend-origin"]
    if past.opens and (base.opens or origin is None or origin.opens):
        return "opens"
    if origin is not None and origin.opens and not (seen.own is not None and seen.own.opens):
        return "opens"
    if past.kind in ("not-reached", "interrupted"):
        return "not reached"
    if origin is not None and not past.opens:
        return "same" if seen.own is not None and alike(origin, seen.own) else "other"
    return "same" if alike(past, base) else "other"


def past_the_proxy(seen: Seen) -> str:
    """A sentence about the pair past the proxy, with a space before it; "" if it was not asked."""
    match compared(seen):
        case "opens":
            return " Past the proxy the same bytes open (101): the proxy is at fault, not the application."
        case "same":
            return " Past the proxy the same bytes get the same answer: it is the application's own."
        case "not reached":
            return " Past the proxy nothing was reached, so that says nothing."
        case "other":
            return (
                " Past the proxy the answer is another one, and no 101 either: the application refuses as well."
            )
        case _:
            return ""


def sure(seen: Seen, outside: float, inside: float = 0.97) -> float:
    """*outside*, or *inside* if the bytes open past the proxy."""
    return inside if compared(seen) == "opens" else outside


def beside(seen: Seen, name: str) -> tuple[str, ...]:
    """The two answers that show it: base and *name*; past the proxy instead, where that opens."""
    if compared(seen) == "opens":
        opening = ("backend-origin", "backend-plain", "backend")
        past = next((each for each in opening if (found := seen[each]) is not None and found.opens), "backend")
        return ("base" if not seen.base.opens else "origin", past)
    return ("base", name) if name in seen.answers else ("base",)


ASK_PAST = "To know, ask past the proxy as well: --backend HOST:PORT of the application."


# -- rules, in the order of the table


def unsteady(seen: Seen) -> Iterator[Conclusion]:
    if seen.base.kind == "http" and (seen.base.status == 429 or seen.base.causes[:1] == ("rate-limit",)):
        yield Conclusion(
            "rate-limit",
            f"{seen.base.status} from the first request on, {written_by(seen.base)}: a limit counts the "
            "requests, and is used up already. What the other requests got means "
            f"nothing.{past_the_proxy(seen)}",
            0.93 if seen.base.status == 429 else 0.8,
            beside(seen, "again-1"),
            "Wait as long as Retry-After says, or a minute, and trace again.\n"
            + mend.lines("limit", seen.base.hops or seen.hops),
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
            "rate-limit",
            f"A limit counts the requests: the same handshake got {seen.base.said()} first and {one.status} "
            f"later (from the request '{first}' on), {written_by(one)}. What the other requests got after "
            f"that means nothing.{past_the_proxy(seen)}",
            0.95 if one.status == 429 else 0.85,
            ("base", name),
            mend.lines("limit", one.hops or seen.hops),
        )
        if one.status == 429:
            return
        yield _one_of_several(seen, name, 0.15)
        return
    yield _one_of_several(seen, name, 0.9 if not steady else 0.7)


def _one_of_several(seen: Seen, name: str, likely: float) -> Conclusion:
    other = seen[name]
    assert other is not None
    return Conclusion(
        "one-of-several",
        f"The same handshake got {seen.base.said()} once and {other.said()} another time: one of several "
        "servers (or addresses) behind this name is wrong, or something counts the requests. No other "
        "difference between the requests means anything while this is so.",
        likely,
        ("base", name),
        "Ask each server by itself (--backend HOST:PORT, or --each-address), and compare.",
        open=True,
    )


def addresses(seen: Seen) -> Iterator[Conclusion]:
    named = {name: each for name, each in seen.answers.items() if name.startswith("address ")}
    for name, each in named.items():
        if not alike(each, seen.base):
            yield Conclusion(
                "addresses-differ",
                f"The addresses of the name do not serve the same: {_address(seen.base)} gets "
                f"{seen.base.said()}, {name.removeprefix('address ')} gets {each.said()}. A client takes "
                "either. Diagnose each alone.",
                0.97,
                ("base", name),
                "Make the server listen at each address that the name has (nginx: listen [::]:443 beside "
                "listen 443), or take the address out of the DNS.",
            )
            return


def _address(answer: Answer) -> str:
    for event in answer.reading.exchange.events:
        address = getattr(event, "address", "")
        if address:
            return str(address)
    return "the first"


def not_reached(seen: Seen) -> Iterator[Conclusion]:
    base = seen.base
    if base.kind == "interrupted":
        return
    if base.kind == "not-reached":
        why = next((f.text for f in base.report.verdict.findings if f.level == "fail"), base.report.outcome)
        if compared(seen) == "opens":
            why += "; past the proxy the same bytes open, so the application lives"
        yield Conclusion(
            "not-reached",
            f"No request was sent: {why}.",
            0.97,
            ("base",),
            f"wsprobe explain {base.report.outcome}",
        )
    elif "plain-to-tls-port" in base.found:
        yield Conclusion(
            "tls-port",
            f"This port speaks TLS, and was asked in plain text: {quoted(base)}.",
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


def http2_only(seen: Seen) -> Iterator[Conclusion]:
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
        mend.lines("http2-only", seen.hops),
    )


def _over_http2(answer: Answer) -> str:
    """What came of the handshake over HTTP/2, in words."""
    if answer.opens:
        return "200: it opens"
    if answer.kind == "not-taken":
        return "and takes no WebSockets over it"
    return answer.said()


ENABLE_CONNECT_PROTOCOL = 8


def http2_announced(seen: Seen) -> Iterator[Conclusion]:
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
        mend.lines("http2-announced", over.hops or seen.hops),
    )


def cut(seen: Seen) -> Iterator[Conclusion]:
    base, get = seen.base, seen["get"]
    if base.kind != "cut" or get is None or get.kind not in ("cut", "not-reached"):
        return
    secure = seen.start.plan.target.secure
    how = base.said()
    causes = [
        "what stands behind it is dead or speaks another protocol (TLS inside, a PROXY line missing there)"
    ]
    if secure and "http2" not in seen.answers:
        causes.append("it speaks HTTP/2 only (ALPN h2), which was not tried")
    elif not secure:
        causes.append("it speaks TLS only")
    drops = "a rule drops the request (nginx: return 444; HAProxy: reject)"
    wants = "it wants a PROXY line first (HAProxy: accept-proxy)"
    causes = [wants, drops, *causes] if how == "reset" else [*causes, drops, wants]
    yield Conclusion(
        "cut-at-once",
        f"Every request, a plain GET too, is cut without a byte ({how}): the first hop, the listener itself, "
        f"ends it. Either {'; or '.join(causes)}. Which of these is not shown.{past_the_proxy(seen)}",
        sure(seen, 0.9),
        beside(seen, "get"),
        mend.lines("cut", seen.hops),
        open=True,
    )


def unreachable(seen: Seen) -> Iterator[Conclusion]:
    """Cut or silent where a GET gets a 5xx; or the same 5xx for both."""
    base, get = seen.base, seen["get"]
    if get is None or get.kind != "http" or (get.status or 0) < 500:
        return
    if base.kind in ("cut", "silent"):
        yield Conclusion(
            "upstream-unreachable",
            f"The handshake is {'cut without an answer' if base.kind == 'cut' else 'never answered'}, a plain "
            f"GET gets {get.status} ({written_by(get)}): the proxy is up and does not reach the application "
            "(down, wrong port, or TLS where there is none). Once it tunnels, it has no way to say "
            f"so.{past_the_proxy(seen)}",
            sure(seen, 0.9),
            ("base", "get"),
            mend.lines("upstream", get.hops or seen.hops),
        )
        return
    if base.kind != "http" or not alike(base, get) or base.status not in (502, 503, 504):
        return
    hint = ""
    if base.author.author == "haproxy" and base.status == 503:
        slow = base.seconds is not None and base.seconds >= 0.8
        hint = (
            " It took about a second: connecting or TLS failed, and was tried again."
            if slow
            else " It came at once: no server is up (a health check failed), or none is configured."
        )
    elif base.author.author == "haproxy" and base.status == 502:
        hint = " HAProxy says so where the server did answer, but not with HTTP (TLS, or another protocol)."
    whose = written_by(base) if base.by_proxy else f"{written_by(base)}, most likely a proxy"
    yield Conclusion(
        "upstream-unreachable",
        f"{base.status} for every request, a plain GET too, {whose}: a proxy is up and cannot use what is "
        "behind it (down, wrong port, TLS or HTTP/2 where the other side speaks plain HTTP/1.1, or marked "
        f"down). Which of these is not shown.{hint}{past_the_proxy(seen)}",
        sure(seen, 0.9 if base.by_proxy else 0.7),
        beside(seen, "get"),
        mend.lines("upstream", base.hops or seen.hops),
    )


def unanswered(seen: Seen) -> Iterator[Conclusion]:
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
        "upgrade-unhandled",
        "The handshake is never answered, while the connection stays open; the same without Upgrade is "
        f"answered at once ({get.said()}): the hop that holds the socket (as a rule a Node server: a "
        "development server, http-proxy-middleware, Vite) takes upgrades and has no handler for this "
        f"path.{past_the_proxy(seen)}",
        sure(seen, 0.92),
        ("base", other),
        mend.lines("unhandled", seen.hops),
    )


def credentials(seen: Seen) -> Iterator[Conclusion]:
    base = seen.base
    if base.kind != "http" or base.status not in (401, 407):
        return
    challenge = base.field(b"www-authenticate") or base.field(b"proxy-authenticate")
    if challenge is None or not seen.like_get:
        return
    given = bool(values(seen.start.plan.request, b"authorization"))
    yield Conclusion(
        "credentials-wanted",
        f"{base.status} with a challenge ({challenge}), to a plain GET too, {written_by(base)}: credentials "
        "are wanted before anything "
        f"else{', and those that were sent are not accepted' if given else ''}.{past_the_proxy(seen)}",
        sure(seen, 0.95),
        beside(seen, "get"),
        "Send credentials (-u USER:PASSWORD, or -H 'Authorization: ...'). A page cannot set this header: let "
        "it use a cookie, or leave the socket's path out of the protected part.\n"
        + mend.lines("credentials", base.hops),
    )


def redirected(seen: Seen) -> Iterator[Conclusion]:
    base = seen.base
    if base.kind != "http" or not 300 <= (base.status or 0) < 400 or not base.location:
        return
    target = seen.start.plan.target
    there = re.match(r"(?i)([a-z]+):", base.location)
    path = re.sub(r"(?i)^[a-z]+://[^/?#]*", "", base.location).partition("?")[0]
    own = resource_of(seen.start.plan.request).decode("latin-1").partition("?")[0]
    every = "to a plain GET too" if seen.like_get else "and not to a plain GET"
    kind = "elsewhere (a login page, another name or path)"
    fix = (
        f"Open the socket at the place that it leads to, or answer the path without a redirect: {base.location}"
    )
    if path != own and path in (own + "/", own.removesuffix("/")):
        kind = (
            "to the same path with its final slash"
            if path.endswith("/")
            else "to the same path without its slash"
        )
        fix = f"Open the path with the slash as it is served: {path}\n" + mend.lines("slash", base.hops)
    elif there is not None and there[1].lower() in ("https", "wss") and not target.secure:
        kind = "to https"
        fix = "Open wss:// in place of ws://.\n" + mend.lines("https", base.hops)
    yield Conclusion(
        "redirected",
        f"{base.status}, {every}: redirected {kind}, {base.location}; {written_by(base)}. Browsers do not "
        f"follow a redirect of a handshake, except WebKitGTK.{past_the_proxy(seen)}",
        sure(seen, 0.95),
        beside(seen, "slash" if "slash" in seen.answers else "get"),
        fix,
    )


class Complaint(msgspec.Struct, frozen=True):
    """Words that call a part of the request missing or wrong, and what it means if that was sent right."""

    id: str
    part: str
    words: str
    sent: Callable[[bytes], bool]
    """True if the request had it, and right."""
    topic: str
    likely: float = 0.96


def _has(name: bytes, value: bytes = b"") -> Callable[[bytes], bool]:
    return lambda request: any(value in each.lower() for each in values(request, name))


def _is_1_1(request: bytes) -> bool:
    return request.partition(b"\r\n")[0].endswith(b" HTTP/1.1")


def _is_upgrade(request: bytes) -> bool:
    return _has(b"upgrade", b"websocket")(request) and _has(b"connection", b"upgrade")(request)


COMPLAINTS: tuple[Complaint, ...] = (
    Complaint(
        "http-version-lost",
        "the HTTP version",
        r"(?i)unsupported http version|at least http/1\.1|http/1\.0 (?:is )?not supported|must be http/1\.1",
        _is_1_1,
        "http-1.1",
    ),
    Complaint(
        "key-lost",
        "Sec-WebSocket-Key",
        r"(?i)(?:missing|invalid|bad|no|without|empty)[^.\n]{0,30}sec-websocket-key"
        r"|sec-websocket-key[^.\n]{0,30}(?:missing|invalid|required|not found|is empty)",
        _has(b"sec-websocket-key"),
        "header",
    ),
    Complaint(
        "version-lost",
        "Sec-WebSocket-Version",
        r"(?i)(?:missing|invalid|bad|no|unsupported|without)[^.\n]{0,30}"
        r"(?:sec-websocket-version|websocket[- ]version)"
        r"|sec-websocket-version[^.\n]{0,30}(?:missing|invalid|required|not found)",
        _has(b"sec-websocket-version", b"13"),
        "header",
    ),
    Complaint(
        "upgrade-lost",
        "Upgrade or Connection",
        r"(?i)(?:missing|invalid|bad|no|empty)\W+(?:connection|upgrade) header"
        r"|(?:connection|upgrade) header[^.\n]{0,40}(?:missing|invalid|not found|required|does not contain)"
        r"|you need a websocket client|not websocket protocol"
        r"|invalid websocket upgrade|no websocket upgrade hdr"
        r"|\AUpgrade Required\s*\Z",
        _is_upgrade,
        "upgrade",
    ),
)


def lost(seen: Seen) -> Iterator[Conclusion]:
    """The strongest rule: the body calls something missing or wrong that was sent right."""
    base = seen.base
    if base.kind != "http" or base.opens:
        return
    request = base.reading.sent
    stripped = bool(base.found & {"upgrade-stripped"})
    for each in COMPLAINTS:
        said = re.search(each.words, base.text) or (each.id == "upgrade-lost" and stripped)
        if each.id == "http-version-lost" and base.status == 505:
            said = True
        if said and each.sent(request):
            yield _lost(seen, each)
            return
    if base.status == 426 and seen.like_get and _is_upgrade(request):
        yield _lost(seen, COMPLAINTS[-1])


def _lost(seen: Seen, of: Complaint) -> Conclusion:
    base, get = seen.base, seen["get"]
    arrives = ""
    if of.id in ("key-lost", "version-lost") and get is not None and not alike(base, get):
        arrives = " Upgrade and Connection do arrive: a plain GET gets another answer."
    if seen.like_get:
        arrives = " A plain GET gets the same answer."
    return Conclusion(
        of.id,
        f"The answer {base.status} says that {of.part} is missing or wrong: {quoted(base)}. wsprobe sent it, "
        "and sent it right, so a hop before the program that wrote this takes it away or changes it: "
        f"{hop(seen)}.{arrives}{varnish(seen)}{past_the_proxy(seen)}",
        sure(seen, of.likely, 0.98),
        beside(seen, "get"),
        mend.lines(of.topic, seen.hops, part=of.part),
    )


def varnish(seen: Seen) -> str:
    """On which side of Varnish a handshake became a plain request; "" if there is no Varnish."""
    base, get = seen.base, seen["get"]
    if get is None or "varnish" not in get.hops:
        return ""
    if base.field(b"x-varnish") is not None:
        return (
            " The answer to the handshake carries X-Varnish: Varnish fetched it as a plain request and did not "
            "pipe it, so Upgrade was lost at Varnish or before it."
        )
    return (
        " The answer to the handshake carries no X-Varnish, and the one to a plain GET does: Varnish piped the "
        "handshake, so Upgrade was lost in the pipe (fields not copied) or behind Varnish."
    )


def accept(seen: Seen) -> Iterator[Conclusion]:
    base = seen.base
    if base.kind != "invalid":
        return
    has = base.field(b"sec-websocket-accept") is not None
    wrong = [f for f in base.report.verdict.findings if f.id.startswith("accept-") and f.level == "fail"]
    if not wrong and has:
        why = next((f.text for f in base.report.verdict.findings if f.level == "fail"), "a rule is broken")
        yield Conclusion(
            "invalid-101",
            f"A 101 that no client accepts: {why}.{past_the_proxy(seen)}",
            0.8,
            beside(seen, "get"),
            "wsprobe connect names every rule that is broken. " + ASK_PAST,
            open=True,
        )
        return
    what = (
        "A 101 with a Sec-WebSocket-Accept that does not belong to the key that was sent: a hop changes "
        "Sec-WebSocket-Key (HAProxy makes a new one where it was removed)"
        if has
        else "A 101 without Sec-WebSocket-Accept: a hop filters the answer's fields"
    )
    yield Conclusion(
        "key-changed" if has else "accept-lost",
        f"{what}: {hop(seen)}; or the application computes it wrongly.{past_the_proxy(seen)}",
        sure(seen, 0.8),
        beside(seen, "get"),
        mend.lines("header" if has else "accept", seen.hops, part="Sec-WebSocket-Key"),
    )


OTHER_HOST = re.compile(r'(?i)not authorized for host "([^"]+)"')


def host_of(request: bytes) -> str:
    return next(iter(values(request, b"host")), b"").decode("latin-1")


def host(seen: Seen) -> Iterator[Conclusion]:
    """Opens without an Origin and refuses every Origin, the page's own too; or the body names the Host."""
    base, own, bare = seen.base, seen.own, seen.without_origin
    if base.kind == "http" and base.causes[:1] == ("host",):
        yield Conclusion(
            "host-refused",
            f"{base.status}, {quoted(base)}: the application refuses the Host. Either a hop sets its own Host "
            f"({hop(seen)}), or the name is not in the application's list.{past_the_proxy(seen)}",
            sure(seen, 0.85),
            beside(seen, "get"),
            mend.lines("host", seen.hops)
            + "\nOr add the name to the application's list (Starlette: allowed_hosts, Django: ALLOWED_HOSTS, "
            "Vite: server.allowedHosts).",
            open=compared(seen) != "opens",
        )
        return
    if own is None or bare is None or own is bare or not bare.opens or own.opens:
        return
    name = "origin" if "origin" in seen.answers else "base"
    free = "no-origin" if seen.start.has_origin else "base"
    other = seen["origin-other"]
    all_ = (
        "every Origin is refused, the page's own too"
        if other is not None
        else "the page's own Origin is refused"
    )
    if seen["chromium"] is not None and other is not None and other.opens:
        all_ = "the page's own Origin is refused"
    said = f"Opens without an Origin; {all_} ({own.said()}"
    told = OTHER_HOST.search(own.text)
    if told is not None and told[1] != host_of(own.reading.sent):
        yield Conclusion(
            "host-changed",
            f"{said}), and the body names another Host ({told[1]}) than the one that was sent: a hop changes "
            f"it: {hop(seen)}.{past_the_proxy(seen)}",
            sure(seen, 0.96),
            (free, name),
            mend.lines("host", seen.hops),
        )
        return
    past = seen["backend-origin"]
    if past is None and seen.start.has_origin:
        past = seen.past
    if past is not None and past.opens:
        yield Conclusion(
            "host-changed",
            f"{said}). Past the proxy the same Origin and Host open (101): the proxy changes Host (or "
            f"Origin), and the application compares the two: {hop(seen)}.",
            0.97,
            (name, "backend-origin" if "backend-origin" in seen.answers else "backend"),
            mend.lines("host", seen.hops),
        )
        return
    if past is not None and past.kind == "http":
        yield Conclusion(
            "origin-not-allowed",
            f"{said}), past the proxy as well: the application does not allow this Origin, whatever the proxy "
            "does.",
            0.93,
            (free, name),
            "Add the page's Origin to the application's list.",
        )
        return
    yield Conclusion(
        "host-changed-or-origin-list",
        f"{said}, {written_by(own)}): the application compares Origin with another Host than the one that was "
        f"sent, because a hop rewrites Host (or drops its port): {hop(seen)}; or it allows another Origin "
        f"only. Which of these cannot be told from outside. {ASK_PAST}",
        0.85,
        (free, name),
        mend.lines("host", seen.hops)
        + "\nOr add the page's Origin to the application's list (ask with --origin).",
        open=True,
    )


OF_ORIGIN = re.compile(r"(?i)\borigin\b")
NO_ORIGIN = re.compile(
    r"(?i)(?:missing|no|without|empty)[^.\n]{0,12}origin|origin[^.\n]{0,20}(?:missing|required)"
)
AN_ORIGIN = re.compile(r"(?i)\b(?:https?://[^\s\"'<>,;]+|null)(?=[\s\"'<>,;.]|$)")


def origin(seen: Seen) -> Iterator[Conclusion]:
    base, own, other = seen.base, seen.own, seen["origin-other"]
    if own is None or (base.opens and own.opens):
        return
    bare = seen.without_origin
    if own.opens and bare is not None and not bare.opens:
        if other is not None and other.opens:
            yield Conclusion(
                "origin-rule",
                f"{bare.said()} without an Origin, 101 with any: a rule only wants the header to be there "
                f"({written_by(bare)}). Browsers send it always.{past_the_proxy(seen)}",
                0.93,
                ("base", "origin-other"),
                "Nothing, for pages; a client that is no browser has to send Origin (--origin).\n"
                + mend.lines("rule", bare.hops),
            )
        else:
            known = other is not None
            yield Conclusion(
                "origin-wanted",
                f"{bare.said()} without an Origin{' and with another one' if known else ''}, 101 with the "
                f"page's own ({seen.start.origin}): the application (or a hop) wants "
                f"{'this Origin' if known else 'an Origin, this one or any'}; path, Upgrade and the "
                f"application are in order. {written_by(bare).capitalize()}.{past_the_proxy(seen)}",
                0.94 if known else 0.8,
                ("base", "origin"),
                "Nothing, for pages of that Origin. For another page, add its Origin to the application's "
                "list; a client that is no browser has to send it (--origin).",
                open=not known,
            )
        return
    if own.kind != "http" or not OF_ORIGIN.search(own.text) or own.opens:
        return
    sent = next(iter(values(own.reading.sent, b"origin")), b"").decode("latin-1")
    named = [each.rstrip(".") for each in AN_ORIGIN.findall(own.text)]
    name = "base" if seen.start.has_origin else "origin"
    side = (
        (name, "backend-origin")
        if compared(seen) == "opens" and "backend-origin" in seen.answers
        else ("base", name)
    )
    if sent and NO_ORIGIN.search(own.text):
        yield Conclusion(
            "origin-lost",
            f"{own.said()}, and the body says {quoted(own)}, although an Origin was sent: a hop drops it: "
            f"{hop(seen)}.{past_the_proxy(seen)}",
            sure(seen, 0.95),
            side,
            mend.lines("header", seen.hops, part="Origin"),
        )
    elif sent and named and sent not in named:
        yield Conclusion(
            "origin-changed",
            f"{own.said()}, and the body names another Origin than the one that was sent: {quoted(own)}. A "
            f"hop rewrites it: {hop(seen)}.{past_the_proxy(seen)}",
            sure(seen, 0.92),
            side,
            mend.lines("header", seen.hops, part="Origin"),
        )
    elif sent and compared(seen) == "opens":
        yield Conclusion(
            "host-changed",
            f"{own.said()}, and the body is about the Origin: {quoted(own)}. Past the proxy the same Origin "
            f"and Host open (101): the proxy changes Host, and the application compares the two: {hop(seen)}.",
            0.93,
            side,
            mend.lines("host", seen.hops),
        )
    elif sent and (bare is None or not bare.opens):
        yield Conclusion(
            "origin-not-allowed",
            f"{own.said()}, and the body is about the Origin: {quoted(own)}. The application allows others "
            f"only.{past_the_proxy(seen)}",
            0.85,
            side,
            "Add the page's Origin to the application's list, or ask with the right one (--origin).",
        )


OF_SUBPROTOCOL = re.compile(
    r"(?i)(?:missing|no|invalid|unsupported|unknown|bad|wrong)[^.\n]{0,25}sub-?protocol"
    r"|sub-?protocol[^.\n]{0,40}"
    r"(?:missing|wanted|required|expected|invalid|unsupported|not (?:supported|acceptable|found))"
    r"|(?:missing|invalid|no)[^.\n]{0,25}sec-websocket-protocol"
)


def subprotocol(seen: Seen) -> Iterator[Conclusion]:
    base = seen.base
    if base.kind != "http":
        return
    offered = seen.start.protocols
    for name, each in seen.answers.items():
        if offered and each.opens and (name == "no-protocol" or name.startswith("protocol ")):
            yield Conclusion(
                "subprotocol-refused",
                f"{base.said()} as it was offered, 101 with '{name}': the application does not take "
                f"{b', '.join(offered).decode('latin-1')}.",
                0.93,
                ("base", name),
                "Offer the subprotocols that the application speaks, and no other.",
            )
            return
    if not OF_SUBPROTOCOL.search(base.text):
        return
    if not offered:
        yield Conclusion(
            "subprotocol-wanted",
            f"{base.said()}, {quoted(base)}: the application wants a subprotocol, and none was offered.",
            0.93,
            ("base",),
            "Offer it: --protocol NAME; in a page, new WebSocket(url, [NAME]).",
        )
        return
    names = any(each.decode("latin-1").lower() in base.text.lower() for each in offered)
    missing = re.search(r"(?i)missing", base.text) is not None
    yield Conclusion(
        "subprotocol-lost",
        f"{base.said()}, {quoted(base)}, although {b', '.join(offered).decode('latin-1')} was offered: a hop "
        f"drops Sec-WebSocket-Protocol ({hop(seen)}), or the application wants another "
        f"name.{past_the_proxy(seen)}",
        sure(seen, 0.9 if names or missing else 0.6),
        beside(seen, "no-protocol"),
        mend.lines("header", seen.hops, part="Sec-WebSocket-Protocol"),
        open=not (names or missing) and compared(seen) != "opens",
    )


def browsers_headers(seen: Seen) -> Iterator[Conclusion]:
    base, own, chromium, firefox = seen.base, seen.own, seen["chromium"], seen["firefox"]
    if chromium is None or own is None or chromium.opens is own.opens:
        return
    if chromium.opens:
        only = firefox is not None and not firefox.opens
        yield Conclusion(
            "browser-headers-wanted",
            f"{base.said()} as wsprobe asks, 101 as Chromium asks; Origin alone does not help: something in "
            "the browser's headers (User-Agent, Accept-*) is "
            f"wanted{', and Firefox does not have it' if only else ''}, by a rule "
            f"({written_by(base)}).{past_the_proxy(seen)}",
            0.93,
            ("base", "chromium"),
            "Nothing, for pages; other clients send a User-Agent that the rule lets pass (-A), or the rule "
            "goes.\n" + mend.lines("rule", base.hops),
        )
        return
    yield Conclusion(
        "browser-refused",
        f"Opens as wsprobe asks, with the page's Origin too, and not as Chromium asks ({chromium.said()}, "
        f"{written_by(chromium)}): a header that only the browser sends is refused (User-Agent, "
        "Accept-Language, Pragma, the extensions that it offers).",
        0.85,
        ("base", "chromium"),
        "Send the browser's headers one by one (-H, -A, --extension) to find which.\n"
        + mend.lines("rule", chromium.hops),
        open=True,
    )


def cookie_and_query(seen: Seen) -> Iterator[Conclusion]:
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
                + mend.lines("rule", base.hops),
            )
            return
    if large:
        yield _too_large(seen, "get", "a field of the request is")


def _size(seen: Seen, name: bytes) -> int:
    return sum(map(len, values(seen.start.plan.request, name)))


def _too_large(seen: Seen, name: str, what: str) -> Conclusion:
    base = seen.base
    return Conclusion(
        "header-too-large",
        f"{base.said()}, {quoted(base)}: {what} too large for a hop "
        f"({written_by(base)}).{past_the_proxy(seen)}",
        0.95,
        ("base", name) if name in seen.answers else ("base",),
        mend.lines("large", base.hops or seen.hops),
    )


def compared_whole(seen: Seen) -> Iterator[Conclusion]:
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
        mend.lines("connection", seen.hops),
    )


def rule_against_upgrade(seen: Seen) -> Iterator[Conclusion]:
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
            f"Look into the log of the application first. {ASK_PAST}",
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
            mend.lines("header", seen.hops, part="Sec-WebSocket-Key"),
            open=True,
        )
        return
    yield Conclusion(
        "upgrade-refused",
        f"{base.said()} to any request with Upgrade ({written_by(base)}); without Upgrade, or as a plain GET, "
        f"it goes on ({bare.said()}): a rule against Upgrade.{past_the_proxy(seen)}",
        sure(seen, 0.92 if proxy else 0.75),
        ("base", "no-upgrade"),
        mend.lines("refuses-upgrade", base.hops or seen.hops),
    )


def server_error(seen: Seen) -> Iterator[Conclusion]:
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
            mend.lines("error", base.hops),
        )
        return
    yield Conclusion(
        "handshake-fails",
        f"{base.status} to the handshake ({written_by(base)}), another answer to a plain GET ({get.said()}): "
        "behind the proxy the handshake fails: the application ended the connection or raised, or the proxy "
        f"sends handshakes to another place than plain requests.{past_the_proxy(seen)}",
        sure(seen, 0.8),
        beside(seen, "get"),
        f"Look into the log of the application, and of the proxy. {ASK_PAST}\n"
        + mend.lines("error", base.hops),
        open=True,
    )


def refused_by_library(seen: Seen) -> Iterator[Conclusion]:
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
            f"{refusing}: a rule against the handshake, or a WebSocket library that refuses it; which of them "
            f"is not shown.{past_the_proxy(seen)}",
            sure(seen, 0.7, 0.85),
            beside(seen, "get"),
            f"{ASK_PAST}\n" + mend.lines("rule", base.hops or seen.hops),
            open=True,
        )
        return
    shown = "a bad version gets another answer, so " if reads else ""
    refusing += f"; {shown}a WebSocket library reads the handshake: Upgrade has passed."
    match compared(seen):
        case "opens":
            yield Conclusion(
                "request-changed",
                f"{refusing} Past the proxy the same bytes open (101): the proxy changes the path (or another "
                f"part: Host, Origin, a header) of the request: {hop(seen)}.",
                0.93,
                beside(seen, "get"),
                mend.lines("path", seen.hops),
            )
        case "same":
            yield Conclusion(
                "refused-by-app",
                f"{refusing} Past the proxy the same answer: the application itself refuses (path, "
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
                f"{ASK_PAST}\n" + mend.lines("path", seen.hops),
                open=True,
            )


def method(seen: Seen) -> Iterator[Conclusion]:
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
            "A handshake is a GET: let the method pass on this path.\n" + mend.lines("rule", base.hops),
        )


def slash(seen: Seen) -> Iterator[Conclusion]:
    base, other = seen.base, seen["slash"]
    if base.kind != "http" or other is None or base.status not in (200, 404):
        return
    if other.opens or (other.by_server and other.status != base.status):
        path = resource_of(other.reading.sent).decode("latin-1")
        end = "opens" if other.opens else f"reaches a WebSocket library ({other.said()})"
        yield Conclusion(
            "slash",
            f"{base.said()} to handshake and plain GET alike; {path} {end}: the route is for that form of the "
            "path only, and what was asked is answered by something that is no WebSocket "
            f"endpoint.{past_the_proxy(seen)}",
            sure(seen, 0.95 if other.opens else 0.85),
            beside(seen, "slash"),
            f"Open {path}, or let the route match both.\n" + mend.lines("slash", seen.hops),
        )


def nobody_sees_it(seen: Seen) -> Iterator[Conclusion]:
    """The same answer to handshake and plain GET: Upgrade lost, or the path leads to something else."""
    base, get = seen.base, seen["get"]
    if base.kind != "http" or get is None or not alike(base, get):
        return
    past, past_get = compared(seen), seen["backend-get"]
    same_for_both = f"A handshake and a plain GET get the same {base.status} ({written_by(base)})"
    if past == "opens" and past_get is not None:
        if alike(past_get, base) and base.author.kind != "proxy":
            yield Conclusion(
                "upgrade-lost",
                f"{same_for_both}. Past the proxy the same bytes open (101), and a plain GET there gets the "
                "same body: the application is reached and sees a plain GET, so Upgrade and Connection are "
                f"lost on the way: {hop(seen)}.{varnish(seen)}",
                0.97,
                ("base", "backend-get"),
                mend.lines("upgrade", seen.hops),
            )
        elif base.status == 400 and not base.by_proxy:
            yield Conclusion(
                "request-changed",
                f"{same_for_both}, {quoted(base)}. Past the proxy the same bytes open (101): what arrives at "
                "the program that answers is another request: the proxy changes it (a field, a PROXY line "
                f"before it, Host), or sends it to another program: {hop(seen)}.",
                0.85,
                beside(seen, "get"),
                mend.lines("route", seen.hops),
                open=True,
            )
        elif base.status in (401, 403):
            yield Conclusion(
                "refused-by-rule",
                f"{same_for_both}. Past the proxy the same bytes open (101): a rule of the proxy refuses, not "
                f"the application: {hop(seen)}.",
                0.95,
                beside(seen, "get"),
                mend.lines("rule", base.hops or seen.hops),
            )
        else:
            yield Conclusion(
                "elsewhere",
                f"{same_for_both}. Past the proxy the same bytes open (101), and a plain GET there gets "
                f"another answer ({past_get.said()}): the proxy does not send this request to the "
                f"application; it changes the path, or sends it to another program or page: {hop(seen)}.",
                0.95,
                ("base", "backend-get"),
                mend.lines("route", seen.hops),
            )
        return
    if past == "same":
        yield Conclusion(
            "refused-by-app",
            f"{same_for_both}, and past the proxy as well: the application itself answers so. It wants "
            "something that was not sent (a session's cookie, a token), or has no WebSocket on this path.",
            0.93,
            ("base", "backend"),
            "Ask with what a page would have (-b 'session=...', -H), then check the path in the application.",
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
            "Ask with what a page would have: -b 'session=...', -u, -H.\n" + mend.lines("rule", base.hops),
            open=True,
        )
        return
    if base.by_proxy or (base.status == 200 and _is_page(base)):
        whose = base.author.who if base.by_proxy else "something that serves pages"
        yield Conclusion(
            "no-route",
            f"{same_for_both}, {quoted(base)}: this path is answered by {whose}, which is no WebSocket "
            "endpoint; there is no route to the application for it (another path, another name, a rule that "
            f"comes first).{past_the_proxy(seen)}",
            0.9,
            ("base", "get"),
            mend.lines("route", base.hops or seen.hops),
        )
        return
    side = varnish(seen)
    if base.field(b"x-varnish") is not None:
        yield Conclusion(
            "upgrade-lost",
            f"{same_for_both}.{side}{past_the_proxy(seen)} The path may be wrong as well.",
            0.92,
            ("base", "get"),
            mend.lines("upgrade", ("varnish",)),
        )
        return
    yield Conclusion(
        "upgrade-lost" if side else "upgrade-lost-or-elsewhere",
        f"{same_for_both}: the program that answers never treats the request as a handshake. Upgrade "
        f"is lost on the way ({hop(seen)}), or the path leads to something that is no WebSocket "
        f"endpoint. From outside the two cannot be told apart.{side}{past_the_proxy(seen)} "
        f"{ASK_PAST if not past else ''}".rstrip(),
        0.85,
        ("base", "get"),
        f"If Upgrade is lost:\n{mend.lines('upgrade', seen.hops)}\n"
        f"If the path leads elsewhere:\n{mend.lines('route', seen.hops)}",
        open=True,
    )


def _is_page(answer: Answer) -> bool:
    kind = answer.field(b"content-type") or ""
    return (
        not answer.text
        or kind.lower().startswith(("text/html", "application/xhtml"))
        or "<html" in answer.text[:400]
    )


def ends(seen: Seen) -> Iterator[Conclusion]:
    """The handshake opens: what happens in silence, and at once."""
    base = seen.base
    if not base.opens:
        return
    held, past = seen["again-2"], seen["backend-held"]
    cut_after = None if held is None else ended_in_silence(held)
    if cut_after is not None and cut_after >= 0.5:
        who = (
            "some hop (or the application) ends idle connections; which, shows only past the proxy (--backend)"
        )
        likely, because = 0.93, ("base", "again-2")
        if past is not None and past.opens:
            because = ("again-2", "backend-held")
            own = ended_in_silence(past)
            who = (
                f"past the proxy it stays open as long, so the proxy ends idle connections: {hop(seen)}"
                if own is None
                else "past the proxy as well, so the application ends idle connections"
            )
        yield Conclusion(
            "idle-cut",
            f"Opens, and is ended after {cut_after:.1f} s of silence without a Close frame: {who}.",
            likely,
            because,
            mend.lines("idle", seen.hops) + "\nOr send a Ping, or a message, more often than that.",
        )
        return
    if base.report.outcome == "closed":
        yield Conclusion(
            "closed-by-app",
            "The handshake opens, and the server then closes the session with a Close frame: no hop is in the "
            "way; the application refuses after the handshake.",
            0.9,
            ("base", "get") if "get" in seen.answers else ("base",),
            "wsprobe connect shows the code and the reason.",
        )
    elif base.report.outcome == "aborted":
        yield Conclusion(
            "dropped-after-101",
            "The handshake opens, and the connection is dropped at once without a Close frame: the "
            "application ended or raised after the handshake, or a hop did.",
            0.75,
            ("base", "again-1") if "again-1" in seen.answers else ("base",),
            "Look into the log of the application.",
            open=True,
        )


def nothing_is_broken(seen: Seen) -> Iterator[Conclusion]:
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
            watched += " HTTP/2 is spoken and takes no WebSockets, so that browsers ask over HTTP/1.1: no harm."
    yield Conclusion(
        "opens",
        f"Opens (101 with the right Sec-WebSocket-Accept){', in each way that was tried' if ways else ''}: no "
        f"hop is in the way.{watched} What this cannot show: {unasked}an idle time-out "
        "longer than that; a limit above the number of requests sent.",
        0.9,
        ("base", ways[-1]) if ways else ("base",),
    )


def unknown(seen: Seen) -> Iterator[Conclusion]:
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


ROWS: tuple[Row, ...] = (
    Row(
        ("rate-limit", "one-of-several"),
        "the handshake repeated at the end gets another answer than at the start; or a 429",
        "a limit that counts requests (all later ones 429 or 503), or one of several servers is wrong",
        "a limit above the number of requests sent; two servers that happen to answer in step",
        unsteady,
    ),
    Row(
        ("addresses-differ",),
        "the answers differ by address",
        "the addresses of the name do not serve the same",
        "why",
        addresses,
    ),
    Row(
        ("not-reached", "tls-port", "not-http"),
        "no request was sent, or what came is no HTTP answer",
        "name, address, port or TLS are wrong",
        "whether a server would have opened",
        not_reached,
    ),
    Row(
        ("http2-only",),
        "cut, or refused in the TLS handshake, over HTTP/1.1; answered over HTTP/2",
        "a listener for HTTP/2 only",
        "",
        http2_only,
    ),
    Row(
        ("cut-at-once",),
        "every request, a plain GET too, is cut without a byte",
        "the listener drops it, or what is behind the listener is dead or speaks another protocol",
        "which of these: only HTTP/2, a PROXY line, or a look at the server tells",
        cut,
    ),
    Row(
        ("upstream-unreachable",),
        "a 502, 503 or 504 to every request; or a handshake that is cut where a plain GET gets a 5xx",
        "the proxy is up and cannot use what is behind it",
        "whether that is down, elsewhere, speaks TLS or HTTP/2, or failed a health check",
        unreachable,
    ),
    Row(
        ("upgrade-unhandled", "no-answer"),
        "the handshake is never answered, the same without Upgrade is",
        "a Node server takes the upgrade and has no handler: ws: true is missing, or a rule for the path",
        "which of these",
        unanswered,
    ),
    Row(
        ("credentials-wanted",),
        "401 with a challenge, to a plain GET too",
        "credentials are wanted before the application",
        "whether the proxy or the application asks, where the page does not say who wrote it",
        credentials,
    ),
    Row(
        ("redirected",),
        "3xx",
        "to https, to the final slash, to a login page; browsers do not follow",
        "whether the place it leads to opens",
        redirected,
    ),
    Row(
        ("http-version-lost", "key-lost", "version-lost", "upgrade-lost"),
        "the answer calls something missing or wrong that was sent right",
        "a hop before the author of the answer takes it away or changes it",
        "which hop, where several stand in line",
        lost,
    ),
    Row(
        ("key-changed", "accept-lost", "invalid-101"),
        "a 101 with a wrong Sec-WebSocket-Accept, or none",
        "a hop changes the key, or filters the answer's fields",
        "whether the application computes it wrongly",
        accept,
    ),
    Row(
        ("header-too-large", "cookie-refused", "query-refused"),
        "without the cookie or the query the answer is another one",
        "a header too large, or a rule on what is in it",
        "what in it is meant",
        cookie_and_query,
    ),
    Row(
        ("subprotocol-refused", "subprotocol-wanted", "subprotocol-lost"),
        "the answer is about the subprotocol",
        "none was offered, a hop drops it, or the application wants another",
        "whether the application knows the name that was offered",
        subprotocol,
    ),
    Row(
        ("host-refused", "host-changed", "origin-not-allowed", "host-changed-or-origin-list"),
        "opens without Origin and refuses the page's own; or the answer is about the Host",
        "a hop rewrites Host, or drops its port; or the application's list lacks the name",
        "which of these, without asking past the proxy",
        host,
    ),
    Row(
        ("origin-rule", "origin-wanted", "origin-lost", "origin-changed", "origin-not-allowed"),
        "the Origin makes the difference; or the answer is about an Origin that was sent otherwise",
        "a list of Origins, a rule that wants the header, a hop that drops or rewrites it",
        "the list",
        origin,
    ),
    Row(
        ("browser-headers-wanted", "browser-refused"),
        "as Chromium asks the answer is another one than with the Origin alone",
        "a rule about User-Agent or another header of browsers",
        "which header",
        browsers_headers,
    ),
    Row(
        ("connection-compared",),
        "Connection: keep-alive, Upgrade is refused, Connection: Upgrade opens",
        "a hop compares the whole value (Apache: RewriteCond %{HTTP:Connection} =Upgrade)",
        "which hop",
        compared_whole,
    ),
    Row(
        ("upgrade-refused", "handshake-not-understood", "handshake-dropped"),
        "refused or cut; without Upgrade it goes on; without the version nothing changes",
        "a rule against Upgrade",
        "whose it is, where the page does not say who wrote it",
        rule_against_upgrade,
    ),
    Row(
        ("server-error", "handshake-fails"),
        "500 or another 5xx",
        "that server fails by itself, or behind the proxy the handshake fails",
        "why: its log says",
        server_error,
    ),
    Row(
        ("method-refused",),
        "405 to every GET; or 403, and a POST passes",
        "a rule on the method",
        "whose it is, where the page does not say who wrote it",
        method,
    ),
    Row(
        ("slash",),
        "with the final slash (or without) the path is answered otherwise",
        "the route is for the other form of the path",
        "",
        slash,
    ),
    Row(
        (
            *("upgrade-lost", "elsewhere", "refused-by-rule", "refused-by-app", "refused-to-all", "no-route"),
            *("request-changed", "upgrade-lost-or-elsewhere"),
        ),
        "the same 404, 200, 403 or 400 to the handshake and to a plain GET",
        "Upgrade is lost on the way, or the path leads to something else; a rule refuses all",
        "which of these, without asking past the proxy: there, a plain GET that gets the same body shows a "
        "lost Upgrade, any other that the path leads elsewhere",
        nobody_sees_it,
    ),
    Row(
        ("request-changed", "refused-by-app", "handshake-refused"),
        "the handshake is refused, a plain GET and a handshake without version get other answers",
        "a WebSocket library reads the handshake and refuses the path, Origin, Host or subprotocol",
        "whether the URL is wrong or a hop rewrites it, without asking past the proxy",
        refused_by_library,
    ),
    Row(
        ("http2-announced",),
        "opens over HTTP/1.1; over HTTP/2 the server announces that it takes WebSockets, and does not",
        "browsers that ask over HTTP/2 fail where others open",
        "which hop drops it",
        http2_announced,
    ),
    Row(
        ("idle-cut", "closed-by-app", "dropped-after-101"),
        "opens, and is then ended",
        "an idle time-out of a hop, or the application itself",
        "which hop, without holding a connection past the proxy",
        ends,
    ),
    Row(
        ("opens",),
        "opens in each way that was tried",
        "no hop is in the way",
        "an idle time-out longer than it was held, HTTP/2",
        nothing_is_broken,
    ),
    Row(
        ("unknown",),
        "anything else",
        "no change that was tried tells why",
        "",
        unknown,
    ),
)


def conclusions(seen: Seen) -> tuple[Conclusion, ...]:
    """What *seen* means, most likely first; empty if nothing was answered yet."""
    if "base" not in seen.answers:
        return ()
    for row in ROWS:
        found = tuple(row.find(seen))
        if found:
            return tuple(sorted(found, key=lambda each: -each.likely))
    return ()
