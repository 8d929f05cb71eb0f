"""A trace: what it begins with, the requests sent so far, and their answers."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from wsprobe.exchange import Http2, Plan
from wsprobe.request.edits import first_value, values
from wsprobe.request.target import bracketed
from wsprobe.trace.answer import Answer, same


class Backend(msgspec.Struct, frozen=True):
    """The address of the application behind the proxy, or of another proxy between the two."""

    host: str
    port: int
    secure: bool | None = None
    """None: as the URL says."""
    resource: str = ""
    """Path and query; "": those of the URL. A proxy may strip a prefix."""

    def __str__(self) -> str:
        return f"{bracketed(self.host)}:{self.port}"


class Start(msgspec.Struct, frozen=True):
    """What a trace begins with."""

    plan: Plan
    """The handshake as it was given."""
    origin: str
    """The URL's own origin: that of a page on the same host."""
    browsers: tuple[tuple[str, bytes], ...] = ()
    """(name, the engine's own request)."""
    backends: tuple[Backend, ...] = ()
    """From outside to inside; the last one is the application."""
    each_address: bool = False
    hold: float = 0.0
    """Seconds that an open session is held in silence at the end."""
    http2: Http2 | None = None
    """The plan of the handshake over HTTP/2; None if it cannot be sent so."""
    heavy: bool = False
    """An audit may send a message of many bytes."""
    clear_port: int = 0
    """Where an audit tries the handshake in clear, beside the port of TLS; 0 for the usual port."""

    @property
    def has_origin(self) -> bool:
        return bool(values(self.plan.request, b"origin"))

    @property
    def cross_origin(self) -> str:
        """The Origin of the handshake, if it is not the URL's own; else ""."""
        given = first_value(self.plan.request, b"origin")
        return given if given.lower() != self.origin.lower() else ""

    @property
    def protocols(self) -> tuple[bytes, ...]:
        offered = b",".join(values(self.plan.request, b"sec-websocket-protocol"))
        return tuple(each.strip() for each in offered.split(b",") if each.strip())


class Trace(msgspec.Struct, frozen=True):
    """The requests sent so far and their answers, in that order."""

    start: Start
    answers: Mapping[str, Answer]

    def __getitem__(self, name: str) -> Answer | None:
        return self.answers.get(name)

    @property
    def base(self) -> Answer:
        return self.answers["base"]

    @property
    def own(self) -> Answer | None:
        """The answer to the handshake with the page's own Origin."""
        return self.base if self.start.has_origin else self["origin"]

    @property
    def as_page(self) -> Answer:
        """The answer that names the cause: with the page's own Origin, if that changes nothing (then a missing
        Origin is not the cause), or is refused too; else the base."""
        own, base = self.own, self.base
        refused = own is not None and own.cause_id == base.cause_id == "origin-refused"
        return own if own is not None and (refused or same(own, base)) else base

    @property
    def without_origin(self) -> Answer | None:
        return self["no-origin"] if self.start.has_origin else self.base

    @property
    def past(self) -> Answer | None:
        """The answer to the same bytes without the proxy."""
        return self["backend-plain"] or self["backend"]

    @property
    def like_get(self) -> bool:
        """True if a plain GET got the same answer as the handshake."""
        get = self["get"]
        return get is not None and same(self.base, get)

    def sent(self, *names: str) -> tuple[str, ...]:
        """Those of *names* that were sent."""
        return tuple(name for name in names if name in self.answers)

    def directly(self, number: int) -> Answer | None:
        """The answer of backend *number*, counted from 1, to the same bytes; the last one is ``past``."""
        if number == len(self.start.backends):
            return self.past
        return self[f"backend {number} plain"] or self[f"backend {number}"]

    def held(self, number: int) -> str:
        """The name of the change that holds a session of backend *number*, counted from 1."""
        return "backend-held" if number == len(self.start.backends) else f"backend {number} held"

    @property
    def proxies(self) -> tuple[str, ...]:
        """Proxies that left a mark on any answer that came through them."""
        through = (each for name, each in self.answers.items() if not name.startswith("backend"))
        return tuple(dict.fromkeys(mark for each in through for mark in each.proxies))


class TraceRequest(msgspec.Struct, frozen=True):
    """One request of a trace."""

    name: str
    plan: Plan
