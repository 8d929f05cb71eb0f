"""``wsprobe compare --measured FILE``: what a browser did, as recorded by the lab's page."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from wsprobe.cli.files import MEBIBYTE, read
from wsprobe.cli.option import LAB, usage_error
from wsprobe.cli.settings import Settings
from wsprobe.cli.streams import emit, look
from wsprobe.lab import UnknownScenario, find
from wsprobe.lab.measured import MEASURED, Measured, MeasuredError, all_held, load, nearest
from wsprobe.recording.archive import ascii_json
from wsprobe.report.outcome import Exit
from wsprobe.show.lines import fitted
from wsprobe.show.measured import one, summary, value

LONGEST = 64 * MEBIBYTE
"""The most bytes of a file: a run of all scenarios has about one MiB."""


def compare_measured(path: str, words: Sequence[str], engines: Sequence[str], settings: Settings) -> int:
    """Print the results in the file at *path* beside the views; with *words* (``lab:NAME``), only those
    scenarios.

    Returns 0 if the nearest view is right everywhere, otherwise 1. Raises click.UsageError.
    """
    with usage_error(OSError, MeasuredError, UnicodeDecodeError, where=f"--measured: {path}"):
        measured = load(read(path, LONGEST, "a run of the lab's page").decode("utf-8"))
    if words:
        names = [_name(word, measured) for word in words]
        measured = Measured(measured.browser, {name: measured.seen[name] for name in names})
    rows = all_held(measured, [engine for engine in engines if engine in MEASURED] or MEASURED)
    if settings.output.as_json:
        sys.stdout.write(ascii_json(value(measured, rows)).decode() + "\n")
    elif not settings.output.silent:
        of = look(sys.stdout, settings.output.color)
        lines = summary(measured, rows, of) if not words else []
        for name in rows if words else ():
            lines += ([()] if lines else []) + one(measured, measured.seen[name], rows[name], of)
        emit(fitted(lines, of), sys.stdout, of)
    near = nearest(rows)
    return Exit.OPEN if all(row[near].same for row in rows.values()) else Exit.DIFFERENT


def _name(word: str, measured: Measured) -> str:
    """The scenario that *word* names, which must have been measured."""
    with usage_error(UnknownScenario, where=word):
        name = find(word.removeprefix(LAB)).name
    if name not in measured.seen:
        why = measured.browser.leftOut.get(name, "the file does not have it")
        raise click.UsageError(f"{word}: was not measured: {why}")
    return name
