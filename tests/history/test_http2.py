"""An answer over HTTP/2, held against the revisions."""

from pathlib import Path

import pytest

from tests.http2.lines import lines, planned, recorded
from wsprobe.exchange import Ended, Exchange, Received, Sent
from wsprobe.history import data, read_as, read_as_each, select
from wsprobe.read import read
from wsprobe.read.http2_values import PREFACE

MEASURED = {
    line["scenario"]: line
    for line in lines(Path(__file__).parent.parent / "browsers_views" / "measured" / "http2.jsonl")
}


@pytest.mark.parametrize("name", data.contradictions()["contradiction-http2-status"].revisions)
def test_the_contradiction_is_named_and_a_200_is_no_violation(name):
    verdict = read_as(read(recorded(MEASURED["on"])), name)
    if data.revisions()[name].kind == "api":
        assert verdict.answer == "ambiguous"
        assert verdict.findings[0].id == "contradiction-http2-status"
    else:
        assert verdict.answer == ("established" if name == "rfc8441" else "not known")


@pytest.mark.parametrize("name", ["rfc6455", "hybi-07", "hixie-75", "r1.210", "rfc7692"])
def test_what_is_older_says_nothing_of_it(name):
    verdict = read_as(read(recorded(MEASURED["on"])), name)
    assert verdict.answer == "not known"
    assert "HTTP/2" in verdict.findings[0].text


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 404 Not Found\r\n\r\n", b"HTTP/1.1 101 \r\n\r\n", b"HTTP/", b"SSH-2.0-a\r\n"]
)
def test_a_server_without_http2_is_read_by_every_revision(answer):
    events = (Sent(1, PREFACE), Received(2, answer), Ended(3, "fin"))
    verdicts = read_as_each(read(Exchange(planned(), events)), ("rfc8441", *select("all")))
    answers = {verdict.spec: verdict.answer for verdict in verdicts}
    assert (answers["rfc8441"], answers["rfc6455"]) == ("fail", "not known")
