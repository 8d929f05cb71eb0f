"""Words in two senses: the other sense is seldom taken for the one that a rule knows."""

from tests.cases import every
from tests.diagnosis import senses
from wsprobe.diagnosis import causes


def test_words_are_many_and_most_stand_in_two_senses():
    rows = tuple(senses.senses())
    both = [
        word
        for word in {each.word for each in rows}
        if len({bool(e.right) for e in rows if e.word == word}) == 2
    ]
    assert len(both) >= 60


def test_few_are_read_in_a_sense_that_they_do_not_have():
    other = [each for each in senses.senses() if not each.right]
    wrong = [str(each) for each in other if each.verdict(causes(each.reading)) == "false"]
    assert len(wrong) <= 0.02 * len(other), wrong


@every(senses.senses)
def test_the_sense_of_a_rule_is_known(each):
    assert each.verdict(causes(each.reading)) != "false"
