"""A finding: one thing that a rule says about bytes. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
class Verdict:
    """A reading held against one specification revision."""

    spec: str
    answer: str
    """established, fail, http, may-redirect, retry-auth, retry-proxy-auth, may-retry-version, ambiguous or
    not known."""
    findings: tuple[Finding, ...]
