"""The manual pages, made from what the program itself reads by. ``python -m man.build`` writes man/.

A developer's tool: no command imports it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module

PAGES = {
    "wsprobe.1": "program",
    "wsprobe-connect.1": "commands",
    "wsprobe-compare.1": "commands",
    "wsprobe-trace.1": "commands",
    "wsprobe-talk.1": "commands",
    "wsprobe-watch.1": "commands",
    "wsprobe-explain.1": "commands",
    "wsprobe-serve.1": "commands",
    "wsprobe-page.1": "commands",
    "wsprobe-relay.1": "commands",
    "wsprobe-python.3": "python",
    "wsprobe-json.5": "reports",
    "wsprobe-browsers.7": "engines",
    "wsprobe-history.7": "history",
    "wsprobe-conclusions.7": "conclusions",
    "wsprobe-cookbook.7": "cookbook",
}
"""File name -> the module here that makes it."""

SAMPLES = {
    "sample-report.html": ("samples", "sample"),
    "sample-report.md": ("samples", "sample"),
    "pictures/terminal.svg": ("samples", "terminal"),
    "pictures/sockets.svg": ("samples", "sockets"),
    "completions/wsprobe.bash": ("completions", "completion"),
    "completions/_wsprobe": ("completions", "completion"),
    "completions/wsprobe.fish": ("completions", "completion"),
}
"""File name -> the module here, and what of it makes the file."""


TABLES = {"browsers.md": "tables", "history.md": "revisions"}
"""File name -> the module here that makes it: all that the pages of section 7 are the short of."""


def pages() -> Iterator[tuple[str, str]]:
    """(file name, text) of every page."""
    for name in PAGES:
        yield name, page(name)


def samples() -> Iterator[tuple[str, str]]:
    """(file name, text) of every sample, every picture that is not a screenshot, and the completions."""
    for name in SAMPLES:
        yield name, sample(name)


def tables() -> Iterator[tuple[str, str]]:
    """(file name, text) of the full tables."""
    for name in TABLES:
        yield name, table(name)


@cache
def table(name: str) -> str:
    """The text of one of them, by its file name."""
    made: str = import_module(f"man.build.{TABLES[name]}").table()
    return made


@cache
def sample(name: str) -> str:
    """The text of one of them, by its file name."""
    module, function = SAMPLES[name]
    made: str = getattr(import_module(f"man.build.{module}"), function)(name)
    return made


@cache
def page(name: str) -> str:
    """The text of one page, by its file name."""
    module = import_module(f"man.build.{PAGES[name]}")
    if PAGES[name] == "commands":
        made: str = module.page(name.removeprefix("wsprobe-").removesuffix(".1"))
    else:
        made = module.page()
    return made
