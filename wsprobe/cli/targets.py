"""The arguments that say what to probe: URLs, ``lab:NAME``, ``@FILE``, ``-``."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

import click
from msgspec import Struct
from msgspec.structs import replace

from wsprobe import net
from wsprobe.cli.environment import environment
from wsprobe.cli.files import endless, opened
from wsprobe.cli.option import LAB, usage_error
from wsprobe.cli.paste import RECORDED, check_no_command, line_of_a_console
from wsprobe.cli.settings import HandshakeSettings
from wsprobe.request.proxy import Proxies

if TYPE_CHECKING:
    from wsprobe.browsers.engine import Page
    from wsprobe.lab.server import Lab


class ProbeTarget(Struct, frozen=True):
    """The place that an argument denotes."""

    url: str
    handshake: HandshakeSettings
    scripted: Page | None = None
    """The behaviour of a lab scenario's page; None for any other place."""
    script_url: str = ""
    """The argument of the WebSocket constructor in a script, if it differs from *url*."""
    name: str = ""
    """The argument on the command line, if it differs from *url*."""

    def page(self, given: Page) -> Page:
        """The page of the options; where they set nothing, it behaves like the scenario's page."""
        own = self.scripted
        if own is None:
            return given
        return replace(
            given,
            url=given.url or (own.url if own.url != type(own)().url else ""),
            csp=given.csp or own.csp,
            protocols=own.protocols if given.protocols is None else given.protocols,
            acts=given.acts or own.acts,
            cookies=given.cookies or own.cookies,
            construct=own.construct,
            address=given.address or own.address,
            target_address=own.target_address,
            permissions=(*own.permissions, *given.permissions),  # the last of a name counts
        )


class Word(Struct, frozen=True):
    """An argument or a line of a list that denotes a place. *where*: file and line; "" for the command line."""

    text: str
    where: str = ""


class Wrong(Struct, frozen=True):
    """A line of a list that is not text, and where it is."""

    where: str
    why: str


class UrlList:
    """A list of URLs, one a line, from a file or standard input. Lines are read only when needed."""

    def __init__(self, name: str, descriptor: int, size: int = 0) -> None:
        self.name = name
        self._descriptor = descriptor
        self.size = size
        """Size in bytes; 0 if unknown before the end."""
        self.at = 0
        """Bytes of the lines returned so far."""

    def several(self) -> bool:
        """Whether to expect more than one URL."""
        if not self.size:
            return True  # a pipe: do not wait for its lines
        begin = os.read(self._descriptor, BEGIN)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        used = (line for line in begin.splitlines() if line.strip() and not line.strip().startswith(b"#"))
        return len(begin) == BEGIN or sum(1 for _ in used) > 1

    async def words(self) -> AsyncGenerator[Word | Wrong, None]:
        """Yield each URL with its place, without empty lines and lines that begin with ``#``.

        Raises click.UsageError if the list cannot be read.
        """
        number = 0
        with usage_error(OSError, where=self.name):
            async with aclosing(net.lines(environment().pieces(self._descriptor, 65536))) as lines:
                async for line in lines:
                    number += 1
                    self.at += len(line)
                    if number == 1 and line.startswith(UTF_16):
                        raise click.UsageError(f"{self.name}: not a text file in UTF-8: this is UTF-16")
                    where = f"{self.name}, line {number}"
                    try:
                        text = _text(line)
                    except UnicodeDecodeError as error:
                        yield Wrong(where, f"not text in UTF-8 (byte {error.start + 1} of the line)")
                        continue
                    if text is not None and len(line) >= net.LONGEST_LINE:
                        yield Wrong(where, f"longer than {net.LONGEST_LINE:,} bytes, the limit for a URL")
                    elif text is not None:
                        yield Word(text, where)


BEGIN = 65536
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
"""The byte order marks that some editors write at the beginning of a file."""


def _text(line: bytes) -> str | None:
    """The URL in *line*, None if there is none. Raises UnicodeDecodeError."""
    text = line.decode().strip(" \t\r\n\f\ufeff")  # some editors begin a file with U+FEFF
    # A # behind a space begins a comment: no URL has a space, and no server gets the fragment.
    return re.split(r"(?:\A|[ \t])#", text, maxsplit=1)[0].rstrip(" \t") or None


def sources(words: Sequence[str]) -> list[Word | UrlList]:
    """*words* with ``@FILE`` and ``-`` (or ``@-``, as in curl) replaced by their lists.

    Raises click.UsageError if a file cannot be opened, or a word cannot denote a place.
    """
    check_no_command(words)
    return [_source(word) for word in words]


def _source(word: str) -> Word | UrlList:
    if word in ("-", "@-"):
        return _list("standard input", sys.stdin.fileno())
    if word == "@":
        raise click.UsageError("@: the name of the list is empty")
    if word.startswith("@"):
        with usage_error(OSError, where=word[1:]):
            descriptor = opened(word[1:])
        return _list(word[1:], descriptor)
    if word.isdecimal() and word.isascii() and int(word[:6]) <= 65535:
        raise click.UsageError(
            f"{word!a} is a number, not a URL; for that port of this machine: ws://localhost:{word}/; for a "
            f"host with that name: ws://{word}/"
        )
    return Word(word)


def _list(name: str, descriptor: int) -> UrlList:
    kept = os.fstat(descriptor)
    if endless(descriptor):
        raise click.UsageError(f"{name}: a device, not a list of URLs")
    named = name != "standard input"
    return UrlList(name, descriptor, kept.st_size if named and stat.S_ISREG(kept.st_mode) else 0)


def check_word(name: str) -> None:
    """Raises click.UsageError for a word that is clearly not a URL."""
    if name.startswith("@"):
        raise click.UsageError(f"{name!a} is a list of URLs, which only wsprobe connect and watch accept")
    if (line := line_of_a_console(name)) is not None:
        raise click.UsageError(line)
    if (kind := of_a_file(name)) is not None:
        raise click.UsageError(
            f"{name!a} is {kind}, not a URL: @FILE is a list of URLs, wsprobe compare reads recordings; a host "
            f"of that name is ws://{name}"
        )


FILE_ENDINGS = (
    *(*RECORDED, ".txt", ".csv", ".tsv", ".log", ".yaml", ".yml", ".toml", ".ini", ".conf", ".cfg", ".xml"),
    *(".html", ".htm", ".css", ".js", ".ts", ".pem", ".crt", ".cer", ".key", ".pdf", ".gz", ".tgz", ".pcap"),
    *(".pcapng", ".bak", ".tmp", ".out", ".har.gz"),
)
"""Endings of file names; none of them is a top-level domain."""


def of_a_file(word: str) -> str | None:
    """Return "a file's name" or "a path" if *word* is one, whether or not it exists; otherwise None.

    A host before a slash needs no scheme if it is recognisable: it has a dot, a port or brackets, or is
    localhost.
    """
    host, slash, _ = word.partition("/")
    if "://" in word or word.startswith(LAB) or any(each in host for each in ":[]@?#"):
        return None
    if not slash:
        return "a file's name" if word.lower().endswith(FILE_ENDINGS) else None
    known = "." in host or host.lower() in ("", "~", "localhost")  # ./, ~/, /: the URL's error reports them
    return None if known else "a path"


Placing = Callable[[str, HandshakeSettings], Awaitable[ProbeTarget]]
"""Makes the target that a word stands for. Raises click.UsageError for an unusable one."""


def lab_targets(enter: net.Aside) -> Placing:
    """Makes targets on this machine. The lab starts with the first target in it, on free loopback ports, and
    runs until what *enter* enters is left."""
    labs: list[Lab] = []

    async def place(name: str, handshake: HandshakeSettings) -> ProbeTarget:
        if not name.startswith(LAB):
            check_word(name)
            return ProbeTarget(name, handshake)
        if not labs:
            labs.append(await enter(environment().lab()))
        return in_lab(name, handshake, labs[0])

    return place


def in_lab(name: str, handshake: HandshakeSettings, lab: Lab) -> ProbeTarget:
    """The target of ``lab:NAME``, or of ``lab:PATH`` for a path of the lab, as in ``lab:/status/403`` or
    ``lab:status/403``.

    Unless the options differ, it trusts the lab's own authority and offers the subprotocols of the scenario's
    page. Raises click.UsageError.
    """
    from wsprobe.lab import UnknownScenario, find  # only for a scenario
    from wsprobe.lab.certificates import NoCertificates  # likewise
    from wsprobe.lab.paths import names_path  # likewise
    from wsprobe.lab.server import LabError  # likewise

    word = name.removeprefix(LAB)
    if not handshake.proxies.named:  # the environment's proxy is for the world outside
        handshake = replace(handshake, proxies=Proxies())
    with usage_error(UnknownScenario, LabError, NoCertificates, where=name):
        if not word:
            raise click.UsageError(f"{name} is not a scenario; wsprobe serve --list shows all")
        if word.startswith("/") or names_path(word):
            path = word if word.startswith("/") else f"/{word}"
            return ProbeTarget(f"ws://127.0.0.1:{lab.start('plain')}{path}", handshake, name=name)
        scenario = find(word)
        where = lab.place(scenario)
        protocols, tls = scenario.page.protocols, handshake.tls
        if not handshake.offer.protocols and protocols and not isinstance(protocols, str):
            handshake = replace(handshake, offer=replace(handshake.offer, protocols=protocols))
        if where.address.startswith("wss:") and not (tls.ca_file or tls.ca_path):
            tls = replace(tls, ca_file=str(lab.certificate_authority))
            handshake = replace(handshake, tls=tls)
        return ProbeTarget(
            where.address,
            handshake,
            scripted=where.page,
            script_url=where.url,
            name=name,
        )
