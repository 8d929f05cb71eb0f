"""undici 6.29, measured with 6.29.1 on Node 20.20.2."""

from __future__ import annotations

from msgspec.structs import replace

from wsprobe.browsers.undici import v7_30

FACTS = replace(
    v7_30.FACTS,
    version="6.29",
    exceptions={
        **v7_30.FACTS.exceptions,
        "scheme": "Expected a ws: or wss: protocol, got {scheme}:",
        "fragment": "Got fragment",
    },
    llhttp=8,
    tells_why=True,
    repeated=(421,),
)
