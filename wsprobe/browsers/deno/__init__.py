"""Deno."""

from wsprobe.browsers import newest
from wsprobe.browsers.deno.engine import Deno
from wsprobe.browsers.deno.facts import Facts

FACTS: Facts = newest(__name__, __path__)
ENGINE = Deno(FACTS, FACTS.version)
