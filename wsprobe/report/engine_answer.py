"""The answer to an engine's own request, in few bytes, and whether two such answers are alike."""

from __future__ import annotations

import re
from hashlib import blake2b

from msgspec import Struct, msgpack

from wsprobe.diagnosis import Cause, causes
from wsprobe.exchange import Exchange
from wsprobe.judge.finding import Verdict
from wsprobe.read.closing import close_of
from wsprobe.read.reading import Head, Reading
from wsprobe.report.outcome import OPENED
from wsprobe.report.result import Answered, in_words


class EngineAnswer(Struct, frozen=True):
    """The answer to an engine's own request: the recording, its judgement, and the few facts that readers need
    of every engine's answer.

    The rest of the reading (head, body, frames) is not kept: for a flood it is many times the size of the
    recording, and every engine has one. ``report.report_of`` reads it again.
    """

    exchange: Exchange
    verdict: Verdict
    outcome: str
    """A word of ``wsprobe.report.outcome.TABLE``."""
    asked: Head
    """The request, as it was sent."""
    over_http2: bool
    """The protocol: HTTP/2 or HTTP/1.1."""
    status: int | None
    """Of the final answer; None if there is no readable one."""
    causes: tuple[Cause, ...]
    """The causes of the answer, the likeliest first."""
    close: int | None
    """The code of the first Close; None without one."""
    likeness: bytes
    """A digest that two answers share if they differ only in what changes from moment to moment."""

    @property
    def answered(self) -> Answered:
        """The part that decides the engine's result."""
        return answered(self.outcome, self.status, self.close, self.verdict, self.causes)


def answered(
    outcome: str, status: int | None, close: int | None, verdict: Verdict, causes: tuple[Cause, ...]
) -> Answered:
    """The part of an answer that decides a client's result."""
    completes = outcome in OPENED or (outcome == "invalid" and verdict.answer == "established")
    return Answered(in_words(outcome, status, close), outcome == "open", completes, causes)


def engine_answer(reading: Reading, verdict: Verdict, outcome: str) -> EngineAnswer:
    """The parts of *reading* to keep, with its judgement."""
    close = close_of(reading)
    return EngineAnswer(
        exchange=reading.exchange,
        verdict=verdict,
        outcome=outcome,
        asked=reading.request.head,
        over_http2=reading.http2 is not None,
        status=reading.status,
        causes=causes(reading, outcome),
        close=None if close is None else close.code,
        likeness=_likeness(reading, verdict, outcome),
    )


VARYING = frozenset({b"date", b"sec-websocket-accept", b"age", b"expires", b"last-modified"})
"""Fields that differ between any two answers, and are therefore ignored."""

_OF_THE_MOMENT = rb"[0-9A-Fa-f]{8,}|[0-9]+"
"""Text that a server generates for each answer: numbers, times, and the ids of requests."""
_COMMENT = rb"<!--[^<>]*-->\s*"
"""A reader of the page does not see comments. nginx adds some to its own pages, but only for Chrome. A comment
with < inside stays: otherwise every <!-- of a page of them would be read to the page's end."""
COMPARED = 65536
"""Bytes of a body that are compared, from its beginning: every piece between two numbers is an object."""
_DECIDES = (
    b"sec-websocket-",
    b"location",
    b"www-authenticate",
    b"server",
    b"content-type",
    b"content-encoding",
)


def _likeness(reading: Reading, verdict: Verdict, outcome: str) -> bytes:
    """Of most fields only the name counts, since many have a value for this answer alone."""
    found = tuple(f.id for f in verdict.findings if f.level != "note")
    final = reading.final
    if final is None:
        return _digest(outcome, found, _short(reading.received))
    fields = sorted(
        (f.key, _short(f.value) if f.key.startswith(_DECIDES) else b"")
        for f in final.head.fields
        if f.key not in VARYING
    )
    body = (
        b""
        if final.body is None
        else re.sub(_OF_THE_MOMENT, b"#", re.sub(_COMMENT, b"", final.body.content[:COMPARED])).rstrip()
    )
    close = close_of(reading)
    return _digest(outcome, final.version, final.status, final.reason, fields, body, found, close)


def _digest(*values: object) -> bytes:
    return blake2b(msgpack.encode(values), digest_size=16).digest()


def _short(data: bytes) -> bytes:
    """*data*, or its digest if it is long."""
    return data if len(data) <= COMPARED else blake2b(data).digest()
