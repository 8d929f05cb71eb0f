"""How good the diagnosis is: ``python -m tests.diagnosis.measure``.

Prints, for each part of the answers in ``measured``, how many have a cause at all (coverage) and what the first
one is worth (precision). No rule was written from the part ``held``: what the first cause is worth there, it is
worth for a server that nobody has seen. ``--wrong`` lists none of it."""

import argparse
from collections import Counter

import wsprobe.diagnosis as diagnosis
from tests.diagnosis.measured import Verdict, judge, measured
from wsprobe.report.report import report

PARTS = ("servers", "servers2", "dev", "held", "servers3", "misled")
VERDICTS = ("right", "open", "vague", "next", "quote", "silent", "false")


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
    if options.wrong:
        for each in answers:
            if each.part != "held":
                show(each, verdict_of(each), options.all)


def show(each, of, all_of_them):
    listed = ("false", "next", "silent", "quote", "vague") if all_of_them else ("false",)
    if of in listed:
        first = next(iter(causes_of(each)), None)
        told = f"{first.id} [{first.certainty}, {first.program}] {first.text[:90]}" if first else "(nothing)"
        print(f"{of:6} {each.id:20} {each.cause[:44]:44} {'/'.join(each.right):34} <- {told}")


if __name__ == "__main__":
    main()
