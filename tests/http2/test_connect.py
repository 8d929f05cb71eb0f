"""``connect --http2`` from end to end: over real sockets against the lab, inside this process."""

import json
import os
import subprocess
import sys

import pytest

from tests.cases import verdict
from wsprobe.cli.main import run
from wsprobe.read import read
from wsprobe.recording import archive

Capture = pytest.CaptureFixture[str]


def json_of(capsys, *arguments):
    run(["connect", "--json", "--http2", *arguments])
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("name", "status", "says"),
    [
        ("h2-on", 0, "open: the handshake completed"),
        ("h2-off", 14, "not-upgraded: the server does not announce"),
        ("h2-status-403", 12, "refused: the server answered 403"),
        ("h2-field-uppercase", 15, "invalid: a 200 that breaks the rules of HTTP/2"),
        ("h2-rst-cancel-before", 8, "dropped: the server reset the stream with CANCEL, before an answer"),
        (
            "h2-rst-cancel-at-once",
            16,
            "aborted: the server reset the stream with CANCEL, without a Close frame",
        ),
        ("h2-close-4403-end", 17, "closed: the server closed the session with 4403"),
    ],
)
def test_outcome_and_exit_status(name, status, says, capsys):
    assert run(["connect", "--http2", f"lab:{name}"]) == status
    out, err = capsys.readouterr()
    assert "\n\nover HTTP/2\n" in out
    assert verdict(out).startswith(says.partition(": ")[0] if status == 12 else says)
    assert err == ""


def test_the_server_may_take_the_other_protocol(capsys):
    assert run(["connect", "--http2", "lab:h2-alpn-none"]) == 0
    out, _ = capsys.readouterr()
    assert "\n\nover HTTP/1.1: the server did not accept h2" in out
    assert "HTTP/1.1 101 Switching Protocols" in out
    assert run(["connect", "--http2", "lab:ok"]) == 0
    assert "\n\nover HTTP/1.1: ws: has no ALPN, so h2 cannot be offered" in capsys.readouterr().out


def test_prior_knowledge_in_clear(capsys):
    assert run(["connect", "--http2-prior-knowledge", "--max-time", "5", "lab:/s/h2-on"]) == 0
    assert "\n:status: 200\n" in capsys.readouterr().out


def test_without_the_setting_it_is_asked_on_demand_only(capsys):
    assert json_of(capsys, "lab:h2-off")["request"]["sent"] is False
    asked = json_of(capsys, "--http2-anyway", "lab:h2-off")
    assert (asked["request"]["sent"], asked["outcome"]) == (True, "open")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--http2", "--http-version", "1.0"],
        ["--http2", "--wire", "hybi-08"],
        ["--http2-prior-knowledge", "--raw-request", os.devnull],
        ["--http2-anyway", "--ws-key", "x"],
        ["--http2", "--ws-negotiate"],
    ],
    ids=" ".join,
)
def test_options_of_http_1_1_are_a_usage_error(arguments, capsys):
    assert run(["connect", *arguments, "wss://127.0.0.1:1/"]) == 2
    assert f"{arguments[0]} and {arguments[1]} cannot be used together" in capsys.readouterr().err


def test_members_of_the_report(capsys):
    value = json_of(capsys, "-H", "X-Mine: a", "-H", "Host: other.example", "-u", "me:pw", "lab:h2-status-403")
    assert value["http"] == "2"
    request = value["request"]
    assert request["line"] is None
    assert request["fields"][:5] == [
        [":method", "CONNECT"],
        [":protocol", "websocket"],
        [":scheme", "https"],
        [":path", "/s/h2-status-403"],
        [":authority", "other.example"],
    ]
    assert request["headers"] == request["fields"][5:]
    assert ["x-mine", "a"] in request["headers"]
    assert ["authorization", "Basic bWU6cHc="] in request["headers"]
    response = value["response"]
    assert (response["status_line"], response["version"], response["status"]) == (None, "2", 403)
    assert response["fields"][0] == [":status", "403"]
    assert response["headers"] == response["fields"][1:]
    assert response["body"]["text"] == "no such luck\n"
    assert value["settings"] == {"MAX_CONCURRENT_STREAMS": 100, "ENABLE_CONNECT_PROTOCOL": 1}
    end = {"by": "server", "how": "end-stream", "code": None, "name": None, "debug": None}
    assert value["stream_end"] == end
    assert {"type", "stream", "flags", "length", "by", "at"} == set(value["frames"][0])
    server_frames = [each["type"] for each in value["frames"] if each["by"] == "server"]
    assert server_frames[:4] == ["SETTINGS", "SETTINGS", "HEADERS", "DATA"]
    assert read(archive.load(json.dumps(value["exchange"]))).http2 is not None


def test_what_ended_the_stream(capsys):
    value = json_of(capsys, "lab:h2-rst-http11-required-before")
    end = [value["stream_end"][name] for name in ("by", "how", "code", "name")]
    assert end == ["server", "rst-stream", 13, "HTTP_1_1_REQUIRED"]
    assert value["response"] is None


def test_the_frames_as_they_go(capsys):
    assert run(["connect", "--http2", "-v", "--send", "hello", "lab:h2-on"]) == 0
    _, err = capsys.readouterr()
    said = [line[10:].strip() for line in err.splitlines()]
    for expected in (
        "> the preface of HTTP/2",
        "> SETTINGS ENABLE_PUSH 0",
        "< SETTINGS MAX_CONCURRENT_STREAMS 100 ENABLE_CONNECT_PROTOCOL 1",
        ">   :protocol: websocket",
        "<   :status: 200",
    ):
        assert expected in said
    assert run(["connect", "--http2", "-vv", "lab:h2-status-403"]) == 12
    assert "00000000  50 52 49 20 2a" in capsys.readouterr().err


def test_exactly_the_answer(capsysbinary):
    assert run(["connect", "--http2", "-i", "lab:h2-status-403"]) == 12
    assert capsysbinary.readouterr().out == (
        b":status: 403\r\ncontent-type: text/plain\r\ncontent-length: 13\r\n\r\nno such luck\n"
    )


def test_nothing_of_the_server_reaches_the_terminal_raw(tmp_path, capsys):
    saved = tmp_path / "kept.jsonl"
    assert run(["connect", "--http2", "--save", str(saved), "lab:h2-turned-away"]) == 8
    out, _ = capsys.readouterr()
    assert "too many connections" in out
    assert "\x1b" not in out
    (kept,) = saved.read_text().splitlines()
    assert read(archive.load(kept)).http2 is not None


def test_secrets_are_masked(capsys):
    assert run(["connect", "--http2", "--redact", "--json", "-b", "sid=tops3cret", "lab:h2-on"]) == 0
    assert "tops3cret" not in capsys.readouterr().out


FLOODS = ("h2-rst-flood", "h2-continuation-flood", "h2-hpack-bomb", "h2-data-without-end")

WATCHED = (
    "import sys\n"
    "from wsprobe.cli.main import run\n"
    "status = run([*sys.argv[1:], '-m', '20'])\n"
    "peak = next(line for line in open('/proc/self/status') if line.startswith('VmHWM'))\n"
    "print(int(status), peak.split()[1])\n"
)


@pytest.fixture(scope="module")
def lab():
    """Where a lab of its own process takes HTTP/2, and the authority to trust."""
    serve = [sys.executable, "-m", "wsprobe", "serve", "--http2-port", "0", "--json", "-s"]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True) as running:
        ready = json.loads(running.stdout.readline())
        yield ready["ready"]["http2"], ready["authority"]
        running.terminate()


@pytest.mark.programs
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="the peak is told by Linux")
@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_takes_less_than_100_mib(name, lab):
    url, authority = lab
    asked = ["--cacert", authority, f"{url}s/{name}"]
    status, size = peak("connect", "--http2", "-s", *asked)
    # Data beyond the window is a fault only if any of it is read before wsprobe's own limit, which is as large.
    assert status in ((0, 15) if name == "h2-data-without-end" else (15, 18))
    assert size < 100 * 1024


@pytest.mark.programs
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="the peak is told by Linux")
def test_a_flood_that_an_engine_reads_takes_less_than_100_mib(lab):
    url, authority = lab
    reads = ("compare", "--browser", "firefox", "--json", "--cacert", authority)
    status, size = peak(*reads, f"{url}s/h2-data-without-end")
    assert status == 0
    assert size < 100 * 1024


def peak(*arguments):
    """Exit status, and KiB at most, of a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, *arguments], capture_output=True, text=True, check=True, timeout=60
    )
    status, size = done.stdout.split()[-2:]
    return int(status), int(size)


@pytest.mark.programs
def test_the_plain_path_loads_none_of_it():
    code = (
        "import sys\n"
        "from wsprobe.cli.main import run\n"
        "run(['connect', '-s', 'lab:ok'])\n"
        "run(['connect', '-s', 'lab:status-403'])\n"
        "print(*sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    unwanted = "h2 hpack hyperframe wsprobe.read.http2 wsprobe.session.conversation_http2"
    assert not set(done.stdout.split()) & set(unwanted.split())
