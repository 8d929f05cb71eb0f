"""Where each rule of HTTP/2 begins and ends: the last bytes that pass, and the first that do not.

``python -m tests.http2.test_rules`` writes anew what is found in the cases of rules.txt."""

from pathlib import Path

from tests.cases import every, same
from tests.http2.lines import STREAM
from tests.http2.words import ON, answer, pieces, recording
from tests.pieces import cases, rewrite
from wsprobe.exchange import Received
from wsprobe.judge import judge, outcome
from wsprobe.judge.http2 import answer as rule_of_answers
from wsprobe.read import read
from wsprobe.wire.http2 import rst_stream, settings

FILE = Path(__file__).parent / "rules.txt"
RESTATED = ("h2-refuses", "http2-status-not-200")
"""These two say again what others say, and are left out."""


def told(of, *outcome_too):
    """What is found: its id, the bytes that it points at by the number of their piece, and what it says."""
    starts, at = [], 0
    for event in of.events:
        if isinstance(event, Received):
            starts.append(at)
            at += len(event.data)
    reading = read(of)
    verdict = judge(reading)
    above_notes = [finding.id.removeprefix("http2-") for finding in verdict.findings if finding.level != "note"]
    words = (outcome(reading, verdict), verdict.answer, verdict.spec, "above notes:", *above_notes)
    said = [" ".join(words)] * len(outcome_too)
    for finding in verdict.findings:
        are_words(finding)
        if finding.id in RESTATED:
            continue
        place = ""
        if finding.span is not None:
            start, end = finding.span
            number = max((n for n, first in enumerate(starts) if first <= start), default=0)
            place = f" {number}+{start - starts[number]}:{end - start}" if starts else f" {start}:{end - start}"
        said.append(f"{finding.id.removeprefix('http2-')}{place} {finding.text}")
    return said


def are_words(finding):
    """Assert that what *finding* says can be printed and names its source."""
    for words in (finding.text, finding.usual, finding.spec, finding.expected, finding.received):
        assert words is None or (words.isascii() and words.isprintable())
    assert "RFC" in finding.spec


def found_in_cases():
    read_cases = (read(recording(pieces(written), how)) for (written, how, *_), _ in cases(FILE).values())
    return {finding.id for reading in read_cases for finding in judge(reading).findings}


def means(written, how, *outcome_too):
    return told(recording(pieces(written), how), *outcome_too)


ALL = cases(FILE)


@every({title: case for title, case in ALL.items() if "outcome" not in case[0]})
def test_what_is_found(of):
    given, expected = of
    same(means(*given), expected)


@every({title: case for title, case in ALL.items() if "outcome" in case[0]})
def test_what_is_found_and_the_outcome(of):
    given, expected = of
    same(means(*given), expected)


RESETS = {code: "reset" for code in range(15)} | {7: "refused-stream", 13: "http11-required"}
"""Error codes, and which finding names them."""
NOT_SERVED = (1, 2, 10, 13)
"""Codes by which a server says that it cannot do what it has announced."""


@every(tuple(RESETS))
def test_which_code_of_a_reset_means_what(code):
    found = [said.split()[0] for said in told(recording((ON, rst_stream(STREAM, code)), "local"))]
    assert found == [RESETS[code], *["announced-unserved"] * (code in NOT_SERVED)]
    found = [said.split()[0] for said in told(recording((settings([]), rst_stream(STREAM, code)), "local"))]
    assert found == ["connect-not-announced", RESETS[code]]


def test_which_statuses_are_no_sign_of_a_proxy():
    passing = {301, 302, 303, 307, 308, 401, 403, 407, 410, 429, 500, 503}
    for status in range(300, 600):
        found = list(rule_of_answers(read(recording((ON, answer(b"%d" % status, end_stream=True)), "local"))))
        unserved = "http2-announced-unserved" in {finding.id for finding in found}
        assert unserved == (status not in passing), status


if __name__ == "__main__":
    rewrite(FILE, means)
