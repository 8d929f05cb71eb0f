from __future__ import annotations

import ssl
import stat
import warnings
from datetime import UTC, datetime

import pytest
import trio

from wsprobe.exchange import Ended, Limits, Received, Sent, TlsDone, TlsFailed
from wsprobe.net.probe import probe

LONG_AGO = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
FAR_OFF = datetime(2099, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_good_certificate(net, authority, version):
    context = authority.server("127.0.0.1", "shop.example")
    context.set_alpn_protocols(["h2", "http/1.1"])
    handler = authority.over_tls(net.refuses, context)
    exchange = net.exchange(handler, secure=True, ca_file=authority.ca_file, minimum=version, maximum=version)
    done = net.only(exchange, TlsDone)
    assert done.version == f"TLS {version}"
    assert done.cipher
    assert done.alpn == "http/1.1"
    assert (done.verified, done.problem) == (True, None)
    assert done.certificate.names == ("127.0.0.1", "shop.example")
    assert done.certificate.not_after > done.certificate.not_before > "2000"
    assert net.received(exchange) == net.REFUSAL
    kinds = net.kinds(exchange)
    assert kinds.index("Connected") < kinds.index("TlsDone") < kinds.index("Sent")


def test_no_alpn_and_another_server_name(net, authority):
    names = []

    def note(tls, name, context):
        names.append(name)

    context = authority.server("shop.example")
    context.sni_callback = note
    handler = authority.over_tls(net.refuses, context)
    exchange = net.exchange(
        handler, secure=True, ca_file=authority.ca_file, server_name="shop.example", alpn=()
    )
    assert net.only(exchange, TlsDone).alpn is None
    assert names == ["shop.example"]


def certificate_failure(net, authority, context, **parts):
    async def refused(stream):
        raise AssertionError("the handshake should have failed")

    exchange = net.exchange(authority.over_tls(refused, context), secure=True, **parts)
    failed = net.only(exchange, TlsFailed)
    assert failed.kind == "certificate"
    assert failed.received[:2] == b"\x16\x03"
    assert net.ended(exchange) == Ended(net.ended(exchange).at, "error", failed.error)
    assert not any(isinstance(event, Sent) for event in exchange.events)
    return failed


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_an_unknown_authority(net, authority, version):
    failed = certificate_failure(net, authority, authority.server(), maximum=version)
    assert failed.reason == "unknown-ca"
    assert failed.certificate.names == ("127.0.0.1",)
    assert "trustme" in failed.certificate.issuer


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_the_name_of_another(net, authority, version):
    context = authority.server("shop.example", "*.shop.example")
    failed = certificate_failure(net, authority, context, ca_file=authority.ca_file, maximum=version)
    assert failed.reason == "wrong-name"
    assert failed.certificate.names == ("shop.example", "*.shop.example")


@pytest.mark.parametrize("name", ["shop.example", "127.0.0.1"])
def test_a_name_in_the_subject_alone_is_no_name(net, authority, name, tmp_path):
    """RFC 9525 section 6.3: only names in subjectAltName identify a server."""
    context, path = self_signed(tmp_path, name), str(tmp_path / "self.pem")
    failed = certificate_failure(net, authority, context, ca_file=path, server_name=name)
    assert (failed.reason, failed.certificate.names) == ("wrong-name", ())
    assert "has no subjectAltName" in failed.error


def test_expired(net, authority):
    context = authority.server(not_before=datetime(2000, 1, 1, tzinfo=UTC), not_after=LONG_AGO)
    failed = certificate_failure(net, authority, context, ca_file=authority.ca_file)
    assert failed.reason == "expired"
    assert failed.certificate.not_after == "2001-02-03T04:05:06Z"
    assert failed.error == "certificate has expired"


def test_not_yet_valid(net, authority):
    context = authority.server(not_before=FAR_OFF, not_after=datetime(2100, 1, 1, tzinfo=UTC))
    failed = certificate_failure(net, authority, context, ca_file=authority.ca_file)
    assert failed.reason == "not-yet-valid"


def self_signed(tmp_path, subject="myself"):
    import datetime as dates

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, subject)])
    now = dates.datetime.now(dates.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dates.timedelta(days=1))
        .not_valid_after(now + dates.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "self.pem"
    pem = serialization.Encoding.PEM
    path.write_bytes(
        certificate.public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def test_self_signed(net, authority, tmp_path):
    failed = certificate_failure(net, authority, self_signed(tmp_path), ca_file=authority.ca_file)
    assert failed.reason == "self-signed"
    assert failed.certificate.subject == failed.certificate.issuer == "CN=myself"


@pytest.mark.parametrize(
    ("case", "trusting", "problem"),
    [
        ("good", True, None),
        ("good", False, "its issuer is not a known authority"),
        ("expired", True, "it expired on 2001-02-03T04:05:06Z"),
        ("early", True, "it is not valid before 2099-01-01T00:00:00Z"),
        ("other name", True, "it is not for 127.0.0.1"),
        ("self-signed", True, "it is self-signed, it is not for 127.0.0.1: it has no subjectAltName"),
    ],
)
def test_what_verification_would_have_said(net, authority, tmp_path, case, trusting, problem):
    contexts = {
        "good": lambda: authority.server(),
        "expired": lambda: authority.server(not_before=datetime(2000, 1, 1, tzinfo=UTC), not_after=LONG_AGO),
        "early": lambda: authority.server(not_before=FAR_OFF, not_after=datetime(2100, 1, 1, tzinfo=UTC)),
        "other name": lambda: authority.server("shop.example"),
        "self-signed": lambda: self_signed(tmp_path),
    }
    handler = authority.over_tls(net.refuses, contexts[case]())
    trust = {"ca_file": authority.ca_file} if trusting else {}
    exchange = net.exchange(handler, secure=True, verify=False, **trust)
    done = net.only(exchange, TlsDone)
    assert (done.verified, done.problem) == (False, problem)
    assert net.received(exchange) == net.REFUSAL


def wanting_a_client_certificate(authority, maximum):
    context = authority.server()
    context.verify_mode = ssl.CERT_REQUIRED
    authority.ca.configure_trust(context)
    context.maximum_version = maximum
    return context


@pytest.mark.parametrize(
    ("maximum", "alert"), [(ssl.TLSVersion.TLSv1_2, 40), (ssl.TLSVersion.TLSv1_3, 116)], ids=["1.2", "1.3"]
)
def test_a_client_certificate_is_wanted(net, authority, maximum, alert):
    handler = authority.over_tls(net.refuses, wanting_a_client_certificate(authority, maximum))
    exchange = net.exchange(handler, secure=True, ca_file=authority.ca_file)
    failed = net.only(exchange, TlsFailed)
    assert (failed.kind, failed.alert) == ("alert", alert)
    assert f"alert {alert}" in failed.error
    done = [event.certificate for event in exchange.events if isinstance(event, TlsDone)]
    assert done == ([failed.certificate] if alert == 116 else [])
    assert failed.certificate
    assert net.ended(exchange).how == "error"
    assert not any(isinstance(event, Received) for event in exchange.events)


def test_a_client_certificate_is_given(net, authority):
    context = wanting_a_client_certificate(authority, ssl.TLSVersion.TLSv1_3)
    certificate, key = authority.client_files()
    exchange = net.exchange(
        authority.over_tls(net.refuses, context),
        secure=True,
        ca_file=authority.ca_file,
        certificate=certificate,
        key=key,
    )
    assert net.received(exchange) == net.REFUSAL


def old_server(authority):
    context = authority.server()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


def test_an_old_server(net, authority):
    exchange = net.exchange(
        authority.over_tls(net.refuses, old_server(authority)), secure=True, ca_file=authority.ca_file
    )
    failed = net.only(exchange, TlsFailed)
    assert (failed.kind, failed.alert) == ("alert", 70)
    assert failed.error == "the peer refused with TLS alert 70 (protocol_version)"


@pytest.mark.parametrize(
    ("limit", "version"), [({"minimum": "1.0"}, "TLS 1.1"), ({"maximum": "1.0"}, "TLS 1.0")]
)
def test_an_old_version_that_was_asked_for(net, authority, limit, version):
    exchange = net.exchange(
        authority.over_tls(net.refuses, old_server(authority)), secure=True, ca_file=authority.ca_file, **limit
    )
    assert net.only(exchange, TlsDone).version == version
    assert net.received(exchange) == net.REFUSAL


BANNERS = {
    "ssh": [b"SSH-2.0-OpenSSH_9.9\r\n"],
    "smtp": [b"220 mail", b".example ESMTP\r\n"],
    "short": [b"+OK"],
    "noise": [bytes(range(128, 256)) * 2],
    "record of version 5": [b"\x16\x05\x01\x00\x01\x00"],
}


@pytest.mark.parametrize("then", ["hold", "fin", "reset"])
@pytest.mark.parametrize("banner", BANNERS)
def test_a_peer_that_speaks_something_else(net, banner, then):
    async def server(stream):
        await stream.receive_some(1000)
        for piece in BANNERS[banner]:
            await stream.send_all(piece)
            await trio.testing.wait_all_tasks_blocked()
        if then == "reset":
            await net.reset(stream)
        elif then == "hold":
            await net.until_eof(stream)

    exchange = net.exchange(server, virtual=True, secure=True)
    failed = net.only(exchange, TlsFailed)
    assert failed.kind == "not-tls"
    assert failed.received == b"".join(BANNERS[banner])
    assert net.ended(exchange).how == "error"


def test_an_endless_banner(net):
    exchange = net.exchange(net.plays([b"no TLS here\r\n" * 1000]), secure=True)
    assert len(net.only(exchange, TlsFailed).received) <= 3 * 65536


@pytest.mark.parametrize("how", ["fin", "reset"])
@pytest.mark.parametrize("after", ["accept", "hello", "half a record"])
def test_the_peer_goes_during_the_handshake(net, after, how):
    steps = {"accept": [], "hello": ["read"], "half a record": ["read", b"\x16\x03\x03\x01"]}[after]
    exchange = net.exchange(net.plays(*steps, *["reset"] * (how == "reset")), secure=True)
    failed = net.only(exchange, TlsFailed)
    if after == "accept" and how == "fin":
        # The ClientHello may meet a socket that is closed already: the answer to it is RST.
        assert failed.kind in ("fin", "reset")
    else:
        assert failed.kind == how
    assert failed.received == (b"\x16\x03\x03\x01" if after == "half a record" else b"")
    assert net.ended(exchange).how == failed.kind


@pytest.mark.parametrize("number", [0x28, 0x50, 0x70, 0xF9])
def test_an_alert_is_the_answer(net, number):
    record = b"\x15\x03\x03\x00\x02\x02" + bytes([number])

    failed = net.only(net.exchange(net.plays("read", record, "rest"), secure=True), TlsFailed)
    assert (failed.kind, failed.alert, failed.received) == ("alert", number, record)


def test_tls_that_makes_no_sense(net):
    """A well-formed record that holds nonsense is TLS, badly spoken."""

    server = net.plays("read", b"\x16\x03\x03\x00\x04\xff\x00\x00\x00", "rest")
    failed = net.only(net.exchange(server, secure=True), TlsFailed)
    assert failed.kind == "error"
    assert failed.error


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x03"])
def test_a_handshake_that_takes_too_long(net, said):
    exchange = net.exchange(
        net.plays("read", said, "rest"), virtual=True, secure=True, limits=Limits(connect_timeout=4)
    )
    assert net.ended(exchange).how == "timeout"
    assert net.ended(exchange).at == 4_000_000
    assert net.ended(exchange).error == "the TLS handshake took longer than 4 s (connect timeout)"
    failures = [event for event in exchange.events if isinstance(event, TlsFailed)]
    assert [failure.received for failure in failures] == ([said] if said else [])


def test_close_notify_is_told_from_a_cut(net, authority):
    said = net.REFUSAL[:-1]

    for polite, how in ((True, "fin"), (False, "truncated")):
        handler = authority.over_tls(net.plays("head", said), authority.server(), polite)
        exchange = net.exchange(handler, secure=True, ca_file=authority.ca_file)
        assert net.received(exchange) == said
        assert net.ended(exchange).how == how


def test_we_say_close_notify_too(net, authority):
    ends = []

    async def server(stream):
        tls = authority.Server(stream, authority.server())
        await tls.handshake()
        await net.head(tls)
        await tls.send_all(net.REFUSAL)
        ends.append(tls.engine.read(1) if not await net.until_eof(tls) else None)

    exchange = net.exchange(server, secure=True, ca_file=authority.ca_file)
    assert net.ended(exchange).how == "local"
    assert ends == [b""], "SSLEOFError would say that close_notify was missing"


def test_a_reset_inside_tls(net, authority):
    async def server(stream):
        tls = authority.Server(stream, authority.server())
        await tls.handshake()
        await net.head(tls)
        await tls.send_all(b"HTTP/1.1 2")
        await net.reset(stream)

    exchange = net.exchange(server, secure=True, ca_file=authority.ca_file)
    assert net.received(exchange) == b"HTTP/1.1 2"
    assert net.ended(exchange).how == "reset"


def test_noise_inside_tls(net, authority):
    """What came before a record that cannot be read is kept."""

    async def server(stream):
        tls = authority.Server(stream, authority.server())
        await tls.handshake()
        await net.head(tls)
        tls.engine.write(b"HTTP/1.1 2")
        await stream.send_all(tls.out.read() + b"\x17\x03\x03\x00\x20" + bytes(32))
        await net.until_eof(stream)

    exchange = net.exchange(server, secure=True, ca_file=authority.ca_file)
    assert net.received(exchange) == b"HTTP/1.1 2"
    assert net.ended(exchange).how == "error"
    assert net.ended(exchange).error


def test_an_alert_after_some_of_the_answer(net, authority):
    """Then the handshake was fine, and it is no failure of TLS's beginning."""

    async def server(stream):
        tls = authority.Server(stream, authority.server())
        await tls.handshake()
        await net.head(tls)
        await tls.send_all(net.REFUSAL[:-1])
        await stream.send_all(b"\x15\x03\x03\x00\x02\x02\x50")
        await net.until_eof(stream)

    exchange = net.exchange(server, secure=True, ca_file=authority.ca_file, maximum="1.2")
    assert "TlsFailed" not in net.kinds(exchange)
    assert net.ended(exchange).how == "error"


def test_plain_words_to_a_tls_server(net):
    """A TLS server answers a plain request with an alert; its bytes are recorded like any others."""
    alert = b"\x15\x03\x01\x00\x02\x02\x46"

    server = net.plays("head", alert)
    exchange = net.exchange(server)
    assert net.received(exchange) == alert
    assert net.ended(exchange).how == "fin"


def test_many_records_in_one_read_are_one_event(net, authority):
    async def server(stream):
        tls = authority.Server(stream, authority.server())
        await tls.handshake()
        await net.head(tls)
        for at in range(len(net.REFUSAL)):
            tls.engine.write(net.REFUSAL[at : at + 1])
        await tls.flush()
        await net.until_eof(tls)

    exchange = net.exchange(server, secure=True, ca_file=authority.ca_file)
    assert net.only(exchange, Received).data == net.REFUSAL


def test_a_name_that_cannot_be_a_server_name(net):
    server = net.plays("rest")
    exchange = net.exchange(server, secure=True, server_name=".example")
    failed = net.only(exchange, TlsFailed)
    assert failed.kind == "error"
    assert "'.example' cannot be a server name" in failed.error


def test_a_reader_of_keys_is_obeyed(net, authority, tmp_path, monkeypatch):
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    net.exchange(authority.over_tls(net.refuses, authority.server()), secure=True, ca_file=authority.ca_file)
    assert "CLIENT_TRAFFIC_SECRET_0" in (tmp_path / "keys").read_text()
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["/nonexistent/keys", "/dev/full"])
def test_keys_that_cannot_be_written(net, monkeypatch, name):
    from wsprobe.exchange import PlanError

    monkeypatch.setenv("SSLKEYLOGFILE", name)
    with pytest.raises(PlanError, match="SSLKEYLOGFILE"):
        net.run(lambda: probe(net.plan(1, secure=True)))


def test_an_encrypted_key_is_named_in_a_line(net, tmp_path, monkeypatch):
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    from wsprobe.exchange import PlanError

    self_signed(tmp_path)
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"sesame"),
    )
    (tmp_path / "key").write_bytes(key)
    plan = net.plan(1, secure=True, certificate=str(tmp_path / "self.pem"), key=str(tmp_path / "key"))
    with pytest.raises(PlanError, match=r"the private key in '.*/key' is encrypted: add --pass @FILE"):
        net.run(lambda: probe(plan))
    from wsprobe.net import tls

    monkeypatch.setitem(tls.PASSPHRASES, str(tmp_path / "key"), "open")
    with pytest.raises(PlanError, match=r"is encrypted: the passphrase \(--pass\) is wrong"):
        net.run(lambda: probe(plan))


def test_a_passphrase_opens_a_key_and_is_in_no_plan(tmp_path, monkeypatch):
    import click
    from cryptography.hazmat.primitives import serialization
    from msgspec.structs import replace

    from wsprobe.cli.route_settings import TlsSettings
    from wsprobe.net import tls
    from wsprobe.recording.archive import ascii_json

    monkeypatch.setattr(tls, "PASSPHRASES", {})
    self_signed(tmp_path)
    pem = (tmp_path / "self.pem").read_bytes()
    key = serialization.load_pem_private_key(pem, None).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.BestAvailableEncryption(b"sesame"),
    )
    (tmp_path / "key").write_bytes(key)
    given = TlsSettings(cert=str(tmp_path / "self.pem"), key=str(tmp_path / "key"))
    assert not TlsSettings(cert=str(tmp_path / "self.pem")).unlock()
    monkeypatch.setattr("sys.stderr.isatty", lambda: False, raising=False)
    with pytest.raises(click.UsageError, match="is encrypted: add --pass @FILE"):
        given.unlock()
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda prompt, stream: "sesame")
    assert given.unlock()
    tls.context(given.tls())
    tls.PASSPHRASES.clear()
    given = replace(given, passphrase="sesame")
    assert given.unlock()
    tls.context(given.tls())
    assert b"sesame" not in ascii_json(given.tls())
