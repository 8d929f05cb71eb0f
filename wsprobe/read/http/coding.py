"""Content codings undone (RFC 9110 section 8.4.1), never past a limit: a small body can hold a huge one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any

from wsprobe.read.reading import CodingFault
from wsprobe.value import dataclass


@dataclass(frozen=True, slots=True)
class Decoded:
    """What came out, None if nothing could; and what went wrong, both "" if nothing did."""

    data: bytes | None
    fault: CodingFault = ""
    problem: str = ""


Undo = Callable[[bytes, int], Decoded]

_MEMBERS_MAX = 1000
_SHORT = "the compressed data ends too early"


def decode(data: bytes, coding: str, limit: int) -> Decoded:
    """*data* without the codings that a Content-Encoding value lists; at most *limit* bytes come out.

    What could be undone before a fault is returned with the fault.
    """
    for name in reversed([part.strip().lower() for part in coding.split(",")]):
        if name in ("identity", "") or not data:
            continue
        undo = _UNDO.get(name)
        if undo is None:
            shown = ascii(name)[1:-1]
            return Decoded(None, "unknown", f"the content coding {shown} is not one that wsprobe can undo")
        try:
            made = undo(data, limit)
        except ImportError:
            return Decoded(
                None, "unknown", f"the content coding {name} needs a library that is not installed here"
            )
        if made.fault or made.data is None:
            return replace(made, data=made.data or None)
        data = made.data
    return Decoded(data)


def _inflate(data: bytes, limit: int, window: int) -> Decoded:
    """What zlib makes of *data*; *window* is ``wbits`` (31 gzip, 15 zlib, -15 raw)."""
    import zlib

    out = bytearray()
    members = 0
    try:
        while data:
            if (members := members + 1) > _MEMBERS_MAX:
                return Decoded(bytes(out), "broken", f"more than {_MEMBERS_MAX} gzip members")
            unpack = zlib.decompressobj(window)
            out += unpack.decompress(data, limit - len(out) + 1)
            if len(out) > limit or not unpack.eof:
                return _bounded(out, limit, finished=False)
            data = unpack.unused_data if window == 31 else b""
    except zlib.error as error:
        return Decoded(bytes(out), "broken", f"zlib: {error}")
    return Decoded(bytes(out))


def _gzip(data: bytes, limit: int) -> Decoded:
    return _inflate(data, limit, 31)


def _deflate(data: bytes, limit: int) -> Decoded:
    """zlib's format as RFC 9110 section 8.4.1.2 says; some servers send raw deflate, which it mentions."""
    made = _inflate(data, limit, 15)
    return _inflate(data, limit, -15) if made.fault == "broken" and not made.data else made


def _brotli(data: bytes, limit: int) -> Decoded:
    brotli: Any = import_module("brotli")
    unpack = brotli.Decompressor()
    out = bytearray()
    try:
        out += unpack.process(data, output_buffer_limit=limit + 1)
        while len(out) <= limit and not unpack.is_finished() and not unpack.can_accept_more_data():
            out += unpack.process(b"", output_buffer_limit=limit + 1 - len(out))
    except brotli.error as error:
        return Decoded(bytes(out[:limit]), "broken", f"brotli: {error}")
    return _bounded(out, limit, unpack.is_finished())


def _zstd(data: bytes, limit: int) -> Decoded:
    zstd: Any = import_module("compression.zstd")
    unpack = zstd.ZstdDecompressor()
    try:
        out = unpack.decompress(data, limit + 1)
    except zstd.ZstdError as error:
        return Decoded(None, "broken", f"zstd: {error}")
    return _bounded(out, limit, unpack.eof)


def _bounded(out: bytes | bytearray, limit: int, finished: bool) -> Decoded:
    if len(out) > limit:
        return Decoded(bytes(out[:limit]), "cut", f"decoded only up to {limit} bytes")
    return Decoded(bytes(out)) if finished else Decoded(bytes(out), "short", _SHORT)


_UNDO: dict[str, Undo] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
