"""One recorded answer, read as any revision of the specifications told a client to read it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from wsprobe.history.checks.contradictions import touched
from wsprobe.history.checks.fields import examined
from wsprobe.history.checks.hixie import walked
from wsprobe.history.checks.ruling import Ruling, rule, strongest
from wsprobe.history.checks.status import refused
from wsprobe.history.data import cell_of
from wsprobe.history.names import select
from wsprobe.history.revision import Revision
from wsprobe.history.telling import told
from wsprobe.judge import Specification, judge
from wsprobe.judge.finding import Finding, Verdict
from wsprobe.judge.subject import handshake, status_span
from wsprobe.judge.subject import refusal as refusal_of
from wsprobe.judge.verdict import HANDSHAKE, TRANSPORT, rfc6455_answer
from wsprobe.read.reading import Reading

BY_THE_JUDGE = ("rfc6455", "rfc7692")
"""The revisions that the judge itself stands for: it knows the RFC and the one extension that is in use."""


OPENING = Specification("rfc6455", TRANSPORT + HANDSHAKE, rfc6455_answer)
"""RFC 6455 as far as the handshake goes: body and session are not what the revisions differ in."""


def read_as(reading: Reading, revision: str | Revision) -> Verdict:
    """What *revision* asked of a client that got this answer.

    The first finding is the rule that decided, with its section; notes on contradictions that the answer
    touches follow. No findings: nothing stood against it. Raises UnknownRevision for a name that no revision
    has.
    """
    return read_as_each(reading, (revision,))[0]


def read_as_each(reading: Reading, wanted: Iterable[str | Revision]) -> tuple[Verdict, ...]:
    """``read_as`` for several revisions, in their order; the answer's faults are looked for once."""
    found = judge(reading, OPENING)
    chosen = (select(each)[0] if isinstance(each, str) else each for each in wanted)
    return tuple(_read_as(reading, revision, found) for revision in chosen)


def _read_as(reading: Reading, revision: Revision, found: Verdict) -> Verdict:
    if not revision.reads:
        return Verdict(revision.name, "not known", (rule(revision, "elsewhere", "not known").finding,))
    if revision.name in BY_THE_JUDGE:
        findings = (*deciding_first(found), *touched(reading, revision, found.findings))
        verdict = Verdict(revision.name, found.answer, findings)
    else:
        ruling = _ruling(reading, revision, found)
        notes = tuple(touched(reading, revision, found.findings))
        verdict = Verdict(
            revision.name,
            ruling.answer if ruling else "established",
            (ruling.finding, *notes) if ruling else notes,
        )
    decided = verdict.findings[0].id if verdict.findings else ""
    return replace(verdict, told=told(reading, revision, verdict.answer, decided))


def _ruling(reading: Reading, revision: Revision, found: Verdict) -> Ruling | None:
    """The ruling that decides; None if the connection is established."""
    first = reading.responses[0] if reading.responses else None
    if first is None:
        return _no_answer(revision, found)
    if cell_of("field-grammar", revision).mode == "bytes":
        return next(walked(reading, first, revision), None)
    final = reading.final
    answered = handshake(reading)
    if answered is not None:
        if cell_of("upgrade", revision).mode == "not-known":
            return rule(revision, "upgrade", "not known", "a 101", span=status_span(answered))
        return strongest(examined(answered, revision, found.findings))
    declined = refusal_of(reading)
    if declined is not None:
        return refused(reading, declined, revision)
    if final is not None and final.head.complete:
        unread = "fail" if cell_of("status", revision).mode == "fail" else "not known"
        return rule(revision, "status-line", unread, "the answer is not HTTP", span=status_span(final))
    return _no_answer(revision, found)


def _no_answer(revision: Revision, found: Verdict) -> Ruling:
    """No complete answer came: whatever a revision says, there is nothing to establish.

    A limit of ours is nothing that a revision speaks of, and a proxy's 407 is for those that speak of proxies.
    """
    cause = next((finding for finding in found.findings if finding.level == "fail"), None)
    answer = found.answer
    if answer == "retry-proxy-auth":
        rule_id, answer = "proxy-authenticate", answer if _speaks_of_proxies(revision) else "not known"
    elif answer == "not known":
        rule_id = "timeout"
    else:
        rule_id = "tls" if cause is not None and cause.id.startswith(("tls-", "certificate-")) else "failing"
    made = rule(revision, rule_id, answer, usual=cause.usual if cause else "")
    text = f"no complete answer came: {cause.text}" if cause else "no complete answer came"
    return replace(made, finding=replace(made.finding, text=text, span=cause.span if cause else None))


def _speaks_of_proxies(revision: Revision) -> bool:
    mode = cell_of("proxy-authenticate", revision).mode
    return mode == "retry" or revision.protocol == "rfc6455"


def deciding_first(verdict: Verdict) -> tuple[Finding, ...]:
    """The findings of the judge's *verdict*, the one that its answer rests on first."""
    order = {"fail": 0, "warn": 1, "note": 2}
    return tuple(sorted(verdict.findings, key=lambda finding: order[finding.level]))
