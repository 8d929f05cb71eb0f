"""Reads an answer over HTTP/2 by any revision: only RFC 8441 covers it, and the API's text contradicts that."""

from __future__ import annotations

from wsprobe.history.data import contradictions, rules
from wsprobe.history.http import text_of
from wsprobe.history.revision import Revision
from wsprobe.judge import judge
from wsprobe.judge.finding import Finding, Verdict
from wsprobe.read.reading import Reading

_CONTRADICTION = "contradiction-http2-status"
_SILENT = "It covers the answer to an HTTP/1.1 Upgrade, not an answer over HTTP/2."


def over_http2(reading: Reading, revision: Revision) -> Verdict:
    """What *revision* required of a client that received this answer over HTTP/2.

    The judge follows RFC 8441. Taken literally, the API's texts on 101 let nothing open here, which nobody
    intends (whatwg/websockets issue 70): ``ambiguous``.
    """
    if revision.name == "rfc8441":
        found = judge(reading)
        return Verdict(revision.name, found.answer, deciding_first(found))
    if revision.name in contradictions()[_CONTRADICTION].revisions and revision.kind == "api":
        return Verdict(revision.name, "ambiguous", (_contradicted(),))
    cell = rules()["elsewhere"].cell(revision.name)
    text = cell.text if cell is not None else _SILENT
    return Verdict(revision.name, "not known", (Finding("rule-elsewhere", "warn", revision.title, text),))


def deciding_first(verdict: Verdict) -> tuple[Finding, ...]:
    """The findings of the judge's *verdict*, the deciding one first."""
    order = {"fail": 0, "warn": 1, "note": 2}
    return tuple(sorted(verdict.findings, key=lambda finding: order[finding.level]))


def _contradicted() -> Finding:
    of = contradictions()[_CONTRADICTION]
    return Finding(_CONTRADICTION, "warn", " against ".join(place.where for place in of.places), text_of(of))
