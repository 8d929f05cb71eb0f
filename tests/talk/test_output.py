"""What comes in a session, as lines of JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsprobe.exchange import LeftOut, Sent
from wsprobe.read.frames import BINARY, TEXT
from wsprobe.show.lines import Look, plain
from wsprobe.show.talk import INDENTED, at_terminal, content, heard, left_out, ours, table, totals
from wsprobe.talk import output
from wsprobe.talk.output import PIECE, JsonOutput, RawOutput
from wsprobe.talk.session import Outgoing, SessionTotals
from wsprobe.wire.framing import Control, FrameFault, ReceivedMessage

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


@given(st.lists(st.text(max_size=40) | st.binary(max_size=40), max_size=4), st.integers(3, 9))
def test_long_messages_make_the_same_output_in_pieces(contents, piece):
    messages = [
        ReceivedMessage(TEXT, each.encode(), 0) if isinstance(each, str) else ReceivedMessage(BINARY, each, 0)
        for each in [*contents, '\u202e\x9b\U0001f600"\\']
    ]
    messages.append(Control("ping", b"p", b""))

    def outputs():
        return [b"".join(each.heard(messages, 1000)) for each in (JsonOutput(), RawOutput(b"\n"))]

    whole = outputs()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(output, "PIECE", piece)
        assert outputs() == whole


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("sizes", [[9 * PIECE], [PIECE // 8] * 64])
def test_each_piece_of_the_output_is_bounded(opcode, sizes):
    """So ^C and time limits have a turn between two, even where each character becomes an escape of six."""
    messages = [ReceivedMessage(opcode, b"\x01" * size, size) for size in sizes]
    pieces = list(JsonOutput().heard(messages, 1000))
    assert max(map(len, pieces)) < 7 * PIECE
    assert b"".join(pieces).count(b"\n") == len(sizes)


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
def test_a_payload_behind_its_kind(data, text, shown):
    assert content(data, text, Look()) == shown


PINGS = '< Ping\n< Pong "p"\n< Ping ff\n'
NOT_HERE = "of the session are not in this report"
TOTALS = (
    "sent 1 message (2 bytes, 3 bytes on the wire), received 4 messages (5 bytes, 6 bytes on the wire), "
    "in 500.0 ms"
)


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (heard([ReceivedMessage(TEXT, b"a" * 120, 120)], Look()), f'< Text "{"a" * 120}"\n'),
        (heard([ReceivedMessage(TEXT, b"a" * 121, 9)], Look()), f'< Text "{"a" * 120}" ... 121 bytes in all\n'),
        (heard([ReceivedMessage(TEXT, b"a" * 121, 9)], LOOK), f'< Text "{"a" * 121}"\n'),
        (heard([ReceivedMessage(BINARY, b"a" * 33, 33)], LOOK), f"< Binary {' '.join(['61'] * 33)}\n"),
        (heard([Control("ping"), Control("pong", b"p"), Control("ping", b"\xff")], LOOK), PINGS),
        (heard([Control("close"), Control("close", b"\x03")], LOOK), "< Close\n< Close\n"),
        (heard([Control("close", b"\x03\xe9bye")], LOOK), '< Close 1001 "bye"\n'),
        (heard([FrameFault(1002, "a fault")], LOOK), "wsprobe fails the connection with 1002: a fault\n"),
        (came(ReceivedMessage(TEXT, b"a" * 121, 9)), f'1.234 < Text "{"a" * 121}" (121 bytes)\n'),
        (came(Control("pong", b"p")), '1.234 < Pong "p"\n'),
        (came(JSON), '1.234 < Text "{"a":[1]}" (9 bytes)\n'),
        (came(JSON, indent=True), '1.234 < JSON (9 bytes)\n  {\n    "a": [\n      1\n    ]\n  }\n'),
        (came(ReceivedMessage(TEXT, b"{a", 2), indent=True), '1.234 < Text "{a" (2 bytes)\n'),
        (came(ReceivedMessage(BINARY, b"[]", 2), indent=True), "1.234 < Binary 5b 5d (2 bytes)\n"),
        (came(ReceivedMessage(TEXT, b"12", 2), indent=True), '1.234 < Text "12" (2 bytes)\n'),
        ([ours(Outgoing("text", (b"a" * 121,)), Look())], f'> Text "{"a" * 121}" (121 bytes)\n'),
        ([ours(Outgoing("binary", (b"\xff",)), Look())], "> Binary ff (1 byte)\n"),
        ([ours(Outgoing("binary"), Look())], "> Binary (0 bytes)\n"),
        ([ours(Outgoing("ping", (b"p",)), Look())], '> Ping "p"\n'),
        ([ours(Outgoing("ping"), Look())], "> Ping\n"),
        ([ours(Outgoing("pong", (b"p",)), Look())], "> Pong 70\n"),
        ([ours(Outgoing("close"), Look())], "> Close\n"),
        ([ours(Outgoing("close", (b"bye",), 4001), Look())], '> Close 4001 "bye"\n'),
        (table([("a", "b"), ("long", "c")]), "a     b\nlong  c\n"),
        (left_out([Sent(1, b"x"), LeftOut(2, 3, 4), LeftOut(3, 0, 1)], ": so"), f"8 bytes {NOT_HERE}: so\n"),
        (left_out([Sent(1, b"x")], ": so"), ""),
        ([totals(SessionTotals(1, 2, 3, 4, 5, 6), 0.5)], f"{TOTALS}\n"),
        (
            [totals(SessionTotals(round_trip=1230), 0.5)],
            "sent 0 messages (0 bytes, 0 bytes on the wire), received 0 messages (0 bytes, 0 bytes on the "
            "wire), in 500.0 ms, last Ping to Pong 1.2 ms\n",
        ),
    ],
)
def test_what_a_session_prints(rows, text):
    assert plain(rows) == text


def test_json_is_indented_up_to_a_size():
    for size, first in ((INDENTED, "1.234 < JSON"), (INDENTED + 1, "1.234 < Text")):
        long = ReceivedMessage(TEXT, b'["' + b"a" * (size - 4) + b'"]', size)
        assert plain(came(long, indent=True)).startswith(first)
