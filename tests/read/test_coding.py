"""Content codings: undone within bounds, and a fault is said."""

import gzip
import importlib.util
import sys
import zlib
from random import Random

import brotli
from hypothesis import given, settings
from hypothesis import strategies as st

from wsprobe.read.body import Decoded, decode

TEXT = b"the token has expired, " * 20
RAW = zlib.compressobj(wbits=-15)
RAW_DEFLATED = RAW.compress(TEXT) + RAW.flush()


PACK = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress}
FAR = bytes(Random(0).randbytes(30_000)) * 2
"""What repeats itself at nearly the greatest distance that deflate has."""


def test_a_library_that_is_not_there_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "brotli", None)
    assert decode(b"abc", "br", 100) == Decoded(
        None, "unknown", "the content coding br needs a library that is not installed here"
    )


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
