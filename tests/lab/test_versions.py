"""The lab in older wire versions: which one a request speaks, what answers it, what `connect` says of it."""

import pytest

from wsprobe.exchange import Plan
from wsprobe.judge import outcome
from wsprobe.lab import load
from wsprobe.lab.perform import request
from wsprobe.lab.play import play
from wsprobe.lab.ports import place
from wsprobe.read import read
from wsprobe.read.request import RequestReader
from wsprobe.report.outcome import STATUS_OF
from wsprobe.report.report import judged
from wsprobe.request import opening, target
from wsprobe.wire import WIRES, wire_of

ALL = load()
WANTED = [(name, wire, said) for name, scenario in ALL.items() for wire, said in scenario.wires]

DECIDED = {
    ("hixie-75-head", "hixie-76"): "rule-origin",
    ("hixie-76-head", "hixie-76"): "rule-challenge",
    ("hixie-75-another-phrase", "hixie-75"): "rule-status-line",
    ("hixie-75-fields-first", "hixie-75"): "rule-prelude",
    ("hixie-76-wrong-challenge", "hixie-76"): "rule-challenge",
    ("hixie-76-challenge-cut", "hixie-76"): "rule-challenge",
    ("hixie-76-no-location", "hixie-76"): "rule-location",
    ("hixie-76-other-location", "hixie-76"): "rule-location",
    ("hixie-76-other-origin", "hixie-76"): "rule-origin",
    ("hixie-76-upgrade-case", "hixie-76"): "rule-upgrade",
    ("hybi-04-without-nonce", "hybi-04"): "rule-nonce",
    ("hybi-08-connection-list", "hybi-08"): "rule-connection",
}
"""The rule by which each that is invalid fails."""


def asked(url, wire):
    offer = opening.Offer(key="AAECAwQFBgcICQoLDA0ODw==", origin="http://page.example", protocols=())
    return WIRES[wire].request(target.parse(url), offer, bytes(range(64)))


def played(name, wire):
    url = place(ALL[name]).address
    return read(play(ALL[name], Plan(target.parse(url), asked(url, wire), wire)))


@pytest.mark.parametrize("wire", WIRES)
def test_a_request_tells_its_version(wire):
    found = request(asked("ws://lab.example/", wire))
    assert wire_of(found) == wire


def test_hixie_76_is_waited_for_to_its_last_byte():
    data = asked("ws://lab.example/", "hixie-76") + b"\x00early\xff"
    reader = RequestReader()
    found = [reader.receive(data[n : n + 1]) for n in range(len(data) - 7)]
    assert [each is not None for each in found] == [False] * (len(data) - 8) + [True]
    last = found[-1]
    assert (last.body, last.early) == (bytes(range(8)), b"")
    at_once = request(data)
    assert at_once.early == b"\x00early\xff"


def test_wires_are_those_that_are_spoken():
    for scenario in ALL.values():
        assert {wire for wire, _ in scenario.wires} <= set(WIRES)
        assert {said for _, said in scenario.wires} <= set(STATUS_OF)
    assert {wire for _, wire, said in WANTED if said == "open"} >= set(WIRES) - {"hybi-13"}


@pytest.mark.parametrize(("name", "wire", "said"), WANTED)
def test_it_is_judged_by_the_version_spoken(name, wire, said):
    reading = played(name, wire)
    verdict = judged(reading)
    assert outcome(reading, verdict) == said
    failed = [finding.id for finding in verdict.findings if finding.level == "fail"]
    if said == "invalid":
        assert failed == [DECIDED[name, wire]]
        assert verdict.answer == "fail"
        assert verdict.findings[0].spec.startswith(f"{verdict.spec} section")
    elif said == "open":
        assert (failed, verdict.answer) == ([], "established")
