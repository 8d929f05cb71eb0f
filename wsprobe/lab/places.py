"""Where a scenario is to be found: its URL and its page, once the ports are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote, urljoin

from wsprobe.browsers.view import Page
from wsprobe.lab.listeners import KINDS
from wsprobe.lab.scenario import Listener, Scenario
from wsprobe.lab.stage.performance import needed
from wsprobe.lab.template import fill_text

PATH = "/s/"
"""Before a scenario's name in a path."""

LISTENERS: tuple[Listener, ...] = (*KINDS, "unused")

PORTS: Mapping[Listener, int] = {name: 8000 + number for number, name in enumerate(LISTENERS)}
"""Ports of a lab that exists only in thought."""


@dataclass(frozen=True, slots=True)
class Place:
    url: str
    """As script gives it to the constructor: it may be relative to the page's, or no URL at all."""
    page: Page
    """With the URL of the page filled in."""

    @property
    def address(self) -> str:
        """The URL for a client that has no page: resolved against the page's where it has no scheme."""
        if not self.url.strip() or self.url.startswith("/") or ":" not in self.url:
            return _ws(urljoin(self.page.url, self.url))
        return self.url


def place(scenario: Scenario, ports: Mapping[Listener, int] = PORTS, host: str = "127.0.0.1") -> Place:
    """Return where *scenario* is played by a lab on *host* with these *ports*."""
    named = f"[{host}]" if ":" in host else host
    values = {"ip": named, "empty": ""} | {name: str(port) for name, port in ports.items()}
    url = fill_text(scenario.url or own_url(scenario), values)
    return Place(url, replace(scenario.page, url=fill_text(scenario.page.url, values)))


def _ws(url: str) -> str:
    """Return *url* with http: made ws:, as the WebSocket constructor does."""
    return "ws" + url.removeprefix("http") if url.startswith("http") else url


def own_url(scenario: Scenario) -> str:
    """Return the template of the URL at which a scenario stands that names none itself."""
    kind = KINDS.get(scenario.listener)
    scheme = "wss" if scenario.listener.startswith("tls") or (kind and kind.tls) else "ws"
    return f"{scheme}://{{ip}}:{{{scenario.listener}}}{PATH}{quote(scenario.name)}"


def wanted(scenario: Scenario) -> frozenset[Listener]:
    """Return the listeners whose ports *scenario* names in its URL, page or steps, its own among them."""
    texts = scenario.url + scenario.page.url
    sent = needed(scenario.steps)
    named = (name for name in LISTENERS if f"{{{name}}}" in texts or name in sent)
    return frozenset({scenario.listener, *named})
