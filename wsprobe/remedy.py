"""What to do about an answer: its likely causes, the lines that mend a proxy, and how a page can be let know.

Who wrote the answer and why is ``signatures``'s to say; what a server can do is said here, from that and the
status."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from wsprobe.proxies import LEADING, proxies, proxy
from wsprobe.read.behind import frames_before_http
from wsprobe.read.reading import Frame, Reading
from wsprobe.signatures import signature
from wsprobe.signatures.answer import Cause, Signature

REASON_ROOM = 123
"""Bytes: a control frame carries 125 (RFC 6455 section 5.5), the code takes two."""
CODE_OF_STATUS = {401: 4401, 403: 4403, 404: 4404, 408: 4408, 409: 4409, 429: 4429, 503: 1013}
"""Close codes by convention for what a status would have said; 4400 + n for the rest of 4xx, 1011 for 5xx."""
NEVER_SENT = {1005: "no status received", 1006: "abnormal closure", 1015: "TLS handshake"}
"""RFC 6455 section 7.4.1: these must not be set in a Close frame."""
PASSING = frozenset({"upgrade-stripped", "http-1.0"})
"""Causes that lines in a proxy mend."""
BEFORE_THE_APPLICATION = frozenset(
    {
        *PASSING,
        *("backend-down", "backend-closed", "backend-timeout", "backend-tls", "tls-port", "client-certificate"),
        *("no-proxy-route", "no-websocket", "forward-proxy", "bad-request", "header-too-large"),
        *("version", "key", "method", "upgrade-missing", "protocol-malformed"),
    }
)
"""Causes with which no code of the application ran that could accept first and then close."""


class Advice(msgspec.Struct, frozen=True):
    """*kind*: ``likely`` says who answered and why, ``or`` another cause that cannot be told from it; ``lines``
    are to be written into a proxy; ``remedy`` lets a page know; ``warning`` says that a close code or reason
    does not arrive as it was sent."""

    kind: Literal["likely", "or", "lines", "remedy", "warning"]
    text: str
    source: str
    fix: str = ""
    """What to do about a cause; "" if nothing is known."""


def advice(reading: Reading, outcome: str = "") -> tuple[Advice, ...]:
    """Advice for this recording, the most specific first. Empty if a page learns all there is.

    *outcome*: what was judged. After an ``invalid`` 101 no client goes on to a session: how that ended is not
    what went wrong."""
    final = reading.final
    known = signature(reading)
    if outcome == "invalid":
        known = msgspec.structs.replace(
            known, causes=[one for one in known.causes if one.id not in _ENDS_A_SESSION]
        )
    said = likely(known)
    # Over HTTP/2 a 200 opens.
    if final is not None and final.status is not None and final.status != 101 and reading.session is None:
        return (*said, *_lines(known), *_remedies(final.status, known))
    if reading.session is not None:
        return (*_warnings(reading), *said)
    return said


def likely(known: Signature) -> tuple[Advice, ...]:
    """Who wrote the answer and what it most likely means; empty where nothing is wrong, or nothing is known."""
    causes = [cause for cause in known.causes if cause.id not in _SAID_BY_OUTCOME]
    source = f"by {known.mark}" if known.mark else "by its status and what was asked"
    return tuple(
        Advice(
            "or" if rank else "likely",
            _who(known, cause, rank),
            source,
            cause.fix if known.author or not rank else "",
        )
        for rank, cause in enumerate(causes)
    )


_SAID_BY_OUTCOME = frozenset({"closed-by-app"})
"""What the outcome has said already: that the server closed, with which code and reason."""


_ENDS_A_SESSION = frozenset({"handler-returned", "handler-crashed", "idle-cut", "closed-by-app"})


def _who(known: Signature, cause: Cause, rank: int) -> str:
    """The cause, and before the first one who wrote the answer."""
    if rank or not known.author:
        return cause.text
    return f"{known.who}{' answered, not the application' if known.kind == 'proxy' else ''}: {cause.text}"


def _lines(known: Signature) -> Iterator[Advice]:
    """What to write into the proxies, where they are the likeliest cause; a word where they are another."""
    ids = [cause.id for cause in known.causes]
    if not PASSING & set(ids):
        return
    if ids[0] not in PASSING:
        if known.kind != "proxy":
            yield Advice("lines", "if there is a proxy before it: wsprobe explain upgrade-stripped", "")
        return
    seen = proxy(known.hop)
    if seen is not None:
        yield Advice("lines", f"{seen.name}: {seen.mends}", f"tried: {seen.tried}")
        yield Advice("lines", "for another proxy before or behind it: wsprobe explain upgrade-stripped", "")
        return
    for each in proxies():
        if each.key in LEADING:
            yield Advice("lines", f"{each.name}: {each.mends}", f"tried: {each.tried}")


def _remedies(status: int, known: Signature) -> Iterator[Advice]:
    if 300 <= status < 400:
        yield Advice(
            "remedy",
            "open the socket at the URL that it redirects to; browsers other than WebKitGTK do not follow "
            "redirects",
            "WHATWG WebSockets, redirect mode error",
        )
        return
    first = known.causes[0].id if known.causes else ""
    if known.kind != "proxy" and first not in BEFORE_THE_APPLICATION:
        code = close_code(status)
        yield Advice(
            "remedy",
            f"accept, then close with {code} and a reason of at most {REASON_ROOM} bytes; a script gets "
            "both in the close event (wsprobe compare --browser-mode lab:accept-then-close-4403)",
            "RFC 6455 section 7.4.2, codes 4000 to 4999 are for private use",
        )
    yield Advice(
        "remedy",
        "give the page a plain HTTP endpoint; fetch() shows its status and body (lab:diagnostic-endpoint)",
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
    of = frames_before_http(reading)
    assert of is not None
    frames = of.frames
    close = next((f for f in frames if f.opcode == 8), None)
    if close is None:
        return
    yield from _code_warnings(close)
    after = [f for f in frames if f.start > close.start]
    if after or of.rest:
        yield Advice(
            "warning",
            "bytes follow the Close frame; Chromium then reports 1006 instead of the code",
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
            f"code {code} is outside 1000 to 4999; WebKitGTK reports 1006 instead",
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
