"""Lines of observations over HTTP/2 -> recordings: what our side of the connection would have kept of them.

A play is put on a line of time: what the server sends comes at once, waiting takes as long as it says, and our
Close answers the server's as soon as it asks for it.
"""

import json
import re

from hpack import Encoder

from wsprobe.exchange import Connected, Ended, Exchange, Http2, Plan, Received, Sent, Target, TlsDone
from wsprobe.read.http2_values import FRAME_MAX, PREFACE, SETTINGS
from wsprobe.wire.http2 import coded, data, frame, goaway, headers, rst_stream, settings
from wsprobe.wire.rfc6455 import CLOSE
from wsprobe.wire.rfc6455 import frame as websocket_frame

SECOND = 1_000_000
STREAM = 1
HOST = "127.0.0.1:8001"
NO_ERROR_KEY = b"\0\0\0\0"


def lines(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]


def planned(name="on", fields=None):
    """The plan of an ordinary request over HTTP/2."""
    asked = fields or (
        (b":method", b"CONNECT"),
        (b":protocol", b"websocket"),
        (b":scheme", b"https"),
        (b":authority", HOST.encode()),
        (b":path", f"/s/{name}".encode()),
        (b"sec-websocket-version", b"13"),
        (b"sec-websocket-extensions", b"permessage-deflate; client_max_window_bits"),
    )
    to = Target(f"wss://{HOST}/s/{name}", True, "127.0.0.1", 8001, f"/s/{name}")
    return Plan(to, b"", http2=Http2(tuple(asked)))


def recorded(line, play=0, plan=None):
    """The recording of one CONNECT that the server of *line* answers with its *play*."""
    plan = plan or planned(line["scenario"])
    plays = line["server"]
    made = _Recording(plan, {int(key): value for key, value in line["settings"].items()})
    for step in plays[min(play, len(plays) - 1)]:
        if made.over:
            break
        made.step(step)
    return made.exchange()


def fields_of(written):
    """Names and values of a list of fields; those that a line leaves out of a long one are put back."""
    made = []
    for each in written:
        if isinstance(each, str):
            found = re.fullmatch(r"\.\.\.(\d+) fields of \d+ bytes in all", each)
            assert found is not None, each
            made += [(f"x-big-{number}", made[-1][1]) for number in range(len(made) - 1, int(found[1]) - 1)]
        else:
            name, value = each
            long = re.fullmatch(r"(.)\1*\.\.\.<(\d+) bytes>", value)
            made.append((name, long[1] * int(long[2]) if long else value.replace("{HOST}", HOST)))
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in made]


class _Recording:
    def __init__(self, plan, announced):
        self.over = False
        self._plan = plan
        self._at = 1000
        self._encoder = Encoder()
        self._close_heard = False
        self._replied = False
        self._events = [
            Connected(self._at, "127.0.0.1", 8001),
            TlsDone(self._at, "TLS 1.3", "TLS_AES_128_GCM_SHA256", "h2", None, True),
        ]
        self._sent(PREFACE + settings(plan.http2.settings))
        self._received(settings(announced.items()))
        self._sent(frame(SETTINGS, 1, 0))
        self._sent(headers(STREAM, coded(Encoder(), plan.http2.fields), priority=plan.http2.priority))

    def exchange(self):
        if not self.over:
            self._events.append(Ended(self._at, "local"))
        return Exchange(self._plan, tuple(self._events))

    def step(self, step):
        match step:
            case ["headers", fields, *rest]:
                block = coded(self._encoder, fields_of(fields))
                self._received(headers(STREAM, block, end_stream="END_STREAM" in rest, most=FRAME_MAX))
            case ["data-hex", text]:
                self._data(bytes.fromhex(text))
            case ["data-padded-hex", text, pad]:
                self._received(data(STREAM, bytes.fromhex(text), pad=pad))
            case ["data-bytewise-hex", text, pause]:
                for byte in bytes.fromhex(text):
                    self._data(bytes([byte]))
                    self._at += round(pause * SECOND)
            case ["end-stream", *text]:
                self._received(data(STREAM, bytes.fromhex("".join(text)), end_stream=True))
            case ["rst-stream", code]:
                self._received(rst_stream(STREAM, code))
            case ["goaway", last, code]:
                streams = {"this": STREAM, "prev": 0, "zero": 0, "max": 2**31 - 1}
                self._received(goaway(streams[last], code))
            case ["settings", pairs]:
                self._received(settings((int(key), value) for key, value in pairs.items()))
            case ["wait" | "hold", seconds]:
                self._at += round(seconds * SECOND)
            case ["read-until-close-frame", seconds]:
                if not self._close_heard:
                    self._at += round(seconds * SECOND)
            case ["echo-close"]:
                pass
            case ["tcp-fin", *how]:
                self._end("fin" if how else "truncated")
            case ["tcp-rst"]:
                self._end("reset")
            case _:
                raise ValueError(f"no step is written like {step!r}")

    def _data(self, payload):
        self._received(data(STREAM, payload))
        if b"\x88" in payload and not self._replied:
            self._close_heard = self._replied = True
            self._sent(data(STREAM, websocket_frame(CLOSE, b"\x03\xe8", NO_ERROR_KEY)))

    def _end(self, how):
        self._at += 100
        self._events.append(Ended(self._at, how))
        self.over = True

    def _sent(self, what):
        self._at += 100
        self._events.append(Sent(self._at, what))

    def _received(self, what):
        self._at += 100
        self._events.append(Received(self._at, what))
