"""The opening handshake of each version, byte for byte."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases import EXAMPLES
from wsprobe.request import opening, target
from wsprobe.request.opening import Offer, OfferError
from wsprobe.wire import WIRES
from wsprobe.wire.hixie import answer_to, key_pair, number_of

CHANCE = bytes(range(64))
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
DRAFTS = ("hybi-04", "hybi-05", "hybi-06", "hybi-07", "hybi-08")


def to(url="ws://example.com/demo?a=b"):
    return target.parse(url)


def lines(wire, offer):
    request = WIRES[wire].request(to(), offer, CHANCE)
    return request.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")


def test_the_names_are_those_of_the_plan():
    assert tuple(WIRES) == ("hixie-75", "hixie-76", *DRAFTS, "hybi-13")
    assert all(name == wire.name for name, wire in WIRES.items())


def test_hixie_75_in_the_one_order_it_has():
    offer = Offer(key=KEY, origin="http://Example.com", protocols=("sample",), cookies=("a=b",))
    assert WIRES["hixie-75"].request(to(), offer, CHANCE) == (
        b"GET /demo?a=b HTTP/1.1\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nHost: example.com\r\n"
        b"Origin: http://example.com\r\nWebSocket-Protocol: sample\r\nCookie: a=b\r\n\r\n"
    )


def test_hixie_76_has_two_keys_and_eight_bytes():
    offer = Offer(key=KEY, origin="http://Example.com", protocols=("sample",))
    head, _, body = WIRES["hixie-76"].request(to(), offer, CHANCE).partition(b"\r\n\r\n")
    fields = head.split(b"\r\n")
    assert fields[:6] == [
        b"GET /demo?a=b HTTP/1.1",
        b"Upgrade: WebSocket",
        b"Connection: Upgrade",
        b"Host: example.com",
        b"Origin: http://Example.com",
        b"Sec-WebSocket-Protocol: sample",
    ]
    assert [field.partition(b": ")[0] for field in fields[6:]] == [b"Sec-WebSocket-Key1", b"Sec-WebSocket-Key2"]
    assert body == CHANCE[:8]
    assert answer_to(fields[6].partition(b": ")[2], fields[7].partition(b": ")[2], body) is not None


@pytest.mark.parametrize("wire", DRAFTS)
def test_the_drafts_differ_by_their_number(wire):
    offer = Offer(
        key=KEY, origin="http://a.example", protocols=("a", "b"), extensions=("deflate-stream",), user_agent=""
    )
    assert lines(wire, offer) == [
        "GET /demo?a=b HTTP/1.1",
        "Host: example.com",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {KEY}",
        "Sec-WebSocket-Origin: http://a.example",
        "Sec-WebSocket-Protocol: a, b",
        "Sec-WebSocket-Extensions: deflate-stream",
        f"Sec-WebSocket-Version: {int(wire[-2:])}",
    ]


def test_hybi_13_is_rfc_6455():
    offer = Offer(key=KEY, origin="http://a.example")
    assert WIRES["hybi-13"].request(to(), offer, CHANCE) == opening.request(to(), offer)


@pytest.mark.parametrize("wire", WIRES)
def test_header_options_change_it(wire):
    made = lines(wire, Offer(key=KEY, origin="x", headers=("Host: other", "X-Own: 1", "Connection:")))
    assert "Host: other" in made
    assert "X-Own: 1" in made
    assert not any(line.startswith("Connection") for line in made)


@pytest.mark.parametrize("wire", ["hixie-75", "hixie-76"])
@pytest.mark.parametrize(
    "offer",
    [Offer(extensions=("a",)), Offer(protocols=("a", "b")), Offer(version="8")],
    ids=("ext", "two", "version"),
)
def test_what_hixie_has_no_field_for_is_said(wire, offer):
    with pytest.raises(OfferError, match="hixie-75 and hixie-76") as raised:
        WIRES[wire].request(to(), offer, CHANCE)
    assert "\n" not in str(raised.value)


def test_only_asked_for_does_a_hixie_request_name_its_agent():
    assert not any("User-Agent" in line for line in lines("hixie-76", Offer()))
    assert "User-Agent: me" in lines("hixie-76", Offer(user_agent="me"))


@given(st.binary(min_size=56, max_size=56))
@settings(max_examples=4 * EXAMPLES)
def test_keys_are_as_the_draft_makes_them(chance):
    """Section 4.1, steps 16 to 23."""
    assert key_pair(chance) == key_pair(chance)
    for key in key_pair(chance):
        assert key == key.strip(" ")
        assert 1 <= key.count(" ") <= 12
        assert 1 <= sum(not each.isdigit() and each != " " for each in key) <= 12
        assert all(0x20 <= ord(each) <= 0x7E for each in key)
        number = number_of(key.encode("ascii"))
        assert number * key.count(" ") <= 0xFFFFFFFF


def test_other_chance_makes_other_keys():
    assert len({key_pair(bytes([n]) * 56) for n in range(50)}) == 50
