"""Heads and bodies as Firefox reads them: a case at each limit, and one past it."""

from tests.browsers_views.recordings import frame
from tests.cases import every
from wsprobe.browsers import facts
from wsprobe.browsers.firefox.channel import FrameReader
from wsprobe.browsers.firefox.request import Facts


@every({f"{size} bytes": size for size in (0, 1, 3, 4, 5, 15, 16, 17, 24, 125, 126, 65535, 65536)})
def test_a_masked_message_is_unmasked(size):
    mask, payload = b"\x01\x02\x03\x04", (bytes(range(256)) * 300)[:size]
    header = frame(0x82, payload)[: -size or None]
    masked = bytes(byte ^ mask[number % 4] for number, byte in enumerate(payload))
    received = header[:1] + bytes((header[1] | 0x80,)) + header[2:] + mask + masked
    (unit,) = FrameReader(False, facts("firefox", "153", Facts)).read(received)
    assert unit.payload == payload
