"""``new WebSocket(url, protocols)`` in Gecko, in its order of checks, with Gecko's parser of a CSP.

Sources: dom/websocket/WebSocket.cpp (ConstructorCommon, WebSocketImpl::Init, ParseURL);
dom/security/nsCSPParser.cpp, nsCSPUtils.cpp (permitsScheme, permitsPort, nsCSPHostSrc::permits).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from unicodedata import normalize
from urllib.parse import unquote

from msgspec import Struct

from wsprobe.browsers.engine import Construction, DomException, Made, Page
from wsprobe.browsers.firefox.request import Facts
from wsprobe.browsers.page import first_invalid, first_repeated, given, parsed, sandboxed, upgraded, upgrades
from wsprobe.browsers.url import (
    DEFAULT_PORTS,
    Address,
    as_websocket,
    bad_port,
    insecure_from_secure,
    parse,
    target,
    trustworthy_host,
    written,
)

_KEYWORD = (
    r"(?i)'(?:self|unsafe-inline|unsafe-eval|unsafe-hashes|wasm-unsafe-eval|strict-dynamic|report-sample)'"
)
_NONCE_OR_HASH = r"(?i)'(?:nonce|sha256|sha384|sha512)-[A-Za-z0-9+/_=-]+'"
_SCHEME = r"(?a)[A-Za-z][A-Za-z0-9+.-]*:"
_HOST = (
    r"(?a)(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://)?"
    r"(?P<host>\*|(?:\*\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?)"
    r"(?::(?P<port>[0-9]{1,9}|\*))?"
    r"(?P<path>/[^?#]*)?(?:[?#].*)?"
)


class Source(Struct, frozen=True):
    """One source expression. *host* is "" for a scheme alone, ``*`` for any."""

    text: str
    """As Firefox quotes it."""
    scheme: str = ""
    host: str = ""
    port: str = ""
    path: str = ""
    own: bool = False
    """True for ``'self'``."""


def violations(policies: str, page: Address, to: Address) -> Iterator[str]:
    """The directive of each policy that blocks *page* from *to*, as the console quotes it."""
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
    """The source expression in *word*; None for ``'none'`` and for an invalid one, which both allow nothing."""
    if word.lower() == "'self'":
        port = str(page.port) if page.port is not None else ""
        return Source("'self'", page.scheme, page.host.strip("[]"), port, own=True)
    if word == "*":
        return Source(word, host="*")
    if re.fullmatch(_KEYWORD, word):
        return Source(word.lower())
    if re.fullmatch(_NONCE_OR_HASH, word):
        return Source(word)
    if re.fullmatch(_SCHEME, word):
        return Source(word.lower(), word[:-1].lower())
    parts = re.fullmatch(_HOST, word)
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
    """True if *source* allows *scheme*. ``http:`` does not allow ``ws:``, unless it comes from ``'self'``."""
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
    pattern, path = unquote(pattern), unquote(path)
    return path.startswith(pattern) if pattern.endswith("/") else pattern in ("", path)


_SYNTAX_ERROR, _SECURITY_ERROR = 12, 18
_SOURCE = "dom/websocket/WebSocket.cpp"


def construct(url: str, page: Page, facts: Facts) -> Made:
    """Run the constructor. Connects to nothing."""
    if page.construct != "new":
        key = "no-new" if page.construct == "call" else "no-arguments"
        return _threw(DomException("TypeError", facts.exceptions[key]))
    protocols = given(page)
    address = parse_url(url, None if sandboxed(page.csp) else page.url)
    if first_repeated(protocols) is not None or first_invalid(protocols) is not None or address is None:
        return _threw(DomException("SyntaxError", facts.exceptions["syntax"], _SYNTAX_ERROR))
    base = parse(page.url)
    forbidden = list(violations(page.csp, base, address)) if base is not None and page.csp else []
    if forbidden:
        console = [
            facts.console["csp"].format(url=address.href, directive=directive) for directive in forbidden
        ]
        return _threw(DomException(facts.exceptions["csp"], ""), *console)
    to, console = _upgraded(page, base, address, facts)
    if base is not None and insecure_from_secure(base, to) and not trustworthy_host(to.host):
        return _threw(DomException("SecurityError", facts.exceptions["mixed-content"], _SECURITY_ERROR))
    blocked = bad_port(to)
    made = Construction(
        address.href,
        blocked="bad-port" if blocked else "",
        target=None if blocked else target(to),
        protocols=protocols,
    )
    return Made(made, tuple(console), connects_to=to.href)


def parse_url(url: str, base: str | None) -> Address | None:
    """The ws: or wss: URL in *url*, with a host and without a fragment; None for any other (ParseURL).

    *base*: None for a page with an opaque origin, which resolves no relative URL (measured).
    """
    if not url:
        return None
    address = parse(url, base)
    if address is None or _ends_in_x(url, base):
        return None
    address = as_websocket(address)
    usable = address.scheme in ("ws", "wss") and address.fragment is None and _is_host(address.host)
    return address if usable else None


def _ends_in_x(url: str, base: str | None) -> bool:
    """``0x`` is the number 0 in the standard; here it is none at the end of an IPv4 address.

    netwerk/base/IPv4Parser.cpp, ValidateIPv4Number.
    """
    found = written(url, base)
    if found is None:
        return False
    host = normalize("NFKC", unquote(found.host)).replace("\u3002", ".").lower().removesuffix(".")
    return host.rpartition(".")[2] == "0x"


def _is_host(host: str) -> bool:
    """True if *host* is not empty, has only valid labels, and neither of the two characters that Firefox
    forbids beyond the URL standard (measured)."""
    return host != "" and not set('"*') & set(host) and all(map(_is_label, host.split(".")))


def _is_label(label: str) -> bool:
    """True unless *label* is an A-label that encodes no valid label (UTS 46, processing, step 4)."""
    if not label.startswith("xn--"):
        return True
    try:
        again = parse(f"ws://{label.removeprefix('xn--').encode('ascii').decode('punycode')}/")
    except UnicodeError:
        return False
    return again is not None and again.host == label


def _upgraded(page: Page, base: Address | None, address: Address, facts: Facts) -> tuple[Address, list[str]]:
    """*address* with wss: instead of ws: if the policy requires it, and the console lines. A page on loopback
    is exempt, whatever it connects to."""
    exempt = base is None or trustworthy_host(base.host)
    if address.scheme != "ws" or exempt or not upgrades(page.csp):
        return address, []
    return upgraded(address), [facts.console["upgraded"].format(url=address.href)]


def _threw(exception: DomException, *console: str) -> Made:
    return Made(Construction("", exception=exception), console, f"{exception.name}: {_SOURCE}")
