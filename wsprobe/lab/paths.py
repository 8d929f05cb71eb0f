"""Paths of the lab: ``/s/NAME`` or ``/NAME`` for the catalogue, and paths that contain the answer to send."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from struct import pack
from urllib.parse import unquote, unquote_to_bytes

from msgspec import Struct

from wsprobe.lab import find
from wsprobe.lab.ports import PATH
from wsprobe.lab.scenario import Scenario, Step, escape
from wsprobe.read.frames import CLOSE, TEXT
from wsprobe.wire.rfc6455 import frame

LONGEST_STAY = 60.0
"""The most seconds that /echo serves one client, and the longest ``after``."""


class PathError(ValueError):
    """A path with an invalid value. The message is one line."""


class ParsedPath(Struct, frozen=True):
    """A parsed path with parameters. Values are bytes, percent-decoded."""

    path: str
    argument: bytes
    """The part after the second slash."""
    query: tuple[tuple[str, bytes], ...]

    def all(self, name: str) -> tuple[bytes, ...]:
        return tuple(value for key, value in self.query if key == name)

    def first(self, name: str, default: bytes = b"") -> bytes:
        return next(iter(self.all(name)), default)

    def seconds(self, name: str, default: float = 0.0) -> float:
        text = self.first(name, str(default).encode("ascii")).decode("latin-1")
        if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,6})?", text):
            raise PathError(f"{name} is {text!a}, not a number of seconds")
        return min(float(text), LONGEST_STAY)


def number(what: str, value: bytes, highest: int) -> int:
    """*value* as a number from 0 to *highest*. *what*: its name for the error message.

    Raises PathError.
    """
    text = value.decode("latin-1")
    if not re.fullmatch("[0-9]{1,5}", text) or int(text) > highest:
        raise PathError(f"{what} is {text!a}, not a number from 0 to {highest}")
    return int(text)


def scenario_at(resource: str) -> Scenario:
    """The performance at *resource*, which is a path with or without its first slash, and a query.

    Raises UnknownScenario or CatalogueError of the catalogue, or PathError.
    """
    path, _, query = resource.partition("?")
    path = _without_dot_segments(path)
    first, slash, argument = path.partition("/")
    if first in PARAMETERISED and (slash or not PARAMETERISED[first].argument):
        pairs = (pair.partition("=") for pair in query.split("&") if pair)
        asked = ParsedPath(
            f"/{path}" + (f"?{query}" if query else ""),
            unquote_to_bytes(argument),
            tuple((unquote(name), unquote_to_bytes(value.replace("+", " "))) for name, _, value in pairs),
        )
        made = PARAMETERISED[first]
        return Scenario(
            asked.path, "exact" if made.exact else "parameterised", made.summary, tuple(made.steps(asked))
        )
    return find(unquote(f"/{path}".removeprefix(PATH).removeprefix("/")))


def names_path(word: str) -> bool:
    """True if *word* is a path of the lab without its first slash, and not the name of a scenario. Examples:
    ``echo``, ``status/403``, ``raw?text=hi``, ``s/NAME``."""
    path = word.partition("?")[0]
    first, slash, _ = path.partition("/")
    if word.startswith(PATH.removeprefix("/")):
        return True
    made = PARAMETERISED.get(first)
    return made is not None and (bool(slash) or not made.argument)


def _without_dot_segments(path: str) -> str:
    """*path* without its first slash and without dot segments (RFC 3986 section 5.2.4)."""
    kept: list[str] = []
    for segment in path.removeprefix("/").split("/"):
        if segment == "..":
            kept = kept[:-1]
        elif segment != ".":
            kept.append(segment)
    return "/".join(kept)


def _status(asked: ParsedPath) -> Iterator[Step]:
    code = asked.argument or b"200"
    reason = asked.first("reason", _REASONS.get(code, b"Status"))
    version = asked.first("http", b"1.1")
    fields = asked.all("header")
    names = {field.partition(b":")[0].strip().lower() for field in fields}
    lines = [b"HTTP/%s %s %s" % (version, code, reason)]
    body = asked.first("body")
    if code == b"101":
        lines += [b"Upgrade: websocket", b"Connection: Upgrade"]
    else:
        if body and b"content-type" not in names:
            lines.append(b"Content-Type: text/plain; charset=utf-8")
        if not names & {b"content-length", b"transfer-encoding"}:
            lines.append(b"Content-Length: %d" % len(body))
    head = escape(b"".join(line + b"\r\n" for line in (*lines, *fields)))
    accept = b"Sec-WebSocket-Accept: {accept}\r\n" if code == b"101" else b""
    yield Step("wait", seconds=asked.seconds("after"))
    yield Step("send", head + accept + b"\r\n" + escape(body))


def _redirect(asked: ParsedPath) -> Iterator[Step]:
    code = asked.argument or b"302"
    to = escape(asked.first("to")) or b"ws://{host}/s/ok"
    reason = _REASONS.get(code, b"Redirect")
    yield Step(
        "send", escape(b"HTTP/1.1 %s %s\r\nLocation: " % (code, reason)) + to + b"\r\nContent-Length: 0\r\n\r\n"
    )


def _close(asked: ParsedPath) -> Iterator[Step]:
    payload = b""
    if asked.argument:
        payload = pack("!H", number("the close code", asked.argument, 65535)) + asked.first("reason")
    yield Step("send", b"{opening}")
    for message in asked.all("text"):
        yield Step("send", escape(frame(TEXT, message, None)))
    yield Step("wait", seconds=asked.seconds("after", 0.05))
    yield Step("send", escape(frame(CLOSE, payload, None)))
    yield Step("read-close", seconds=3)


_ACCEPTS = {
    b"wrong": (b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",),
    b"missing": (),
    b"case": (b"{accept-lower}",),
    b"twice": (b"{accept}", b"{accept}"),
    b"right": (b"{accept}",),
}
"""Name in a path -> value of Sec-WebSocket-Accept. ``wrong`` is right for the key of RFC 6455 section 1.3."""


def _accept(asked: ParsedPath) -> Iterator[Step]:
    head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    for value in _ACCEPTS.get(asked.argument, (escape(asked.argument),)):
        head += b"Sec-WebSocket-Accept: " + value + b"\r\n"
    yield Step("send", head + b"\r\n")
    yield Step("hold", seconds=3)


def _raw(asked: ParsedPath) -> Iterator[Step]:
    data = asked.first("text")
    if digits := asked.first("hex"):
        try:
            data = bytes.fromhex(digits.decode("latin-1"))
        except ValueError:
            raise PathError(f"hex is {digits.decode('latin-1')!a}, not hexadecimal bytes") from None
    yield Step("send", escape(data))
    yield Step("hold", seconds=asked.seconds("hold"))


def _echo(asked: ParsedPath) -> Iterator[Step]:
    yield Step("send", b"{opening}")
    yield Step("echo", seconds=LONGEST_STAY)


def _diagnostic(asked: ParsedPath) -> Iterator[Step]:
    """Yield a response that a script on any page can read with fetch: why this server refuses the socket."""
    why = asked.first("reason", b"forbidden").replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    status = number("the status", asked.first("status", b"403"), 999)
    body = b'{"status": %d, "reason": "%s"}\n' % (status, why)
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nAccess-Control-Allow-Origin: *\r\n"
        b"Cache-Control: no-store\r\nContent-Length: %d\r\n\r\n" % len(body)
    )
    yield Step("send", escape(head + body))


class Parameterised(Struct, frozen=True):
    steps: Callable[[ParsedPath], Iterator[Step]]
    pattern: str
    """Its syntax."""
    summary: str
    argument: bool = True
    """True if a second slash must follow."""
    exact: bool = False
    """True if every byte is the URL's."""


PARAMETERISED: dict[str, Parameterised] = {
    "status": Parameterised(
        _status,
        "/status/CODE?reason=TEXT&body=TEXT&header=NAME:VALUE&after=SECONDS&http=VERSION",
        "Answers with the status, reason phrase, fields and body in the path; 101 opens.",
    ),
    "redirect": Parameterised(
        _redirect,
        "/redirect/CODE?to=URL",
        "Redirects to the URL in the query, by default to /s/ok here.",
    ),
    "close": Parameterised(
        _close,
        "/close/CODE?reason=TEXT&text=MESSAGE&after=SECONDS",
        "Opens, sends the messages in the query, and closes with the code in the path.",
    ),
    "accept": Parameterised(
        _accept,
        "/accept/VALUE, or wrong, missing, case, twice, right",
        "Opens with the Sec-WebSocket-Accept in the path.",
    ),
    "raw": Parameterised(
        _raw,
        "/raw?hex=BYTES or ?text=TEXT, &hold=SECONDS",
        "Sends exactly the bytes in the query.",
        argument=False,
        exact=True,
    ),
    "echo": Parameterised(_echo, "/echo", "Opens and sends every message back, for at most a minute.", False),
    "diagnostic": Parameterised(
        _diagnostic,
        "/diagnostic?status=CODE&reason=TEXT",
        "Answers over plain HTTP, readable for scripts on any page, with the reason for a refusal.",
        False,
    ),
}

_REASONS = {
    b"101": b"Switching Protocols",
    b"200": b"OK",
    b"301": b"Moved Permanently",
    b"302": b"Found",
    b"303": b"See Other",
    b"307": b"Temporary Redirect",
    b"308": b"Permanent Redirect",
    b"400": b"Bad Request",
    b"401": b"Unauthorized",
    b"403": b"Forbidden",
    b"404": b"Not Found",
    b"407": b"Proxy Authentication Required",
    b"426": b"Upgrade Required",
    b"429": b"Too Many Requests",
    b"500": b"Internal Server Error",
    b"502": b"Bad Gateway",
    b"503": b"Service Unavailable",
    b"504": b"Gateway Timeout",
}
"""Status -> reason phrase (RFC 9110 section 15, RFC 6585)."""
