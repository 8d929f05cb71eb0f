"""Findings about the status line, Upgrade, Connection, and headers that say nothing in a 101."""

from __future__ import annotations

from wsprobe.judge.entry import Entry

TABLE: tuple[Entry, ...] = (
    Entry(
        "status-not-101",
        "fail",
        "RFC 6455 section 4.1, item 1",
        title="The answer is not a 101",
        meaning="Only status 101 completes the handshake. With any other status there is no WebSocket "
        "connection, and the semantics of HTTP still apply: status, headers and body say why.",
        usual="the request was refused, or reached something that does not speak WebSocket at this path",
        advice="Read the status, the headers and the body: they are the server's reason.",
    ),
    Entry(
        "status-line-malformed",
        "fail",
        "RFC 9112 section 4",
        title="The status line is not one",
        meaning="A status line is HTTP-version, a space, three digits, a space and a reason phrase. A client "
        "cannot know what an answer means if its first line is written otherwise.",
        usual="a hand-written server, or a protocol that only resembles HTTP",
        advice="Send `HTTP/1.1 101 Switching Protocols` followed by CR LF.",
    ),
    Entry(
        "status-line-no-space",
        "note",
        "RFC 9112 section 4",
        title="No space after the status code",
        meaning="The space after the status code is required even where the reason phrase is empty. Most "
        "clients do without it.",
        usual="a hand-written server that trims its lines",
        advice="End the status line with a space, or give a reason phrase.",
    ),
    Entry(
        "status-out-of-range",
        "warn",
        "RFC 9110 section 15",
        title="The status code is outside 100 to 599",
        meaning="Status codes begin with a digit from 1 to 5. A client is to treat any other as a server "
        "error.",
        usual="an internal error number used as a status",
        advice="Answer with a registered status code, or with 4xx or 5xx.",
    ),
    Entry(
        "http-version",
        "note",
        "RFC 6455 sections 4.1 and 4.2.2; RFC 9110 section 15.2",
        title="The 101 is not HTTP/1.1",
        meaning="Ambiguous: RFC 6455 asks the client for HTTP/1.1 or higher and does not constrain the version "
        "of the answer; HTTP has no 1xx and no Upgrade before 1.1. Clients differ.",
        usual="a proxy that speaks HTTP/1.0 to the server behind it (nginx without `proxy_http_version 1.1`)",
        advice="Answer with HTTP/1.1.",
        undecided=True,
    ),
    Entry(
        "interim-before-101",
        "warn",
        "RFC 6455 section 4.1, item 1; RFC 9110 section 15.2",
        title="An interim answer came before the 101",
        meaning="Ambiguous: RFC 6455 does not mention interim (1xx) answers. HTTP has a client skip them; some "
        "WebSocket clients take the first status line for the answer.",
        usual="early hints (103) or 100 Continue sent by a framework or proxy for every request",
        advice="Switch interim answers off for the WebSocket path.",
    ),
    Entry(
        "interim-only",
        "fail",
        "RFC 9110 section 15.2",
        title="Only interim answers came",
        meaning="A 1xx other than 101 announces that the real answer follows. None did.",
        usual="the server was stopped, or failed, between the interim answer and the final one",
        advice="Look in the server's log for what happened after the interim answer.",
    ),
    Entry(
        "bare-101",
        "fail",
        "RFC 6455 section 4.2.2, step 5",
        title="A 101 with none of the three headers",
        meaning="Upgrade, Connection and Sec-WebSocket-Accept are all missing, so this 101 says nothing of "
        "WebSocket.",
        usual="a proxy that passes the status on and drops the hop-by-hop headers, or a mock server",
        advice="Ask the server directly, without the proxy, and compare.",
    ),
    Entry(
        "upgrade-missing",
        "fail",
        "RFC 6455 section 4.1, item 2",
        title="The 101 has no Upgrade header",
        meaning="The client must fail the connection: without `Upgrade: websocket` nothing says which protocol "
        "was switched to.",
        usual="a proxy that removed the hop-by-hop header from the answer",
        advice="Send `Upgrade: websocket`; have the proxy pass Upgrade through.",
    ),
    Entry(
        "upgrade-not-websocket",
        "fail",
        "RFC 6455 section 4.1, item 2",
        title="Upgrade is not websocket",
        meaning="The server switched to another protocol, or wrote the name otherwise. Letter case does not "
        "matter; anything else does.",
        usual="a server that offers h2c on the same port, or adds a version to the name",
        advice="Send exactly `Upgrade: websocket`.",
    ),
    Entry(
        "upgrade-list",
        "warn",
        "RFC 6455 section 4.1, item 2, and section 4.2.2, step 5.2",
        title="Upgrade holds more than websocket",
        meaning='Ambiguous: the check reads "contains a value that is not" websocket, which can be taken for a '
        "whole value or for one of a list. Clients differ: some open, some fail.",
        usual="a server that lists all it can upgrade to, or a proxy that adds the header a second time",
        advice="Send one Upgrade header with the one value `websocket`.",
        undecided=True,
    ),
    Entry(
        "connection-missing",
        "fail",
        "RFC 6455 section 4.1, item 3",
        title="The 101 has no Connection header",
        meaning="The client must fail the connection: `Connection: Upgrade` marks Upgrade as meant for this "
        "hop.",
        usual="a proxy that removed the hop-by-hop header from the answer",
        advice="Send `Connection: Upgrade`; have the proxy pass it through.",
    ),
    Entry(
        "connection-no-upgrade",
        "fail",
        "RFC 6455 section 4.1, item 3",
        title="Connection does not contain Upgrade",
        meaning="The list in Connection must contain the token Upgrade, in any letter case.",
        usual="a proxy that writes its own `Connection: keep-alive` or `close` over the server's",
        advice='In nginx, set `proxy_set_header Connection "upgrade"`; elsewhere, let Connection pass.',
    ),
    Entry(
        "connection-list",
        "note",
        "RFC 6455 section 4.1, item 3, and section 4.2.2, step 5.3",
        title="Connection holds more than Upgrade",
        meaning="Ambiguous: the server is told to send the value Upgrade, the client only looks for the token. "
        "Every client known opens; drafts before RFC 6455 did not.",
        usual="a server that adds keep-alive to every answer",
        advice="Nothing needs to be done; `Connection: Upgrade` alone is safest.",
    ),
    Entry(
        "version-in-101",
        "note",
        "RFC 6455 sections 4.4 and 11.3.5",
        title="Sec-WebSocket-Version in a 101",
        meaning="The header is defined for refusals, where it lists the versions a server speaks. In a 101 it "
        "says nothing, and clients ignore it.",
        usual="a server that copies request headers into its answer",
        advice="Nothing needs to be done.",
    ),
    Entry(
        "key-in-101",
        "note",
        "RFC 6455 section 11.3.1",
        title="Sec-WebSocket-Key in an answer",
        meaning="The key belongs in the request; clients ignore it in an answer.",
        usual="a server that copies request headers into its answer",
        advice="Nothing needs to be done, but check that Sec-WebSocket-Accept is right.",
    ),
    Entry(
        "hixie-fields",
        "note",
        "draft-hixie-thewebsocketprotocol-76 section 4.1",
        title="Headers of the 2010 drafts",
        meaning="Sec-WebSocket-Location, Sec-WebSocket-Origin, WebSocket-Location and the like belong to "
        "drafts "
        "before 2011 and mean nothing to RFC 6455.",
        usual="a server library of 2010, or one that answers both kinds of client alike",
        advice="If the handshake fails, update the server library.",
    ),
)
