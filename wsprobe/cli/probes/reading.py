"""Recordings from files and standard input, and the report of one."""

from __future__ import annotations

import sys
from typing import IO

import click

from wsprobe.exchange import Exchange
from wsprobe.history import judged
from wsprobe.judge import outcome
from wsprobe.outcome import STATUS_OF
from wsprobe.read import read
from wsprobe.report import Report


def report(exchange: Exchange) -> Report:
    """Read one recording, and judge it by the wire version that was spoken."""
    reading = read(exchange)
    verdict = judged(reading)
    word = outcome(reading, verdict)
    return Report(reading=reading, verdict=verdict, outcome=word, exit_status=int(STATUS_OF[word]))


def recordings(name: str) -> list[Exchange]:
    """The recordings in file *name*, one a line; ``-`` is standard input.

    Raises click.UsageError, with the line's number, for one that cannot be read.
    """
    if name == "-":
        return _load(sys.stdin.buffer, "standard input")
    try:
        with open(name, "rb") as file:
            return _load(file, name)
    except OSError as error:
        raise click.UsageError(f"{name}: {error.strerror}") from None


def _load(file: IO[bytes], name: str) -> list[Exchange]:
    from wsprobe.archive import ArchiveError, load

    found = []
    for number, each in enumerate(file, 1):
        if not each.strip():
            continue
        try:
            found.append(load(each.decode("utf-8")))
        except UnicodeDecodeError:
            raise click.UsageError(f"{name}, line {number}: not a recording: not UTF-8 text") from None
        except ArchiveError as error:
            raise click.UsageError(f"{name}, line {number}: {error}") from None
    return found
