"""Cases as data: what came over the wire, and all that is to be said of it.

Every file of ``cases/`` holds tables. ``reply`` is a list of reads; a table in it is something else that
happens (``{sent = ...}``, ``{wait = microseconds}``). In its place ``tls`` is how TLS fails, and ``events`` is
all that happens. Characters U+0000 to U+00FF are one byte each. ``gives`` is the outcome, the answer that RFC
6455 allows, and the ids of all findings, in order; ``at`` says which bytes an id points at, ``says`` and
``usual`` some words of what it says and of the cause that it names.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from wsprobe import exchange as values
from wsprobe.exchange import (
    Certificate,
    Connected,
    Ended,
    Exchange,
    Limits,
    Logged,
    Plan,
    Received,
    Sent,
    Target,
    TlsDone,
    TlsOptions,
)
from wsprobe.read import read
from wsprobe.read.tokens import expected_accept

CASES = Path(__file__).parent / "cases"
KEY = "x3JJHMbDL1EzLkh9GBhXDw=="
EARLIER_KEY = "AQIDBAUGBwgJCgsMDQ4PEA=="
ACCEPT = expected_accept(KEY.encode()).decode()
GOOD = (
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    f"Sec-WebSocket-Accept: {ACCEPT}\r\n"
)
NAMES = {
    "{key}": KEY,
    "{accept}": ACCEPT,
    "{good}": GOOD,
    "{open}": GOOD + "\r\n",
    "{switching}": "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
}
HEADERS = (
    "Host: ws.example",
    "Upgrade: websocket",
    "Connection: Upgrade",
    f"Sec-WebSocket-Key: {KEY}",
    "Sec-WebSocket-Version: 13",
)


def wire(text):
    for name, value in NAMES.items():
        text = text.replace(name, value)
    return text.encode("latin-1")


def request(lines, key=KEY, line="GET /chat HTTP/1.1"):
    text = "\r\n".join([line, *lines, "", ""])
    return wire(text).replace(KEY.encode(), key.encode())


def target(url):
    secure = url.startswith("wss:")
    return Target(url, secure, "ws.example", 443 if secure else 80, "/chat")


def event_of(row, at):
    row = dict(row)
    kind = getattr(values, row.pop("kind"))
    if "fault" in row:
        row["kind"] = row.pop("fault")
    if kind is TlsDone:
        row = {"alpn": None, "certificate": None} | row
    if row.get("certificate"):
        fields = {k: tuple(v) if isinstance(v, list) else v for k, v in row["certificate"].items()}
        row["certificate"] = Certificate(b"", **fields)
    for name in ("data", "received"):
        if name in row:
            row[name] = wire(row[name])
    if "addresses" in row:
        row["addresses"] = tuple(row["addresses"])
    made = kind(at=row.pop("at", at), **row)
    return made


def exchange_of(case):
    asked = case.get("request", [*HEADERS, *case.get("ask", ())])
    plan = Plan(
        target(case.get("url", "wss://ws.example/chat" if "tls" in case else "ws://ws.example/chat")),
        request(asked, line=case.get("line", "GET /chat HTTP/1.1")),
        limits=Limits(**case.get("limits", {})),
        tls=TlsOptions(verify=case.get("verify", True)),
        wire=case.get("wire", "hybi-13"),
    )
    earlier = Exchange(Plan(plan.target, request(list(HEADERS), EARLIER_KEY)), ())
    hops = (earlier,) if case.get("hop") else ()
    logged = Logged(**case["logged"]) if "logged" in case else UNSET
    return Exchange(plan, tuple(_events(case, plan)), case.get("started", ""), hops, logged=logged)


def _events(case, plan):
    at = 0
    for row in case.get("events", ()):
        at += 1000
        yield event_of(row, at)
    if "events" in case:
        return
    if "tls" in case:
        yield Connected(1000, "192.0.2.7", 443)
        yield event_of({"kind": "TlsFailed", **case["tls"]}, 2000)
        yield Ended(3000, case.get("end", "error"), case.get("error", ""))
        return
    yield Connected(100, "192.0.2.7", 80)
    yield Sent(200, plan.request)
    at = 1000
    for step in case["reply"]:
        match step:
            case str():
                yield Received(at, wire(step))
            case {"sent": data}:
                yield Sent(at, wire(data))
            case {"wait": more}:
                at += more
            case {"repeat": data, "times": times}:
                yield Received(at, wire(data) * times)
        at += 1000
    yield Ended(at, case.get("end", "local"), case.get("error", ""))


def split(exchange, size):
    """The same bytes at the same times, in reads of at most *size* bytes; 0: as few reads as times allow."""
    events = []
    for event in exchange.events:
        if not isinstance(event, Received):
            events.append(event)
        elif size:
            events += [Received(event.at, event.data[i : i + size]) for i in range(0, len(event.data), size)]
        elif events and isinstance(last := events[-1], Received):
            events[-1] = Received(event.at, last.data + event.data)
        else:
            events.append(event)
    return replace(exchange, events=tuple(events))


def cases():
    found = {}
    for path in sorted(CASES.glob("*.toml")):
        for name, case in tomllib.loads(path.read_text("utf-8")).items():
            assert name not in found, name
            found[name] = case
    return found


@pytest.fixture(scope="session")
def all_readings():
    return {name: read(exchange_of(case)) for name, case in cases().items()}
