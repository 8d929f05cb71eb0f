"""h2's opinion of the same frames: a strict client library's view, in its own words."""

from __future__ import annotations

from h2.config import H2Configuration
from h2.connection import ConnectionState, H2Connection
from h2.exceptions import H2Error

from wsprobe.read.http2 import words_of
from wsprobe.read.http2_values import GOAWAY, HEADER_TABLE_SIZE, WINDOW_UPDATE, Http2Connection
from wsprobe.read.reading import Opinion, Reading

FRAMES = 1000
BYTES = 256 * 1024
"""Bytes that h2 gets: it reports on an answer at the beginning of the answer."""

WIDE = 2**31 - 1 - 65535
"""The increment that opens a window completely: h2 must not judge the windows that we granted."""


def opinion(reading: Reading) -> Opinion:
    """h2's opinion of the server's frames, fed one by one so that a refused frame hides no other.

    h2 sees a placeholder request on the same stream. GOAWAY shuts h2, but engines continue with a stream that
    the GOAWAY does not cover, so h2 is opened again. Frames that widen a window are left out: h2 does not know
    what we sent into it.
    """
    of = reading.http2
    assert of is not None
    connection = _begun(of, reading.exchange.plan.limits.max_head)
    left = BYTES
    for number, frame in enumerate(of.of("server")):
        left -= len(frame.payload)
        if number >= FRAMES or left < 0 or not frame.complete:
            break
        if frame.type == WINDOW_UPDATE and not frame.problem:
            continue
        try:
            connection.receive_data(frame.header + frame.payload)
        except (H2Error, ValueError, KeyError, IndexError, AttributeError) as error:
            return Opinion(False, words_of(error))
        connection.data_to_send()
        if frame.type == GOAWAY:
            connection.state_machine.state = ConnectionState.CLIENT_OPEN
    return Opinion(True)


def _begun(of: Http2Connection, room: int) -> H2Connection:
    connection = H2Connection(H2Configuration(client_side=True, header_encoding=None))
    connection.initiate_connection()
    connection.increment_flow_control_window(WIDE)
    if of.request is not None:
        request = [
            (":method", "CONNECT"),
            (":protocol", "websocket"),
            (":scheme", "https"),
            (":path", "/"),
            (":authority", "x"),
        ]
        for stream in (*of.earlier, of.stream):
            connection.send_headers(stream, request)
        connection.increment_flow_control_window(WIDE, of.stream)
    connection.decoder.max_header_list_size = room
    sent = (pair for frame in of.of("client") for pair in frame.settings if not frame.ack)
    table = dict(sent).get(HEADER_TABLE_SIZE, 0)
    connection.decoder.max_allowed_table_size = max(connection.decoder.max_allowed_table_size, table)
    connection.data_to_send()
    return connection
