"""What a conclusion says about the rows of the table beside it, so that a row can refute it.

A claim is a function of the trace: the name of the first row that refutes it; "" if none does. The runner drops
a conclusion with a claim that is refuted, and one that overlooks the row that turns the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from wsprobe.trace.answer import Answer, alike
from wsprobe.trace.direct import compared, opening_directly
from wsprobe.trace.trace import Trace

Claim = Callable[[Trace], str]

ELSEWHERE = ("backend", "address ", "http2")
"""How the names of requests begin that go another way than the handshake."""
INCOMPLETE = frozenset({"get", "no-upgrade", "no-version", "no-key"})
"""Requests that are no complete handshake: no server has to open for them."""
UPGRADES = frozenset({"no-version", "no-key"})
"""Incomplete requests with Upgrade."""


def through(seen: Trace) -> Iterator[tuple[str, Answer]]:
    """The requests that went the way of the handshake and were not interrupted, with their answers."""
    for name, answer in seen.answers.items():
        if not name.startswith(ELSEWHERE) and answer.kind != "interrupted":
            yield name, answer


def handshakes(seen: Trace) -> Iterator[tuple[str, Answer]]:
    """Of these, the complete handshakes."""
    return ((name, answer) for name, answer in through(seen) if name not in INCOMPLETE)


def varied(seen: Trace) -> bool:
    """True if other forms of the handshake were sent, and not only repeats."""
    return any(name not in ("base", "again-1", "again-2") for name, _ in handshakes(seen))


def with_origin(seen: Trace) -> Iterator[tuple[str, Answer]]:
    """Of these, the handshakes with an Origin."""
    names = {"origin", "same-origin", "origin-other", "chromium", "firefox"}
    given = seen.start.has_origin
    return ((n, each) for n, each in handshakes(seen) if n in names or (given and n != "no-origin"))


def as_base(one: Answer, base: Answer) -> bool:
    """The same status, or the same end without one."""
    return (one.kind, one.status) == (base.kind, base.status)


def _first(answers: Iterator[tuple[str, Answer]], refutes: Callable[[Answer], bool]) -> str:
    return next((name for name, answer in answers if refutes(answer)), "")


def every_request(seen: Trace) -> str:
    """Every request gets the status of the base, even a plain GET."""
    return _first(through(seen), lambda each: not as_base(each, seen.base))


def every_upgrade(seen: Trace) -> str:
    """Every request with Upgrade gets the answer of the base."""
    rows = ((name, each) for name, each in through(seen) if name not in INCOMPLETE or name in UPGRADES)
    return _first(rows, lambda each: not alike(each, seen.base))


def no_request_answered(seen: Trace) -> str:
    """No request is answered, not even a plain GET."""
    return _first(through(seen), lambda each: each.kind not in ("cut", "not-reached", "silent"))


def every_handshake(seen: Trace) -> str:
    """Every form of the handshake gets the status of the base."""
    return _first(handshakes(seen), lambda each: not as_base(each, seen.base))


def no_handshake_opens(seen: Trace) -> str:
    """No form of the handshake opens."""
    return _first(handshakes(seen), lambda each: each.opens)


def every_form_refused(seen: Trace) -> str:
    """Every form of the handshake gets an answer that refuses it."""
    return _first(handshakes(seen), lambda each: each.kind != "http")


def any_origin_opens(seen: Trace) -> str:
    """The handshake opens with any Origin."""
    return _first(with_origin(seen), lambda each: not each.opens)


def proxy_to_blame(seen: Trace) -> str:
    """A proxy does it: without the proxy the answer is another one."""
    direct = (name for name in ("backend-origin", "backend-plain", "backend") if name in seen.answers)
    return next(direct, "") if compared(seen) == "same" else ""


def application_to_blame(seen: Trace) -> str:
    """The application does it: it does not open directly."""
    return opening_directly(seen) if compared(seen) == "opens" else ""


def turning(seen: Trace) -> tuple[str, ...]:
    """The handshakes that open though the base does not, or do not though it opens."""
    return tuple(name for name, each in handshakes(seen) if each.opens is not seen.base.opens)


def overlooked(because: tuple[str, ...], seen: Trace) -> str:
    """The handshake that turns the answer, if the rows that show a conclusion have none of them."""
    turned = turning(seen)
    return "" if not turned or set(turned) & set(because) else turned[0]
