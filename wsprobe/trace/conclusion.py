"""What the answers of a trace mean together, as a value, and a rule that finds it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
from msgspec.structs import replace

from wsprobe.trace.trace import Trace


class Conclusion(msgspec.Struct, frozen=True):
    """What the answers most likely mean."""

    text: str
    likely: float
    """0 to 1: how often it was true in the measured chains."""
    because: tuple[str, ...]
    """The names of the changes whose answers show it side by side."""
    fix: str = ""
    """The lines for the proxy or framework, or what else to do; "" if nothing is broken."""
    open: bool = False
    """True if it lists several causes, and these answers cannot tell which."""
    id: str = ""
    """A word of ``diagnosis.KINDS``, or that of a weakness; that of the rule, unless the rule gives another."""
    sent: str = ""
    """In an audit: what was sent, and"""
    came: str = ""
    """what came back."""


Find = Callable[[Trace], Iterator[Conclusion]]


class Rule(msgspec.Struct, frozen=True):
    """A function that reads a trace, and what a manual says about it."""

    id: str
    """What the rule concludes; "" for the rule that repeats the cause of the answer."""
    seen: str
    means: str
    cannot_know: str
    find: Find

    def __call__(self, seen: Trace) -> Iterator[Conclusion]:
        """The conclusions of this rule, each with its id; none if it does not fit."""
        return (each if each.id else replace(each, id=self.id) for each in self.find(seen))


def rule(seen: str, means: str, cannot_know: str = "", *, id: str | None = None) -> Callable[[Find], Rule]:
    """Make a rule of a function. Its id is the name of the function with hyphens, unless *id* is given."""

    def decorate(find: Find) -> Rule:
        name = find.__name__.replace("_", "-") if id is None else id
        return Rule(name, seen, means, cannot_know, find)

    return decorate
