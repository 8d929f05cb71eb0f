"""Test vectors: of the specifications where they have them, else worked out from their text."""

import pytest

from wsprobe.read.head import split_head
from wsprobe.wire.hixie import frame_at_75
from wsprobe.wire.hybi import draft_frame, mask_of_04, mask_of_05, masked, of_client, of_server
from wsprobe.wire.rfc6455 import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, mask

NONCE = bytes.fromhex("37fa213d")
KEY = b"dGhlIHNhbXBsZSBub25jZQ=="


def at(offset):
    return offset


def one(found, data):
    frame = found(data, 0, at)
    assert frame.span == (0, len(data))
    return frame


def heads():
    request = b"GET / HTTP/1.1\r\nSec-WebSocket-Key: " + KEY + b"\r\n\r\n"
    answer = b"HTTP/1.1 101 x\r\nSec-WebSocket-Nonce: AQIDBAUGBwgJCgsMDQ4PEC==\r\n\r\n"
    return mask_of_04(split_head(request)[0], split_head(answer)[0])


def test_the_mask_of_hybi_04():
    key = heads()(NONCE)
    assert key.hex() == "824035ac55463da62257d6fb167d1cdc73da0f8e"
    wire = masked(draft_frame(TEXT, b"Hello"), NONCE, key)
    assert wire.hex(" ", -4) == "37fa213d 06457dc9 392a52"
    frame = one(of_client(heads()), wire)
    assert (frame.opcode, frame.masked, frame.data, len(frame.mask)) == (TEXT, True, b"Hello", 20)


def test_a_frame_longer_than_the_mask_of_hybi_04():
    text = bytes(range(256)) * 3
    wire = masked(draft_frame(BINARY, text), NONCE, heads()(NONCE))
    assert one(of_client(heads()), wire).data == text


def test_the_mask_of_hybi_05_and_06():
    wire = masked(draft_frame(TEXT, b"Hello"), NONCE, mask_of_05(NONCE))
    assert wire == bytes.fromhex("37fa213d b3ff69585b964e")
    frame = one(of_client(mask_of_05), wire)
    assert (frame.opcode, frame.fin, frame.data) == (TEXT, True, b"Hello")
    assert frame.header == wire[:6]


@pytest.mark.parametrize(
    ("opcode", "wire"),
    [(CONTINUATION, "80"), (CLOSE, "81"), (PING, "82"), (PONG, "83"), (TEXT, "84"), (BINARY, "85")],
)
def test_opcodes_of_hybi_04_to_06(opcode, wire):
    """Section 4.2: told in the numbers of RFC 6455."""
    data = bytes.fromhex(wire + "02 6869")
    assert draft_frame(opcode, b"hi") == data
    assert one(of_server, data).opcode == opcode


def test_reserved_opcodes_stay_reserved():
    reserved = [one(of_server, bytes([0x80 | code, 0])).opcode for code in range(6, 16)]
    assert sorted(reserved) == [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]


def test_the_fourth_reserved_bit():
    frame = one(of_server, bytes.fromhex("f4 82 6869"))
    assert (frame.rsv, frame.masked, frame.length, frame.data) == (15, False, 2, b"hi")


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536])
def test_lengths_of_the_drafts(size):
    frame = one(of_server, draft_frame(BINARY, bytes(size)))
    assert (frame.length, frame.minimal, frame.complete) == (size, True, True)


def test_hixie_75_has_no_close():
    assert one(frame_at_75, b"\xff\x00").opcode == BINARY


def test_a_mask_goes_round():
    assert mask(b"\0" * 7, b"abc!") == b"abc!abc"
