"""The headers that the status of a refusal requires. ``diagnosis`` reads its words."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from wsprobe.followup import REDIRECTS
from wsprobe.judge.finding import Entry, Finding, shown
from wsprobe.judge.subject import status_span, where
from wsprobe.read.reading import Reading, Response
from wsprobe.read.tokens import VERSIONS_MAX, elements

LOCATION_MISSING = Entry(
    "location-missing",
    "warn",
    "RFC 9110 section 15.4",
    title="A redirect without Location",
    meaning="The status redirects the client, but the answer does not say where.",
    usual="a redirect to an empty address, or a proxy that removed the header",
    advice="Send Location with the 3xx.",
)
LOCATION_SEVERAL = Entry(
    "location-several",
    "warn",
    "RFC 9110 section 10.2.2",
    title="More than one Location",
    meaning="The redirect has several URLs; clients differ in which one they use.",
    usual="an application and a proxy that each redirect",
    advice="Send one Location.",
)
REDIRECT = Entry(
    "redirect",
    "note",
    "RFC 6455 section 4.2.2, step 3",
    title="The server redirects",
    meaning="A server may redirect, and a client may follow but does not have to; of the browsers only "
    "WebKitGTK follows.",
    usual="a redirect from http to https, to add a slash, to another host name, or to a login page",
    advice="Use the final URL in the client (`-L` makes wsprobe follow).",
)
WWW_AUTHENTICATE_MISSING = Entry(
    "www-authenticate-missing",
    "warn",
    "RFC 9110 section 15.5.2",
    title="401 without WWW-Authenticate",
    meaning="A 401 must name the kind of authentication that the server accepts. Without it a client can "
    "only give up.",
    usual="an application that answers 401 whenever a token is missing",
    advice="Send WWW-Authenticate, or answer 403.",
)
PROXY_AUTHENTICATE_MISSING = Entry(
    "proxy-authenticate-missing",
    "warn",
    "RFC 9110 section 15.5.8",
    title="407 without Proxy-Authenticate",
    meaning="A 407 must name the authentication that the proxy requires.",
    usual="a filter or gateway that imitates a proxy",
    advice="Send Proxy-Authenticate.",
)
VERSION_LIST = Entry(
    "version-list",
    "note",
    "RFC 6455 section 4.4",
    title="The server lists the versions it speaks",
    meaning="The server does not speak the requested version, or claims that it does not; the "
    "client may try again with one of the listed versions.",
    usual="a client of another draft version, or a proxy that changed Sec-WebSocket-Version",
    advice="Request one of the listed versions (`--negotiate`).",
)
VERSION_LIST_MISSING = Entry(
    "version-list-missing",
    "warn",
    "RFC 6455 section 4.2.2, step 4",
    title="426 without Sec-WebSocket-Version",
    meaning="A server that refuses the version must list the versions it speaks.",
    usual="a server that answers 426 to every request that arrives without Upgrade",
    advice="Send Sec-WebSocket-Version: 13 with the 426.",
)
UPGRADE_MISSING_426 = Entry(
    "upgrade-missing-426",
    "warn",
    "RFC 9110 section 15.5.22",
    title="426 without Upgrade",
    meaning="A 426 must name the protocol that the server requires.",
    usual="a proxy that removed the hop-by-hop header, or a hand-written answer",
    advice="Send `Upgrade: websocket` with the 426.",
)


def versions(response: Response) -> tuple[bytes, ...]:
    """The versions that a refusal lists in Sec-WebSocket-Version (RFC 6455 section 4.4), without repeats."""
    fields = response.head.all(b"sec-websocket-version")
    if not fields or response.status is None or not 400 <= response.status < 500:
        return ()
    return tuple(dict.fromkeys(islice(elements(field.value for field in fields), VERSIONS_MAX)))


def asked_version(reading: Reading) -> bytes:
    """The Sec-WebSocket-Version of the request, b"" without one."""
    fields = reading.request.head.all(b"sec-websocket-version")
    return fields[0].value if fields else b""


def redirect(reading: Reading, response: Response) -> Iterator[Finding]:
    """3xx: where to (RFC 6455 section 4.2.2, step 3; RFC 9110 sections 10.2.2 and 15.4)."""
    if response.status not in REDIRECTS:
        return
    fields = response.head.all(b"location")
    if not fields:
        yield LOCATION_MISSING.found(
            f"a {response.status} without Location does not say where",
            status_span(response),
        )
        return
    if len({field.value for field in fields}) > 1:
        yield LOCATION_SEVERAL.found(f"{len(fields)} Location headers differ", where(response.head, fields[1:]))
    yield REDIRECT.found(
        f"the server points to {shown(fields[0].value)}; a client may follow; browsers do not, except "
        "WebKitGTK",
        where(response.head, fields),
        received=fields[0].value,
    )


def challenge(reading: Reading, response: Response) -> Iterator[Finding]:
    """Require 401 and 407 to name the accepted authentication (RFC 9110 sections 15.5.2 and 15.5.8)."""
    if response.status not in (401, 407):
        return
    for status, name, entry in (
        (401, b"WWW-Authenticate", WWW_AUTHENTICATE_MISSING),
        (407, b"Proxy-Authenticate", PROXY_AUTHENTICATE_MISSING),
    ):
        if response.status == status and not response.head.all(name.lower()):
            yield entry.found(f"a {status} without {name.decode()}", status_span(response), expected=name)


def version_negotiation(reading: Reading, response: Response) -> Iterator[Finding]:
    """Report the listed versions, or a missing list in a 426 (RFC 6455 sections 4.2.2 and 4.4)."""
    listed = versions(response)
    if listed:
        asked = asked_version(reading)
        known = asked in listed
        yield VERSION_LIST.found(
            f"the server speaks version {shown(b', '.join(listed))}"
            + ("; the request had one of these" if known else f"; the request had {shown(asked) or 'none'}"),
            where(response.head, response.head.all(b"sec-websocket-version")),
            received=b", ".join(listed),
        )
    if response.status != 426:
        return
    if not listed:
        yield VERSION_LIST_MISSING.found("a 426 without Sec-WebSocket-Version", status_span(response))
    if not response.head.all(b"upgrade"):
        yield UPGRADE_MISSING_426.found("a 426 without Upgrade", status_span(response), expected=b"websocket")
