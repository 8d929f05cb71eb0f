"""`connect` from end to end: over real sockets against the lab, inside this process."""

from __future__ import annotations

import itertools
import json
import socket
import threading
from contextlib import contextmanager

import pytest

from wsprobe.cli.main import run
from wsprobe.read import read
from wsprobe.recording import archive

Capture = pytest.CaptureFixture[str]


def json_of(capsys, *arguments):
    run(["connect", "--json", *arguments])
    value = json.loads(capsys.readouterr().out)
    assert isinstance(value, dict)
    return value


@pytest.mark.parametrize(
    ("name", "status", "outcome"),
    [
        ("ok", 0, "open"),
        ("dns-host-invalid", 3, "unresolved"),
        ("refused", 4, "unreachable"),
        ("wss-expired", 5, "tls-failed"),
        ("fin-partial-headers", 8, "dropped"),
        ("banner-smtp", 9, "not-http"),
        ("redirect-302", 10, "redirected"),
        ("401-basic", 11, "unauthorized"),
        ("status-403", 12, "refused"),
        ("502", 13, "server-error"),
        ("200-html", 14, "not-upgraded"),
        ("accept-wrong", 15, "invalid"),
        ("101-then-fin", 16, "aborted"),
        ("accept-then-close-4403", 17, "closed"),
    ],
)
def test_outcome_and_exit_status(name, status, outcome, capsys):
    assert run(["connect", f"lab:{name}"]) == status
    out, err = capsys.readouterr()
    assert f"\n{outcome}" in f"\n{out}"
    assert err == ""


def test_timeout_is_7(capsys):
    assert run(["connect", "-m", "0.2", "lab:silence"]) == 7
    assert "timeout  lab:silence: the exchange took longer than" in capsys.readouterr().out


def test_parameterised_path(capsys):
    assert run(["connect", "lab:/status/429?reason=Slow%20down&body=later&header=Retry-After:7"]) == 12
    out = capsys.readouterr().out
    assert "\n\nHTTP/1.1 429 Slow down\n" in out
    assert "Retry-After:7\n" in out
    assert "\nlater\n" in out


def test_a_command_to_copy_is_quoted_for_a_shell(capsys):
    run(["connect", "lab:/status/418?reason=Tea&body=short"])
    assert "--browser-mode 'lab:/status/418?reason=Tea&body=short'\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("place", "status"),
    [
        ("lab:status/403", 12),
        ("lab:/status/403", 12),
        ("lab:s/status-403", 12),
        ("lab:close/4403?reason=no", 17),
        ("lab:raw?text=HTTP/1.1%20500%20No%0d%0a%0d%0a", 13),
    ],
)
def test_a_path_of_the_lab_needs_no_slash(place, status):
    assert run(["connect", "-s", place]) == status


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("mailto:a@b", "scheme 'mailto' in URL 'mailto:a@b' is not ws, wss, http or https"),
        ("recording.jsonl", "'recording.jsonl' is a file's name, not a URL"),
        ("lab:", "lab: is not a scenario; wsprobe serve --list shows all"),
        ("lab:stauts/403", "there is no scenario 'stauts/403'; similar: status-403"),
    ],
)
def test_what_is_no_place_is_said_in_one_line(place, said, capsys):
    assert run(["connect", place]) == 2
    out, err = capsys.readouterr()
    assert said in err
    assert (out, err.count("\n")) == ("", 1)


def test_several_urls_keep_their_order(capsys, tmp_path):
    names = ["lab:status-403", "lab:ok", "lab:refused", "lab:status-403"]
    file = tmp_path / "urls"
    file.write_text("# a comment\n\n" + "\n".join(names) + "\n")
    assert run(["connect", "--json", f"@{file}"]) == 12
    rows = [json.loads(row) for row in capsys.readouterr().out.splitlines()]
    assert [row["name"] for row in rows] == names
    assert [row["exit_status"] for row in rows] == [12, 0, 4, 12]


def test_request_options_are_on_the_wire(capsys):
    value = json_of(
        capsys,
        *(
            "-H",
            "X-One: 1",
            "-H",
            "x-one:  2",
            "-H",
            "User-Agent:",
            "-H",
            "X-Empty;",
            "-H",
            "host: other.example",
        ),
        *(
            "--origin",
            "https://app.example",
            "--protocol",
            "a",
            "--protocol",
            "b",
            "-b",
            "k=v",
            "-u",
            "me:secret",
        ),
        *("--ws-key", "not a key", "--ws-version", "8", "--no-compression", "--request-target", "*"),
        "lab:status-403",
    )
    request = value["request"]
    assert isinstance(request, dict)
    assert request["line"] == "GET * HTTP/1.1"
    assert request["headers"] == [
        ["host", "other.example"],
        ["Upgrade", "websocket"],
        ["Connection", "Upgrade"],
        ["Sec-WebSocket-Key", "not a key"],
        ["Sec-WebSocket-Version", "8"],
        ["Sec-WebSocket-Protocol", "a, b"],
        ["Origin", "https://app.example"],
        ["Authorization", "Basic bWU6c2VjcmV0"],
        ["Cookie", "k=v"],
        ["X-One", "1"],
        ["x-one", "2"],
        ["X-Empty", ""],
    ]


def test_raw_request(capsys, tmp_path):
    file = tmp_path / "request"
    file.write_bytes(b"GET /s/ok HTTP/1.1\nhost:{host}\nSEC-websocket-KEY: {key}\nUpgrade: x\n\n")
    value = json_of(capsys, "--raw-request", str(file), "--ws-key", "dGhlIHNhbXBsZSBub25jZQ==", "lab:ok")
    request = value["request"]
    assert isinstance(request, dict)
    assert ["SEC-websocket-KEY", "dGhlIHNhbXBsZSBub25jZQ=="] in request["headers"]


def test_include_and_output_give_bytes_untouched(capfdbinary, tmp_path):
    assert run(["connect", "-i", "lab:/raw?hex=485454502f312e31203430332025ff0d0a0d0a00ff"]) == 12
    assert capfdbinary.readouterr().out == b"HTTP/1.1 403 %\xff\r\n\r\n\x00\xff"
    body = tmp_path / "body"
    assert run(["connect", "-s", "-o", str(body), "lab:/status/500?body=a%00b"]) == 13
    assert body.read_bytes() == b"a\x00b"
    assert capfdbinary.readouterr().out == b""


def test_silent_prints_nothing(capsys):
    assert run(["connect", "-s", "lab:status-403"]) == 12
    assert capsys.readouterr() == ("", "")


NOTHING_SHOWN = "wsprobe: -s leaves out the conversation that -v shows; leave one of them out\n"


def test_verbose_is_on_standard_error(capsys):
    assert run(["connect", "-v", "-s", "lab:status-403"]) == 12
    assert capsys.readouterr() == ("", NOTHING_SHOWN)
    assert run(["connect", "-v", "lab:status-403"]) == 12
    out, err = capsys.readouterr()
    assert out.startswith("refused 403  lab:status-403: the server answered 403")
    assert "> GET /s/403 HTTP/1.1\n" in err
    assert "< HTTP/1.1 403 Forbidden\n" in err
    assert run(["connect", "-vv", "lab:status-403"]) == 12
    assert "00000000  47 45 54 20" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("expectations", "name", "status"),
    [
        (["status=403"], "status-403", 0),
        (["outcome=refused", "header:Content-Type=text/plain", "header:content-type"], "status-403", 0),
        (["status=404"], "status-403", 20),
        (["status=403", "header:X-Nothing"], "status-403", 20),
        (["close=4403", "close-reason=forbidden", "outcome=closed"], "accept-then-close-4403", 0),
        (["close=1000"], "accept-then-close-4403", 20),
        (["finding:accept-case"], "accept-lowercased-value", 0),
        (["outcome=open"], "ok", 0),
        (["status=4xx", "status!=401", "status!=5xx", "outcome!=open"], "status-403", 0),
        (["status=5xx"], "status-403", 20),
        (["status!=4xx"], "status-403", 20),
        (["body~^bod+y", "header:content-type~^text/"], "status-403", 0),
        (["header:X-None!=a", "header!=X-None"], "status-403", 0),
        (["body~^open$"], "status-403", 20),
        (["header!=Content-Type"], "status-403", 20),
        (["finding!=accept-case"], "accept-lowercased-value", 20),
        (["finding!=accept-case", "cause!=no-route", "time_head<1h", "time_total<3600"], "ok", 0),
        (["time_total<0"], "ok", 20),
        (["time_tls<1h"], "ok", 20),
        (["close!=4404", "close-reason~bid"], "accept-then-close-4403", 0),
        (["message~."], "status-403", 20),
    ],
)
def test_expect(expectations, name, status, capsys):
    arguments = [part for each in expectations for part in ("--expect", each)]
    assert run(["connect", *arguments, f"lab:{name}"]) == status
    err = capsys.readouterr().err
    assert (err == "") == (status == 0)
    assert err == "" or err.startswith(f"wsprobe: lab:{name}: expected ")


def test_expect_says_what_was_found_without_its_escapes(capsys):
    raw = b"HTTP/1.1 403 x\r\nX-A: \x1b]0;a\x07\x9b\x7f\r\n\r\n".hex()
    assert run(["connect", "--expect", "header:X-A=b", f"lab:/raw?hex={raw}"]) == 20
    assert "expected header:X-A=b, found \\x1b]0;a\\x07\\x9b\\x7f\n" in capsys.readouterr().err


def test_output_on_a_terminal_is_made_visible(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert run(["connect", "-o", "-", "lab:/status/500?body=a%1B[1m"]) == 13
    assert capsys.readouterr().out == "a\\x1b[1m\n"


def test_save_and_compare_again(capsys, tmp_path):
    file = tmp_path / "recordings"
    assert run(["connect", "-s", "--save", str(file), "lab:status-403"]) == 12
    assert run(["connect", "-s", "--save", str(file), "lab:ok"]) == 0
    kept = [archive.load(row) for row in file.read_text().splitlines()]
    assert [read(each).final.status for each in kept if read(each).final] == [403, 101]
    assert run(["compare", str(file)]) == 1
    assert "[1] refused\n  [2] open\n" in capsys.readouterr().out


def test_redact_masks_what_is_printed_and_saved(capsys, tmp_path):
    file = tmp_path / "recording"
    secret = "hunter2secret"
    place = f"lab:/status/403?header=Set-Cookie:s={secret}&token={secret}"
    arguments = ["--redact", "--json", "--save", str(file), "-u", f"me:{secret}", "-b", f"s={secret}", place]
    assert run(["connect", *arguments]) == 12
    assert secret not in capsys.readouterr().out
    assert secret not in file.read_text()


def test_follow_redirects_keeps_every_hop_and_no_credentials(capsys):
    value = json_of(capsys, "-L", "lab:302-ws")
    assert value["outcome"] == "open"
    hops = value["hops"]
    assert isinstance(hops, list)
    assert [hop["response"]["status"] for hop in hops] == [302]
    assert run(["connect", "-L", "--max-redirs", "3", "--json", "lab:302-self-loop"]) == 10
    looped = json.loads(capsys.readouterr().out)
    assert len(looped["hops"]) == 3


@contextmanager
def flaky(answers):
    """A server that gives one of *answers* to each connection, in order."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def work():
            for answer in answers:
                client, _ = server.accept()
                with client:
                    client.recv(65536)
                    client.sendall(answer)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(timeout=10)


def test_retry(capsys, monkeypatch):
    waited = []

    async def at_once(seconds):
        waited.append(seconds)

    monkeypatch.setattr("wsprobe.net.sleep", at_once)
    unavailable = b"HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n"
    with flaky([unavailable, unavailable, b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"]) as port:
        assert run(["connect", "--retry", "5", f"ws://127.0.0.1:{port}/"]) == 12
    assert waited == [1.0, 2.0]
    assert "\n\nHTTP/1.1 403 No\n" in capsys.readouterr().out


DATED = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:49:{}\r\n"


@pytest.mark.parametrize(
    ("status", "fields", "waits"),
    [
        ("503", "Retry-After: 7\r\n", 7.0),
        ("429", "Retry-After: 0\r\n", 0.0),
        ("429", DATED.format("42 GMT"), 5.0),
        ("429", DATED.format("42"), 5.0),
        ("503", DATED.format("30 GMT"), 0.0),
        ("503", "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 0.0),
        ("503", "Retry-After: soon\r\n", 1.0),
        ("503", "Retry-After: -5\r\n", 1.0),
        ("500", "Retry-After: 7\r\n", 1.0),
        ("503", "Retry-After: 3600\r\n", 3600.0),
        ("503", "Retry-After: 3601\r\n", None),
        ("503", "Retry-After: 99999999999999999999\r\n", None),
    ],
)
def test_retry_after(monkeypatch, capsys, status, fields, waits):
    waited = []

    async def at_once(seconds):
        waited.append(seconds)

    monkeypatch.setattr("wsprobe.net.sleep", at_once)
    later = f"HTTP/1.1 {status} Later\r\n{fields}Content-Length: 0\r\n\r\n".encode()
    answers = [later, b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"]
    with flaky(answers if waits is not None else answers[:1]) as port:
        assert run(["connect", "-v", "--retry", "2", f"ws://127.0.0.1:{port}/"]) == (
            13 if waits is None else 12
        )
    assert waited == ([] if waits is None else [waits])
    said = capsys.readouterr().err
    if waits is None:
        assert "wsprobe: no retry: " in said
        assert "s (the server's Retry-After) is more than 1 h allows\n" in said
    else:
        by_server = "" if waits == 1.0 else " (the server's Retry-After)"
        assert f"wsprobe: retrying in {waits:g} s{by_server}; retries left after this one: 1\n" in said


def test_retry_max_time(monkeypatch, capsys):
    async def at_once(seconds):
        raise AssertionError("waited")

    monkeypatch.setattr("wsprobe.net.sleep", at_once)
    with flaky([b"HTTP/1.1 429 Later\r\nRetry-After: 90\r\nContent-Length: 0\r\n\r\n"]) as port:
        given = ["--retry", "2", "--retry-max-time", "60", "-v"]
        assert run(["connect", *given, f"ws://127.0.0.1:{port}/"]) == 12
    said = capsys.readouterr().err
    assert "no retry: 90 s (the server's Retry-After) is more than --retry-max-time 60 allows\n" in said


@pytest.mark.parametrize("days", [-1, 1])
def test_a_clock_that_is_set_meanwhile(days, monkeypatch, capsys):
    """Neither what is waited for nor what was measured depends on the time of day."""
    waited = []
    times = itertools.count(1_800_000_000, days * 86_400)

    async def at_once(seconds):
        waited.append(seconds)

    monkeypatch.setattr("wsprobe.net.sleep", at_once)
    monkeypatch.setattr("time.time", lambda: float(next(times)))
    monkeypatch.setattr("wsprobe.cli.probe.now", lambda: float(next(times)))
    answers = [b"HTTP/1.1 429 Later\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n"] * 2
    with flaky([*answers, b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"]) as port:
        url = f"ws://127.0.0.1:{port}/"
        assert run(["connect", "--json", "--retry", "2", "--retry-max-time", "60", url]) == 12
    assert waited == [9, 9]
    at = [event["at"] for event in json.loads(capsys.readouterr().out)["exchange"]["events"]]
    assert at == sorted(at)
    assert 0 <= at[0] <= at[-1] < 60_000_000


def test_send_and_echo(capsys):
    assert run(["connect", "--send", "hello", "--send-hex", "00ff", "--ping", "lab:/echo"]) == 0
    out = capsys.readouterr().out
    assert '> Text "hello"\n' in out
    assert '< Text "hello"\n' in out
    assert "< Binary 00 ff\n" in out
    assert "< Pong" in out


def test_does_not_read_standard_input_unasked(monkeypatch):
    class Untouchable:
        def __getattr__(self, name):
            raise AssertionError(f"standard input was used: {name}")

    monkeypatch.setattr("sys.stdin", Untouchable())
    assert run(["connect", "-s", "lab:status-403"]) == 12


def test_certificate_is_named(capsys):
    value = json_of(capsys, "lab:wss-wrong-host")
    tls = value["tls"]
    assert isinstance(tls, dict)
    assert tls["kind"] == "certificate"
    assert tls["reason"] == "wrong-name"
    assert tls["certificate"]["names"]
    findings = value["findings"]
    assert isinstance(findings, list)
    assert [f["id"] for f in findings] == ["certificate-wrong-name"]
    assert json_of(capsys, "-k", "lab:wss-wrong-host")["outcome"] == "open"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["-L", "lab:302-ws"], ": it answered 302 Redirect\n"),
        (
            ["-L", "--max-redirs", "2", "lab:302-self-loop"],
            "after 2 redirects, in a loop\n",
        ),
        (["lab:302-ws"], "redirects; -L follows it\n"),
        (["-L", "lab:/redirect/302?to=ftp://h/"], "to a URL that -L cannot follow\n"),
        (["lab:/redirect/302?to=ws://["], "to a URL that -L cannot follow\n"),
        (["-L", "lab:/redirect/302?to=ws://["], "to a URL that -L cannot follow\n"),
        (["-L", "lab:/redirect/302?to=ws://127.0.0.1:0/"], "to a URL that -L cannot follow\n"),
        (["-L", "lab:/redirect/302?to=/%1b"], "to a URL that -L cannot follow\n"),
        (["lab:/status/302"], "redirects, but has no Location\n"),
    ],
)
def test_a_redirect_says_what_came_of_it(arguments, says, capsys):
    run(["connect", *arguments])
    assert says in capsys.readouterr().out


def test_a_401_after_credentials_says_that_they_were_refused(capsys):
    run(["connect", "lab:/status/401"])
    assert "it requires credentials" in capsys.readouterr().out
    run(["connect", "-u", "a:b", "lab:/status/401"])
    assert "the server answered 401: it refused the credentials that were sent" in capsys.readouterr().out


def test_the_server_s_words_stand_for_the_status_s_usual_cause(capsys):
    run(["connect", "lab:/status/400?body=Can+%22Upgrade%22+only+to+%22WebSocket%22"])
    out = capsys.readouterr().out
    assert (
        'The server says: Can "Upgrade" only to "WebSocket"\nLikely: the server did not receive Upgrade' in out
    )
    assert "  usual cause" not in out
    run(["connect", "lab:/status/400?body=no"])
    out = capsys.readouterr().out
    assert "\nUsual causes: a proxy that drops" in out


def test_a_proxy_s_refusal_is_shown_line_by_line(capsys):
    with flaky([b"HTTP/1.0 501 No\r\nContent-Length: 9\r\n\r\none\ntwo\n\n"]) as port:
        assert run(["connect", "-x", f"http://127.0.0.1:{port}", "ws://h.example/"]) == 6
    shown = capsys.readouterr().out.partition("\n\n")[2]
    assert shown.startswith("HTTP/1.0 501 No\nContent-Length: 9\none\ntwo\nfail proxy-failed\n")


def test_a_closed_port_has_what_to_do(capsys):
    assert run(["connect", "lab:refused"]) == 4
    assert "\n  -> check that the server runs, that it listens on this address" in capsys.readouterr().out
    assert run(["connect", "lab:status-403"]) == 12
    assert "listens on this address" not in capsys.readouterr().out


def test_an_address_of_the_other_family_says_so(capsys):
    assert run(["connect", "-6", "ws://127.0.0.1:9/"]) == 3
    assert (
        "usual cause: a name or address without IPv6, while -6 allows nothing else\n" in capsys.readouterr().out
    )


@pytest.mark.parametrize("option", ["-i", "-o-"])
def test_where_no_bytes_came_the_reason_is_on_standard_error(option, capsys):
    assert run(["connect", option, "lab:refused"]) == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("wsprobe: lab:refused: unreachable: 127.0.0.1:")
    assert run(["connect", "-s", option, "lab:refused"]) == 4
    assert run(["connect", option, "lab:status-403"]) == 12
    assert capsys.readouterr().err == ""


def test_a_list_of_urls_from_any_editor(capsys, tmp_path):
    file = tmp_path / "urls"
    file.write_bytes(b"\xef\xbb\xbflab:status-403\r\n# a remark\r\n\r\n  lab:ok \r\n")
    assert run(["connect", "-w", r"%{url} %{outcome}\n", f"@{file}"]) == 12
    assert capsys.readouterr().out == "lab:status-403 refused\nlab:ok open\n"
    file.write_text("lab:ok\nftp://h/\nlab:no-such\nlab:status-403\n")
    assert run(["connect", "-w", r"%{url} %{http_code}\n", f"@{file}"]) == 2
    out, err = capsys.readouterr()
    assert out == "lab:ok 101\nlab:status-403 403\n"
    first, second = err.splitlines()
    assert first.startswith(f"wsprobe: {file}, line 2: scheme 'ftp'")
    assert second.startswith(f"wsprobe: {file}, line 3: lab:no-such: there is no scenario")


def test_carets_stand_under_wide_and_combining_characters(capsys):
    name = "\u6f22\u5b57e\u0301"
    with flaky([f"HTTP/1.1 403 No\r\n{name}: x\r\nContent-Length: 0\r\n\r\n".encode()]) as port:
        run(["connect", f"ws://127.0.0.1:{port}/"])
    lines = capsys.readouterr().out.splitlines()
    row = lines.index(f"{name}: x")
    carets = next(line.split(" ")[0] for line in lines[row + 1 :] if line.startswith("^"))
    assert carets == "^" * len("..//e: x")


def test_verbose_shows_frames_and_odd_line_ends(capsys):
    assert run(["connect", "-v", "-s", "--send", "hello", "--linger", "0.1", "lab:/echo"]) == 0
    assert capsys.readouterr() == ("", NOTHING_SHOWN)
    assert run(["connect", "-v", "--send", "hello", "--linger", "0.1", "lab:/echo"]) == 0
    err = capsys.readouterr().err
    for row in ("> GET /echo HTTP/1.1\n", '> Text "hello"\n', '< Text "hello"\n', "> Close 1000\n"):
        assert row in err
    run(["connect", "-v", "lab:/raw?text=HTTP/1.1%20403%20No%0aA:%20b%0a%0aend"])
    err = capsys.readouterr().err
    assert "< HTTP/1.1 403 No\\x0a\n" in err
    assert "< end\n" in err


def test_verbose_shows_a_header_of_the_proxy_protocol(capsys):
    """The lab does not want one, and takes it for a request line."""
    run(["connect", "-v", "--haproxy-clientip", "192.0.2.7", "lab:/"])
    assert "> PROXY TCP4 192.0.2.7 127.0.0.1 " in capsys.readouterr().err


def test_the_chain_is_in_the_report(capsys):
    tls = json_of(capsys, "lab:wss-expired")["tls"]
    assert isinstance(tls, dict)
    (only,) = tls["chain"]
    assert (only["subject"], only["key"]) == (tls["certificate"]["subject"], "EC P-256")
    assert tls["days_left"] == only["days_left"] < 0
    assert tls["browsers"]["chromium"] == "net::ERR_CERT_DATE_INVALID"
    assert run(["connect", "lab:wss-expired"]) == 5
    text = capsys.readouterr().out
    assert f"{-tls['days_left']} days ago" in text
    assert "Chromium says: net::ERR_CERT_DATE_INVALID\n" in text
    assert run(["connect", "-v", "-k", "lab:wss-expired"]) == 0
    assert "  public key sha256//" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "days", "met"),
    [("wss-expired", "0", False), ("https-page-wss", "1", True), ("https-page-wss", "999999", False)],
)
def test_the_days_that_a_certificate_has_left(capsys, name, days, met):
    assert run(["connect", "-s", "--expect", f"cert-days={days}", f"lab:{name}"]) == (0 if met else 20)
    assert run(["connect", "-w", "%{cert_days}", f"lab:{name}"]) in (0, 5)
    shown = capsys.readouterr().out
    assert (int(shown) >= int(days)) is met


def test_without_tls_no_certificate_has_days_left(capsys):
    assert run(["connect", "--expect", "cert-days=0", "lab:ok"]) == 20
    assert "expected cert-days=0, found nothing" in capsys.readouterr().err
    assert run(["connect", "-w", "%{cert_days}", "lab:ok"]) == 0
    assert capsys.readouterr().out == ""


def test_a_pinned_key(capsys, tmp_path):
    other = "sha256//" + "A" * 43 + "="
    assert run(["connect", "-k", "--pinnedpubkey", other, "lab:https-page-wss"]) == 5
    assert "fail pinned-key-mismatch\n" in capsys.readouterr().out
    # Of a browser that does not pin the key, no more is known than that it would have gone on.
    run(["compare", "--browser", "all", "--json", "--pinnedpubkey", other, "lab:https-page-wss"])
    views = json.loads(capsys.readouterr().out)["views"]
    assert {view["outcome"] for view in views} == {"connecting"}
    (tmp_path / "key").write_text("no key")
    for wrong in ("sha256//AAAA", f"{other};sha1//AAAA", str(tmp_path / "key"), str(tmp_path / "none")):
        assert run(["connect", "--pinnedpubkey", wrong, "lab:https-page-wss"]) == 2
        assert "--pinnedpubkey: " in capsys.readouterr().err
