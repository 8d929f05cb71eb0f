"""The requests of an engine to open one URL, each made from the answers before: one loop for the network and
for the lab."""

from __future__ import annotations

from collections.abc import Generator

from msgspec.structs import replace

from wsprobe.browsers.engine import Engine, FollowUp, Page
from wsprobe.browsers.page import opened_by
from wsprobe.browsers.script import on_wire
from wsprobe.exchange import Exchange, Limits, Plan, Route, TlsOptions
from wsprobe.read import handshakes, read
from wsprobe.read.reading import Reading

MAX_SESSION_HTTP2 = 5 * 1024 * 1024
"""The most bytes of a session over HTTP/2. Each byte is kept in its frame, in its DATA and in its message; so
many bytes of a flood fit into 100 MiB."""

MOST_FOLLOWS = 25
"""More requests than any engine makes by itself (WebKitGTK stops after 20 redirects)."""


def visit(
    engine: Engine, url: str, page: Page, key: str, limits: Limits, tls: TlsOptions, route: Route
) -> Generator[Plan, Exchange, list[Reading]]:
    """The exchanges that *engine* makes to open *url* from *page*, oldest first; empty if it makes none.

    A generator: it yields each plan to carry out, receives the resulting exchange, and returns all readings.
    *tls* is kept except ALPN and the rule for common names, which are the engine's, and the oldest version,
    which is the engine's too unless *tls* sets one.
    """
    page = opened_by(page, url)
    construction = engine.construct(url, page)
    if construction.target is None:
        return []
    if tls.minimum is None:
        tls = replace(tls, minimum=engine.oldest_tls)
    acts = on_wire(page.acts, undefined_is_zero=engine.undefined_is_zero, may_close=engine.may_close)
    over_http2 = replace(limits, max_session=min(limits.max_session, MAX_SESSION_HTTP2))
    readings: list[Reading] = []
    then: FollowUp | None = engine.first(construction, page, key)
    while then is not None and len(readings) <= MOST_FOLLOWS:
        plan = Plan(
            target=then.target,
            request=then.request,
            acts=acts,
            limits=limits if then.http2 is None else over_http2,
            tls=replace(tls, alpn=then.alpn, common_name=engine.common_names != ""),
            route=route,
            http2=then.http2,
        )
        readings += handshakes(read((yield plan)))
        then = engine.follow(readings, page, key)
    return readings
