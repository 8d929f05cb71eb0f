"""undici, which is also the WebSocket of Node."""

from msgspec.structs import replace

from wsprobe.browsers import newest
from wsprobe.browsers.undici.engine import Undici

ENGINE = Undici(newest(__name__, __path__))


def built_in(engine: Undici) -> Undici:
    """*engine* as it is built into Node, where it and its class have other names (measured)."""
    no_new = engine.facts.exceptions["no-new"].replace("WebSocket", "_WebSocket")
    exceptions = {**engine.facts.exceptions, "no-new": no_new}
    return Undici(replace(engine.facts, user_agent="node", exceptions=exceptions))
