"""A certificate's DER (X.690, RFC 5280) as a person needs it: whose, by whom, for which names, how long.

Never raises: a field that cannot be read stays empty. A certificate alone does not show whether it is trusted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress

from msgspec import Struct

from wsprobe.exchange import Certificate, TlsDone, TlsFailed

SECONDS = len("2026-11-24T12:00:00")
"""Characters of a time in ISO 8601 up to its seconds."""


SELF_SIGNED, UNKNOWN_ISSUER = "it is self-signed", "its issuer is not a known authority"
"""The beginning of ``TlsDone.problem`` if no trusted authority issued a certificate."""


def untrusted(problem: str) -> bool:
    """True if *problem*, of a certificate accepted in spite of it, is that no known authority issued it."""
    return problem.startswith((SELF_SIGNED, UNKNOWN_ISSUER))


NO_NAMES = ": it has no subjectAltName"
"""Of a certificate with a name in its subject at most, which does not count (RFC 9525 section 6.3)."""

OLD_TLS = ("TLS 1.0", "TLS 1.1")
"""Versions that most browsers no longer support (RFC 8996)."""


def objectionable(event: TlsDone | TlsFailed) -> bool:
    """True if a browser may object to the certificate or the version of TLS."""
    return isinstance(event, TlsFailed) or event.problem is not None or event.version in OLD_TLS


def faults(shown: Certificate, name: str, now: str) -> Iterator[tuple[str, str]]:
    """(reason as in ``TlsFailed.reason``, words that follow "it") for each fault of *shown*.

    *name*: the intended server; *now*: ISO 8601 in UTC, "" if unknown. Fields that could not be read are no
    fault. Verification stops at the first fault; a person needs them all.
    """
    if now and shown.not_after and now[:SECONDS] > shown.not_after[:SECONDS]:
        yield "expired", f"expired on {shown.not_after}"
    if now and shown.not_before and now[:SECONDS] < shown.not_before[:SECONDS]:
        yield "not-yet-valid", f"is not valid before {shown.not_before}"
    read = shown.names or shown.not_after
    if read and not any(covers(each, name) for each in shown.names):
        yield "wrong-name", f"is not for {name}{'' if shown.names else NO_NAMES}"


def covers(pattern: str, name: str) -> bool:
    """True if a subjectAltName *pattern* is for *name*: RFC 9525 section 6.3, a wildcard is one whole label."""
    import ipaddress  # late: most answers have no certificate

    with suppress(ValueError):
        return ipaddress.ip_address(pattern) == ipaddress.ip_address(name)
    pattern, name = pattern.lower().rstrip("."), name.lower().rstrip(".")
    if pattern.startswith("*."):
        return "." in pattern[2:] and name.partition(".")[2] == pattern[2:]
    return pattern == name


def is_address(name: str) -> bool:
    """True for an IP address."""
    import ipaddress  # late, as above

    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def common_names(shown: Certificate) -> list[str]:
    """The common names in the subject of *shown*, in its order, with the escapes of RFC 4514."""
    parts = re.findall(r"(?s)(?:[^\\,+]|\\.)+", shown.subject)
    return [part[3:] for part in reversed(parts) if part.startswith("CN=")]


def days_left(shown: Certificate, now: str) -> int | None:
    """Whole days until *shown* expires, negative once it has; None if unknown.

    *now*: ISO 8601 in UTC.
    """
    from datetime import datetime  # late, as above

    try:
        left = datetime.fromisoformat(shown.not_after) - datetime.fromisoformat(now)
    except (ValueError, TypeError):
        return None
    return left.days


class Described(Struct, frozen=True):
    """More facts about a certificate."""

    key: str
    """Kind and size of its public key, as ``RSA 2048`` or ``EC P-256``; "" if it cannot be read."""
    signature: str
    """The algorithm of its signature, as ``sha256WithRSAEncryption``."""
    sha256: str
    """Of the whole certificate, in hex: its fingerprint."""
    public_key: str
    """Base64 of the SHA-256 of its SubjectPublicKeyInfo: what a key is pinned by (RFC 7469 section 2.4)."""


def described(der: bytes) -> Described:
    """The key and signature of *der*, and its digests."""
    from hashlib import sha256  # late, as above

    algorithm = _inside(_padded(_fields(der), 2)[1][1])
    spki = spki_of(der)
    return Described(
        key=_key(_inside(spki)),
        signature=_SIGNATURES.get(dotted := _dotted(algorithm), dotted),
        sha256=sha256(der).hexdigest(),
        public_key=pin(spki) if spki else "",
    )


def pin(spki: bytes) -> str:
    """Base64 of the SHA-256 of *spki*, a SubjectPublicKeyInfo in DER."""
    from base64 import b64encode
    from hashlib import sha256

    return b64encode(sha256(spki).digest()).decode("ascii")


def spki_in(data: bytes) -> bytes:
    """The SubjectPublicKeyInfo in *data*, the contents of a file with a public key in PEM or DER; b"" if there
    is none."""
    from binascii import a2b_base64

    found = re.search(rb"(?ms)^-----BEGIN PUBLIC KEY-----\s(.*?)^-----END PUBLIC KEY-----", data)
    if found is not None:
        try:
            data = a2b_base64(found[1])
        except ValueError:
            return b""
    return data if _key(_inside(data)) and len(data) == len(_whole(SEQUENCE, _inside(data))) else b""


SEQUENCE, OID, UTC_TIME = 0x30, 0x06, 0x17
VERSION, EXTENSIONS = 0xA0, 0xA3
DNS_NAME, IP_ADDRESS = 0x82, 0x87

SUBJECT_ALT_NAME = bytes.fromhex("551d11")

_STRINGS = {
    0x0C: "utf-8",
    0x12: "ascii",
    0x13: "ascii",
    0x14: "latin-1",
    0x16: "ascii",
    0x1A: "ascii",
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}
"""Tags of the string types that names are made of, with their encodings."""

_TYPES = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "title",
    "2.5.4.15": "businessCategory",
    "2.5.4.17": "postalCode",
    "2.5.4.42": "GN",
    "2.5.4.97": "organizationIdentifier",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress",
}
"""Short names of attribute types: RFC 4514 section 3 and common use."""

_CURVES = {
    "1.2.840.10045.3.1.7": "P-256",
    "1.3.132.0.34": "P-384",
    "1.3.132.0.35": "P-521",
    "1.3.132.0.10": "secp256k1",
}
_KEYS = {
    "1.2.840.113549.1.1.1": "RSA",
    "1.2.840.113549.1.1.10": "RSA-PSS",
    "1.2.840.10040.4.1": "DSA",
    "1.2.840.10045.2.1": "EC",
    "1.3.101.112": "Ed25519",
    "1.3.101.113": "Ed448",
    "2.16.840.1.101.3.4.3.17": "ML-DSA-44",
    "2.16.840.1.101.3.4.3.18": "ML-DSA-65",
    "2.16.840.1.101.3.4.3.19": "ML-DSA-87",
}
"""Kinds of keys: RFC 3279, RFC 5480, RFC 8410, RFC 9881."""
_SIGNATURES = {
    "1.2.840.113549.1.1.4": "md5WithRSAEncryption",
    "1.2.840.113549.1.1.5": "sha1WithRSAEncryption",
    "1.2.840.113549.1.1.10": "RSASSA-PSS",
    "1.2.840.113549.1.1.11": "sha256WithRSAEncryption",
    "1.2.840.113549.1.1.12": "sha384WithRSAEncryption",
    "1.2.840.113549.1.1.13": "sha512WithRSAEncryption",
    "1.2.840.10045.4.1": "ecdsa-with-SHA1",
    "1.2.840.10045.4.3.2": "ecdsa-with-SHA256",
    "1.2.840.10045.4.3.3": "ecdsa-with-SHA384",
    "1.2.840.10045.4.3.4": "ecdsa-with-SHA512",
    **{oid: name for oid, name in _KEYS.items() if name.startswith(("Ed", "ML"))},
}

Item = tuple[int, bytes]
"""A tag and its contents."""


def read(der: bytes) -> Certificate:
    """The fields of *der*; those that could not be read are empty."""
    fields = _padded(_fields(der), KEY_FIELD)
    issuer, validity, subject = (contents for _, contents in fields[2:KEY_FIELD])
    extensions = [contents for tag, contents in fields[KEY_FIELD:] if tag == EXTENSIONS]
    names = _alternative_names(_inside(extensions[-1])) if extensions else ()
    not_before, not_after = map(_time, _padded(_items(validity), 2)[:2])
    return Certificate(der, _name(subject), _name(issuer), names, not_before, not_after)


def _padded(items: Iterable[Item], least: int) -> list[Item]:
    """*items*, and empty ones in place of those that are missing."""
    found = list(items)
    return [*found, *[(0, b"")] * (least - len(found))]


def _fields(der: bytes) -> list[Item]:
    """Serial number, signature algorithm, issuer, validity, subject, key, and what may follow; no version.

    Certificate ::= SEQUENCE { tbsCertificate SEQUENCE { ... }, signatureAlgorithm, signature }
    """
    return [item for item in _items(_inside(_inside(der))) if item[0] != VERSION]


KEY_FIELD = 5
"""The index of the SubjectPublicKeyInfo in ``_fields``."""


def spki_of(der: bytes) -> bytes:
    """The SubjectPublicKeyInfo of *der*, tag and length too; b"" if it has none."""
    fields = _fields(der)
    if len(fields) <= KEY_FIELD or fields[KEY_FIELD][0] != SEQUENCE:
        return b""
    return _whole(*fields[KEY_FIELD])


def _whole(tag: int, contents: bytes) -> bytes:
    """An item in DER."""
    size = len(contents)
    if size < 0x80:
        return bytes((tag, size)) + contents
    octets = (size.bit_length() + 7) // 8
    return bytes((tag, 0x80 | octets)) + size.to_bytes(octets) + contents


def _key(spki: bytes) -> str:
    """The kind and size of the key in *spki*, the contents of a SubjectPublicKeyInfo."""
    (_, algorithm), (_, bits) = _padded(_items(spki), 2)[:2]
    (tag, oid), (kind, parameters) = _padded(_items(algorithm), 2)[:2]
    if tag != OID:
        return ""
    name = _KEYS.get(dotted := _dotted(oid), dotted)
    if name.startswith("RSA"):
        modulus = int.from_bytes(_inside(_inside(bits[1:])))  # behind the count of unused bits
        return f"{name} {modulus.bit_length()}"
    if name == "EC" and kind == OID:
        return f"{name} {_CURVES.get(curve := _dotted(parameters), curve)}"
    return name


def _items(data: bytes) -> Iterator[Item]:
    """Tag and contents of each item of *data*, up to the first that is cut or malformed."""
    at = 0
    while at + 2 <= len(data):
        tag, length = data[at], data[at + 1]
        at += 2
        if length & 0x80:
            size = length & 0x7F
            if not 1 <= size <= 4 or at + size > len(data):
                return
            length = int.from_bytes(data[at : at + size])
            at += size
        if tag & 0x1F == 0x1F or at + length > len(data):
            return
        yield tag, data[at : at + length]
        at += length


def _inside(data: bytes) -> bytes:
    """The contents of the one item that *data* is."""
    return next(_items(data), (0, b""))[1]


def _name(contents: bytes) -> str:
    """A Name as RFC 4514 writes it: last part first."""
    parts = ["+".join(_attribute(attribute) for _, attribute in _items(rdn)) for _, rdn in _items(contents)]
    return ",".join(reversed(parts))


def _attribute(contents: bytes) -> str:
    (_, oid), (tag, value) = _padded(_items(contents), 2)[:2]
    kind = _dotted(oid)
    if kind not in _TYPES or tag not in _STRINGS:
        return f"{kind}=#{contents[2 + len(oid) :].hex()}"
    return f"{_TYPES[kind]}={_escaped(value.decode(_STRINGS[tag], 'replace'))}"


def _escaped(value: str) -> str:
    """Escape *value* as RFC 4514 section 2.4 says; control characters too, as it allows."""
    value = re.sub(r'([\\",+;<>])', r"\\\1", value)
    value = re.sub(r"[\x00-\x1f\x7f-\x9f]", lambda m: "".join(f"\\{b:02x}" for b in m[0].encode()), value)
    if value.endswith(" "):
        value = value[:-1] + "\\ "
    return "\\" + value if value.startswith(("#", " ")) and value != "\\ " else value


def _dotted(oid: bytes) -> str:
    arcs: list[int] = []
    value = 0
    for byte in oid:
        value = value << 7 | byte & 0x7F
        if value.bit_length() > 128:
            return "?"
        if not byte & 0x80:
            arcs.append(value)
            value = 0
    if not arcs:
        return "?"
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def _time(item: Item) -> str:
    """A UTCTime or GeneralizedTime as ISO 8601 (RFC 5280 section 4.1.2.5)."""
    tag, contents = item
    digits = contents.decode("ascii", "replace")
    if tag == UTC_TIME:
        digits = ("19" if digits[:2] >= "50" else "20") + digits
    found = re.fullmatch(r"([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})Z", digits)
    return "{}-{}-{}T{}:{}:{}Z".format(*found.groups()) if found else ""


def _alternative_names(extensions: bytes) -> tuple[str, ...]:
    for _, extension in _items(extensions):
        parts = list(_items(extension))
        if len(parts) >= 2 and parts[0] == (OID, SUBJECT_ALT_NAME):
            found = (_general_name(each) for each in _items(_inside(parts[-1][1])))
            return tuple(name for name in found if name)
    return ()


def _general_name(item: Item) -> str:
    tag, value = item
    if tag == DNS_NAME:
        return value.decode("ascii", "backslashreplace")
    if tag == IP_ADDRESS and len(value) in (4, 16):
        import ipaddress

        return str(ipaddress.ip_address(value))
    return ""
