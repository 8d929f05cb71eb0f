"""Where our splitter and h11 both have an opinion, they agree."""

from __future__ import annotations

import h11
from hypothesis import given, settings
from hypothesis import strategies as st

from wsprobe.read.body import opinion
from wsprobe.read.head import split_head

lines = st.lists(
    st.sampled_from([b"A: b", b"A:", b" fold", b"\tfold", b"A: \xe4", b"A : b", b"A", b": b", b"A: b\rc", b""]),
    max_size=5,
)
ends = st.sampled_from([b"\r\n", b"\n"])


@settings(deadline=None, max_examples=200)
@given(st.data(), lines, st.binary(max_size=9))
def test_h11_and_we_agree_on_where_a_head_ends_and_on_its_fields(
    data: st.DataObject, texts: list[bytes], rest: bytes
) -> None:
    wire = b"".join(text + data.draw(ends) for text in [b"HTTP/1.1 101 x", *texts, b""]) + rest
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "x"), ("Upgrade", "websocket")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(wire)
    head, end = split_head(wire)
    try:
        event = connection.next_event()
    except h11.RemoteProtocolError:
        assert not opinion(wire, method=b"GET", ended=True).accepts
        return
    assert isinstance(event, h11.InformationalResponse)
    assert opinion(wire, method=b"GET", ended=True).accepts
    assert connection.next_event() is h11.PAUSED
    assert connection.trailing_data == (wire[end:], False)
    ours = [(field.key, b" ".join(field.value.split())) for field in head.fields]
    assert [(name, b" ".join(value.split())) for name, value in event.headers] == ours
