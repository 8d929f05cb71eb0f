"""The meaning of a status alone, whoever sent it; ``statuses`` has the usual meanings."""

from __future__ import annotations

from msgspec.structs import replace

from wsprobe.diagnosis.cause import Cause
from wsprobe.diagnosis.evidence import Evidence, behind_proxy, foreign_origin, hop_of, is_markup
from wsprobe.diagnosis.faults import (
    DROPPED,
    NO_SOCKETIO,
    answered_401,
    by_request_of_socketio,
    either_or_stripped,
    for_socketio,
    http10,
    no_websocket,
    nowhere,
    origin_or_rule,
    origin_refused,
    redirected,
    socketio_causes,
    upgrade_stripped,
)
from wsprobe.diagnosis.statuses import CLASSES, STATUSES

ALLOW_ORIGIN = "add the page's origin to the server's allowed origins"


def by_status(evidence: Evidence, *, silent: bool, unexplained: bool = False) -> tuple[Cause, ...]:
    """The possible causes by the status alone, the likeliest first, without faults of the request.

    *silent*: the answer has no words of its own (``words.own_words``). *unexplained*: it has some that
    give no reason."""
    origin_open = silent or unexplained
    if 300 <= evidence.status < 400:
        return (redirected(evidence, "the server"),)
    match evidence.status:
        case 505:
            return (http10(), upgrade_stripped())
        case 200 | 204 | 404 | 405:
            return _as_a_page(evidence)
        case 401:
            return (answered_401(evidence),)
        case 403 if for_socketio(evidence):
            (refused,) = _refused(evidence, origin_open)
            return by_request_of_socketio(evidence, replace(refused, usual=(NO_SOCKETIO, *refused.usual)))
        case 400 if for_socketio(evidence):
            known = socketio_causes(evidence)
            origin = tuple(cause for cause in known if cause.id == "origin-refused")
            # Without an Origin nothing was sent that a check could refuse: a lost field is as likely.
            first = (
                known if evidence.origin is not None else tuple(cause for cause in known if cause not in origin)
            )
            bad, *more = _bad(evidence)
            return (*first, bad, *origin, *more)
        case 403:
            return _forbidden(evidence, origin_open)
        case 500 if behind_proxy(evidence) and evidence.oddity != "upgrade" and not evidence.arrived:
            return tuple(replace(failed, usual=(*failed.usual, DROPPED)) for failed in _of_table(evidence))
        case 400:
            return _bad(evidence)
        case _:
            return _of_table(evidence)


def _as_a_page(evidence: Evidence) -> tuple[Cause, ...]:
    support = no_websocket(
        "the server that answered has no WebSocket support",
        "run a server with WebSocket support, and route the path to that server",
    )
    found = (*either_or_stripped(evidence, nowhere(evidence)), support)
    if evidence.status == 200 and hop_of(evidence) == "nginx" and is_markup(evidence):
        replaced = Cause(
            "intercepted",
            "nginx replaced the application's error with its own page (proxy_intercept_errors)",
            "proxy_intercept_errors off for the location of the socket",
        )
        return (*found[:-1], replaced)
    return found[:-1] if evidence.arrived else found


def _refused(evidence: Evidence, silent: bool) -> tuple[Cause, ...]:
    """A 403. *silent*: the answer gives no reason, so a missing Origin may be it."""
    (refused,) = _of_table(evidence)
    fix = "send what the application requires (token, cookie, Origin, parameter); look in its log"
    if evidence.origin is not None:
        return (replace(refused, fix=fix),)
    missing = "no Origin in the request (browsers always send one)"
    usual = tuple(missing if "Origin" in each else each for each in refused.usual)
    return (
        replace(
            refused, fix=f"try --origin with the origin of the page; {fix}" if silent else fix, usual=usual
        ),
    )


def _forbidden(evidence: Evidence, silent: bool) -> tuple[Cause, ...]:
    refused = _refused(evidence, silent)
    if foreign_origin(evidence):
        return (origin_or_rule(evidence, ALLOW_ORIGIN, "the server, or a rule in front of it,"), *refused)
    return (*refused, origin_refused(evidence, ALLOW_ORIGIN))


def _bad(evidence: Evidence) -> tuple[Cause, ...]:
    (bad,) = _of_table(evidence)
    origin = (origin_refused(evidence, ALLOW_ORIGIN),) if foreign_origin(evidence) else ()
    return (bad, *origin) if evidence.arrived else (bad, *origin, upgrade_stripped())


def _of_table(evidence: Evidence) -> tuple[Cause, ...]:
    """What ``statuses`` has for the status, or else for its class."""
    row = STATUSES.get(evidence.status)
    if row is None or not row.cause:
        row = CLASSES.get(evidence.status // 100)
    if row is None or not row.cause:
        return ()
    return (Cause(row.cause, f"{row.act} ({evidence.status})", row.do or row.fix, usual=row.usual),)
