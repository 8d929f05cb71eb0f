"""``wsprobe page`` in a real Chromium, against a server whose side of each socket is kept."""

import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from base64 import b64decode
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
import trio
import trustme

from man.build.commands import BEHIND
from tests.browsers.there import needs
from tests.manual.test_cookbook import missing
from tests.page.site import LOOPBACK_ONLY, Site
from wsprobe.cli.main import run
from wsprobe.lab.installed import find
from wsprobe.page.started import Wanted, watch

pytestmark = [pytest.mark.engines, needs("chromium")]
Capture = pytest.CaptureFixture[str]

APP = """
function connect(path) {
  return new WebSocket("ws://" + location.host + path);
}
connect("/403?a"); connect("/echo").onopen = (event) => event.target.send("hi");
connect("/close4403"); connect("/302"); connect("/drop");
new Worker("/worker.js?dedicated"); new SharedWorker("/worker.js?shared");
navigator.serviceWorker.register("/service.js");
"""
FILES = {
    "/": '<!doctype html><link rel=icon href="data:,"><script src="/app.js"></script>'
    '<iframe srcdoc="<script>new WebSocket(`ws://${parent.location.host}/403?srcdoc`)</script>"></iframe>'
    "<iframe src=http://localhost:PORT/frame></iframe>",
    "/frame": "<script>\nfunction go() { new WebSocket(`ws://${location.host}/403?frame`) }\ngo()</script>",
    "/app.js": APP,
    "/worker.js": "const go = () => new WebSocket(`ws://${location.host}/403?worker${location.search}`);\ngo();",
    "/service.js": "new WebSocket(`ws://${location.host}/403?service`)",
}


@pytest.fixture
def chromium(tmp_path):
    """A command that starts Chromium, and lets it reach nothing but this machine."""
    path = tmp_path / "chromium"
    path.write_text(f'#!/bin/sh\nexec {shutil.which("chromium")} "{LOOPBACK_ONLY[0]}" "$@"\n')
    path.chmod(0o755)
    return str(path)


def reports(capsys, chromium, made, *options, path="/"):
    """The exit status, and the object of each socket."""
    words = ["page", "--chromium", chromium, "--settle", "1", "--json", *options]
    status = run([*words, f"http{'s' if made.secure else ''}://127.0.0.1:{made.port}{path}"])
    return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_each_socket_has_the_servers_bytes_its_line_and_its_events(capsys, chromium):
    with Site(FILES) as made:
        status, found = reports(capsys, chromium, made)
    assert status == 12
    named = {each["url"].split("/", 3)[3]: each for each in found}
    outcomes = {name: each["outcome"] for name, each in named.items()}
    assert outcomes == {
        **dict.fromkeys(
            ("403?a", "403?srcdoc", "403?frame", "403?worker?dedicated", "403?worker?shared", "403?service"),
            "refused",
        ),
        "echo": "open",
        "close4403": "closed",
        "302": "redirected",
        "drop": "dropped",
    }
    for path, received, sent in made.passed:
        each = named[path.removeprefix("/")]
        events = each["exchange"]["events"]
        raw = {
            kind: b"".join(b64decode(event["data"]) for event in events if event["event"] == kind)
            for kind in ("sent", "received")
        }
        # The socket that stays open gets the browser's Close at the end, which is not the page's.
        assert received.startswith(raw["sent"]), path
        assert sent.startswith(raw["received"]), path
        assert len(sent) - len(raw["received"]) <= 4, path
        assert b"\r\n\r\n" in raw["sent"], path
    lines = {name: (each["script"]["line"], each["script"]["column"]) for name, each in named.items()}
    assert lines["403?a"] == (3, 10)
    assert lines["403?frame"] == (2, 17)
    assert lines["403?worker?dedicated"] == lines["403?worker?shared"] == (1, 18)
    assert [call["line"] for call in named["echo"]["script"]["stack"]] == [3, 5]
    kinds = {name: each["script"]["kind"] for name, each in named.items()}
    assert kinds["403?service"] == "service_worker"
    assert kinds["403?worker?shared"] == "shared_worker"
    for name, each in named.items():
        told = [(event["type"], event.get("code")) for event in each["seen"]]
        if name == "echo":
            assert told == [("open", None), ("message", None)]
        elif name == "close4403":
            assert told == [("open", None), ("close", 4403)]
            assert each["seen"][-1]["wasClean"] is True
        else:
            assert told == [("error", None), ("close", 1006)]
            assert len(each["console"]) == 1


LOOP = """<!doctype html><link rel=icon href="data:,"><script>
let left = 5;
function again() {
  const socket = new WebSocket(`ws://${location.host}/403`);
  socket.onclose = () => { if (--left) setTimeout(again, 200) };
}
again();
</script>"""


def test_a_loop_that_reconnects_is_told_once(capsys, chromium):
    with Site({"/": LOOP}) as made:
        words = ["page", "--chromium", chromium, "--settle", "1", f"http://127.0.0.1:{made.port}/"]
        assert run(words) == 12
    out = capsys.readouterr().out
    assert out.count("HTTP/1.1 403 Token Expired") == 1
    assert "5 times, about every 0." in out
    assert "each with the same answer" in out
    assert missing(BEHIND["page"], out) == []


@pytest.mark.parametrize("options", [(), ("--no-listeners",)])
def test_a_socket_that_opens_at_the_server_and_fails_in_the_browser_is_no_success(capsys, chromium, options):
    """The answer selects no subprotocol: a valid 101, but not for a page that offered one."""
    page = (
        '<!doctype html><link rel=icon href="data:,"><script>new WebSocket("ws://HOST/echo", "chat")</script>'
    )
    with Site({"/": page}) as made:
        status, (found,) = reports(capsys, chromium, made, *options)
    assert (status, found["outcome"], found["exit_status"]) == (1, "open", 1)


def test_a_socket_is_told_while_the_page_is_open_and_only_once(chromium):
    """As with --window: when nothing more comes of it, with its bytes."""
    told = []

    async def over(watched, socket):
        logged = watched.log.with_key(socket.key)
        told.append((socket.url.rpartition("/")[2], logged is not None and logged.exchange.events != ()))

    with Site({"/": LOOP.replace("left = 5", "left = 2")}) as made:
        wanted = Wanted(f"http://127.0.0.1:{made.port}/", settle=1.5)
        trio.run(partial(watch, over=over), find([f"chromium={chromium}"])[0], wanted)
    assert told == [("403", True), ("403", True)]


NEVER_SENT = """<!doctype html><link rel=icon href="data:,">
<script>
for (let n = 0; n < 257; n++) new WebSocket("wss://127.0.0.1:PORT/echo?" + n);
try { new WebSocket("ws://other.example/mixed") } catch (error) {}
setTimeout(function bad() { new WebSocket("ws://[bad") }, 100);
try { new WebSocket("wss://127.0.0.1:PORT/twice", ["a", "a"]) } catch (error) {}
new WebSocket("wss://127.0.0.1:6667/port");
</script>"""


@pytest.mark.parametrize("options", [(), ("--no-listeners",)])
def test_over_tls_what_never_becomes_a_handshake_is_reported_with_its_line(capsys, chromium, tmp_path, options):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    options = (*options, "--cacert", str(tmp_path / "ca.pem"))
    with Site({"/": NEVER_SENT}, context) as made:
        status, found = reports(capsys, chromium, made, *options)
    named = {each["url"].rpartition("/")[2]: each for each in found}
    lines = {name: each["script"] and each["script"]["line"] for name, each in named.items()}
    told = {name: each["outcome"] for name, each in named.items()}
    assert status == 19
    assert [name for name in named if name.startswith("echo")] == [f"echo?{n}" for n in range(257)]
    assert [n for n in range(257) if told[f"echo?{n}"] == "open"] == [*range(255)]
    assert told["mixed"] == told["echo?256"] == "blocked"
    assert "Insufficient resources" in named["echo?256"]["console"][0]
    assert "Mixed Content" in named["mixed"]["console"][0]
    assert (lines["echo?256"], lines["mixed"]) == (3, 4)
    if options[0] == "--no-listeners":
        assert all(each["seen"] is None for each in found)
    else:
        assert told["twice"] == "blocked"
        assert all([e["type"] for e in named[f"echo?{n}"]["seen"]] == ["open"] for n in range(255))


LEFT = """<!doctype html><link rel=icon href="data:,"><script>
addEventListener("pagehide", () => { new WebSocket("ws://127.0.0.1:PORT/403?hidden") });
new WebSocket("ws://127.0.0.1:PORT/echo");
setTimeout(() => { location.href = "/next" }, 500);
</script>"""


def test_a_page_that_goes_away_leaves_what_it_opened(capsys, chromium):
    """What it opens in pagehide is in the browser's log alone."""
    following = '<!doctype html><script>new WebSocket("ws://127.0.0.1:PORT/403?next")</script>'
    with Site({"/": LEFT, "/next": following}) as made:
        status, found = reports(capsys, chromium, made)
    assert status == 12
    first, hidden, following_one = found
    assert (first["outcome"], [event["type"] for event in first["seen"]]) == ("open", ["open"])
    assert [each["exchange"]["logged"]["script"]["left"] for each in found] == [True, False, False]
    assert (hidden["url"][-7:], hidden["outcome"]) == ("?hidden", "refused")
    assert (hidden["script"], hidden["seen"]) == (None, None)
    assert following_one["script"]["line"] == 1


def test_a_browser_that_is_killed(chromium):
    """What came until then is reported, and nothing is left."""
    with Site({"/": LOOP.replace("left = 5", "left = 500")}) as made:
        words = ["page", "--chromium", chromium, "--for", "60", f"http://127.0.0.1:{made.port}/"]
        with subprocess.Popen(
            [sys.executable, "-m", "wsprobe", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            while len(made.passed) < 3:
                time.sleep(0.05)
            url = f"127.0.0.1:{made.port}".encode()
            named = [pid for pid, text in processes().items() if url in text]
            assert named == [process.pid]  # the page's URL is on no other command line
            (guard,) = children(process.pid)
            folder = Path(processes()[guard].split(b"\0")[4].decode())
            assert folder.stat().st_mode & 0o77 == 0
            browser = next(pid for pid in children(guard) if b"--type=" not in processes()[pid])
            os.kill(browser, signal.SIGKILL)
            out, error = process.communicate(timeout=60)
    assert process.returncode == 12
    assert b"HTTP/1.1 403 Token Expired" in out
    assert b"the browser crashed or was killed" in error
    assert not folder.exists()
    assert not any(os.fsencode(folder) in text for text in processes().values())


def processes():
    """The command lines of all processes."""
    found = {}
    for each in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            found[int(each.name)] = (each / "cmdline").read_bytes()
    return found


def children(pid):
    """Those of every thread."""
    texts = (each.read_text() for each in Path(f"/proc/{pid}/task").glob("*/children"))
    return [int(each) for text in texts for each in text.split()]


POLICY = """<!doctype html><link rel=icon href="data:,">
<meta http-equiv=Content-Security-Policy content="connect-src 'none'">
<script>new WebSocket(`ws://${location.host}/403`)</script>"""


@pytest.mark.parametrize("options", [(), ("--no-listeners",)])
def test_a_socket_that_the_pages_policy_forbids(capsys, chromium, tmp_path, options):
    report = tmp_path / "report.md"
    with Site({"/": POLICY}) as made:
        status, (found,) = reports(capsys, chromium, made, "--report", str(report), *options)
    assert made.passed == []
    assert (status, found["outcome"]) == (19, "blocked")
    assert "Content Security Policy" in found["console"][0]
    assert found["script"]["line"] == 3
    assert (found["seen"] is None) == bool(options)
    text = report.read_text("utf-8")
    assert text.startswith("# wsprobe page: blocked\n")
    assert "what to do: add the server to connect-src" in text
    assert "still connecting" not in text
    assert text.count("\nwsprobe page ") == 1  # no command repeats a socket
    assert ("the script saw (measured in the page)" in text) != bool(options)


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/", 2, "the page opened no WebSocket"),
        ("/missing", 8, "the server answered 404 without a page"),
    ],
)
def test_a_page_without_a_socket(capsys, chromium, path, status, words):
    with Site({"/": '<!doctype html><link rel=icon href="data:,">'}) as made:
        found = run(["page", "--chromium", chromium, "--settle", "0.2", f"http://127.0.0.1:{made.port}{path}"])
    assert found == status
    assert words in capsys.readouterr().err


def test_a_page_that_does_not_load(capsys, chromium):
    with Site({}) as made:
        port = made.port
    assert run(["page", "--chromium", chromium, "--redact", f"127.0.0.1:{port}/?token=s3cr3t99"]) == 4
    assert f":{port}/?token=********: it does not load" in capsys.readouterr().err
    assert run(["page", "--chromium", chromium, f"127.0.0.1:{port}/"]) == 4
    assert capsys.readouterr().err == (
        f"wsprobe: http://127.0.0.1:{port}/: it does not load: net::ERR_CONNECTION_REFUSED\n"
    )


def test_a_window_without_a_display(capsys, chromium, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert run(["page", "--chromium", chromium, "--window", "http://127.0.0.1:1/"]) == 2
    assert "; --window needs a display, and DISPLAY is not set" in capsys.readouterr().err


def test_a_page_whose_certificate_is_not_trusted(capsys, chromium):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with Site({"/": "x"}, context) as made:
        assert run(["page", "--chromium", chromium, f"https://127.0.0.1:{made.port}/"]) == 5
    assert "AUTHORITY_INVALID; -k accepts any certificate" in capsys.readouterr().err


def test_a_recording_of_a_socket_is_read_again(capsys, chromium, tmp_path):
    kept = tmp_path / "kept.jsonl"
    with Site({"/": LOOP.replace("left = 5", "left = 1")}) as made:
        _, (found,) = reports(capsys, chromium, made, "--save", str(kept))
    assert run(["compare", "--json", str(kept)]) == 0
    again = json.loads(capsys.readouterr().out)
    for member in ("script", "seen", "console", "outcome", "response", "findings", "causes"):
        assert again[member] == found[member], member
    assert os.stat(kept).st_mode & 0o077 == 0


@pytest.fixture
def browser(tmp_path):
    """The debugging port of a Chromium that runs already."""
    profile = tmp_path / "profile"
    switches = (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-sync",
        *LOOPBACK_ONLY,
    )
    quiet = ("--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0")
    with subprocess.Popen(
        [str(shutil.which("chromium")), *switches, *quiet, f"--user-data-dir={profile}", "about:blank"],
        stderr=subprocess.PIPE,
    ) as process:
        try:
            assert process.stderr is not None
            first = next(text for text in process.stderr if b"DevTools listening on" in text)
            yield int(first.rpartition(b"127.0.0.1:")[2].partition(b"/")[0])
        finally:
            process.kill()


REFUSED_AND_OPEN = """<!doctype html><link rel=icon href="data:,"><script>
for (const path of ["/403", "/echo"]) new WebSocket(`ws://${location.host}${path}`);
</script>"""


def test_a_browser_that_runs_is_followed_and_the_failed_request_sent_again(browser):
    words = ["page", "--attach", f"127.0.0.1:{browser}", "--for", "6", "--repeat", "--json"]
    with (
        Site({"/": REFUSED_AND_OPEN}) as made,
        subprocess.Popen(
            [sys.executable, "-m", "wsprobe", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process,
    ):
        assert b"watching the browser at" in process.stderr.readline()
        place = f"http://127.0.0.1:{browser}/json/new?http://127.0.0.1:{made.port}/"
        urllib.request.urlopen(urllib.request.Request(place, method="PUT")).close()
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 12
    named = {each["url"].rpartition("/")[2]: each for each in map(json.loads, out.splitlines())}
    assert (named["403"]["source"], named["403"]["outcome"]) == ("asked-again", "refused")
    assert named["403"]["response"]["body"]["text"] == '{"error":"token expired"}'
    assert named["403"]["script"]["line"] == 2
    assert (named["echo"]["source"], named["echo"]["outcome"]) == ("devtools", "open")
    first, again = (received for path, received, _ in made.passed if path == "/403")
    fields = [line.partition(b":")[0] for line in first.split(b"\r\n")]
    assert fields == [line.partition(b":")[0] for line in again.split(b"\r\n")]
    keys = [re.search(rb"(?i)sec-websocket-key: (.*)\r", each) for each in (first, again)]
    assert None not in keys
    assert len({found[1] for found in keys if found is not None}) == 2


def test_no_browser_to_attach_to(capsys):
    assert run(["page", "--attach", "127.0.0.1:1"]) == 4
    assert "no browser answers at 127.0.0.1:1" in capsys.readouterr().err
