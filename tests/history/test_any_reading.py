"""Any bytes are read by any revision."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wsprobe.history import read_as
from wsprobe.history.data import select

PIECES = st.sampled_from(
    [
        b"HTTP/1.1 101 Switching Protocols\r\n",
        b"HTTP/1.1 101 Web Socket Protocol Handshake\r\n",
        b"HTTP/1.1 302 Found\r\n",
        b"HTTP/1.1 100 \r\n\r\n",
        b"Upgrade: WebSocket\r\n",
        b"Connection: Upgrade\r\n",
        b"Sec-WebSocket-Origin: x\r\n",
        b"Sec-WebSocket-Protocol: \r\n",
        b"Sec-WebSocket-Extensions: ;\r\n",
        b"\r\n",
        b":",
        b"\r",
        b"\n",
        b"\xff",
    ]
)
REPLIES = st.lists(st.one_of(PIECES, st.binary(max_size=12)), max_size=9).map(b"".join)
REQUESTS = st.sampled_from(
    [b"", b"GET / HTTP/1.1\r\nSec-WebSocket-Key1: 1\r\nSec-WebSocket-Key2: 99999999999999999 \r\n\r\n12345678"]
)


@given(reply=REPLIES, request=REQUESTS, how=st.sampled_from(["fin", "reset", "timeout", "local"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_never_raises(heard, reply, request, how):
    reading = heard(reply, request, how=how)
    for revision in select("all"):
        verdict = read_as(reading, revision)
        for finding in verdict.findings:
            if finding.span is not None:
                assert 0 <= finding.span[0] <= finding.span[1] <= len(reading.received)
