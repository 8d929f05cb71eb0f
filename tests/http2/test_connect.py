"""``connect --http2`` from end to end: over real sockets against the lab, inside this process."""

import json
import os
import subprocess
import sys

import pytest

from wsprobe.cli.main import run


def test_prior_knowledge_in_clear(capsys):
    assert run(["connect", "--http2-prior-knowledge", "--max-time", "5", "lab:/s/h2-on"]) == 0
    assert "\n:status: 200\n" in capsys.readouterr().out


def test_secrets_are_masked(capsys):
    assert run(["connect", "--http2", "--redact", "--json", "-b", "sid=tops3cret", "lab:h2-on"]) == 0
    assert "tops3cret" not in capsys.readouterr().out


CONNECT, AS_FIREFOX = ("connect", "--http2", "-s"), ("compare", "--browser", "firefox", "--json")
# Data beyond the window is a fault only if any of it is read before wsprobe's own limit, which is as large.
FLOODS = [
    *((CONNECT, name, (15, 18)) for name in ("h2-rst-flood", "h2-continuation-flood", "h2-hpack-bomb")),
    (CONNECT, "h2-data-without-end", (0, 15)),
    (AS_FIREFOX, "h2-data-without-end", (0,)),
]

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
@pytest.mark.parametrize(("words", "name", "statuses"), FLOODS)
def test_a_flood_takes_less_than_100_mib(words, name, statuses, lab):
    url, authority = lab
    status, size = peak(*words, "--cacert", authority, f"{url}s/{name}")
    assert status in statuses
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
