"""``python -m tests.bench.long_logs [MB]``: time and memory of ``wsprobe compare --json`` on long NetLogs.

Both logs repeat what Chromium wrote about a page with eleven sockets, with other numbers of the sources and
other keys: once as it was, and once with a third of the sockets never finished, the first one among them, and
without the events that no socket needs.
"""

import random
import re
import sys
import tempfile
from base64 import b64encode
from pathlib import Path

from tests.bench.measure import run
from tests.browser_logs.sample import log
from wsprobe.browser_logs.netlog import HANDLERS

LONGEST = 3600.0
"""Seconds for one log."""
SOURCES = 1000
"""More numbers than the sources of the page have."""


def copies(*, worst):
    """The lines of a NetLog without an end, a page at a time."""
    begin, *events = log("netlog-a-everything.json").splitlines(keepends=True)[:-1]
    yield begin + events.pop(0)
    types = dict(re.findall(rb'"([A-Z0-9_]+)":(\d+)', begin[begin.index(b'"logEventTypes"') :]))
    used = {types[name.encode()] for name in HANDLERS if name.encode() in types}
    if worst:
        events = [each for each in events if _type(each) in used]
    ends = {types[name] for name in (b"REQUEST_ALIVE", b"WEBSOCKET_ALIVE", b"SOCKET_ALIVE")}
    unfinished = [each for each in events if not (b'"phase":2,' in each and _type(each) in ends)]
    page, open_page = (_parts(b"".join(each)) for each in (events, unfinished))
    keys = random.Random(37)
    number = 0
    while True:
        yield _copy(open_page if worst and number % 3 == 0 else page, number, keys)
        number += 1


def _type(line):
    return re.findall(rb'"type":(\d+)', line)[-1]


def _parts(text):
    """*text*, cut at each number of a source: every second part is one."""
    return re.split(rb'(?<="id":)(\d+)(?=,"(?:start_time|type)")', text)


def _copy(parts, number, keys):
    made = parts[:]
    made[1::2] = [b"%d" % (int(each) + number * SOURCES) for each in parts[1::2]]
    text = b"".join(made)
    for key in set(re.findall(rb"Sec-WebSocket-Key: ([\w+/]{22}==)", text)):
        text = text.replace(key, b64encode(keys.randbytes(16)))
    return text


def main(size):
    with tempfile.TemporaryDirectory(prefix="wsprobe-bench-") as folder:
        for name, worst in (("as a page", False), ("worst", True)):
            file = Path(folder) / f"{name}.json"
            with file.open("wb") as out:
                for page in copies(worst=worst):
                    if out.tell() >= size:
                        break
                    out.write(page)
            command = (Path(sys.executable).parent / "wsprobe", "compare", "--json", "--brief", file)
            done = run(command, LONGEST)
            if isinstance(done, str):
                print(f"{name}: {done}")
                continue
            print(
                f"{name}: {size / 1e6:.0f} MB: {done.seconds:.0f} s, {done.processor:.0f} s of processor,",
                end=" ",
            )
            print(f"{done.peak or 0:.0f} MiB", flush=True)


if __name__ == "__main__":
    main(int(float(sys.argv[1]) * 1e6) if len(sys.argv) > 1 else 500_000_000)
