"""Close codes: the IANA registry, the ranges, and what frameworks agree on."""

from __future__ import annotations

from typing import Any

from wsprobe.explain.entry import Entry
from wsprobe.explain.files import lab, line, load, paragraphs

HIGHEST = 65535


def topics() -> tuple[str, ...]:
    return tuple(str(row["number"]) for row in load("close_codes")["code"])


def find(number: int) -> Entry | None:
    """The close code *number*: its own row, or that of its range. None if no Close frame can carry it."""
    data = load("close_codes")
    for row in data["code"]:
        if row["number"] == number:
            return _entry(number, row)
    for row in data["range"]:
        if row["low"] <= number <= row["high"]:
            return _entry(number, row)
    return None


def _entry(number: int, row: dict[str, Any]) -> Entry:
    script = row.get("script") or "close with this code and the server's reason, wasClean true, without error."
    facts = (
        ("defined by", row["spec"]),
        ("in a Close frame", "allowed" if row["sent"] else "never, a frame that carries it is an error"),
        ("script", line(script)),
        ("usually", row["usual"]),
        ("what to do", line(row["fix"])),
        *lab(row.get("scenarios", ())),
    )
    title = f"{number} {row['name']}"
    return Entry(str(number), "close code", title, paragraphs(row["means"]), facts, tuple(row.get("see", ())))
