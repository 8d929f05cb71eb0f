"""Content codings undone (RFC 9110 section 8.4.1), never past a limit: a small body can hold a huge one."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

Undo = Callable[[bytes, int], tuple[bytes, str]]


def decode(data: bytes, coding: str, limit: int) -> tuple[bytes | None, str]:
    """*data* without the codings that a Content-Encoding value lists, and why not (all of it), or "".

    At most *limit* bytes come out; what could be undone before a fault is returned with the fault.
    """
    for name in reversed([part.strip().lower() for part in coding.split(",")]):
        if name in ("identity", "") or not data:
            continue
        undo = _UNDO.get(name)
        if undo is None:
            return None, f"the content coding {ascii(name)[1:-1]} is not one that wsprobe can undo"
        try:
            data, problem = undo(data, limit)
        except ImportError:
            return None, f"the content coding {name} needs a library that is not installed here"
        if problem:
            return (data or None), problem
    return data, ""


def inflate(data: bytes, limit: int, window: int) -> tuple[bytes, str]:
    """What zlib makes of *data*; *window* is ``wbits`` (31 gzip, 15 zlib, -15 raw)."""
    import zlib

    out = bytearray()
    try:
        while data:
            unpack = zlib.decompressobj(window)
            out += unpack.decompress(data, limit - len(out) + 1)
            if len(out) > limit:
                return bytes(out[:limit]), f"decoded only up to {limit} bytes"
            if not unpack.eof:
                return bytes(out), "the compressed data ends too early"
            data = unpack.unused_data if window == 31 else b""
    except zlib.error as error:
        return bytes(out), f"zlib: {error}"
    return bytes(out), ""


def _gzip(data: bytes, limit: int) -> tuple[bytes, str]:
    return inflate(data, limit, 31)


def _deflate(data: bytes, limit: int) -> tuple[bytes, str]:
    """zlib's format as RFC 9110 section 8.4.1.2 says; some servers send raw deflate, which it mentions."""
    done, problem = inflate(data, limit, 15)
    if problem.startswith("zlib:") and not done:
        return inflate(data, limit, -15)
    return done, problem


def _brotli(data: bytes, limit: int) -> tuple[bytes, str]:
    brotli: Any = import_module("brotli")
    unpack = brotli.Decompressor()
    out = bytearray()
    try:
        out += unpack.process(data, output_buffer_limit=limit + 1)
        while len(out) <= limit and not unpack.is_finished() and not unpack.can_accept_more_data():
            out += unpack.process(b"", output_buffer_limit=limit + 1 - len(out))
    except brotli.error as error:
        return bytes(out[:limit]), f"brotli: {error}"
    return _bounded(out, limit, unpack.is_finished())


def _zstd(data: bytes, limit: int) -> tuple[bytes, str]:
    zstd: Any = import_module("compression.zstd")
    unpack = zstd.ZstdDecompressor()
    try:
        out = unpack.decompress(data, limit + 1)
    except zstd.ZstdError as error:
        return b"", f"zstd: {error}"
    return _bounded(out, limit, unpack.eof)


def _bounded(out: bytes | bytearray, limit: int, finished: bool) -> tuple[bytes, str]:
    if len(out) > limit:
        return bytes(out[:limit]), f"decoded only up to {limit} bytes"
    return bytes(out), "" if finished else "the compressed data ends too early"


_UNDO: dict[str, Undo] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
