"""What a script is told: values only. Names in events are the DOM's own."""

from __future__ import annotations

from typing import Literal

from wsprobe.exchange import Act
from wsprobe.value import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    """The page whose script opens the socket."""

    url: str = "http://localhost/"
    csp: str = ""
    """Content-Security-Policy of the page, "" if none."""
    protocols: tuple[str, ...] | str | None = None
    """The constructor's second argument; None: not given."""
    acts: tuple[Act, ...] = ()
    """What the script does after construction."""
    cookies: str = ""
    """Value of the Cookie field that the browser's jar would send, "" if none."""
    user_agent: str = ""
    """Replaces the engine's own, "" if not."""
    construct: Literal["new", "call", "no-arguments"] = "new"


@dataclass(frozen=True, slots=True)
class DomException:
    name: str
    message: str
    code: int | None = None
    """Legacy code: SyntaxError 12, InvalidAccessError 15, SecurityError 18, InvalidStateError 11, or None."""


@dataclass(frozen=True, slots=True)
class DomEvent:
    """One event delivered to script, or (``throw``) an exception that a later call raised."""

    type: Literal["open", "message", "error", "close", "throw"]
    ready_state: int
    """readyState while it was delivered."""
    protocol: str = ""
    extensions: str = ""
    data: str | bytes = ""
    """Of a message: str for text, bytes for binary."""
    code: int = 0
    reason: str = ""
    was_clean: bool = False
    exception: DomException | None = None


@dataclass(frozen=True, slots=True)
class ScriptView:
    """All that a script, and beside it the console, gets from one WebSocket."""

    browser: str
    version: str
    page: str
    url: str
    """What ``WebSocket.url`` says; "" if the constructor threw."""
    exception: DomException | None
    """Thrown by the constructor."""
    events: tuple[DomEvent, ...]
    ready_state: int
    """At the end of the recording."""
    console: tuple[str, ...]
    hidden: tuple[str, ...]
    """What the server said and script cannot know, e.g. ``status 403``, ``3 headers``, ``25-byte body``."""
    outcome: str
    """``open``, ``failed``, ``closed``, ``connecting``, ``threw``, or ``follows``: a redirect or retry that is
    not recorded."""
    because: str
    """The step that decided, and where it stands: standard or engine source file."""
    races: str = ""
    """Not "" where the engine is measured to give more than one result; says which."""
    cookies: tuple[str, ...] = ()
    """Set-Cookie values that the engine stores."""
