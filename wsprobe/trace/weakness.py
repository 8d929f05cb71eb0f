"""A weakness that an audit looks for: what it is in general, and the function that looks for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, cast, get_args

from msgspec import Struct

from wsprobe.trace.audit_requests import LARGE
from wsprobe.trace.conclusion import Conclusion, blocks
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
    fix: str
    """What to do about it in general."""
    cwe: int | None
    """Its number in the Common Weakness Enumeration; None if none fits."""
    find: Find

    def is_at_least(self, level: Level) -> bool:
        """Whether it is as severe as *level*, or more."""
        levels = get_args(Level)
        return levels.index(self.level) <= levels.index(level)


def _described() -> dict[str, tuple[str, str, Level, str, str, str, str, int | None]]:
    """The words of ``weaknesses.txt`` in its order: id -> the other members of a weakness but its function."""
    found, texts = {}, [""] * 4
    for head, *below in blocks("weaknesses.txt"):
        texts = [old if new.endswith("as above") else new for old, new in zip(texts, below, strict=True)]
        seen, why, limit, fix = texts
        marks, _, title = head.partition(": ")
        id, level, cwe = marks.split(" ")
        limit, fix = limit.removeprefix("not known: "), fix.removeprefix("do: ")
        seen = seen.format(large=f"{LARGE:,}")
        found[id] = (id, title, cast(Level, level), seen, why, limit, fix, None if cwe == "-" else int(cwe))
    return found


DESCRIBED = _described()


def weakness(find: Find) -> Weakness:
    """Make a weakness of a function, with the words that ``weaknesses.txt`` has for its name."""
    return Weakness(*DESCRIBED[find.__name__.replace("_", "-")], find)


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
