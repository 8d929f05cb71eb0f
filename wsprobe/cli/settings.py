"""The one typed value that the options of a command make, and what of them goes together.

What a command line cannot mean is a usage error here, before anything is sent.
"""

from __future__ import annotations

from typing import Literal

import click
from msgspec import Struct, field

from wsprobe.cli import expect
from wsprobe.cli.cookies import Jar
from wsprobe.cli.credentials import Method
from wsprobe.cli.expect import Expectation
from wsprobe.cli.list_settings import BOTH, ClusterSettings, ListSettings
from wsprobe.cli.netrc import Netrc
from wsprobe.cli.output_settings import ExpectSettings, OutputSettings, OwnOutputSettings, RetrySettings
from wsprobe.cli.proxies import Proxies
from wsprobe.cli.request_settings import (
    FollowSettings,
    OwnRequestSettings,
    RequestSettings,
    SessionSettings,
    not_in_raw,
)
from wsprobe.cli.route_settings import LimitSettings, RouteSettings, TlsSettings
from wsprobe.cli.section import Given
from wsprobe.exchange import Act, Limits, Route, TlsOptions
from wsprobe.opening import Offer


class HandshakeSettings(Struct, frozen=True):
    """What is sent, to where, and within which limits; with a URL it makes a plan."""

    offer: Offer
    limits: Limits
    tls: TlsOptions
    route: Route
    acts: tuple[Act, ...] = ()
    key: str | None = None
    """Sec-WebSocket-Key; None: a fresh one for each request."""
    raw: bytes | None = None
    """The whole request, in place of one made from *offer*."""
    wire: str = "hybi-13"
    jar: Jar = field(default_factory=Jar)
    """Cookies of files and of answers, each for the places that it belongs to."""
    stranger: bool = False
    """A redirect led to another origin: cookies go there only by their domain."""
    http2: Literal["", "alpn", "prior"] = ""
    """HTTP/2 where the server takes it in ALPN, or at once."""
    http2_anyway: bool = False
    method: Method = "basic"
    """How credentials are sent."""
    proxy_method: Method = "basic"
    netrc: Netrc | None = None
    """Credentials by host; None: no such file was asked for."""
    proxies: Proxies = Proxies()
    """The proxies of -x or of the environment; *route* has none, since it depends on the URL."""


class Settings(Struct, frozen=True):
    """All that the options of one call say. A section that a command lacks has its defaults."""

    handshake: HandshakeSettings
    max_time: float | None = None
    """-m, if it was given."""
    cookie_jar: str | None = None
    """The file of --cookie-jar; - is standard output."""
    cluster: str | None = None
    """The address of a scheduler of Dask."""
    expectations: tuple[Expectation, ...] = ()
    follow: FollowSettings = FollowSettings()
    retry: RetrySettings = RetrySettings()
    lists: ListSettings = ListSettings()
    elsewhere: ClusterSettings = ClusterSettings()
    output: OutputSettings = OutputSettings()
    own: OwnOutputSettings = OwnOutputSettings()


def settings_of(given: Given, page: bool = False) -> Settings:
    """The typed value of what was *given*. *page*: it says what a page does, and a page may try anything.

    Raises click.UsageError for what cannot be meant or used.
    """
    request, own, follow = given[RequestSettings], given[OwnRequestSettings], given[FollowSettings]
    output = given[OutputSettings]
    _check_output(given)
    _check_partners(given)
    if not page:
        request.check()
    handshake = _handshake(given, page)
    cluster = _cluster(given)
    expectations = expect.parse(given[ExpectSettings].expectations)
    output.check()
    return Settings(
        handshake=handshake,
        max_time=given[LimitSettings].max_time,
        cookie_jar=own.cookie_jar,
        cluster=cluster,
        expectations=expectations,
        follow=follow,
        retry=given[RetrySettings],
        lists=given[ListSettings],
        elsewhere=given[ClusterSettings],
        output=output,
        own=given[OwnOutputSettings],
    )


def _check_output(given: Given) -> None:
    """Raises click.UsageError for ways of printing and keeping that cannot be used together."""
    output, own, lists = given[OutputSettings], given[OwnOutputSettings], given[ListSettings]
    jar = given[OwnRequestSettings].cookie_jar
    if lists.resume is not None:
        _check_resume(output, own)
    elif output.brief and not output.as_json:
        raise click.UsageError("--brief shortens --json: add --json")
    if jar is not None and output.redact:
        raise click.UsageError("--redact and --cookie-jar cannot be used together: cookies are secrets")
    if jar == "-" and (output.as_json or output.save == "-" or own.include or own.body_to == "-"):
        raise click.UsageError("--cookie-jar -: another option already writes to standard output; name a file")
    if lists.since is not None:
        _check_since(given)
    here = (own.verbose, output.report_to, output.har, output.junit, jar)
    if lists.workers > 1 and any(here):
        raise click.UsageError(
            "--workers uses several processes, and -v, --talk, --report, --har, --junit and --cookie-jar work "
            "in one only; leave them out"
        )


def _check_since(given: Given) -> None:
    output, own, lists = given[OutputSettings], given[OwnOutputSettings], given[ListSettings]
    for option, value in (
        ("--resume", lists.resume is not None),
        ("--include", own.include),
        ("--write-out", own.write_out is not None),
        ("--output", own.body_to is not None),
        ("--save -", output.save == "-"),
        ("--har -", output.har == "-"),
    ):
        if value:
            raise click.UsageError(
                f"--since and {option} cannot be used together: --since prints what changed, and nothing else"
            )
    if lists.workers > 1 or given[ClusterSettings].cluster is not None:
        raise click.UsageError(
            "--since works in one process; write the reports to a file (--json), then wsprobe compare OLD NEW"
        )


def _check_resume(output: OutputSettings, own: OwnOutputSettings) -> None:
    if output.redact:
        raise click.UsageError(
            "--resume and --redact cannot be used together: a masked URL cannot be found again; mask "
            "what you publish (wsprobe compare --json --redact)"
        )
    for option, value in (
        ("--json", output.as_json),
        ("--include", own.include),
        ("--write-out", own.write_out),
    ):
        if value:
            raise click.UsageError(
                f"--resume and {option} cannot be used together: the reports are written to FILE"
            )
    if own.body_to == "-" or output.save == "-":
        raise click.UsageError("--resume prints nothing but the summary: leave --talk, -o - and --save - out")


def _check_partners(given: Given) -> None:
    """Raises click.UsageError for an option that can have no effect without another one, or beside it. What
    scripts say for a case that may come (--max-redirs, --noproxy, --retry-max-time) is none of these."""
    tls, own, follow = given[TlsSettings], given[OwnRequestSettings], given[FollowSettings]
    if tls.key is not None and tls.cert is None:
        raise click.UsageError(
            "--key is the private key of --cert, and no certificate is named: add --cert FILE"
        )
    # In a redirect to another origin the file is not sent, and in a jar a cookie is kept.
    if own.raw_request and not (follow.follow or follow.location_trusted or own.cookie_jar):
        unused = not_in_raw(given[RequestSettings], own)
        if unused:
            raise click.UsageError(
                f"--raw-request sends the bytes of its file and nothing else: {' and '.join(unused)} cannot be "
                "used with it; write that into the file"
            )


def _cluster(given: Given) -> str | None:
    """The scheduler's address. Raises click.UsageError, also for what cannot go to other machines."""
    elsewhere, lists = given[ClusterSettings], given[ListSettings]
    if elsewhere.cluster is not None:
        if lists.workers > 1:
            raise click.UsageError(BOTH)
        if given[OwnOutputSettings].verbose or given[OwnRequestSettings].cookie_jar:
            raise click.UsageError(
                "--cluster uses several processes, and -v, --talk and --cookie-jar work in one only; leave "
                "them out"
            )
        if elsewhere.from_each and lists.resume is not None:
            raise click.UsageError(
                "--from-each and --resume cannot be used together: FILE lists URLs, but not from where each "
                "was tried"
            )
    return elsewhere.address()


def _handshake(given: Given, page: bool) -> HandshakeSettings:
    request, own, route = given[RequestSettings], given[OwnRequestSettings], given[RouteSettings]
    raw = own.given_bytes()
    acts = tuple(given[SessionSettings].acts())
    wire = own.version(acts)
    pairs, jar = request.jar(keeps=own.cookie_jar is not None)
    return HandshakeSettings(
        offer=Offer(
            key=own.ws_key or "",
            headers=request.lines(),
            user_agent=request.user_agent,
            cookies=pairs,
            user=request.user,
            protocols=request.protocols,
            origin=None if page else request.origin,
            extensions=own.extensions,
            no_compression=own.no_compression,
            version=own.ws_version,
            request_target=own.request_target,
            http_version=own.http_version or "1.1",
        ),
        limits=given[LimitSettings].limits(),
        tls=given[TlsSettings].tls(),
        route=route.route(),
        acts=acts,
        key=own.ws_key,
        raw=raw,
        wire=wire,
        jar=jar,
        http2=own.over_http2(given[FollowSettings].negotiate),
        http2_anyway=own.http2_anyway,
        method=request.method(),
        proxy_method=route.proxy_method(),
        netrc=request.credentials_by_host(),
        proxies=route.proxies(),
    )
