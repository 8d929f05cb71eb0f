"""Answers as data: each case names what differs from a faultless answer of the wire version that it is read as.

A case has a ``request`` (what differs in what was asked), a ``reply`` (what differs in the answer), and
``answers``: revisions, named as ``--spec`` names them -> answer. Characters U+0000 to U+00FF are one byte each.
"""

import tomllib
from pathlib import Path

import pytest

from tests.cases import named
from wsprobe.exchange import Ended, Exchange, Plan, Received, Sent, Target
from wsprobe.history.data import select
from wsprobe.read import read
from wsprobe.read.tokens import expected_accept
from wsprobe.wire.hixie import answer_to

CASES = Path(__file__).parent / "cases"
KEY = "x3JJHMbDL1EzLkh9GBhXDw=="
KEY1, KEY2, KEY3 = "4 @1  46546xW%0l 1 5", "12998 5 Y3 1  .P00", b"^n:ds[4U"
ACCEPT = expected_accept(KEY.encode()).decode()
MD5 = (answer_to(KEY1.encode(), KEY2.encode(), KEY3) or b"").decode("latin-1")
NAMES = {"{accept}": ACCEPT, "{md5}": MD5, "{key}": KEY}

GOOD = {
    "75": {
        "line": "HTTP/1.1 101 Web Socket Protocol Handshake",
        "upgrade": "Upgrade: WebSocket",
        "connection": "Connection: Upgrade",
        "origin": "WebSocket-Origin: http://page.example",
        "location": "WebSocket-Location: ws://ws.example/chat",
    },
    "76": {
        "line": "HTTP/1.1 101 WebSocket Protocol Handshake",
        "upgrade": "Upgrade: WebSocket",
        "connection": "Connection: Upgrade",
        "origin": "Sec-WebSocket-Origin: http://page.example",
        "location": "Sec-WebSocket-Location: ws://ws.example/chat",
        "after": "{md5}",
    },
    "13": {
        "line": "HTTP/1.1 101 Switching Protocols",
        "upgrade": "Upgrade: websocket",
        "connection": "Connection: Upgrade",
        "accept": "Sec-WebSocket-Accept: {accept}",
    },
}
GOOD["04"] = GOOD["13"] | {"nonce": "Sec-WebSocket-Nonce: AQIDBAUGBwgJCgsMDQ4PEC=="}


def wire_of(revision):
    """Which of the four kinds of handshake *revision* has."""
    spoken = revision.protocol or revision.name
    if spoken == "hixie-75" or spoken.startswith("whatwg-2009"):
        return "75"
    if spoken in ("hixie-76", "hybi-00", "hybi-01", "hybi-02", "hybi-03"):
        return "76"
    return "04" if spoken == "hybi-04" else "13"


def request_of(wire, ask="", offer="", origin="http://page.example"):
    field = "WebSocket-Protocol" if wire == "75" else "Sec-WebSocket-Protocol"
    lines = ["GET /chat HTTP/1.1", "Upgrade: WebSocket", "Connection: Upgrade", "Host: ws.example"]
    lines += [f"Origin: {origin}"] if origin else []
    lines += [f"{field}: {ask}"] if ask else []
    lines += [f"Sec-WebSocket-Extensions: {offer}"] if offer else []
    if wire == "76":
        lines += [f"Sec-WebSocket-Key1: {KEY1}", f"Sec-WebSocket-Key2: {KEY2}"]
    if wire in ("04", "13"):
        lines += [f"Sec-WebSocket-Key: {KEY}", f"Sec-WebSocket-Version: {int(wire)}"]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (KEY3 if wire == "76" else b"")


def reply_of(wire, changes):
    """A faultless answer of *wire* with *changes*: ``raw`` is all of it, ``bare`` begins with nothing."""
    if "raw" in changes:
        return _filled(changes["raw"])
    parts = (GOOD[wire] if not changes.get("bare") else {}) | {k: v for k, v in changes.items() if k != "bare"}
    lines = [
        parts[name]
        for name in ("line", "upgrade", "connection", "origin", "location", "accept", "nonce", "extra")
        if parts.get(name)
    ]
    return _filled(parts.get("before", "") + "\r\n".join(lines) + "\r\n\r\n" + parts.get("after", ""))


def _filled(text):
    for name, value in NAMES.items():
        text = text.replace(name, value)
    return text.encode("latin-1")


V13 = request_of("13")


def reading_of(reply, request=V13, *, how="local", secure=False, userinfo=None, events=()):
    target = Target("ws://ws.example/chat", secure, "ws.example", 443 if secure else 80, "/chat", userinfo)
    received = (Received(20, reply),) if reply else ()
    all_events = (*events, Sent(10, request), *received, Ended(30, how))
    return read(Exchange(Plan(target, request), all_events))


def reading_for(row, revision):
    """What *row* sends in answer to a handshake of *revision*."""
    wire = row.get("wire") or wire_of(revision)
    asked = dict(row.get("request", {}))
    userinfo, secure = asked.pop("userinfo", None), asked.pop("secure", False)
    return reading_of(
        reply_of(wire, row.get("reply", {})),
        request_of(wire, **asked),
        how=row.get("how", "local"),
        secure=secure,
        userinfo=userinfo,
    )


def rows():
    files = (tomllib.loads(path.read_text("utf-8")) for path in sorted(CASES.glob("*.toml")))
    return [{"name": name, **case} for cases in files for name, case in cases.items()]


def answers():
    """(what is sent, revision, answer) for every revision of every case."""
    found = [
        (row, revision, answer)
        for row in rows()
        for names, answer in row["answers"].items()
        for revision in select(names)
    ]
    return named(found, lambda case: f"{case[0]['name']}, {case[1].name}")


@pytest.fixture(scope="session")
def all_rows():
    return rows()


@pytest.fixture(scope="session")
def answered():
    return reading_for


@pytest.fixture(scope="session")
def heard():
    """(reply, request, ...) -> Reading."""
    return reading_of
