"""The input typed in a session: a text, or a command that begins with a slash."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from wsprobe.nearest import nearest
from wsprobe.talk import raw_frame
from wsprobe.talk.session import Outgoing
from wsprobe.text import whole_number

COMMANDS = {
    "/ping": ("[TEXT]", "send a Ping"),
    "/close": ("[CODE [REASON]]", "close; the default code is 1000"),
    "/send": ("FILE", "send the bytes of a file as one message"),
    "/binary": ("HEX", "send a binary message"),
    "/frame": ("FRAME", "send a frame written by hand: fin=0 opcode=1 payload=text"),
    "/reconnect": ("", "close, and connect again"),
    "/info": ("", "show what was negotiated, and how much was sent and received"),
    "/json": ("", "switch indented JSON on or off"),
    "/help": ("", "this"),
}
"""Name -> its arguments, and what it does."""


INTERRUPT = "\x03"
"""Stands for ^C, which cannot be typed as text."""


class PromptCommand(Struct, frozen=True):
    """A command that sends nothing, or needs to read a file."""

    what: Literal["send", "info", "json", "help", "reconnect"]
    argument: str = ""


class TypedError(ValueError):
    """An invalid command. The message is one line. Nothing is sent."""


def typed(line: str) -> Outgoing | PromptCommand:
    """Return the action for *line*. Raises TypedError."""
    data = line.encode("utf-8", "surrogateescape")
    if line.startswith("//"):
        return Outgoing("text", (data[1:],))
    if not line.startswith("/"):
        return Outgoing("text", (data,))
    name, _, rest = line.partition(" ")
    rest = rest.strip()
    match name:
        case "/ping":
            payload = rest.encode("utf-8", "surrogateescape")
            if len(payload) > 125:
                raise TypedError(
                    f"a Ping has room for 125 bytes, but this has {len(payload)} (RFC 6455 section 5.5)"
                )
            return Outgoing("ping", (payload,))
        case "/close":
            return _close(rest)
        case "/binary":
            try:
                return Outgoing("binary", (bytes.fromhex(rest),))
            except ValueError:
                raise TypedError(f"/binary: {rest!r} is not hexadecimal") from None
        case "/frame":
            try:
                return Outgoing("frame", (raw_frame.frame(rest),))
            except raw_frame.FrameError as error:
                raise TypedError(f"/frame: {error}") from None
        case "/send":
            if not rest:
                raise TypedError("/send: give a file")
            return PromptCommand("send", rest)
        case "/info":
            return PromptCommand("info")
        case "/json":
            return PromptCommand("json")
        case "/reconnect":
            return PromptCommand("reconnect")
        case "/help":
            return PromptCommand("help")
    near = nearest(name, COMMANDS)
    meant = f" (did you mean {near[0]}?)" if near else ""
    raise TypedError(f"no command {name}{meant}: nothing was sent. /{name} is the text; /help lists all")


def _close(rest: str) -> Outgoing:
    code, _, reason = rest.partition(" ")
    if not code:
        return Outgoing("close", code=1000)
    number = whole_number(code, 65535)
    if number is None:
        raise TypedError(f"/close: {code!r} is not a code from 0 to 65535: /close 4000 some reason")
    data = reason.strip().encode("utf-8", "surrogateescape")
    if len(data) > 123:
        raise TypedError(
            f"/close: a reason has room for 123 bytes, but this has {len(data)} (RFC 6455 section 5.5.1)"
        )
    return Outgoing("close", (data,), number)
