"""Bun."""

from wsprobe.browsers.bun.engine import Bun
from wsprobe.browsers.bun.facts import Facts

__all__ = ["ENGINE", "Facts"]

ENGINE = Bun
