"""`compare` from end to end: recordings, the lab, browsers, specifications, exit as diff."""

from __future__ import annotations

import io
import json
import re
import socket
import threading
from base64 import b64decode
from pathlib import Path

import pytest
from msgspec.structs import replace

import wsprobe
from wsprobe.cli.compare_status import reached, status
from wsprobe.cli.engines import with_scheme
from wsprobe.cli.main import run
from wsprobe.read.tokens import expected_accept
from wsprobe.report.engine_answer import engine_answer

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Recordings of a few scenarios: name -> file."""
    files = {}
    for name in ("status-403", "accept-wrong", "ok", "close-1006"):
        files[name] = str(tmp_path_factory.mktemp("saved") / name)
        run(["connect", "-s", "--save", files[name], f"lab:{name}"])
    return files


def test_recordings_through_a_pipe(saved, capsys, monkeypatch):
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


def test_json_of_one_recording_needs_no_reader(saved, capsys):
    assert run(["compare", "--json", saved["status-403"]]) == 0
    value = json.loads(capsys.readouterr().out)
    assert (value["outcome"], value["causes"][0]["evidence"]) == ("refused", "403 Forbidden: body text")
    assert run(["compare", saved["status-403"]]) == 2
    assert "nothing to compare with" in capsys.readouterr().err


def test_json_of_connect_is_a_recording(capsys, tmp_path):
    run(["connect", "--json", "lab:status-403"])
    file = tmp_path / "report"
    file.write_text(capsys.readouterr().out)
    assert run(["compare", "-v", "--browser", "chromium", str(file)]) == 0
    assert "Unexpected response code: 403" in capsys.readouterr().out


def test_what_script_cannot_tell_apart(saved, capsys):
    arguments = ["compare", "--browser", "chromium", "--json", saved["status-403"], saved["accept-wrong"]]
    assert run(arguments) == 0
    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert first["tellable"]["chromium"]["by"] == []
    assert run(["compare", "--browser", "chromium", saved["status-403"], saved["ok"]]) == 1
    assert "Chromium: yes, by" in capsys.readouterr().out


def test_a_page_elsewhere_is_none(saved, capsys):
    assert run(["compare", "--browser-mode", "--page", "app.example/x", saved["status-403"]]) == 2
    assert "--page: 'app.example/x' is not a URL" in capsys.readouterr().err
    assert run(["compare", "--browser", "firefox", "--page", "about:blank", saved["status-403"]]) == 0


def test_json_of_many_recordings_grows_as_they_do(saved, capsys, tmp_path):
    many = tmp_path / "many"
    many.write_text(Path(saved["status-403"]).read_text() * 101)
    assert run(["compare", "--browser", "chromium", "--json", str(many)]) == 0
    first, *rest = map(json.loads, capsys.readouterr().out.splitlines())
    assert [len(group) for group in first["tellable"]["chromium"]["groups"]] == [101]
    assert len(rest) == 100
    assert not any("tellable" in value for value in rest)


def test_engines_that_differ_give_1(saved, capsys):
    assert run(["compare", "--browser", "chromium,firefox", saved["close-1006"]]) == 1
    out = capsys.readouterr().out
    assert "code 1006" in out


def test_as_the_browser_asks(capsys):
    assert (
        run(["compare", "--browser", "firefox", "--json", "--page", "https://app.example/x", "lab:status-403"])
        == 0
    )
    view = json.loads(capsys.readouterr().out)["views"][0]
    sent = next(event for event in view["exchange"]["events"] if event["event"] == "sent")
    assert b"Origin: https://app.example\r\n" in b64decode(sent["data"])
    assert b"Firefox/" in b64decode(sent["data"])


def by_origin(server, connections, with_one, without):
    """Answer *with_one* to requests with an Origin, *without* to the others."""
    for _ in range(connections):
        client, _ = server.accept()
        with client:
            client.sendall(with_one if b"\r\nOrigin:" in client.recv(65536) else without)


def refuse_with_origin(server, connections):
    by_origin(server, connections, *(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % n for n in (403, 404)))


def compared(capsys, answers, asked, *arguments):
    """Exit status and output of `compare` against a server that answers by Origin."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=by_origin, args=(server, asked, *answers), daemon=True)
        thread.start()
        status = run(["compare", *arguments, f"ws://127.0.0.1:{server.getsockname()[1]}/"])
        thread.join(timeout=10)
    return status, capsys.readouterr().out


def only_own_origin(server, connections):
    """As Django Channels behind AllowedHostsOriginValidator: 403 for the Origin of any other host."""
    for _ in range(connections):
        client, _ = server.accept()
        with client:
            asked = client.recv(65536)
            key = re.search(rb"(?i)sec-websocket-key: (\S+)", asked)
            assert key is not None
            own = b"http://127.0.0.1:%d" % server.getsockname()[1]
            if b"\r\nOrigin: %s\r\n" % own in asked or b"\r\nOrigin:" not in asked:
                client.sendall(
                    b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    b"Sec-WebSocket-Accept: %s\r\n\r\n\x88\x02\x03\xe8" % expected_accept(key[1])
                )
                while client.recv(100):  # an end right behind the Close is a race in Firefox
                    pass
            else:
                client.sendall(b"HTTP/1.1 403 No\r\nContent-Length: 18\r\n\r\norigin not allowed")


def compared_by_own(capsys, connections, *arguments, host="127.0.0.1"):
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=only_own_origin, args=(server, connections), daemon=True)
        thread.start()
        status = run(["compare", *arguments, f"ws://127.0.0.1:{server.getsockname()[1]}/"])
        thread.join(timeout=10)
    return status, capsys.readouterr().out


@pytest.mark.usefixtures("no_long_farewell")
def test_a_server_that_checks_the_origin_opens_to_a_page_of_its_own(capsys):
    status, out = compared_by_own(capsys, 4, "--json", "--browser", "chromium,firefox,webkitgtk")
    assert status == 0
    assert [view["events"][0]["type"] for view in json.loads(out)["views"]] == ["open"] * 3


@pytest.mark.usefixtures("no_long_farewell")
@pytest.mark.parametrize(
    ("header", "page"),
    [
        ("Origin: http://localhost:3000", "page http://localhost:3000/ (the Origin of the request)"),
        ("Origin: null", "page http://127.0.0.1:*/ (same origin; Origin sent: null)"),
        ("Cookie: a=b", "page http://127.0.0.1:*/ (same origin; Origin sent: none)"),
    ],
)
def test_the_page_of_a_recording_has_the_recorded_origin(header, page, tmp_path, capsys):
    kept = str(tmp_path / "kept.jsonl")
    run(["connect", "-s", "-H", header, "--save", kept, "lab:status-403"])
    run(["compare", "--browser-mode", kept])
    first = capsys.readouterr().out.splitlines()[0]
    assert re.sub(r"(?<=127\.0\.0\.1:)\d+", "*", first).endswith(page)
    run(["compare", "--browser-mode", "-v", kept])
    assert ("(the Origin of the request)" in capsys.readouterr().out) == ("localhost" in page)


def test_an_origin_that_was_perhaps_meant_is_named(capsys):
    options = ("--browser", "chromium", "--origin", "http://localhost:3000")
    _, out = compared_by_own(capsys, 2, *options)
    assert "or try --origin http://127.0.0.1:3000: localhost and 127.0.0.1 are different origins" in out


@pytest.mark.usefixtures("no_long_farewell")
@pytest.mark.parametrize("pasted", [True, False])
def test_wsprobe_s_own_request_keeps_the_origin_that_was_given(pasted, tmp_path, capsys):
    """Without it, it would be a server's answer to a stranger that stands beside the page's."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"ws://127.0.0.1:{server.getsockname()[1]}/"
        threading.Thread(target=only_own_origin, args=(server, 2), daemon=True).start()
        file = tmp_path / "pasted"
        file.write_text(f"curl '{url}' -H 'Origin: http://localhost:3000'\n")
        how = ["--from-curl", str(file)] if pasted else ["--origin", "http://localhost:3000/", url]
        assert run(["compare", "--browser", "chromium", *how]) == 0
    assert capsys.readouterr().out.startswith("refused 403  ws://")


def test_the_page_of_a_scenario_of_the_lab_is_of_its_origin_too(capsys):
    assert run(["compare", "--browser", "chromium", "--json", "lab:status-403"]) == 0
    made = json.loads(capsys.readouterr().out)
    host = made["url"].removeprefix("ws://").partition("/")[0]
    assert made["views"][0]["page"] == f"http://{host}/"
    assert run(["compare", "--browser", "chromium", "--json", "lab:https-page-ws-remote-name"]) == 0
    assert json.loads(capsys.readouterr().out)["views"][0]["page"].startswith("https://")


REFUSED = b"HTTP/1.1 403 No\r\nServer: gunicorn\r\nContent-Length: 0\r\n\r\n"
MISSING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


def test_what_is_said_is_about_the_answer_that_the_page_got(capsys):
    status, out = compared(capsys, (REFUSED, b"HTTP/1.1 101 x\r\n\r\n"), 3, "--browser", "chromium,firefox")
    assert status == 0
    first, second = f"\n{out}".split("\nanswer to ")[1:]
    assert out.startswith("refused 403 for Chromium, Firefox; invalid for wsprobe  ws://")
    page = re.search(r"  page (http://127\.0\.0\.1:[0-9]+)/ \(same origin\)$", out, re.MULTILINE)
    assert page is not None
    assert "Origin sent" not in out
    assert first.startswith("Chromium, Firefox\nON THE WIRE\nHTTP/1.1 403 No\n")
    assert "IN THE PAGE  Chromium" in first
    assert "this looks the same as" in first
    assert "a refusal such as 403" not in first
    assert "To tell the page: " in first
    assert second.startswith("wsprobe (sent without Origin, with User-Agent: wsprobe/")
    assert "HTTP/1.1 101 x" in second
    assert "IN THE PAGE" not in second
    assert "looks the same" not in second


def test_a_page_that_is_refused_where_wsprobe_is_not_is_a_difference():
    opened, refused = wsprobe.probe("lab:ok"), wsprobe.probe("lab:status-403")
    answer = engine_answer(refused.reading, refused.verdict, refused.outcome)
    seen = {"views": wsprobe.views(refused.exchange, ["chromium"]), "answers": (answer,)}
    assert status([reached(replace(opened, **seen))]) == 1
    assert status([reached(replace(refused, **seen))]) == 0


def test_the_page_s_answer_may_be_the_better_one(capsys):
    _, out = compared(capsys, (b"HTTP/1.1 204 x\r\n\r\n", REFUSED), 2, "--browser", "chromium")
    first, second = f"\n{out}".split("\nanswer to ")[1:]
    assert "HTTP/1.1 204 x" in first
    assert "gunicorn" not in first
    assert "HTTP/1.1 403 No" in second


def test_one_answer_is_shown_once(capsys):
    _, out = compared(capsys, (REFUSED, REFUSED), 4, "--browser", "chromium,firefox,whatwg")
    assert "answered to" not in out
    assert out.count("HTTP/1.1 403 No") == 1


def test_json_has_the_answer_of_each_engine(capsys):
    _, out = compared(capsys, (REFUSED, MISSING), 2, "--json", "--browser", "chromium")
    value = json.loads(out)
    assert value["response"]["status"] == 404
    answered = value["views"][0]["answered"]
    assert (answered["outcome"], answered["response"]["status"]) == ("refused", 403)
    assert [f["id"] for f in answered["findings"]]


@pytest.mark.parametrize(
    ("given", "most"),
    [((), (699050, 349525)), (("--max-body", "1000"), (699050, 1000))],
)
def test_engines_share_the_limits(given, most, capsys):
    _, out = compared(capsys, (REFUSED, REFUSED), 4, "--json", "--browser", "chromium,firefox,whatwg", *given)
    for view in json.loads(out)["views"]:
        limits = view["exchange"]["plan"]["limits"]
        assert (limits["max_head"], limits["max_body"]) == most


def test_an_engine_that_asks_nothing_has_nothing_on_its_wire(capsys):
    _, out = compared(
        capsys,
        (REFUSED, MISSING),
        1,
        "--browser",
        "chromium",
        "--csp",
        "connect-src 'none'",
        "--page",
        "http://a/",
    )
    first, second = out.split("answer to ")
    assert "ON THE WIRE\nnothing: " in first
    assert "Origin sent" not in first
    assert "IN THE PAGE  Chromium" in first
    assert second.startswith("wsprobe\n")


def test_specifications(saved, capsys):
    assert run(["compare", "--spec", "hybi-06..hybi-08,r1.210", "--json", saved["status-403"]]) == 1
    value = json.loads(capsys.readouterr().out)
    assert [(v["spec"], v["answer"]) for v in value["verdicts"]] == [
        ("hybi-06", "not known"),
        ("hybi-07", "http"),
        ("r1.210", "fail"),
        ("hybi-08", "http"),
    ]


def test_two_recordings(saved, capsys):
    assert run(["compare", saved["ok"], saved["ok"]]) == 0
    assert run(["compare", saved["ok"], saved["status-403"]]) == 1
    assert "outcome\n  [1] open\n  [2] refused\n" in capsys.readouterr().out


def test_nothing_answered_is_that_status(capsys):
    assert run(["compare", "lab:refused", "lab:refused"]) == 4


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xff\xfd\n", "not UTF-8"),
        (b"\xff\xfe\n", "no recording"),
    ],
)
def test_bad_recordings(content, says, tmp_path, capsys):
    file = tmp_path / "bad"
    file.write_bytes(content)
    assert run(["compare", "--browser-mode", str(file)]) == 2
    err = capsys.readouterr().err
    assert says in err
    assert err.count("\n") == 1


def test_a_scheme_of_no_server_is_what_the_page_gets(capsys):
    assert run(["compare", "--browser", "chromium", "mailto:a@b"]) == 0
    assert "throws SyntaxError" in capsys.readouterr().out


def test_a_url_at_which_the_constructor_throws_is_shown_not_refused(capsys):
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
def test_words_without_a_scheme(word, url):
    assert with_scheme(word) == url


def test_relative_to_the_page(capsys):
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


def test_credentials_are_the_urls_for_a_browser(capsys):
    assert run(["compare", "--browser", "chromium", "--json", "-u", "a b:c@d", "lab:status-403"]) == 0
    assert json.loads(capsys.readouterr().out)["views"][0]["url"].startswith("ws://a%20b:c%40d@127.0.0.1:")


def test_two_answers_that_differ_in_spelling_alone_are_the_same(capsys):
    """A proxy that writes header names in lower case changes nothing (RFC 9110 section 5.1)."""
    assert run(["compare", "lab:/status/403?header=X-Tag:1", "lab:/status/403?header=x-tag:1"]) == 0
    out = capsys.readouterr().out
    assert "letter case of x-tag  (does not change the exit status)\n  [1] X-Tag\n  [2] x-tag\n" in out
    assert "\nthe same in all " in out
    assert run(["compare", "lab:/status/403?header=X-Tag:1", "lab:/status/403?header=x-tag:2"]) == 1
    assert "header X-Tag\n  [1] 1\n  [2] 2\n" in capsys.readouterr().out


def test_recordings_say_what_was_asked_otherwise(capsys, tmp_path):
    files = []
    for origin in ("https://a.example", "https://b.example"):
        files.append(str(tmp_path / origin[-9]))
        run(["connect", "-s", "--save", files[-1], "--origin", origin, "lab:status-403"])
    assert run(["compare", *files]) == 0
    out = capsys.readouterr().out
    assert (
        "asked with Origin  (does not change the exit status)\n  [1] https://a.example\n  [2] https://b" in out
    )
    assert "asked with Host" not in out
    assert "asked with Sec" not in out


def test_http2_makes_a_difference_and_that_is_said_first(capsys):
    assert run(["compare", "--browser", "chromium,firefox", "lab:h2-status-403"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "over HTTP/1.1 it opens; Firefox 153 uses HTTP/2 and is refused"


def test_a_page_that_came_over_http2_lets_chromium_ask_so(capsys):
    run(["compare", "--browser", "chromium,firefox,webkitgtk", "--page-http", "2", "--json", "lab:h2-on"])
    views = json.loads(capsys.readouterr().out)["views"]
    assert [view["handshakes"] for view in views] == [["2"], ["2"], ["1.1"]]
    assert [view["page"] for view in views] == [
        views[0]["url"].partition("/s/")[0].replace("wss", "https") + "/"
    ] * 3


def test_a_fallback_shows_both_handshakes(capsys):
    name = "lab:h2-rst-http11-required-before"
    run(["compare", "--browser", "chromium,firefox", "--page-http", "2", "--json", name])
    chromium, firefox = json.loads(capsys.readouterr().out)["views"]
    assert chromium["handshakes"] == ["2", "1.1"]
    assert len(chromium["exchange"]["hops"]) == 1
    assert firefox["handshakes"] == ["2"]


def test_a_retry_is_on_the_same_connection_and_shown(capsys, tmp_path):
    arguments = ["--browser", "chromium", "--page-http", "2", "lab:h2-rst-refused-twice-then-200"]
    run(["compare", *arguments, "--json"])
    (view,) = json.loads(capsys.readouterr().out)["views"]
    assert view["handshakes"] == ["2", "2", "2"]
    assert view["exchange"]["hops"] == []
    assert [event["type"] for event in view["events"]] == ["open", "message", "close"]
    saved = tmp_path / "view.json"
    saved.write_text(json.dumps(view["exchange"]))
    run(["compare", "--browser", "chromium,firefox", "--page-http", "2", "--json", str(saved)])
    again, firefox = json.loads(capsys.readouterr().out)["views"]
    assert (again["handshakes"], again["events"]) == (view["handshakes"], view["events"])
    assert (firefox["handshakes"], firefox["outcome"]) == (["2"], "failed")
    run(["compare", *arguments])
    assert "over HTTP/2, sent 3 times (REFUSED_STREAM for stream 1 and stream 3)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("engine", "name", "says"),
    [
        (
            "chromium",
            "h2-rst-http11-required-before",
            "sent again over HTTP/1.1: over HTTP/2 the server reset the stream with HTTP_1_1_REQUIRED",
        ),
        ("firefox", "h2-off", "sent over HTTP/1.1: the server speaks HTTP/2 but does not announce WebSockets"),
    ],
)
def test_why_it_was_asked_again_is_said(engine, name, says, capsys):
    run(["compare", "--browser", engine, "--page-http", "2", f"lab:{name}"])
    assert says in capsys.readouterr().out


def test_without_http2_an_engine_has_one_handshake_over_http1(capsys):
    run(["compare", "--browser-mode", "--json", "lab:status-403"])
    assert {tuple(view["handshakes"]) for view in json.loads(capsys.readouterr().out)["views"]} == {("1.1",)}


def test_what_is_long_in_how_others_asked_ends_in_dots(capsys):
    run(["compare", "--browser", "chromium,webkitgtk", "lab:redirect-302"])
    assert "(KHTML, like Gecko) Version...)\n" in capsys.readouterr().out


def test_port_0_is_blocked_in_browsers_and_refused_elsewhere(capsys):
    """Measured in Chromium 156, Firefox ESR 153, WebKitGTK 2.54 and ws 8.23."""
    run(["compare", "--json", "--browser", "chromium,firefox,webkitgtk,ws", "ws://127.0.0.1:0/"])
    *browsers, ws = json.loads(capsys.readouterr().out)["views"]
    stories = [[event["type"] for event in view["events"]] for view in browsers]
    assert stories == [["error", "close"], ["error", "close"], ["error"]]
    assert ws["events"][0]["message"] == "connect ECONNREFUSED 127.0.0.1"


def test_only_what_a_page_can_act_on_is_a_difference(capsys):
    """The extensions that a healthy server agrees on differ between browsers, and no script can use them."""
    assert run(["compare", "-s", "--browser-mode", "lab:pmd-message"]) == 0
    assert run(["compare", "-s", "--browser-mode", "--strict", "lab:pmd-message"]) == 1
    assert run(["compare", "-s", "--browser-mode", "lab:302-ws"]) == 1


def test_each_of_several_urls_has_a_line(capsys):
    urls = ["lab:ok", "lab:status-403", "lab:302-ws", "lab:close-4403", "lab:refused"]
    assert run(["compare", "--browser-mode", *urls]) == 1
    lines = capsys.readouterr().out.splitlines()[: len(urls)]
    assert lines == [
        f"usable in {BROWSERS}  lab:ok  open",
        f'not usable in {BROWSERS}  lab:status-403  refused 403; the server says: "body text"',
        "usable in WebKitGTK, not in Chromium, Firefox  lab:302-ws  "
        "redirected 302 for Chromium, Firefox, wsprobe; open for WebKitGTK; "
        "likely: the server redirects to /s/ok; of the browsers, only WebKitGTK follows",
        f"not usable in {BROWSERS}  lab:close-4403  closed 4403; likely: the server closed with 4403",
        f"not usable in {BROWSERS}  lab:refused  unreachable; possible: the connection was refused",
    ]


BROWSERS = "Chromium, Firefox, WebKitGTK"
