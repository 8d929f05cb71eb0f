"""The bytes of an HTTP/2 connection -> its frames, header blocks and our stream (RFC 9113, RFC 7541, RFC 8441).

Never judges, never raises, loses no byte: the frames and ``Reading.rest``, put end to end, are ``received``.
hyperframe reads the content of frames and hpack that of header blocks; bytes that either refuses are kept with
its error message.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import accumulate
from operator import attrgetter

import msgspec
from hpack import Decoder
from hpack.exceptions import HPACKError, OversizedHeaderListError
from hyperframe.exceptions import HyperframeError
from hyperframe.frame import Frame as Form
from msgspec.structs import replace

from wsprobe.exchange import LOST, Exchange, Received, Sent, TlsDone
from wsprobe.read.body import Decoded, decode, with_contents
from wsprobe.read.frames import FRAMES_MAX as SESSION_FRAMES_MAX
from wsprobe.read.frames import frame_at as frame_of_session
from wsprobe.read.http2_values import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADER_SIZE,
    HEADER_TABLE_SIZE,
    HEADERS,
    PADDED,
    PING,
    PREFACE,
    PRIORITIZED,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    By,
    HeaderBlock,
    Http2Connection,
    Http2Frame,
    StreamData,
    StreamEnd,
)
from wsprobe.read.looks import looks_like
from wsprobe.read.reading import (
    INTERIM_MAX,
    Body,
    Field,
    Frame,
    Head,
    Line,
    Reading,
    Response,
    SentRequest,
    Session,
    Span,
    final_answer,
    key_of,
)
from wsprobe.read.tokens import split_list

FRAMES_MAX = 50_000
"""Limit on separate frames in one direction. Later bytes stay in ``Reading.rest``, so memory stays bounded."""

FIELDS_MAX = 8_000
"""Limit on fields decoded in one direction: one byte can be a field, as an index into the table. One read of
64 KiB holds fewer interim answers (6,553), so a flood of those ends at their own limit: no engine is said
to fail on a block that wsprobe did not decode."""

FIRST_LENGTH_MAX = 16384
"""RFC 9113 section 4.2: the longest frame, unless we allow longer ones; we never do."""

FIRST_TYPE_MAX = 0x20
"""A bound on the first frame's type: the types in use are below it, and no text has a type byte this low."""

DIGITS_MAX = 4
"""Digits of a status: three are allowed, and engines report a number of four."""

OUR_TABLE = 1 << 16
"""The largest HEADER_TABLE_SIZE with which our own blocks are decoded."""

OPEN_STATUS = 200
"""RFC 8441 section 5. By RFC 9113 section 8.5 any other 2xx of a CONNECT succeeds too, but no client opens a
WebSocket on it."""


def spoken(exchange: Exchange) -> bool:
    """True if HTTP/2 was spoken; if nothing was sent, True if the plan would have used it."""
    sent = next((event.data for event in exchange.events if isinstance(event, Sent) and event.data), b"")
    if sent:
        return PREFACE.startswith(sent[: len(PREFACE)])
    how = exchange.plan.http2
    if how is None:
        return False
    alpn = next((event.alpn for event in exchange.events if isinstance(event, TlsDone)), "h2")
    return how.prior_knowledge or (exchange.plan.target.secure and alpn == "h2")


def is_http2(received: bytes) -> bool:
    """True if *received* may come from an HTTP/2 server: it begins with a plausible frame."""
    header = received[:HEADER_SIZE]
    if len(header) < HEADER_SIZE:
        return header[:1] in (b"", b"\0")
    return int.from_bytes(header[:3], "big") <= FIRST_LENGTH_MAX and header[3] <= FIRST_TYPE_MAX


def read_http2(exchange: Exchange, stream: int | None = None) -> Reading:
    """The structure in an exchange for which ``spoken`` is true.

    *stream*: the stream of the request to read, if there were several; None for the last.
    """
    theirs, ours = _Side.of(exchange, Received), _Side.of(exchange, Sent)
    speaks = is_http2(theirs.data)
    from_server = _frames(theirs, "server", 0) if speaks else []
    from_client = _frames(ours, "client", len(PREFACE))
    rest = theirs.data[from_server[-1].span[1] if from_server else 0 :]
    room = exchange.plan.limits.max_head
    table = max(
        (value for f in from_client for key, value in f.settings if key == HEADER_TABLE_SIZE), default=0
    )
    asked = list(dict.fromkeys(frame.stream for frame in from_client if frame.type == HEADERS))
    if stream is None:
        planned = exchange.plan.http2
        stream = asked[-1] if asked else (planned.stream if planned is not None else 1)
    earlier = tuple(asked[: asked.index(stream)]) if stream in asked else ()
    sent = blocks(from_client, BlockDecoder(room, OUR_TABLE))
    request = next((block for block in sent if block.stream == stream), None)
    answer = [
        block
        for block in blocks(from_server, BlockDecoder(room, table))
        if block.stream == stream and not block.promised
    ]
    responses, final_at = _responses(answer)
    data = tuple(_data(from_server, stream))
    connection = Http2Connection(
        frames=tuple(merge(from_client, from_server, key=attrgetter("event"))),
        stream=stream,
        request=request,
        blocks=tuple(answer),
        trailers=answer[final_at + 1] if final_at is not None and len(answer) > final_at + 1 else None,
        data=data,
        ends=tuple(_ends(exchange, from_client, from_server, stream)) if request is not None else (),
        rest_sent=ours.data[from_client[-1].span[1] if from_client else len(PREFACE) :],
        earlier=earlier,
    )
    session = None
    if final_at is not None:
        behind = [piece for piece in data if piece.start > answer[final_at].start]
        if opens_session(responses[-1]):
            session = _session(theirs, behind, _data(from_client, stream), answer[final_at])
        else:
            body = _body(responses[-1], behind, connection, exchange)
            responses[-1] = replace(responses[-1], body=with_contents(body, exchange))
    return Reading(
        exchange=exchange,
        request=_request(request, exchange),
        sent=ours.data,
        received=theirs.data,
        responses=tuple(responses),
        final=final_answer(responses),
        session=session,
        opinion=None,
        looks_like="" if speaks else looks_like(theirs.data) or "http1",
        rest=rest,
        http2=connection,
    )


def opens_session(response: Response) -> bool:
    """True if the stream is a WebSocket from this answer on, on the loosest reading."""
    return response.status == OPEN_STATUS and response.head.complete


class _Side(msgspec.Struct, frozen=True):
    """All bytes of one direction, with their times."""

    data: bytes
    ends: list[int]
    """The end offset of each event's bytes."""
    events: list[tuple[int, int]]
    """(number of the event, microseconds)."""

    @classmethod
    def of(cls, exchange: Exchange, kind: type[Received] | type[Sent]) -> _Side:
        seen = [(n, e) for n, e in enumerate(exchange.events) if isinstance(e, kind) and e.data]
        return cls(
            b"".join(event.data for _, event in seen),
            list(accumulate(len(event.data) for _, event in seen)),
            [(number, event.at) for number, event in seen],
        )


def frame_at(data: bytes | bytearray, start: int) -> tuple[bytes, bytes] | None:
    """Header and payload of the frame at *start*, the payload perhaps incomplete; None without a whole
    header."""
    if len(data) < start + HEADER_SIZE:
        return None
    header = bytes(data[start : start + HEADER_SIZE])
    body = start + HEADER_SIZE
    return header, bytes(data[body : body + int.from_bytes(header[:3], "big")])


def words_of(error: Exception) -> str:
    """A library's message without memory addresses, which differ each time."""
    return re.sub(r"(:| from) <memory at 0x[0-9a-f]+>", "", str(error)) or type(error).__name__


def form(header: bytes, payload: bytes) -> tuple[bytes, str]:
    """(content, problem) of a whole frame, as ``Http2Frame`` has them."""
    if _plain(header, payload):
        return (payload if header[3] in (DATA, HEADERS, CONTINUATION) else b""), ""
    if header[3] == WINDOW_UPDATE and payload:  # its reserved bit is to be ignored (section 6.9)
        payload = bytes([payload[0] & 0x7F]) + payload[1:]
    try:
        frame, _ = Form.parse_frame_header(memoryview(header))
        frame.parse_body(memoryview(payload))
    except (HyperframeError, ValueError) as error:
        return b"", words_of(error)
    content = getattr(frame, "data", b"")
    return (payload if content == payload else bytes(content)), ""


_ON_STREAM = {DATA: None, HEADERS: None, CONTINUATION: None, RST_STREAM: 4}
_ON_CONNECTION = {SETTINGS: None, PING: 8}
"""Frame type -> the only valid length, None for any."""


_NO_STREAM = (bytes(4), b"\x80\0\0\0")
"""Stream 0, the reserved bit clear or set."""


def _plain(header: bytes, payload: bytes) -> bool:
    """True for the frames that make up most connections and all floods. hyperframe accepts these, but takes ten
    times as long. Faults in an extension's frame are ignored (section 5.5)."""
    type_, flags = header[3], header[4]
    if type_ > CONTINUATION:
        return True
    if type_ == WINDOW_UPDATE:
        return len(payload) == 4 and payload[0] < 0x80 and payload != b"\0\0\0\0"
    if header[5:9] in _NO_STREAM:
        size = _ON_CONNECTION.get(type_, -1)
        whole = type_ != SETTINGS or (len(payload) % 6 == 0 and not (flags & ACK and payload))
        return size != -1 and whole and size in (None, len(payload))
    size = _ON_STREAM.get(type_, -1)
    return size != -1 and not flags & (PADDED | PRIORITIZED) and size in (None, len(payload))


def _frames(side: _Side, by: By, start: int) -> list[Http2Frame]:
    found: list[Http2Frame] = []
    number = 0
    while len(found) < FRAMES_MAX and (parts := frame_at(side.data, start)) is not None:
        header, payload = parts
        whole = len(payload) == int.from_bytes(header[:3], "big")
        content, problem = form(header, payload) if whole else (_begun(header, payload), "")
        end = start + HEADER_SIZE + len(payload)
        while side.ends[number] < end:
            number += 1
        event, at = side.events[number]
        found.append(Http2Frame(by, start, header, payload, at, event, content, problem))
        start = end
    return found


def _begun(header: bytes, payload: bytes) -> bytes:
    """The available content of a cut frame."""
    size = _before(header[3], header[4])
    if header[4] & PADDED and header[3] in (DATA, HEADERS, PUSH_PROMISE):
        whole = int.from_bytes(header[:3], "big")
        return payload[size : whole - payload[0]] if payload else b""
    return payload[size:] if header[3] in (DATA, HEADERS, PUSH_PROMISE, CONTINUATION) else b""


def _before(type_: int, flags: int) -> int:
    """Bytes of a payload before its content (RFC 9113 sections 6.1, 6.2, 6.6)."""
    if type_ not in (DATA, HEADERS, PUSH_PROMISE):
        return 0
    padded = 1 if flags & PADDED else 0
    return padded + (5 if type_ == HEADERS and flags & PRIORITIZED else 4 if type_ == PUSH_PROMISE else 0)


def content_start(frame: Http2Frame) -> int:
    """The offset at which the content of *frame* begins."""
    return frame.start + HEADER_SIZE + _before(frame.type, frame.flags)


UPDATE_BEHIND = "hpack: a table size update that is not at the start of the block"
"""Forbidden by RFC 7541 section 4.2; but the fields can be decoded, and Firefox takes them."""


class BlockDecoder:
    """Decodes the header blocks of one direction in order, within a total number of bytes."""

    def __init__(self, room: int, table: int) -> None:
        """*table*: the HEADER_TABLE_SIZE that we announced, 0 if we did not."""
        self._decoder = Decoder(max_header_list_size=room)
        self._decoder.max_allowed_table_size = max(self._decoder.max_allowed_table_size, table)
        self._limit = room
        self._room = room
        self._fields = FIELDS_MAX
        self._lost = False
        self.full = False
        """One of our limits was reached."""

    def decode(self, block: bytes) -> tuple[list[tuple[bytes, bytes, Span]], str]:
        """Name, value and position in *block* of each field; and the decoding problem, or "".

        ``UPDATE_BEHIND`` is a problem that leaves all fields decoded."""
        fields: list[tuple[bytes, bytes, Span]] = []
        wrong = ""
        if self._lost:
            return fields, "an earlier block could not be decoded, so the table is lost"
        for start, stop in representations(block):
            self._fields -= 1  # a table size update is not a field, but costs as much
            if block[start] & 0xE0 == 0x20 and fields:
                wrong = UPDATE_BEHIND
            try:
                decoded = list(self._decoder.decode(block[start:stop], raw=True))
            except OversizedHeaderListError:
                self.full = True
                return fields, self._lose(f"more than {self._limit} bytes of fields")
            except (HPACKError, IndexError, ValueError) as error:
                return fields, self._lose(f"hpack: {words_of(error)}")
            for name, value in decoded:
                fields.append((bytes(name), bytes(value), (start, stop)))
                # RFC 9113 section 6.5.2: the size of a field in a field list.
                self._room -= len(name) + len(value) + 32
            if self._room < 0 or self._fields < 0:
                self.full = True
                most = f"{self._limit} bytes of fields" if self._room < 0 else f"{FIELDS_MAX} fields"
                return fields, self._lose(f"more than {most}")
        return fields, wrong

    def _lose(self, why: str) -> str:
        self._lost = True
        return why


def representations(block: bytes) -> Iterator[Span]:
    """The start and end of each representation (RFC 7541 section 6); the last may be cut."""
    at = 0
    while at < len(block):
        start = at
        first = block[at]
        bits = 7 if first & 0x80 else 6 if first & 0x40 else 5 if first & 0x20 else 4
        index, at = integer(block, at, bits)
        if not first & 0x80 and first & 0xE0 != 0x20:
            for _ in range(1 if index else 2):
                size, at = integer(block, at, 7)
                at += size
        at = min(at, len(block))
        yield start, at


def integer(block: bytes, at: int, bits: int) -> tuple[int, int]:
    """The integer at *at* with a prefix of this many bits (RFC 7541 section 5.1), and the offset after it."""
    if at >= len(block):
        return 0, len(block)
    most = (1 << bits) - 1
    value = block[at] & most
    at += 1
    if value < most:
        return value, at
    shift = 0
    while at < len(block):
        byte = block[at]
        at += 1
        # A larger number is longer than any block.
        value = min(value + ((byte & 0x7F) << min(shift, 64)), 1 << 62)
        shift += 7
        if not byte & 0x80:
            break
    return value, at


def blocks(frames: Iterable[Http2Frame], decoder: BlockDecoder) -> list[HeaderBlock]:
    """The header blocks in the frames of one side, on all streams: they share one table."""
    found: list[HeaderBlock] = []
    open_: list[Http2Frame] = []
    for frame in frames:
        if open_ and (frame.type != CONTINUATION or frame.stream != open_[0].stream):
            found.append(_block(open_, decoder, complete=False))
            open_ = []
        if frame.type in (HEADERS, PUSH_PROMISE) or (frame.type == CONTINUATION and open_):
            open_.append(frame)
            if frame.flags & END_HEADERS and frame.complete:
                found.append(_block(open_, decoder, complete=True))
                open_ = []
    if open_:
        found.append(_block(open_, decoder, complete=False))
    return found


def _block(frames: list[Http2Frame], decoder: BlockDecoder, *, complete: bool) -> HeaderBlock:
    pieces = [(content_start(frame), frame.content) for frame in frames]
    raw = b"".join(piece for _, piece in pieces)
    malformed = next((frame.problem for frame in frames if frame.problem), "")
    decoded, problem = ([], malformed) if malformed else decoder.decode(raw)
    ends = list(accumulate(len(piece) for _, piece in pieces))
    fields = tuple(_field(name, value, span, raw, pieces, ends) for name, value, span in decoded)
    first, last = frames[0], frames[-1]
    return HeaderBlock(
        stream=first.stream,
        start=first.start,
        at=last.at,
        fields=fields,
        raw=raw,
        complete=complete,
        end_stream=first.end_stream,
        promised=first.type == PUSH_PROMISE,
        problem=problem if complete or malformed or decoder.full else "",
        cut=decoder.full,
        decoded=not problem or problem == UPDATE_BEHIND,
    )


def _field(
    name: bytes, value: bytes, span: Span, raw: bytes, pieces: list[tuple[int, bytes]], ends: list[int]
) -> Field:
    lines = []
    at, stop = span
    while at < stop:
        piece = bisect_right(ends, at)
        end = min(stop, ends[piece])
        lines.append(Line(raw[at:end], b"", pieces[piece][0] + at - (ends[piece] - len(pieces[piece][1]))))
        at = end
    return Field(name, key_of(name), value, tuple(lines), (lines[0].start, lines[-1].span[1]))


def _responses(answer: list[HeaderBlock]) -> tuple[list[Response], int | None]:
    """Interim answers and the final one, and the index of the final block in *answer*."""
    responses: list[Response] = []
    for number, block in enumerate(answer):
        if number > INTERIM_MAX:
            break
        responses.append(response_of(block))
        if not responses[-1].interim:
            return responses, number
    return responses, None


def response_of(block: HeaderBlock) -> Response:
    """The answer in *block*, without its body."""
    shown = block.all(b":status")
    value = shown[0].value if shown else b""
    status = int(value) if value.isdigit() and len(value) <= DIGITS_MAX else None
    return Response(_head(block), "2", status, b"")


def _head(block: HeaderBlock) -> Head:
    lines = tuple(line for field in block.fields for line in field.lines)
    raw = b"".join([line.raw for line in lines])
    return Head(raw, lines, b"", block.start, block.regular, None, ended=block.complete and not block.cut)


def _request(block: HeaderBlock | None, exchange: Exchange) -> SentRequest:
    """Our request, decoded from the block sent; if none was sent, from the plan."""
    if block is not None:
        fields, head = block.fields, _head(block)
    else:
        planned = exchange.plan.http2
        nowhere = Line(b"", b"", 0)
        fields = tuple(
            Field(name, key_of(name), value, (nowhere,), (0, 0))
            for name, value in (planned.fields if planned else ())
        )
        head = Head(b"", (), b"", 0, tuple(f for f in fields if not f.name.startswith(b":")), None)

    def pseudo(name: bytes) -> bytes:
        return next((field.value for field in fields if field.name == name), b"")

    return SentRequest(
        head=head,
        method=pseudo(b":method"),
        resource=pseudo(b":path"),
        version=b"HTTP/2",
        key=None,
        protocols=tuple(p for field in head.all(b"sec-websocket-protocol") for p in split_list(field.value)),
        extensions=head.joined(b"sec-websocket-extensions"),
    )


def _data(frames: Iterable[Http2Frame], stream: int) -> Iterator[StreamData]:
    for frame in frames:
        flags = frame.header[4]  # a flood is of DATA, and each property takes as long as all of this line
        if frame.header[3] == DATA and frame.stream == stream and not frame.problem:
            start = frame.start + HEADER_SIZE + (1 if flags & PADDED else 0)
            yield StreamData(start, frame.content, frame.at)


def _ends(
    exchange: Exchange, ours: list[Http2Frame], theirs: list[Http2Frame], stream: int
) -> Iterator[StreamEnd]:
    over = False
    either = ([frame for frame in side if _may_end(frame)] for side in (ours, theirs))
    for frame in merge(*either, key=attrgetter("event")):
        if not frame.good:
            continue
        end = _end(frame, stream)
        if end is not None:
            over = over or end.by == "server"
            yield end
    last = exchange.ended
    if last is not None and not over:
        yield StreamEnd("server" if last.how in LOST else "client", "connection", last.at)


def _may_end(frame: Http2Frame) -> bool:
    """False for most frames of a flood."""
    return bool(frame.header[4] & END_STREAM) or frame.header[3] in (RST_STREAM, GOAWAY)


def _end(frame: Http2Frame, stream: int) -> StreamEnd | None:
    if frame.stream == stream and frame.end_stream:
        return StreamEnd(frame.by, "end-stream", frame.at)
    if frame.stream == stream and frame.type == RST_STREAM:
        return StreamEnd(frame.by, "rst-stream", frame.at, frame.code)
    if (
        frame.type == GOAWAY
        and frame.by == "server"
        and frame.last_stream is not None
        and frame.last_stream < stream
    ):
        return StreamEnd("server", "goaway", frame.at, frame.code, frame.debug)
    return None


def _session(
    theirs: _Side, behind: list[StreamData], sent: Iterable[StreamData], opened: HeaderBlock
) -> Session:
    """The WebSocket frames in the DATA of both directions.

    The start of a frame is the position of its first byte; its other bytes need not follow without gaps.
    """
    start = behind[0].start if behind else opened.start
    frames, rest = _joined(behind)
    return Session(frames, rest, start, _joined(sent)[0])


def _joined(pieces: Iterable[StreamData]) -> tuple[tuple[Frame, ...], bytes]:
    """The frames in the content of *pieces*, each with the position of its first byte on the connection; and
    the bytes that are not frames. Frames are read piece by piece, so only incomplete ones are copied."""
    frames: list[Frame] = []
    waiting = bytearray()
    came = now = 0
    # Of each piece: where it ends in all content, and the distance from there to the connection's offset.
    places: deque[tuple[int, int]] = deque()

    def read_one(at: int, *, partial: bool = False) -> int:
        """Read the frame at *at* in *waiting*; the offset after it, 0 without a frame."""
        frame = frame_of_session(waiting, at, lambda _: now, partial=partial)
        if frame is None or len(frames) == SESSION_FRAMES_MAX:
            return 0
        first = came - len(waiting) + at
        while places[0][0] <= first:
            places.popleft()
        frames.append(replace(frame, start=first + places[0][1]))
        return frame.span[1]

    left: list[bytes | bytearray] = [waiting]
    for piece in pieces:
        if len(frames) == SESSION_FRAMES_MAX:
            left.append(piece.data)
            continue
        waiting += piece.data
        came += len(piece.data)
        now = piece.at
        places.append((came, piece.start + len(piece.data) - came))
        at = 0
        while at < len(waiting) and (end := read_one(at)):
            at = end
        del waiting[:at]
    del waiting[: read_one(0, partial=True)]
    return tuple(frames), b"".join(left)


def _body(
    response: Response, behind: list[StreamData], connection: Http2Connection, exchange: Exchange
) -> Body:
    limit = exchange.plan.limits.max_body
    raw = b"".join(piece.data for piece in behind)
    content = raw[:limit]
    lengths = {field.value for field in response.head.all(b"content-length")}
    announced = next(iter(lengths)) if len(lengths) == 1 else b""
    expected = int(announced) if announced.isdigit() and len(announced) < 20 else None
    complete = any(end.by == "server" and end.how == "end-stream" for end in connection.ends)
    problem = ""
    if expected is not None and (len(raw) > expected or (complete and len(raw) != expected)):
        problem = f"content-length is {expected}, and {len(raw)} bytes came"
    codings = response.head.all(b"content-encoding")
    coding = b", ".join(field.value for field in codings).decode("latin-1")
    decoded = decode(content, coding, limit) if codings else Decoded(None)
    cut = len(raw) > limit
    return Body(
        framing="stream",
        raw=raw,
        content=content,
        expected=expected,
        complete=complete and not problem,
        cut=cut,
        cut_by=f"{limit} bytes of body" if cut else "",
        decoded=decoded.data,
        coding=coding,
        problem=problem,
        malformed=bool(problem),
        coding_fault=decoded.fault,
        coding_problem=decoded.problem,
    )
