"""What WebKitGTK asks, and asks again: credentials and redirects."""

from hashlib import md5

from tests.browsers_views.recordings import KEY, OPEN, URL, recorded
from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Page
from wsprobe.lab import load
from wsprobe.lab.play import rehearse

WEBKITGTK = ENGINES["webkitgtk"]


def sent(url, page):
    made = WEBKITGTK.construct(url, page)
    return WEBKITGTK.request(made, page, KEY).decode().split("\r\n")


def test_the_request():
    page = Page("http://127.0.0.2:8000/p", protocols=("a", "b"), cookies="c=d")
    assert sent("ws://127.0.0.1:9000/x?y", page) == [
        "GET /x?y HTTP/1.1",
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/60.5 Safari/605.1.15",
        "Origin: http://127.0.0.2:8000",
        "Pragma: no-cache",
        "Cache-Control: no-cache",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {KEY}",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: a, b",
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
        "Accept-Encoding: gzip, deflate",
        "Accept-Language: C",
        "Host: 127.0.0.1:9000",
        "Cookie: c=d",
        "Sec-Fetch-Dest: websocket",
        "Sec-Fetch-Mode: websocket",
        "Sec-Fetch-Site: cross-site",
        "",
        "",
    ]


def test_it_still_speaks_old_tls():
    assert WEBKITGTK.oldest_tls == "1.0"
    assert ENGINES["chromium"].oldest_tls is None


def test_ntlm_begins_anew_on_each_connection_until_it_is_one_too_many():
    view = rehearse(ENGINES["webkitgtk"], load()["401-ntlm-close"], load())
    assert view.console[0].endswith(" failed: Message was restarted too many times")
    assert view.page == Page().url


UNAUTHORIZED = b"HTTP/1.1 401 U\r\nContent-Length: 0\r\n"


def test_a_digest_is_computed_as_rfc_2617_has_it():
    challenge = b'WWW-Authenticate: Digest realm="r", nonce="n", algorithm=MD5-sess, qop=auth\r\n\r\n'
    first = recorded(UNAUTHORIZED + b"Connection: close\r\n" + challenge, url="ws://u:p@127.0.0.1:9000/x")
    then = WEBKITGTK.follow([first], Page(), KEY)
    sent = then.request.decode().partition("Authorization: Digest ")[2].partition("\r\n")[0]
    given = dict(part.split("=", 1) for part in sent.split(", "))

    def hashed(text):
        return md5(text.encode()).hexdigest()

    own = given["cnonce"].strip('"')
    session = hashed(f"{hashed('u:r:p')}:n:{own}")
    response = hashed(f"{session}:n:00000001:{own}:auth:{hashed('GET:/x')}")
    assert given["response"] == f'"{response}"'
    assert (given["algorithm"], given["nc"], given["qop"]) == ("MD5-sess", "00000001", "auth")


def test_what_is_asked_again_counts_once():
    """The second answer to credentials counts; a redirect is followed twenty times."""

    def answered(answer, url=URL):
        return recorded(answer, how="local", url=url, browser="webkitgtk")

    secret = "ws://u:p@127.0.0.1:9000/x"
    first = answered(UNAUTHORIZED + b"WWW-Authenticate: Basic\r\nConnection: close\r\n\r\n", secret)
    redirect = answered(b"HTTP/1.1 302 M\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n")
    misdirected = answered(b"HTTP/1.1 421 M\r\nContent-Length: 0\r\n\r\n")
    assert WEBKITGTK.follow([first], Page(), KEY).target.url == secret
    assert WEBKITGTK.follow([first, first], Page(), KEY) is None
    assert WEBKITGTK.follow([misdirected], Page(), KEY).target.url == URL
    assert WEBKITGTK.follow([redirect] * 20, Page(), KEY) is not None
    assert WEBKITGTK.follow([redirect] * 21, Page(), KEY) is None
    for url, readings, events, end in (
        (secret, [first, first], ["error", "close"], "The server did not accept the WebSocket handshake."),
        (secret, [first, answered(OPEN, secret)], ["open"], ""),
        (URL, [redirect, answered(OPEN)], ["open"], ""),
        (URL, [redirect] * 21, ["error", "close"], "Too many redirects"),
    ):
        view = WEBKITGTK.view(url, Page(), readings)
        assert [event.type for event in view.events] == events
        assert "".join(view.console).endswith(end)
