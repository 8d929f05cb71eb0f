"""How an answer says where its body ends (RFC 9112 sections 6 and 7, RFC 9110 section 8.6).

Two readers that disagree on that take different bytes for the next answer: request smuggling.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wsprobe.judge.catalogue import F
from wsprobe.judge.finding import Finding, shown, times
from wsprobe.judge.subject import handshake, where
from wsprobe.read.body import plain_length
from wsprobe.read.reading import Field, Reading, Response, Span
from wsprobe.read.tokens import DIGITS_MAX, VALUE_MAX, elements

_LENGTH, _CODING = b"content-length", b"transfer-encoding"

_CHUNK_LINE = rb"[ \t]*([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]*)?(\r?\n)"

NOT_IN_TRAILERS = frozenset(
    (
        _LENGTH,
        _CODING,
        b"trailer",
        b"host",
        b"content-encoding",
        b"content-type",
        b"content-range",
        b"www-authenticate",
        b"proxy-authenticate",
        b"set-cookie",
        b"location",
        b"retry-after",
    )
)
"""Fields of framing, routing, authentication, control and content format (RFC 9110 section 6.5.1)."""


def framing(reading: Reading) -> Iterator[Finding]:
    """Check the framing fields of every answer, interim ones too, and the chunks of the final one."""
    if reading.looks_like:
        return
    for response in reading.responses:
        if not response.head.complete:
            continue
        lengths, codings = response.head.all(_LENGTH), response.head.all(_CODING)
        if lengths or codings:
            yield from _fields(reading, response, lengths, codings)
        if response.body is not None and response.body.framing == "chunked":
            yield from _chunks(response)
        yield from _no_content(response, lengths)


def _fields(
    reading: Reading, response: Response, lengths: tuple[Field, ...], codings: tuple[Field, ...]
) -> Iterator[Finding]:
    head, status = response.head, response.status or 0
    bodiless = status == 204 or response.interim
    for fields, allowed in ((lengths, F.CONTENT_LENGTH_FORBIDDEN), (codings, F.TRANSFER_ENCODING_FORBIDDEN)):
        if fields and bodiless:
            yield allowed.found(f"a {status} has no body, but it has {_line(fields[0])}", where(head, fields))
    if response is handshake(reading):
        for fields, entry in ((lengths, F.CONTENT_LENGTH_ON_101), (codings, F.TRANSFER_ENCODING_ON_101)):
            if fields:
                words = f"a 101 has no body, but this one has {_line(fields[0])}"
                yield entry.found(words, where(head, fields))
        return
    if lengths and codings:
        yield F.LENGTH_AND_CODING.found(
            f"the answer has {_line(codings[0])} and {_line(lengths[0])}", where(head, lengths)
        )
    if codings and (response.version == "1.0" or reading.request.version == b"HTTP/1.0"):
        whose = "answer" if response.version == "1.0" else "request"
        yield F.CODING_IN_HTTP10.found(
            f"the {whose} is HTTP/1.0, and the answer has {_line(codings[0])}", where(head, codings)
        )
    yield from _lengths(response, lengths)
    yield from _codings(response, codings)


def _line(field: Field) -> str:
    return f"{shown(field.name)}: {shown(field.value)}"


def _lengths(response: Response, lengths: tuple[Field, ...]) -> Iterator[Finding]:
    if plain_length(lengths) or sum(len(field.value) for field in lengths) > VALUE_MAX:
        return
    listed = list(elements(field.value for field in lengths))
    span = where(response.head, lengths)
    whole = b", ".join(field.value for field in lengths)
    if len(set(listed)) == 1 and len(listed) > 1 and listed[0].isdigit():
        yield F.LENGTH_REPEATED.found(f"Content-Length is there {times(len(listed))}: {shown(whole)}", span)
    elif not all(each.isdigit() for each in listed) or not listed:
        yield F.LENGTH_CONFLICT.found(f"Content-Length is not a number: {shown(whole) or 'empty'}", span)
    elif len(listed) > 1:
        yield F.LENGTH_CONFLICT.found(f"Content-Length has several different numbers: {shown(whole)}", span)
    elif len(listed[0]) > DIGITS_MAX:
        yield F.LENGTH_TOO_LARGE.found(f"Content-Length has {len(listed[0])} digits", span)


def _codings(response: Response, codings: tuple[Field, ...]) -> Iterator[Finding]:
    if not codings or sum(len(field.value) for field in codings) > VALUE_MAX:
        return
    if words := out_of_order(codings):
        whole = b", ".join(field.value for field in codings)
        yield F.CODING_ORDER.found(
            f"Transfer-Encoding is {shown(whole)}: {words}", where(response.head, codings)
        )


def out_of_order(codings: tuple[Field, ...]) -> str:
    """Why chunked is not the last of the *codings*, or is there twice, in words; "" if neither."""
    names = [name.partition(b";")[0].strip(b" \t").lower() for name in elements(f.value for f in codings)]
    chunked = names.count(b"chunked")
    if chunked > 1:
        return f"chunked is there {times(chunked)}"
    return f"{shown(names[-1])} comes after chunked" if chunked and names[-1] != b"chunked" else ""


def chunk_ending_in_lf(raw: bytes) -> Span | None:
    """The first line of a chunk in *raw*, a chunked body, that ends with LF alone; None without one."""
    line = _last_chunk_line(raw)
    return line.span() if line is not None and line[2] == b"\n" else None


def _last_chunk_line(raw: bytes) -> re.Match[bytes] | None:
    """The line of the last chunk in *raw*, or before it the first one that ends with LF alone."""
    at = 0
    pattern = re.compile(_CHUNK_LINE)
    while at < len(raw) and (line := pattern.match(raw, at)) is not None:
        size = int(line[1], 16)
        if not size or line[2] == b"\n":
            return line
        at = line.end() + size + 2
    return None


def _chunks(response: Response) -> Iterator[Finding]:
    """Check the lines of the chunks, and the trailers."""
    body, start = response.body, response.head.start + len(response.head.raw)
    assert body is not None
    line = _last_chunk_line(body.raw)
    if line is None:
        return
    if line[2] == b"\n":
        span = (start + line.start(), start + line.end())
        yield F.CHUNK_BARE_LF.found(f"the chunk line {shown(line[0])} ends with LF alone", span)
        return
    at = line.end()
    for row in body.raw[at:].split(b"\r\n"):
        if row.partition(b":")[0].strip(b" \t").lower() in NOT_IN_TRAILERS:
            span = (start + at, start + at + len(row))
            yield F.TRAILER_FORBIDDEN.found(f"the trailers have {shown(row)}", span)
            return
        at += len(row) + 2


def _no_content(response: Response, lengths: tuple[Field, ...]) -> Iterator[Finding]:
    body = response.body
    if response.status == 205 and body is not None:
        announced = body.expected or 0
        if body.content or announced:
            words = f"a 205 has content: {max(len(body.content), announced)} bytes"
            yield F.CONTENT_ON_205.found(words, where(response.head, lengths))
