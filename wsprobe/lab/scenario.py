"""A scenario: what a server does, and what a page does meanwhile. Values only; the catalogue is data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from wsprobe.browsers.view import Page

Listener = Literal[
    "plain",
    "tls",
    "tls-unknown-ca",
    "tls-expired",
    "tls-wrong-name",
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
]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the server, in order, after the request's head was read (plain and tls listeners)."""

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
    ]
    data: bytes = b""
    """To send. ``{accept}``, ``{host}``, ``{key}`` and the like have not been filled in yet."""
    seconds: float = 0.0
    """wait, hold (keep open and read), pause between bytes (send-bytewise); at most, for read, read-frame,
    read-close and echo."""
    repeat: int = 1
    """How often *data* is sent; ``{number}`` in it counts from 0."""


@dataclass(frozen=True, slots=True)
class Scenario:
    name: str
    about: str
    """status, headers, transport, frames, arguments, servers, hostile, remedy, history."""
    summary: str
    """One sentence: what the server does and why it is of interest."""
    steps: tuple[Step, ...] = ()
    listener: Listener = "plain"
    url: str = ""
    """Template of the URL the page opens, "" for the scenario's own; ``{ip}`` and the listeners' names (their
    ports) are filled in."""
    page: Page = Page()
    outcome: str = ""
    """What ``connect`` says of it."""
    findings: tuple[str, ...] = ()
    """Finding ids that it must produce (levels fail and warn)."""
    versions: tuple[str, ...] = ()
    """Values of Sec-WebSocket-Version that it speaks; others get a 426 that lists these. Empty: any."""
    wires: tuple[tuple[str, str], ...] = ()
    """(wire version, what ``connect --wire`` with it says), where that is of interest."""
