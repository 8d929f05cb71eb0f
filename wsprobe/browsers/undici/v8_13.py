"""undici 8.13, measured with 8.13.1 on Node 26.12.1."""

from __future__ import annotations

from msgspec.structs import replace

from wsprobe.browsers.undici import v7_30

FACTS = replace(
    v7_30.FACTS,
    version="8.13",
    accept_encoding={False: "gzip, deflate", True: "br, gzip, deflate, zstd"},
    stays_compressed=False,
)
