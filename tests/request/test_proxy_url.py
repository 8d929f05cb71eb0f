"""The URL of a proxy, and what is no such URL."""

import pytest

from tests.cases import every
from wsprobe.exchange import PlanError
from wsprobe.request.proxy import ProxyUrl, parse


@every(
    [
        ("http://p", ProxyUrl("http", "p", 80)),
        ("p:3128", ProxyUrl("http", "p", 3128)),
        ("u:p@[::1]", ProxyUrl("http", "::1", 80, b"u", b"p")),
        ("HTTPS://p/", ProxyUrl("https", "p", 443)),
        ("socks5h://u@[::1]:9", ProxyUrl("socks5h", "::1", 9, b"u")),
        ("socks4a://p", ProxyUrl("socks4a", "p", 1080)),
        ("http://u%00:%ff@p", ProxyUrl("http", "p", 80, b"u\0", b"\xff")),
    ]
)
def test_a_proxy(of):
    url, proxy = of
    assert parse(url) == proxy


@every(
    [
        ("", "'http://' has no host"),
        ("http://:80", "'http://:80' has no host"),
        ("ftp://p", "'ftp' is not a kind of proxy that wsprobe speaks"),
        ("http://[::1", "'http://[::1' has an invalid host or port"),
        ("p:port", "'http://p:port' has an invalid host or port"),
        ("http://p:65536", "'http://p:65536' has an invalid host or port"),
        ("http://[x]", "'http://[x]' has an invalid host or port"),
        ("http://\u2100", "'http://\u2100' has an invalid host or port"),
        ("me:ses/ame@p:x", "'http://p:x' has an invalid host or port"),
        ("socks5://me:sesame@", "'socks5://' has no host"),
    ]
)
def test_what_is_no_proxy_is_named_without_its_password(of):
    url, words = of
    with pytest.raises(PlanError) as raised:
        parse(url)
    assert str(raised.value) == f"--proxy: {words}"
