"""The header blocks of an answer over HTTP/2 (RFC 9113 section 8).

Each entry is above the rule that makes it. What browsers do was measured in Chromium 156 and Firefox 153.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from wsprobe.judge.finding import Entry, Finding, counted, shown
from wsprobe.read.http2_values import HeaderBlock
from wsprobe.read.reading import Field, Reading, Span
from wsprobe.read.tokens import is_token

HTTP2_BLOCK_UNREADABLE = Entry(
    "http2-block-unreadable",
    "fail",
    "RFC 9113 section 4.3",
    title="A header block that cannot be decoded",
    meaning="The block is not valid HPACK. The compression table is then unknown, so a client must end "
    "the connection.",
    usual="a block written by hand, or a proxy that copies blocks from one connection to another",
    advice="Leave header compression to a library.",
)

HTTP2_BLOCK_UNFINISHED = Entry(
    "http2-block-unfinished",
    "fail",
    "RFC 9113 section 6.2",
    title="A header block without an end",
    meaning="HEADERS came, but no frame with END_HEADERS: the answer is not complete.",
    usual="a server that stopped while it was sending, or CONTINUATION frames without end",
    advice="Read the log of the server at that time.",
)

HTTP2_STATUS = Entry(
    "http2-status",
    "fail",
    "RFC 9113 section 8.3.2",
    title="No readable :status",
    meaning="An answer has one :status with three digits. Chromium and Firefox reset the stream with "
    "PROTOCOL_ERROR.",
    usual="an answer written by hand, a status with its reason phrase, or trailers sent in place of an answer",
    advice="Send :status with three digits, once, first.",
)

HTTP2_STATUS_DIGITS = Entry(
    "http2-status-digits",
    "fail",
    "RFC 9113 section 8.3.2",
    title="A :status that does not have three digits",
    meaning="A status code has three digits. Browsers differ in how they read any other number.",
    usual="an internal error number used as a status",
    advice="Send :status with three digits.",
)

HTTP2_STATUS_REPEATED = Entry(
    "http2-status-repeated",
    "fail",
    "RFC 9113 section 8.3",
    title="More than one :status",
    meaning="A pseudo-header may appear once. Chromium resets the stream; Firefox uses one of them.",
    usual="an application and a proxy that each set the status",
    advice="Send :status once.",
)

HTTP2_PSEUDO_LATE = Entry(
    "http2-pseudo-late",
    "fail",
    "RFC 9113 section 8.3",
    title="A pseudo-header after other fields",
    meaning="Pseudo-headers must come before all other fields. The answer is malformed.",
    usual="a server that sorts its header fields",
    advice="Send :status first.",
)

HTTP2_PSEUDO_UNKNOWN = Entry(
    "http2-pseudo-unknown",
    "fail",
    "RFC 9113 section 8.3",
    title="A pseudo-header not allowed in an answer",
    meaning="An answer has :status and no other pseudo-header; trailers have none. The answer is malformed.",
    usual="a server that copies request fields into the answer",
    advice="Send :status and no other pseudo-header.",
)

HTTP2_NAME_UPPER_CASE = Entry(
    "http2-name-upper-case",
    "fail",
    "RFC 9113 section 8.2.1",
    title="A header name in upper case",
    meaning="Header names must be in lower case. Chromium resets the stream; Firefox ends the whole connection "
    "with COMPRESSION_ERROR, and so everything else that the page uses on it.",
    usual="header names written as in HTTP/1.1 by an application whose server does not lower-case them",
    advice="Write header names in lower case.",
)

HTTP2_NAME = Entry(
    "http2-name",
    "fail",
    "RFC 9113 section 8.2.1",
    title="An invalid header name",
    meaning="A name is empty, or has a byte that is not allowed in a name. Chromium resets the stream; Firefox "
    "ends the whole connection with COMPRESSION_ERROR.",
    usual="a line of HTTP/1.1 that was split at the wrong place",
    advice="Send names that are tokens in lower case.",
)

HTTP2_VALUE = Entry(
    "http2-value",
    "fail",
    "RFC 9113 section 8.2.1",
    title="A header value with white space around it, or a NUL or line end in it",
    meaning="Values must not begin or end with white space, and must not contain NUL, CR or LF. The "
    "answer is malformed; Chromium and Firefox accept the white space anyway.",
    usual="a line of HTTP/1.1 that was split at its colon, with the space left in the value",
    advice="Remove white space around values.",
)

HTTP2_CONNECTION_FIELD = Entry(
    "http2-connection-field",
    "fail",
    "RFC 9113 section 8.2.2",
    title="A header that belongs to HTTP/1.1 connections only",
    meaning="Connection, Upgrade, Keep-Alive, Proxy-Connection and Transfer-Encoding must not be used in "
    "HTTP/2: the answer is malformed. Chromium and Firefox open anyway; strict libraries do not.",
    usual="an application that answers every handshake with the fields of a 101",
    advice="Leave these fields out over HTTP/2.",
)

HTTP2_ACCEPT = Entry(
    "http2-accept",
    "note",
    "RFC 8441 section 5",
    title="Sec-WebSocket-Accept has no meaning here",
    meaning="Over HTTP/2 the request has no Sec-WebSocket-Key to answer. Clients ignore the field.",
    usual="an application that answers every handshake with the fields of a 101",
    advice="Leave it out over HTTP/2.",
)

_OF_CONNECTION = (b"connection", b"upgrade", b"keep-alive", b"proxy-connection", b"transfer-encoding")


def block(reading: Reading) -> Iterator[Finding]:
    """Check the header blocks of our stream: each fault once, where it first occurs."""
    of = reading.http2
    if of is None:
        return
    told: set[str] = set()
    for each in of.blocks:
        for finding in _of_block(each, trailers=each is of.trailers):
            if finding.id not in told:
                told.add(finding.id)
                yield finding
    final = reading.final
    if reading.session is not None and final is not None and final.head.all(b"sec-websocket-accept"):
        field = final.head.all(b"sec-websocket-accept")[0]
        yield HTTP2_ACCEPT.found("the answer has Sec-WebSocket-Accept", field.span)


def _of_block(of: HeaderBlock, *, trailers: bool) -> Iterator[Finding]:
    start = (of.start, of.start + 9)
    if of.cut:
        return
    if of.problem:
        yield HTTP2_BLOCK_UNREADABLE.found(shown(of.problem.encode()), start)
    elif not of.complete:
        yield HTTP2_BLOCK_UNFINISHED.found(f"only {counted(len(of.raw), 'byte')} of the block arrived", start)
        return
    pseudo = of.pseudo
    shown_status = of.all(b":status")
    if not trailers and not of.problem:
        yield from _status(shown_status, start)
    wrong = [field for field in pseudo if trailers or field.name != b":status"]
    if wrong:
        yield HTTP2_PSEUDO_UNKNOWN.found(f"the block has {shown(wrong[0].name)}", wrong[0].span)
    if of.regular and pseudo and of.fields.index(pseudo[-1]) > of.fields.index(of.regular[0]):
        yield HTTP2_PSEUDO_LATE.found(f"{shown(pseudo[-1].name)} comes after other fields", pseudo[-1].span)
    for entry, broken, words in _FIELDS:
        bad = [field for field in of.regular if broken(field)]
        if bad:
            more = f", and {len(bad) - 1} more like it" if len(bad) > 1 else ""
            yield entry.found(f"{words(bad[0])}{more}", bad[0].span)


def _status(fields: tuple[Field, ...], start: Span) -> Iterator[Finding]:
    if not fields:
        yield HTTP2_STATUS.found("the answer has no :status", start)
        return
    value, span = fields[0].value, fields[0].span
    if not value.isdigit() or len(value) > 4:
        yield HTTP2_STATUS.found(f":status is {shown(value) or 'empty'}", span, received=value)
    elif len(value) != 3 or not 100 <= int(value) <= 599:
        yield HTTP2_STATUS_DIGITS.found(
            f":status is {shown(value)}, which is not a status code of HTTP", span, received=value
        )
    if len(fields) > 1:
        also = ", then ".join(shown(field.value) for field in fields[:3])
        yield HTTP2_STATUS_REPEATED.found(f"the answer has :status {len(fields)} times: {also}", fields[1].span)


def _upper(field: Field) -> bool:
    return field.name != field.name.lower()


def _odd_name(field: Field) -> bool:
    return not is_token(field.name) if field.name else True


def _odd_value(field: Field) -> bool:
    return field.value.strip(b" \t") != field.value or any(byte in field.value for byte in b"\0\r\n")


_FIELDS: tuple[tuple[Entry, Callable[[Field], bool], Callable[[Field], str]], ...] = (
    (HTTP2_NAME_UPPER_CASE, _upper, lambda field: f"{shown(field.name)} is in upper case"),
    (HTTP2_NAME, _odd_name, lambda field: f"{shown(field.name) or 'an empty name'} is not a header name"),
    (HTTP2_VALUE, _odd_value, lambda field: f"the value of {shown(field.name)} is {shown(field.value)!r}"),
    (
        HTTP2_CONNECTION_FIELD,
        lambda field: field.name.lower() in _OF_CONNECTION,
        lambda field: f"{shown(field.name)}: {shown(field.value)}",
    ),
)
