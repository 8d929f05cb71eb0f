"""An ``Engine`` that is a specification: what a browser would show if it followed the text, and did no more.
One engine for all texts, with their differences as data.

The constructor, step by step: WHATWG WebSockets section 3.1; W3C CR 2012 section 4.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from wsprobe.browsers.engine import Construction, DomException, Made, Page, ScriptView
from wsprobe.browsers.life import Ending, Handshake, Life, seen
from wsprobe.browsers.page import first_invalid, first_repeated, given, upgraded, upgrades, violation
from wsprobe.browsers.request import Requesting, offered
from wsprobe.browsers.script import CLOSED, WebSocket
from wsprobe.browsers.standard.handshake import RESTS_ON, Failed, Letter, over, request_sent, validate
from wsprobe.browsers.standard.session import Session
from wsprobe.browsers.url import (
    Address,
    as_websocket,
    bad_port,
    insecure_from_secure,
    parse,
    target,
    trustworthy_host,
)
from wsprobe.exchange import Act
from wsprobe.read.frames import masked_messages
from wsprobe.read.reading import Reading, Response


def construct(url: str, page: Page, letter: Letter) -> Made:
    """Run ``new WebSocket(url, protocols)``. The texts give exceptions no message."""
    if page.construct != "new":
        return _thrown("TypeError", None, "Web IDL: an interface constructor needs new and its arguments")
    base = parse(page.url)
    address = parse(url, page.url if letter.relative_urls else None)
    if address is None:
        return _thrown("SyntaxError", 12, "the URL does not parse")
    if letter.relative_urls:
        address = as_websocket(address)
    if address.scheme not in ("ws", "wss"):
        return _thrown("SyntaxError", 12, "the scheme is not ws or wss")
    if address.fragment is not None:
        return _thrown("SyntaxError", 12, "the URL has a fragment")
    protocols = given(page)
    if letter.throws_security_error and (refused := _insecure(base, address)):
        return _thrown("SecurityError", 18, refused)
    if first_invalid(protocols) is not None or first_repeated(protocols) is not None:
        return _thrown("SyntaxError", 12, "a subprotocol is not a token, or is repeated")
    return _connecting(address, base, page, protocols, letter)


def _insecure(base: Address | None, to: Address) -> str:
    if bad_port(to):
        return "the port is blocked"
    if base is not None and insecure_from_secure(base, to):
        return "the page is secure and the URL is not"
    return ""


def _connecting(
    to: Address, base: Address | None, page: Page, protocols: tuple[str, ...], letter: Letter
) -> Made:
    """The construction after Fetch's main fetch, which may block the request."""
    shown = to.href
    if letter.policies and base is not None:
        if not to.secure and upgrades(page.csp):
            to = upgraded(to)
        if page.csp and violation(page.csp, base, to) is not None:
            made = Construction(shown, blocked="csp", protocols=protocols)
            return Made(made, because="Fetch, main fetch: blocked by Content Security Policy (connect-src)")
    if not letter.throws_security_error:
        if bad_port(to):
            made = Construction(shown, blocked="bad-port", protocols=protocols)
            return Made(made, because="Fetch, main fetch: port blocking")
        if base is not None and insecure_from_secure(base, to) and not trustworthy_host(to.host):
            made = Construction(shown, blocked="mixed-content", protocols=protocols)
            return Made(made, because="Fetch, main fetch: blocked as mixed content")
    if to.query == "?" and not letter.fetch:
        to = replace(to, query="")  # RFC 6455 section 3: an empty query has no question mark
    return Made(Construction(shown, target=target(to), protocols=protocols))


def _thrown(name: str, code: int | None, because: str) -> Made:
    return Made(Construction("", exception=DomException(name, "", code)), because=because)


STILL_WAITING = ("timeout", "local", "limit", "interrupted")
"""Ends that wsprobe caused: the server might have continued."""


class Standard(Requesting):
    """A specification. The differences between texts are its facts."""

    facts: Letter

    def __init__(self, facts: Letter) -> None:
        super().__init__(facts)
        self.name = facts.name

    def make(self, url: str, page: Page) -> Made:
        return construct(url, page, self.facts)

    def view(self, url: str, page: Page, readings: Sequence[Reading]) -> ScriptView:
        made = self.make(url, page)
        first = readings[:1]
        life = _Life(self, made, page, first)
        otherwise = RESTS_ON if first and first[0].http2 is not None else ""
        return seen(self, page, made, first, life, otherwise=otherwise)


class _Life(Life[Response | None]):
    """The life of one WebSocket in the texts: one handshake, whose step is the answer, None without one."""

    engine: Standard

    def blocked(self, script: WebSocket) -> Ending | None:
        return _failed(script, self.because) if self.because else None

    def closed_early(self, script: WebSocket) -> Ending:
        return _failed(script, "close() while CONNECTING fails the connection")

    def handshakes(self) -> Iterator[Handshake[Response | None]]:
        for reading in self.readings:
            if not request_sent(reading):
                because = "RFC 8441 section 3: the server does not announce it, so no request was sent"
                yield Handshake(0, None, instead=Ending("follows", because))
            final = reading.final
            if final is None or not final.head.complete:
                yield Handshake(over(reading).at, None)
            else:
                yield Handshake(reading.when(final.head.start + len(final.head.raw) - 1), final)

    def answered(self, script: WebSocket, step: Response | None, acts: list[Act]) -> Ending | None:
        reading, letter = self.readings[0], self.engine.facts
        if step is None:
            if over(reading).how in STILL_WAITING and not reading.looks_like:
                return None
            return _failed(script, f"{letter.established}: no answer, a network error")
        outcome = validate(reading, step, offered(reading, self.made.protocols), letter)
        if isinstance(outcome, Failed):
            return _failed(script, outcome.because, self._cookies(step, opened=False))
        script.opened(outcome.protocol, outcome.extensions)
        deflate = outcome.deflate
        if deflate is not None:
            deflate = replace(deflate, masked=masked_messages(reading))
        session = Session(script, deflate)
        session.follow(reading, acts)
        how = "closed" if script.ready_state == CLOSED else "open"
        return Ending(how, session.because or letter.established, self._cookies(step, opened=True))

    def waiting(self, script: WebSocket, acts: list[Act]) -> Ending:
        if not self.readings:
            return Ending("connecting", "nothing was recorded")
        return Ending("connecting", "no answer yet; the specifications set no limit")

    def _cookies(self, final: Response, *, opened: bool) -> tuple[str, ...]:
        """The cookies to store: with Fetch, those of every answer; before Fetch, those of a successful
        handshake."""
        if not (self.engine.facts.fetch or opened):
            return ()
        return tuple(field.value.decode("utf-8", "replace") for field in final.head.all(b"set-cookie"))


def _failed(script: WebSocket, because: str, cookies: tuple[str, ...] = ()) -> Ending:
    script.failed()
    return Ending("failed", because, cookies)


_LETTERS = (
    # The WHATWG WebSockets Standard with Fetch, as of 2025-07 and 2026-07.
    Letter(
        name="whatwg",
        version="2025-07-14",
        relative_urls=True,
        throws_security_error=False,
        policies=True,
        conforming_status_line=False,
        missing_protocol_fails=True,
        request=(
            ("Host", "{host}"),
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Key", "{key}"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Protocol", "{protocols}"),
            ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"),
            ("Origin", "{origin}"),
            ("Pragma", "no-cache"),
            ("Cache-Control", "no-cache"),
            ("User-Agent", "{user_agent}"),
            ("Cookie", "{cookies}"),
        ),
        offer="permessage-deflate; client_max_window_bits",
        fetch=True,
        established="WHATWG WebSockets section 2.2",
        status="WHATWG WebSockets section 2.2, processResponse",
    ),
    # The WebSocket API, W3C Candidate Recommendation of 20 September 2012.
    Letter(
        name="w3c-cr-2012",
        version="2012-09-20",
        relative_urls=False,
        throws_security_error=True,
        policies=False,
        conforming_status_line=True,
        missing_protocol_fails=False,
        request=(
            ("Host", "{host}"),
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Key", "{key}"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Protocol", "{protocols}"),
            ("Origin", "{origin}"),
            ("User-Agent", "{user_agent}"),
            ("Cookie", "{cookies}"),
        ),
        offer="",
        fetch=False,
        established="W3C CR 2012 section 4",
        status="W3C CR 2012 section 4",
    ),
)
ENGINES = {letter.name: Standard(letter) for letter in _LETTERS}
