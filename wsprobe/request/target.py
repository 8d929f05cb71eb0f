"""Text -> Target: a ws: or wss: URL taken apart (RFC 6455 section 3, RFC 3986), and its value of Host."""

from __future__ import annotations

import re

from wsprobe.exchange import Route, Target

NAME_MAX = 253
"""Characters of a name in DNS (RFC 1035 section 2.3.4: 255 bytes on the wire)."""

DEFAULT_PORT = {False: 80, True: 443}
"""By ``Target.secure`` (RFC 6455 section 3)."""

_SECURE = {"ws": False, "http": False, "wss": True, "https": True}
"""http: and https: mean ws: and wss:, as in the WebSocket constructor of the WHATWG standard."""

_SCHEME = r"([A-Za-z][A-Za-z0-9+.-]*)://"
_SCHEME_WITHOUT_SLASHES = r"(?i)(wss?|https?):(?![0-9]+(?:[/?#]|\Z))"
_SCHEME_OF_NO_SERVER = (
    r"(?i)(about|blob|cid|data|file|ftp|geo|javascript|mailto|news|sips?|sms|tel|urn|view-source|xmpp)"
    r":(?!/?/|[0-9]+(?:[/?#]|\Z))"
)
"""Schemes that people paste, but that lead to no WebSocket server. With digits after the colon the word is a
host, with its port."""
_SLASHES_WITHOUT_COLON = r"(?i)(wss?|https?)(//)"
_QUOTES = "'\"`<\u2018\u2019\u201c\u201d\u00ab"
_CONTROL = r"[\x00-\x1f\x7f]"
_NO_CHARACTER = "[\ud800-\udc7f\udd00-\udfff]"
"""Lone surrogates; U+DC80 to U+DCFF are excluded, because they are the bytes of PEP 383."""
_PATH = r"\.{1,2}/|~/"
_AUTHORITY_END = r"[/?#]|\Z"

# RFC 3986 section 3.3 (pchar), section 3.4 (query) and section 3.2.2 (reg-name, here without percent-encoding).
# A percent sign without two digits stays too, as in the URL standard (browsers send it so).
_NOT_IN_RESOURCE = rb"[^A-Za-z0-9\-._~!$&'()*+,;=:@/?%]"
_NOT_IN_HOST = r"[^A-Za-z0-9\-._~!$&'()*+,;=]"


class TargetError(ValueError):
    """A text that is not a valid target. The message is one line of ASCII."""


def parse(text: str) -> Target:
    """The target in *text*.

    ``ws:``, ``wss:``, ``http:`` and ``https:`` URLs, and ``host[:port][/path]`` without a scheme, which means
    ws:. Valid characters of a path and query stay unchanged, dot segments too; others are percent-encoded as
    UTF-8. A fragment is kept separately, outside the resource name.

    Raises TargetError.
    """
    url = text.strip(" \t\r\n")
    if not url:
        raise TargetError("the URL is empty")
    if not url.isprintable():
        if control := re.search(_CONTROL, url):
            raise TargetError(f"URL {_shown(url)} has a control character, {control[0]!a}")
        if re.search(_NO_CHARACTER, url):
            raise TargetError(f"URL {_shown(url)} has a lone surrogate, which is not a character")
    if "," in url and re.search(r",\s*(?:wss?|https?)://", url):
        raise TargetError(f"{_shown(url)} is several URLs; separate them with spaces, not commas")
    if url[0] in _QUOTES:
        raise TargetError(f"URL {_shown(url)} begins with a quotation mark: leave it out")
    secure, rest = _scheme(url)
    end = _authority_end(rest)
    userinfo, host, port = _authority(rest[:end], secure, url)
    hierarchical, hash_mark, fragment = rest[end:].partition("#")
    return Target(
        url=text,
        secure=secure,
        host=host,
        port=port,
        resource=_resource(hierarchical),
        userinfo=userinfo,
        fragment=fragment if hash_mark else None,
    )


def begins_with_scheme(text: str) -> bool:
    """Whether *text* begins with a scheme, slashes or not, and not with a host and its port."""
    return any(re.match(each, text) for each in (_SCHEME, _SCHEME_WITHOUT_SLASHES, _SCHEME_OF_NO_SERVER))


def absolute(target: Target) -> str:
    """The URL of *target* as it was typed, with ``ws://`` if it has no scheme."""
    if not target.host or begins_with_scheme(target.url):
        return target.url
    return f"ws://{target.url.removeprefix('//')}"


def bracketed(host: str) -> str:
    """*host* as in a URL: an IPv6 literal in brackets (RFC 3986 section 3.2.2)."""
    return f"[{host}]" if ":" in host else host


def authority(host: str, port: int) -> str:
    """``host:port``, an IPv6 literal in brackets (RFC 3986 section 3.2); *host* alone without a port."""
    return f"{bracketed(host)}:{port}" if port else host


def loopback(host: str) -> bool:
    """Whether *host* is this machine, so that nobody on the way can read the data. Of names only localhost
    counts."""
    from ipaddress import ip_address

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


_HOST = r"(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9._-]{1,254}))(?::([0-9]{1,5}))?"


def host_of(field: str) -> str | None:
    """The name or address in *field*, the value of a Host field: lower case, without port, brackets and final
    dot. None for what no browser sends (RFC 9112 section 3.2)."""
    found = re.fullmatch(_HOST, field)
    if found is None or int(found[3] or 0) > 65535:
        return None
    if found[1]:
        from ipaddress import AddressValueError, IPv6Address

        try:
            return str(IPv6Address(found[1]))
        except AddressValueError:
            return None
    return found[2].lower().removesuffix(".")


def names_this_machine(field: str, names: frozenset[str], addresses: bool = False) -> bool:
    """Whether a Host *field* names a server of this machine: localhost, a loopback address or one of *names*
    (lower case, no brackets), with *addresses* any address; otherwise a page of another site could reach the
    server through that site's name (DNS rebinding)."""
    from ipaddress import ip_address

    name = host_of(field)
    if name is None:
        return False
    if name == "localhost" or name in names:
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    return addresses or address.is_loopback


def destination(of: Target, route: Route) -> tuple[str, int]:
    """Host and port to connect to: the target's own, or those of ``Route.connect_to``."""
    for from_host, from_port, to_host, to_port in route.connect_to:
        if from_host.lower() in ("", of.host.lower()) and from_port in (0, of.port):
            return to_host or of.host, to_port or of.port
    return of.host, of.port


def named_addresses(host: str, port: int, route: Route) -> tuple[str, ...]:
    """The addresses in the plan for *host* (``Route.resolve``); the host ``*`` means any."""
    for named, at, addresses in route.resolve:
        if at in (port, 0) and named.lower() in (host.lower(), "*"):
            return addresses
    return ()


def host_header(target: Target) -> str:
    """The value of Host: the host, an IPv6 literal in brackets, and the port unless it is the default.

    The zone of an IPv6 literal has no meaning for the peer and is left out (RFC 6874 section 4).
    """
    host = target.host
    if ":" in host:
        host = f"[{host.partition('%')[0]}]"
    return host if target.port == DEFAULT_PORT[target.secure] else f"{host}:{target.port}"


def public_url(target: Target) -> str:
    """The URL without user and password, and without the port of its scheme."""
    return f"{'wss' if target.secure else 'ws'}://{host_header(target)}{target.resource}"


def _scheme(url: str) -> tuple[bool, str]:
    """Whether the scheme means TLS, and the rest from the authority on."""
    if found := re.match(_SCHEME, url):
        scheme = found[1].lower()
        if scheme not in _SECURE:
            raise TargetError(f"scheme {scheme!r} in URL {_shown(url)} is not ws, wss, http or https")
        return _SECURE[scheme], url[found.end() :]
    if found := re.match(_SCHEME_WITHOUT_SLASHES, url):
        raise TargetError(f"URL {_shown(url)} has no // after {found[1]}:")
    if found := re.match(_SCHEME_OF_NO_SERVER, url):
        raise TargetError(f"scheme {found[1].lower()!r} in URL {_shown(url)} is not ws, wss, http or https")
    if found := re.match(_SLASHES_WITHOUT_COLON, url):
        raise TargetError(f"URL {_shown(url)} has no : after {found[1]}")
    if re.match(_PATH, url):
        raise TargetError(f"{_shown(url)} is a path, not a URL: it has no host")
    return False, url.removeprefix("//")


def _authority_end(rest: str) -> int:
    found = re.search(_AUTHORITY_END, rest)
    return len(rest) if found is None else found.start()


def _authority(authority: str, secure: bool, url: str) -> tuple[str | None, str, int]:
    """Userinfo, host and port (RFC 3986 section 3.2)."""
    userinfo, at_sign, hostport = authority.rpartition("@")
    if "\\" in userinfo:
        raise TargetError(
            f"URL {_shown(url)} has \\ before @: browsers read it as /, and connect to another host "
            "(in a name or password: %5C)"
        )
    if hostport.startswith("["):
        literal, bracket, after = hostport[1:].partition("]")
        if not bracket:
            raise TargetError(f"URL {_shown(url)} has [ without ]")
        if after and not after.startswith(":"):
            raise TargetError(f"URL {_shown(url)} has {_shown(after)} between the address and the path")
        host, port = _ipv6(literal), after[1:]
    else:
        name, _, port = hostport.partition(":")
        if ":" in port:
            raise TargetError(
                f"URL {_shown(url)} has several colons in its host; an IPv6 address needs [brackets]"
            )
        if not name:
            raise TargetError(f"URL {_shown(url)} has no host")
        host = _name(name)
    return userinfo if at_sign else None, host, _port(port, secure)


def _port(text: str, secure: bool) -> int:
    if not text:
        return DEFAULT_PORT[secure]
    if not (text.isascii() and text.isdigit()):
        raise TargetError(f"port {_shown(text)} is not a number")
    port = int(text[-6:]) if len(text.lstrip("0")) < 6 else 65536
    if not 1 <= port <= 65535:
        raise TargetError(f"port {_shown(text)} is not from 1 to 65535")
    return port


def _ipv6(literal: str) -> str:
    """The address, and its zone after a bare % (RFC 4007); RFC 6874 writes %25 in a URL."""
    from ipaddress import AddressValueError, IPv6Address

    address, percent, zone = literal.partition("%")
    try:
        IPv6Address(address)
    except AddressValueError:
        raise TargetError(f"{_shown(f'[{literal}]')} is not an IPv6 address") from None
    if not percent:
        return address.lower()
    zone = zone.removeprefix("25") if len(zone) > 2 else zone
    if not re.fullmatch(r"[A-Za-z0-9\-._~]+", zone):
        raise TargetError(f"{_shown(f'[{literal}]')} has no usable zone after %")
    return f"{address.lower()}%{zone}"


def _name(name: str) -> str:
    """A registered name or IPv4 address in lower case, an IDN as A-labels."""
    host = name
    if "%" in host:
        from urllib.parse import unquote_to_bytes

        try:
            host = unquote_to_bytes(host).decode()
        except UnicodeDecodeError:
            raise TargetError(f"host {_shown(name)} is not UTF-8 once its percent-encoding is undone") from None
    if not host.isascii():
        host = _a_labels(host)
    if wrong := re.search(_NOT_IN_HOST, host):
        raise TargetError(f"host {_shown(name)} has {wrong[0]!a}, which no host name has")
    labels = host.removesuffix(".").split(".")
    if "" in labels:
        raise TargetError(f"host {_shown(name)} has an empty label")
    if max(map(len, labels)) > 63 or len(host.removesuffix(".")) > NAME_MAX:
        raise TargetError(f"host {_shown(name)} is longer than DNS allows (63 a label, 253 in all)")
    return host.lower()


def _a_labels(host: str) -> str:
    """ToASCII of UTS 46, non-transitional and without STD3 rules, as the URL standard requires.

    IDNA 2008 is stricter (no symbols, for one) and would refuse names that browsers reach.
    """
    import idna

    try:
        mapped = idna.uts46_remap(host, std3_rules=False, transitional=False)
        labels = mapped.split(".")
        for label in labels:
            if not label.isascii():
                idna.check_bidi(label)
    except (idna.IDNAError, UnicodeError) as error:
        raise TargetError(
            f"host {_shown(host)} is not a valid international name: {_shown(str(error))}"
        ) from None
    return ".".join(
        label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii") for label in labels
    )


def _resource(text: str) -> str:
    """RFC 6455's resource name: path, "/" if empty, and query; what is illegal percent-encoded."""
    if not text.startswith("/"):
        text = "/" + text
    encoded = re.sub(
        _NOT_IN_RESOURCE,
        lambda found: b"".join(b"%%%02X" % byte for byte in found[0]),
        text.encode("utf-8", "surrogateescape"),
    )
    return encoded.decode("ascii")


def _shown(text: str) -> str:
    """*text* for a message: in quotes, ASCII, and short."""
    return ascii(text) if len(text) <= 100 else ascii(text[:100]) + "..."
