"""What browsers say to a certificate, and to a version of TLS."""

import pytest

from wsprobe.browsers.network import objections
from wsprobe.exchange import Certificate, Ended, Exchange, Plan, Target, TlsDone, TlsFailed
from wsprobe.recording.certificate import objectionable

TARGET = Target("wss://shop.example/", True, "shop.example", 443, "/")
GOOD = Certificate(b"", "CN=a", "CN=b", ("shop.example",), "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")
OLD = Certificate(b"", "CN=a", "CN=b", ("other.example",), "2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z")
YOUNG = Certificate(b"", "CN=a", "CN=b", ("shop.example",), "2030-01-01T00:00:00Z", "2031-01-01T00:00:00Z")


def said(event):
    """What Chromium, Firefox and WebKitGTK say, in that order; "" for nothing."""
    exchange = Exchange(Plan(TARGET, b""), (event, Ended(2, "error")), "2026-06-01T00:00:00.000Z")
    found = objections(exchange)
    assert bool(found) <= objectionable(event)
    return [found.get(name, "") for name in ("chromium", "firefox", "webkitgtk")]


def done(version="TLS 1.3", problem=None, shown=GOOD):
    return TlsDone(1, version, "x", None, shown, problem is None, problem)


def test_nothing():
    assert said(done()) == said(TlsFailed(1, "alert", "", alert=40)) == ["", "", ""]
    assert not objectionable(done())


@pytest.mark.parametrize(
    ("event", "chromium", "firefox", "webkitgtk"),
    [
        (
            TlsFailed(1, "certificate", "", certificate=GOOD, reason="unknown-ca"),
            "AUTHORITY_INVALID",
            "SEC_ERROR_UNKNOWN_ISSUER",
            "UNKNOWN_CA",
        ),
        (
            done(problem="it is self-signed"),
            "AUTHORITY_INVALID",
            "MOZILLA_PKIX_ERROR_SELF_SIGNED_CERT",
            "UNKNOWN_CA",
        ),
        (
            TlsFailed(1, "certificate", "", certificate=OLD, reason="expired"),
            "COMMON_NAME_INVALID",
            "SSL_ERROR_BAD_CERT_DOMAIN, SEC_ERROR_EXPIRED_CERTIFICATE",
            "BAD_IDENTITY, G_TLS_CERTIFICATE_EXPIRED",
        ),
        (
            TlsFailed(1, "certificate", "", certificate=YOUNG, reason="not-yet-valid"),
            "DATE_INVALID",
            "MOZILLA_PKIX_ERROR_NOT_YET_VALID_CERTIFICATE",
            "NOT_ACTIVATED",
        ),
    ],
)
def test_a_certificate(event, chromium, firefox, webkitgtk):
    flags = f"Unacceptable TLS certificate (G_TLS_CERTIFICATE_{webkitgtk})"
    assert said(event) == [f"net::ERR_CERT_{chromium}", firefox, flags]


def test_what_only_openssl_minds():
    event = TlsFailed(1, "certificate", "EE certificate key too weak", certificate=GOOD, reason="other")
    assert said(event) == ["net::ERR_CERT_INVALID", "", ""]


@pytest.mark.parametrize("version", ["TLS 1.0", "TLS 1.1"])
def test_an_old_version(version):
    chromium, firefox, webkitgtk = said(done(version))
    assert chromium == "net::ERR_SSL_VERSION_OR_CIPHER_MISMATCH"
    assert firefox.startswith("SSL_ERROR_UNSUPPORTED_VERSION")
    assert webkitgtk == ""
