"""``python -m man.build.screens``: take those pictures of man/pictures that only a browser can: the lab's page,
the sample report, and a page before and behind the relay, in an installed Chromium, by WebDriver.

They are looked at and committed; no test makes them again, since no two versions of a browser draw the same.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

from man.build import sample

PICTURES = Path(__file__).parents[1] / "pictures"
WIDE, HIGH = 1000, 780
PATIENCE = 60
ARGUMENTS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={WIDE},{HIGH}")


def main() -> None:
    sheet = PICTURES.parent / "sample-report.html"
    sheet.write_text(sample(sheet.name), encoding="utf-8")
    with lab() as url, browser() as ask:
        ask("url", {"url": url})
        wait(lambda: "Running" not in text(ask) and "1006" in text(ask))
        keep("page.png", ask)
        ask("url", {"url": sheet.as_uri()})
        keep("report.png", ask)
        told(ask)


def told(ask: Any) -> None:
    """A page that asks a server which refuses it, and asks it again through the relay."""
    with lab() as page, relay(f"ws{page.removeprefix('http')}{REFUSES}") as behind, served() as url:
        before = f"ws{page.removeprefix('http')}{REFUSES}"
        ask("window/rect", {"width": WIDE, "height": LOW})
        ask("url", {"url": f"{url}?{quote(before)}&{quote(behind)}"})
        wait(lambda: text(ask).count("onclose") == 2)
        keep("relay.png", ask)


REFUSES = "status/403?reason=Forbidden&body=token%20expired"
LOW = 440
BEFORE_AND_AFTER = Path(__file__).with_name("before_and_after.html")


@contextmanager
def relay(server: str) -> Iterator[str]:
    with started(sys.executable, "-m", "wsprobe", "relay", "--tell-page", server) as process:
        yield found(process, r"^(ws://\S+)")


@contextmanager
def served() -> Iterator[str]:
    """The URL of BEFORE_AND_AFTER on loopback: a page that is a file has no origin."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(BEFORE_AND_AFTER.read_bytes())

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_address[1]}/"
        server.shutdown()


def keep(name: str, ask: Any) -> None:
    (PICTURES / name).write_bytes(b64decode(ask("screenshot")))


def text(ask: Any) -> str:
    return str(ask("execute/sync", {"script": "return document.body.innerText", "args": []}))


def wait(done: Any) -> None:
    for _ in range(PATIENCE * 5):
        if done():
            return
        time.sleep(0.2)
    sys.exit("the page did not come to an end")


@contextmanager
def started(*words: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def found(process: subprocess.Popen[str], pattern: str) -> str:
    """What *process* prints, as far as it fits *pattern*."""
    assert process.stdout is not None
    for line in process.stdout:
        if match := re.search(pattern, line):
            return match[1]
    sys.exit(f"{process.args}: ended without a word")


@contextmanager
def lab() -> Iterator[str]:
    with started(sys.executable, "-m", "wsprobe", "serve") as process:
        yield found(process, r"(http://\S+)")


@contextmanager
def browser() -> Iterator[Any]:
    """A function that sends a command of WebDriver, and returns its value."""
    with started("chromedriver", "--port=0") as process:
        base = f"http://127.0.0.1:{found(process, r'successfully on port ([0-9]+)')}/session"
        asked = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"args": list(ARGUMENTS)}}}}
        session = f"{base}/{send(base, asked)['sessionId']}"
        try:
            yield lambda what, value=None: send(f"{session}/{what}", value)
        finally:
            send(session, method="DELETE")


def send(url: str, value: Any = None, method: str = "") -> Any:
    data = None if value is None else json.dumps(value).encode()
    with urlopen(Request(url, data, method=method or ("GET" if data is None else "POST"))) as answer:
        return json.load(answer)["value"]


if __name__ == "__main__":
    main()
