"""The facts about proxies (proxies.toml): what a handshake needs, and the lines that fix each fault."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

import msgspec

from wsprobe.data_file import one_line, toml_beside
from wsprobe.diagnosis.programs import PROGRAMS

LEADING = ("nginx", "apache", "haproxy", "caddy", "traefik", "envoy")
"""The proxies in advice about an unknown one."""
UNMARKED = ("vite",)
"""Proxies of development servers, which leave no mark on an answer: any unknown one may be one of them."""
UNKNOWN = ("rule", "error")
"""Faults without useful advice for an unknown proxy."""


class LineValues(msgspec.Struct, frozen=True):
    """What the lines of a proxy are about: each member replaces a word of ``proxies.toml``."""

    path: str = ""
    """For PATH: that of the socket; "" leaves <PATH>, for the reader to fill in."""
    backend: str = ""
    """For HOST:PORT: the application's address; "" leaves the words."""
    part: str = ""
    """For PART: the field or the origin that the fault is about."""
    target: str | None = None
    """For TARGET: the path of the socket in the application; None: the same path; "" leaves a word for it."""
    secure: bool = False
    """The application speaks TLS: a scheme before HOST:PORT is https or wss."""

    def fill(self, text: str) -> str:
        """*text* of ``proxies.toml`` with these values."""
        path = self.path or "<PATH>"
        target = path if self.target is None else self.target or "<PATH IN THE APPLICATION>"
        words = {
            "^PATH": "^" + path.replace(".", r"\."),
            "PATH": path,
            "HOST:PORT": self.backend,
            "PART": self.part,
            "TARGET": target,
        }
        text = re.sub(_SCHEMES, r"\1s", text) if self.secure else text
        return re.sub(_WORDS, lambda found: words[found[0]] or found[0], text)


_WORDS = r"\^?PATH|HOST:PORT|PART|TARGET"
"""``^PATH`` begins a regular expression: of the characters in ``_PLAIN_PATH`` only the dot is special there."""
_SCHEMES = r"\b(http|ws)(?=://HOST:PORT)"
_PLAIN_PATH = r"(?a)/[\w./~-]*"
_EXAMPLE = LineValues("/chat", "127.0.0.1:8000")
"""What the lines are about where no URL is known."""


def path_for_lines(resource: str) -> str:
    """The path of *resource*, which may have a query; "" if it has characters that need quotes in some
    configuration."""
    path = resource.partition("?")[0]
    return path if re.fullmatch(_PLAIN_PATH, path) else ""


class Proxy(msgspec.Struct, frozen=True):
    """One proxy; the head of ``proxies.toml`` describes the members."""

    key: str
    name: str
    tried: str
    lines: tuple[str, ...] = ()
    why: str = ""
    keep: str = ""
    own: str = ""
    remove: str = ""
    mend: dict[str, str] = {}
    idle: float = 0.0

    @property
    def mends(self) -> str:
        """On one line: what to write, or to remove, so that Upgrade and Connection pass; "" if unknown."""
        if self.remove:
            return f"forwards both by default; remove {self.remove}"
        if not self.lines:
            return self.mend.get("upgrade", "")
        complete = all(line.endswith((";", "}")) for line in self.lines)
        return (" " if complete else "; ").join(self.lines)

    @property
    def source(self) -> str:
        """Its name, with a note if its lines are only from the documentation."""
        return f"{self.name} (from its documentation)" if "not tried" in self.tried else self.name


@cache
def _all() -> tuple[Proxy, ...]:
    rows = toml_beside(__file__, "proxies.toml")["proxy"]
    return tuple(
        msgspec.convert(_named({key: _flat(value) for key, value in row.items()}), Proxy) for row in rows
    )


def _named(row: dict[str, object]) -> dict[str, object]:
    """*row* with the name of the program, where the file has none."""
    return row if "name" in row else {"name": PROGRAMS[str(row["key"])].name, **row}


def _flat(value: object) -> object:
    return one_line(value) if isinstance(value, str) else value


@cache
def proxies() -> tuple[Proxy, ...]:
    """Every proxy whose lines for a handshake are known, in the order of the file; the lines have an example's
    path and address."""
    return tuple(
        msgspec.structs.replace(each, lines=tuple(map(_EXAMPLE.fill, each.lines)))
        for each in _all()
        if each.lines
    )


def proxy(key: str) -> Proxy | None:
    """The proxy called *key*, None if there are no lines for it."""
    return next((each for each in proxies() if each.key == key), None)


def idle_limit(key: str) -> float:
    """Seconds of silence after which the proxy called *key* ends an open session by default; 0.0 if it does
    not, or if that is unknown."""
    return next((each.idle for each in _all() if each.key == key), 0.0)


@cache
def table() -> dict[str, dict[str, str]]:
    """Fault -> key of a proxy -> what to write there."""
    found: dict[str, dict[str, str]] = {"upgrade": {each.key: each.mends for each in _all() if each.mends}}
    for each in _all():
        for fault, text in each.mend.items():
            found.setdefault(fault, {}).setdefault(each.key, text.replace("LINES", each.mends))
    return found


def examples(fault: str) -> tuple[tuple[str, str], ...]:
    """(name, what to write against *fault*) for the proxies in wide use, with an example's path and address."""
    known = table()[fault]
    return tuple(
        (each.name, _EXAMPLE.fill(known[each.key]))
        for each in _all()
        if each.key in LEADING and each.key in known
    )


def mending(fault: str, hops: Sequence[str], values: LineValues | None = None) -> str:
    """The lines against *fault*, one proxy a line: for the known ones of *hops*, otherwise for those in wide
    use. *values*: what they are about; None leaves the words of ``proxies.toml``."""
    known, values = table()[fault], values or LineValues()
    usual = [key for key in LEADING if key in known]
    usual = [*usual, *(key for key in UNMARKED if key in known)] if usual else list(known)
    named = [key for key in hops if key in known]
    chosen = named or ([] if fault in UNKNOWN else usual)
    names = {each.key: each.source for each in _all()}
    return "\n".join(f"{names[key]}: {values.fill(known[key])}" for key in chosen)
