"""What Bun says of a connection that was not made: in Node's words, but with BoringSSL's numbers."""

from __future__ import annotations

from wsprobe.browsers.bun.facts import Facts
from wsprobe.browsers.hindered import hindered
from wsprobe.read.reading import Reading

_CUT = "Client network socket disconnected before secure TLS connection was established"
_OPENSSL = "error:{number:08x}:SSL routines:OPENSSL_internal:{name}"


def not_connected(reading: Reading, facts: Facts) -> tuple[str, str] | None:
    """(what failed, code) of what kept the request from being answered, None if nothing did."""
    found = hindered(reading)
    if found is None:
        return None
    match found.kind:
        case "name":
            return _filled(facts, "refused", code="ENOTFOUND")
        case "connect":
            return _filled(facts, "refused", code=found.key or "ECONNREFUSED")
        case "tunnel":
            return facts.failures["ended"]
        case "certificate":
            why, code = found.word("bun", (found.error, "CERT_UNTRUSTED"))
            return _filled(facts, "tls", why=why, code=code)
        case "alert" if found.key:
            number = 1000 + int(found.key)
            name = found.word("boringssl", f"reason({number})")
            return _filled(
                facts, "tls", why=_OPENSSL.format(number=0x10000000 + number, name=name), code="EPROTO"
            )
        case "not-tls":
            why = _OPENSSL.format(number=0x100000F7, name="WRONG_VERSION_NUMBER")
            return _filled(facts, "tls", why=why, code="EPROTO")
        case "fin":
            return _filled(facts, "tls", why=_CUT, code="ECONNRESET")
        case _:
            return facts.failures["reset"]


def _filled(facts: Facts, key: str, **values: str) -> tuple[str, str]:
    text, code = facts.failures[key]
    return text.format(**values), code.format(**values)
