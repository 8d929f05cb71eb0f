"""Chromium's rules at their edges: a case at each limit, and one past it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.browsers_views.recordings import HEAD, KEY, MS, OPEN, frame, recorded, seen
from tests.cases import every
from wsprobe.browsers import ENGINES
from wsprobe.browsers.chromium import http2
from wsprobe.browsers.chromium.channel import FrameReader, ProtocolError, TooBig
from wsprobe.browsers.chromium.constructor import is_local, parse_url
from wsprobe.browsers.chromium.facts import Facts
from wsprobe.browsers.chromium.handshake import Agreed, Fault, agree, certificate_error
from wsprobe.browsers.chromium.http import parse, read_answer
from wsprobe.browsers.chromium.request import asks
from wsprobe.browsers.engine import Page
from wsprobe.browsers.version_facts import facts
from wsprobe.exchange import Act, Connected, Ended, Http2, Priority, TlsFailed
from wsprobe.read import read

FACTS = facts("chromium", "156", Facts)
CHROMIUM = ENGINES["chromium"]
HI, BYE = frame(0x81, b"hi"), frame(0x88, b"\x03\xe8")
SECOND = 1000 * MS


def told(view):
    words = {"error": "!"}
    heard = []
    for event in view.events:
        if event.type == "close":
            heard.append(f"{event.code}{'' if event.was_clean else '?'}")
        else:
            heard.append(str(event.data) if event.type == "message" else words.get(event.type, event.type))
    return " ".join(heard)


def failure(view):
    return view.console[-1].partition("failed: ")[2] if view.console else ""


@every(
    {
        "zeros before the code": (b"HTTP/1.1 00000000000000101 x", (1, 1), 101),
        "the biggest code": (b"HTTP/1.1 2147483647 x", (1, 1), 2**31 - 1),
        "one more": (b"HTTP/1.1 2147483648 x", (1, 1), 2**31 - 1),
        "11 digits": (b"HTTP/1.1 21474836470 x", (1, 1), 2**31 - 1),
        "spaces before the code": (b"HTTP/1.1   403", (1, 1), 403),
        "letters behind it": (b"HTTP/1.1 403x", (1, 1), 403),
        "no digits": (b"HTTP/1.1 x403", (1, 1), 200),
        "no code": (b"HTTP/1.1", (1, 1), 200),
        "minor 2": (b"HTTP/1.2 403", (1, 1), 403),
        "major 2": (b"HTTP/2.0 403", (2, 0), 403),
        "major 2, minor 1": (b"HTTP/2.1 403", (1, 1), 403),
        "major 0": (b"HTTP/0.8 403", (1, 0), 403),
        "no dot": (b"HTTP/1 403", (1, 0), 403),
        "no slash": (b"HTTP 1.1 403", (1, 0), 1),
        "no digit behind the dot": (b"HTTP/1.x 403", (1, 0), 403),
        "no digit before it": (b"HTTP/x.1 403", (1, 0), 403),
        "digits between": (b"HTTP/12.1 403", (1, 1), 403),
    }
)
def test_a_status_line(case):
    line, version, status = case
    headers = parse(line)
    assert (headers.version, headers.status) == (version, status)


@every(
    {
        "a list": (b"A: b, c,", [(b"a", (b"b", b"c", b""))]),
        "no list": (b"Date: b, c", [(b"date", (b"b, c",))]),
        "a list of one in quotes": (b'A: "b,c"', [(b"a", (b'"b,c"',))]),
        "folded": (b"A: b\n \tc\nD: e", [(b"a", (b"b c",)), (b"d", (b"e",))]),
        "a fold of nothing": (b" A: b\nC: d", [(b"c", (b"d",))]),
        "a fold of what is no field": (b"A\n B: c\nD: e", [(b"d", (b"e",))]),
        "a fold that would make it one": (b"A\n : b\nD: e", [(b"d", (b"e",))]),
        "a fold of what has no name": (b": a\n b: c\nD: e", [(b"d", (b"e",))]),
        "spaces behind the name": (b"A \t: b", [(b"a", (b"b",))]),
        "a name that is no token": (b"A B: c\nD: e", [(b"d", (b"e",))]),
        "CR ends a line": (b"A: b\rC: d", [(b"a", (b"b",)), (b"c", (b"d",))]),
        "empty lines": (b"A: b\n\n\r\nC: d", [(b"a", (b"b",)), (b"c", (b"d",))]),
    }
)
def test_fields(case):
    text, fields = case
    assert list(parse(b"HTTP/1.1 200 x\n" + text).fields) == fields


def answered(received, how="fin", *, secure=False, port=False, limit=99):
    """``error``, or status and where the body is."""
    made = read_answer(recorded(received, how=how), secure=secure, default_port=port, max_head=limit)
    if made.pending:
        return "pending"
    return made.error or f"{made.headers and made.headers.status} {made.body}"


FOUND = b"HTTP/1.1 403 x\r\nA: b\r\n\r\n"


@every(
    {
        "a head": (answered(FOUND + b"x"), "403 24"),
        "LF alone": (answered(FOUND.replace(b"\r", b"")), "403 21"),
        "four bytes before": (answered(b"abcd" + FOUND), "403 28"),
        "five bytes before": (answered(b"abcde" + FOUND), "INVALID_HTTP_RESPONSE"),
        "five bytes before, on the scheme's own port": (answered(b"abcde" + FOUND, port=True), "200 0"),
        "seven bytes of another": (answered(b"SSH-2.0", "local"), "pending"),
        "eight": (answered(b"SSH-2.0-", "local"), "INVALID_HTTP_RESPONSE"),
        "seven bytes and the end": (answered(b"SSH-2.0"), "INVALID_HTTP_RESPONSE"),
        "as much as there may be": (answered(FOUND, limit=24), "403 24"),
        "one byte more": (answered(FOUND, limit=23), "RESPONSE_HEADERS_TOO_BIG"),
        "no end, one byte less": (answered(FOUND[:22], "local", limit=23), "pending"),
        "no end, as much": (answered(FOUND[:22], "local", limit=22), "RESPONSE_HEADERS_TOO_BIG"),
        "a NUL": (answered(b"HTTP/1.1 403 x\r\nA: \0\r\n\r\n"), "INVALID_HTTP_RESPONSE"),
        "nothing": (answered(b""), "EMPTY_RESPONSE"),
        "nothing and a reset": (answered(b"", "reset"), "CONNECTION_RESET"),
        "nothing and an error": (answered(b"", "error"), "CONNECTION_FAILED"),
        "nothing and an error of TLS": (answered(b"", "error", secure=True), "SSL_PROTOCOL_ERROR"),
        "nothing yet": (answered(b"", "timeout"), "pending"),
        "half a head": (answered(FOUND[:20]), "CONNECTION_CLOSED"),
        "half a head, over TLS": (answered(FOUND[:20], secure=True), "RESPONSE_HEADERS_TRUNCATED"),
        "half a head and a reset": (answered(FOUND[:20], "reset"), "CONNECTION_RESET"),
        "two lengths": (
            answered(b"HTTP/1.1 403 x\nContent-Length: 1\nContent-Length: 2\n\n"),
            "RESPONSE_HEADERS_MULTIPLE_CONTENT_LENGTH",
        ),
        "one length twice": (answered(b"HTTP/1.1 403 x\nContent-Length: 1\nContent-Length: 1\n\n"), "403 52"),
        "two lengths and chunks": (
            answered(b"HTTP/1.1 403 x\nContent-Length: 1,2\nTransfer-Encoding: Chunked\n\n"),
            "403 63",
        ),
        "two lengths and chunks in 1.0": (
            answered(b"HTTP/1.0 403 x\nContent-Length: 1,2\nTransfer-Encoding: chunked\n\n"),
            "RESPONSE_HEADERS_MULTIPLE_CONTENT_LENGTH",
        ),
        "two locations": (
            answered(b"HTTP/1.1 403 x\nLocation: 1\nLocation: 2\n\n"),
            "RESPONSE_HEADERS_MULTIPLE_LOCATION",
        ),
        "two dispositions": (
            answered(b"HTTP/1.1 403 x\nContent-Disposition: 1\nContent-Disposition: 2\n\n"),
            "RESPONSE_HEADERS_MULTIPLE_CONTENT_DISPOSITION",
        ),
    }
)
def test_an_answer(case):
    found, expected = case
    assert found == expected


DEFLATE = b"permessage-deflate"


@every(
    {
        **{
            f"{name} {bits}": (
                DEFLATE + b"; %b_max_window_bits=%d" % (name.encode(), bits),
                None if 8 <= bits <= 15 else "parameter-invalid",
            )
            for name in ("server", "client")
            for bits in (7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 108)
        },
        "a zero before": (DEFLATE + b"; server_max_window_bits=09", "parameter-invalid"),
        "the server's without": (DEFLATE + b"; server_max_window_bits", "parameter-invalid"),
        "the client's without": (DEFLATE + b"; client_max_window_bits", "parameter-without-value"),
        "a value where there is none": (DEFLATE + b"; client_no_context_takeover=1", "parameter-invalid"),
        "both without a value": (
            DEFLATE + b"; server_no_context_takeover; client_no_context_takeover",
            None,
        ),
        "one twice": (
            DEFLATE + b"; server_no_context_takeover; server_no_context_takeover",
            "parameter-twice",
        ),
        "one that there is not": (DEFLATE + b"; x", "parameter-unknown"),
        "twice": (DEFLATE + b", " + DEFLATE, "deflate-twice"),
        "another": (b"x", "extension-unknown"),
        "another case": (b"Permessage-Deflate", "extension-unknown"),
        "nothing": (b"", "extensions"),
        "no value behind the sign": (DEFLATE + b"; server_max_window_bits=", "extensions"),
        "nothing behind the semicolon": (DEFLATE + b";", "extensions"),
        "nothing in quotes": (DEFLATE + b'; server_max_window_bits=""', "extensions"),
        "in quotes": (DEFLATE + b'; server_max_window_bits="1\\0"', None),
        "spaces": (DEFLATE + b"\t; \tserver_max_window_bits = 10 ", None),
        "two words": (DEFLATE + b" x", "extensions"),
    }
)
def test_an_extension(case):
    value, fault = case
    found = agree([value])
    if fault is None:
        assert found == Agreed(True, value.decode())
    else:
        assert isinstance(found, Fault)
        assert found.key == fault
        assert found.inside is fault.startswith("parameter")


@every(
    {
        "125 in two bytes": (b"\x82\x7e\x00\x7d", ProtocolError),
        "126 in two bytes": (b"\x82\x7e\x00\x7e", 126),
        "65535 in eight": (b"\x82\x7f" + (65535).to_bytes(8, "big"), ProtocolError),
        "65536 in eight": (b"\x82\x7f" + (65536).to_bytes(8, "big"), 65536),
        "the biggest": (b"\x82\x7f" + (2**31 - 1).to_bytes(8, "big"), 2**31 - 1),
        "one more": (b"\x82\x7f" + (2**31).to_bytes(8, "big"), TooBig),
        "the biggest of 63 bits": (b"\x82\x7f" + (2**63 - 1).to_bytes(8, "big"), TooBig),
        "the highest bit": (b"\x82\x7f" + (2**63).to_bytes(8, "big"), ProtocolError),
        "a ping of 125": (b"\x89\x7d", 125),
        "a ping of 126": (b"\x89\x7e\x00\x7e", ProtocolError),
        "a ping that is not ended": (b"\x09\x00", ProtocolError),
        "one byte": (b"\x82", 0),
        "half a length": (b"\x82\x7e\x01", 0),
        "half a mask": (b"\x82\x85\x01\x02\x03", 0),
        "a mask": (b"\x82\x85\x01\x02\x03\x04", 5),
    }
)
def test_lengths(case):
    header, expected = case
    reader = FrameReader(False)
    if isinstance(expected, int):
        reader.read(header)
        assert reader.payload_left == expected
        return
    with pytest.raises(expected):
        reader.read(header)


@every(
    {
        "the code of a Close": ([BYE], "open 1000", ""),
        "no code": ([frame(0x88, b"")], "open 1005", ""),
        "half a code": ([frame(0x88, b"\x03")], "open ! 1006?", "Received a broken close frame with an inval"),
        **{
            f"{code}": ([frame(0x88, code.to_bytes(2, "big"))], f"open {code}", "")
            for code in (0, 999, 1004, 1007, 1014, 1016, 5000, 65535)
        },
        **{
            f"{code}": (
                [frame(0x88, code.to_bytes(2, "big"))],
                "open ! 1006?",
                "Received a broken close frame containing a reserved status code.",
            )
            for code in (1005, 1006, 1015)
        },
        "no UTF-8": (
            [frame(0x88, b"\x03\xe8\xff")],
            "open ! 1006?",
            "Received a broken close frame containing in",
        ),
        "a ping behind it": ([BYE + frame(0x89, b"")], "open ! 1006?", "Ping received after close"),
        "a pong behind it": ([BYE + frame(0x8A, b"")], "open ! 1006?", "Pong received after close"),
        "a text behind it": ([BYE + HI], "open ! 1006?", "Data frame received after close"),
        "another behind it": ([BYE + BYE], "open ! 1006?", "Close received after close"),
        "an opcode behind it": (
            [BYE + frame(0x8B, b"")],
            "open ! 1006?",
            "Unknown frame type received after close",
        ),
        **{
            f"opcode {opcode}": (
                [frame(0x80 | opcode, b"")],
                "open ! 1006?",
                f"Unrecognized frame opcode: {opcode}",
            )
            for opcode in (3, 7, 11, 15)
        },
        "a continuation frame without a message": (
            [frame(0x80, b"a")],
            "open ! 1006?",
            "Received unexpected continuation",
        ),
        "a message within another": (
            [frame(0x01, b"a") + frame(0x81, b"b")],
            "open ! 1006?",
            "Received start of new message but previous",
        ),
        "a character cut": ([frame(0x01, b"\xc3") + frame(0x80, b"\xa9") + BYE], "open \u00e9 1000", ""),
        "half a character": ([frame(0x81, b"\xc3")], "open ! 1006?", "Could not decode a text frame as UTF-8."),
        "the first bit": (
            [frame(0xC1, b"")],
            "open ! 1006?",
            "One or more reserved bits are on: reserved1 = 1,",
        ),
        "the second": (
            [frame(0xA1, b"")],
            "open ! 1006?",
            "One or more reserved bits are on: reserved1 = 0, reserved2 = 1",
        ),
    }
)
def test_frames(case):
    pieces, heard, console = case
    view = seen(OPEN, *pieces)
    assert told(view) == heard
    assert failure(view).startswith(console)
    assert bool(console) == bool(view.console)


@pytest.mark.parametrize(
    ("first", "bits"),
    [(0xC1, ""), (0xD1, "0, reserved2 = 0, reserved3 = 1"), (0xE1, "0, reserved2 = 1, reserved3 = 0")],
)
def test_a_compressed_message_may_have_no_other_bit(first, bits):
    opening = f"{HEAD}Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n".encode()
    view = seen(opening, frame(first, b"\xca\xc8\x04\x00"), BYE)
    assert told(view) == ("open ! 1006?" if bits else "open hi 1000")
    assert failure(view) == (f"One or more reserved bits are on: reserved1 = {bits}" if bits else "")


def test_how_long_each_side_may_take_to_end_it():
    """A page's Close has a minute, the end behind the server's Close two seconds."""
    closes = Page(acts=(Act("open", "close", code=3000),))
    for page, received, gap, heard in (
        (closes, BYE, 60 * SECOND - 1, "open 1000"),
        (closes, BYE, 60 * SECOND, "open 1006?"),
    ):
        assert told(seen(OPEN, received, page=page, gap=gap)) == heard
    assert told(seen(OPEN, BYE, how="reset", gap=2 * SECOND - 1)) == "open 1000?"
    assert told(seen(OPEN, BYE, how="reset", gap=2 * SECOND)) == "open 1000"


@every({f"{last}": last for last in range(0, 257)})
def test_alerts(alert):
    refused = dict.fromkeys((42, 43, 44, 45, 46, 48, 49), "ERR_BAD_SSL_CLIENT_AUTH_CERT")
    named = refused | dict.fromkeys((40, 70, 71), "ERR_SSL_VERSION_OR_CIPHER_MISMATCH")
    named |= {20: "ERR_SSL_BAD_RECORD_MAC_ALERT", 51: "ERR_SSL_DECRYPT_ERROR_ALERT"}
    named |= {112: "ERR_SSL_UNRECOGNIZED_NAME_ALERT"}
    error = f"Error in connection establishment: net::{named.get(alert, 'ERR_SSL_PROTOCOL_ERROR')}"
    expected = "WebSocket opening handshake was canceled" if alert == 116 else error
    made = recorded(OPEN).exchange
    number = alert if alert < 256 else None
    events = (Connected(1, "127.0.0.1", 9), TlsFailed(2, "alert", "", alert=number), Ended(3, "error"))
    view = CHROMIUM.view(made.plan.target.url, Page(), [read(replace(made, events=events))])
    assert failure(view) == expected


def test_of_several_faults_of_a_certificate_the_most_serious_is_told():
    assert certificate_error({"expired", "wrong-name", "unknown-ca"}) == "ERR_CERT_AUTHORITY_INVALID"
    assert certificate_error({"expired", "wrong-name"}) == "ERR_CERT_COMMON_NAME_INVALID"
    assert certificate_error({"not-yet-valid", "other"}) == "ERR_CERT_DATE_INVALID"
    assert certificate_error({"other"}) == certificate_error(set()) == "ERR_CERT_INVALID"


@every({text: lossy for text, lossy in (("\x80", True), ("\xff", True), ("\u0080", False), ("x", False))})
def test_a_line_with_a_byte_that_is_no_utf8_says_nothing(lossy):
    """The value stands in the line where it is text."""
    value = b"\x80" if lossy else "\u0080x".encode()
    head = HEAD.replace("Upgrade: websocket", "Upgrade: VALUE").encode().replace(b"VALUE", value)
    line = failure(seen(head + b"\r\n"))
    assert line == (
        "" if lossy else "Error during WebSocket handshake: 'Upgrade' header value is not 'WebSocket': \u0080x"
    )


def test_only_a_401_is_answered_with_credentials():
    page, url = Page("http://127.0.0.1:1/"), "ws://u:p@127.0.0.1:9000/x"
    for status, asks_again in ((401, True), (403, False), (407, False), (400, False)):
        refusal = f"HTTP/1.1 {status} x\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n".encode()
        reading = recorded(refusal, page=page, url=url)
        assert (CHROMIUM.follow([reading], page, KEY) is not None) is asks_again
        assert CHROMIUM.view(url, page, [reading]).outcome == ("follows" if asks_again else "failed")
    for no_secret in ("ws://127.0.0.1:9000/x",):
        reading = recorded(b"HTTP/1.1 401 x\r\nWWW-Authenticate: Basic\r\n\r\n", page=page, url=no_secret)
        assert CHROMIUM.follow([reading], page, KEY) is None


def test_how_it_asks_over_http2():
    """As it was measured to."""
    page = Page("https://h.example/", http="2")
    first = CHROMIUM.first(CHROMIUM.construct("wss://h.example/", page), page, "key").http2
    assert first is not None
    assert replace(first, fields=()) == Http2(
        fields=(),
        settings=((1, 65536), (2, 0), (4, 6291456), (6, 262144)),
        window=15663105,
        stream=1,
        tries=3,
        priority=Priority(depends_on=0, weight=146, exclusive=True),
        data_max=16375,
        end_stream="close",
    )
    made = CHROMIUM.construct("wss://h.example/", page)
    assert [asks(made, page, FACTS, refused=before).tries for before in range(4)] == [3, 2, 1, 1]


def test_when_it_would_have_asked_over_the_other_protocol():
    url = "wss://h.example/"
    cold, warm = Page("http://h.example/"), Page("https://h.example/", http="2")
    over_http1 = recorded(OPEN, url=url, page=cold)
    offered = read(
        replace(
            over_http1.exchange,
            plan=replace(over_http1.exchange.plan, tls=replace(over_http1.exchange.plan.tls, alpn=("h2",))),
        )
    )
    assert http2.otherwise(url, warm, []) == ""
    assert http2.otherwise(url, cold, [over_http1]) == ""
    assert http2.otherwise(url, cold, [offered]) == ""
    assert http2.otherwise(url, warm, [offered]) == ""
    assert "has an HTTP/2 connection, and uses it" in http2.otherwise(url, warm, [over_http1])


@every(
    {
        "a name": ("ws://h.example/", "h.example"),
        "a number": ("ws://127.1/", "127.0.0.1"),
        "hexadecimal": ("ws://0x7f.1/", "127.0.0.1"),
        "a name that ends in a number": ("ws://h.1/", None),
        "IPv6": ("ws://[::1]/", "[::1]"),
        "IPv4 in IPv6": ("ws://[::127.0.0.1]/", "[::7f00:1]"),
        "IPv4 in octal in IPv6": ("ws://[::0177.0.0.1]/", "[::7f00:1]"),
        "IPv4 in IPv6 with a dot": ("ws://[::127.0.0.1.]/", None),
        "a name in IPv6": ("ws://[::127.0.0.x]/", None),
        "three numbers in IPv6": ("ws://[::127.0.1]/", None),
        "a bracket": ("ws://a[b/", None),
        "an invalid port": ("ws://a b:99999/", None),
        "no host": ("ws://a b", "a%20b"),
    }
)
def test_hosts(case):
    text, host = case
    address = parse_url(text, "http://page.example/")
    assert (address and address.host) == host


LOCAL = """0.0.0.0 0.255.255.255
    10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.0 127.255.255.255
    169.254.0.0 169.254.255.255 172.16.0.0 172.31.255.255 192.168.0.0 192.168.255.255 [::] [::1]
    [fc00::] [fdff::1]
    [fe80::] [febf::] [fec0::] [feff::] [2001:db8::] [2001:db8:ffff::] [3fff::] [3fff:fff::]
    a.local LOCAL local.
    [::ffff:192.168.0.1]"""
PUBLIC = """1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255
    169.255.0.0 172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0 [::2] [fbff::] [fe00::] [fe7f::] [ff00::]
    [2001:db7::] [2001:db9::] [3ffe::] [3fff:1000::] local.a alocal [::ffff:8.8.8.8]"""


def test_the_local_network():
    assert [host for host in LOCAL.split() if not is_local(host)] == []
    assert [host for host in PUBLIC.split() if is_local(host)] == []
