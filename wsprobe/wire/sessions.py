"""What follows a 101 of an older wire version, read without loss: the readers of ``read.sessions.READERS``."""

from __future__ import annotations

from msgspec.structs import replace

from wsprobe.read.frames import One, When, read_frames
from wsprobe.read.head import split_head
from wsprobe.read.reading import Session
from wsprobe.wire.hixie import ANSWER, frame_at_75, frame_at_76
from wsprobe.wire.hybi import mask_of_04, mask_of_05, of_client, of_server


def hixie_75(received: bytes, start: int, when: When, sent: bytes, own: int, when_sent: When) -> Session:
    made = _session(frame_at_75, frame_at_75, received, start, when, sent, own, when_sent)
    return replace(made, close_codes=False, drops=True)


def hixie_76(received: bytes, start: int, when: When, sent: bytes, own: int, when_sent: When) -> Session:
    """The session begins behind the sixteen bytes that answer the challenge."""
    challenge = received[start : start + ANSWER]
    opened = start + len(challenge)
    made = _session(frame_at_76, frame_at_76, received, opened, when, sent, own, when_sent)
    return replace(made, challenge=challenge, close_codes=False)


def hybi_04(received: bytes, start: int, when: When, sent: bytes, own: int, when_sent: When) -> Session:
    answer, end = split_head(received)
    while end < start:
        answer, end = split_head(received, end)
    ours = of_client(mask_of_04(split_head(sent)[0], answer))
    made = _session(of_server, ours, received, start, when, sent, own, when_sent)
    return replace(made, close_codes=False)


def hybi_05(received: bytes, start: int, when: When, sent: bytes, own: int, when_sent: When) -> Session:
    """Its Close has a first byte that says whose it is, and no code."""
    return replace(hybi_06(received, start, when, sent, own, when_sent), close_codes=False)


def hybi_06(received: bytes, start: int, when: When, sent: bytes, own: int, when_sent: When) -> Session:
    return _session(of_server, of_client(mask_of_05), received, start, when, sent, own, when_sent)


def _session(
    theirs: One, ours: One, received: bytes, start: int, when: When, sent: bytes, own: int, when_sent: When
) -> Session:
    frames, rest = read_frames(received, start, when, theirs)
    return Session(frames, rest, start, read_frames(sent, own, when_sent, ours)[0])
