"""Sockets of frames and workers, and several at once, in the browsers that are installed: what ``explain`` says
of them (iframe, sandbox, null origin, worker, service worker, pending). Run with ``-n 0 -m engines``."""

import json
import re
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import trio

from tests.browsers.there import there
from wsprobe.lab import installed
from wsprobe.read.tokens import expected_accept

pytestmark = pytest.mark.engines

SOCKET = """function open(u) { return new Promise(done => { const ws = new WebSocket(u);
  ws.onopen = () => { ws.close(); done("open"); }; ws.onerror = () => done("error"); }); }"""
PAGE = """<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><body><script>SOCKET
const frame = attributes => new Promise(done => {
  addEventListener("message", done, { once: true });
  const made = document.createElement("iframe");
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  document.body.append(made);
});
const code = name => SOCKET_TEXT + "open('" + URL_ + name + "').then(v => TO.postMessage(v";
const inner = name => "<script>" + code(name).replace("TO", "parent") + ", '*'))<" + "/script>";
const work = (made, name) => new Promise(done => { made.onmessage = done; made.onerror = done; });
(async () => {
  await frame({ src: ELSEWHERE + "frame?to=" + encodeURIComponent(URL_ + "iframe") });
  await frame({ srcdoc: inner("srcdoc") });
  await frame({ sandbox: "allow-scripts", srcdoc: inner("sandbox") });
  await frame({ sandbox: "allow-scripts allow-same-origin", srcdoc: inner("sandbox-same") });
  await frame({ src: "data:text/html," + encodeURIComponent(inner("data-frame")) });
  const script = name => code(name).replace("TO", "self") + "))";
  await work(new Worker("/script?" + encodeURIComponent(script("worker"))));
  await work(new Worker(URL.createObjectURL(new Blob([script("blob-worker")]))));
  await work(new Worker("data:text/javascript," + encodeURIComponent(script("data-worker"))));
  await Promise.all([1, 2, 3].map(() => open(URL_ + "held")));
  await fetch("/seen");
})();
</script>"""
HELD = 0.5
"""Seconds that a handshake is held."""


async def watch(engine):
    """Socket -> its Origin; of three handshakes that are held, how many there were at once; page's and frame's
    origin."""
    origins = {}
    held = most = 0
    over = trio.Event()
    places = []

    def text_of(path):
        where = urlsplit(path)
        if where.path == "/script":
            return unquote(where.query).encode()
        if where.path == "/frame":
            to = parse_qs(where.query)["to"][0]
            return f"<script>{SOCKET};open('{to}').then(v => parent.postMessage(v, '*'))</script>".encode()
        values = {"SOCKET_TEXT": json.dumps(f"{SOCKET};"), "ELSEWHERE": json.dumps(f"{places[2]}/")}
        page = PAGE.replace("SOCKET\n", f"{SOCKET}\n", 1)
        for name, value in (values | {"URL_": json.dumps(f"ws{places[1][4:]}/")}).items():
            page = page.replace(name, value)
        return page.encode()

    async def serve(stream):
        nonlocal held, most
        data = b""
        async with stream:
            try:
                while b"\r\n\r\n" not in data:
                    if not (more := await stream.receive_some(65536)):
                        return
                    data += more
                head = data.partition(b"\r\n\r\n")[0]
                path = head.split(b" ")[1].decode()
                if key := re.search(rb"(?i)\r\nsec-websocket-key: (\S+)", head):
                    origin = re.search(rb"(?i)\r\norigin: ([^\r]*)", head)
                    origins[path[1:]] = origin[1].decode() if origin else ""
                    if path == "/held":
                        held += 1
                        most = max(most, held)
                        await trio.sleep(HELD)
                        held -= 1
                    answer = b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    await stream.send_all(
                        answer + b"Sec-WebSocket-Accept: %s\r\n\r\n" % expected_accept(key[1])
                    )
                    await stream.receive_some(100)
                    return
                text = b"" if path == "/seen" else text_of(path)
                kind = b"text/javascript" if path.startswith("/script") else b"text/html"
                head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
                await stream.send_all(head % (kind, len(text)) + text)
                if path == "/seen":
                    over.set()
            except trio.BrokenResourceError:
                pass

    async with trio.open_nursery() as nursery:
        for host in ("127.0.0.1", "127.0.0.2", "127.0.0.3"):
            listeners = await trio.open_tcp_listeners(0, host=host)
            await nursery.start(trio.serve_listeners, serve, listeners)
            places.append(f"http://{host}:{listeners[0].socket.getsockname()[1]}")
        with trio.fail_after(120):
            async with installed.opened(there(engine), f"{places[0]}/"):
                await over.wait()
        nursery.cancel_scope.cancel()
    return origins, most, (places[0], places[2])


@pytest.mark.parametrize("engine", ["chromium", "firefox", "webkitgtk"])
def test_what_explain_says_of_frames_workers_and_several_sockets(engine):
    there(engine)
    origins, at_once, (page, frame) = trio.run(watch, engine)
    own = dict.fromkeys(("srcdoc", "sandbox-same", "worker", "blob-worker", "held"), page)
    opaque = dict.fromkeys(("sandbox", "data-frame"), "null")
    from_data = {"data-worker": "null" if engine == "chromium" else page}
    assert origins == own | opaque | from_data | {"iframe": frame}
    assert at_once == (3 if engine == "webkitgtk" else 1)
