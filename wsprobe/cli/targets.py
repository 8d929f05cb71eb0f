"""The words that name what to probe: URLs, ``lab:NAME``, ``@FILE``, ``-``."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

import click
from msgspec import Struct
from msgspec.structs import replace

from wsprobe import net
from wsprobe.cli.option import LAB
from wsprobe.cli.paste import RECORDED, line_of_a_console
from wsprobe.cli.settings import HandshakeSettings

if TYPE_CHECKING:
    from wsprobe.browsers.engine import Page


class ProbeTarget(Struct, frozen=True):
    """What a word on the command line stands for."""

    url: str
    handshake: HandshakeSettings
    scripted: Page | None = None
    """What the page of a lab scenario does; None for any other place."""
    script_url: str = ""
    """What script hands to the constructor, where that is not *url*."""
    name: str = ""
    """The word that was given, where that is not *url*."""

    def page(self, given: Page) -> Page:
        """The page that the options describe, doing what the scenario's page does where they are silent."""
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
            permissions=(*own.permissions, *given.permissions),  # of a name, the last counts
        )


class Word(Struct, frozen=True):
    """A word that names a place, and where it stands; *where* is "" on the command line."""

    text: str
    where: str = ""


class Wrong(Struct, frozen=True):
    """A line of a list that is no text, and where it stands."""

    where: str
    why: str


class UrlList:
    """A list of URLs, one a line: a file, or standard input. It is read as its lines are asked for."""

    def __init__(self, name: str, descriptor: int, size: int = 0) -> None:
        self.name = name
        self._descriptor = descriptor
        self.size = size
        """Bytes; 0 where that is not known before the end."""
        self.at = 0
        """Bytes of the lines that were given out."""

    def several(self) -> bool:
        """Whether more than one URL is to be expected."""
        if not self.size:
            return True  # what is to come on a pipe is not waited for
        begin = os.read(self._descriptor, BEGIN)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        used = (line for line in begin.splitlines() if line.strip() and not line.strip().startswith(b"#"))
        return len(begin) == BEGIN or sum(1 for _ in used) > 1

    async def words(self) -> AsyncGenerator[Word | Wrong, None]:
        """Each URL with its place; empty lines and lines that begin with ``#`` are left out.

        Raises click.UsageError if the list cannot be read.
        """
        number = 0
        try:
            async with aclosing(net.lines(self._descriptor)) as lines:
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
        except OSError as error:
            raise click.UsageError(f"{self.name}: {error.strerror}") from None


BEGIN = 65536
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
"""The byte order marks with which some editors begin a file."""


def _text(line: bytes) -> str | None:
    """The URL in *line*, None if there is none. Raises UnicodeDecodeError."""
    text = line.decode().strip(" \t\r\n\f\ufeff")  # some editors begin a file with U+FEFF
    return None if not text or text.startswith("#") else text


def sources(words: Sequence[str]) -> list[Word | UrlList]:
    """*words* with ``@FILE`` and ``-`` as the lists that they stand for.

    Raises click.UsageError if a file cannot be opened, or a word is no place.
    """
    return [_source(word) for word in words]


def _source(word: str) -> Word | UrlList:
    if word == "-":
        return UrlList("standard input", sys.stdin.fileno())
    if word == "@":
        raise click.UsageError("@: the name of the list is empty")
    if word.startswith("@"):
        try:
            descriptor = os.open(word[1:], os.O_RDONLY | getattr(os, "O_BINARY", 0))
            kept = os.fstat(descriptor)
            if stat.S_ISDIR(kept.st_mode):
                raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "no file can have that name"
            raise click.UsageError(f"{word[1:]}: {reason}") from None
        return UrlList(word[1:], descriptor, kept.st_size if stat.S_ISREG(kept.st_mode) else 0)
    if word.isdecimal() and word.isascii() and int(word[:6]) <= 65535:
        raise click.UsageError(
            f"{word!a} is a number, not a URL; for that port of this machine: ws://localhost:{word}/; for a "
            f"host with that name: ws://{word}/"
        )
    return Word(word)


def check_word(name: str) -> None:
    """Raises click.UsageError for what is plainly something else than a URL."""
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
"""No top-level domain is called so."""


def of_a_file(word: str) -> str | None:
    """What *word* names where it is the name of a file or a path, whether that exists or not; else None.

    A host may stand before a slash without a scheme if it can be known for one: it has a dot, a port or
    brackets, or is localhost.
    """
    host, slash, _ = word.partition("/")
    if "://" in word or word.startswith(LAB) or any(each in host for each in ":[]@?#"):
        return None
    if not slash:
        return "a file's name" if word.lower().endswith(FILE_ENDINGS) else None
    known = "." in host or host.lower() in ("", "~", "localhost")  # of ./, ~/ and / the URL's own error says it
    return None if known else "a path"
