"""The headers of a refusal: those that its status requires, their form, and repeated ones, in a 101 too.
``diagnosis`` reads the words of a refusal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from wsprobe.judge.catalogue import F
from wsprobe.judge.finding import Finding, shown, times
from wsprobe.judge.subject import has_token, status_span, where
from wsprobe.read.reading import Reading, Response
from wsprobe.read.tokens import VERSIONS_MAX, elements
from wsprobe.wire.authentication import challenges
from wsprobe.wire.followup import REDIRECTS


def listed_versions(response: Response) -> tuple[bytes, ...]:
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
        yield F.LOCATION_MISSING.found(
            f"a {response.status} without Location does not say where",
            status_span(response),
        )
        return
    if len({field.value for field in fields}) > 1:
        yield F.LOCATION_SEVERAL.found(
            f"{len(fields)} Location headers differ", where(response.head, fields[1:])
        )
    to = shown(fields[0].value) or "the same URL (an empty Location)"
    yield F.REDIRECT.found(
        f"the server points to {to}; a client may follow; browsers do not, except WebKitGTK",
        where(response.head, fields),
        received=fields[0].value,
    )


def challenge(reading: Reading, response: Response) -> Iterator[Finding]:
    """Require 401 and 407 to name the accepted authentication (RFC 9110 sections 15.5.2 and 15.5.8)."""
    if response.status not in (401, 407):
        return
    for status, name, entry in (
        (401, b"WWW-Authenticate", F.WWW_AUTHENTICATE_MISSING),
        (407, b"Proxy-Authenticate", F.PROXY_AUTHENTICATE_MISSING),
    ):
        if response.status == status and not response.head.all(name.lower()):
            yield entry.found(f"a {status} without {name.decode()}", status_span(response), expected=name)


SINGLE = (
    b"content-disposition",
    b"content-location",
    b"content-range",
    b"content-type",
    b"date",
    b"etag",
    b"expires",
    b"last-modified",
    b"location",
    b"retry-after",
    b"server",
)
"""Fields of an answer that are no lists (RFC 9110), in lower case. Content-Length has rules of its own."""

_DATE = (
    rb"(?:[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4}|[A-Z][a-z]{5,8}, \d\d-[A-Z][a-z]{2}-\d\d) \d\d:\d\d:\d\d GMT"
    rb"|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}"
)
"""An HTTP date in one of its three forms (RFC 9110 section 5.6.7)."""


def fields(reading: Reading, response: Response) -> Iterator[Finding]:
    """Check the fields that RFC 9110 requires of a status, and their form."""
    head = response.head
    if response.status == 405 and not head.all(b"allow"):
        yield F.ALLOW_MISSING.found("a 405 without Allow", status_span(response), expected=b"Allow")
    upgrades = head.all(b"upgrade")
    if upgrades and reading.http2 is None and not has_token(head.all(b"connection"), b"upgrade"):
        yield F.UPGRADE_NOT_IN_CONNECTION.found(
            f"the answer has {shown(upgrades[0].name)}: {shown(upgrades[0].value)}, but Connection does not "
            "name it",
            where(head, upgrades),
        )
    waits = head.all(b"retry-after")
    if waits and not (waits[0].value.isdigit() or re.fullmatch(_DATE, waits[0].value)):
        yield F.RETRY_AFTER_MALFORMED.found(
            f"Retry-After is {shown(waits[0].value) or 'empty'}",
            where(head, waits),
            expected=b"whole seconds, or an HTTP date",
            received=waits[0].value,
        )


def repeated(reading: Reading, response: Response) -> Iterator[Finding]:
    """Report fields that may appear once and appear several times, in a 101 too."""
    head = response.head
    if len(head.by_key) == len(head.fields):
        return  # nearly every answer
    for name in SINGLE:
        found = head.all(name)
        if len(found) < 2:
            continue
        if name == b"location" and response.status in REDIRECTS and len({f.value for f in found}) > 1:
            continue
        yield F.FIELD_REPEATED.found(
            f"{shown(found[0].name)} is there {times(len(found))}", where(head, found[1:])
        )


def realm(reading: Reading, response: Response) -> Iterator[Finding]:
    """Require a realm in each challenge of the scheme Basic (RFC 7617 section 2)."""
    for name in (b"www-authenticate", b"proxy-authenticate"):
        for field in response.head.all(name):
            if any(
                each.scheme == "basic" and "realm" not in each.parameters for each in challenges([field.value])
            ):
                words = f"{shown(field.name)} is {shown(field.value)}, without a realm"
                yield F.REALM_MISSING.found(words, where(response.head, (field,)))
                return


def version_negotiation(reading: Reading, response: Response) -> Iterator[Finding]:
    """Report the listed versions, or a missing list in a 426 (RFC 6455 sections 4.2.2 and 4.4)."""
    listed = listed_versions(response)
    if listed:
        asked = shown(asked_version(reading)) or "none"
        yield F.VERSION_LIST.found(
            f"the server speaks version {shown(b', '.join(listed))}; the request had {asked}",
            where(response.head, response.head.all(b"sec-websocket-version")),
            received=b", ".join(listed),
        )
    if response.status != 426:
        return
    if not listed:
        yield F.VERSION_LIST_MISSING.found("a 426 without Sec-WebSocket-Version", status_span(response))
    if not response.head.all(b"upgrade"):
        yield F.UPGRADE_MISSING_426.found("a 426 without Upgrade", status_span(response), expected=b"websocket")
