"""Measures what fetch() shows of an answer in the browsers that are installed: ``python -m
tests.browsers.fetching`` writes recordings/fetch.jsonl.

Page and server are two origins on loopback addresses, in clear. ``same-...`` is asked at the page's own origin.
"""

import json
import threading
from pathlib import Path

import trio

from tests import served
from tests.browsers.pages import source
from tests.served import Server
from wsprobe.lab import installed

FILE = Path(__file__).with_name("recordings") / "fetch.jsonl"
ENGINES = ("chromium", "firefox", "webkitgtk")
BODY = b"why: no token"
ALLOW = "Access-Control-Allow-Origin: "
ANSWERS = {
    "none": (403, ()),
    "own": (403, (f"{ALLOW}{{origin}}",)),
    "star": (403, (f"{ALLOW}*",)),
    "other": (403, (f"{ALLOW}https://other.example",)),
    "null": (403, (f"{ALLOW}null",)),
    "list": (403, (f"{ALLOW}{{origin}}, {{origin}}",)),
    "twice": (403, (f"{ALLOW}{{origin}}", f"{ALLOW}{{origin}}")),
    "star-twice": (403, (f"{ALLOW}*", f"{ALLOW}*")),
    "upper-case": (403, (f"{ALLOW}HTTP://127.0.0.1",)),
    "slash": (403, (f"{ALLOW}{{origin}}/",)),
    "spaces": (403, (f"{ALLOW}  {{origin}} \t",)),
    "empty": (403, (ALLOW,)),
    "200-none": (200, ()),
    "426": (426, (f"{ALLOW}{{origin}}", "Upgrade: websocket")),
    "401": (401, (f"{ALLOW}{{origin}}", 'WWW-Authenticate: Basic realm="x"')),
    "204": (204, (f"{ALLOW}{{origin}}",)),
    "101": (101, (f"{ALLOW}{{origin}}", "Upgrade: websocket", "Connection: Upgrade")),
    "302-none": (302, ("Location: /own",)),
    "same-none": (403, ()),
    "same-101": (101, ("Upgrade: websocket", "Connection: Upgrade")),
}
PAGE = source("fetch.html")


def answer(name, origin):
    """The bytes of the answer called *name*, for a page of *origin*."""
    status, fields = ANSWERS[name]
    body = b"" if status in (101, 204) else BODY
    close = () if status == 101 else ("Connection: close",)
    size = () if status in (101, 204) else (f"Content-Length: {len(body)}",)
    lines = (f"HTTP/1.1 {status} X", *size, *close, *(field.format(origin=origin) for field in fields), "", "")
    return "\r\n".join(lines).encode() + body


class Answering(Server):
    """The page of the first, *origin*; and the answers, for a page of that."""

    def __init__(self, host, origin=""):
        self.page = b""
        self.seen = {}
        self.done = threading.Event()
        super().__init__(host=host)
        self._for = origin or self.origin

    def answer(self, request, stream):
        if request.path[1:] in ANSWERS:
            stream.sendall(answer(request.path[1:], self._for))
            return
        if request.path != "/seen":
            stream.sendall(served.page(self.page))
            return
        body = request.rest
        while len(body) < int(request.fields["content-length"]):
            body += stream.recv(65536)
        self.seen.update(json.loads(body))
        stream.sendall(served.page(b""))
        self.done.set()


async def measure(engine):
    """The version of *engine*, and what script got of each answer: status and body, or name and message."""
    with Answering("127.0.0.1") as own, Answering("127.0.0.2", own.origin) as other:
        urls = [(name, f"{(own if name.startswith('same-') else other).origin}/{name}") for name in ANSWERS]
        own.page = PAGE.replace("URLS", json.dumps(urls)).encode()
        (browser,) = installed.find([engine])
        with trio.fail_after(150):
            async with installed.opened(browser, f"{own.origin}/"):
                assert await trio.to_thread.run_sync(own.done.wait, 120)
        return await installed.version(browser), own.seen


def load():
    """Engine -> answer -> what script got."""
    return {value["engine"]: value["seen"] for value in map(json.loads, FILE.read_text().splitlines())}


if __name__ == "__main__":
    with FILE.open("w") as file:
        for engine in ENGINES:
            version, seen = trio.run(measure, engine)
            file.write(json.dumps({"engine": engine, "version": version, "seen": seen}) + "\n")
