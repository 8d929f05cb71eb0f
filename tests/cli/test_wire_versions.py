"""--wire and --ws-negotiate from end to end."""

from __future__ import annotations

import json

import pytest

from tests.played import ran
from wsprobe.cli.main import run
from wsprobe.wire import WIRES


def json_of(capsys, *arguments):
    run(["connect", "--json", *arguments])
    value = json.loads(capsys.readouterr().out)
    return value


def lines(value):
    return [f"{name}: {text}" for name, text in value["request"]["headers"]]


@pytest.mark.parametrize("wire", WIRES)
def test_an_echo_in_every_version(wire):
    (made,) = ran([f"wsprobe connect --wire {wire} --send hello lab:/echo"])
    assert made.status == 0
    printed = made.out.decode()
    assert '> Text "hello"\n< Text "hello"\n' in printed
    assert "fail " not in printed
    assert "warn " not in printed
    assert ("< Close" in printed) == (wire != "hixie-75")


@pytest.mark.parametrize(
    ("name", "options", "spoken", "status"),
    [
        ("speaks-8-and-7", (), "8", 101),
        ("speaks-13-only", ("--wire", "hixie-76"), "13", 101),
        ("speaks-13-only", ("--wire", "hybi-05"), "13", 101),
        ("speaks-13-only", ("--ws-version", "99"), "13", 101),
        ("426-only-old", (), "8", 426),
        ("400-version-list", (), "8", 400),
        ("400-version-lines", (), "8", 400),
        ("426-version-lines", ("--wire", "hybi-08"), "13", 426),
    ],
)
def test_negotiated_once(name, options, spoken, status, capsys):
    """RFC 6455 section 4.4: the best version that the server lists, once, whatever comes of it."""
    value = json_of(capsys, "--ws-negotiate", *options, f"lab:{name}")
    assert [hop["response"]["status"] for hop in value["hops"]] == [426 if status == 101 else status]
    assert f"Sec-WebSocket-Version: {spoken}" in lines(value)
    assert value["response"]["status"] == status
    assert value["outcome"] == ("open" if status == 101 else "refused")


@pytest.mark.parametrize("name", ["426-only-newer", "status-403", "ok", "speaks-13-only"])
def test_nothing_to_negotiate(name, capsys):
    value = json_of(capsys, "--ws-negotiate", f"lab:{name}")
    assert value["hops"] == []
    assert "Sec-WebSocket-Version: 13" in lines(value)


def test_not_asked_to_negotiate(capsys):
    assert json_of(capsys, "lab:speaks-8-and-7")["hops"] == []


def test_a_request_from_a_file_is_not_sent_twice(tmp_path, capsys):
    """Its version stands in the file: another try would be the same bytes."""
    path = tmp_path / "request"
    path.write_bytes(
        b"GET /s/speaks-8-and-7 HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    value = json_of(capsys, "--ws-negotiate", "--raw-request", str(path), "lab:speaks-8-and-7")
    assert (value["outcome"], value["hops"]) == ("refused", [])


def test_the_report_says_why_it_was_asked_again(capsys):
    assert run(["connect", "--ws-negotiate", "--send", "hi", "lab:speaks-8-and-7"]) == 0
    _, _, first, rest = capsys.readouterr().out.split("\n", 3)
    assert first.startswith("ws://127.0.0.1:")
    assert first.endswith("/s/speaks-8-and-7 answered 426, and lists 8, 7: sent again as hybi-08")
    assert '< Text "hi"\n' in rest


def test_a_saved_talk_in_an_old_version_reads_the_same(tmp_path, capsys):
    from wsprobe.recording import archive
    from wsprobe.report.report import report

    path = tmp_path / "one.jsonl"
    value = json_of(capsys, "--wire", "hixie-76", "--send", "hi", "--save", str(path), "lab:/echo")
    made = report(archive.load(path.read_text()))
    assert (made.outcome, made.verdict.spec) == (value["outcome"], "hixie-76")
    assert [frame.data for frame in made.reading.session.frames] == [b"hi", b""]
