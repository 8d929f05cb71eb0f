"""A request with one thing changed: bytes to bytes."""

from __future__ import annotations

import re

HANDSHAKE = re.compile(rb"(?i)upgrade|connection|sec-websocket-.*")


OF_A_CLIENT = re.compile(rb"(?i)host|user-agent|origin|cookie|upgrade|connection|sec-websocket-.*")
"""Fields that differ from client to client: the browser's own replace them."""


def lines(request: bytes) -> tuple[bytes, list[bytes], bytes]:
    """The request line, the field lines, and the blank line with what follows it, each with its line end."""
    head, blank, rest = request.partition(b"\r\n\r\n")
    first, *fields = (head + blank[:2]).splitlines(keepends=True) or [b""]
    return first, fields, blank[2:] + rest


def name_of(line: bytes) -> bytes:
    """The name of a field *line*, in lower case."""
    return line.partition(b":")[0].strip().lower()


def values(request: bytes, name: bytes) -> list[bytes]:
    """The values of the fields called *name* (lower case)."""
    return [line.partition(b":")[2].strip() for line in lines(request)[1] if name_of(line) == name]


def first_value(request: bytes, name: bytes) -> str:
    """The value of the first field called *name* (lower case) as text; "" without one."""
    return next(iter(values(request, name)), b"").decode("latin-1")


def without(request: bytes, pattern: re.Pattern[bytes] | bytes) -> bytes:
    """*request* without the fields whose names match *pattern* as a whole."""
    first, fields, rest = lines(request)
    return first + b"".join(line for line in fields if not re.fullmatch(pattern, name_of(line))) + rest


def with_field(request: bytes, name: bytes, value: bytes) -> bytes:
    """*request* with this field and no other of its name, in the place of the first of them, or at the end."""
    first, fields, rest = lines(request)
    new = name + b": " + value + b"\r\n"
    kept: list[bytes] = []
    placed = False
    for line in fields:
        if name_of(line) != name.lower():
            kept.append(line)
        elif not placed:
            kept.append(new)
            placed = True
    return first + b"".join(kept if placed else [*kept, new]) + rest


def with_line(request: bytes, *, method: bytes = b"", resource: bytes = b"", version: bytes = b"") -> bytes:
    """*request* with these parts of its request line changed; one without three parts stays as it is."""
    first, fields, rest = lines(request)
    parts = first.rstrip(b"\r\n").split(b" ")
    if len(parts) != 3:
        return request
    changed = b" ".join((method or parts[0], resource or parts[1], version or parts[2]))
    return changed + b"\r\n" + b"".join(fields) + rest


def resource_of(request: bytes) -> bytes:
    """The path and query in the request line; b"" without one."""
    parts = lines(request)[0].split()
    return parts[1] if len(parts) > 1 else b""


def slashed(resource: bytes) -> bytes:
    """*resource* without the final slash of its path, or with one if it has none."""
    path, mark, query = resource.partition(b"?")
    return (path[:-1] if path.endswith(b"/") else path + b"/") + mark + query


def as_browser(given: bytes, browser: bytes) -> bytes:
    """The browser's own request, with the user's Host and other fields (credentials, an application's own)."""
    hosts = values(given, b"host")
    first, fields, rest = lines(with_field(browser, b"Host", hosts[0]) if len(hosts) == 1 else browser)
    own = {name_of(line) for line in fields}
    more = [line for line in lines(given)[1] if name_of(line) not in own]
    return (
        first + b"".join([*fields, *(line for line in more if not OF_A_CLIENT.fullmatch(name_of(line)))]) + rest
    )


def rekeyed(request: bytes, key: str) -> bytes:
    """*request* with *key* as Sec-WebSocket-Key, if it has exactly one."""
    if len(values(request, b"sec-websocket-key")) != 1:
        return request
    return with_field(request, b"Sec-WebSocket-Key", key.encode("ascii"))


def plain(request: bytes) -> bytes:
    """*request* without the fields of a handshake."""
    return without(request, HANDSHAKE)
