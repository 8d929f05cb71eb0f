"""A scenario: the server's steps, the page's actions, and the templates of the bytes to send."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from wsprobe.browsers.engine import Page

_BYTES = re.compile(rb"\{\{|\}\}|\{([a-z0-9.-]+)\}|[{}]")
_TEXT = re.compile(r"\{\{|\}\}|\{([a-z0-9.-]+)\}|[{}]")


class TemplateError(ValueError):
    """A lone brace, or an unknown field. The message is one line."""


def escape(data: bytes) -> bytes:
    """The template that ``fill`` turns into *data*."""
    return data.replace(b"{", b"{{").replace(b"}", b"}}")


def fields(data: bytes) -> frozenset[str]:
    """The names of the fields in *data*.

    Raises TemplateError.
    """
    found = set()
    for match in _BYTES.finditer(data):
        if match[1] is not None:
            found.add(match[1].decode("ascii"))
        elif len(match[0]) == 1:
            raise TemplateError(f"a lone brace at byte {match.start()}; double it")
    return frozenset(found)


def fill(data: bytes, values: Mapping[str, bytes]) -> bytes:
    """*data* with its fields filled in and its double braces made single.

    Raises TemplateError.
    """
    if b"{" not in data and b"}" not in data:
        return data

    def filled(match: re.Match[bytes]) -> bytes:
        if match[1] is None:
            return _single(match[0].decode("ascii"), match.start()).encode("ascii")
        name = match[1].decode("ascii")
        if name not in values:
            raise TemplateError(f"nothing fills in {{{name}}}")
        return values[name]

    return _BYTES.sub(filled, data)


def fill_text(text: str, values: Mapping[str, str]) -> str:
    """*text* with its fields filled in and its double braces made single.

    Raises TemplateError.
    """

    def filled(match: re.Match[str]) -> str:
        if match[1] is None:
            return _single(match[0], match.start())
        if match[1] not in values:
            raise TemplateError(f"nothing fills in {{{match[1]}}}")
        return values[match[1]]

    return _TEXT.sub(filled, text)


def _single(braces: str, at: int) -> str:
    if len(braces) == 1:
        raise TemplateError(f"a lone brace at {at}; double it")
    return braces[0]


Listener = Literal[
    "plain",
    "tls",
    "tls-unknown-ca",
    "tls-expired",
    "tls-wrong-name",
    "tls-common-name",
    "tls-alert",
    "fin-on-accept",
    "reset-on-accept",
    "silent",
    "smtp",
    "ssh",
    "tls-client-certificate",
    "tls-1.1",
    "reset-on-hello",
    "noise",
    "fin-on-hello",
    "unused",
    "h2",
    "h2-off",
    "h2-zero",
    "h2-value-2",
    "h2-late",
    "h2-later",
    "h2-withdrawn",
    "h2-window-0",
    "h2-window-5",
    "h2-one-stream",
    "h2-only",
    "h2-silent",
    "h2-no-settings",
    "h2-http1",
    "h2-goaway",
    "h2-settings-flood",
    "h2-ping-flood",
    "h2-malformed",
    "tls-no-alpn",
]


class Step(Struct, frozen=True):
    """One step of the server, in order, after the head of the request was read: over HTTP/1.1 (plain and tls
    listeners), or as the answer to one CONNECT over HTTP/2, where bytes to send are the payload of a DATA
    frame."""

    do: Literal[
        "send",
        "send-bytewise",
        "wait",
        "hold",
        "read",
        "read-frame",
        "read-close",
        "echo",
        "echo-close",
        "fin",
        "reset",
        "close-notify",
        "headers",
        "frame",
        "raw",
    ]
    """Only over HTTP/2: ``headers``, any ``frame``, and ``raw`` (bytes that are no payload of DATA)."""
    data: bytes = b""
    """The template of the bytes to send: ``{accept}``, ``{host}``, ``{key}`` and the like are still to be
    filled in."""
    seconds: float = 0.0
    """The duration of wait and hold (keep open and read); the pause between bytes of send-bytewise; the time
    limit of read, read-frame, read-close and echo."""
    repeat: int = 1
    """How often to send *data*; ``{number}`` in it counts from 0 (HTTP/1.1)."""
    by: int = 1
    """Bytes in one write (send-bytewise)."""
    fields: tuple[tuple[bytes, bytes], ...] = ()
    """Of ``headers``. ``{host}`` in a value is the client's ``:authority``."""
    end_stream: bool = False
    pad: int | None = None
    type: int = 0
    """Of ``frame``, as *flags* and *on_stream*."""
    flags: int = 0
    on_stream: bool = False
    """True to send it on the WebSocket's stream, False on the connection."""


HTTP2_ONLY = ("headers", "frame", "raw")
"""Steps that only HTTP/2 has."""

HTTP1_ONLY = ("read", "read-frame", "echo")
"""Steps that only HTTP/1.1 has."""


class Http2Play(Struct, frozen=True):
    """A scenario's behaviour over HTTP/2, and the result of ``connect --http2``."""

    plays: tuple[tuple[Step, ...], ...]
    """A play answers one CONNECT. The last play answers all later ones."""
    outcome: str = ""
    findings: tuple[str, ...] = ()
    """Finding ids that it must produce (levels fail and warn)."""


class Delivered(Struct, frozen=True):
    """A received message."""

    kind: Literal["text", "binary"]
    data: bytes


class Conforming(Struct, frozen=True):
    """How a client that conforms to RFC 6455 reacts to the bytes after the 101.

    At least one of *close* and *fail* is set; any of the endings in them is correct.
    """

    messages: tuple[Delivered, ...] = ()
    pongs: tuple[bytes, ...] = ()
    """Payloads of the Pongs that it sends before its Close."""
    close: int | None = None
    """It accepts the server's Close, with this code (1005: no code). None: it must not."""
    fail: tuple[int, ...] = ()
    """It fails the connection with one of these codes (RFC 6455 section 7.1.7). Empty: it must not."""


class Scenario(Struct, frozen=True):
    name: str
    about: str
    """status, headers, transport, frames, arguments, servers, hostile, remedy, history, http2, conformance."""
    summary: str
    """One sentence: what the server does, and the interesting point."""
    steps: tuple[Step, ...] = ()
    listener: Listener = "plain"
    url: str = ""
    """Template of the URL the page opens, "" for the scenario's own; ``{ip}`` and the listeners' names (their
    ports) are filled in."""
    page: Page = Page()
    outcome: str = ""
    """The outcome of ``connect``."""
    findings: tuple[str, ...] = ()
    """Finding ids that it must produce (levels fail and warn)."""
    versions: tuple[str, ...] = ()
    """Values of Sec-WebSocket-Version that it speaks; others get a 426 with this list. Empty: any."""
    http2: Http2Play | None = None
    """Its behaviour over HTTP/2; *steps* are for HTTP/1.1 on the same port."""
    wires: tuple[tuple[str, str], ...] = ()
    """(wire version, outcome of ``connect --wire`` with it), if that is interesting."""
    conforming: Conforming | None = None
    """The reaction of a conforming client, for scenarios about conformance."""
