"""Remedies: how a server lets a page know why it refused, as code to copy."""

from __future__ import annotations

from typing import Any

from wsprobe.data_file import one_line, text_beside
from wsprobe.explain.entry import Topic, load, paragraphs

TOPIC = "remedy"


def topics() -> tuple[str, ...]:
    """The topics that `find` knows: ``remedy``, and ``remedy NAME`` for each program."""
    return (TOPIC, *(f"{TOPIC} {row['name']}" for row in _rows()))


def find(asked: str) -> Topic | None:
    """The choice for ``remedy``, the code of one program for ``remedy NAME``."""
    word, _, name = asked.lower().partition(" ")
    if word not in (TOPIC, "remedies"):
        return None
    if not name:
        return _choice()
    row = next((row for row in _rows() if name in (row["name"], *row.get("other", ()))), None)
    return None if row is None else _topic(row)


def _choice() -> Topic:
    choice = load("remedies")["choice"]
    names = ", ".join(row["name"] for row in _rows())
    facts = (*((label, one_line(text)) for label, text in choice["facts"]), ("programs", names))
    return Topic(TOPIC, TOPIC, choice["title"], paragraphs(choice["text"]), facts, tuple(choice["see"]))


def _topic(row: dict[str, Any]) -> Topic:
    name = f"{TOPIC} {row['name']}"
    facts = (("run", row["run"]), ("the code alone", f"wsprobe explain --code {name} > {row['save']}"))
    return Topic(name, TOPIC, row["title"], paragraphs(row["text"]), facts, tuple(row["see"]), _code(row))


def _code(row: dict[str, Any]) -> str:
    return text_beside(__file__, "data", "remedies", row["file"])


def _rows() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = load("remedies")["remedy"]
    return rows
