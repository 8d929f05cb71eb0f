"""What comes in a session, as lines of JSON."""

import json
import re
from base64 import b64decode

import pytest

from wsprobe.read.frames import BINARY, TEXT
from wsprobe.show.lines import Look
from wsprobe.show.talk import at_terminal
from wsprobe.talk.output import PIECE, JsonOutput, RawOutput
from wsprobe.wire.framing import Control, ReceivedMessage

LOOK = Look(verbose=1)
JSON = ReceivedMessage(TEXT, b'{"a":[1]}', 9)


def came(*what, indent=False):
    return at_terminal(what, 1_234_000, Look(), indent)


UNSAFE = "\x7f\x80\x9b\xad\u061c\u200b\u200e\u2028\u202e\u2060\u2066\u2069\ufeff\U000e0041"


@pytest.mark.parametrize("unsafe", UNSAFE)
def test_what_a_terminal_acts_on_or_nobody_sees_is_escaped(unsafe):
    text = f"caf\u00e9 {unsafe} \U0001f600"
    message = ReceivedMessage(TEXT, text.encode(), len(text.encode()))
    line = b"".join(JsonOutput().heard([message, Control("ping", text.encode(), b"")], 1000))
    assert unsafe not in line.decode()
    assert "caf\u00e9" in line.decode()
    assert [json.loads(each)["text"] for each in line.splitlines()] == [text, text]


@pytest.mark.parametrize("size", [PIECE - 99, *range(2 * PIECE - 9, 2 * PIECE + 1)])
def test_long_messages_make_the_same_output_in_pieces(size):
    """Wherever in a character a piece ends."""
    texts = ["a", "b" * size + '\u202e\x9b\U0001f600"\\', "c"]
    messages = [ReceivedMessage(opcode, each.encode(), 0) for opcode in (TEXT, BINARY) for each in texts]
    lines = b"".join(JsonOutput().heard([*messages, Control("ping", b"p", b"")], 1000))
    assert not re.search("[\x9b\u202e]", lines.decode())
    *long, ping = map(json.loads, lines.splitlines())
    came = [each["text"].encode() if "text" in each else b64decode(each["binary"]) for each in long]
    assert (came, ping["event"]) == ([each.data for each in messages], "ping")
    assert b"".join(RawOutput(b"\n").heard(messages, 1000)) == b"".join(each.data + b"\n" for each in messages)


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("sizes", [[9 * PIECE], [PIECE // 8] * 64])
def test_each_piece_of_the_output_is_bounded(opcode, sizes):
    """So ^C and time limits have a turn between two, even where each character becomes an escape of six."""
    messages = [ReceivedMessage(opcode, b"\x01" * size, size) for size in sizes]
    pieces = list(JsonOutput().heard(messages, 1000))
    assert max(map(len, pieces)) < 7 * PIECE
    assert b"".join(pieces).count(b"\n") == len(sizes)
