"""Traces of real chains: the first conclusion is right, or leaves it open."""

from collections import Counter

from tests.cases import every, named
from tests.trace.recorded import recorded
from wsprobe.diagnosis.kinds import all_kinds

ALL = recorded()


def verdict(number):
    one = ALL[number]
    found = one.conclusion
    return "right" if found.id in one.right else "open" if found.open else "wrong"


@every(named(range(len(ALL)), lambda number: ALL[number].id))
def test_the_first_conclusion(number):
    assert verdict(number) != "wrong", (ALL[number].truth, ALL[number].conclusion)


def test_few_are_left_open():
    assert Counter(map(verdict, range(len(ALL)))) == {"right": 131, "open": 40}


def test_labels_are_words_of_the_vocabulary():
    ids = [each.id for each in ALL]
    assert len(set(ids)) == len(ids)
    assert {id for each in ALL for id in each.right} <= set(all_kinds())
