"""What a person reads first of each recorded answer stands in a file, so that every change of it is seen."""

from __future__ import annotations

from tests.diagnosis.first_causes import FILE, text


def test_the_first_cause_of_each_recorded_answer() -> None:
    assert text() == FILE.read_text("ascii"), "to accept it: python -m tests.diagnosis.first_causes"
