"""The cookie jar: what RFC 6265bis lets a server set, where it goes, and the file that curl reads too."""

import pytest

from wsprobe.request.cookies import HEADING, Jar, parse, set_cookie
from wsprobe.request.target import parse as target

NOW = 1_700_000_000


def kept(*values, by="wss://www.shop.example/a/b?c", jar=None):
    """The lines of the jar's file after an answer of *by* with these values of Set-Cookie."""
    jar = Jar() if jar is None else jar
    jar.store([value.encode() for value in values], target(by), NOW)
    return jar.text(NOW).removeprefix(HEADING).splitlines()


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


def test_same_site_is_kept_for_pages():
    found = set_cookie("a=b; SameSite=Strict", target("wss://shop.example/"), NOW)
    assert found.same_site == "strict"
