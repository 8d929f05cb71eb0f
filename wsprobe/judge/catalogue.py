"""Reads ``findings.txt``, the catalogue of findings: all of them, in the order in which they are listed.

A rule names a finding ``F.ACCEPT_CASE``. In the file a heading begins each phase, and an entry is::

    accept-case  fail  RFC 6455 section 4.1, item 4
    The fault in a few words
      What it means in general, over several lines if need be.
      usually: the usual cause
      do: What to do next.

After the level, ``undecided``: the specification does not decide whether a client may go on; ``tolerated``: the
client goes on although the server breaks a MUST. ``do: as for ID``: the advice of an earlier entry.
"""

from __future__ import annotations

from typing import cast

from msgspec.structs import replace

from wsprobe.data_file import text_beside
from wsprobe.judge.finding import Entry, Level, Phase

_AS_FOR = "as for "


def parse(text: str) -> dict[str, Entry]:
    """The entries of *text* by id. Raises ValueError for an incomplete entry, or an id that appears twice."""
    found: dict[str, Entry] = {}
    phase = ""
    for block in text.strip().split("\n\n"):
        if block.startswith("== "):
            phase = block[3:].partition(":")[0]
            continue
        entry = _entry(block, cast(Phase, phase))
        if entry.id in found:
            raise ValueError(f"{entry.id} appears twice")
        if entry.advice.startswith(_AS_FOR):
            entry = replace(entry, advice=found[entry.advice.removeprefix(_AS_FOR)].advice)
        found[entry.id] = entry
    return found


def _entry(block: str, phase: Phase) -> Entry:
    first, title, *lines = block.split("\n")
    id, marks, spec = first.split("  ")
    level, *more = marks.split()
    parts: dict[str, list[str]] = {"": [], "usually": [], "do": []}
    part = ""
    for line in lines:
        word, colon, rest = line[2:].partition(": ")
        if colon and word in parts:
            part = word
            parts[part].append(rest)
        else:
            parts[part].append(line.strip())
    meaning, usual, advice = (" ".join(each) for each in parts.values())
    words = (title, meaning, usual, advice)
    return Entry(id, cast(Level, level), spec, phase, *words, "undecided" in more, "tolerated" in more)


class _Findings:
    """All findings, each as an attribute that has the name of its id."""

    def __init__(self, found: dict[str, Entry]) -> None:
        vars(self).update({id.upper().replace("-", "_"): entry for id, entry in found.items()})

    def __getattr__(self, name: str) -> Entry:
        raise AttributeError(f"findings.txt has no {name.lower().replace('_', '-')}")


FINDINGS = parse(text_beside(__file__, "findings.txt"))
"""All findings by id. Ids are stable and never reused."""

F = _Findings(FINDINGS)
