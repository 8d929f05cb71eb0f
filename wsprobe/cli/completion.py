"""Shell completion: the words that an option's value can be.

Each list of words comes from where it is defined, and nothing else is loaded: a person waits for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from wsprobe.cli.option import LAB


def places(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """Names of scenarios, once the word begins like ``lab:``."""
    if not LAB.startswith(incomplete[: len(LAB)]) or not incomplete:
        return [] if incomplete else [LAB]
    from wsprobe.lab import aliases, names  # a person waits for it

    return beginning(incomplete, (LAB + name for name in (*names(), *aliases())))


def places_and_files(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """The same, and files."""
    if LAB.startswith(incomplete[: len(LAB)]) and incomplete:
        return places(ctx, param, incomplete)
    from click.shell_completion import CompletionItem  # only to complete a word

    return [CompletionItem(incomplete, type="file")]


def specs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Specification revisions, the next one of a list, and the end of a range."""
    from wsprobe.history.data import revisions  # a person waits for it

    at = max(incomplete.rfind(",") + 1, incomplete.rfind("..") + 2 if ".." in incomplete else 0)
    return beginning(incomplete[at:], revisions() if at else (*revisions(), "all"), incomplete[:at])


def wires(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The wire versions."""
    from wsprobe.wire import WIRES  # a person waits for it

    return beginning(incomplete, WIRES)


def next_of_list(incomplete: str, words: Iterable[str]) -> list[str]:
    """What completes *incomplete*, a list with commas: those of *words* that are not in it yet."""
    begun, comma, last = incomplete.rpartition(",")
    return beginning(last, (word for word in words if word not in begun.split(",")), begun + comma)


def beginning(with_: str, words: Iterable[str], before: str = "") -> list[str]:
    """Those of *words* that begin with *with_*, each with *before* in front."""
    return [before + word for word in words if word.startswith(with_)]
