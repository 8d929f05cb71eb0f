"""The recordings folder: a file a version of an engine, a compact JSON object a line, in order of scenario.

They are called ENGINE@VERSION, as ``--browser`` calls them; the first line has the whole version, and
the day on which they were last written. A line of
ENGINE@VERSION.jsonl has, in the page's and the DOM's own words:

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
and port of a page elsewhere. A line of ENGINE@VERSION-requests.jsonl has the ``request`` sent in a situation
(situations.py), "" if there was none.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from wsprobe.browsers import BY_NAME

FOLDER = Path(__file__).parent.parent / "recordings"


def name_of(engine, version):
    """ENGINE@VERSION of the whole *version* that an engine gives for itself."""
    numbers = BY_NAME[engine].numbers if engine in BY_NAME else 1
    return f"{engine}@{'.'.join(version.split('.')[:numbers])}"


def names():
    """ENGINE@VERSION of all that is recorded: engines in the order of the program, old versions first."""
    found = [file.name.removesuffix(".jsonl") for file in FOLDER.glob("*@*.jsonl")]
    known = list(BY_NAME)
    return sorted((name for name in found if "-requests" not in name), key=lambda name: _key(name, known))


def _key(name, known):
    engine, _, version = name.partition("@")
    place = known.index(engine) if engine in known else len(known)
    return place, engine, [int(number) for number in version.split(".")]


def newest(engine):
    """ENGINE@VERSION of the newest recordings of *engine*; *engine* itself where it is that, or has none."""
    return next((name for name in reversed(names()) if name.partition("@")[0] == engine), engine)


def path(engine, kind=""):
    return FOLDER / f"{newest(engine)}{'-' if kind else ''}{kind}.jsonl"


def load(engine, kind=""):
    """The whole version, and the recordings by name, of ENGINE@VERSION, or of the newest of an ENGINE; nothing
    if there is no file."""
    file = path(engine, kind)
    lines = [json.loads(line) for line in file.read_text("utf-8").split("\n") if line] if file.exists() else []
    if not lines:
        return "", {}
    head, *rest = lines
    return head["version"], {line.pop("scenario"): line for line in rest}


def measured_on(name):
    """The day on which a recording of ENGINE@VERSION was last made: YYYY-MM-DD."""
    with path(name).open(encoding="utf-8") as file:
        day = json.loads(file.readline())["measured"]
    return day


def save(engine, version, recordings, kind=""):
    """Write the recordings of *engine*, which may be ENGINE@VERSION, at that whole *version*."""
    engine = engine.partition("@")[0]
    lines = ({"scenario": name, **recordings[name]} for name in sorted(recordings))
    text = "".join(
        json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"
        for line in ({"engine": engine, "version": version, "measured": date.today().isoformat()}, *lines)
    )
    path(name_of(engine, version), kind).write_text(text, "utf-8")
