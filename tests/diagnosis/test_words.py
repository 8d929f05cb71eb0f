"""What servers say in words: where the words are, what is no word of their own, and what is known of them."""

import re
from re import _parser as parser

import pytest

from tests.diagnosis.senses import senses
from wsprobe.diagnosis.kinds import kinds
from wsprobe.diagnosis.senses import _MEANS, answers, ends, filled


@pytest.mark.parametrize(("pieces", "pattern"), [(row.pieces, filled(row.pattern)) for row in answers()])
def test_what_an_expression_knows_has_one_of_its_pieces(pieces, pattern):
    """Else a row would be passed over whose words are there."""
    known = [text for text in (*samples(parser.parse(pattern)), *TEXTS) if re.search(pattern, text)]
    assert known, "no text that it knows: neither one made from it, nor one of senses.txt"
    for text in known:
        assert any(piece in text for piece in pieces), text


def test_a_row_means_a_kind_of_causes_txt_or_what_a_function_says():
    named = {row.result for row in (*answers(), *ends())}
    assert named - set(kinds()) == {f"{name}()" for name in _MEANS}


@pytest.mark.parametrize("row", [*answers(), *ends()], ids=lambda row: f"{row.result} {row.pattern[:20]}")
def test_all_that_a_row_has_is_read(row):
    """A part that is not there would be sought as text; a text that goes with no other would never be said."""
    assert re.search(r"\{[A-Z_]+\}", filled(row.pattern)) is None
    if row.result.endswith("()"):
        assert not row.texts
    else:
        assert {*row.texts} - {"status"} in (set(), {"means", "do"}, {"means", "do", "usual"})


TEXTS = tuple(each.text.lower() for each in senses())


def samples(tree):
    """Texts for a parsed expression: one for each of its alternatives and options, with the first of all
    others. What stands around a match (an assertion) is left out."""
    parts = [_of(op, value) for op, value in tree]
    first = [part[0] for part in parts]
    found = ["".join(first)]
    for at, part in enumerate(parts):
        found += ["".join((*first[:at], other, *first[at + 1 :])) for other in part[1:]]
    return found


def _of(op, value):
    match str(op):
        case "LITERAL":
            return [chr(value)]
        case "IN":
            if str(value[0][0]) == "NEGATE":
                return ["x" if any(str(each) == "CATEGORY_SPACE" for _, each in value) else " "]
            return [next((chr(each) for kind, each in value if str(kind) == "LITERAL"), "5")]
        case "NOT_LITERAL" | "ANY":
            return ["x"]
        case "BRANCH":
            return [text for each in value[1] for text in samples(each)]
        case "SUBPATTERN":
            return samples(value[3])
        case "MAX_REPEAT" | "MIN_REPEAT":
            least, _, repeated = value
            once = samples(repeated)
            return ["", *once] if not least else [each * least for each in once]
        case _:
            return [""]
