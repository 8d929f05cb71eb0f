"""What the server selected: subprotocol and extensions (RFC 6455 section 4.1, items 5, 6), RFC 7692.

A client may make several offers of permessage-deflate; the answer is compared with the offer that it fits best.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from wsprobe.judge.catalogue import F
from wsprobe.judge.finding import Entry, Finding, shown, times
from wsprobe.judge.subject import status_span, where
from wsprobe.read.reading import Field, Head, Reading, Response, Span
from wsprobe.read.tokens import Extension, Malformed, list_parts, parse_extensions, split_list

_LISTED = 10


def protocol(reading: Reading, response: Response) -> Iterator[Finding]:
    """Require at most one Sec-WebSocket-Protocol, with an offered value."""
    offered = reading.request.protocols
    fields = response.head.all(b"sec-websocket-protocol")
    wanted = b", ".join(offered[:_LISTED]) + (b", ..." if len(offered) > _LISTED else b"")
    if not fields:
        if offered:
            yield F.PROTOCOL_NONE_SELECTED.found(
                f"{shown(wanted)} offered, none selected: RFC 6455 lets the client go on, the WHATWG standard "
                "fails",
                status_span(response),
                expected=wanted,
            )
        return
    if len(fields) > 1:
        yield F.PROTOCOL_SEVERAL.found(
            f"Sec-WebSocket-Protocol appears {times(len(fields))}",
            where(response.head, fields[1:]),
            received=b", ".join(field.value for field in fields),
        )
    value, span = fields[0].value, where(response.head, fields)
    if value in offered:
        return
    if not value:
        entry = F.PROTOCOL_EMPTY if offered else F.PROTOCOL_EMPTY_UNASKED
        said = "Sec-WebSocket-Protocol is empty"
        yield entry.found(
            said
            if offered
            else f"ambiguous: {said}, and none was requested; Firefox opens, Chromium 156 and "
            "WebKitGTK fail (measured)",
            span,
            expected=wanted,
            received=value,
        )
    elif not offered:
        yield F.PROTOCOL_UNREQUESTED.found(
            f"{shown(value)} was selected, but none was requested", span, received=value
        )
    else:
        entry, words = _difference(value, offered)
        yield entry.found(f"{shown(value)} {words}", span, expected=wanted, received=value)


def _difference(value: bytes, offered: tuple[bytes, ...]) -> tuple[Entry, str]:
    if b"," in value and any(part in offered for part in split_list(value)):
        return F.PROTOCOL_LIST, "is a list; the server must select one subprotocol"
    if value.lower() in (name.lower() for name in offered):
        return F.PROTOCOL_CASE, "differs in letter case from what was offered"
    return F.PROTOCOL_MISMATCH, "was not offered"


DEFLATE = b"permessage-deflate"

_TOLD = 8
"""Extensions with rules here."""


def accepted(response: Response) -> tuple[tuple[Extension, Field], ...]:
    """Return the extensions in the answer, each with its header; malformed headers are skipped."""
    return tuple(
        (extension, field)
        for field in response.head.all(b"sec-websocket-extensions")
        if not isinstance(parsed := parse_extensions(field.value), Malformed)
        for extension in parsed
    )


def offered(reading: Reading) -> tuple[Extension, ...]:
    """Return the extensions that the request offered; only the names from a malformed offer."""
    value = reading.request.extensions
    if not value:
        return ()
    parsed = parse_extensions(value)
    if isinstance(parsed, Malformed):
        return tuple(Extension(element.partition(b";")[0].strip()) for element in split_list(value))
    return parsed


def place(reading: Reading, field: Field, text: bytes) -> Span:
    """Return the span of *text* in the value of *field*; the whole value if *text* is not found."""
    start, end = field.value_span
    at = reading.received.find(text, start, end)
    return (at, at + len(text)) if at >= 0 and text else (start, end)


def extensions(reading: Reading, response: Response) -> Iterator[Finding]:
    """Require readable headers, and only offered extensions."""
    fields = response.head.all(b"sec-websocket-extensions")
    if not fields:
        return
    if len(fields) > 1:
        yield F.EXTENSIONS_SEVERAL_FIELDS.found(
            f"ambiguous: Sec-WebSocket-Extensions appears {times(len(fields))}; section 4.2.2 allows it, "
            "section 11.3.2 does not, erratum 3433 does",
            where(response.head, fields[1:]),
        )
    # Fields of one name are one list (RFC 6455 section 9.1): an empty one beside another is an empty element.
    for field in [field for field in fields if field.value] or fields[:1]:
        parsed = parse_extensions(field.value)
        if isinstance(parsed, Malformed):
            yield _malformed(field, parsed)
            break
    else:
        yield from _spelling(response.head, fields)
    answered = accepted(response)
    names = {extension.name for extension in offered(reading)} if answered else set()
    told: set[bytes] = set()
    for extension, field in answered:
        if extension.name in told:
            continue
        if len(told) == _TOLD:
            break
        told.add(extension.name)
        span = place(reading, field, extension.name)
        if extension.name not in names:
            yield _unoffered(extension, names, span)
        elif extension.name != DEFLATE:
            yield F.EXTENSION_UNCHECKED.found(
                f"the server uses {shown(extension.name)}, which wsprobe does not check", span
            )


def _spelling(head: Head, fields: tuple[Field, ...]) -> Iterator[Finding]:
    """Report what the grammar of some specification lets pass, and not every client."""
    odd = next((f for f in fields if any(not part.strip(b" \t") for part in list_parts(f.value))), None)
    if odd is not None:
        whole = b", ".join(field.value for field in fields)
        yield F.EXTENSION_EMPTY_ELEMENT.found(
            f"the list has an empty element: {shown(whole)}", where(head, (odd,)), received=whole
        )
    spaced = next((f for f in fields if re.search(rb"[ \t]=|=[ \t]", f.value)), None)
    if spaced is not None:
        yield F.EXTENSION_WHITE_SPACE.found(
            f"there is white space around =: {shown(spaced.value)}", where(head, (spaced,))
        )


def _malformed(field: Field, why: Malformed) -> Finding:
    start, end = field.value_span
    at = min(start + why.at, max(end - 1, start))
    if not field.value:
        said, span = "Sec-WebSocket-Extensions is empty", field.span
    else:
        said, span = f"Sec-WebSocket-Extensions cannot be read: {why.reason}", (at, max(end, at + 1))
    return F.EXTENSION_MALFORMED.found(said, span, received=field.value)


def _unoffered(extension: Extension, names: set[bytes], span: Span) -> Finding:
    name = shown(extension.name)
    if not names:
        words = f"the server uses {name}, but no extension was offered"
    elif extension.name.lower() in {known.lower() for known in names}:
        words = f"{name} differs in letter case from what was offered"
    else:
        words = f"the server uses {name}, which was not offered"
    return F.EXTENSION_UNOFFERED.found(words, span, expected=b", ".join(sorted(names)), received=extension.name)


SERVER_WINDOW, CLIENT_WINDOW = b"server_max_window_bits", b"client_max_window_bits"
SERVER_TAKEOVER, CLIENT_TAKEOVER = b"server_no_context_takeover", b"client_no_context_takeover"

_TAKEOVERS = (SERVER_TAKEOVER, CLIENT_TAKEOVER)
_WINDOWS = (SERVER_WINDOW, CLIENT_WINDOW)
_BITS = rb"[89]|1[0-5]"
_ZERO = rb"0+(?:[89]|1[0-5])"


def deflate(reading: Reading, response: Response) -> Iterator[Finding]:
    """Check the answer to our offer of permessage-deflate by RFC 7692."""
    answers = [(extension, field) for extension, field in accepted(response) if extension.name == DEFLATE]
    if not answers:
        return
    if len(answers) > 1:
        yield F.DEFLATE_SEVERAL.found(
            f"permessage-deflate is accepted {times(len(answers))}",
            place(reading, answers[1][1], DEFLATE),
        )
    offers = [extension for extension in offered(reading) if extension.name == DEFLATE]
    answer, field = answers[0]
    yield from _parameters(reading, answer, field)
    judged = [list(_against(reading, answer, field, offer)) for offer in offers]
    if judged:
        yield from min(judged, key=len)


def _parameters(reading: Reading, answer: Extension, field: Field) -> Iterator[Finding]:
    """Check the answer alone: the first unknown name, the first repeated one, each value."""
    first = dict(reversed(answer.params))
    unknown = next((name for name, _ in answer.params if name not in (*_TAKEOVERS, *_WINDOWS)), None)
    if unknown is not None:
        span = _place(reading, field, unknown)
        yield F.DEFLATE_PARAMETER_UNKNOWN.found(f"{shown(unknown)} is not a parameter of answers", span)
    if len(first) < len(answer.params):
        counts = Counter(name for name, _ in answer.params)
        name = next(name for name in counts if counts[name] > 1)
        span = _place(reading, field, name, 1)
        yield F.DEFLATE_PARAMETER_DUPLICATE.found(f"{shown(name)} appears {times(counts[name])}", span)
    for name in _TAKEOVERS:
        value = first.get(name)
        if value is not None:
            yield F.DEFLATE_VALUE_NOT_ALLOWED.found(
                f"{shown(name)} has the value {shown(value)}",
                _place(reading, field, name),
                received=value,
            )
    for name in _WINDOWS:
        if name in first:
            yield from _window(reading, field, name, first[name])


def _window(reading: Reading, field: Field, name: bytes, value: bytes | None) -> Iterator[Finding]:
    span = _place(reading, field, name)
    if value is None:
        yield F.DEFLATE_VALUE_MISSING.found(f"{shown(name)} has no value", span, expected=b"8 to 15")
    elif re.fullmatch(_ZERO, value):
        yield F.DEFLATE_WINDOW_BITS_ZERO.found(
            f"{shown(name)} is {shown(value)}, with a leading zero",
            span,
            expected=value.lstrip(b"0"),
            received=value,
        )
    elif not re.fullmatch(_BITS, value):
        yield F.DEFLATE_WINDOW_BITS.found(
            f"{shown(name)} is {shown(value)}, not a number from 8 to 15",
            span,
            expected=b"8 to 15",
            received=value,
        )
    elif b'"' in _written(field, name):
        yield F.DEFLATE_WINDOW_BITS_QUOTED.found(f"the value of {shown(name)} is in quotes", span)


def _against(reading: Reading, answer: Extension, field: Field, offer: Extension) -> Iterator[Finding]:
    """Check the answer against the offer (sections 7.1.1.1, 7.1.2.1 and 7.1.2.2)."""
    asked, given = dict(offer.params), dict(answer.params)
    if CLIENT_WINDOW in given and CLIENT_WINDOW not in asked:
        yield F.DEFLATE_CLIENT_WINDOW_UNOFFERED.found(
            "client_max_window_bits is set, but was not in the offer",
            place(reading, field, CLIENT_WINDOW),
        )
    for name in _WINDOWS:
        limit, value = asked.get(name), given.get(name)
        if (
            limit
            and value
            and re.fullmatch(_BITS, limit)
            and re.fullmatch(_BITS, value)
            and int(value) > int(limit)
        ):
            yield F.DEFLATE_WINDOW_LARGER.found(
                f"{shown(name)} is {shown(value)}, more than the {shown(limit)} that was offered",
                _place(reading, field, name),
                expected=limit,
                received=value,
            )
    for name in (SERVER_TAKEOVER, SERVER_WINDOW):
        if name in asked and name not in given:
            yield F.DEFLATE_REQUEST_IGNORED.found(
                f"{shown(name)} was requested, but is not in the answer",
                place(reading, field, DEFLATE),
                expected=name,
            )


def _parameter(name: bytes) -> bytes:
    """A pattern for the parameter *name* with its value, quoted or not."""
    value = rb"(?:[ \t]*=[ \t]*(?:\"[^\"]*\"|[^\s;,]*))?"
    return rb";[ \t]*(" + re.escape(name) + value + rb")[ \t]*(?=[;,\r\n]|\Z)"


def _written(field: Field, name: bytes) -> bytes:
    """Return the first parameter *name* as the field spells it, b"" if not found."""
    match = re.search(_parameter(name), field.value)
    return match[1] if match else b""


def _place(reading: Reading, field: Field, name: bytes, index: int = 0) -> Span:
    """Return the span of the parameter *name* with its value, quoted or not; the one at *index* of several."""
    start, end = field.value_span
    match = next(islice(re.finditer(_parameter(name), reading.received[start:end]), index, None), None)
    return (start + match.start(1), start + match.end(1)) if match else (start, end)
