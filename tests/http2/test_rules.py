"""Where each rule of HTTP/2 begins and ends: the last bytes that pass, and the first that do not."""

from __future__ import annotations

from tests.cases import every
from tests.http2.lines import SECOND, STREAM, planned
from tests.http2.test_read import ASKED, ON, OPENING, answer, block
from wsprobe.exchange import Connected, Ended, Exchange, Received, Sent
from wsprobe.judge import FINDINGS, judge
from wsprobe.judge.http2_answer import answer as rule_of_answers
from wsprobe.read import read
from wsprobe.read.http2_values import (
    HEADERS,
    PING,
    PRIORITY,
    PUSH_PROMISE,
    SETTINGS,
)
from wsprobe.wire.http2 import data, frame, goaway, headers, rst_stream, settings, window_update

OURS = {id for id in FINDINGS if id.startswith(("http2-", "h2-"))} - {
    "h2-refuses",
    "http2-status-not-200",
}
"""The two that say again what others say."""
OPEN = answer(b"200")
NO = answer(b"403", end_stream=True)
CLOSE = data(STREAM, b"\x88\x02\x03\xe8")
END = data(STREAM, b"", end_stream=True)
OUR_CLOSE = Sent(0, data(STREAM, b"\x88\x82\0\0\0\0\x03\xe8"))
PROMISE = frame(PUSH_PROMISE, 4, STREAM, b"\0\0\0\2" + block((b":method", b"GET")))
FULL = [data(STREAM, b"\x82\x7f\0\0\0\0\0\1\0\0" + bytes(16374)), *[data(STREAM, bytes(16384))] * 2]
"""49,152 bytes of 65,535, of a message that is longer."""
REST = 65535 - 3 * 16384

Piece = bytes | Sent


def case(pieces, how):
    """Bytes are received, each 1 ms after the piece before. Our request is first, or Sent(1, ...)."""
    asked = [piece for piece in pieces if isinstance(piece, Sent) and piece.at == 1]
    events = [Connected(1, "127.0.0.1", 8001), *(asked or [Sent(1, OPENING + ASKED)])]
    for number, piece in enumerate((piece for piece in pieces if piece not in asked), 1):
        at = 1000 * number
        events.append(Received(at, piece) if isinstance(piece, bytes) else Sent(at, piece.data))
    return Exchange(planned(), (*events, Ended(SECOND, how)))


def told(of):
    """What is found: its id, the bytes that it points at by the number of their piece, and what it says."""
    starts, at = [], 0
    for event in of.events:
        if isinstance(event, Received):
            starts.append(at)
            at += len(event.data)
    said = []
    for finding in judge(read(of)).findings:
        if finding.id not in OURS:
            continue
        place = ""
        if finding.span is not None:
            start, end = finding.span
            number = max((n for n, first in enumerate(starts) if first <= start), default=0)
            place = f" {number}+{start - starts[number]}:{end - start}" if starts else f" {start}:{end - start}"
        said.append(f"{finding.id.removeprefix('http2-')}{place} {finding.text}")
    return said


CASES = {
    # The connection.
    "nothing wrong": ((ON, OPEN, CLOSE, OUR_CLOSE, END), "local", ()),
    "an ACK first": (
        (frame(SETTINGS, 1, 0), ON, NO),
        "local",
        ("settings-not-first 0+0:9 the first frame is SETTINGS",),
    ),
    "a PING first": (
        (frame(PING, 0, 0, bytes(8)), ON, NO),
        "local",
        ("settings-not-first 0+0:9 the first frame is PING",),
    ),
    "a frame of 16384 bytes": ((ON, OPEN, FULL[0], CLOSE, OUR_CLOSE, END), "local", ()),
    "a frame of 16385 bytes": (
        (ON, OPEN, data(1, bytes(16385)), CLOSE, OUR_CLOSE, END),
        "local",
        ("frame-too-long 2+0:9 a DATA of 16385 bytes",),
    ),
    "malformed, twice": (
        (ON, frame(PING, 0, 0, b"1"), frame(PING, 0, 0, b""), NO),
        "local",
        ("frame-malformed 1+0:9 a PING: PING frame must have 8 byte length: got 1, and 1 more like it",),
    ),
    "malformed, three times": (
        (ON, *[frame(PING, 0, 1)] * 3, NO),
        "local",
        (
            "frame-malformed 1+0:9 a PING: Stream ID must be zero for PingFrame with stream_id=1, "
            "and 2 more like it",
        ),
    ),
    "a header of 8 bytes": (
        (ON, NO, bytes(8)),
        "fin",
        ("frame-cut 8 bytes came that are less than a frame header",),
    ),
    "a header of 1 byte": (
        (ON, NO, bytes(1)),
        "reset",
        ("frame-cut 1 byte came that are less than a frame header",),
    ),
    "a header of 1 byte, and we left": ((ON, NO, bytes(1)), "local", ()),
    "a frame without its last byte": (
        (ON, NO, frame(PING, 0, 0, bytes(8))[:-1]),
        "truncated",
        ("frame-cut 2+0:16 a PING frame ends after 7 of 8 bytes",),
    ),
    "a frame without its last byte, of a name with A": (
        (ON, NO, frame(0xA, 0, 0, bytes(8))[:-1]),
        "error",
        ("frame-cut 2+0:16 an ALTSVC frame ends after 7 of 8 bytes",),
    ),
    "a frame without its last byte, of a name with O": (
        (ON, NO, frame(0xC, 0, 0, bytes(8))[:-1]),
        "fin",
        ("frame-cut 2+0:16 an ORIGIN frame ends after 7 of 8 bytes",),
    ),
    "a frame without a name": (
        (ON, NO, frame(0x42, 0, 0, bytes(8))[:-1]),
        "fin",
        ("frame-cut 2+0:16 a 0x42 frame ends after 7 of 8 bytes",),
    ),
    "a frame without its last byte, and we left": ((ON, NO, frame(PING, 0, 0, bytes(8))[:-1]), "local", ()),
    "a push": ((ON, PROMISE, NO), "local", ("push 1+0:9 the server sends PUSH_PROMISE",)),
    "DATA of an idle stream": ((ON, NO, data(3, b"x")), "local", ("idle-stream 2+0:9 a DATA on stream 3",)),
    "HEADERS of an idle stream": (
        (ON, NO, headers(3, b"")),
        "local",
        ("idle-stream 2+0:9 a HEADERS on stream 3",),
    ),
    "RST_STREAM of an idle stream": (
        (ON, NO, rst_stream(2, 0)),
        "local",
        ("idle-stream 2+0:9 a RST_STREAM on stream 2",),
    ),
    "WINDOW_UPDATE of an idle stream": (
        (ON, NO, window_update(7, 1)),
        "local",
        ("idle-stream 2+0:9 a WINDOW_UPDATE on stream 7",),
    ),
    "PRIORITY of an idle stream": ((ON, NO, frame(PRIORITY, 0, 3, bytes(5))), "local", ()),
    "WINDOW_UPDATE of the connection": ((ON, NO, window_update(0, 1)), "local", ()),
    "an extension's frame on an idle stream": ((ON, NO, frame(0x42, 0, 3)), "local", ()),
    "the last byte of the window": ((ON, OPEN, *FULL, data(1, bytes(REST))), "local", ()),
    "a byte more than the window": (
        (ON, OPEN, *FULL, data(1, bytes(REST + 1))),
        "local",
        ("window-overrun 5+0:9 1 byte more than the connection's window",),
    ),
    "far more than the window": (
        (ON, OPEN, *FULL, *FULL),
        "local",
        ("window-overrun 5+0:9 1 byte more than the connection's window",),
    ),
    "padding counts for the window": (
        (ON, OPEN, *FULL, data(1, bytes(REST - 2), pad=2)),
        "local",
        ("window-overrun 5+0:9 1 byte more than the connection's window",),
    ),
    "another stream counts for the connection": (
        (ON, *[data(3, bytes(16384))] * 3, data(3, bytes(REST + 1)), NO),
        "local",
        (
            "window-overrun 4+0:9 1 byte more than the connection's window",
            "idle-stream 1+0:9 a DATA on stream 3, and 3 more like it",
        ),
    ),
    "the connection's window was widened": (
        (ON, OPEN, Sent(0, window_update(0, 9)), *FULL, data(1, bytes(REST + 1))),
        "local",
        ("window-overrun 5+0:9 1 byte more than the stream's window",),
    ),
    "both windows were widened by 1": (
        (ON, OPEN, Sent(0, window_update(0, 1) + window_update(1, 1)), *FULL, data(1, bytes(REST + 1))),
        "local",
        (),
    ),
    "both windows were widened, by 1 too few": (
        (ON, OPEN, Sent(0, window_update(0, 1) + window_update(1, 1)), *FULL, data(1, bytes(REST + 2))),
        "local",
        (
            "frame-too-long 5+0:9 a DATA of 16385 bytes",
            "window-overrun 5+0:9 1 byte more than the connection's window",
        ),
    ),
    "the window of another stream was widened": (
        (ON, OPEN, Sent(0, window_update(0, 9) + window_update(3, 9)), *FULL, data(1, bytes(REST + 1))),
        "local",
        ("window-overrun 5+0:9 1 byte more than the stream's window",),
    ),
    "a small window was announced": (
        (Sent(1, OPENING[:24] + settings([(4, 10)]) + ASKED), ON, OPEN, data(1, bytes(11))),
        "local",
        (),
    ),
    "a larger window was announced": (
        (
            Sent(1, OPENING[:24] + settings([(4, 65536)]) + window_update(0, 99) + ASKED),
            ON,
            OPEN,
            *FULL,
            data(1, bytes(REST + 1)),
        ),
        "local",
        (),
    ),
    "a larger window was announced, and passed": (
        (
            Sent(1, OPENING[:24] + settings([(4, 65536)]) + window_update(0, 99) + ASKED),
            ON,
            OPEN,
            *FULL,
            data(1, bytes(REST + 2)),
        ),
        "local",
        (
            "frame-too-long 5+0:9 a DATA of 16385 bytes",
            "window-overrun 5+0:9 1 byte more than the stream's window",
        ),
    ),
    # The server's SETTINGS.
    "no SETTINGS but an ACK": (
        (frame(SETTINGS, 1, 0),),
        "fin",
        ("settings-not-first 0+0:9 the first frame is SETTINGS",),
    ),
    "SETTINGS that are malformed": (
        (frame(SETTINGS, 0, 0, bytes(5)),),
        "fin",
        ("frame-malformed 0+0:9 a SETTINGS: Invalid SETTINGS body",),
    ),
    "SETTINGS that are cut": (
        (ON[:-1],),
        "fin",
        ("frame-cut 0+0:20 a SETTINGS frame ends after 11 of 12 bytes",),
    ),
    "announced: nothing": (
        (settings([]),),
        "local",
        ("connect-not-announced 0+0:9 ENABLE_CONNECT_PROTOCOL is missing",),
    ),
    "announced: 0": (
        (settings([(8, 0)]),),
        "local",
        ("connect-not-announced 0+0:15 ENABLE_CONNECT_PROTOCOL is 0",),
    ),
    "announced: 2": ((settings([(8, 2)]),), "local", ("connect-value 0+0:15 ENABLE_CONNECT_PROTOCOL is 2",)),
    "announced: 2, then 1": (
        (settings([(8, 2), (8, 1)]), NO),
        "local",
        ("connect-value 0+0:21 ENABLE_CONNECT_PROTOCOL is 2",),
    ),
    "announced: 0, then 1 in the same": ((settings([(8, 0), (8, 1)]), NO), "local", ()),
    "announced: 0, then 1": (
        (settings([(8, 0)]), ON, NO),
        "local",
        ("connect-late 1+0:21 it came 1.0 ms after the first SETTINGS",),
    ),
    "announced: 1, then 0": (
        (ON, settings([(8, 0)]), NO),
        "local",
        ("connect-withdrawn 1+0:15 ENABLE_CONNECT_PROTOCOL was 1, then 0",),
    ),
    "announced: 1, then 0, then 1": ((ON, settings([(8, 0)]), ON, NO), "local", ()),
    "announced: 1, then 1": ((ON, ON, NO), "local", ()),
    "settings: two wrong": (
        (settings([(8, 1), (2, 1), (5, 1)]), NO),
        "local",
        ("setting-value 0+0:27 ENABLE_PUSH is 1",),
    ),
    "settings: wrong in the second": (
        (ON, settings([(5, 16383)]), NO),
        "local",
        ("setting-value 1+0:15 MAX_FRAME_SIZE is 16383",),
    ),
    "no window": (
        (settings([(8, 1), (4, 0)]), OPEN, CLOSE, OUR_CLOSE, END),
        "local",
        ("window-zero INITIAL_WINDOW_SIZE is 0, and no WINDOW_UPDATE came for the stream",),
    ),
    "no window, and a refusal": ((settings([(8, 1), (4, 0)]), NO), "local", ()),
    "no window, then one of 1": (
        (settings([(8, 1), (4, 0)]), settings([(4, 1)]), OPEN, CLOSE, OUR_CLOSE, END),
        "local",
        (),
    ),
    "no window, widened": (
        (settings([(8, 1), (4, 0)]), OPEN, window_update(1, 1), CLOSE, OUR_CLOSE, END),
        "local",
        (),
    ),
    "no window, the connection's widened": (
        (settings([(8, 1), (4, 0)]), OPEN, window_update(0, 1), CLOSE, OUR_CLOSE, END),
        "local",
        ("window-zero INITIAL_WINDOW_SIZE is 0, and no WINDOW_UPDATE came for the stream",),
    ),
    "a window of 1": ((settings([(8, 1), (4, 1)]), OPEN, CLOSE, OUR_CLOSE, END), "local", ()),
    # The header block.
    "no block but an unfinished one": (
        (ON, frame(HEADERS, 0, 1, b"\x88")),
        "fin",
        ("block-unfinished 1+0:9 only 1 byte of the block arrived",),
    ),
    "an unfinished block of 2 bytes": (
        (ON, frame(HEADERS, 1, 1, b"\x88\x88")),
        "fin",
        ("block-unfinished 1+0:9 only 2 bytes of the block arrived",),
    ),
    "a block that is no HPACK": (
        (ON, frame(HEADERS, 5, 1, b"\xff\xff\xff")),
        "local",
        ("block-unreadable 1+0:9 hpack: Unable to decode HPACK integer representation",),
    ),
    "a block with no status": (
        (ON, frame(HEADERS, 5, 1, block((b"a", b"b")))),
        "local",
        ("status 1+0:9 the answer has no :status",),
    ),
    "an empty status": ((ON, answer(b"", end_stream=True)), "local", ("status 1+9:2 :status is empty",)),
    "a status of 1 digit": (
        (ON, answer(b"2", end_stream=True)),
        "local",
        (
            "announced-unserved 1+9:3 ENABLE_CONNECT_PROTOCOL is 1, but the answer is 002",
            "status-digits 1+9:3 :status is 2, which is not a status code of HTTP",
        ),
    ),
    "a status of 4 digits": (
        (ON, answer(b"2000", end_stream=True)),
        "local",
        (
            "announced-unserved 1+9:5 ENABLE_CONNECT_PROTOCOL is 1, but the answer is 2000",
            "status-digits 1+9:5 :status is 2000, which is not a status code of HTTP",
        ),
    ),
    "a status of 5 digits": (
        (ON, answer(b"20000", end_stream=True)),
        "local",
        ("status 1+9:6 :status is 20000",),
    ),
    "a status of 099": (
        (ON, answer(b"099", end_stream=True)),
        "local",
        (
            "announced-unserved 1+9:5 ENABLE_CONNECT_PROTOCOL is 1, but the answer is 099",
            "status-digits 1+9:5 :status is 099, which is not a status code of HTTP",
        ),
    ),
    "a status of 100": ((ON, answer(b"100")), "fin", ("interim 1+0:9 100 came and no final answer",)),
    "a status of 599": (
        (ON, answer(b"599", end_stream=True)),
        "local",
        ("announced-unserved 1+9:5 ENABLE_CONNECT_PROTOCOL is 1, but the answer is 599",),
    ),
    "a status of 600": (
        (ON, answer(b"600", end_stream=True)),
        "local",
        (
            "announced-unserved 1+9:4 ENABLE_CONNECT_PROTOCOL is 1, but the answer is 600",
            "status-digits 1+9:4 :status is 600, which is not a status code of HTTP",
        ),
    ),
    "a status twice": (
        (ON, answer(b"403", (b":status", b"200"), end_stream=True)),
        "local",
        ("status-repeated 1+14:1 the answer has :status 2 times: 403, then 200",),
    ),
    "a status four times": (
        (ON, answer(b"403", *[(b":status", b"200")] * 3, end_stream=True)),
        "local",
        ("status-repeated 1+14:1 the answer has :status 4 times: 403, then 200, then 200",),
    ),
    "a path in the answer": (
        (ON, answer(b"403", (b":path", b"/"), (b":odd", b""), end_stream=True)),
        "local",
        ("pseudo-unknown 1+14:1 the block has :path",),
    ),
    "a status in trailers": (
        (ON, answer(b"404"), headers(1, block((b":status", b"200")), end_stream=True)),
        "local",
        (
            "announced-unserved 1+9:1 ENABLE_CONNECT_PROTOCOL is 1, but the answer is 404",
            "pseudo-unknown 2+9:1 the block has :status",
        ),
    ),
    "trailers": (
        (ON, answer(b"404"), headers(1, block((b"a", b"200")), end_stream=True)),
        "local",
        ("announced-unserved 1+9:1 ENABLE_CONNECT_PROTOCOL is 1, but the answer is 404",),
    ),
    "a status after a field": (
        (ON, headers(1, block((b"a", b"b"), (b":status", b"403"), (b"c", b"d")), end_stream=True)),
        "local",
        ("pseudo-late 1+14:5 :status comes after other fields",),
    ),
    "two pseudo-headers after a field": (
        (
            ON,
            headers(1, block((b":status", b"403"), (b"a", b""), (b":a", b""), (b":b", b"")), end_stream=True),
        ),
        "local",
        (
            "pseudo-unknown 1+18:5 the block has :a",
            "pseudo-late 1+23:5 :b comes after other fields",
        ),
    ),
    "a field in upper case": (
        (ON, answer(b"403", (b"aB", b""), end_stream=True)),
        "local",
        ("name-upper-case 1+14:5 aB is in upper case",),
    ),
    "two fields in upper case": (
        (ON, answer(b"403", (b"aB", b""), (b"c", b""), (b"D", b""), end_stream=True)),
        "local",
        ("name-upper-case 1+14:5 aB is in upper case, and 1 more like it",),
    ),
    "a name that is empty": (
        (ON, answer(b"403", (b"", b"1"), end_stream=True)),
        "local",
        ("name 1+14:4 an empty name is not a header name",),
    ),
    "a name with a space": (
        (ON, answer(b"403", (b"a b", b"1"), end_stream=True)),
        "local",
        ("name 1+14:7 a b is not a header name",),
    ),
    "a value with a space before": (
        (ON, answer(b"403", (b"a", b" b"), end_stream=True)),
        "local",
        ("value 1+14:6 the value of a is ' b'",),
    ),
    "a value with a tab behind": (
        (ON, answer(b"403", (b"a", b"b\t"), end_stream=True)),
        "local",
        ("value 1+14:8 the value of a is 'b\\\\x09'",),
    ),
    "a value with a space within": ((ON, answer(b"403", (b"a", b"b c"), end_stream=True)), "local", ()),
    "values with line ends and NUL": (
        (ON, answer(b"403", *[(b"a", b"b%cc" % bad) for bad in b"\0\r\n"], end_stream=True)),
        "local",
        ("value 1+14:7 the value of a is 'b\\\\x00c', and 2 more like it",),
    ),
    "fields of a connection": (
        (ON, answer(b"403", (b"Upgrade", b"x"), (b"connection", b"y"), end_stream=True)),
        "local",
        (
            "name-upper-case 1+14:10 Upgrade is in upper case",
            "connection-field 1+14:10 Upgrade: x, and 1 more like it",
        ),
    ),
    "the same in two blocks": (
        (ON, answer(b"103", (b"aB", b"")), answer(b"403", (b"aB", b""), end_stream=True)),
        "local",
        (
            "interim 1+0:9 103 came before the final answer",
            "name-upper-case 1+13:5 aB is in upper case",
        ),
    ),
    "an accept": (
        (ON, answer(b"200", (b"sec-websocket-accept", b"x")), CLOSE, OUR_CLOSE, END),
        "local",
        ("accept 1+10:18 the answer has Sec-WebSocket-Accept",),
    ),
    "two accepts": (
        (
            ON,
            answer(b"200", (b"sec-websocket-accept", b"x"), (b"sec-websocket-accept", b"y")),
            CLOSE,
            OUR_CLOSE,
            END,
        ),
        "local",
        ("accept 1+10:18 the answer has Sec-WebSocket-Accept",),
    ),
    "an accept of a refusal": (
        (ON, answer(b"403", (b"sec-websocket-accept", b"x"), end_stream=True)),
        "local",
        (),
    ),
    # The answer.
    "eight interim answers": (
        (ON, *[answer(b"103")] * 8, NO),
        "local",
        ("interim 1+0:9 103, 103, 103, 103, 103, 103, 103, 103 came before the final answer",),
    ),
    "nine interim answers": (
        (ON, *[answer(b"103")] * 9, NO),
        "local",
        ("interim 1+0:9 103, 103, 103, 103, 103, 103, 103, 103, ... came before the final answer",),
    ),
    "nothing but an interim answer": (
        (ON, answer(b"103")),
        "fin",
        ("interim 1+0:9 103 came and no final answer",),
    ),
    "DATA alone": ((ON, data(1, b"x")), "fin", ("data-first 1+9:0 DATA came, and no HEADERS",)),
    "DATA first": ((ON, data(1, b"x"), NO), "local", ("data-first 1+9:0 DATA came before HEADERS",)),
    "empty DATA first": ((ON, data(1, b""), NO), "local", ()),
    "empty DATA, then DATA": (
        (ON, data(1, b""), NO, data(1, b"x")),
        "local",
        ("after-end 3+0:9 a DATA came after END_STREAM",),
    ),
    "two answers": (
        (ON, answer(b"404"), answer(b"404"), END),
        "local",
        (
            "headers-again 2+0:9 a second HEADERS without END_STREAM",
            "announced-unserved 1+9:1 ENABLE_CONNECT_PROTOCOL is 1, but the answer is 404",
            "pseudo-unknown 2+9:1 the block has :status",
        ),
    ),
    "DATA behind the end": (
        (ON, NO, data(1, b"x"), data(1, b"y")),
        "local",
        ("after-end 2+0:9 a DATA came after END_STREAM, and 1 more like it",),
    ),
    "HEADERS behind the end": (
        (ON, OPEN, CLOSE, OUR_CLOSE, END, headers(1, block((b"a", b"b")), end_stream=True)),
        "local",
        ("after-end 4+0:9 a HEADERS came after END_STREAM",),
    ),
    "a session behind a reset": (
        (ON, OPEN, rst_stream(1, 8), CLOSE),
        "local",
        ("after-end 3+0:9 a DATA came after RST_STREAM",),
    ),
    "a reset behind the end": ((ON, OPEN, CLOSE, OUR_CLOSE, END, rst_stream(1, 0)), "local", ()),
    "WINDOW_UPDATE behind the end": (
        (ON, NO, window_update(1, 1), data(3, b"")),
        "local",
        ("idle-stream 3+0:9 a DATA on stream 3",),
    ),
    "an end of ours, then DATA": ((ON, OPEN, Sent(0, END), CLOSE, END), "local", ()),
    "a 101": ((ON, answer(b"101", end_stream=True)), "local", ("101 1+9:4 the server answered 101",)),
    "a 199": (
        (ON, answer(b"199", end_stream=True)),
        "local",
        (
            "interim 1+0:9 199 came and no final answer",
            "status the stream ended with END_STREAM before any answer",
        ),
    ),
    "a 201": ((ON, answer(b"201", end_stream=True)), "local", ("other-2xx 1+9:4 a 201 opens in no browser",)),
    "a 299": ((ON, answer(b"299", end_stream=True)), "local", ("other-2xx 1+9:5 a 299 opens in no browser",)),
    "a 300": (
        (ON, answer(b"300", end_stream=True)),
        "local",
        ("announced-unserved 1+9:4 ENABLE_CONNECT_PROTOCOL is 1, but the answer is 300",),
    ),
    "a 404, not announced": (
        (settings([]), answer(b"404", end_stream=True)),
        "local",
        ("connect-not-announced 0+0:9 ENABLE_CONNECT_PROTOCOL is missing",),
    ),
    "a 302": ((ON, answer(b"302", end_stream=True)), "local", ()),
    "no status that can be read": (
        (ON, answer(b"x", end_stream=True)),
        "local",
        ("status 1+9:3 :status is x",),
    ),
    "a body of its length": (
        (ON, answer(b"403", (b"content-length", b"2")), data(1, b"no", end_stream=True)),
        "local",
        (),
    ),
    "a body that is too long": (
        (ON, answer(b"403", (b"content-length", b"1")), data(1, b"no")),
        "fin",
        ("content-length 1+9:5 content-length is 1, and 2 bytes came",),
    ),
    "a body that is too short": (
        (ON, answer(b"403", (b"content-length", b"3")), data(1, b"no", end_stream=True)),
        "fin",
        ("content-length 1+9:5 content-length is 3, and 2 bytes came",),
    ),
    "a body that is too short, and not over": (
        (ON, answer(b"403", (b"content-length", b"3")), data(1, b"no")),
        "fin",
        (),
    ),
    "a body that met our limit": (
        (ON, answer(b"403"), data(1, b"no")),
        "limit",
        ("body-cut 1+9:5 wsprobe stopped reading after 46 bytes, at its own limit; 2 bytes of body had come",),
    ),
    "a refusal left open": (
        (ON, answer(b"403"), data(1, b"no")),
        "timeout",
        ("refusal-left-open 1+9:5 no END_STREAM and no RST_STREAM came in 1.0 s after the status",),
    ),
    "a refusal left open, behind an interim answer": (
        (ON, answer(b"103"), answer(b"403"), data(1, b"no")),
        "local",
        (
            "interim 1+0:9 103 came before the final answer",
            "refusal-left-open 2+9:5 no END_STREAM and no RST_STREAM came in 1.0 s after the status",
        ),
    ),
    "a refusal left open, and interrupted": (
        (ON, answer(b"403")),
        "interrupted",
        ("refusal-left-open 1+9:5 no END_STREAM and no RST_STREAM came in 1.0 s after the status",),
    ),
    "a refusal, and the server left": ((ON, answer(b"403")), "fin", ()),
    "a refusal, and a reset": ((ON, answer(b"403"), rst_stream(1, 0)), "local", ()),
    "a refusal that we ended": (
        (ON, answer(b"403"), Sent(0, END)),
        "local",
        ("refusal-left-open 1+9:5 no END_STREAM and no RST_STREAM came in 1.0 s after the status",),
    ),
    # How the stream ended.
    "GOAWAY before the request": (
        (Sent(1, OPENING), settings([]), goaway(0, 2, b"why"), goaway(0, 1)),
        "fin",
        (
            "connect-not-announced 0+0:9 ENABLE_CONNECT_PROTOCOL is missing",
            "goaway 1+0:20 GOAWAY with INTERNAL_ERROR and the text why, before the request was sent",
        ),
    ),
    "GOAWAY that leaves ours out": (
        (ON, goaway(0, 11, b"why")),
        "fin",
        ("goaway GOAWAY with ENHANCE_YOUR_CALM excludes this stream: why",),
    ),
    "GOAWAY that takes ours in": ((ON, goaway(1, 0), NO), "local", ("going-away 1+0:17 GOAWAY with NO_ERROR",)),
    "GOAWAY that takes more in": (
        (ON, goaway(3, 1, b"x"), NO),
        "local",
        ("goaway-error 1+0:18 GOAWAY with PROTOCOL_ERROR and the text x",),
    ),
    "GOAWAY after ours": ((ON, NO, Sent(0, goaway(0, 0)), goaway(1, 0)), "local", ()),
    "a reset behind a refusal": ((ON, answer(b"403"), rst_stream(1, 1)), "local", ()),
    "a reset of ours, and no answer": ((ON, Sent(0, rst_stream(1, 8))), "local", ()),
    "an end, and no answer": (
        (ON, END),
        "local",
        ("status the stream ended with END_STREAM before any answer",),
    ),
    "an end of ours, and no answer": ((ON, Sent(0, END)), "local", ()),
    "an end without a Close": (
        (ON, OPEN, data(1, b"\x81\x02hi"), END),
        "local",
        ("session-ended END_STREAM 2.0 ms after the 200, without a Close",),
    ),
    "an end without a Close, behind an interim answer": (
        (ON, answer(b"103"), OPEN, END),
        "local",
        (
            "interim 1+0:9 103 came before the final answer",
            "session-ended END_STREAM 1.0 ms after the 200, without a Close",
        ),
    ),
    "a reset without a Close": (
        (ON, OPEN, rst_stream(1, 8)),
        "local",
        ("session-ended RST_STREAM with CANCEL 1.0 ms after the 200, without a Close",),
    ),
    "GOAWAY without a Close": (
        (ON, OPEN, goaway(0, 0)),
        "fin",
        ("session-ended GOAWAY with NO_ERROR that excludes this stream 1.0 ms after the 200, without a Close",),
    ),
    "a drop without a Close": ((ON, OPEN), "fin", ()),
    "an end behind our Close": ((ON, OPEN, OUR_CLOSE, END), "local", ()),
    "a reset behind both Closes": (
        (ON, OPEN, CLOSE, OUR_CLOSE, rst_stream(1, 8)),
        "local",
        ("reset-after-close RST_STREAM with CANCEL after the Close",),
    ),
    "a reset behind both Closes, with NO_ERROR": ((ON, OPEN, CLOSE, OUR_CLOSE, rst_stream(1, 0)), "local", ()),
    "an end with the Close": (
        (ON, OPEN, data(1, b"\x88\x02\x03\xe8", end_stream=True), OUR_CLOSE),
        "local",
        ("close-and-end END_STREAM came with the Close",),
    ),
    "an end with the Close, in two frames": (
        (ON, OPEN, CLOSE + END, OUR_CLOSE),
        "local",
        ("close-and-end END_STREAM came with the Close",),
    ),
    "an end with the Close, and none of ours": (
        (ON, OPEN, data(1, b"\x88\x02\x03\xe8", end_stream=True)),
        "local",
        ("close-and-end END_STREAM came with the Close",),
    ),
    "an end with the Close that answers ours": (
        (ON, OPEN, OUR_CLOSE, data(1, b"\x88\x02\x03\xe8", end_stream=True)),
        "local",
        (),
    ),
    "an end behind the Close": ((ON, OPEN, CLOSE, END), "local", ()),
    "both Closes, and no end": (
        (ON, OPEN, CLOSE, OUR_CLOSE),
        "local",
        ("never-ended both Close frames came, but no END_STREAM",),
    ),
    "both Closes, and an end of ours": (
        (ON, OPEN, CLOSE, OUR_CLOSE, Sent(0, END)),
        "local",
        ("never-ended both Close frames came, but no END_STREAM",),
    ),
    "both Closes, and the server left": ((ON, OPEN, CLOSE, OUR_CLOSE), "fin", ()),
    "a Close, and no end": ((ON, OPEN, CLOSE), "local", ()),
    "our Close, and no end": ((ON, OPEN, OUR_CLOSE), "local", ()),
}


RESETS = {code: "reset" for code in range(15)} | {7: "refused-stream", 13: "http11-required"}
"""Error codes, and which finding names them."""
NOT_SERVED = (1, 2, 10, 13)
"""Codes by which a server says that it cannot do what it has announced."""


@every(tuple(RESETS))
def test_which_code_of_a_reset_means_what(code):
    found = [said.split()[0] for said in told(case((ON, rst_stream(STREAM, code)), "local"))]
    assert found == [RESETS[code], *["announced-unserved"] * (code in NOT_SERVED)]
    found = [said.split()[0] for said in told(case((settings([]), rst_stream(STREAM, code)), "local"))]
    assert found == ["connect-not-announced", RESETS[code]]


def usual_of(id, *pieces):
    found = judge(read(case((ON, *pieces), "local"))).findings
    return next(finding.usual for finding in found if finding.id == id)


def test_which_statuses_are_no_sign_of_a_proxy():
    passing = {301, 302, 303, 307, 308, 401, 403, 407, 410, 429, 503}
    for status in range(300, 600):
        found = list(rule_of_answers(read(case((ON, answer(b"%d" % status, end_stream=True)), "local"))))
        unserved = "http2-announced-unserved" in {finding.id for finding in found}
        assert unserved == (status not in passing), status


@every(CASES)
def test_what_is_found(of):
    pieces, how, expected = of
    assert told(case(pieces, how)) == list(expected)
