"""What the conversation says after each thing that happened to it."""

from __future__ import annotations

from enum import Enum
from typing import Literal

from wsprobe.value import dataclass

SECOND = 1_000_000
"""Times are in microseconds."""


class Phase(Enum):
    """Where the conversation stands."""

    HEAD = "head"
    """Waiting for the end of a head: of the final answer, or of an interim (1xx) one before it; or for what
    else belongs to the handshake."""
    BODY = "body"
    """The final answer is no 101; its body is being read."""
    OPEN = "open"
    """A 101 came, on the loosest reading. Whether it is a good one is for others to judge."""
    CLOSING = "closing"
    """A Close frame was sent. What still comes is evidence and is kept."""
    DONE = "done"


Stop = Literal["local", "limit", "timeout"]
"""Why the client itself stopped, in the words of ``exchange.Ended.how``."""


def in_proportion(most: int, room: int, usual: int) -> int:
    """How many pieces are taken where there is *room* for so many bytes: *most* in the *usual* room.

    The smallest pieces cost the most time for a byte, so they are counted besides the bytes.
    """
    return max(most, most * room // usual)


@dataclass(frozen=True, slots=True)
class Turn:
    """The client's answer to bytes, to the end of the stream, or to the clock."""

    send: bytes
    """To send now, in one write; often empty. May be non-empty on the last turn."""
    phase: Phase
    wake_at: int | None
    """Call ``timer`` at this time (microseconds since the start) if nothing came before; None: no need."""
    done: bool
    """Nothing more is wanted: send *send*, then close the connection."""
    stop: Stop = "local"
    """When *done* and the peer did not end the stream: ``Ended.how``."""
    why: str = ""
    """With ``limit``: which limit it was, for ``Ended.error``."""
