"""Chromium's view: Blink's constructor and events, and the network stack under them."""

from wsprobe.browsers import newest
from wsprobe.browsers.chromium.engine import Chromium

ENGINE = Chromium(newest(__name__, __path__))
