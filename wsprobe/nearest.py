"""The known names that a person may have meant by an unknown one. Imports nothing of ours.

An unrelated suggestion is worse than none: names are near if their spelling is nearly the same, or if they
share words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

ALIKE = 0.75
"""The least share of letters in the same order: ``difflib.SequenceMatcher.ratio``."""
COVERED = 0.5
"""The least share of the given words in a name."""
LONGEST = 200
"""Characters of a name to compare: all known names are shorter."""
SHORTEST = 3
"""A shorter word is similar to too many."""
MOST = 3

_WORD = r"[a-z0-9]+"
_PLACE = r"[a-z]+:"


def nearest(asked: str, known: Iterable[str], *, words: bool = True) -> tuple[str, ...]:
    """The names of *known* that are nearest to *asked*, best first, at most three; often none.

    The part before a colon (``lab:``) is the kind of a name, and is not compared: of two names that differ only
    in their kind, the first counts. Without *words*, only a similar spelling is near.
    """
    from difflib import SequenceMatcher

    whole = " ".join(re.findall(_WORD, re.sub(_PLACE, "", asked[:LONGEST].lower(), count=1)))
    if len(whole) < SHORTEST:
        return ()
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(whole)
    found: dict[str, tuple[float, str]] = {}
    for name in known:
        own = " ".join(re.findall(_WORD, re.sub(_PLACE, "", name, count=1)))
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
    """How well the words of a name cover the given ones; 0 if too few are the same, or if none of those is long
    and not a number."""
    hits = [word for word in asked if word in own or _another_form(word, own)]
    if not any(len(word) > SHORTEST and not word.isdigit() for word in hits):
        return 0.0
    covered, filled = len(hits) / len(asked), min(1.0, len(hits) / len(own))
    if covered < COVERED or (covered == COVERED and filled < COVERED):
        return 0.0
    return covered * (0.7 + 0.2 * filled)


def _another_form(word: str, own: list[str]) -> bool:
    """Whether a word of *own* is another form of *word*: ``masking`` and ``masked``."""
    stem = max(4, len(word) - 3)
    if len(word) < stem or not word.isalpha():
        return False
    start = word[:stem]
    return any(other.startswith(start) and abs(len(word) - len(other)) <= 4 for other in own)
