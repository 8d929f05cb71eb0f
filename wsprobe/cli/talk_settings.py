"""The options that only `talk` has: how to hold a session."""

import re
from typing import Annotated, Any, ClassVar, Literal

import click

from wsprobe.cli.option import Seconds, Whole
from wsprobe.cli.request_settings import HOLD
from wsprobe.cli.section import Declared, Section
from wsprobe.talk.codec import Shape

SAVED = 1 << 24
"""The most bytes that --save keeps of each side of a session; compare reads lines as long as that makes
them."""
MESSAGE = 1 << 24
"""The most bytes of a message, unless --max-message changes it."""


def _size(text: str) -> int | None:
    found = re.fullmatch(r"(\d+)\s*([kmg]?)(?:i?b)?", text.lower())
    return None if found is None else int(found[1]) << {"": 0, "k": 10, "m": 20, "g": 30}[found[2]]


class Size(click.ParamType[int]):
    """A number of bytes: 4096, 64k, 16m, 1g."""

    name = "bytes"

    def __init__(self, most: int | None = None) -> None:
        self._most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        size = value if isinstance(value, int) else _size(value)
        if size is None:
            self.fail(f"{value!r} is not a number of bytes (4096, 64k, 16m, 1g)", param, ctx)
        if self._most is not None and size > self._most:
            self.fail(f"{value!r} is more than {self._most >> 20}m", param, ctx)
        return size


FRAMES = "Frames"


class TalkSettings(Section, frozen=True, kw_only=True):
    """How to hold a session."""

    heading: ClassVar[str] = HOLD

    binary: Annotated[
        bool,
        Declared(
            "--binary",
            help="send each line as a binary message",
        ),
    ] = False
    null: Annotated[
        bool,
        Declared(
            "--null",
            rare=True,
            help="each message ends with a NUL instead of a line end, both ways",
        ),
    ] = False
    jsonl: Annotated[
        bool,
        Declared(
            "--jsonl",
            help="one JSON object a line, both ways",
        ),
    ] = False
    send_files: Annotated[
        tuple[str, ...],
        Declared(
            "--send-file",
            metavar="FILE",
            help="send the bytes of FILE as one message: text if it is UTF-8, unless --binary",
        ),
    ] = ()
    send_frames: Annotated[
        tuple[str, ...],
        Declared(
            "--send-frame",
            heading=FRAMES,
            metavar="FRAME",
            rare=True,
            help="send a frame written by hand: 'fin=0 opcode=1 rsv=2 mask=no payload=text'",
        ),
    ] = ()
    count: Annotated[
        int | None,
        Declared(
            "--count",
            type=Whole(1),
            help="end after N messages; exit with 20 if fewer arrived",
        ),
    ] = None
    match: Annotated[
        str | None,
        Declared(
            "--match",
            metavar="REGEX",
            help="end after a message that matches REGEX; exit with 20 if none did",
        ),
    ] = None
    eof: Annotated[
        Literal["close", "wait", "keep"] | None,
        Declared(
            "--eof",
            type=click.Choice(["close", "wait", "keep"]),
            rare=True,
            help="at the end of input: close, wait (until nothing arrives for --linger; the default), or keep",
        ),
    ] = None
    ping_interval: Annotated[
        float | None,
        Declared(
            "--ping-interval",
            type=Seconds(zero=False),
            rare=True,
            help="send a Ping at this interval; end the session if nothing arrives between two",
        ),
    ] = None
    max_message: Annotated[
        int,
        Declared(
            "--max-message",
            heading=FRAMES,
            type=Size(),
            rare=True,
            help="close with 1009 on a longer message [default: 16m]",
        ),
    ] = MESSAGE
    fragments: Annotated[
        int,
        Declared(
            "--fragments",
            heading=FRAMES,
            type=Whole(1, 1_000_000),
            rare=True,
            help="send each message in N frames",
        ),
    ] = 1
    fragment_size: Annotated[
        int | None,
        Declared(
            "--fragment-size",
            heading=FRAMES,
            type=Size(),
            rare=True,
            help="send each message in frames of at most this many bytes",
        ),
    ] = None
    compress_from: Annotated[
        int,
        Declared(
            "--compress-from",
            heading=FRAMES,
            type=Size(),
            show_default=True,
            rare=True,
            help="compress messages from this size on, if permessage-deflate was agreed",
        ),
    ] = Shape().compress_from
    save_max: Annotated[
        int,
        Declared(
            "--save-max",
            type=Size(SAVED),
            rare=True,
            help="with --save: bytes of the session that are kept, at most 16m [default: 16m]",
        ),
    ] = SAVED
