"""``python -m tests.diagnosis.first``: writes first.txt anew, what the diagnosis says first of each recorded
answer, and the trace of each chain.

A person reads that file as a diff: a rule that changes what is said of one answer shows here, with the words.
What is said of many answers stands once, above the names of all that it is said of.
Answers that are held back are left out: who writes rules is not to see them."""

from collections import defaultdict
from pathlib import Path

from tests.diagnosis.measure import causes_of
from tests.diagnosis.measured import measured
from tests.trace.chains import chains, trace

FILE = Path(__file__).parent / "first.txt"


def told():
    """The whole file."""
    by_words = defaultdict(list)
    for words, name in (*_answers(), *_chains()):
        by_words[words].append(name)
    return "\n".join(f"{words}\n{_lines(by_words[words])}" for words in sorted(by_words))


def _answers():
    for each in (one for one in measured() if one.part != "held"):
        found = causes_of(each)
        if not found:
            yield "(nothing)", each.id
        else:
            first, more = found[0], ", ".join(one.id for one in found[1:])
            known = f"{first.certainty}, {first.program}" if first.program else first.certainty
            yield f"{first.id} ({known}): {first.text}\n -> {first.fix}\n or: {more}", each.id


def _chains():
    for each in chains():
        for direct, name in ((False, each.name), (True, f"{each.name}+backend")):
            seen, found = trace(each, direct=direct)
            more = ", ".join(f"{one.id} {one.likely:g}" for one in found[1:])
            head = f"trace: {found[0].id} {found[0].likely:g}: {found[0].text}"
            yield f"{head}\n -> {found[0].fix}\n or: {more}", name
            yield f"trace: requests: {' '.join(seen.answers)}", name


def _lines(names):
    """The names, a few on a line."""
    rows, row = [], ""
    for name in names:
        if len(row) + len(name) > 105:
            rows.append(row)
            row = ""
        row += f"  {name.replace(' ', '_')}"
    return "\n".join((*rows, row, ""))


if __name__ == "__main__":
    FILE.write_text(told(), "utf-8")
