"""HTTP/1.1 and HTTP/2 compared: which engine used which, and where the results differ."""

from __future__ import annotations

from collections.abc import Sequence

from wsprobe.browsers.engine import ScriptView
from wsprobe.report.engine_answer import EngineAnswer
from wsprobe.report.outcome import OPENED
from wsprobe.report.report import Report
from wsprobe.show.lines import Line, Piece, line
from wsprobe.show.views import title


def difference(report: Report) -> list[Line]:
    """The first lines of a comparison: the result over HTTP/1.1, and the engines with another result over
    HTTP/2."""
    over_http1 = _opens_over_http1(report)
    if over_http1 is None:
        return []
    by_result: dict[str, list[str]] = {}
    answers = report.answers or (None,) * len(report.views)
    for view, answer in zip(report.views, answers, strict=True):
        if view.handshakes[-1:] == ("2",) and _opened(view) != over_http1:
            by_result.setdefault(_result(view, answer), []).append(title(view))
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
