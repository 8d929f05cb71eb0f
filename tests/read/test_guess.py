"""The usual confusions are named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsprobe.read.looks import looks_like


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", ""),
        (b"H", ""),
        (b"HTTP/1.1 200 OK\r\n", ""),
        (b"http/1.1 200 OK", ""),
        (b"\r\n\r\nHTTP/1.1", ""),
        (b"\r\n", ""),
        (b"\xef\xbb\xbfHTTP/1.1 200", ""),
        (b"ICY 200 OK\r\n", ""),
        (b"RTSP/1.0 200 OK", ""),
        (b"\x15\x03\x01\x00\x02\x02\x46", "tls"),
        (b"\x16\x03\x03\x00\x7a\x02", "tls"),
        (b"\x15\x03", "noise"),
        (b"SSH-2.0-OpenSSH_10.0\r\n", "ssh"),
        (b"220 mail.example.org ESMTP Postfix\r\n", "smtp"),
        (b"220-mail.example.org\r\n", "smtp"),
        (b"421 4.7.0 too busy\r\n", "smtp"),
        (b"220 (vsFTPd 3.0.5)\r\n", "ftp"),
        (b"220 FileZilla Server 1.8\r\n", "ftp"),
        (b"220 mail.example.org ESMTP\r\n214 ftp\r\n", "smtp"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "http2"),
        (bytes.fromhex("00000c04000000000000030000006400"), "http2"),
        (bytes.fromhex("000000040000000000"), "http2"),
        (bytes.fromhex("000008070000000000"), "http2"),
        (b"<html>just a body</html>", "text"),
        (b"see a/1", "text"),
        (b"and/or nothing", "text"),
        (b'{"error": "caf\xc3\xa9"}\n', "text"),
        ("caf\u00e9".encode()[:-1], "text"),
        (b"caf\xe9 au lait\n", "noise"),
        (b"\xc3", "noise"),
        (b"a\x00b", "noise"),
        (b"\x1b[31mred", "noise"),
        (b"\x00\x01\x02", "noise"),
    ],
)
def test_looks_like(data, what):
    assert looks_like(data) == what


@given(st.binary())
def test_any_bytes_are_something(data):
    assert looks_like(data) in ("", "tls", "ssh", "http2", "ftp", "smtp", "text", "noise")


def test_only_a_character_that_is_cut_at_the_end_may_be_no_text():
    whole = "ab\U0001f600".encode()
    for size in range(3, 7):
        assert looks_like(whole[:size]) == "text"
    for data in (b"ab\xffcd", b"a\xff\x80\x80\x80", b"\xf0\x9f\x98"):
        assert looks_like(data) == "noise"
