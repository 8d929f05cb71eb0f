"""Console texts of the engines: recognises a pasted line by the texts in the data files.

A row of ``data/console`` has its ``text``, or in ``fact`` the place of the text in the facts of an engine
(ENGINE.TABLE.KEY or ENGINE.KEY; a list of places if several engines have it), with what is ``given`` for some
of its parts, and in ``also`` what the text is in other languages. Its ``engines`` are those of the file, or of
its facts. ``general``: the text leaves the cause open; ``shared``: other programs use the same words; ``last``:
no text follows. What a page itself prints about its socket, such as ``CloseEvent {code: 1006}`` or
``readyState 3``, leads to its topic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from wsprobe.browsers import BY_NAME, table, versions
from wsprobe.explain import tables
from wsprobe.explain.entry import PAGE, Topic, lab, load

FILES = ("chromium", "firefox", "webkitgtk", "clients")

_NAMES = {"chromium": "Chromium (Chrome, Edge)", "firefox": "Firefox", "webkitgtk": "WebKitGTK"}
"""The browsers, whose scripts get no text of an error; the other clients have only one name."""
_CURLY = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u00a0": " "})
_PLACE = re.compile(r"\{([a-z0-9]+)\}")
_SHAPES = {
    "url": r"\S*",
    "status": r"-?[0-9]+",
    "nostatus": r"(?![0-9]{3}\b)\S*",
    "opcode": r"[0-9]+",
    "port": r"[0-9]+",
    "code": r"-?[0-9]+",
    "error": r"\S.*",
    "detail": r"\S.*",
    "failure": r"\S.*",
    "rsv1": "[01]",
    "rsv2": "[01]",
    "rsv3": "[01]",
}
"""{name} -> its pattern; any other name matches free text."""


class Match(Struct, frozen=True):
    """A text found in a line."""

    row: dict[str, Any]
    engines: tuple[str, ...]
    found: str
    """The part of the line that matched."""
    values: dict[str, str]


def texts() -> tuple[str, ...]:
    """Every known text, with {name} for the parts that vary."""
    return tuple(row["text"] for _, row in _rows() if "english" not in row)


def find(line: str) -> Topic | None:
    """The explanation of *line*, copied from a console with the text around it; None if it is unknown, or if
    the text leaves the cause open."""
    match = recognise(line)
    return None if match is None or match.row.get("general") else _entry(match)


def find_general(line: str) -> Topic | None:
    """The explanation of *line*, even if its text leaves the cause open."""
    match = recognise(line)
    return None if match is None else _entry(match)


def recognise(line: str) -> Match | None:
    """The text in *line*: the longest of several, general ones last."""
    plain = " ".join(line.translate(_CURLY).split())
    best: tuple[tuple[bool, int], Match] | None = None
    for engines, row in _rows():
        pieces, length = _pieces(row["text"])
        if not all(piece in plain for piece in pieces):
            continue
        pattern = _pattern(row["text"])
        found = re.search(_WHOLE.format(pattern) if row["whole"] else pattern, plain)
        if found is None or (row.get("last") and plain[found.end() :].strip(" .\"')]")):
            continue
        weight = (not row.get("general", False), length)
        if best is None or weight > best[0]:
            best = (weight, Match(row, engines, found[0].strip(), found.groupdict()))
    return None if best is None else best[1]


@cache
def _pieces(text: str) -> tuple[tuple[str, ...], int]:
    """What is the same in every such text, and its length."""
    pieces = _PLACE.split(text)[::2]
    return tuple(piece.strip(" .") for piece in pieces), sum(map(len, pieces))


@cache
def _rows() -> tuple[tuple[tuple[str, ...], dict[str, Any]], ...]:
    """(engines, row) for each text."""
    return tuple(row for name in FILES for row in rows(name))


def rows(name: str) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """(engines, row) for each text in that one of FILES."""
    data = load(f"console/{name}")
    for row in data["message"]:
        found = (text for place in places(row) for text in fact(place, row.get("given", {})))
        engines = row.get("engines") or data.get("engines") or [_title(place) for place in places(row)]
        for text in dict.fromkeys([row["text"]] if "text" in row else found):
            whole = name == "clients" and text[0] != "["
            yield tuple(engines), {"whole": whole, **row, "text": text}
        for other in row.get("also", ()):
            yield tuple(engines), {"whole": False, **row, "text": other, "english": text}


def places(row: Mapping[str, Any]) -> list[str]:
    """The places of the row's text in the facts of engines; [] if the row has the text itself."""
    named = row.get("fact", [])
    return [named] if isinstance(named, str) else named


def _title(place: str) -> str:
    return BY_NAME[place.partition(".")[0]].title


def fact(place: str, given: Mapping[str, str]) -> Iterator[str]:
    """The texts that the versions of an engine have at *place*, with straight quotes."""
    engine, *part, key = place.split(".")
    tables = (table(engine, version) for version in versions(engine))
    tables = (facts.get(part[0], {}) if part else facts for facts in tables)
    for text in dict.fromkeys(facts[key] for facts in tables if key in facts):
        yield _PLACE.sub(lambda found: given.get(found[1], found[0]), text.translate(_CURLY))


_WHOLE = r"(?:(?<![\w -])|(?<=[:>] )|(?<=[Ee]rror )|(?<=[\])] ))(?:{})(?=$|\.?[\"',;)\]]|\.$| code | \(| at )"
"""Texts of clients are short, so one counts only as a whole statement: other programs use the same words within
longer ones."""


def _pattern(text: str) -> str:
    """*text* as a regular expression. White space before an empty last value may be missing, and so may the
    final full stop."""
    stopped = text.endswith(".")
    parts = _PLACE.split(text.removesuffix("."))
    pattern = ""
    for index, part in enumerate(parts):
        if index % 2:
            free = ".*?" if any(parts[index + 1 :]) else ".*"
            shape = _SHAPES.get(part, free)
            shortest = "?" if stopped and shape == _SHAPES["url"] and not any(parts[index + 1 :]) else ""
            pattern += f"(?P<{part}>{shape}{shortest})"
        else:
            stripped = part.rstrip(" ")
            pattern += re.escape(stripped) + (" ?" if stripped != part else "")
    return pattern + (_STOP if stopped else "")


_STOP = r"(?:\.(?=[\s\"')]|$)|(?=[\s\"')]|$))"


def _entry(match: Match) -> Topic:
    row = match.row
    means = [row["means"]]
    see = list(row.get("see", ()))
    status = match.values.get("status", "")
    if status.isdigit():
        means.append(tables.meaning(int(status)))
        see.insert(0, status)
    usual = () if row["usual"] == "see the status" else (("usually", row["usual"]),)
    facts = (
        ("written by", _writers(match)),
        *usual,
        ("what to do", row["fix"]),
        *_caused_by(status, row),
        *_says_more(match),
        *((PAGE,) if _of_browsers(match) else ()),
    )
    english = row.get("english", "")
    title = _PLACE.sub(lambda place: match.values.get(place[1], "..."), english) or match.found
    return Topic(title, "console text", title, tuple(means), facts, tuple(dict.fromkeys(see)))


def _writers(match: Match) -> str:
    names = ", ".join(_NAMES.get(engine, engine) for engine in match.engines)
    return f"{names}; other programs use the same words" if match.row.get("shared") else names


def _of_browsers(match: Match) -> bool:
    return _NAMES.keys() >= set(match.engines)


def _says_more(match: Match) -> tuple[tuple[str, str], ...]:
    """The clients that would have told the script the cause."""
    scenarios = match.row.get("scenarios", ())
    if not scenarios or not _of_browsers(match):
        return ()
    words = (
        "a script in ws, Deno and Bun reads the cause in the message of the error event; ws also gives headers "
        f"and body (wsprobe compare --browser clients lab:{scenarios[0]})"
    )
    return (("clients that tell a script more", words),)


def _caused_by(status: str, row: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    scenarios = list(row.get("scenarios", ()))
    answers = f"an answer with status {status}" if status else ", ".join(f"lab:{name}" for name in scenarios)
    return ((("caused by", answers),) if answers else ()) + lab(scenarios)


_CLOSE_EVENT = r"""(?i)\bclose ?event\b|\bwasClean\b|\btype['"]?\s*[:=]\s*['"]close\b"""
_CODE_PRINTED = r"""(?i)(?:\bcode['"]?\s*[:=]?\s*['"]?|\bclose ?event\W{1,3})(\d{3,5})\b"""
_ERROR_EVENT = r"""(?i)\bisTrusted['"]?\s*[:=]\s*['"]?(?:true|false)\b|^\[object (?:Error)?Event\]$"""
_MESSAGE_PRINTED = r"""(?i)\bmessage['"]?\s*:\s*['"]"""
_STATE = r"""(?i)(?:\w+\.)*readyState['")]?\s*(?:[:=]+|is)?\s*(?P<state>[0-3])\b.*"""
_STATES = ("CONNECTING", "OPEN", "CLOSING", "CLOSED")


def find_printed(asked: str) -> Topic | None:
    """The close code, the error event or the state of the socket that *asked* prints, or None."""
    if re.search(_CLOSE_EVENT, asked):
        code = re.search(_CODE_PRINTED, asked)
        return tables.find_close_code(int(code[1])) if code else tables.find_term("wasClean")
    if re.search(_ERROR_EVENT, asked) and not re.search(_MESSAGE_PRINTED, asked):
        return tables.find_term("error event")
    if state := re.fullmatch(_STATE, asked):
        return _ready_state(int(state["state"]))
    return None


def _ready_state(state: int) -> Topic | None:
    entry = tables.find_term("readyState")
    if entry is None:
        return None
    return replace(entry, title=f"{entry.title} {state} ({_STATES[state]})")
