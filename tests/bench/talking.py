"""Lines to an echo server and back: `wsprobe talk`, ten-line scripts on the two libraries that people use,
and the programs that people type into. Each run is one process from its start to its end, and all lines are
checked.

The server is ``echo.py``, which takes less than any client. Each client compresses as its library does by
itself: `talk` at zlib's level 1 and nothing below 1 KiB, the others at level 6 and every message, websockets
with a window of 4 KiB. Where `talk` has not compressed a message, it has none to inflate here.
"""

import os
import select
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import programs
from measure import LONGEST, SHORT, begin, compare, ended, run

PART = 5 if SHORT else 1
SMALL = 100_000 // PART
SMALL_COMPRESSED = 20_000 // PART
"""Node takes so long for each."""
LARGE = 4096 // PART
"""Of 64 KiB: 256 MiB, or a fifth."""
ROUNDS = 2
SLOW = 5.0
"""Seconds: a program that takes longer is run once."""
AGAINST = "a script on websockets"
SCRIPT = str(Path(__file__).with_suffix(".js"))

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


@contextmanager
def server(deflate):
    """Run the echo server; its URL."""
    echo = str(Path(__file__).with_name("echo.py"))
    words = (sys.executable, echo, "deflate" if deflate else "plain")
    with programs.printing(*words) as (_, line):
        yield f"ws://127.0.0.1:{int(line)}/"


def lines(path, count, large):
    """Write *count* lines: of JSON, or of 64 KiB that compress as logs do."""
    with open(path, "wb") as file:
        if large:
            text = b"".join(b'{"level":"info","request":%d,"path":"/chat"} ' % n for n in range(2000))[:65535]
            for _ in range(count):
                file.write(text + b"\n")
        else:
            for number in range(count):
                file.write(b'{"number":%d,"text":"hello"}\n' % number)


def main(own, folder):
    """A table for each size of messages, compressed and not; a program whose lines differ is counted
    missing."""
    for large in (False, True):
        for deflate in (False, True):
            _table(own, folder, large, deflate)


def _table(own, folder, large, deflate):
    count = LARGE if large else SMALL_COMPRESSED if deflate else SMALL
    given = folder / "lines"
    lines(given, count, large)
    title = f"{count:,} messages of 64 KiB" if large else f"{count:,} small messages"
    title += ", there and back, " + ("compressed, each as it does by itself" if deflate else "as they are")
    with server(deflate) as url:
        works = _clients((*own, "talk", "-s"), url, given, count, deflate)
        compare(title, works, spread=True, against=AGAINST, rounds=ROUNDS, slow=SLOW)


def _clients(talk, url, given, count, deflate):
    number, ws = str(count), programs.ws()
    script = programs.python(WEBSOCKETS) if not isinstance(programs.websockets(url), str) else ""
    zero = (*talk, "--compress-from", "0", "--count", number, url)
    all_compressed = {"wsprobe talk --compress-from 0": (piped, zero)} if deflate else {}
    found = {
        "wsprobe talk": (piped, (*talk, "--count", number, url)),
        **all_compressed,
        AGAINST: (piped, (*script, url, number) if script else "websockets is not installed"),
        "a script on npm ws": (piped, ws if isinstance(ws, str) else ("node", SCRIPT, str(ws), url, number)),
        "websocat": (
            piped,
            "it has no compression" if deflate else programs.websocat("-B", str(1 << 17), url),
        ),
        "python -m websockets": (typed, programs.websockets(url)),
        "wscat": (typed, programs.wscat("-c", url)),
    }
    return {
        name: command if isinstance(command, str) else partial(how, command, given)
        for name, (how, command) in found.items()
    }


def piped(command, given):
    """One run with the lines of *given* as standard input, of a program that ends when all of them are back."""
    out = given.with_name("out")
    with open(given, "rb") as read, open(out, "wb") as write:
        done = _well(run(command, stdin=read, stdout=write))
    if not isinstance(done, str) and subprocess.run(["cmp", "-s", str(given), str(out)]).returncode:
        return "what came back is not what was sent"
    return done


PROBE = b"{}"
"""What is typed until it comes back: wscat drops what it reads before it is connected."""
PROMPT = b"> "
"""Drawn for each line that is read, also into one that is being shown."""


def typed(command, given):
    """The same with a program that is made for a person: it leaves at the end of its input, whatever is still
    under way. So its input ends when all lines are back. What it draws around them is taken off."""
    started = time.perf_counter()
    process = begin(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    connected = threading.Event()
    writer = threading.Thread(target=_type, args=(process.stdin, given, connected), daemon=True)
    writer.start()
    wrong = _shown(process.stdout, given, connected, started + LONGEST)
    if wrong:
        process.kill()
        connected.set()
    writer.join()
    with suppress(BrokenPipeError):
        process.stdin.close()
    done = _well(ended(process, started, 5))
    process.stdout.close()
    return wrong or done


def _type(stdin, given, connected):
    """Send all of *given* once the program is connected, and leave the end open until it has ended."""
    try:
        while not connected.wait(0.02):
            stdin.write(PROBE + b"\n")
            stdin.flush()
        with open(given, "rb") as file:
            while piece := file.read(1 << 16):
                stdin.write(piece)
            stdin.flush()
    except OSError:
        return  # it has ended


def _shown(stdout, given, connected, until):
    """Read until all lines of *given* were shown; why not, if they were not."""
    rest, came = b"", 0
    with open(given, "rb") as file:
        expected = file.readline().rstrip(b"\n")
        while expected:
            if not select.select([stdout], [], [], max(until - time.perf_counter(), 0))[0]:
                return f"{came:,} messages came back within {LONGEST:g} s"
            piece = os.read(stdout.fileno(), 1 << 18)
            if not piece:
                return f"it ended when {came:,} messages had come back"
            *whole, rest = (rest + piece).split(b"\n")
            for line in whole:
                at = line.find(b"{")
                if at < 0:
                    continue
                if line.endswith(PROBE):
                    connected.set()
                elif line[at:].replace(PROMPT, b"") == expected:
                    came, expected = came + 1, file.readline().rstrip(b"\n")
                else:
                    return "what came back is not what was sent"
    return ""


def _well(done):
    """A run that ended well, or why it counts for nothing."""
    if isinstance(done, str) or not done.status:
        return done
    return f"it ended with {done.status} after {done.seconds:.0f} s"


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory(prefix="wsprobe-bench-") as name:
        main(programs.wsprobe(), Path(name))
