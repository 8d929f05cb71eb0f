"""Rules of a trace: what the handshake gets beside a plain GET.

The handshake alone is refused: a rule against Upgrade, a server that fails on handshakes, a WebSocket library
that refuses. Or both get the same answer: an error of the server, a rule on the method, a proxy that drops
Upgrade, another program than the application.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from wsprobe.diagnosis.cause import Cause, as_sentence
from wsprobe.diagnosis.faults import HTTP_ROUTE, NO_ANSWER
from wsprobe.trace.answer import Answer, alike
from wsprobe.trace.claim import every_form_refused, every_request, every_upgrade, proxy_to_blame, varied
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
from wsprobe.trace.sentences import (
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


@rule()
def handshake_dropped(seen: Trace) -> Iterator[Conclusion]:
    base, get = seen.base, seen["get"]
    if base.kind != "cut" or get is None or get.kind != "http":
        return
    yield Conclusion(
        f"The handshake is dropped without a byte ({base.result()}), but a plain GET gets an answer "
        f"({get.result()}).{usually(*_who_drops(seen))}{past_the_proxy(seen)}",
        sure(seen, 0.75, 0.9),
        beside(seen, "get"),
        proxy_lines(seen, "upgrade")
        if compared(seen) == "opens"
        else steps("Look in the application's log first.", ask_past(seen)),
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


@rule(claims=(every_upgrade, proxy_to_blame))
def upgrade_refused(seen: Trace) -> Iterator[Conclusion]:
    base, bare = seen.base, _only_upgrade_counts(seen)
    if bare is None or bare.status == base.status:
        return
    own = "a program that refuses the handshake itself (no WebSocket endpoint at this path, no token)"
    why = ": a rule refuses Upgrade." if base.by_proxy else f".{usually(_RULE, own)}"
    yield Conclusion(
        f"{base.result()} for any request with Upgrade ({written_by(base)}), {bare.result()} without Upgrade"
        f"{why}{_its_words(base)}{past_the_proxy(seen)}",
        sure(seen, 0.92 if base.by_proxy else 0.75),
        ("base", "no-upgrade"),
        proxy_lines(seen, "refuses-upgrade", base.proxies),
        open=not base.by_proxy,
    )


def _its_words(base: Answer) -> str:
    """A sentence: what the answer itself says; "" if it says nothing, or is a page of a proxy."""
    says = base.cause.says if base.cause is not None and not base.by_proxy else ""
    return says and f" {says[0].upper()}{says[1:]}."


@rule()
def handshake_fails(seen: Trace) -> Iterator[Conclusion]:
    base, get = seen.base, seen["get"]
    if base.kind != "http" or get is None or base.status < 500 or alike(base, get):
        return
    yield Conclusion(
        f"{base.status} to the handshake ({written_by(base)}), another answer to a plain GET ({get.result()}): "
        f"{_where_it_fails(seen)}{likeliest(seen)}{past_the_proxy(seen)}",
        sure(seen, 0.8),
        beside(seen, "get"),
        steps(
            "Look in the log of the application, and of every proxy.",
            ask_past(seen),
            lines_if_seen(seen, "error"),
        ),
        open=True,
    )


def _where_it_fails(seen: Trace) -> str:
    """What fails on a handshake alone."""
    elsewhere = "another route for handshakes than for plain requests"
    if compared(seen) == "opens":
        lost, changes = "a proxy that cannot reach the application", "a proxy that changes the handshake"
        return f"the handshake fails at the proxy.{usually(lost, changes, elsewhere)}"
    cause = itself(seen.base) if seen.base.by_server else None
    failed = (cause and cause.usual) or (
        "an exception in the application",
        "an application that closes the connection or does not answer",
    )
    if not shows_proxy(seen):
        return f"the handshake fails in the server.{usually(*failed)}"
    return f"the handshake fails behind the proxy.{usually(*failed, elsewhere)}"


_RULE = "a rule that refuses Upgrade"


def refusing(seen: Trace) -> str:
    """A clause: the handshake is refused, and a plain GET gets another answer; "" if it is not so."""
    base, get, version = seen.base, seen["get"], seen["no-version"]
    if base.kind != "http" or get is None or seen.like_get:
        return ""
    if not _reads(seen) and not base.by_server and alike(base, get):
        return ""  # only the head differs: another proxy wrote into it
    shown = f"{base.result()} to the handshake ({written_by(base)}), {get.result()} to a plain GET"
    if version is not None and _reads(seen):
        shown += f", another answer without the version ({version.result()})"
    elif _http_route_alone(base):
        return f"{shown}: Upgrade arrives, and a page refuses it that is no WebSocket library's."
    return f"{shown}: a WebSocket library reads the handshake, so Upgrade arrives."


def _http_route_alone(base: Answer) -> bool:
    """True if a framework without a library for WebSockets sends this where a path has only an HTTP route."""
    return base.cause is not None and HTTP_ROUTE in base.cause.usual


def _reads(seen: Trace) -> bool:
    version = seen["no-version"]
    return version is not None and not alike(version, seen.base)


@rule()
def handshake_refused(seen: Trace) -> Iterator[Conclusion]:
    base, get = seen.base, seen["get"]
    if not refusing(seen) or _reads(seen) or base.by_server or get is None or compared(seen) == "same":
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


@rule()
def request_changed(seen: Trace) -> Iterator[Conclusion]:
    shown = refusing(seen)
    if shown and compared(seen) == "opens":
        yield Conclusion(
            f"{shown} {opens_directly(seen)} {_changed(seen)}{_or_itself(seen)} ({proxy_of(seen)}).",
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
    if clause := unmapped(seen):
        return f"{clause[0].upper()}{clause[1:]}, or changes another part (Host, Origin, a header)"
    return "The proxy changes the request's path, or another part (Host, Origin, a header)"


@rule(claims=(every_form_refused,))
def refused_by_library(seen: Trace) -> Iterator[Conclusion]:
    shown = refusing(seen)
    if shown:
        yield Conclusion(
            f"{shown} {_refused_forms(seen)}{likeliest(seen)}{past_the_proxy(seen)}",
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


def _refused_forms(seen: Trace) -> str:
    """Which forms of the handshake are refused, and usually why."""
    cause, forms = itself(seen.base), "every variant" if varied(seen) else "this handshake"
    if cause is not None and not _reads(seen) and _http_route_alone(seen.base):
        return f"{forms[0].upper()}{forms[1:]} is refused.{usually(*cause.usual)}"
    others: tuple[str, ...] = ("the Origin or Host", "missing credentials", "a subprotocol")
    keyless = seen["no-key"]
    if keyless is not None and _reads(seen) and alike(keyless, seen.base):
        others = (
            "a proxy that drops or changes Sec-WebSocket-Key (without it the answer is the same)",
            *others,
        )
    if not shows_proxy(seen):
        return f"The library refuses {forms}.{usually('a wrong path', *others)}"
    path = "a path that is wrong in the URL, or rewritten by a proxy"
    return f"The library refuses {forms}.{usually(path, *others)}"


def _behind_a_cdn(base: Answer) -> Cause | None:
    """What a CDN's own status, from 520 on, says of the server behind it; None for any other."""
    told = (each for each in base.report.causes if each.id.startswith(("backend-", "bad-gateway")))
    return next(told, None) if base.status >= 520 else None


@rule(claims=(every_request,))
def server_error(seen: Trace) -> Iterator[Conclusion]:
    base, get = seen.base, seen["get"]
    if base.kind != "http" or get is None or base.status < 500 or not alike(base, get):
        return
    behind = _behind_a_cdn(base)
    cause = behind or shown_by(base)
    if cause is not None and (behind or cause.certainty == "stated"):
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
    past = seen.past
    own: tuple[str, ...] = ("an exception in the application",)
    if compared(seen) == "opens":
        own = (
            "an exception in a program on the way",
            "no rule for this path",
            "a proxy that cannot reach the application",
        )
    elif compared(seen) == "other" and past is not None and past.kind == "http" and 400 <= past.status < 500:
        own = ("an exception", "a proxy that makes this of a refusal by the application")
    if not shows_proxy(seen) or (seen.base.by_server and compared(seen) != "opens"):
        return own
    if seen.base.by_proxy and seen.base.cause is not None and seen.base.cause.usual:
        return tuple(dict.fromkeys((*seen.base.cause.usual, *own)))
    missing = "a missing module or handler for the upstream's scheme"
    return (missing, "TLS sent to a plain port", "a tarpit", *own)


@rule(claims=(every_request,))
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


@rule()
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
    means = f"the application receives a plain GET, so a proxy drops Upgrade and Connection ({proxy_of(seen)})."
    any_field = opens and _one_for_all(base)
    yield Conclusion(
        f"{both}. {directly}: {_incomplete(seen) if any_field else means}{also}{varnish(seen)}",
        0.97 if opens and not any_field else 0.93,
        ("base", "backend-get") if opens else ("base", "backend"),
        proxy_lines(seen, "upgrade"),
        open=any_field,
    )


def _one_for_all(base: Answer) -> bool:
    """True if a WebSocket library wrote the answer that it has for each fault of a handshake: whichever field
    is lost, its answer is that to a plain GET (gorilla/websocket, server.go, Upgrader.returnError)."""
    return base.author.id == "gorilla" and base.status == 400


def _incomplete(seen: Trace) -> str:
    """What such an answer means."""
    return (
        "the library found a field of the handshake missing or wrong. Usually a proxy drops Upgrade and "
        f"Connection; or one drops or changes Sec-WebSocket-Key or -Version ({proxy_of(seen)})."
    )


@rule()
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


@rule()
def blocked_by_rule(seen: Trace) -> Iterator[Conclusion]:
    base, both = seen.base, _same_for_both(seen)
    if both and compared(seen) == "opens" and base.status in (401, 402, 403, 406, 451):
        whose = "refuses, or the proxy drops what the application requires (a cookie, a token)"
        if base.by_proxy:
            whose = "refuses, not the application"
        yield Conclusion(
            f"{both}. {opens_directly(seen)} A rule of the proxy {whose} ({proxy_of(seen)}).",
            0.95,
            beside(seen, "get"),
            proxy_lines(seen, "rule", base.proxies),
            open=not base.by_proxy,
            id=_of_the_page(base),
        )


def _of_the_page(base: Answer) -> str:
    """That credentials are required, if a page and its status show that a proxy requires them; else ""."""
    return "unauthorized" if base.by_proxy and base.status == 401 else ""


@rule()
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


@rule()
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


@rule(claims=(every_form_refused,))
def refused_to_all(seen: Trace) -> Iterator[Conclusion]:
    base, both = seen.base, _same_for_both(seen)
    if both and base.status in (401, 403, 406, 407, 451):
        whose, unknown = f"a rule of {base.author.who}", ""
        forms = "every variant" if varied(seen) else "both"
        if not base.by_proxy:
            whose, unknown = "a rule of the application or of a proxy", " Cannot tell whose rule."
        yield Conclusion(
            f"{both}, {quoted(base)}: {whose} refuses {forms}. The rule requires something "
            "that the request lacks (a session cookie, a token, another Origin), or refuses the address or the "
            f"path.{unknown}{likeliest(seen, quoted_before=True)}{past_the_proxy(seen)}",
            0.85,
            ("base", "get"),
            steps(
                "Send what a page would send: -b 'session=...', -u, -H.",
                proxy_lines(seen, "rule", base.proxies),
            ),
            open=True,
            id=_of_the_page(base),
        )


@rule()
def no_route(seen: Trace) -> Iterator[Conclusion]:
    base, both = seen.base, _same_for_both(seen)
    kind = (base.field(b"content-type") or "").lower()
    is_page = base.page or kind.startswith(("text/html", "application/xhtml"))
    if not both or not (base.by_proxy or (base.status == 200 and is_page)):
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


@rule()
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


@rule()
def upgrade_lost_at_library(seen: Trace) -> Iterator[Conclusion]:
    both = _same_for_both(seen)
    if both and _one_for_all(seen.base) and seen["no-version"] is None:
        yield Conclusion(
            f"{both}: {_incomplete(seen)}{past_the_proxy(seen)}",
            0.85,
            ("base", "get"),
            steps(ask_past(seen), proxy_lines(seen, "upgrade") if shows_proxy(seen) else ANY_PROXY),
            open=True,
        )


SEES_NO_HANDSHAKE = frozenset({"upgrade-lost", "no-route", "no-websocket"})
"""Causes that the next conclusion names itself."""


@rule()
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
