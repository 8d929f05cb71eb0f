"""What was measured over HTTP/2: server steps in, events, console and handshakes out, of each socket of a page.

One JSON object a line in ``measured/http2.jsonl``. The server is played here on a line of time: what it sends
comes at once, waiting takes as long as it says, and what the script sends is answered as the steps have it.
"""

import json
import re
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path
from typing import Any

from hpack import Encoder
from msgspec.structs import replace

from tests.browsers.driver.compare import event_value
from tests.http2.lines import HOST, SECOND, STREAM, _Recording, fields_of
from wsprobe.browsers.engine import FollowUp, Page, ScriptView, until_end
from wsprobe.exchange import Act, Ended, Exchange, Plan, Received, Sent, TlsDone, TlsOptions
from wsprobe.read import read
from wsprobe.read.http2_values import FRAME_MAX, HTTP_1_1_REQUIRED, PREFACE, RST_STREAM
from wsprobe.wire.http2 import coded, data, headers, settings, window_update
from wsprobe.wire.rfc6455 import CLOSE
from wsprobe.wire.rfc6455 import frame as websocket_frame

MEASURED = Path(__file__).parent / "measured" / "http2.jsonl"
KEY = "d3Nwcm9iZSByZWhlYXJzZQ=="
OVER_HTTP1 = bytes.fromhex("81026831880203e8")
"""The message "h1" and a Close: what the server answers over HTTP/1.1."""
CAP = 6
"""Seconds after which the page closes by itself."""

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """Of one socket."""

    events: list[dict[str, Any]]
    handshakes: list[str]
    view: ScriptView
    asked: list[FollowUp]


def load():
    return {line["scenario"]: line for line in map(json.loads, MEASURED.read_text("utf-8").splitlines())}


def sockets(engine, line):
    """What each of the page's sockets sees."""
    stage = _Stage(line)
    return [stage.socket(engine, socket) for socket in line.get("page_sockets", [{}])]


def observed(line, engine):
    """(events of each socket, protocols of the handshakes, console), of ENGINE@VERSION *engine*."""
    of = line["observed"][engine]
    events = of["sockets"] if "sockets" in of else [of.get("events", [])]
    events = [[_event(event) for event in each if event["type"] not in ("cap", "note")] for each in events]
    protocols = ["2" if each.startswith("h2") else "1.1" for each in of["handshakes"]]
    return events, protocols, [line_.replace("{HOST}", host(line)) for line_ in of.get("console", [])]


def host(line=None):
    """Host and port that the socket goes to."""
    target = line.get("target") if line is not None else None
    return f"{target.get('host', '127.0.0.2')}:8001" if target else HOST


def _event(event):
    return {name: value for name, value in event.items() if name != "kind"}


class _Stage:
    """The server of one line, and the browser's session with it."""

    def __init__(self, line):
        self._line = line
        self._target = line.get("target", {})
        self._connects = 0
        self._session = True
        """The session that the page came over goes on."""

    def socket(self, engine, socket):
        name = self._line["scenario"]
        userinfo = self._line.get("userinfo", "")
        url = f"wss://{userinfo}{host(self._line)}/s/{name}{self._line.get('query', '')}"
        page = self._page(socket)
        made = engine.construct(url, page)
        assert made.target is not None
        asked = [engine.first(made, page, KEY)]
        readings = [self._answer(asked[0], page)]
        while (then := engine.follow(readings, page, KEY)) is not None:
            asked.append(then)
            readings.append(self._answer(then, page))
            assert len(asked) < 6
        view = engine.view(url, page, readings)
        view = until_end(view)  # what was measured ends with the page
        return Seen(told(view), list(view.handshakes), view, asked)

    def _page(self, socket):
        at = f"{self._line.get('page_host', '127.0.0.1')}:8001"
        if self._line.get("warm"):  # a session of the target's own
            at = host(self._line)
        offered = socket.get("protocols")
        invalid = any("8" in each and int(each["8"]) > 1 for each in self._announced())
        return Page(
            url=f"https://{at}/",
            protocols=tuple(offered) if offered else None,
            acts=(*_acts(socket), Act("time", "close", after=round(self._line.get("cap", CAP) * SECOND))),
            cookies="a=1; b=2" if "document.cookie='a=1" in self._line.get("pre", "") else "",
            http="2" if self._session and not (invalid and self._target) else "1.1",
            shares=bool(self._target.get("same_ip")),
            address="loopback",  # every name was mapped to this machine
        )

    def _announced(self):
        settings = [self._target.get("settings", self._line["settings"])]
        before = self._line.get("connection", {}).get("before_page", [])
        later = self._line.get("connection", {}).get("after_page", []) if self._connects_h1 else []
        return [*settings, *(step[1] for step in (*before, *later) if step[0] == "settings")]

    _connects_h1 = 0
    """Handshakes over HTTP/1.1 so far: by the second socket, a late SETTINGS is there."""

    def _answer(self, asked, page):
        connection = self._target.get("connection", self._line.get("connection", {}))
        alpn = connection.get("alpn", ["h2", "http/1.1"])
        plan = Plan(
            asked.target, asked.request, acts=page.acts, tls=TlsOptions(alpn=asked.alpn), http2=asked.http2
        )
        if asked.http2 is None or "h2" not in alpn:
            self._connects_h1 += 1
            return read(_over_http1(replace(plan, http2=None)))
        plan = replace(plan, http2=replace(asked.http2, stream=STREAM))
        exchange = _Played(plan, self._announced(), page).play(self._line["server"], self._connects)
        reading = read(exchange)
        assert reading.http2 is not None
        self._connects += reading.http2.request is not None
        last = exchange.events[-1]
        resets = [f for f in reading.http2.of("server") if f.type == RST_STREAM and f.code == HTTP_1_1_REQUIRED]
        if resets or reading.http2.goaways or (isinstance(last, Ended) and last.how != "local"):
            self._session = False
        return reading


def _acts(socket):
    """The script of a socket, as far as it is used."""
    script = socket.get("onmessage", "")
    for code, reason in re.findall(r"ws\.close\((\d+), '(\w+)'\)", script):
        yield Act("message", "close", reason.encode(), int(code))
    for text, numbers, size in re.findall(
        r"ws\.send\((?:'([^']*)'|new Uint8Array\(\[([\d,]*)\]\)|new Uint8Array\((\d+)\))\)", script
    ):
        if text:
            yield Act("message", "text", text.encode())
        else:
            yield Act("message", "binary", bytes(int(size)) if size else bytes(map(int, numbers.split(","))))
    for pause in re.findall(r"setTimeout\(\(\) => ws\.close\(\), (\d+)\)", socket.get("after", "")):
        yield Act("time", "close", after=int(pause) * 1000)


def _frame_size(payload):
    """Of a masked frame."""
    return payload + (6 if payload < 126 else 8 if payload < 65536 else 14)


class _Played(_Recording):
    """A play, with what the page's script does in it."""

    def __init__(self, plan, announced, page):
        on = [each for each in announced if "8" in each]
        asks = bool(on) and int(on[-1]["8"]) == 1
        first = {int(number): value for number, value in announced[0].items()}
        if len(announced) == 1 and asks:
            super().__init__(plan, first)
        else:
            self._quiet(plan, announced)
            if asks and all(int(each["8"]) == 1 for each in on):
                self._ask(plan)
        self._asks = asks
        self._window = announced[0].get("4", 65535)
        self._sends = sum(_frame_size(len(a.data)) for a in page.acts if a.do in ("text", "binary"))
        self._closes = next((a for a in page.acts if a.when == "message" and a.do == "close"), None)

    def _quiet(self, plan, announced):
        """Up to the server's SETTINGS."""
        assert plan.http2 is not None
        self.over = False
        self._plan = plan
        self._at = 1000
        self._encoder = Encoder()
        self._close_heard = self._replied = False
        self._events = [TlsDone(1000, "TLS 1.3", "TLS_AES_128_GCM_SHA256", "h2", None, True)]
        self._sent(PREFACE + settings(plan.http2.settings))
        for each in announced:
            self._received(settings((int(number), value) for number, value in each.items()))

    def _ask(self, plan):
        self._sent(headers(STREAM, coded(Encoder(), plan.http2.fields), priority=plan.http2.priority))

    def play(self, plays, number):
        if self._asks:
            for step in plays[min(number, len(plays) - 1)]:
                if self.over:
                    break
                self.step(step)
        return self.exchange()

    def step(self, step):
        if step[0] == "headers":  # the server measured with coded nothing shorter than it is
            block = Encoder().encode(fields_of(step[1]), huffman=False)
            self._received(headers(STREAM, block, end_stream="END_STREAM" in step[2:], most=FRAME_MAX))
        elif step[0] == "data-hex" and self._sends and bytes.fromhex(step[1])[:1] == b"\x81":
            super().step(step)
            if self._window:  # of what it got, the server makes room for as much again
                self._received(window_update(STREAM, self._sends))
                self._sends = 0
        elif step[0] == "data-hex" and self._closes is not None and bytes.fromhex(step[1])[:1] == b"\x81":
            super().step(step)
            body = (self._closes.code or 1000).to_bytes(2, "big") + self._closes.data
            self._sent(data(STREAM, websocket_frame(CLOSE, body, b"\0\0\0\0")))
            self._close_heard = self._replied = True
        elif step[0] == "echo-close":
            body = (self._closes.code or 1000).to_bytes(2, "big") + self._closes.data
            self._received(data(STREAM, bytes((0x88, len(body))) + body))
        else:
            super().step(step)


def _over_http1(plan):
    accept = b64encode(sha1(f"{KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()).decode()
    head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    head += f"Sec-WebSocket-Accept: {accept}\r\n"
    offered = re.search(rb"Sec-WebSocket-Protocol: ([^,\r]*)", plan.request)
    if offered is not None:
        head += f"Sec-WebSocket-Protocol: {offered[1].decode()}\r\n"
    return Exchange(
        plan,
        (
            TlsDone(1000, "TLS 1.3", "TLS_AES_128_GCM_SHA256", "http/1.1", None, True),
            Sent(1100, plan.request),
            Received(2000, f"{head}\r\n".encode()),
            Received(52_000, OVER_HTTP1),
            Sent(53_000, websocket_frame(CLOSE, b"\x03\xe8", b"\0\0\0\0")),
            Ended(54_000, "fin"),
        ),
    )


def told(view):
    """Its events; of bytes only that they came, as they were measured."""
    return [{name: value for name, value in event_value(each).items() if name != "hex"} for each in view.events]
