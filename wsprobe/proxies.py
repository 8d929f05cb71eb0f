"""What each proxy needs so that a handshake passes: the lines of ``proxies.toml``, read when first asked "
"for."""

from __future__ import annotations

from functools import cache
from importlib import resources

import msgspec

LEADING = ("nginx", "apache", "haproxy", "caddy", "traefik", "envoy")
"""The proxies that advice names where it is not known which one it is."""


class Proxy(msgspec.Struct, frozen=True):
    """One proxy; what the members mean stands at the head of ``proxies.toml``."""

    key: str
    name: str
    lines: tuple[str, ...]
    why: str
    keep: str
    own: str
    tried: str
    remove: str = ""

    @property
    def mends(self) -> str:
        """On one line: what to write, or to remove, so that Upgrade and Connection pass."""
        if self.remove:
            return f"passes them on by itself; remove {self.remove}"
        return " ".join(self.lines) if self.lines[0].endswith(";") else "; ".join(self.lines)


@cache
def proxies() -> tuple[Proxy, ...]:
    """Every proxy, in the order of the file."""
    # tomllib is loaded late: most answers need no line of a proxy, and the start of the command none.
    import tomllib

    text = resources.files("wsprobe").joinpath("proxies.toml").read_text("utf-8")
    rows = tomllib.loads(text)["proxy"]
    flat = ({key: _flat(value) for key, value in row.items()} for row in rows)
    return tuple(msgspec.convert(row, Proxy) for row in flat)


def proxy(key: str) -> Proxy | None:
    """The proxy called *key*, None if there are no lines for it."""
    return next((each for each in proxies() if each.key == key), None)


def _flat(value: object) -> object:
    return " ".join(value.split()) if isinstance(value, str) else value
