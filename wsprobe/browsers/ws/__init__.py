"""The npm package ws, on Node."""

from wsprobe.browsers import newest
from wsprobe.browsers.ws.engine import Ws

ENGINE = Ws(newest(__name__, __path__))
