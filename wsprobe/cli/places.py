"""The words that name what to probe or to read: URLs, ``lab:NAME``, ``@FILE``, ``-``, and files with
recordings."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AsyncExitStack
from typing import IO, TYPE_CHECKING, Any

import click
from msgspec import Struct
from msgspec.structs import replace

from wsprobe.cli.options import Asking
from wsprobe.exchange import Exchange

if TYPE_CHECKING:
    from wsprobe.browsers.engine import Page
    from wsprobe.lab.scenario import Scenario
    from wsprobe.lab.server import Lab

LAB = "lab:"
RECORDED = (".json", ".jsonl")
"""No top-level domain is called so: who writes it means a file."""


class Place(Struct, frozen=True):
    """What a word on the command line stands for."""

    url: str
    asking: Asking
    scripted: Page | None = None
    """What the page of a lab scenario does; None for any other place."""
    script_url: str = ""
    """What script hands to the constructor, where that is not *url*."""
    name: str = ""
    """The word that was given, where that is not *url*."""

    def shown(self, redact: bool) -> str:
        """The word that was given, unless it may hold what is to be masked."""
        return "" if redact and "?" in self.name else self.name

    def page(self, given: Page) -> Page:
        """The page that the options describe, doing what the scenario's page does where they are silent."""
        own = self.scripted
        if own is None:
            return given
        return replace(
            given,
            url=own.url if given.url == type(given)().url else given.url,
            csp=given.csp or own.csp,
            protocols=own.protocols if given.protocols is None else given.protocols,
            acts=given.acts or own.acts,
            cookies=given.cookies or own.cookies,
            construct=own.construct,
        )


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
        from wsprobe.lab import aliases, names

        return [LAB + name for name in (*names(), *aliases()) if (LAB + name).startswith(incomplete)]
    if ctx.info_name != "compare":
        return [] if incomplete else [LAB]
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


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


async def find(names: Sequence[str], asking: Asking, stack: AsyncExitStack) -> list[Place]:
    """The places that *names* stand for. If one is in the lab, a lab is started on free loopback ports, until
    *stack* is left. Raises click.UsageError for a name that the lab does not know."""
    if not any(name.startswith(LAB) for name in names):
        return [Place(name, asking) for name in names]
    from wsprobe.lab.server import serve  # trio and sockets

    lab = await stack.enter_async_context(serve())
    return [_in_lab(name, asking, lab) if name.startswith(LAB) else Place(name, asking) for name in names]


def _in_lab(name: str, asking: Asking, lab: Lab) -> Place:
    """The place that ``lab:NAME`` stands for; ``lab:PATH`` is a path of the lab, as in ``lab:/status/403`` or
    ``lab:status/403``.

    The lab's own authority is trusted, and the subprotocols of the scenario's page are offered, unless the
    options say otherwise. Raises click.UsageError.
    """
    word = name.removeprefix(LAB)
    from wsprobe.lab import UnknownScenario
    from wsprobe.lab import find as find_scenario
    from wsprobe.lab.certificates import NoCertificates
    from wsprobe.lab.paths import names_path
    from wsprobe.lab.server import LabError

    try:
        if not word:
            raise click.UsageError(f"{name} names no scenario; wsprobe serve --list shows all")
        if word.startswith("/") or names_path(word):
            path = word if word.startswith("/") else f"/{word}"
            return Place(f"ws://127.0.0.1:{lab.start('plain')}{path}", asking, name=name)
        scenario = find_scenario(word)
        where = lab.place(scenario)
        return Place(
            where.address,
            _trusting(_offering(asking, scenario), lab, where.address),
            scripted=where.page,
            script_url=where.url,
            name=name,
        )
    except (UnknownScenario, LabError, NoCertificates) as error:
        raise click.UsageError(f"{name}: {error}") from None


def _offering(asking: Asking, scenario: Scenario) -> Asking:
    protocols = scenario.page.protocols
    if asking.offer.protocols or not protocols or isinstance(protocols, str):
        return asking
    return replace(asking, offer=replace(asking.offer, protocols=protocols))


def _trusting(asking: Asking, lab: Lab, url: str) -> Asking:
    if not url.startswith("wss:") or asking.tls.ca_file or asking.tls.ca_path:
        return asking
    return replace(asking, tls=replace(asking.tls, ca_file=str(lab.certificate_authority)))
