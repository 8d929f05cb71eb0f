"""What the answers of a trace mean together, as a value, and a rule that finds it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Literal

import msgspec
from msgspec.structs import replace

from wsprobe.data_file import text_beside
from wsprobe.trace.claim import Claim, overlooked
from wsprobe.trace.trace import Trace

Certainty = Literal["certain", "likely", "possible"]
"""``certain``: the answers themselves show it, and fit nothing else that is known. ``likely``: the best fit;
other causes can give the same answers. ``possible``: other causes fit about as well."""
CERTAIN, LIKELY = 0.97, 0.8
"""The least rank of a conclusion that is certain, or likely."""


class Conclusion(msgspec.Struct, frozen=True):
    """What the answers most likely mean."""

    text: str
    likely: float
    """Its rank, from 0 to 1, set in the rule: an order, no measured frequency."""
    because: tuple[str, ...]
    """The names of the changes whose answers show it side by side."""
    fix: str = ""
    """The lines for the proxy or framework, or what else to do; "" if nothing is broken."""
    open: bool = False
    """True if it lists several causes, and these answers cannot tell which."""
    id: str = ""
    """An id of ``causes.txt``, or of a weakness; that of the rule, unless the rule gives another."""
    sent: str = ""
    """In an audit: what was sent, and"""
    came: str = ""
    """what came back."""
    claims: tuple[Claim, ...] = ()
    """What it says about rows, beside the claims of its rule."""

    @property
    def certainty(self) -> Certainty:
        """How certain it is, in a word. What lists several causes is never certain."""
        if self.likely < LIKELY:
            return "possible"
        return "certain" if self.likely >= CERTAIN and not self.open else "likely"


Find = Callable[[Trace], Iterator[Conclusion]]


class Rule(msgspec.Struct, frozen=True):
    """A function that reads a trace, and what a manual says about it."""

    id: str
    """What the rule concludes; "" for the rule that repeats the cause of the answer."""
    seen: str
    means: str
    cannot_know: str
    find: Find
    claims: tuple[Claim, ...] = ()
    """What each of its conclusions says about the rows."""
    differing: bool = False
    """It says itself that rows differ, and that nothing else can be concluded from them."""

    def __call__(self, seen: Trace) -> Iterator[Conclusion]:
        """The conclusions of this rule, each with its id; none if it does not fit."""
        return (each if each.id else replace(each, id=self.id) for each in self.find(seen))

    def unrefuted(self, seen: Trace) -> Iterator[Conclusion]:
        """The conclusions of this rule that no row of the table refutes."""
        return (each for each in self(seen) if not self.refuted(each, seen))

    def refuted(self, found: Conclusion, seen: Trace) -> str:
        """The row that refutes *found*, or that turns the answer and has no part in it; "" if none does."""
        refuting = (row for claim in (*self.claims, *found.claims) if (row := claim(seen)))
        return next(refuting, "" if self.differing else overlooked(found.because, seen))


def blocks(name: str) -> list[list[str]]:
    """The entries of the text *name* behind its head: a line, and the indented ones below it."""
    text = text_beside(__file__, name).partition("\n\n")[2].replace("\n    ", " ")
    return [block.split("\n  ") for block in re.split(r"\n(?=\S)", text.rstrip())]


def _described() -> dict[str, tuple[str, str, str, str]]:
    """The words of ``conclusions.txt`` in its order: name of a rule -> id, seen, means, cannot_know."""
    found = {}
    for head, means, *limits in blocks("conclusions.txt"):
        title, _, seen = head.partition(": ")
        name, _, id = title.removesuffix(")").partition(" (")
        limit = "".join(limits).removeprefix("not known: ")
        found[name] = (id.removeprefix("-") if id else name, seen, means, limit)
    return found


DESCRIBED = _described()


def rule(*, claims: tuple[Claim, ...] = (), differing: bool = False) -> Callable[[Find], Rule]:
    """Make a rule of a function, with the words that ``conclusions.txt`` has for its name."""
    return lambda find: Rule(*DESCRIBED[find.__name__.replace("_", "-")], find, claims, differing)
