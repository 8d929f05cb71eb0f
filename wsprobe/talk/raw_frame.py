"""A frame written by hand (--send-frame): what a well-behaved client never sends."""

from __future__ import annotations

import os
import shlex
from struct import pack

from wsprobe.nearest import nearest
from wsprobe.read.reading import mask
from wsprobe.text import whole_number

OPCODES = {"continuation": 0, "text": 1, "binary": 2, "close": 8, "ping": 9, "pong": 10}
WORDS = {
    "fin": "1 or 0",
    "rsv": "0 to 7 (RSV1 is 4), or rsv1, rsv2, rsv3 = 1",
    "rsv1": "1 or 0",
    "rsv2": "1 or 0",
    "rsv3": "1 or 0",
    "opcode": "0 to 15, or its name",
    "mask": "yes, no, or the key as eight hexadecimal digits",
    "length": "the length in the header, instead of the payload's",
    "length-bytes": "0, 2 or 8: how many bytes after the second one hold it, instead of the fewest",
    "payload": "text; \\xNN and \\n are escapes",
    "hex": "the payload in hexadecimal",
    "code": "of a Close: comes before the payload",
}
FORM = "'fin=1 opcode=text rsv=0 mask=yes payload=TEXT', or 'raw=HEX'"


class FrameError(ValueError):
    """An invalid frame. The message is one line."""


def frame(text: str) -> bytes:
    """The bytes that *text* (``fin=0 opcode=1 rsv=2 mask=no payload='some text'``) describes.

    Raises FrameError.
    """
    fields = _words(text)
    if "raw" in fields:
        if len(fields) > 1:
            raise FrameError("raw= is the whole frame: nothing else may go with it")
        return _hex(fields["raw"], "raw")
    payload = _payload(fields)
    rsv = _number(fields, "rsv", 0, 7)
    for bit, name in ((4, "rsv1"), (2, "rsv2"), (1, "rsv3")):
        rsv |= bit * _number(fields, name, 0, 1)
    first = _number(fields, "fin", 1, 1) << 7 | rsv << 4 | _opcode(fields.get("opcode", "text"))
    key = _key(fields.get("mask", "yes"))
    length = _number(fields, "length", len(payload), 2**64 - 1)
    size = _size(fields, length)
    second = (0x80 if key is not None else 0) | {0: length, 2: 126, 8: 127}[size]
    header = bytes((first, second)) + (pack("!H", length) if size == 2 else pack("!Q", length) if size else b"")
    return header + (payload if key is None else key + mask(payload, key))


def _words(text: str) -> dict[str, str]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars=False)
    lexer.whitespace_split, lexer.escape, lexer.commenters = True, "", ""
    try:
        words = list(lexer)
    except ValueError:
        raise FrameError(f"{text!r}: a quotation mark is not closed") from None
    fields: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or (name not in WORDS and name != "raw"):
            near = nearest(name, WORDS)
            meant = f"; did you mean {near[0]}=?" if near else ""
            raise FrameError(f"{word!r} is not part of a frame{meant}; a frame is {FORM}")
        fields[name] = value
    if not fields:
        raise FrameError(f"the frame is empty; a frame is {FORM}")
    return fields


def _number(fields: dict[str, str], name: str, default: int, most: int) -> int:
    if name not in fields:
        return default
    number = whole_number(fields[name], most)
    if number is None:
        raise FrameError(f"{name}={fields[name]}: it is a number from 0 to {most}")
    return number


def _opcode(text: str) -> int:
    if text in OPCODES:
        return OPCODES[text]
    try:
        number = int(text, 0)
    except ValueError:
        number = -1
    if not 0 <= number <= 15:
        raise FrameError(f"opcode={text}: it is a number from 0 to 15, or one of {', '.join(OPCODES)}")
    return number


def _key(text: str) -> bytes | None:
    if text in ("no", "0"):
        return None
    if text in ("yes", "1"):
        return os.urandom(4)
    key = _hex(text, "mask")
    if len(key) != 4:
        raise FrameError(f"mask={text}: it is yes, no, or a key of eight hexadecimal digits")
    return key


def _hex(text: str, name: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise FrameError(f"{name}={text}: that is not hexadecimal") from None


def _payload(fields: dict[str, str]) -> bytes:
    if "payload" in fields and "hex" in fields:
        raise FrameError("payload= and hex= are both the payload: leave one out")
    data = _hex(fields["hex"], "hex") if "hex" in fields else _unescaped(fields.get("payload", ""))
    if "code" in fields:
        data = pack("!H", _number(fields, "code", 0, 65535)) + data
    return data


def _unescaped(text: str) -> bytes:
    whole = os.fsencode(text)
    try:
        return whole.decode("unicode_escape").encode("latin-1")
    except (UnicodeDecodeError, UnicodeEncodeError):
        raise FrameError(
            f"payload={text}: it has an escape other than \\xNN, \\n, \\r, \\t, \\0 or \\\\"
        ) from None


def _size(fields: dict[str, str], length: int) -> int:
    fewest = 0 if length <= 125 else 2 if length <= 0xFFFF else 8
    if "length-bytes" not in fields:
        return fewest
    if fields["length-bytes"] not in ("0", "2", "8"):
        raise FrameError(f"length-bytes={fields['length-bytes']}: it is 0, 2 or 8")
    size = int(fields["length-bytes"])
    if size < fewest:
        raise FrameError(f"length-bytes={size}: a length of {length} needs {fewest}")
    return size
