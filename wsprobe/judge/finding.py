"""What rules return: a finding, the entry with its general meaning, a verdict. Values only."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from wsprobe.read.heads import Span
from wsprobe.text import counted, visible

Level = Literal["fail", "warn", "note"]

Phase = Literal["way", "handshake", "answer", "session", "http2"]
"""What a finding is about: the way to an answer; what can undo a 101; heads, bodies and refusals; what follows
the handshake; what HTTP/2 adds."""


class Finding(Struct, frozen=True):
    """*id* is stable and never reused; the findings table has its general meaning."""

    id: str
    level: Level
    spec: str
    """The section with the rule, e.g. ``RFC 6455 section 4.1``."""
    text: str
    """One sentence on what it means here. Its wire values are already escaped."""
    usual: str = ""
    """One sentence on the usual cause."""
    span: Span | None = None
    """The bytes at fault, in ``Reading.received``."""
    expected: str | None = None
    received: str | None = None
    phase: Phase | None = None
    """None: a contradiction in the specifications."""
    fatal: bool = False
    """True if a client must fail the connection for it. A server can break a MUST that no client checks."""
    advice: str = ""
    """What to do next; "" for a rule of an older specification."""


class Disclosed(Struct, frozen=True):
    """What a script sees of a reading, by one revision of a specification."""

    events: tuple[str, ...] | None
    """Event types in order; None where the revision does not cover scripts."""
    code: int | None
    """The code in the close event, or the code it counts as; None without a code."""
    may_know: str
    """What a script may learn about the cause (the disclosure rule); "" after an open."""
    spec: str
    """The section with that rule."""
    situation: str = ""
    """The situation, if it is one of those that must look alike to a script; "" if not, or without such a
    list."""


class Verdict(Struct, frozen=True):
    """The judgement of a reading by one specification revision."""

    spec: str
    answer: str
    """established, fail, http, may-redirect, retry-auth, retry-proxy-auth, may-retry-version, ambiguous or
    not known."""
    findings: tuple[Finding, ...]
    told: Disclosed | None = None
    """What a script sees, by that revision. None where this is not known or nothing has happened yet (a
    redirect to follow, credentials to send)."""


_SHOWN = 200
"""The most bytes of a wire value that a finding shows; its span covers all."""


def times(count: int) -> str:
    """How often, in words."""
    return {0: "not once", 1: "once", 2: "twice"}.get(count, f"{count} times")


def shown(value: bytes) -> str:
    """A wire value for a text: escaped, and truncated if very long."""
    cut = len(value) - _SHOWN
    return visible(value) if cut <= 0 else f"{visible(value[:_SHOWN])} ... {counted(cut, 'more byte')}"


def shown_words(words: str) -> str:
    """Words of a library or of the system for a text, escaped in the same way."""
    return shown(words.encode("utf-8", "surrogatepass"))


class Entry(Struct, frozen=True):
    """The fixed part of a finding, as ``findings.txt`` has it. Its words are plain ASCII."""

    id: str
    level: Level
    spec: str
    """The section with the rule; two sections where they contradict each other."""
    phase: Phase
    title: str
    """The fault in a few words, no full stop."""
    meaning: str
    """One or two sentences on its general meaning."""
    usual: str
    """The usual cause, to be read after "usually:"."""
    advice: str
    """What to do next."""
    undecided: bool = False
    """True where the specification does not decide whether a client may go on: the answer is ``ambiguous``."""
    tolerated: bool = False
    """True where the server breaks a MUST, and the client goes on."""

    @property
    def fatal(self) -> bool:
        """True if a client must fail the connection. A refusal has no connection left to fail."""
        return self.level == "fail" and self.phase != "answer" and not (self.undecided or self.tolerated)

    def found(
        self,
        text: str,
        span: Span | None = None,
        *,
        expected: bytes | None = None,
        received: bytes | None = None,
        usual: str | None = None,
        advice: str | None = None,
    ) -> Finding:
        """Return the finding of this fault at *span*; *text* is its meaning here, level and section are the
        entry's.

        *expected* and *received* are wire values and are escaped here. *usual* and *advice* replace the
        entry's text if more is known.
        """
        return Finding(
            self.id,
            self.level,
            self.spec,
            text,
            self.usual if usual is None else usual,
            span,
            None if expected is None else shown(expected),
            None if received is None else shown(received),
            self.phase,
            self.fatal,
            self.advice if advice is None else advice,
        )
