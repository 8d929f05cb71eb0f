"""``connect --resume`` that is ended at random moments, by SIGKILL too, and sometimes in the midst of a line.
In the end every URL has one report. A few times with two workers; often with -n 0 -m kills, with
WSPROBE_TESTS=all for minutes."""

import json
import random
import signal
import subprocess
import time
from contextlib import suppress

import pytest

from tests.cases import ALL
from tests.peers.program import WSPROBE
from tests.peers.refusing import Refusing

OFTEN = 100 if ALL else 20
FEW = 4
LONGEST = 0.4
"""Seconds after its first report that a run may last."""
ENDS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@pytest.mark.programs
@pytest.mark.parametrize(
    ("times", "more"),
    [
        (FEW, ("--workers", "2")),
        pytest.param(OFTEN, (), marks=pytest.mark.kills),
        pytest.param(OFTEN, ("--unordered",), marks=pytest.mark.kills),
        pytest.param(OFTEN, ("--workers", "2"), marks=pytest.mark.kills),
    ],
)
def test_nothing_is_lost_and_nothing_is_there_twice(times, more, tmp_path):
    chance = random.Random(f"wsprobe {more}")
    file, urls = tmp_path / "kept", tmp_path / "urls"
    with Refusing() as server:
        # More than can be asked before the last end, with a URL that comes again now and then.
        many = 1500 * max(times, 20)
        given = [server.url(f"/{number - (number % 10 == 9)}") for number in range(many)]
        urls.write_text("".join(f"{url}\n" for url in given))
        command = [*WSPROBE, "connect", "--brief", "--resume", str(file), *more]
        whole = b""
        cut = size = 0
        for _ in range(times):
            with subprocess.Popen([*command, f"@{urls}"], stderr=subprocess.PIPE) as process:
                if chance.random() < 0.9:  # most are ended while they write
                    while process.poll() is None and (not file.exists() or file.stat().st_size <= size):
                        time.sleep(0.01)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(chance.random() * LONGEST)
                number = chance.choice(ENDS)
                process.send_signal(number)
                said = process.stderr.read().decode()
            data = file.read_bytes() if file.exists() else b""
            if len(data) > size:  # else the program may not have been there yet: Python was starting
                assert process.returncode in (-number, 128 + number), said
                assert "Traceback" not in said
            assert data.startswith(whole)
            whole = data[: data.rfind(b"\n") + 1]
            if chance.random() < 0.2 and whole.count(b"\n") > 1:
                begin = whole[:-1].rfind(b"\n") + 1
                whole, cut = whole[:begin], cut + 1
                file.write_bytes(data[: begin + chance.randrange(1, 60)])
            size = file.stat().st_size if file.exists() else 0
        assert cut > times // 30 or times == FEW
        done = whole.count(b"\n")
        assert times < done < many * 5 // 6
        some = given[: done * 10 // 9 + 10 * times]
        rest = subprocess.run([*command, "-"], input="\n".join(some), text=True, capture_output=True)
        assert rest.returncode == 12, rest.stderr
    assert file.read_bytes().startswith(whole)
    kept = [json.loads(line)["url"] for line in file.read_text().splitlines()]
    assert len(kept) == len(set(kept))
    assert set(kept) == set(some)
