"""Guesses the protocol of bytes that are not HTTP."""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from collections.abc import Callable

_HTTP = rb"(?is)[\r\n]*(?:.{0,4}?http|icy[ \t]|[a-z]+/[0-9.]+[ \t])"
_TLS = rb"(?s)[\x14-\x17]\x03[\x00-\x04]"
_SMTP_OR_FTP = rb"(?:[245][0-9]{2})[ -][^\r\n]*"
_FTP_WORDS = rb"(?i)ftp|filezilla"
_SETTINGS = rb"(?s)\x00[\x00-\x40].\x04[\x00\x01]\x00{4}"
_GOAWAY = rb"(?s)\x00\x00.\x07\x00\x00{4}"


def _is_text(data: bytes) -> bool:
    try:
        # A character cut at the end of the received bytes does not matter: the rest may be text.
        text = getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return False
    return bool(text or not data) and all(c.isprintable() or c in "\t\r\n\f" for c in text)


_GUESSES: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("tls", lambda data: re.match(_TLS, data) is not None),
    ("ssh", lambda data: data.startswith(b"SSH-")),
    (
        "http2",
        lambda data: (
            data.startswith(b"PRI * HTTP/2") or bool(re.match(_SETTINGS, data) or re.match(_GOAWAY, data))
        ),
    ),
    ("ftp", lambda data: bool((m := re.match(_SMTP_OR_FTP, data)) and re.search(_FTP_WORDS, m[0]))),
    ("smtp", lambda data: re.match(_SMTP_OR_FTP, data) is not None),
    ("text", _is_text),
)

_ENOUGH = 4096


def looks_like(data: bytes) -> str:
    """``tls``, ``ssh``, ``http2``, ``ftp``, ``smtp``, ``text`` or ``noise``; "" for (the beginning of) HTTP."""
    if data.startswith(b"HTTP/"):
        return ""
    data = data[:_ENOUGH]
    start = data.lstrip(b"\r\n")
    if re.match(_HTTP, data) or b"HTTP/".startswith(start[:5].upper()):
        return "http2" if data.startswith(b"PRI * HTTP/2") else ""
    return next((name for name, fits in _GUESSES if fits(data)), "noise")
