"""A server's steps over HTTP/2: as values, and in the notation of the catalogue.

A play answers one CONNECT. The last play of a scenario answers all later ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from wsprobe.lab.frame_steps import framed

Last = Literal["this", "prev", "zero", "max"]
"""The last stream in a GOAWAY: the WebSocket's, the one before it, none, all."""

BARE = ("end-stream", "echo-close", "fin", "reset", "close-notify")
"""Steps without an argument, written as a bare name."""

TIMED = ("wait", "hold", "read-close")
"""Steps with a number of seconds as argument."""


class Http2Step(msgspec.Struct, frozen=True):
    """One step of the server."""

    do: Literal[
        "headers",
        "block",
        "data",
        "end-stream",
        "echo-close",
        "rst-stream",
        "goaway",
        "settings",
        "frame",
        "raw",
        "wait",
        "hold",
        "read-close",
        "fin",
        "reset",
        "close-notify",
    ]
    """``block``: HEADERS with *data* as the coded block. ``frame``: any frame. ``raw``: unchanged bytes."""
    fields: tuple[tuple[bytes, bytes], ...] = ()
    """``{host}`` in a value is the client's ``:authority``."""
    data: bytes = b""
    end_stream: bool = False
    pad: int | None = None
    pause: float | None = None
    """Seconds between the bytes of *data*; each byte is then a separate DATA frame."""
    code: int = 0
    last: Last = "this"
    pairs: tuple[tuple[int, int], ...] = ()
    type: int = 0
    flags: int = 0
    on_stream: bool = False
    """For ``frame``: True to send it on the WebSocket's stream, False on the connection."""
    seconds: float = 0.0
    repeat: int = 1


class Http2Play(msgspec.Struct, frozen=True):
    """A scenario's behaviour over HTTP/2, and the result of ``connect --http2``."""

    plays: tuple[tuple[Http2Step, ...], ...]
    outcome: str = ""
    findings: tuple[str, ...] = ()
    """Finding ids that it must produce (levels fail and warn)."""


def play_of(play: Http2Play | None, before: int, *, authorized: bool) -> tuple[Http2Step, ...]:
    """The steps that answer a CONNECT for a scenario with this *play*; 404 without one. *before*: how many
    CONNECTs were answered before it.

    A CONNECT with credentials (*authorized*) never counts as the first, even on a new connection: an earlier
    answer requested them.
    """
    if play is None:
        return not_found(b"This scenario is one of HTTP/1.1.\n")
    return play.plays[min(max(before, int(authorized)), len(play.plays) - 1)]


ANNOUNCING = (Http2Step("settings", pairs=((3, 100), (8, 1))),)
"""The first frames of an ordinary server that accepts WebSockets over HTTP/2."""


def http2_play(written: Mapping[str, Any] | None) -> Http2Play | None:
    """The play in a scenario's table ``http2``; None for None. Raises ValueError, one line."""
    if written is None:
        return None
    rest = dict(written)
    plays = tuple(tuple(steps(each)) for each in rest.pop("plays"))
    return Http2Play(plays, rest.pop("outcome", ""), tuple(rest.pop("findings", ())), **rest)


def steps(written: Sequence[Any]) -> Iterator[Http2Step]:
    """The steps of a list in the catalogue. Raises ValueError, one line."""
    for item in written:
        yield Http2Step(item) if item in BARE else _step(dict(item)) if isinstance(item, dict) else _wrong(item)


def _wrong(item: object) -> Http2Step:
    raise ValueError(f"{item!r} is not a step of HTTP/2")


def _step(item: dict[str, Any]) -> Http2Step:
    repeat = item.pop("repeat", 1)
    end = item.pop("end-stream", False)
    match item:
        case {"headers": fields, **rest} if not rest:
            return Http2Step("headers", fields=_fields(fields), end_stream=end, repeat=repeat)
        case {"block": text, **rest} if not rest:
            return Http2Step("block", data=_hex(text), end_stream=end, repeat=repeat)
        case {"data": text, **rest} if rest.keys() <= {"pad", "pause"}:
            return Http2Step("data", data=_hex(text), end_stream=end, repeat=repeat, **rest)
        case {"rst-stream": code, **rest} if not rest:
            return Http2Step("rst-stream", code=code, repeat=repeat)
        case {"goaway": last, "code": code, **rest} if rest.keys() <= {"debug"}:
            return Http2Step("goaway", last=last, code=code, data=rest.get("debug", "").encode())
        case {"settings": pairs, **rest} if not rest:
            made = tuple((int(key), value) for key, value in pairs.items())
            return Http2Step("settings", pairs=made, repeat=repeat)
        case {"frame": type_, **rest} if rest.keys() <= {"flags", "payload", "stream"}:
            payload = _hex(rest.get("payload", ""))
            on_stream = rest.get("stream", False)
            flags = rest.get("flags", 0)
            return Http2Step("frame", type=type_, flags=flags, data=payload, on_stream=on_stream, repeat=repeat)
        case {"raw": text, **rest} if not rest:
            return Http2Step("raw", data=text.encode("latin-1"), repeat=repeat)
    if (sent := framed(item)) is not None:
        return Http2Step("data", data=sent, end_stream=end, repeat=repeat)
    if len(item) == 1 and (do := next(iter(item))) in TIMED:
        return Http2Step(do, seconds=float(item[do]))  # type: ignore[arg-type]
    return _wrong(item)


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


PAGE = b"<!doctype html><title>wsprobe lab</title><p>A page that came over HTTP/2.\n"


def page_steps() -> tuple[Http2Step, ...]:
    """The answer to a request that is no CONNECT: a page, so that a browser has a connection to the origin."""
    fields = ((b":status", b"200"), (b"content-type", b"text/html"), (b"content-length", b"%d" % len(PAGE)))
    return (Http2Step("headers", fields=fields), Http2Step("data", data=PAGE, end_stream=True))


def not_found(text: bytes) -> tuple[Http2Step, ...]:
    """A 404 with *text* as its body."""
    fields = ((b":status", b"404"), (b"content-type", b"text/plain; charset=utf-8"))
    return (Http2Step("headers", fields=fields), Http2Step("data", data=text, end_stream=True))
