"""RFC 6455 section 4.1, items 1 to 3: the status line, Upgrade, Connection, and headers without meaning in a
101."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wsprobe.judge.finding import Entry, Finding, shown
from wsprobe.judge.subject import handshake, has_token, how, status_span, where
from wsprobe.read.reading import Reading, Response

STATUS_NOT_101 = Entry(
    "status-not-101",
    "fail",
    "RFC 6455 section 4.1, item 1",
    title="The answer is not a 101",
    meaning="Only status 101 completes the handshake. With any other status there is no WebSocket "
    "connection, and the semantics of HTTP still apply: status, headers and body say why.",
    usual="the request was refused, or reached something that does not speak WebSocket at this path",
    advice="Read the status, the headers and the body: they often give the reason.",
)
STATUS_LINE_MALFORMED = Entry(
    "status-line-malformed",
    "fail",
    "RFC 9112 section 4",
    title="The first line is not a status line",
    meaning="A status line is HTTP-version, a space, three digits, a space and a reason phrase. If the "
    "first line has another form, a client cannot know what the answer means.",
    usual="a hand-written server, or a protocol that only resembles HTTP",
    advice="Send `HTTP/1.1 101 Switching Protocols` followed by CR LF.",
)
STATUS_LINE_NO_SPACE = Entry(
    "status-line-no-space",
    "note",
    "RFC 9112 section 4",
    title="No space after the status code",
    meaning="The space after the status code is required even where the reason phrase is empty. Most "
    "clients do without it.",
    usual="a hand-written server that trims its lines",
    advice="End the status line with a space, or give a reason phrase.",
)
STATUS_OUT_OF_RANGE = Entry(
    "status-out-of-range",
    "warn",
    "RFC 9110 section 15",
    title="The status code is outside 100 to 599",
    meaning="Status codes begin with a digit from 1 to 5. A client should treat any other number as a "
    "server error.",
    usual="an internal error number used as a status",
    advice="Answer with a registered status code, or with 4xx or 5xx.",
)
HTTP_VERSION = Entry(
    "http-version",
    "note",
    "RFC 6455 sections 4.1 and 4.2.2; RFC 9110 section 15.2",
    title="The 101 is not HTTP/1.1",
    meaning="Ambiguous: RFC 6455 requires HTTP/1.1 or higher in the request and does not say which "
    "version the answer must have; before HTTP/1.1 there was no 1xx status and no Upgrade. Clients differ.",
    usual="a proxy that speaks HTTP/1.0 to the server behind it (nginx without `proxy_http_version 1.1`)",
    advice="Answer with HTTP/1.1.",
    undecided=True,
)
INTERIM_BEFORE_101 = Entry(
    "interim-before-101",
    "warn",
    "RFC 6455 section 4.1, item 1; RFC 9110 section 15.2",
    title="An interim answer came before the 101",
    meaning="Ambiguous: RFC 6455 does not mention interim (1xx) answers. In HTTP a client skips them; "
    "some WebSocket clients take the first status line for the answer.",
    usual="early hints (103) or 100 Continue sent by a framework or proxy for every request",
    advice="Switch interim answers off for the WebSocket path.",
)
INTERIM_ONLY = Entry(
    "interim-only",
    "fail",
    "RFC 9110 section 15.2",
    title="Only interim answers came",
    meaning="A 1xx other than 101 announces a final answer. None followed.",
    usual="the server was stopped, or failed, between the interim answer and the final one",
    advice="Look in the server's log for what happened after the interim answer.",
)
BARE_101 = Entry(
    "bare-101",
    "fail",
    "RFC 6455 section 4.2.2, step 5",
    title="A 101 with none of the three headers",
    meaning="Upgrade, Connection and Sec-WebSocket-Accept are all missing, so nothing in this 101 is "
    "about WebSocket.",
    usual="a proxy that passes the status on and drops the hop-by-hop headers, or a mock server",
    advice="Ask the server directly, without the proxy, and compare.",
)
UPGRADE_MISSING = Entry(
    "upgrade-missing",
    "fail",
    "RFC 6455 section 4.1, item 2",
    title="The 101 has no Upgrade header",
    meaning="The client must fail the connection: without `Upgrade: websocket` nothing says which protocol "
    "was switched to.",
    usual="a proxy that removed the hop-by-hop header from the answer",
    advice="Send `Upgrade: websocket`; have the proxy pass Upgrade through.",
)
UPGRADE_NOT_WEBSOCKET = Entry(
    "upgrade-not-websocket",
    "fail",
    "RFC 6455 section 4.1, item 2",
    title="Upgrade is not websocket",
    meaning="The server switched to another protocol, or wrote the name differently. Only a difference in "
    "letter "
    "case is allowed.",
    usual="a server that offers h2c on the same port, or adds a version to the name",
    advice="Send exactly `Upgrade: websocket`.",
)
UPGRADE_LIST = Entry(
    "upgrade-list",
    "warn",
    "RFC 6455 section 4.1, item 2, and section 4.2.2, step 5.2",
    title="Upgrade holds more than websocket",
    meaning='Ambiguous: the check reads "contains a value that is not" websocket, which can mean the '
    "whole value or one entry of a list. Clients differ: some open, some fail.",
    usual="a server that lists every protocol that it can upgrade to, or a proxy that adds the header a "
    "second time",
    advice="Send one Upgrade header with the one value `websocket`.",
    undecided=True,
)
CONNECTION_MISSING = Entry(
    "connection-missing",
    "fail",
    "RFC 6455 section 4.1, item 3",
    title="The 101 has no Connection header",
    meaning="The client must fail the connection: `Connection: Upgrade` says that the Upgrade header is "
    "for this connection.",
    usual="a proxy that removed the hop-by-hop header from the answer",
    advice="Send `Connection: Upgrade`; have the proxy pass it through.",
)
CONNECTION_NO_UPGRADE = Entry(
    "connection-no-upgrade",
    "fail",
    "RFC 6455 section 4.1, item 3",
    title="Connection does not contain Upgrade",
    meaning="The list in Connection must contain the token Upgrade, in any letter case.",
    usual="a proxy that replaces the server's Connection with `keep-alive` or `close`",
    advice='In nginx, set `proxy_set_header Connection "upgrade"`; in other proxies, let Connection pass.',
)
CONNECTION_LIST = Entry(
    "connection-list",
    "note",
    "RFC 6455 section 4.1, item 3, and section 4.2.2, step 5.3",
    title="Connection holds more than Upgrade",
    meaning="Ambiguous: RFC 6455 tells the server to send the value Upgrade, and the client to look only "
    "for the token. Every client that was tried opens; drafts before RFC 6455 did not.",
    usual="a server that adds keep-alive to every answer",
    advice="Nothing needs to be done; `Connection: Upgrade` without anything else is safest.",
)
VERSION_IN_101 = Entry(
    "version-in-101",
    "note",
    "RFC 6455 sections 4.4 and 11.3.5",
    title="Sec-WebSocket-Version in a 101",
    meaning="The header is defined for refusals, where it lists the versions a server speaks. In a 101 it "
    "has no meaning, and clients ignore it.",
    usual="a server that copies request headers into its answer",
    advice="Nothing needs to be done.",
)
KEY_IN_101 = Entry(
    "key-in-101",
    "note",
    "RFC 6455 section 11.3.1",
    title="Sec-WebSocket-Key in an answer",
    meaning="The key belongs in the request; clients ignore it in an answer.",
    usual="a server that copies request headers into its answer",
    advice="Nothing needs to be done, but check that Sec-WebSocket-Accept is right.",
)
HIXIE_FIELDS = Entry(
    "hixie-fields",
    "note",
    "draft-hixie-thewebsocketprotocol-76 section 4.1",
    title="Headers of the 2010 drafts",
    meaning="Sec-WebSocket-Location, Sec-WebSocket-Origin, WebSocket-Location and the like belong to drafts "
    "before 2011 and mean nothing to RFC 6455.",
    usual="a server library of 2010, or one that sends the same headers to old and new clients",
    advice="If the handshake fails, update the server library.",
)


_UNREADABLE = {
    "leading-junk": "there are bytes before HTTP",
    "lower-case-name": "HTTP is not in upper case",
    "no-version": "the HTTP version is missing",
    "other-protocol": "it names another protocol than HTTP",
    "not-http": "it does not begin with HTTP",
    "double-space": "there is more than one space before the status code",
    "tab": "there is a tab before the status code",
    "no-status": "the status code is missing",
    "glued": "text follows the status code without a space",
    "one-digit": "the status code has one digit",
    "two-digit": "the status code has two digits",
    "many-digit": "the status code has more than three digits",
    "not-a-number": "the status code is not a number",
}

_LATEST_KNOWN = 599

_VERSION = r"[0-9]+\.[0-9]+"
"""The form of RFC 2616, which RFC 6455 cites; RFC 9112 section 2.3 allows one digit each."""


def status(reading: Reading, response: Response) -> Iterator[Finding]:
    """Status-Line with status 101 (section 4.1, item 1; section 4.2.2, step 5.1)."""
    if response.status is None:
        return
    reason = f" {shown(response.reason)}" if response.reason else ""
    yield STATUS_NOT_101.found(
        f"the server answered {response.status:03}{reason}, so no WebSocket was opened",
        status_span(response),
        expected=b"101",
        received=b"%03d" % response.status,
        usual="",
    )
    if not 100 <= response.status <= _LATEST_KNOWN:
        yield STATUS_OUT_OF_RANGE.found(
            f"{response.status:03} is not a status code of HTTP",
            status_span(response),
        )


def status_line(reading: Reading) -> Iterator[Finding]:
    """How the final answer's status line is written (RFC 9112 section 4)."""
    final = reading.final
    if final is None or reading.looks_like or not final.head.complete:
        return
    odd = final.oddities
    why = [text for oddity, text in _UNREADABLE.items() if oddity in odd] if odd else []
    if final.version is not None and not re.fullmatch(_VERSION, final.version):
        why.append("the HTTP version is not two numbers with a dot between")
    if why:
        yield STATUS_LINE_MALFORMED.found("the status line is malformed: " + "; ".join(why), status_span(final))
    if "no-reason-space" in odd:
        yield STATUS_LINE_NO_SPACE.found("the status code is not followed by a space", status_span(final))


def version(reading: Reading, response: Response) -> Iterator[Finding]:
    """The HTTP version of a 101, which RFC 6455 does not constrain."""
    if response.version is None or response.version == "1.1":
        return
    if not re.fullmatch(_VERSION, response.version):
        return
    yield HTTP_VERSION.found(
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
        yield INTERIM_BEFORE_101.found(
            f"ambiguous: {listed} came before the 101; Firefox and WebKitGTK skip it, Chromium 156 fails "
            "(measured)",
            status_span(before[0]),
        )
    elif reading.final is None:
        yield INTERIM_ONLY.found(
            f"{listed} came, but no final answer ({how(reading) or 'the recording ends'})",
            status_span(before[-1]),
            usual="a server that sends interim answers without end" if how(reading) == "limit" else None,
        )


_NAMES = (b"upgrade", b"connection", b"sec-websocket-accept")


def bare(reading: Reading, response: Response) -> Iterator[Finding]:
    """A 101 with none of the three headers that make it WebSocket's (section 4.2.2, step 5)."""
    if not any(response.head.all(name) for name in _NAMES):
        yield BARE_101.found(
            "a 101 without Upgrade, Connection and Sec-WebSocket-Accept",
            status_span(response),
        )


def upgrade(reading: Reading, response: Response, want: bytes = b"websocket") -> Iterator[Finding]:
    """Require Upgrade to be *want*, in any letter case."""
    fields = response.head.all(b"upgrade")
    if not fields:
        yield UPGRADE_MISSING.found("the 101 has no Upgrade header", status_span(response), expected=want)
        return
    span = where(response.head, fields)
    whole = b", ".join(field.value for field in fields)
    if whole.strip(b" \t").lower() == want:
        return
    if has_token(fields, want):
        yield UPGRADE_LIST.found(
            f"ambiguous: Upgrade holds {shown(whole)}, not just {shown(want)}; Firefox opens, Chromium 156 and "
            "WebKitGTK fail (measured)",
            span,
            expected=want,
            received=whole,
        )
    else:
        said = f"Upgrade is {shown(whole)}, not {shown(want)}" if whole else "Upgrade is empty"
        yield UPGRADE_NOT_WEBSOCKET.found(said, span, expected=want, received=whole)


def connection(reading: Reading, response: Response, *, as_list: bool = True) -> Iterator[Finding]:
    """Require the token Upgrade in Connection; without *as_list* as the whole value, as drafts up to hybi-10
    do."""
    fields = response.head.all(b"connection")
    if not fields:
        yield CONNECTION_MISSING.found(
            "the 101 has no Connection header", status_span(response), expected=b"Upgrade"
        )
        return
    whole = b", ".join(field.value for field in fields)
    alone = b"," not in whole
    if not has_token(fields, b"upgrade") or not (as_list or alone):
        said = f"Connection is {shown(whole)}, without Upgrade" if whole else "Connection is empty"
        yield CONNECTION_NO_UPGRADE.found(
            said if as_list else f"Connection is {shown(whole)}, not Upgrade",
            where(response.head, fields),
            expected=b"Upgrade",
            received=whole,
        )
    elif not alone:
        yield CONNECTION_LIST.found(
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
        yield VERSION_IN_101.found(
            f"Sec-WebSocket-Version: {shown(versions[0].value)} in a 101 has no meaning",
            where(head, versions),
        )
    if keys := head.all(b"sec-websocket-key"):
        same = keys[0].value == reading.request.key
        yield KEY_IN_101.found(
            "the 101 repeats our Sec-WebSocket-Key" if same else "the 101 has a Sec-WebSocket-Key",
            where(head, keys),
        )
    old = tuple(field for field in head.fields if field.key in _HIXIE)
    if old:
        yield HIXIE_FIELDS.found(f"{shown(old[0].name)} belongs to the drafts of 2010", old[0].span)
