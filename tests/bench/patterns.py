"""``python -m tests.bench.patterns [CHARACTERS]``: every pattern of the program on runs of each character that
it takes (and of pairs), 64 KiB long, and the slowest ten with their times."""

import re
import sys
import time
from re import _parser as parser

from tests.patterns import alphabet, every
from tests.test_patterns import THEIR_OWN

SHOWN = 10


def pumps(pattern, length):
    """Runs of one character of each kind, and of two in turn."""
    tree = parser.parse(pattern.text, pattern.flags)
    kinds = {}
    for char in sorted(alphabet(tree, tree.state.flags) | {"x"}):
        kinds.setdefault("a" if char.isascii() and char.isalpha() else "0" if char.isdigit() else char, char)
    some = list(kinds.values())
    pairs = [one + other for one in some[:6] for other in some[:6] if one != other]
    return [char * length for char in some[:40]] + [pair * (length // 2) for pair in pairs]


def slowest(pattern, length):
    """Seconds, and the beginning of the text that takes them."""
    compiled = re.compile(pattern.text, pattern.flags)
    verb = compiled.search if pattern.searches else compiled.fullmatch if pattern.whole else compiled.match
    found = []
    for text in pumps(pattern, length):
        given = f"{text}\x01" if isinstance(pattern.text, str) else f"{text}\x01".encode("latin-1", "replace")
        began = time.perf_counter()
        verb(given)
        found.append((time.perf_counter() - began, text[:2]))
    return max(found)


def main():
    length = int(sys.argv[1]) if len(sys.argv) > 1 else 64 * 1024
    theirs = [pattern for pattern in every() if not pattern.place.startswith(tuple(THEIR_OWN))]
    rows = sorted(((*slowest(pattern, length), pattern.place) for pattern in theirs), reverse=True)
    print(f"{len(rows)} patterns, {length} characters")
    for seconds, text, place in rows[:SHOWN]:
        print(f"{seconds * 1000:8.1f} ms  {text!r:8}  {place}")


if __name__ == "__main__":
    main()
