"""What each specification revision asked of a client: a table in a pipe, a timeline on a terminal."""

from __future__ import annotations

from wsprobe.report import Report
from wsprobe.show.piece import Line, Look, Piece, line

STYLES = {"established": "good", "fail": "fail", "not known": "dim", "ambiguous": "warn"}


def verdicts(report: Report, look: Look) -> list[Line]:
    """One line a revision: date, name, answer, and the rule that decided."""
    from wsprobe import history

    rows: list[Line] = []
    names = max((len(v.spec) for v in report.verdicts), default=0)
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
                *_decided(report, verdict.spec, look),
            )
        )
        before = verdict.answer
    return rows


def _decided(report: Report, spec: str, look: Look) -> list[str | Piece]:
    verdict = next(v for v in report.verdicts if v.spec == spec)
    if not verdict.findings:
        return []
    first = verdict.findings[0]
    more = f" (and {len(verdict.findings) - 1} more)" if len(verdict.findings) > 1 else ""
    return [look.text(first.text.encode()), Piece(f"  {first.spec}{more}", "dim")]
