"""libsoup's reaction to a series of answers: redirects and repeated requests.

Interim heads are skipped. libsoup waits for the end of a body before it reacts.

Sources: libsoup/soup-session.c (soup_session_requeue_item, redirect_handler, redirection_uri,
misdirected_handler, websocket_connect_async_complete), libsoup/http1/soup-client-message-io-http1.c (io_read),
libsoup/auth/soup-auth-manager.c (auth_got_body).
"""

from __future__ import annotations

from collections.abc import Sequence, Set

from msgspec import Struct
from msgspec.structs import replace

from wsprobe.browsers.request import offered
from wsprobe.browsers.script import end
from wsprobe.browsers.webkitgtk.handshake import Failed, Opened, not_established, validate
from wsprobe.browsers.webkitgtk.http import (
    Fields,
    Framing,
    Head,
    TooBig,
    TooLong,
    Unended,
    body_end,
    cut,
    framing,
    parse,
)
from wsprobe.browsers.webkitgtk.request import NTLM, Facts, authorization
from wsprobe.browsers.webkitgtk.uri import BadUri, is_numbers, resolved
from wsprobe.exchange import BROKEN, FINISHED, LOST, Target
from wsprobe.read.reading import Reading
from wsprobe.request.target import bracketed

_SOURCE = "libsoup/soup-session.c"
_SCHEMES = {"ws": (False, 80), "http": (False, 80), "wss": (True, 443), "https": (True, 443)}


class Redirect(Struct, frozen=True):
    url: str
    target: Target


def redirected(base: str, location: bytes, facts: Facts) -> Redirect | Failed | None:
    """The target of a redirect from *base* to *location*, or the failure. None if GLib cannot parse *location*;
    libsoup then ignores it."""
    if not location:
        return Failed(facts.failures["location-missing"], f"Location is empty: {_SOURCE}")
    text = location.decode("utf-8", "replace")
    try:
        to = resolved(base, text)
    except BadUri:
        return None
    if to.scheme not in _SCHEMES or not to.host:
        failure = facts.failures["location-invalid"].format(location=text)
        return Failed(failure, f"Location is not an http: or ws: URL: {_SOURCE}")
    if is_numbers(to.host):
        failure = facts.failures["resolve"].format(host=to.host, error="Name or service not known")
        return Failed(failure, "an invalid address: gio/gresolver.c")
    secure, default = _SCHEMES[to.scheme]
    authority = bracketed(to.host) if to.port is None else f"{bracketed(to.host)}:{to.port}"
    url = f"{to.scheme}://{authority}{to.resource}"
    port = default if to.port is None else to.port
    return Redirect(url, Target(url, secure, to.host, port, to.resource, to.userinfo))


_HTTP = "libsoup/http1/soup-client-message-io-http1.c"
_HEADS = "libsoup/http1/soup-message-io-data.c"
_BODY = "libsoup/http1/soup-body-input-stream.c"
_SESSION = "libsoup/soup-session.c"
SWITCHING, UNAUTHORIZED, MISDIRECTED = 101, 401, 421


class Again(Struct, frozen=True):
    """The same request is repeated: after a 421, or after a 401 that can be answered."""

    status: int
    keep_alive: bool
    """True if the repetition uses the same connection."""
    authorization: str = ""
    """The value of Authorization, "" to add none."""

    endless: bool = False
    """True if it repeats the request without end: with a password, NTLM begins again on each connection
    (soup-auth-ntlm.c)."""


class Answer(Struct, frozen=True):
    """The result of one answer, and when it was known (microseconds); *outcome* is None while it is open."""

    at: int
    outcome: Opened | Failed | Redirect | Again | None
    fields: Fields | None = None
    """The fields of the answer that decided."""
    body: int = 0
    """Offset of the first byte after the answer."""
    end_seen: bool = False
    """True if the end of the connection was already read; over TLS, reading again is then an error."""


class _Message:
    """Reads the answers in one recording."""

    def __init__(self, reading: Reading, protocols: tuple[str, ...], facts: Facts) -> None:
        self._reading = reading
        self._data = reading.received
        self._key = reading.request.key
        self._protocols = offered(reading, protocols)
        self._facts = facts
        self._last = end(reading)
        self._ended = self._last.how in FINISHED

    def answer(self, start: int = 0) -> Answer:
        """The result of the answer that begins at offset *start* of the received bytes.

        Bytes after an earlier answer are taken as complete if wsprobe itself ended the recording there.
        """
        behind = 0 < start < len(self._data)
        self._ended = self._ended or (behind and self._last.how == "local")
        while True:
            try:
                found = cut(self._data, start, self._facts.max_head, ended=self._ended)
            except TooBig as big:
                return self._failed("head-size", f"a head of more than 100 KiB: {_HEADS}", big.args[0])
            if found is None:
                return self._cut_off("an incomplete head", _HEADS)
            end_seen = found.end == len(found.text) + start
            if end_seen and self._last.how == "truncated" and not found.text.endswith(b"\n"):
                return self._failed("read-after-end", f"an incomplete line of the head: {_HEADS}", found.end)
            head = parse(found.text)
            if head is None:
                return self._failed(
                    "head", f"the head cannot be parsed: {_HTTP}, libsoup/soup-headers.c", found.end - 1
                )
            start = found.end
            if head.status == SWITCHING:
                outcome = validate(head.fields, self._key, self._protocols, self._facts)
                at = self._last.at if end_seen else self._when(found.end - 1)
                return Answer(at, outcome, head.fields, found.end, end_seen)
            if not 100 <= head.status < 200:
                return self._final(head, found.end, end_seen=end_seen)
            if end_seen and self._last.how == "truncated":
                return self._failed("read-after-end", f"an incomplete interim head: {_HEADS}", found.end)

    def _final(self, head: Head, start: int, *, end_seen: bool) -> Answer:
        frame = framing(head)
        if frame.encoding == "unrecognized":
            return self._failed("encoding", f"the length of the body is unknown: {_HTTP}", start - 1)
        if end_seen and self._last.how == "truncated" and frame.encoding != "none" and frame.length != 0:
            return self._failed(
                "read-after-end", f"a body after an incomplete head: {_BODY}", start, head.fields
            )
        if self._last.how == "limit" and frame.encoding != "chunked" and len(self._data) < start + frame.length:
            # wsprobe read no further; the browser does, to the end that was announced.
            return Answer(self._last.at, self._next(head, frame), head.fields, len(self._data))
        try:
            end_ = body_end(self._data, start, frame, ended=False)
            late = end_ is None and self._ended
            if late:
                end_ = body_end(self._data, start, frame, ended=True)
        except Unended:
            end_ = None
        except TooLong as line:
            because = f"a line of the chunked coding is too long: {_BODY}"
            return self._failed("ended", because, line.args[0], head.fields)
        if end_ is None:
            return replace(self._cut_off("the body has not ended", _BODY), fields=head.fields)
        at = self._last.at if late else self._when(end_ - 1)
        return Answer(at, self._next(head, frame), head.fields, end_)

    def _next(self, head: Head, frame: Framing) -> Failed | Redirect | Again:
        """The result of the handlers of "got-body", then of "finished"."""
        if head.status == MISDIRECTED:
            return Again(head.status, frame.keep_alive)
        if head.status == UNAUTHORIZED:
            to = self._reading.exchange.plan.target
            if answer := authorization(head.fields, to, (self._key or b"").decode("latin-1")):
                endless = answer == NTLM and to.userinfo is not None and not frame.keep_alive
                return Again(head.status, frame.keep_alive, answer, endless)
        location = head.fields.one(b"location")
        if head.status in (301, 302, 303, 307, 308) and location is not None:
            then = redirected(self._reading.exchange.plan.target.url, location, self._facts)
            if then is not None:
                return then
        return Failed(self._facts.failures["not-accepted"], f"status {head.status}: {_SESSION}")

    def _cut_off(self, because: str, source: str) -> Answer:
        """The result if the recording ends where more bytes were needed."""
        if self._ended:
            failure = self._facts.failures["ended"]
            return Answer(self._last.at, Failed(failure, f"{because}: {source}"))
        if self._last.how in BROKEN:
            failure = self._facts.failures["receive"].format(error="Connection reset by peer")
            return Answer(self._last.at, Failed(failure, "the connection was reset: gio/gsocket.c"))
        return Answer(self._last.at, None)

    def _failed(self, key: str, because: str, offset: int, fields: Fields | None = None) -> Answer:
        return Answer(self._when(offset), Failed(self._facts.failures[key], because), fields)

    def _when(self, offset: int) -> int:
        if offset >= len(self._data):
            return self._last.at
        return self._reading.when(offset)


def answers(readings: Sequence[Reading], protocols: tuple[str, ...], facts: Facts) -> list[Answer]:
    """The result of each of *readings*, up to the first that decides. *protocols*: those that the page
    passed."""
    found: list[Answer] = []
    asked: set[int] = set()
    for reading in readings:
        answer = _answer(reading, protocols, asked, facts)
        if isinstance(answer.outcome, Redirect | Again) and len(found) >= facts.max_resends:
            what = "redirects" if isinstance(answer.outcome, Redirect) else "restarts"
            because = f"more than {facts.max_resends} {what}: {_SESSION}"
            answer = replace(answer, outcome=Failed(facts.failures[what], because))
        found.append(answer)
        if isinstance(answer.outcome, Again):
            asked.add(answer.outcome.status)
        elif not isinstance(answer.outcome, Redirect):
            break
    return found


def _answer(reading: Reading, protocols: tuple[str, ...], before: Set[int], facts: Facts) -> Answer:
    """The result of *reading*. *before*: the statuses after which the engine has already repeated the
    request."""
    failed = not_established(reading, facts)
    if failed is not None:
        return Answer(*failed)
    message = _Message(reading, protocols, facts)
    answer, asked = message.answer(), set(before)
    while isinstance(again := answer.outcome, Again):
        if again.status in asked and not again.endless:
            return replace(answer, outcome=_in_vain(again, facts, alone=again.status in before))
        if not again.keep_alive or not (len(reading.received) > answer.body or end(reading).how in LOST):
            break
        # It asks on the same connection, so what comes there next is the answer.
        asked.add(again.status)
        answer = message.answer(answer.body)
    return answer


def _in_vain(again: Again, facts: Facts, *, alone: bool) -> Failed:
    """The failure when the same status comes again. *alone*: on a connection that the engine itself would not
    have made.

    The engine would have used the existing connection. What the server does there is not recorded; most servers
    that answer every request the same end the connection with the answer (measured).
    """
    if alone and again.keep_alive:
        because = f"{again.status} once more, which looks like the end of the reused connection"
        return Failed(facts.failures["ended"], f"{because}: {_SESSION}")
    return Failed(facts.failures["not-accepted"], f"{again.status} once more: {_SESSION}")
