import ssl

import pytest

from wsprobe.exchange import Certificate, TlsOptions
from wsprobe.net.tls import context, problem
from wsprobe.recording.certificate import covers

NOW = "2026-06-01T00:00:00Z"
GOOD = Certificate(
    b"",
    "CN=shop",
    "CN=ca",
    ("shop.example",),
    not_before="2026-01-01T00:00:00Z",
    not_after="2026-12-31T00:00:00Z",
)


@pytest.mark.parametrize(
    ("pattern", "name", "is_for"),
    [
        ("shop.example", "shop.example", True),
        ("SHOP.example.", "shop.EXAMPLE", True),
        ("shop.example", "a.shop.example", False),
        ("*.shop.example", "a.shop.example", True),
        ("*.shop.example", "shop.example", False),
        ("*.shop.example", "a.b.shop.example", False),
        ("*.example", "shop.example", False),
        ("a*.shop.example", "ab.shop.example", False),
        ("*", "shop", False),
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:0::1", "2001:db8::1", True),
        ("shop.example", "192.0.2.1", False),
    ],
)
def test_covers(pattern, name, is_for):
    assert covers(pattern, name) is is_for


def test_problem():
    assert problem(GOOD, "shop.example", NOW, known=True) is None
    assert (
        problem(GOOD, "shop.example", "2027-01-01T00:00:00Z", known=True)
        == "it expired on 2026-12-31T00:00:00Z"
    )
    assert (
        problem(GOOD, "shop.example", "2025-01-01", known=True) == "it is not valid before 2026-01-01T00:00:00Z"
    )
    assert problem(GOOD, "other.example", NOW, known=True) == "it is not for other.example"
    assert problem(GOOD, "shop.example", NOW, known=False) == "its issuer is not a known authority"
    assert problem(GOOD, "other.example", "2027-01-01", known=False) == (
        "its issuer is not a known authority, it expired on 2026-12-31T00:00:00Z, it is not for other.example"
    )
    unread = Certificate(b"")
    assert problem(unread, "shop.example", NOW, known=False) == "it is self-signed"


@pytest.mark.parametrize(
    ("options", "lowest", "highest"),
    [
        (TlsOptions(), "TLSv1_2", "MAXIMUM_SUPPORTED"),
        (TlsOptions(minimum="1.3"), "TLSv1_3", "MAXIMUM_SUPPORTED"),
        (TlsOptions(maximum="1.2"), "TLSv1_2", "TLSv1_2"),
        (TlsOptions(maximum="1.1"), "TLSv1_1", "TLSv1_1"),
        (TlsOptions(minimum="1.0"), "TLSv1", "MAXIMUM_SUPPORTED"),
    ],
)
def test_versions(options, lowest, highest):
    made = context(options)
    assert made.minimum_version == ssl.TLSVersion[lowest]
    assert made.maximum_version == ssl.TLSVersion[highest]


def test_verification_is_off_only_when_told():
    assert context(TlsOptions()).verify_mode == ssl.CERT_REQUIRED
    assert context(TlsOptions()).check_hostname
    assert context(TlsOptions(verify=False)).verify_mode == ssl.CERT_NONE


def test_only_the_authorities_that_were_named(authority):
    assert len(context(TlsOptions(ca_file=authority.ca_file)).get_ca_certs()) == 1


def test_a_folder_of_authorities(tmp_path):
    assert context(TlsOptions(ca_path=str(tmp_path))).get_ca_certs() == []
