"""Reads an answer as HTTP by a revision's rules: the judge finds every fault, the revision gives its
consequence.

The table below decides: finding id -> rule, and the answer for each mode of the rule ("" lets the answer pass).
An answer over HTTP/2 only RFC 8441 covers, and the API's text contradicts that (``over_http2``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from wsprobe.history.data import (
    Contradiction,
    Grade,
    Revision,
    cell_of,
    contradictions,
    revisions,
    rules,
    touched_by,
)
from wsprobe.judge import judge
from wsprobe.judge.finding import Finding, Level, Verdict, shown
from wsprobe.judge.refusal import asked_version, listed_versions
from wsprobe.judge.subject import handshake, refusal, status_span
from wsprobe.read.reading import Field, Reading, Response, Span
from wsprobe.wire.followup import REDIRECTS

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
"""The order of checks for each mode of the rule ``order``."""
ORDER["api"] = (*ORDER["list"][:3], "protocol-missing", *ORDER["list"][3:-1])

_ANY_FAILS = {"equal": "fail", "value": "fail", "token": "fail", "unsure": "fail"}
_ACCEPT_FAILS = {"accept": "fail", "accept-once": "fail", "accept-trimmed": "fail"}
_OPEN = {"http": "not known"} | dict.fromkeys(("http-any-version", "conforming", "parser"), "ambiguous")
_FAILS = {"fail": "fail", "fail-any": "fail", "not-known": "not known"}

MEANS: dict[str, tuple[str, dict[str, str]]] = {
    "status-line-malformed": ("status-line", _OPEN | {"http-any-version": "not known", "conforming": "fail"}),
    "status-line-space": ("status-line", _OPEN | {"http-any-version": "not known"}),
    "http-version": ("status-line", _OPEN),
    "http-version-major": ("status-line", _OPEN),
    "interim-before-101": ("interim", {"not-known": "not known", "unsaid": "ambiguous"}),
    "bare-101": ("upgrade", _ANY_FAILS),
    "upgrade-missing": ("upgrade", _ANY_FAILS),
    "upgrade-not-websocket": ("upgrade", _ANY_FAILS),
    "upgrade-list": ("upgrade", {"equal": "fail", "value": "ambiguous"}),
    "connection-missing": ("connection", _ANY_FAILS),
    "connection-no-upgrade": ("connection", _ANY_FAILS),
    "connection-list": ("connection", {"equal": "fail", "unsure": "not known"}),
    "accept-several": ("challenge", _ACCEPT_FAILS | {"accept": "not known"}),
    "accept-repeated": ("challenge", _ACCEPT_FAILS | {"accept": "not known", "accept-once": "ambiguous"}),
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
"""Finding ids of the judge that some revision treats differently."""


def examined(response: Response, revision: Revision, found: Sequence[Finding]) -> Iterator[Ruling]:
    """The rulings of *revision* on *response*, a 101, in the revision's order of checks.

    *found* are the judge's findings on the reading. Yields nothing for a fault that the revision lets pass.
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
    """Findings that only share a family of ids; faults after the handshake do not belong here."""
    if not finding.fatal or finding.phase != "handshake":
        return None
    if finding.id.startswith("accept-"):
        return "challenge", _ACCEPT_FAILS
    if finding.id.startswith("deflate-"):
        return "deflate-parameters", {"extension": "fail"}
    return None


def _white_space(response: Response, revision: Revision) -> Iterator[Ruling]:
    """More than the usual white space around Accept: a clause of the RFC, not of the drafts."""
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
    """A browser of that revision offered no extension, so our own offer does not count."""
    if cell_of("extension-unasked", revision).mode != "fail-any":
        return
    told = {"extension-unoffered", "extension-malformed"}
    fields = response.head.all(b"sec-websocket-extensions")
    if fields and not any(finding.id in told for finding in found):
        yield rule(revision, "extension-unasked", "fail", span=fields[0].span, received=shown(fields[0].value))


FOLLOWED_IN_2009 = (301, 302, 303, 307)

_BY_STATUS = {401: "authenticate", 407: "proxy-authenticate", 421: "misdirected"}


def refused(reading: Reading, response: Response, revision: Revision) -> Ruling:
    """What *revision* requires a client to do with *response*, a final answer other than 101."""
    status = response.status
    assert status is not None
    subject = _subject(reading, response, status)
    answer, decided = _required(subject, reading, response, revision)
    return rule(
        revision,
        decided,
        answer,
        f"the status is {status:03}",
        span=status_span(response),
        expected="101",
        received=f"{status:03}",
    )


def _subject(reading: Reading, response: Response, status: int) -> str:
    if status in REDIRECTS:
        return "redirect"
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    other = any(version != asked_version(reading) for version in listed_versions(response))
    return "version-retry" if other else "refusal"


_OF_MODE = {"fail": "fail", "http": "http", "retry": "retry-proxy-auth"}
"""Mode of a rule -> the answer, where it depends on nothing else; "not known" for any other mode."""


def _required(subject: str, reading: Reading, response: Response, revision: Revision) -> tuple[str, str]:
    """(answer, deciding rule): the rule on *subject*, or the general one on a status other than 101."""
    mode = cell_of(subject, revision).mode if subject in rules() else ""
    challenges = len(response.head.all(b"www-authenticate"))
    match subject, mode:
        case "redirect", "follow":
            return ("may-redirect" if _followed_in_2009(reading, response) else "fail"), subject
        case "redirect", "may":
            return ("may-redirect", subject) if response.head.all(b"location") else ("http", "status")
        case "authenticate", "one-challenge":
            return ("retry-auth" if challenges == 1 else "fail"), subject
        case "authenticate", "may":
            return ("retry-auth", subject) if challenges else ("http", "status")
        case "authenticate", "credentials":
            return ("retry-auth" if reading.exchange.plan.target.userinfo else "fail"), subject
        case "version-retry", "may":
            return "may-retry-version", subject
        case (("redirect" | "authenticate" | "proxy-authenticate"), _):
            return _OF_MODE.get(mode, "not known"), subject
    return _OF_MODE.get(cell_of("status", revision).mode, "not known"), "status"


def _followed_in_2009(reading: Reading, response: Response) -> bool:
    where = [field.value.lower() for field in response.head.all(b"location")]
    if response.status not in FOLLOWED_IN_2009 or len(where) != 1:
        return False
    return where[0].startswith(b"wss:" if reading.exchange.plan.target.secure else (b"ws:", b"wss:"))


_LEVELS: dict[str, Level] = {"fail": "fail", "ambiguous": "warn", "not known": "warn"}
_KNOWN: dict[Grade, str] = {
    "read": "",
    "secondary": " (known at second hand)",
    "one timeline": " (known from one published timeline)",
    "not known": "",
}

STRONGEST = ("fail", "not known", "ambiguous")
"""A failed rule decides, whatever the others leave open; then an unknown rule; then an undecided rule."""


class Ruling(Struct, frozen=True):
    """An answer of ``Verdict.answer``, and the rule behind it as a finding."""

    answer: str
    finding: Finding


def rule(
    revision: Revision,
    rule_id: str,
    answer: str,
    what: str = "",
    *,
    span: Span | None = None,
    expected: str | None = None,
    received: str | None = None,
    usual: str = "",
) -> Ruling:
    """*answer* by the cell of *rule_id* in *revision*; *what* goes before the rule's own words."""
    cell = cell_of(rule_id, revision)
    own = f"{what}: {cell.text}" if what else cell.text
    where = f"{spec_of(revision, cell.rule)} section {cell.section}" if cell.section[:1].isdigit() else ""
    finding = Finding(
        f"rule-{rule_id}",
        _LEVELS.get(answer, "note"),
        where or ", ".join(part for part in (spec_of(revision, cell.rule), cell.section) if part),
        own + _KNOWN[cell.grade],
        usual,
        span,
        expected,
        received,
        "handshake",
        answer == "fail",
    )
    return Ruling(answer, finding)


def spec_of(revision: Revision, rule_id: str) -> str:
    """The name of the revision whose cell applies: its own, or that of the protocol under it."""
    own = rules()[rule_id].cell(revision.name)
    spoken = revision.name if own is not None or not revision.protocol else revision.protocol
    return "RFC 6455" if spoken == "rfc6455" else revisions()[spoken].name


def strongest(rulings: Iterable[Ruling]) -> Ruling | None:
    """The deciding ruling, the first of its kind; None if all let the answer pass."""
    found = list(rulings)
    for answer in STRONGEST:
        for ruling in found:
            if ruling.answer == answer:
                return ruling
    return None


def touched(reading: Reading, revision: Revision, found: Sequence[Finding]) -> Iterator[Finding]:
    """A note for each contradiction, with the places that contradict each other."""
    for id, span in _ids(reading, found):
        contradiction = contradictions()[id]
        if revision.name in contradiction.revisions:
            yield Finding(id, "note", _places(contradiction), text_of(contradiction), span=span)


def text_of(contradiction: Contradiction) -> str:
    """Both places and their statements, as one sentence, and current practice."""
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


_CONTRADICTION = "contradiction-http2-status"
_SILENT = "It covers the answer to an HTTP/1.1 Upgrade, not an answer over HTTP/2."


def over_http2(reading: Reading, revision: Revision) -> Verdict:
    """What *revision* required of a client that received this answer over HTTP/2.

    The judge follows RFC 8441. Taken literally, the API's texts on 101 let nothing open here, which nobody
    intends (whatwg/websockets issue 70): ``ambiguous``.
    """
    if revision.name == "rfc8441":
        found = judge(reading)
        return Verdict(revision.name, found.answer, deciding_first(found))
    if revision.name in contradictions()[_CONTRADICTION].revisions and revision.kind == "api":
        return Verdict(revision.name, "ambiguous", (_contradicted(),))
    cell = rules()["elsewhere"].cell(revision.name)
    text = cell.text if cell is not None else _SILENT
    return Verdict(revision.name, "not known", (Finding("rule-elsewhere", "warn", revision.title, text),))


def deciding_first(verdict: Verdict) -> tuple[Finding, ...]:
    """The findings of the judge's *verdict*, the deciding one first."""
    order = {"fail": 0, "warn": 1, "note": 2}
    return tuple(sorted(verdict.findings, key=lambda finding: order[finding.level]))


def _contradicted() -> Finding:
    of = contradictions()[_CONTRADICTION]
    return Finding(_CONTRADICTION, "warn", " against ".join(place.where for place in of.places), text_of(of))
