"""Where a line of text may break: at spaces, but not within a command of wsprobe, which readers copy whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

COMMANDS = ("compare", "connect", "explain", "page", "relay", "serve", "talk", "trace", "watch")
"""The commands of wsprobe."""
_COMMAND = rf"[^ ]*?wsprobe (?:{'|'.join(COMMANDS)})(?![\w-])[^ ]*(?:(?<![.,;:)`]) (?!\()[^ ]+)*"
"""A command, up to the punctuation that ends it, or to an opening parenthesis."""
_WORD = r"[^ ]+"
_WORDS = rf" *{_WORD}| +$"
_WORDS_AND_COMMANDS = rf" *(?:{_COMMAND}|{_WORD})| +$"


def unbroken(text: str, columns: int, width: Callable[[str], int] = len) -> Iterator[str]:
    """Yield the parts of *text* that stay on one line, each with the spaces before it: words, and whole
    commands of at most *columns* columns, as *width* counts them."""
    if "wsprobe " not in text:
        yield from re.findall(_WORDS, text)
        return
    for part in re.findall(_WORDS_AND_COMMANDS, text):
        if width(part.lstrip(" ")) <= columns:
            yield part
        else:
            yield from re.findall(_WORDS, part)
