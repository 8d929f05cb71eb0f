"""Parses the catalogue's steps and pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from wsprobe.browsers.engine import Page
from wsprobe.exchange import Act
from wsprobe.lab.frame_steps import framed
from wsprobe.lab.scenario import Conforming, Delivered, Step, escape

BARE = ("echo-close", "fin", "reset", "close-notify")
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
        made[name] = steps(written, Pieces(texts, made))
    return Pieces(texts, made)


def steps(written: Sequence[Any], pieces: Pieces) -> tuple[Step, ...]:
    """The steps of a list in the catalogue. A string in the list is the name of a sequence or of a bare step.

    Raises CatalogueError.
    """
    return tuple(_steps(written, pieces))


def _steps(written: Sequence[Any], pieces: Pieces) -> Iterator[Step]:
    for item in written:
        if isinstance(item, str):
            if item in BARE:
                yield Step(item)  # type: ignore[arg-type]
            elif item in pieces.sequences:
                yield from pieces.sequences[item]
            else:
                raise CatalogueError(f"there is no step or sequence {item!r}")
        else:
            yield _step(dict(item), pieces)


def _step(item: dict[str, Any], pieces: Pieces) -> Step:
    repeat = item.pop("repeat", 1)
    match item:
        case {"head": lines, **rest} if not rest:
            return Step("send", _template("\r\n".join(lines) + "\r\n\r\n", pieces), repeat=repeat)
        case {"send": text, **rest} if not rest:
            return Step("send", _template(text, pieces), repeat=repeat)
        case {"send": text, "by": by, "pause": pause, **rest} if not rest:
            return Step("send-bytewise", _template(text, pieces), float(pause), repeat, by)
        case {"hex": text, **rest} if not rest:
            return Step("send", escape(bytes.fromhex(text)), repeat=repeat)
        case {"bytewise": text, "pause": pause, **rest} if not rest:
            return Step("send-bytewise", _template(text, pieces), float(pause), repeat)
    if (sent := framed(item)) is not None:
        return Step("send", escape(sent), repeat=repeat)
    if len(item) == 1 and (do := next(iter(item))) in TIMED:
        return Step(do, seconds=float(item[do]))  # type: ignore[arg-type]
    raise CatalogueError(f"{item!r} is not a step")


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
