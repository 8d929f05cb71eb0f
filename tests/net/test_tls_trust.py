import ssl

import pytest

from wsprobe.exchange import Certificate, TlsOptions
from wsprobe.net.tls import context

GOOD = Certificate(
    b"",
    "CN=shop",
    "CN=ca",
    ("shop.example",),
    not_before="2026-01-01T00:00:00Z",
    not_after="2026-12-31T00:00:00Z",
)


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


def test_only_the_authorities_that_were_named(authority):
    assert len(context(TlsOptions(ca_file=authority.ca_file)).get_ca_certs()) == 1


def test_a_folder_of_authorities(tmp_path):
    assert context(TlsOptions(ca_path=str(tmp_path))).get_ca_certs() == []
