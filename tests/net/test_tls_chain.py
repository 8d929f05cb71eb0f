"""Who is trusted, the chain that a server sends, the key that it must have, the ciphers that are offered."""

import ssl

import pytest

from tests.net.test_tls import over_tls
from wsprobe.exchange import Sent, TlsDone, TlsFailed, TlsOptions
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


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_the_whole_chain_is_kept(net, authority, between, version, trusted):
    below, made = between
    trust = authority.ca_file if trusted else None
    exchange = over_tls(net, authority, context=made, maximum=version, ca_file=trust)
    done = net.only(exchange, TlsDone if trusted else TlsFailed)
    assert done.verified if trusted else done.reason == "unknown-ca"
    assert [each.der for each in done.issuers] == [der(below)]
    assert done.certificate.issuer == done.issuers[0].subject


@pytest.mark.parametrize("verify", [True, False])
def test_a_pinned_key(net, authority, between, verify):
    def pinned(*keys):
        return over_tls(net, authority, context=between[1], verify=verify, pinned=keys)

    key = described(net.only(pinned(), TlsDone).certificate.der).public_key
    other = "A" * 43 + "="
    assert net.received(pinned(other, key)) == net.REFUSAL
    exchange = pinned(other)
    failed = net.only(exchange, TlsFailed)
    assert failed.kind == "pinned-key"
    assert failed.error == f"the server's public key is sha256//{key}, not sha256//{other}"
    assert failed.certificate.names == ("127.0.0.1",)
    assert len(failed.issuers) == 1
    assert not any(isinstance(event, Sent | TlsDone) for event in exchange.events)


@pytest.mark.parametrize("name", ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"])
def test_the_ciphers_that_are_offered(net, authority, name):
    assert net.only(over_tls(net, authority, ciphers=name, maximum="1.2"), TlsDone).cipher == name


def test_only_the_authorities_that_were_named(authority):
    assert len(context(TlsOptions(ca_file=authority.ca_file)).get_ca_certs()) == 1


def test_a_folder_of_authorities(tmp_path):
    assert context(TlsOptions(ca_path=str(tmp_path))).get_ca_certs() == []
