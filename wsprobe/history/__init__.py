"""The specifications' revisions: as data, and as readers of a recorded answer.

Everything is loaded when it is first asked for: importing this package costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsprobe.history.names import UnknownRevision, select

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wsprobe.history.revision import Revision
    from wsprobe.judge.finding import Verdict
    from wsprobe.read.reading import Reading

__all__ = ["UnknownRevision", "find", "judged", "read_as", "read_as_each", "select"]


def find(name: str) -> Revision:
    """The revision called *name*. Raises UnknownRevision, which suggests the nearest names."""
    found = select(name)
    if len(found) != 1:
        raise UnknownRevision(f"{name!r} names {len(found)} revisions, not one")
    return found[0]


def judged(reading: Reading) -> Verdict:
    """The verdict of the version that was spoken: RFC 6455, or that of the draft that ``Plan.wire`` is."""
    if reading.exchange.plan.wire == "hybi-13":
        from wsprobe.judge import judge

        return judge(reading)
    from wsprobe.history.spoken import judged as judged_by_draft

    return judged_by_draft(reading)


def read_as(reading: Reading, revision: str | Revision) -> Verdict:
    """What *revision* asked of a client that got this answer: see ``wsprobe.history.reading.read_as``."""
    from wsprobe.history.reading import read_as as read

    return read(reading, revision)


def read_as_each(reading: Reading, wanted: Iterable[str | Revision]) -> tuple[Verdict, ...]:
    """``read_as`` for several revisions, in their order, in one pass."""
    from wsprobe.history.reading import read_as_each as read

    return read(reading, wanted)
