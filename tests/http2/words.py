"""Frames of HTTP/2 as words of tests/pieces.py: ``on answer(200,a=b) data(1,'no',end) >rst(1,8)``.

``end`` behind the rest is END_STREAM; ``pad=9`` pads a DATA; ``most=9`` splits HEADERS into frames of so many
bytes. A type of ``frame`` is a name or a number.
"""

from hpack import Encoder

from tests.http2.lines import SECOND, STREAM, planned
from tests.pieces import octets
from tests.pieces import pieces as pieces_of
from wsprobe.exchange import Connected, Ended, Exchange, Received, Sent
from wsprobe.read.http2_values import FRAME_MAX, PREFACE, TYPES
from wsprobe.wire.http2 import coded, data, frame, goaway, headers, rst_stream, settings, window_update

OPENING = PREFACE + settings([(2, 0)])
"""What we send before anything came."""
ASKED = headers(STREAM, coded(Encoder(), planned().http2.fields))
ON = settings([(3, 100), (8, 1)])
NUMBERS = {name: number for number, name in TYPES.items()}


def block(*fields, encoder=None):
    return coded(encoder or Encoder(), fields)


def answer(status, *fields, end_stream=False):
    return headers(STREAM, block((b":status", status), *fields), end_stream=end_stream)


def pieces(text):
    return pieces_of(text, WORDS)


def recording(reads, how):
    """Bytes are received, each 1 ms after the piece before. Our request is first, if not the preface is."""
    asked = [piece for piece in reads[:1] if isinstance(piece, Sent) and piece.data.startswith(PREFACE)]
    events = [Connected(1, "127.0.0.1", 8001), Sent(1, asked[0].data if asked else OPENING + ASKED)]
    for number, piece in enumerate(reads[len(asked) :], 1):
        at = 1000 * number
        events.append(Received(at, piece) if isinstance(piece, bytes) else Sent(at, piece.data))
    return Exchange(planned(), (*events, Ended(SECOND, how)))


def _text(written):
    return octets(written) if written.startswith("'") else written.encode()


def _fields(written):
    return [_text(each).partition(b"=")[::2] for each in written if each != "end"]


def _pairs(*written):
    return settings([(int(key), int(value)) for key, _, value in (each.partition("=") for each in written)])


def _data(stream, payload, *more):
    (pad,) = [int(each[4:]) for each in more if each.startswith("pad=")] or [None]
    return data(int(stream), octets(payload), end_stream="end" in more, pad=pad)


def _headers(stream, written, *more):
    (most,) = [int(each[5:]) for each in more if each.startswith("most=")] or [FRAME_MAX]
    return headers(int(stream), octets(written, WORDS), end_stream="end" in more, most=most)


def _frame(type_, flags, stream, payload="''"):
    number = NUMBERS[type_] if type_ in NUMBERS else int(type_, 0)
    return frame(number, int(flags, 0), int(stream), octets(payload, WORDS))


CLOSE = data(STREAM, b"\x88\x02\x03\xe8")
WORDS = {
    "preface": PREFACE,
    "opening": OPENING,
    "asked": ASKED,
    "on": ON,
    "open": answer(b"200"),
    "no": answer(b"403", end_stream=True),
    "close": CLOSE,
    "ours": data(STREAM, b"\x88\x82\0\0\0\0\x03\xe8"),
    "end": data(STREAM, b"", end_stream=True),
    "begun": data(STREAM, b"\x82\x7f\0\0\0\0\0\1\0\0" + bytes(16374)),
    "fill": data(STREAM, bytes(16384)),
    "large": answer(b"200", (b"a", b"x" * 200)),
    "ping": frame(NUMBERS["PING"], 0, 0, bytes(8)),
    "settings": _pairs,
    "answer": lambda status, *more: answer(_text(status), *_fields(more), end_stream="end" in more),
    "headers": _headers,
    "block": lambda *fields: block(*_fields(fields)),
    "data": _data,
    "frame": _frame,
    "rst": lambda stream, code: rst_stream(int(stream), int(code, 0)),
    "goaway": lambda last, code, debug="''": goaway(int(last), int(code, 0), _text(debug)),
    "window": lambda stream, by: window_update(int(stream), int(by)),
}
