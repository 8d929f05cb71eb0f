"""URLs, origins and sites."""

from ada_url import URL
from hypothesis import given, settings
from hypothesis import strategies as st

from wsprobe.browsers.url import parse

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
