"""A request copied from a browser's developer tools, as settings of wsprobe, so that it can be sent again.

Some headers belong to the browser's connection: wsprobe generates these, or sends its own. The notes list what
was left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress

from msgspec import Struct

from wsprobe.cli.option import Given
from wsprobe.cli.request_settings import OwnRequestSettings, RequestSettings
from wsprobe.request import target
from wsprobe.text import printable


class Copied(Struct, frozen=True):
    """A copied request: its settings, and what a person should know about it."""

    url: str
    settings: RequestSettings
    notes: tuple[str, ...] = ()
    """Each note is part of a sentence."""


_TOKENS = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+(, [!#$%&'*+.^_`|~0-9A-Za-z-]+)*")
_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#\s]+")
_USUAL = {"connection": "upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}
"""The values that wsprobe sends by itself; only a different value is kept."""
_OF_HTTP_1 = ("connection", "upgrade", "host")
_OF_THE_PROXY = ("proxy-connection", "proxy-authorization")


def copied(url: str, lines: Sequence[str], given: Given) -> Copied:
    """The request to *url* with the header *lines*, in curl's syntax.

    *given*: the settings of the call; a header, or --protocol, from there replaces the copied one. Raises
    TargetError for a *url* that is none.
    """
    own = given[OwnRequestSettings]
    over_http2 = own.http2 or own.http2_prior_knowledge
    headers: list[str] = []
    cookies: list[str] = []
    protocols: tuple[str, ...] = ()
    origin = user_agent = None
    by_itself: list[str] = []
    dropped: list[str] = []
    notes: list[str] = []
    also = header_names(given[RequestSettings].headers)
    names = header_names(lines)
    if "sec-websocket-key" in names and "sec-websocket-extensions" not in also | names:
        headers.append("Sec-WebSocket-Extensions:")  # these are all headers of a handshake: it offered none
    for line in lines:
        name, separator, value = line.partition(":" if ":" in line.lstrip(":") else ";")
        if line.startswith(":"):  # a pseudo-header of HTTP/2
            by_itself.append(line.partition(": ")[0])
            continue
        key, value = name.strip().lower(), value.strip()
        if separator == ";" or not value:
            headers.append(line)
        elif key in also or (key == "sec-websocket-protocol" and given[RequestSettings].protocols):
            continue
        elif key == "sec-websocket-key" or _sent_anyway(key, value, url, over_http2):
            by_itself.append(name)
        elif key in _OF_THE_PROXY or (key == "sec-websocket-extensions" and own.no_compression):
            dropped.append(name)
        # In `compare`, these options describe the page.
        elif key == "origin" and _ORIGIN.fullmatch(value):
            origin = value
        elif key == "cookie" and "=" in value:
            cookies.append(value)
        elif key == "user-agent":
            user_agent = value
        elif key == "sec-websocket-protocol" and _TOKENS.fullmatch(value):
            protocols += tuple(value.split(", "))
        else:
            headers.append(line)
    if by_itself:
        notes.append(f"wsprobe generates {listed(by_itself)}")
    if dropped:
        notes.append(without(dropped))
    settings = RequestSettings(
        headers=tuple(headers),
        user_agent=user_agent,
        cookies=tuple(cookies),
        protocols=protocols,
        origin=origin,
    )
    to, also_said = as_websocket(url)
    return Copied(to, settings, (*notes, *also_said))


def header_names(lines: Iterable[str]) -> set[str]:
    """The names, in lower case, of header lines in curl's syntax."""
    return {re.split("[:;]", line)[0].strip().lower() for line in lines}


def _sent_anyway(key: str, value: str, url: str, over_http2: bool) -> bool:
    """Whether wsprobe sends the same header by itself, or must send its own value."""
    if value.lower() == _USUAL.get(key) or (key in _OF_HTTP_1 and over_http2):
        return True
    # DevTools copies :authority and :protocol of HTTP/2 without their colons.
    if key in ("host", "authority"):
        with suppress(target.TargetError):
            return value.lower() == target.host_header(target.parse(url))
    return (key == "protocol" and value == "websocket") or (
        key == "connection" and "upgrade" not in value.lower()
    )


def as_websocket(url: str) -> tuple[str, tuple[str, ...]]:
    """*url* as a ws: or wss: URL, which no command takes for anything else, and a note if it was http: or
    https:. Without a scheme it means ws:, as http: for curl. Raises TargetError."""
    url = url.strip(" \t\r\n")
    scheme, _, rest = url.partition("://")
    match scheme.lower():
        case "ws" | "wss" if rest:
            return url, ()
        case "http" | "https" as plain if rest:
            meant = "wss" if plain == "https" else "ws"
            return f"{meant}://{rest}", (f"{plain}:// is sent as {meant}://",)
    if target.begins_with_scheme(url):
        target.parse(url)
    if not re.match(r"[^\W_]|\[", url):
        raise target.TargetError(f"{printable(url[:100])!r} is not a URL")
    return f"ws://{url}", ()


def listed(names: Sequence[str]) -> str:
    """The names, each once, as a list in a sentence."""
    unique = list(dict.fromkeys(names))
    return " and ".join([", ".join(unique[:-1]), unique[-1]] if unique[1:] else unique)


def without(names: Sequence[str]) -> str:
    """That *names*, at least one, are left out."""
    return f"{listed(names)} {'is' if len(set(names)) == 1 else 'are'} left out"
