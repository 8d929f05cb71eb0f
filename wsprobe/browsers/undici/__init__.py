"""undici, which is also the WebSocket of Node."""

from msgspec.structs import replace

from wsprobe.browsers.undici.engine import Undici
from wsprobe.browsers.undici.facts import Facts

__all__ = ["ENGINE", "Facts"]

ENGINE = Undici


def built_in(engine: Undici) -> Undici:
    """*engine* as it is built into Node, where it and its class have other names (measured)."""
    no_new = engine.facts.exceptions["no-new"].replace("WebSocket", "_WebSocket")
    exceptions = {**engine.facts.exceptions, "no-new": no_new}
    return Undici(replace(engine.facts, user_agent="node", exceptions=exceptions))
