"""The act that a status proves, whoever sent it, with its usual causes; ``statuses`` has the meanings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wsprobe.diagnosis.cause import TELLS_APART, Cause, as_clause
from wsprobe.diagnosis.evidence import Evidence, behind_proxy, foreign_origin, is_markup, shown
from wsprobe.diagnosis.faults import (
    A_CHECK,
    DROPPED,
    IN_A_PAGE,
    NO_ENDPOINT,
    asks_to_log_in,
    challenged,
    credentials_wanted,
    http10,
    redirected,
    unlike_socketio,
)
from wsprobe.diagnosis.statuses import CLASSES, STATUSES, StatusMeaning


def by_status(evidence: Evidence) -> tuple[Cause, ...]:
    """The cause that the status alone shows, without faults of the request; () if it is of no class."""
    if 300 <= evidence.status < 400:
        return (redirected(evidence, "the server"),)
    if evidence.status == 401 and evidence.has("www-authenticate"):
        return (challenged(evidence),)
    if evidence.status in (400, 426) and (spoken := _versions_spoken(evidence)):
        return (_without_13(spoken),)
    return (act(evidence),) if 2 <= evidence.status // 100 <= 5 else ()


def _versions_spoken(evidence: Evidence) -> str:
    """The versions that a refusal of version 13 lists (RFC 6455 section 4.4); "" if 13 is one, or something is
    no version."""
    listed = [each.strip() for value in evidence.all("sec-websocket-version") for each in value.split(",")]
    other = "13" not in listed and all(re.fullmatch(r"[0-9]{1,3}", each) for each in listed)
    return ", ".join(listed) if other and not evidence.oddity else ""


CHANGED_VERSION = "a proxy that changes or drops Sec-WebSocket-Version"


def _lists_13(evidence: Evidence) -> bool:
    """The answer lists the version that was sent, and no protocol to upgrade to: a server lists versions where
    the request's is missing or another (RFC 6455 section 4.2.2), and names a protocol where Upgrade is
    missing (RFC 9110 section 15.5.22)."""
    listed = re.findall(r"\d+", ",".join(evidence.all("sec-websocket-version")))
    return evidence.status == 426 and "13" in listed and not (evidence.has("upgrade") or evidence.oddity)


def _without_13(spoken: str) -> Cause:
    return Cause(
        "version-unsupported",
        f"the server lists other versions of the protocol ({spoken}), not 13",
        "update the server: browsers speak only 13; --ws-negotiate tries one that it lists",
        "stated",
        f"Sec-WebSocket-Version: {spoken}",
    )


def act(evidence: Evidence, *usual: str, fix: str = "") -> Cause:
    """What the server did, as far as the status proves it. *usual* and *fix*: in place of those of the status,
    where more is known of the author."""
    row = STATUSES.get(evidence.status)
    if row is None or not row.cause:
        row = CLASSES.get(evidence.status // 100, CLASSES[4])
    return Cause(
        row.cause, _did(evidence, row), fix or _to_do(evidence, row), usual=usual or _usual(evidence, row)
    )


def _did(evidence: Evidence, row: StatusMeaning) -> str:
    """What the answer proves that the server did."""
    did = f"{row.act} ({evidence.status})"
    match evidence.status:
        case 200 if evidence.body:
            return f"the server answered as to a plain GET ({evidence.status}), with {_content(evidence)}"
        case 401:
            return f"the server refused the request ({evidence.status}): it found no valid credentials in it"
        case 404 | 410 if not (behind_proxy(evidence) or evidence.protocols or evidence.oddity):
            # Of 233 kinds of server without a mark of a proxy, 219 had no endpoint at the path.
            return f"{did}: it has nothing at this path"
        case _:
            return did


def _content(evidence: Evidence) -> str:
    """What came in place of a handshake, in words: a page with its title, or other content."""
    if is_markup(evidence):
        title = re.search(_TITLE, evidence.text)
        named = shown(title[1], _TITLE_SHOWN) if title is not None else ""
        return f'an ordinary page, titled "{named}"' if named else "an ordinary page"
    kind = evidence.get("content-type").partition(";")[0].strip().lower()
    return shown(kind) if kind else "other content"


_TITLE = r"(?i)<title[^<>]*>([^<]*)</title"
_TITLE_SHOWN = 60


def _to_do(evidence: Evidence, row: StatusMeaning) -> str:
    if listed := listed_protocols(evidence):
        how = IN_A_PAGE if evidence.by_page else "--protocol"
        return f"offer {listed} ({how}), or correct the path"
    match evidence.status:
        case 404 | 405 | 410:
            return _PATH
        case status if status < 300:
            return _PATH
        case 401:
            return credentials_wanted(evidence).fix
        case 403:
            sends = "send what the application requires (token, cookie, parameter)"
            return f"{try_origin(evidence)}{sends}; look in its log"
        case 426 if _lists_13(evidence):
            return "check what each proxy does to Sec-WebSocket-Version"
        case 505:
            return http10().fix
        case _:
            return row.do or as_clause(row.fix)


def try_origin(evidence: Evidence) -> str:
    """What to do first about a refusal if no Origin was sent; "" if one was."""
    lacks = evidence.origin is None and not evidence.by_page
    return "try --origin with the origin of the page; " if lacks else ""


_PATH = f"correct the path, or add a WebSocket route for it; {TELLS_APART}"
"""What to do about an answer as to a plain GET."""


def _usual(evidence: Evidence, row: StatusMeaning) -> tuple[str, ...]:
    """The usual causes of the status, the likeliest first."""
    lost = may_be_lost(evidence)
    origin = own_origin(evidence)
    if listed := listed_protocols(evidence):
        return (f"a required subprotocol ({listed})", "a wrong path", A_CHECK, *lost)
    match evidence.status:
        case 400 if wrong := unlike_socketio(evidence.path, evidence.query):
            return (*wrong, *origin, A_CHECK, *lost)
        case 401:
            sent = "wrong or expired credentials"
            own = sent if evidence.credentials else "no valid token, cookie or password in the request"
            return (own, "another check (Origin, subprotocol)", "an exception in that check")
        case 403:
            others = (
                "a rule or firewall (WAF)",
                "an unknown path, or an exception",
                "a proxy whose backend failed",
            )
            return (*unlike_socketio(evidence.path, evidence.query), *origin, A_CHECK, *others)
        case 426:
            version = (f"{CHANGED_VERSION} (the answer lists 13)", *lost)
            first = version if _lists_13(evidence) else (*lost, "a version other than 13")
            return (*first, "no code that handles upgrades at this path")
        case 500:
            return (
                "an exception (also for an unknown path)",
                "a handler that returned without accepting",
                "a proxy whose backend failed",
                *lost,
            )
        case 505:
            return ("a proxy that sends HTTP/1.0", *lost)
        case 404 | 405 | 410:
            return answered_elsewhere(evidence, *_not_found(evidence))
        case status if status < 300:
            return answered_elsewhere(evidence, *_page(evidence))
        case _:
            return (*(origin if foreign_origin(evidence) and evidence.status == 400 else ()), *row.usual)


def answered_elsewhere(evidence: Evidence, *others: str) -> tuple[str, ...]:
    """The usual causes of an answer as to a plain GET: many proxies leave no mark, so a lost Upgrade comes
    first only where one is seen."""
    lost = may_be_lost(evidence)
    return (*lost, NO_ENDPOINT, *others) if behind_proxy(evidence) else (NO_ENDPOINT, *lost, *others)


def _not_found(evidence: Evidence) -> Iterator[str]:
    if evidence.protocols:
        yield f"a server that supports no offered subprotocol ({shown(', '.join(evidence.protocols))})"
    if re.search(_ID_IN_PATH, evidence.path):
        yield "an id in the path that the server does not know"
    if evidence.status != 405:
        yield "a refusal (Origin, token)"
        yield "a proxy without a rule, or whose backend is down"


def _page(evidence: Evidence) -> Iterator[str]:
    if asks_to_log_in(evidence):
        yield "no session of a login (the page asks to log in)"
    if not evidence.body:
        yield "a refusal without an upgrade (no token)"
        yield "an exception that a middleware caught"
    elif behind_proxy(evidence):
        yield "a proxy that hides an error behind this page"


_ID_IN_PATH = r"(?i)/(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,}|\d+)(?:/|\Z)"
"""A UUID, a long hexadecimal number, or a number."""


def may_be_lost(evidence: Evidence) -> tuple[str, ...]:
    """That a proxy dropped Upgrade, as a usual cause; () if the request had none, or the answer shows that it
    arrived."""
    return () if evidence.arrived or evidence.oddity == "upgrade" else (DROPPED,)


def own_origin(evidence: Evidence) -> tuple[str, ...]:
    """What a check of the Origin may refuse in the request, as a usual cause."""
    if evidence.origin is None:
        return ("no Origin in the request (browsers always send one)",)
    if foreign_origin(evidence):
        return (f"the origin {shown(evidence.origin)}, which is not allowed",)
    return ()


def listed_protocols(evidence: Evidence) -> str:
    """The subprotocols that a refusal lists, none of which was offered; "" if it lists none."""
    about_something_else = not 400 <= evidence.status < 500 or evidence.status in (401, 407, 429)
    if about_something_else or not evidence.has("sec-websocket-protocol"):
        return ""
    values = evidence.all("sec-websocket-protocol")
    listed = [name for value in values for part in re.finditer("[^,]+", value) if (name := part[0].strip())]
    return "" if any(each in evidence.protocols for each in listed) else shown(", ".join(listed))
