"""Reads one recording: bytes -> structure. Never judges, never raises, loses no byte."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Literal

from msgspec.structs import replace

from wsprobe.exchange import FINISHED, Event, Exchange, Plan, Received, Sent
from wsprobe.read.body import FRAMING, plain_length, read_body, with_contents
from wsprobe.read.drafts import session_reader
from wsprobe.read.frames import When
from wsprobe.read.head import LINES_MAX, opens_session, read_request, split_head, status_line
from wsprobe.read.looks import looks_like
from wsprobe.read.reading import INTERIM_MAX, Head, Opinion, Reading, Response, Session, final_answer
from wsprobe.read.stated import stated
from wsprobe.read.tokens import VALUE_MAX

OPINION_BODY = 65536
"""Bytes of a body that h11 gets if the body was not read whole."""

OPINION_LINES = 5000
"""Lines of all heads that h11 gets: it keeps every line as an object, at a hundred times its bytes."""

_ENDINGS: dict[str, Literal["clean", "unclean"]] = {
    "fin": "clean",
    "reset": "unclean",
    "truncated": "unclean",
    "error": "unclean",
}
"""``Ended.how``, for those where the peer's end came: can a body that lasts until the end be complete?"""


def read(exchange: Exchange) -> Reading:
    """The structure in the bytes of *exchange*.

    No byte is lost. The heads and bodies of ``responses``, the frames and ``rest`` of ``session``, and
    ``Reading.rest``, put end to end, are ``received``. Over HTTP/2 the server's frames in ``Reading.http2`` and
    ``rest`` are.
    """
    reading = read_structure(exchange)
    if reading.http2 is not None:
        return reading
    opinion = _opinion(reading.received, reading.responses, reading.request.method, exchange)
    return replace(reading, opinion=opinion, looks_like=looks_like(reading.received))


def read_structure(exchange: Exchange, *, heads_only: bool = False) -> Reading:
    """As ``read``, over HTTP/1.1 without h11's opinion and without a guess at other protocols. *heads_only*:
    without bodies and frames too, of which a flood has many."""
    if exchange.plan.http2 is not None or _first_sent(exchange).startswith(b"PRI "):
        from wsprobe.read.http2 import read_http2, spoken  # hpack, where HTTP/2 may have been spoken

        if spoken(exchange):
            return read_http2(exchange)
    request, sent = read_request(exchange)
    received = received_of(exchange)
    begins: int | None = None
    if heads_only:
        responses, end = _heads(received)
        rest = received[end:]
    else:
        responses, rest, begins = _responses(received, exchange, request.method)
    logged = exchange.logged
    if not received and logged and (known := stated(logged.message)) is not None:
        responses = [known]
    session: Session | None = None
    if begins is not None:
        own = len(request.head.raw) + len(request.rest)
        when, when_sent = _when(exchange.events, Received), _when(exchange.events, Sent)
        session = session_reader(exchange.plan.wire)(received, begins, when, sent, own, when_sent)
    return Reading(
        exchange=exchange,
        request=request,
        sent=sent,
        received=received,
        responses=tuple(responses),
        final=final_answer(responses),
        session=session,
        opinion=None,
        rest=rest,
    )


def handshakes(last: Reading) -> list[Reading]:
    """A reading for each handshake of an exchange; ``read`` returned *last* for the last one. Over HTTP/2 a
    handshake that the server refused unprocessed may be repeated on the same connection."""
    if last.http2 is None or not last.http2.earlier:
        return [last]
    from wsprobe.read.http2 import read_http2  # hpack, where HTTP/2 was spoken

    return [*(read_http2(last.exchange, stream) for stream in last.http2.earlier), last]


def responses_of(exchange: Exchange) -> tuple[Response, ...]:
    """``Reading.responses`` of *exchange*, over HTTP/1.1, for callers that need no frames; frames may be
    many."""
    request, _ = read_request(exchange)
    return tuple(_responses(received_of(exchange), exchange, request.method)[0])


def reading_of_101(plan: Plan, head: Head) -> Reading:
    """The reading of a 101 of which only the head has arrived, over HTTP/1.1."""
    exchange = Exchange(plan, (Sent(0, plan.request), Received(0, head.raw)))
    request, sent = read_request(exchange)
    response = response_of(head)
    return Reading(
        exchange=exchange,
        request=request,
        sent=sent,
        received=head.raw,
        responses=(response,),
        final=response,
        session=Session((), b"", len(head.raw)),
        opinion=None,
    )


def received_of(exchange: Exchange) -> bytes:
    """``Reading.received`` of *exchange*, over HTTP/1.1."""
    # type(): isinstance takes ten times as long for other types, here and below
    return b"".join([event.data for event in exchange.events if type(event) is Received])


def _first_sent(exchange: Exchange) -> bytes:
    for event in exchange.events:
        if type(event) is Sent and event.data:
            return event.data
    return b""


def response_of(head: Head) -> Response:
    """The answer that begins with *head*, without its body."""
    line = status_line(head)
    return Response(head, line.version, line.status, line.reason, oddities=line.oddities)


def _heads(received: bytes) -> tuple[list[Response], int]:
    """Interim answers and the final one, without bodies; and the offset after their heads."""
    responses: list[Response] = []
    at = lines = 0
    while at < len(received) and len(responses) <= INTERIM_MAX and lines <= LINES_MAX:
        head, at = split_head(received, at)
        lines += len(head.lines)
        response = response_of(head)
        responses.append(response)
        if not (response.interim and head.complete):
            break
    return responses, at


def _responses(received: bytes, exchange: Exchange, method: bytes) -> tuple[list[Response], bytes, int | None]:
    """The answers, the final one with its body; the bytes after it; and the start of the session, None if the
    final answer opens none."""
    responses, at = _heads(received)
    final = final_answer(responses)
    if final is None or not final.head.complete:
        return responses, received[at:], None
    if opens_session(final):
        return responses, b"", at
    responses[-1], rest = _with_body(final, memoryview(received)[at:], exchange, method)
    return responses, rest, None


def _with_body(
    response: Response, data: memoryview, exchange: Exchange, method: bytes
) -> tuple[Response, bytes]:
    body, rest = read_body(
        response.head,
        response.status,
        data,
        method=method,
        limit=exchange.plan.limits.max_body,
        ended=_ENDINGS.get(exchange.how_ended, "not"),
    )
    return replace(response, body=with_contents(body, exchange)), rest


def _opinion(
    received: bytes, responses: Sequence[Response], method: bytes, exchange: Exchange
) -> Opinion | None:
    if not received or len(responses) > INTERIM_MAX:
        return None
    for response in responses:
        if _costly(response.head):
            return None
    if sum([len(response.head.lines) for response in responses]) > OPINION_LINES:
        return None
    final = responses[-1]
    if len(responses) == 1 and _plainly_accepted(final):
        return Opinion(True)
    # A seam: h11 takes tens of milliseconds to import, and few answers need it.
    from wsprobe.read.strict import opinion

    body_at = final.head.start + len(final.head.raw)
    if final.body is not None and final.body.cut:
        # h11 reports on the head at the beginning of the body; each later chunk only costs time.
        received = received[: body_at + OPINION_BODY]
    return opinion(
        received,
        method=method,
        ended=exchange.how_ended in FINISHED,
        chunks_at=body_at if final.body is not None and final.body.framing == "chunked" else 0,
    )


def _costly(head: Head) -> bool:
    """True if a line is too long for h11: its expressions take 250 times the bytes of the line."""
    return len(head.raw) > VALUE_MAX and any(len(line.text) > VALUE_MAX for line in head.lines)


def _plainly_accepted(final: Response) -> bool:
    """True if h11 is certain to accept the received bytes, which begin with the final answer, so it can be
    skipped.

    That is a 101 or a complete body, after a head without oddities. Only Content-Length may give the end of the
    body.
    """
    head, status = final.head, final.status
    if (
        status is None
        or final.oddities
        or final.version != "1.1"
        or not (status == 101 or 200 <= status < 1000)
    ):
        return False
    if status != 101 and (final.body is None or not final.body.complete):
        return False
    if head.blank != b"\r\n":
        return False
    for field in head.fields:
        if field.oddities:
            return False
    of = head.several(FRAMING)
    return b"transfer-encoding" not in of and plain_length(of.get(b"content-length", []))


def _when(events: tuple[Event, ...], kind: type[Received] | type[Sent]) -> When:
    """Offset -> microseconds, over the events of one kind; found in logarithmic time."""
    seen = [event for event in events if type(event) is kind and event.data]
    ends = list(accumulate([len(event.data) for event in seen]))

    def when(offset: int) -> int:
        return seen[min(bisect_right(ends, offset), len(seen) - 1)].at if seen else 0

    return when
