"""What a browser's page gets from the lab: no script of a URL runs with the lab's origin."""

import pytest

from wsprobe.lab.door import SANDBOX
from wsprobe.lab.perform import Send, answer
from wsprobe.lab.server import reception
from wsprobe.read.request import RequestReader

HANDSHAKES = (
    "Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Upgrade: WebSocket",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
BROWSER = (
    "Sec-Fetch-Dest: document",
    "Sec-Fetch-Dest: iframe",
    "Sec-Fetch-Dest: object",
    "Sec-Fetch-Dest: worker",
    "Sec-Fetch-Dest: script",
    "Sec-Fetch-Dest: no-such",
    "Sec-Fetch-Dest: empty\r\nSec-Purpose: prefetch",
    "Purpose: prefetch",
    "Accept: text/html,application/xhtml+xml",
)
READER = ("Accept: */*", "Sec-Fetch-Dest: empty", "Sec-Fetch-Dest: websocket\r\nAccept: text/html")
PAGE = "HTTP/1.1%20200%20OK%0d%0aContent-Type:%20text/html%0d%0a%0d%0a<script>alert(1)</script>"
EXACT = (
    f"/raw?text={PAGE}",
    "/s/403",
    "/s/escape-in-101",
    f"/accept/x%0d%0a%0d%0a{PAGE}",
    "/close/4403",
    "/echo",
    # A browser takes the body of a 1xx as the next answer, and what is no status line as HTTP/0.9.
    f"/status/103?body={PAGE}",
    f"/status/0103?body={PAGE}",
    f"/status/200?http=1.1%20103&body={PAGE}",
    f"/status/101?body={PAGE}",
    f"/redirect/103?to={PAGE}",
)
HEADED = (
    "/status/200?header=Content-Type:text/html&body=<script>alert(1)</script>",
    f"/status/200?reason=OK%0d%0a%0d%0a{PAGE}",
    f"/status/200?header=Content-Security-Policy:default-src%20*&header={PAGE}",
    f"/status/403%0aX:%20y?body={PAGE}",
    f"/redirect/200?to={PAGE}",
    "/redirect/302",
    f"/diagnostic?reason={PAGE}",
)


def asked(path, lines):
    return RequestReader().receive(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n\r\n".encode())


def sent(path, lines):
    """All bytes that the lab sends."""
    request = asked(path.replace(" ", "%20"), lines)
    deeds = answer(reception(request), request, {}).perform(lambda: 0.0)
    came, reply = b"", None
    while True:
        try:
            deed = deeds.send(reply)
        except StopIteration:
            return came
        came += deed.data if isinstance(deed, Send) else b""
        reply = b"" if type(deed).__name__ == "Read" else None


@pytest.mark.parametrize("path", [*EXACT, *HEADED])
def test_a_handshake_gets_the_same_bytes_in_any_browser(path):
    for handshake in HANDSHAKES:
        plain = sent(path, handshake)
        assert not plain.startswith(b"HTTP/1.1 403 Forbidden\r\nContent-Type") or b"Sandbox" not in plain
        assert SANDBOX not in plain
        assert {sent(path, f"{handshake}\r\n{more}") for more in (*BROWSER, *READER)} == {plain}


@pytest.mark.parametrize("path", EXACT)
def test_exact_bytes_are_for_readers(path):
    for lines in BROWSER:
        assert sent(path, lines).startswith(b"HTTP/1.1 403 Forbidden\r\n")
        assert b"<script>" not in sent(path, lines)
    assert len({sent(path, lines) for lines in READER}) == 1


@pytest.mark.parametrize("path", HEADED)
def test_an_answer_with_a_head_has_no_origin(path):
    for lines in (*BROWSER, *READER):
        _, rest = sent(path, lines).split(b"\n", 1)
        assert rest.startswith(SANDBOX)


@pytest.mark.parametrize("path", ["/raw?text=%0d%0a", "/status/200", "/s/403", "/", "/-/x/page.js"])
@pytest.mark.parametrize("lines", ["Service-Worker: script", f"{HANDSHAKES[0]}\r\nservice-worker: script"])
def test_no_service_worker_comes_from_the_lab(path, lines):
    assert sent(path, lines).startswith(b"HTTP/1.1 403 Forbidden\r\n")


@pytest.mark.parametrize("path", ["/", "/no-such", "/close/x"])
def test_the_lab_s_own_words_are_no_page(path):
    head = sent(path, BROWSER[0]).partition(b"\r\n\r\n")[0]
    assert b"Content-Type: text/plain" in head
    assert head.endswith(b"Content-Security-Policy: sandbox")
