"""Answers that are alike share a diagnosis: it is that of each by itself."""

from typing import Any

import pytest

import wsprobe.diagnosis as diagnosis
from tests.diagnosis.recorded import reading_of, recorded
from wsprobe.diagnosis import author
from wsprobe.diagnosis.evidence import SMALL, alike_to

ASKED: tuple[dict[str, Any], ...] = (
    {},
    {"path": "/chat/7?room=7"},
    {"path": "/login"},
    {"path": "/ws?session_id=Xb31"},
    {"path": "/socket.io/?EIO=3&transport=websocket&x=1"},
    {"path": "/?%45IO=4&transport=x"},
    {"path": "/engine.io/"},
    {"origin": "https://evil.example"},
    {"origin": "http://127.0.0.1:24301"},
    {"protocols": ("chat", "mqtt")},
    {"protocols": ("",)},
    {"method": "POST"},
    {"scheme": "wss"},
    {"headers": ("Host: other.example",)},
    {"headers": ("Authorization: Basic eDp5",)},
    {"headers": (f"Cookie: {'x' * 9000}",)},
    {"headers": ("Sec-WebSocket-Version: 8",)},
    {"note": "no Sec-WebSocket-Key"},
    {"note": "short key"},
    {"note": "Connection: keep-alive"},
)
"""What a rule looks at in a request."""


@pytest.mark.parametrize("at", range(0, len(recorded()), 50))
def test_the_diagnosis_of_one_is_that_of_all_alike(at: int) -> None:
    answers = [(each.answer, each.ended) for each in recorded()[at : at + 50]]
    readings = [reading_of(answer, ended, asked) for answer, ended in answers for asked in ASKED]
    together = [author(each) for each in readings]
    for reading, found in zip(readings, together, strict=True):
        diagnosis._kept.clear()
        assert author(reading) == found


REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\n\r\n"


def test_answers_to_another_key_are_alike() -> None:
    one = reading_of(REFUSED % 2 + b"no", "fin")
    other = reading_of(REFUSED % 2 + b"no", "fin", {"headers": ("Sec-WebSocket-Key: " + "A" * 22 + "==",)})
    assert one.final is not None
    assert other.final is not None
    assert alike_to(one, one.final) == alike_to(other, other.final) is not None


@pytest.mark.parametrize("body", [b"x" * (SMALL + 1), b"cut"])
def test_a_long_or_a_cut_body_is_compared_with_none(body: bytes) -> None:
    reading = reading_of(REFUSED % max(len(body), 4) + body, "fin")
    assert reading.final is not None
    assert alike_to(reading, reading.final) is None


def test_few_answers_are_kept() -> None:
    diagnosis._kept.clear()
    for number in range(diagnosis.MOST + 1):
        author(reading_of(REFUSED % 3 + b"%3d" % number, "fin"))
    assert len(diagnosis._kept) == 1
