"""HTTP/2 as lines: the answer's fields with their findings, the end of the stream, and frames."""

from __future__ import annotations

from collections.abc import Sequence

from wsprobe.judge.finding import Finding
from wsprobe.read.http2_values import (
    ENABLE_CONNECT_PROTOCOL,
    HTTP_1_1_REQUIRED,
    Http2Connection,
    StreamEnd,
    setting_name,
)
from wsprobe.read.reading import Field, Reading
from wsprobe.report.report import Report
from wsprobe.show.answer import HEAD_LINES, LONG_LINE, body, carets
from wsprobe.show.lines import Budget, Line, Look, Piece, Style, cells, left_out, line
from wsprobe.text import visible


def answers(reading: Reading, findings: Sequence[Finding], look: Look) -> list[Line]:
    """The blocks of our stream, each field followed by its findings; the body of a refusal."""
    of = reading.http2
    assert of is not None
    rows: list[Line] = []
    room = Budget(HEAD_LINES, look)
    left = 0
    for number, block in enumerate(of.blocks):
        final = number == len(reading.responses) - 1
        if room.full and not final:
            left += max(1, len(block.fields))
            continue
        for field in block.fields:
            here = [f for f in findings if points_at(f, field)]
            if room.full and not here:
                left += 1
                continue
            rows.append(room.take(_field_line(field, look)))
            for finding in here:
                rows += _pointed(finding, field, look)
        content = reading.responses[number].body if number < len(reading.responses) else None
        shown = [] if content is None else body(content, look)
        rows += [(), *shown] if shown else []
        if not final and number + 1 < len(of.blocks):
            rows.append(())
    return rows + ([left_out(left, "line", look)] if left else [])


def as_text(reading: Reading) -> bytes:
    """The answers with their fields as lines, which HTTP/2 does not have, and the body as received."""
    of = reading.http2
    assert of is not None
    whole = b""
    for response, block in zip(reading.responses, of.blocks, strict=False):
        lines = (field.name + b": " + field.value + b"\r\n" for field in block.fields)
        whole += b"".join(lines) + b"\r\n" + (response.body.raw if response.body is not None else b"")
    return whole


def points_at(finding: Finding, field: Field) -> bool:
    """True if *finding* is about a place within *field*."""
    return finding.span is not None and field.span[0] <= finding.span[0] < field.span[1]


def placed(finding: Finding, reading: Reading) -> bool:
    """True if ``answers`` shows *finding* under a field."""
    of = reading.http2
    return of is not None and any(points_at(finding, field) for block in of.blocks for field in block.fields)


def _field_line(field: Field, look: Look) -> Line:
    name, value = look.text(field.name), look.text(field.value[:LONG_LINE])
    more = len(field.value) - LONG_LINE
    tail = [Piece(f" ... {more} more bytes", "dim")] if more > 0 else []
    style: Style = "title" if field.name == b":status" else "name"
    return line(Piece(name, style), f": {value}", *tail)


def _pointed(finding: Finding, field: Field, look: Look) -> list[Line]:
    """Carets under the value, or under a wrong name, then the finding."""
    name = cells(look.text(field.name))
    value = cells(look.text(field.value[:LONG_LINE]))
    of_name = finding.id in ("http2-name", "http2-name-upper-case", "http2-pseudo-late", "http2-pseudo-unknown")
    before, under = (0, max(1, name)) if of_name else (name + 2, max(1, value))
    return carets(before, under, finding, look)


def spoken(reading: Reading) -> list[Line]:
    """The protocol in use, if HTTP/2 was requested; otherwise empty."""
    planned = reading.exchange.plan.http2
    if planned is None or not reading.sent:
        return []
    if reading.http2 is not None:
        return [line(Piece(f"over HTTP/2{_asked_again(reading.http2)}".rstrip(","), "dim"))]
    why = (
        "the server did not accept h2"
        if reading.exchange.plan.target.secure
        else "ws: has no ALPN, so h2 cannot be offered"
    )
    return [line(Piece(f"over HTTP/1.1: {why}; --http2-prior-knowledge uses HTTP/2 without ALPN", "dim"))]


def _asked_again(of: Http2Connection) -> str:
    """The number of requests on this connection, if more than one."""
    if not of.earlier:
        return ""
    streams = " and ".join(f"stream {number}" for number in of.earlier)
    times = f"{len(of.earlier) + 1} times" if len(of.earlier) > 1 else "twice"
    return f", sent {times} (REFUSED_STREAM for {streams}),"


def ending(reading: Reading, look: Look) -> list[Line]:
    """The server's SETTINGS about WebSockets, and the end of the stream; more of both with -v."""
    of = reading.http2
    if of is None or reading.looks_like:
        return []
    rows: list[Line] = []
    if look.verbose and of.settings:
        listed = ", ".join(f"{setting_name(key)} {value}" for key, value in of.settings[:20])
        rows.append(line(Piece(f"the server's settings: {listed}", "dim")))
    if of.end is not None and (look.verbose or not _usual(of.end, reading)):
        rows.append(line(Piece(f"stream {of.stream}: {ended(of.end)}", "dim")))
    return rows


def _usual(end: StreamEnd, reading: Reading) -> bool:
    """An end that adds no information."""
    return end.how == "connection" or (
        end.how == "end-stream" and end.by == "server" and reading.final is not None
    )


def ended(end: StreamEnd, stream: str = "it") -> str:
    """The end of a stream, in words; *stream* is its name."""
    who = "the server" if end.by == "server" else "wsprobe"
    debug = f": {visible(end.debug)}" if end.debug else ""
    return {
        "end-stream": f"{who} ended {stream} with END_STREAM",
        "rst-stream": f"{who} reset {stream} with {end.name}",
        "goaway": f"{who} ended the connection with GOAWAY and {end.name}{debug}",
        "connection": f"{who} ended the connection",
    }[end.how]


def protocol(over_http2: bool) -> str:
    """The version of HTTP, as people write it."""
    return "HTTP/2" if over_http2 else "HTTP/1.1"


def asked_again(before: Reading, then: Reading) -> str:
    """Why *then* was sent for the same URL after *before*, which was over HTTP/2."""
    of = before.http2
    assert of is not None
    if of.request is None:
        return (
            "the server speaks HTTP/2 but does not announce WebSockets over it: sent over "
            f"{protocol(then.http2 is not None)}"
        )
    if before.final is not None:
        said = f"the server answered {before.final.status}"
    else:
        said = ended(of.end, "the stream") if of.end is not None else "there was no answer"
    return f"over HTTP/2{_asked_again(of)} {said}: sent again over {protocol(then.http2 is not None)}"


def sentence(report: Report) -> str:
    """The meaning of the outcome, if it has a special one over HTTP/2; otherwise ""."""
    reading = report.reading
    of = reading.http2
    if of is None:
        return ""
    status = reading.status
    match report.outcome:
        case "not-upgraded":
            return _not_upgraded(of, status)
        case "refused":
            return f"the server answered {status}, so no WebSocket was opened (RFC 8441 section 5)"
        case "invalid" if status == 101:
            return "a 101, which HTTP/2 does not have: there a 200 opens a WebSocket"
        case "invalid" if any(f.fatal and f.phase == "http2" for f in report.verdict.findings):
            return "a 200 that breaks the rules of HTTP/2"
        case "invalid":
            return "a 200, but its headers or what followed break the rules"
        case "dropped" if of.end is not None and of.end.by == "server" and of.end.how != "connection":
            return ended(of.end, "the stream") + ", before an answer"
        case "aborted" if of.end is not None and of.end.how != "connection":
            return ended(of.end, "the stream") + ", without a Close frame"
        case "not-http" if not reading.looks_like:
            return "the answer has no status that can be read"
    return ""


def _not_upgraded(of: Http2Connection, status: int | None) -> str:
    if status is not None:
        return (
            f"the server answered {status} instead of 200: it did not treat the request as a WebSocket "
            "handshake"
        )
    if of.end is not None and of.end.code == HTTP_1_1_REQUIRED:
        return "the server requires this request over HTTP/1.1 (HTTP_1_1_REQUIRED)"
    value = of.setting(ENABLE_CONNECT_PROTOCOL)
    how = "does not announce" if not value else f"announces with the value {value}, which is not valid,"
    return (
        f"the server {how} that it takes WebSockets over HTTP/2, so no request was sent "
        "(--http2-anyway sends it)"
    )
