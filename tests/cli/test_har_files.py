"""HAR files on the command line: listed, asked again, compared, written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wsprobe.cli.main import run

FILES = Path(__file__).parents[1] / "files" / "paste"
PLAYWRIGHT = str(FILES / "playwright-chromium.har")
MITMPROXY = str(FILES / "mitmproxy.har")
Capture = pytest.CaptureFixture[str]


def one(tmp_path, **members):
    """A file with one entry, to a port that nothing listens on."""
    headers = [
        {"name": "Host", "value": "127.0.0.1:1"},
        {"name": "Sec-WebSocket-Key", "value": "dGhlIHNhbXBsZSBub25jZQ=="},
        {"name": "Origin", "value": "https://app.example"},
    ]
    entry = {"request": {"url": "http://127.0.0.1:1/ws", "headers": headers}, "_resourceType": "websocket"}
    creator = {"name": "WebInspector", "version": "537.36"}
    file = tmp_path / "one.har"
    file.write_text(json.dumps({"log": {"creator": creator, "entries": [entry | members]}}))
    return str(file)


def test_several_entries_are_listed(capsys):
    assert run(["connect", "--redact", PLAYWRIGHT]) == 2
    out, _ = capsys.readouterr()
    assert (
        out == "  1  101        ws://127.0.0.1:8001/ws?x=*  3 messages\n"
        f"  2  failed     ws://127.0.0.1:8001/no  {REFUSED}\n"
    )
    assert run(["trace", PLAYWRIGHT]) == 2
    assert capsys.readouterr().err == (
        f"wsprobe trace: {PLAYWRIGHT}: 2 WebSocket entries: choose one with --entry N "
        f"(see wsprobe trace --help)\n"
    )


def test_the_only_entry_is_asked_again(capsys, tmp_path):
    assert run(["connect", "--json", one(tmp_path)]) == 4
    out, err = capsys.readouterr()
    asked = dict(json.loads(out)["request"]["headers"])
    assert asked["Origin"] == "https://app.example"
    assert asked["Sec-WebSocket-Key"] != "dGhlIHNhbXBsZSBub25jZQ=="
    assert json.loads(out)["url"] == "ws://127.0.0.1:1/ws"
    assert err == (
        "wsprobe: as pasted, but: wsprobe generates Host and Sec-WebSocket-Key; http:// is sent as ws://; "
        'no cookies in the file: Chrome includes them only in "Export HAR (with sensitive data)"\n'
    )


def test_one_of_several_is_asked_again(capsys):
    connect_to = ["--connect-to", "127.0.0.1:8001:127.0.0.1:1"]
    assert run(["connect", "--json", *connect_to, PLAYWRIGHT, "--entry", "2"]) == 4
    asked = dict(json.loads(capsys.readouterr().out)["request"]["headers"])
    assert asked["Cookie"] == "sid=abc"
    assert asked["Accept-Encoding"] == "gzip, deflate, br, zstd"


def test_the_report_of_a_request_from_a_file_repeats_the_request_and_not_the_file(capsys, tmp_path):
    report = tmp_path / "made.md"
    run(["connect", "-s", "--report", str(report), one(tmp_path), "--entry", "1"])
    assert capsys.readouterr().err == ""
    made = report.read_text()
    assert (
        "wsprobe connect -H Sec-WebSocket-Extensions: --origin https://app.example ws://127.0.0.1:1/ws" in made
    )
    assert "--entry" not in made


REFUSED = "Error during WebSocket handshake: Unexpected response code: 403"


def failed(tmp_path, error, name="failed.har"):
    """As Chrome exports a handshake that failed: status 0, and the error among the messages."""
    noted = [{"type": "error", "time": 1795724416.7, "opcode": -1, "data": error}]
    made = Path(one(tmp_path, response={"status": 0, "statusText": ""}, _webSocketMessages=noted))
    return str(made.rename(tmp_path / name))


def test_a_handshake_that_failed_is_listed_with_the_words_of_the_browser(capsys, tmp_path):
    file = Path(failed(tmp_path, REFUSED))
    log = json.loads(file.read_text())
    log["log"]["entries"] *= 2
    file.write_text(json.dumps(log))
    assert run(["connect", str(file)]) == 2
    assert capsys.readouterr().out == "".join(
        f"  {number}  failed     ws://127.0.0.1:1/ws  {REFUSED}\n" for number in (1, 2)
    )


def test_a_url_in_the_error_is_masked(capsys, tmp_path):
    file = Path(failed(tmp_path, "WebSocket connection to 'ws://127.0.0.1:1/ws?token=secret' failed"))
    log = json.loads(file.read_text())
    log["log"]["entries"] *= 2
    file.write_text(json.dumps(log))
    assert run(["connect", "--redact", str(file)]) == 2
    assert "secret" not in capsys.readouterr().out


def test_a_failed_handshake_is_read_from_the_words_of_the_browser(capsys, tmp_path):
    file = Path(failed(tmp_path, REFUSED))
    file.write_text(file.read_text().replace("127.0.0.1:1/", "127.0.0.1:8001/"))  # browsers block port 1
    run(["compare", "--browser-mode", str(file)])
    out, err = capsys.readouterr()
    assert not err
    assert "refused 403 for Chromium, Firefox" in out
    assert f"the browser said: {REFUSED}" in out
    assert 'close   1006  ""  wasClean false' in out
    assert "Usual causes: " in out


def test_the_json_of_a_failed_handshake_has_a_status_and_nothing_rebuilt(capsys, tmp_path):
    assert run(["compare", "--json", failed(tmp_path, REFUSED)]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["outcome"], made["source"], made["console"]) == ("refused", "har", [REFUSED])
    bare = {"status_line": None, "status": 403, "headers": [], "raw": None, "from": "sentence"}
    assert made["response"] == bare
    assert made["causes"][0]["certainty"] == "status"


def test_a_failed_handshake_is_asked_again_with_a_note_of_the_error(capsys, tmp_path):
    assert run(["connect", "--json", failed(tmp_path, REFUSED)]) == 4
    assert f"it failed in the file: {REFUSED}" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["network.json", "export", "chat.example.txt"])
def test_a_har_file_is_known_by_its_content(name, capsys, tmp_path):
    file = failed(tmp_path, REFUSED, name)
    assert run(["compare", "--json", file]) == 0
    assert json.loads(capsys.readouterr().out)["source"] == "har"
    assert run(["connect", "--json", file]) == 4
    assert json.loads(capsys.readouterr().out)["url"] == "ws://127.0.0.1:1/ws"


def test_a_recording_is_no_har_file(capsys, tmp_path):
    kept = str(tmp_path / "kept.json")
    run(["connect", "-s", "--save", kept, "lab:status-403"])
    assert run(["compare", "--json", "--browser", "chromium", kept]) == 0
    assert json.loads(capsys.readouterr().out)["outcome"] == "refused"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["connect", "/nonexistent/x.har"], "/nonexistent/x.har: No such file"),
        (["compare", "/nonexistent/x.har"], "/nonexistent/x.har: No such file"),
        (["connect", PLAYWRIGHT, "--entry=3"], f"--entry: {PLAYWRIGHT} has 2 entries of WebSockets, no 3"),
        (["compare", PLAYWRIGHT, "--entry=3"], f"--entry: {PLAYWRIGHT} has 2 entries of WebSockets, no 3"),
        (["connect", PLAYWRIGHT, "--entry", "x"], "'x' is not a whole number of 1 or more"),
        (["connect", PLAYWRIGHT, "--entry", "1", "ws://other/"], "one request: leave the other URLs out"),
        (["connect", "--har", "/nonexistent/x", "ws://h/"], "--har: /nonexistent/x: No such file"),
    ],
)
def test_what_cannot_be_used_is_one_line(arguments, says, capsys):
    assert run(arguments) == 2
    _, err = capsys.readouterr()
    assert err.startswith(f"wsprobe {arguments[0]}: ")
    assert says in err
    assert err.count("\n") == 1


def test_a_file_without_websockets_says_what_to_do(capsys, tmp_path):
    file = one(tmp_path, _resourceType="xhr", request={"url": "https://h/"})
    assert run(["connect", file]) == 2
    assert "no WebSocket among its 1 entry (written by WebInspector 537.36)" in capsys.readouterr().err


def test_compare_reads_what_is_there_and_marks_it(capsys):
    assert run(["compare", "--browser", "chromium", "--entry", "1", PLAYWRIGHT]) == 0
    out = capsys.readouterr().out
    mark = (
        "rebuilt from a HAR file of Playwright 1.65.1: not the original bytes, and without the end of the "
        "connection\n"
    )
    assert mark in out
    assert run(["compare", MITMPROXY]) == 1
    assert capsys.readouterr().out.count("rebuilt from a HAR file of mitmproxy 11.0.2: ") == 2
    assert run(["compare", "--json", "--browser", "chromium", "--entry", "2", MITMPROXY]) == 0
    value = json.loads(capsys.readouterr().out)
    assert (value["outcome"], value["rebuilt"]) == ("refused", "a HAR file of mitmproxy 11.0.2")
    assert value["exchange"]["rebuilt"] == value["rebuilt"]


def test_what_is_rebuilt_stays_marked_when_it_is_saved(capsys, tmp_path):
    kept = str(tmp_path / "kept.jsonl")
    run(["compare", "-s", "--save", kept, MITMPROXY])
    run(["compare", "--json", kept])
    assert all("rebuilt" in json.loads(line) for line in capsys.readouterr().out.splitlines())


def test_a_report_to_send_on_is_marked_too(tmp_path):
    file = tmp_path / "report.md"
    run(["compare", "-s", "--browser", "chromium", "--entry", "2", "--report", str(file), MITMPROXY])
    assert "rebuilt from" in file.read_text()
    assert "a HAR file of mitmproxy 11.0.2: not the original bytes" in file.read_text()


def test_what_was_recorded_has_no_mark(capsys):
    run(["connect", "--json", "ws://127.0.0.1:1/"])
    value = json.loads(capsys.readouterr().out)
    assert "rebuilt" not in value
    assert "rebuilt" not in value["exchange"]


def test_har_is_written_masked_with_every_hop(capsys, tmp_path):
    file = tmp_path / "out.har"
    options = ["-s", "-L", "--redact", "--har", str(file), "-b", "sid=secret"]
    run(["connect", *options, "lab:redirect-302", "lab:status-403"])
    entries = json.loads(file.read_text())["log"]["entries"]
    assert [entry["response"]["status"] for entry in entries] == [
        302,
        *[each["response"]["status"] for each in entries[1:-1]],
        403,
    ]
    assert len(entries) >= 3
    assert "secret" not in file.read_text()
    run(["compare", "-s", "--har", "-", "lab:status-403", "lab:ok"])
    written = json.loads(capsys.readouterr().out)
    assert [entry["response"]["status"] for entry in written["log"]["entries"]] == [403, 101]


@pytest.mark.parametrize(("by", "outcome"), [("WebInspector", "open"), ("mitmproxy", "failed")])
def test_the_page_of_a_har_file_is_that_of_its_origin(by, outcome, capsys, tmp_path):
    """Its Origin is not the URL's own. In Chrome's file Local Network Access did not block the request."""
    headers = [
        {"name": "Upgrade", "value": "websocket"},
        {"name": "Connection", "value": "Upgrade"},
        {"name": "Sec-WebSocket-Accept", "value": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="},
    ]
    answer = {"status": 101, "statusText": "Switching Protocols", "httpVersion": "HTTP/1.1", "headers": headers}
    file = Path(one(tmp_path, response=answer))
    file.write_text(file.read_text().replace("WebInspector", by).replace("127.0.0.1:1", "127.0.0.1:8001"))
    run(["compare", "--json", "--browser", "chromium", str(file)])
    (view,) = json.loads(capsys.readouterr().out)["views"]
    assert (view["page"], view["outcome"]) == ("https://app.example/", outcome)
    run(["compare", "--json", "--browser", "chromium", "--page", "http://127.0.0.1/", str(file)])
    (view,) = json.loads(capsys.readouterr().out)["views"]
    assert (view["page"], view["outcome"]) == ("http://127.0.0.1/", "open")
