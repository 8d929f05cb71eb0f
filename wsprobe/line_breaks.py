"""Where a line of text may break: at spaces, but not within a command of wsprobe, which readers copy whole."""

from __future__ import annotations

import re

COMMANDS = ("compare", "connect", "explain", "relay", "serve", "talk", "trace", "watch")
"""The commands of wsprobe, in order."""
_COMMAND = rf"[^ ]*?wsprobe (?:{'|'.join(COMMANDS)})(?![\w-])[^ ]*(?:(?<![.,;:)`]) (?!\()[^ ]+)*"
"""A command, up to the punctuation that ends it, or to an opening parenthesis."""
_WORD = r"[^ ]+"
_PARTS = re.compile(rf" *{_WORD}| +$")
_PARTS_WITH_COMMANDS = re.compile(rf" *(?:{_COMMAND}|{_WORD})| +$")


def parts(text: str) -> list[str]:
    """The parts of *text* that stay on one line, each with the spaces before it: words, and whole commands."""
    return (_PARTS_WITH_COMMANDS if "wsprobe " in text else _PARTS).findall(text)


def words(text: str) -> list[str]:
    """The words of *text*, each with the spaces before it: for a command that is longer than a line."""
    return _PARTS.findall(text)
