"""Response heads, and how every parser of a runtime reads them: the status line, then field after field."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

import msgspec

from wsprobe.read.reading import Reading

TOO_LARGE = "too-large"
Field = tuple[bytes, bytes]


class Head(msgspec.Struct, frozen=True):
    """One response head that holds."""

    at: int
    """Microseconds: when its last byte was read."""
    status: int
    fields: tuple[Field, ...]
    """(name in lower case, value as the parser leaves it), in order."""
    stop: int
    """Offset in ``Reading.received`` behind it."""
    upgrade: bool = False
    """The parser hands the connection over."""

    def values(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.fields if key == name]

    def joined(self, name: bytes, *, trims: bool = True) -> str | None:
        """The values of *name* joined by ", ", None if there are none: node's IncomingMessage and Fetch alike.

        *trims*: node takes the white space behind a value away (src/node_http_parser.cc, ToTrimmedString).
        """
        values = [value.rstrip(b" \t") if trims else value for value in self.values(name)]
        return b", ".join(values).decode("latin-1") if values else None


class Fault(msgspec.Struct, frozen=True):
    """Why a parser gives up."""

    at: int
    key: str
    """In the parser's own terms, or TOO_LARGE."""
    reason: str = ""


class Wrong(Exception):
    """What a parser gives up on: offset, key and reason."""

    def __init__(self, at: int, key: str, reason: str = "") -> None:
        self.at = at
        self.key = key
        self.reason = reason


class Short(Exception):
    """More bytes are needed."""


class HeadParser(ABC):
    """What a parser accepts is in its methods. All raise Wrong, and Short at the end of what came."""

    most: int | None = None
    """Bytes of all heads of a connection together."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def byte(self, at: int) -> bytes:
        if at >= len(self.data):
            raise Short
        return self.data[at : at + 1]

    def head(self, at: int) -> tuple[int, tuple[Field, ...], int]:
        """Status, fields, and the offset behind the head that begins at *at*."""
        status, at = self.status_line(self.start(at))
        fields: list[Field] = []
        while (stop := self.end(at)) is None:
            name, value, at = self.field(at, fields)
            fields.append((name, value))
        self.whole(status, fields, stop)
        return status, tuple(fields), stop

    def start(self, at: int) -> int:
        """Where the status line begins."""
        return at

    @abstractmethod
    def status_line(self, at: int) -> tuple[int, int]:
        """The status, and the offset of the next line."""

    @abstractmethod
    def end(self, at: int) -> int | None:
        """The offset behind the empty line at *at*, None if a field begins there."""

    @abstractmethod
    def field(self, at: int, fields: list[Field]) -> tuple[bytes, bytes, int]:
        """Name, value, and the offset of the next line; *fields* are those before it."""

    def whole(self, status: int, fields: list[Field], stop: int) -> None:
        """What is checked once the head is there."""
        return None

    def upgrades(self, status: int, fields: tuple[Field, ...]) -> bool:
        return False

    def behind(self, at: int, fields: tuple[Field, ...]) -> None:
        """What is checked behind an interim head, which has *fields* and ends at *at*."""
        return None


def heads(reading: Reading, parser: HeadParser) -> Iterator[Head | Fault]:
    """Each response head, interim ones too, until one is no interim one; or what is wrong with it.

    Ends without either where the bytes end first.
    """
    most, at = parser.most, 0
    while True:
        try:
            status, fields, at = parser.head(at)
            if most is not None and at > most:
                raise Wrong(most, TOO_LARGE)
            yield Head(reading.when(at - 1), status, fields, at, parser.upgrades(status, fields))
            if status >= 200 or status == 101:
                return
            parser.behind(at, fields)
        except Wrong as wrong:
            if most is not None and wrong.at >= most:
                wrong = Wrong(most, TOO_LARGE)
            yield Fault(reading.when(wrong.at), wrong.key, wrong.reason)
            return
        except Short:
            if most is not None and len(parser.data) > most:
                yield Fault(reading.when(most), TOO_LARGE)
            return
