"""Lines, fields and heads of HTTP as sent: values only, made by `head` and `http2`.

Every span is a pair (start, end) of offsets into the bytes of one direction, put end to end.
"""

from __future__ import annotations

from msgspec import Struct

from wsprobe.cached import cached

Span = tuple[int, int]


class Line(Struct, frozen=True):
    """One line as sent: its text and whatever ended it (CRLF, LF or nothing)."""

    text: bytes
    end: bytes
    start: int
    """Offset of the first byte."""

    @property
    def raw(self) -> bytes:
        return self.text + self.end

    @property
    def span(self) -> Span:
        """The text without its line end."""
        return self.start, self.start + len(self.text)


def key_of(name: bytes) -> bytes:
    """The name of a header field in the form that HTTP compares: lower case, without white space around it."""
    return name.strip(b" \t").lower()


class Field(Struct, frozen=True):
    """A header field (RFC 9112 section 5): one line, or several where it is folded (obs-fold)."""

    name: bytes
    """As sent, letter case and stray white space kept; b"" if there is no colon."""
    key: bytes
    """``key_of`` the name; cached, because callers read it a dozen times for every field."""
    value: bytes
    """Without the white space around it; folds joined by one space."""
    lines: tuple[Line, ...]
    value_span: Span
    oddities: tuple[str, ...] = ()
    """``no-colon``, ``empty-name``, ``name-not-token``, ``space-before-colon``, ``folded``, ``bare-lf``,
    ``bare-cr``, ``nul``, ``8-bit``, ``control``; ``space-before-name`` (a fold with no field before it)."""

    @property
    def span(self) -> Span:
        return self.lines[0].start, self.lines[-1].span[1]


class Head(Struct, frozen=True, dict=True):
    """A start line, field lines and the blank line, exactly as sent."""

    raw: bytes
    lines: tuple[Line, ...]
    """The same line by line, without the blank one."""
    blank: bytes
    """b"\\r\\n", b"\\n", or b"" if the peer stopped early."""
    start: int
    fields: tuple[Field, ...]
    """In the order sent; the start line (and empty lines before it) left out."""
    first: Line | None
    """The start line: the first line that is not empty."""
    ended: bool = False
    """For a header block of HTTP/2, whose ``lines`` are the HPACK-coded fields: END_HEADERS arrived."""

    @property
    def complete(self) -> bool:
        return self.blank != b"" or self.ended

    @cached
    def by_key(self) -> dict[bytes, list[Field]]:
        """The fields of each key. Cached: the rules read a head dozens of times."""
        found: dict[bytes, list[Field]] = {}
        for field in self.fields:
            found.setdefault(field.key, []).append(field)
        return found

    def all(self, name: bytes) -> tuple[Field, ...]:
        """Every field called *name* (lower case), in order."""
        return tuple(self.by_key.get(name, ()))

    def joined(self, key: bytes) -> bytes | None:
        """The values of the fields called *key*, with commas between them (RFC 9110 section 5.3); None without
        one."""
        fields = self.by_key.get(key)
        return b", ".join([field.value for field in fields]) if fields else None

    def several(self, names: frozenset[bytes]) -> dict[bytes, list[Field]]:
        """``all`` for each of *names* that is present."""
        found = self.by_key
        return {name: found[name] for name in names & found.keys()}
