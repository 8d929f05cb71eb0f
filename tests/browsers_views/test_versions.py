"""The files of facts: a version each, the newest is the one that an engine uses."""

from pathlib import Path

import msgspec
import pytest

from tests.browsers_views.recordings import ACCEPT, seen
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


def test_node_22_fires_no_close_after_a_refusal_and_node_24_does():
    views = {node: rehearse(ENGINES[node], find("status-403"), load()) for node in ("node22", "node24")}
    assert [(event.type, event.message) for event in views["node22"].events] == [
        ("error", "Received network error or non-101 status code.")
    ]
    assert [event.type for event in views["node24"].events] == ["error", "close"]
    assert [view.ready_state for view in views.values()] == [0, 3]


LLHTTP_8 = {
    "a space first": ("{line} X: 1\r\n{fields}\r\n", False),
    "a tab first": ("{line}\tX: 1\r\n{fields}\r\n", False),
    "spaces in a name": ("{line}{fields}X Y: 1\r\n\r\n", True),
    "a space behind a special name": ("{line}{fields}Upgrade x: 1\r\n\r\n", False),
    "no name": ("{line}{fields}: 1\r\n\r\n", True),
    "LF ends the head": ("{line}{fields}\n", True),
    "LF ends the first line": ("HTTP/1.1 101 S\n{fields}\r\n", True),
    "CR and anything end the first line": ("HTTP/1.1 101 S\rX{fields}\r\n", True),
    "CR and anything end the head": ("{line}{fields}\rX", True),
    "no reason": ("HTTP/1.1 101\r\n{fields}\r\n", True),
    "four digits": ("HTTP/1.1 0101 S\r\n{fields}\r\n", True),
    "no digit": ("HTTP/1.1  S\r\n{fields}\r\n", False),
    "too many digits": ("HTTP/1.1 1101 S\r\n{fields}\r\n", False),
    "another protocol": ("RTSP/1.1 101 S\r\n{fields}\r\n", False),
    "no space behind the version": ("HTTP/1.1\r\n{fields}\r\n", False),
    "not a status": ("HTTP/1.1 101x S\r\n{fields}\r\n", False),
    "two lengths of the body": ("{line}{fields}Transfer-Encoding: x\r\nContent-Length: 3\r\n\r\n", False),
    "a length in the next line": ("{line}{fields}Content-Length:\r\n 3\r\n\r\n", True),
    "no length": ("{line}{fields}Content-Length:\r\n\r\n", False),
    "a length that goes on": ("{line}{fields}Content-Length: 3\r\n 4\r\n\r\n", False),
    "an empty value": ("{line}{fields}X:\r\n\r\n", True),
    "LF for a value": ("{line}{fields}X: \n\r\n", False),
    "LF behind a value": ("{line}{fields}X: a\n\r\n", False),
    "CR in a value": ("{line}{fields}X: a\rb\r\n\r\n", False),
    "a value that goes on": ("{line}{fields}X: a\r\n b\r\n\r\n", True),
    "Connection goes on": ("{line}{upgrade}Connection: Upgrade\r\n , x\r\n{accept}\r\n", False),
}
"""A head, and whether undici 6 opens on it: each measured with 6.29.1."""


@pytest.mark.parametrize("head", LLHTTP_8)
def test_undici_6_reads_heads_as_llhttp_8_does(head):
    text, opens = LLHTTP_8[head]
    upgrade, accept = "Upgrade: websocket\r\n", f"Sec-WebSocket-Accept: {ACCEPT}\r\n"
    fields = f"{upgrade}Connection: Upgrade\r\n{accept}"
    received = text.format(line="HTTP/1.1 101 S\r\n", fields=fields, upgrade=upgrade, accept=accept)
    view = seen(received.encode("latin-1"), how="local", browser="undici@6.29")
    assert [event.type for event in view.events] == (["open"] if opens else ["error"])


def test_an_exception_that_ends_the_process_is_shown_where_there_is_no_event(capsys):
    view = rehearse(ENGINES["node25"], find("proto-unasked"), load())
    assert (view.events, view.ready_state) == ((), 0)
    assert "TypeError: Cannot read properties of null" in view.beyond[0]
    run(["compare", "--browser", "node25", "lab:proto-unasked"])
    assert view.beyond[0] in capsys.readouterr().out


def test_bun_takes_a_folded_line_for_invalid_once_the_head_is_whole():
    messages = []
    for end in ("", "\r\n"):
        view = seen(f"HTTP/1.1 503 x\r\nX: a\r\n b\r\n{end}".encode(), how="fin", browser="bun")
        messages.append((view.events[0].message or "").rpartition(": ")[2])
    assert messages == ["Connection ended", "Invalid response"]


@pytest.mark.parametrize(
    ("connection", "switches"),
    [
        ("Upgrade\r\n\tfoo", True),
        ("keep-alive\r\n , Upgrade", False),
        ("keep-alive,\r\n Upgrade", True),
        ("foo\r\n Upgrade", True),
        ("Upgrade x", False),
        ("Upgr\r\n ade, x", False),
        ("x, Upgrade\r\n y", True),
        ("close\r\n Upgrade, x", False),
        ("foo\r\n y, Upgrade", True),
        ("keep-alive\r\n foo, Upgrade", False),
    ],
)
def test_llhttp_8_looks_for_tokens_line_by_line(connection, switches):
    """Measured with undici 6.29.1: it names the header where the connection was handed over."""
    fields = f"Upgrade: websocket\r\nConnection: {connection}\r\nSec-WebSocket-Accept: {ACCEPT}"
    received = f"HTTP/1.1 101 x\r\n{fields}\r\n\r\n"
    view = seen(received.encode(), browser="undici@6.29")
    assert ("Connection header" in (view.events[0].message or "")) is switches


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
