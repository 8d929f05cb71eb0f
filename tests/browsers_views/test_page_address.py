"""URLs, origins and sites."""

from __future__ import annotations

import pytest

from wsprobe.browsers.page.address import Address, as_http, as_websocket, fetch_site, page_origin, parse, target


def parsed(text: str, base: str | None = None) -> Address:
    address = parse(text, base)
    assert address is not None
    return address


@pytest.mark.parametrize("text", ["", "ws://", "ws://[g]/", "ws://h:65536/", "rel", "//h/x", "http://"])
def test_what_is_no_url_is_none(text: str) -> None:
    assert parse(text) is None


def test_parts_of_a_url() -> None:
    address = parsed("WS://u:p@EX\u00e4mple.com:080/a b?c#")
    assert (address.href, address.scheme) == ("ws://u:p@xn--exmple-cua.com/a%20b?c#", "ws")
    assert (address.host, address.port, address.effective_port) == ("xn--exmple-cua.com", None, 80)
    assert (address.path, address.query, address.fragment) == ("/a%20b", "?c", "")
    assert parsed("ws://h/").fragment is None


def test_schemes_go_both_ways_and_others_stay() -> None:
    assert as_websocket(parsed("https://h:80/x")).href == "wss://h:80/x"
    assert as_websocket(parsed("http://h/x")).href == "ws://h/x"
    assert as_http(parsed("wss://h/x")).href == "https://h/x"
    assert as_websocket(parsed("ftp://h/x")).href == as_http(parsed("ftp://h/x")).href == "ftp://h/x"


@pytest.mark.parametrize(
    ("url", "host", "port", "resource", "userinfo"),
    [
        ("ws://[::1]:8/x?y", "::1", 8, "/x?y", None),
        ("wss://u@h/", "h", 443, "/", "u"),
        ("ws://u:p%20q@h?", "h", 80, "/", "u:p%20q"),
        ("ws://:p@h/#f", "h", 80, "/", ":p"),
    ],
)
def test_targets(url: str, host: str, port: int, resource: str, userinfo: str | None) -> None:
    made = target(parsed(url))
    assert (made.host, made.port, made.resource, made.userinfo) == (host, port, resource, userinfo)
    assert made.secure == url.startswith("wss")


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://H:80/x", "http://h"),
        ("https://h:8443/", "https://h:8443"),
        ("http://[::1]:1/", "http://[::1]:1"),
        ("file:///x", "null"),
        ("about:blank", "null"),
        ("no url", "null"),
    ],
)
def test_origins(url: str, origin: str) -> None:
    assert page_origin(url) == origin


@pytest.mark.parametrize(
    ("page", "to", "site"),
    [
        ("http://h/", "ws://h/", "same-origin"),
        ("https://h/", "wss://h:443/", "same-origin"),
        ("http://h:1/", "ws://h:2/", "same-site"),
        ("http://a.x.org/", "ws://b.x.org/", "same-site"),
        ("https://a.x.org/", "ws://a.x.org/", "cross-site"),
        ("http://127.0.0.1/", "ws://127.1.0.1/", "cross-site"),
        ("http://127.0.0.1:1/", "ws://127.0.0.1:2/", "same-site"),
        ("file:///x", "ws://h/", "cross-site"),
    ],
)
def test_sites(page: str, to: str, site: str) -> None:
    assert fetch_site(parsed(page), parsed(to)) == site
