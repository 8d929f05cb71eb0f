"""The newest file of facts is the one that an engine uses."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.browsers_views.recordings import ACCEPT, seen
from wsprobe.browsers import ENGINES, NODES, chromium, newest, title, versions
from wsprobe.browsers.engine import Page
from wsprobe.cli.main import run
from wsprobe.lab import find, load
from wsprobe.lab.play import rehearse


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (["v156.py"], "v156"),
        (["v156.py", "v157.py", "facts.py", "__pycache__"], "v157"),
        (["v99.py", "v100.py"], "v100"),
        (["v2_54.py", "v2_6.py", "view.py"], "v2_54"),
        (["v2_54.py", "v3.py"], "v3"),
    ],
)
def test_the_newest_by_number(
    files: list[str], found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = f"engine_{found}_{len(files)}"
    folder = tmp_path / package
    folder.mkdir()
    for name in (*files, "__init__.py"):
        (folder / name).write_text(f"FACTS = {name.removesuffix('.py')!r}\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert newest(package, [str(folder)]) == found
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]


def test_an_engine_without_facts(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="empty"):
        newest("engine_of_nothing", [str(tmp_path)])


@pytest.mark.parametrize("name", ["chromium", "firefox", "webkitgtk"])
def test_a_new_version_is_one_more_file(name: str) -> None:
    folder = Path(sys.modules[type(ENGINES[name]).__module__].__file__ or "").parent
    newest_file = max(folder.glob("v[0-9]*.py"), key=lambda file: [int(n) for n in file.stem[1:].split("_")])
    assert f'version="{ENGINES[name].version}"' in newest_file.read_text()


def test_an_older_version_stands_beside_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With facts that only this test has: one file makes a version."""
    text = "from msgspec.structs import replace\n\nfrom wsprobe.browsers.chromium import FACTS as NEWEST\n\n"
    text += "failures = {**NEWEST.failures, 'status': 'Odd response code: {status}'}\n"
    (tmp_path / "v42.py").write_text(text + "FACTS = replace(NEWEST, version='42', failures=failures)\n")
    monkeypatch.setattr(chromium, "__path__", [*chromium.__path__, str(tmp_path)])
    try:
        older, newer = ENGINES["chromium@42"], ENGINES["chromium"]
        assert (older.version, newer.version) == ("42", versions("chromium")[-1])
        assert versions("chromium")[0] == "42"
        scenario = find("status-403")
        lines = [rehearse(engine, scenario, load()).console[0] for engine in (older, newer)]
        assert ["Odd" in line for line in lines] == [True, False]
    finally:
        sys.modules.pop("wsprobe.browsers.chromium.v42", None)


@pytest.mark.parametrize("name", ["chromium@1", "netscape@4", "whatwg@2012", "undici@7", "chromium@", "node18"])
def test_a_version_without_facts_is_no_engine(name: str) -> None:
    with pytest.raises(KeyError):
        ENGINES[name]


@pytest.mark.parametrize(("node", "version"), NODES.items())
def test_a_node_is_the_undici_that_is_built_into_it(node: str, version: str) -> None:
    engine, undici = ENGINES[node], ENGINES[f"undici@{version}"]
    assert (engine.name, engine.version) == ("undici", version)
    url, page = "ws://127.0.0.1:9000/x", Page()
    asked = [each.request(each.construct(url, page), page, "key") for each in (engine, undici)]
    assert asked[0] == asked[1].replace(b"user-agent: undici", b"user-agent: node")
    assert node.removeprefix("node") in title("undici", version)


def test_node_22_fires_no_close_after_a_refusal_and_node_24_does() -> None:
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
def test_undici_6_reads_heads_as_llhttp_8_does(head: str) -> None:
    text, opens = LLHTTP_8[head]
    upgrade, accept = "Upgrade: websocket\r\n", f"Sec-WebSocket-Accept: {ACCEPT}\r\n"
    fields = f"{upgrade}Connection: Upgrade\r\n{accept}"
    received = text.format(line="HTTP/1.1 101 S\r\n", fields=fields, upgrade=upgrade, accept=accept)
    view = seen(received.encode("latin-1"), how="local", browser="undici@6.29")
    assert [event.type for event in view.events] == (["open"] if opens else ["error"])


def test_an_exception_that_ends_the_process_is_shown_where_there_is_no_event(
    capsys: pytest.CaptureFixture[str],
) -> None:
    view = rehearse(ENGINES["node25"], find("proto-unasked"), load())
    assert (view.events, view.ready_state) == ((), 0)
    assert "TypeError: Cannot read properties of null" in view.beyond[0]
    run(["compare", "--browser", "node25", "lab:proto-unasked"])
    assert view.beyond[0] in capsys.readouterr().out


def test_bun_takes_a_folded_line_for_invalid_once_the_head_is_whole() -> None:
    messages = []
    for end in ("", "\r\n"):
        view = seen(f"HTTP/1.1 503 x\r\nX: a\r\n b\r\n{end}".encode(), how="fin", browser="bun")
        messages.append((view.events[0].message or "").rpartition(": ")[2])
    assert messages == ["Connection ended", "Invalid response"]
