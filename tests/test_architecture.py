"""The house rules that code can hold: which way imports run, what each command may load."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "wsprobe"
FILES = sorted(PACKAGE.rglob("*.py"))

LAYERS = {
    "value": -1,
    "exchange": 0,
    "outcome": 0,
    "pattern": 0,
    "visible": 0,
    "nearest": 0,
    "target": 1,
    "opening": 1,
    "certificate": 1,
    "read": 2,
    "redaction": 3,
    "followup": 3,
    "wire": 3,
    "conversation": 3,
    "archive": 4,
    "judge": 4,
    "browsers": 4,
    "remedy": 5,
    "history": 5,
    "net": 5,
    "report": 6,
    "lab": 6,
    "explain": 7,
    "show": 8,
    "cli": 9,
}
"""A module imports only what stands at its own number, within itself, or below."""

ALLOWED_UP = {
    # The session is spoken in a wire version, and a wire version answers for its session.
    ("conversation", "wire"),
    ("wire", "conversation"),
    ("read", "wire"),
    ("report", "judge"),
    ("report", "browsers"),
}

ONLY_IN = {
    "trio": ("net", "lab"),
    "socket": ("net", "lab"),
    "ssl": ("net", "lab"),
    "time": ("net", "lab"),
    "rich": ("show",),
    "click": ("cli",),
    "trustme": ("lab",),
}


def imported(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def part(name: str) -> str:
    """The part of the house that a dotted name belongs to."""
    return name.split(".")[1] if name.count(".") else ""


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_one_way(path: Path) -> None:
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for name in imported(ast.parse(path.read_text())):
        if not name.startswith("wsprobe.") or own not in LAYERS:
            continue
        other = part(name)
        if other not in LAYERS or other == own or (own, other) in ALLOWED_UP:
            continue
        assert LAYERS[other] < LAYERS[own] or {own, other} <= {"target", "opening"}, f"{own} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_io_stays_at_the_edge(path: Path) -> None:
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for name in imported(ast.parse(path.read_text())):
        allowed = ONLY_IN.get(name.split(".")[0])
        assert allowed is None or own in allowed, f"{own} imports {name}"


def test_judge_and_browsers_do_not_know_each_other() -> None:
    for path in FILES:
        own = path.relative_to(PACKAGE).parts[0]
        if own in ("judge", "browsers"):
            other = {"judge": "browsers", "browsers": "judge"}[own]
            assert not [
                n
                for n in imported(ast.parse(path.read_text()))
                if part(n) == other and n.startswith("wsprobe.")
            ]


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (["--help"], ["trio", "ssl", "rich", "h11", "json"]),
        (["--version"], ["trio", "ssl", "rich", "h11"]),
        (["connect", "--help"], ["trio", "ssl", "rich", "h11"]),
        (["explain", "1006"], ["trio", "ssl", "rich", "h11"]),
        (["compare", "--help"], ["trio", "ssl", "rich", "h11"]),
        (
            ["connect", "--unix-socket", "/nonexistent", "ws://localhost/"],
            ["rich", "h11", "json", "tomllib", "ada_url", "wsprobe.history.revision", "wsprobe.archive"],
        ),
    ],
    ids=" ".join,
)
def test_what_a_quick_command_loads(arguments: list[str], unwanted: list[str]) -> None:
    code = (
        "import sys\n"
        "from wsprobe.cli.main import run\n"
        f"run({arguments!r})\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert not set(unwanted) & set(done.stderr.split())
