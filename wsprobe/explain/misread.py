"""Words with a misread or mistyped letter, in a text that somebody copied by eye from a picture."""

from __future__ import annotations

import re
from functools import cache

from wsprobe.diagnosis.statuses import STATUSES
from wsprobe.explain import console
from wsprobe.explain.entry import load

LONG = 5
"""Letters of a word that is corrected: a shorter one is like too many."""
_KNOWN = r"(?<![\\\w(|])[A-Za-z]{4,}(?![\w{(|)?*+\[]|\\w)"
"""Not a part of a word in a regular expression."""
_NUMBER = r"(?<![\w.:/-])(?=[0-9OoIlSB]*\d)[0-9OoIlSB]{3,4}(?![\w.:/-])"
_TOKEN = r"[^\s'\"()]+"
_DIGITS = str.maketrans("OoIlSB", "001158")
_SHAPES = str.maketrans("l1|!0", "iiiio")


def corrected(asked: str) -> str:
    """*asked* with each misread word replaced by the known word nearest to it; *asked* itself if there is
    none."""
    return re.sub(_TOKEN, lambda token: _token(token[0]), asked)


def _token(token: str) -> str:
    if "://" in token:
        return token
    as_number = re.sub(_NUMBER, lambda number: number[0].translate(_DIGITS), token)
    if as_number != token:
        return as_number
    ending = len(token.rstrip(".,:;!"))
    word = token[:ending]
    if not LONG <= len(word) <= 20 or not re.fullmatch(r"[A-Za-z01|!]+", word):
        return token
    known = _words()
    if word.lower() in known:
        return token
    shape = _shape(word)
    near = [each for each in known if abs(len(each) - len(word)) <= 1 and _one_letter(shape, _shape(each))]
    return near[0] + token[ending:] if len(near) == 1 else token


def _shape(word: str) -> str:
    """*word* with one letter for those that look alike."""
    return word.lower().translate(_SHAPES)


def _one_letter(one: str, other: str) -> bool:
    """True if *one* differs from *other* in one letter inside of it, or in two that changed places: an ending
    is grammar."""
    if one == other:
        return True
    at = next((n for n, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), -1)
    if at < 1:
        return False
    rest, others = one[at:], other[at:]
    if len(one) == len(other):
        swapped = len(rest) > 1 and rest[1] + rest[0] + rest[2:] == others
        return len(rest) > 1 and (rest[1:] == others[1:] or swapped)
    longer, shorter = (rest, others) if len(rest) > len(others) else (others, rest)
    return len(shorter) > 1 and longer[1:] == shorter


@cache
def _words() -> frozenset[str]:
    """Every longer word of a known text."""
    texts = [re.sub(r"\{\w+\}", " ", text) for text in console.texts() if text.isascii()]
    texts += [row.name for row in STATUSES.values()]
    texts += [row["name"] for row in load("close_codes")["code"]]
    texts += [form for row in load("failures")["failure"] for form in row["forms"]]
    return frozenset(word.lower() for text in texts for word in re.findall(_KNOWN, text))
