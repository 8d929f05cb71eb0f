"""The usual confusions are named."""

from hypothesis import given
from hypothesis import strategies as st

from wsprobe.read.looks import looks_like


@given(st.binary())
def test_any_bytes_are_something(data):
    assert looks_like(data) in ("", "tls", "ssh", "http2", "ftp", "smtp", "text", "noise")
