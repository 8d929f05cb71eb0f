"""What an audit compares: whether an answer lets its sender in, and whether it turns the sender away.

A server may refuse with a status, or accept and close at once with a code, which a page can read. Both count as
refused. What may be a limit, an overload or a fault of the network counts as neither.
"""

from __future__ import annotations

from wsprobe.read.closing import close_of
from wsprobe.trace.answer import Answer
from wsprobe.trace.trace import Trace

TEMPORARY = frozenset({408, 421, 425, 429})
"""4xx statuses that are no decision about who asks (RFC 9110, RFC 8470, RFC 6585)."""
NO_DECISION = frozenset({1000, 1001, 1005, 1006, 1011, 1012, 1013, 1014})
"""Close codes that do not mean a refusal: the server is done, restarting, failing or too busy (IANA, WebSocket
Close Code Number Registry)."""


def ended(answer: Answer) -> str:
    """How the session behind a valid 101 ended: ``stays`` (wsprobe closed it), ``closed CODE`` or ``dropped``;
    "" without a session."""
    if not answer.opens:
        return ""
    close = close_of(answer.reading)
    if close is not None and close.by == "server":
        return f"closed {1005 if close.code is None else close.code}"
    return "dropped" if close is None and answer.report.outcome == "aborted" else "stays"


def admitted(answer: Answer | None, like: Answer | None) -> bool:
    """True if a session opened and stayed open, or ended with 1000 as that of *like* did."""
    if answer is None or not answer.opens:
        return False
    end = ended(answer)
    return end == "stays" or (end == "closed 1000" and like is not None and ended(like) == end)


def refused(answer: Answer | None) -> bool:
    """True if the server decided against who asked: a 3xx or 4xx, or a Close with a code that says so."""
    if answer is None:
        return False
    if answer.kind == "http":
        return 300 <= (answer.status or 0) < 500 and answer.status not in TEMPORARY
    kind, _, code = ended(answer).partition(" ")
    return kind == "closed" and int(code) not in NO_DECISION


def reference(seen: Trace) -> Answer | None:
    """The answer to the handshake that opens a session: with the page's own Origin, or as it was given; None if
    neither does."""
    for answer in (seen["origin"], seen["base"]):
        if answer is not None and admitted(answer, answer):
            return answer
    return None


def unsteady(seen: Trace) -> str:
    """Why a refusal shows nothing, in words; "" if it does."""
    if seen["again"] is None:
        return "the handshake was not repeated at the end, so a rate limit may explain the refusals"
    if admitted(seen["again"], reference(seen)):
        return ""
    return "the last request, the same as the first ones, did not open: a rate limit may explain the refusals"


GONE = frozenset({"cut", "silent", "not-reached"})
"""Kinds of an answer that did not come."""
OTHER_PORT = frozenset({"clear", "clear-beside"})
"""Rows in clear: TLS and closed ports give them no answer."""


def lost_one(seen: Trace) -> bool:
    """True if a request got no answer, and the handshake before it did."""
    return answered(seen["base"]) and any(
        answer.kind in GONE for name, answer in seen.answers.items() if name not in OTHER_PORT
    )


def stopped_by(seen: Trace) -> str:
    """The request after which the server answers nothing, not even the handshake that it answered first; "" if
    it still answers. If the connection was refused from a request on, the one before it counts."""
    check = next((name for name in ("again", "alive") if seen[name] is not None), "")
    if not check or not answered(seen["base"]) or seen.answers[check].kind not in GONE:
        return ""
    names = [name for name in seen.answers if name != "clear-beside"]
    at = names.index(check)
    while at and seen.answers[names[at - 1]].kind in GONE:
        at -= 1
    return names[at - 1] if seen.answers[names[at]].kind == "not-reached" else names[at]


def stopped(seen: Trace) -> str:
    """Why nothing more is sent, in words, if the server answers nothing any more; else ""."""
    name = stopped_by(seen)
    return f"since the request {name}, the server answers nothing" if name else ""


def answered(answer: Answer | None) -> bool:
    """True if an answer came, whatever it is."""
    return answer is not None and answer.kind in ("open", "http", "invalid")


def came(answer: Answer) -> str:
    """In a few words: what came back."""
    match ended(answer).partition(" "):
        case ("stays", _, _):
            return "101, and the session stayed open"
        case ("closed", _, code):
            return f"101, then a Close with {code}"
        case ("dropped", _, _):
            return "101, then the connection ended"
        case _:
            return answer.result()
