"""The requests that could follow an answer: after a redirect, with an older version, or a retry. Pure.

RFC 6455 allows all three (sections 4.1, 4.4) and requires none; browsers do none of them, except that WebKitGTK
follows redirects.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from itertools import islice
from urllib.parse import urljoin

from wsprobe.read.head import LINES_MAX
from wsprobe.read.reading import Reading
from wsprobe.read.tokens import VERSIONS_MAX, elements
from wsprobe.request.target import TargetError, absolute, parse
from wsprobe.wire import WIRE_OF_VERSION

REDIRECTS = frozenset({301, 302, 303, 307, 308})
TRANSIENT = frozenset({"unreachable", "timeout", "dropped"})
ASKS_TO_WAIT = frozenset({429, 503})
TRANSIENT_STATUS = frozenset({408, 429, 500, 502, 503, 504})


LOCATION_MAX = 65536
"""The longest Location to follow, in bytes. No server accepts a request line of that length."""


def redirect(reading: Reading) -> str | None:
    """The absolute URL that a 3xx answer points to (RFC 9110 section 10.2.2), None if its head is
    incomplete, it has no Location, an invalid one, or one longer than LOCATION_MAX.

    A relative reference is resolved against the requested URL; http: and https: become ws: and wss:.
    """
    final = reading.final
    if final is None or final.status not in REDIRECTS or not final.head.complete:
        return None
    locations = final.head.all(b"location")
    if not locations or len(locations[0].value) > LOCATION_MAX:
        return None
    target = reading.exchange.plan.target
    base = ("https:" if target.secure else "http:") + absolute(target).partition(":")[2]
    try:
        place = urljoin(base, locations[0].value.decode("latin-1"))
    except ValueError:  # brackets that hold no address
        return None
    for http, ws in (("http:", "ws:"), ("https:", "wss:")):
        if place.lower().startswith(http + "//"):
            return ws + place[len(http) :]
    return place


def followable(place: str) -> bool:
    """Whether a request can be sent to *place*, a URL from `redirect`: it is a valid ws: or wss: URL."""
    try:
        parse(place)
    except TargetError:
        return False
    return place.lower().startswith(("ws://", "wss://"))


LEAST_HEAD = 65536
"""Bytes of heads that each answer gets, whatever the earlier ones took."""


def max_head_after(readings: Sequence[Reading], most: int) -> int:
    """``Limits.max_head`` of the request after *readings*: all answers together have *most*, in bytes and, in
    proportion, in lines (LINES_MAX)."""
    heads = [response.head for reading in readings for response in reading.responses]
    spent = sum(max(len(head.raw), len(head.lines) * most // LINES_MAX) for head in heads)
    return min(most, max(LEAST_HEAD, most - spent))


def listed_numbers(reading: Reading) -> tuple[int, ...]:
    """The versions that a refusal lists in Sec-WebSocket-Version (RFC 6455 section 4.4), as sent."""
    final = reading.final
    if final is None or final.status == 101:
        return ()
    every = elements(f.value for f in final.head.all(b"sec-websocket-version"))
    listed = islice(every, VERSIONS_MAX)
    return tuple(int(word) for word in listed if word.isdigit() and len(word) <= 3)


def other_wire(reading: Reading) -> str | None:
    """The best wire version that the server lists and wsprobe speaks, other than the last one sent.

    The last one sent is the number in the request, whatever its wire version.
    """
    listed = listed_numbers(reading)
    asked = [field.value for field in reading.request.head.all(b"sec-websocket-version")]
    other = (
        wire for number, wire in WIRE_OF_VERSION.items() if number in listed and b"%d" % number not in asked
    )
    return next(other, None)


def retry_after(reading: Reading, now: float) -> float | None:
    """Seconds in the Retry-After of a 429 or 503 (RFC 9110 section 10.2.3); None if there is none, or it is
    invalid.

    A date is relative to the answer's own Date, so that a wrong clock does not matter; to *now*
    (seconds since 1970) if it has none.
    """
    final = reading.final
    if final is None or final.status not in ASKS_TO_WAIT:
        return None
    fields = final.head.all(b"retry-after")
    if not fields:
        return None
    text = fields[0].value.strip(b" \t")
    if text.isdigit():
        return float(min(int(text[:12]), 10**9))
    when = _http_date(text)
    if when is None:
        return None
    dates = [_http_date(field.value) for field in final.head.all(b"date")]
    return max(0.0, when - (dates[0] if dates and dates[0] is not None else now))


def _http_date(value: bytes) -> float | None:
    from email.utils import parsedate_to_datetime  # only such an answer needs it

    try:
        # The zone is GMT by definition, said or not (RFC 9110 section 5.6.7).
        return parsedate_to_datetime(value.decode("latin-1")).replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        return None


def transient(reading: Reading, outcome: str) -> bool:
    """True if the same request may well be answered differently a moment later (as curl's --retry).

    An answer that reached a size limit is not one: a second one would be as long.
    """
    final = reading.final
    if reading.exchange.how_ended == "limit":
        return False
    return outcome in TRANSIENT or (final is not None and final.status in TRANSIENT_STATUS)
