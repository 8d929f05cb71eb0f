"""The server's side of a scenario, without input or output: what to do next, step by step.

A performance is a generator. It yields what is to be done and is sent what came of it; whoever drives it has
the socket and the clock (``server``), or neither (``play``).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass

from wsprobe.lab.scenario import Step
from wsprobe.lab.stage.inbox import Inbox
from wsprobe.lab.template import fields, fill

PIECE = 65536
"""Bytes handed over at once; repeated data is made as it is sent."""

FAREWELL = 20.0
"""Seconds to wait for the client's end of stream after ours."""


@dataclass(frozen=True, slots=True)
class Send:
    data: bytes


@dataclass(frozen=True, slots=True)
class Pause:
    """Do nothing; what the client sends meanwhile waits."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Read:
    """Wait for bytes until the clock shows *until*. Answered by them, b"" at the end of the client's stream,
    None when the time is over."""

    until: float


@dataclass(frozen=True, slots=True)
class Finish:
    """End our side of the stream (FIN); over TLS without a close_notify."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Drop the connection with RST. Nothing can be done after it."""


@dataclass(frozen=True, slots=True)
class CloseNotify:
    """End our side of TLS in due form; nothing in clear."""


Deed = Send | Pause | Read | Finish | Reset | CloseNotify
Performance = Generator[Deed, bytes | None, None]


def perform(
    steps: Sequence[Step], values: Mapping[str, bytes], clock: Callable[[], float], inbox: Inbox
) -> Performance:
    """Play *steps*, then end the stream and wait for the client's end of it.

    *values* fill in the templates; *clock* tells seconds; *inbox* hears the client.
    """
    waiting = bytearray()
    finished = False
    for step in steps:
        if step.do == "send":
            for piece in _repeated(step, values):
                waiting += piece
                while len(waiting) >= PIECE:
                    yield Send(bytes(waiting[:PIECE]))
                    del waiting[:PIECE]
            continue
        if waiting:
            yield Send(bytes(waiting))
            waiting.clear()
        match step.do:
            case "send-bytewise":
                for byte in b"".join(_repeated(step, values)):
                    yield Send(bytes([byte]))
                    yield Pause(step.seconds)
            case "wait":
                yield Pause(step.seconds)
            case "hold":
                yield from _read(inbox, clock() + step.seconds, lambda: False)
            case "read":
                yield from _read(inbox, clock() + step.seconds, lambda: inbox.touched)
            case "read-frame":
                yield from _read(inbox, clock() + step.seconds, _another(inbox))
            case "read-close":
                yield from _read(inbox, clock() + step.seconds, lambda: inbox.close is not None)
            case "echo":
                yield from _echo(inbox, clock() + step.seconds)
            case "echo-close":
                waiting += inbox.close or b""
            case "fin":
                finished = True
                yield Finish()
            case "reset":
                yield Reset()
                return
            case "close-notify":
                yield CloseNotify()
    if waiting:
        yield Send(bytes(waiting))
    if not finished:
        yield Finish()
    yield from _read(inbox, clock() + FAREWELL, lambda: False)


def needed(steps: Sequence[Step]) -> frozenset[str]:
    """Return the names of all fields that *steps* want filled in.

    Raises TemplateError.
    """
    return frozenset().union(*(fields(step.data) for step in steps)) - {"number"}


def _repeated(step: Step, values: Mapping[str, bytes]) -> Iterator[bytes]:
    """Return the data of *step*, ``{number}`` counting its repetitions from 0, in pieces of bounded size."""
    if b"{number}" in step.data:
        for number in range(step.repeat):
            yield fill(step.data, {**values, "number": b"%d" % number})
        return
    once = fill(step.data, values)
    at_once = max(1, PIECE // max(1, len(once)))
    for number in range(0, step.repeat, at_once):
        yield once * min(at_once, step.repeat - number)


def _read(inbox: Inbox, until: float, enough: Callable[[], bool]) -> Generator[Deed, bytes | None, bool]:
    """Read until *enough* or the end of the client's stream; return False if the time was over before."""
    while not enough() and not inbox.ended:
        data = yield Read(until)
        if data is None:
            return False
        inbox.receive(data)
    return True


def _echo(inbox: Inbox, until: float) -> Performance:
    """Send every message back, answer Ping and Close, until the client closes or the time is over."""
    in_time = True
    while True:
        if inbox.answers:
            yield Send(bytes(inbox.answers))
            inbox.answers.clear()
        if not in_time or inbox.ended or inbox.close is not None:
            return
        in_time = yield from _read(inbox, until, _another(inbox))


def _another(inbox: Inbox) -> Callable[[], bool]:
    """Return a test of whether a further frame has come since now."""
    seen = inbox.frames
    return lambda: inbox.frames > seen
