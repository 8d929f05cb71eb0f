"""What is WebKitGTK's own and no row: what is asked again, when an answer is known, GnuTLS."""

from contextlib import nullcontext
from ctypes import CDLL, c_char_p
from hashlib import md5

import pytest

from tests.browsers_views.recordings import HEAD, KEY, MS, OPEN, URL, recorded, seen
from tests.browsers_views.test_bombs import deflated
from tests.cases import every
from wsprobe.browsers import ENGINES, facts
from wsprobe.browsers.engine import Page
from wsprobe.browsers.inflate import Inflater, TooLong
from wsprobe.browsers.webkitgtk.channel import Fault, check_answer, inflated
from wsprobe.browsers.webkitgtk.handshake import Failed, Opened
from wsprobe.browsers.webkitgtk.redirects import Again, Redirect, answers
from wsprobe.browsers.webkitgtk.request import Facts
from wsprobe.exchange import Connected, Ended, Exchange, Plan, Target, TlsFailed
from wsprobe.lab import load
from wsprobe.lab.play import rehearse
from wsprobe.read import read
from wsprobe.read.frames import INFLATED_MAX

WEBKITGTK = ENGINES["webkitgtk"]


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


FACTS = facts("webkitgtk", "2.54", Facts)


@pytest.mark.parametrize("more", [0, 1])
def test_messages_are_inflated_up_to_their_limit(more):
    message = deflated(INFLATED_MAX + more)
    with pytest.raises(TooLong) if more else nullcontext():
        assert inflated(Inflater(15), message, True) == bytes(INFLATED_MAX)


TRAILING = b"\r\n\r\nHTTP/1.1 101"


@every(
    {
        "a 101": (OPEN + b"\x81\x00", len(OPEN) - 1, Opened),
        "an interim answer": (b"HTTP/1.1 199 E\r\n\r\n" + OPEN, 18 + len(OPEN) - 1, Opened),
        "100": (b"HTTP/1.1 100 E\r\n\r\n" + OPEN, 18 + len(OPEN) - 1, Opened),
        "200 is no interim answer": (b"HTTP/1.1 200 E\r\nContent-Length: 0\r\n\r\n" + OPEN, 36, Failed),
        "a body of no bytes": (b"HTTP/1.1 403 E\r\nContent-Length: 0\r\n\r\nrest", 36, Failed),
        "a body of two": (b"HTTP/1.1 403 E\r\nContent-Length: 2\r\n\r\nabrest", 38, Failed),
        "no body": (b"HTTP/1.1 204 E\r\n\r\nrest", 17, Failed),
        "chunks": (b"HTTP/1.1 403 E\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nrest", 50, Failed),
        "a body framed by what is not known": (
            b"HTTP/1.1 403 E\r\nTransfer-Encoding: x\r\n\r\nrest",
            39,
            Failed,
        ),
        "a line of a chunk too long": (
            b"HTTP/1.1 403 E\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"e" * 200,
            45 + 128,
            Failed,
        ),
        "no head": (b"FOO" + TRAILING, 6, Failed),
        "too big a head": (b"HTTP/1.1 403 E\r\nA: " + b"a" * 100 * 1024, 100 * 1024, Failed),
        "421": (b"HTTP/1.1 421 E\r\nContent-Length: 0\r\nConnection: close\r\n\r\nx", 55, Again),
        "302": (b"HTTP/1.1 302 E\r\nLocation: /\r\nContent-Length: 0\r\n\r\nx", 49, Redirect),
        "304": (b"HTTP/1.1 304 E\r\nLocation: /\r\n\r\nx", 30, Failed),
        "the end of the body is that of the connection": (b"HTTP/1.1 403 E\r\n\r\nrest", None, Failed),
        "half a head": (b"HTTP/1.1 403 E\r\n", None, Failed),
        "half a body": (b"HTTP/1.1 403 E\r\nContent-Length: 9\r\n\r\nrest", None, Failed),
    }
)
def test_when_an_answer_is_known(case):
    """*offset*: of the byte that settles it; None: the end does."""
    received, offset, outcome = case
    at = len(received) - 200 if len(received) > 1000 else 0
    pieces = [received[:at]] if at else []
    pieces += [received[n : n + 1] for n in range(at, len(received))]
    reading = recorded(*pieces, browser="webkitgtk")
    (found,) = answers([reading], (), FACTS)
    settled = len(pieces) if offset is None else offset + len(pieces) - len(received)
    assert found.at == 300 + MS * (settled + 1)
    assert isinstance(found.outcome, outcome)


def _refused(payload):
    try:
        check_answer(payload)
    except Fault:
        return True
    return False


def test_the_codes_that_are_sent_back():
    answered = [code for code in range(65536) if not _refused(code.to_bytes(2, "big"))]
    registered = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011]
    assert answered == [*registered, *range(3000, 5000)]


@every(range(1, len(OPEN)))
def test_a_head_that_ends_early(length):
    view = seen(OPEN[:length], browser="webkitgtk")
    if OPEN[:length] == HEAD.encode() or OPEN[:length] == HEAD.encode() + b"\r":
        assert next(event.type for event in view.events) == ("open" if length == len(HEAD) else "error")
    else:
        assert [event.type for event in view.events] == ["error", "close"]


def test_alerts_have_gnutls_own_names():
    """GnuTLS itself is asked, where the system has the one that the facts are of."""
    try:
        library = CDLL("libgnutls.so.30")
    except OSError:
        pytest.skip("GnuTLS is not installed")
    library.gnutls_check_version.restype = library.gnutls_alert_get_name.restype = c_char_p
    if library.gnutls_check_version(b"3.8") is None:
        pytest.skip("GnuTLS is older than 3.8")
    for number in range(256):
        name = (library.gnutls_alert_get_name(number) or b"(null)").decode()
        assert _failed_tls("alert", number) == f"Peer sent fatal TLS alert: {name}"
    assert _failed_tls("alert", None) == "Peer sent fatal TLS alert: (null)"


def _failed_tls(kind, alert):
    target = Target("wss://h/", True, "h", 443, "/")
    events = (Connected(1, "127.0.0.1", 443), TlsFailed(2, kind, "", alert=alert), Ended(3, "error"))
    (found,) = answers([read(Exchange(Plan(target, b""), events))], (), FACTS)
    assert isinstance(found.outcome, Failed)
    assert found.at == 2
    return found.outcome.failure
