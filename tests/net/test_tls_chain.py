"""The chain that a server sends, the key that it is to have, and the ciphers that are offered."""

from __future__ import annotations

import ssl

import pytest

from wsprobe.exchange import PlanError, Sent, TlsDone, TlsFailed, TlsOptions
from wsprobe.net.tls import context
from wsprobe.recording.certificate import described


@pytest.fixture(scope="module")
def between(authority):
    """An authority below the root, and a server that sends its certificate too."""
    below = authority.ca.create_child_ca()
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    below.issue_cert("127.0.0.1").configure_cert(made)
    return below, made


def der(ca):
    return ssl.PEM_cert_to_DER_cert(ca.cert_pem.bytes().decode())


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_the_whole_chain_is_kept(net, authority, between, version):
    below, made = between
    trusting = {"ca_file": authority.ca_file, "maximum": version}
    exchange = net.exchange(authority.over_tls(net.refuses, made), secure=True, **trusting)
    done = net.only(exchange, TlsDone)
    assert done.verified
    assert [each.der for each in done.issuers] == [der(below)]
    assert done.certificate.issuer == done.issuers[0].subject


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_also_where_it_is_not_trusted(net, authority, between, version):
    below, made = between
    exchange = net.exchange(authority.over_tls(net.refuses, made), secure=True, maximum=version)
    failed = net.only(exchange, TlsFailed)
    assert failed.reason == "unknown-ca"
    assert [each.der for each in failed.issuers] == [der(below)]


@pytest.mark.parametrize("verify", [True, False])
def test_a_pinned_key(net, authority, between, verify):
    made = between[1]
    handler = authority.over_tls(net.refuses, made)
    options = {"secure": True, "ca_file": authority.ca_file, "verify": verify}
    key = described(net.only(net.exchange(handler, **options), TlsDone).certificate.der).public_key
    other = "A" * 43 + "="
    assert net.received(net.exchange(handler, pinned=(other, key), **options)) == net.REFUSAL
    exchange = net.exchange(handler, pinned=(other,), **options)
    failed = net.only(exchange, TlsFailed)
    assert (failed.kind, failed.error) == (
        "pinned-key",
        f"the server's public key is sha256//{key}, not sha256//{other}",
    )
    assert failed.certificate.names == ("127.0.0.1",)
    assert len(failed.issuers) == 1
    assert not any(isinstance(event, Sent | TlsDone) for event in exchange.events)


def test_the_ciphers_that_are_offered(net, authority):
    for name in ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"):
        handler = authority.over_tls(net.refuses, authority.server())
        trusting = {"ca_file": authority.ca_file, "maximum": "1.2"}
        assert net.only(net.exchange(handler, secure=True, ciphers=name, **trusting), TlsDone).cipher == name


def test_old_versions_with_ciphers_of_their_own():
    made = context(TlsOptions(minimum="1.0", ciphers="ECDHE-RSA-AES128-SHA"))
    assert "ECDHE-RSA-AES128-SHA" in {each["name"] for each in made.get_ciphers()}
    assert context(TlsOptions(minimum="1.0", ciphers="DEFAULT:@SECLEVEL=1")).security_level == 1


def test_ciphers_that_are_none():
    with pytest.raises(PlanError, match=r"OpenSSL has no cipher 'TLS_AES_128_GCM_SHA256'"):
        context(TlsOptions(ciphers="TLS_AES_128_GCM_SHA256"))
