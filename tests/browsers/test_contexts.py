"""Sockets of frames and workers, and several at once, in the browsers that are installed: what ``explain`` says
of them (iframe, sandbox, null origin, worker, service worker, pending). Run with ``-n 0 -m engines``."""

import json
import threading
from contextlib import ExitStack
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import trio

from tests import served
from tests.browsers.pages import source
from tests.browsers.there import there
from tests.served import Server
from wsprobe.lab import installed

pytestmark = pytest.mark.engines

SOCKET = """function open(u) { return new Promise(done => { const ws = new WebSocket(u);
  ws.onopen = () => { ws.close(); done("open"); }; ws.onerror = () => done("error"); }); }"""
PAGE = source("contexts.html")
HELD = 0.5
"""Seconds that a handshake is held."""


class Watched:
    """What the three servers of a page see of its sockets."""

    def __init__(self):
        self.places = ()
        self.origins = {}
        """Socket -> its Origin."""
        self.most = 0
        """Of the handshakes that are held, how many there were at once."""
        self.over = threading.Event()
        self._held, self._lock = 0, threading.Lock()

    def hold(self):
        with self._lock:
            self._held += 1
            self.most = max(self.most, self._held)
        self.over.wait(HELD)
        with self._lock:
            self._held -= 1

    def text(self, path):
        where = urlsplit(path)
        if where.path == "/script":
            return unquote(where.query)
        if where.path == "/frame":
            to = parse_qs(where.query)["to"][0]
            return f"<script>{SOCKET};open('{to}').then(v => parent.postMessage(v, '*'))</script>"
        values = {"SOCKET_TEXT": json.dumps(f"{SOCKET};"), "ELSEWHERE": json.dumps(f"{self.places[2]}/")}
        page = PAGE.replace("SOCKET\n", f"{SOCKET}\n", 1)
        for name, value in (values | {"URL_": json.dumps(f"ws{self.places[1][4:]}/")}).items():
            page = page.replace(name, value)
        return page


class Answering(Server):
    def __init__(self, host, watched):
        self._watched = watched
        super().__init__(host=host)

    def answer(self, request, stream):
        path = request.path
        if request.key is not None:
            self._watched.origins[path[1:]] = request.fields.get("origin", "")
            if path == "/held":
                self._watched.hold()
            answer = b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            stream.sendall(answer + b"Sec-WebSocket-Accept: %s\r\n\r\n" % request.accept)
            stream.recv(100)
        elif path == "/seen":
            stream.sendall(served.page(b""))
            self._watched.over.set()
        else:
            kind = "text/javascript" if path.startswith("/script") else "text/html"
            stream.sendall(served.page(self._watched.text(path).encode(), kind))


async def watch(engine):
    """The Origin of each socket; how many handshakes were held at once; the page's and the frame's origin."""
    watched = Watched()
    with ExitStack() as stack:
        hosts = ("127.0.0.1", "127.0.0.2", "127.0.0.3")
        watched.places = [stack.enter_context(Answering(host, watched)).origin for host in hosts]
        with trio.fail_after(150):
            async with installed.opened(there(engine), f"{watched.places[0]}/"):
                assert await trio.to_thread.run_sync(watched.over.wait, 120)
    return watched.origins, watched.most, (watched.places[0], watched.places[2])


@pytest.mark.parametrize("engine", ["chromium", "firefox", "webkitgtk"])
def test_what_explain_says_of_frames_workers_and_several_sockets(engine):
    there(engine)
    origins, at_once, (page, frame) = trio.run(watch, engine)
    own = dict.fromkeys(("srcdoc", "sandbox-same", "worker", "blob-worker", "held"), page)
    opaque = dict.fromkeys(("sandbox", "data-frame"), "null")
    from_data = {"data-worker": "null" if engine == "chromium" else page}
    assert origins == own | opaque | from_data | {"iframe": frame}
    assert at_once == (3 if engine == "webkitgtk" else 1)
