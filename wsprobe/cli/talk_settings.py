"""The options that only `talk` has: how to hold a session."""

from typing import ClassVar, Literal

import click

from wsprobe.cli.option import Seconds, Section, Size, Whole, opt
from wsprobe.cli.request_settings import HOLD
from wsprobe.talk.codec import MESSAGE_MAX, Shape

SAVED = 1 << 24
"""The most bytes that --save keeps of each side of a session; compare reads lines as long as that makes
them."""
FRAMES = "Frames"


class TalkSettings(Section, frozen=True, kw_only=True):
    """How to hold a session."""

    heading: ClassVar[str] = HOLD

    binary: bool = opt(
        "--binary",
        "send each line as a binary message",
        rare=True,
        entry="send each line as a binary message; end each message with a NUL instead of a line end, both "
        "ways; print messages byte for byte, with nothing between them",
    )
    null: bool = opt(
        "--null", "each message ends with a NUL instead of a line end, both ways", rare=True, entry=""
    )
    raw: bool = opt("--raw", "print messages byte for byte, with nothing between them", rare=True, entry="")
    jsonl: bool = opt("--jsonl", "one JSON object a line, both ways")
    awaits: tuple[tuple[str, str], ...] = opt(
        "--await TEXT", "send what follows on the command line after a message with TEXT has arrived", ()
    )
    answers: tuple[tuple[str, str], ...] = opt(
        "--answer WHEN THEN",
        "answer each message that is WHEN with THEN, as --answer 2 3",
        (),
        nargs=2,
        rare=True,
    )
    send_files: tuple[str, ...] = opt(
        "--send-file FILE", "send the bytes of FILE as one message: text if it is UTF-8, unless --binary", ()
    )
    send_frames: tuple[str, ...] = opt(
        "--send-frame FRAME",
        "send a frame written by hand: 'fin=0 opcode=1 rsv=2 mask=no payload=text'",
        (),
        heading=FRAMES,
        rare=True,
    )
    count: int | None = opt(
        "--count",
        "end after N messages; exit with 20 if fewer arrived",
        type=Whole(1),
        entry="end after N messages; after one that matches REGEX; exit with 20 if that did not happen",
    )
    match: str | None = opt(
        "--match REGEX", "end after a message that matches REGEX; exit with 20 if none did", entry=""
    )
    eof: Literal["close", "wait", "keep"] | None = opt(
        "--eof",
        "at the end of input: close, wait (until nothing arrives for --linger; the default), or keep",
        type=click.Choice(["close", "wait", "keep"]),
        rare=True,
    )
    history: str | None = opt(
        "--history FILE",
        "at the prompt: keep what was typed in FILE, for later runs",
        rare=True,
        entry="at the prompt: keep what was typed in FILE, for later runs; show JSON indented from the start, "
        "as after /json",
    )
    pretty: bool = opt(
        "--pretty", "at the prompt: show JSON indented from the start, as after /json", rare=True, entry=""
    )
    reconnect: int = opt(
        "--reconnect",
        "connect again up to N times after a session that ended without wsprobe's Close or a normal one",
        0,
        type=Whole(0, 1000),
        rare=True,
    )
    ping_interval: float | None = opt(
        "--ping-interval",
        "send a Ping at this interval; end the session if nothing arrives between two",
        type=Seconds(zero=False),
        rare=True,
    )
    max_message: int = opt(
        "--max-message",
        "close with 1009 on a longer message",
        MESSAGE_MAX,
        written="16m",
        heading=FRAMES,
        type=Size(),
        rare=True,
    )
    fragments: int = opt(
        "--fragments",
        "send each message in N frames",
        1,
        heading=FRAMES,
        type=Whole(1, 1_000_000),
        show_default=False,
        rare=True,
        entry="send each message in N frames; in frames of at most this many bytes",
    )
    fragment_size: int | None = opt(
        "--fragment-size",
        "send each message in frames of at most this many bytes",
        heading=FRAMES,
        type=Size(),
        rare=True,
        entry="",
    )
    compress_from: int = opt(
        "--compress-from",
        "compress messages from this size on, if permessage-deflate was agreed",
        Shape().compress_from,
        heading=FRAMES,
        type=Size(),
        rare=True,
    )
    save_max: int = opt(
        "--save-max",
        "with --save: bytes of the session that are kept, at most 16m",
        SAVED,
        written="16m",
        type=Size(SAVED),
        rare=True,
    )
