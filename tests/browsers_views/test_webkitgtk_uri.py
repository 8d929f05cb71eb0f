"""URIs as GLib resolves them: the expectations are its own, of GLib 2.84 (g_uri_parse_relative, inet_aton)."""

import pytest

from wsprobe.browsers.webkitgtk.uri import BadUri, is_numbers, resolved

BASE = "ws://user:pw@127.0.10.1:8080/s/name?q"


@pytest.mark.parametrize(
    ("text", "scheme", "host", "port", "resource"),
    [
        ("/a/./b/../c", "ws", "127.0.10.1", 8080, "/a/c"),
        ("../../../x", "ws", "127.0.10.1", 8080, "/x"),
        ("b", "ws", "127.0.10.1", 8080, "/s/b"),
        ("", "ws", "127.0.10.1", 8080, "/s/name?q"),
        ("?r", "ws", "127.0.10.1", 8080, "/s/name?r"),
        ("/a//b", "ws", "127.0.10.1", 8080, "/a//b"),
        ("/%2e%2E/%6Fk%c3", "ws", "127.0.10.1", 8080, "/ok%C3"),
        ("/a b\x7f\u00e9", "ws", "127.0.10.1", 8080, "/a%20b%7F%C3%A9"),
        ('/"<>^`{|}', "ws", "127.0.10.1", 8080, '/"<>^`{|}'),
        ("//H.example", "ws", "H.example", None, "/"),
        ("WSS://h:443?q", "wss", "h", None, "/?q"),
        ("http://h:443", "http", "h", 443, "/"),
        ("ws://a@b@h/", "ws", "b@h", None, "/"),
        ("ws://%65.example/", "ws", "e.example", None, "/"),
        ("ws://h :80/", "ws", "h ", None, "/"),
        ("ws://[::1]:9/", "ws", "::1", 9, "/"),
        ("ws://[fe80::1%25lo]/", "ws", "fe80::1%lo", None, "/"),
        ("ws://\u00df.\u212b\u3002x./", "ws", "xn--zca.xn--5ca.x", None, "/"),
        ("ws://\u00adA/", "ws", "a", None, "/"),
        ("ws://[fe80::1%25l]/", "ws", "fe80::1%l", None, "/"),
        ("ws://\u00df.x/", "ws", "xn--zca.x", None, "/"),
        ("ws://" + "\u00e9" + "a" * 55 + "/", "ws", "xn--" + "a" * 55 + "-91e", None, "/"),
        ("ws:///x", "ws", "", None, "/x"),
        ("http://h:80/", "http", "h", None, "/"),
        ("https://h:443/", "https", "h", None, "/"),
        ("ws://h:080/", "ws", "h", None, "/"),
        ("wss://h:80/", "wss", "h", 80, "/"),
        ("ws://h:/", "ws", "h", None, "/"),
        ("ws://h:9999?", "ws", "h", 9999, "/?"),
        ("x:", "x", None, None, ""),
        ("./a", "ws", "127.0.10.1", 8080, "/s/a"),
        (".", "ws", "127.0.10.1", 8080, "/s/"),
        ("..", "ws", "127.0.10.1", 8080, "/"),
        ("/a/.b/..c", "ws", "127.0.10.1", 8080, "/a/.b/..c"),
        ("x:.", "x", None, None, ""),
        ("x:../a", "x", None, None, "a"),
        ("#f", "ws", "127.0.10.1", 8080, "/s/name?q"),
        ("?", "ws", "127.0.10.1", 8080, "/s/name?"),
        ("ws://:81/x", "ws", "", 81, "/x"),
        ("ws://h:065535/", "ws", "h", 65535, "/"),
    ],
)
def test_a_reference_is_resolved(text, scheme, host, port, resource):
    found = resolved(BASE, text)
    assert (found.scheme, found.host, found.port, found.resource) == (scheme, host, port, resource)


def test_only_a_relative_reference_keeps_the_user():
    assert resolved(BASE, "/x").userinfo == "user:pw"
    assert resolved(BASE, "//h/x").userinfo is None
    assert resolved(BASE, "ws://v@h/x").userinfo == "v"


@pytest.mark.parametrize(
    "text",
    [
        "/%zz",
        "?%",
        "#%1",
        "ws://h:x/",
        "ws://h:65536/",
        "ws://h:+1/",
        "ws://[]/",
        "ws://[::1/",
        "ws://[::1]x/",
        "ws://[::1%lo]/",
        "ws://127.0.0.%31/",
        "ws://%ff/",
        "ws://%00/",
        "ws://u%zz@h/",
        "ws://\u00e9\x7f/",
        "ws://xn--\u00e9/",
        "ws://[::1%25]/",
        "ws://[::1%24x]/",
        "ws://[::1%25%zz]/",
        "ws://\u00e9" + "a" * 56 + "/",
        "ws://\ufffd/",
        "ws://" + "\u00e9" * 64 + "/",
    ],
)
def test_what_cannot_be_parsed_is_no_uri(text):
    with pytest.raises(BadUri):
        resolved(BASE, text)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.1", True),
        ("2130706433", True),
        ("0x7f.1", True),
        ("0177.0.0.1", True),
        ("0.01234567", True),
        ("0.077777777", True),
        ("255.255.255.0377", True),
        ("255.255.255.0400", False),
        ("255.16777215", True),
        ("255.255.65536", False),
        ("255.255.65535", True),
        ("255.256.1", False),
        ("4294967295", True),
        ("0X7F000001", True),
        ("09.1", False),
        ("1.2.3.4.5", False),
        ("127.1\tx", True),
        ("127.1x", False),
        ("127.0.0.1 ", True),
        ("127.0.0.1", False),
        ("127.0.0.1.", False),
        ("256.1", False),
        ("1.16777216", False),
        ("4294967296", False),
        ("08", False),
        ("0x", False),
        ("::1", False),
        ("h", False),
    ],
)
def test_an_address_that_is_not_written_as_one_is_known(host, expected):
    assert is_numbers(host) is expected
