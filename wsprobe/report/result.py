"""What came of one URL, for each client that tried it: the one value that every surface prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from wsprobe.browsers import BY_NAME, short_title
from wsprobe.browsers.engine import ScriptView
from wsprobe.browsers.tell import kept_off
from wsprobe.diagnosis.cause import Cause

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
