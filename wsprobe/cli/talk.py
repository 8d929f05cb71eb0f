"""``--talk``: a session held by hand. What is typed becomes messages; what comes is shown as it comes."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from typing import IO, TYPE_CHECKING

from msgspec.structs import replace

from wsprobe.cli.streams import emit, note, write
from wsprobe.exchange import Act, Ended, Event, Received, Sent
from wsprobe.read import response_of
from wsprobe.read.frames import BINARY, frame_at
from wsprobe.read.head import HeadSplitter, opens_session
from wsprobe.show.lines import Look
from wsprobe.show.session import ALONE, frame

if TYPE_CHECKING:
    from wsprobe.read.http2_stream import StreamReader

HELP = "connected; a line is sent as a text; /ping, /close CODE REASON; // begins a text with a slash; ^D ends"


async def acts(commands: bool) -> AsyncIterator[Act]:
    """What the lines of standard input ask for, as they come. *commands*: a line may begin with a slash."""
    from wsprobe import net

    async for line in net.stdin_lines():
        yield act(line) if commands else line


def act(line: Act) -> Act:
    """The act that a typed *line* stands for: a message, or what its slash names."""
    words = line.data.split(b" ", 2)
    match words:
        case [b"/ping", *rest]:
            return replace(line, do="ping", data=b" ".join(rest))
        case [b"/close"]:
            return replace(line, do="close", data=b"", code=1000)
        case [b"/close", code, *reason] if code.isdigit() and len(code) <= 5 and int(code) <= 65535:
            return replace(line, do="close", data=b" ".join(reason), code=int(code))
        case [first, *_] if first.startswith(b"//"):
            return replace(line, data=line.data[1:])
        case _:
            return line


class Listener:
    """Shows what comes in a session. Takes events as the network writes them."""

    def __init__(self, look: Look, stream: IO[str], raw: bool = False) -> None:
        """*raw*: write the bytes of each message and a line end, in place of a line about each frame."""
        self._look = look
        self._stream = stream
        self._raw = raw
        self._start_over()

    def _start_over(self) -> None:
        """The next bytes belong to a new connection."""
        self._head: HeadSplitter | None = HeadSplitter()
        self._received = bytearray()
        self._message = bytearray()
        self._open = False
        self._stream_of: StreamReader | None = None

    def event(self, event: Event) -> None:
        if isinstance(event, Ended):
            self._start_over()
        if isinstance(event, Sent) and event.data.startswith(b"PRI * HTTP/2.0"):
            from wsprobe.read.http2_stream import StreamReader

            self._stream_of = StreamReader()
        if not isinstance(event, Received):
            return
        if self._stream_of is not None:
            self._over_http2(self._stream_of, event)
            return
        self._received += event.data
        while self._head is not None and (head := self._head.advance(self._received)) is not None:
            del self._received[: len(head.raw)]
            self._open = opens_session(head)
            self._head = HeadSplitter() if response_of(head).interim else None
            if self._open and sys.stdin.isatty():
                note(HELP)
        if self._open:
            self._frames(event.at)

    def _over_http2(self, stream: StreamReader, event: Received) -> None:
        self._received += stream.receive(event.data)
        if stream.open and not self._open and sys.stdin.isatty():
            note(HELP)
        self._open = stream.open
        if self._open:
            self._frames(event.at)

    def _frames(self, at: int) -> None:
        start = 0
        messages = []
        while (found := frame_at(self._received, start, lambda _: at)) is not None:
            start = found.span[1]
            if not self._raw:
                emit([frame("<", found, self._look, ALONE)], self._stream, self._look)
            elif found.opcode <= BINARY:
                self._message += found.data
                if found.fin:
                    messages.append(bytes(self._message) + b"\n")
                    self._message.clear()
        del self._received[:start]
        if messages:
            write("-", b"".join(messages), "output")
            self._stream.flush()
