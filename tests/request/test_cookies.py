"""The cookie jar: what RFC 6265bis lets a server set, where it goes, and the file that curl reads too."""

import pytest

from wsprobe.request.cookies import HEADING, Jar, date, parse, set_cookie
from wsprobe.request.target import parse as target

NOW = 1_700_000_000


def kept(*values, by="wss://www.shop.example/a/b?c", jar=None):
    """The lines of the jar's file after an answer of *by* with these values of Set-Cookie."""
    jar = Jar() if jar is None else jar
    jar.store([value.encode() for value in values], target(by), NOW)
    return jar.text(NOW).removeprefix(HEADING).splitlines()


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("a=b", "www.shop.example\tFALSE\t/a\tFALSE\t0\ta\tb"),
        (" a = b c ; Path=/ ;HttpOnly", "#HttpOnly_www.shop.example\tFALSE\t/\tFALSE\t0\ta\tb c"),
        ("a=", "www.shop.example\tFALSE\t/a\tFALSE\t0\ta\t"),
        ("a=b=c; path=x; secure", "www.shop.example\tFALSE\t/a\tTRUE\t0\ta\tb=c"),
        ("a=b; Domain=.Shop.Example", ".shop.example\tTRUE\t/a\tFALSE\t0\ta\tb"),
        ("a=b; domain=www.shop.example", ".www.shop.example\tTRUE\t/a\tFALSE\t0\ta\tb"),
        ("a=b; Max-Age=60; Expires=1 Jan 1999 0:0:0", f"www.shop.example\tFALSE\t/a\tFALSE\t{NOW + 60}\ta\tb"),
        ("a=b; Max-Age=999999999999", f"www.shop.example\tFALSE\t/a\tFALSE\t{NOW + 400 * 86400}\ta\tb"),
        ("a=b; Expires=Wed, 15-Nov-2023 12:00:00 GMT", "www.shop.example\tFALSE\t/a\tFALSE\t1700049600\ta\tb"),
        ("a=b; Expires=never", "www.shop.example\tFALSE\t/a\tFALSE\t0\ta\tb"),
        ("__Host-a=b; Secure; Path=/", "www.shop.example\tFALSE\t/\tTRUE\t0\t__Host-a\tb"),
        ("__secure-a=b; Secure", "www.shop.example\tFALSE\t/a\tTRUE\t0\t__secure-a\tb"),
    ],
)  # fmt: skip
def test_what_is_kept(value, line):
    assert kept(value) == [line]


@pytest.mark.parametrize(
    "value",
    [
        *("", "a", "=b", ";a=b", "a=b\x00", "a=b\tc", f"a={'b' * 4096}"),
        *("a=b; Domain=example", "a=b; Domain=other.example", "a=b; Domain=a.www.shop.example"),
        *("a=b; Max-Age=0", "a=b; Max-Age=-1", "a=b; Expires=Sun, 06 Nov 1994 08:49:37 GMT"),
        *("__Host-a=b; Secure", "__Host-a=b; Path=/", "__host-a=b; Secure; Path=/; Domain=shop.example"),
        "__Secure-a=b",
    ],
)
def test_what_is_not_kept(value):
    assert kept(value) == []


@pytest.mark.parametrize(
    ("by", "value", "expected"),
    [
        ("wss://a.co.uk/", "a=b; Domain=co.uk", []),
        ("wss://me.github.io/", "a=b; Domain=github.io", []),
        ("wss://github.io/", "a=b; Domain=github.io", ["github.io\tFALSE\t/\tFALSE\t0\ta\tb"]),
        ("wss://localhost/", "a=b; Domain=localhost", ["localhost\tFALSE\t/\tFALSE\t0\ta\tb"]),
        ("wss://192.0.2.1/", "a=b; Domain=192.0.2.1", ["192.0.2.1\tFALSE\t/\tFALSE\t0\ta\tb"]),
        ("wss://192.0.2.1/", "a=b; Domain=0.2.1", []),
        ("wss://[::1]/", "a=b", ["::1\tFALSE\t/\tFALSE\t0\ta\tb"]),
        ("ws://shop.example/", "a=b; Secure", []),
        ("ws://localhost/", "a=b; Secure", ["localhost\tFALSE\t/\tTRUE\t0\ta\tb"]),
    ],
)
def test_who_may_set_it(by, value, expected):
    assert kept(value, by=by) == expected


def test_the_next_one_takes_its_place_and_an_expired_one_takes_it_away():
    jar = Jar()
    assert kept("a=1", "b=2", "a=3", jar=jar)[0].endswith("a\t3")
    assert [line.split("\t")[5:] for line in kept("a=4; Max-Age=0", jar=jar)] == [["b", "2"]]


def test_in_clear_a_secure_one_is_left_alone():
    """RFC 6265bis section 5.7, step on "leave secure cookies alone"."""
    jar = Jar()
    before = kept("a=1; Secure; Path=/", by="wss://shop.example/", jar=jar)
    assert kept("a=2; Path=/", "a=2; Path=/x", by="ws://shop.example/", jar=jar) == before
    assert len(kept("a=2; Path=/x", by="wss://shop.example/", jar=jar)) == 2


@pytest.mark.parametrize(
    ("value", "by", "lines"),
    [
        ("a=2; Path=/x", "ws://shop.example/", 1),
        ("a=2; Path=/x/y", "ws://shop.example/", 1),
        ("a=2; Path=/x; Domain=shop.example", "ws://www.shop.example/", 1),
        ("a=2; Path=/", "ws://shop.example/", 2),
        ("a=2; Path=/xy", "ws://shop.example/", 2),
        ("b=2; Path=/x", "ws://shop.example/", 2),
        ("a=2; Path=/x", "ws://other.example/", 2),
    ],
)
def test_in_clear_one_stands_in_for_a_secure_one_of_its_name_and_place(value, by, lines):
    jar = Jar()
    kept("a=1; Secure; Path=/x", by="wss://shop.example/", jar=jar)
    assert len(kept(value, by=by, jar=jar)) == lines


def test_where_it_goes():
    jar = Jar()
    values = [b"host=1", b"all=2; Domain=shop.example; Path=/", b"deep=3; Path=/a/b", b"safe=4; Secure; Path=/"]
    jar.store(values, target("wss://www.shop.example/a/x"), NOW)

    def sent(url, now=NOW):
        return "; ".join(each.pair for each in jar.for_target(target(url), now))

    assert sent("wss://www.shop.example/a/b/c") == "deep=3; host=1; all=2; safe=4"
    assert sent("ws://www.shop.example/a") == "host=1; all=2"
    assert sent("ws://www.shop.example/ab") == "all=2"
    assert sent("wss://api.shop.example/a") == "all=2"
    assert sent("wss://notshop.example/a") == ""


def test_what_has_expired_does_not_go():
    jar = Jar()
    jar.store([b"a=1; Max-Age=10"], target("wss://shop.example/"), NOW)
    assert [len(jar.for_target(target("wss://shop.example/"), NOW + later)) for later in (9, 10)] == [1, 0]


def test_the_file_says_what_was_kept():
    jar = Jar()
    lines = kept("a=b; Max-Age=60; HttpOnly", "c=d; Domain=shop.example; Secure", jar=jar)
    again = Jar(parse(jar.text(NOW), NOW))
    assert again.text(NOW).removeprefix(HEADING).splitlines() == lines


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784111777),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 784111777),
        ("Sun Nov  6 08:49:37 1994", 784111777),
        ("Tue, 19 Jan 2038 03:14:07 GMT", 2147483647),
        ("6 Nov 69 8:49:37", 3150953377),
        ("Tue, 30 Feb 2038 03:14:07 GMT", None),
        ("Tue, 19 Jan 2038 25:14:07 GMT", None),
        ("19 Jan 1600 03:14:07", None),
        ("tomorrow", None),
        ("", None),
    ],
)
def test_dates(text, seconds):
    assert date(text) == seconds


def test_same_site_is_kept_for_pages():
    found = set_cookie("a=b; SameSite=Strict", target("wss://shop.example/"), NOW)
    assert found.same_site == "strict"


@pytest.mark.parametrize("missing", ["06", "Nov", "1994", "08:49:37"])
def test_a_date_has_all_its_parts(missing):
    whole = "Sun, 06 Nov 1994 08:49:37 GMT"
    assert date(whole) == 784111777
    assert date(whole.replace(missing, "")) is None
