"""Lines to an echo server and back: `wsprobe talk`, and ten-line scripts on the two libraries that people use.
Each row is one process from its start to its end, and all lines are checked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from measure import ENVIRONMENT, Row, own_peak

ROOT = Path(__file__).resolve().parents[2]
SMALL = 100_000
LARGE = 16_384
"""Of 64 KiB: a gibibyte."""
LONGEST = 120.0

SERVER = """
const { WebSocketServer } = require('ws');
const perMessageDeflate = process.argv[2] === 'deflate';
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate, maxPayload: 1 << 30 });
server.on('listening', () => console.log(server.address().port));
server.on('connection', (socket) => socket.on('message', (data, binary) => {
    socket.send(data, { binary }, () => { if (socket.bufferedAmount < 1 << 22) socket.resume(); });
    if (socket.bufferedAmount > 1 << 23) socket.pause();
}));
"""

WEBSOCKETS = """
import asyncio, sys
from websockets.asyncio.client import connect
async def main():
    async with connect(sys.argv[1], max_size=None) as socket:
        async def send():
            for line in sys.stdin:
                await socket.send(line.rstrip("\\n"))
        sending = asyncio.create_task(send())
        for _ in range(int(sys.argv[2])):
            sys.stdout.write(await socket.recv() + "\\n")
        await sending
asyncio.run(main())
"""

WS = """
const { WebSocket } = require('ws');
const socket = new WebSocket(process.argv[2], { maxPayload: 1 << 30 });
let left = Number(process.argv[3]);
socket.on('open', () => {
    const lines = require('readline').createInterface({ input: process.stdin });
    lines.on('line', (line) => socket.send(line));
});
socket.on('message', (data) => {
    process.stdout.write(data + '\\n');
    if (--left === 0) { socket.close(); process.stdin.destroy(); }
});
"""


def modules() -> Path:
    """Where npm's packages are: the folder of the runtimes that are driven (tests/browsers/clients)."""
    named = os.environ.get("WSPROBE_CLIENTS")
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return (Path(named) if named else Path(cache) / "wsprobe-clients") / "node_modules"


@contextmanager
def server(folder: Path, deflate: bool) -> Iterator[str]:
    """Run the echo server; its URL."""
    script = folder / "server.cjs"
    script.write_text(SERVER)
    process = subprocess.Popen(
        ["node", str(script), "deflate" if deflate else "plain"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT | {"NODE_PATH": str(modules())},
    )
    try:
        assert process.stdout is not None
        yield f"ws://127.0.0.1:{int(process.stdout.readline())}/"
    finally:
        process.terminate()
        process.wait(10)


def lines(path: Path, count: int, large: bool) -> None:
    """Write *count* lines: of JSON, or of 64 KiB that compress as logs do."""
    with open(path, "wb") as file:
        if large:
            text = b"".join(b'{"level":"info","request":%d,"path":"/chat"} ' % n for n in range(2000))[:65535]
            for _ in range(count):
                file.write(text + b"\n")
        else:
            for number in range(count):
                file.write(b'{"number":%d,"text":"hello"}\n' % number)


def rows(own: Sequence[str], folder: Path, *, large: bool, deflate: bool, rounds: int) -> list[Row]:
    """What each takes for all lines there and back; a program whose lines differ is counted missing."""
    if shutil.which("node") is None or not (modules() / "ws").exists():
        return [Row("wsprobe talk", why="no server: python -m tests.browsers.clients installs npm's ws")]
    count = LARGE if large else SMALL
    given, script = folder / "lines", folder / "client.cjs"
    lines(given, count, large)
    script.write_text(WS)
    with server(folder, deflate) as url:
        programs: Mapping[str, Sequence[str]] = {
            "wsprobe talk": (*own, "talk", "-s", "--count", str(count), url),
            "a script on websockets": (sys.executable, "-c", WEBSOCKETS, url, str(count)),
            "a script on npm ws": ("node", str(script), url, str(count)),
        }
        found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in programs}
        missing: dict[str, str] = {}
        for _ in range(rounds):
            for name, command in programs.items():
                if name not in missing:
                    done = _run(command, given, folder / "out")
                    if isinstance(done, str):
                        missing[name] = done
                    else:
                        found[name].append(done)
    base = median(each[0] for each in found["a script on websockets"] or [(1.0, 0.0, 0.0)])
    return [_row(name, found[name], base, missing.get(name, "")) for name in programs]


def _run(command: Sequence[str], given: Path, out: Path) -> tuple[float, float, float] | str:
    """Seconds on the clock and of processor, and MiB; or why there are none."""
    started = time.perf_counter()
    with open(given, "rb") as read, open(out, "wb") as write:
        process = subprocess.Popen(
            command,
            stdin=read,
            stdout=write,
            stderr=subprocess.DEVNULL,
            env=ENVIRONMENT | {"NODE_PATH": str(modules()), "PYTHONPATH": str(ROOT)},
        )
        handle = os.pidfd_open(process.pid)
        try:
            from select import select

            if not select([handle], [], [], LONGEST)[0]:
                process.kill()
        finally:
            os.close(handle)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    if process.returncode:
        return f"it ended with {process.returncode} after {seconds:.0f} s"
    if subprocess.run(["cmp", "-s", str(given), str(out)]).returncode:
        return "what came back is not what was sent"
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def _row(name: str, runs: Sequence[tuple[float, float, float]], base: float, why: str) -> Row:
    if why or not runs:
        return Row(name, why=why or "it was not run")
    seconds = median(each[0] for each in runs)
    peak = max(each[2] for each in runs)
    processor = median(each[1] for each in runs) * 1000
    return Row(name, seconds * 1000, seconds / base, processor, peak if peak > own_peak() else None, len(runs))


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory(prefix="wsprobe-bench-") as name:
        for large, deflate in ((False, False), (False, True), (True, False), (True, True)):
            kind = f"{'1 GiB of 64 KiB' if large else '100,000 small'}, {'compressed' if deflate else 'plain'}"
            for row in rows(
                (sys.executable, "-m", "wsprobe"), Path(name), large=large, deflate=deflate, rounds=1
            ):
                print(f"{kind}: {row}", flush=True)
