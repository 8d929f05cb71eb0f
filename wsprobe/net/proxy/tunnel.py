"""What is said to a proxy before the way to the target is open, every byte of it recorded."""

from __future__ import annotations

from collections.abc import Callable

from wsprobe.exchange import TunnelFailed, TunnelReceived, TunnelSent
from wsprobe.net.tape import Tape
from wsprobe.net.wire import After, End, Wire

LIMIT = 65536
"""Bytes of one answer of a proxy."""


class Tunnel:
    """A wire to a proxy."""

    def __init__(self, wire: Wire, tape: Tape) -> None:
        self._wire = wire
        self._tape = tape
        self._early = b""

    async def say(self, data: bytes) -> None:
        """Send *data*. That it did not arrive shows when the answer is read."""
        self._tape.add(TunnelSent(self._tape.now(), data))
        await self._wire.send(data)

    async def hear(self, size_of: Callable[[bytes], int | None]) -> bytes | End:
        """Return one answer, or the end before it was complete.

        *size_of*: bytes -> the length of the answer that they begin with, None if more are needed. What came
        after it is kept for the next read.
        """
        got = b""
        while len(got) < LIMIT:
            data: bytes | End = self._early or await self._wire.receive()
            self._early = b""
            if isinstance(data, End):
                return data
            known = len(got)
            got += data
            size = size_of(got)
            mine = data if size is None else data[: size - known]
            self._tape.add(TunnelReceived(self._tape.now(), mine))
            if size is not None:
                self._early = got[size:]
                return got[:size]
        return End("limit", f"the proxy's answer is longer than {LIMIT} bytes")

    def failed(self, error: str, end: End | None = None) -> End:
        """Write that the proxy did not open the way, and why; return the end of the exchange."""
        words = {
            "fin": f"{error}: the proxy closed the connection",
            "reset": f"{error}: the proxy reset the connection",
        }
        said = error if end is None else words.get(end.how, f"{error}: {end.error}")
        self._tape.add(TunnelFailed(self._tape.now(), said))
        return End("local" if end is None else end.how, said)

    def through(self) -> Wire:
        """Return the wire to what lies behind the proxy."""
        return After(self._wire, self._early) if self._early else self._wire
