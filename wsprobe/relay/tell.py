"""What a page is told of a handshake that failed: a close code and a reason, in a session opened for that.

A script sees nothing of an answer that is no good 101 (WHATWG WebSockets section 4: 1006, no reason). It sees
the code and the reason of a Close. 4000 to 4999 are for private use (RFC 6455 section 7.4.2).
"""

from __future__ import annotations

import re
from struct import pack

from msgspec import Struct

from wsprobe.exchange import Exchange
from wsprobe.judge import judge, outcome
from wsprobe.judge.finding import Verdict
from wsprobe.read import read
from wsprobe.read.frames import CLOSE
from wsprobe.read.reading import Body, Reading
from wsprobe.read.request import Request
from wsprobe.read.tokens import expected_accept, split_list
from wsprobe.recording.redaction import redact
from wsprobe.text import shows
from wsprobe.wire.framing import CONTROL_MAX
from wsprobe.wire.rfc6455 import frame

OF_STATUS = 4000
"""Plus the status."""
UNREACHABLE, TIMED_OUT, TLS_FAILED, NO_HTTP = 4900, 4901, 4902, 4903

SERVER_ERROR, LATER = 500, 900
"""A status below 100 counts as this one (RFC 9110 section 15), and so does one from 900 on, because 4900 to
4903 mean that no status came."""

_CODES = {
    "unresolved": UNREACHABLE,
    "unreachable": UNREACHABLE,
    "proxy-failed": UNREACHABLE,
    "timeout": TIMED_OUT,
    "tls-failed": TLS_FAILED,
}
"""By outcome, where there is no status."""

REASON_MAX = CONTROL_MAX - 2
"""Bytes of UTF-8: what the code leaves in a control frame (RFC 6455 section 5.5)."""

_TITLE = re.compile(r"(?is)<title[^>]*>(.*?)</title")
_MARKUP = re.compile(r"(?s)<!--.*?-->|<[^<>]*>")
LOOKED_AT = 4096
"""Bytes of a body that its first words are looked for in."""


class PageClose(Struct, frozen=True):
    """The Close that stands for a failed handshake."""

    code: int
    reason: str


def told(exchange: Exchange, masked: bool = False) -> PageClose | None:
    """What the page is told of *exchange*, which has ended or come to the head of a 101; None if its handshake
    is good. *masked*: without its secrets."""
    reading = read(exchange)
    verdict = judge(reading)
    if reading.session is not None:
        return _of_101(reading, verdict, masked)
    word = outcome(reading, verdict)
    why = _why(verdict, masked)
    if masked:
        reading = read(redact(exchange))
    status = reading.final.status if reading.final is not None else None
    if status is None or word == "not-http":
        return PageClose(_CODES.get(word, NO_HTTP), cut(f"{word}: {why}" if why else word))
    counted_as = status if 100 <= status < LATER else SERVER_ERROR
    return PageClose(OF_STATUS + counted_as, cut(_words(reading, status)))


def _of_101(reading: Reading, verdict: Verdict, masked: bool) -> PageClose | None:
    if verdict.answer == "fail":
        return PageClose(OF_STATUS + 101, cut(f"101, but invalid: {_why(verdict, masked)}"))
    final, request = reading.final, reading.request
    page = request.head.all(b"origin")
    if page and request.protocols and final is not None and not final.head.all(b"sec-websocket-protocol"):
        return PageClose(OF_STATUS + 101, cut(NO_SUBPROTOCOL))
    return None


NO_SUBPROTOCOL = "101, but without a subprotocol: the page offered some, and a browser requires one of them"
"""WHATWG WebSockets section 2: with *protocols*, an answer that selects none fails the connection."""


def _why(verdict: Verdict, masked: bool) -> str:
    """The first fault: what it is, or with *masked* its id alone."""
    first = next((finding for finding in verdict.findings if finding.fatal), None)
    if first is None:
        return ""
    return first.id if masked else first.text


def _words(reading: Reading, status: int) -> str:
    """The status and the first words of the body; its reason phrase, where there is no body."""
    final = reading.final
    assert final is not None
    words = "" if final.body is None else first_words(final.body)
    words = words or " ".join(final.reason.decode("latin-1").split())
    return words if words.startswith(str(status)) else f"{status} {words}".rstrip()


def first_words(body: Body) -> str:
    """The beginning of *body* as one line of text; of a page, its title. "" if it is no text."""
    data = (body.content if body.decoded is None else body.decoded)[:LOOKED_AT]
    if body.coding and body.decoded is None:
        return ""
    text = data.decode("utf-8", "replace")
    if text.lstrip()[:1] == "<":
        title = _TITLE.search(text)
        text = title[1] if title is not None and title[1].strip() else _MARKUP.sub(" ", text)
    return " ".join("".join(each if shows(each) else " " for each in text).split())


def cut(text: str) -> str:
    """*text* as far as it fits into the reason of a Close, cut at the edge of a character."""
    return text.encode("utf-8", "replace")[:REASON_MAX].decode("utf-8", "ignore")


PAUSE = 0.05
"""Seconds between the 101 and the Close. Firefox 153 may lose what comes together with the handshake: script
then gets no open event (measured for wsprobe's Firefox view)."""


def answer(request: Request, of: PageClose) -> tuple[bytes, bytes]:
    """The two writes that tell it: a 101 to the client's *request*, and a Close.

    The first subprotocol offered is chosen, because a page that offers some fails without one (WHATWG
    WebSockets section 2).
    """
    lines = [
        b"HTTP/1.1 101 Switching Protocols",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Accept: " + expected_accept(request.first(b"sec-websocket-key")),
    ]
    if protocols := split_list(request.first(b"sec-websocket-protocol")):
        lines.append(b"Sec-WebSocket-Protocol: " + protocols[0])
    payload = pack("!H", of.code) + of.reason.encode()
    return b"".join(line + b"\r\n" for line in lines) + b"\r\n", frame(CLOSE, payload, None)
