"""``new WebSocket(url, protocols)`` in Blink, in its order of checks.

Sources: third_party/blink/renderer/modules/websockets/websocket_common.cc (Connect),
websocket_channel_impl.cc (Connect), core/loader/mixed_content_checker.cc, core/frame/csp/.
"""

from __future__ import annotations

from dataclasses import dataclass

from wsprobe.browsers.chromium.facts import Facts
from wsprobe.browsers.chromium.net.channel import elided
from wsprobe.browsers.engine import Construction
from wsprobe.browsers.page import csp, security, subprotocols
from wsprobe.browsers.page.address import Address, as_websocket, parse, target
from wsprobe.browsers.view import DomException, Page

SYNTAX_ERROR, SECURITY_ERROR = 12, 18


@dataclass(frozen=True, slots=True)
class Made:
    """A construction, and what it left in the console."""

    construction: Construction
    console: tuple[str, ...] = ()
    because: str = ""


def construct(url: str, page: Page, facts: Facts) -> Made:
    """Run the constructor; nothing is connected yet."""
    if page.construct != "new":
        key = "no-new" if page.construct == "call" else "no-arguments"
        return _threw(DomException("TypeError", facts.exceptions[key]))
    base = parse(page.url)
    address = parse_url(url, page.url)
    if address is None:
        return _syntax_error(facts, "url", url=url)
    address = as_websocket(address)
    if address.scheme not in ("ws", "wss"):
        return _syntax_error(facts, "scheme", scheme=address.scheme)
    if address.fragment is not None:
        return _syntax_error(facts, "fragment", fragment=address.fragment)
    if csp.upgrades(page.csp) and address.scheme == "ws" and not security.trustworthy_host(address.host):
        address = csp.upgraded(address)
    violation = csp.violation(page.csp, base, address) if base is not None else None
    if violation is not None:
        return _violated(violation, address, facts)
    protocols = subprotocols.given(page)
    if (invalid := subprotocols.first_invalid(protocols)) is not None:
        return _syntax_error(facts, "subprotocol", subprotocol=_escaped(invalid))
    if (repeated := subprotocols.first_repeated(protocols)) is not None:
        return _syntax_error(facts, "subprotocol-twice", subprotocol=_escaped(repeated))
    if base is not None and _is_mixed(base, address):
        line = facts.console["mixed-content"].format(page=elided(base.href), url=elided(address.href))
        return _threw(DomException("SecurityError", facts.exceptions["mixed-content"], SECURITY_ERROR), line)
    blocked = "bad-port" if security.bad_port(address) else ""
    return Made(
        Construction(
            address.href,
            blocked="bad-port" if blocked else "",
            target=None if blocked else target(address),
            protocols=protocols,
        )
    )


def parse_url(url: str, base: str) -> Address | None:
    """*url* as Chromium's parser has it."""
    return parse(url, base)


def _is_mixed(page: Address, to: Address) -> bool:
    return security.insecure_from_secure(page, to) and not security.trustworthy_host(to.host)


def _violated(violation: csp.Violation, address: Address, facts: Facts) -> Made:
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


def _escaped(subprotocol: str) -> str:
    """WebSocketCommon::EncodeSubprotocolString, by UTF-16 code units."""
    units = subprotocol.encode("utf-16-be", "surrogatepass")
    codes = (int.from_bytes(units[i : i + 2], "big") for i in range(0, len(units), 2))
    return "".join(_escaped_unit(code) for code in codes)


def _escaped_unit(code: int) -> str:
    if not 0x20 <= code <= 0x7E:
        return f"\\u{code:04X}"
    return "\\\\" if code == 0x5C else chr(code)
