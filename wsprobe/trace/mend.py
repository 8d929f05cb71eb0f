"""The lines that mend a proxy, by fault and proxy: mend.toml; proxies.toml for what each handshake needs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from wsprobe.proxies import LEADING, proxies

NAMES = {
    "nginx": "nginx",
    "haproxy": "HAProxy",
    "apache": "Apache",
    "caddy": "Caddy",
    "varnish": "Varnish",
    "lighttpd": "lighttpd",
    "nghttpx": "nghttpx",
    "envoy": "Envoy",
    "vite": "Vite",
    "traefik": "Traefik (from its documentation)",
    "aws": "AWS load balancer (from its documentation)",
    "cloudflare": "Cloudflare (from its documentation)",
}
"""Word for a hop, as ``wsprobe.signatures`` has it -> what people call it, where that is another."""

UNKNOWN = ("rule", "error")
"""Faults that say little as long as the proxy is not known."""


@cache
def table() -> dict[str, dict[str, str]]:
    """Fault -> hop -> what to write there."""
    import tomllib
    from importlib.resources import files

    return tomllib.loads(files("wsprobe").joinpath("trace/mend.toml").read_text(encoding="utf-8"))


def lines(fault: str, hops: Sequence[str], *, part: str = "") -> str:
    """What to write against *fault*, one proxy a line: for those of *hops* that are known, else for those
    in wide use.

    *part*: the field that is meant, where the fault is about one.
    """
    known = {name: text.replace("PART", part) for name, text in table()[fault].items()}
    if fault == "upgrade":
        known |= {each.key: each.mends for each in proxies()}
    usual = [name for name in LEADING if name in known] or list(known)
    named = [name for name in hops if name in known]
    chosen = named or ([] if fault in UNKNOWN else usual)
    return "\n".join(f"{NAMES.get(name, name)}: {known[name]}" for name in chosen)
