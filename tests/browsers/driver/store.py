"""The recordings folder: a file an engine, a compact JSON object a line, the scenarios in order of name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "recordings"


def path(engine: str, kind: str = "") -> Path:
    return FOLDER / f"{engine}{'-' if kind else ''}{kind}.jsonl"


def load(engine: str, kind: str = "") -> tuple[str, dict[str, dict[str, Any]]]:
    """The engine's version, and its recordings by name; nothing if there is no file."""
    file = path(engine, kind)
    lines = [json.loads(line) for line in file.read_text("utf-8").split("\n") if line] if file.exists() else []
    if not lines:
        return "", {}
    head, *rest = lines
    return head["version"], {line.pop("scenario"): line for line in rest}


def save(engine: str, version: str, recordings: Mapping[str, Mapping[str, Any]], kind: str = "") -> None:
    lines: Iterable[dict[str, Any]] = ({"scenario": name, **recordings[name]} for name in sorted(recordings))
    text = "".join(
        json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"
        for line in ({"engine": engine, "version": version}, *lines)
    )
    path(engine, kind).write_text(text, "utf-8")
