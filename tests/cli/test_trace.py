"""``wsprobe trace``: what it sends, prints and keeps."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from wsprobe.cli.main import run
from wsprobe.exchange import Sent
from wsprobe.recording import archive
from wsprobe.report.outcome import Exit

QUICK = ("--pause", "0", "--hold", "0.05", "--linger", "0.02")


def traced(capsys, *words):
    status = run(["trace", "--json", *QUICK, *words])
    out, complaints = capsys.readouterr()
    assert complaints == ""
    (line,) = out.splitlines()
    value = json.loads(line)
    return status, value


def changes(value):
    return [each["change"] for each in value["changes"]]


def sent(value, change):
    (report,) = (each["report"] for each in value["changes"] if each["change"] == change)
    return {name.lower(): text for name, text in report["request"]["headers"]}


def test_one_object(capsys):
    status, value = traced(capsys, "lab:status-403")
    assert list(value) == ["url", "changes", "causes", "conclusions"]
    assert all(list(each) == ["change", "report"] for each in value["changes"])
    assert all(
        list(each) == ["id", "text", "likely", "open", "because", "fix"] for each in value["conclusions"]
    )
    base = value["changes"][0]["report"]
    assert (status, base["exit_status"], base["outcome"]) == (Exit.REFUSED, Exit.REFUSED, "refused")
    assert changes(value) == ["base", "get", "origin", "chromium", "no-key", "again-1", "again-2"]
    first = value["conclusions"][0]
    assert (first["id"], first["because"]) == ("refused-to-all", ["base", "get"])
    assert 0 < first["likely"] < 1


def test_the_status_is_that_of_the_handshake_as_given(capsys):
    status, value = traced(capsys, "lab:/echo")
    assert (status, value["conclusions"][0]["id"]) == (Exit.OPEN, "opens")
    status, value = traced(capsys, "lab:redirect-302")
    assert (status, value["conclusions"][0]["id"]) == (Exit.REDIRECTED, "redirected")
    status, value = traced(capsys, "lab:accept-wrong", "--only", "get")
    assert (status, value["conclusions"][0]["id"]) == (Exit.INVALID, "key-changed")


@pytest.mark.parametrize(
    ("expected", "status"),
    [
        ("status=4xx", 0),
        ("cause:refused-to-all", 0),
        ("outcome=open", 20),
        ("cause:no-route", 20),
        ("view:ws=x", 2),
    ],
)
def test_expect(expected, status, capsys):
    assert run(["trace", "-s", *QUICK, "--only", "get", "--expect", expected, "lab:status-403"]) == status
    assert run(["trace", *QUICK, "--only", "get", "--expect", expected, "lab:status-403"]) == status
    assert (": expected " in capsys.readouterr().err) == (status == 20)


def test_each_request_has_a_key_of_its_own_unless_one_is_given(capsys):
    _, value = traced(capsys, "lab:/echo", "--only", "origin,again-1")
    keys = {sent(value, name)["sec-websocket-key"] for name in changes(value)}
    assert len(keys) == 3
    _, value = traced(capsys, "lab:/echo", "--only", "origin,again-1", "--ws-key", "AAECAwQFBgcICQoLDA0ODw==")
    assert {sent(value, name)["sec-websocket-key"] for name in changes(value)} == {"AAECAwQFBgcICQoLDA0ODw=="}


def test_only_and_skip(capsys):
    _, value = traced(capsys, "lab:status-403", "--only", "slash", "--only", "no-key")
    assert changes(value) == ["base", "slash", "no-key"]
    _, value = traced(capsys, "lab:status-403", "--skip", "chromium,no-key,again-1,again-2")
    assert changes(value) == ["base", "get", "origin"]


def test_what_was_given_goes_along_and_is_left_out_by_name(capsys):
    words = ("-b", "session=a", "-H", "X-Tenant: b", "-u", "a:b", "--protocol", "x", "--protocol", "y")
    _, value = traced(capsys, "lab:/status/403?reason=a", *words)
    assert len(changes(value)) <= 16
    assert sent(value, "chromium")["x-tenant"] == "b"
    assert "authorization" in sent(value, "get")
    assert "cookie" not in sent(value, "no-cookie")
    assert sent(value, "base")["sec-websocket-protocol"] == "x, y"
    _, value = traced(capsys, "lab:/status/403?reason=a", *words, "--only", "subprotocols,no-query")
    assert [sent(value, name).get("sec-websocket-protocol") for name in changes(value)] == [
        *("x, y", "x, y", "x", "y"),
        None,
    ]


def test_a_dry_run_sends_nothing(capsys):
    # Whoever connects to port 1 of this machine is refused, and would say so.
    assert run(["trace", "--dry-run", "--backend", "127.0.0.1:2", "-b", "a=b", "ws://127.0.0.1:1/chat?x"]) == 0
    out, complaints = capsys.readouterr()
    assert complaints == ""
    named = [line.split()[0] for line in out.splitlines()[1:]]
    assert named[:5] == ["base", "get", "backend", "backend-get", "origin"]
    assert {"no-cookie", "no-query", "again-1", "again-2"} <= set(named)
    assert not {"addresses", "no-origin"} & set(named)


@pytest.mark.parametrize(
    ("words", "tried"),
    [
        (("wss://127.0.0.1:1/",), True),
        (("ws://127.0.0.1:1/",), False),
        (("--http-version", "1.0", "wss://127.0.0.1:1/"), False),
    ],
)
def test_http2_is_tried_where_the_handshake_can_go_over_it(words, tried, capsys):
    assert run(["trace", "--dry-run", *words]) == Exit.OPEN
    assert ("\nhttp2 " in capsys.readouterr().out) is tried


def test_backends_are_reached_at_their_own_paths(capsys):
    words = (
        "--backend",
        "127.0.0.1:1",
        "--backend",
        "ws://[::1]:1/ws?a",
        "--only",
        "backends,backend,backend-get",
    )
    _, value = traced(capsys, "lab:status-403", *words)
    assert changes(value) == ["base", "backend", "backend 1", "backend-get"]
    plans = {each["change"]: each["report"]["exchange"]["plan"]["route"] for each in value["changes"]}
    assert [plans[name]["connect_to"][0][2:] for name in ("backend 1", "backend")] == [
        ["127.0.0.1", 1],
        ["::1", 1],
    ]
    assert run(["trace", "--dry-run", *words, "ws://127.0.0.1:1/chat"]) == Exit.OPEN
    assert "backends" in capsys.readouterr().out


def test_recordings_are_kept_and_compare_reads_both(capsys, tmp_path):
    saved, printed = tmp_path / "kept.jsonl", tmp_path / "printed.json"
    _, value = traced(capsys, "lab:status-403", "--save", str(saved))
    printed.write_text(json.dumps(value, separators=(",", ":")) + "\n")
    kept = [archive.load(line) for line in saved.read_text().splitlines()]
    assert len(kept) == len(value["changes"])
    for file in (saved, printed):
        assert run(["compare", "--json", str(file)]) in (Exit.OPEN, Exit.DIFFERENT)
        lines = capsys.readouterr().out.splitlines()
        assert [json.loads(line)["exchange"] for line in lines] == [
            each["report"]["exchange"] for each in value["changes"]
        ]
    printed.write_text('{"url":"ws://h/","changes":[{"change":"base"}]}\n')
    assert run(["compare", str(printed)]) == Exit.USAGE
    assert "line 1: not a recording" in capsys.readouterr().err


def test_redact_masks_what_is_concluded_too(capsys):
    words = ("--redact", "-b", "session=geheim", "lab:/redirect/302?to=/login%3Ftoken%3Dgeheim")
    assert run(["trace", *QUICK, *words]) in (Exit.REDIRECTED, Exit.REFUSED)
    assert "geheim" not in capsys.readouterr().out
    _, value = traced(capsys, *words)
    assert "geheim" not in json.dumps(value)


def test_an_answer_repeats_no_secret_of_another_request(capsys):
    """The body of that scenario has the value of the cookie in every answer."""
    _, value = traced(capsys, "--redact", "-b", "session=text", "lab:status-403")
    bodies = {each["change"]: each["report"]["response"]["body"]["text"] for each in value["changes"]}
    assert bodies["no-cookie"] == "body ****\n"
    assert set(bodies.values()) == {"body ****\n"}


def test_a_dry_run_masks_the_query(capsys):
    assert run(["trace", "--dry-run", "--redact", "ws://127.0.0.1:1/chat?token=geheim"]) == Exit.OPEN
    out = capsys.readouterr().out
    assert "geheim" not in out
    assert "ws://127.0.0.1:1/chat?token=******" in out


def test_silent_and_saved_to_standard_output(capfd):
    words = ("lab:status-403", "--only", "get")
    assert run(["trace", *QUICK, "--silent", *words]) == Exit.REFUSED
    assert capfd.readouterr().out == ""
    assert run(["trace", *QUICK, "--save", "-", *words]) == Exit.REFUSED
    assert len([archive.load(line) for line in capfd.readouterr().out.splitlines()]) == 2


def test_brief_leaves_the_recordings_out(capsys):
    _, value = traced(capsys, "lab:status-403", "--brief", "--only", "get")
    assert [each["report"]["outcome"] for each in value["changes"]] == ["refused", "refused"]
    assert not any("exchange" in each["report"] for each in value["changes"])


def test_what_a_server_sends_is_made_visible(capsys):
    run(["trace", *QUICK, "lab:/status/403?reason=%1b%5b31mred&body=%1b%5d0;x%07"])
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "\\x1b" in out


def test_in_a_pipe(capsys):
    assert run(["trace", *QUICK, "lab:status-403"]) == Exit.REFUSED
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["base", "get", "origin"]
    assert lines[1].endswith("as base")
    assert any(line.startswith("likely (refused-to-all): ") for line in lines)
    assert any(line.startswith("7 requests; not sent:") for line in lines)


@pytest.mark.programs
def test_interrupted():
    """^C while a request is under way: what was recorded until then is told, and the status is 130."""
    command = [sys.executable, "-m", "wsprobe", "trace", "-m", "60", "lab:silence", "--json"]
    process = subprocess.Popen(
        [sys.executable, "-c", STARTED, *command[3:]], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr.readline() == "sent\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err.strip()) == (Exit.INTERRUPTED, "")
    value = json.loads(out)
    assert changes(value) == ["base"]
    assert value["changes"][0]["report"]["exit_status"] == Exit.INTERRUPTED
    assert value["conclusions"] == []


STARTED = f"""
import sys
from wsprobe.cli.main import main
from wsprobe.net.stream import Tape
add = Tape.add
def told(self, event):
    add(self, event)
    if type(event).__name__ == {Sent.__name__!r}:
        print("sent", file=sys.stderr, flush=True)
Tape.add = told
main(sys.argv[1:])
"""
