import base64
import datetime
import hashlib
import ipaddress
import ssl

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases import EXAMPLES
from wsprobe.recording.certificate import Described, described, read, spki_in, spki_of

KEY = ec.generate_private_key(ec.SECP256R1())
EARLY = datetime.datetime(1999, 12, 31, 23, 59, 59)
LATE = datetime.datetime(2051, 6, 7, 8, 9, 10)


def signed(subject=(), issuer=(), key=KEY, start=EARLY, end=LATE, extra=(), names=()):
    """A certificate of these parts, signed with its own *key*."""
    subject, issuer = (
        each if isinstance(each, x509.Name) else x509.Name([*each]) for each in (subject, issuer)
    )
    builder = x509.CertificateBuilder(issuer, subject, key.public_key(), 2**100, start, end)
    for extension in extra:
        builder = builder.add_extension(extension, critical=False)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(list(names)), critical=True)
    return builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())


def made(*parts, **named):
    return signed(*parts, **named).public_bytes(Encoding.DER)


def part(oid, value, kind=None):
    return x509.NameAttribute(oid, value, kind) if kind else x509.NameAttribute(oid, value)


O = x509.NameOID  # noqa: E741 - as in OID
GOOD = made(
    subject=[
        part(O.COUNTRY_NAME, "JP"),
        part(O.ORGANIZATION_NAME, "Ex, Ample"),
        part(O.COMMON_NAME, "shop.example"),
    ],
    issuer=[part(O.COMMON_NAME, "Some CA"), part(O.DOMAIN_COMPONENT, "example")],
    names=[
        x509.DNSName("shop.example"),
        x509.DNSName("*.shop.example"),
        x509.IPAddress(ipaddress.ip_address("192.0.2.1")),
        x509.IPAddress(ipaddress.ip_address("2001:db8::1")),
        x509.RFC822Name("me@shop.example"),
        x509.UniformResourceIdentifier("https://shop.example"),
    ],
    extra=[x509.BasicConstraints(ca=False, path_length=None)],
)


def test_as_the_standard_library_reads_it(tmp_path):
    """The same facts that ``ssl`` finds in a certificate it has verified."""
    ca = trustme.CA()
    issued = ca.issue_cert("shop.example", "192.0.2.1", common_name="Shop")
    path = tmp_path / "c.pem"
    issued.cert_chain_pems[0].write_to_path(path)
    expected = ssl._ssl._test_decode_cert(str(path))
    found = read(ssl.PEM_cert_to_DER_cert(path.read_text()))
    assert found.names == tuple(value for _, value in expected["subjectAltName"])
    for mine, theirs in ((found.not_before, "notBefore"), (found.not_after, "notAfter")):
        moment = datetime.datetime.fromisoformat(mine).timestamp()
        assert moment == ssl.cert_time_to_seconds(expected[theirs])
    assert "CN=Shop" in found.subject
    assert "trustme" in found.issuer


def _never_wrong(der):
    found = read(der)
    assert found.der == der
    for text in (found.subject, found.issuer, found.not_before, found.not_after, *found.names):
        text.encode()


@settings(max_examples=6 * EXAMPLES)
@given(st.binary(max_size=300))
def test_any_bytes(der):
    _never_wrong(der)


@settings(max_examples=6 * EXAMPLES)
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_certificate_with_some_bytes_changed(changes):
    data = bytearray(GOOD)
    for place, value in changes:
        data[place] = value
    _never_wrong(bytes(data))


KEYS = {
    "EC P-256": (KEY, "ecdsa-with-SHA256"),
    "EC P-384": (ec.generate_private_key(ec.SECP384R1()), "ecdsa-with-SHA256"),
    "RSA 2048": (rsa.generate_private_key(65537, 2048), "sha256WithRSAEncryption"),
    "Ed25519": (ed25519.Ed25519PrivateKey.generate(), "Ed25519"),
}


@pytest.mark.parametrize("name", KEYS)
def test_keys_and_digests(name):
    key, signature = KEYS[name]
    certificate = signed(key=key)
    der = certificate.public_bytes(Encoding.DER)
    spki, pem = (
        key.public_key().public_bytes(form, PublicFormat.SubjectPublicKeyInfo)
        for form in (Encoding.DER, Encoding.PEM)
    )
    assert spki_of(der) == spki
    assert described(der) == Described(
        key=name,
        signature=signature,
        sha256=certificate.fingerprint(hashes.SHA256()).hex(),
        public_key=base64.b64encode(hashlib.sha256(spki).digest()).decode(),
    )
    assert spki_in(spki) == spki_in(pem) == spki_in(b"before\n" + pem + b"behind") == spki
    whole = certificate.public_bytes(Encoding.PEM)
    for wrong in (der, whole, spki[:-1], spki + b"x", pem.replace(b"M", b"*"), b""):
        assert spki_in(wrong) == b""


@given(st.binary(max_size=200) | st.integers(0, len(GOOD)).map(lambda cut: GOOD[:cut]))
def test_what_is_no_certificate_is_described_without_an_exception(data):
    described(data)
    spki_in(data)
