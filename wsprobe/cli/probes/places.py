"""The words that name what to probe: URLs, ``lab:NAME``, ``@FILE``, ``-``, and files with recordings."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import click

LAB = "lab:"
RECORDED = (".json", ".jsonl")
"""No top-level domain is called so: who writes it means a file."""


def expand(words: Sequence[str]) -> list[str]:
    """*words* with ``@FILE`` and ``-`` replaced by the lines of that file or of standard input.

    Empty lines and lines that begin with ``#`` are left out. Raises click.UsageError if a file cannot be
    read or nothing is left.
    """
    places = list(_expand(words))
    if not places:
        raise click.UsageError("no URL: name one, or @FILE, or - for standard input")
    return places


def _expand(words: Sequence[str]) -> Iterator[str]:
    for word in words:
        if word == "-":
            yield from _lines(sys.stdin, "standard input")
        elif word.startswith("@"):
            try:
                with open(word[1:], encoding="utf-8") as file:
                    yield from _lines(file, word[1:])
            except OSError as error:
                raise click.UsageError(f"{word[1:]}: {error.strerror}") from None
        elif word.lower().endswith(RECORDED) and "/" not in word:
            raise click.UsageError(
                f"{word!a} is a file's name, not a URL: wsprobe compare reads recordings, @FILE is a list of "
                "URLs"
            )
        else:
            yield word


def _lines(lines: Iterable[str], name: str) -> Iterator[str]:
    try:
        for number, each in enumerate(lines, 1):
            text = each.strip(" \t\r\n\f\ufeff")  # some editors begin a file with U+FEFF
            if text and not text.startswith("#"):
                _check(text, f"{name}, line {number}")
                yield text
    except UnicodeDecodeError:
        raise click.UsageError(f"{name}: not a text file in UTF-8") from None


def _check(text: str, where: str) -> None:
    from wsprobe import target

    if text.startswith(LAB):
        return
    try:
        target.parse(text)
    except target.TargetError as error:
        raise click.UsageError(f"{where}: {error}") from None


def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """Shell completion: names of scenarios, as soon as the word can become ``lab:``; else files, for a command
    that takes some."""
    if LAB.startswith(incomplete[: len(LAB)]) and incomplete:
        from wsprobe.lab.catalogue import aliases, names

        return [LAB + name for name in (*names(), *aliases()) if (LAB + name).startswith(incomplete)]
    if ctx.info_name != "compare":
        return [] if incomplete else [LAB]
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]
