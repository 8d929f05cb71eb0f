"""How the catalogue is written."""

import pytest

from wsprobe.browsers.engine import Page
from wsprobe.exchange import Act
from wsprobe.lab.scenario import Conforming, Delivered, Step
from wsprobe.lab.steps import CatalogueError, conforming, page, pieces, steps

PIECES = pieces(
    {"good": "HTTP/1.1 101 X\r\nA: {accept}"}, {"open": [{"head": ["{good}"]}], "twice": ["open", "open"]}
)
OPEN = Step("send", b"HTTP/1.1 101 X\r\nA: {accept}\r\n\r\n")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("open", [OPEN]),
        ("twice", [OPEN, OPEN]),
        (
            {"head": ["{good}", "B: \u00ff"]},
            [Step("send", b"HTTP/1.1 101 X\r\nA: {accept}\r\nB: \xff\r\n\r\n")],
        ),
        ({"send": "a{{b}}", "repeat": 3}, [Step("send", b"a{{b}}", repeat=3)]),
        ({"hex": "7b 7d ff"}, [Step("send", b"{{}}\xff")]),
        ({"text": "h\u00e9"}, [Step("send", b"\x81\x03h\xc3\xa9")]),
        ({"ping": "p"}, [Step("send", b"\x89\x01p")]),
        ({"close": 1000}, [Step("send", b"\x88\x02\x03\xe8")]),
        ({"close": 4403, "reason": "no"}, [Step("send", b"\x88\x04\x113no")]),
        ({"bytewise": "ab", "pause": 0.5}, [Step("send-bytewise", b"ab", 0.5)]),
        ({"send": "ab", "by": 2, "pause": 0.5, "repeat": 3}, [Step("send-bytewise", b"ab", 0.5, 3, 2)]),
        ({"wait": 1}, [Step("wait", seconds=1.0)]),
        ({"read-close": 3}, [Step("read-close", seconds=3.0)]),
        ("echo-close", [Step("echo-close")]),
        ("reset", [Step("reset")]),
    ],
    ids=str,
)
def test_a_step(written, meant):
    assert steps([written], PIECES) == tuple(meant)


@pytest.mark.parametrize(
    "written",
    [
        "opne",
        {"send": "x", "pause": 1},
        {"send": "x", "by": 2},
        {"wait": 1, "hold": 1},
        {"snd": "x"},
        {"send": "\u2713"},
        {"close": 1, "x": 2},
        {"headers": [], "odd": 1},
        {"frame": 1, "odd": 2},
        7,
    ],
    ids=str,
)
def test_what_is_no_step_is_refused_in_one_line(written):
    with pytest.raises(CatalogueError) as caught:
        steps([written], PIECES)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("written", "http2"), [({"headers": []}, False), ("end-stream", False), ({"echo": 1}, True)], ids=str
)
def test_a_step_of_the_other_http_is_refused(written, http2):
    assert steps([written], PIECES, http2=not http2)
    with pytest.raises(CatalogueError, match="is not a step of HTTP/2" if http2 else "not a step of HTTP/1.1"):
        steps([written], PIECES, http2=http2)


def test_a_page():
    made = page(
        {
            "protocols": ["a", "b"],
            "csp": "connect-src 'none'",
            "created": [{"close": True}],
            "open": [{"text": "h\u00e9"}, {"close": 3000, "reason": "bye"}],
        }
    )
    assert made == Page(
        protocols=("a", "b"),
        csp="connect-src 'none'",
        acts=(
            Act("created", "close"),
            Act("open", "text", "h\u00e9".encode()),
            Act("open", "close", b"bye", 3000),
        ),
    )
    assert page({"protocols": "a"}).protocols == "a"
    assert page({}) == Page()


@pytest.mark.parametrize("written", [{"protocol": "a"}, {"open": [{"shut": 1}]}], ids=str)
def test_what_is_no_page_is_refused(written):
    with pytest.raises(CatalogueError, match="page"):
        page(written)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (None, None),
        ({"close": 1005}, Conforming(close=1005)),
        ({"close": 0}, Conforming(close=0)),
        ({"fail": 1002}, Conforming(fail=(1002,))),
        ({"close": 1016, "fail": [1002, 1007]}, Conforming(close=1016, fail=(1002, 1007))),
        (
            {
                "messages": [{"text": "\u00e9", "repeat": 2}, {"hex": "00 fe"}],
                "pongs": [{"text": "p"}],
                "close": 1000,
            },
            Conforming((Delivered("text", b"\xc3\xa9" * 2), Delivered("binary", b"\x00\xfe")), (b"p",), 1000),
        ),
    ],
    ids=str,
)
def test_what_a_conforming_client_makes_of_it(written, meant):
    assert conforming(written) == meant


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"messages": [{"text": "x"}]},
        {"close": 1000, "pong": []},
        {"close": 1000, "messages": [{"texts": "x"}]},
    ],
    ids=str,
)
def test_what_no_client_can_do_is_refused_in_one_line(written):
    with pytest.raises(CatalogueError) as caught:
        conforming(written)
    assert "\n" not in str(caught.value)
