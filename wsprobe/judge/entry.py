"""One row of the findings table: what a finding means in general. Values only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsprobe.value import dataclass

if TYPE_CHECKING:
    from wsprobe.judge.finding import Level


@dataclass(frozen=True, slots=True)
class Entry:
    """All that is fixed about a finding. Its words are plain ASCII."""

    id: str
    level: Level
    spec: str
    """Where the rule stands; two places where they contradict each other."""
    title: str
    """The fault in a few words, no full stop."""
    meaning: str
    """A sentence or two on what it means in general."""
    usual: str
    """The usual cause, to be read after "usually:"."""
    advice: str
    """What to do next."""
    undecided: bool = False
    """True where the specification leaves open whether a client may go on: the answer is then ``ambiguous``."""
