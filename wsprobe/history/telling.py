"""What a revision has a script be told of a reading."""

from __future__ import annotations

from wsprobe.exchange import ConnectFailed, ResolveFailed, TlsFailed
from wsprobe.history.data import revisions, situations
from wsprobe.history.revision import Disclosure, Revision
from wsprobe.judge.finding import Told
from wsprobe.read.reading import Reading

_OPTIONS = ("rule-protocol-", "rule-extension-", "rule-deflate-", "rule-origin")
"""Rules on what the server chose: a handshake that was correct, with options that make the client drop it."""


def told(reading: Reading, revision: Revision, answer: str, decided: str) -> Told | None:
    """What script is told after *answer*, which the finding with the id *decided* led to.

    None where nothing is told yet (a redirect, credentials, another version), or where the answer or the
    revision's rule is not known.
    """
    disclosure = revision.told
    if disclosure is None or answer not in ("established", "fail", "http"):
        return None
    spec = _spec(revision, disclosure)
    if answer == "established":
        events = None if disclosure.events is None else ("open",)
        return Told(events, None, "", spec)
    return Told(
        disclosure.events, disclosure.code, disclosure.may_know, spec, _situation(reading, disclosure, decided)
    )


def situation_of(reading: Reading, decided: str) -> str:
    """The id of the situation that a failed *reading* is, whether or not a revision lists it."""
    for event in reversed(reading.exchange.events):
        if isinstance(event, ResolveFailed):
            return "name-not-resolved"
        if isinstance(event, TlsFailed):
            return "tls-failed"
        if isinstance(event, ConnectFailed) and not reading.sent:
            return "refused" if event.errno == "ECONNREFUSED" else "no-route"
    return "options-dropped" if decided.startswith(_OPTIONS) else "not-completed"


def _situation(reading: Reading, disclosure: Disclosure, decided: str) -> str:
    id = situation_of(reading, decided)
    return situations()[id] if id in disclosure.situations else ""


def _spec(revision: Revision, disclosure: Disclosure) -> str:
    title = "RFC 6455" if revision.name == "rfc6455" else revisions()[revision.name].name
    numbered = disclosure.section[:1].isdigit()
    return f"{title} section {disclosure.section}" if numbered else f"{title}, {disclosure.section}"
