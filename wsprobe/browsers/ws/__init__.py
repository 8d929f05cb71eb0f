"""The npm package ws, on Node."""

from wsprobe.browsers.ws.engine import Ws
from wsprobe.browsers.ws.facts import Facts

__all__ = ["ENGINE", "Facts"]

ENGINE = Ws
