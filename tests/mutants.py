"""``python tests/mutants.py cli:60 talk:30``: would tests notice a slip? A random sample, one slip at a time.

The slips are cosmic-ray's (Sixty North keeps it), of four kinds: a comparison turned or moved by one, ``and``
for ``or``, a ``not`` lost, a number off by one. Run by hand, and not in CI, with ``pip install cosmic-ray
pytest-cov``. Each survivor needs a test, or is a line that was not needed, or changes nothing that can be seen.

cosmic-ray's own runner starts all tests for each slip. Here only those run that reach its line, first the ones
that reach little else: coverage.py (Ned Batchelder) tells which, from one run of all tests, and what it tells
is kept in a file (``--coverage``). Each slip is made in a copy of the tree, by a new process.
"""

import argparse
import ast
import difflib
import functools
import itertools
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from coverage import CoverageData

ROOT = Path(__file__).parents[1]
COPIED = ("wsprobe", "tests", "man", "pyproject.toml", "README.md")
PRINTED = "wsprobe/explain/data/"
"""Programs that ``explain remedy`` prints: wsprobe runs none of them."""
PYTEST = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider")
MOST = 1500
"""Tests that run for one slip: of more, those that reach the least."""

_COMPARED = "core/ReplaceComparisonOperator_"
KINDS = {
    "turned": [f"{_COMPARED}{each}" for each in ("Eq_NotEq", "NotEq_Eq", "Is_IsNot", "IsNot_Is")]
    + [
        f"{_COMPARED}{each}"
        for each in ("Lt_GtE", "LtE_Gt", "Gt_LtE", "GtE_Lt", "Lt_LtE", "LtE_Lt", "Gt_GtE", "GtE_Gt")
    ],
    "and, or": ["core/ReplaceAndWithOr", "core/ReplaceOrWithAnd"],
    "not": ["core/ReplaceUnaryOperator_Delete_Not"],
    "number": ["core/NumberReplacer"],
}
"""cosmic-ray's operators by kind, each with an equal part of a sample: there are more numbers than all else."""


class Slip(NamedTuple):
    """One change: which file, and which occurrence of which of cosmic-ray's operators."""

    path: str
    operator: str
    occurrence: int


def slips(kind, room):
    """Every slip of a kind in the files whose name below wsprobe/ begins with *room*, or with ``.`` in those
    directly in wsprobe/, in an order that only the code decides."""
    operators = [(name, get_operator(name)()) for name in KINDS[kind]]
    for path in sources():
        if path.count("/") == 1 if room == "." else path.startswith(f"wsprobe/{room}"):
            nodes = nodes_of(path)
            for name, operator in operators:
                found = sum(len(list(operator.mutation_positions(node))) for node in nodes)
                yield from (Slip(path, name, each) for each in range(found))


def sources():
    """The files of wsprobe's own code, below ROOT."""
    paths = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "wsprobe").rglob("*.py"))
    return [path for path in paths if not path.startswith(PRINTED)]


@functools.cache
def nodes_of(path):
    return list(ast_nodes(get_ast((ROOT / path).read_text("utf-8"))))


def sample(seed, number, room=""):
    """So many of them, of each kind in turn."""
    chance = random.Random(seed)
    shuffled = []
    for kind in KINDS:
        every = list(slips(kind, room))
        shuffled.append(chance.sample(every, len(every)))
    in_turn = itertools.chain.from_iterable(itertools.zip_longest(*shuffled))
    return list(itertools.islice(filter(None, in_turn), number))


def made(slip):
    """The file with the slip in it."""
    text = mutate_code((ROOT / slip.path).read_text("utf-8"), get_operator(slip.operator)(), slip.occurrence)
    assert text is not None
    return text


def shown(slip):
    before, after = (ROOT / slip.path).read_text("utf-8").splitlines(), made(slip).splitlines()
    lines = difflib.unified_diff(before, after, n=0, lineterm="")
    return "\n".join(line for line in lines if not line.startswith(("---", "+++")))


def place(slip):
    """The lines of the statement that the slip changes, without those of a body below it."""
    text = (ROOT / slip.path).read_text("utf-8")
    changed = zip(text.splitlines(), made(slip).splitlines(), strict=True)
    line = next(number for number, (before, after) in enumerate(changed, 1) if before != after)
    around = [each for each in ast.walk(ast.parse(text)) if isinstance(each, ast.stmt)]
    inner = max(
        (each for each in around if each.lineno <= line <= each.end_lineno), key=lambda each: each.lineno
    )
    body = getattr(inner, "body", ())
    return range(inner.lineno, body[0].lineno if body else inner.end_lineno + 1)


class Reached:
    """Which tests reach which line, from a file of coverage.py whose contexts are tests."""

    def __init__(self, file, there):
        """*there*: the tests that there are now. Those that were not measured may reach all lines."""
        self._there = there
        self._data = CoverageData(str(file))
        self._data.read()
        self._lines = Counter()
        """How many lines each test reaches."""
        for path in self._data.measured_files():
            for contexts in self._data.contexts_by_lineno(path).values():
                self._lines.update({context.partition("|")[0] for context in contexts})
        self._new = sorted(there - self._lines.keys())

    def by(self, slip):
        """The tests that reach the lines of *slip*, first those that reach little else. Of what a fixture sets
        up for several tests, their file; of what is worked out on import, the files that reach most of it."""
        lines = self._data.contexts_by_lineno(str(ROOT / slip.path))
        contexts = {context for line in place(slip) for context in lines.get(line, ())} - {""}
        if not contexts:
            share = defaultdict(int)
            for test in itertools.chain.from_iterable(lines.values()):
                test = test.partition("|")[0]
                share[test.partition("::")[0]] += 1 / (self._lines[test] or 1)
            files = [each for each in share if each and (ROOT / each).exists()]
            return sorted(files, key=share.get, reverse=True)[:NEAREST]
        reaching = {each.partition("|")[0] for each in contexts} & self._there
        tests = sorted(reaching, key=self._lines.get)[:MOST]
        set_up = {each.partition("::")[0] for each in contexts if each.endswith("|setup")}
        return [*tests, *self._new, *sorted(each for each in set_up if (ROOT / each).exists())]


NEAREST = 12
"""Files of tests that run for a slip in what is worked out on import."""


def collected():
    """The tests of the default run."""
    done = subprocess.run([*PYTEST, "-n", "0", "--collect-only"], cwd=ROOT, capture_output=True, check=True)
    return {line for line in done.stdout.decode().splitlines() if "::" in line}


def measure(file):
    """Run all tests, and let coverage.py write to *file* which lines each reaches."""
    words = ("-n", "2", "--cov=wsprobe", "--cov-context=test", "--cov-report=")
    environment = os.environ | {"COVERAGE_FILE": str(file)}
    subprocess.run([*PYTEST, *words], cwd=ROOT, env=environment, check=True)


def tried(slip, tests, copy, seconds):
    """How the *tests* end with the slip in a *copy* of the tree, and which fails."""
    if not tests:
        return "survived", "no test reaches it"
    file = copy / slip.path
    kept = file.read_text("utf-8")
    file.write_text(made(slip), "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            [*PYTEST, "-x", "-n", "0", *tests], cwd=copy, env=environment, capture_output=True, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        return "timeout", f"{len(tests)} tests"
    finally:
        file.write_text(kept, "utf-8")
    failed = re.search(r"(?m)^tests/\S+:\d+: .*", done.stdout.decode("utf-8", "replace"))
    outcome = {0: "survived", 1: "killed", 2: "killed"}.get(done.returncode, f"odd ({done.returncode})")
    return outcome, failed[0] if failed else f"{len(tests)} tests or files"


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument(
        "rooms",
        nargs="*",
        metavar="ROOM:NUMBER",
        default=[":100"],
        help="files whose name below wsprobe/ begins with ROOM (., those directly in wsprobe/), and how many "
        "slips in them (100 in all files)",
    )
    words.add_argument("--seed", type=int, default=1, help="another seed, another sample (1)")
    words.add_argument("--only", type=int, nargs="+", help="only these of a sample, by their number")
    words.add_argument(
        "--timeout", type=float, default=600, help="seconds that the tests of one may take (600)"
    )
    words.add_argument(
        "--coverage",
        type=Path,
        default=ROOT / ".pytest_cache" / "mutants.coverage",
        help="what each test reaches; measured anew where the file is missing (.pytest_cache/mutants.coverage)",
    )
    words.add_argument("--list", action="store_true", help="only show them")
    given = words.parse_args()
    os.environ.setdefault("WSPROBE_TESTS", "all")  # tests/cases.py
    print(
        f"cosmic-ray {metadata.version('cosmic-ray')}, seed {given.seed}, {' '.join(given.rooms)}", flush=True
    )
    asked = []
    for room, _, count in (each.rpartition(":") for each in given.rooms):
        numbered = enumerate(sample(given.seed, int(count), room), 1)
        asked += [(room, number, slip) for number, slip in numbered if not given.only or number in given.only]
    if given.list:
        for room, number, slip in asked:
            print(f"{room} {number} {slip.path} {slip.operator}\n{shown(slip)}")
        return
    file = given.coverage.absolute()
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        measure(file)
    reached = Reached(file, collected())
    counted = defaultdict(Counter)
    with tempfile.TemporaryDirectory(prefix="wsprobe-mutants-") as name:
        copy = Path(name)
        for each in COPIED:
            source = ROOT / each
            if source.is_dir():
                shutil.copytree(source, copy / each, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy / each)
        for room, number, slip in asked:
            started = time.monotonic()
            outcome, why = tried(slip, reached.by(slip), copy, given.timeout)
            counted[room][outcome] += 1
            taken = f"{time.monotonic() - started:.0f} s"
            print(f"== {room} {number} {outcome}, {taken}, {slip.path} {slip.operator} {why}", flush=True)
            if outcome != "killed":
                print(shown(slip), flush=True)
    for room, outcomes in counted.items():
        told = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())
        print(f"{room or 'all'}: {outcomes.total()} slips, {told}")


if __name__ == "__main__":
    main()
