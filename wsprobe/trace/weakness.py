"""A weakness that an audit looks for: its rule, what it is in general, and when it could not be tested."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

from msgspec import Struct

from wsprobe.trace.conclusion import Conclusion, Rule
from wsprobe.trace.trace import Trace

Level = Literal["error", "warning", "note"]
"""``error``: a stranger gets at what is a user's; ``warning``: a secret may be read by others, or a protection
is missing; ``note``: what makes other attacks easier. The most severe first."""


class Weakness(Struct, frozen=True):
    """One weakness."""

    rule: Rule
    title: str
    level: Level
    untested: Callable[[Trace], str]
    """Why the answers do not show whether it is there; "" if they do."""
    cwe: int | None = None
    """Its number in the Common Weakness Enumeration; None if none fits."""
    fix: str = ""
    """What to do about it in general."""

    @property
    def id(self) -> str:
        return self.rule.id

    def is_at_least(self, level: Level) -> bool:
        """Whether it is as severe as *level*, or more."""
        levels = get_args(Level)
        return levels.index(self.level) <= levels.index(level)

    @property
    def why(self) -> str:
        """Why it matters: one sentence or more, with a full stop."""
        return f"{self.rule.means[:1].upper()}{self.rule.means[1:]}."


def weakness(
    title: str,
    level: Level,
    *,
    cwe: int | None = None,
    fix: str,
    untested: Callable[[Trace], str] = lambda seen: "",
) -> Callable[[Rule], Weakness]:
    """Make a weakness of a rule. It is not tested where *untested* gives a reason."""
    return lambda rule: Weakness(rule, title, level, untested, cwe, fix)


class Found(Struct, frozen=True):
    """A weakness that the answers show."""

    weakness: Weakness
    conclusion: Conclusion

    @property
    def fix(self) -> str:
        """The lines that mend it here; where none are known, what to do in general."""
        return self.conclusion.fix or self.weakness.fix


def found(text: str, because: tuple[str, ...], *, sent: str, came: str, fix: str = "") -> Conclusion:
    """The conclusion of a rule: *sent* and *came* say exactly what shows it."""
    return Conclusion(text, 1.0, because, fix, sent=sent, came=came)
