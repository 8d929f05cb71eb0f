"""RFC 6455 section 4.1, item 1: the status line, and what came before it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wsprobe.judge.finding import Finding
from wsprobe.judge.findings import found, shown
from wsprobe.judge.subject import handshake, how, refusal, status_span
from wsprobe.read.reading import Reading

_UNREADABLE = {
    "leading-junk": "bytes stand before HTTP",
    "lower-case-name": "HTTP is not in upper case",
    "no-version": "there is no HTTP version",
    "other-protocol": "it names another protocol than HTTP",
    "not-http": "it does not begin with HTTP",
    "double-space": "there is more than one space before the status code",
    "tab": "there is a tab before the status code",
    "no-status": "there is no status code",
    "glued": "text follows the status code without a space",
    "one-digit": "the status code has one digit",
    "two-digit": "the status code has two digits",
    "many-digit": "the status code has more than three digits",
    "not-a-number": "the status code is not a number",
}

_USUAL = {
    200: "a web server or application answered this path as a page",
    204: "an endpoint that is not a WebSocket one",
    301: "plain to secure, a missing or superfluous slash, or another host name",
    302: "a login page, another host name, or plain to secure",
    303: "a login page",
    307: "plain to secure, another host name, or a login page",
    308: "plain to secure, a missing or superfluous slash, or another host name",
    400: "a proxy that does not pass Upgrade on, a wrong Host, or duplicated handshake headers",
    401: "missing or expired credentials; scripts in browsers cannot set Authorization on a WebSocket",
    403: "an Origin, token or host that is not allowed, or an application that closes before accepting",
    404: "a wrong path, a proxy rule that does not match, or a proxy that does not pass Upgrade on "
    "(many frameworks have no such path for a plain GET)",
    405: "an endpoint that takes other methods than GET",
    407: "a proxy on the way wants credentials",
    408: "the request arrived late or in parts",
    410: "an endpoint that was moved or switched off",
    421: "a connection that was reused for another host name",
    426: "an endpoint that speaks another version, or did not see the Upgrade header",
    429: "too many connections or requests in a short time",
    431: "cookies or other headers that grew too large",
    500: "an error in the application while it handled the handshake",
    501: "a server or proxy without WebSocket support",
    502: "a proxy that could not reach the server behind it, or did not understand its answer",
    503: "a server that is starting, stopping or overloaded",
    504: "a proxy that got no answer from the server behind it",
    505: "a proxy that speaks HTTP/1.0 to the server behind it (nginx without `proxy_http_version 1.1`)",
}

_LATEST_KNOWN = 599

_VERSION = re.compile(r"[0-9]+\.[0-9]+")
"""As RFC 2616 has it, to which RFC 6455 refers; RFC 9112 section 2.3 allows one digit each."""


def status(reading: Reading) -> Iterator[Finding]:
    """Status-Line with status 101 (section 4.1, item 1; section 4.2.2, step 5.1)."""
    response = refusal(reading)
    if response is None or response.status is None:
        return
    reason = f" {shown(response.reason)}" if response.reason else ""
    yield found(
        "status-not-101",
        f"the server answered {response.status:03}{reason}, so there was no handshake and HTTP applies",
        status_span(response),
        expected=b"101",
        received=b"%03d" % response.status,
        usual=_USUAL.get(response.status),
    )
    if not 100 <= response.status <= _LATEST_KNOWN:
        yield found(
            "status-out-of-range",
            f"{response.status:03} is in no class of status codes",
            status_span(response),
        )


def status_line(reading: Reading) -> Iterator[Finding]:
    """How the final answer's status line is written (RFC 9112 section 4)."""
    final = reading.final
    if final is None or reading.looks_like or not final.head.complete:
        return
    why = [text for oddity, text in _UNREADABLE.items() if oddity in final.oddities]
    if final.version is not None and not _VERSION.fullmatch(final.version):
        why.append("the HTTP version is not two numbers with a dot between")
    if why:
        yield found(
            "status-line-malformed", "the status line is malformed: " + "; ".join(why), status_span(final)
        )
    if "no-reason-space" in final.oddities:
        yield found("status-line-no-space", "the status code is not followed by a space", status_span(final))


def version(reading: Reading) -> Iterator[Finding]:
    """The HTTP version of a 101, which RFC 6455 does not constrain."""
    response = handshake(reading)
    if response is None or response.version is None or response.version == "1.1":
        return
    if not _VERSION.fullmatch(response.version):
        return
    yield found(
        "http-version",
        f"ambiguous: the 101 says HTTP/{response.version}; Chromium 156 opens, Firefox and WebKitGTK open on "
        "some "
        "versions only (measured)",
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
        yield found(
            "interim-before-101",
            f"ambiguous: {listed} came before the 101; Firefox and WebKitGTK skip it, Chromium 156 fails "
            "(measured)",
            status_span(before[0]),
        )
    elif reading.final is None:
        yield found(
            "interim-only",
            f"{listed} came, and then no answer ({how(reading) or 'the recording ends'})",
            status_span(before[-1]),
            usual="a server that never comes to an end of them" if how(reading) == "limit" else None,
        )
