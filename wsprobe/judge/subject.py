"""What a rule is about: the 101, the refusal, how it ended. Rules ask here, so that all ask the same."""

from __future__ import annotations

from wsprobe.exchange import Ended
from wsprobe.read.reading import Field, Head, Reading, Response, Span


def handshake(reading: Reading) -> Response | None:
    """The final answer if it is, on the loosest reading, a complete 101."""
    return reading.final if reading.session is not None else None


def refusal(reading: Reading) -> Response | None:
    """The final answer if it is complete up to its body, has a status, and is no 101."""
    final = reading.final
    if final is None or reading.session is not None or reading.looks_like:
        return None
    return final if final.head.complete and final.status is not None else None


def how(reading: Reading) -> str:
    """How the exchange ended: ``Ended.how``, "" if that was not recorded."""
    last = ended(reading)
    return last.how if last is not None else ""


def ended(reading: Reading) -> Ended | None:
    events = reading.exchange.events
    last = events[-1] if events else None
    return last if isinstance(last, Ended) else None


def status_span(response: Response) -> Span:
    """The status line; an empty span where there is none."""
    first = response.head.first
    return first.span if first is not None else (response.head.start, response.head.start)


def elements(fields: tuple[Field, ...]) -> tuple[bytes, ...]:
    """The elements of a list that may be spread over several fields (RFC 9110 section 5.3), empty ones too."""
    return tuple(part.strip(b" \t") for field in fields for part in field.value.split(b","))


def where(head: Head, fields: tuple[Field, ...]) -> Span | None:
    """The value of the first of *fields*; the whole line where the value is empty; None without fields."""
    if not fields:
        return None
    span = fields[0].value_span
    return span if span[0] < span[1] else fields[0].span
