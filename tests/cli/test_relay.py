"""``wsprobe relay`` as a process: what it prints when it is ready, what it reports, how it ends."""

import json
import os
import re
import signal
import stat
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from tests.cli.processes import started
from tests.diagnosis.sessions import Session
from wsprobe.cli.readers import as_client_saw
from wsprobe.cli.relay import RelayOutput
from wsprobe.cli.serve import ready as lab_ready
from wsprobe.exchange import UNSET, Relayed
from wsprobe.lab.site import Site
from wsprobe.recording import archive
from wsprobe.report.report import report
from wsprobe.request.edits import with_field
from wsprobe.request.target import parse


@contextmanager
def relaying(*arguments):
    """A relay in a process of its own, and the URL that it says it has."""
    process = started("relay", *arguments)
    try:
        first = process.stdout.readline()
        yield process, json.loads(first)["ready"]["ws"] if "--json" in arguments else first.strip()
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def asked(values):
    """What a client gets at a URL."""
    return lambda url, *arguments: values("connect", "--json", *arguments, url)[0]


def ended(process):
    """What it printed until it was interrupted."""
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    return out, err


PAGE = ("--origin", "http://localhost:5173")


@pytest.mark.programs
def test_the_views_fit_one_screen(asked):
    with relaying("--browser-mode", "lab:status-403") as (process, url):
        asked(url, *PAGE)
        out = ended(process)[0]
    assert "IN THE PAGE  Chromium, Firefox, WebKitGTK" in out
    assert "-v" not in out  # relay has no such option
    assert "console" not in out


@pytest.mark.parametrize(
    ("events", "saw"),
    [
        (("0.1 we close 1000", "0.2 close 1000", "0.3 fin"), ("closed", 1000)),
        (("0.1 we close 4001", "0.2 close 4001", "0.3 fin"), ("closed", 4001)),
        (("0.1 we close 1001", "0.2 close 1001", "0.3 fin"), ("open", None)),
        (("0.1 close 4002 no", "0.2 we close 4002", "0.3 fin"), ("closed", 4002)),
        (("0.1 text hi", "3 local"), ("open", None)),
    ],
)
def test_the_page_closes_where_the_client_did(events, saw):
    exchange = Session("", events, "").reading().exchange
    client = Relayed("127.0.0.1:1", with_field(exchange.plan.request, b"Origin", b"http://localhost:5173"))
    (view,) = as_client_saw(report(replace(exchange, client=client)), ("chromium",)).views
    assert (view.outcome, next((each.code for each in view.events if each.type == "close"), None)) == saw


@pytest.mark.programs
def test_a_page_is_told_and_all_is_kept(asked, tmp_path):
    save, har, page = (str(tmp_path / name) for name in ("kept.jsonl", "kept.har", "report.html"))
    files = ("--save", save, "--har", har, "--report", page)
    with relaying("--json", "--tell-page", "--browser-mode", *files, "lab:status-403") as (process, url):
        got = asked(url, *PAGE, "-H", "Cookie: sid=0123456789")
        assert got["close"] == {"code": 4403, "reason": "403 body text", "clean": True, "by": "server"}
        # The relay reports a connection when it is over: only then is the client's Close certain to be in it.
        line = process.stdout.readline()
        assert ended(process)[0] == ""
    value = json.loads(line)
    assert value["outcome"] == "refused"
    assert value["response"]["status"] == 403
    client = value["client"]
    assert client["told"] == {"status": 101, "close": {"code": 4403, "reason": "403 body text"}}
    assert client["close"]["code"] == 4403
    assert client["ended"] == "fin"
    assert client["request"]["line"] == "GET / HTTP/1.1"
    assert value["request"]["line"] == "GET /s/403 HTTP/1.1"
    assert {each["name"]: each["client"] for each in client["differs"]} == {
        "Origin": "http://localhost:5173",
        "Cookie": "sid=0123456789",
    }
    chromium = next(view for view in value["views"] if view["browser"] == "chromium")
    assert [event["type"] for event in chromium["events"]] == ["open", "close"]
    firefox = next(view for view in value["views"] if view["browser"] == "firefox")
    assert firefox["events"][-1]["wasClean"], "the relay waits for the page's Close, as seen in Firefox 153"
    assert chromium["url"] == url
    assert chromium["page"] == "http://localhost:5173/"
    exchange = archive.load(Path(save).read_text())
    assert exchange.client is not UNSET
    assert exchange.client.answer.endswith(b"403 body text")
    assert json.loads(Path(har).read_text())["log"]["entries"]
    written = Path(page).read_text()
    assert "0123456789" not in written
    assert "<h3>The client</h3>" in written
    assert "close 4403 &quot;403 body text&quot;" in written
    for each in tmp_path.iterdir():
        assert stat.S_IMODE(os.stat(each).st_mode) == 0o600


@pytest.mark.programs
@pytest.mark.parametrize(
    ("options", "heard"), [((), "A script"), (("--tell-page",), "Without the relay, a script")]
)
def test_the_report_says_who_learns_nothing(options, heard, asked):
    with relaying(*options, "lab:status-403") as (process, url):
        asked(url, *PAGE)
        lines = list(iter(process.stdout.readline, "  the client closed the connection\n"))
        ended(process)
    assert any(each.startswith(f"{heard} in a browser sees none of this: ") for each in lines)


@pytest.mark.programs
def test_a_session_passes_and_is_reported(asked):
    with relaying("lab:/echo") as (process, url):
        got = asked(url, "--send", "hello")
        assert got["outcome"] == "open"
        # Interrupted sooner, the relay may not know yet that the connection is over.
        lines = list(iter(process.stdout.readline, "  the client closed the connection\n"))
        rest, err = ended(process)
    out = "".join(lines) + rest
    assert '< Text "hello"' in out
    assert ": the handshake completed; the client closed the session first, after " in out
    assert "--linger" not in out
    assert "no page (no Origin)" in out
    assert "Local Network Access" in err


@pytest.mark.programs
def test_secrets_are_masked(asked):
    with relaying("--json", "--redact", "--tell-page", "lab:status/403?body=no%20secret99") as (process, url):
        got = asked(f"{url}status/403?body=no%20secret99", *PAGE, "-H", "Authorization: Bearer secret99")
        assert got["close"]["reason"] == "403 ***********"
        out, err = ended(process)
    assert "secret99" not in out + err
    value = json.loads(out)
    assert "secret" not in archive.dump(archive.load(json.dumps(value["exchange"])))


@pytest.mark.programs
def test_a_foreign_page_is_named_and_not_reported(asked):
    with relaying("--json", "lab:ok") as (process, url):
        got = asked(url, "--origin", "https://evil.example")
        assert got["response"]["status"] == 403
        out, err = ended(process)
    assert out == ""
    assert "--allow-origin 'https://evil.example'" in err


@pytest.mark.programs
def test_interrupted_with_a_session_open(tmp_path):
    save = tmp_path / "kept"
    with (
        relaying("--save", str(save), "lab:/echo") as (process, url),
        started("connect", "-v", "--linger", "60", url) as client,
    ):
        while "Sec-WebSocket-Accept" not in client.stderr.readline():
            pass
        out, _ = ended(process)
        client.communicate()
    assert "wsprobe was interrupted while the client was connected" in out
    exchange = archive.load(save.read_text())
    assert exchange.client is not UNSET
    assert exchange.client.ended == "interrupted"


@pytest.mark.programs
@pytest.mark.skipif(sys.platform != "linux", reason="the size of a pipe can be set on Linux alone")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_reader_that_takes_nothing_stops_nothing(number, status, asked, tmp_path):
    save, har = tmp_path / "kept.jsonl", tmp_path / "kept.har"
    with relaying("--json", "--save", str(save), "--har", str(har), "lab:/echo") as (process, url):
        import fcntl  # Windows has none

        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)
        for _ in range(4):
            assert asked(url, "--send", "x" * 1000)["outcome"] == "open"
        process.send_signal(number)
        assert process.wait(20) == status
        err = process.stderr.read()
    assert re.search(r"the last \d+ bytes of the output are lost", err)
    assert len(save.read_text().splitlines()) == 4
    assert len(json.loads(har.read_text())["log"]["entries"]) == 4


@pytest.mark.programs
def test_all_that_was_reported_is_there_for_who_reads_at_the_end(asked):
    with relaying("--json", "lab:/echo") as (process, url):
        for _ in range(20):
            asked(url, "--send", "x" * 5000)
        out, err = ended(process)
    assert [json.loads(line)["outcome"] for line in out.splitlines()] == ["open"] * 20
    assert "nobody read" not in err


def test_only_loopback_is_listened_on(refused):
    assert "is not a loopback address" in refused("relay", "--listen", "192.0.2.1:0", "ws://x.example/")


@pytest.mark.parametrize(("host", "warns"), [("127.0.0.1", False), ("::1", False), ("0.0.0.0", True)])
def test_only_a_relay_that_others_can_reach_warns_of_it(host, warns, capsys):
    shown = SimpleNamespace(settings=SimpleNamespace(output=SimpleNamespace(as_json=False, redact=False)))
    RelayOutput.ready(shown, parse("ws://h.example/"), host, 9000, True)
    err = capsys.readouterr().err
    assert ("--public lets every machine" in err, "browsers block" in err) == (warns, False)


def test_a_port_that_no_page_can_open_is_told(capsys):
    shown = SimpleNamespace(settings=SimpleNamespace(output=SimpleNamespace(as_json=False, redact=False)))
    RelayOutput.ready(shown, parse("ws://h.example/"), "127.0.0.1", 6000, False)
    lab = SimpleNamespace(host="127.0.0.1", ports={"plain": 6000})
    lab_ready(lab, Site(token="x"), False)
    assert capsys.readouterr().err.count("wsprobe: browsers block port 6000 ") == 2
