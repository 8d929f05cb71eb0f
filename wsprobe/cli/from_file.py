"""Values that a person keeps in a file, because others can read a command line: ``-H @FILE``, ``--bearer
@FILE``, ``--pass @FILE``, ``-w @FILE``, and ``-K FILE`` with options in curl's format.

These are callbacks of options, so they see what a person wrote on the command line, and never pasted text or a
setting of the Python interface.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import click

from wsprobe.cli.files import MEBIBYTE, read_for

LONGEST = MEBIBYTE
"""The most bytes of a file."""
WRITTEN = "as written"
"""The key in the context: parameter -> its values from files, and what was written in their place."""


def _text(option: str, path: str) -> str:
    if not path:
        raise click.UsageError(f"{option}: the name of the file is empty")
    return read_for(option, path, LONGEST, "such a file").decode("utf-8", "surrogateescape")


def lines_of_header(path: str) -> tuple[str, ...]:
    """The headers in the file at *path*, one a line. Raises click.UsageError."""
    return tuple(
        line for line in _text("--header", path).splitlines() if line.strip() and not line.startswith("#")
    )


def token(path: str) -> str:
    """The token in the file at *path*. Raises click.UsageError."""
    word = _text("--bearer", path).strip()
    if not word or re.search(r"\s", word):
        raise click.UsageError(f"--bearer: {path}: {'several words' if word else 'empty'}, not a token")
    return word


def passphrase(path: str) -> str:
    """The first line of the file at *path*. Raises click.UsageError."""
    return _text("--pass", path).partition("\n")[0].removesuffix("\r")


def template(path: str) -> str:
    """The text of the file at *path*. Raises click.UsageError."""
    return _text("--write-out", path)


Value = str | tuple[str, ...] | None
"""Of an option: one, several, or none."""


def replaced(
    read: Callable[[str], str | tuple[str, ...]],
) -> Callable[[click.Context, click.Parameter, Value], Value]:
    """A callback that replaces ``@FILE`` by what *read* makes of the file; of an option with several values it
    makes several."""

    def callback(ctx: click.Context, param: click.Parameter, value: Value) -> Value:
        made = value
        if isinstance(value, tuple):
            made = tuple(one for each in value for one in (read(each[1:]) if each.startswith("@") else (each,)))
        elif value is not None and value.startswith("@"):
            made = read(value[1:])
        if made != value:
            ctx.meta.setdefault(WRITTEN, {})[param.name] = (made, value)
        return made

    return callback


_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "v": "\v"}
_ROW = r'(?P<name>[^\s=:]+)\s*[=:]?\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"?|(?P<plain>\S*))'


def config(path: str) -> Iterator[str]:
    """The words of the options in the file at *path*, in the format of curl's ``--config``. Raises
    click.UsageError."""
    for line in _text("--config", path).splitlines():
        found = re.match(_ROW, line.strip())
        if found is None or found["name"].startswith("#"):
            continue
        name = found["name"]
        yield name if name.startswith("-") else f"--{name}"
        if found["quoted"] is not None:
            yield re.sub(r"\\(.)", lambda each: _ESCAPES.get(each[1], each[1]), found["quoted"])
        elif found["plain"]:
            yield found["plain"]
