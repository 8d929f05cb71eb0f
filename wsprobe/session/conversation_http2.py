"""The client's side of a WebSocket over HTTP/2 (RFC 8441), without input or output: ``Client``, for a stream.

It waits for the peer's SETTINGS, then sends the request. After a 200 the stream carries the same conversation
as after a 101. Faults of the peer change as little as possible: a probe records.
"""

from __future__ import annotations

from collections import deque

from hpack import Encoder
from msgspec.structs import replace

from wsprobe.exchange import SECOND, Http2, Limits, Plan
from wsprobe.read.frames import CLOSE, FRAMES_MAX, header_size
from wsprobe.read.http2 import (
    BlockDecoder,
    blocks,
    form,
    frame_at,
    is_http2,
    opens_session,
    response_of,
)
from wsprobe.read.http2_values import (
    ACK,
    CANCEL,
    COMPRESSION_ERROR,
    CONTINUATION,
    DATA,
    DEFAULT_WINDOW,
    ENABLE_CONNECT_PROTOCOL,
    END_HEADERS,
    ENHANCE_YOUR_CALM,
    FRAME_MAX,
    FRAME_SIZE_ERROR,
    GOAWAY,
    HEADER_SIZE,
    HEADER_TABLE_SIZE,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    MAX_FRAME_SIZE,
    NO_ERROR,
    PING,
    PREFACE,
    PROTOCOL_ERROR,
    PUSH_PROMISE,
    REFUSED_STREAM,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    HeaderBlock,
    Http2Frame,
)
from wsprobe.read.reading import INTERIM_MAX, Head
from wsprobe.session.conversation import (
    BODY_WAIT,
    NOT_HTTP_WAIT,
    Turn,
)
from wsprobe.session.open_session import OpenSession, Phase, SessionMaker, Stop, in_proportion
from wsprobe.session.planned_session import FRAMES_LEAST, PlannedSession
from wsprobe.wire.http2 import (
    coded,
    data,
    frame,
    goaway,
    headers,
    rst_stream,
    settings,
    window_update,
)
from wsprobe.wire.rfc6455 import Framed

LATE_SETTINGS = 300_000
"""Microseconds to wait, after SETTINGS without ENABLE_CONNECT_PROTOCOL, for SETTINGS with it. RFC 8441 section
3 lets a server announce it at any time; in practice servers do so at once."""

ACKS_MAX = 1000
"""SETTINGS and PING frames that wsprobe acknowledges, so that it does not answer a flood with a flood."""

IDLE_MAX = 10_000
"""Limit on frames that neither carry our stream's data nor open a window: a session has few. Each costs some
20 us to take, read and judge, so a flood ends within 0.3 s."""

FRAMES_WATCHED = 10_000
"""Limit on frames, in proportion to the limit on bytes. A frame that carries a frame of the session costs as
much as two of HTTP/1.1, and more than twenty microseconds in all."""

SETTINGS_BYTES = 60
"""Bytes of SETTINGS, ten values, that cost as much as a frame."""

UPDATES = 4
"""WINDOW_UPDATE frames for one DATA frame of ours: both windows, each in two steps."""

WINDOW_MAX = 2**31 - 1


class Http2Client:
    """One conversation. Feed it in the order of time; nothing that is received makes it raise."""

    def __init__(self, plan: Plan, make: SessionMaker | None = None) -> None:
        """*make* returns the session; a ``PlannedSession`` unless given.

        Raises ValueError, one line, if the plan has no HTTP/2 request.
        """
        if plan.http2 is None:
            raise ValueError("the plan has no HTTP/2 request")
        self._plan = plan
        self._how = plan.http2
        self._phase = Phase.HEAD
        self._stop: Stop = "local"
        self._why = ""
        self._error = NO_ERROR
        """Code of the GOAWAY with which we leave."""
        self._buffer = bytearray()
        self._speaks: bool | None = None
        self._wake_at: int | None = None
        self._settled = False
        """The server's first SETTINGS have arrived."""
        self._connects = False
        self._asked = False
        self._tries = self._how.tries
        """Requests that may still be sent."""
        self._encoder = Encoder()
        self._away = False
        """The server accepts no more streams."""
        self._block: list[Http2Frame] = []
        announced = dict(self._how.settings)
        self._decoder = BlockDecoder(plan.limits.max_head, announced.get(HEADER_TABLE_SIZE, 0))
        self._make = make
        self._opened: OpenSession | None = None
        self._body_wait = max(BODY_WAIT, round(plan.limits.linger * SECOND))
        self._interim = 0
        self._body = 0
        self._frames = 0
        self._other = 0
        """Bytes other than our stream's DATA."""
        self._acks = ACKS_MAX
        room, usual = plan.limits.max_session, Limits().max_session
        self._most_frames = in_proportion(FRAMES_WATCHED, room, usual, FRAMES_LEAST)
        self._idle = 0
        self._most_idle = in_proportion(IDLE_MAX, room, usual)
        self._out = _Outgoing(plan)
        self._in = _Incoming(announced.get(INITIAL_WINDOW_SIZE, DEFAULT_WINDOW), plan)
        self._stream_over = False
        self._reset = False
        """RST_STREAM ended the stream, or the server will never process it."""

    @property
    def opening(self) -> bytes:
        """The first bytes to send: the preface, our SETTINGS, and the window of the connection."""
        window = window_update(0, self._how.window) if self._how.window else b""
        return PREFACE + settings(self._how.settings) + window

    @property
    def phase(self) -> Phase:
        if self._phase is Phase.DONE or self._opened is None:
            return self._phase
        return self._opened.phase

    def receive(self, data: bytes, at: int) -> Turn:
        """Take bytes that came in one read."""
        if self.phase is Phase.DONE:
            return self._turn(b"")
        self._buffer += data
        if self._speaks is None:
            self._look_at_beginning(at)
        send = b""
        if self._speaks:
            send = self._take_frames(at)
        elif len(self._buffer) >= self._plan.limits.max_head:
            self._end("limit", f"{self._plan.limits.max_head} bytes that are not HTTP/2")
        return self._turn(send + self._due(at))

    def receive_eof(self, at: int) -> Turn:
        """Take the end of the peer's stream, however it ended."""
        self._phase = Phase.DONE
        return Turn(b"", Phase.DONE, None, True, self._stop, self._why)

    def timer(self, at: int) -> Turn:
        """Take the time. May be called at any time; nothing is due before ``Turn.wake_at``."""
        return self._turn(b"" if self.phase is Phase.DONE else self._due(at))

    def _look_at_beginning(self, at: int) -> None:
        """Check that this is HTTP/2. Another protocol is watched a moment longer, as in ``Answering``."""
        if len(self._buffer) < HEADER_SIZE and is_http2(bytes(self._buffer)):
            return
        self._speaks = is_http2(bytes(self._buffer[:HEADER_SIZE]))
        if not self._speaks:
            self._wake_at = at + max(NOT_HTTP_WAIT, round(self._plan.limits.linger * SECOND))

    def _take_frames(self, at: int) -> bytes:
        send = b""
        start = 0
        while self.phase is not Phase.DONE and _whole(self._buffer, start):
            parts = frame_at(self._buffer, start)
            assert parts is not None
            header, payload = parts
            content, problem = form(header, payload)
            start += HEADER_SIZE + len(payload)
            send += self._take(Http2Frame("server", 0, header, payload, at, 0, content, problem), at)
            send += self._count(header, payload, content)
        del self._buffer[:start]
        if self.phase is not Phase.DONE and len(self._buffer) + self._other > self._plan.limits.max_head:
            send += self._flooded(f"{self._plan.limits.max_head} bytes outside the stream's data")
        return send

    def _count(self, header: bytes, payload: bytes, content: bytes) -> bytes:
        self._frames += 1
        ours = header[3] == DATA and int.from_bytes(header[5:], "big") & 0x7FFFFFFF == self._how.stream
        self._other += HEADER_SIZE + len(payload) - (len(content) if ours else 0)
        if not (ours and content) and not (header[3] == WINDOW_UPDATE and self._out.is_due_an_update()):
            self._idle += 1 + len(payload) // SETTINGS_BYTES * (header[3] == SETTINGS)
        if self._idle > self._most_idle and self.phase is not Phase.DONE:
            return self._flooded(f"{self._most_idle} frames without data")
        if self.phase is not Phase.DONE and self._frames > self._most_frames:
            return self._flooded(f"{self._most_frames} frames")
        return b""

    def _flooded(self, limit: str) -> bytes:
        self._error = ENHANCE_YOUR_CALM
        return self._end("limit", limit)

    def _take(self, of: Http2Frame, at: int) -> bytes:
        """Take one whole frame; return the bytes to send in answer: none for a malformed frame."""
        if of.type in (HEADERS, PUSH_PROMISE, CONTINUATION):
            return self._take_block(of, at)
        if of.problem and of.type == SETTINGS and not self._settled:
            self._error = FRAME_SIZE_ERROR
            return self._end("local")
        if of.problem:
            return b""
        ours = of.stream == self._how.stream
        if of.type == SETTINGS:
            return self._take_settings(of, at)
        if of.type == PING:
            return b"" if of.ack else self._acknowledge(frame(PING, ACK, 0, of.payload))
        if of.type == WINDOW_UPDATE and (ours or not of.stream):
            self._out.widen(of.stream, of.increment or 0)
            return self._out.flush()
        if of.type == DATA:
            return self._in.consumed(of, ours) + (self._take_data(of, at) if ours else b"")
        if of.type == RST_STREAM and ours and self._asked:
            if of.code == REFUSED_STREAM and self._may_ask_again:
                return self._ask_again()
            self._reset = True
            return self._stream_ended()
        if of.type == GOAWAY:
            self._away = True
            if (of.last_stream or 0) < self._how.stream:
                return self._left_out(at)
        return b""

    def _left_out(self, at: int) -> bytes:
        """The server will not process our stream; nearly none answers all the same."""
        if not self._how.reads_if_left_out:
            self._reset = True
            return self._stream_ended()
        if self._phase is Phase.HEAD and self._opened is None:
            self._wake_at = at + max(LATE_SETTINGS, round(self._plan.limits.linger * SECOND))
        return b""

    @property
    def _may_ask_again(self) -> bool:
        return self._tries > 0 and not self._away and self._phase is Phase.HEAD and self._opened is None

    def _ask_again(self) -> bytes:
        """The same request on our next stream."""
        self._how = replace(self._how, stream=self._how.stream + 2)
        self._out.begin(self._how)
        self._in.begin(self._how)
        self._interim = 0
        return self._ask()

    def _take_settings(self, of: Http2Frame, at: int) -> bytes:
        if of.ack:
            return b""
        for key, value in of.settings:
            if key == ENABLE_CONNECT_PROTOCOL:
                self._connects = value == 1
            self._out.set(key, value)
        self._settled = True
        send = self._acknowledge(frame(SETTINGS, ACK, 0))
        if not self._asked:
            if self._connects or self._how.anyway:
                self._wake_at = None
                return send + self._ask()
            if self._wake_at is None:
                self._wake_at = at + max(LATE_SETTINGS, round(self._plan.limits.linger * SECOND))
        return send + self._out.flush()

    def _acknowledge(self, ack: bytes) -> bytes:
        if not self._acks:
            return b""
        self._acks -= 1
        return ack

    def _ask(self) -> bytes:
        """The request."""
        self._asked = True
        self._tries -= 1
        how = self._how
        block = coded(self._encoder, how.fields, how.never_indexed)
        window = window_update(how.stream, how.stream_window) if how.stream_window else b""
        return headers(how.stream, block, priority=how.priority) + window

    def _take_block(self, of: Http2Frame, at: int) -> bytes:
        """Take a frame of a header block. Blocks of all streams are decoded: they share one table."""
        broken = bool(self._block) and (of.type != CONTINUATION or of.stream != self._block[0].stream)
        if broken:
            self._block = []
        if of.type == CONTINUATION and not self._block:
            return b""
        self._block.append(of)
        if not of.flags & END_HEADERS:
            return b""
        (block,) = blocks(self._block, self._decoder)
        self._block = []
        if self._decoder.full:
            return self._end("limit", block.problem.removeprefix("more than "))
        send = b""
        if block.stream == self._how.stream and not block.promised and self._asked:
            send = self._take_answer(block, at)
        if not block.decoded:
            self._error = COMPRESSION_ERROR if block.problem.startswith("hpack") else PROTOCOL_ERROR
            return send + self._end("local")
        return send

    def _take_answer(self, block: HeaderBlock, at: int) -> bytes:
        """Take a block of our stream: an interim answer, the final one, or trailers."""
        send = b""
        if self._phase is Phase.HEAD and self._opened is None:
            response = response_of(block)
            if response.interim and not block.end_stream:
                self._interim += 1
                if self._interim > INTERIM_MAX:
                    return self._end("limit", f"{INTERIM_MAX} interim answers")
                return b""
            if opens_session(response):
                self._wake_at = None
                self._opened = self._session(response.head, at)
                send = self.carry(self._opened.begin())
            else:
                self._phase = Phase.BODY
                self._wake_at = at + self._body_wait
        return send + (self._stream_ended() if block.end_stream else b"")

    def _take_data(self, of: Http2Frame, at: int) -> bytes:
        send = b""
        if self._opened is not None:
            said = self._opened.receive(of.content, at)
            self._out.close_heard = self._opened.close_received is not None
            send = self.carry(said)
            if self._opened.frames > FRAMES_MAX and self.phase is not Phase.DONE:
                send += self._flooded(f"{FRAMES_MAX} frames")
        elif self._phase is Phase.BODY:
            self._wake_at = at + self._body_wait
            self._body += len(of.content)
            if self._body > self._plan.limits.max_body:
                return self._end("limit", f"{self._plan.limits.max_body} bytes of body")
        return send + (self._stream_ended() if of.end_stream else b"")

    def _stream_ended(self) -> bytes:
        """The server's side of our stream is over; nothing more will arrive."""
        self._stream_over = True
        return self._end("local")

    def _session(self, head: Head, at: int) -> OpenSession:
        if self._make is not None:
            return self._make(self._plan, head, at)
        seed = b"".join(name + value for name, value in self._how.fields)
        framing = Framed(seed, b"")
        return PlannedSession(self._plan, framing, framing, at)

    def carry(self, frames: bytes) -> bytes:
        """*frames*, from the session, as DATA, as far as the windows allow now."""
        if frames:
            self._out.put(frames)
        return self._out.flush()

    @property
    def held_back(self) -> int:
        """Bytes of frames that wait for a window."""
        return self._out.waiting

    def _due(self, at: int) -> bytes:
        """The bytes that are due by the clock."""
        if self._phase is Phase.DONE:
            return b""
        if self._opened is not None:
            return self.carry(self._opened.timer(at))
        if self._wake_at is None or self._wake_at > at:
            return b""
        # A body that does not end is our limit; a server without the setting, or without HTTP/2, is an answer.
        return self._end("timeout" if self._phase is Phase.BODY else "local")

    def _end(self, stop: Stop, why: str = "") -> bytes:
        """End our side of the stream, then the connection."""
        if self._phase is Phase.DONE:
            return b""
        self._phase = Phase.DONE
        self._stop, self._why = stop, why
        if not self._speaks:
            return b""
        send = b""
        if self._asked and not self._reset and not (self._stream_over and self._out.ended):
            closed = self._out.closed and self._stream_over and self._how.end_stream != "never"
            send = (
                data(self._how.stream, b"", end_stream=True) if closed else rst_stream(self._how.stream, CANCEL)
            )
        return send + goaway(0, self._error)

    def _turn(self, send: bytes) -> Turn:
        if self.phase is Phase.DONE:
            if self._phase is not Phase.DONE and self._opened is not None:
                send += self._end(self._opened.stop, self._opened.why.replace("the 101", "the 200"))
            return Turn(send, Phase.DONE, None, True, self._stop, self._why)
        wake_at = self._wake_at if self._opened is None else self._opened.wake_at
        return Turn(send, self.phase, wake_at, False)


def _whole(data: bytearray, start: int) -> bool:
    """True if a whole frame is there."""
    if len(data) < start + HEADER_SIZE:
        return False
    return len(data) >= start + HEADER_SIZE + int.from_bytes(data[start : start + 3], "big")


class _Outgoing:
    """Our DATA, in order, within the server's windows and frame size (RFC 9113 sections 5.2 and 6.9)."""

    def __init__(self, plan: Plan) -> None:
        assert plan.http2 is not None
        self._how = plan.http2
        self._connection = DEFAULT_WINDOW
        self._stream = DEFAULT_WINDOW
        self._initial = DEFAULT_WINDOW
        self._queue: deque[bytes] = deque()
        self._updates = UPDATES
        self.frame_max = FRAME_MAX
        self.close_heard = False
        self.close_put = False
        self.ended = False
        """END_STREAM was sent."""

    def begin(self, how: Http2) -> None:
        """Continue with the stream in *how*, on which nothing was sent yet."""
        self._how = how
        self._stream = self._initial

    @property
    def closed(self) -> bool:
        """Both Closes have been sent."""
        return self.close_heard and self.close_put and not self._queue

    @property
    def waiting(self) -> int:
        return sum(map(len, self._queue))

    def set(self, key: int, value: int) -> None:
        """Take one of the server's settings."""
        if key == INITIAL_WINDOW_SIZE and value <= WINDOW_MAX:
            self._stream += value - self._initial
            self._initial = value
        elif key == MAX_FRAME_SIZE and FRAME_MAX <= value < 1 << 24:
            self.frame_max = value

    def widen(self, stream: int, increment: int) -> None:
        """Take a WINDOW_UPDATE of the connection (0) or of our stream."""
        if stream == 0:
            self._connection = min(self._connection + increment, WINDOW_MAX)
        else:
            self._stream = min(self._stream + increment, WINDOW_MAX)

    def is_due_an_update(self) -> bool:
        """Take a WINDOW_UPDATE; True if the DATA that was sent may have been the reason for it."""
        self._updates -= 1
        return self._updates >= 0

    def put(self, frames: bytes) -> None:
        """Queue WebSocket frames; each begins a new DATA frame."""
        at = 0
        while at < len(frames):
            size = header_size(frames, at)
            if size is None or frames[at + 1] < 0x80:  # written by hand, not masked or no frame at all
                self._queue.append(frames[at:])
                break
            coded_ = frames[at + 2 : at + size - 4]
            length = int.from_bytes(coded_, "big") if coded_ else frames[at + 1] & 0x7F
            whole = frames[at : at + size + length]
            if self._how.header_apart and len(whole) > self._how.data_max:
                self._queue += (whole[:size], whole[size:])
            else:
                self._queue.append(whole)
            self.close_put = self.close_put or whole[0] & 0x0F == CLOSE
            at += len(whole)

    def flush(self) -> bytes:
        """The bytes that may be sent now, with END_STREAM on the last frame if that is due."""
        send = b""
        most = min(self.frame_max, self._how.data_max)
        while self._queue:
            piece = self._queue[0]
            size = min(len(piece), most, self._connection, self._stream)
            if size <= 0:
                return send
            rest = piece[size:]
            if rest:
                self._queue[0] = rest
            else:
                self._queue.popleft()
            self._connection -= size
            self._stream -= size
            self._updates = max(self._updates, 0) + UPDATES
            last = not self._queue and self._ends()
            self.ended = self.ended or last
            send += data(self._how.stream, piece[:size], end_stream=last)
        if not self.ended and self._ends():
            self.ended = True
            send += data(self._how.stream, b"", end_stream=True)
        return send

    def _ends(self) -> bool:
        """True if the queued bytes end our side of the stream."""
        if self._how.end_stream == "never" or not self.close_put:
            return False
        return self._how.end_stream == "close" or self.close_heard


class _Incoming:
    """The windows that we keep open: received bytes are granted again once they fill half a window."""

    def __init__(self, initial: int, plan: Plan) -> None:
        assert plan.http2 is not None
        how = plan.http2
        self._stream = how.stream
        self._half_stream = max(1, (initial + how.stream_window) // 2)
        self._half_connection = max(1, (DEFAULT_WINDOW + how.window) // 2)
        self._of_stream = self._of_connection = 0

    def begin(self, how: Http2) -> None:
        """Continue with the stream in *how*, on which nothing was received yet."""
        self._stream = how.stream
        self._of_stream = 0

    def consumed(self, of: Http2Frame, ours: bool) -> bytes:
        """Take a DATA frame; return the WINDOW_UPDATE frames that are due."""
        size = len(of.payload)
        self._of_connection += size
        send = b""
        if self._of_connection >= self._half_connection:
            send += window_update(0, self._of_connection)
            self._of_connection = 0
        if ours:
            self._of_stream += size
            if self._of_stream >= self._half_stream and not of.end_stream:
                send += window_update(self._stream, self._of_stream)
                self._of_stream = 0
        return send
