"""Findings of the judge, from its own table."""

from __future__ import annotations

from wsprobe.explain.entry import Entry

_LEVELS = {
    "fail": "fail: a MUST is broken, or there was nothing to establish",
    "warn": "warn: clients differ, or something does not do what it seems to",
    "note": "note: of interest, and no fault",
}


def topics() -> tuple[str, ...]:
    from wsprobe.judge.findings import FINDINGS

    return tuple(FINDINGS)


def find(id: str) -> Entry | None:
    from wsprobe.judge.findings import FINDINGS

    row = FINDINGS.get(id)
    if row is None:
        return None
    facts = (
        ("level", _LEVELS[row.level]),
        ("defined by", row.spec),
        ("usually", row.usual),
        ("what to do", row.advice),
    )
    contradiction = _contradiction(id)
    return Entry(id, "finding", row.title, (row.meaning,), tuple(f for f in facts if f[1]), contradiction)


def _contradiction(id: str) -> tuple[str, ...]:
    from wsprobe.history.data import touched_by

    return (touched_by()[id],) if id in touched_by() else ()
