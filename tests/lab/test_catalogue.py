"""The catalogue as data: well-formed, complete, and bounded."""

import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from tests.cases import every
from wsprobe import lab
from wsprobe.lab import UnknownScenario, aliases, find, load, parse
from wsprobe.lab.perform import answer, needed, request
from wsprobe.lab.ports import KINDS, LISTENERS, place
from wsprobe.lab.scenario import Scenario
from wsprobe.lab.steps import CatalogueError
from wsprobe.report.outcome import STATUS_OF

FILES = sorted((Path(lab.__file__).parent / "scenarios").glob("*.toml"))
ALL = load()

LONGEST = 180.0
MOST = 32 * 1024 * 1024


def asked(path="/"):
    return request(f"GET {path} HTTP/1.1\r\nHost: h\r\nSec-WebSocket-Key: a\r\n\r\n".encode())


def filled_in():
    """What fills in a template."""
    return dict(answer(Scenario("", "", ""), asked(), {str(name): 0 for name in LISTENERS}).values)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_cheap_index_finds_what_a_whole_parse_finds(path):
    parsed = tomllib.loads(path.read_text())
    tables = [name for name, value in parsed.items() if "summary" in value]
    if path.stem not in ("pieces", "aliases"):
        assert tables
        assert [name for name in ALL if name in tables] == tables
        assert not re.search(r"(?m)^\[\[|^\[[^\]]*\][^\n]", path.read_text())


def test_a_file_of_ones_own_is_read_as_the_catalogue_is():
    text = (Path(lab.__file__).parent / "scenarios" / "accept.toml").read_text()
    found = parse(text, "mine")
    assert "accept-wrong" in found
    assert all(ALL[name] == scenario for name, scenario in found.items())
    assert parse("# nothing\n", "mine") == {}
    with pytest.raises(CatalogueError, match=r"odd, in mine\.toml"):
        parse('about = "status"\n[odd]\nsummary = "An odd one."\nsteps = ["no such"]\n', "mine")


def test_every_summary_is_one_sentence_of_its_own():
    for name, scenario in ALL.items():
        sentence = re.fullmatch(r'[A-Z][ "-~]{18,198}[.?]', scenario.summary)
        assert sentence, f"{name}: 20 to 200 ASCII letters, a capital first, a full stop, no exclamation mark"
    assert [text for text, times in Counter(s.summary for s in ALL.values()).items() if times > 1] == []


def test_scenarios_differ_from_one_another():
    seen = {}
    for name, scenario in ALL.items():
        if scenario.about == "conformance":
            continue  # the suite repeats some of its own cases, and has some that are scenarios anyhow
        url = scenario.url.replace(name, "")
        played = (scenario.steps, scenario.http2)
        what = (*played, scenario.versions, scenario.listener, url, scenario.page)
        seen.setdefault(what, []).append(name)
    # These two differ from the first in what script looks at, which is nothing that it does.
    assert [names for names in seen.values() if len(names) > 1] == [["binarytype-bad", "attrs", "ok"]]


@every(ALL)
def test_a_scenario_is_of_a_known_kind(scenario):
    assert scenario.listener in LISTENERS
    assert scenario.about in ABOUT.split()
    assert scenario.outcome == "" or scenario.outcome in STATUS_OF
    kind = KINDS.get(scenario.listener)
    if kind is None or kind.steps is not None:
        assert scenario.steps == (), "this kind of port reads no request, so the steps would never be played"


ABOUT = """
    status headers transport frames arguments servers hostile remedy history http2 conformance
"""


@every(ALL)
def test_its_templates_can_be_filled_in(scenario):
    known = set(filled_in())
    assert needed(scenario.steps) <= known
    found = place(scenario)
    assert "{" not in found.url
    assert found.page.url.startswith(("http://", "https://"))


@every(ALL)
def test_it_ends_by_itself(scenario):
    filled = filled_in() | {"number": b"00000"}
    seconds = 0.0
    size = 0
    for step in scenario.steps:
        once = len(step.data) + sum(len(filled[name]) for name in needed([step]))
        size += once * step.repeat
        seconds += step.seconds * (once * step.repeat / step.by if step.do == "send-bytewise" else 1)
    assert seconds <= LONGEST
    assert size <= MOST


def test_each_scenario_is_found_by_its_name_alone():
    assert [name for name, scenario in ALL.items() if find(name) is not scenario] == []
    assert find(next(iter(aliases()))) is ALL[next(iter(aliases().values()))]
    for name in ("nope", "", "autobahn-0", "pieces", "ok]"):
        with pytest.raises(UnknownScenario):
            find(name)


@every(aliases().items())
def test_an_alias_is_another_name_of_a_scenario(alias_of):
    alias, name = alias_of
    assert name in ALL
    assert alias not in ALL
