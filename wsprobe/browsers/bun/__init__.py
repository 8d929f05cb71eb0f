"""Bun."""

from wsprobe.browsers import newest
from wsprobe.browsers.bun.engine import Bun

ENGINE = Bun(newest(__name__, __path__))
