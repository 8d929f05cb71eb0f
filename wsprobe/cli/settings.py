"""All settings of one call as one typed value; with a URL they make a plan: the bytes to send, and how."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Literal

import click
from msgspec import Struct, field
from msgspec.structs import replace

from wsprobe.cli import expect
from wsprobe.cli.environment import environment
from wsprobe.cli.expect import Expectation
from wsprobe.cli.list_settings import ClusterSettings, ListSettings
from wsprobe.cli.option import Given, usage_error
from wsprobe.cli.output_settings import ExpectSettings, OutputSettings, OwnOutputSettings, RetrySettings
from wsprobe.cli.request_settings import (
    FollowSettings,
    OwnRequestSettings,
    RequestSettings,
    SessionSettings,
)
from wsprobe.cli.route_settings import LimitSettings, RouteSettings, TlsSettings
from wsprobe.exchange import Act, Http2, Limits, Plan, Route, Target, TlsOptions
from wsprobe.recording.secrets import are_credentials
from wsprobe.request import opening, target
from wsprobe.request.cookies import Jar
from wsprobe.request.netrc import Netrc
from wsprobe.request.opening import Offer
from wsprobe.request.proxy import Proxies
from wsprobe.wire import WIRES
from wsprobe.wire.credentials import Credentials, Method, with_netrc


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
    on_stdout: bool = False
    """Whether an option names standard output as its file."""
    cluster: str | None = None
    """The address of a Dask scheduler."""
    expectations: tuple[Expectation, ...] = ()
    follow: FollowSettings = FollowSettings()
    retry: RetrySettings = RetrySettings()
    lists: ListSettings = ListSettings()
    elsewhere: ClusterSettings = ClusterSettings()
    output: OutputSettings = OutputSettings()
    own: OwnOutputSettings = OwnOutputSettings()

    @property
    def json_lines(self) -> bool:
        """Whether each report is a line of JSON, printed or in the file of --resume."""
        return self.output.as_json or self.lists.resume is not None

    @property
    def instead(self) -> bool:
        """Whether something is asked for in place of the report that a person reads."""
        own = self.own
        return self.json_lines or own.include or own.write_out is not None or own.body_to == "-"


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
        on_stdout=given.on_stdout(),
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
    pairs, jar = request.jar(own.cookie_jar, environment().now())
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
            sends=bool(acts) or any(each.what in expect.OF_SESSION for each in expectations),
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


def plan_for(
    url: str, handshake: HandshakeSettings, *, wire: str | None = None, credentials: Credentials | None = None
) -> Plan:
    """The plan for *url*. *credentials*: how the server and the proxy require credentials, as far as known.

    Raises click.UsageError for an unusable URL or offer.
    """
    with usage_error(target.TargetError, opening.OfferError):
        to = target.parse(url)
        credentials = Credentials() if credentials is None else credentials
        offer = with_netrc(handshake.offer, to, handshake.netrc)
        jar, now = handshake.jar, environment().now()
        cookies = () if jar.empty else jar.for_target(to, now, stranger=handshake.stranger)
        key = handshake.key if handshake.key is not None else opening.fresh_key(os.urandom(16))
        offer = replace(
            offer,
            authorization=credentials.authorization(to, offer, handshake.method),
            cookies=(*offer.cookies, *[each.pair for each in cookies]),
            key=key,
        )
        spoken = wire or handshake.wire
        if handshake.raw is not None:
            sent = opening.raw(handshake.raw, to, key)
        elif spoken != "hybi-13":
            sent = WIRES[spoken].request(to, offer, os.urandom(64))
        else:
            sent = opening.request(to, offer)
    made = Plan(
        target=to,
        request=sent,
        wire=spoken,
        acts=handshake.acts,
        limits=handshake.limits,
        tls=handshake.tls,
        route=route(handshake, to, credentials),
    )
    return over_http2(made, offer, handshake) if handshake.http2 else made


def over_http2(made: Plan, offer: Offer, handshake: HandshakeSettings) -> Plan:
    """The same plan over HTTP/2, for a server that accepts it."""
    prior = handshake.http2 == "prior"
    with usage_error(opening.OfferError):
        fields = opening.extended_connect(made.target, offer)
    return replace(
        made,
        http2=Http2(fields, prior_knowledge=prior, anyway=handshake.http2_anyway),
        tls=replace(made.tls, alpn=("h2",) if prior else ("h2", "http/1.1")),
    )


def route(handshake: HandshakeSettings, to: Target, credentials: Credentials | None = None) -> Route:
    """The route to *to*, through the given proxy, or the environment's."""
    proxy = handshake.proxies.proxy(to)
    credentials = Credentials() if credentials is None else credentials
    answer = credentials.proxy_authorization(proxy, to, handshake.route, handshake.proxy_method)
    return replace(handshake.route, proxy=proxy, proxy_authorization=answer)


def for_strangers(handshake: HandshakeSettings, *, without_netrc: bool) -> HandshakeSettings:
    """The part of *handshake* that may go to another origin: nothing that could be secret.

    Removed are credentials, cookies, the client certificate, a request or request target written by hand,
    messages, all headers but those in HARMLESS, and subprotocols that look like a token. A .netrc has
    credentials for each host, and stays; *without_netrc* removes it too.
    """
    offer = handshake.offer
    offered = zip(offer.protocols, are_credentials(offer.protocols), strict=True)
    return replace(
        handshake,
        offer=replace(
            offer,
            user=None,
            cookies=(),
            headers=tuple(header for header in offer.headers if _harmless(header)),
            protocols=tuple(name for name, secret in offered if not secret),
            request_target=None,
        ),
        stranger=True,
        netrc=None if without_netrc or handshake.netrc is None else replace(handshake.netrc, by_name=True),
        raw=None,
        acts=tuple(act for act in handshake.acts if act.do == "ping"),
        tls=replace(handshake.tls, certificate=None, key=None),
    )


HARMLESS = ("user-agent", "origin", "sec-websocket-extensions", "sec-websocket-version")
"""Headers that say nothing about the sender, besides those that begin with Accept."""


def _harmless(header: str) -> bool:
    name = header.partition(":")[0].rstrip("; \t").strip().lower()
    return name in HARMLESS or name.startswith("accept")
