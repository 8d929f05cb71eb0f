"""The byte rules of hixie-75 and hixie-76 (hybi-00 to -03), for answers that look like HTTP but are not parsed
as HTTP.

draft-hixie-thewebsocketprotocol-75 section 4.1, steps 11 to 23; -76 section 4.1, steps 28 to 45.

"""

from __future__ import annotations

from collections.abc import Iterator

from wsprobe.exchange import Target
from wsprobe.history.data import Revision, cell_of
from wsprobe.history.http import Ruling, rule
from wsprobe.judge.finding import shown
from wsprobe.judge.subject import status_span
from wsprobe.read.drafts import ANSWER
from wsprobe.read.reading import Reading, Response, Span
from wsprobe.request.target import bracketed
from wsprobe.wire.followup import REDIRECTS
from wsprobe.wire.hixie import answer_to

LINE_75 = b"HTTP/1.1 101 Web Socket Protocol Handshake\r\n"
PRELUDE_75 = b"Upgrade: WebSocket\r\nConnection: Upgrade\r\n"

Pairs = list[tuple[bytes, bytes]]
"""Field names in lower case, and values without the one space after the colon."""


def walked(reading: Reading, response: Response, revision: Revision) -> Iterator[Ruling]:
    """The rulings of *revision* on *response*, the first answer. The first failure ends the check."""
    raw = response.head.raw
    exact = cell_of("status-line", revision).mode == "exact"
    refusal = _line_75(response, revision) if exact else _line_76(response, revision)
    if refusal is not None:
        yield refusal
        return
    rest = raw.partition(b"\n")[2]
    at = response.head.start + len(raw) - len(rest)
    if exact:
        if not rest.startswith(PRELUDE_75):
            span = (at, at + min(len(rest), len(PRELUDE_75)))
            yield rule(
                revision, "prelude", "fail", span=span, expected=shown(PRELUDE_75), received=shown(rest[:41])
            )
            return
        rest, at = rest[len(PRELUDE_75) :], at + len(PRELUDE_75)
    pairs = parsed(rest)
    if isinstance(pairs, str):
        yield rule(revision, "field-grammar", "fail", pairs, span=(at, at + len(rest)))
        return
    yield from _counted(reading, response, revision, pairs)


def _line_75(response: Response, revision: Revision) -> Ruling | None:
    if response.head.raw.startswith(LINE_75):
        return None
    return _not_101(response, revision, response.status, response.status == 101)


def _line_76(response: Response, revision: Revision) -> Ruling | None:
    line, end, _ = response.head.raw.partition(b"\n")
    line += end
    parts = line.split(b" ", 2)
    if len(line) < 7 or not line.endswith(b"\r\n") or len(parts) < 3:
        return _not_101(response, revision, None, True)
    code = parts[1]
    if len(code) != 3 or not code.isdigit():
        return _not_101(response, revision, None, True)
    return None if code == b"101" else _not_101(response, revision, int(code), False)


def _not_101(response: Response, revision: Revision, status: int | None, malformed: bool) -> Ruling:
    span = status_span(response)
    got = shown(response.head.first.text) if response.head.first is not None else ""
    if status is None or malformed:
        return rule(revision, "status-line", "fail", span=span, received=got)
    if status == 407:
        return rule(revision, "proxy-authenticate", "retry-proxy-auth", span=span, received=got)
    subject = (
        "interim"
        if 100 <= status < 200
        else "redirect"
        if status in REDIRECTS
        else "authenticate"
        if status == 401
        else "status"
    )
    return rule(
        revision, subject, "fail", f"the status is {status:03}", span=span, expected="101", received=got
    )


def parsed(block: bytes) -> Pairs | str:
    """The fields of a header block, up to its blank line; or the fault, in words, if it breaks the rules.

    A name runs to its colon, a value to the next CR, which LF must follow; LF anywhere else, and CR within a
    name, break the rules (75: steps 15 to 22; 76: steps 33 to 40).
    """
    pairs: Pairs = []
    at = 0
    while not block.startswith(b"\r\n", at):
        colon = block.find(b":", at)
        name = block[at : colon if colon >= 0 else len(block)]
        if (b"\r" in name or b"\n" in name) and block[at:] != b"\r":
            return "a field name contains a line end"
        if colon < 0:
            return "the answer ends within the fields"
        stop = block.find(b"\r", colon)
        value = block[colon + 1 : stop if stop >= 0 else len(block)]
        if b"\n" in value:
            return "an LF has no CR before it"
        if stop < 0 or stop + 1 == len(block):
            return "the answer ends within the fields"
        if block[stop + 1 : stop + 2] != b"\n":
            return "a CR has no LF after it"
        if not name:
            return "a field has an empty name"
        pairs.append((name.lower(), value.removeprefix(b" ")))
        at = stop + 2
    return pairs


def _counted(reading: Reading, response: Response, revision: Revision, pairs: Pairs) -> Iterator[Ruling]:
    """The number of the fields, then their values, then the challenge."""
    sec = b"" if cell_of("location", revision).mode == "websocket-location" else b"sec-"
    asked = b", ".join(reading.request.protocols)
    wanted: list[tuple[str, bytes, bytes | None]] = []
    if cell_of("upgrade", revision).mode == "one-exact":
        wanted += [("upgrade", b"upgrade", b"WebSocket"), ("connection", b"connection", b"upgrade")]
    wanted += [
        ("origin", sec + b"websocket-origin", _origin(reading, lower=not sec)),
        ("location", sec + b"websocket-location", location(reading.exchange.plan.target)),
    ]
    if asked:
        wanted.append(("protocol-other", sec + b"websocket-protocol", asked))
    for rule_id, name, _ in wanted:
        values = [value for key, value in pairs if key == name]
        if len(values) != 1:
            yield rule(
                revision,
                _counting(rule_id, len(values)),
                "fail",
                f"{shown(name)} appears {len(values)} times, not once",
                span=_where(response, name),
            )
            return
    for rule_id, name, want in wanted:
        value = next(value for key, value in pairs if key == name)
        if want is not None and (value.lower() if rule_id == "connection" else value) != want:
            yield rule(
                revision,
                rule_id,
                "fail",
                span=_where(response, name),
                expected=shown(want),
                received=shown(value),
            )
            return
    yield from _challenge(reading, response, revision)


def _counting(rule_id: str, count: int) -> str:
    if rule_id != "protocol-other":
        return rule_id
    return "protocol-repeated" if count else "protocol-missing"


def _challenge(reading: Reading, response: Response, revision: Revision) -> Iterator[Ruling]:
    """Only if the request had a challenge: requests of other versions have none to answer."""
    if cell_of("challenge", revision).mode != "md5":
        return
    head = reading.request.head
    key1, key2 = head.all(b"sec-websocket-key1"), head.all(b"sec-websocket-key2")
    if len(key1) != 1 or len(key2) != 1:
        return
    want = answer_to(key1[0].value, key2[0].value, reading.request.rest)
    if want is None:
        return
    start = response.head.start + len(response.head.raw)
    got = reading.received[start : start + ANSWER]
    if got != want:
        span: Span = (start, start + len(got))
        yield rule(revision, "challenge", "fail", span=span, expected=shown(want), received=shown(got))


def _origin(reading: Reading, *, lower: bool) -> bytes | None:
    """The required echo; None if the request had no origin, so there is nothing to compare."""
    sent = reading.request.head.all(b"origin")
    if len(sent) != 1:
        return None
    return sent[0].value.lower() if lower else sent[0].value


def location(target: Target) -> bytes:
    """The URL that the server must echo: rebuilt from security, host, port and resource (75 section 3.2)."""
    scheme, usual = ("wss", 443) if target.secure else ("ws", 80)
    host = bracketed(target.host)
    port = "" if target.port == usual else f":{target.port}"
    return f"{scheme}://{host}{port}{target.resource}".encode("latin-1", "replace")


def _where(response: Response, name: bytes) -> Span:
    fields = response.head.all(name)
    return fields[0].span if fields else status_span(response)
