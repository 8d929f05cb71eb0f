"""Chromium's view: Blink's constructor and events, and the network stack under them."""

from wsprobe.browsers.chromium.engine import Chromium
from wsprobe.browsers.chromium.v156 import FACTS

ENGINE = Chromium(FACTS)
