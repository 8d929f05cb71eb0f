"""Proxies in front of a WebSocket server: the settings that forward a handshake, and the look of their own
answers."""

from __future__ import annotations

from wsprobe.diagnosis import proxies
from wsprobe.explain.entry import Topic

_OVERVIEW = (
    "Upgrade and Connection are meant for one hop (RFC 9110 section 7.6.1). A proxy without WebSocket support "
    "removes them, and the server behind it sees a plain GET: it answers 400 or 426 if the library notices, "
    "and 404 or 200 if it does not.",
    "A Server header names the last hop that writes one, which is not always the program that made the answer: "
    "nginx, Envoy and nghttpx replace the application's, Caddy puts its own before it, Apache and lighttpd add "
    "theirs only where there is none, HAProxy and Varnish add none.",
)


def topics() -> tuple[str, ...]:
    """The topics that `find` knows."""
    return ("proxy", *(each.key for each in proxies.proxies()))


def find(topic: str) -> Topic | None:
    """The proxy called *topic*; for ``proxy``, the facts about all of them."""
    if topic == "proxy":
        return Topic(
            "proxy",
            "proxy",
            "a proxy in front of the server",
            _OVERVIEW,
            proxies.examples("upgrade"),
            _see("proxy"),
        )
    each = proxies.proxy(topic)
    if each is None:
        return None
    lines = tuple(("write", line) for line in each.lines)
    removed = (("remove", each.remove),) if each.remove else ()
    facts = (
        *lines,
        *removed,
        ("also check", each.keep),
        ("its own answers", each.own),
        ("tried with", each.tried),
    )
    return Topic(topic, "proxy", each.name, (each.why,), facts, _see(topic))


def _see(topic: str) -> tuple[str, ...]:
    others = tuple(key for key in ("proxy", *proxies.LEADING) if key != topic)
    return ("upgrade-lost", "426", *others)
