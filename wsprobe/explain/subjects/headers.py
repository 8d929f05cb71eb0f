"""The headers of a handshake: who writes them, what is checked, what script in a browser can do about them."""

from __future__ import annotations

import re

from wsprobe.explain.entry import Entry
from wsprobe.explain.files import line, load

_ASKED = re.compile(r"(?P<name>[A-Za-z0-9-]+)(?: headers?|:.*)?")
_LABELS = (
    ("request", "in the request"),
    ("answer", "in the answer"),
    ("script", "script in a browser"),
    ("fix", "try"),
)


def topics() -> tuple[str, ...]:
    return tuple(row["name"] for row in load("headers")["header"])


def find(asked: str) -> Entry | None:
    """The header that *asked* names, as ``Origin``, ``origin header`` or a whole line of it."""
    match = _ASKED.fullmatch(asked)
    if match is None:
        return None
    for row in load("headers")["header"]:
        if row["name"].lower() == match["name"].lower():
            facts = tuple((label, line(row[key])) for key, label in _LABELS if key in row)
            return Entry(row["name"], "header", row["title"], (line(row["text"]),), facts, tuple(row["see"]))
    return None
