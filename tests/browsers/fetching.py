"""Measures what fetch() shows of an answer in the browsers that are installed: ``python -m
tests.browsers.fetching`` writes recordings/fetch.jsonl.

Page and server are two origins on loopback addresses, in clear. ``same-...`` is asked at the page's own origin.
"""

import json
from pathlib import Path

import trio

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
PAGE = """<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script>
async function one(url) {
  try {
    const got = await fetch(url);
    return [got.status, await got.text()];
  } catch (error) {
    return [error.name, error.message];
  }
}
(async () => {
  const seen = {};
  for (const [name, url] of URLS) seen[name] = await one(url);
  await fetch("/seen", { method: "POST", body: JSON.stringify(seen) });
})();
</script>"""


OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"


def answer(name, origin):
    """The bytes of the answer called *name*, for a page of *origin*."""
    status, fields = ANSWERS[name]
    body = b"" if status in (101, 204) else BODY
    close = () if status == 101 else ("Connection: close",)
    size = () if status in (101, 204) else (f"Content-Length: {len(body)}",)
    lines = (f"HTTP/1.1 {status} X", *size, *close, *(field.format(origin=origin) for field in fields), "", "")
    return "\r\n".join(lines).encode() + body


async def measure(engine):
    """The version of *engine*, and what script got of each answer: status and body, or name and message."""
    seen = {}
    over = trio.Event()
    page = b""
    origin = ""

    async def serve(stream):
        data = b""
        async with stream:
            try:
                while b"\r\n\r\n" not in data:
                    if not (more := await stream.receive_some(65536)):
                        return
                    data += more
                head, _, rest = data.partition(b"\r\n\r\n")
                path = head.split(b" ")[1].decode()[1:]
                if path in ANSWERS:
                    await stream.send_all(answer(path, origin))
                    return
                if path == "seen":
                    size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                    while len(rest) < size:
                        rest += await stream.receive_some(65536)
                    seen.update(json.loads(rest))
                text = b"" if path == "seen" else page
                await stream.send_all(OK % len(text) + text)
                if path == "seen":
                    over.set()
            except trio.BrokenResourceError:
                pass

    async with trio.open_nursery() as nursery:
        places = []
        for host in ("127.0.0.1", "127.0.0.2"):
            listeners = await trio.open_tcp_listeners(0, host=host)
            await nursery.start(trio.serve_listeners, serve, listeners)
            places.append(f"http://{host}:{listeners[0].socket.getsockname()[1]}")
        origin = places[0]
        urls = [(name, f"{places[not name.startswith('same-')]}/{name}") for name in ANSWERS]
        page = PAGE.replace("URLS", json.dumps(urls)).encode()
        (browser,) = installed.find([engine])
        with trio.fail_after(120):
            async with installed.opened(browser, f"{origin}/"):
                await over.wait()
        nursery.cancel_scope.cancel()
    return await installed.version(browser), seen


def load():
    """Engine -> answer -> what script got."""
    return {value["engine"]: value["seen"] for value in map(json.loads, FILE.read_text().splitlines())}


if __name__ == "__main__":
    with FILE.open("w") as file:
        for engine in ENGINES:
            version, seen = trio.run(measure, engine)
            file.write(json.dumps({"engine": engine, "version": version, "seen": seen}) + "\n")
