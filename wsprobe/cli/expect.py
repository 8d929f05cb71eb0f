"""``--expect``: the outcome that a script requires."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import get_args

import click
from msgspec import Struct
from msgspec.structs import replace

from wsprobe.browsers import ENGINES
from wsprobe.cli.option import Duration, usage_error
from wsprobe.cli.output_settings import ABSENT, FORMS, NAMED, OPERATORS, Operator, ids_of
from wsprobe.cli.streams import note
from wsprobe.diagnosis import FORMERLY, REPLACED
from wsprobe.diagnosis.cause import Certainty
from wsprobe.nearest import nearest
from wsprobe.read.closing import SessionClose, close_of
from wsprobe.read.frames import messages_of
from wsprobe.report.outcome import STATUS_OF, Exit
from wsprobe.report.report import Report, certificate_days
from wsprobe.report.timing import TIMES, timing
from wsprobe.search import Search


class Expectation(Struct, frozen=True):
    """One condition: how *what*, or the one of its kind called *name*, must relate to the *wanted* text."""

    text: str
    what: str
    name: str = ""
    operator: Operator = ""
    wanted: str = ""


HIGHEST = {"status": 999, "close": 65535, "cert-days": 999_999}
"""The conditions that are numbers -> the highest possible number."""
CERTAINTIES: tuple[str, ...] = get_args(Certainty)
"""Of causes, the strongest first."""
LEVELS: dict[str, tuple[str, ...]] = {
    "finding": ("fail", "warn", "note"),
    "cause": CERTAINTIES,
    "weakness": ("error", "warning", "note"),
}
"""Conditions that can have a level -> the levels, those of weaknesses as SARIF calls them."""
ELSEWHERE = {
    "view": ("views", "compare --browser-mode"),
    "weakness": ("weaknesses", "trace --audit"),
}
"""Conditions of a single command -> their name, and that command."""
VIEW_OUTCOMES = ("open", "failed", "closed", "connecting", "threw", "follows")

NOTHING_OF = ("finding", "cause")
NONE = "none"
"""``finding=none``: there is none at all."""

_FORM = r"(?s)(?P<what>[a-z_-]+)(?::(?P<name>(?:(?!!=)[^=~<])*))?(?:(?P<operator>!=|=|~|<)(?P<wanted>.*))?"
"""Compiled on first use."""
_CLASS = r"[1-9]xx"
"""All statuses of a class, as in 4xx."""


Known = Mapping[str, str]
"""Ids of causes that a trace concluded, beyond those of the report -> how it knows them; or ids of the
weaknesses that an audit found -> their levels."""
NOTHING: Known = MappingProxyType({})


def parse(texts: Sequence[str], option: str = "--expect") -> tuple[Expectation, ...]:
    """The expectations in the words of --expect. Raises click.UsageError for any other text; *option* is for
    the message."""
    with usage_error(_NoneSuch, where=option):
        return tuple(_parse(text) for text in texts)


def check(
    expectations: Iterable[Expectation], command: str, *, has: Sequence[str] = (), option: str = "--expect"
) -> None:
    """Raises click.UsageError for a condition that *command* never has, unless it is in *has*."""
    for each in expectations:
        if each.what in ELSEWHERE and each.what not in has:
            what, where = ELSEWHERE[each.what]
            raise click.UsageError(f"{option}: {command} has no {what}; wsprobe {where} has them")


class _NoneSuch(ValueError):
    """A text that is no expectation, and why."""


def _parse(text: str) -> Expectation:
    found = re.fullmatch(_FORM, text)
    what = found["what"] if found is not None else ""
    if found is None or what not in OPERATORS:
        raise _NoneSuch(f"'{text}' is not one of {FORMS}")
    name, operator, wanted = found["name"] or "", found["operator"] or "", found["wanted"] or ""
    if what in ABSENT and not name and operator == "!=":
        name, wanted = wanted, ""
    if what in NOTHING_OF and not name and (operator, wanted) == ("=", NONE):
        return Expectation(text, what, "", "!=", "")
    if (what in NAMED) != bool(name):
        raise _NoneSuch(f"'{text}' is not one of {FORMS}")
    if operator not in OPERATORS[what]:
        forms = " or ".join(each or "nothing" for each in OPERATORS[what])
        raise _NoneSuch(f"'{text}': after {what}{f':{name}' if name else ''} comes {forms}")
    made = Expectation(text, what, name, operator, wanted)
    _possible(made)
    return made


def _possible(one: Expectation) -> None:
    """Raises _NoneSuch for what could never hold: a slip of the pen is no failed test."""
    text, what, wanted = one.text, one.what, one.wanted
    if one.operator == "~":
        try:
            re.compile(wanted)
        except re.error as error:
            raise _NoneSuch(f"'{text}': {wanted!r} is not a regular expression: {error}") from None
    if what in HIGHEST and not (what == "status" and re.fullmatch(_CLASS, wanted)):
        if not wanted.isdecimal() or not wanted.isascii():
            raise _NoneSuch(f"'{text}': {wanted!r} is not a number")
        if len(wanted) > 9 or int(wanted) > HIGHEST[what]:
            raise _NoneSuch(f"'{text}': no {what} is above {HIGHEST[what]}")
    if what in TIMES:
        _seconds(one)
    if what == "view":
        _known(text, one.name, ENGINES)
        if not wanted.isdigit():
            _known(text, wanted, VIEW_OUTCOMES)
    if what == "outcome":
        _known(text, wanted, STATUS_OF)
    if what == "finding" and one.name in FORMERLY:
        raise _NoneSuch(f"'{text}': that is a cause now: cause:{FORMERLY[one.name]}")
    if what == "cause" and one.name in REPLACED:
        raise _NoneSuch(f"'{text}': no answer proves that; it is cause:{REPLACED[one.name]} now")
    if what in LEVELS and not (what == "finding" and one.name.startswith("rule-")):  # of an older revision
        _known(text, one.name, ids_of(what))
        if wanted:
            _known(text, wanted, LEVELS[what])


def _seconds(one: Expectation) -> float:
    """The time of *one*. Raises _NoneSuch."""
    try:
        return Duration().convert(one.wanted, None, None)
    except click.BadParameter as error:
        raise _NoneSuch(f"'{one.text}': {error.message}") from None


def _known(text: str, word: str, words: Iterable[str]) -> None:
    if word in (known := list(words)):
        return
    near = ", ".join(nearest(word, known))
    hint = f"; similar: {near}" if near else ""
    raise _NoneSuch(f"'{text}': there is no {word!r}{hint}")


def is_met(one: Expectation, report: Report) -> bool:
    """Whether *report* meets *one*."""
    return _holds(one, _found(one, report, NOTHING), report.exchange.plan.limits.max_time)


def _found(one: Expectation, report: Report, known: Known) -> list[str]:
    if one.what in TIMES:
        at = getattr(timing(report.reading), TIMES[one.what])
        return [] if at is None else [f"{at / 1000:.6f}"]
    found = FOUND[one.what](report, one.name)
    if one.what in ("cause", "weakness") and one.name in known:
        found.append(known[one.name])
    return found


CONCLUDED = "concluded"
"""The certainty of a cause that a trace concluded from several answers."""


LONGEST_SEARCH = 30.0
"""Seconds for a regular expression, where the exchange itself may take longer."""


def _searched(pattern: str, texts: Sequence[str], seconds: float) -> bool:
    """Whether *pattern* is found in one of *texts*; False if that takes longer than *seconds*."""
    search = Search(re.compile(pattern), min(seconds, LONGEST_SEARCH))
    found = any(map(search.found, texts))
    if search.gave_up:
        note(f"--expect: {search.slow}")
    return found


def _holds(one: Expectation, found: Sequence[str], seconds: float = LONGEST_SEARCH) -> bool:
    if one.operator == "!=":
        return not any(_equal(one, each) for each in found)
    if one.operator == "~":
        return _searched(one.wanted, found, seconds)
    if one.operator == "<":
        return any(float(each) < _seconds(one) for each in found)
    return any(_equal(one, each) for each in found)


def _equal(one: Expectation, found: str) -> bool:
    """Whether *found* is what *one* wants: a minimum for cert-days and for a certainty, a class for 4xx."""
    if not one.wanted and one.what in ABSENT and one.operator != "=":
        return True
    if one.what == "cert-days":
        return int(found) >= int(one.wanted)
    if one.what == "status" and one.wanted.endswith("xx"):
        return len(found) == 3 and found[0] == one.wanted[0]
    if one.what == "cause":
        strong = CERTAINTIES[: CERTAINTIES.index(one.wanted) + 1] if one.wanted else CERTAINTIES
        return found in strong
    return found == one.wanted


OF_SESSION = ("message", "close", "close-reason")
"""Conditions that the open session decides."""


def awaited(expectations: Iterable[Expectation]) -> AwaitedMessages | None:
    """What to keep a session open for; None if nothing that may come in it decides an expectation. One that
    something is absent is decided at the end, and waits for nothing."""
    pending = [each for each in expectations if each.what in OF_SESSION and each.operator != "!="]
    return AwaitedMessages(pending) if pending else None


class AwaitedMessages:
    """The expectations about a session that are not met yet. The server's Close ends the session, and so
    decides all."""

    def __init__(self, pending: Sequence[Expectation]) -> None:
        self._pending = pending
        patterns = {each.wanted for each in pending if each.what == "message" and each.operator == "~"}
        self._searches = {each: Search(re.compile(each)) for each in patterns}

    def heard(self, data: bytes) -> bool:
        """Take the content of one message; return whether all are met now."""
        text = data.decode("utf-8", "replace")
        self._pending = [each for each in self._pending if each.what != "message" or not self._met(each, text)]
        return not self._pending

    def _met(self, one: Expectation, text: str) -> bool:
        search = self._searches.get(one.wanted) if one.operator == "~" else None
        return _holds(one, [text]) if search is None else search.found(text)


MOST, LONGEST = 3, 200
"""Values that a complaint quotes, and characters of each."""


def unmet(expectations: Sequence[Expectation], report: Report, known: Known = NOTHING) -> list[str]:
    """A sentence for each expectation that *report* does not meet. *known*: see ``Known``."""
    failed = []
    for each in expectations:
        found = _found(each, report, known)
        if not _holds(each, found, report.exchange.plan.limits.max_time):
            failed.append(f"{report.title}: expected {each.text}, found {_quoted(found)}")
    return failed


def _quoted(found: Sequence[str]) -> str:
    shown = [each if len(each) <= LONGEST else f"{each[:LONGEST]}..." for each in found[:MOST]]
    more = [f"{len(found) - MOST} more"] if len(found) > MOST else []
    return ", ".join([*shown, *more]) or "nothing"


def held(
    expectations: Sequence[Expectation], report: Report, *, redact: bool, known: Known = NOTHING
) -> tuple[Report, list[str]]:
    """*report* with the exit status that *expectations* give it, and a sentence for each unmet one; with
    *redact*, one sentence for all, which quotes nothing. *known*: see ``Known``."""
    if not expectations:
        return report, []
    failed = unmet(expectations, report, known)
    held_to = replace(report, exit_status=int(Exit.UNEXPECTED if failed else Exit.OPEN))
    return held_to, ["an --expect is not met"] * len(failed) if redact else failed


def _some(value: int | None) -> list[str]:
    return [] if value is None else [str(value)]


def _header(report: Report, name: str) -> list[str]:
    return [value.decode("latin-1") for value in report.reading.values(name)]


def _close(report: Report) -> SessionClose | None:
    close = close_of(report.reading)
    return close if close is not None and close.by == "server" else None


def _close_code(report: Report, _: str) -> list[str]:
    close = _close(report)
    return [] if close is None else ["1005" if close.code is None else str(close.code)]


def _body(report: Report) -> list[str]:
    final = report.reading.final
    return [] if final is None or final.body is None else [final.body.content.decode("utf-8", "replace")]


def _messages(report: Report) -> list[str]:
    """What the server sent in a session, a binary message too."""
    received, _ = messages_of(report.reading)
    return [each.data.decode("utf-8", "replace") for each in received]


def _view(report: Report, name: str) -> list[str]:
    """The close code that script in this browser gets, and the view's outcome."""
    found = []
    for view in report.views:
        if view.browser == name:
            found += [str(event.code) for event in view.events if event.type == "close"]
            found.append(view.outcome)
    return found


FOUND: dict[str, Callable[[Report, str], list[str]]] = {
    "status": lambda report, _: _some(report.reading.status),
    "outcome": lambda report, _: [report.outcome],
    "close": _close_code,
    "close-reason": lambda report, _: [close.reason] if (close := _close(report)) else [],
    "protocol": lambda report, _: _header(report, "sec-websocket-protocol"),
    "header": _header,
    "body": lambda report, _: _body(report),
    "message": lambda report, _: _messages(report),
    "cert-days": lambda report, _: _some(certificate_days(report.exchange)),
    "view": _view,
    "weakness": lambda report, _: [],
    "cause": lambda report, name: [each.certainty for each in report.causes if name in ("", each.id)],
    "finding": lambda report, name: [f.level for f in report.verdict.findings if name in ("", f.id)],
}
