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
    row = _row(number)
    return None if row is None else _entry(number, row)


def name_of(number: int) -> str:
    """The registered or conventional name of close code *number*, or of its range; "" if there is none."""
    row = _row(number)
    return "" if row is None else str(row["name"])


def _row(number: int) -> dict[str, Any] | None:
    data = load("close_codes")
    exact = (row for row in data["code"] if row["number"] == number)
    ranges = (row for row in data["range"] if row["low"] <= number <= row["high"])
    return next(exact, None) or next(ranges, None)


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
