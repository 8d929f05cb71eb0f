"""What wsprobe itself sent as a cause: where the answer fits it, and nothing in the answer says otherwise.

A request that is no handshake, a field of 9 kB or another Host may be why a server refuses. It may also be
beside the point: a 401 with a challenge, a proxy's own 502 and words about something else come first, with
their fix."""

from __future__ import annotations

import re

from msgspec.structs import replace

from wsprobe.diagnosis.cause import ACTS, MOST_USUAL, Cause
from wsprobe.diagnosis.evidence import Evidence, is_markup, shown
from wsprobe.diagnosis.faults import asked_wrong, host_refused, led_to, too_much
from wsprobe.diagnosis.kinds import for_any_request
from wsprobe.diagnosis.programs import Author

_AS_HTTP = frozenset({200, 204, 404, 405, 410})
"""Statuses with which servers answer a plain GET."""
_TOO_LARGE = frozenset({400, 413, 414, 431, 494})
"""Statuses of a request with a field that is too large."""


def own_request(evidence: Evidence) -> tuple[Cause, ...]:
    """What may be wrong with the request: it is no handshake, has a huge field, or another Host."""
    found = (*asked_wrong(evidence), *too_much(*evidence.largest))
    if (
        evidence.host.lower() != evidence.wanted.lower()
        and not evidence.over_http2
        and 400 <= evidence.status < 600
    ):
        other = host_refused(
            f"the request's Host is {shown(evidence.host)}, not the URL's host ({shown(evidence.wanted)})"
        )
        found += (
            replace(other, certainty="own-request", evidence=f"the request: Host: {shown(evidence.host)}"),
        )
    return found


def beside(
    own: tuple[Cause, ...], said: Cause | None, known: Author, answered: list[Cause], evidence: Evidence
) -> list[Cause]:
    """*answered*, the causes in the answer itself, with what the request did wrong (*own*) in its place.
    *said*: what the server states in words."""
    if not own:
        return answered
    first, *others = own
    if said is not None and said.certainty == "own-request":
        return [said, *others]  # the server names the fault too
    if first.id in ODD_FIELDS and (challenged(evidence) or _about_something_else(first, said)):
        return _listed_last(_size_or_host(first, evidence), answered)
    if first.id == "host-refused":
        return _another_host(first, said, answered, evidence)
    if first.id == "header-too-large":
        return _too_large(first, said, answered, evidence)
    if says_otherwise(evidence, said, known):
        return [*answered, *own]
    if evidence.status in _AS_HTTP and first.id in ("handshake-incomplete", "method"):
        return [_as_plain(first, evidence), *others, *_words(said)]
    if evidence.status in (400, 426, 501):
        return [first, *others, *_words(said)]
    if said is not None and said.id not in ACTS and said.id not in ("server-says", "crashed-before-accept"):
        return [*answered, *own]
    return [led_to(first, answered[0]), *others] if answered else list(own)


ODD_FIELDS = ("host-refused", "header-too-large")
"""Causes of which only the request shows a sign."""
_A_HOST = r"(?i)\b(?:host|domain|site|server)(?: ?names?|s)?\b"
_A_SIZE = r"(?i)\b(?:headers?|cookies?|fields?|bytes|k(?:i?b|ilobytes?))\b"
"""What the words of a refusal name, if the Host or the size of a field is its reason."""


def _about_something_else(own: Cause, said: Cause | None) -> bool:
    """The server gives a reason in words, and they do not name what is odd in the request."""
    if said is None or not said.quote:
        return False
    return re.search(_A_HOST if own.id == "host-refused" else _A_SIZE, said.quote) is None


def says_otherwise(evidence: Evidence, said: Cause | None, known: Author) -> bool:
    """The answer gives another reason: a challenge, words, or a proxy's own page about what is behind it."""
    of_proxy = evidence.status in (502, 504) or (known.role == "proxy" and evidence.status == 503)
    return challenged(evidence) or of_proxy or (said is not None and for_any_request(said.id))


def challenged(evidence: Evidence) -> bool:
    """The server, a proxy or the network (511, with a page) asks for credentials: whatever else it says, they
    are what is missing."""
    named = evidence.has("www-authenticate") or evidence.has("proxy-authenticate")
    return (evidence.status in (401, 407) and named) or (evidence.status == 511 and is_markup(evidence))


def _words(said: Cause | None) -> tuple[Cause, ...]:
    return () if said is None else (said,)


def _as_plain(own: Cause, evidence: Evidence) -> Cause:
    """A request without an upgrade got the answer to a plain GET, which may have another fault too."""
    if evidence.status not in (404, 410):
        return own
    return replace(
        own,
        statement=f"{own.statement}; to such a request the server has nothing at this path ({evidence.status})",
        fix=f"{own.fix}; if the answer stays the same, correct the path",
    )


def _size_or_host(own: Cause, evidence: Evidence) -> str:
    """What is odd in the request, as one of several usual causes."""
    if own.id == "host-refused":
        return f"the Host {shown(evidence.host)}, which is not the URL's"
    name, size = evidence.largest
    return f"the size of {shown(name)} in the request ({size} bytes, more than most servers allow)"


def _listed_last(what: str, answered: list[Cause]) -> list[Cause]:
    """*answered* with *what* at the end of the usual causes of the first, if it has some."""
    if not answered or answered[0].id not in ACTS or not answered[0].usual:
        return answered
    first, *rest = answered
    return [replace(first, usual=(*first.usual[: MOST_USUAL - 1], what)), *rest]


def _another_host(own: Cause, said: Cause | None, answered: list[Cause], evidence: Evidence) -> list[Cause]:
    """A Host other than the URL's is the reason where the server says so (421, or words); elsewhere it is a
    usual cause, of a refusal whose reason is not known."""
    if said is not None and said.id == "host-refused":
        return [replace(own, quote=said.quote)]
    if evidence.status == 421 or not answered:
        return [own, *answered]
    first = answered[0]
    if said is not None or first.id not in ACTS:
        return [*answered, own]
    listed = (*first.usual[:1], _size_or_host(own, evidence), *first.usual[1:])
    return [replace(first, usual=listed[:MOST_USUAL]), *answered[1:], own]


def _too_large(own: Cause, said: Cause | None, answered: list[Cause], evidence: Evidence) -> list[Cause]:
    """A large field is the reason of a status for that; elsewhere the last of the usual causes of a failure."""
    if evidence.status in _TOO_LARGE and (
        said is None or said.id in (*ACTS, "server-says", "header-too-large")
    ):
        return [own, *_words(said)]
    if said is not None or not answered or answered[0].id not in ACTS or not answered[0].usual:
        return [*answered, own]
    return _listed_last(_size_or_host(own, evidence), answered)
