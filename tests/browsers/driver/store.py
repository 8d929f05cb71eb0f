"""The recordings folder: a file an engine, a compact JSON object a line, the scenarios in order of name.

The first line names engine and version. A line of ENGINE.jsonl has, in the page's and the DOM's own words:

- ``scenario``: its name in the lab's catalogue
- ``exception``: what the constructor threw (name, message, legacy code), or null
- ``url``: ``WebSocket.url``, "" after an exception
- ``events``: each with ``rs``, readyState while it was delivered; ``throw`` is an exception of a later call.
  A long message is cut to 200 units, its ``size`` written down; of more than 40 events the first 40 are kept
- ``readyState``: at the end, or when the page gave up
- ``console``: texts, without place and level
- ``capped``: only if the page had to close the socket itself, six seconds on: what came of that
- ``asked``: the request lines that reached the server; ``followed``: later requests, whole
- ``value``: document.cookie at the end, where the scenario sets cookies
- ``races``: other results that came when it was measured five times, and how often

``{ip}`` stands for the scenario's own address, the listeners' names for their ports, ``{page}`` for address
and port of a page elsewhere. A line of ENGINE-requests.jsonl has the ``request`` sent in a situation
(situations.py), "" if there was none.
"""

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
