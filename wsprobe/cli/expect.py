"""``--expect``: what a script wants the outcome to be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import click
from msgspec import Struct
from msgspec.structs import replace

from wsprobe.browsers import ENGINES
from wsprobe.diagnosis import FORMERLY, all_kinds
from wsprobe.judge import FINDINGS
from wsprobe.nearest import nearest
from wsprobe.outcome import STATUS_OF, Exit
from wsprobe.read.closing import Close, close_of
from wsprobe.report import Report, certificate_days


class Expectation(Struct, frozen=True):
    """*what* should be *wanted* (cert-days: at least so many); without *wanted*, it should be there at all."""

    text: str
    what: str
    name: str
    wanted: str | None


KINDS = (
    "status",
    "outcome",
    "close",
    "close-reason",
    "protocol",
    "header",
    "finding",
    "cause",
    "cert-days",
    "view",
)
HIGHEST = {"status": 999, "close": 65535, "cert-days": 999_999}
"""Those that are numbers, and what each is at most."""
NAMED = ("header", "finding", "cause", "view")
"""Those that a name belongs to, after a colon."""
FORMS = (
    "status=403, outcome=open, close=4403, close-reason=TEXT, protocol=NAME, header:NAME=VALUE, finding:ID, "
    "cause:ID, cert-days=14"
)
VIEW_OUTCOMES = ("open", "failed", "closed", "connecting", "threw", "follows")
VIEW = "view:BROWSER=CODE"
"""Of `compare`: the code of the close event that script in this browser gets, or the view's outcome."""


def parse(texts: Sequence[str], option: str = "--expect") -> tuple[Expectation, ...]:
    """The expectations in the words of --expect. Raises click.UsageError for a text that is none, said of
    *option*."""
    try:
        return tuple(_parse(text) for text in texts)
    except _NoneSuch as error:
        raise click.UsageError(f"{option}: {error}") from None


class _NoneSuch(ValueError):
    """A text that is no expectation, and why."""


def _parse(text: str) -> Expectation:
    subject, equals, wanted = text.partition("=")
    what, _, name = subject.partition(":")
    needs_name = what in NAMED
    if what not in KINDS or needs_name != bool(name) or (not equals and not needs_name):
        raise _NoneSuch(f"'{text}' is not one of {FORMS}")
    _possible(text, what, name, wanted if equals else None)
    return Expectation(text, what, name, wanted if equals else None)


def _possible(text: str, what: str, name: str, wanted: str | None) -> None:
    """Raises _NoneSuch for what could never hold: a slip of the pen is no failed test."""
    if what in HIGHEST:
        if not (wanted or "").isdecimal() or not (wanted or "").isascii():
            raise _NoneSuch(f"'{text}': {wanted!r} is not a number")
        if len(wanted or "") > 9 or int(wanted or 0) > HIGHEST[what]:
            raise _NoneSuch(f"'{text}': no {what} is above {HIGHEST[what]}")
    if what == "view":
        _known(text, name, ENGINES)
        if not (wanted or "").isdigit():
            _known(text, wanted or "", VIEW_OUTCOMES)
    if what == "outcome":
        _known(text, wanted or "", STATUS_OF)
    if what == "finding" and not name.startswith("rule-"):  # rules are those of older revisions
        if name in FORMERLY:
            raise _NoneSuch(f"'{text}': that is a cause now: cause:{FORMERLY[name]}")
        _known(text, name, FINDINGS)
    if what == "cause":
        _known(text, name, all_kinds())


def _known(text: str, word: str, words: Iterable[str]) -> None:
    if word in (known := list(words)):
        return
    near = ", ".join(nearest(word, known))
    hint = f"; near: {near}" if near else ""
    raise _NoneSuch(f"'{text}': there is no {word!r}{hint}")


def unmet(expectations: Sequence[Expectation], report: Report) -> list[str]:
    """A sentence for each expectation that *report* does not meet."""
    failed = []
    for each in expectations:
        found = FOUND[each.what](report, each.name)
        good = bool(found) if each.wanted is None else each.wanted in found
        if each.what == "cert-days":
            good = any(int(days) >= int(each.wanted or 0) for days in found)
        if not good:
            was = ", ".join(found) if found else "nothing"
            failed.append(f"{report.title}: expected {each.text}, found {was}")
    return failed


def held(expectations: Sequence[Expectation], report: Report, *, redact: bool) -> tuple[Report, list[str]]:
    """*report* with the exit status that *expectations* give it, and a sentence for each that it does not meet;
    with *redact* one for all, which repeats nothing."""
    if not expectations:
        return report, []
    failed = unmet(expectations, report)
    held_to = replace(report, exit_status=int(Exit.UNEXPECTED if failed else Exit.OPEN))
    return held_to, ["an --expect is not met"] * len(failed) if redact else failed


def _status(report: Report, _: str) -> list[str]:
    final = report.reading.final
    return [] if final is None or final.status is None else [str(final.status)]


def _header(report: Report, name: str) -> list[str]:
    final = report.reading.final
    if final is None:
        return []
    return [f.value.decode("latin-1") for f in final.head.all(name.lower().encode())]


def _close(report: Report) -> Close | None:
    close = close_of(report.reading)
    return close if close is not None and close.by == "server" else None


def _close_code(report: Report, _: str) -> list[str]:
    close = _close(report)
    return [] if close is None else ["1005" if close.code is None else str(close.code)]


def _close_reason(report: Report, _: str) -> list[str]:
    close = _close(report)
    return [] if close is None else [close.reason]


def _certificate_days(report: Report, _: str) -> list[str]:
    days = certificate_days(report.exchange)
    return [] if days is None else [str(days)]


def _view(report: Report, name: str) -> list[str]:
    """The close code that script in this browser gets, and the view's outcome."""
    found = []
    for view in report.views:
        if view.browser == name:
            found += [str(event.code) for event in view.events if event.type == "close"]
            found.append(view.outcome)
    return found


FOUND: dict[str, Callable[[Report, str], list[str]]] = {
    "status": _status,
    "outcome": lambda report, _: [report.outcome],
    "close": _close_code,
    "close-reason": _close_reason,
    "protocol": lambda report, _: _header(report, "sec-websocket-protocol"),
    "header": _header,
    "cert-days": _certificate_days,
    "view": _view,
    "cause": lambda report, name: [each.certainty for each in report.causes if each.id == name],
    "finding": lambda report, name: [f.level for f in report.verdict.findings if f.id == name],
}
