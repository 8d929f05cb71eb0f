"""A weakness that an audit looks for: what it is in general, and the function that looks for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

from msgspec import Struct

from wsprobe.trace.conclusion import Conclusion
from wsprobe.trace.trace import Trace

Level = Literal["error", "warning", "note"]
"""``error``: a stranger gets at what is a user's; ``warning``: a secret may be read by others, or a protection
is missing; ``note``: what makes other attacks easier. The most severe first."""
Shown = tuple[Conclusion, ...] | str
"""Each place where a weakness is; or why the answers do not show whether it is there; "" if it is not there."""
Find = Callable[[Trace], Shown]


class Weakness(Struct, frozen=True):
    """One weakness."""

    id: str
    title: str
    level: Level
    seen: str
    why: str
    """Why it matters: one sentence or more."""
    cannot_know: str
    find: Find
    fix: str
    """What to do about it in general."""
    cwe: int | None = None
    """Its number in the Common Weakness Enumeration; None if none fits."""

    def is_at_least(self, level: Level) -> bool:
        """Whether it is as severe as *level*, or more."""
        levels = get_args(Level)
        return levels.index(self.level) <= levels.index(level)


def weakness(
    title: str, level: Level, seen: str, why: str, cannot_know: str, *, fix: str, cwe: int | None = None
) -> Callable[[Find], Weakness]:
    """Make a weakness of a function. Its id is the name of the function with hyphens."""

    def decorate(find: Find) -> Weakness:
        return Weakness(find.__name__.replace("_", "-"), title, level, seen, why, cannot_know, find, fix, cwe)

    return decorate


class Found(Struct, frozen=True):
    """A weakness that the answers show."""

    weakness: Weakness
    conclusion: Conclusion

    @property
    def fix(self) -> str:
        """The lines that mend it here; where none are known, what to do in general."""
        return self.conclusion.fix or self.weakness.fix


def found(text: str, because: tuple[str, ...], *, sent: str, came: str, fix: str = "") -> tuple[Conclusion]:
    """A place where a weakness is: *sent* and *came* say exactly what shows it."""
    return (Conclusion(text, 1.0, because, fix, sent=sent, came=came),)
