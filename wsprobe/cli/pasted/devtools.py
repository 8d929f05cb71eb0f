"""A request that a browser made, as options of ours: what was copied from its developer tools is asked again.

Some of it belongs to that one connection, and is not said again: it is made afresh, or is what wsprobe sends by
itself. What was left out so is told.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from msgspec import Struct

from wsprobe import target


class Copied(Struct, frozen=True):
    """A request that was copied: the words that ask it, and what a person is to know of it."""

    options: tuple[str, ...]
    url: str
    notes: tuple[str, ...] = ()
    """Each a part of a sentence."""
    ignored: tuple[str, ...] = ()
    """Names of options that mean nothing to a handshake."""


OVER_HTTP2 = ("--http2", "--http2-prior-knowledge")
UNCOMPRESSED = ("--no-compression", "--talk")
_TOKENS = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+(, [!#$%&'*+.^_`|~0-9A-Za-z-]+)*")
_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#\s]+")
_USUAL = {"connection": "upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}
"""What wsprobe sends by itself; only another value is kept."""
_OF_HTTP_1 = ("connection", "upgrade", "host")
_OF_THE_PROXY = ("proxy-connection", "proxy-authorization")


def asked_again(url: str, lines: Iterable[str], given: Collection[str] = ()) -> Copied:
    """The options that ask *url* with the header *lines*, in curl's syntax.

    *given*: the other words of the call; a header, or --protocol, that is given there stands in place of the
    one that was copied.
    """
    options: list[str] = []
    own: list[str] = []
    dropped: list[str] = []
    notes: list[str] = []
    also = headers_in(given)
    lines = list(lines)
    if _is_whole(lines) and not (also | headers_in_lines(lines)) & {"sec-websocket-extensions"}:
        options.append("--header=Sec-WebSocket-Extensions:")  # none was offered
    for line in lines:
        name, separator, value = line.partition(":" if ":" in line.lstrip(":") else ";")
        if line.startswith(":"):  # a pseudo-header of HTTP/2
            own.append(line.partition(": ")[0])
            continue
        key, value = name.strip().lower(), value.strip()
        if separator == ";" or not value:
            options.append(f"--header={line}")
        elif key in also or (key == "sec-websocket-protocol" and _given(given, "--protocol")):
            continue
        elif key == "sec-websocket-key":
            notes.append("a fresh Sec-WebSocket-Key is sent")
        elif _by_itself(key, value, url, given):
            own.append(name)
        elif key in _OF_THE_PROXY or (key == "sec-websocket-extensions" and _uncompressed(given)):
            dropped.append(name)
        else:
            options += _option(key, value, line)
    if own:
        notes.append(f"{_listed(own)} {'is' if len(own) == 1 else 'are'} what wsprobe sends by itself")
    if dropped:
        notes.append(f"{_listed(dropped)} {'is' if len(dropped) == 1 else 'are'} left out")
    return Copied(tuple(options), *_as_websocket(url, notes))


def headers_in(words: Collection[str]) -> set[str]:
    """The names, in lower case, of the headers that *words* give with -H or --header."""
    lines: list[str] = []
    listed = list(words)
    for at, word in enumerate(listed):
        if word in ("-H", "--header"):
            text = listed[at + 1] if at + 1 < len(listed) else ""
        elif word.startswith("--header="):
            text = word.partition("=")[2]
        elif word.startswith("-H"):
            text = word[2:]
        else:
            continue
        lines.append(text)
    return headers_in_lines(lines)


def headers_in_lines(lines: Iterable[str]) -> set[str]:
    """The names, in lower case, of header lines in curl's syntax."""
    return {re.split("[:;]", line)[0].strip().lower() for line in lines}


def _is_whole(lines: Iterable[str]) -> bool:
    """Whether these are all the headers of a handshake, and not a few that a person wrote."""
    return "sec-websocket-key" in headers_in_lines(lines)


def _option(key: str, value: str, line: str) -> list[str]:
    """The option for a header: what `compare` makes a page's own of, where it can."""
    if key == "origin" and _ORIGIN.fullmatch(value):
        return [f"--origin={value}"]
    if key == "cookie" and "=" in value:
        return [f"--cookie={value}"]
    if key == "user-agent":
        return [f"--user-agent={value}"]
    if key == "sec-websocket-protocol" and _TOKENS.fullmatch(value):
        return [f"--protocol={each}" for each in value.split(", ")]
    return [f"--header={line}"]


def _by_itself(key: str, value: str, url: str, given: Collection[str]) -> bool:
    """Whether wsprobe sends the same by itself, or has to send its own."""
    if value.lower() == _USUAL.get(key) or _names_host(key, value, url):
        return True
    if key in _OF_HTTP_1 and any(_given(given, each) for each in OVER_HTTP2):
        return True
    return key == "connection" and "upgrade" not in value.lower()


def _names_host(key: str, value: str, url: str) -> bool:
    """Whether a header says no more than the URL does. Of HTTP/2 DevTools copies ``:authority`` and
    ``:protocol``, without their colons."""
    if key == "protocol":
        return value == "websocket"
    if key not in ("host", "authority"):
        return False
    try:
        return value.lower() == target.host_header(target.parse(url))
    except target.TargetError:
        return False


def _uncompressed(given: Collection[str]) -> bool:
    return any(_given(given, each) for each in UNCOMPRESSED)


def _given(words: Collection[str], name: str) -> bool:
    return any(word == name or word.startswith(f"{name}=") for word in words)


def _as_websocket(url: str, notes: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    scheme, mark, rest = url.partition("://")
    meant = {"http": "ws", "https": "wss"}.get(scheme.lower())
    if not mark or meant is None:
        return url, tuple(notes)
    return f"{meant}://{rest}", (*notes, f"{scheme.lower()}:// is asked as {meant}://")


def _listed(names: Sequence[str]) -> str:
    unique = list(dict.fromkeys(names))
    return " and ".join([", ".join(unique[:-1]), unique[-1]] if unique[1:] else unique)
