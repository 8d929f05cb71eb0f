"""Finds the browser in a User-Agent, and the engine whose view to compare with it."""

from __future__ import annotations

import re

import msgspec


class Client(msgspec.Struct, frozen=True):
    """A browser as its User-Agent describes it."""

    name: str
    """Lower case, fit for a file's name; "" for an unknown User-Agent."""
    version: str
    engine: str
    """One of ENGINES, "" if no matching engine was measured."""

    @property
    def title(self) -> str:
        """Name and version in the usual form. Chromium hides the later numbers of its version as zeros; these
        are left out."""
        version = re.sub(r"(\.0)+$", "", self.version)
        return f"{self.name.capitalize()} {version}".strip() if self.name else "An unknown browser"


_RULES = (
    # On iOS every browser is Apple's WebKit, which was not measured.
    (re.compile(r"\b(?:CriOS|EdgiOS|OPiOS|FxiOS)/([\d.]+)"), "ios-browser", ""),
    (re.compile(r"\bEdg(?:A)?/([\d.]+)"), "edge", "chromium"),
    (re.compile(r"\bOPR/([\d.]+)"), "opera", "chromium"),
    (re.compile(r"\b(?:Headless)?Chrom(?:e|ium)/([\d.]+)"), "chromium", "chromium"),
    (re.compile(r"\bFirefox/([\d.]+)"), "firefox", "firefox"),
    # WebKitGTK and Safari write the same words; only the platform tells them apart.
    (re.compile(r"\((?:X11|Wayland);.*AppleWebKit/([\d.]+)"), "webkitgtk", "webkitgtk"),
    (re.compile(r"\bVersion/([\d.]+).*\bSafari/"), "safari", ""),
)
"""(pattern whose group is the version, name, engine), in the order in which they are tried. User-Agents for
earlier patterns match later ones too."""


def client(user_agent: str) -> Client:
    """The browser that a User-Agent describes; name and engine are "" if it is unknown."""
    for pattern, name, engine in _RULES:
        if found := pattern.search(user_agent[:1000]):
            return Client(name, found[1], engine)
    return Client("", "", "")
