"""Deno."""

from wsprobe.browsers.deno.engine import Deno
from wsprobe.browsers.deno.facts import Facts

__all__ = ["ENGINE", "Facts"]

ENGINE = Deno
