"""Reads one recorded answer by the rules of any revision of the specifications.

``judged_by_draft`` does the same for the wire version of the exchange, if that is older than RFC 6455.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import UNSET, ValidationError, convert
from msgspec.structs import replace

from wsprobe.exchange import ConnectFailed, ResolveFailed, TlsFailed
from wsprobe.history.data import Disclosure, Revision, UnknownRevision, cell_of, revisions, select, situations
from wsprobe.history.hixie import walked
from wsprobe.history.http import Ruling, deciding_first, examined, over_http2, refused, rule, strongest, touched
from wsprobe.judge import (
    HANDSHAKE,
    REFUSAL,
    SESSION,
    TRANSPORT,
    Specification,
    judge,
    rfc6455_answer,
    up_to_failure,
)
from wsprobe.judge.finding import Disclosed, Finding, Verdict
from wsprobe.judge.message import head
from wsprobe.judge.session import closing
from wsprobe.judge.subject import handshake, refusal, status_span
from wsprobe.judge.subject import refusal as refusal_of
from wsprobe.read.reading import Reading
from wsprobe.wire import WIRES

_OPTIONS = ("rule-protocol-", "rule-extension-", "rule-deflate-", "rule-origin")
"""Rules on the server's choices: a correct handshake, with options that make the client drop the connection."""


def told(reading: Reading, revision: Revision, answer: str, decided: str) -> Disclosed | None:
    """The events that a script gets after *answer*, which the finding with the id *decided* led to.

    None if there are no events yet (a redirect, credentials, another version), or if the answer or the
    revision's rule is not known.
    """
    disclosure = revision.told
    if disclosure is None or answer not in ("established", "fail", "http"):
        return None
    spec = _spec(revision, disclosure)
    if answer == "established":
        events = None if disclosure.events is None else ("open",)
        return Disclosed(events, None, "", spec)
    id = situation_of(reading, decided)
    situation = situations()[id] if id in disclosure.situations else ""
    return Disclosed(disclosure.events, disclosure.code, disclosure.may_know, spec, situation)


def situation_of(reading: Reading, decided: str) -> str:
    """The id of the situation of a failed *reading*, whether or not a revision lists it."""
    for event in reversed(reading.exchange.events):
        if isinstance(event, ResolveFailed):
            return "name-not-resolved"
        if isinstance(event, TlsFailed):
            return "tls-failed"
        if isinstance(event, ConnectFailed) and not reading.sent:
            return "refused" if event.errno == "ECONNREFUSED" else "no-route"
    return "options-dropped" if decided.startswith(_OPTIONS) else "not-completed"


def _spec(revision: Revision, disclosure: Disclosure) -> str:
    title = "RFC 6455" if revision.name == "rfc6455" else revisions()[revision.name].name
    numbered = disclosure.section[:1].isdigit()
    return f"{title} section {disclosure.section}" if numbered else f"{title}, {disclosure.section}"


def judged_by_draft(reading: Reading) -> Verdict:
    """The verdict of the draft in ``Plan.wire``.

    The deciding rule comes first, as ``read_as`` finds it. The judge's own findings follow, on matters that no
    revision covers: how the server was reached, the content of a refusal, the end of the session. HTTP's
    grammar applies from hybi-04 on, today's rules of frames from hybi-07 on.
    """
    wire = reading.exchange.plan.wire
    verdict = read_as(reading, wire)
    beside = up_to_failure(reading, judge(reading, _beside(wire)).findings, verdict.answer == "fail")
    if handshake(reading) is None and refusal(reading) is None and beside:
        return replace(verdict, findings=beside)
    rulings = (finding for finding in verdict.findings if finding.id.startswith("rule-"))
    return replace(verdict, findings=(*rulings, *beside))


def _beside(wire: str) -> Specification:
    """The rules that do not concern the handshake itself."""
    http = () if wire.startswith("hixie-") else (head,)
    session = SESSION if WIRES[wire].framed_as_rfc6455 else (closing,)
    return Specification(wire, (*TRANSPORT, REFUSAL, *http, *session), rfc6455_answer)


BY_THE_JUDGE = ("rfc6455", "rfc7692")
"""The revisions that the judge itself follows: the RFC and the one extension in use."""


OPENING = Specification("rfc6455", TRANSPORT + HANDSHAKE, rfc6455_answer)
"""The handshake by RFC 6455: the revisions do not differ in body and session."""


def read_as(reading: Reading, revision: str | Revision) -> Verdict:
    """What *revision* required of a client that received this answer.

    The first finding is the deciding rule, with its section; notes on contradictions in the specifications
    follow. No findings: no rule objects. Raises UnknownRevision for an unknown name.
    """
    return read_as_each(reading, (revision,))[0]


def read_as_each(reading: Reading, wanted: Iterable[str | Revision]) -> tuple[Verdict, ...]:
    """``read_as`` for several revisions, in their order; searches the answer for faults only once."""
    chosen = (select(each)[0] if isinstance(each, str) else each for each in wanted)
    if reading.http2 is not None:
        return tuple(over_http2(reading, revision) for revision in chosen)
    found = _before_masking(reading, judge(reading, OPENING))
    return tuple(_read_as(reading, revision, found) for revision in chosen)


def _before_masking(reading: Reading, found: Verdict) -> Verdict:
    """*found*, or what was found of the handshake before secrets were masked, if the recording has that."""
    before = reading.exchange.judged
    if before is UNSET or reading.exchange.plan.wire != "hybi-13":
        return found
    try:
        findings = convert(before.findings, tuple[Finding, ...])
    except ValidationError:  # of a recording that was edited
        return found
    ids = {each.id for each in found.findings}
    own = tuple([each for each in findings if each.phase in ("way", "handshake") or each.id in ids])
    return Verdict(found.spec, rfc6455_answer(reading, own), own)


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
    """The deciding ruling; None if the connection is established."""
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
    """The ruling without a complete answer: no revision can establish a connection.

    Revisions do not cover wsprobe's limits, and only those with a rule on proxies decide on a proxy's 407.
    """
    cause = next((finding for finding in found.findings if finding.fatal), None)
    answer = found.answer
    if answer == "retry-proxy-auth":
        rule_id, answer = "proxy-authenticate", answer if _speaks_of_proxies(revision) else "not known"
    elif answer == "not known":
        rule_id = "timeout"
    else:
        rule_id = "tls" if cause is not None and cause.id.startswith(("tls-", "certificate-")) else "failing"
    made = rule(revision, rule_id, answer, usual=cause.usual if cause else "")
    text = f"no complete answer: {cause.text}" if cause else "no complete answer"
    return replace(made, finding=replace(made.finding, text=text, span=cause.span if cause else None))


def _speaks_of_proxies(revision: Revision) -> bool:
    mode = cell_of("proxy-authenticate", revision).mode
    return mode == "retry" or revision.protocol == "rfc6455"


def find(name: str) -> Revision:
    """The revision called *name*. Raises UnknownRevision, which suggests the nearest names."""
    found = select(name)
    if len(found) != 1:
        raise UnknownRevision(f"{name!r} means {len(found)} revisions, not one")
    return found[0]
