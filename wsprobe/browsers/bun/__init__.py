"""Bun."""

from wsprobe.browsers import newest
from wsprobe.browsers.bun.engine import Bun
from wsprobe.browsers.bun.facts import Facts

FACTS: Facts = newest(__name__, __path__)
ENGINE = Bun(FACTS, FACTS.version)
