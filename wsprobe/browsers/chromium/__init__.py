"""Chromium's view: Blink's constructor and events, and the network stack under them."""

from wsprobe.browsers.chromium.engine import Chromium
from wsprobe.browsers.versions import newest

ENGINE = Chromium(newest(__name__, __path__))
