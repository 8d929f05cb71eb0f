import shutil
import ssl
import stat
from datetime import UTC, datetime, timedelta

import click
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from msgspec.structs import replace

from wsprobe.cli.route_settings import TlsSettings
from wsprobe.exchange import PlanError, Received, TlsDone, TlsFailed
from wsprobe.net import tls as tls_module
from wsprobe.net.probe import probe
from wsprobe.recording.archive import ascii_json

LONG_AGO = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
YEAR = timedelta(365)


def over_tls(net, authority, handler=None, context=None, **parts):
    """Probe *handler* inside TLS, as one who trusts the authority; without it, a server that refuses."""
    inside = authority.over_tls(handler or net.refuses, context or authority.server())
    return net.exchange(inside, secure=True, **{"ca_file": authority.ca_file} | parts)


def test_a_good_certificate(net, authority):
    done = net.only(over_tls(net, authority), TlsDone)
    assert done.cipher
    assert done.certificate.not_after > done.certificate.not_before > "2000"


def test_no_alpn_and_another_server_name(net, authority):
    names = []
    context = authority.server("shop.example")
    context.sni_callback = lambda tls, name, context: names.append(name)
    exchange = over_tls(net, authority, context=context, server_name="shop.example", alpn=())
    assert net.only(exchange, TlsDone).alpn is None
    assert names == ["shop.example"]


def self_signed(folder, subject="myself"):
    """A server with a certificate of its own making, which is kept with its key in ``self.pem``."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, subject)])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(1), now + timedelta(1))
    path = folder / "self.pem"
    path.write_bytes(
        made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def test_the_certificate_of_a_failure(net, authority):
    long_ago = {"not_before": LONG_AGO - YEAR, "not_after": LONG_AGO}
    context = authority.server("shop.example", "*.shop.example", **long_ago)
    exchange = over_tls(net, authority, context=context, server_name="a.shop.example")
    failed = net.only(exchange, TlsFailed)
    assert (failed.reason, failed.error) == ("expired", "certificate has expired")
    assert failed.received[:2] == b"\x16\x03"
    assert failed.certificate.names == ("shop.example", "*.shop.example")
    assert failed.certificate.not_after == "2001-02-03T04:05:06Z"
    assert "trustme" in failed.certificate.issuer


def test_an_endless_banner(net):
    exchange = net.exchange(net.plays([b"no TLS here\r\n" * 1000]), secure=True)
    assert len(net.only(exchange, TlsFailed).received) <= 3 * 65536


@pytest.mark.parametrize(("end", "kinds"), [("close", ("fin", "reset")), ("reset", ("reset",))])
def test_the_peer_goes_before_the_handshake(net, end, kinds):
    """The ClientHello may meet a socket that is closed already: the answer to it is RST."""
    exchange = net.exchange(net.plays(end), secure=True)
    failed = net.only(exchange, TlsFailed)
    assert (failed.kind in kinds, failed.received) == (True, b"")
    assert net.ended(exchange).how == failed.kind


def test_we_say_close_notify_too(net, authority):
    ends = []

    async def server(tls):
        await net.plays("head", net.REFUSAL, ("rest", b""))(tls)
        ends.append(tls.engine.read(1))

    assert net.ended(over_tls(net, authority, server)).how == "local"
    assert ends == [b""], "SSLEOFError would say that close_notify was missing"


BREAKS = {
    "a reset": (("reset",), "1.3", "reset"),
    "a record that cannot be read": ((b"\x17\x03\x03\x00\x20" + bytes(32), "rest"), "1.3", "error"),
    "an alert": ((b"\x15\x03\x03\x00\x02\x02\x50", "rest"), "1.2", "error"),
}
"""What the server does below TLS, the version, and how the connection ends."""


@pytest.mark.parametrize(("below", "version", "how"), BREAKS.values(), ids=BREAKS)
def test_what_breaks_tls_leaves_what_came_before(net, authority, below, version, how):
    """The handshake was fine, so it is no failure of TLS's beginning."""

    async def server(tls):
        await net.plays("head", b"HTTP/1.1 2")(tls)
        await net.plays(*below)(tls.stream)

    exchange = over_tls(net, authority, server, maximum=version)
    assert "TlsFailed" not in net.kinds(exchange)
    assert net.received(exchange) == b"HTTP/1.1 2"
    assert net.ended(exchange).how == how
    assert net.ended(exchange).error


def test_many_records_in_one_read_are_one_event(net, authority):
    async def server(tls):
        await net.head(tls)
        for at in range(len(net.REFUSAL)):
            tls.engine.write(net.REFUSAL[at : at + 1])
        await tls.flush()
        await net.until_eof(tls)

    assert net.only(over_tls(net, authority, server), Received).data == net.REFUSAL


def test_a_name_that_cannot_be_a_server_name(net):
    failed = net.only(net.exchange(net.plays("rest"), secure=True, server_name=".example"), TlsFailed)
    assert failed.kind == "error"
    assert "'.example' cannot be a server name" in failed.error


def test_a_reader_of_keys_is_obeyed(net, authority, tmp_path, monkeypatch):
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    over_tls(net, authority)
    assert "CLIENT_TRAFFIC_SECRET_0" in (tmp_path / "keys").read_text()
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["/nonexistent/keys", "/dev/full"])
def test_keys_that_cannot_be_written(net, monkeypatch, name):
    monkeypatch.setenv("SSLKEYLOGFILE", name)
    with pytest.raises(PlanError, match="SSLKEYLOGFILE"):
        net.run(lambda: probe(net.plan(1, secure=True)))


@pytest.fixture(params=[PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def locked(request, tmp_path):
    """The files of a certificate and of its key, whose passphrase is sesame."""
    self_signed(tmp_path)
    key = load_pem_private_key((tmp_path / "self.pem").read_bytes(), None)
    pem = key.private_bytes(Encoding.PEM, request.param, BestAvailableEncryption(b"sesame"))
    (tmp_path / "key").write_bytes(pem)
    return str(tmp_path / "self.pem"), str(tmp_path / "key")


def test_an_encrypted_key_is_named_in_a_line(net, locked):
    certificate, key = locked
    plan = net.plan(1, secure=True, certificate=certificate, key=key)
    with pytest.raises(PlanError, match=r"the private key in '.*/key' is encrypted: add --pass @FILE"):
        net.run(lambda: probe(plan))
    assert TlsSettings(cert=certificate, key=key, passphrase="open").unlock()
    with pytest.raises(PlanError, match=r"is encrypted: the passphrase \(--pass\) is wrong"):
        net.run(lambda: probe(plan))


def test_a_passphrase_opens_a_key_and_is_in_no_plan(locked, monkeypatch):
    certificate, key = locked
    given = TlsSettings(cert=certificate, key=key)
    assert not TlsSettings(cert=certificate).unlock()
    monkeypatch.setattr("sys.stderr.isatty", lambda: False, raising=False)
    with pytest.raises(click.UsageError, match="is encrypted: add --pass @FILE"):
        given.unlock()
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda prompt, stream: "sesame")
    assert given.unlock()
    tls_module.context(given.tls())
    given = replace(given, key=shutil.copy(key, f"{key}2"), passphrase="sesame")
    assert given.unlock()
    tls_module.context(given.tls())
    assert b"sesame" not in ascii_json(given.tls())
