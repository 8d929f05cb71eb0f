"""What came of one URL, for each client that tried it: the one value that every surface prints; and an engine's
own answer, in few bytes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import Literal

from msgspec import Struct, msgpack

from wsprobe.browsers import BY_NAME, short_title
from wsprobe.browsers.engine import ScriptView
from wsprobe.browsers.tell import kept_off
from wsprobe.diagnosis import Cause, causes
from wsprobe.exchange import Exchange
from wsprobe.judge.finding import Finding, Verdict
from wsprobe.read.closing import close_of
from wsprobe.read.reading import Head, Reading
from wsprobe.report.outcome import OPENED

SAID_BY_OUTCOME = ("status-not-101", "http2-status-not-200", "interrupted")
"""Findings that only repeat the sentence of the outcome."""


def further_findings(of: Verdict) -> list[Finding]:
    """The findings of *of*, without those that only repeat the sentence of the outcome."""
    return [each for each in of.findings if each.id not in SAID_BY_OUTCOME]


OF_STATUS = frozenset({"redirected", "unauthorized", "refused", "server-error", "not-upgraded"})
"""Outcomes that a status decides."""


def in_words(outcome: str, status: object = None, close: object = None) -> str:
    """An outcome with the number that tells more about it: ``refused 403``, ``closed 4403``, ``open``."""
    number = close if outcome == "closed" else status if outcome in OF_STATUS else None
    return outcome if number in (None, "") else f"{outcome} {number}"


class Answered(Struct, frozen=True):
    """The part of an answer that decides the result of the client that got it."""

    words: str
    """As of ``in_words``."""
    open: bool
    """True if the outcome is ``open``."""
    completes: bool
    """True if the answer completes the handshake, whatever follows it."""
    causes: tuple[Cause, ...] = ()


class ClientResult(Struct, frozen=True):
    """The same result, and the clients that it came to."""

    words: str
    """An answer's, or what else came: ``opens`` and ``fails`` against the answer, ``blocked (port 1)``."""
    clients: tuple[str, ...]
    joined: Literal["for", "in"] = "for"
    """The word before the clients."""
    open: bool = False

    def __str__(self) -> str:
        return f"{self.words} {self.joined} {', '.join(self.clients)}"


class Result(Struct, frozen=True):
    """What came of one URL."""

    groups: tuple[ClientResult, ...]
    """The different results: first what keeps browsers from sending anything, then the other browsers', last
    wsprobe's own."""
    usable_in: tuple[str, ...] = ()
    """The browsers (and other clients with a script) in which a page can use the WebSocket: it opens, and
    nothing but a normal Close ends it."""
    unusable_in: tuple[str, ...] = ()
    """The other ones."""
    cause: Cause | None = None
    """The likeliest cause of the first result that is not open; None if nothing is known."""
    told: int | None = None
    """The code with which a relay closes the page's connection in place of the server's answer."""
    unknown: str = ""
    """What this report cannot show, as a sentence; "" if nothing."""
    ask: str = ""
    """The command whose report shows it; "" if there is none."""

    @property
    def headline(self) -> str:
        """The result in one line: ``refused 403 for Chromium, Firefox; open for wsprobe``."""
        alone = len(self.groups) == 1
        words = "; ".join(each.words if alone and each.joined == "for" else str(each) for each in self.groups)
        return words if self.told is None else f"{words}; the page gets close {self.told}"

    @property
    def open(self) -> bool:
        """True if the WebSocket opens for every client."""
        return self.told is None and all(each.open for each in self.groups)

    @property
    def usable(self) -> bool | None:
        """Whether a page can use the WebSocket in every browser; None if no browser's view was requested."""
        if not self.usable_in and not self.unusable_in:
            return None
        return not self.unusable_in


def result_of(
    own: Answered,
    views: Sequence[ScriptView] = (),
    answers: Sequence[Answered | None] = (),
    *,
    port: int = 0,
    told: int | None = None,
    unknown: tuple[str, str] = ("", ""),
    sender: str = "wsprobe",
) -> Result:
    """The result for *sender*, which got *own*, and for the clients of *views*.

    *answers*: for each view its own answer, None if it sent nothing; empty if all read *own*. *port*: the
    target's. *told*, *unknown*: members of the result; unknown with its command.
    """
    clients = [
        (short_title(view, views), view, answer)
        for view, answer in zip(views, answers or [own] * len(views), strict=True)
    ]
    programs = [each for each in clients if BY_NAME[each[1].browser].kind != "specification"]
    results: list[tuple[Key, str, Answered | None]] = []
    for name, view, answer in programs or clients:
        why = _kept_from_sending(view, answer, port)
        results.append((_of_view(view, answer or own, why, told is not None), name, None if why else answer))
    results.sort(key=lambda each: each[2] is not None)
    own_counts = own.words != "blocked" or not programs  # of a log: that browser is among the clients
    if answers or not views or (own_counts and all(answer is None for *_, answer in results)):
        results.append(((own.words, "for", own.open), sender, own))
    found: dict[Key, dict[str, None]] = {}
    for key, name, _ in results:
        found.setdefault(key, {})[name] = None
    usable = {name: _usable(view) for name, view, _ in programs or clients}
    return Result(
        tuple(
            ClientResult(words, tuple(names), where, opens) for (words, where, opens), names in found.items()
        ),
        tuple(name for name, fine in usable.items() if fine),
        tuple(name for name, fine in usable.items() if not fine),
        _cause(results, own),
        told,
        *unknown,
    )


Key = tuple[str, Literal["for", "in"], bool]


def _cause(results: Sequence[tuple[Key, str, Answered | None]], own: Answered) -> Cause | None:
    """The first cause of the first answer that is not open. What kept a browser from sending is among wsprobe's
    own causes."""
    failed = [answer or own for (_, _, opens), _, answer in results if not opens]
    return next((answer.causes[0] for answer in failed if answer.causes), None)


def _of_view(view: ScriptView, answer: Answered, why: str, told: bool) -> Key:
    """The result of one client. *told*: a relay answered it in place of the server."""
    if why:
        return why, "in", False
    opens = any(event.type == "open" for event in view.events)
    if told or opens == answer.completes:
        return answer.words, "for", answer.open
    return ("opens", "in", True) if opens else ("fails", "in", False)


BLOCKED = {"mixed-content": "mixed content", "csp": "CSP of the page"}


def _kept_from_sending(view: ScriptView, answer: Answered | None, port: int) -> str:
    """Why this client sends no request, in a few words; "" if it sends one."""
    if view.blocked:
        return f"blocked ({BLOCKED.get(view.blocked, f'port {port}')})"
    if view.exception is not None:
        return view.exception.name
    if view.outcome == "unloaded":
        return "no page"
    if kept_off(view):
        return "blocked (local network)"
    return "" if answer is not None else "nothing sent"


def _usable(view: ScriptView) -> bool:
    types = [event.type for event in view.events]
    closes = [event.code for event in view.events if event.type == "close"]
    return "open" in types and "error" not in types and all(code in NORMAL for code in closes)


NORMAL = (1000, 1005)
"""The close codes of a session that ended as it was meant to: 1005 is a Close without a code."""


class EngineAnswer(Struct, frozen=True):
    """The answer to an engine's own request: the recording, its judgement, and the few facts that readers need
    of every engine's answer.

    The rest of the reading (head, body, frames) is not kept: for a flood it is many times the size of the
    recording, and every engine has one. ``report.report_of`` reads it again.
    """

    exchange: Exchange
    verdict: Verdict
    outcome: str
    """A word of ``wsprobe.report.outcome.TABLE``."""
    asked: Head
    """The request, as it was sent."""
    over_http2: bool
    """The protocol: HTTP/2 or HTTP/1.1."""
    status: int | None
    """Of the final answer; None if there is no readable one."""
    causes: tuple[Cause, ...]
    """The causes of the answer, the likeliest first."""
    close: int | None
    """The code of the first Close; None without one."""
    likeness: bytes
    """A digest that two answers share if they differ only in what changes from moment to moment."""

    @property
    def answered(self) -> Answered:
        """The part that decides the engine's result."""
        return answered(self.outcome, self.status, self.close, self.verdict, self.causes)


def answered(
    outcome: str, status: int | None, close: int | None, verdict: Verdict, causes: tuple[Cause, ...]
) -> Answered:
    """The part of an answer that decides a client's result."""
    completes = outcome in OPENED or (outcome == "invalid" and verdict.answer == "established")
    return Answered(in_words(outcome, status, close), outcome == "open", completes, causes)


def engine_answer(reading: Reading, verdict: Verdict, outcome: str) -> EngineAnswer:
    """The parts of *reading* to keep, with its judgement."""
    close = close_of(reading)
    return EngineAnswer(
        exchange=reading.exchange,
        verdict=verdict,
        outcome=outcome,
        asked=reading.request.head,
        over_http2=reading.http2 is not None,
        status=reading.status,
        causes=causes(reading, outcome),
        close=None if close is None else close.code,
        likeness=_likeness(reading, verdict, outcome),
    )


VARYING = frozenset({b"date", b"sec-websocket-accept", b"age", b"expires", b"last-modified"})
"""Fields that differ between any two answers, and are therefore ignored."""

_OF_THE_MOMENT = rb"[0-9A-Fa-f]{8,}|[0-9]+"
"""Text that a server generates for each answer: numbers, times, and the ids of requests."""
_COMMENT = rb"<!--[^<>]*-->\s*"
"""A reader of the page does not see comments. nginx adds some to its own pages, but only for Chrome. A comment
with < inside stays: otherwise every <!-- of a page of them would be read to the page's end."""
COMPARED = 65536
"""Bytes of a body that are compared, from its beginning: every piece between two numbers is an object."""
_DECIDES = (
    b"sec-websocket-",
    b"location",
    b"www-authenticate",
    b"server",
    b"content-type",
    b"content-encoding",
)


def _likeness(reading: Reading, verdict: Verdict, outcome: str) -> bytes:
    """Of most fields only the name counts, since many have a value for this answer alone."""
    found = tuple(f.id for f in verdict.findings if f.level != "note")
    final = reading.final
    if final is None:
        return _digest(outcome, found, _short(reading.received))
    fields = sorted(
        (f.key, _short(f.value) if f.key.startswith(_DECIDES) else b"")
        for f in final.head.fields
        if f.key not in VARYING
    )
    body = (
        b""
        if final.body is None
        else re.sub(_OF_THE_MOMENT, b"#", re.sub(_COMMENT, b"", final.body.content[:COMPARED])).rstrip()
    )
    close = close_of(reading)
    return _digest(outcome, final.version, final.status, final.reason, fields, body, found, close)


def _digest(*values: object) -> bytes:
    return blake2b(msgpack.encode(values), digest_size=16).digest()


def _short(data: bytes) -> bytes:
    """*data*, or its digest if it is long."""
    return data if len(data) <= COMPARED else blake2b(data).digest()
