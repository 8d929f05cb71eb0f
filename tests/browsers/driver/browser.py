"""What every driven engine can do."""

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Line:
    """A text on the console. *at*: milliseconds since 1970."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """What one page wrote down: by case name, as page.html made it; and what the console said meanwhile."""

    results: dict[str, dict[str, Any]]
    console: tuple[Line, ...]


class EngineError(Exception):
    """The engine did not do what it was told: it is gone, or did not answer in time."""


class Browser(Protocol):
    @property
    def version(self): ...

    @property
    def back(self):
        """Where the page has to go when it has finished, "" to stay."""
        ...

    async def load(self, url, seconds):
        """Load the page at *url* and wait until it has finished. Raises EngineError after *seconds*."""
        ...


class Engine(Protocol):
    name: str
    at_once: int
    """How many sockets one page may have open at once without one changing what another sees."""
    a_page: int
    """How many sockets one page may open one after the other."""
    names_urls: bool
    """Every console text about a socket has its URL in it."""
    pages: int
    """How many pages may be open at once in one browser."""
    browsers: int

    def missing(self):
        """What is not installed, "" if nothing is."""
        ...

    def start(self, bench): ...
