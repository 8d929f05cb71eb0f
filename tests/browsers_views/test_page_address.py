"""URLs, origins and sites."""

import pytest
from ada_url import URL
from hypothesis import given, settings
from hypothesis import strategies as st

from wsprobe.browsers.engine import Page
from wsprobe.browsers.page import fetch_site, origin, sandboxed
from wsprobe.browsers.url import (
    as_http,
    as_websocket,
    elided,
    parse,
    scalar,
    target,
    written,
)


def parsed(text, base=None):
    address = parse(text, base)
    assert address is not None
    return address


@pytest.mark.parametrize("text", ["", "ws://", "ws://[g]/", "ws://h:65536/", "rel", "//h/x", "http://"])
def test_what_is_no_url_is_none(text):
    assert parse(text) is None


def test_parts_of_a_url():
    address = parsed("WS://u:p@EX\u00e4mple.com:080/a b?c#")
    assert (address.href, address.scheme) == ("ws://u:p@xn--exmple-cua.com/a%20b?c#", "ws")
    assert (address.host, address.port, address.effective_port) == ("xn--exmple-cua.com", None, 80)
    assert (address.path, address.query, address.fragment) == ("/a%20b", "?c", "")
    assert parsed("ws://h/").fragment is None


URLS = st.lists(
    st.sampled_from(
        [*"/?#@:.\\ %a", "ws://", "wss://", "//", "u:p@", "[::1]", ":81", ":443", "\u00e9", "%2F%40", "0x7f"]
    ),
    max_size=10,
).map("".join)


@settings(deadline=None)
@given(URLS, st.sampled_from([None, "https://h:81/", "ws://a.example/x?y#z", "file:///a", "about:blank"]))
def test_a_url_is_taken_apart_as_the_library_does(text, base):
    address = parse(text, base)
    try:
        url = URL(text, base)
    except ValueError:
        assert address is None
        return
    assert (address.href, address.scheme, address.host) == (url.href, url.protocol[:-1], url.hostname)
    assert (address.username, address.password) == (url.username, url.password)
    assert (address.port, address.path) == (int(url.port) if url.port else None, url.pathname)


def test_schemes_go_both_ways_and_others_stay():
    assert as_websocket(parsed("https://h:80/x")).href == "wss://h:80/x"
    assert as_websocket(parsed("http://h/x")).href == "ws://h/x"
    assert as_http(parsed("wss://h/x")).href == "https://h/x"
    assert as_websocket(parsed("ftp://h/x")).href == as_http(parsed("ftp://h/x")).href == "ftp://h/x"


@pytest.mark.parametrize(
    ("url", "host", "port", "resource", "userinfo"),
    [
        ("ws://[::1]:8/x?y", "::1", 8, "/x?y", None),
        ("wss://u@h/", "h", 443, "/", "u"),
        ("ws://u:p%20q@h?", "h", 80, "/?", "u:p%20q"),
        ("ws://:p@h/#f", "h", 80, "/", ":p"),
        ("ws://h/", "h", 80, "/", None),
        ("ws://u@h/", "h", 80, "/", "u"),
        ("ws://u:p@h/", "h", 80, "/", "u:p"),
        ("ws://:p@h/", "h", 80, "/", ":p"),
    ],
)
def test_targets(url, host, port, resource, userinfo):
    made = target(parsed(url))
    assert (made.host, made.port, made.resource, made.userinfo) == (host, port, resource, userinfo)
    assert made.secure == url.startswith("wss")


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("http://H:80/x", "http://h"),
        ("https://h:8443/", "https://h:8443"),
        ("http://[::1]:1/", "http://[::1]:1"),
        ("file:///x", "null"),
        ("about:blank", "null"),
        ("no url", "null"),
    ],
)
def test_origins(url, wanted):
    assert origin(Page(url)) == wanted


@pytest.mark.parametrize(
    ("policy", "wanted"),
    [
        ("sandbox", "null"),
        ("connect-src *; SANDBOX allow-scripts", "null"),
        ("connect-src *, sandbox allow-scripts", "null"),
        ("sandbox allow-scripts Allow-Same-Origin", "http://h"),
        ("connect-src sandbox", "http://h"),
    ],
)
def test_a_sandboxed_page_has_an_opaque_origin(policy, wanted):
    page = Page("http://h/", policy)
    assert origin(page) == wanted
    assert fetch_site(page, parsed("ws://h/")) == ("cross-site" if wanted == "null" else "same-origin")


@pytest.mark.parametrize(
    ("page", "to", "site", "schemeless"),
    [
        *((page, to, "same-origin", "same-origin") for page, to in (
            ("http://h/", "ws://h/"), ("https://h/", "wss://h:443/"), ("http://h.example/", "ws://h.example/"))),
        *((page, to, "same-site", "same-site") for page, to in (
            ("http://h:1/", "ws://h:2/"), ("http://a.x.org/", "ws://b.x.org/"),
            ("http://127.0.0.1:1/", "ws://127.0.0.1:2/"), ("https://h.example/", "wss://h.example:1/"),
            ("http://a.h.example/", "ws://b.h.example/"))),
        *((page, to, "cross-site", "same-site") for page, to in (
            ("https://a.x.org/", "ws://a.x.org/"), ("http://h.example/", "wss://h.example/"))),
        *((page, to, "cross-site", "cross-site") for page, to in (
            ("http://127.0.0.1/", "ws://127.1.0.1/"), ("file:///x", "ws://h/"),
            ("http://g.example/", "ws://h.example/"), ("file:///x", "ws://h.example/"))),
    ],
)  # fmt: skip
def test_the_site_of_a_request(page, to, site, schemeless):
    assert fetch_site(Page(page), parsed(to)) == site
    assert fetch_site(Page(page), parsed(to), schemeful=False) == schemeless
    assert fetch_site(Page(page, csp="sandbox"), parsed(to)) == "cross-site"
    assert not sandboxed("sandbox allow-same-origin")


@pytest.mark.parametrize(
    ("text", "base", "parts"),
    [
        ("ws://h/x", None, ("ws://", "h", "/x")),
        (" W\ts:\\\\u:@p@h:1?q ", None, ("Ws:\\\\u:@p@", "h", ":1?q")),
        ("ws:h", "http://b/", ("ws:", "h", "")),
        ("//h#f", "http://b/", ("//", "h", "#f")),
        ("ws://[::1]:1:2/", None, ("ws://", "[::1]:1", ":2/")),
        ("ws://[::1:2/", None, ("ws://", "[::1:2", "/")),
        ("http:x", "http://b/", None),
        ("/x", "http://b/", None),
        ("mailto:x", "http://b/", None),
    ],
)
def test_where_the_host_is_written(text, base, parts):
    found = written(text, base)
    assert (None if found is None else (found.before, found.host, found.after)) == parts


def test_script_hands_over_scalar_values():
    assert scalar("a\ud800b\udc00") == "a\ufffdb\ufffd"
    assert scalar("\ud83d\ude00") == "\U0001f600"
    assert parsed("ws://h/\udc00").path == "/%EF%BF%BD"


def test_how_long_urls_are_shown():
    assert elided("x" * 1024) == "x" * 1024
    long = elided("a" * 600 + "b" * 600)
    assert long == "a" * 511 + "..." + "b" * 510
    assert len(long) == 1024
