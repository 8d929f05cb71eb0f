"""Which options go together: reads ``together.txt``, before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

import click

from wsprobe.data_file import text_beside

BOTH = "{this} and {that} cannot be used together"


def rows() -> Iterator[tuple[str, list[str], str]]:
    """Yields the rows: the class name of a section, the words before the bar, and the text."""
    section = ""
    for line in re.sub(r"\n +", " ", text_beside(__file__, "together.txt")).split("\n"):
        if line.startswith("["):
            section = line.strip("[]")
        elif section and line:
            words, text = line.split(" | ", 1)
            yield section, words.split(), re.sub(r"^\*", BOTH, text)


def check(sections: Collection[str], given: Mapping[str, object]) -> None:
    """Raises click.UsageError for the first row that is broken. *sections*: the class names of those that the
    command has; *given*: option -> value, of each that does not have its default."""
    for section, words, text in rows():
        if section not in sections:
            continue
        found = {"these": list[str]()}
        kind = "these"
        for word in words:
            if not word.startswith("-"):
                kind = word
                found[kind] = []
            elif _is_given(word, given):
                found[kind].append(word.replace("=", " "))
        these, others = found["these"], found.get("not")
        if these and others != [] and not found.get("needs"):
            that = others or [""]
            raise click.UsageError(text.format(this=these[0], that=that[0], all=" and ".join(that)))


def _is_given(word: str, given: Mapping[str, object]) -> bool:
    option, mark, value = word.partition("=")
    return option in given and (not mark or str(given[option]) == value)
