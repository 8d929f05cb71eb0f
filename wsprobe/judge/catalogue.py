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

from collections.abc import Iterator, Mapping
from typing import cast

from wsprobe.data_file import text_beside
from wsprobe.judge.finding import Entry, Level, Phase

_AS_FOR = "as for "


class Findings(Mapping[str, Entry]):
    """The entries of *text* by id, each also as an attribute ``ITS_ID``. An entry is parsed when it is first
    needed: most runs need a few, and all take 2 ms."""

    def __init__(self, text: str) -> None:
        """Raises ValueError for an id that appears twice."""
        self._blocks: dict[str, tuple[str, str]] = {}
        self._entries: dict[str, Entry] = {}
        phase = ""
        for block in text.strip().split("\n\n"):
            id, _, _ = block.partition("  ")
            if block.startswith("== "):
                phase, _, _ = block[3:].partition(":")
            elif id in self._blocks:
                raise ValueError(f"{id} appears twice")
            else:
                self._blocks[id] = (block, phase)

    def __iter__(self) -> Iterator[str]:
        return iter(self._blocks)

    def __len__(self) -> int:
        return len(self._blocks)

    def __getitem__(self, id: str) -> Entry:
        """Raises KeyError if there is none, ValueError for an incomplete one."""
        if id not in self._entries:
            self._entries[id] = self._parsed(*self._blocks[id])
        return self._entries[id]

    def __getattr__(self, name: str) -> Entry:
        id = name.lower().replace("_", "-")
        if id not in self._blocks:
            raise AttributeError(f"findings.txt has no {id}")
        entry = vars(self)[name] = self[id]
        return entry

    def _parsed(self, block: str, phase: str) -> Entry:
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
        if advice.startswith(_AS_FOR):
            advice = self[advice.removeprefix(_AS_FOR)].advice
        words = (title, meaning, usual, advice)
        return Entry(
            id, cast(Level, level), spec, cast(Phase, phase), *words, "undecided" in more, "tolerated" in more
        )


FINDINGS = F = Findings(text_beside(__file__, "findings.txt"))
"""All findings. Ids are stable and never reused."""
