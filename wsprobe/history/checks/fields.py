"""A 101 read as HTTP: the judge finds every fault, and the revision says what each of them meant to it.

The table below is the whole of it: finding id -> rule, and per mode of the rule the answer ("" lets it pass).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wsprobe.history.checks.ruling import Ruling, rule
from wsprobe.history.data import cell_of
from wsprobe.history.revision import Revision
from wsprobe.judge.finding import Finding
from wsprobe.judge.findings import OF_HANDSHAKE, shown
from wsprobe.judge.subject import status_span
from wsprobe.read.reading import Field, Response

ORDER = {
    "list": (
        "status-line",
        "interim",
        "utf-8",
        "upgrade",
        "connection",
        "challenge",
        "nonce",
        "extension-grammar",
        "extension-lines",
        "extension-unasked",
        "deflate-parameters",
        "protocol-repeated",
        "protocol-empty",
        "protocol-unasked",
        "protocol-other",
        "protocol-missing",
    ),
}
"""Rules in the order in which a mode of the rule ``order`` has them checked."""
ORDER["api"] = (*ORDER["list"][:3], "protocol-missing", *ORDER["list"][3:-1])

_ANY_FAILS = {"equal": "fail", "value": "fail", "token": "fail", "unsure": "fail"}
_ACCEPT_FAILS = {"accept": "fail", "accept-once": "fail", "accept-trimmed": "fail"}
_FAILS = {"fail": "fail", "fail-any": "fail", "not-known": "not known"}

MEANS: dict[str, tuple[str, dict[str, str]]] = {
    "status-line-malformed": (
        "status-line",
        {"http": "not known", "http-any-version": "not known", "conforming": "fail", "parser": "ambiguous"},
    ),
    "http-version": (
        "status-line",
        {
            "http": "not known",
            "http-any-version": "ambiguous",
            "conforming": "ambiguous",
            "parser": "ambiguous",
        },
    ),
    "interim-before-101": ("interim", {"not-known": "not known", "unsaid": "ambiguous"}),
    "bare-101": ("upgrade", _ANY_FAILS),
    "upgrade-missing": ("upgrade", _ANY_FAILS),
    "upgrade-not-websocket": ("upgrade", _ANY_FAILS),
    "upgrade-list": ("upgrade", {"equal": "fail", "value": "ambiguous"}),
    "connection-missing": ("connection", _ANY_FAILS),
    "connection-no-upgrade": ("connection", _ANY_FAILS),
    "connection-list": ("connection", {"equal": "fail", "unsure": "not known"}),
    "accept-several": ("challenge", _ACCEPT_FAILS | {"accept": "not known"}),
    "accept-unchecked": ("challenge", {}),
    "extension-unoffered": ("extension-unasked", _FAILS),
    "extension-malformed": ("extension-grammar", _FAILS),
    "extensions-several-fields": ("extension-lines", {"not-known": "not known"}),
    "protocol-unrequested": ("protocol-unasked", _FAILS),
    "protocol-mismatch": ("protocol-other", _FAILS),
    "protocol-case": ("protocol-other", _FAILS),
    "protocol-list": ("protocol-other", _FAILS),
    "protocol-several": ("protocol-repeated", _FAILS),
    "protocol-empty": ("protocol-empty", {"not-known": "not known", "catch-all": "fail", "asked": "fail"}),
    "protocol-empty-unasked": (
        "protocol-empty",
        {"not-known": "not known", "catch-all": "ambiguous", "asked": "ambiguous"},
    ),
    "protocol-none-selected": ("protocol-missing", {"fail": "fail"}),
}
"""Finding ids of the judge that some revision reads in its own way."""


def examined(response: Response, revision: Revision, found: Sequence[Finding]) -> Iterator[Ruling]:
    """The rulings of *revision* on *response*, a 101, in the revision's order of checks.

    *found* is what the judge finds in the reading. Nothing is yielded for what the revision lets pass.
    """
    rulings = [
        *_of_findings(revision, found),
        *_white_space(response, revision),
        *_nonce(response, revision),
        *_utf_8(response, revision),
        *_any_extension(response, revision, found),
    ]
    order = ORDER[cell_of("order", revision).mode]
    yield from sorted(rulings, key=lambda ruling: order.index(ruling.finding.id.removeprefix("rule-")))


def _of_findings(revision: Revision, found: Sequence[Finding]) -> Iterator[Ruling]:
    for finding in found:
        known = MEANS.get(finding.id) or _family(finding)
        if known is None:
            continue
        rule_id, answers = known
        if answer := answers.get(cell_of(rule_id, revision).mode, ""):
            yield rule(
                revision,
                rule_id,
                answer,
                span=finding.span,
                expected=finding.expected,
                received=finding.received,
                usual=finding.usual,
            )


def _family(finding: Finding) -> tuple[str, dict[str, str]] | None:
    """Findings that only a family of ids has in common; what goes wrong after the handshake is not theirs."""
    if finding.level != "fail" or finding.id not in OF_HANDSHAKE:
        return None
    if finding.id.startswith("accept-"):
        return "challenge", _ACCEPT_FAILS
    if finding.id.startswith("deflate-"):
        return "deflate-parameters", {"extension": "fail"}
    return None


def _white_space(response: Response, revision: Revision) -> Iterator[Ruling]:
    """White space around Accept that is more than the usual space: a clause of the RFC, not of the drafts."""
    if cell_of("challenge", revision).mode not in ("accept", "accept-once"):
        return
    for field in response.head.all(b"sec-websocket-accept"):
        if field.value and _padded(field):
            yield rule(revision, "challenge", "not known", "white space around the value", span=field.span)
            return


def _padded(field: Field) -> bool:
    after_colon = field.lines[0].text.partition(b":")[2]
    return len(field.lines) > 1 or after_colon.removeprefix(b" ") != field.value


def _nonce(response: Response, revision: Revision) -> Iterator[Ruling]:
    if cell_of("nonce", revision).mode == "required" and not response.head.all(b"sec-websocket-nonce"):
        yield rule(revision, "nonce", "fail", "the 101 has no Sec-WebSocket-Nonce", span=status_span(response))


def _utf_8(response: Response, revision: Revision) -> Iterator[Ruling]:
    answer = {"fail": "fail", "not-known": "not known"}.get(cell_of("utf-8", revision).mode)
    if answer is None:
        return
    try:
        response.head.raw.decode("utf-8")
    except UnicodeDecodeError as error:
        at = response.head.start + error.start
        yield rule(revision, "utf-8", answer, span=(at, response.head.start + error.end))


def _any_extension(response: Response, revision: Revision, found: Sequence[Finding]) -> Iterator[Ruling]:
    """A browser of that revision offered nothing, so what our own request offered does not count."""
    if cell_of("extension-unasked", revision).mode != "fail-any":
        return
    told = {"extension-unoffered", "extension-malformed"}
    fields = response.head.all(b"sec-websocket-extensions")
    if fields and not any(finding.id in told for finding in found):
        yield rule(revision, "extension-unasked", "fail", span=fields[0].span, received=shown(fields[0].value))
