"""Firefox's view: Gecko's WebSocket object, its WebSocket channel, and the HTTP stack under them."""

from wsprobe.browsers.firefox.engine import Firefox
from wsprobe.browsers.firefox.facts import Facts

__all__ = ["ENGINE", "Facts"]

ENGINE = Firefox
