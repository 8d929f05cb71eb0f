"""From a recording to advice: what a server can do so that a page can know, and which code will not arrive."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from wsprobe.read.reading import Frame, Reading, Response
from wsprobe.remedy.signatures import SIGNATURES, Signature

REASON_ROOM = 123
"""Bytes: a control frame carries 125 (RFC 6455 section 5.5), the code takes two."""
CODE_OF_STATUS = {401: 4401, 403: 4403, 404: 4404, 408: 4408, 409: 4409, 429: 4429, 503: 1013}
"""Close codes by convention for what a status would have said; 4400 + n for the rest of 4xx, 1011 for 5xx."""
NEVER_SENT = {1005: "no status received", 1006: "abnormal closure", 1015: "TLS handshake"}
"""RFC 6455 section 7.4.1: these must not be set in a Close frame."""


class Advice(Struct, frozen=True):
    """*kind*: ``remedy`` makes a page know; ``likely`` says who answered and what to call there; ``warning``
    says that a close code or reason does not arrive as it was sent."""

    kind: Literal["remedy", "likely", "warning"]
    text: str
    source: str


def advice(reading: Reading) -> tuple[Advice, ...]:
    """Advice for this recording, the most specific first. Empty if a page learns all there is."""
    final = reading.final
    if final is not None and final.status is not None and final.status != 101:
        return (*_likely(final), *_remedies(final))
    if reading.session is not None:
        return tuple(_warnings(reading))
    return ()


def signature(response: Response) -> Signature | None:
    """The first mark that *response* bears."""
    if response.status is None:
        return None
    fields = [(f.key.decode("latin-1"), f.value.decode("latin-1")) for f in response.head.fields]
    body = response.body
    content = b"" if body is None else body.decoded if body.decoded is not None else body.content
    text = content[:8192].decode("utf-8", "replace").strip()
    return next((s for s in SIGNATURES if s.matches(response.status or 0, fields, text)), None)


def _likely(response: Response) -> Iterator[Advice]:
    found = signature(response)
    if found is not None:
        call = f"; there: {found.call}" if found.call else ""
        yield Advice("likely", f"{found.likely}{call}", found.source)


def _remedies(response: Response) -> Iterator[Advice]:
    status = response.status or 0
    if 300 <= status < 400:
        yield Advice(
            "remedy",
            "open the socket at the place it redirects to; browsers other than WebKitGTK do not follow",
            "WHATWG WebSockets, redirect mode error",
        )
        return
    code = close_code(status)
    yield Advice(
        "remedy",
        f"accept, then close with {code} and a reason of at most {REASON_ROOM} bytes; script gets both in the "
        "close event (wsprobe compare --browser-mode lab:accept-then-close-4403)",
        "RFC 6455 section 7.4.2, codes 4000 to 4999 are for private use",
    )
    yield Advice(
        "remedy",
        "give the page a plain HTTP endpoint to ask with fetch(), which shows status and body "
        "(lab:diagnostic-endpoint)",
        "Fetch standard, CORS where the origin differs",
    )


def close_code(status: int) -> int:
    """The close code that says by convention what HTTP *status* says."""
    if status in CODE_OF_STATUS:
        return CODE_OF_STATUS[status]
    if 400 <= status < 500:
        return 4000 + status
    return 1011 if status >= 500 else 4000


def _warnings(reading: Reading) -> Iterator[Advice]:
    assert reading.session is not None
    frames = reading.session.frames
    close = next((f for f in frames if f.opcode == 8), None)
    if close is None:
        return
    yield from _code_warnings(close)
    after = [f for f in frames if f.start > close.start]
    if after or reading.session.rest:
        yield Advice(
            "warning",
            "bytes follow the Close frame; Chromium then reports 1006 in place of the code",
            "RFC 6455 section 5.5.1; measured",
        )


def _code_warnings(close: Frame) -> Iterator[Advice]:
    data = close.data
    if len(data) < 2:
        return
    code = int.from_bytes(data[:2], "big")
    if code in NEVER_SENT:
        yield Advice(
            "warning",
            f"code {code} ({NEVER_SENT[code]}) must not be sent; Chromium and WebKitGTK report 1006 "
            "instead, Firefox passes it on",
            "RFC 6455 section 7.4.1; measured",
        )
    elif code < 1000 or code >= 5000:
        yield Advice(
            "warning",
            f"code {code} lies outside 1000 to 4999; WebKitGTK reports 1006 instead",
            "RFC 6455 section 7.4; measured",
        )
    elif code in (1012, 1013, 1014):
        yield Advice(
            "warning",
            f"code {code} is registered, but WebKitGTK reports 1006 instead",
            "IANA WebSocket close code registry; measured, WebKitGTK 2.54",
        )
    if len(data) - 2 > REASON_ROOM:
        yield Advice(
            "warning",
            f"the reason has {len(data) - 2} bytes; more than {REASON_ROOM} do not fit a Close frame",
            "RFC 6455 section 5.5",
        )
