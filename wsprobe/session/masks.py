"""Masking keys without chance."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256


def masks(seed: bytes) -> Iterator[bytes]:
    """Yield masking keys of four bytes for ever; the same *seed* gives the same keys.

    RFC 6455 section 5.3 wants keys that cannot be predicted, so that a script inside a browser cannot choose
    the bytes that an intermediary sees (section 10.3). Here no such script exists: whoever chooses the payload
    runs the probe, and could put any bytes on the wire anyway. What is gained is that a conversation is a
    function of its plan and of the bytes received, and can be played again.
    """
    number = 0
    while True:
        yield sha256(seed + number.to_bytes(8, "big")).digest()[:4]
        number += 1
