"""How often a word of a server is read in a sense that it does not have: ``python -m tests.diagnosis.senses``.

senses.txt has texts that lead a reader astray: each word in the sense that a rule knows, and in another. What
a first cause says is ``right`` if its kind is one of the line's; ``false`` if it is another kind, or says what
must not be said; otherwise it is ``open``: only what the server did, with its words."""

import argparse
import re
from collections import Counter
from pathlib import Path
from typing import Literal

import msgspec

from tests.diagnosis.recorded import reading_of, session_of
from tests.diagnosis.rules import ASKED
from tests.exchanges import SAMPLE_OPENED, frame
from wsprobe.diagnosis import causes
from wsprobe.diagnosis.statuses import phrase_of

FILE = Path(__file__).parent / "senses.txt"
LASTED = 2_500_000
"""Microseconds until a Close: no word for a limit of time fits an end that comes at once."""
Verdict = Literal["right", "open", "false"]


class Sense(msgspec.Struct, frozen=True):
    """One text in one sense."""

    word: str
    code: int
    asked: tuple[str, ...]
    right: tuple[str, ...]
    text: str
    never: str = ""

    def __str__(self):
        return f"{self.word}-{self.text or self.code}"

    @property
    def reading(self):
        """The answer with this text, or the session that a Close with it ended."""
        asked = {}
        for word in self.asked:
            asked |= ASKED[word]
        if self.code < 1000:
            head = f"HTTP/1.1 {self.code} {phrase_of(self.code)}\r\nContent-Type: text/plain\r\n\r\n{self.text}"
            return reading_of(head.encode(), "fin", asked)
        close = frame(8, self.code.to_bytes(2, "big") + self.text.encode())
        return session_of(SAMPLE_OPENED, LASTED, close, **asked)

    def verdict(self, found):
        """What the first cause is worth."""
        if not found:
            return "open"
        first = found[0]
        if self.never and re.search(self.never, f"{first.text} {first.fix}"):
            return "false"
        if first.id in self.right:
            return "right"
        act = {400: "bad-request", 404: "not-found", 426: "upgrade-required"}.get(self.code, "refused")
        act = "closed" if self.code >= 3000 else _ACTS.get(self.code, act)
        return "open" if first.id in (act, "closed", "server-says") else "false"


_ACTS = {
    500: "error",
    502: "bad-gateway",
    503: "unavailable",
    504: "gateway-timeout",
    505: "error",
    1000: "closed",
    1001: "closing",
    1002: "protocol-error",
    1003: "closed",
    1007: "closed",
    1009: "closed",
    1010: "protocol-error",
    1011: "error",
    1013: "unavailable",
}


def senses():
    """Those of the file."""
    word = ""
    for line in FILE.read_text("utf-8").split("\n\n", 1)[1].splitlines():
        if line.startswith("# "):
            word = line[2:]
        elif line:
            asked, right, text, *never = (part.strip() for part in line.split("|", 3))
            code, *words = asked.split()
            kinds = () if right == "-" else tuple(right.split(","))
            text = "" if text == "-" else text
            hidden = never[0].removeprefix("never:").strip() if never else ""
            yield Sense(word, int(code), tuple(words), kinds, text, hidden)


def score():
    """How many texts get which verdict."""
    return Counter(each.verdict(causes(each.reading)) for each in senses())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="list all, not only what is read in a false sense")
    options = parser.parse_args()
    for each in senses():
        found = causes(each.reading)
        verdict = each.verdict(found)
        if verdict == "false" or options.all:
            told = f"{found[0].id}: {found[0].text}" if found else "(nothing)"
            print(
                f"{verdict:6} {each.code} {each.text[:50]:50} {'/'.join(each.right) or '-':28} <- {told[:110]}"
            )
    counted = score()
    size = counted.total()
    print(
        f"{size} texts of {len({each.word for each in senses()})} words: "
        + ", ".join(
            f"{each} {counted[each]} ({counted[each] / size:.1%})" for each in ("right", "open", "false")
        )
    )


if __name__ == "__main__":
    main()
