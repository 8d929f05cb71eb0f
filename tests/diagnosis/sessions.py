"""``python -m tests.diagnosis.sessions``: writes anew what the sessions of sessions.txt mean.

A section of that file is a session made by hand: a title; behind ``>`` a line for each field of the 101
(``Server: x``), for what was asked otherwise (``asked chat``, a word of ``rules.ASKED``), and for each event:
seconds after the 101, and ``text``, ``escaped`` (a text with Python's escapes), ``binary`` or ``close`` with
what the server sent in it, ``http`` with the first line and fields of what came behind the frames, ``raw`` with
what came without a frame (``sent``: as wsprobe sent it), ``send`` with the number of bytes that wsprobe sent
(``deflated``: compressed), ``we close`` (with a code, or 1000), or how it ended (``fin``, ``reset``,
``local``). ``nothing`` in place of a field: no 101 came, and times are from the request on; ``unsent``: nor was
a request sent, as with ``unresolved``, ``unreachable ERRNO``, and ``tls KIND ALERT``. Then who is taken for the
author, the first cause with its certainty, text, what to do, and evidence, and the others by their ids."""

import re
from pathlib import Path

import msgspec

from tests.calls import parted
from tests.diagnosis.recorded import AT, request_of
from tests.diagnosis.rules import ASKED
from tests.exchanges import deflated, frame
from wsprobe.diagnosis import author
from wsprobe.exchange import (
    Connected,
    ConnectFailed,
    Ended,
    Exchange,
    Plan,
    Received,
    ResolveFailed,
    Sent,
    TlsFailed,
)
from wsprobe.read import read
from wsprobe.request import target

FILE = Path(__file__).parent / "sessions.txt"
START = 1000
"""Microseconds at which the 101 came."""


class Session(msgspec.Struct, frozen=True):
    """A session, and what it means."""

    title: str
    lines: tuple[str, ...]
    means: str

    def __str__(self):
        return "\n".join((self.title, *(f"> {line}" for line in self.lines), self.means))

    def reading(self):
        """The recording of it."""
        asked = next((line.split()[1] for line in self.lines if line.startswith("asked ")), "")
        return reading_of(self.lines, ASKED[asked] if asked else {})

    def anew(self):
        """What it means now."""
        known = author(self.reading())
        writer = f"by {known.id or '?'} {known.certainty} {known.mark}".rstrip()
        if not known.causes:
            return writer
        first, *others = known.causes
        means = f"{first.id} {first.certainty}: {first.text}\n  -> {first.fix}\n  [{first.evidence}]"
        more = ", ".join(f"{each.id} {each.certainty}" for each in others)
        return "\n".join((writer, means, *([f"or {more}"] if more else [])))


def reading_of(lines, asked):
    """The reading of a session of these lines, whose handshake differed by *asked*."""
    scheme, request = request_of(asked)
    fields = [line for line in lines if re.match(r"[\w-]+: ", line)]
    own = {line.partition(":")[0] for line in fields}
    usual = (
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
    )
    head = (line for line in (*usual, *fields) if line in fields or line.partition(":")[0] not in own)
    opened = "\r\n".join(("HTTP/1.1 101 Switching Protocols", *head, "", "")).encode()
    begin = [Connected(0, "127.0.0.1", 1), Sent(1, request), Received(START, opened)]
    if "nothing" in lines:
        begin = [Connected(0, "127.0.0.1", 1), Sent(START, request)]
    elif "unsent" in lines:
        begin = [each for each in begin[:1] if any(" tls " in line for line in lines)]
    events = [*begin, *(_event(line) for line in lines if line[0].isdigit())]
    to = target.parse(f"{scheme}://{AT}{asked.get('path', '/ws')}")
    return read(Exchange(Plan(to, request), tuple(events)))


def _event(line):
    """One event of a session."""
    after, word, *more = line.split(" ", 2)
    at = START + round(float(after) * 1_000_000)
    data = more[0] if more else ""
    match word:
        case "text" | "binary":
            return Received(at, frame(1 if word == "text" else 2, data.encode()))
        case "escaped":
            return Received(at, frame(1, data.encode().decode("unicode_escape").encode("latin-1")))
        case "close":
            code, _, reason = data.partition(" ")
            return Received(at, frame(8, (int(code).to_bytes(2, "big") if code else b"") + reason.encode()))
        case "short-close":
            return Received(at, frame(8, b"\x03"))
        case "http":
            return Received(at, ("HTTP/1.1 " + data.replace("|", "\r\n") + "\r\n\r\n").encode())
        case "send":
            return Sent(at, frame(1, b"x" * int(data), bytes(4)))
        case "deflated":
            return Sent(at, frame(1, deflated(b"x" * int(data)), bytes(4), rsv=4))
        case "we":
            code = int(data.removeprefix("close").strip() or 1000)
            return Sent(at, frame(8, code.to_bytes(2, "big"), bytes(4)))
        case "part":
            return Sent(at, b"")
        case "raw" | "sent":
            kind = Received if word == "raw" else Sent
            return kind(at, data.encode().decode("unicode_escape").encode("latin-1"))
        case "unresolved":
            return ResolveFailed(at, "no-such-name", data)
        case "unreachable":
            return ConnectFailed(at, "127.0.0.1", 1, data, data.lower())
        case "tls":
            kind, _, alert = data.partition(" ")
            number = int(alert) if alert else None
            return TlsFailed(at, kind, kind, alert=number)
        case how:
            return Ended(at, how)


def sessions():
    """Those of the file."""
    for title, given, rows in parted(FILE.read_text("utf-8")):
        yield Session(title, given, "\n".join(rows))


if __name__ == "__main__":
    told = [str(msgspec.structs.replace(each, means=each.anew())) for each in sessions()]
    FILE.write_text("\n\n".join(told) + "\n", "utf-8")
