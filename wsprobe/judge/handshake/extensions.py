"""RFC 6455 section 4.1, item 5, and section 9.1: the extensions in use."""

from __future__ import annotations

from collections.abc import Iterator

from wsprobe.judge.finding import Finding
from wsprobe.judge.findings import found, shown, times
from wsprobe.judge.subject import handshake, where
from wsprobe.read.reading import Field, Reading, Span
from wsprobe.read.tokens import Extension, Malformed, parse_extensions, split_list

DEFLATE = b"permessage-deflate"

_TOLD = 8
"""Extensions that are spoken of one by one."""


def accepted(reading: Reading) -> tuple[tuple[Extension, Field], ...]:
    """The extensions that the 101 names, each with the header it stands in; malformed headers left out."""
    response = handshake(reading)
    fields = response.head.all(b"sec-websocket-extensions") if response is not None else ()
    return tuple(
        (extension, field)
        for field in fields
        if not isinstance(parsed := parse_extensions(field.value), Malformed)
        for extension in parsed
    )


def offered(reading: Reading) -> tuple[Extension, ...]:
    """The extensions that the request offered; of a malformed offer the names only."""
    value = reading.request.extensions
    if not value:
        return ()
    parsed = parse_extensions(value)
    if isinstance(parsed, Malformed):
        return tuple(Extension(element.partition(b";")[0].strip()) for element in split_list(value))
    return parsed


def place(reading: Reading, field: Field, text: bytes) -> Span:
    """Where *text* stands in the value of *field*; the whole value if it is not found there."""
    start, end = field.value_span
    at = reading.received.find(text, start, end)
    return (at, at + len(text)) if at >= 0 and text else (start, end)


def extensions(reading: Reading) -> Iterator[Finding]:
    """Every extension was offered, in a header that can be read."""
    response = handshake(reading)
    if response is None:
        return
    fields = response.head.all(b"sec-websocket-extensions")
    if len(fields) > 1:
        yield found(
            "extensions-several-fields",
            f"ambiguous: Sec-WebSocket-Extensions is there {times(len(fields))}; section 4.2.2 allows it, "
            "section "
            "11.3.2 does not, erratum 3433 does",
            where(response.head, fields[1:]),
        )
    for field in fields:
        parsed = parse_extensions(field.value)
        if isinstance(parsed, Malformed):
            yield _malformed(field, parsed)
    names = {extension.name for extension in offered(reading)}
    told: set[bytes] = set()
    for extension, field in accepted(reading):
        if extension.name in told:
            continue
        if len(told) == _TOLD:
            break
        told.add(extension.name)
        span = place(reading, field, extension.name)
        if extension.name not in names:
            yield _unoffered(extension, names, span)
        elif extension.name != DEFLATE:
            yield found("extension-unchecked", f"{shown(extension.name)} is in use and not judged here", span)


def _malformed(field: Field, why: Malformed) -> Finding:
    start, end = field.value_span
    at = min(start + why.at, max(end - 1, start))
    if not field.value:
        said, span = "Sec-WebSocket-Extensions is empty", field.span
    else:
        said, span = f"Sec-WebSocket-Extensions cannot be read: {why.reason}", (at, max(end, at + 1))
    return found("extension-malformed", said, span, received=field.value)


def _unoffered(extension: Extension, names: set[bytes], span: Span) -> Finding:
    name = shown(extension.name)
    if not names:
        words = f"{name} is in use, and no extension was offered"
    elif extension.name.lower() in {known.lower() for known in names}:
        words = f"{name} differs in letter case from what was offered"
    else:
        words = f"{name} is in use, and was not offered"
    return found(
        "extension-unoffered", words, span, expected=b", ".join(sorted(names)), received=extension.name
    )
