"""The table of findings: every id is complete, made by some rule, and produced by some case."""

import ast
import re
from pathlib import Path

import pytest

from tests.cases import every
from wsprobe import judge as package
from wsprobe.judge import FINDINGS, judge
from wsprobe.judge.catalogue import Findings

FOLDER = Path(package.__file__).parent
SPEC = re.compile(r"(RFC \d{4}|draft-\S+)( sections? [\d.]+)?")


def used():
    """Every finding that a rule names."""
    nodes = (node for path in FOLDER.glob("*.py") for node in ast.walk(ast.parse(path.read_text())))
    return {
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "F"
    }


def constant(id):
    return id.upper().replace("-", "_")


def test_each_finding_is_used_by_a_rule_and_each_that_is_used_is_in_the_catalogue():
    listed = {constant(id) for id in FINDINGS}
    assert sorted(used() - listed) == [], "not in findings.txt"
    assert sorted(listed - used()) == [], "in findings.txt, and no rule yields it"


def test_a_broken_catalogue_is_not_read():
    whole = "== way: x\n\na-b  note  RFC 1\nTitle\n  Meaning.\n  usually: this\n    and that\n  do: That."
    assert Findings(whole)["a-b"].usual == "this and that"
    for broken in (whole + whole[9:], whole.replace("a-b  note", "a-b note"), "\na-b"):
        with pytest.raises(ValueError, match=r"twice|unpack"):
            dict(Findings(broken))


@every(FINDINGS)
def test_each_row_is_complete(entry):
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", entry.id)
    assert entry.level in ("fail", "warn", "note")
    assert SPEC.match(entry.spec), "the section begins with RFC NUMBER, or with the name of a draft"
    for words in (entry.title, entry.meaning, entry.usual, entry.advice):
        assert words.isascii()
        assert words == words.strip()
        assert "!" not in words
    assert entry.title[0].isupper() or entry.title.startswith(("401", "405", "407", "426"))
    assert not entry.title.endswith(".")
    assert entry.meaning.endswith(".")
    assert entry.usual or entry.id in ("interrupted", "rest-not-judged"), "no line with usually:"
    assert not entry.usual.endswith(".")
    assert entry.advice.endswith(".")
    # Where the specification leaves it open, the words say so and name two places.
    if entry.undecided:
        assert entry.meaning.startswith("Ambiguous")
        assert not entry.fatal
    if "Ambiguous" in entry.meaning:
        assert len(re.findall(r"\d+\.\d|item|erratum", entry.spec)) >= 2


def test_each_id_is_produced_by_a_case(all_readings):
    produced = {finding.id for reading in all_readings.values() for finding in judge(reading).findings}
    # Those of HTTP/2 are produced in tests/http2.
    listed = {id for id in FINDINGS if not id.startswith(("http2-", "h2-"))}
    assert sorted(listed - produced) == [], "without a case in tests/judge/cases"
    assert sorted(produced - listed) == []


def test_all_words_are_printable(all_readings):
    for reading in all_readings.values():
        for finding in judge(reading).findings:
            for words in (finding.text, finding.usual, finding.spec, finding.expected, finding.received):
                assert words is None or (words.isascii() and words.isprintable())


def test_what_is_ambiguous_says_so(all_readings):
    for reading in all_readings.values():
        for finding in judge(reading).findings:
            if "Ambiguous" in FINDINGS[finding.id].meaning:
                assert finding.text.startswith("ambiguous: ")
