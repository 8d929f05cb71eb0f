"""What is said of an answer, and what is not (claims.txt), and what a line cannot say."""

from functools import cache

from tests.cases import every, named
from tests.diagnosis.claims import claims
from tests.diagnosis.recorded import reading_of
from tests.diagnosis.rules import ASKED
from wsprobe.diagnosis import causes


@every(named(claims(), lambda claim: claim.name))
def test_what_is_claimed_of_an_answer_is_so(claim):
    assert claim.fails() == [], claim.claims


@cache
def first_of_each(asked):
    """The first cause of an answer with each status, to a request that differs so (a word of rules.ASKED)."""
    answers = {status: b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status for status in range(400, 512)}
    return {status: causes(reading_of(each, "fin", ASKED[asked]))[0] for status, each in answers.items()}
