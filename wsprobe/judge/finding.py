"""A finding: one thing that a rule says about bytes. Values only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from wsprobe.value import dataclass

if TYPE_CHECKING:
    from wsprobe.read.reading import Span

Level = Literal["fail", "warn", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
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


@dataclass(frozen=True, slots=True)
class Told:
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


@dataclass(frozen=True, slots=True)
class Verdict:
    """A reading held against one specification revision."""

    spec: str
    answer: str
    """established, fail, http, may-redirect, retry-auth, retry-proxy-auth, may-retry-version, ambiguous or
    not known."""
    findings: tuple[Finding, ...]
    told: Told | None = None
    """Of a specification revision: what script is told. None where it is not known or nothing has happened yet
    (a redirect to follow, credentials to send)."""
