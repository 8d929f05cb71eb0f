"""The usual confusions are named."""

from hypothesis import given
from hypothesis import strategies as st

from wsprobe.read.looks import looks_like


@given(st.binary())
def test_any_bytes_are_something(data):
    assert looks_like(data) in ("", "tls", "ssh", "http2", "ftp", "smtp", "text", "noise")


def test_only_a_character_that_is_cut_at_the_end_may_be_no_text():
    whole = "ab\U0001f600".encode()
    for size in range(3, 7):
        assert looks_like(whole[:size]) == "text"
    for data in (b"ab\xffcd", b"a\xff\x80\x80\x80", b"\xf0\x9f\x98"):
        assert looks_like(data) == "noise"
