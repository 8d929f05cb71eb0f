"""undici 7.30, which is also the WebSocket of Node 22 and later."""

from wsprobe.browsers import newest
from wsprobe.browsers.undici.engine import Undici
from wsprobe.browsers.undici.facts import Facts

FACTS: Facts = newest(__name__, __path__)
ENGINE = Undici(FACTS, FACTS.version)
