"""python -m tests.browsers: a file that the page wrote becomes the recordings of a new engine."""

import json
from functools import partial

import msgspec

from tests.browsers import __main__ as taking
from tests.browsers.driver import store
from wsprobe.lab import find
from wsprobe.lab.measured import Browser, Measured, Observation, dump

NAMES = ("403", "url-relative", "url-ip-number", "https-page-ws-loopback-ip", "no-new", "set-cookie-101")
KEPT = ("scenario", "exception", "url", "events", "readyState", "value")


def measured():
    """What a page at 127.0.0.1 would have written in Firefox, as the driver recorded it."""
    _, known = store.load("firefox")
    lines = {
        name: json.dumps({"scenario": name, "host": "127.0.0.1", **known[name]}).replace("{ip}", "127.0.0.1")
        for name in NAMES
    }
    seen = {name: msgspec.json.decode(line, type=Observation) for name, line in lines.items()}
    return Measured(Browser("newcomer", "1.0", "", "0", ""), seen)


def test_it_becomes_what_a_driver_writes(tmp_path, capsys):
    _, known = store.load("firefox")
    file = tmp_path / "newcomer"
    file.write_text(dump(measured()))
    words = [str(file), "--folder", str(tmp_path)]
    assert taking.main(words) == 0
    version, taken = store.load("newcomer", folder=tmp_path)
    assert version == "1.0"
    for name in NAMES:
        kept = {key: value for key, value in known[name].items() if key in KEPT}
        assert taken[name] == kept, name
    assert "nearest to firefox" in capsys.readouterr().out
    assert taking.main(words) == 2, "a recording that is there is not replaced unasked"


def test_an_address_that_the_scenario_names_itself_stays():
    seen = measured().seen["url-ip-number"]
    assert taking.recording(find("url-ip-number"), seen)["url"].startswith("ws://127.0.0.1:")


def test_what_is_no_such_file(tmp_path, capsys):
    assert taking.main([str(tmp_path / "none")]) == 2
    assert "none" in capsys.readouterr().err


def test_a_version_has_only_what_is_not_as_in_the_one_before(tmp_path):
    load, save = (partial(work, folder=tmp_path) for work in (store.load, store.save))
    old, new = {"a": {"url": "1"}, "b": {"url": "2"}}, {"a": {"url": "1"}, "c": {"url": "3"}}
    save("bun", "1.4.0", old)
    save("bun", "1.5.0", new)
    head, *lines = (tmp_path / "bun@1.5.jsonl").read_text().splitlines()
    assert json.loads(head)["like"] == "1.4"
    assert lines == ['{"scenario":"b"}', '{"scenario":"c","url":"3"}']
    assert [load(f"bun@{version}")[1] for version in ("1.4", "1.5")] == [old, new]
    save("bun", "1.4.1", {"a": {"url": "0"}})
    assert load("bun") == ("1.5.0", new), "measuring another version changes none that is like it"
