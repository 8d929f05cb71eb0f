"""Chromium's view: Blink's constructor and events, and the network stack under them."""

from wsprobe.browsers.chromium.engine import Chromium
from wsprobe.browsers.chromium.facts import Facts

__all__ = ["ENGINE", "Facts"]

ENGINE = Chromium
