"""The house rules that code can hold: which way imports run, what each command may load."""

import ast
import re
import socket
import subprocess
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from wsprobe.exchange import Plan
from wsprobe.lab import find
from wsprobe.lab.play import play
from wsprobe.recording import archive
from wsprobe.request import opening, target

PACKAGE = Path(__file__).parent.parent / "wsprobe"
PRINTED = PACKAGE / "explain/data/remedies"
"""Code for others that `explain remedy` prints, and nothing of ours imports."""
FILES = sorted(path for path in PACKAGE.rglob("*.py") if PRINTED not in path.parents)

FLOORS = (
    ("version", "exchange", "text", "nearest", "search", "schedule", "cached", "data_file", "exception_groups"),
    ("request",),
    ("read",),
    ("wire", "recording"),
    ("judge", "browsers", "browser_logs"),
    ("history", "diagnosis", "session", "relay"),
    ("talk", "report"),
    ("net", "trace", "watch"),
    ("lab",),
    ("page", "explain"),
    ("show",),
    ("cli", "testing"),
)
"""The parts of the house, lowest first. A module imports from its own part, from its own floor, or from below;
the test for circles holds what floors cannot."""

LEVEL = {part: number for number, parts in enumerate(FLOORS) for part in parts}

ONLY_IN = {
    "trio": ("net", "lab", "page"),
    "socket": ("net", "lab"),
    "ssl": ("net", "lab"),
    "time": ("net", "lab"),
    "rich": ("show",),
    "click": ("cli",),
    "trustme": ("lab",),
    "prometheus_client": ("watch",),
    "dask": ("net",),
    "distributed": ("net",),
}


def imported(found):
    """The dotted names that are imported: at the top, late in a function, or for the type checker alone."""
    names = set()
    for node in found:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def part(module):
    """The part of the house that a dotted name belongs to."""
    return module.split(".")[1] if module.count(".") else ""


def module_of(path):
    dotted = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    return dotted.removesuffix(".__init__")


@cache
def parsed():
    """Not when the tests are collected, which each worker does."""
    return {path: ast.parse(path.read_text()) for path in FILES}


@cache
def nodes():
    """All of a file's; to walk a tree takes as long as to parse it."""
    return {path: list(ast.walk(tree)) for path, tree in parsed().items()}


@cache
def modules():
    """Module -> what it imports."""
    return {module_of(path): imported(found) for path, found in nodes().items()}


@cache
def arrows():
    """Module -> the modules of ours that it imports. A name that a package defines is the package."""
    found = {}
    for module, names in modules().items():
        ours = {name for name in names if name.startswith("wsprobe.")}
        targets = {name if name in modules() else name.rpartition(".")[0] for name in ours}
        found[module] = {target for target in targets if target in modules()} - {module}
    return found


def circle(graph):
    """Modules that import one another in a circle; empty if none do."""
    done = set()

    def walk(module, way):
        if module in way:
            return [*way[way.index(module) :], module]
        if module in done:
            return []
        for other in sorted(graph[module]):
            if found := walk(other, [*way, module]):
                return found
        done.add(module)
        return []

    return next((found for module in sorted(graph) if (found := walk(module, []))), [])


def test_imports_run_one_way():
    offenders = [
        f"{module} imports {other}"
        for module, others in arrows().items()
        for other in others
        if part(module) in LEVEL and part(other) in LEVEL
        if LEVEL[part(other)] > LEVEL[part(module)]
    ]
    assert offenders == []


def test_no_module_imports_itself_by_way_of_others():
    assert circle(arrows()) == []
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]


def test_every_part_has_a_floor():
    assert {part(module) for module in modules()} - set(LEVEL) <= {"", "__main__"}


def test_no_string_hides_an_import():
    hidden = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}: {node.value}"
        for path, found in nodes().items()
        for node in found
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if re.fullmatch(r"wsprobe(\.\w+)+(:\w+)?", node.value)
    ]
    assert hidden == []


def test_no_half_of_a_sentence_is_lost():
    """A second line of text that stands behind an assignment, without parentheses, is no part of it."""
    lost = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}: {node.value.value}"
        for path, found in nodes().items()
        for function in found
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for before, node in pairwise(function.body)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node.value.value, str)
        if not (isinstance(before, ast.Assign | ast.AnnAssign) and "self." in ast.unparse(before).split("=")[0])
    ]
    assert lost == []


def test_no_docstring_has_half_a_quotation():
    """Broken over two lines as a string literal is, a docstring keeps a quotation mark at the end of the first
    line and one at the start of the second; a formatter may remove one of them."""
    torn = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path, found in nodes().items()
        for node in found
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(text := node.value.value, str) and (text.count('"') % 2 or re.search(r' "\n *"', text))
    ]
    assert torn == []


def test_io_stays_at_the_edge():
    offenders = [
        f"{module} imports {name}"
        for module, names in modules().items()
        for name in names
        if name.split(".")[0] in ONLY_IN and part(module) not in ONLY_IN[name.split(".")[0]]
    ]
    assert offenders == []


def test_judge_and_browsers_do_not_know_each_other():
    strangers = {"judge": "browsers", "browsers": "judge"}
    graph = arrows().items()
    assert [m for m, others in graph for o in others if strangers.get(part(m)) == part(o)] == []


def late_imports():
    """Where they are, and whether a comment gives the reason, beside each or on the line above it."""
    found = {}
    for path, of_file in nodes().items():
        rows = path.read_text().splitlines()
        for function in of_file:
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.ImportFrom | ast.Import) and "wsprobe" in ast.unparse(node):
                    beside, above = rows[node.lineno - 1], rows[node.lineno - 2].strip()
                    found[f"{path.relative_to(PACKAGE)}:{node.lineno}"] = "  # " in beside or above[:1] == "#"
    return list(found.items())


def test_an_import_in_a_function_has_a_reason():
    """Each saves start-up time that can be measured (``python -X importtime``) where it is not reached: rich,
    Dask, HTTP/2, engines, the lab, the work of a command."""
    assert [where for where, reason in late_imports() if not reason] == []


def test_a_module_that_is_loaded_is_not_imported_again():
    """Neither for types alone nor in a function: that would say that loading it is avoided."""
    again = []
    for path, tree in parsed().items():
        loaded = {node.module for node in tree.body if isinstance(node, ast.ImportFrom)}
        deeper = [node for each in tree.body if not isinstance(each, ast.ImportFrom) for node in ast.walk(each)]
        again += [
            f"{path.relative_to(PACKAGE)}:{node.lineno}"
            for node in deeper
            if isinstance(node, ast.ImportFrom)
            # A package may be loaded while its modules are not.
            if node.module in loaded and not (PACKAGE.parent / node.module.replace(".", "/")).is_dir()
        ]
    assert again == []


LONGEST = 70
"""Lines of a function."""


def test_no_function_is_longer_than_a_screen_or_two():
    long = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}: {node.name}"
        for path, found in nodes().items()
        for node in found
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (node.end_lineno or node.lineno) - node.lineno >= LONGEST
    ]
    assert long == []


def test_folders_are_at_most_two_deep():
    assert [path for path in FILES if len(path.relative_to(PACKAGE).parts) > 3] == []


TWICE = {"Report"}
"""Names of two classes: the second is what Python users get, and adds to the first."""


def test_the_name_of_a_class_means_one_thing():
    """Outside browsers/, whose engines are sisters, and code that explain prints for others."""
    homes = {}
    for path, tree in parsed().items():
        if "browsers" in path.parts or "remedies" in path.parts:
            continue
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes.setdefault(node.name, []).append(module_of(path))
    assert {name: found for name, found in homes.items() if len(found) > 1 and name not in TWICE} == {}


@pytest.mark.programs
@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (["--help"], ["trio", "ssl", "rich", "h11", "json"]),
        (["--version"], ["trio", "ssl", "rich", "h11"]),
        (["connect", "--help"], ["trio", "ssl", "rich", "h11"]),
        (["explain", "1006"], ["trio", "ssl", "rich", "h11"]),
        (["compare", "--help"], ["trio", "ssl", "rich", "h11"]),
        (["compare", "--browser-mode", "OFFLINE"], ["trio", "ssl", "rich", "wsprobe.lab.installed"]),
        (["compare", "--json", "--browser-mode", "OFFLINE"], ["trio", "ssl", "rich", "wsprobe.lab.installed"]),
        (["compare", "OFFLINE", "OFFLINE"], ["trio", "ssl", "rich", "wsprobe.lab.installed"]),
        (["trace", "--help"], ["trio", "ssl", "rich", "h11"]),
        (["trace", "--dry-run", "ws://localhost/"], ["rich", "wsprobe.trace.audit_requests"]),
        (["watch", "--help"], ["trio", "ssl", "rich", "h11", "prometheus_client"]),
        (
            ["connect", "--unix-socket", "/nonexistent", "ws://localhost/"],
            [
                "rich",
                "h11",
                "json",
                "tomllib",
                "ada_url",
                "wsprobe.history.data",
                "wsprobe.recording.archive",
            ],
        ),
    ],
    ids=" ".join,
)
def test_what_a_quick_command_loads(arguments, unwanted, tmp_path):
    saved = tmp_path / "saved"
    server = target.parse("ws://server.example/")
    plan = Plan(server, opening.request(server, opening.Offer(key="AAECAwQFBgcICQoLDA0ODw==")))
    saved.write_text(archive.dump(play(find("status-403"), plan)))
    arguments = [str(saved) if each == "OFFLINE" else each for each in arguments]
    done = subprocess.run(listing_modules(arguments), capture_output=True, text=True, check=True, timeout=60)
    assert not set(unwanted) & set(done.stderr.split())


@pytest.mark.programs
def test_a_refusal_loads_no_tables_of_rarer_answers():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)
        command = listing_modules(["connect", f"ws://127.0.0.1:{listener.getsockname()[1]}/"])
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
            peer, _ = listener.accept()
            with peer:
                peer.recv(65536)
                peer.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            report, loaded = program.communicate(timeout=60)
    assert "Usual causes" in report
    assert not {"rich", "json", "tomllib", "http", "wsprobe.diagnosis.session"} & set(loaded.split())


def listing_modules(arguments):
    """A command that runs wsprobe and lists what was loaded for it, on standard error."""
    code = (
        "import sys\n"
        "from wsprobe.cli.main import run\n"
        f"run({arguments!r})\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)\n"
    )
    return [sys.executable, "-c", code]
