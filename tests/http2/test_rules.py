"""Where each rule of HTTP/2 begins and ends: the last bytes that pass, and the first that do not.

``python -m tests.http2.test_rules`` writes anew what is found in the cases of rules.txt."""

from __future__ import annotations

from pathlib import Path

from tests.cases import every
from tests.http2.lines import STREAM
from tests.http2.words import ON, answer, pieces, recording
from tests.pieces import cases, rewrite
from wsprobe.exchange import Received
from wsprobe.judge import judge
from wsprobe.judge.http2_answer import answer as rule_of_answers
from wsprobe.read import read
from wsprobe.wire.http2 import rst_stream, settings

FILE = Path(__file__).parent / "rules.txt"
RESTATED = ("h2-refuses", "http2-status-not-200")
"""These two say again what others say, and are left out."""


def told(of):
    """What is found: its id, the bytes that it points at by the number of their piece, and what it says."""
    starts, at = [], 0
    for event in of.events:
        if isinstance(event, Received):
            starts.append(at)
            at += len(event.data)
    said = []
    for finding in judge(read(of)).findings:
        if finding.id in RESTATED:
            continue
        place = ""
        if finding.span is not None:
            start, end = finding.span
            number = max((n for n, first in enumerate(starts) if first <= start), default=0)
            place = f" {number}+{start - starts[number]}:{end - start}" if starts else f" {start}:{end - start}"
        said.append(f"{finding.id.removeprefix('http2-')}{place} {finding.text}")
    return said


def means(written, how):
    return told(recording(pieces(written), how))


@every(cases(FILE))
def test_what_is_found(of):
    given, expected = of
    assert means(*given) == expected


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
    passing = {301, 302, 303, 307, 308, 401, 403, 407, 410, 429, 503}
    for status in range(300, 600):
        found = list(rule_of_answers(read(recording((ON, answer(b"%d" % status, end_stream=True)), "local"))))
        unserved = "http2-announced-unserved" in {finding.id for finding in found}
        assert unserved == (status not in passing), status


if __name__ == "__main__":
    rewrite(FILE, means)
