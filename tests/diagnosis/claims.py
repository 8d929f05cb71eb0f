"""Answers and sessions with what must be said of them, and what must not: claims.txt.

A line has an answer, ``->``, and the first cause. An answer is a status (its reason phrase where that is not
the usual one, ``-`` for none; ``1.0`` before it for HTTP/1.0), ``;`` before each field and ``|`` before the
body; ``raw`` and all bytes; ``nothing``; or it is ``101`` with the steps behind it as in sessions.txt, each
behind ``/``, with its seconds where these count. The last may be how it ended (else ``fin``). In brackets
before an answer is what was asked otherwise: words of ``rules.ASKED``, ``path=``, ``origin=``, ``offer=``
subprotocols, or fields. ``{x*9000}`` stands for so many x; otherwise texts have Python's escapes.

Of the first cause a line has the kind (``none``: there is no cause), how certain it is where that counts, and
behind each ``&`` a word of CLAIMS with its text."""

import re
from functools import cached_property
from pathlib import Path

from tests.diagnosis.recorded import reading_of
from tests.diagnosis.rules import ASKED, together
from tests.diagnosis.sessions import reading_of as session_of
from wsprobe.diagnosis import causes
from wsprobe.diagnosis.statuses import phrase_of

FILE = Path(__file__).parent / "claims.txt"
ENDS = ("fin", "reset", "open", "local", "timeout")
CLAIMS = {
    "says": lambda text, first, found: text in first.text,
    "denies": lambda text, first, found: text not in first.text,
    "means": lambda text, first, found: first.text == text,
    "usual": lambda text, first, found: text in first.usual,
    "unusual": lambda text, first, found: text not in first.usual,
    "usually": lambda text, first, found: "".join(first.usual[:1]).startswith(text),
    "quotes": lambda text, first, found: first.quote == text,
    "fix": lambda text, first, found: text in first.fix,
    "no fix": lambda text, first, found: text not in first.fix,
    "advises": lambda text, first, found: first.fix.startswith(text),
    "shows": lambda text, first, found: text in first.evidence,
    "hides": lambda text, first, found: text not in first.evidence,
    "by": lambda text, first, found: (first.program or "nobody") == text,
    "shown": lambda text, first, found: bool(first.evidence),
    "unlisted": lambda text, first, found: not first.usual,
    "all": lambda text, first, found: ", ".join(each.id for each in found) == text,
}
"""A word -> whether it holds of its text, of the first cause, and of all."""


class Claim:
    """One line."""

    def __init__(self, group, line):
        self.given, self.claims = line.split(" -> ")
        self.name = f"{group}: {self.given}"

    @cached_property
    def reading(self):
        asked, came = re.fullmatch(r"(?:\[(.*?)\] )?(.*)", self.given).groups()
        request = asked_of(asked)
        if came.startswith("101"):
            return session(came, request)
        came, *ends = came.split(" / ")
        late = ends[:1] == ["late"]
        return reading_of(wire(came), "fin" if late else "".join(ends) or "fin", request, late)

    def fails(self):
        """What is claimed and not so."""
        found = causes(self.reading)
        kind, *claims = self.claims.split(" & ")
        if kind == "none" or not found:
            return [] if kind == "none" and not found else [kind, *map(str, found)]
        first, (id, _, certainty) = found[0], kind.partition(" ")
        wrong = [] if first.id == id and certainty in ("", first.certainty) else [kind]
        for each in claims:
            word = next(word for word in CLAIMS if f"{each} ".startswith(f"{word} "))
            if not CLAIMS[word](unescaped(each.removeprefix(word).lstrip()), first, found):
                wrong.append(each)
        return wrong and [*wrong, *map(str, found)]


def asked_of(text):
    """What was asked otherwise."""
    given = []
    for word in filter(None, (text or "").split(", ")):
        if word in ASKED:
            given.append(ASKED[word])
        elif re.match(r"[\w-]+: ", word):
            given.append({"headers": [long(word)]})
        else:
            name, _, value = word.partition("=")
            given.append({"protocols": value.split("+")} if name == "offer" else {name: value})
    return together(given)


def wire(came):
    """The bytes of an answer."""
    if came == "nothing":
        return b""
    if came.startswith("raw "):
        return octets(came[4:])
    head, _, body = came.partition(" |")
    line, *fields = head.split("; ")
    version = "1.0" if line.startswith("1.0 ") else "1.1"
    status, _, phrase = line.removeprefix("1.0 ").partition(" ")
    phrase = "" if phrase == "-" else phrase or phrase_of(int(status))
    lines = (f"HTTP/{version} {status} {phrase}", *fields, "", "")
    return "\r\n".join(map(unescaped, lines)).encode() + octets(body.removeprefix(" "))


def session(came, asked):
    """What followed the 101 of a handshake."""
    opened, *steps = came.split(" / ")
    if not steps or steps[-1].split()[-1] not in ENDS:
        steps.append("fin")
    return session_of((*opened.split("; ")[1:], *timed(steps)), asked)


def timed(steps):
    """Each step with its time: where it has none, a microsecond after the one before."""
    at = 0.0
    for step in steps:
        own = re.match(r"[\d.]+ ", step)
        at = float(own[0]) if own else at + 1e-6
        yield f"{at:.6f} {step.removeprefix(own[0]) if own else step}"


def long(text):
    return re.sub(r"\{(.)\*(\d+)\}", lambda run: run[1] * int(run[2]), text)


def unescaped(text):
    return octets(text).decode()


def octets(text):
    return long(text).encode().decode("unicode_escape").encode("latin-1")


def claims():
    """Those of the file."""
    group = ""
    for line in FILE.read_text("utf-8").splitlines():
        if line.startswith("# "):
            group = line[2:]
        elif line:
            yield Claim(group, line)
