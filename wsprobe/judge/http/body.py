"""Bodies of refusals: whether all of it came, and whether it is what the headers say."""

from __future__ import annotations

from collections.abc import Iterator

from wsprobe.judge.finding import Finding
from wsprobe.judge.findings import counted, found, shown
from wsprobe.judge.subject import PEER_ENDED, how, refusal, status_span, stopped, where
from wsprobe.read.reading import Body, Reading, Response, Span


def body(reading: Reading) -> Iterator[Finding]:
    """The body against its framing (RFC 9112 section 6) and its content coding (RFC 9110 section 8.4)."""
    response = refusal(reading)
    if response is None or response.body is None:
        return
    of = response.body
    yield from _framing(reading, response, of)
    if reading.rest:
        start = len(reading.received) - len(reading.rest)
        yield found(
            "body-too-long",
            f"{counted(len(reading.rest), 'byte')} came after the end of the body",
            (start, len(reading.received)),
        )
    yield from _coding(reading, response, of)


def _framing(reading: Reading, response: Response, of: Body) -> Iterator[Finding]:
    end = how(reading)
    span = _framing_span(response)
    if of.framing == "unknown":
        lengths = response.head.all(b"content-length")
        id = "length-conflict" if lengths and not response.head.all(b"transfer-encoding") else "body-malformed"
        yield found(id, f"where the body ends cannot be known: {shown(of.problem.encode())}", span)
    elif of.malformed:
        yield found("body-malformed", f"the body is not chunked as it says: {shown(of.problem.encode())}", span)
    elif of.complete:
        return
    elif of.cut or end == "limit":
        yield found(
            "body-cut", f"{stopped(reading, of.cut_by)}; {len(of.content)} bytes of body had come", span
        )
    elif end in PEER_ENDED and (of.framing != "close" or end != "fin"):
        yield found("body-truncated", f"{PEER_ENDED[end]} {_amount(of)}", span)
    elif end == "timeout":
        yield found("body-unfinished", f"the time limit ran out {_amount(of)}", span)


def _amount(of: Body) -> str:
    if of.expected is not None:
        return f"after {len(of.content)} of {of.expected} bytes"
    return f"inside the body, after {counted(len(of.content), 'byte')}"


def _framing_span(response: Response) -> Span:
    fields = response.head.all(b"transfer-encoding") or response.head.all(b"content-length")
    return where(response.head, fields) or status_span(response)


def _coding(reading: Reading, response: Response, of: Body) -> Iterator[Finding]:
    if of.coding_fault == "cut":
        if not of.cut:
            yield found("body-cut", f"the body is {of.coding_problem}, our limit", _coding_span(response))
    elif of.coding_fault and (of.complete or of.coding_fault != "short"):
        coding = shown(of.coding.encode("latin-1"))
        yield found("coding-failed", f"{coding}: {of.coding_problem}", _coding_span(response))


def _coding_span(response: Response) -> Span | None:
    return where(response.head, response.head.all(b"content-encoding"))
