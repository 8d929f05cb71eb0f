"""Firefox's view: Gecko's WebSocket object, its WebSocket channel, and the HTTP stack under them."""

from wsprobe.browsers import newest
from wsprobe.browsers.firefox.engine import Firefox

ENGINE = Firefox(newest(__name__, __path__))
