"""RFC 6455 sections 5.1, 5.2 and 5.5: each frame by itself.

One finding a rule: it points at the first frame that breaks it and counts the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from wsprobe.judge.finding import Finding
from wsprobe.judge.findings import counted, found
from wsprobe.judge.handshake.extensions import DEFLATE, accepted
from wsprobe.judge.subject import PEER_ENDED, handshake, how, not_frames, said, session
from wsprobe.read.reading import Frame, Reading, Span

_NAMES = {0: "continuation", 1: "text", 2: "binary", 8: "Close", 9: "Ping", 10: "Pong"}
_MSB = 1 << 63
_HEADER_MAX = 14

_Broken = Callable[[Frame], bool]
_Words = Callable[[Frame], str]

_CHECKS: tuple[tuple[str, _Broken, _Words], ...] = (
    (
        "frame-opcode-reserved",
        lambda frame: frame.opcode not in _NAMES,
        lambda frame: f"opcode {frame.opcode} is reserved",
    ),
    ("frame-masked", lambda frame: frame.masked, lambda frame: f"the server masks a {name(frame)} frame"),
    (
        "control-fragmented",
        lambda frame: frame.opcode >= 8 and not frame.fin,
        lambda frame: f"a {name(frame)} frame without FIN",
    ),
    (
        "control-too-long",
        lambda frame: frame.opcode >= 8 and frame.length > 125,
        lambda frame: f"a {name(frame)} frame of {frame.length} bytes",
    ),
    (
        "frame-length-not-minimal",
        lambda frame: not frame.minimal,
        lambda frame: f"the length {frame.length} is written in more bytes than it needs",
    ),
    (
        "frame-length-msb",
        lambda frame: frame.length >= _MSB,
        lambda frame: f"a {name(frame)} frame announces {frame.length} bytes",
    ),
)


def name(frame: Frame) -> str:
    return _NAMES.get(frame.opcode, f"opcode {frame.opcode}")


def header(frame: Frame) -> Span:
    return frame.start, frame.start + len(frame.header)


def frames(reading: Reading) -> Iterator[Finding]:
    """Every frame up to the server's Close, and the rest of one at the end."""
    of = session(reading)
    if of is None:
        return
    frames = said(of)
    for id, broken, words in _CHECKS:
        yield from _first(id, [frame for frame in frames if broken(frame)], words)
    yield from _reserved_bits(reading, frames)
    if how(reading) in PEER_ENDED:
        yield from _incomplete(frames, of.rest)


def _first(id: str, bad: list[Frame], words: _Words) -> Iterator[Finding]:
    if bad:
        more = f", and so {len(bad) - 1} more" if len(bad) > 1 else ""
        yield found(id, words(bad[0]) + more, header(bad[0]))


def _reserved_bits(reading: Reading, frames: tuple[Frame, ...]) -> Iterator[Finding]:
    """RSV1 to RSV3; an extension that is not known here may define any of them."""
    in_use = {extension.name for extension, _ in accepted(reading)}
    if in_use - {DEFLATE}:
        return

    def verdict(frame: Frame) -> str:
        if not frame.rsv:
            return ""
        data = frame.opcode in (1, 2)
        if frame.rsv != 4:
            return "frame-rsv"
        if in_use:
            return "" if data else "frame-rsv1-misplaced"
        return "frame-compressed-unnegotiated" if data else "frame-rsv"

    ids = [verdict(frame) for frame in frames]
    for id, words in (
        ("frame-rsv", lambda frame: f"{_bits(frame)} set on a {name(frame)} frame"),
        ("frame-rsv1-misplaced", lambda frame: f"RSV1 is set on a {name(frame)} frame"),
        (
            "frame-compressed-unnegotiated",
            lambda frame: (
                f"a {name(frame)} message is marked as compressed, and the 101 accepts no compression"
            ),
        ),
    ):
        yield from _first(id, [frame for frame, own in zip(frames, ids, strict=True) if own == id], words)


def _bits(frame: Frame) -> str:
    names = [f"RSV{i + 1}" for i in range(3) if frame.rsv & 4 >> i]
    return " and ".join(names) + (" is" if len(names) == 1 else " are")


def _incomplete(frames: tuple[Frame, ...], rest: bytes) -> Iterator[Finding]:
    last = frames[-1] if frames else None
    if last is not None and not last.complete:
        yield found(
            "frame-incomplete",
            f"a {name(last)} frame ends after {len(last.payload)} of {last.length} bytes",
            last.span,
        )
    elif rest and len(rest) < _HEADER_MAX and (last is None or last.opcode != 8):
        yield found(
            "frame-incomplete",
            f"the session ends with {counted(len(rest), 'byte')}, too few for a frame header",
        )


def other_bytes(reading: Reading) -> Iterator[Finding]:
    """What follows the 101 where it is plainly no frame: a body, HTTP, text."""
    kind = not_frames(reading)
    response = handshake(reading)
    if not kind or response is None or reading.session is None:
        return
    start = reading.session.start
    span = (start, min(len(reading.received), start + 64))
    if kind == "text" and (response.head.all(b"content-length") or response.head.all(b"transfer-encoding")):
        yield found("body-on-101", "a body follows the 101, where frames are due", span)
    else:
        words = "a line end follows" if kind == "line ends" else f"{_KINDS.get(kind, kind)} follows"
        yield found("session-not-frames", f"{words} the 101, where frames are due", span)


_KINDS = {"tls": "TLS", "ssh": "SSH", "http2": "HTTP/2", "ftp": "FTP", "smtp": "SMTP"}
