"""All settings of one call as one typed value, and the checks on combinations of options.

A combination that cannot be used is a usage error here, before anything is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from wsprobe.request.opening import Offer


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
    _check_output(given)
    _check_partners(given)
    if not page:
        request.check()
    expectations = expect.parse(given[ExpectSettings].expectations)
    handshake = _handshake(given, page, expectations)
    cluster = _cluster(given)
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
    """Raises click.UsageError for output options that cannot be used together."""
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
    here = (own.verbose, output.report_files, output.har, output.junit, jar)
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
    """Raises click.UsageError for an option that has no effect without another option, or together with one.
    This excludes the options that scripts give for a case that may occur (--max-redirs, --noproxy,
    --retry-max-time)."""
    tls, own, follow = given[TlsSettings], given[OwnRequestSettings], given[FollowSettings]
    if tls.key is not None and tls.cert is None:
        raise click.UsageError(
            "--key is the private key of --cert, and no certificate is named: add --cert FILE"
        )
    if tls.unlock() and (given[ListSettings].workers > 1 or given[ClusterSettings].cluster is not None):
        raise click.UsageError(
            "a private key with a passphrase works in this process only: leave --workers and --cluster out"
        )
    # These have an effect in two cases: wsprobe itself makes the request after a redirect to another origin,
    # and --cookie-jar keeps the given cookies.
    if own.raw_request and not (follow.follow or follow.location_trusted or own.cookie_jar):
        unused = not_in_raw(given[RequestSettings], own)
        if unused:
            raise click.UsageError(
                f"--raw-request sends the bytes of its file and nothing else: {' and '.join(unused)} cannot be "
                "used with it; write that into the file"
            )


def _cluster(given: Given) -> str | None:
    """The scheduler's address. Raises click.UsageError, also for options that other machines cannot carry
    out."""
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
        http2=own.over_http2(given[FollowSettings].negotiate),
        http2_anyway=own.http2_anyway,
        method=request.method(),
        proxy_method=route.proxy_method(),
        netrc=request.credentials_by_host(),
        proxies=route.proxies(),
    )
