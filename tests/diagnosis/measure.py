"""How good the diagnosis is: ``python -m tests.diagnosis.measure``.

Prints, for each part of the answers in ``measured``, how many have a cause at all (coverage) and what the first
one is worth (precision); then the same with one kind of server left out at a time, with every mark that rests
on that kind alone: what is left must generalise, or stay silent. ``--wrong`` lists none
of the part ``held``, which is only counted."""

import argparse
import re
from collections import Counter, defaultdict
from contextlib import ExitStack, contextmanager
from functools import cache
from types import SimpleNamespace
from unittest import mock

from msgspec.structs import replace

import wsprobe.diagnosis as diagnosis
from tests.diagnosis.measured import Verdict, judge, measured
from wsprobe.diagnosis import senses, session, session_words
from wsprobe.diagnosis.programs import AuthorRules
from wsprobe.diagnosis.senses import answers, compiled, ends
from wsprobe.report.report import report

PARTS = ("servers", "servers2", "dev", "held", "servers3", "misled")
VERDICTS = ("right", "open", "vague", "next", "quote", "silent", "false")
Mark = tuple[str, str]
"""Where a mark stands, and what it is: the words of a rule, or what a pattern found in the answer."""


class Score(Counter[Verdict]):
    """How many answers have which verdict. ``quiet`` ones, where nothing went wrong, count for nothing."""

    @property
    def size(self):
        return sum(self[each] for each in VERDICTS)

    def share(self, *verdicts):
        return sum(self[each] for each in verdicts) / self.size if self.size else 0.0

    @property
    def coverage(self):
        return 1 - self.share("silent")


def causes_of(answer):
    """The ``causes`` of its report, as ``wsprobe compare --json`` prints them."""
    if answer.part == "servers":  # asked with another key than was answered: as 101s they would be invalid
        return diagnosis.causes(answer.reading)
    return report(answer.reading.exchange, answer.reading).causes


def verdict_of(answer):
    return judge(causes_of(answer), answer)


def score(answers):
    return Score(map(verdict_of, answers))


# One kind of server less -----------------------------------------------------------------------------------


class Marks:
    """What the rules know an answer by, as they fire; those that are ``off`` do not."""

    def __init__(self):
        self.fired = set()
        self.off = frozenset()

    def lit(self, mark):
        self.fired.add(mark)
        return mark not in self.off

    def rule(self, of):
        def tried(evidence):
            known = of.find(evidence)
            return known if known is None or self.lit((known.id, known.mark)) else None

        return replace(of, find=tried)

    def opened_by(self, of):
        def tried(*given):
            found = of(*given)
            return found if not found[0] or self.lit(found) else ("", "")

        return tried

    def greeted(self, of):
        return lambda *given: (each for each in of(*given) if self.lit(("first message", each.id)))

    def means(self, row):
        """A row of ``senses.answers``: which words of an answer it knows is a mark."""

        def tried(evidence, said):
            found = compiled(row.pattern).search(said.lower())
            return row.cause(evidence, said) if found is None or self.lit((row.pattern, found[0])) else None

        return SimpleNamespace(pieces=row.pieces, pattern=row.pattern, cause=tried)

    def ended(self, row):
        """A row of ``senses.ends`` without the words that are off."""
        off = [re.escape(found) for pattern, found in self.off if pattern == row.pattern]
        return replace(row, pattern=rf"(?!(?:{'|'.join(off)}))(?:{row.pattern})") if off else row


@contextmanager
def watched(marks):
    """Within it, the rules tell *marks* what they know an answer by."""
    known, over = tuple(map(marks.means, answers())), tuple(map(marks.ended, ends()))
    places = (
        (diagnosis, "_RULES", AuthorRules(tuple(map(marks.rule, diagnosis._RULES.rules)))),
        (senses, "answers", lambda: known),
        (session_words, "ends", lambda: over),
        (session, "_opened_by", marks.opened_by(session._opened_by)),
        (session, "_greeted", marks.greeted(session._greeted)),
    )
    with ExitStack() as stack:
        for each in places:
            stack.enter_context(mock.patch.object(*each))
        yield


@cache
def resting_on(answers):
    """Each mark that fires anywhere in *answers*, with the kinds of server where it does."""
    found = defaultdict(set)
    marks = Marks()
    with watched(marks):
        for each in answers:
            marks.fired.clear()
            why = causes_of(each)
            for mark in (*marks.fired, *_ended_by(why)):
                found[mark].add(each.kind)
    return found


def _ended_by(why):
    """The rows of ``senses.ends`` that made one of *why*, and the words that they knew."""
    for cause in why:
        said = cause.evidence.partition(": ")[2].lower()
        for row in ends():
            if cause.certainty == "stated" and cause.id == row.result:
                known = compiled(row.pattern).search(said)
                if known is not None and cause.text.startswith(
                    row.cause(SimpleNamespace(status=101), said).text
                ):
                    yield (row.pattern, known[0])


def without_each_kind(answers):
    """Every answer, judged by marks that other kinds of server have too."""
    by_kind = defaultdict(list)
    for each in answers:
        by_kind[each.kind].append(each)
    rests = resting_on(answers)
    for kind, own in by_kind.items():
        marks = Marks()
        marks.off = frozenset(mark for mark, kinds in rests.items() if kinds == {kind})
        with watched(marks):
            for each in own:
                yield kind, each, verdict_of(each)


# The command ------------------------------------------------------------------------------------------------


def line(name, of):
    shares = "  ".join(f"{verdict} {of[verdict]:3} {of.share(verdict):4.0%}" for verdict in VERDICTS)
    return f"{name:18} {of.size:4}  coverage {of.coverage:4.0%}  {shares}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--wrong", action="store_true", help="list the answers of which the first cause is false"
    )
    parser.add_argument(
        "--all", action="store_true", help="with --wrong, list those that say too little as well"
    )
    options = parser.parse_args()
    answers = measured()
    kinds = {each.kind for each in answers}
    print(f"{len(answers)} answers of {len(kinds)} kinds of server")
    for part in PARTS:
        print(line(part, score(each for each in answers if each.part == part)))
    left = list(without_each_kind(answers))
    for part in PARTS:
        print(line(f"{part}, less a kind", Score(of for _, each, of in left if each.part == part)))
    print(line("all, less a kind", Score(of for _, _, of in left)))
    if options.wrong:
        for each in answers:
            if each.part != "held":
                show(each, verdict_of(each), options.all)
        print("-- less a kind")
        for _, each, of in left:
            if each.part != "held" and of == "false" and verdict_of(each) != "false":
                print(f"{each.id}: {each.kind}")


def show(each, of, all_of_them):
    listed = ("false", "next", "silent", "quote", "vague") if all_of_them else ("false",)
    if of in listed:
        first = next(iter(causes_of(each)), None)
        told = f"{first.id} [{first.certainty}, {first.program}] {first.text[:90]}" if first else "(nothing)"
        print(f"{of:6} {each.id:20} {each.cause[:44]:44} {'/'.join(each.right):34} <- {told}")


if __name__ == "__main__":
    main()
