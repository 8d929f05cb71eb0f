"""Content codings: undone within bounds, and a fault is said."""

import gzip
import importlib.util
import zlib
from random import Random

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsprobe.read.body import Decoded, decode

TEXT = b"the token has expired, " * 20
NEEDS_LIBRARY = Decoded(None, "unknown", "the content coding br needs a library that is not installed here")
ZLIB = "zlib: Error -3 while decompressing data:"
RAW = zlib.compressobj(wbits=-15)
RAW_DEFLATED = RAW.compress(TEXT) + RAW.flush()


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("gzip", gzip.compress(TEXT, mtime=0)),
        ("GZip", gzip.compress(TEXT, mtime=0)),
        ("x-gzip", gzip.compress(TEXT, mtime=0)),
        ("gzip", gzip.compress(TEXT[:50], mtime=0) + gzip.compress(TEXT[50:], mtime=0)),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", RAW_DEFLATED),
        ("br", brotli.compress(TEXT)),
        ("identity", TEXT),
        ("deflate, gzip", gzip.compress(zlib.compress(TEXT), mtime=0)),
        ("br ,\tidentity, gzip", gzip.compress(brotli.compress(TEXT), mtime=0)),
    ],
)
def test_undone(coding, data):
    assert decode(data, coding, 10_000) == Decoded(TEXT)


FAR = bytes(Random(0).randbytes(30_000)) * 2
"""What repeats itself at nearly the greatest distance that deflate has."""


@pytest.mark.parametrize(("coding", "bits"), [("gzip", 31), ("deflate", 15), ("deflate", -15)])
def test_the_whole_window_is_known(coding, bits):
    made = zlib.compressobj(wbits=bits)
    data = made.compress(FAR) + made.flush()
    assert len(data) < 40_000
    assert decode(data, coding, 100_000) == Decoded(FAR)


@pytest.mark.parametrize(
    ("coding", "data", "left", "fault", "problem"),
    [
        ("gzip", gzip.compress(TEXT, mtime=0)[:-9], TEXT, "short", "the compressed data ends too early"),
        ("gzip", TEXT, None, "broken", f"{ZLIB} incorrect header check"),
        ("gzip", gzip.compress(TEXT, mtime=0) + b"junk", TEXT, "broken", f"{ZLIB} incorrect header check"),
        ("gzip", gzip.compress(b"", mtime=0) * 1001, None, "broken", "more than 1000 gzip members"),
        ("deflate", b"\xff\xff\xff", None, "broken", f"{ZLIB} invalid block type"),
        ("br", b"\xff\xff\xff", None, "broken", "brotli: "),
        ("br", brotli.compress(TEXT)[:-4], None, "short", "the compressed data ends too early"),
        ("rot13", TEXT, None, "unknown", "the content coding rot13 is not one that wsprobe can undo"),
        (
            "\x1b[31m\xff",
            TEXT,
            None,
            "unknown",
            r"the content coding \x1b[31m\xff is not one that wsprobe can undo",
        ),
        ("identity," * 101, TEXT, None, "unknown", "more than 100 content codings"),
    ],
)
def test_faults(coding, data, left, fault, problem):
    made = decode(data, coding, 10_000)
    assert made.fault == fault
    assert made.problem.startswith(problem)
    assert left is None or made.data == left


def bomb(coding):
    zeros = bytes(5_000_000)
    return {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress}[coding](zeros)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_just_the_limit_is_whole(coding):
    pack = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress}[coding]
    assert decode(pack(TEXT), coding, len(TEXT)) == Decoded(TEXT)
    cut = decode(pack(TEXT), coding, len(TEXT) - 1)
    assert (cut.data, cut.fault) == (TEXT[:-1], "cut")


def test_a_library_that_is_not_there_is_said(monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr("wsprobe.read.body.import_module", missing)
    assert decode(b"abc", "br", 100) == NEEDS_LIBRARY


def test_zstd_where_python_has_it():
    if importlib.util.find_spec("compression") is None:
        assert decode(b"x", "zstd", 9).fault == "unknown"
        return
    zstd = importlib.import_module("compression.zstd")
    assert decode(zstd.compress(TEXT), "zstd", 10_000) == Decoded(TEXT)
    assert decode(zstd.compress(bytes(30_000_000)), "zstd", 50).data == bytes(50)
    assert decode(b"", "zstd", 50) == Decoded(b"")
    assert decode(b"nonsense", "zstd", 50).problem.startswith("zstd: ")


@settings(deadline=None)
@given(
    st.binary(max_size=60),
    st.sampled_from(["gzip", "deflate", "br", "zstd", "gzip,br", "?"]),
    st.integers(1, 50),
)
def test_any_bytes_come_back_within_the_limit(data, coding, limit):
    made = decode(data, coding, limit)
    assert made.data is None or len(made.data) <= limit
    assert bool(made.fault) is bool(made.problem)
    assert made.data is not None or made.fault
