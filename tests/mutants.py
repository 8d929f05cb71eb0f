"""``python tests/mutants.py cli:60 talk:30``: would tests notice a slip? A random sample, one slip at a time.

The slips are cosmic-ray's (``pip install cosmic-ray``; Sixty North keeps it), of four kinds: a comparison
turned or moved by one, ``and`` for ``or``, a ``not`` lost, a number off by one. Run by hand, and not in CI.
Each survivor needs a test, or is a line that was not needed, or changes nothing that can be seen.

cosmic-ray's own runner starts pytest anew for each slip, which here takes longer than the tests. So the default
run is collected once, and each slip is made in a fork of that process, in the functions that it changes. Only
the tests that call one of these functions can notice it; they run, the shortest first. Which tests call which
function is measured once, in one run of all tests, and kept in a file (``--calls``). A slip in a constant is
made in the same way, for the functions that read it. A slip that they do not notice, or in anything else that
runs on import, is made in a copy of the tree, by a new process.
"""

import argparse
import ast
import builtins
import difflib
import functools
import gc
import importlib
import inspect
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from importlib import metadata
from pathlib import Path
from types import CodeType, FunctionType
from typing import NamedTuple

import pytest
from _pytest.runner import runtestprotocol
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

ROOT = Path(__file__).parents[1]
COPIED = ("wsprobe", "tests", "man", "pyproject.toml", "README.md")
PRINTED = "wsprobe/explain/data/"
"""Programs that ``explain remedy`` prints: wsprobe runs none of them."""

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


Place = tuple[object, ...]


def place(code):
    """Which code it is. Code that has run differs from the same code, compiled again, in CPython 3.11."""
    return code.co_filename, code.co_firstlineno, code.co_qualname, code.co_varnames, code.co_names


def exchanged(slip):
    """The functions that the slip changes: the place of the old code, and the new code. None if it is code
    that runs on import."""
    changed = {}
    for before, after in pairs(slip.path, made(slip)):
        if before != after:
            if not before.co_flags & inspect.CO_OPTIMIZED and _own(before) != _own(after):
                return None
            changed[place(before)] = after
    return changed


def pairs(path, text):
    """The code of each function of a file, and its code in *text*, which has the same functions."""
    name = str(ROOT / path)
    old = compile(Path(name).read_text("utf-8"), name, "exec", dont_inherit=True)
    new = compile(text, name, "exec", dont_inherit=True)
    return zip(_functions(old), _functions(new), strict=True)


class Constant(NamedTuple):
    """A name of a module, and the value that a slip gives it."""

    name: str
    value: CodeType


def constant(slip):
    """What the slip changes, if it is the value of a name of the module."""
    old = ast.parse((ROOT / slip.path).read_text("utf-8"))
    for before, after in zip(old.body, ast.parse(made(slip)).body, strict=True):
        for (name, value), (_, other) in zip(_named(before), _named(after), strict=True):
            if ast.dump(value) != ast.dump(other):
                return Constant(name, compile(ast.Expression(other), slip.path, "eval"))
    return None


def _named(statement):
    """The names to which a statement gives a value, each with its value: both of ``A, B = 3, 200``."""
    match statement:
        case ast.Assign([ast.Tuple(names)], ast.Tuple(values)) if all(isinstance(n, ast.Name) for n in names):
            return [(name.id, value) for name, value in zip(names, values, strict=True)]
        case ast.Assign([ast.Name(name)], value) | ast.AnnAssign(ast.Name(name), _, ast.expr() as value):
            return [(name, value)]
    return []


@functools.cache
def users():
    """By each name: the functions that read it, as a name of a module or of an object."""
    found = defaultdict[str, set[str]](set)
    for path in sources():
        for code in _functions(compile((ROOT / path).read_text("utf-8"), path, "exec", dont_inherit=True)):
            for name in code.co_names:
                found[name].add(function_name(path, code.co_qualname))
    return found


def module_name(path):
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _functions(code):
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _functions(each)


def _own(code):
    return code.co_code, *(each for each in code.co_consts if not isinstance(each, CodeType))


class Functions:
    """The functions of wsprobe that are loaded, and what they keep from one call to the next."""

    def __init__(self):
        gc.unfreeze()  # conftest froze them, and get_objects() leaves out what is frozen
        self._at = defaultdict(list)
        self._caches = []
        for each in gc.get_objects():
            if isinstance(each, FunctionType):
                self._at[place(each.__code__)].append(each)
            elif isinstance(each, functools._lru_cache_wrapper):
                self._caches.append(each)
        gc.freeze()

    def at(self, places):
        return [each for one in places for each in self._at[one]]

    def forget(self):
        for cache in self._caches:
            if (cache.__module__ or "").startswith(("wsprobe", "tests")):
                cache.cache_clear()


class Marked(ast.NodeTransformer):
    """Each function of a file first calls ``called_here`` with its own name."""

    def __init__(self, path):
        self._path, self._names = path, list[str]()

    def visit_ClassDef(self, node):
        return self._inside(node, node.name)

    def visit_FunctionDef(self, node):
        self._inside(node, node.name, "<locals>")
        node.body.insert(0, ast.Expr(self._call(node.name)))
        return node

    def visit_AsyncFunctionDef(self, node):
        return self.visit_FunctionDef(node)

    def visit_Lambda(self, node):
        node.args = self.visit(node.args)
        with_call = ast.Tuple([self._call("<lambda>"), self.visit(node.body)], ast.Load())
        node.body = ast.Subscript(with_call, ast.Constant(1), ast.Load())
        return node

    def _inside(self, node, *names):
        for field, value in ast.iter_fields(node):
            if field != "body" and isinstance(value, list):
                setattr(node, field, [self.visit(each) for each in value])
            elif isinstance(value, ast.AST):
                setattr(node, field, self.visit(value))
        self._names += names
        node.body = [self.visit(each) for each in node.body]
        del self._names[-len(names) :]
        return node

    def _call(self, name):
        named = ast.Constant(function_name(self._path, ".".join((*self._names, name))))
        return ast.Call(ast.Name("called_here", ast.Load()), [named], [])


def function_name(path, qualified):
    return f"{path}:{qualified}"


class Test(NamedTuple):
    """What one test of the default run does."""

    name: str
    seconds: float
    passed: bool
    calls: frozenset[str]


class Measuring:
    """A plugin for pytest: which functions each test calls, itself or in the set-up that it shares."""

    def __init__(self):
        self._calls = set()
        self._shared = defaultdict(set)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef):
        before = set(self._calls)
        self._calls.clear()
        try:
            return (yield)
        finally:
            if fixturedef.scope != "function":
                self._shared[fixturedef.argname] |= self._calls
            self._calls |= before

    def run(self, session, functions, file):
        """Run all tests; write what each did to *file*, a line each."""
        session.config.pluginmanager.register(self)
        builtins.called_here = self._calls.add
        for path in sources():
            tree = Marked(path).visit(ast.parse((ROOT / path).read_text("utf-8")))
            for old, new in pairs(path, ast.fix_missing_locations(tree)):
                for each in functions.at([place(old)]):
                    each.__code__ = new
        with file.open("w") as out:
            for item, following in itertools.pairwise([*session.items, None]):
                assert item
                functions.forget()
                self._calls.clear()
                started = time.monotonic()
                reports = runtestprotocol(item, log=False, nextitem=following)
                passed = not any(report.failed for report in reports)
                shared = (self._shared.get(name, ()) for name in getattr(item, "fixturenames", ()))
                calls = self._calls.union(*shared)
                seconds = round(time.monotonic() - started, 4)
                out.write(json.dumps([item.nodeid, seconds, passed, sorted(calls)]) + "\n")


class Asking:
    """A plugin for pytest: once the tests are collected, each slip is made in a fork of this process."""

    def __init__(self, copy, asked, calls, seconds):
        self._copy, self._asked, self._file, self._seconds = copy, asked, calls, seconds
        self.counted = defaultdict(Counter)

    def pytest_runtestloop(self, session):
        for path in sources():
            if not path.endswith("__main__.py"):
                importlib.import_module(module_name(path))
        self._functions = Functions()
        if not self._file.exists():
            self._forked(lambda: Measuring().run(session, self._functions, self._file))
        self._items = {item.nodeid: item for item in session.items}
        lines = [json.loads(line) for line in self._file.read_text("utf-8").splitlines()]
        tests = [Test(name, seconds, passed, frozenset(calls)) for name, seconds, passed, calls in lines]
        self._tests = sorted(
            (each for each in tests if each.name in self._items), key=lambda each: each.seconds
        )
        self._new = self._items.keys() - {each.name for each in tests}
        print(f"{len(self._items)} tests, of which {len(self._new)} were not measured", flush=True)
        for test in self._tests:
            if not test.passed:
                print(f"left out, for it fails without any slip: {test.name}")
        for room, number, slip in self._asked:
            started = time.monotonic()
            outcome, why = self._tried(slip)
            self.counted[room][outcome] += 1
            taken = f"{time.monotonic() - started:.0f} s"
            print(f"== {room} {number} {outcome}, {taken}, {slip.path} {slip.operator} {why}", flush=True)
            if outcome != "killed":
                print(shown(slip), flush=True)
        return True

    def _tried(self, slip):
        """Whether a test noticed the slip: how it ended, and which test or how many."""
        changed = exchanged(slip)
        functions = self._functions.at(changed or ())

        def exchange():
            for function in functions:
                function.__code__ = (changed or {})[place(function.__code__)]

        # A generator's code that a module's own line runs is no function's: it is over with the import.
        if changed and functions:
            names = {function_name(slip.path, each.__code__.co_qualname) for each in functions}
            return self._asked_of(slip.path, names, exchange)
        if (named := constant(slip)) is not None:
            outcome, why = self._asked_of(slip.path, users()[named.name], lambda: self._set(slip.path, named))
            if outcome != "survived":
                return outcome, why
        return imported(self._copy, slip, self._files(slip.path), self._seconds)

    def _set(self, path, constant):
        """Give the constant its other value wherever it is imported."""
        module = vars(sys.modules[module_name(path)])
        before, after = module[constant.name], eval(constant.value, module)
        for each in [vars(each) for name, each in sys.modules.items() if name.startswith("wsprobe")]:
            if each.get(constant.name) is before:
                each[constant.name] = after

    def _asked_of(self, path, names, change):
        """How the tests end that call functions of these *names* after the *change* of the file *path*, and
        which test failed."""
        passing = [each for each in self._tests if each.passed]
        calling = [each.name for each in passing if names & each.calls]
        if not calling:  # new since the calls were measured
            near = self._files(path)[:NEAREST]
            calling = [each.name for each in passing if each.name.partition("::")[0] in near]
        tests = [*calling, *sorted(self._new)]
        told = self._copy / "last.txt"
        told.write_text(f"{len(tests)} tests")

        def ask():
            change()
            self._functions.forget()
            return run([self._items[name] for name in tests], told, self._seconds)

        status = self._forked(ask)
        outcome = {0: "survived", 1: "killed", -signal.SIGALRM: "timeout"}.get(status, f"odd ({status})")
        return outcome, told.read_text()

    def _files(self, path):
        """The files of tests that call functions of the file *path*, those that call little else first."""
        of_it, all_of_it = Counter[str](), Counter[str]()
        for test in self._tests:
            file = test.name.partition("::")[0]
            of_it[file] += sum(each.startswith(f"{path}:") for each in test.calls)
            all_of_it[file] += len(test.calls)
        return sorted(filter(of_it.get, of_it), key=lambda file: -of_it[file] / all_of_it[file])

    def _forked(self, work):
        """Do *work* in a fork; its status."""
        if (child := os.fork()) == 0:
            status = 3
            try:
                os.setsid()
                status = work() or 0
            except BaseException as error:  # must not run on as a second driver
                print(repr(error), flush=True)
            os._exit(status)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def run(items, told, seconds):
    """Run them, up to the first that fails. Returns 1 if there is one; SIGALRM ends one that hangs."""
    for item, following in itertools.pairwise([*items, None]):
        assert item
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        for report in runtestprotocol(item, log=False, nextitem=following):
            if report.failed:
                told.write_text(item.nodeid)
                return 1
    return 0


NEAREST = 12
"""How many files of tests run where a slip needs a new process: those that call little else than its file."""


def imported(copy, slip, files, seconds):
    """For a slip in what is worked out on import: in a copy of the tree, by a new process."""
    file = copy / slip.path
    kept = file.read_text("utf-8")
    file.write_text(made(slip), "utf-8")
    words = ["-m", "pytest", "-x", "-n", "0", "-p", "no:cacheprovider", *files[:NEAREST]]
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            [sys.executable, *words], cwd=copy, env=environment, capture_output=True, timeout=10 * seconds
        )
    except subprocess.TimeoutExpired:
        return "timeout", "(on import)"
    finally:
        file.write_text(kept, "utf-8")
    last = "".join(done.stdout.decode("utf-8", "replace").strip().splitlines()[-1:])
    outcome = {0: "survived", 1: "killed", 2: "killed"}.get(done.returncode, "odd")
    return outcome, f"(on import) {last}"


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
    words.add_argument("--timeout", type=float, default=60, help="seconds that one test may take (60)")
    words.add_argument(
        "--calls",
        type=Path,
        default=ROOT / ".pytest_cache" / "mutants.jsonl",
        help="what each test calls; measured anew where the file is missing (.pytest_cache/mutants.jsonl)",
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
    given.calls.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="wsprobe-mutants-") as name:
        copy = Path(name)
        for each in COPIED:
            source = ROOT / each
            if source.is_dir():
                shutil.copytree(source, copy / each, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy / each)
        asking = Asking(copy, asked, given.calls.absolute(), given.timeout)
        os.chdir(ROOT)
        pytest.main(["-x", "-n", "0", "-p", "no:cacheprovider", "--capture=no"], plugins=[asking])
    for room, counted in asking.counted.items():
        outcomes = ", ".join(f"{number} {outcome}" for outcome, number in counted.items())
        print(f"{room or 'all'}: {counted.total()} slips, {outcomes}")


if __name__ == "__main__":
    main()
