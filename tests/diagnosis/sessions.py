"""``python -m tests.diagnosis.sessions``: writes anew what the sessions of sessions.txt mean.

A section of that file is a session made by hand: a title; behind ``>`` a line for each field of the 101
(``Server: x``), for what was asked otherwise (``asked chat``, a word of ``rules.ASKED``), and for each event:
seconds after the 101, and ``text``, ``binary`` or ``close`` with what the server sent in it, ``http`` with the
first line and fields of what came behind the frames, ``send`` with the number of bytes that wsprobe sent, ``we
close``, or how it ended (``fin``, ``reset``, ``local``). Then who is taken for the author, and each cause with
its certainty, text, what to do, and evidence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.diagnosis.recorded import AT, request_of
from tests.diagnosis.rules import ASKED
from wsprobe import target
from wsprobe.diagnosis import author
from wsprobe.exchange import Connected, Ended, Event, Exchange, Plan, Received, Sent
from wsprobe.read import read
from wsprobe.read.reading import Reading

FILE = Path(__file__).parent / "sessions.txt"
START = 1000
"""Microseconds at which the 101 came."""


class Session(msgspec.Struct, frozen=True):
    """A session, and what it means."""

    title: str
    lines: tuple[str, ...]
    means: str

    def __str__(self) -> str:
        return "\n".join((self.title, *(f"> {line}" for line in self.lines), self.means))

    def reading(self) -> Reading:
        """The recording of it."""
        asked = next((line.split()[1] for line in self.lines if line.startswith("asked ")), "")
        scheme, request = request_of(ASKED[asked] if asked else {})
        fields = [line for line in self.lines if not line[0].isdigit() and not line.startswith("asked ")]
        own = {line.partition(":")[0] for line in fields}
        usual = (
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        )
        head = (line for line in (*usual, *fields) if line in fields or line.partition(":")[0] not in own)
        opened = "\r\n".join(("HTTP/1.1 101 Switching Protocols", *head, "", "")).encode()
        events: list[Event] = [Connected(0, "127.0.0.1", 1), Sent(1, request), Received(START, opened)]
        events += (_event(line) for line in self.lines if line[0].isdigit())
        return read(Exchange(Plan(target.parse(f"{scheme}://{AT}/ws"), request), tuple(events)))

    def anew(self) -> str:
        """What it means now."""
        known = author(self.reading())
        told = (
            f"{each.id} {each.certainty}: {each.text}\n  -> {each.fix}\n  [{each.evidence}]"
            for each in known.causes
        )
        return "\n".join((f"by {known.id or '?'} {known.certainty} {known.mark}".rstrip(), *told))


def _event(line: str) -> Event:
    """One event of a session."""
    after, word, *more = line.split(" ", 2)
    at = START + round(float(after) * 1_000_000)
    data = more[0] if more else ""
    match word:
        case "text" | "binary":
            return Received(at, _frame(1 if word == "text" else 2, data.encode()))
        case "close":
            code, _, reason = data.partition(" ")
            return Received(at, _frame(8, (int(code).to_bytes(2, "big") if code else b"") + reason.encode()))
        case "short-close":
            return Received(at, _frame(8, b"\x03"))
        case "http":
            return Received(at, ("HTTP/1.1 " + data.replace("|", "\r\n") + "\r\n\r\n").encode())
        case "send":
            return Sent(at, _frame(1, b"x" * int(data), masked=True))
        case "we":
            return Sent(at, _frame(8, b"\x03\xe8", masked=True))
        case how:
            return Ended(at, how)  # type: ignore[arg-type]


def _frame(opcode: int, payload: bytes, *, masked: bool = False) -> bytes:
    size = len(payload)
    mask = 0x80 if masked else 0
    length = bytes([mask | size]) if size < 126 else bytes([mask | 126]) + size.to_bytes(2, "big")
    return bytes([0x80 | opcode]) + length + (bytes(4) if masked else b"") + payload


def sessions() -> Iterator[Session]:
    """Those of the file."""
    for part in FILE.read_text("ascii").strip().split("\n\n"):
        title, *lines = part.split("\n")
        given = [line for line in lines if line.startswith("> ")]
        yield Session(title, tuple(line[2:] for line in given), "\n".join(lines[len(given) :]))


if __name__ == "__main__":
    told = [str(msgspec.structs.replace(each, means=each.anew())) for each in sessions()]
    FILE.write_text("\n\n".join(told) + "\n", "ascii")
