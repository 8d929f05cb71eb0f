"""What comes in a session, as lines of JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsprobe.read.frames import TEXT
from wsprobe.show.lines import Look
from wsprobe.show.talk import content
from wsprobe.talk import output
from wsprobe.talk.output import JsonOutput
from wsprobe.wire.framing import Control, ReceivedMessage

UNSAFE = [
    0x7F,
    0x80,
    0x9B,
    0xAD,
    0x61C,
    0x200B,
    0x200E,
    0x2028,
    0x202E,
    0x2060,
    0x2066,
    0x2069,
    0xFEFF,
    0xE0041,
]


@pytest.mark.parametrize("code", UNSAFE)
def test_what_a_terminal_acts_on_or_nobody_sees_is_escaped(code: int) -> None:
    text = f"caf\u00e9 {chr(code)} \U0001f600"
    message = ReceivedMessage(TEXT, text.encode(), len(text.encode()))
    line = JsonOutput().heard([message, Control("ping", text.encode(), b"")], 1000)
    assert chr(code) not in line.decode()
    assert "caf\u00e9" in line.decode()
    assert [json.loads(each)["text"] for each in line.splitlines()] == [text, text]


@given(st.lists(st.text(max_size=40), max_size=4), st.integers(1, 9))
def test_a_long_text_makes_the_same_line_in_pieces(texts: list[str], piece: int) -> None:
    messages = [ReceivedMessage(TEXT, text.encode(), 0) for text in [*texts, '\u202e\x9b\U0001f600"\\']]
    whole = JsonOutput().heard([*messages, Control("ping", b"p", b"")], 1000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(output, "LONG", 12)
        patch.setattr(output, "PIECE", piece)
        assert JsonOutput().heard([*messages, Control("ping", b"p", b"")], 1000) == whole


@pytest.mark.parametrize(
    ("data", "text", "shown"),
    [
        (b"", True, ' ""'),
        (b"", False, ""),
        (b"\x00\xff", False, " 00 ff"),
        (bytes(32), False, " " + " ".join(["00"] * 32)),
        (bytes(33), False, " " + " ".join(["00"] * 32) + " ... 33 bytes in all"),
    ],
)
def test_a_payload_behind_its_kind(data: bytes, text: bool, shown: str) -> None:
    assert content(data, text, Look()) == shown
