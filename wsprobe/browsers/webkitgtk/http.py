"""How libsoup reads an HTTP answer: the head byte for byte, the fields, and the end of the body.

libsoup acts on an answer other than 101 only when the body has ended.

Sources: libsoup/http1/soup-message-io-data.c (soup_message_io_data_read_headers), libsoup/soup-headers.c
(soup_headers_parse, soup_headers_parse_status_line, soup_headers_parse_response),
libsoup/soup-message-headers.c (soup_message_headers_set, get_encoding), libsoup/soup-message.c
(soup_message_is_keepalive), libsoup/http1/soup-client-message-io-http1.c (parse_headers, io_read),
libsoup/http1/soup-body-input-stream.c.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

_FIELD = re.compile(rb"([^ \t\r\n:]+):([^\n]*(?:\n[ \t][^\n]*)*)\n|[^\n]*\n")
"""A line: that of a field with its folds, or any other."""
_BLANKS = re.compile(rb"[\r\n]*")
_STATUS_LINE = re.compile(rb"(?:HTTP/([0-9]+)\.([0-9]+)|(ICY))[ \t]*([0-9]*)")
_ESCAPED = "[\udc80-\udcff]"


class Cut(Struct, frozen=True):
    """The place of a head in the bytes received."""

    text: bytes
    """The head without the blank line."""
    end: int
    """Offset of the first byte after the blank line."""


class Head(Struct, frozen=True):
    old: bool
    """True for HTTP/1.0 and for ICY, which libsoup treats the same."""
    status: int
    fields: Fields


class TooBig(Exception):
    """The head exceeds the limit of libsoup. The argument is the offset of the first byte too many."""


def cut(data: bytes, start: int, limit: int, *, ended: bool) -> Cut | None:
    """The head that begins at *start*; None if it has not ended. *limit*: the most bytes of a head.

    *ended*: nothing more arrives, so the bytes so far count as a head. Raises TooBig.
    """
    end = _end(data, start)
    text = data[start:] if end is None else data[start : end[0]]
    if len(text) > limit:
        raise TooBig(start + limit)
    if end is None:
        return Cut(text, len(data)) if ended and text else None
    return Cut(text, end[1])


def parse(text: bytes) -> Head | None:
    """The parsed head, None if libsoup cannot parse it."""
    blanks = _BLANKS.match(text)
    text = text[blanks.end() :] if blanks else text
    found = _fields(text)
    if found is None:
        return None
    line = _STATUS_LINE.match(text)
    if line is None or len(line[4]) != 3:
        return None
    status = int(line[4])
    if status < 100:
        return None
    old = True
    if not line[3]:
        major, minor = int(line[1][-20:]), int(line[2][-20:])
        if len(line[1].lstrip(b"0")) > 1 or major != 1 or len(line[2].lstrip(b"0")) > 1 or minor > 1:
            return None
        old = minor == 0
    fields = Fields(found)
    return Head(old, status, fields.without_connection_options() if old else fields)


def _end(data: bytes, start: int) -> tuple[int, int] | None:
    """(end of the last line, end of the blank line), None if there is no blank line yet. A blank line at the
    very start does not count."""
    found = ((data.find(mark, start + len(mark) - 1), len(mark)) for mark in (b"\n\n", b"\n\r\n"))
    return min(((at + 1, at + size) for at, size in found if at >= 0), default=None)


def _fields(text: bytes) -> list[tuple[bytes, bytes]] | None:
    """The fields (name, value) of a head without its first line; None if libsoup cannot parse them
    (soup_headers_parse)."""
    if not text.endswith(b"\n") or b"\0" in text:
        return None
    lines = _FIELD.finditer(text, text.find(b"\n") + 1)
    return [(_valid(line[1]), _value(line[2])) for line in lines if line[1]]


def _value(text: bytes) -> bytes:
    """A value with a space for each fold and each stray CR."""
    text = text.lstrip(b" \t\r\n")
    if b"\n" in text:
        first, *middle, last = text.split(b"\n")
        kept = (each.lstrip(b" \t").rstrip(b" \t\r") for each in middle)
        text = b" ".join((first.rstrip(b" \t\r"), *filter(None, kept), last.lstrip(b" \t")))
    text = text.rstrip(b" \t\r").replace(b"\r", b" ")
    return _valid(text)


def _valid(text: bytes) -> bytes:
    """*text* with U+FFFD for each byte that is not UTF-8 (g_utf8_make_valid)."""
    if text.isascii():
        return text
    return re.sub(_ESCAPED, "\ufffd", text.decode("utf-8", "surrogateescape")).encode()


SPACE = b" \t\n\f\r"
"""White space by g_ascii_isspace()."""


class Fields:
    """The fields of one head, in the order sent."""

    __slots__ = ("_fields",)

    def __init__(self, fields: list[tuple[bytes, bytes]]) -> None:
        self._fields = [(name.lower(), value) for name, value in fields]

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield (name in lower case, value)."""
        return iter(self._fields)

    def values(self, name: bytes) -> list[bytes]:
        """The values of all fields called *name* (lower case)."""
        return [value for key, value in self._fields if key == name]

    def one(self, name: bytes) -> bytes | None:
        """The last of these values, None without one (soup_message_headers_get_one)."""
        return next((value for key, value in reversed(self._fields) if key == name), None)

    def joined(self, name: bytes) -> bytes | None:
        """These values as one list, None without one (soup_message_headers_get_list)."""
        values = self.values(name)
        return b", ".join(values) if values else None

    def has_token(self, name: bytes, token: bytes) -> bool:
        """True if *token* is in the list of *name* (soup_message_headers_header_contains)."""
        return contains(self.joined(name) or b"", token)

    def without_connection_options(self) -> Fields:
        """The fields that Connection does not list (soup_message_headers_clean_connection_headers)."""
        named = {item.lower() for item in items(self.joined(b"connection") or b"")}
        return Fields([field for field in self._fields if field[0] not in named])


_QUOTED = rb'"((?:\\.|[^"\\]|\\\Z)*)(?:"|\Z)'
_BACKSLASH = rb"(?s)\\(.)"
_ITEM = {mark: rb'(?s)(?![ \t\n\f\r%b])(?:%b|[^"%b])+' % (mark, _QUOTED, mark) for mark in (b",", b";")}


def items(value: bytes, mark: bytes = b",") -> list[bytes]:
    """The elements of a list, without empty ones; quotes and backslashes are respected (parse_list)."""
    return [item[0].rstrip(SPACE) for item in re.finditer(_ITEM[mark], value)]


def contains(value: bytes, token: bytes, *, case: bool = False) -> bool:
    """True if *token* is an element of the list *value* (soup_header_contains). *case*: letter case must
    match."""
    if case:
        return token in items(value)
    return token.lower() in (item.lower() for item in items(value))


def parameters(value: bytes, mark: bytes = b";", *, strict: bool = True) -> dict[bytes, bytes | None] | None:
    """The parameters in a list separated by *mark*. Of two with the same name the first counts, or the one of
    RFC 8187; if *strict*, two make the result None (parse_param_list)."""
    found: dict[bytes, bytes | None] = {}
    seen: set[bytes] = set()
    for item in items(value, mark):
        name, equals, text = item.partition(b"=")
        name = name.rstrip(SPACE)
        content: bytes | None = None
        extended = False
        if equals:
            if not name:
                continue
            content = text.lstrip(SPACE)
            if len(name) > 1 and name.endswith(b"*"):
                name, decoded = name[:-1], _extended(content)
                if decoded is None:
                    continue
                content, extended = decoded, True
            elif content.startswith(b'"'):
                quoted = re.match(b"(?s)" + _QUOTED, content)
                content = re.sub(_BACKSLASH, rb"\1", quoted[1]) if quoted else content
        if name.lower() in seen:
            if strict:
                return None
            if not extended:
                continue
            found = {key: value for key, value in found.items() if key.lower() != name.lower()}
        seen.add(name.lower())
        found[name] = content
    return found


def _extended(value: bytes) -> bytes | None:
    """The value of RFC 8187 syntax (charset'language'value); None if *value* is not in that syntax."""
    from urllib.parse import unquote_to_bytes

    charset, first, rest = value.partition(b"'")
    _, second, text = rest.partition(b"'")
    if not first or not second:
        return None
    if b"utf-8".startswith(charset.lower()):  # g_ascii_strncasecmp() stops at the shorter one
        return unquote_to_bytes(text)
    if b"iso-8859-1".startswith(charset.lower()):
        return unquote_to_bytes(text).decode("latin-1").encode()
    return None


Encoding = Literal["none", "length", "chunked", "eof", "unrecognized"]

_NUMBER = rb"[ \t\n\v\f\r]*([+-]?)([0-9]+)"
_CHUNK_SIZE = rb"[ \t\n\v\f\r]*([+-]?)(?:0[xX])?([0-9A-Fa-f]+)"
_UNSIGNED, _SIGNED = 2**64 - 1, 2**63 - 1
_LINE = 128
"""The most bytes of a line of the chunked coding, with its end."""


class Unended(Exception):
    """The connection ended before the body did."""


class TooLong(Exception):
    """A line of the chunked coding is too long. The argument is the offset of the last byte that fits."""


class Framing(Struct, frozen=True):
    encoding: Encoding
    length: int
    """Bytes of the body; -1 if unknown."""
    keep_alive: bool


def framing(head: Head) -> Framing:
    """How the body of a response with this *head* to a GET is framed."""
    encoding, length = _encoding(head)
    keep_alive = encoding != "eof" and _keeps_alive(head)
    if head.status in (204, 304):
        return Framing("none", -1, keep_alive)
    if encoding == "length" and not keep_alive:
        # "Some servers suck": too short a body is forgiven where the connection ends with it.
        return Framing("eof", length, keep_alive)
    return Framing(encoding, length, keep_alive)


def body_end(data: bytes, start: int, frame: Framing, *, ended: bool) -> int | None:
    """The offset after the body; None if the body has not ended. *ended*: nothing more arrives.

    Raises Unended and TooLong.
    """
    if frame.encoding == "none":
        return start
    if frame.encoding == "chunked":
        end = _chunked_end(data, start, ended=ended)
    elif frame.length >= 0:
        end = start + frame.length if len(data) - start >= frame.length else None
    else:
        end = None
    if end is None and ended:
        if frame.encoding == "eof":
            return len(data)
        raise Unended
    return end


def _encoding(head: Head) -> tuple[Encoding, int]:
    """The framing by the last Transfer-Encoding or Content-Length, and the length. A chunked body stays
    chunked."""
    encoding: Encoding | None = None
    length = -1
    for name, value in head.fields:
        if name == b"transfer-encoding":
            if value.lower() == b"chunked":
                encoding = "chunked"
            elif value.lower() != b"identity":
                encoding = "unrecognized"
        elif name == b"content-length" and encoding != "chunked":
            number = _length(value)
            encoding, length = ("unrecognized", -1) if number is None else ("length", number)
    return encoding or "eof", length


def _length(value: bytes) -> int | None:
    if not value:
        return 0
    match = re.fullmatch(_NUMBER, value)
    if match is None:
        return None
    number = _signed(int(match[2].lstrip(b"0")[:21] or b"0"), minus=match[1] == b"-")
    # -1 stands for "not known"; what is less is out of the range of the property, which then stays 0.
    return 0 if number < -1 else number


def _signed(number: int, *, minus: bool) -> int:
    """The result of strtoull(), stored in a goffset (64 bits with a sign)."""
    if number > _UNSIGNED:
        number = _UNSIGNED
    elif minus:
        number = -number & _UNSIGNED
    return number if number <= _SIGNED else number - _UNSIGNED - 1


def _keeps_alive(head: Head) -> bool:
    if head.old:
        return head.fields.has_token(b"connection", b"keep-alive")
    return not head.fields.has_token(b"connection", b"close")


def _chunked_end(data: bytes, start: int, *, ended: bool) -> int | None:
    at: int | None = start
    while at is not None and (line := _line_end(data, at)) is not None:
        match = re.compile(_CHUNK_SIZE).match(data, at, line)
        size = _signed(int(match[2].lstrip(b"0")[:17] or b"0", 16), minus=match[1] == b"-") if match else 0
        if size <= 0:
            return _trailers_end(data, line, ended=ended)
        at = _line_end(data, line + size)
    return None


def _line_end(data: bytes, at: int) -> int | None:
    """The offset after the line at *at*, None if it has not ended. Raises TooLong."""
    end = data.find(b"\n", at, at + _LINE)
    if end >= 0:
        return end + 1
    if len(data) - at >= _LINE:
        raise TooLong(at + _LINE - 1)
    return None


def _trailers_end(data: bytes, at: int, *, ended: bool) -> int | None:
    """The offset after the trailers. Any one line ends them, complete or not: the test for a blank line is true
    for every line (soup-body-input-stream.c)."""
    try:
        end = _line_end(data, at)
    except TooLong as line:
        return int(line.args[0]) + 1
    return len(data) if end is None and ended and at < len(data) else end
