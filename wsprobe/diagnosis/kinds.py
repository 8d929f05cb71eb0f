"""Reads ``causes.txt``, the vocabulary of causes: the ids for every command and file, and what each means in
general. A heading begins each group, and an entry is::

    upgrade-lost: The kind in a few words
      What it means, over several lines if need be.
      do: What to do about it.

``tls-port (any request): ...``: words of a server for it are its reason even beside a fault of the handshake.
Only `explain`, whoever checks an id, and few causes need it.
"""

from __future__ import annotations

from functools import cache

import msgspec

from wsprobe.data_file import text_beside
from wsprobe.diagnosis.no_answer import failures_of_the_way


class CauseKind(msgspec.Struct, frozen=True):
    """A kind of cause: its general meaning."""

    title: str
    meaning: str
    fix: str
    any_request: bool = False
    """No fault of the handshake leads to it."""


def parse(text: str) -> dict[str, CauseKind]:
    """The kinds in *text* by id. Raises ValueError for an entry without meaning or advice, or an id that is
    there twice."""
    found: dict[str, CauseKind] = {}
    for block in text.strip().split("\n\n"):
        if block.startswith("== "):
            continue
        first, *lines = block.split("\n")
        named, _, title = first.partition(": ")
        id = named.removesuffix(_ANY)
        meaning, marked, fix = " ".join(line.strip() for line in lines).partition(" do: ")
        if id in found or not (title and meaning and marked and fix):
            raise ValueError(f"causes.txt: {id}")
        found[id] = CauseKind(title, meaning, fix, named != id)
    return found


_ANY = " (any request)"


@cache
def kinds() -> dict[str, CauseKind]:
    """Every kind of cause by its id. Ids are stable and never reused. What kept a request from being sent has
    the id of its finding besides."""
    return parse(text_beside(__file__, "causes.txt"))


def for_any_request(id: str) -> bool:
    """Whether no fault of the handshake leads to the cause *id*: words for it are the reason."""
    return kinds()[id].any_request


def all_kinds() -> dict[str, CauseKind]:
    """Every kind of cause by its id, with those of connecting to the server."""
    way = {id: CauseKind(of.title, of.meaning, of.advice) for id, of in failures_of_the_way().items()}
    return {**way, **kinds()}
