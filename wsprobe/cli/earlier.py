"""A report of an earlier run, as a line of ``--json`` has it: the members that name its URL and its result."""

from __future__ import annotations

from msgspec import Struct


class EarlierAnswer(Struct):
    status: int | None = None


class EarlierHop(Struct):
    url: str


class EarlierFinding(Struct):
    id: str
    level: str = ""


class EarlierReport(Struct):
    """Members that these fields leave out are skipped."""

    url: str
    outcome: str
    name: str | None = None
    response: EarlierAnswer | None = None
    hops: tuple[EarlierHop, ...] = ()
    findings: tuple[EarlierFinding, ...] = ()

    @property
    def given(self) -> str:
        """The URL as written in the list."""
        return self.name or (self.hops[0].url if self.hops else self.url)

    @property
    def faults(self) -> tuple[str, ...]:
        """The ids of the findings without notes, each once."""
        return tuple(dict.fromkeys(each.id for each in self.findings if each.level != "note"))
