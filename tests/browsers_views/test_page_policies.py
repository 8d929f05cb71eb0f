"""Content Security Policy, mixed content, blocked ports, subprotocol arguments."""

import pytest

from wsprobe.browsers.engine import Page
from wsprobe.browsers.page import first_invalid, first_repeated, given, matches, upgraded, upgrades, violation
from wsprobe.browsers.url import BAD_PORTS, bad_port, insecure_from_secure, parse, trustworthy_host


def parsed(text):
    address = parse(text)
    assert address is not None
    return address


PAGE = "http://page.example/"


@pytest.mark.parametrize(
    ("policy", "to"),
    [
        ("", "ws://h/"),
        ("script-src 'none'", "ws://h/"),
        ("connect-src *", "ws://h:99/"),
        ("connect-src 'self'", "ws://page.example/x"),
        ("connect-src 'SELF'", "wss://page.example/x"),
        ("connect-src ws:", "wss://h/"),
        ("connect-src http:", "ws://h/"),
        ("connect-src page.example", "ws://page.example/"),
        ("connect-src *.example", "ws://a.b.example/"),
        ("connect-src WS://H.example:*", "ws://h.example:7/"),
        ("connect-src ws://h/a/", "ws://h/a/b"),
        ("connect-src ws://h/a%20b", "ws://h/a%20b"),
        ("connect-src ws://h:80", "wss://h/"),
        ("connect-src ws:; connect-src 'none'", "ws://h/"),
        ("default-src 'none'; connect-src ws:", "ws://h/"),
    ],
)
def test_policies_that_let_it_pass(policy, to):
    assert violation(policy, parsed(PAGE), parsed(to)) is None


@pytest.mark.parametrize(
    ("policy", "to", "directive"),
    [
        ("connect-src 'none'", "ws://h/", "connect-src 'none'"),
        ("connect-src", "ws://h/", "connect-src "),
        ("default-src   'self'   x:", "ws://h/", "default-src 'self' x:"),
        ("connect-src 'self'", "ws://page.example:8/", "connect-src 'self'"),
        ("connect-src wss:", "ws://h/", "connect-src wss:"),
        ("connect-src *.h.example", "ws://h.example/", "connect-src *.h.example"),
        ("connect-src ws://h/a", "ws://h/a/b", "connect-src ws://h/a"),
        ("connect-src ws://h", "ws://h:81/", "connect-src ws://h"),
        ("connect-src *, connect-src 'none'", "ws://h/", "connect-src 'none'"),
        ("connect-src ws://[::1]:1", "ws://[::1]:1/", "connect-src ws://[::1]:1"),
        ("connect-src 'nonce-x'", "ws://h/", "connect-src 'nonce-x'"),
    ],
)
def test_policies_that_do_not(policy, to, directive):
    found = violation(policy, parsed(PAGE), parsed(to))
    assert found.directive == directive
    assert directive.startswith(found.name)


def test_a_page_without_an_origin_is_no_self():
    assert violation("connect-src 'self'", parsed("file:///x"), parsed("ws://h/")) is not None


@pytest.mark.parametrize(
    ("url", "secure"),
    [
        ("ws://h/x?y", "wss://h/x?y"),
        ("ws://u:p@h:8080/", "wss://u:p@h:8080/"),
        ("ws://h:443/x", "wss://h/x"),
    ],
)
def test_upgrade_insecure_requests(url, secure):
    assert upgrades("img-src *; Upgrade-Insecure-Requests")
    assert not upgrades("connect-src upgrade-insecure-requests")
    assert upgraded(parsed(url)).href == secure


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.255.0.9", "[::1]", "localhost", "a.LOCALHOST", "localhost."]
)
def test_trustworthy_hosts(host):
    assert trustworthy_host(host)


@pytest.mark.parametrize(
    "host", ["10.0.0.1", "[::2]", "localhost.example", "[::ffff:127.0.0.1]", "", "0.0.0.0"]
)
def test_other_hosts(host):
    assert not trustworthy_host(host)


def test_mixed_content_is_a_matter_of_both_schemes():
    secure, plain = parsed("https://p/"), parsed("http://p/")
    assert insecure_from_secure(secure, parsed("ws://h/"))
    assert not insecure_from_secure(secure, parsed("wss://h/"))
    assert not insecure_from_secure(plain, parsed("ws://h/"))


def test_bad_ports():
    assert len(BAD_PORTS) == 83
    assert [p for p in (1, 6667, 10080, 80, 443, 8080, 5432) if bad_port(parsed(f"ws://h:{p}/"))] == [
        *(1, 6667, 10080)
    ]
    assert not bad_port(parsed("ws://h/"))


def test_subprotocols():
    assert given(Page()) == ()
    assert given(Page(protocols="a, b")) == ("a, b",)
    assert given(Page(protocols=("a",))) == ("a",)
    assert first_invalid(["a", "!#$%&'*+-.^_`|~"]) is None
    assert [first_invalid(["a", bad]) for bad in ("", "a b", "é", "a/b", "\x7f")] == [
        *("", "a b", "é", "a/b", "\x7f")
    ]
    assert first_repeated(["a", "A", "b"]) is None
    assert first_repeated(["a", "b", "b", "a"]) == "b"


def test_the_blocked_ports():
    """Real ones, and their neighbours: Fetch, "port blocking"."""
    blocked = ("ws://h:1", "ws://h:22", "wss://h:6000", "ws://h:6665", "ws://h:6669", "ws://h:10080")
    open_ = ("ws://h", "wss://h", "ws://h:18", "ws://h:24", "ws://h:3000", "ws://h:6664", "ws://h:8080")
    assert [url for url in (*blocked, *open_) if bad_port(parse(url))] == list(blocked)


@pytest.mark.parametrize(
    ("page", "to", "passes"),
    [
        ("http://h/", "ws://h/", True),
        ("http://h/", "wss://h/", True),
        ("http://h/", "ws://h:81/", False),
        ("http://h:81/", "ws://h:81/", True),
        ("http://h:81/", "wss://h:81/", True),
        ("http://h:81/", "wss://h/", False),
        ("https://h/", "wss://h/", True),
        ("https://h/", "ws://h/", False),
        ("https://h/", "ws://h:443/", False),
        ("http://h:443/", "wss://h/", True),
        ("http://g/", "ws://h/", False),
        ("file:///x", "ws://h/", False),
        ("ws://h/", "ws://h/", True),
        ("wss://h/", "ws://h:443/", False),
    ],
)
def test_self(page, to, passes):
    assert matches("'self'", parsed(page), parsed(to)) is passes


@pytest.mark.parametrize(
    ("source", "to", "passes"),
    [
        ("ws://h:80", "ws://h/", True),
        ("ws://h:80", "wss://h/", True),
        ("ws://h:81", "wss://h:81/", True),
        ("ws://h:81", "wss://h/", False),
        ("ws://h:443", "wss://h/", True),
        ("wss://h:80", "wss://h/", True),
        ("wss://h:80", "wss://h:80/", True),
        ("ws://h:80", "ws://h:443/", False),
        ("ws://h:*", "ws://h:1234/", True),
        ("ws://h", "ws://h:443/", False),
        ("ws://h/", "ws://h/any", True),
        ("ws://h/a", "ws://h/a", True),
        ("ws://h/a", "ws://h/a/", False),
        ("ws://h/a/", "ws://h/a", False),
        ("ws://h/a/", "ws://h/a/", True),
        ("ws://h/a/", "ws://h/b/c", False),
        ("ws://h/a/b/", "ws://h/a/b/c/d", True),
        ("ws://h/a%2Fb", "ws://h/a%2Fb", True),
        ("ws://*", "ws://h/", True),
        ("ws://*.h", "ws://a.h/", True),
        ("ws://*.h", "ws://ah/", False),
        ("*", "ws://h/", True),
        ("ws://h/?q", "ws://h/", False),
    ],
)
def test_sources(source, to, passes):
    assert matches(source, parsed(PAGE), parsed(to)) is passes


def test_loopback_by_name():
    assert trustworthy_host("localhost.")
    assert not trustworthy_host("localhost.", rooted=False)
    assert trustworthy_host("a.localhost", rooted=False)
    assert not trustworthy_host("alocalhost")
