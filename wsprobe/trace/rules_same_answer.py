"""Rules of a trace: a handshake and a plain GET get the same answer.

An error of the server, a rule on the method, a proxy that drops Upgrade, another program than the application.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from wsprobe.diagnosis.cause import as_sentence
from wsprobe.trace.answer import Answer, alike
from wsprobe.trace.claim import every_form_refused, every_request
from wsprobe.trace.conclusion import Conclusion, rule
from wsprobe.trace.direct import (
    backend_of,
    beside,
    compared,
    gets_plain_get,
    may_strip_prefix,
    opens_directly,
    past_the_proxy,
    same_directly,
    sure,
    unmapped,
)
from wsprobe.trace.rules_handshake_refused import refusing
from wsprobe.trace.sentences import (
    NOT_IF_SIGNED,
    itself,
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
    lines_if_seen,
    proxy_lines,
    steps,
    with_code,
)
from wsprobe.trace.trace import Trace


@rule(
    "500 or another 5xx for every request",
    "that server itself fails",
    "why; see that server's log",
    claims=(every_request,),
)
def server_error(seen: Trace) -> Iterator[Conclusion]:
    base, get = seen.base, seen["get"]
    if base.kind != "http" or get is None or base.status < 500 or not alike(base, get):
        return
    cause = shown_by(base)
    if cause is not None and cause.certainty == "stated":
        yield Conclusion(
            f"{base.status} for every request, even a plain GET, {written_by(base)}: {cause.text}."
            f"{past_the_proxy(seen)}",
            sure(seen, 0.88),
            beside(seen, "get"),
            with_code(as_sentence(cause.fix_in_trace), base),
            id=cause.id,
        )
        return
    yield Conclusion(
        f"{base.status} for every request, even a plain GET, {written_by(base)}: that server "
        f"itself fails.{usually(*_why_it_fails(seen))}{likeliest(seen)}{past_the_proxy(seen)}",
        sure(seen, 0.88),
        beside(seen, "get"),
        steps(first_do(base, "Look in that server's log."), lines_if_seen(seen, "error")),
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
    if seen.base.by_proxy and seen.base.cause is not None and seen.base.cause.usual:
        return tuple(dict.fromkeys((*seen.base.cause.usual, *own)))
    missing = "a missing module or handler for the upstream's scheme"
    return (missing, "TLS sent to a plain port", "a tarpit", *own)


def _refuses(past: Answer | None) -> bool:
    return past is not None and past.kind == "http" and 400 <= past.status < 500


@rule(
    "405 to every GET",
    "no WebSocket endpoint at this path, or a rule on the method",
    NOT_IF_SIGNED,
    claims=(every_request,),
)
def method_refused(seen: Trace) -> Iterator[Conclusion]:
    base = seen.base
    if base.kind == "http" and base.status == 405 and seen.like_get:
        why, fix = "a rule on the method, or an endpoint for other methods", "let the method pass on this path."
        if not base.by_proxy and compared(seen) != "opens":
            why = "no WebSocket endpoint at this path, which takes other methods, or a rule on the method"
            fix = "correct the path, add a WebSocket route for it, or take out a rule that refuses GET."
        yield Conclusion(
            f"{base.status} to every GET, with or without Upgrade ({written_by(base)}): {why}."
            f"{past_the_proxy(seen)}",
            sure(seen, 0.88),
            beside(seen, "get"),
            steps(f"A handshake is a GET: {fix}", lines_if_seen(seen, "rule")),
        )


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
    if not both or past is None or past_get is None or base.by_proxy or not gets_plain_get(seen):
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
    "the same 401, 402, 403, 406 or 451 to handshake and plain GET; directly the handshake opens",
    "a rule of the proxy",
    "",
)
def blocked_by_rule(seen: Trace) -> Iterator[Conclusion]:
    base, both = seen.base, _same_for_both(seen)
    if both and compared(seen) == "opens" and base.status in (401, 402, 403, 406, 451):
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
    """That credentials are required, if a page and its status show that a proxy requires them; else ""."""
    return "unauthorized" if base.by_proxy and base.status == 401 else ""


@rule(
    "the same answer to handshake and plain GET; directly the handshake opens, a plain GET gets another answer",
    "the path leads elsewhere",
    "whether the proxy answers by itself, or another program does",
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
            open=True,
        )


def _leads_elsewhere(seen: Trace) -> str:
    """A clause: what the proxy does with the path."""
    if clause := unmapped(seen):
        return f"{clause}, or answers by itself or sends the request to another program or page"
    return (
        "the proxy changes the path, answers by itself, or sends the request to another program or page, not "
        "to the application"
    )


NO_LIBRARY = "without a WebSocket library"
"""Words of a usual cause: the program takes every handshake for a plain GET."""


@rule(
    "a refusal, directly too",
    "the application itself refuses",
    "why; see its log",
    id="refused-by-app",
)
def refused_by_app(seen: Trace) -> Iterator[Conclusion]:
    shown, past = _same_for_both(seen) or refusing(seen), seen.past
    if not shown or past is None or compared(seen) != "same":
        return
    cause, past_get = itself(seen["backend-origin"] or past), seen["backend-get"]
    if cause is not None and past_get is not None and alike(past, past_get):
        # A program with a library for WebSockets answers a handshake in another way than a plain GET.
        cause = replace(cause, usual=tuple(sorted(cause.usual, key=lambda each: NO_LIBRARY not in each)))
    why = ""
    if cause is not None and cause.certainty != "status":
        why = f" From its own answer, {cause.labelled}."
    elif cause is not None:
        why = usually(*cause.usual)
    who = backend_of(seen)
    refuses = "" if may_strip_prefix(seen) else f" {who[0].upper()}{who[1:]} itself refuses."
    yield Conclusion(
        f"{shown.rstrip('.')}. {same_directly(seen)}{refuses}{why}",
        0.93,
        ("base", "backend"),
        with_code(
            steps(
                ask_own_path(seen),
                as_sentence(cause.fix_in_trace) if cause is not None else "",
                "The application's log shows why.",
            ),
            past,
        ),
        open=may_strip_prefix(seen),
    )


@rule(
    "the same 401, 403, 406, 407 or 451 to handshake and plain GET",
    "a rule of a proxy or of the application",
    "whose rule",
    claims=(every_form_refused,),
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
    other = likeliest(seen) if base.by_proxy else ""
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


SEES_NO_HANDSHAKE = frozenset({"upgrade-lost", "no-route", "no-websocket"})
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
    reader, arrives = _reads_version(seen), ""
    if reader is not None:
        also = ""  # which may say that Upgrade is dropped
        another = f"{reader.result()} ({written_by(reader)})"
        arrives = f" Without its version the handshake gets {another}, so Upgrade arrives."
    if both:
        yield Conclusion(
            f"{both}.{arrives} Either {', '.join(_either(seen))}, or the application refuses both alike "
            f"(a token, the Origin). Cannot tell which from outside.{also}{past_the_proxy(seen)}",
            0.85,
            ("base", "get", "no-version") if arrives else ("base", "get"),
            _lost_or_elsewhere(seen),
            open=True,
            id="" if not arrives else "server-error" if _may_fail(seen) else "handshake-refused",
        )


def _reads_version(seen: Trace) -> Answer | None:
    """The answer to a handshake without its version, if a server that reads handshakes refuses it for that."""
    version = seen["no-version"]
    if version is None or alike(version, seen.base) or compared(seen) == "opens":
        return None
    return version if version.by_server and version.status in (400, 426) else None


def _may_fail(seen: Trace) -> bool:
    return seen.base.status >= 500 and compared(seen) != "opens"


def _either(seen: Trace) -> tuple[str, ...]:
    """What may be so, the likelier first."""
    path, lost = "the path has no WebSocket endpoint", f"a proxy drops Upgrade ({proxy_of(seen)})"
    may: tuple[str, ...] = (lost, path) if shows_proxy(seen) else (path, lost)
    if _reads_version(seen) is not None:
        may = (path,)
    return ("an exception makes the server fail", *may) if _may_fail(seen) else may


def _lost_or_elsewhere(seen: Trace) -> str:
    """What to do about each of these."""
    log = "Look in the server's log for this request." if _may_fail(seen) else ""
    if _reads_version(seen) is not None:
        return steps(log, "Check the path.")
    if not shows_proxy(seen):
        return steps(log, "Check the path.", FIND_OUT, ANY_PROXY)
    return steps(
        log,
        ask_past(seen),
        f"If Upgrade is lost:\n{proxy_lines(seen, 'upgrade')}",
        f"If the path leads elsewhere:\n{proxy_lines(seen, 'route')}",
    )
