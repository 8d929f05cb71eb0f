"""The files of facts: a version each, the newest is the one that an engine uses."""

import tomllib
from collections import ChainMap
from importlib import import_module
from itertools import pairwise

import msgspec
import pytest

from tests.browsers.driver import store
from wsprobe import browsers as files
from wsprobe.browsers import ENGINES, LIKE, NODES, VERSIONED, newer, table, title, versions
from wsprobe.browsers.engine import Page
from wsprobe.browsers.runtime.heads import Field
from wsprobe.browsers.runtime.llhttp import Llhttp, Llhttp8
from wsprobe.cli.main import run
from wsprobe.data_file import text_beside
from wsprobe.lab import find, load
from wsprobe.lab.play import rehearse


@pytest.mark.parametrize("name", VERSIONED)
def test_the_versions_are_in_order_and_the_newest_is_the_one_that_is_used(name):
    known = versions(name)
    assert all(newer(after, before) for before, after in pairwise(known))
    assert ENGINES[name].version == known[-1]


def by_path(table, *path):
    """The values in *table* and the tables in it, by their keys."""
    tables = [by_path(value, *path, key) for key, value in table.items() if isinstance(value, dict)]
    own = {(*path, key): value for key, value in table.items() if not isinstance(value, dict)}
    return dict(ChainMap(own, *tables))


FACTS = {name: tomllib.loads(text_beside(files.__file__, "facts", f"{name}.toml")) for name in store.names()}


@pytest.mark.parametrize("name", [name for name, facts in FACTS.items() if LIKE in facts])
def test_a_version_like_another_is_a_file_of_what_differs(name):
    engine, _, version = name.partition("@")
    own = by_path(FACTS[name])
    other = by_path(table(engine, own.pop((LIKE,))))
    assert by_path(table(engine, version)) == other | own
    assert [key for key, value in own.items() if other.get(key) == value] == []


@pytest.mark.parametrize("name", VERSIONED)
def test_a_misspelt_fact_is_an_error(name):
    version = versions(name)[-1]
    kind = import_module(f"wsprobe.browsers.{name}").Facts
    with pytest.raises(msgspec.ValidationError, match="filures"):
        msgspec.convert({"version": version, **table(name, version), "filures": {}}, kind)


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
