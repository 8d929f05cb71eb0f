"""What each specification revision asked of a client: a table in a pipe, a timeline on a terminal."""

from __future__ import annotations

from wsprobe.judge.finding import Told, Verdict
from wsprobe.report import Report
from wsprobe.show.piece import Line, Look, Piece, line

STYLES = {"established": "good", "fail": "fail", "not known": "dim", "ambiguous": "warn"}


def verdicts(report: Report, look: Look) -> list[Line]:
    """One line a revision: date, name, answer, what script is told, the rule that decided; then each
    contradiction between the specifications that the answer touches, once, with both places."""
    from wsprobe import history

    rows: list[Line] = []
    names = max((len(v.spec) for v in report.verdicts), default=0)
    scripts = max((len(_script(v.told)) for v in report.verdicts), default=0)
    before = ""
    for verdict in report.verdicts:
        date = history.find(verdict.spec).date
        mark = ("\u25cf " if look.unicode else "* ") if look.terminal else ""
        same = look.terminal and verdict.answer == before
        rows.append(
            line(
                Piece(mark, "dim"),
                Piece(f"{date:<10} ", "dim"),
                f"{verdict.spec:<{names}} ",
                Piece(f"{verdict.answer:<18}", "dim" if same else STYLES.get(verdict.answer, "note")),
                f"{_script(verdict.told):<{scripts}}  ",
                *_decided(verdict, look),
            )
        )
        before = verdict.answer
    return [*rows, *_contradictions(report, look)]


def _script(told: Told | None) -> str:
    """What script is told, in the events' own names; "-" where nothing is known, said or told yet."""
    if told is None or told.events is None:
        return "-"
    code = f" {told.code}" if told.code is not None else ""
    return ", ".join(told.events) + code


def _decided(verdict: Verdict, look: Look) -> list[str | Piece]:
    for first in verdict.findings[:1]:
        if not first.id.startswith("contradiction-"):
            return [look.text(first.text.encode()), Piece(f"  {first.spec}", "dim")]
    return []


def _contradictions(report: Report, look: Look) -> list[Line]:
    found = {
        finding.id: finding
        for verdict in report.verdicts
        for finding in verdict.findings
        if finding.id.startswith("contradiction-")
    }
    return [
        line(Piece("contradiction ", "warn"), look.text(finding.text.encode())) for finding in found.values()
    ]
