"""What rules say: a finding, the entry that tells what it means in general, a verdict. Values only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from wsprobe.visible import visible

if TYPE_CHECKING:
    from wsprobe.read.reading import Span

Level = Literal["fail", "warn", "note"]


class Finding(Struct, frozen=True):
    """*id* is stable and never reused; what it means in general stands in the findings table."""

    id: str
    level: Level
    spec: str
    """Where the rule stands, e.g. ``RFC 6455 section 4.1``."""
    text: str
    """One sentence on what it means here. Wire values in it are already made visible."""
    usual: str = ""
    """One sentence on the usual cause."""
    span: Span | None = None
    """The bytes meant, in ``Reading.received``."""
    expected: str | None = None
    received: str | None = None


class Disclosed(Struct, frozen=True):
    """What a specification revision has a script be told of a reading."""

    events: tuple[str, ...] | None
    """Event types in order; None where the revision says nothing about script."""
    code: int | None
    """Of the close event, or what the code is considered to be; None where there is none."""
    may_know: str
    """What a script may learn of the cause: the disclosure rule. "" after an open."""
    spec: str
    """Where that stands."""
    situation: str = ""
    """Which of the situations that must look alike this is, in words; "" if none, or without such a list."""


class Verdict(Struct, frozen=True):
    """A reading held against one specification revision."""

    spec: str
    answer: str
    """established, fail, http, may-redirect, retry-auth, retry-proxy-auth, may-retry-version, ambiguous or
    not known."""
    findings: tuple[Finding, ...]
    told: Disclosed | None = None
    """Of a specification revision: what script is told. None where it is not known or nothing has happened yet
    (a redirect to follow, credentials to send)."""


_SHOWN = 200
"""Bytes of a wire value that a finding repeats; its span has them all."""


def times(count: int) -> str:
    """How often, in words."""
    return {0: "not once", 1: "once", 2: "twice"}.get(count, f"{count} times")


def counted(count: int, what: str) -> str:
    """``1 byte``, ``2 bytes``."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def shown(value: bytes) -> str:
    """A wire value for a text: visible, and cut where it is very long."""
    cut = len(value) - _SHOWN
    return visible(value) if cut <= 0 else f"{visible(value[:_SHOWN])} ... {counted(cut, 'more byte')}"


class Entry(Struct, frozen=True):
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

    def found(
        self,
        text: str,
        span: Span | None = None,
        *,
        expected: bytes | None = None,
        received: bytes | None = None,
        usual: str | None = None,
        spec: str | None = None,
    ) -> Finding:
        """This fault, found at *span*: *text* says what it means here; level and section are the entry's.

        *expected* and *received* are wire values; they are made visible here. *usual* and *spec* stand in for
        the entry's own words where more is known.
        """
        return Finding(
            self.id,
            self.level,
            self.spec if spec is None else spec,
            text,
            self.usual if usual is None else usual,
            span,
            None if expected is None else shown(expected),
            None if received is None else shown(received),
        )
