"""Texts that name a target, and texts that do not."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsprobe.exchange import Target
from wsprobe.request.target import TargetError, host_header, parse


@pytest.mark.parametrize(
    ("text", "secure", "host", "port", "resource", "header"),
    [
        # RFC 6455 section 3: default ports, and "/" for an empty path.
        ("ws://example.com", False, "example.com", 80, "/", "example.com"),
        ("wss://example.com", True, "example.com", 443, "/", "example.com"),
        ("ws://example.com/chat?room=1", False, "example.com", 80, "/chat?room=1", "example.com"),
        ("ws://example.com?room=1", False, "example.com", 80, "/?room=1", "example.com"),
        ("ws://example.com/?", False, "example.com", 80, "/?", "example.com"),
        ("ws://example.com:/x", False, "example.com", 80, "/x", "example.com"),
        # The Host of a default port has no port; that of the other scheme's default has.
        ("ws://example.com:80/", False, "example.com", 80, "/", "example.com"),
        ("ws://example.com:443/", False, "example.com", 443, "/", "example.com:443"),
        ("wss://example.com:80/", True, "example.com", 80, "/", "example.com:80"),
        ("ws://example.com:00080/", False, "example.com", 80, "/", "example.com"),
        ("ws://h:65535", False, "h", 65535, "/", "h:65535"),
        # Schemes and hosts have no letter case (RFC 3986 section 6.2.2.1); paths do.
        ("WSS://Example.COM/A%2f", True, "example.com", 443, "/A%2f", "example.com"),
        ("http://h:8080/x", False, "h", 8080, "/x", "h:8080"),
        ("https://h/x", True, "h", 443, "/x", "h"),
        ("  ws://h/x\n", False, "h", 80, "/x", "h"),
        # Without a scheme; what looks like one may be a host with its port.
        ("localhost:8080/x", False, "localhost", 8080, "/x", "localhost:8080"),
        ("example.com", False, "example.com", 80, "/", "example.com"),
        ("example.com/a:1", False, "example.com", 80, "/a:1", "example.com"),
        ("h/?u=ws://other/", False, "h", 80, "/?u=ws://other/", "h"),
        ("//h/x", False, "h", 80, "/x", "h"),
        ("ws:8080/x", False, "ws", 8080, "/x", "ws:8080"),
        ("127.0.0.1:9", False, "127.0.0.1", 9, "/", "127.0.0.1:9"),
        ("[::1]:9/x", False, "::1", 9, "/x", "[::1]:9"),
        # IPv6 literals; the zone stays with us (RFC 6874).
        ("ws://[2001:DB8::1]/", False, "2001:db8::1", 80, "/", "[2001:db8::1]"),
        ("wss://[fe80::1%25eth0]:8443/", True, "fe80::1%eth0", 8443, "/", "[fe80::1]:8443"),
        ("ws://[fe80::1%en1]", False, "fe80::1%en1", 80, "/", "[fe80::1]"),
        # Names that are not ASCII: UTS 46, as browsers do it.
        ("ws://b\u00fccher.example/", False, "xn--bcher-kva.example", 80, "/", "xn--bcher-kva.example"),
        ("ws://B%C3%9Ccher.example/", False, "xn--bcher-kva.example", 80, "/", "xn--bcher-kva.example"),
        ("ws://stra\u00dfe.de/", False, "xn--strae-oqa.de", 80, "/", "xn--strae-oqa.de"),
        ("ws://i\u2764.ws/", False, "xn--i-7iq.ws", 80, "/", "xn--i-7iq.ws"),
        ("ws://\uff25\uff38\u3002com/", False, "ex.com", 80, "/", "ex.com"),
        ("ws://under_score.example./", False, "under_score.example.", 80, "/", "under_score.example."),
        # What RFC 3986 allows stays as it is, dot segments too; the rest is percent-encoded.
        ("ws://h/a/../b/./c//d", False, "h", 80, "/a/../b/./c//d", "h"),
        ("ws://h/-._~!$&'()*+,;=:@", False, "h", 80, "/-._~!$&'()*+,;=:@", "h"),
        ("ws://h/%41%c3%A9", False, "h", 80, "/%41%c3%A9", "h"),
        ("ws://h/a b", False, "h", 80, "/a%20b", "h"),
        ("ws://h/\u00e9?\u20ac", False, "h", 80, "/%C3%A9?%E2%82%AC", "h"),
        ("ws://h/100%", False, "h", 80, "/100%", "h"),
        ("ws://h/%zz?q=%zz", False, "h", 80, "/%zz?q=%zz", "h"),
        ('ws://h/"<>\\^`{|}[]', False, "h", 80, "/%22%3C%3E%5C%5E%60%7B%7C%7D%5B%5D", "h"),
        # Bytes of the command line that are not UTF-8.
        ("ws://h/\udcff", False, "h", 80, "/%FF", "h"),
    ],
)
def test_a_target(text, secure, host, port, resource, header):
    target = parse(text)
    assert target == Target(text, secure, host, port, resource)
    assert host_header(target) == header


@pytest.mark.parametrize("host", ["a" * 64, "\u00fc" * 60, ".".join(["a" * 50] * 6)])
def test_longer_than_dns_allows(host):
    with pytest.raises(TargetError, match="longer than DNS allows"):
        parse(f"ws://{host}/")


@pytest.mark.parametrize("host", ["\u202e.example", "\u05d0a\u05d0.example", "\udcff", "\u200b\u00fc\uffff"])
def test_no_international_name(host):
    with pytest.raises(TargetError, match="is not a valid international name"):
        parse(f"ws://{host}/")


ANY_TEXT = st.text(st.characters(exclude_categories=()))


@given(ANY_TEXT | st.builds("ws://{}".format, ANY_TEXT) | st.from_regex(r"\A(ws://)?[a-z\[\]:%@#?/. ]*\Z"))
def test_a_target_or_one_line(text):
    try:
        target = parse(text)
    except TargetError as error:
        message = str(error)
    else:
        message = ""
        assert target.resource.startswith("/")
        assert target.resource.isascii()
        assert " " not in target.resource
        assert 1 <= target.port <= 65535
        assert target.host.isascii()
        assert target.host == target.host.lower() or "%" in target.host
    assert message.isascii()
    assert message.isprintable()


LONG_HOSTS = ("a" * 63, "a" * 64, *(f"{'a.' * 100}{'b' * rest}" for rest in (53, 54)))
"""Labels of 63 and 64 characters, names of 253 and 254."""


@pytest.mark.parametrize(("host", "longer"), [*zip(LONG_HOSTS, [False, True, False, True], strict=True)])
def test_a_host_is_as_long_as_dns_allows(host, longer):
    for text in (host, f" {host}", f"ws://{host}/", f"ws://{host.upper()}/"):
        if longer:
            with pytest.raises(TargetError, match="longer than DNS allows"):
                parse(text)
        else:
            assert parse(text).host == host


def test_messages_stay_short():
    with pytest.raises(TargetError) as caught:
        parse("ftp://" + "x" * 100_000)
    assert len(str(caught.value)) < 300


@pytest.mark.programs
def test_an_ascii_host_loads_no_idna():
    code = (
        "import sys; from wsprobe.request.target import parse; parse('ws://h:1/x'); "
        "sys.exit(bool({'idna', 'ipaddress', 'urllib.parse', 'socket'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
