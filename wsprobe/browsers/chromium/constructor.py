"""``new WebSocket(url, protocols)`` in Blink, in its order of checks, from the URL's host on.

Blink does not canonicalise a host in the order of the URL standard. It percent-decodes, looks up every ASCII
character, maps by UTS 46, and percent-decodes and looks up again; only then does it check for an IP address. So
it accepts hosts that the standard refuses, and refuses one or two that the standard accepts.

Sources: url/url_canon_host.cc (DoSimpleHost, DoComplexHost, DoIDNHost), url/url_canon_ip.cc,
url/url_idna_icu.cc, url/url_parse.cc (ParseServerInfo), url/url_canon_path.cc, url/url_canon_internal.cc (all
measured); services/network/public/cpp/ip_address_space_util.cc; third_party/blink/renderer/modules/websockets/
websocket_common.cc (Connect), websocket_channel_impl.cc (Connect), core/loader/mixed_content_checker.cc,
core/frame/csp/.
"""

from __future__ import annotations

import re
from unicodedata import normalize

from wsprobe.browsers.chromium.request import Facts
from wsprobe.browsers.engine import Construction, DomException, Made, Page
from wsprobe.browsers.local_network import space_of_host
from wsprobe.browsers.page import (
    Rules,
    Violation,
    escaped,
    first_invalid,
    first_repeated,
    given,
    upgraded,
    upgrades,
    violation,
)
from wsprobe.browsers.url import (
    Address,
    as_websocket,
    bad_port,
    changed,
    elided,
    insecure_from_secure,
    parse,
    scalar,
    target,
    trustworthy_host,
    written,
)

_ESCAPE = "%([0-9A-Fa-f]{2})"
_LITERAL = r"\[(.*:)([^:]*\.[^:]*)\]"
_BRACKETED = r"\[[^\[\]]*\]"
_PLAIN = r"(?!xn--|.*\.xn--)[a-z0-9.-]+"
"""A host that needs no mapping, and has no A-label for the standard to check."""
_DOTTED = 3
"""Dots of an IPv4 address at the end of an IPv6 one: all four numbers must be present, in any base."""
_LONGEST = 1265
"""The most UTF-16 code units that Blink maps (kMaxHostBufferLength)."""
_ESCAPED = frozenset(" *")
_REFUSED = frozenset("#%/<>?@\\^|\x7f").union(map(chr, range(0x20)))
_FOREIGN = "% []:"
"""ASCII characters that the standard's parser allows in no host, but that occur here before or after
mapping."""
_STAND_INS = "!$&()+,;=_{}~"
"""ASCII characters that mapping does not change. Those that are not in a host can replace others in it."""
_TAIL = ".z"
"""Appended to a host, so that the parser does not read it as an IP address too early."""


def canonical(host: str) -> str | None:
    """The canonical form of *host*, which is as written in a URL; None if it is invalid."""
    found = _looked_up(host)
    if found is not None and not found.isascii():
        mapped = _mapped(found)
        found = _looked_up(mapped) if mapped else None
    if not found or not found.isascii():
        return None
    return _address(found) if set("[]:") & set(found) or _is_number(found) else found


def _looked_up(text: str) -> str | None:
    """DoSimpleHost: percent-decode, then lower, escape or refuse every ASCII character. None if one is
    refused."""
    data = text.encode("utf-8", "surrogatepass")
    if "%" in text:
        data = re.sub(_ESCAPE, lambda m: chr(int(m[1], 16)), data.decode("latin-1")).encode("latin-1")
    try:
        decoded = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if _REFUSED.intersection(decoded):
        return None
    lowered = "".join(c.lower() if c.isascii() else c for c in decoded)
    return "".join(f"%{ord(c):02X}" if c in _ESCAPED else c for c in lowered)


def _mapped(text: str) -> str | None:
    """IDNToASCII: UTS 46, but all ASCII characters pass unchanged."""
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
    """The mapping of *char* if it contains a character that needs a stand-in, else *char*."""
    mapped = normalize("NFKC", char)
    return mapped if set(_FOREIGN) & set(mapped) else char


def _is_number(host: str) -> bool:
    """The URL standard's "ends in a number" checker."""
    last = host.removesuffix(".").rpartition(".")[2]
    return last.isdigit() or (last.startswith("0x") and set(last[2:]) <= set("0123456789abcdef"))


def _address(host: str) -> str | None:
    """*host* as a canonical IP address. The IPv4 end of an IPv6 address may also be octal or hexadecimal."""
    literal = re.fullmatch(_LITERAL, host)
    if literal is not None:
        dotted = parse(f"ws://{literal[2]}/") if literal[2].count(".") == _DOTTED else None
        if dotted is None or literal[2].endswith(".") or not _is_number(literal[2]):
            return None
        host = f"[{literal[1]}{dotted.host}]"
    elif set("[]:") & set(host) and not re.fullmatch(_BRACKETED, host):
        return None
    address = parse(f"ws://{host}/")
    return address.host if address is not None else None


_STAND_IN = "host.invalid"
"""Replaces the host while the standard's parser reads the rest of the URL."""


def parse_url(text: str, base: str) -> Address | None:
    """The URL *text*, resolved against *base*; None if it is invalid."""
    found = written(text, base)
    if found is None or not found.host:
        address = parse(text, base)
        return _escaped(address, address.host) if address is not None else None
    if found.before in ("ws://", "wss://") and re.fullmatch(_PLAIN, found.host):
        address = parse(text, base)  # it is canonical here as in the standard, which reads numbers for both
        return _escaped(address, address.host) if address is not None else None
    host = canonical(found.host)
    address = parse(found.before + _STAND_IN + found.after, base) if host is not None else None
    return _escaped(address, host) if address is not None and host is not None else None


def _escaped(address: Address, host: str) -> Address:
    """*address* with this *host*. Also escapes characters that the standard leaves unescaped."""
    path = address.path.replace("|", "%7C")
    username, password = (text.replace("'", "%27") for text in (address.username, address.password))
    return changed(address, host=host, path=path, username=username, password=password)


SYNTAX_ERROR, SECURITY_ERROR = 12, 18

CSP_RULES = Rules(
    {"http": ("https",), "ws": ("wss",)},
    upgrade_needs_port=True,
    port_needs_upgrade=True,
    whole_path=True,
    query_ignored=True,
)
"""Source expressions with http: do not match ws: (services/network/public/cpp/content_security_policy/
csp_source.cc)."""


def construct(url: str, page: Page, facts: Facts) -> Made:
    """Run the constructor. Connects to nothing."""
    if page.construct != "new":
        key = "no-new" if page.construct == "call" else "no-arguments"
        return _threw(DomException("TypeError", facts.exceptions[key]))
    base = parse(page.url)
    address = parse_url(url, page.url)
    if address is None:
        return _syntax_error(facts, "url", url=scalar(url))
    address = as_websocket(address)
    if address.scheme not in ("ws", "wss"):
        return _syntax_error(facts, "scheme", scheme=address.scheme)
    if address.fragment is not None:
        return _syntax_error(facts, "fragment", fragment=address.fragment)
    if upgrades(page.csp) and address.scheme == "ws" and not trustworthy_host(address.host):
        address = upgraded(address)
    broken = violation(page.csp, base, address, CSP_RULES) if base is not None else None
    if broken is not None:
        return _violated(broken, address, facts)
    protocols = given(page)
    if (invalid := first_invalid(protocols)) is not None:
        return _syntax_error(facts, "subprotocol", subprotocol=escaped(invalid))
    if (repeated := first_repeated(protocols)) is not None:
        return _syntax_error(facts, "subprotocol-twice", subprotocol=escaped(repeated))
    blocked, console = _mixed_content(base, address, facts) if base is not None else (False, ())
    if blocked:
        refused = DomException("SecurityError", facts.exceptions["mixed-content"], SECURITY_ERROR)
        return _threw(refused, *console)
    if bad_port(address):
        return Made(Construction(address.href, blocked="bad-port", protocols=protocols), console)
    return Made(Construction(address.href, target=target(address), protocols=protocols), console)


def _mixed_content(page: Address, to: Address, facts: Facts) -> tuple[bool, tuple[str, ...]]:
    """(blocked, console lines). Loopback is allowed without a warning, the local network with one
    (measured)."""
    if not insecure_from_secure(page, to) or trustworthy_host(to.host):
        return False, ()
    blocked = space_of_host(to.host) == "public"
    line = facts.console["mixed-content" if blocked else "mixed-content-local"]
    first = line.format(page=elided(page.href), url=elided(to.href))
    return blocked, (first,) if blocked else (first, facts.console["insecure-deprecated"])


def _violated(violation: Violation, address: Address, facts: Facts) -> Made:
    fallback = "" if violation.name == "connect-src" else facts.console["csp-fallback"]
    line = facts.console["csp"].format(
        url=elided(address.href), directive=violation.directive, fallback=fallback
    )
    return Made(Construction(address.href, blocked="csp"), (line,))


def _syntax_error(facts: Facts, key: str, **values: str) -> Made:
    return _threw(DomException("SyntaxError", facts.exceptions[key].format(**values), SYNTAX_ERROR))


def _threw(exception: DomException, *console: str) -> Made:
    because = f"{exception.name}: third_party/blink/renderer/modules/websockets/websocket_common.cc"
    return Made(Construction("", exception=exception), console, because)
