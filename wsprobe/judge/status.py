"""RFC 6455 section 4.1, items 1 to 3: the status line, Upgrade, Connection, and headers without meaning in a
101."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wsprobe.judge.catalogue import F
from wsprobe.judge.finding import Finding, shown
from wsprobe.judge.subject import handshake, has_token, how, status_span, where
from wsprobe.read.head import VERSION, malformed
from wsprobe.read.reading import Reading, Response
from wsprobe.read.tokens import elements

_WHITE_SPACE = {
    "double-space": "there is more than one space before the status code",
    "tab": "there is a tab before the status code",
}
"""What RFC 9112 section 4 lets a recipient take for one space."""

_LATEST_KNOWN = 599


def status(reading: Reading, response: Response) -> Iterator[Finding]:
    """Status-Line with status 101 (section 4.1, item 1; section 4.2.2, step 5.1)."""
    if response.status is None:
        return
    reason = f" {shown(response.reason)}" if response.reason else ""
    yield F.STATUS_NOT_101.found(
        f"the server answered {response.status:03}{reason}, so no WebSocket was opened",
        status_span(response),
        expected=b"101",
        received=b"%03d" % response.status,
        usual="",
    )
    if not 100 <= response.status <= _LATEST_KNOWN:
        yield F.STATUS_OUT_OF_RANGE.found(
            f"{response.status:03} is not a status code of HTTP",
            status_span(response),
        )


def stated_fault(reading: Reading) -> Iterator[Finding]:
    """A 101 that a browser refused, of which only its sentence is known."""
    final, logged = reading.final, reading.exchange.logged
    if final is not None and final.stated and final.status == 101 and logged:
        said = logged.message.removeprefix("Error during WebSocket handshake: ")
        yield F.REFUSED_BY_BROWSER.found(
            f"the browser refused the 101: {shown(said.encode('utf-8', 'replace'))}"
        )


def status_line(reading: Reading) -> Iterator[Finding]:
    """How the final answer's status line is written (RFC 9112 section 4)."""
    final = reading.final
    if final is None or reading.looks_like or not final.head.complete:
        return
    odd = final.oddities
    if why := malformed(final):
        yield F.STATUS_LINE_MALFORMED.found(
            "the status line is malformed: " + "; ".join(why), status_span(final)
        )
    elif white := [text for oddity, text in _WHITE_SPACE.items() if oddity in odd]:
        yield F.STATUS_LINE_SPACE.found(f"ambiguous: {' and '.join(white)}", status_span(final))
    if "no-reason-space" in odd:
        yield F.STATUS_LINE_NO_SPACE.found("the status code is not followed by a space", status_span(final))


def http_version(reading: Reading, response: Response) -> Iterator[Finding]:
    """The HTTP version of a 101, which RFC 6455 does not constrain."""
    if response.version is None or response.version == "1.1":
        return
    if not re.fullmatch(VERSION, response.version):
        return
    entry = F.HTTP_VERSION if response.version.startswith("1.") else F.HTTP_VERSION_MAJOR
    yield entry.found(
        f"ambiguous: the 101 says HTTP/{response.version}; Chromium 156 opens, Firefox and WebKitGTK open on "
        "some versions only (measured)",
        status_span(response),
        expected=b"HTTP/1.1",
        received=b"HTTP/" + response.version.encode(),
    )


def interim(reading: Reading) -> Iterator[Finding]:
    """1xx answers before the final one (RFC 9110 section 15.2)."""
    before = [response for response in reading.responses if response.interim and response.head.complete]
    if not before or reading.looks_like:
        return
    listed = ", ".join(str(response.status) for response in before[:8]) + (", ..." if len(before) > 8 else "")
    if handshake(reading) is not None:
        yield F.INTERIM_BEFORE_101.found(
            f"ambiguous: {listed} came before the 101; Firefox and WebKitGTK skip it, Chromium 156 fails "
            "(measured)",
            status_span(before[0]),
        )
    elif reading.final is None:
        yield F.INTERIM_ONLY.found(
            f"{listed} came, but no final answer ({how(reading) or 'the recording ends'})",
            status_span(before[-1]),
            usual="a server that sends interim answers without end" if how(reading) == "limit" else None,
        )


_NAMES = (b"upgrade", b"connection", b"sec-websocket-accept")


def bare(reading: Reading, response: Response) -> Iterator[Finding]:
    """A 101 with none of the three headers that make it WebSocket's (section 4.2.2, step 5)."""
    if response.head.by_key.keys().isdisjoint(_NAMES):
        yield F.BARE_101.found(
            "a 101 without Upgrade, Connection and Sec-WebSocket-Accept",
            status_span(response),
        )


def upgrade(reading: Reading, response: Response, want: bytes = b"websocket") -> Iterator[Finding]:
    """Require Upgrade to be *want*, in any letter case."""
    fields = response.head.all(b"upgrade")
    if not fields:
        yield F.UPGRADE_MISSING.found("the 101 has no Upgrade header", status_span(response), expected=want)
        return
    span = where(response.head, fields)
    whole = b", ".join(field.value for field in fields)
    if whole.strip(b" \t").lower() == want:
        return
    if (
        all(each.lower() == want for each in elements(field.value for field in fields))
        and want in whole.lower()
    ):
        yield F.UPGRADE_LIST.found(
            f"ambiguous: Upgrade holds {shown(whole)}, not just {shown(want)}; Firefox opens, Chromium 156 and "
            "WebKitGTK fail (measured)",
            span,
            expected=want,
            received=whole,
        )
    else:
        said = f"Upgrade is {shown(whole)}, not {shown(want)}" if whole else "Upgrade is empty"
        if has_token(fields, want):
            said = f"Upgrade is {shown(whole)}: it names more than {shown(want)}"
        yield F.UPGRADE_NOT_WEBSOCKET.found(said, span, expected=want, received=whole)


def connection(reading: Reading, response: Response, *, as_list: bool = True) -> Iterator[Finding]:
    """Require the token Upgrade in Connection; without *as_list* as the whole value, as drafts up to hybi-10
    do."""
    fields = response.head.all(b"connection")
    if not fields:
        yield F.CONNECTION_MISSING.found(
            "the 101 has no Connection header", status_span(response), expected=b"Upgrade"
        )
        return
    whole = b", ".join(field.value for field in fields)
    alone = b"," not in whole
    if not has_token(fields, b"upgrade") or not (as_list or alone):
        said = f"Connection is {shown(whole)}, without Upgrade" if whole else "Connection is empty"
        yield F.CONNECTION_NO_UPGRADE.found(
            said if as_list else f"Connection is {shown(whole)}, not Upgrade",
            where(response.head, fields),
            expected=b"Upgrade",
            received=whole,
        )
    elif not alone:
        yield F.CONNECTION_LIST.found(
            f"ambiguous: Connection is {shown(whole)}, where RFC 6455 tells the server to send only Upgrade; "
            "the value contains the token, and a client checks only that",
            where(response.head, fields),
            expected=b"Upgrade",
            received=whole,
        )


_HIXIE = (
    b"sec-websocket-location",
    b"sec-websocket-origin",
    b"websocket-location",
    b"websocket-origin",
    b"websocket-protocol",
)


def fields(reading: Reading, response: Response) -> Iterator[Finding]:
    """Headers of requests, of refusals and of old drafts."""
    head = response.head
    if versions := head.all(b"sec-websocket-version"):
        yield F.VERSION_IN_101.found(
            f"Sec-WebSocket-Version: {shown(versions[0].value)} in a 101 has no meaning",
            where(head, versions),
        )
    if keys := head.all(b"sec-websocket-key"):
        same = keys[0].value == reading.request.key
        yield F.KEY_IN_101.found(
            "the 101 repeats our Sec-WebSocket-Key" if same else "the 101 has a Sec-WebSocket-Key",
            where(head, keys),
        )
    old = tuple(field for field in head.fields if field.key in _HIXIE)
    if old:
        yield F.HIXIE_FIELDS.found(f"{shown(old[0].name)} belongs to the drafts of 2010", old[0].span)
