"""Is the connection established? Bun's answer, in its order of checks.

Source: bun src/http/websocket_client/WebSocketUpgradeClient.zig (processResponse); 1.4.5 checks more than the
sources that are public, so the order is the measured one.
"""

from __future__ import annotations

import re

from wsprobe.browsers.bun.establish import not_connected
from wsprobe.browsers.bun.facts import Facts
from wsprobe.browsers.bun.http import Fault, Head, heads
from wsprobe.browsers.network import given_up
from wsprobe.browsers.runtime.client import Answered, Failed, Opened
from wsprobe.browsers.script import end
from wsprobe.browsers.ws.extensions import NAME, Agreed, NotParsed, Parameters, accept, parse
from wsprobe.read.reading import Reading
from wsprobe.read.tokens import expected_accept, split_list

_SOURCE = "bun src/http/websocket_client/WebSocketUpgradeClient.zig"


_WINDOW = re.compile(r"[1-9][0-9]?")


def answered(reading: Reading, protocols: tuple[str, ...], url: str, facts: Facts) -> Answered:
    """What became of the request."""
    last = end(reading)
    wrong = not_connected(reading, facts)
    if wrong is not None and not given_up(reading):
        return Answered(last.at, failed(url, facts, *wrong))
    for head in heads(reading, facts):
        if isinstance(head, Fault):
            return Answered(head.at, failed(url, facts, *facts.failures[head.kind]))
        if head.status == 101 or not 100 <= head.status < 200:
            outcome = _processed(reading, head, protocols, facts)
            if isinstance(outcome, Opened):
                return Answered(head.at, outcome)
            text, code = facts.failures[outcome]
            return Answered(head.at, failed(url, facts, text.format(status=head.status), code))
    if last.how in ("fin", "truncated"):
        return Answered(last.at, failed(url, facts, *facts.failures["ended"]))
    if last.how in ("reset", "error"):
        return Answered(last.at, failed(url, facts, *facts.failures["reset"]))
    return Answered(last.at, None)


def failed(url: str, facts: Facts, failure: str, code: str = "") -> Failed:
    message = facts.failed.format(url=url, failure=failure)
    return Failed(f"{failure}: {_SOURCE}", message, f"Error: {message}" + (f" [{code}]" if code else ""))


def _processed(reading: Reading, head: Head, protocols: tuple[str, ...], facts: Facts) -> Opened | str:
    """What was opened, or the key of what is wrong."""
    if head.status != 101:
        return "status"
    protocol: str | None = None
    for name, value in head.fields:  # in the order in which they stand
        if name == b"sec-websocket-version" and value != b"13":
            return "version"
        if name == b"sec-websocket-protocol":
            named = [part for part in split_list(value) if part]
            if protocol is not None or len(named) != 1 or named[0].decode("latin-1") not in protocols:
                return "protocol"
            protocol = named[0].decode("latin-1")
        if name == b"sec-websocket-extensions" and isinstance(agreed := _extensions(head), str):
            return agreed
    fault = _fault(reading, head, asked=bool(protocols), named=protocol is not None)
    if fault:
        return fault
    agreed = _extensions(head)
    if agreed is None or isinstance(agreed, str):
        return Opened(protocol or "", "", head.stop)
    return Opened(protocol or "", _written(agreed), head.stop, True, agreed.takeover, agreed.bits)


def _fault(reading: Reading, head: Head, *, asked: bool, named: bool) -> str:
    """What is missing, then what is not as it must be."""
    upgrade, accepts = head.values(b"upgrade"), head.values(b"sec-websocket-accept")
    connection = head.values(b"connection")
    if not upgrade or not upgrade[0]:
        return "no-upgrade"
    if not connection:
        return "no-connection"
    if not accepts or not accepts[0]:
        return "no-accept"
    if asked and not named:
        return "no-protocol"
    tokens = [token.strip(b" \t").lower() for value in connection for token in value.split(b",")]
    if b"upgrade" not in tokens:
        return "connection"
    if upgrade[0].lower() != b"websocket":
        return "upgrade"
    key = reading.request.key
    return "" if key is not None and accepts[0] == expected_accept(key) else "accept"


def _written(agreed: Agreed) -> str:
    """``WebSocket.extensions``: what was agreed, written anew; a window of 15 bits is not worth a word."""
    parts = [NAME]
    if not agreed.takeover:
        parts.append("server_no_context_takeover")
    if not agreed.client_takeover:
        parts.append("client_no_context_takeover")
    if agreed.bits != 15:
        parts.append(f"server_max_window_bits={agreed.bits}")
    if agreed.client_bits != 15:
        parts.append(f"client_max_window_bits={agreed.client_bits}")
    return "; ".join(parts)


def _extensions(head: Head) -> Agreed | str | None:
    """permessage-deflate as it was agreed, None if it was not, or the key of what is wrong."""
    values = head.values(b"sec-websocket-extensions")
    if not values:
        return None
    mentions: list[tuple[str, Parameters]] = []
    try:
        for value in values:
            mentions += parse(value.decode("latin-1"))
        if len(mentions) != 1 or mentions[0][0] != NAME:
            return "extension"
        texts = [text for _, text in mentions[0][1] if text is not None]
        if b"\\" in values[0] or not all(_WINDOW.fullmatch(text) for text in texts):
            return "extension"
        return accept([mentions[0][1]])
    except NotParsed:
        return "extension"
