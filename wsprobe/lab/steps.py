"""Parses the catalogue's steps and pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from struct import pack
from typing import Any

from msgspec import Struct

from wsprobe.browsers.engine import Page
from wsprobe.exchange import Act
from wsprobe.lab.scenario import (
    HTTP1_ONLY,
    HTTP2_ONLY,
    Conforming,
    Delivered,
    Http2Play,
    Step,
    escape,
)
from wsprobe.read.frames import CLOSE, PING, TEXT
from wsprobe.read.http2_values import END_HEADERS, END_STREAM, GOAWAY, HEADERS, RST_STREAM, SETTINGS
from wsprobe.wire.rfc6455 import frame

BARE = {
    **{name: Step(name) for name in ("echo-close", "fin", "reset", "close-notify")},
    "end-stream": Step("send", end_stream=True),
}
"""Steps without an argument, written as a bare name."""

TIMED = ("wait", "hold", "read", "read-frame", "read-close", "echo")
"""Steps with a number of seconds as argument."""


class CatalogueError(ValueError):
    """The catalogue, or one of its entries, is malformed. The message is one line."""


class Pieces(Struct, frozen=True):
    """Shared parts of scenarios: texts for templates, and sequences of steps."""

    texts: Mapping[str, str]
    sequences: Mapping[str, tuple[Step, ...]]


def pieces(texts: Mapping[str, str], sequences: Mapping[str, Sequence[Any]]) -> Pieces:
    """The pieces in two tables of the catalogue. A sequence may use the sequences before it.

    Raises CatalogueError.
    """
    made: dict[str, tuple[Step, ...]] = {}
    for name, written in sequences.items():
        made[name] = tuple(_steps(written, Pieces(texts, made)))
    return Pieces(texts, made)


def steps(written: Sequence[Any], pieces: Pieces, *, http2: bool = False) -> tuple[Step, ...]:
    """The steps of a list in the catalogue. A string in the list is the name of a sequence or of a bare step.

    Raises CatalogueError.
    """
    found = tuple(_steps(written, pieces))
    for step in found:
        if step.do in (HTTP1_ONLY if http2 else HTTP2_ONLY) or (step.end_stream and not http2):
            raise CatalogueError(f"{step.do!r} is not a step of HTTP/{'2' if http2 else '1.1'}")
    return found


def http2_play(written: Mapping[str, Any], pieces: Pieces) -> Http2Play | None:
    """The play in a scenario's table ``http2``; None for an empty one.

    Raises CatalogueError.
    """
    if not written:
        return None
    plays = tuple(steps(each, pieces, http2=True) for each in written["plays"])
    return Http2Play(plays, written.get("outcome", ""), tuple(written.get("findings", ())))


def _steps(written: Sequence[Any], pieces: Pieces) -> Iterator[Step]:
    for item in written:
        if isinstance(item, dict):
            yield _step(dict(item), pieces)
        elif item in BARE:
            yield BARE[item]
        elif item in pieces.sequences:
            yield from pieces.sequences[item]
        else:
            raise CatalogueError(f"there is no step or sequence {item!r}")


def _step(item: dict[str, Any], pieces: Pieces) -> Step:
    repeat = item.pop("repeat", 1)
    end = item.pop("end-stream", False)
    match item:
        case {"send": text, "by": by, "pause": pause, **rest} if not rest:
            return Step("send-bytewise", _template(text, pieces), float(pause), repeat, by)
        case {"bytewise": text, "pause": pause, **rest} if not rest:
            return Step("send-bytewise", _template(text, pieces), float(pause), repeat)
        case {"hex": text, "pad": pad, **rest} if not rest:
            return Step("send", escape(_hex(text)), repeat=repeat, end_stream=end, pad=pad)
        case {"headers": fields, **rest} if not rest:
            return Step("headers", fields=_fields(fields), end_stream=end, repeat=repeat)
        case {"block": text, **rest} if not rest:
            return _frame(HEADERS, _hex(text), END_HEADERS | (END_STREAM if end else 0), True, repeat)
        case {"rst-stream": code, **rest} if not rest:
            return _frame(RST_STREAM, pack("!I", code), on_stream=True, repeat=repeat)
        case {"goaway": last, "code": code, **rest} if not rest:
            return Step("frame", _LAST[last] + escape(pack("!I", code)), type=GOAWAY)
        case {"settings": pairs, **rest} if not rest:
            return settings(*((int(key), value) for key, value in pairs.items()), repeat=repeat)
        case {"frame": type_, **rest} if rest.keys() <= {"flags", "payload", "stream"}:
            payload = _hex(rest.get("payload", ""))
            return _frame(type_, payload, rest.get("flags", 0), rest.get("stream", False), repeat)
        case {"raw": text, **rest} if not rest:
            return Step("raw", _template(text, pieces), repeat=repeat)
    if (sent := _sent(item, pieces)) is not None:
        return Step("send", sent, repeat=repeat, end_stream=end)
    if len(item) == 1 and (do := next(iter(item))) in TIMED:
        return Step(do, seconds=float(item[do]))  # type: ignore[arg-type]
    raise CatalogueError(f"{item!r} is not a step")


def _sent(item: Mapping[str, Any], pieces: Pieces) -> bytes | None:
    """The template of the bytes that a step sends; None for a step that sends none."""
    match item:
        case {"head": lines, **rest} if not rest:
            return _template("\r\n".join(lines) + "\r\n\r\n", pieces)
        case {"send": text, **rest} if not rest:
            return _template(text, pieces)
        case {"hex": text, **rest} if not rest:
            return escape(_hex(text))
        case {"text": text, **rest} if not rest:
            return escape(frame(TEXT, text.encode(), None))
        case {"ping": text, **rest} if not rest:
            return escape(frame(PING, text.encode(), None))
        case {"close": code, **rest} if rest.keys() <= {"reason"}:
            return escape(frame(CLOSE, pack("!H", code) + rest.get("reason", "").encode(), None))
    return None


_LAST = {"this": b"{stream}", "prev": b"{previous}", "zero": bytes(4), "max": b"\x7f\xff\xff\xff"}
"""The last stream in a GOAWAY: the WebSocket's, the one before it, none, all."""


def _frame(type_: int, payload: bytes, flags: int = 0, on_stream: bool = False, repeat: int = 1) -> Step:
    return Step("frame", escape(payload), repeat=repeat, type=type_, flags=flags, on_stream=on_stream)


def settings(*pairs: tuple[int, int], repeat: int = 1) -> Step:
    """SETTINGS with these identifiers and values, in this order."""
    return _frame(SETTINGS, b"".join(pack("!HI", key, value) for key, value in pairs), repeat=repeat)


def _hex(written: str | Sequence[tuple[str, int]]) -> bytes:
    """The bytes of hexadecimal text, or of a list of (text, number of repetitions)."""
    parts = [(written, 1)] if isinstance(written, str) else written
    return b"".join(bytes.fromhex(text) * times for text, times in parts)


def _fields(written: Sequence[Sequence[Any]]) -> tuple[tuple[bytes, bytes], ...]:
    """The fields of a list of [name, value], one byte for each character. An optional third member is how often
    to repeat the value; a fourth is how often to repeat the field, with ``{number}`` in its name counting."""
    made = []
    for name, value, *more in written:
        text = value * (more[0] if more else 1)
        for number in range(more[1] if len(more) > 1 else 1):
            made.append((name.replace("{number}", str(number)).encode("latin-1"), text.encode("latin-1")))
    return tuple(made)


def _template(text: str, pieces: Pieces) -> bytes:
    """The bytes of *text*, one for each character. Replaces the pieces and keeps the other fields."""
    for name, piece in pieces.texts.items():
        text = text.replace("{" + name + "}", piece)
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError as error:
        raise CatalogueError(f"{text[error.start]!r} is not a byte: write UTF-8 as its bytes") from None


def conforming(written: Mapping[str, Any] | None) -> Conforming | None:
    """The reaction of a conforming client, from a table of the catalogue; None for None.

    Raises CatalogueError.
    """
    if written is None:
        return None
    rest = dict(written)
    messages = tuple(_delivered(item) for item in rest.pop("messages", ()))
    pongs = tuple(_delivered(item).data for item in rest.pop("pongs", ()))
    close, fail = rest.pop("close", None), rest.pop("fail", [])
    if rest or (close is None and not fail):
        raise CatalogueError(f"{dict(written)!r} is not a reaction of a conforming client")
    return Conforming(messages, pongs, close, tuple(fail if isinstance(fail, list) else [fail]))


def _delivered(item: Mapping[str, Any]) -> Delivered:
    match dict(item):
        case {"text": str(text), **rest} if rest.keys() <= {"repeat"}:
            return Delivered("text", text.encode() * rest.get("repeat", 1))
        case {"hex": str(text), **rest} if rest.keys() <= {"repeat"}:
            return Delivered("binary", bytes.fromhex(text) * rest.get("repeat", 1))
    raise CatalogueError(f"{dict(item)!r} is not a message")


_WHEN = ("created", "open", "message", "time")


def page(written: Mapping[str, Any]) -> Page:
    """The page in a table of the catalogue. ``created``, ``open`` and ``message`` list its script's calls at
    that time.

    Raises CatalogueError.
    """
    rest = dict(written)
    acts = tuple(_act(when, item) for when in _WHEN for item in rest.pop(when, ()))
    if isinstance(rest.get("protocols"), list):
        rest["protocols"] = tuple(rest["protocols"])
    rest["permissions"] = tuple(rest.get("permissions", {}).items())
    try:
        return Page(acts=acts, **rest)
    except TypeError as error:
        raise CatalogueError(f"{dict(written)!r} is not a page: {error}") from None


def _act(when: Any, item: Mapping[str, Any]) -> Act:
    after = round(item.get("after", 0) * 1_000_000)
    match {key: value for key, value in item.items() if key != "after"}:
        case {"close": True, **rest} if not rest or tuple(rest) == ("reason",):
            return Act(when, "close", rest.get("reason", "").encode(), after=after)
        case {"close": int(code), **rest} if not rest or tuple(rest) == ("reason",):
            return Act(when, "close", rest.get("reason", "").encode(), code, after)
        case {"text": str(text), **rest} if not rest:
            return Act(when, "text", text.encode(), after=after)
    raise CatalogueError(f"{dict(item)!r} is not an action of a page")
