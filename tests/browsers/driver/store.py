"""The recordings folder: a file a version of an engine, a compact JSON object a line, in order of scenario.

They are called ENGINE@VERSION, as ``--browser`` calls them; the first line has the whole version, and
the day on which they were last written. If it names another version of the engine as ``like``, the file has
only the recordings that are not as in the file of that one; one with nothing but its ``scenario`` was not made.
A line of ENGINE@VERSION.jsonl has, in the page's and the DOM's own words:

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
- ``of``: a digest of the scenario as it was then (measure.py); if it is another by now, no share leaves it out

``{ip}`` stands for the scenario's own address, the listeners' names for their ports, ``{page}`` for address
and port of a page elsewhere. A line of ENGINE@VERSION-requests.jsonl has the ``request`` sent in a situation
(situations.py), "" if there was none, and ``of``, a digest of that situation.
"""

import json
from datetime import date
from pathlib import Path
from zlib import crc32

import msgspec

from wsprobe.browsers import BY_NAME

FOLDER = Path(__file__).parent.parent / "recordings"


def digest(does):
    """What a recording has as its ``of``: another one as soon as what it is of *does* anything else."""
    return f"{crc32(msgspec.json.encode(does)):08x}"


def mapped(value, change):
    """*value* with each text in it as *change* has it: names in place of addresses."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [mapped(item, change) for item in value]
    if isinstance(value, dict):
        return {name: mapped(item, change) for name, item in value.items()}
    return value


def name_of(engine, version):
    """ENGINE@VERSION of the whole *version* that an engine gives for itself."""
    numbers = BY_NAME[engine].numbers if engine in BY_NAME else 1
    return f"{engine}@{'.'.join(version.split('.')[:numbers])}"


def names(folder=FOLDER):
    """ENGINE@VERSION of all that is recorded: engines in the order of the program, old versions first."""
    found = [file.name.removesuffix(".jsonl") for file in folder.glob("*@*.jsonl")]
    known = list(BY_NAME)
    return sorted((name for name in found if "-requests" not in name), key=lambda name: _key(name, known))


def _key(name, known):
    engine, _, version = name.partition("@")
    place = known.index(engine) if engine in known else len(known)
    return place, engine, [int(number) for number in version.split(".")]


def newest(engine, folder=FOLDER):
    """ENGINE@VERSION of the newest recordings of *engine*; *engine* itself where it is that, or has none."""
    return next((name for name in reversed(names(folder)) if name.partition("@")[0] == engine), engine)


def path(engine, kind="", folder=FOLDER):
    return folder / f"{newest(engine, folder)}{'-' if kind else ''}{kind}.jsonl"


def read(file):
    """The first line of a recordings file, and the recordings by name; nothing if there is no file."""
    if not file.exists():
        return {"version": ""}, {}
    head, *lines = [json.loads(line) for line in file.read_text("utf-8").split("\n") if line]
    below = read(_like(file, head["like"]))[1] if "like" in head else {}
    found = below | {line.pop("scenario"): line for line in lines}
    return head, {name: recording for name, recording in found.items() if recording}


def _like(file, version):
    """The file beside *file* of another *version* of its engine."""
    engine, _, rest = file.name.partition("@")
    return file.with_name(f"{engine}@{version}{'-requests' if '-requests' in rest else ''}.jsonl")


def load(engine, kind="", folder=FOLDER):
    """The whole version, and the recordings by name, of ENGINE@VERSION, or of the newest of an ENGINE; nothing
    if there is no file."""
    head, recordings = read(path(engine, kind, folder))
    return head["version"], recordings


def measured_on(name):
    """The day on which a recording of ENGINE@VERSION was last made: YYYY-MM-DD."""
    return read(path(name))[0]["measured"]


def save(engine, version, recordings, kind="", folder=FOLDER):
    """Write the recordings of *engine*, which may be ENGINE@VERSION, at that whole *version*."""
    engine = engine.partition("@")[0]
    file, before = (path(name, kind, folder) for name in (name_of(engine, version), engine))
    like = read(file)[0].get("like")
    if not file.exists() and before.exists():
        like = before.name.partition("@")[2].removesuffix(".jsonl").partition("-")[0]
    head = {"engine": engine, "version": version, "measured": date.today().isoformat()}
    rest = [(each, *read(each)) for each in folder.glob(f"{engine}@*.jsonl") if each != file]
    write(file, {**head, **({"like": like} if like else {})}, recordings)
    for each, its_head, its_recordings in rest:
        if "like" in its_head and _like(each, its_head["like"]) == file:
            write(each, its_head, its_recordings)


def write(file, head, recordings):
    """Write *recordings* below their *head*, without those that the file that it is ``like`` has too."""
    below = read(_like(file, head["like"]))[1] if "like" in head else {}
    lines = (
        {"scenario": name, **recordings.get(name, {})}
        for name in sorted(below | recordings)
        if below.get(name) != recordings.get(name)
    )
    text = "".join(
        json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in (head, *lines)
    )
    file.write_text(text, "utf-8")
