"""The lab's answers, read by the revisions that should agree on them."""

from functools import cache

from tests.cases import every
from tests.exchanges import plan_for
from wsprobe.history import read_as_each
from wsprobe.judge import judge
from wsprobe.lab import load
from wsprobe.lab.play import play
from wsprobe.read import read

ALL = {name: scenario for name, scenario in load().items() if scenario.about in ("status", "headers")}

KEY = "AAECAwQFBgcICQoLDA0ODw=="

DIFFER = {
    # what 17 has otherwise than the RFC: it is known to fail on bytes that are not UTF-8, and knows no deflate
    "rule-utf-8",
}


@cache
def reading(name):
    return read(play(ALL[name], plan_for(ALL[name], KEY)))


@every(ALL.keys())
def test_17_answers_as_the_rfc_or_is_not_known(name):
    draft, rfc = read_as_each(reading(name), ("hybi-17", "rfc6455"))
    assert rfc.answer == judge(reading(name)).answer
    if draft.answer != "not known" and not any(f.id in DIFFER for f in draft.findings):
        deflate = any(f.id.startswith("deflate-") for f in rfc.findings)
        assert draft.answer == rfc.answer or (deflate and draft.answer == "established")


@every(ALL.keys())
def test_a_browser_fails_what_the_rfc_hands_to_http(name):
    rfc, api, whatwg = read_as_each(reading(name), ("rfc6455", "w3c-cr-2012", "whatwg"))
    if rfc.answer in ("http", "may-redirect", "may-retry-version", "retry-auth"):
        assert api.answer == "fail"
        assert whatwg.answer in ("fail", "retry-auth", "retry-proxy-auth")
        assert whatwg.told is None or whatwg.told.code == 1006
    if rfc.answer == "fail" and not reading(name).looks_like:
        assert api.answer == "fail"
