"""What the answers of an audit show: every weakness that was found, and what could not be tested."""

from __future__ import annotations

from wsprobe.trace import audit_rules
from wsprobe.trace.audit_session import answered, reference, stopped
from wsprobe.trace.trace import Trace
from wsprobe.trace.weakness import DESCRIBED, Found, Weakness

_FOUND = {each.id: each for each in vars(audit_rules).values() if isinstance(each, Weakness)}
WEAKNESSES: tuple[Weakness, ...] = tuple(_FOUND[id] for id in DESCRIBED)
"""The worst first."""
BY_ID = {each.id: each for each in WEAKNESSES}


def weaknesses(seen: Trace) -> tuple[Found, ...]:
    """The weaknesses that *seen* shows, the worst first; one kind may be found more than once."""
    if "base" not in seen.answers:
        return ()
    shown = ((each, each.find(seen)) for each in WEAKNESSES)
    return tuple(Found(each, one) for each, found in shown if not isinstance(found, str) for one in found)


def not_tested(seen: Trace) -> tuple[tuple[str, str], ...]:
    """(id, why) of each weakness that the answers neither show nor rule out."""
    if "base" not in seen.answers:
        return tuple((each.id, "nothing was sent") for each in WEAKNESSES)
    reasons = ((each.id, _untested(each, seen)) for each in WEAKNESSES)
    return tuple((id, why) for id, why in reasons if why)


_OF_ANY_ANSWER = frozenset({"server-stops", "stack-trace", "version-disclosed"})
"""What a refusal of the handshake itself also shows."""


def _untested(each: Weakness, seen: Trace) -> str:
    shown = each.find(seen)
    if not isinstance(shown, str) or (each.id in _OF_ANY_ANSWER and answered(seen.base) and not shown):
        return ""
    if gone := stopped(seen):
        return gone
    if each.id != "certificate-refused" and reference(seen) is None:
        return "the handshake itself opens no session"
    return shown
