"""Hosts as Chromium canonicalises them.

Sources: url/url_canon_host.cc (DoSimpleHost, DoComplexHost, DoIDNHost), url/url_canon_ip.cc,
url/url_idna_icu.cc. The order is not that of the URL standard: percent-decode, look every ASCII character up,
map by UTS 46, percent-decode and look up again, and only then see whether it is an IP address. So there are
hosts that the standard refuses, and one or two that only the standard takes.
"""

from __future__ import annotations

from unicodedata import normalize

from wsprobe.browsers.page.address import parse
from wsprobe.pattern import pattern

_ESCAPE = pattern("%([0-9A-Fa-f]{2})")
_LITERAL = pattern(r"\[(.*:)([^:]*\.[^:]*)\]")
_BRACKETED = pattern(r"\[[^\[\]]*\]")
_DOTTED = 3
"""Dots of an IPv4 address in an IPv6 one: all four numbers must be there, in whatever base."""
_LONGEST = 1265
"""UTF-16 code units that are mapped at most (kMaxHostBufferLength)."""
_ESCAPED = frozenset(" *")
_REFUSED = frozenset("#%/<>?@\\^|\x7f").union(map(chr, range(0x20)))
_FOREIGN = "% []:"
"""ASCII characters that the standard's parser has in no host, and that stand before or after mapping here."""
_STAND_INS = "!$&()+,;=_{}~"
"""ASCII characters that mapping leaves as they are; those that a host does not have stand in for others."""
_TAIL = ".z"
"""Put behind a host, so that it is not taken for an IP address too early."""


def canonical(host: str) -> str | None:
    """*host*, as it stands in a URL's text, in its canonical form; None if it is not valid."""
    found = _looked_up(host)
    if found is not None and not found.isascii():
        mapped = _mapped(found)
        found = _looked_up(mapped) if mapped else None
    if not found or not found.isascii():
        return None
    return _address(found) if set("[]:") & set(found) or _is_number(found) else found


def _looked_up(text: str) -> str | None:
    """DoSimpleHost: what is escaped is decoded, and every ASCII character lowered, escaped or refused."""
    data = text.encode("utf-8", "surrogatepass")
    if "%" in text:
        data = _ESCAPE.sub(lambda m: chr(int(m[1], 16)), data.decode("latin-1")).encode("latin-1")
    try:
        decoded = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if _REFUSED.intersection(decoded):
        return None
    lowered = "".join(c.lower() if c.isascii() else c for c in decoded)
    return "".join(f"%{ord(c):02X}" if c in _ESCAPED else c for c in lowered)


def _mapped(text: str) -> str | None:
    """IDNToASCII: UTS 46, but with ASCII of every kind let pass."""
    if len(text.encode("utf-16-le")) // 2 > _LONGEST:
        return None
    text = "".join(_decomposed(c) for c in text)
    free = [c for c in _STAND_INS if c not in normalize("NFKC", text)]
    stand_ins: dict[str, str] = dict(zip(_FOREIGN, free, strict=False))
    there = str.maketrans("".join(stand_ins), "".join(stand_ins.values()))
    address = parse(f"ws://{text.translate(there)}{_TAIL}/")
    if address is None or len(stand_ins) < len(_FOREIGN):
        return None
    back = str.maketrans("".join(stand_ins.values()), "".join(stand_ins))
    return address.host.removesuffix(_TAIL).translate(back)


def _decomposed(char: str) -> str:
    """What *char* is mapped to, where that brings in a character that takes a stand-in."""
    mapped = normalize("NFKC", char)
    return mapped if set(_FOREIGN) & set(mapped) else char


def _is_number(host: str) -> bool:
    """The URL standard's "ends in a number" checker."""
    last = host.removesuffix(".").rpartition(".")[2]
    return last.isdigit() or (last.startswith("0x") and set(last[2:]) <= set("0123456789abcdef"))


def _address(host: str) -> str | None:
    """An IP address; the IPv4 end of an IPv6 one may be written in octal and hexadecimal as well."""
    literal = _LITERAL.fullmatch(host)
    if literal is not None:
        dotted = parse(f"ws://{literal[2]}/") if literal[2].count(".") == _DOTTED else None
        if dotted is None or literal[2].endswith(".") or not _is_number(literal[2]):
            return None
        host = f"[{literal[1]}{dotted.host}]"
    elif set("[]:") & set(host) and not _BRACKETED.fullmatch(host):
        return None
    address = parse(f"ws://{host}/")
    return address.host if address is not None else None
