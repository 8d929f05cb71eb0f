"""Cases as data: what came over the wire, and all that is to be said of it.

Of a case in ``cases/*.txt`` the first line has its name, what comes, in the notation of tests/pieces.py, how
the connection ended, and settings (``ask``: a field more in the request; ``request``: one of all its fields).
``{accept}`` and other names stand for what they name. The next line is the outcome, the answer that RFC 6455
allows, and the ids of all findings, in order. More lines say which bytes an id points at (``at``), what its
text ``is`` or some words of what it ``says``, of its ``usual`` cause, and what was ``received``. In
``cases/*.toml`` are cases of which all events are listed, or how TLS fails.
"""

import tomllib
from pathlib import Path

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from tests.pieces import cases as cases_of
from tests.pieces import octets, pieces
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


WORDS = {name.strip("{}"): wire(value) for name, value in NAMES.items()}


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
    for step in pieces(case["reply"], WORDS):
        if isinstance(step, int):
            at += step
        elif isinstance(step, Sent):
            yield Sent(at, step.data)
        else:
            yield Received(at, wire(step.decode("latin-1")))
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


def in_lines(given, means):
    """A case of a text file as a table has it."""
    reply, *settings = given
    case = {"reply": reply, "gives": means[0]}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            case |= {"hop": True} if name == "hop" else {"end": name}
        elif name in ("ask", "request"):
            case.setdefault(name, []).append(value)
        elif name.startswith("max_"):
            case.setdefault("limits", {})[name] = int(value)
        elif name == "logged":
            case[name] = dict(zip(("source", "message"), value.split(" ", 1), strict=True))
        else:
            case[name] = value
    for line in means[1:]:
        id, what, words = line.split(" ", 2)
        case.setdefault(what, {})[id] = octets(words).decode("latin-1") if what == "at" else words
    return case


def cases():
    found = {}
    for path in sorted(CASES.iterdir()):
        table = tomllib.loads(path.read_text("utf-8")) if path.suffix == ".toml" else {}
        text = {name: in_lines(*case) for name, case in cases_of(path).items()} if not table else {}
        assert not found.keys() & (table | text).keys()
        found |= table | text
    return found


@pytest.fixture(scope="session")
def all_readings():
    return {name: read(exchange_of(case)) for name, case in cases().items()}
