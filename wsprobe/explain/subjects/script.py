"""What a script in a browser can read of its socket, and what keeps it from having one."""

from __future__ import annotations

from wsprobe.explain.entry import Entry
from wsprobe.explain.files import lab, line, load

_LABELS = (("script", "script in a browser"), ("fix", "try"))
_OBJECTS = ("WebSocket.", "CloseEvent.", "event.", "ws.", "socket.")
"""What people write before an attribute's name."""


def topics() -> tuple[str, ...]:
    return tuple(row["name"] for row in load("script")["term"])


def find(asked: str) -> Entry | None:
    """The term that *asked* names, in any letter case, with or without the object it belongs to."""
    for word in _OBJECTS:
        if asked.lower().startswith(word.lower()):
            asked = asked[len(word) :]
    for row in load("script")["term"]:
        if asked.lower() in (name.lower() for name in (row["name"], *row.get("other", ()))):
            facts = tuple((label, line(row[key])) for key, label in _LABELS if key in row)
            text = (line(row["text"]),)
            return Entry(
                row["name"], "script", row["title"], text, facts + lab(row.get("lab", [])), tuple(row["see"])
            )
    return None
