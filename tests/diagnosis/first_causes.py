"""What a person reads first of each recorded answer: ``python -m tests.diagnosis.first_causes`` writes it anew.

first_causes.txt has, of each answer in servers.jsonl, the first cause with its certainty, program, text and
fix. A change of the diagnosis is read there as a difference."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.diagnosis.recorded import Recorded, reading_of, recorded
from wsprobe.diagnosis import causes

FILE = Path(__file__).parent / "first_causes.txt"


def lines() -> Iterator[str]:
    """The lines of the file, three an answer that has a cause."""
    for each in recorded():
        yield from _lines(each)


def _lines(of: Recorded) -> Iterator[str]:
    asked = "".join(f" {name}={value}" for name, value in of.asked.items())
    status = of.answer.partition(b"\r\n")[0][:60].decode("latin-1").encode("ascii", "backslashreplace").decode()
    yield f"{of}{asked} [{status}, {of.ended}{', late' if of.late else ''}]"
    found = causes(reading_of(of.answer, of.ended, of.asked, of.late))
    if not found:
        yield "    nothing"
        return
    first = found[0]
    program = f", {first.program}" if first.program else ""
    yield f"    {first.id} ({first.certainty}{program}): {first.text}"
    yield f"    -> {first.fix}"


def text() -> str:
    return "".join(f"{line}\n" for line in lines())


if __name__ == "__main__":
    FILE.write_text(text(), "ascii")
