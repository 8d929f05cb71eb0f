"""Deno."""

from wsprobe.browsers import newest
from wsprobe.browsers.deno.engine import Deno

ENGINE = Deno(newest(__name__, __path__))
