"""Sections of the specifications that decide how an answer is read."""

from __future__ import annotations

from wsprobe.explain.entry import Entry
from wsprobe.explain.files import line, load, paragraphs


def topics() -> tuple[str, ...]:
    return tuple(row["topic"] for row in load("sections")["section"])


def find(topic: str) -> Entry | None:
    if "-" not in topic:
        return None
    for row in load("sections")["section"]:
        if topic == row["topic"]:
            facts = tuple((label, line(said)) for label, said in row.get("steps", {}).items())
            return Entry(topic, "section", row["title"], paragraphs(row["text"]), facts, tuple(row["see"]))
    return None
