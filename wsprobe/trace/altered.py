"""Rules of a trace: a hop takes a part of the handshake away, or changes it.

The HTTP version, Upgrade and Connection, the key, the version, Host, Origin, the subprotocol; and the answer's
Sec-WebSocket-Accept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import msgspec

from wsprobe.diagnosis.proxies import mending
from wsprobe.trace.answer import alike
from wsprobe.trace.changes import Trace, values
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
        "http-1.0",
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


def lost(seen: Trace) -> Iterator[Conclusion]:
    """The strongest rule: the body calls something missing or wrong that was sent right."""
    base = seen.base
    if base.kind != "http" or base.opens:
        return
    request = base.reading.sent
    stripped = base.stated == "upgrade-lost"
    for each in COMPLAINTS:
        said = re.search(each.words, base.text) or (each.id == "upgrade-lost" and stripped)
        if each.id == "http-1.0" and base.status == 505:
            said = True
        if said and each.sent(request):
            yield _lost(seen, each)
            return
    if base.status == 426 and seen.like_get and _is_upgrade(request):
        yield _lost(seen, COMPLAINTS[-1])


def _lost(seen: Trace, of: Complaint) -> Conclusion:
    base, get = seen.base, seen["get"]
    arrives = ""
    if of.id in ("key-lost", "version-lost") and get is not None and not alike(base, get):
        arrives = " Upgrade and Connection do arrive: a plain GET gets another answer."
    if seen.like_get:
        arrives = " A plain GET gets the same answer."
    return Conclusion(
        of.id,
        f"The answer {base.status} says that {of.part} is missing or wrong: {quoted(base)}. wsprobe sent it, "
        "and sent it right, so a hop before the program that wrote this removes or changes it: "
        f"{hop(seen)}.{arrives}{varnish(seen)}{past_the_proxy(seen)}",
        sure(seen, of.likely, 0.98),
        beside(seen, "get"),
        mending(of.topic, seen.hops, part=of.part),
    )


def accept(seen: Trace) -> Iterator[Conclusion]:
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
        mending("header" if has else "accept", seen.hops, part="Sec-WebSocket-Key"),
    )


OTHER_HOST = re.compile(r'(?i)not authorized for host "([^"]+)"')


def host_of(request: bytes) -> str:
    return next(iter(values(request, b"host")), b"").decode("latin-1")


def host(seen: Trace) -> Iterator[Conclusion]:
    """Opens without an Origin and refuses every Origin, the page's own too; or the body names the Host."""
    base, own, bare = seen.base, seen.own, seen.without_origin
    if base.kind == "http" and base.causes[:1] == ("host-refused",):
        yield Conclusion(
            "host-refused",
            f"{base.status}, {quoted(base)}: the application refuses the Host. Either a hop sets its own Host "
            f"({hop(seen)}), or the name is not in the application's list.{past_the_proxy(seen)}",
            sure(seen, 0.85),
            beside(seen, "get"),
            mending("host", seen.hops)
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
            mending("host", seen.hops),
        )
        return
    past = seen["backend-origin"]
    if past is None and seen.start.has_origin:
        past = seen.past
    if past is not None and past.opens:
        yield Conclusion(
            "host-changed",
            f"{said}). Without the proxy the same Origin and Host open (101): the proxy changes Host (or "
            f"Origin), and the application compares the two: {hop(seen)}.",
            0.97,
            (name, "backend-origin" if "backend-origin" in seen.answers else "backend"),
            mending("host", seen.hops),
        )
        return
    if past is not None and past.kind == "http":
        yield Conclusion(
            "origin-refused",
            f"{said}), without the proxy as well: the application does not allow this Origin, whatever the "
            "proxy does.",
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
        mending("host", seen.hops)
        + "\nOr add the page's Origin to the application's list (try it with --origin).",
        open=True,
    )


OF_ORIGIN = re.compile(r"(?i)\borigin\b")


NO_ORIGIN = re.compile(
    r"(?i)(?:missing|no|without|empty)[^.\n]{0,12}origin|origin[^.\n]{0,20}(?:missing|required)"
)


AN_ORIGIN = re.compile(r"(?i)\b(?:https?://[^\s\"'<>,;]+|null)(?=[\s\"'<>,;.]|$)")


def origin(seen: Trace) -> Iterator[Conclusion]:
    base, own, other = seen.base, seen.own, seen["origin-other"]
    if own is None or (base.opens and own.opens):
        return
    bare = seen.without_origin
    if own.opens and bare is not None and not bare.opens:
        if other is not None and other.opens:
            yield Conclusion(
                "origin-rule",
                f"{bare.said()} without an Origin, 101 with any: a rule requires the header, whatever its "
                f"value is ({written_by(bare)}). Browsers always send it.{past_the_proxy(seen)}",
                0.93,
                ("base", "origin-other"),
                "Nothing, for pages; a client that is not a browser has to send Origin (--origin).\n"
                + mending("rule", bare.hops),
            )
        else:
            known = other is not None
            who = written_by(bare)
            yield Conclusion(
                "origin-wanted",
                f"{bare.said()} without an Origin{' and with another one' if known else ''}, 101 with the "
                f"page's own ({seen.start.origin}): the application (or a hop) requires "
                f"{'this Origin' if known else 'an Origin, this one or any'}; the path, Upgrade and the "
                f"application work. {who[0].upper()}{who[1:]}.{past_the_proxy(seen)}",
                0.94 if known else 0.8,
                ("base", "origin"),
                "Nothing, for pages of that Origin. For another page, add its Origin to the application's "
                "list; a client that is not a browser has to send it (--origin).",
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
            mending("header", seen.hops, part="Origin"),
        )
    elif sent and named and sent not in named:
        yield Conclusion(
            "origin-changed",
            f"{own.said()}, and the body names another Origin than the one that was sent: {quoted(own)}. A "
            f"hop rewrites it: {hop(seen)}.{past_the_proxy(seen)}",
            sure(seen, 0.92),
            side,
            mending("header", seen.hops, part="Origin"),
        )
    elif sent and compared(seen) == "opens":
        yield Conclusion(
            "host-changed",
            f"{own.said()}, and the body is about the Origin: {quoted(own)}. Without the proxy the same Origin "
            f"and Host open (101): the proxy changes Host, and the application compares the two: {hop(seen)}.",
            0.93,
            side,
            mending("host", seen.hops),
        )
    elif sent and (bare is None or not bare.opens):
        yield Conclusion(
            "origin-refused",
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


def subprotocol(seen: Trace) -> Iterator[Conclusion]:
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
            "subprotocol-required",
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
        mending("header", seen.hops, part="Sec-WebSocket-Protocol"),
        open=not (names or missing) and compared(seen) != "opens",
    )
