"""Values that a person keeps in a file, because others can read a command line: ``-H @FILE``, ``--bearer
@FILE``, ``--pass @FILE``, ``-w @FILE``, and ``-K FILE`` with options in curl's format.

These are callbacks of options, so they see what a person wrote on the command line, and never pasted text or a
setting of the Python interface.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeVar

import click

from wsprobe.cli.files import MEBIBYTE, read_for

Value = TypeVar("Value")
LONGEST = MEBIBYTE
"""The most bytes of a file."""
WRITTEN = "as written"
"""The key in the context: parameter -> its values from files, and what was written in their place."""


def _text(option: str, path: str) -> str:
    if not path:
        raise click.UsageError(f"{option}: the name of the file is empty")
    return read_for(option, path, LONGEST, "such a file").decode("utf-8", "surrogateescape")


def lines_of_header(path: str) -> list[str]:
    """The headers in the file at *path*, one a line. Raises click.UsageError."""
    return [line for line in _text("--header", path).splitlines() if line.strip() and not line.startswith("#")]


def header(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """Replace ``@FILE`` by the lines of the file."""
    made: list[str] = []
    for each in value:
        made += lines_of_header(each[1:]) if each.startswith("@") else [each]
    return _noted(ctx, param, tuple(made), value)


def bearer(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Replace ``@FILE`` by the token in the file."""
    if value is None or not value.startswith("@"):
        return value
    token = _text("--bearer", value[1:]).strip()
    if not token or re.search(r"\s", token):
        raise click.UsageError(f"--bearer: {value[1:]}: {'several words' if token else 'empty'}, not a token")
    return _noted(ctx, param, token, value)


def passphrase(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Replace ``@FILE`` by the first line of the file."""
    if value is None or not value.startswith("@"):
        return value
    return _noted(ctx, param, _text("--pass", value[1:]).partition("\n")[0].removesuffix("\r"), value)


def write_out(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Replace ``@FILE`` by the text of the file."""
    if value is None or not value.startswith("@"):
        return value
    return _text("--write-out", value[1:])


def _noted(ctx: click.Context, param: click.Parameter, made: Value, value: object) -> Value:
    if made != value:
        ctx.meta.setdefault(WRITTEN, {})[param.name] = (made, value)
    return made


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
