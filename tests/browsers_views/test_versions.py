"""The files of facts: a version each, the newest is the one that an engine uses."""

from pathlib import Path

import msgspec
import pytest

from wsprobe import browsers as files
from wsprobe.browsers import ENGINES, NODES, VERSIONED, bun, title, versions
from wsprobe.browsers.chromium import Chromium
from wsprobe.browsers.chromium.request import Facts
from wsprobe.browsers.engine import Page
from wsprobe.browsers.runtime.heads import Field
from wsprobe.browsers.runtime.llhttp import Llhttp, Llhttp8
from wsprobe.cli.main import run
from wsprobe.lab import find, load
from wsprobe.lab.play import rehearse


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["x@156.toml"], ("156",)),
        (["x@157.toml", "x@156.toml", "xy@158.toml", "README"], ("156", "157")),
        (["x@100.toml", "x@99.toml"], ("99", "100")),
        (["x@2.54.toml", "x@2.6.toml"], ("2.6", "2.54")),
        (["x@2.54.toml", "x@3.toml"], ("2.54", "3")),
        ([], ()),
    ],
)
def test_versions_are_in_the_order_of_their_numbers(names, found, tmp_path, monkeypatch):
    for name in names:
        (tmp_path / name).touch()
    monkeypatch.setattr(files, "FOLDER", f"{tmp_path}/")
    assert files.versions("x") == found


@pytest.mark.parametrize("name", VERSIONED)
def test_the_newest_version_is_the_one_that_is_used(name):
    assert ENGINES[name].version == versions(name)[-1]


def test_an_older_version_is_a_file_of_what_differs(tmp_path, monkeypatch):
    for file in Path(files.FOLDER).iterdir():
        (tmp_path / file.name).symlink_to(file)
    monkeypatch.setattr(files, "FOLDER", f"{tmp_path}/")
    text = 'like = "156"\nread_size = 999\n[failures]\nstatus = "Odd response code: {status}"\n'
    (tmp_path / "chromium@42.toml").write_text(text)
    older, newer = (files.facts("chromium", version, Facts) for version in ("42", "156"))
    assert (older.version, older.read_size) == ("42", 999)
    assert older.failures == {**newer.failures, "status": "Odd response code: {status}"}
    assert (older.request, older.console) == (newer.request, newer.console)
    assert versions("chromium")[0] == "42"
    scenario = find("status-403")
    lines = [rehearse(Chromium(each), scenario, load()).console[0] for each in (older, newer)]
    assert ["Odd" in line for line in lines] == [True, False]


def test_a_misspelt_fact_is_an_error(tmp_path, monkeypatch):
    (tmp_path / "bun@1.toml").write_text(Path(files.FOLDER, "bun@1.4.toml").read_text() + "\n[filures]\n")
    monkeypatch.setattr(files, "FOLDER", f"{tmp_path}/")
    with pytest.raises(msgspec.ValidationError, match="filures"):
        files.facts("bun", "1", bun.Facts)


@pytest.mark.parametrize("name", ["chromium@1", "netscape@4", "whatwg@2012", "undici@7", "chromium@", "node18"])
def test_a_version_without_facts_is_no_engine(name):
    with pytest.raises(KeyError):
        ENGINES[name]


@pytest.mark.parametrize(("node", "version"), NODES.items())
def test_a_node_is_the_undici_that_is_built_into_it(node, version):
    engine, undici = ENGINES[node], ENGINES[f"undici@{version}"]
    assert (engine.name, engine.version) == ("undici", version)
    url, page = "ws://127.0.0.1:9000/x", Page()
    asked = [each.request(each.construct(url, page), page, "key") for each in (engine, undici)]
    assert asked[0] == asked[1].replace(b"user-agent: undici", b"user-agent: node")
    assert node.removeprefix("node") in title("undici", version)


def test_an_exception_that_ends_the_process_is_shown_where_there_is_no_event(capsys):
    view = rehearse(ENGINES["node25"], find("proto-unasked"), load())
    assert (view.events, view.ready_state) == ((), 0)
    assert "TypeError: Cannot read properties of null" in view.beyond[0]
    run(["compare", "--browser", "node25", "lab:proto-unasked"])
    assert view.beyond[0] in capsys.readouterr().out


class Unread(list[Field]):
    """Fields that a parser does not look at."""

    def __iter__(self):
        raise AssertionError("a field of a head looks at all fields before it")


@pytest.mark.parametrize("parser", [Llhttp, Llhttp8])
def test_a_head_of_many_fields_is_read_in_linear_time(parser):
    of = parser(b"HTTP/1.1 403 x\r\nA: b\r\nC: d\r\n\r\n", counts_reason=True)
    at = of.status_line(of.start(0))[1]
    for name, value in ((b"a", b"b"), (b"c", b"d")):
        *found, at = of.field(at, Unread([(b"x", b"y")]))
        assert found == [name, value]
