"""`compare` from end to end: recordings, the lab, browsers, specifications, exit as diff."""

from __future__ import annotations

import io
import json
import socket
import threading
from base64 import b64decode
from pathlib import Path

import pytest

from wsprobe.cli.engines import with_scheme
from wsprobe.cli.main import run

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Recordings of a few scenarios: name -> file."""
    files = {}
    for name in ("status-403", "accept-wrong", "ok", "close-1006"):
        files[name] = str(tmp_path_factory.mktemp("saved") / name)
        run(["connect", "-s", "--save", files[name], f"lab:{name}"])
    return files


def test_recordings_through_a_pipe(
    saved: dict[str, str], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = Path(saved["status-403"]).read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert run(["compare", "--browser-mode", "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert [view["browser"] for view in value["views"]] == [
        "chromium",
        "firefox",
        "webkitgtk",
        "whatwg",
        "w3c-cr-2012",
    ]
    for view in value["views"]:
        assert view["events"] == [
            {"type": "error"},
            {"type": "close", "code": 1006, "reason": "", "wasClean": False},
        ]
        assert "exchange" not in view


def test_json_of_connect_is_a_recording(capsys: Capture, tmp_path: Path) -> None:
    run(["connect", "--json", "lab:status-403"])
    file = tmp_path / "report"
    file.write_text(capsys.readouterr().out)
    assert run(["compare", "--browser", "chromium", str(file)]) == 0
    assert "Unexpected response code: 403" in capsys.readouterr().out


def test_what_script_cannot_tell_apart(saved: dict[str, str], capsys: Capture) -> None:
    arguments = ["compare", "--browser", "chromium", "--json", saved["status-403"], saved["accept-wrong"]]
    assert run(arguments) == 0
    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert first["tellable"]["chromium"]["by"] == []
    assert run(["compare", "--browser", "chromium", saved["status-403"], saved["ok"]]) == 1
    assert "Chromium: yes, by" in capsys.readouterr().out


def test_a_page_elsewhere_is_none(saved: dict[str, str], capsys: Capture) -> None:
    assert run(["compare", "--browser-mode", "--page", "app.example/x", saved["status-403"]]) == 2
    assert "--page: 'app.example/x' is not a URL" in capsys.readouterr().err
    assert run(["compare", "--browser", "firefox", "--page", "about:blank", saved["status-403"]]) == 0


def test_json_of_many_recordings_grows_as_they_do(
    saved: dict[str, str], capsys: Capture, tmp_path: Path
) -> None:
    many = tmp_path / "many"
    many.write_text(Path(saved["status-403"]).read_text() * 101)
    assert run(["compare", "--browser", "chromium", "--json", str(many)]) == 0
    first, *rest = map(json.loads, capsys.readouterr().out.splitlines())
    assert [len(group) for group in first["tellable"]["chromium"]["groups"]] == [101]
    assert len(rest) == 100
    assert not any("tellable" in value for value in rest)


def test_engines_that_differ_give_1(saved: dict[str, str], capsys: Capture) -> None:
    assert run(["compare", "--browser", "chromium,firefox", saved["close-1006"]]) == 1
    out = capsys.readouterr().out
    assert "code 1006" in out


def test_as_the_browser_asks(capsys: Capture) -> None:
    assert (
        run(["compare", "--browser", "firefox", "--json", "--page", "https://app.example/x", "lab:status-403"])
        == 0
    )
    view = json.loads(capsys.readouterr().out)["views"][0]
    sent = next(event for event in view["exchange"]["events"] if event["event"] == "sent")
    assert b"Origin: https://app.example\r\n" in b64decode(sent["data"])
    assert b"Firefox/" in b64decode(sent["data"])


def refuse_with_origin(server: socket.socket, connections: int) -> None:
    """Answer 403 to requests with an Origin, 404 to those without."""
    for _ in range(connections):
        client, _ = server.accept()
        with client:
            status = b"403" if b"\r\nOrigin:" in client.recv(65536) else b"404"
            client.sendall(b"HTTP/1.1 " + status + b" No\r\nContent-Length: 0\r\n\r\n")


def test_a_difference_of_the_answers_is_said_first(capsys: Capture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=refuse_with_origin, args=(server, 2), daemon=True)
        thread.start()
        assert run(["compare", "--browser", "chromium", f"ws://127.0.0.1:{server.getsockname()[1]}/"]) == 0
        thread.join(timeout=10)
    first = capsys.readouterr().out.split("on the wire")[0]
    assert "wsprobe's own request was answered 404, Chromium's was answered 403" in first
    assert "Origin" in first


def test_specifications(saved: dict[str, str], capsys: Capture) -> None:
    assert run(["compare", "--spec", "hybi-06..hybi-08,r1.210", "--json", saved["status-403"]]) == 1
    value = json.loads(capsys.readouterr().out)
    assert [(v["spec"], v["answer"]) for v in value["verdicts"]] == [
        ("hybi-06", "not known"),
        ("hybi-07", "http"),
        ("r1.210", "fail"),
        ("hybi-08", "http"),
    ]


def test_two_recordings(saved: dict[str, str], capsys: Capture) -> None:
    assert run(["compare", saved["ok"], saved["ok"]]) == 0
    assert run(["compare", saved["ok"], saved["status-403"]]) == 1
    assert "outcome\n  [1] open\n  [2] refused\n" in capsys.readouterr().out


def test_nothing_answered_is_that_status(capsys: Capture) -> None:
    assert run(["compare", "lab:refused", "lab:refused"]) == 4


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no recording"),
        (b"not json\n", "line 1"),
        (b'{"format": 99}\n', "format"),
        (b'{"format": 1', "line 1"),
        (b"\xff\xfe\n", "not UTF-8"),
    ],
)
def test_bad_recordings(content: bytes, says: str, tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "bad"
    file.write_bytes(content)
    assert run(["compare", "--browser-mode", str(file)]) == 2
    err = capsys.readouterr().err
    assert says in err
    assert err.count("\n") == 1


def test_a_recording_that_is_not_there_is_no_host(capsys: Capture) -> None:
    assert run(["compare", "--browser-mode", "no-such-recording.jsonl"]) == 2
    assert "no-such-recording.jsonl: No such file or directory" in capsys.readouterr().err


def test_a_scheme_of_no_server_is_what_the_page_gets(capsys: Capture) -> None:
    assert run(["compare", "--browser", "chromium", "mailto:a@b"]) == 0
    assert "throws SyntaxError" in capsys.readouterr().out


def test_a_url_at_which_the_constructor_throws_is_shown_not_refused(capsys: Capture) -> None:
    assert run(["compare", "--browser", "chromium,firefox,webkitgtk", "ws://"]) == 0
    assert "throws SyntaxError" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("word", "url"),
    [
        ("ws://h/", "ws://h/"),
        ("h/p", "ws://h/p"),
        ("h:80/p", "ws://h:80/p"),
        ("/p", "/p"),
        ("./p", "./p"),
        ("?q", "?q"),
        ("http://h", "http://h"),
        ("ftp://h", "ftp://h"),
        ("", ""),
    ],
)
def test_words_without_a_scheme(word: str, url: str) -> None:
    assert with_scheme(word) == url


def test_relative_to_the_page(capsys: Capture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        thread = threading.Thread(target=refuse_with_origin, args=(server, 2), daemon=True)
        thread.start()
        arguments = ["--browser", "whatwg", "--page", f"http://127.0.0.1:{port}/app/", "./ws"]
        assert run(["compare", "--json", *arguments]) == 0
        thread.join(timeout=10)
    value = json.loads(capsys.readouterr().out)
    assert value["views"][0]["url"] == f"ws://127.0.0.1:{port}/app/ws"
    assert value["outcome"] == "refused"


def test_credentials_are_the_urls_for_a_browser(capsys: Capture) -> None:
    assert run(["compare", "--browser", "chromium", "--json", "-u", "a b:c@d", "lab:status-403"]) == 0
    assert json.loads(capsys.readouterr().out)["views"][0]["url"].startswith("ws://a%20b:c%40d@127.0.0.1:")


def test_two_answers_that_differ_in_spelling_alone_are_the_same(capsys: Capture) -> None:
    """A proxy that writes header names in lower case changes nothing (RFC 9110 section 5.1)."""
    assert run(["compare", "lab:/status/403?header=X-Tag:1", "lab:/status/403?header=x-tag:1"]) == 0
    out = capsys.readouterr().out
    assert "letter case of x-tag  (no part of the exit status)\n  [1] X-Tag\n  [2] x-tag\n" in out
    assert "\nthe same in all " in out
    assert run(["compare", "lab:/status/403?header=X-Tag:1", "lab:/status/403?header=x-tag:2"]) == 1
    assert "header X-Tag\n  [1] 1\n  [2] 2\n" in capsys.readouterr().out


def test_recordings_say_what_was_asked_otherwise(capsys: Capture, tmp_path: Path) -> None:
    files = []
    for origin in ("https://a.example", "https://b.example"):
        files.append(str(tmp_path / origin[-9]))
        run(["connect", "-s", "--save", files[-1], "--origin", origin, "lab:status-403"])
    assert run(["compare", *files]) == 0
    out = capsys.readouterr().out
    assert "asked with Origin  (no part of the exit status)\n  [1] https://a.example\n  [2] https://b" in out
    assert "asked with Host" not in out
    assert "asked with Sec" not in out
