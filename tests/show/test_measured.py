"""compare --measured: a file that the page wrote, beside the views. Its command lines are in printed."""

import msgspec
import pytest

from wsprobe.cli.main import run
from wsprobe.lab import find
from wsprobe.lab.measured import (
    MEASURED,
    Browser,
    Event,
    Measured,
    Observation,
    Raised,
    agreement,
    all_held,
    dump,
    limits_of,
    nearest,
    predicted,
)

SOME = ("403", "302-ws", "wss-unknown-ca", "close-4403", "url-relative", "proto-arg-dup", "pmd-message")
BROWSER = Browser(
    "safari", "18.5", "Mozilla/5.0", "0.1.0", "http://127.0.0.1:8000/", leftOut={"wss-ok": "no trust"}
)


def measured(engine):
    """What a browser would have written that does what our view of *engine* says."""
    seen = {}
    for name in SOME:
        view = predicted(engine, find(name), "127.0.0.1", next(limits_of(find(name))))
        seen[name] = msgspec.structs.replace(view.says, console=None)
    return Measured(BROWSER, seen)


@pytest.mark.parametrize("engine", MEASURED)
def test_the_nearest_engine_is_the_one_that_it_is(engine):
    rows = all_held(measured(engine))
    assert nearest(rows) == engine
    assert str(agreement(rows)["all"][engine]) == f"{len(SOME)}/{len(SOME)}"
    assert all(found.same < len(SOME) for name, found in agreement(rows)["all"].items() if name != engine)


def test_what_a_browser_wrote_reaches_no_terminal_raw(tmp_path, capsys):
    evil = "\x1b[31m\u202e"
    events = (
        Event("open", 1, protocol=evil, extensions=""),
        Event("close", 3, code=1000, reason=evil, wasClean=True),
    )
    browser = msgspec.structs.replace(BROWSER, engine=evil, version=evil, userAgent=evil, leftOut={"ok": evil})
    seen = {
        "403": Observation("403", None, evil, events, 3),
        "404": Observation("404", Raised(evil, evil), "", (), None),
    }
    path = tmp_path / "evil.jsonl"
    path.write_text(dump(Measured(browser, seen)))
    for arguments in ([], ["lab:403", "lab:404"], ["--json"]):
        assert run(["compare", "--measured", str(path), *arguments]) == 1
        out = capsys.readouterr().out
        assert "\x1b" not in out
        assert "\u202e" not in out
