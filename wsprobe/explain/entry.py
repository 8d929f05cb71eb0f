"""One explanation: a value, its plain text and its JSON; and the TOML files with the data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from msgspec import Struct

from wsprobe.data_file import one_line, toml_beside
from wsprobe.text import printable, unbroken

WIDTH = 80


class Topic(Struct, frozen=True):
    """The explanation of one topic."""

    topic: str
    """The name that finds it."""
    kind: str
    """``close code``, ``HTTP status``, ``finding``, ``cause``, ``outcome``, ``exit status``, ``rules``,
    ``console text``, ``error text``, ``revision``, ``rule``, ``section``, ``header``, ``proxy``, ``protocol``,
    ``script``, ``program``, ``wsprobe``, ``remedy``, ``weakness``, ``contradiction``, ``question``, ``history``
    or ``scenario``."""
    title: str
    text: tuple[str, ...] = ()
    """Paragraphs."""
    facts: tuple[tuple[str, str], ...] = ()
    """(label, text), in reading order."""
    see_also: tuple[str, ...] = ()
    """Topics."""
    code: str = ""
    """A file to copy, ASCII; "" for most topics."""


def value(entry: Topic) -> dict[str, Any]:
    """*entry* as JSON: ``topic``, ``kind``, ``title``, ``text`` (paragraphs), ``facts`` (pairs of label
    and text), ``see_also`` (topics), ``code`` (a file to copy, "" for most)."""
    return {
        "topic": entry.topic,
        "kind": entry.kind,
        "title": entry.title,
        "text": list(entry.text),
        "facts": [list(fact) for fact in entry.facts],
        "see_also": list(entry.see_also),
        "code": entry.code,
    }


def text(entry: Topic, columns: int = WIDTH) -> str:
    """*entry* as plain ASCII text, wrapped at *columns*, at most 80, with a final line end.
    Its code comes last, exactly as in the file."""
    width = min(columns, WIDTH)
    lines = [*_wrapped(f"{entry.kind}: {entry.title}", width)]
    for paragraph in entry.text:
        lines += ["", *_wrapped(paragraph, width, "  ")]
    if entry.facts:
        lines.append("")
    for label, said in entry.facts:
        lines += _wrapped(f"{label}: {said}", width, "  ", "      ")
    if entry.see_also:
        topics = ", ".join(_named(topic) for topic in entry.see_also)
        lines += ["", *_wrapped(f"see also: wsprobe explain {topics}", width, "  ", "      ")]
    lines = [printable(line) for line in lines]  # a title quotes what was asked
    if entry.code:
        lines += ["", *entry.code.splitlines()]
    return "".join(f"{line}\n" for line in lines).encode("ascii", "backslashreplace").decode("ascii")


def _named(topic: str) -> str:
    """*topic* as a word of a shell; a name that is only a number (``r1.271``), with what it is."""
    if re.fullmatch(r"r\d+\.\d+", topic):
        return f"{topic} (a draft of the W3C's API)"
    return f'"{topic}"' if " " in topic else topic


def _wrapped(said: str, width: int, indent: str = "", more: str | None = None) -> Iterator[str]:
    """Lines of at most *width* columns; a longer word gets its own line, a longer command breaks."""
    line = indent
    empty = True
    for part in unbroken(" ".join(said.split()), width - len(indent)):
        word = part.lstrip(" ")
        if not empty and len(line) + 1 + len(word) > width:
            yield line
            line, empty = indent if more is None else more, True
            line = line if len(line) + len(word) <= width else indent
        line += word if empty else f" {word}"
        empty = False
    yield line


@cache
def load(name: str) -> dict[str, Any]:
    """The file ``data/NAME.toml``. Raises OSError if there is none."""
    return toml_beside(__file__, "data", *f"{name}.toml".split("/"))


def paragraphs(text: str) -> tuple[str, ...]:
    """*text* cut at empty lines."""
    return tuple(one_line(part) for part in text.split("\n\n") if part.strip())


def lab(scenarios: list[str] | tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The fact with a command that shows it; empty without a scenario."""
    if not scenarios:
        return ()
    return (("see it", "wsprobe compare --browser-mode " + " ".join(f"lab:{name}" for name in scenarios)),)


PAGE = (
    "on your page",
    "`wsprobe page URL` opens the page in Chromium, and reports each of its WebSockets: the server's own "
    "answer, the line of script that opened it, and what the script saw",
)
"""The fact with the next step where a script in a browser learns no more."""
