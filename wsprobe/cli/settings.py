"""All settings of one call as one typed value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import click
from msgspec import Struct, field

from wsprobe.cli import expect
from wsprobe.cli.expect import Expectation
from wsprobe.cli.list_settings import ClusterSettings, ListSettings
from wsprobe.cli.output_settings import ExpectSettings, OutputSettings, OwnOutputSettings, RetrySettings
from wsprobe.cli.request_settings import (
    FollowSettings,
    OwnRequestSettings,
    RequestSettings,
    SessionSettings,
)
from wsprobe.cli.route_settings import LimitSettings, RouteSettings, TlsSettings
from wsprobe.cli.section import Given
from wsprobe.exchange import Act, Limits, Route, TlsOptions
from wsprobe.request.cookies import Jar
from wsprobe.request.netrc import Netrc
from wsprobe.request.opening import Offer
from wsprobe.request.proxies import Proxies
from wsprobe.wire.credentials import Method


class HandshakeSettings(Struct, frozen=True):
    """What to send, to which address, within which limits; together with a URL it makes a plan."""

    offer: Offer
    limits: Limits
    tls: TlsOptions
    route: Route
    acts: tuple[Act, ...] = ()
    key: str | None = None
    """Sec-WebSocket-Key; None: a fresh key for each request."""
    raw: bytes | None = None
    """The whole request, instead of one made from *offer*."""
    wire: str = "hybi-13"
    jar: Jar = field(default_factory=Jar)
    """Cookies from files and from answers, each with the places it belongs to."""
    stranger: bool = False
    """True after a redirect to another origin: then only cookies whose domain matches are sent."""
    http2: Literal["", "alpn", "prior"] = ""
    """HTTP/2 if the server selects it in ALPN ("alpn"), or without asking ("prior")."""
    http2_anyway: bool = False
    method: Method = "basic"
    """How to send credentials."""
    proxy_method: Method = "basic"
    netrc: Netrc | None = None
    """Credentials by host; None: no option requires such a file."""
    proxies: Proxies = Proxies()
    """The proxies from -x or the environment; *route* has no proxy, because it depends on the URL."""


class Settings(Struct, frozen=True):
    """The values of all options of one call. A section that the command does not have keeps its defaults."""

    handshake: HandshakeSettings
    max_time: float | None = None
    """Seconds from -m; None if it was not given."""
    cookie_jar: str | None = None
    """The file of --cookie-jar; - is standard output."""
    cluster: str | None = None
    """The address of a Dask scheduler."""
    expectations: tuple[Expectation, ...] = ()
    follow: FollowSettings = FollowSettings()
    retry: RetrySettings = RetrySettings()
    lists: ListSettings = ListSettings()
    elsewhere: ClusterSettings = ClusterSettings()
    output: OutputSettings = OutputSettings()
    own: OwnOutputSettings = OwnOutputSettings()


def settings_of(given: Given, page: bool = False) -> Settings:
    """The settings of the *given* sections. *page*: they describe a page, which may try anything.

    Raises click.UsageError for values that cannot be used.
    """
    request, own, follow = given[RequestSettings], given[OwnRequestSettings], given[FollowSettings]
    output = given[OutputSettings]
    if given[TlsSettings].unlock() and (given[ListSettings].workers > 1 or given[ClusterSettings].cluster):
        raise click.UsageError(
            "a private key with a passphrase works in this process only: leave --workers and --cluster out"
        )
    if not page:
        request.check()
    expectations = expect.parse(given[ExpectSettings].expectations)
    handshake = _handshake(given, page, expectations)
    output.check()
    return Settings(
        handshake=handshake,
        max_time=given[LimitSettings].max_time,
        cookie_jar=own.cookie_jar,
        cluster=given[ClusterSettings].address(),
        expectations=expectations,
        follow=follow,
        retry=given[RetrySettings],
        lists=given[ListSettings],
        elsewhere=given[ClusterSettings],
        output=output,
        own=given[OwnOutputSettings],
    )


def _handshake(given: Given, page: bool, expectations: Sequence[Expectation]) -> HandshakeSettings:
    request, own, route = given[RequestSettings], given[OwnRequestSettings], given[RouteSettings]
    raw = own.given_bytes()
    acts = tuple(given[SessionSettings].acts())
    wire = own.version(acts)
    pairs, jar = request.jar(own.cookie_jar)
    return HandshakeSettings(
        offer=Offer(
            key=own.ws_key or "",
            headers=request.lines(),
            user_agent=request.user_agent,
            cookies=pairs,
            user=request.user,
            protocols=request.protocols,
            origin=request.origin.removesuffix("/") if page and request.origin else request.origin,
            extensions=own.extensions,
            no_compression=own.no_compression,
            version=own.ws_version,
            request_target=own.request_target,
            http_version=own.http_version or "1.1",
        ),
        limits=given[LimitSettings].limits(
            sends=bool(acts) or expect.about_session(expectations),
            awaits=expect.awaited(expectations) is not None,
        ),
        tls=given[TlsSettings].tls(),
        route=route.route(),
        acts=acts,
        key=own.ws_key,
        raw=raw,
        wire=wire,
        jar=jar,
        http2=own.over_http2(),
        http2_anyway=own.http2_anyway,
        method=request.method(),
        proxy_method=route.proxy_method(),
        netrc=request.credentials_by_host(),
        proxies=route.proxies(),
    )
