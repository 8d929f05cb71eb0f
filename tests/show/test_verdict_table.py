"""What each revision asked of a client, as lines and as JSON."""

from __future__ import annotations

from msgspec import to_builtins

from tests.exchanges import exchange
from wsprobe.exchange import Plan, Target
from wsprobe.history import read_as
from wsprobe.history.data import select
from wsprobe.judge import judge
from wsprobe.read import read
from wsprobe.report.report import Report
from wsprobe.show.as_json import report_value
from wsprobe.show.compare import verdicts
from wsprobe.show.lines import Look, plain

REQUEST = b"GET / HTTP/1.1\r\nHost: a.example\r\nSec-WebSocket-Version: 13\r\n\r\n"
REPLY = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"


def report(specs):
    plan = Plan(Target("ws://a.example/", False, "a.example", 80, "/"), REQUEST)
    reading = read(exchange(plan, REPLY, how="local"))
    found = tuple(read_as(reading, revision) for revision in select(specs))
    return Report(reading, judge(reading), "refused", 12, verdicts=found)


def test_one_line_a_revision_and_each_contradiction_once():
    lines = plain(verdicts(report("hybi-06,hybi-07,r1.210,rfc6455,whatwg"), Look())).splitlines()
    contradiction, head, *lines = lines
    assert head.split()[:3] == ["date", "revision", "answer"]
    assert [line.split()[:3] for line in lines] == [
        ["2011-02-25", "hybi-06", "not"],
        ["2011-04-22", "hybi-07", "http"],
        ["2011-05-24", "r1.210", "fail"],
        ["2011-12", "rfc6455", "http"],
        ["2025-07-14", "whatwg", "fail"],
    ]
    assert "error, close 1006" in lines[4]
    assert "section 5.1 check 1" in lines[1]
    assert [line.index("section") >= head.index("why") for line in (lines[1], lines[3])] == [True, True]
    assert "RFC 6455 section 4.1, check 1" in contradiction
    assert "W3C Candidate Recommendation" in contradiction


def test_json():
    (hybi, api) = to_builtins(report_value(report("hybi-07,r1.271")))["verdicts"]
    assert (hybi["answer"], hybi["told"]) == ("http", None)
    assert list(api["told"]["events"]) == ["error", "close"]
    assert api["told"]["code"] == 1006
    assert "did not complete" in api["told"]["situation"]
    assert api["findings"][0]["id"] == "rule-status"
