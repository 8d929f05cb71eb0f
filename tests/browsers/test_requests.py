"""The bytes that we send as an engine are the bytes that the engine sends: tests/browsers/recordings."""

import pytest

from tests.browsers.driver import store
from tests.browsers.driver.engines import ENGINES
from tests.browsers.driver.situations import SITUATIONS
from tests.browsers.measure_requests import kinds, shared
from tests.browsers.views import engines
from tests.cases import every, has_each_kind, named
from wsprobe.browsers import BROWSERS

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
VALUES = {"ip": "127.0.10.1", "page": "127.0.100.1:8000", "plain": "8000", "tls": "8001", "v6": "8002"}
RECORDED = {name: store.load(name, "requests")[1] for name in engines()}


@pytest.mark.parametrize("name", RECORDED)
@every(named(SITUATIONS, lambda situation: situation.name))
def test_the_request_is_the_engine_s_own(situation, name):
    engine = engines()[name]
    url, page = situation.made(VALUES)
    made = engine.construct(url, page)
    sent = engine.request(made, page, KEY).decode("latin-1") if made.target is not None else ""
    assert _lines(sent) == _lines(_filled(RECORDED[name][situation.name]["request"]))


@pytest.mark.parametrize("name", RECORDED)
def test_each_situation_is_as_it_was_measured(name):
    """python -m tests.browsers.measure_requests --engine NAME measures them."""
    assert {key: one["of"] for key, one in RECORDED[name].items()} == {
        situation.name: store.digest(situation) for situation in SITUATIONS
    }


def test_what_ci_measures_leaves_out_no_situation_in_every_browser_nor_any_kind():
    shares = {name: shared(name, store.load(name, "requests")[1], whole=False) for name in ENGINES}
    for share in shares.values():
        has_each_kind(share, SITUATIONS, kinds, 0.7)
    assert {each for name in BROWSERS for each in shares[name]} == set(SITUATIONS)


def test_what_ci_measures_has_each_situation_that_is_not_as_it_was():
    known = RECORDED["bun@1.4"]
    left = next(each for each in SITUATIONS if each not in shared("bun@1.4", known, whole=False))
    changed = known | {left.name: known[left.name] | {"of": "00000000"}}
    assert left in shared("bun@1.4", changed, whole=False)


@pytest.mark.parametrize("name", RECORDED)
def test_the_recordings_are_of_the_engine_s_version(name):
    version, _ = store.load(name, "requests")
    assert version.startswith(engines()[name].version)


def _filled(text):
    # Measured without a screen; the browser that somebody uses calls itself by its plain name.
    text = text.replace("HeadlessChrome/", "Chrome/")
    for name, value in {**VALUES, "key": KEY}.items():
        text = text.replace("{" + name + "}", value)
    return text


def _lines(text):
    """Line ends and all, so that a difference is shown by the line."""
    return text.splitlines(keepends=True)
