"""Which known names a person may have meant by one that is not known. Imports nothing of ours.

A suggestion that has nothing to do with what was asked is worse than none: names are near if they are spelt
nearly the same, or have the same words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

ALIKE = 0.75
"""Of the letters of both, so many stand in the same order: ``difflib.SequenceMatcher.ratio``."""
COVERED = 0.5
"""Of the words asked for, so many are in the name."""
LONGEST = 200
"""Characters of a name that are compared: all that is known is shorter."""
SHORTEST = 3
"""A shorter word is like too much."""
MOST = 3

_WORD = re.compile(r"[a-z0-9]+")
_PLACE = re.compile(r"[a-z]+:")


def nearest(asked: str, known: Iterable[str], *, words: bool = True) -> tuple[str, ...]:
    """The names of *known* that are nearest to *asked*, best first, at most three; often none.

    What stands before a colon (``lab:``) says what kind of name it is, and is no part of it: of two that differ
    in no more than that, the first is taken. Without *words*, only what is spelt nearly the same is near.
    """
    from difflib import SequenceMatcher

    whole = " ".join(_WORD.findall(_PLACE.sub("", asked[:LONGEST].lower(), count=1)))
    if len(whole) < SHORTEST:
        return ()
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(whole)
    found: dict[str, tuple[float, str]] = {}
    for name in known:
        own = " ".join(_WORD.findall(_PLACE.sub("", name, count=1)))
        matcher.set_seq1(own)
        near = (
            matcher.ratio() if matcher.real_quick_ratio() >= ALIKE and matcher.quick_ratio() >= ALIKE else 0.0
        )
        score = max(near if near >= ALIKE else 0.0, _words(whole.split(), own.split()) if words else 0.0)
        if score and (own not in found or score > found[own][0]):
            found[own] = score, name
    ordered = sorted(found.values(), key=lambda each: -each[0])
    return tuple(name for _, name in ordered[:MOST])


def _words(asked: list[str], own: list[str]) -> float:
    """How well the words of a name cover those asked for; 0 if too few are the same, or none that is long and
    no number."""
    hits = [word for word in asked if any(_same(word, other) for other in own)]
    if not any(len(word) > SHORTEST and not word.isdigit() for word in hits):
        return 0.0
    covered, filled = len(hits) / len(asked), min(1.0, len(hits) / len(own))
    if covered < COVERED or (covered == COVERED and filled < COVERED):
        return 0.0
    return covered * (0.7 + 0.2 * filled)


def _same(word: str, other: str) -> bool:
    """The same word, or another form of it: ``masking`` and ``masked``."""
    if word == other or not word.isalpha():
        return word == other
    stem = max(4, len(word) - 3)
    return len(word) >= stem and word[:stem] == other[:stem] and abs(len(word) - len(other)) <= 4
