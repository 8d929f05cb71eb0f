"""Browsers that are installed, a page with varied WebSockets for them, and what its server really passed."""

import gzip
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from contextlib import suppress

import pytest
from msgspec import Struct

from tests import served
from tests.page.site import LOOPBACK_ONLY

SWITCH = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: $A\r\n"
)
PAGE = b"<!doctype html><h1>Not here</h1>" + b"<p>text of the page</p>\n" * 60
ZIPPED = gzip.compress(b'{"error":"quota"}', mtime=0)


def plain(status, *fields, body=b""):
    """An answer in latin-1, with the length of its body."""
    head = "".join(f"{each}\r\n" for each in (status, *fields, f"Content-Length: {len(body)}"))
    return head.encode("latin-1") + b"\r\n" + body


ANSWERS = {
    "/forbidden": plain("HTTP/1.1 403 Token Expired", "X-Request-Id: abc", body=b'{"error":"token"}'),
    "/missing": plain("HTTP/1.1 404 Not Found", "Content-Type: text/html", body=PAGE),
    "/moved": plain("HTTP/1.1 302 Found", "Location: /login?next=%2Fws"),
    "/moved-away": plain("HTTP/1.1 308 Permanent Redirect", "Location: wss://chat.example/"),
    "/broken": b"HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\n\r\nTraceback",
    "/busy": b"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbusy\r\n0\r\n\r\n",
    "/limited": plain("HTTP/1.1 429 Too Many Requests", "retry-after:  7 ", "X-RATE:0", "x-empty:"),
    "/bad": plain("HTTP/1.1 400 Bad", "Set-Cookie: a=1", "Set-Cookie: b=2; Path=/x", "X-A: 1", "x-a: 2"),
    "/plain": plain("HTTP/1.1 200 OK", "Content-Type: text/plain", body=b"ok"),
    "/upgrade": plain("HTTP/1.1 426 Upgrade Required", "Upgrade: websocket", "Sec-WebSocket-Version: 13, 8"),
    "/latin": plain("HTTP/1.1 418 Th\xe9 chaud", "X-Name: caf\xe9 \xff"),
    "/zipped": plain("HTTP/1.1 402 Payment Required", "Content-Encoding: gzip", body=ZIPPED),
    "/old": b"HTTP/1.0 403 Forbidden\r\nServer: old/0.9\r\n\r\nno",
    "/wrong-accept": SWITCH.replace(b"$A", b"AAAAAAAAAAAAAAAAAAAAAAAAAAA=") + b"\r\n",
    "/no-upgrade": SWITCH.replace(b"Upgrade: websocket\r\n", b"") + b"\r\n",
    "/other-protocol": SWITCH + b"Sec-WebSocket-Protocol: other\r\n\r\n",
    "/extension": SWITCH + b"Sec-WebSocket-Extensions: x-none\r\n\r\n",
    "/close-4403": SWITCH + b"\r\n\x88\x0b\x11\x33forbidden",
    "/close-1000": SWITCH + b"\r\n\x81\x02hi\x88\x02\x03\xe8",
    "/close-empty": SWITCH + b"\r\n\x88\x00",
    "/fragments": SWITCH + b"\r\n\x01\x03one\x89\x00\x80\x03two\x82\x7e\x01\x00" + bytes(256) + b"\x88\x00",
    "/end": SWITCH + b"\r\n",
    "/masked": SWITCH + b"\r\n\x81\x82\x00\x00\x00\x00hi",
    "/reserved": SWITCH + b"\r\n\xf1\x02hi",
    "/chat?protocol": SWITCH + b"Sec-WebSocket-Protocol: chat\r\nX-Pod: 7\r\n\r\n\x88\x02\x03\xe8",
    "/drop": b"",
    "/ssh": b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
    "/interim": b"HTTP/1.1 103 Hints\r\nLink: </a.css>\r\n\r\n" + plain("HTTP/1.1 403 Forbidden", "X-Late: 1"),
    "/no-reason": plain("HTTP/1.1 403"),
    "/bare-lf": b"HTTP/1.1 403 Forbidden\nX-Line: lf\nContent-Length: 0\n\n",
    "/folded": plain("HTTP/1.1 403 Forbidden", "X-Long: one", "  two"),
    "/many": plain("HTTP/1.1 403 Forbidden", *(f"X-{n}: {'v' * n}" for n in range(60))),
}
"""By path; $A is the right Sec-WebSocket-Accept. Afterwards the server closes the connection."""

UNAUTHORIZED = b'HTTP/1.1 401 Who\r\nWWW-Authenticate: Basic realm="r"\r\nContent-Length: 0\r\n\r\n'


class Passed(Struct):
    """What passed on one connection from its handshake on."""

    path: str
    received: bytes
    sent: bytes
    over: bool = False
    """Whether the client has closed the connection: by then it has read everything."""


class Server(served.Server):
    """Answers each WebSocket by its path, and any other request with a page that opens them; a proxy for
    CONNECT. /secret asks for a password; /echo repeats one message and waits for the Close."""

    def __init__(self, paths, tls=None):
        self.passed = []
        self.tunnels = []
        """(request, answer) of each CONNECT."""
        self._paths = paths
        self._on = []
        """(stream, what passed on it)."""
        super().__init__(tls)

    def url(self, path):
        return self.origin.replace("http", "ws") + path

    def over(self, stream):
        for on, passed in self._on:
            passed.over |= on is stream

    def answer(self, request, stream):
        if request.head.startswith(b"CONNECT "):
            self._tunnel(request, stream)
            return False
        if request.key is None:
            page = PAGE_OF_SOCKETS.replace("PATHS", json.dumps(self._paths)).encode()
            stream.sendall(
                served.page(page, "text/html" if request.path.endswith("/") else "text/plain", more=())
            )
            return True
        passed = Passed(request.path, request.head + request.rest, b"")
        self.passed.append(passed)
        self._on.append((stream, passed))
        answer = ANSWERS.get(request.path.partition("&")[0], SWITCH + b"\r\n")
        if request.path == "/secret" and "authorization" not in request.fields:
            answer = UNAUTHORIZED
        passed.sent = answer.replace(b"$A", request.accept)
        stream.sendall(passed.sent)
        if request.path == "/echo":
            while data := stream.recv(65536):
                passed.received += data
                first, text = served.unmasked(data)
                back = bytes([first, len(text)]) + text
                stream.sendall(back)
                passed.sent += back
                if first & 15 == 8:
                    break
        return answer == UNAUTHORIZED

    def _tunnel(self, request, client):
        answer = b"HTTP/1.1 200 Connected\r\nVia: test\r\n\r\n"
        host, _, port = request.path.rpartition(":")
        self.tunnels.append((request.head, answer))
        with socket.create_connection((host, int(port))) as server:
            client.sendall(answer)
            other = threading.Thread(target=_copy, args=(server, client), daemon=True)
            other.start()
            _copy(client, server)
            other.join(60)


def _copy(of, to):
    with suppress(OSError):
        while data := of.recv(65536):
            to.sendall(data)
        to.shutdown(socket.SHUT_WR)


PAGE_OF_SOCKETS = """<!doctype html><link rel=icon href=data:,><title>sockets</title><script>
if (location.hash.startsWith('#also=')) open(location.hash.slice(6));
const user = location.hash === '#login' ? 'me:pw@' : '';
const base = location.origin.replace('http', 'ws').replace('//', '//' + user);
for (const path of PATHS) {
  const protocols = path.includes('protocol') ? ['chat', 'v2.x'] : [];
  const ws = new WebSocket(base + path, protocols);
  if (path === '/echo') { ws.onopen = () => ws.send('hello'); ws.onmessage = () => ws.close(1000, 'done'); }
}
</script>"""


def chromium(home, pages, over, *switches, mode="Everything"):
    """The log of a Chromium that opened *pages*, until *over*."""
    log = home / "netlog.json"
    command = [
        *(program("chromium"), "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync", *LOOPBACK_ONLY),
        *(f"--user-data-dir={home / 'chromium'}", f"--log-net-log={log}", f"--net-log-capture-mode={mode}"),
    ]
    _run([*command, *switches, *pages], over, {}, signal.SIGINT)
    return log.read_bytes()


PREFERENCES = {
    "network.websocket.delay-failed-reconnects": False,
    "network.dns.disabled": True,
    "network.proxy.allow_hijacking_localhost": True,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "app.normandy.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "datareporting.policy.dataSubmissionEnabled": False,
    "services.settings.server": "data:,",
    "dom.push.enabled": False,
}
"""Nothing but this machine is reached."""


def firefox(home, log, pages, over, modules, **more):
    """Open *pages* in Firefox, whose processes write *log* and files beside it, until *over*."""
    profile = home / "firefox"
    profile.mkdir()
    lines = (f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in (PREFERENCES | more).items())
    (profile / "user.js").write_text("\n".join(lines))
    logging = {"MOZ_LOG": modules, "MOZ_LOG_FILE": str(log), "HOME": str(home)}
    command = [program("firefox-esr"), "--headless", "--no-remote", "--profile", str(profile), *pages]
    _run(command, over, logging, signal.SIGTERM)


def program(name):
    return shutil.which(name) or pytest.fail(f"install {name}")


def _run(command, over, more, end):
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        command, stdout=quiet, stderr=quiet, env=os.environ | more, start_new_session=True
    )
    try:
        last = time.monotonic() + 90
        while not over() and process.poll() is None and time.monotonic() < last:
            time.sleep(0.1)
        assert over(), "the page did not finish in time"
        time.sleep(1)  # the browser writes its log in batches
        process.send_signal(end)
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
