"""URIs as GLib parses them, by RFC 3986 and not by WHATWG URL: invalid input is refused, not repaired.

Sources: GLib's glib/guri.c (g_uri_split_internal, g_uri_parse_relative), glib/ghostutils.c, gio/gresolver.c;
with libsoup's flags (libsoup/soup-uri-utils.h, SOUP_HTTP_URI_FLAGS).
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import unquote_to_bytes

from msgspec import Struct
from msgspec.structs import replace

from wsprobe.text import whole_number

_SCHEME = r"([A-Za-z][A-Za-z0-9+.-]*):"
_REST = r"(?s)(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?"
_SERVER = r"(?s)(\[[^\]]*\](?=:|\Z)|\[.*|[^:]*)(?::(.*))?"
_ESCAPE = r"%([0-9A-Fa-f]{2})?"
_UNSEEN = r"[^!-~]"
_NUMBERS = r"(?s)((?:(?:0[xX][0-9A-Fa-f]+|[0-9]+)\.){0,3}(?:0[xX][0-9A-Fa-f]+|[0-9]+))(?:[ \t-\r].*)?"
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_DEFAULT_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}
_BIGGEST_PORT = 65535
_ACE = "xn--"
_LONGEST_LABEL = 63
_DOT = "[.\u3002\uff0e\uff61]"
_JUNK = "[\u00ad\u1806\u200b\u2060\ufeff\u034f\u180b\u180c\u180d\u200c\u200d\ufe00-\ufe0f]"
_PROHIBITED = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"})
_ALSO_PROHIBITED = frozenset("\ufffc\ufffd\u0340\u0341")


class BadUri(Exception):
    """GLib cannot parse the URI."""


class Uri(Struct, frozen=True):
    scheme: str
    """In lower case; "" without one."""
    userinfo: str | None
    """As written."""
    host: str | None
    """Decoded, with its letter case; an IPv6 address without brackets."""
    port: int | None
    """None: the scheme's default."""
    path: str
    query: str | None

    @property
    def resource(self) -> str:
        """Path and query, as in a request line."""
        return self.path + (f"?{self.query}" if self.query is not None else "")


def resolved(base: str, text: str) -> Uri:
    """*text* resolved against *base* (RFC 3986 section 5.2.2). Raises BadUri."""
    to = _split(text)
    if not to.scheme:
        old = _split(base)
        if to.host is not None:
            to = replace(to, scheme=old.scheme)
        elif to.path:
            before = "" if to.path.startswith("/") else f"{old.path.rpartition('/')[0]}/"
            to = replace(old, path=before + to.path, query=to.query)
        else:
            to = replace(old, query=old.query if to.query is None else to.query)
    default = _DEFAULT_PORTS.get(to.scheme)
    path = _without_dots(to.path) or ("" if default is None else "/")
    return replace(to, path=path, port=None if to.port == default else to.port)  # SCHEME_NORMALIZE


def is_numbers(host: str) -> bool:
    """True if *host* is a number that means an IPv4 address but is not written as one. GLib never looks such a
    name up (inet_aton, in gio/gresolver.c)."""
    found = re.fullmatch(_NUMBERS, host)
    if found is None or _is_address(host):
        return False
    *first, last = (_number(part) for part in found[1].split("."))
    return all(part <= 255 for part in first) and last < 256 ** (4 - len(first))


def _number(part: str) -> int:
    """The value of a number with C's prefixes for the base. A digit outside the base makes it larger than any
    address."""
    if part[:2] in ("0x", "0X"):
        return int(part, 16)
    if part.startswith("0"):
        return int(part, 8) if set(part) <= set("01234567") else 2**32
    number = whole_number(part, 2**32)
    return 2**32 if number is None else number


def _split(text: str) -> Uri:
    """The parts of *text*, which may have no scheme."""
    scheme = re.match(_SCHEME, text)
    rest = re.compile(_REST).fullmatch(text, scheme.end() if scheme is not None else 0)
    assert rest is not None
    authority, path, query, fragment = rest.groups()
    userinfo = host = port = None
    if authority is not None:
        before, at, after = authority.partition("@")  # an "@" more is one of the host
        if at:
            userinfo = before
            _decoded(before)
        host, port = _host_and_port(after if at else authority)
    _encoded(fragment or "")
    query = None if query is None else _encoded(query)
    return Uri("" if scheme is None else scheme[1].lower(), userinfo, host, port, _encoded(path), query)


def _host_and_port(text: str) -> tuple[str, int | None]:
    server = re.fullmatch(_SERVER, text)
    assert server is not None
    host, digits = _host(server[1]), server[2]
    port = whole_number(digits, _BIGGEST_PORT) if digits else None
    if digits and port is None:
        raise BadUri
    return host, port


def _host(text: str) -> str:
    """The host in the syntax of a URI (parse_host). Raises BadUri."""
    if text.startswith("["):
        return _ip_literal(text)
    if _is_address(text):
        return text
    host = _decoded(text)
    if _is_address(host):  # an address must not be hidden behind %
        raise BadUri
    return host if host.isascii() else _to_ascii(host)


def _to_ascii(host: str) -> str:
    """g_hostname_to_ascii, with GLib's subset of IDNA; a final dot is lost."""
    from unicodedata import category, normalize

    name = re.sub(_JUNK, "", host).lower()
    if name.isascii():
        return name
    name = normalize("NFKC", name).lower()
    if any(category(char) in _PROHIBITED or char in _ALSO_PROHIBITED for char in name):
        raise BadUri
    labels = re.split(_DOT, name)
    if len(labels) > 1 and not labels[-1]:
        labels.pop()
    if any(not label.isascii() and label.startswith(_ACE) for label in labels):
        raise BadUri
    labels = [label if label.isascii() else _ACE + label.encode("punycode").decode() for label in labels]
    if any(len(label) > _LONGEST_LABEL for label in labels):
        raise BadUri
    return ".".join(labels)


def _ip_literal(text: str) -> str:
    address, mark, zone = text[1:-1].partition("%")
    is_ipv6 = ":" in address and _is_address(address)
    if not text.endswith("]") or not is_ipv6 or (mark and not (zone[:2] == "25" and zone[2:])):
        raise BadUri
    return f"{address}%{_decoded(zone[2:])}" if mark else address


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return "%" not in host


def _encoded(text: str) -> str:
    """*text* without unnecessary escapes, and with invisible characters escaped. Raises BadUri for an
    incomplete escape."""
    out = re.sub(_ESCAPE, normal_escape, text)
    return re.sub(_UNSEEN, lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), out)


def normal_escape(escape: re.Match[str]) -> str:
    """An escape in upper case, or its character if that needs none (RFC 3986 section 2.3). Raises BadUri for an
    incomplete one."""
    if escape[1] is None:
        raise BadUri
    char = chr(int(escape[1], 16))
    return char if char in _UNRESERVED else escape[0].upper()


def _decoded(text: str) -> str:
    if any(escape[1] is None for escape in re.finditer(_ESCAPE, text)):
        raise BadUri
    try:
        out = unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise BadUri from None
    if "\0" in out:
        raise BadUri
    return out


def _without_dots(path: str) -> str:
    """*path* without dot segments, as by the algorithm of RFC 3986 section 5.2.4: empty segments count. A path
    without a first slash is that of a URI without a host, and nobody looks at it."""
    first, *segments = path.split("/")
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1:] in (["."], [".."]):
        kept.append("")
    return "/".join([first, *kept])
