"""Parts of WebKitGTK's view. Expectations are libsoup 3.6's own: its functions, called with the same bytes."""

from __future__ import annotations

import zlib
from ctypes import CDLL, c_char_p

import pytest
from msgspec.structs import replace

from tests.browsers_views.recordings import MS, OPEN, recorded
from tests.cases import every
from wsprobe.browsers import ENGINES, inflate
from wsprobe.browsers.engine import Page
from wsprobe.browsers.inflate import Inflater, TooLong
from wsprobe.browsers.version_facts import facts
from wsprobe.browsers.webkitgtk.connection import inflated
from wsprobe.browsers.webkitgtk.facts import Facts
from wsprobe.browsers.webkitgtk.handshake import Accepted, Failed, Opened, Refused, accept, in_table
from wsprobe.browsers.webkitgtk.http import Fields, contains, parameters, parse
from wsprobe.browsers.webkitgtk.request import NTLM, authorization
from wsprobe.browsers.webkitgtk.session import Again, Redirect, answers, redirected
from wsprobe.exchange import Connected, Ended, Exchange, Plan, Target, TlsFailed
from wsprobe.lab import load
from wsprobe.lab.play import rehearse
from wsprobe.lab.scenario import Step
from wsprobe.read import read

FACTS = facts("webkitgtk", "2.54", Facts)
BASIC = b'Basic realm="x"'
NAMES = [
    b"server_max_window_bits",
    b"client_max_window_bits",
    b"server_no_context_takeover",
    b"client_no_context_takeover",
    b"x",
]


def test_parameters_are_gone_through_in_the_order_of_a_table():
    assert in_table(NAMES) == in_table(dict.fromkeys(NAMES)) != NAMES
    assert in_table([b"server_max_window_bits", b"x"]) == [b"x", b"server_max_window_bits"]
    many = [b"%d" % number for number in range(8)]
    assert in_table(many) == many


@pytest.mark.parametrize("value", [b"server_max_window_bits=7; x", b"x; server_max_window_bits=7"])
def test_the_fault_that_is_named_does_not_depend_on_what_stands_first(value):
    with pytest.raises(Refused) as refused:
        accept(b"permessage-deflate; " + value)
    assert (refused.value.key, refused.value.name) == ("parameter", "x")


def test_a_vertical_tab_is_no_space():
    assert contains(b"\x0cUpgrade\t, x", b"upgrade")
    assert not contains(b"\x0bUpgrade", b"upgrade")


def test_an_extended_parameter_counts_instead_of_a_plain_one():
    assert parameters(b"a=1, a*=utf-8''%41", b",", strict=False) == {b"a": b"A"}
    assert parameters(b"a=1, B=2, A*=utf-8''%41", b",", strict=False) == {b"B": b"2", b"A": b"A"}
    assert parameters(b"a=1, a=2", b",", strict=False) == {b"a": b"1"}


def test_each_byte_that_is_no_utf8_is_replaced_and_folds_become_one_space():
    head = parse(b"HTTP/1.1 200 O\r\na\xe2\x82: b\r\n \r\n c\xf4\x90\x80\x80\r\n")
    assert list(head.fields) == [("a\ufffd\ufffd".encode(), "b c\ufffd\ufffd\ufffd\ufffd".encode())]


@pytest.mark.parametrize(
    ("challenges", "secure", "userinfo", "answer"),
    [
        ([b"NTLM"], False, None, NTLM),
        ([b"ntlm", BASIC], False, "u:p", NTLM),
        ([b"NTLM abc", BASIC], False, "u:p", "Basic dTpw"),
        ([b"NTLM abc"], False, "u:p", ""),
        ([b"Negotiate", BASIC], False, "u:p", ""),
        ([b"Negotiate", b"NTLM"], False, "u:p", ""),
        ([b"Negotiate", BASIC], True, "u:p", "Basic dTpw"),
        ([b"Negotiate, NTLM, " + BASIC], True, None, NTLM),
        ([b"Negotiate abc", BASIC], True, "u:p", ""),
        ([b"Negotiate a=b, c=d", BASIC], False, "u:p", "Basic dTpw"),
        ([BASIC], False, None, ""),
    ],
)
def test_the_strongest_scheme_that_is_taken_answers(challenges, secure, userinfo, answer):
    fields = Fields([(b"WWW-Authenticate", challenge) for challenge in challenges])
    assert authorization(fields, Target("ws://h/", secure, "h", 80, "/", userinfo), "key") == answer


def test_ntlm_begins_anew_on_each_connection_until_it_is_one_too_many():
    view = rehearse(ENGINES["webkitgtk"], load()["401-ntlm-close"], load())
    assert view.console[0].endswith(" failed: Message was restarted too many times")
    assert view.page == Page().url


def test_cookies_are_looked_at_once_the_framing_is_known():
    head = "HTTP/1.1 403 x\r\nSet-Cookie: a=b\r\n{}\r\n\r\n"
    for field, kept in (
        ("Content-Length: 0", ("a=b",)),
        ("Content-Length: x", ()),
        ("Transfer-Encoding: x", ()),
    ):
        scenario = replace(load()["403"], steps=(Step("send", head.format(field).encode()),))
        assert rehearse(ENGINES["webkitgtk"], scenario, load()).cookies == kept


def test_messages_are_inflated_up_to_their_limit(monkeypatch):
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    deflated = (stream.compress(b"a" * 1000) + stream.flush(zlib.Z_SYNC_FLUSH))[:-4]
    monkeypatch.setattr(inflate, "INFLATED_MAX", 1000)
    assert inflated(Inflater(15), deflated, True) == b"a" * 1000
    monkeypatch.setattr(inflate, "INFLATED_MAX", 999)
    with pytest.raises(TooLong):
        inflated(Inflater(15), deflated, True)


DEFLATE = b"permessage-deflate"


@every(
    {
        "nothing": (b"", Accepted("", 0)),
        "no parameters": (DEFLATE, Accepted("permessage-deflate", 15)),
        "an empty one": (DEFLATE + b" ;", Accepted("permessage-deflate", 15)),
        "8": (DEFLATE + b";server_max_window_bits=8", 8),
        "15": (DEFLATE + b";server_max_window_bits=15", 15),
        "zeros and spaces before": (DEFLATE + b'; server_max_window_bits=" +0009"', 9),
        "the client's needs none": (
            DEFLATE + b"; client_max_window_bits",
            Accepted("permessage-deflate; client_max_window_bits=15", 15),
        ),
        "libsoup's own order": (
            DEFLATE
            + b"; client_max_window_bits=9; server_max_window_bits=10; client_no_context_takeover"
            + b"; server_no_context_takeover",
            Accepted(
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
                "server_max_window_bits=10; client_max_window_bits=9",
                10,
            ),
        ),
        "twice, of which the first counts": (
            DEFLATE + b"; server_max_window_bits=10, permessage-deflate; server_max_window_bits=11",
            10,
        ),
        "another": (b"foo", "extension"),
        "another letter case": (b"Permessage-Deflate", "extension"),
        "another behind it": (DEFLATE + b", foo", "extension"),
        "7": (DEFLATE + b"; server_max_window_bits=7", "parameter-value"),
        "16": (DEFLATE + b"; server_max_window_bits=16", "parameter-value"),
        "100": (DEFLATE + b"; server_max_window_bits=100", "parameter-value"),
        "-9": (DEFLATE + b"; server_max_window_bits=-9", "parameter-value"),
        "9x": (DEFLATE + b"; server_max_window_bits=9x", "parameter-value"),
        "the server's needs one": (DEFLATE + b"; server_max_window_bits", "parameter-value"),
        "a value where there is none": (DEFLATE + b"; server_no_context_takeover=", "parameter-value"),
        "the client's, 7": (DEFLATE + b"; client_max_window_bits=7", "parameter-value"),
        "one twice": (DEFLATE + b"; a; a", "parameter-twice"),
        "one that there is not": (DEFLATE + b"; a", "parameter"),
    }
)
def test_extensions(case):
    value, expected = case
    if isinstance(expected, str):
        with pytest.raises(Refused) as refused:
            accept(value)
        assert refused.value.key == expected
    else:
        found = accept(value)
        assert (found if isinstance(expected, Accepted) else found.server_bits) == expected


BASE = "ws://127.0.0.1:9000/s/x"


@every(
    {
        "ws": ("ws://h/", Redirect("ws://h/", Target("ws://h/", False, "h", 80, "/"))),
        "http": ("http://h/", Redirect("http://h/", Target("http://h/", False, "h", 80, "/"))),
        "wss": ("wss://h/", Redirect("wss://h/", Target("wss://h/", True, "h", 443, "/"))),
        "https": ("https://h/", Redirect("https://h/", Target("https://h/", True, "h", 443, "/"))),
        "a port": (
            "wss://h:80/a?b",
            Redirect("wss://h:80/a?b", Target("wss://h:80/a?b", True, "h", 80, "/a?b")),
        ),
        "a user": ("ws://u:p@h/", Redirect("ws://h/", Target("ws://h/", False, "h", 80, "/", "u:p"))),
        "IPv6": ("ws://[::1]/", Redirect("ws://[::1]/", Target("ws://[::1]/", False, "::1", 80, "/"))),
        "nothing": ("", "Location header is missing or empty in response headers"),
        "ftp": ("ftp://h/", "Invalid URI \u201cftp://h/\u201d in Location response header"),
        "no host": ("ws:///x", "Invalid URI \u201cws:///x\u201d in Location response header"),
        "no authority": ("ws:x", "Invalid URI \u201cws:x\u201d in Location response header"),
        "a number": ("ws://1/", "Error resolving \u201c1\u201d: Name or service not known"),
        "what is no URI": ("ws://h:x/", None),
    }
)
def test_where_a_location_leads(case):
    location, expected = case
    found = redirected(BASE, location.encode(), FACTS)
    assert (found.failure if isinstance(found, Failed) else found) == expected


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


HALF_READ = "Error reading data from TLS socket: The specified session has been invalidated for some reason."
ENDED = "Connection terminated unexpectedly"
REFUSED = "The server did not accept the WebSocket handshake."
HEAD = b"HTTP/1.1 403 F\r\nContent-Length: %b\r\n"


@every(
    {
        "half a line": (b"HTTP/1.1 403", HALF_READ, "Could not parse HTTP response"),
        "half a line of a field": (HEAD[:-2] % b"0", HALF_READ, "Could not parse HTTP response"),
        "lines, and no body": (HEAD % b"0", REFUSED, REFUSED),
        "lines, and a body to come": (HEAD % b"2", HALF_READ, ENDED),
        "lines, and a body to the end": (b"HTTP/1.1 403 F\r\n", HALF_READ, REFUSED),
        "lines, and a status without a body": (b"HTTP/1.1 204 F\r\n", REFUSED, REFUSED),
        "a whole head, and a body to come": (HEAD % b"2" + b"\r\n", ENDED, ENDED),
        "a whole head, and a body to the end": (b"HTTP/1.1 403 F\r\n\r\n", REFUSED, REFUSED),
        "lines of an interim answer": (b"HTTP/1.1 100 C\r\n", HALF_READ, ENDED),
        "a whole interim answer": (b"HTTP/1.1 100 C\r\n\r\n", ENDED, ENDED),
        "nothing": (b"", ENDED, ENDED),
    }
)
def test_a_head_that_the_connections_end_ends(case):
    """Over TLS without a close_notify the end is read once only; otherwise what there is counts."""
    received, truncated, ended = case
    ways = (("truncated", truncated), ("fin", ended))
    for how, expected in ways:
        (found,) = answers([recorded(received, how=how, browser="webkitgtk")], (), FACTS)
        assert isinstance(found.outcome, Failed)
        assert found.outcome.failure == expected


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


RESET = "Error receiving data: Connection reset by peer"


def test_each_way_in_which_tls_fails_has_its_own_words():
    ended = "Peer failed to perform TLS handshake: The TLS connection was non-properly terminated."
    assert _failed_tls("fin", None) == ended
    assert _failed_tls("reset", None) == f"Peer failed to perform TLS handshake: {RESET}"
    assert _failed_tls("certificate", 46) == "Unacceptable TLS certificate"


def _failed_tls(kind, alert):
    target = Target("wss://h/", True, "h", 443, "/")
    events = (Connected(1, "127.0.0.1", 443), TlsFailed(2, kind, "", alert=alert), Ended(3, "error"))
    (found,) = answers([read(Exchange(Plan(target, b""), events))], (), FACTS)
    assert isinstance(found.outcome, Failed)
    assert found.at == 2
    return found.outcome.failure
