"""Header fields as libsoup stores, joins and takes them apart.

Sources: libsoup/soup-message-headers.c, libsoup/soup-headers.c.
"""

from __future__ import annotations

from collections.abc import Iterator

SPACE = b" \t\n\f\r"
"""g_ascii_isspace()."""


class Fields:
    """The fields of one head, in the order sent."""

    __slots__ = ("_fields",)

    def __init__(self, fields: list[tuple[bytes, bytes]]) -> None:
        self._fields = [(name.lower(), value) for name, value in fields]

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        """(name in lower case, value)."""
        return iter(self._fields)

    def values(self, name: bytes) -> list[bytes]:
        """Of every field called *name* (lower case)."""
        return [value for key, value in self._fields if key == name]

    def one(self, name: bytes) -> bytes | None:
        """The last of them, None if there is none (soup_message_headers_get_one)."""
        return next((value for key, value in reversed(self._fields) if key == name), None)

    def joined(self, name: bytes) -> bytes | None:
        """All of them in one list, None if there is none (soup_message_headers_get_list)."""
        values = self.values(name)
        return b", ".join(values) if values else None

    def has_token(self, name: bytes, token: bytes) -> bool:
        """soup_message_headers_header_contains."""
        return contains(self.joined(name) or b"", token)

    def without_connection_options(self) -> Fields:
        """Without the fields that Connection names (soup_message_headers_clean_connection_headers)."""
        named = {item.lower() for item in items(self.joined(b"connection") or b"")}
        return Fields([field for field in self._fields if field[0] not in named])


def items(value: bytes, mark: bytes = b",") -> list[bytes]:
    """The elements of a list (parse_list): none is empty, quotes and backslashes within them count."""
    found = []
    at = _past_marks(value, 0, mark)
    while at < len(value):
        end = _item_end(value, at, mark)
        found.append(value[at:end].rstrip(SPACE))
        at = _past_marks(value, end, mark)
    return found


def contains(value: bytes, token: bytes, *, case: bool = False) -> bool:
    """Whether *token* is an element of the list *value* (soup_header_contains)."""
    if case:
        return token in items(value)
    return token.lower() in (item.lower() for item in items(value))


def parameters(value: bytes, mark: bytes = b";", *, strict: bool = True) -> dict[bytes, bytes | None] | None:
    """The parameters of a list divided by *mark*. Of one that is there twice the first counts, or that of
    RFC 8187; if *strict*, all are None then (parse_param_list)."""
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
                content = _unquoted(content)
        if name.lower() in seen:
            if strict:
                return None
            if not extended:
                continue
            found = {key: value for key, value in found.items() if key.lower() != name.lower()}
        seen.add(name.lower())
        found[name] = content
    return found


def _past_marks(value: bytes, at: int, mark: bytes) -> int:
    skipped = SPACE + mark
    while at < len(value) and value[at] in skipped:
        at += 1
    return at


def _item_end(value: bytes, at: int, mark: bytes) -> int:
    if b'"' not in value:
        end = value.find(mark, at)
        return end if end >= 0 else len(value)
    quoted = False
    while at < len(value):
        char = value[at : at + 1]
        if char == b'"':
            quoted = not quoted
        elif quoted and char == b"\\" and at + 1 < len(value):
            at += 1
        elif not quoted and char == mark:
            break
        at += 1
    return at


def _unquoted(value: bytes) -> bytes:
    out = bytearray()
    at = 1
    while at < len(value) and value[at : at + 1] != b'"':
        if value[at : at + 1] == b"\\" and at + 1 < len(value):
            at += 1
        out += value[at : at + 1]
        at += 1
    return bytes(out)


def _extended(value: bytes) -> bytes | None:
    """RFC 8187: charset'language'value; None if it is not that."""
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
