"""Turn the client's request into the request to the server: every byte the same, except what must differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wsprobe.exchange import Target
from wsprobe.read.reading import Field, Head
from wsprobe.read.request import Request
from wsprobe.request.opening import Offer, basic, credentials, header_option
from wsprobe.request.target import host_header


def forwarded(request: Request, target: Target, origin: str | None, headers: Sequence[str]) -> bytes:
    """Return *request* as sent to *target*.

    ``/`` becomes the path and query of *target*; any other path stays. Host names the target, Origin is
    *origin* if that is not None, and the credentials of the target's URL become an Authorization. *headers*, in
    curl's syntax, replace a field in its place, add one at the end, or remove it. Raises OfferError.
    """
    changes = [*_own(target, origin), *map(header_option, headers)]
    return _first(request, target) + _fields(request.head, changes) + request.head.blank + request.body


def _own(target: Target, origin: str | None) -> Iterator[tuple[str, bytes]]:
    """The relay's own changes; a header option can replace them."""
    yield "host", f"Host: {host_header(target)}".encode()
    if origin is not None:
        yield header_option(f"Origin: {origin}")
    if (pair := credentials(target, Offer())) is not None:
        yield "authorization", f"Authorization: {basic(pair)}".encode()


def _first(request: Request, target: Target) -> bytes:
    """The start line, and empty lines before it."""
    out = b""
    for line in request.head.lines:
        if line is request.head.first:
            if request.resource != b"/":
                return out + line.raw
            method, _, rest = line.text.partition(b" ")
            version = rest.rpartition(b" ")[2]
            return out + b" ".join((method, target.resource.encode(), version)) + line.end
        out += line.raw
    return out


def _fields(head: Head, changes: Sequence[tuple[str, bytes]]) -> bytes:
    """Return the field lines; lines without a change stay exactly as they are."""
    by_name: dict[bytes, list[bytes]] = {}
    for name, line in changes:
        key = name.encode("utf-8", "surrogateescape")
        if key in _ONE and line:
            by_name[key] = [line]
        else:
            by_name.setdefault(key, []).append(line)
    out: list[bytes] = []
    done: set[bytes] = set()
    for field in head.fields:
        if field.key not in by_name:
            out.append(_raw(field))
        elif field.key not in done:
            done.add(field.key)
            out += [line + b"\r\n" for line in by_name[field.key] if line]
    for key, lines in by_name.items():
        if key not in done and key != b"host":
            out += [line + b"\r\n" for line in lines if line]
    return b"".join(out)


_ONE = (b"host", b"origin", b"authorization")
"""Fields that a request has once: a later change replaces an earlier one."""


def _raw(field: Field) -> bytes:
    return b"".join(line.raw for line in field.lines)
