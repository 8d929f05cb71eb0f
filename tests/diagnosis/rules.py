"""``python -m tests.diagnosis.rules``: writes the right-hand sides of rules/*.txt anew.

A section of those files is one answer made by hand, as each rule of the diagnosis knows it, or just does not:
a title, the answer behind ``>`` (a status line where its reason phrase is unusual; a field a line; the body
behind an empty ``>``; ``{status}``, ``{phrase}`` and ``{length}`` stand for those of the row), then a row for
each status, or for a range of statuses that mean the same. A row has the status, what was asked otherwise
(``ASKED``), who is taken for the author and how certain that is, and the kinds of cause in order, each with its
certainty where that is another; ``by status``: whatever kinds the status leaves by itself, where the author is
known. ``text`` in a row: the first cause follows in full; ``advice``: what is said to do, below ``proxy`` the
lines of its configuration, behind ``page`` how a page can know, and the command for code.

Of a range both ends are tried, so that no number of a rule can be another one unseen."""

import re
from itertools import groupby
from pathlib import Path

import msgspec

from tests.diagnosis.recorded import AT, reading_of
from wsprobe.diagnosis import author
from wsprobe.diagnosis.advice import advice
from wsprobe.diagnosis.statuses import phrase_of

FILES = sorted((Path(__file__).parent / "rules").glob("*.txt"))
ASKED = {
    "foreign": {"origin": "https://evil.example"},
    "own": {"origin": f"http://{AT}"},
    "auth": {"headers": ["Authorization: Basic dTpw"]},
    "cookie": {"headers": ["Authorization: Basic dTpw", "Cookie: a=1"]},
    "many": {"headers": ["A: 1", "B: 2", "C: 3", "a: 4", "D: 5"]},
    "get": {"note": "plain GET"},
    "post": {"method": "POST"},
    "old": {"headers": ["Sec-WebSocket-Version: 12"]},
    "key": {"note": "short key"},
    "list": {"protocols": ["a", "", "b"]},
    "host": {"headers": ["Host: other.example"]},
    "six": {"headers": ["Host: [::1]:8080"]},
    "large": {"headers": [f"Cookie: {'x' * 8000}"]},
    "under": {"headers": [f"Cookie: {'x' * 7999}"]},
    "tls": {"scheme": "wss"},
    "chat": {"protocols": ["chat", "v1"]},
    "hmr": {"protocols": ["vite-hmr"]},
    "mqtt": {"protocols": ["mqtt", "MQTT", "mqttv3.1"]},
    "mqtt-path": {"path": "/mqtt"},
    "io": {"path": "/socket.io/?EIO=4&transport=websocket"},
    "polling": {"path": "/socket.io/?EIO=4&transport=polling"},
    "eio3": {"path": "/socket.io/?EIO=3&transport=websocket"},
    "sid": {"path": "/socket.io/?EIO=4&transport=websocket&sid=x"},
    "bare-io": {"path": "/socket.io/"},
    "engine": {"path": "/engine.io/?transport=websocket"},
    "eio": {"path": "/other?EIO=4"},
    "like-eio": {"path": "/other?xEIO=4"},
    "carrier": {"path": "/socket.io/?EIO=4&transport=pigeon"},
    "connect": {"connect_proxy": True},
}
"""A word of a row -> what was asked otherwise."""


BY_STATUS = "by status"
IN_FULL = ("text", "advice")
"""Words of a row that ask for nothing, but show more."""


class Row(msgspec.Struct, frozen=True):
    """What one answer to one request means, with the statuses for which it does."""

    first: int
    last: int
    asked: tuple[str, ...]
    means: str

    def __str__(self):
        of = str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
        return f"{' '.join((of, *self.asked))}: {self.means}"


class Section(msgspec.Struct, frozen=True):
    """One answer, and what it means."""

    title: str
    answer: tuple[str, ...]
    rows: tuple[Row, ...]

    def __str__(self):
        answer = (f"> {line}".rstrip() for line in self.answer)
        return "\n".join((self.title, *answer, *map(str, self.rows)))

    def wire(self, status):
        """The answer with this status."""
        phrase = phrase_of(status)
        lines = [line.replace("{status}", str(status)).replace("{phrase}", phrase) for line in self.answer]
        line = f"HTTP/1.1 {status:03} {phrase}"
        if lines[0].startswith("HTTP/1.1 "):
            line = f"HTTP/1.1 {status} {lines.pop(0).removeprefix('HTTP/1.1 ').lstrip('*').lstrip()}"
        at = lines.index("") if "" in lines else len(lines)
        body = "\n".join(lines[at + 1 :]).encode().decode("unicode_escape").encode("latin-1")
        fields = (each.replace("{length}", str(len(body))) for each in lines[:at])
        return "\r\n".join((line, *fields, "", "")).encode("latin-1") + body

    def means(self, status, asked):
        """What a row says of this status."""
        request = together(ASKED[word] for word in asked if word not in IN_FULL)
        reading = reading_of(self.wire(status), "fin", request)
        known = author(reading)
        kinds = dict.fromkeys(_kind(each, known.certainty) for each in known.causes)
        hop = f" by {known.hop}" if known.hop else ""
        means = f"{known.id or '?'}{hop} {known.certainty}: {', '.join(kinds) or '-'}"
        if "advice" in asked:
            return "\n  ".join((means, *advised(reading)))
        if "text" not in asked:
            return means
        (first, *_) = known.causes
        return f"{means}\n  {first.text}\n  -> {first.fix}\n  [{first.evidence}]"

    def anew(self):
        """The same with what its rows mean now."""
        rows = []
        for asked, alike in groupby(self.rows, lambda row: row.asked):
            statuses = [status for row in alike for status in range(row.first, row.last + 1)]
            for status in statuses:
                row = Row(status, status, asked, self.means(status, asked))
                before = rows[-1] if rows else row
                if (before.asked, before.means, before.last + 1) == (asked, row.means, status):
                    rows[-1] = msgspec.structs.replace(before, last=status)
                else:
                    rows.append(row)
        return Section(self.title, self.answer, tuple(rows))


def advised(reading):
    """What is said to do about it."""
    given = advice(reading)
    yield given.causes[0].text
    yield f"-> {given.causes[0].fix}"
    if given.lines:
        yield from (f"proxy: {given.heading}", *(f"  {line}" for line in given.lines))
    yield from (f"page: {each}" for each in given.remedies)
    yield from ([f"code: {given.code}"] if given.code else [])


def together(given):
    """All that was asked otherwise."""
    asked = {}
    for each in given:
        for name, value in each.items():
            asked[name] = [*asked.get(name, ()), *value] if name == "headers" else value
    return asked


def _kind(cause, certainty):
    if cause.certainty == certainty:
        return cause.id
    return BY_STATUS if cause.certainty == "status" else f"{cause.id} {cause.certainty}"


def sections(text):
    """Those of a file."""
    for part in text.strip().split("\n\n"):
        title, *lines = re.sub(r"\n(?=  )", "\0", part).split("\n")
        answer = tuple(line[2:] for line in lines if line.startswith(">"))
        rows = (line.replace("\0", "\n") for line in lines if not line.startswith(">"))
        yield Section(title, answer or ("",), tuple(map(_row, rows)))


def _row(line):
    of, _, means = line.partition(":")
    statuses, *asked = of.split()
    first, _, last = statuses.partition("-")
    return Row(int(first), int(last or first), tuple(asked), means.strip())


if __name__ == "__main__":
    for file in FILES:
        told = (str(each.anew()) for each in sections(file.read_text("utf-8")))
        file.write_text("\n\n".join(told) + "\n", "utf-8")
