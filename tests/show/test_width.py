"""On a terminal no line is wider than it, and no word is broken that fits; in a pipe a row is a line."""

import re
import sys

import pytest

from tests.exchanges import plan
from wsprobe.cli.main import run
from wsprobe.exchange import Connected, Ended, Exchange, Received, Sent
from wsprobe.recording.archive import dump

HEAD = b"Content-Type: text/plain\r\nContent-Length: 13\r\n\r\ntoken expired"


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Recordings of two refusals: their files."""
    files = []
    for status in (b"403 Forbidden", b"500 Oh" + b" and so on" * 20):
        came = b"HTTP/1.1 %s\r\n" % status + HEAD
        events = (Connected(1, "::1", 80), Sent(2, plan().request), Received(3, came), Ended(9, "local"))
        file = tmp_path_factory.mktemp("kept") / "one"
        file.write_text(dump(Exchange(plan(), events)) + "\n")
        files.append(str(file))
    return files


CALLS = {
    "specifications": (["compare", "--spec", "all"], 1),
    "browsers": (["compare", "-v", "--browser", "clients"], 1),
    "told apart": (["compare", "-v", "--browser-mode"], 2),
    "difference": (["compare"], 2),
    "scenarios": (["serve", "--list"], 0),
    "explain": (["explain", "1006"], 0),
    "dry run": (["trace", "--dry-run", f"ws://127.0.0.1:9/{'long/' * 30}"], 0),
}


@pytest.mark.parametrize("columns", [40, 80, 130])
@pytest.mark.parametrize("call", CALLS)
def test_a_terminal_is_wide_enough_for_every_line(call, columns, kept, capsys, monkeypatch):
    words, many = CALLS[call]
    run([*words, *kept[:many]])
    piped = capsys.readouterr().out
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    run([*words, *kept[:many]])
    shown = capsys.readouterr().out
    assert max(map(len, piped.splitlines())) > min(columns, 75)
    assert max(map(len, shown.splitlines())) <= columns
    if columns < 100:  # in wider ones the page stands beside the wire

        def bare(text):
            return re.sub(r"\s+|\u25cf", "", text)

        assert bare(shown) == bare(piped)
