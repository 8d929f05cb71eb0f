"""The lab's kinds of port, and the place of each scenario on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from urllib.parse import quote, urljoin

from msgspec import Struct
from msgspec.structs import replace

from wsprobe.browsers.engine import Page
from wsprobe.lab.perform import needed
from wsprobe.lab.scenario import Listener, Scenario, Step, escape, fill_text
from wsprobe.lab.steps import settings
from wsprobe.request.target import bracketed

PATIENCE = 75.0
"""Seconds that a silent port keeps a connection open."""

HELLO = 10.0
"""Seconds that a port waits for a ClientHello."""

ANNOUNCING = (settings((3, 100), (8, 1)),)
"""The first frames of an ordinary server that accepts WebSockets over HTTP/2."""

Fault = Literal["", "unknown-ca", "expired", "wrong-name", "common-name", "client-certificate", "old-version"]


class PortKind(Struct, frozen=True):
    """One kind of port."""

    tls: bool = False
    """True for a port with TLS."""
    fault: Fault = ""
    """The fault of the TLS server, "" for none."""
    steps: tuple[Step, ...] | None = None
    """The steps to play as soon as the connection is open, in place of a scenario; None: read a request
    first."""
    alpn: tuple[str, ...] = ("http/1.1",)
    """The protocols that the TLS server accepts, best first."""
    http2: tuple[Step, ...] = ANNOUNCING
    """The first bytes for a client that begins with the preface of HTTP/2, whatever it requests."""


def _say(text: bytes) -> Step:
    return Step("send", escape(text))


ALERT_HANDSHAKE_FAILURE = bytes.fromhex("15 03 03 00 02 02 28")
"""A fatal alert 40 in one record (RFC 8446 sections 5.1 and 6)."""

ALERT_UNEXPECTED_MESSAGE = bytes.fromhex("15 03 03 00 02 02 0a")
"""A fatal alert 10: the answer of a TLS port to plain HTTP."""

NOISE = bytes(x * x * 7 % 251 ^ 0xA5 for x in range(1, 257))
"""Bytes that begin no known protocol."""

_NOT_A_REQUEST = b"This port speaks plain HTTP, and what came is no request.\n"

NOT_A_REQUEST = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
    % (len(_NOT_A_REQUEST), _NOT_A_REQUEST)
)
"""The answer of a plain port to TLS, or to any bytes other than HTTP."""


FLOOD = 200_000
"""Frames of a flood: more than any client accepts."""


def _h2(*opening: Step) -> PortKind:
    return PortKind(tls=True, alpn=("h2", "http/1.1"), http2=opening)


KINDS: Mapping[Listener, PortKind] = {
    "plain": PortKind(),
    "tls": PortKind(tls=True),
    "tls-unknown-ca": PortKind(tls=True, fault="unknown-ca"),
    "tls-expired": PortKind(tls=True, fault="expired"),
    "tls-wrong-name": PortKind(tls=True, fault="wrong-name"),
    "tls-client-certificate": PortKind(tls=True, fault="client-certificate"),
    "tls-1.1": PortKind(tls=True, fault="old-version"),
    "tls-alert": PortKind(steps=(Step("read", seconds=HELLO), _say(ALERT_HANDSHAKE_FAILURE))),
    "fin-on-accept": PortKind(steps=()),
    "reset-on-accept": PortKind(steps=(Step("reset"),)),
    "silent": PortKind(steps=(Step("wait", seconds=PATIENCE),)),
    "smtp": PortKind(steps=(_say(b"220 mail.example ESMTP ready\r\n"), Step("hold", seconds=PATIENCE))),
    "ssh": PortKind(steps=(_say(b"SSH-2.0-OpenSSH_9.9\r\n"), Step("hold", seconds=PATIENCE))),
    "reset-on-hello": PortKind(steps=(Step("read", seconds=HELLO), Step("reset"))),
    "noise": PortKind(steps=(_say(NOISE), Step("hold", seconds=PATIENCE))),
    "fin-on-hello": PortKind(steps=(Step("read", seconds=HELLO),)),
    "h2": _h2(*ANNOUNCING),
    "h2-off": _h2(settings((3, 100))),
    "h2-zero": _h2(settings((3, 100), (8, 0))),
    "h2-value-2": _h2(settings((3, 100), (8, 2))),
    "h2-late": _h2(settings((3, 100)), Step("wait", seconds=0.1), settings((8, 1))),
    "h2-later": _h2(settings((3, 100)), Step("wait", seconds=1.5), settings((8, 1))),
    "h2-withdrawn": _h2(settings((3, 100), (8, 1)), settings((8, 0))),
    "h2-window-0": _h2(settings((3, 100), (8, 1), (4, 0))),
    "h2-window-5": _h2(settings((3, 100), (8, 1), (4, 5))),
    "h2-one-stream": _h2(settings((3, 1), (8, 1))),
    "h2-only": PortKind(tls=True, alpn=("h2",)),
    "h2-silent": _h2(Step("hold", seconds=PATIENCE)),
    "h2-no-settings": _h2(Step("frame", type=6, data=b"12345678"), Step("hold", seconds=PATIENCE)),
    "h2-http1": _h2(Step("raw", escape(NOT_A_REQUEST)), Step("close-notify")),
    "h2-goaway": _h2(settings((3, 100), (8, 1)), Step("frame", bytes(7) + b"\x0btoo many connections", type=7)),
    "h2-settings-flood": _h2(*ANNOUNCING, settings((3, 100), repeat=FLOOD)),
    "h2-ping-flood": _h2(*ANNOUNCING, Step("frame", type=6, data=b"12345678", repeat=FLOOD)),
    "h2-malformed": _h2(Step("frame", type=4, data=b"12345"), Step("hold", seconds=PATIENCE)),
    "tls-no-alpn": PortKind(tls=True, alpn=()),
    "tls-common-name": PortKind(tls=True, fault="common-name"),
}
"""Every kind of port except ``unused``, where nothing listens."""


PATH = "/s/"
"""The beginning of a path with a scenario's name."""

LISTENERS: tuple[Listener, ...] = (*KINDS, "unused")

PORTS: Mapping[Listener, int] = {name: 8000 + number for number, name in enumerate(LISTENERS)}
"""Ports of an imaginary lab, without sockets."""


class Place(Struct, frozen=True):
    url: str
    """The string for the constructor: it may be relative to the page's URL, or invalid."""
    page: Page
    """The page, with its URL filled in."""

    @property
    def address(self) -> str:
        """The URL for a client without a page: resolved against the page's URL if it has no scheme."""
        if not self.url.strip() or self.url.startswith("/") or ":" not in self.url:
            return _ws(urljoin(self.page.url, self.url))
        return self.url


def place(scenario: Scenario, ports: Mapping[Listener, int] = PORTS, host: str = "127.0.0.1") -> Place:
    """The URL and page of *scenario* in a lab on *host* with these *ports*."""
    values = {"ip": bracketed(host), "empty": ""} | {name: str(port) for name, port in ports.items()}
    url = fill_text(scenario.url or own_url(scenario), values)
    return Place(url, replace(scenario.page, url=fill_text(scenario.page.url, values)))


def _ws(url: str) -> str:
    """*url* with ws: for http:, as in the WebSocket constructor."""
    return "ws" + url.removeprefix("http") if url.startswith("http") else url


def own_url(scenario: Scenario) -> str:
    """The template of the URL for a scenario that sets none."""
    kind = KINDS.get(scenario.listener)
    scheme = "wss" if scenario.listener.startswith("tls") or (kind and kind.tls) else "ws"
    return f"{scheme}://{{ip}}:{{{scenario.listener}}}{PATH}{quote(scenario.name)}"


def wanted(scenario: Scenario) -> frozenset[Listener]:
    """The listeners that *scenario* needs: its own, and those whose ports are in its URL, page or steps."""
    texts = scenario.url + scenario.page.url
    sent = needed(scenario.steps)
    named = (name for name in LISTENERS if f"{{{name}}}" in texts or name in sent)
    return frozenset({scenario.listener, *named})
