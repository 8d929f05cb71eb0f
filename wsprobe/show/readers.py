"""The readers of a recording: which of them got which answer, what they sent, what looks the same to their
scripts, and where HTTP/1.1 and HTTP/2 lead to other results."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET, Struct

from wsprobe.browsers import ALL, BY_NAME, short_title
from wsprobe.browsers.engine import Page, ScriptView
from wsprobe.browsers.page import opened_by
from wsprobe.browsers.tell import SITUATIONS, alike
from wsprobe.report.outcome import OPENED
from wsprobe.report.report import Report, report_of
from wsprobe.report.result import EngineAnswer, engine_answer
from wsprobe.show.http2 import protocol
from wsprobe.show.lines import Line, Look, Piece, grouped, line
from wsprobe.show.views import title


class SharedAnswer(Struct, frozen=True):
    """One answer, and its readers: the indexes of *views* in the report; *ours* if wsprobe got it too."""

    answer: EngineAnswer | Report
    """The answer as its first reader received it; wsprobe's own is the whole report."""
    views: tuple[int, ...]
    ours: bool

    @property
    def report(self) -> Report:
        """The whole report of the answer; an engine's answer is read again for it."""
        return self.answer if isinstance(self.answer, Report) else report_of(self.answer)


def that_count(views: Sequence[ScriptView]) -> list[int]:
    """Indexes of the views of clients that a page can run in; of all if the usual set was not requested."""
    everyone = range(len(views))
    if not set(ALL) <= {view.browser for view in views}:
        return list(everyone)
    return [i for i in everyone if BY_NAME[views[i].browser].kind != "specification"]


def answers_of(report: Report) -> list[SharedAnswer]:
    """Each different answer once, those of a page's browsers first; wsprobe's own is last if no browser
    received the same one. Engines without a request have no answer here."""
    if not report.answers:
        return [SharedAnswer(report, tuple(range(len(report.views))), ours=True)]
    sent = ((number, answer) for number, answer in enumerate(report.answers) if answer is not None)
    groups = grouped((answer.likeness, number) for number, answer in sent)
    own = _own(report).likeness
    found = []
    for key, numbers in groups.items():
        first = report.answers[numbers[0]]
        assert first is not None
        found.append(SharedAnswer(first, tuple(numbers), key == own))
    if own not in groups:
        found.append(SharedAnswer(report, (), ours=True))
    return found


def _own(report: Report) -> EngineAnswer:
    """wsprobe's own answer, in the form of an engine's answer."""
    return engine_answer(report.reading, report.verdict, report.outcome)


def names_of(report: Report, of: SharedAnswer) -> list[str]:
    """The readers of a shared answer: engines by their short titles, then wsprobe itself."""
    return [*(short_title(report.views[i], report.views) for i in of.views), *(["wsprobe"] if of.ours else [])]


def page_of(report: Report, look: Look) -> list[Line]:
    """The URL of the page, and the Origin sent for it."""
    if report.page is None:
        return []
    given = ""
    if of_recorded_origin(report):
        given = " (the Origin of the request)"
    elif report.exchange.client is UNSET and report.page.url == opened_by(Page(url=""), report.url).url:
        given = " (the URL's own origin; --page or --origin chooses another page)"
    came = " over HTTP/2" if report.page.http == "2" else ""
    came += ", on a connection that could serve the target too" if report.page.shares else ""
    rows = [line(Piece("page ", "dim"), look.text(report.page.url.encode()), Piece(came or given, "dim"))]
    if origins := origins_sent(report):
        sent = ", ".join(look.text(o) if o is not None else "none" for o in origins)
        rows.append(line(Piece("Origin sent: ", "dim"), sent))
    return rows


def origins_sent(report: Report) -> list[bytes | None]:
    """Each different Origin of the requests; None for a request without one."""
    asked = [each.asked for each in report.answers if each is not None]
    if not report.answers:
        asked = [report.reading.request.head]
    return list(dict.fromkeys(each.joined(b"origin") for each in asked if each.fields))


def of_recorded_origin(report: Report) -> bool:
    """Whether the views are of a recorded answer, for the page whose Origin the request has. Not of a relay's:
    the page was its client."""
    if report.answers or report.exchange.client is not UNSET:
        return False
    sent = report.reading.request.head.joined(b"origin")
    return report.page is not None and sent is not None and f"{sent.decode('latin-1')}/" == report.page.url


_ASKED = {
    b"origin": "Origin",
    b"sec-websocket-extensions": "Sec-WebSocket-Extensions",
    b"sec-websocket-protocol": "Sec-WebSocket-Protocol",
    b"sec-fetch-site": "Sec-Fetch-Site",
    b"cookie": "Cookie",
    b"authorization": "Authorization",
    b"user-agent": "User-Agent",
}
"""The request fields that an answer may depend on."""


def who(report: Report, of: SharedAnswer, first: SharedAnswer, look: Look) -> Line:
    """Who received this answer, and how their requests differ from those that received the first one."""
    rows = [Piece("answer to ", "name"), Piece(", ".join(names_of(report, of)), "title")]
    if of is not first:
        mine, theirs = _requests(report, of), _requests(report, first)
        otherwise = []
        here, there = {protocol(r.over_http2) for r in mine}, {protocol(r.over_http2) for r in theirs}
        if not here & there:
            otherwise.append(f"over {next(iter(here))}")
        apart = _apart_from_ours(report, of, first, look)
        for key, name in _ASKED.items():
            mine_of, theirs_of = [r.asked.joined(key) for r in mine], [r.asked.joined(key) for r in theirs]
            if set(mine_of) & set(theirs_of) or (apart and key == b"user-agent"):
                continue  # no difference, or one between any two browsers
            value = mine_of[0]
            otherwise.append(f"without {name}" if value is None else f"with {name}: {_begun(value, look)}")
        told = [f"sent {', '.join(otherwise)}"] if otherwise else []
        if told or apart:
            rows.append(Piece(f" ({'; '.join([*told, *apart])})"))
    return tuple(rows)


def _apart_from_ours(report: Report, of: SharedAnswer, first: SharedAnswer, look: Look) -> list[str]:
    """The fields that each browser of this group sent with one value, and neither wsprobe, which is in the
    group too, nor any reader of the first answer sent."""
    if not (of.ours and of.views):
        return []
    browsers = ", ".join(short_title(report.views[i], report.views) for i in of.views)
    others = ", ".join(names_of(report, first))
    found = []
    for key, name in _ASKED.items():
        *values, own = [each.asked.joined(key) for each in _requests(report, of)]
        without = {own, *(each.asked.joined(key) for each in _requests(report, first))} == {None}
        value = values[0]
        if without and value is not None and set(values) == {value}:
            found.append(f"{browsers} sent {name}: {_begun(value, look)}; {others} did not")
    return found


def _begun(value: bytes, look: Look) -> str:
    """The beginning of a field's value."""
    return f"{look.text(value[:80])}{'...' if len(value) > 80 else ''}"


def _requests(report: Report, of: SharedAnswer) -> list[EngineAnswer]:
    asked = [answer for i in of.views if (answer := report.answers[i]) is not None]
    return [*asked, *([_own(report)] if of.ours else [])]


def looks_the_same(
    report: Report, views: Sequence[int], answer: EngineAnswer | Report | None, most: int | None = None
) -> list[Line]:
    """What looks the same to the script of these *views*, with the engines for which it does not.

    *most*: list at most this many, and count the rest."""
    outcome = "" if answer is None else answer.outcome
    found = alike([report.views[i] for i in views], outcome)
    if not found:
        return []
    titles = [(_titles(group, report), situations) for group, situations in found]
    engines = [name for names, _ in titles for name in names]
    every = list(dict.fromkeys(each for _, situations in found for each in situations))
    every.sort(key=lambda each: ORDER.get(each, len(ORDER)))
    words = []
    for each in every:
        without = [name for names, situations in titles if each not in situations for name in names]
        of = [name for name in engines if name not in without]
        if not without:
            words.append(each)
        elif len(without) <= len(of):
            words.append(f"{each} (not in {', '.join(without)})")
        else:
            words.append(f"{each} ({', '.join(of)})")
    if most is not None and len(words) > most + 1:
        words = [*words[:most], f"{len(words) - most} more"]
    listed = words[0] if len(words) == 1 else ", ".join(words[:-1]) + f"{',' * (len(words) > 2)} or {words[-1]}"
    whose = "" if sum(len(group) for group, _ in found) == len(views) else f" in {', '.join(engines)}"
    return [line(f"To a script{whose} this looks the same as {listed}.")]


ORDER = {each.words: number for number, each in enumerate(SITUATIONS)}


def _titles(views: Sequence[ScriptView], report: Report) -> list[str]:
    """The name of each engine once; with its version if *report* has several of it."""
    return list(dict.fromkeys(short_title(view, report.views) for view in views))


def protocols_differ(report: Report) -> list[Line]:
    """The first lines of a comparison: the result over HTTP/1.1, and the engines with another result over
    HTTP/2."""
    over_http1 = _opens_over_http1(report)
    if over_http1 is None:
        return []
    answers = report.answers or (None,) * len(report.views)
    by_result = grouped(
        (_result(view, answer), title(view))
        for view, answer in zip(report.views, answers, strict=True)
        if view.handshakes[-1:] == ("2",) and _opened(view) != over_http1
    )
    first = "over HTTP/1.1 it opens" if over_http1 else "over HTTP/1.1 it does not open"
    return [
        line(Piece(f"{first}; {_subject(names)} HTTP/2 and {_verb(result, names)}", "warn"))
        for result, names in by_result.items()
    ]


def _opens_over_http1(report: Report) -> bool | None:
    """Whether a request over HTTP/1.1 opened a session; None if there was none."""
    views = [view for view in report.views if view.handshakes[-1:] == ("1.1",)]
    if views:
        return any(map(_opened, views))
    return report.outcome in OPENED if report.reading.http2 is None and report.reading.responses else None


def _opened(view: ScriptView) -> bool:
    return any(event.type == "open" for event in view.events)


def _result(view: ScriptView, answer: EngineAnswer | None) -> str:
    if _opened(view):
        return "opens"
    return "refused" if answer is not None and answer.status not in (None, 200) else "fails"


def _subject(names: Sequence[str]) -> str:
    return f"{' and '.join(names)} {'uses' if len(names) == 1 else 'use'}"


def _verb(result: str, names: Sequence[str]) -> str:
    if result == "opens":
        return "it opens"
    if result == "refused":
        return "is refused" if len(names) == 1 else "are refused"
    return "fails" if len(names) == 1 else "fail"
