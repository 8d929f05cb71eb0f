"""RFC 7692 section 7.1: the parameters of permessage-deflate in the answer.

A client may make several offers; the answer is held against the one that it fits best.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from wsprobe.judge.finding import Finding
from wsprobe.judge.findings import found, shown, times
from wsprobe.judge.handshake.extensions import DEFLATE, accepted, offered, place
from wsprobe.read.reading import Field, Reading, Span
from wsprobe.read.tokens import Extension

SERVER_WINDOW, CLIENT_WINDOW = b"server_max_window_bits", b"client_max_window_bits"
SERVER_TAKEOVER, CLIENT_TAKEOVER = b"server_no_context_takeover", b"client_no_context_takeover"

_TAKEOVERS = (SERVER_TAKEOVER, CLIENT_TAKEOVER)
_WINDOWS = (SERVER_WINDOW, CLIENT_WINDOW)
_BITS = re.compile(rb"[89]|1[0-5]")
_ZERO = re.compile(rb"0+(?:[89]|1[0-5])")


def deflate(reading: Reading) -> Iterator[Finding]:
    """The answer to our offer of permessage-deflate holds to RFC 7692."""
    answers = [(extension, field) for extension, field in accepted(reading) if extension.name == DEFLATE]
    if not answers:
        return
    if len(answers) > 1:
        yield found(
            "deflate-several",
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
    """What can be said of the answer alone: of the first unknown name, the first repeated one, each value."""
    first = dict(reversed(answer.params))
    unknown = next((name for name, _ in answer.params if name not in (*_TAKEOVERS, *_WINDOWS)), None)
    if unknown is not None:
        span = _place(reading, field, unknown)
        yield found("deflate-parameter-unknown", f"{shown(unknown)} is no parameter of an answer", span)
    if len(first) < len(answer.params):
        counts = Counter(name for name, _ in answer.params)
        name = next(name for name in counts if counts[name] > 1)
        span = _place(reading, field, name, 1)
        yield found("deflate-parameter-duplicate", f"{shown(name)} is there {times(counts[name])}", span)
    for name in _TAKEOVERS:
        value = first.get(name)
        if value is not None:
            yield found(
                "deflate-value-not-allowed",
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
        yield found("deflate-value-missing", f"{shown(name)} has no value", span, expected=b"8 to 15")
    elif _ZERO.fullmatch(value):
        yield found(
            "deflate-window-bits-zero",
            f"{shown(name)} is {shown(value)}, with a leading zero",
            span,
            expected=value.lstrip(b"0"),
            received=value,
        )
    elif not _BITS.fullmatch(value):
        yield found(
            "deflate-window-bits",
            f"{shown(name)} is {shown(value)}, not a number from 8 to 15",
            span,
            expected=b"8 to 15",
            received=value,
        )
    elif b'"' in reading.received[slice(*span)]:
        yield found("deflate-window-bits-quoted", f"the value of {shown(name)} is in quotes", span)


def _against(reading: Reading, answer: Extension, field: Field, offer: Extension) -> Iterator[Finding]:
    """What the answer may say depends on the offer (sections 7.1.1.1, 7.1.2.1 and 7.1.2.2)."""
    asked, given = dict(offer.params), dict(answer.params)
    if CLIENT_WINDOW in given and CLIENT_WINDOW not in asked:
        yield found(
            "deflate-client-window-unoffered",
            "client_max_window_bits is set, and the offer did not have it",
            place(reading, field, CLIENT_WINDOW),
        )
    for name in _WINDOWS:
        limit, value = asked.get(name), given.get(name)
        if limit and value and _BITS.fullmatch(limit) and _BITS.fullmatch(value) and int(value) > int(limit):
            yield found(
                "deflate-window-larger",
                f"{shown(name)} is {shown(value)}, more than the {shown(limit)} that was offered",
                _place(reading, field, name),
                expected=limit,
                received=value,
            )
    for name in (SERVER_TAKEOVER, SERVER_WINDOW):
        if name in asked and name not in given:
            yield found(
                "deflate-request-ignored",
                f"{shown(name)} was asked for, and the answer does not have it",
                place(reading, field, DEFLATE),
                expected=name,
            )


def _place(reading: Reading, field: Field, name: bytes, index: int = 0) -> Span:
    """The parameter *name* with its value, quoted or not; of several of that name the one at *index*."""
    start, end = field.value_span
    pattern = (
        rb";[ \t]*(" + re.escape(name) + rb"(?:[ \t]*=[ \t]*(?:\"[^\"]*\"|[^\s;,]*))?)[ \t]*(?=[;,\r\n]|\Z)"
    )
    match = next(islice(re.finditer(pattern, reading.received[start:end]), index, None), None)
    return (start + match.start(1), start + match.end(1)) if match else (start, end)
