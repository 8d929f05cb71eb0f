"""What h11 says of the same bytes: the view of a strict client library, in its own words."""

from __future__ import annotations

import h11

from wsprobe.read.reading import WAITS, Opinion


def opinion(received: bytes, *, method: bytes, ended: bool) -> Opinion:
    """h11's opinion of an answer to a WebSocket handshake. *ended*: the peer closed its side.

    The request that h11 is told of is a stand-in, because h11 cannot send all that a probe sends. Its limit
    on heads depends on how TCP cut them, so it is set out of reach.
    """
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=2**62)
    upgrade = [("Host", "x"), ("Connection", "Upgrade"), ("Upgrade", "websocket")]
    connection.send(h11.Request(method="HEAD" if method == b"HEAD" else "GET", target="/", headers=upgrade))
    connection.send(h11.EndOfMessage())
    try:
        if received:
            connection.receive_data(received)
        if ended:
            connection.receive_data(b"")
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                return Opinion(False, WAITS)
            if event is h11.PAUSED or isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
                return Opinion(True)
    except h11.RemoteProtocolError as error:
        return Opinion(False, str(error))
