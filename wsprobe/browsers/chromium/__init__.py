"""Chromium's view: Blink's constructor and events, and the network stack under them."""

from wsprobe.browsers import newest
from wsprobe.browsers.chromium.engine import Chromium
from wsprobe.browsers.chromium.facts import Facts

FACTS: Facts = newest(__name__, __path__)
ENGINE = Chromium(FACTS)
