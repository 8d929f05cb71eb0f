"""undici 7.24, measured with 7.24.4 on Node 20.20.2; it is the one in Node 25.9."""

from __future__ import annotations

from msgspec.structs import replace

from wsprobe.browsers.undici import v7_30

UNLIMITED = 2**63

FACTS = replace(
    v7_30.FACTS,
    version="7.24",
    most_payload=UNLIMITED,
    most_fragments=UNLIMITED,
    most_inflated=4 * 1024 * 1024,
    unasked_protocol="Cannot read properties of null (reading 'includes')",
)
