"""The verdict on an exchange by the wire version that was spoken in it, where that is older than RFC 6455."""

from __future__ import annotations

from dataclasses import replace

from wsprobe.history.reading import read_as
from wsprobe.judge.finding import Verdict
from wsprobe.judge.http.body import body
from wsprobe.judge.http.head import head
from wsprobe.judge.http.hints import hints
from wsprobe.judge.http.refusal import challenge, redirect, version_negotiation
from wsprobe.judge.session.closing import closing
from wsprobe.judge.subject import RFC_FRAMING, handshake, refusal
from wsprobe.judge.verdict import SESSION, TRANSPORT, Rule, Specification, judge, rfc6455_answer
from wsprobe.read.reading import Reading

_REFUSAL: tuple[Rule, ...] = (redirect, challenge, version_negotiation, hints, body)


def judged(reading: Reading) -> Verdict:
    """Return the verdict of the draft that ``Plan.wire`` is.

    The rule that decided comes first, as ``read_as`` finds it. What no revision speaks of follows
    in the judge's own words: how the server was reached, what a refusal says, how the session ended. HTTP's
    grammar counts from hybi-04 on, the rules of frames from hybi-07 on, where the frames became what they are.
    """
    wire = reading.exchange.plan.wire
    verdict = read_as(reading, wire)
    beside = judge(reading, _beside(wire)).findings
    if handshake(reading) is None and refusal(reading) is None and beside:
        return replace(verdict, findings=beside)
    rulings = (finding for finding in verdict.findings if finding.id.startswith("rule-"))
    return replace(verdict, findings=(*rulings, *beside))


def _beside(wire: str) -> Specification:
    """Return the rules that say nothing of the handshake itself."""
    http = () if wire.startswith("hixie-") else (head,)
    session = SESSION if wire in RFC_FRAMING else (closing,)
    return Specification(wire, (*TRANSPORT, *_REFUSAL, *http, *session), rfc6455_answer)
