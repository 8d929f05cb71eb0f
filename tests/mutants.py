"""``python tests/mutants.py``: would the tests notice a slip in a rule? A random sample, one slip at a time.

The slips are cosmic-ray's (``pip install cosmic-ray``; Sixty North keeps it), of four kinds: a comparison
turned or moved by one, ``and`` for ``or``, a ``not`` lost, a number off by one. Run by hand, and not in CI.
Each survivor wants a test, or is a line that was not needed, or changes nothing that can be seen.

cosmic-ray's own runner starts pytest anew for each slip, which here takes longer than the tests. So they are
collected once, and each slip is made in a fork of that process, in the functions that it changes; only a slip
in what is worked out on import is made in a copy of the tree, by a new process. One that is noticed takes some
seconds, one that is not as long as the tests of its room.
"""

from __future__ import annotations

import argparse
import difflib
import functools
import gc
import importlib
import inspect
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, NamedTuple

import pytest
from _pytest.runner import runtestprotocol
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

ROOT = Path(__file__).parents[1]
COPIED = ("wsprobe", "tests", "man", "pyproject.toml", "README.md")
RULES = ("read", "judge", "browsers", "history", "wire", "diagnosis", "trace", "show", "cli")
FILES = ("conversation*.py", "redaction*.py")

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

VIEWS = "tests/browsers_views/test"
BROWSERS = ("chromium", "firefox", "webkitgtk")
SHARED = (
    "before_the_request",
    "script_parts",
    "page_address",
    "page_policies",
    "moments",
    "bombs",
    "shared_edges",
)
"""What any browser's own tests lean on; the runtimes share theirs."""
RECORDINGS = "tests/browsers/test_recordings.py"


def _views(files: str, name: str) -> tuple[str, ...]:
    """*name* may be that of one engine of those that have their *files* in common."""
    patterns = (files, "http2") if files == name else (files,)
    own = [
        str(path.relative_to(ROOT))
        for pattern in patterns
        for path in sorted(ROOT.glob(f"{VIEWS}_{pattern}_*.py"), reverse=True)
    ]
    shared = [f"{VIEWS}_{each}.py" for each in SHARED if files == name]
    return (*own, *shared, RECORDINGS, "-k", " or ".join((*patterns, name, *SHARED)))


HTTP2_READ, HTTP2_RULES, HTTP2_JUDGE, HTTP2_SESSION = (
    f"tests/http2/test_{name}.py" for name in ("read", "rules", "judge", "session")
)
HTTP2_LAB = "tests/http2/test_lab.py::test_it_is_judged_as_the_catalogue_says"
HTTP2 = (HTTP2_READ, HTTP2_RULES, HTTP2_JUDGE, HTTP2_SESSION, HTTP2_LAB)
HTTP2_VIEWS = (
    *(f"{VIEWS}_http2_{name}.py" for name in ("edges", "measured", "asking", "lab")),
    f"{VIEWS}_firefox_view.py",
    *(f"{VIEWS}_{name}_edges.py" for name in ("shared", "chromium", "firefox")),
)
JUDGE = ("tests/judge/test_cases.py", "tests/judge")
DIAGNOSIS = (
    "tests/diagnosis/test_rules.py",
    "tests/diagnosis/test_edges.py",
    "tests/diagnosis/test_measured.py::test_what_is_said_first_is_what_the_file_has",
    "tests/diagnosis/test_measured.py::test_what_varied_answers_get_is_what_the_file_has",
    "tests/diagnosis",
    "tests/trace/test_chains.py",
)
"""The cases of each rule notice most slips, and take a second."""
TESTS = (
    ("diagnosis/advice", ("tests/diagnosis/test_edges.py", "tests/diagnosis/test_advice.py", *DIAGNOSIS)),
    ("diagnosis/", DIAGNOSIS),
    ("trace/", ("tests/trace/test_rules.py", "tests/trace", DIAGNOSIS[2], "tests/cli/test_trace.py")),
    ("show/", ("tests/show/test_outcomes.py", "tests/show", "tests/cli")),
    ("cli/", ("tests/cli",)),
    ("read/http2", HTTP2),
    ("judge/http2", (HTTP2_RULES, HTTP2_JUDGE, HTTP2_LAB)),
    ("judge/__init__", (*JUDGE, HTTP2_JUDGE)),
    ("wire/http2", HTTP2),
    ("conversation_http2", (HTTP2_SESSION, HTTP2_LAB)),
    ("redaction", ("tests/test_redaction.py", "tests/http2/test_redact.py", "tests/cli/test_masked.py")),
    ("read/", ("tests/read", "tests/wire", *JUDGE[:1], "tests/judge/test_session_rules.py")),
    ("judge/", JUDGE),
    ("history/", ("tests/history",)),
    ("wire/rfc6455", ("tests/talk/test_codec.py", "tests/wire", "tests/conversation")),
    ("wire/", ("tests/wire", "tests/conversation", "tests/history")),
    ("conversation", ("tests/conversation", "tests/wire")),
    *((f"browsers/{name}/http2", HTTP2_VIEWS) for name in (*BROWSERS, "standard")),
    ("browsers/http2", HTTP2_VIEWS),
    *((f"browsers/{name}", _views(name, name)) for name in BROWSERS),
    *((f"browsers/{name}", _views("runtimes", name)) for name in ("undici", "ws", "deno", "bun")),
    ("browsers/runtime/", _views("runtimes", "runtimes")),
    ("browsers/", ("tests/browsers_views", RECORDINGS)),
)
"""The tests that concern a file: the first row whose word its name below wsprobe/ begins with."""


class Slip(NamedTuple):
    """One change: which file, and which occurrence of which of cosmic-ray's operators."""

    path: str
    operator: str
    occurrence: int


def slips(kind: str) -> Iterator[Slip]:
    """Every slip of a kind that there is in the rules, in an order that only the code decides."""
    paths = [path for room in RULES for path in (ROOT / "wsprobe" / room).rglob("*.py")]
    paths += [path for pattern in FILES for path in (ROOT / "wsprobe").glob(pattern)]
    operators = [(name, get_operator(name)()) for name in KINDS[kind]]
    for path in sorted(paths):
        nodes = list(ast_nodes(parsed(path)))
        for name, operator in operators:
            found = sum(len(list(operator.mutation_positions(node))) for node in nodes)
            yield from (Slip(str(path.relative_to(ROOT)), name, each) for each in range(found))


@functools.cache
def parsed(path: Path) -> Any:
    return get_ast(path.read_text("utf-8"))


def sample(seed: int, number: int, within: str = "") -> list[Slip]:
    """So many of them, of each kind in turn; only in files whose name below wsprobe/ begins with *within*."""
    chance = random.Random(seed)
    shuffled = []
    for kind in KINDS:
        every = [slip for slip in slips(kind) if slip.path.startswith(f"wsprobe/{within}")]
        shuffled.append(chance.sample(every, len(every)))
    in_turn = itertools.chain.from_iterable(itertools.zip_longest(*shuffled))
    return list(itertools.islice(filter(None, in_turn), number))


def made(slip: Slip) -> str:
    """The file with the slip in it."""
    text = mutate_code((ROOT / slip.path).read_text("utf-8"), get_operator(slip.operator)(), slip.occurrence)
    assert text is not None
    return text


def shown(slip: Slip) -> str:
    before, after = (ROOT / slip.path).read_text("utf-8").splitlines(), made(slip).splitlines()
    lines = difflib.unified_diff(before, after, n=0, lineterm="")
    return "\n".join(line for line in lines if not line.startswith(("---", "+++")))


def tests(path: str) -> list[str]:
    """The arguments for pytest that concern the file *path*."""
    name = path.removeprefix("wsprobe/")
    words = next(row for row in TESTS if name.startswith(row[0]))[1]
    return list(words)


def exchanged(slip: Slip) -> dict[CodeType, CodeType] | None:
    """The functions that the slip changes, old code to new. None if it is code that runs on import."""
    path = ROOT / slip.path
    old = compile(path.read_text("utf-8"), str(path), "exec", dont_inherit=True)
    new = compile(made(slip), str(path), "exec", dont_inherit=True)
    changed = {}
    for before, after in zip(_functions(old), _functions(new), strict=True):
        if before != after:
            if not before.co_flags & inspect.CO_OPTIMIZED and _own(before) != _own(after):
                return None
            changed[before] = after
    return changed


def _functions(code: CodeType) -> Iterator[CodeType]:
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _functions(each)


def _own(code: CodeType) -> tuple[object, ...]:
    return code.co_code, *(each for each in code.co_consts if not isinstance(each, CodeType))


class Asking:
    """A plugin for pytest: once the tests are collected, each slip is made in a fork of this process."""

    def __init__(self, copy: Path, asked: list[tuple[int, Slip]], seconds: float) -> None:
        self._copy, self._asked, self._seconds = copy, asked, seconds
        self._functions: defaultdict[CodeType, list[FunctionType]] = defaultdict(list)
        self._caches: list[Any] = []
        self.counted: Counter[str] = Counter()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        print(f"{len(session.items)} tests", flush=True)
        for slip in {slip.path: slip for _, slip in self._asked}.values():
            importlib.import_module(slip.path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
        for each in gc.get_objects():
            if isinstance(each, FunctionType):
                self._functions[each.__code__].append(each)
            elif isinstance(each, functools._lru_cache_wrapper) and "wsprobe" in (each.__module__ or ""):
                self._caches.append(each)
        gc.freeze()
        for words in dict.fromkeys(tuple(tests(slip.path)) for _, slip in self._asked):
            outcome, why = self._forked(session, list(words), {})
            if outcome != "survived":
                print(f"without any slip: {outcome} {why}")
                return True
        for number, slip in self._asked:
            started = time.monotonic()
            changed = exchanged(slip)
            # A generator's code that a module's own line runs is no function's: it is over with the import.
            if changed is None or not any(self._functions[old] for old in changed):
                outcome, why = imported(self._copy, slip, self._seconds)
            else:
                outcome, why = self._forked(session, tests(slip.path), changed)
            self.counted[outcome] += 1
            print(f"{number} {outcome} {time.monotonic() - started:.0f} s {slip.path} {slip.operator} {why}")
            if outcome == "survived":
                print(shown(slip))
            sys.stdout.flush()
        return True

    def _forked(
        self, session: pytest.Session, words: list[str], changed: dict[CodeType, CodeType]
    ) -> tuple[str, str]:
        named = words.index("-k") if "-k" in words else len(words)
        wanted = words[named + 1].split(" or ") if named < len(words) else [""]
        items = dict.fromkeys(
            item
            for prefix in words[:named]
            for item in session.items
            if item.nodeid.startswith(prefix) and any(word in item.nodeid for word in wanted)
        )
        places = [(function, new) for old, new in changed.items() for function in self._functions[old]]
        assert items
        told = self._copy / "last.txt"
        told.write_text("")
        if (child := os.fork()) == 0:
            status = 3
            try:
                os.setsid()
                signal.alarm(round(self._seconds) + 10)  # a loop without end outlives nobody who waits for it
                for function, code in places:
                    function.__code__ = code
                for cache in self._caches:
                    cache.cache_clear()
                status = run(list(items), told)
            except BaseException as error:  # must not run on as a second driver
                told.write_text(repr(error))
            os._exit(status)
        until = time.monotonic() + self._seconds
        while not (ended := os.waitpid(child, os.WNOHANG))[0]:
            if time.monotonic() > until:
                os.killpg(child, signal.SIGKILL)
                os.waitpid(child, 0)
                return "timeout", ""
            time.sleep(0.05)
        status = os.waitstatus_to_exitcode(ended[1])
        return {0: "survived", 1: "killed"}.get(status, f"odd ({status})"), told.read_text()


def run(items: list[pytest.Item], told: Path) -> int:
    """Run them, up to the first that fails. Returns 1 if there is one."""
    for item, following in itertools.zip_longest(items, items[1:]):
        for report in runtestprotocol(item, log=False, nextitem=following):
            if report.failed:
                told.write_text(item.nodeid)
                return 1
    return 0


def imported(copy: Path, slip: Slip, seconds: float) -> tuple[str, str]:
    """For a slip in what is worked out on import: in a copy of the tree, by a new process."""
    file = copy / slip.path
    kept = file.read_text("utf-8")
    file.write_text(made(slip), "utf-8")
    words = ["-m", "pytest", "-x", "-n", "0", "-p", "no:cacheprovider", *tests(slip.path)]
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            [sys.executable, *words], cwd=copy, env=environment, capture_output=True, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        return "timeout", ""
    finally:
        file.write_text(kept, "utf-8")
    last = done.stdout.decode("utf-8", "replace").strip().splitlines()[-1:]
    return {0: "survived", 1: "killed", 2: "killed"}.get(done.returncode, "odd"), "".join(last)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--seed", type=int, default=1, help="another seed, another sample (1)")
    words.add_argument("--number", type=int, default=100, help="how many slips (100)")
    words.add_argument("--within", default="", help="only in files whose name below wsprobe/ begins so")
    words.add_argument("--only", type=int, nargs="+", help="only these of the sample, by their number")
    words.add_argument("--timeout", type=float, default=300, help="seconds for the tests of one slip (300)")
    words.add_argument("--list", action="store_true", help="only show them")
    given = words.parse_args()
    print(f"cosmic-ray {metadata.version('cosmic-ray')}, seed {given.seed}, {given.number} slips", flush=True)
    asked = [
        (number, slip)
        for number, slip in enumerate(sample(given.seed, given.number, given.within), 1)
        if not given.only or number in given.only
    ]
    if given.list:
        for number, slip in asked:
            print(f"{number} {slip.path} {slip.operator}\n{shown(slip)}")
        return
    with tempfile.TemporaryDirectory(prefix="wsprobe-mutants-") as name:
        copy = Path(name)
        for each in COPIED:
            source = ROOT / each
            if source.is_dir():
                shutil.copytree(source, copy / each, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy / each)
        asking = Asking(copy, asked, given.timeout)
        rooms = {word for _, slip in asked for word in tests(slip.path) if word.startswith("tests/")}
        os.chdir(ROOT)
        pytest.main(
            ["-x", "-n", "0", "-p", "no:cacheprovider", "--capture=no", *sorted(rooms)], plugins=[asking]
        )
    print(", ".join(f"{number} {outcome}" for outcome, number in asking.counted.items()))


if __name__ == "__main__":
    main()
