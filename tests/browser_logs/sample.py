"""Logs that browsers really wrote, and what the server of their page really sent."""

import json
import lzma
from functools import cache
from pathlib import Path
from typing import TypedDict

from wsprobe.browser_logs.netlog import NetLog

FILES = Path(__file__).parents[1] / "files" / "browser_logs"


class Truth(TypedDict):
    """One handshake as the server saw it; text is latin-1."""

    path: str
    sent: str
    answer: str


@cache
def log(name):
    return lzma.decompress((FILES / f"{name}.xz").read_bytes())


def truth(name):
    found = json.loads((FILES / "truth.json").read_text())[name]
    return found


def netlog(data, size=65536):
    """A log that was fed in pieces of *size* bytes, and has ended."""
    read = NetLog()
    for start in range(0, len(data), size):
        read.feed(data[start : start + size])
    read.close()
    return read


def sockets(name):
    return list(netlog(log(name)).sockets())
