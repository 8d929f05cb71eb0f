"""Firefox's view: Gecko's WebSocket object, its WebSocket channel, and the HTTP stack under them."""

from wsprobe.browsers.firefox.engine import Firefox
from wsprobe.browsers.versions import newest

ENGINE = Firefox(newest(__name__, __path__))
