"""Content codings: undone within bounds, and a fault is said."""

from __future__ import annotations

import gzip
import importlib.util
import zlib

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsprobe.read.coding import decode

TEXT = b"the token has expired, " * 20
RAW = zlib.compressobj(wbits=-15)
RAW_DEFLATED = RAW.compress(TEXT) + RAW.flush()


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("gzip", gzip.compress(TEXT)),
        ("GZip", gzip.compress(TEXT)),
        ("x-gzip", gzip.compress(TEXT)),
        ("gzip", gzip.compress(TEXT[:50]) + gzip.compress(TEXT[50:])),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", RAW_DEFLATED),
        ("br", brotli.compress(TEXT)),
        ("identity", TEXT),
        ("deflate, gzip", gzip.compress(zlib.compress(TEXT))),
        ("br ,\tidentity, gzip", gzip.compress(brotli.compress(TEXT))),
    ],
)
def test_undone(coding: str, data: bytes) -> None:
    assert decode(data, coding, 10_000) == (TEXT, "")


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_empty_data_is_an_empty_body(coding: str) -> None:
    assert decode(b"", coding, 100) == (b"", "")


@pytest.mark.parametrize(
    ("coding", "data", "left", "problem"),
    [
        ("gzip", gzip.compress(TEXT)[:-9], TEXT, "the compressed data ends too early"),
        ("gzip", TEXT, None, "zlib: Error -3 while decompressing data: incorrect header check"),
        (
            "gzip",
            gzip.compress(TEXT) + b"junk",
            TEXT,
            "zlib: Error -3 while decompressing data: incorrect header check",
        ),
        ("deflate", b"\xff\xff\xff", None, "zlib: Error -3 while decompressing data: invalid block type"),
        ("br", b"\xff\xff\xff", None, "brotli: "),
        ("br", brotli.compress(TEXT)[:-4], None, "the compressed data ends too early"),
        ("rot13", TEXT, None, "the content coding rot13 is not one that wsprobe can undo"),
        ("\x1b[31m\xff", TEXT, None, r"the content coding \x1b[31m\xff is not one that wsprobe can undo"),
    ],
)
def test_faults(coding: str, data: bytes, left: bytes | None, problem: str) -> None:
    decoded, said = decode(data, coding, 10_000)
    assert said.startswith(problem)
    assert left is None or decoded == left


def bomb(coding: str) -> bytes:
    zeros = bytes(30_000_000)
    return {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress}[coding](zeros)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_a_bomb_is_cut(coding: str) -> None:
    decoded, problem = decode(bomb(coding), coding, 5000)
    assert decoded == bytes(5000)
    assert problem == "decoded only up to 5000 bytes"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_just_the_limit_is_whole(coding: str) -> None:
    pack = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress}[coding]
    assert decode(pack(TEXT), coding, len(TEXT)) == (TEXT, "")
    assert decode(pack(TEXT), coding, len(TEXT) - 1) == (TEXT[:-1], f"decoded only up to {len(TEXT) - 1} bytes")


def test_a_library_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr("wsprobe.read.coding.import_module", missing)
    assert decode(b"abc", "br", 100) == (
        None,
        "the content coding br needs a library that is not installed here",
    )


def test_zstd_where_python_has_it() -> None:
    if importlib.util.find_spec("compression") is None:
        assert decode(b"x", "zstd", 9) == (
            None,
            "the content coding zstd needs a library that is not installed here",
        )
        return
    zstd = importlib.import_module("compression.zstd")
    assert decode(zstd.compress(TEXT), "zstd", 10_000) == (TEXT, "")
    assert decode(zstd.compress(bytes(30_000_000)), "zstd", 50)[0] == bytes(50)
    assert decode(b"", "zstd", 50) == (b"", "")
    assert decode(b"nonsense", "zstd", 50)[1].startswith("zstd: ")


@settings(deadline=None)
@given(
    st.binary(max_size=60),
    st.sampled_from(["gzip", "deflate", "br", "zstd", "gzip,br", "?"]),
    st.integers(1, 50),
)
def test_any_bytes_come_back_within_the_limit(data: bytes, coding: str, limit: int) -> None:
    decoded, problem = decode(data, coding, limit)
    assert decoded is None or len(decoded) <= limit
    assert decoded is not None or problem
