"""Content Security Policy as Firefox parses, matches and quotes it.

Sources: dom/security/nsCSPParser.cpp, nsCSPUtils.cpp (permitsScheme, permitsPort, nsCSPHostSrc::permits).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wsprobe.browsers.page.address import DEFAULT_PORTS, Address
from wsprobe.browsers.page.csp import parsed
from wsprobe.pattern import pattern
from wsprobe.value import dataclass

_KEYWORD = pattern(
    r"'(?:self|unsafe-inline|unsafe-eval|unsafe-hashes|wasm-unsafe-eval|strict-dynamic|report-sample)'",
    re.IGNORECASE,
)
_NONCE_OR_HASH = pattern(r"'(?:nonce|sha256|sha384|sha512)-[A-Za-z0-9+/_=-]+'", re.IGNORECASE)
_SCHEME = pattern(r"[A-Za-z][A-Za-z0-9+.-]*:", re.ASCII)
_HOST = pattern(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://)?"
    r"(?P<host>\*|(?:\*\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?)"
    r"(?::(?P<port>[0-9]{1,9}|\*))?"
    r"(?P<path>/[^?#]*)?(?:[?#].*)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Source:
    """One source expression. *host* is "" for a scheme alone, ``*`` for any."""

    text: str
    """As Firefox quotes it."""
    scheme: str = ""
    host: str = ""
    port: str = ""
    path: str = ""
    own: bool = False
    """It is ``'self'``."""


def violations(policies: str, page: Address, to: Address) -> Iterator[str]:
    """The directive of every policy that keeps *page* from *to*, as the console quotes it."""
    for policy in policies.split(","):
        directives = parsed(policy)
        name = next((name for name in ("connect-src", "default-src") if name in directives), None)
        if name is None:
            continue
        sources = [s for word in directives[name] if (s := _source(word, page)) is not None]
        if not any(_permits(s, to, upgrades="upgrade-insecure-requests" in directives) for s in sources):
            empty = all(s.text == "'report-sample'" for s in sources)
            yield " ".join((name, *(["'none'"] if empty else []), *(s.text for s in sources)))


def _source(word: str, page: Address) -> Source | None:
    """None for ``'none'`` and for what cannot be parsed: either way nothing is let pass."""
    if word.lower() == "'self'":
        port = str(page.port) if page.port is not None else ""
        return Source("'self'", page.scheme, page.host.strip("[]"), port, own=True)
    if word == "*":
        return Source(word, host="*")
    if _KEYWORD.fullmatch(word):
        return Source(word.lower())
    if _NONCE_OR_HASH.fullmatch(word):
        return Source(word)
    if _SCHEME.fullmatch(word):
        return Source(word.lower(), word[:-1].lower())
    parts = _HOST.fullmatch(word)
    if parts is None:
        return None
    scheme, host = (parts["scheme"] or page.scheme).lower(), parts["host"].lower()
    port, path = parts["port"] or "", parts["path"] or ""
    text = f"{scheme}://{host}{':' + port if port else ''}{path}"
    return Source(text, scheme, host, port, path)


def _permits(source: Source, to: Address, *, upgrades: bool) -> bool:
    if source.host == "*" and not source.scheme:
        return True
    if not source.scheme or not _permits_scheme(source, to.scheme, upgrades=upgrades):
        return False
    return not source.host or (
        _permits_host(source.host, to.host)
        and _permits_port(source, to)
        and _permits_path(source.path, to.path)
    )


def _permits_scheme(source: Source, scheme: str, *, upgrades: bool) -> bool:
    """``http:`` does not stand for ``ws:``, unless it is the page's own."""
    if source.scheme == scheme:
        return True
    if source.own and scheme in {"http": ("ws", "wss"), "https": ("wss",)}.get(source.scheme, ()):
        return True
    return (source.scheme, scheme) == ("ws", "wss") or (upgrades and (source.scheme, scheme) == ("wss", "ws"))


def _permits_host(pattern: str, host: str) -> bool:
    host = host.strip("[]")
    if pattern.startswith("*."):
        return host.endswith(pattern[1:])
    return pattern in ("*", host)


def _permits_port(source: Source, to: Address) -> bool:
    if source.port == "*":
        return True
    port = int(source.port) if source.port else DEFAULT_PORTS.get(source.scheme, 0)
    return port == to.effective_port or (port, to.effective_port) == (80, 443)


def _permits_path(pattern: str, path: str) -> bool:
    from urllib.parse import unquote

    pattern, path = unquote(pattern), unquote(path)
    return path.startswith(pattern) if pattern.endswith("/") else pattern in ("", path)
