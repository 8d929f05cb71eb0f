"""Why the request got no answer: connecting, TLS, and peers that speak another protocol.

The faults of the way are rules that ``judge`` holds; their entries say what is usual and what to do, and the
cause has the id of the finding."""

from __future__ import annotations

from functools import cache

from wsprobe.diagnosis.cause import Cause, Certainty, as_clause
from wsprobe.judge import FINDINGS, judge
from wsprobe.judge.finding import Entry, Finding
from wsprobe.read.reading import Reading

_RENAMED = {
    "plain-to-tls-port": "tls-port",
    "tls-alert-certificate-required": "client-certificate",
    "proxy-failed": "proxy-target",
}
"""Findings that are one kind of cause with what a server says in words."""


def way(reading: Reading) -> tuple[Cause, ...]:
    """The causes of a missing answer, or of one that is not HTTP."""
    of_the_way = failures_of_the_way()
    found = (each for each in judge(reading).findings if each.fatal)
    return tuple(_cause(each) for each in found if _RENAMED.get(each.id, each.id) in of_the_way)


def _cause(of: Finding) -> Cause:
    entry = FINDINGS[of.id]
    said = of.received is not None or "certificate" in of.id or "alert" in of.id
    certainty: Certainty = "stated" if said else "status"
    usual = of.usual or entry.usual
    return Cause(
        _RENAMED.get(of.id, of.id),
        as_clause(entry.title),
        as_clause(entry.advice),
        certainty,
        of.text,
        usual=(usual.replace("`", ""),) if usual else (),
    )


@cache
def failures_of_the_way() -> dict[str, Entry]:
    """The causes of this file by id: the findings of the way that fail it."""
    failing = (each for each in FINDINGS.values() if each.phase in ("way", "http2") and each.fatal)
    return {_RENAMED.get(each.id, each.id): each for each in failing}
