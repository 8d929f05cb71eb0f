"""128 measured chains of a proxy and an application with one fault each (chains.jsonl), as the recordings that
a trace would have made of them."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from wsprobe.exchange import (
    Connected,
    ConnectFailed,
    Connecting,
    Ended,
    Exchange,
    Plan,
    Received,
    Resolved,
    Sent,
    Target,
    TlsDone,
    TlsFailed,
)
from wsprobe.read.tokens import expected_accept
from wsprobe.report.report import report
from wsprobe.request.edits import values
from wsprobe.request.opening import Offer, request
from wsprobe.trace.answer import answer_of
from wsprobe.trace.conclusions import conclusions
from wsprobe.trace.series import Choice, following
from wsprobe.trace.trace import Backend, Start, Trace

KEY = "AAECAwQFBgcICQoLDA0ODw=="
VARIANTS = {
    "origin": "origin-same",
    "backend": "direct",
    "backend-get": "direct-get",
    "backend-origin": "direct-origin-same",
    "backend-plain": "direct",
    "no-protocol": "protocol-none",
    "again-1": "again-2",
    "again-2": "again-3",
    "firefox": "chromium",
}
"""Change -> the variant of the measurement, where its name is another."""
BROWSER = (
    b"GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nUser-Agent: Mozilla/5.0\r\n"
    b"Origin: %s\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n"
)
FIELDS = (
    "server",
    "content-type",
    "location",
    "www-authenticate",
    "via",
    "x-varnish",
    "age",
    "upgrade",
    "retry-after",
    "x-request-id",
)


class Chain(msgspec.Struct, frozen=True):
    """One measured chain."""

    value: dict[str, Any]

    @property
    def name(self):
        return f"{self.value['chain']} {self.value['fault']}"

    @property
    def asked(self):
        found = self.value.get("request", {})
        return found

    def answer(self, variant):
        answers = self.value["answers"]
        found = answers["base"] if variant in self.value["same_as_base"] else answers.get(variant)
        return found


def chains():
    text = (Path(__file__).parent / "chains.jsonl").read_text(encoding="utf-8")
    return [Chain(json.loads(line)) for line in text.splitlines()]


def start(chain, *, direct):
    secure = bool(chain.asked.get("tls"))
    port = 25100
    resource = chain.asked.get("path", "/chat") + (f"?{query}" if (query := chain.asked.get("query")) else "")
    scheme = "wss" if secure else "ws"
    target = Target(f"{scheme}://app.example:{port}{resource}", secure, "app.example", port, resource)
    cookie = chain.asked.get("cookie")
    protocol = chain.asked.get("protocol")
    offer = Offer(
        key=KEY,
        cookies=(cookie,) if isinstance(cookie, str) else (),
        protocols=(protocol,) if protocol else (),
    )
    origin = f"{'https' if secure else 'http'}://app.example:{port}"
    browser = BROWSER % (resource.encode(), f"app.example:{port}".encode(), origin.encode(), KEY.encode())
    return Start(
        plan=Plan(target, request(target, offer)),
        origin=origin,
        browsers=(("chromium", browser), ("firefox", browser)),
        backends=(Backend("127.0.0.1", 25200, secure=False),) if direct else (),
        each_address=chain.answer("second") is not None,
        hold=4.0,
    )


def trace(chain, *, direct, choice=None):
    """What a trace of *chain* asks and gets, and what it concludes; *direct*: with --backend."""
    begin = start(chain, direct=direct)
    seen = Trace(begin, {})
    while (step := following(seen, choice or Choice(skip=frozenset({"backend-held"})))) is not None:
        name = VARIANTS.get(step.name, "second" if step.name.startswith("address ") else step.name)
        told = chain.answer(name)
        if told is None:
            raise LookupError(f"{chain.name}: {step.name} was not measured")
        exchange = recorded(step.plan, told, held=step.name == "again-2", addresses=begin.each_address)
        seen = Trace(begin, {**seen.answers, step.name: read_of(exchange)})
    return seen, conclusions(seen)


@cache
def read_of(exchange):
    """The same requests of a chain are made in many traces."""
    return answer_of(report(exchange))


def recorded(plan, told, *, held, addresses):
    """The recording of an answer that was written down in words."""
    events = []
    named = ("127.0.0.1", "::1") if addresses else ("127.0.0.1",)
    events.append(Resolved(10, plan.target.host, named))
    address = plan.route.resolve[0][2][0] if plan.route.resolve else "127.0.0.1"
    events.append(Connecting(20, address, plan.target.port))
    ended = told.get("ended", "")
    if ended.startswith("connect"):
        events += [
            ConnectFailed(30, address, plan.target.port, "ECONNREFUSED", ended),
            Ended(40, "error", ended),
        ]
        return Exchange(plan, tuple(events))
    events.append(Connected(30, address, plan.target.port))
    if ended.startswith("tls"):
        return Exchange(plan, (*events, TlsFailed(40, "not-tls", ended), Ended(50, "error", ended)))
    if plan.target.secure:
        events.append(TlsDone(40, "TLSv1.3", "TLS_AES_128_GCM_SHA256", told.get("alpn"), None, True))
    events.append(Sent(50, plan.request))
    at = 50 + told["ms"] * 1000
    if "status" not in told:
        how = {"closed": "fin", "reset": "reset", "silence": "timeout"}[ended]
        return Exchange(plan, (*events, Ended(at, how)))
    events.append(Received(at, answered(plan, told)))
    idle = re.match(r"closed after ([\d.]+) s", told.get("idle", "")) if held else None
    if idle is not None:
        return Exchange(plan, (*events, Ended(at + round(float(idle[1]) * 1_000_000), "fin")))
    if told["status"] == 101:
        close = bytes.fromhex("888200000000") + b"\x03\xe8"
        events += [Sent(at + 10, close), Received(at + 20, b"\x88\x02\x03\xe8")]
    return Exchange(plan, (*events, Ended(at + 30, "fin" if ended or told["status"] == 101 else "local")))


def answered(plan, told):
    """Head and body, as far as they were written down."""
    lines = [f"HTTP/1.1 {told['status']} {told['reason']}"]
    body = told.get("body_start", "").encode("latin-1", "replace")
    if told["status"] == 101:
        keys = values(plan.request, b"sec-websocket-key")
        right = expected_accept(keys[0] if keys else b"")
        made = {"right": right, "wrong": expected_accept(b"another")}
        accept = made.get(str(told.get("accept")))
        lines += ["Upgrade: websocket", "Connection: Upgrade"]
        if accept is not None:
            lines.append(f"Sec-WebSocket-Accept: {accept.decode()}")
        body = b""
    for name in FIELDS:
        if name in told and not (told["status"] == 101 and name == "upgrade"):
            lines += [f"{name}: {each}" for each in str(told[name]).split(" | ")]
    chunked = "Transfer-Encoding" in told.get("names", "").title() or re.match(rb"[0-9a-fA-F]{1,4}\r\n", body)
    if told["status"] != 101:
        # Of a chunked body that was cut when it was written down the beginning is whole.
        lines.append("Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}")
    head = "\r\n".join(lines) + "\r\n\r\n"
    return head.encode("latin-1") + bytes(body)
