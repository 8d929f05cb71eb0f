"""What the headers of a refusal say, and what the status asks them to say."""

from __future__ import annotations

from collections.abc import Iterator

from wsprobe.judge.finding import Finding
from wsprobe.judge.findings import found, shown
from wsprobe.judge.subject import elements, refusal, status_span, where
from wsprobe.read.reading import Reading

REDIRECTS = (301, 302, 303, 307, 308)


def versions(reading: Reading) -> tuple[bytes, ...]:
    """The versions that a refusal lists in Sec-WebSocket-Version (RFC 6455 section 4.4), without repeats."""
    response = refusal(reading)
    if response is None or response.status is None or not 400 <= response.status < 500:
        return ()
    listed = elements(response.head.all(b"sec-websocket-version"))
    return tuple(dict.fromkeys(version for version in listed if version))


def asked_version(reading: Reading) -> bytes:
    """The Sec-WebSocket-Version of the request, b"" without one."""
    fields = reading.request.head.all(b"sec-websocket-version")
    return fields[0].value if fields else b""


def redirect(reading: Reading) -> Iterator[Finding]:
    """3xx: where to (RFC 6455 section 4.2.2, step 3; RFC 9110 sections 10.2.2 and 15.4)."""
    response = refusal(reading)
    if response is None or response.status not in REDIRECTS:
        return
    fields = response.head.all(b"location")
    if not fields:
        yield found(
            "location-missing",
            f"a {response.status} without Location does not say where to",
            status_span(response),
        )
        return
    if len({field.value for field in fields}) > 1:
        yield found(
            "location-several", f"{len(fields)} Location headers differ", where(response.head, fields[1:])
        )
    yield found(
        "redirect",
        f"the server points to {shown(fields[0].value)}; a client may follow, and browsers do not, "
        "except WebKitGTK",
        where(response.head, fields),
        received=fields[0].value,
    )


def challenge(reading: Reading) -> Iterator[Finding]:
    """401 and 407 say which authentication would do (RFC 9110 sections 15.5.2 and 15.5.8)."""
    response = refusal(reading)
    if response is None:
        return
    for status, name, id in (
        (401, b"WWW-Authenticate", "www-authenticate-missing"),
        (407, b"Proxy-Authenticate", "proxy-authenticate-missing"),
    ):
        if response.status == status and not response.head.all(name.lower()):
            yield found(id, f"a {status} without {name.decode()}", status_span(response), expected=name)


def version_negotiation(reading: Reading) -> Iterator[Finding]:
    """Versions listed, or not listed where a 426 asks for it (RFC 6455 sections 4.2.2 and 4.4)."""
    response = refusal(reading)
    if response is None:
        return
    fields = response.head.all(b"sec-websocket-version")
    listed, asked = versions(reading), asked_version(reading)
    if listed:
        known = asked in listed
        yield found(
            "version-list",
            f"the server speaks version {shown(b', '.join(listed))}"
            + (
                "; the request asked for one of these"
                if known
                else f"; the request asked for {shown(asked) or 'none'}"
            ),
            where(response.head, fields),
            received=b", ".join(listed),
        )
    if response.status != 426:
        return
    if not listed:
        yield found("version-list-missing", "a 426 without Sec-WebSocket-Version", status_span(response))
    if not response.head.all(b"upgrade"):
        yield found(
            "upgrade-missing-426", "a 426 without Upgrade", status_span(response), expected=b"websocket"
        )
