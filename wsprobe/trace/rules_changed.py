"""Rules of a trace: a proxy removes or changes a part of the handshake.

The HTTP version, Upgrade and Connection, the key, the version, Host, Origin, the subprotocol; and the answer's
Sec-WebSocket-Accept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wsprobe.diagnosis.cause import as_sentence
from wsprobe.diagnosis.faults import misses_origin
from wsprobe.diagnosis.status import CHANGED_VERSION
from wsprobe.request.edits import first_value, values
from wsprobe.trace.answer import Answer, alike
from wsprobe.trace.changes import named_subprotocols
from wsprobe.trace.claim import any_origin_opens, application_to_blame, proxy_to_blame, turning, with_origin
from wsprobe.trace.conclusion import Conclusion, rule
from wsprobe.trace.direct import beside, compared, gets_plain_get, opening_directly, past_the_proxy, sure
from wsprobe.trace.sentences import of_cause, proxy_of, quoted, shows_proxy, varnish, written_by
from wsprobe.trace.to_do import ask_past, proxy_lines, steps
from wsprobe.trace.trace import Trace

# -- the answer calls something missing or wrong that was sent right


def _has(request: bytes, name: bytes, value: bytes) -> bool:
    return any(value in each.lower() for each in values(request, name))


def _refused(seen: Trace) -> Answer | None:
    return seen.base if seen.base.kind == "http" else None


@rule(claims=(proxy_to_blame,))
def http_1_0(seen: Trace) -> Iterator[Conclusion]:
    base = _refused(seen)
    if base is None or not base.reading.sent.partition(b"\r\n")[0].endswith(b" HTTP/1.1"):
        return
    stated = base.stated == "http-1.0"
    if not (stated or base.status == 505):
        return
    arrives = f"wsprobe sent HTTP/1.1, so a proxy sends HTTP/1.0 to the application ({proxy_of(seen)})."
    proven = stated or compared(seen) == "opens"
    if not proven:
        arrives = (
            f"wsprobe sent HTTP/1.1. Either a proxy sends HTTP/1.0 to the application ({proxy_of(seen)}), or "
            "the program that answers gives this status for another reason."
        )
    yield Conclusion(
        f"The answer {base.status} is about the HTTP version: {quoted(base)}. {arrives}"
        f"{_as_get(seen)}{varnish(seen)}{past_the_proxy(seen)}",
        sure(seen, 0.96 if stated else 0.8, 0.98),
        beside(seen, "get"),
        proxy_lines(seen, "http-1.1", proven=True),
        open=not proven,
    )


def _as_get(seen: Trace) -> str:
    """A sentence if a plain GET gets the same answer; else ""."""
    return " A plain GET gets the same answer." if seen.like_get else ""


@rule(claims=(proxy_to_blame,))
def field_lost(seen: Trace) -> Iterator[Conclusion]:
    base, without = _refused(seen), seen["no-version"]
    if base is None or base.cause is None:
        return
    lists = any(each.startswith(CHANGED_VERSION) for each in base.cause.usual)
    if lists and without is not None and alike(without, base) and not seen.like_get:
        same = f"The answer {base.status} lists version 13, and is the same without Sec-WebSocket-Version."
        yield _removed(
            seen,
            "Sec-WebSocket-Version",
            "header",
            id="version-lost",
            shows=same,
            likely=0.9,
            other="no-version",
        )
    if base.cause_id != "changed":
        return
    about = f"{base.cause.quote} {base.cause.statement}".lower()
    if "version" in about:
        yield _removed(seen, "Sec-WebSocket-Version", "header", id="version-lost")
    elif "key" in about:
        yield _removed(seen, "Sec-WebSocket-Key", "header")
    elif "websocket headers" in about and without is not None and not alike(without, base):
        not_version = (
            f"The answer {base.status}, {quoted(base)}, names no field. Without Sec-WebSocket-Version the "
            f"answer is another one ({without.result()}), so the field is Sec-WebSocket-Key."
        )
        yield _removed(seen, "Sec-WebSocket-Key", "header", shows=not_version, likely=0.9, other="no-version")


@rule(claims=(proxy_to_blame,))
def upgrade_missed(seen: Trace) -> Iterator[Conclusion]:
    base = _refused(seen)
    if base is None:
        return
    sent = base.reading.sent
    if not _has(sent, b"upgrade", b"websocket") or not _has(sent, b"connection", b"upgrade"):
        return
    to_what = base.field(b"upgrade") or "websocket"
    wants = base.cause_id == "upgrade-required" and seen.like_get and "websocket" in to_what.lower()
    # Words that ask for something else, such as a newer client, leave no usual causes.
    wants = wants and base.cause is not None and bool(base.cause.usual)
    marked = base.cause is not None and base.cause_id == "upgrade-lost" and base.cause.certainty == "only"
    in_words = base.stated == "upgrade-lost"
    if wants and not (in_words or marked):
        yield Conclusion(
            f"{base.result()}, {of_cause(base)}, to a plain GET too, and wsprobe sent an upgrade. Either a "
            f"proxy in front of the program that answers removes Upgrade or Connection ({proxy_of(seen)}), or "
            f"that program handles no upgrades at this path.{varnish(seen)}{past_the_proxy(seen)}",
            sure(seen, 0.9, 0.98),
            beside(seen, "get"),
            proxy_lines(seen, "upgrade"),
            open=compared(seen) != "opens",
        )
    if in_words or marked:
        is_sent = (
            f"The answer {base.status} ({quoted(base)}) is what {base.author.who} sends if Upgrade or "
            "Connection is missing or wrong."
        )
        yield _removed(seen, "Upgrade or Connection", "upgrade", shows="" if in_words else is_sent)


def _removed(
    seen: Trace,
    part: str,
    fault: str,
    *,
    id: str = "",
    shows: str = "",
    likely: float = 0.96,
    other: str = "get",
) -> Conclusion:
    """*shows*: a sentence, what shows that *part* is missing, if no words of the answer do; *other*: the answer
    that shows it too."""
    base, get = seen.base, seen["get"]
    arrives = _as_get(seen)
    if not arrives and fault == "header" and get is not None and not alike(base, get):
        arrives = " Upgrade and Connection arrive: a plain GET gets another answer."
    words = f": {of_cause(base)}" if base.words or base.own_reason else ""
    reports = f"The answer {base.status} reports {part} as missing or wrong{words}."
    return Conclusion(
        f"{shows or reports} wsprobe sent the right value, so a proxy in front of the program that answers "
        f"removes or changes it ({proxy_of(seen)}).{arrives}{varnish(seen)}{past_the_proxy(seen)}",
        sure(seen, likely, 0.98),
        beside(seen, other),
        proxy_lines(seen, fault, part=part, proven=True),
        id=id,
    )


# -- a 101 that no client accepts


@rule()
def invalid_101(seen: Trace) -> Iterator[Conclusion]:
    base = seen.base
    elsewhere = base.cause if base.cause_id == "other-protocol" else None
    fatal = [each for each in base.report.verdict.findings if each.fatal]
    of_key = any(f.id.startswith("accept-") for f in fatal) or base.field(b"sec-websocket-accept") is None
    if base.kind != "invalid" or (of_key and elsewhere is None):
        return
    why = fatal[0].text if fatal else "a rule is broken"
    fix = "wsprobe connect reports every broken rule."
    if elsewhere is not None:
        why, fix = elsewhere.statement, as_sentence(elsewhere.fix)
    yield Conclusion(
        f"A 101 that no client accepts: {why}.{past_the_proxy(seen)}",
        0.8,
        beside(seen, "get"),
        steps(fix, ask_past(seen)),
        open=True,
    )


@rule()
def key_changed(seen: Trace) -> Iterator[Conclusion]:
    if seen.base.kind == "invalid" and seen.base.field(b"sec-websocket-accept") is not None:
        yield _accept(
            seen,
            "A 101 with a Sec-WebSocket-Accept that does not match the sent key",
            "a proxy changes Sec-WebSocket-Key (HAProxy adds a new key if the field is missing)",
            "header",
        )


@rule()
def accept_lost(seen: Trace) -> Iterator[Conclusion]:
    if seen.base.kind == "invalid":
        what = "A 101 without Sec-WebSocket-Accept"
        yield _accept(seen, what, "a proxy removes fields from the answer", "accept")


def _accept(seen: Trace, what: str, proxy_does: str, fault: str) -> Conclusion:
    either = f"{proxy_does} ({proxy_of(seen)}); or the application is at fault"
    if not shows_proxy(seen):
        either = f"the application is at fault; or {proxy_does} ({proxy_of(seen)})"
    return Conclusion(
        f"{what}: {either}.{past_the_proxy(seen)}",
        sure(seen, 0.8),
        beside(seen, "get"),
        steps(
            "Check how the application answers the key (RFC 6455 section 4.2.2).",
            proxy_lines(seen, fault, part="Sec-WebSocket-Key"),
        ),
    )


# -- Host

OTHER_HOST = r'(?i)not authorized for host "([^"]+)"'
ADD_ORIGIN = "Add the page's origin to the application's allowed origins."


@rule()
def host_refused(seen: Trace) -> Iterator[Conclusion]:
    base = seen.base
    asked = [each.evidence.startswith("the request: Host: ") for each in base.author.causes]
    own = any(asked) and (asked[0] or (compared(seen) == "opens" and not gets_plain_get(seen)))
    if base.kind != "http" or not (own or base.cause_id == "host-refused"):
        return
    given = first_value(base.reading.sent, b"host")
    hosts = {name: first_value(seen.answers[name].reading.sent, b"host") for name in turning(seen)}
    opens = next((name for name, host in hosts.items() if host != given), "")
    yield Conclusion(
        f"{base.status}, {quoted(base)}: the program that answers refuses the Host. {_whose_host(seen)} "
        f"({proxy_of(seen)}).{past_the_proxy(seen)}",
        sure(seen, 0.85, 0.97 if asked[:1] == [True] or base.cause_id == "host-refused" else 0.9),
        ("base", opens) if opens else beside(seen, "get"),
        steps(
            "Add the name to the application's list (Starlette: allowed_hosts, Django: ALLOWED_HOSTS, "
            "Vite: server.allowedHosts)."
            if compared(seen) != "opens"
            else "Add a rule for this name to the proxy, or have it send Host unchanged:",
            proxy_lines(seen, "host"),
        ),
        open=compared(seen) != "opens",
    )


def _whose_host(seen: Trace) -> str:
    """A sentence without its end: why the Host is refused, as far as the direct answer shows it."""
    if compared(seen) == "opens":  # with the same Host
        return "The proxy has no rule for this Host, or sends its own Host to the application"
    return "Either the application's list lacks the name, or a proxy sets its own Host or has no rule for it"


def _own_refused(seen: Trace) -> Answer | None:
    """The answer to the page's own Origin, if it is refused and no Origin opens."""
    own, bare = seen.own, seen.without_origin
    if own is None or bare is None or own is bare or not bare.opens or own.kind != "http":
        return None
    return own


def _own_names(seen: Trace) -> tuple[str, str]:
    """The changes without an Origin, and with the page's own."""
    return "no-origin" if seen.start.has_origin else "base", "origin" if "origin" in seen.answers else "base"


def _opens_without(seen: Trace, own: Answer) -> str:
    refused = {name for name, each in with_origin(seen) if not each.opens}
    every = len(refused) > 1 and len(refused) == len(list(with_origin(seen)))
    last = "the URL's own" if "same-origin" in refused else "the page's own"
    which = (
        f"each Origin that was tried is refused, even {last}" if every else "the page's own Origin is refused"
    )
    return f"Opens without an Origin; {which} ({own.result()}"


@rule()
def origin_refused_by_proxy(seen: Trace) -> Iterator[Conclusion]:
    own = _own_refused(seen)
    if own is not None and own.by_proxy and own.status in (400, 401, 403, 404):
        yield Conclusion(
            f"{_opens_without(seen, own)}, {written_by(own)}): a rule of {own.author.who} refuses requests "
            "with this Origin.",
            0.95,
            _own_names(seen),
            steps(
                f"Allow the page's origin in the rule of {own.author.who}, or take the rule out.",
                proxy_lines(seen, "rule", own.proxies),
            ),
        )


@rule()
def cross_origin_refused(seen: Trace) -> Iterator[Conclusion]:
    base, given, past = seen.base, seen.start.cross_origin, seen.past
    own, bare, other = seen["same-origin"], seen["no-origin"], seen["origin-other"]
    about = _about_origin(seen) is not None
    if base.kind != "http" or not given:
        return
    refused = own is not None and own.kind == "http" and own.status != base.status
    if own is not None and other is not None and refused and own.status == other.status and not about:
        return  # all other origins are refused alike, so this one passed that check
    likely, directly = 0.95, past is not None and past.opens
    if own is not None and own.kind in ("open", "http") and not alike(own, base):
        shown = f"{own.result()} with the URL's own ({seen.start.origin})"
        if not own.opens:  # which may be the same refusal in other words
            likely = 0.85
    elif directly and bare is not None and bare.opens:
        shown = "101 without an Origin"
    else:
        return
    who = "the application, or a rule in front of it,"
    if directly:
        who = f"a rule of the proxy ({proxy_of(seen)})"
    elif compared(seen) == "same":
        who = "the application itself"
    says = f", {quoted(base)}" if about else ""
    yield Conclusion(
        f"{base.result()} with the Origin {given}{says}, {shown}: {who} does not allow {given}."
        f"{past_the_proxy(seen)}",
        likely,
        ("base", "same-origin" if "URL" in shown else "no-origin"),
        steps(
            f"Allow the origin {given} in the rule of the proxy." if directly else ADD_ORIGIN,
            proxy_lines(seen, "rule") if directly else "",
        ),
    )


@rule()
def host_changed(seen: Trace) -> Iterator[Conclusion]:
    own = _own_refused(seen)
    if own is None:
        return
    free, name = _own_names(seen)
    host = re.search(OTHER_HOST, own.text)
    if host is not None and host[1] != first_value(own.reading.sent, b"host"):
        yield Conclusion(
            f"{_opens_without(seen, own)}), and the body has another Host ({host[1]}) than the "
            f"request: a proxy changes Host ({proxy_of(seen)}).{past_the_proxy(seen)}",
            sure(seen, 0.96),
            (free, name),
            proxy_lines(seen, "host", proven=True),
        )
        return
    past = _past_with_origin(seen)
    if past is not None and past.opens:
        yield Conclusion(
            f"{_opens_without(seen, own)}). Asked directly, the same Origin and Host open (101): "
            "the proxy changes Host (or Origin), and the application compares the two "
            f"({proxy_of(seen)}).",
            0.97,
            (free, name, "backend-origin" if "backend-origin" in seen.answers else "backend"),
            proxy_lines(seen, "host"),
        )


def _past_with_origin(seen: Trace) -> Answer | None:
    past = seen["backend-origin"]
    return seen.past if past is None and seen.start.has_origin else past


@rule()
def origin_refused_directly(seen: Trace) -> Iterator[Conclusion]:
    own, past = _own_refused(seen), _past_with_origin(seen)
    if own is not None and past is not None and past.kind == "http":
        yield Conclusion(
            f"{_opens_without(seen, own)}). Asked directly, the backend refuses it too: the "
            "application itself does not allow this origin.",
            0.93,
            _own_names(seen),
            ADD_ORIGIN,
        )


@rule()
def host_changed_or_origin_list(seen: Trace) -> Iterator[Conclusion]:
    own = _own_refused(seen)
    if own is None:
        return
    given, urls_own = seen.start.cross_origin, seen["same-origin"]
    if given and (urls_own is None or urls_own.kind != "http"):
        yield Conclusion(
            f"Opens without an Origin; {given}, which is not the URL's own origin, is refused ({own.result()}, "
            f"{written_by(own)}): the application, or a rule in front of it, does not allow this origin."
            f"{past_the_proxy(seen)}",
            0.9,
            _own_names(seen),
            ADD_ORIGIN,
            id="origin-refused",
        )
        return
    yield Conclusion(
        f"{_opens_without(seen, own)}, {written_by(own)}): {_list_or_host(seen)}. Cannot tell which from "
        "outside.",
        0.85,
        _own_names(seen),
        steps(
            "Add the page's origin to the application's allowed origins (test it with --origin).",
            ask_past(seen),
            proxy_lines(seen, "host"),
        ),
        open=True,
    )


def _list_or_host(seen: Trace) -> str:
    """What may be so, the likelier first."""
    host = (
        f"a proxy rewrites Host or drops its port ({proxy_of(seen)}), and the application compares Origin with "
        "that Host"
    )
    only = "the application allows only other origins"
    return f"either {host}; or {only}" if shows_proxy(seen) else f"either {only}; or {host}"


# -- Origin

OF_ORIGIN = r"(?i)\borigin\b(?! server)"
OF_ALLOWED = (
    r"(?i)\ballowed (?:origins?|is|are)\b|\ballowed:|\ballow-?list|\bpermitted (?:origins?|is|are)\b"
    r"|\b(?:accept(?:s|ed)?|expect(?:s|ed)?|only|must|use|see|instead)\b"
)
"""The body names the origins that may connect, or a page to read, not the Origin that arrived."""
AN_ORIGIN = r"(?i)\b(?:https?://[^\s\"'<>,;/()]+|null)(?=\.?(?:[\s\"'<>,;()]|$))"
"""An Origin has no path: a URL with one is a page to read."""


def _refused_without(seen: Trace) -> Answer | None:
    """The answer without an Origin, if it is refused and the page's own opens."""
    own, bare = seen.own, seen.without_origin
    return bare if own is not None and own.opens and bare is not None and not bare.opens else None


@rule(claims=(any_origin_opens,))
def origin_rule(seen: Trace) -> Iterator[Conclusion]:
    bare, other = _refused_without(seen), seen["origin-other"]
    if seen.base.opens or bare is None or other is None or not other.opens:
        return
    yield Conclusion(
        f"{bare.result()} without an Origin, 101 with any: a rule requires the header, with any "
        f"value ({written_by(bare)}). Browsers always send Origin.{past_the_proxy(seen)}",
        0.93,
        ("base", "origin-other"),
        steps(
            "Nothing, for pages. Other clients must send an Origin (--origin).",
            proxy_lines(seen, "rule", bare.proxies) if shows_proxy(seen) else "",
        ),
    )


@rule()
def origin_wanted(seen: Trace) -> Iterator[Conclusion]:
    bare, other = _refused_without(seen), seen["origin-other"]
    if seen.base.opens or bare is None:
        return
    known = other is not None and not other.opens
    who = written_by(bare)
    yield Conclusion(
        f"{bare.result()} without an Origin{' and with another one' if known else ''}, 101 with the "
        f"page's own ({seen.start.origin}): the application (or a proxy) requires "
        f"{'this Origin' if known else 'an Origin, this one or any'}; the path, Upgrade and the "
        f"application work. {who[0].upper()}{who[1:]}.{past_the_proxy(seen)}",
        0.94 if known else 0.8,
        ("base", "origin"),
        "Nothing, for pages of that origin. For another page, add its origin to the "
        "application's allowed origins. Other clients must send the Origin (--origin).",
        open=not known,
    )


def _about_origin(seen: Trace) -> tuple[Answer, str] | None:
    """The answer to the page's own Origin, if its text is about the Origin, and the Origin that was sent."""
    own = seen.own
    if own is None or own.kind != "http" or not re.search(OF_ORIGIN, own.text):
        return None
    sent = first_value(own.reading.sent, b"origin")
    return (own, sent) if sent else None


def _origin_names(seen: Trace) -> tuple[str, ...]:
    name = "base" if seen.start.has_origin else "origin"
    if compared(seen) == "opens":
        return name, opening_directly(seen)
    return ("base", name) if name != "base" else ("base",)


@rule()
def origin_lost(seen: Trace) -> Iterator[Conclusion]:
    about = _about_origin(seen)
    if about is not None and misses_origin(about[0].text):
        yield Conclusion(
            f"{about[0].result()}, and the body says {quoted(about[0])}, but the request had an "
            f"Origin: a proxy drops it ({proxy_of(seen)}).{past_the_proxy(seen)}",
            sure(seen, 0.95),
            _origin_names(seen),
            proxy_lines(seen, "header", part="Origin", proven=True),
        )


@rule()
def origin_changed(seen: Trace) -> Iterator[Conclusion]:
    about = _about_origin(seen)
    named = [each.rstrip(".") for each in re.findall(AN_ORIGIN, about[0].text)] if about is not None else []
    if about is not None and named and about[1] not in named and not re.search(OF_ALLOWED, about[0].text):
        yield Conclusion(
            f"{about[0].result()}, but the body has another Origin than the request: "
            f"{quoted(about[0])}. A proxy rewrites Origin ({proxy_of(seen)}).{past_the_proxy(seen)}",
            sure(seen, 0.92),
            _origin_names(seen),
            proxy_lines(seen, "header", part="Origin", proven=True),
        )


@rule()
def host_changed_by_words(seen: Trace) -> Iterator[Conclusion]:
    about = _about_origin(seen)
    if about is None or compared(seen) != "opens":
        return
    bare, past = seen.without_origin, seen.past
    # The library of the application refuses by itself; a text without an author may be that of a proxy's rule.
    or_rule = "" if about[0].by_server else "; or a rule of the proxy refuses this Origin"
    bare_opens = past is not None and past.opens and not seen.start.has_origin
    if bare is not None and bare_opens and re.search(OF_ORIGIN, bare.text):
        yield Conclusion(
            f"{about[0].result()}, and the body is about the Origin: {quoted(about[0])}, even if none is sent. "
            f"Asked directly, the handshake opens: the proxy adds or changes Origin "
            f"({proxy_of(seen)}){or_rule}.",
            0.93,
            _origin_names(seen),
            proxy_lines(seen, "header", part="Origin", proven=True),
            id="origin-changed",
        )
    else:
        yield Conclusion(
            f"{about[0].result()}, and the body is about the Origin: {quoted(about[0])}. Without the "
            "proxy, the same Origin and Host open (101): the proxy changes Host (or Origin), and the "
            f"application compares the two ({proxy_of(seen)}){or_rule}.",
            0.93,
            _origin_names(seen),
            proxy_lines(seen, "host"),
        )


# -- the subprotocol


@rule(claims=(application_to_blame,))
def subprotocol_refused(seen: Trace) -> Iterator[Conclusion]:
    base, offered = _refused(seen), seen.start.protocols
    others = (n for n, a in seen.answers.items() if a.opens and (n == "no-protocol" or n[:9] == "protocol "))
    name = next(others, None)
    if base is None or not offered or name is None:
        return
    yield Conclusion(
        f"{base.result()} as offered, 101 with '{name}': the application does not accept "
        f"{b', '.join(offered).decode('latin-1')}.",
        0.93,
        ("base", name),
        "Offer only subprotocols that the application supports.",
    )


@rule()
def subprotocol_named(seen: Trace) -> Iterator[Conclusion]:
    base = seen.base
    for name in named_subprotocols(seen):
        answer = seen[f"protocol {name}"]
        if answer is None or answer.report.outcome != "open" or base.report.outcome == "open":
            continue
        without = "the server closes the session" if base.opens else f"the answer is {base.result()}"
        yield Conclusion(
            f"Opens with the subprotocol {name}, which the server names; without it {without}. The application "
            "requires this subprotocol.",
            0.97,
            ("base", f"protocol {name}"),
            f"Offer {name}: --protocol in wsprobe, the second argument of new WebSocket() in a page.",
        )
        return


@rule()
def subprotocol_lost(seen: Trace) -> Iterator[Conclusion]:
    base, offered = _refused(seen), seen.start.protocols
    if base is None or not offered or base.cause_id not in ("subprotocol-required", "subprotocol-lost"):
        return
    text = base.words.lower()
    missing = base.cause_id == "subprotocol-lost"
    named = any(each.decode("latin-1").lower() in text for each in offered)
    wants_it = named and re.search(r"expected|wanted|required", text) is not None
    yield Conclusion(
        f"{base.result()}, {of_cause(base)}, but {b', '.join(offered).decode('latin-1')} was "
        f"offered: {_dropped_or_other(seen, dropped_first=missing or wants_it)}.{past_the_proxy(seen)}",
        sure(seen, 0.9 if wants_it else 0.6),
        beside(seen, "no-protocol"),
        proxy_lines(seen, "header", part="Sec-WebSocket-Protocol", proven=wants_it),
        # Foxglove's server calls the field missing where it has another name.
        open=not wants_it and compared(seen) != "opens",
    )


@rule()
def subprotocol_dropped(seen: Trace) -> Iterator[Conclusion]:
    base, past = seen.base, seen.past
    final = past.reading.final if past is not None and past.opens else None
    if base.cause_id == "subprotocol-none" and final is not None and final.head.all(b"sec-websocket-protocol"):
        offered = b", ".join(seen.start.protocols).decode("latin-1")
        yield Conclusion(
            f"Opens, but without a subprotocol, though {offered} was offered: Chromium fails such a handshake. "
            "Asked directly, the backend selects one: a proxy drops Sec-WebSocket-Protocol "
            f"({proxy_of(seen)}).",
            0.95,
            ("base", opening_directly(seen)),
            proxy_lines(seen, "header", part="Sec-WebSocket-Protocol", proven=True),
        )


def _dropped_or_other(seen: Trace, *, dropped_first: bool) -> str:
    """What may be so, the likelier first: that the field was lost, if the answer misses it."""
    dropped, other = (
        f"a proxy drops Sec-WebSocket-Protocol ({proxy_of(seen)})",
        "the application requires another name",
    )
    return f"{dropped}, or {other}" if dropped_first or shows_proxy(seen) else f"{other}, or {dropped}"
