"""Suggestions: what is spelt nearly so, or has the same words; nothing for what has nothing to do with it."""

import pytest

from wsprobe.nearest import nearest

KNOWN = (
    "timeout",
    "timeout-tls",
    "accept-mismatch",
    "protocol-mismatch",
    "frame-masked",
    "hybi-07",
    "hybi-13",
    "lab:timeout",
    "lab:status-403",
    "lab:wss-rst-on-hello",
    "lab:cookie-sent",
    "rule-cookies",
)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("timout", ("timeout",)),
        ("TIMEOUT", ("timeout", "timeout-tls")),
        ("acept_mismatch", ("accept-mismatch", "protocol-mismatch")),
        ("lab:stauts-403", ("lab:status-403",)),
        ("stauts-403", ("lab:status-403",)),
        ("hybi13", ("hybi-13",)),
        ("masking", ("frame-masked",)),
        ("cookie", ("lab:cookie-sent", "rule-cookies")),
        ("hello world", ()),
        ("banana", ()),
        ("the quick brown fox", ()),
        ("403", ()),
        ("x", ()),
        ("", ()),
        ("\x1b[31m", ()),
        ("\u00e9\u00e9\u00e9\u00e9", ()),
    ],
)
def test_nearest(asked, found):
    assert nearest(asked, KNOWN) == found


def test_only_what_is_spelt_so():
    assert nearest("masking", KNOWN, words=False) == ()
    assert nearest("frame-maskd", KNOWN, words=False) == ("frame-masked",)


def test_three_at_most():
    assert len(nearest("hybi-0", [f"hybi-0{number}" for number in range(9)])) == 3
