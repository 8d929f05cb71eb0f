"""Which contradictions between, or within, the specifications a reading touches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wsprobe.history.data import contradictions, touched_by
from wsprobe.history.revision import Contradiction, Revision
from wsprobe.judge.finding import Finding
from wsprobe.judge.subject import handshake, refusal, status_span
from wsprobe.read.reading import Reading, Span


def touched(reading: Reading, revision: Revision, found: Sequence[Finding]) -> Iterator[Finding]:
    """A note for each contradiction, naming the places that contradict each other."""
    for id, span in _ids(reading, found):
        contradiction = contradictions()[id]
        if revision.name in contradiction.revisions:
            yield Finding(id, "note", _places(contradiction), text_of(contradiction), span=span)


def text_of(contradiction: Contradiction) -> str:
    """Both places and what they say, as one sentence, and what is done in practice."""
    places = "; but ".join(f"{place.where}: {place.says}" for place in contradiction.places)
    return f"{contradiction.title}. {places}. {contradiction.practice}"


def _places(contradiction: Contradiction) -> str:
    return " against ".join(place.where for place in contradiction.places)


def _ids(reading: Reading, found: Sequence[Finding]) -> Iterator[tuple[str, Span | None]]:
    response = refusal(reading)
    if response is not None:
        yield "contradiction-status", status_span(response)
        if response.status in (400, 426) and response.head.all(b"sec-websocket-version"):
            yield "contradiction-version-status", status_span(response)
    for finding in found:
        if (id := touched_by().get(finding.id)) is not None:
            yield id, finding.span
    answered = handshake(reading)
    if answered is not None:
        yield "contradiction-nonce", status_span(answered)
