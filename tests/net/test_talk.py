from __future__ import annotations

import os

import trio

from wsprobe.net.run import stdin_lines


def lines_of(*pieces):
    """The acts for what is written to a pipe piece by piece, then closed."""

    async def work():
        reading, writing = os.pipe()
        acts = []
        try:
            for piece in pieces:
                os.write(writing, piece)
            os.close(writing)
            async for act in stdin_lines(reading):
                acts.append((act.do, act.data))
        finally:
            os.close(reading)
        return acts

    return trio.run(work)


def test_each_line_is_a_message():
    assert lines_of(b"one\ntwo\r\n\nlast") == [
        ("text", b"one"),
        ("text", b"two"),
        ("text", b""),
        ("text", b"last"),
    ]


def test_no_last_line_end_no_empty_message():
    assert lines_of(b"one\n") == [("text", b"one")]
    assert lines_of() == []


def test_a_line_that_is_not_utf_8_goes_as_binary():
    assert lines_of("é\n".encode(), b"\xe9\n") == [("text", "é".encode()), ("binary", b"\xe9")]
