"""Patterns that are compiled late do what patterns do."""

from __future__ import annotations

import re

import pytest

from wsprobe.pattern import pattern


def test_nothing_is_compiled_before_the_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    compile_now = re.compile

    def noted(*arguments: object) -> object:
        made.append(arguments)
        return compile_now(*arguments)  # type: ignore[call-overload]

    monkeypatch.setattr("wsprobe.pattern.re.compile", noted)
    late = pattern(rb"(a)b", re.IGNORECASE)
    assert made == []
    assert late.fullmatch(b"AB") is not None
    assert late.fullmatch(b"AC") is None
    assert made == [(rb"(a)b", re.IGNORECASE)]


@pytest.mark.parametrize("name", ["pattern", "flags", "groups"])
def test_it_is_what_it_stands_for(name: str) -> None:
    assert getattr(pattern("(x)|y", re.MULTILINE), name) == getattr(re.compile("(x)|y", re.MULTILINE), name)


def test_substituting_and_finding() -> None:
    late = pattern(r"\d+")
    assert late.sub("n", "a1b22") == "anbn"
    assert [found[0] for found in late.finditer("a1b22")] == ["1", "22"]
    assert late.split("a1b") == ["a", "b"]


def test_a_fault_in_the_pattern_is_the_librarys() -> None:
    with pytest.raises(re.error):
        pattern("(").match("x")
