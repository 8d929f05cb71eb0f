"""How far the diagnosis reads, and what it makes of answers that are cut, and of close codes."""

from typing import get_args

import pytest

from tests.diagnosis.recorded import AT, reading_of
from wsprobe.diagnosis import author, causes
from wsprobe.diagnosis.advice import Advice, advice, close_code
from wsprobe.diagnosis.cause import Cause, Certainty
from wsprobe.diagnosis.evidence import answer_of, shown
from wsprobe.diagnosis.proxies import LEADING, LineValues, idle_limit, mending, proxies, proxy
from wsprobe.diagnosis.statuses import phrase_of
from wsprobe.diagnosis.words import of_body, of_json, of_page, own_words
from wsprobe.exchange import Connected, Ended, Exchange, Plan, Received, Sent
from wsprobe.read import read
from wsprobe.request import target
from wsprobe.request.opening import Offer, request
from wsprobe.request.target import Target

OPEN = b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n"


def words(answer):
    reading = reading_of(answer, "fin")
    assert reading.final is not None
    return own_words(answer_of(reading, reading.final))


# What is read ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "most", "short"),
    [
        ("x" * 80, 80, "x" * 80),
        ("x" * 81, 80, "x" * 77 + "..."),
        ("a \n b", 80, "a b"),
        ("a" + " " * 4094 + "b", 80, "a b"),
        ("a" + " " * 4095 + "b", 80, "a..."),
    ],
)
def test_a_quote_is_cut_where_it_is_too_long(text, most, short):
    assert shown(text, most) == short
    assert shown(text) == short


@pytest.mark.parametrize(
    ("cause", "text", "without"),
    [
        (Cause("x", "it closed"), "it closed", "it closed"),
        (Cause("x", "", quote="no"), 'the server says "no"', ""),
        (Cause("x", "it closed", usual=("a crash",)), *["it closed; usual cause: a crash"] * 2),
        (
            Cause("x", "it closed", usual=("a crash or a rule",)),
            *["it closed; usual causes: a crash or a rule"] * 2,
        ),
        (Cause("x", "it closed", usual=tuple("abcdef")), *["it closed; usual causes: a; b; c; d; e"] * 2),
        (
            Cause("x", "it closed", usual=("a crash", "a rule"), quote="no"),
            'it closed; the server says "no"; usual causes: a crash; a rule',
            "it closed; usual causes: a crash; a rule",
        ),
    ],
)
def test_the_sentence_of_a_cause(cause, text, without):
    assert (cause.text, cause.without_quote) == (text, without)


@pytest.mark.parametrize("certainty", get_args(Certainty))
def test_what_leaves_other_causes_is_only_possible(certainty):
    label = "possible" if certainty in ("shared", "status") else "likely"
    assert Cause("x", "it closed", certainty=certainty).label == label


@pytest.mark.parametrize(
    ("json", "texts"),
    [
        ('{"error":{"error":{"error":{"error":"x"}}}}', ("x",)),
        ('{"error":{"error":{"error":{"error":{"error":"x"}}}}}', ()),
        ('["a","b","c","d","e"]', ("a", "b", "c", "d")),
        ('{"errors":[["x"]]}', ("x",)),
        ('{"payload":{"message":"x"}}', ("x",)),
        ('{"err":{"message":"x"},"status":{"message":"y"}}', ("x", "y")),
        ('{"payload":"x","other":"y"}', ()),
        ('{"message":"y","detail":"x"}', ("x", "y")),
        (f'"{"x" * 401}"', ("x" * 400,)),
        (f'"{"x" * 65534}"', ("x" * 400,)),
        (f'"{"x" * 65535}"', ()),
        ("{", ()),
        ("7", ()),
    ],
)
def test_how_deep_json_is_read(json, texts):
    assert of_json(json.encode()) == texts


@pytest.mark.parametrize(
    ("json", "texts"),
    [
        ('{"fault":{"string":"x y"}}', ("x y",)),
        ('{"fault":{"faultstring":"x","detail":{"errorcode":"y"}}}', ("x",)),
        ('{"a":{"b":{"message":"far"}},"c":{"message":"near"}}', ("near",)),
        ('{"a":{"b":{"c":{"message":"x"}}}}', ("x",)),
        ('{"a":{"b":{"c":{"d":{"message":"x"}}}}}', ()),
        ('{"items":[7,{"message":"x"}]}', ("x",)),
        ('{"message":"y","meta":{"message":"x"}}', ("y",)),
        ('{"user":{"title":"x"}}', ()),
    ],
)
def test_a_nested_reason_counts_where_none_stands_above(json, texts):
    assert of_body(json.encode()) == texts


def test_a_stack_trace_is_about_nothing_else():
    body = b'{"message":"no token","stack":"Error\\n at bus.js:7","data":{"stacktrace":"wallet"}}'
    head = b"HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    assert causes(reading_of(head + body, "fin"))[0].id == "unauthorized"


@pytest.mark.parametrize(
    ("page", "texts"),
    [
        ("<p>ab<p>abc", ["abc"]),
        ("<title>ab</title><p>abc", ["ab", "abc"]),
        ("<p>" + "<p>".join(f"par{n}" for n in range(8)), [f"par{n}" for n in range(6)]),
        ("<p>one<title>two</title>three", ["two", "one", "three"]),
        (f"<title>{'x' * 401}</title>", ["x" * 400]),
        (f"<p>{'x' * 401}", ["x" * 400]),
    ],
)
def test_how_far_a_page_is_read(page, texts):
    assert list(of_page(page)) == texts


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (b"HTTP/1.1 400 Moon\r\n\r\n", ("Moon",)),
        (b"HTTP/1.1 400 bad REQUEST\r\n\r\n", ()),
        (b"HTTP/1.1 302 Found\r\n\r\nThe moon", ()),
        (b"HTTP/1.1 399 Sun\r\n\r\nThe moon", ("Sun",)),
        (b"HTTP/1.1 400 Bad Request\r\n\r\nThe moon", ("The moon",)),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"m" * 401, ("m" * 400,)),
        (b"HTTP/1.1 400 " + b"m" * 401 + b"\r\n\r\n", ("m" * 400,)),
        (b"HTTP/1.1 400 Bad Request\r\nX-Reason: " + b"m" * 401 + b"\r\n\r\n", ("m" * 400,)),
        (
            b"HTTP/1.1 400 Bad Request\r\n" + b"".join(b"X-Reason: moon%d\r\n" % n for n in range(5)) + b"\r\n",
            ("moon0", "moon1", "moon2", "moon3"),
        ),
        (b"HTTP/1.1 400 Bad Request\r\nX-Request-Id: moon\r\n\r\n", ()),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n" + b" " * 8189 + b"moon", ("moo",)),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n" + b" " * 8192 + b"moon", ()),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n400 Bad Request", ()),
        (b"HTTP/1.1 400 Bad Request\r\n\r\nof a at it", ()),
        (b"HTTP/1.1 400 Bad Request\r\n\r\nha", ()),
        (b"HTTP/1.1 400 Bad Request\r\n\r\nhaa", ("haa",)),
    ],
)
def test_where_an_answer_has_words(answer, found):
    assert words(answer) == found


@pytest.mark.parametrize(
    ("word", "status"),
    [
        *(("malformed", 400), ("unauthorised", 401), ("prohibited", 403), ("matches", 404), ("internal", 500)),
        *(("implemented", 501), ("invalid", 502), ("available", 503)),
    ],
)
def test_a_status_has_words_of_its_own(word, status):
    for number in {max(400, status - 1), status, status + 1}:
        answer = f"HTTP/1.1 {number} {phrase_of(number)}\r\n\r\n{word}".encode()
        assert (number, words(answer)) == (number, () if number == status else (word,))


def test_marks_are_looked_for_in_64_kib():
    mark = b"<hr><center>nginx"
    for before, known in ((65536 - len(mark), "nginx"), (65537 - len(mark), "")):
        assert author(reading_of(b"HTTP/1.1 404 Not Found\r\n\r\n" + b"<" * before + mark, "fin")).id == known


# What to do --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code"),
    [
        *((399, 4000), (400, 4400), (401, 4401), (402, 4402), (403, 4403), (404, 4404), (408, 4408)),
        *((409, 4409), (429, 4429), (499, 4499), (500, 1011), (502, 1011), (503, 1013), (599, 1011)),
    ],
)
def test_the_close_code_that_says_what_a_status_says(status, code):
    assert close_code(status) == code


@pytest.mark.parametrize(
    ("close", "says"),
    [
        (b"\x88\x00", ""),
        (b"\x88\x01\x03", ""),
        (b"\x88\x02\x03\xe7", "code 999 is outside 1000 to 4999"),
        (b"\x88\x02\x03\xe8", ""),
        (b"\x88\x02\x03\xed", "code 1005 (a Close without a code) must not be sent"),
        (b"\x88\x02\x03\xee", "code 1006 (a dropped connection) must not be sent"),
        (b"\x88\x02\x03\xf3", ""),
        (b"\x88\x02\x03\xf4", "code 1012 is registered"),
        (b"\x88\x02\x03\xf5", "code 1013 is registered"),
        (b"\x88\x02\x03\xf6", "code 1014 is registered"),
        (b"\x88\x02\x03\xf7", "code 1015 (TLS that failed) must not be sent"),
        (b"\x88\x02\x13\x87", ""),
        (b"\x88\x02\x13\x88", "code 5000 is outside"),
        (b"\x88\x7d\x03\xe8" + b"x" * 123, ""),
        (b"\x88\x7e\x00\x7e\x03\xe8" + b"x" * 124, "the reason has 124 bytes; more than 123"),
        (b"\x88\x02\x03\xe8\x89\x00", "bytes follow the Close frame"),
        (b"\x88\x02\x03\xe8\x89", "bytes follow the Close frame"),
        (b"\x81\x00\x88\x02\x03\xe8", ""),
        (b"\x81\x02hi", ""),
    ],
)
def test_what_a_close_does_not_carry_to_a_page(close, says):
    found = advice(reading_of(OPEN + close, "fin")).warnings
    assert len(found) == (1 if says else 0)
    assert all(each.startswith(says) for each in found)


@pytest.mark.parametrize(
    ("answer", "asked", "remedies"),
    [
        (b"HTTP/1.1 299 X\r\n\r\n", {}, ["accept, then close(4000", "offer"]),
        (b"HTTP/1.1 300 X\r\n\r\n", {}, ["log in first, if the redirect leads to a log-in page"]),
        (b"HTTP/1.1 399 X\r\n\r\n", {}, ["log in first, if the redirect leads to a log-in page"]),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", {}, ["accept, then close(4403, a reason of at most 123", "offer"]),
        (
            b"HTTP/1.1 403 Forbidden\r\n\r\n" + b"m" * 60,
            {},
            [f'accept, then close(4403, "{"m" * 60}")', "offer"],
        ),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n" + b"m" * 61, {}, ["accept, then close(4403, a reason", "offer"]),
        (
            b"HTTP/1.1 403 Forbidden\r\n\r\n",
            {"origin": "http://x.example"},
            [
                "accept",
                "offer an HTTP endpoint for fetch() (with Access-Control-Allow-Origin: http://x.example)",
            ],
        ),
        (
            b"HTTP/1.1 403 Forbidden\r\n\r\n",
            {"origin": f"http://{AT}"},
            ["accept", "offer an HTTP endpoint for fetch() (CORS for another origin)"],
        ),
        (b"HTTP/1.1 426 Upgrade Required\r\n\r\n", {}, ["offer"]),
        (b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n<hr><center>nginx</center>", {}, ["offer"]),
    ],
)
def test_how_a_page_can_be_told(answer, asked, remedies):
    found = advice(reading_of(answer, "fin", asked)).remedies
    assert len(found) == len(remedies)
    assert all(each.startswith(word) for each, word in zip(found, remedies, strict=True))


@pytest.mark.parametrize("outcome", ["timeout", "dropped"])
@pytest.mark.parametrize("sent", [True, False])
def test_a_handshake_that_hangs_holds_others(outcome, sent):
    to = Target(f"ws://{AT}/", False, "127.0.0.1", 24301, "/")
    asked = request(to, Offer())
    events = (Connected(0, "127.0.0.1", 1), *([Sent(1, asked)] if sent else ()), Ended(2, "timeout"))
    found = advice(read(Exchange(Plan(to, asked), events)), outcome)
    assert bool(found.warnings) == (sent and outcome == "timeout")


def test_of_several_answers_each_thing_is_said_once():
    refused = advice(reading_of(b"HTTP/1.1 403 Forbidden\r\n\r\n", "fin"))
    closed = advice(reading_of(OPEN + b"\x88\x02\x03\xf4", "fin"))
    given = set()
    assert refused.without(given) == refused
    assert refused.without(given) == Advice()
    assert closed.without(given) == closed
    assert closed.without(given) == Advice()


# Lines for proxies -------------------------------------------------------------------------------------------


def test_a_proxy_is_found_by_its_key():
    found = proxy("haproxy")
    assert found.name == "HAProxy"
    assert proxy("no-such-proxy") is None
    assert (idle_limit("nginx"), idle_limit("caddy"), idle_limit("no-such-proxy")) == (60.0, 0.0, 0.0)


def test_lines_are_joined_as_the_proxy_writes_them():
    mends = {each.key: each.mends for each in proxies()}
    assert mends["nginx"].startswith("proxy_http_version 1.1; proxy_set_header")
    assert "; " in mends["apache"]
    assert mends["haproxy"].startswith("forwards both by default; remove ")


def test_the_proxies_in_wide_use_are_named_where_none_is_known():
    def named(text):
        return [line.partition(":")[0].partition(" (")[0] for line in text.splitlines()]

    assert named(mending("upgrade", ())) == ["nginx", "Apache httpd", "HAProxy", "Caddy", "Traefik", "Envoy"]
    assert len(LEADING) == 6
    assert named(mending("upgrade", ("varnish", "no-such-proxy"))) == ["Varnish"]
    assert mending("rule", ()) == ""
    assert named(mending("rule", ("nginx",))) == ["nginx"]
    assert named(mending("unhandled", ())) == ["http-proxy-middleware", "Vite"]
    assert "Origin" in mending("header", ("nginx",), LineValues(part="Origin"))


def test_a_recording_without_an_end_has_causes():
    whole = b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"
    assert causes(read(Exchange(Plan(target.parse(f"ws://{AT}/"), b""), (Received(1, whole),))))


@pytest.mark.parametrize(
    ("behind", "evidence"),
    [(b"HTTP/1.1 502 X\r\n\r\n", "HTTP 502 behind the 101"), (b"HTTP/1.", "HTTP behind the 101")],
)
def test_http_behind_a_101_may_be_cut_before_its_status(behind, evidence):
    assert evidence in [each.evidence for each in causes(reading_of(OPEN + behind, "fin"))]


def test_of_several_fields_of_a_name_the_first_counts():
    reading = reading_of(b"HTTP/1.1 403 X\r\nServer: one\r\nserver: two\r\n\r\n", "fin")
    assert reading.final is not None
    evidence = answer_of(reading, reading.final)
    assert (evidence.get("server"), evidence.all("server")) == ("one", ("one", "two"))
