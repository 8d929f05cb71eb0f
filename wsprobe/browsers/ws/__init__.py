"""The npm package ws, on Node."""

from wsprobe.browsers import newest
from wsprobe.browsers.ws.engine import Ws
from wsprobe.browsers.ws.facts import Facts

FACTS: Facts = newest(__name__, __path__)
ENGINE = Ws(FACTS, FACTS.version)
