"""The head of a response, found and parsed byte for byte as libsoup does.

Sources: libsoup/http1/soup-message-io-data.c (soup_message_io_data_read_headers), libsoup/soup-headers.c
(soup_headers_parse, soup_headers_parse_status_line, soup_headers_parse_response).
"""

from __future__ import annotations

from wsprobe.browsers.webkitgtk.soup.http.fields import Fields
from wsprobe.pattern import pattern
from wsprobe.value import dataclass

_HEAD_END = pattern(rb"\n\r?\n")
_BLANKS = pattern(rb"[\r\n]*")
_STATUS_LINE = pattern(rb"(?:HTTP/([0-9]+)\.([0-9]+)|(ICY))[ \t]*([0-9]*)")
_WHITE = pattern(rb"[ \t\r\n]")
_FOLD = pattern(rb"(?:[ \t\r]*\n[ \t]*)+")
_ESCAPED = pattern("[\udc80-\udcff]")
_STARTS_FOLD = (b" ", b"\t")


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a head lies in the bytes received."""

    text: bytes
    """Without the blank line."""
    end: int
    """Offset of the first byte after the blank line."""


@dataclass(frozen=True, slots=True)
class Head:
    old: bool
    """HTTP/1.0, or ICY, which counts as such."""
    status: int
    fields: Fields


class TooBig(Exception):
    """The head is larger than libsoup takes. The argument is the offset of the byte too many."""


def cut(data: bytes, start: int, limit: int, *, ended: bool) -> Cut | None:
    """The head that begins at *start*; None if its end has not come yet.

    *ended*: nothing more comes, so that what there is counts as a head. Raises ``TooBig``.
    """
    end = _end(data, start)
    text = data[start:] if end is None else data[start : end[0]]
    if len(text) > limit:
        raise TooBig(start + limit)
    if end is None:
        return Cut(text, len(data)) if ended and text else None
    return Cut(text, end[1])


def parse(text: bytes) -> Head | None:
    """The head, None if libsoup cannot parse it."""
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
    """(end of the last line, end of the blank line): a blank line that is the first one does not count."""
    at = start
    while (found := _HEAD_END.search(data, at)) is not None:
        line_end = found.start() + 1
        before = line_end - start
        if before >= (3 if found[0] == b"\n\r\n" else 2):
            return line_end, found.end()
        at = line_end
    return None


def _fields(text: bytes) -> list[tuple[bytes, bytes]] | None:
    """soup_headers_parse: None if it fails."""
    if not text or b"\0" in text:
        return None
    at = text.find(b"\n") + 1
    if not at:
        return None
    found = []
    while at < len(text):
        colon = text.find(b":", at)
        named = colon > at and _WHITE.search(text, at, colon) is None
        end = text.find(b"\n", at)
        if end < 0:
            return None
        if named:
            while text[end + 1 : end + 2] in _STARTS_FOLD:
                end = text.find(b"\n", end + 1)
                if end < 0:
                    return None
            found.append((_valid(text[at:colon]), _value(text[colon + 1 : end])))
        at = end + 1
    return found


def _value(text: bytes) -> bytes:
    """Folds become a space, stray CR too."""
    text = text.lstrip(b" \t\r\n")
    if b"\n" in text:
        text = _FOLD.sub(b" ", text)
    text = text.rstrip(b" \t\r").replace(b"\r", b" ")
    return _valid(text)


def _valid(text: bytes) -> bytes:
    """Each byte that is not UTF-8 becomes U+FFFD (g_utf8_make_valid)."""
    if text.isascii():
        return text
    return _ESCAPED.sub("\ufffd", text.decode("utf-8", "surrogateescape")).encode()
