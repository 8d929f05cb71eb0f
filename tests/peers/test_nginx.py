"""nginx, refusing and in front of a WebSocket server: the report, a socket, curl and its log say the same."""

import base64
import hashlib
import ssl
import subprocess
import time

import pytest

from tests.peers.place import HOST
from tests.peers.proxies import PASSWORD, USER
from tests.peers.witness import by_socket, logged
from wsprobe.exchange import Connected, TlsDone

pytestmark = pytest.mark.programs


def test_what_it_says_of_itself(nginx, probe):
    answer = probe(f"ws://{HOST}:{nginx.port}/quota").answer
    assert answer.field("Retry-After") == "30"
    assert answer.body == b"slow down\n"
    assert (answer.field("Server") or "").startswith("nginx/")
    locked = probe(f"ws://{HOST}:{nginx.port}/locked").answer
    assert locked.field("WWW-Authenticate") == 'Basic realm="the back room"'


def test_credentials_open_what_was_locked(nginx, probe):
    told = probe(f"ws://{HOST}:{nginx.port}/locked", "-u", f"{USER}:{PASSWORD}")
    # There is no page behind the lock: what counts is that it is not 401 any more.
    assert told.answer.status == 404


def test_no_answer_at_all(nginx, probe):
    told = probe(f"ws://{HOST}:{nginx.port}/silent")
    assert (told.outcome, told.findings) == ("dropped", {"dropped-before-answer"})
    assert told.received == b""
    assert logged(nginx.log, told.key)[:2] == ["444", "0"]


def test_open_through_the_proxy(nginx, probe):
    told = probe(f"ws://{HOST}:{nginx.port}/ws/echo", "--send", "hello", "--protocol", "chat")
    assert (told.outcome, told.failed) == ("open", set())
    assert told.answer == by_socket(nginx.port, told.request)
    assert told.answer.field("Sec-WebSocket-Protocol") == "chat"
    assert told.value["close"]["code"] == 1000
    # Head, message and Close: nginx counts what it passed on.
    assert logged(nginx.log, told.key)[:2] == ["101", str(len(told.received))]


def test_an_upstream_spoken_to_in_http_1_0(nginx, probe):
    """Without proxy_http_version 1.1 nginx before 1.29 speaks HTTP/1.0, whatever the client spoke."""
    told = probe(f"ws://{HOST}:{nginx.port}/http-1.0/echo")
    assert (told.answer.status, told.outcome) == (505, "server-error")
    assert b"HTTP/1.0" in told.answer.body
    assert told.answer == by_socket(nginx.port, told.request)


class TestProxyProtocol:
    """`listen ... proxy_protocol`: the body of its answer is what the header said."""

    def test_our_own_addresses(self, nginx, probe):
        told = probe(f"ws://{HOST}:{nginx.behind}/", "--haproxy-protocol")
        connected = next(event for event in told.exchange.events if isinstance(event, Connected))
        port = connected.local.rpartition(":")[2]
        assert told.answer.body.decode() == f"{HOST} {port} {HOST} {nginx.behind}"

    def test_before_tls(self, nginx, probe):
        route = ("--connect-to", f"good.example::{HOST}:", "--cacert", str(nginx.authority))
        told = probe(f"wss://good.example:{nginx.tls_behind}/", *route, "--haproxy-protocol")
        assert (told.outcome, told.answer.body[:10]) == ("refused", b"127.0.0.1 ")

    def test_the_address_of_another_as_curl_says_it(self, nginx, probe, need):
        told = probe(f"ws://{HOST}:{nginx.behind}/", "--haproxy-clientip", "192.0.2.7")
        url = f"http://{HOST}:{nginx.behind}/"
        by_curl = [need("curl"), "-s", "--haproxy-clientip", "192.0.2.7", url]
        said = subprocess.run(by_curl, capture_output=True, check=True, timeout=30).stdout.split()
        ours = told.answer.body.split()
        # The port of our own end is another for each connection. Later versions of curl have the address twice.
        assert (ours[0], ours[3]) == (said[0], said[3]) == (b"192.0.2.7", b"%d" % nginx.behind)

    def test_without_a_header(self, nginx, probe):
        told = probe(f"ws://{HOST}:{nginx.behind}/")
        assert (told.outcome, told.received) == ("dropped", b"")


class TestChain:
    """What openssl and curl say of the same server."""

    ROUTE = ("--connect-to", f"good.example::{HOST}:")

    def test_fingerprint_key_and_days(self, nginx, probe, need):
        told = probe(f"wss://good.example:{nginx.tls_port}/", *self.ROUTE, "--cacert", str(nginx.authority))
        (shown,) = told.value["tls"]["chain"]
        pem = (nginx.authority.parent / "good.example.pem").read_bytes()

        def openssl(command, data):
            words = [need("openssl"), *command.split()]
            return subprocess.run(words, input=data, capture_output=True, check=True, timeout=30).stdout

        found = openssl("x509 -noout -fingerprint -sha256", pem).decode().strip().partition("=")[2]
        assert shown["sha256"] == found.replace(":", "").lower()
        key = openssl("pkey -pubin -outform DER", openssl("x509 -noout -pubkey", pem))
        digest = base64.b64encode(hashlib.sha256(key).digest()).decode()
        assert shown["public_key"] == f"sha256//{digest}"
        assert shown["key"] == "EC P-256"
        assert told.value["tls"]["days_left"] == shown["days_left"] > 0

    @pytest.mark.parametrize("form", ["hash", "DER", "PEM"])
    def test_a_pinned_key_is_taken_as_curl_takes_it(self, nginx, probe, need, tmp_path, form):
        at = f"good.example:{nginx.tls_port}/denied"
        trust = ("--cacert", str(nginx.authority))
        right = probe(f"wss://{at}", *self.ROUTE, *trust).value["tls"]["chain"][0]["public_key"]
        wrong = f"sha256//{'A' * 43}="
        if form != "hash":
            certificate = str(nginx.authority.parent / "good.example.pem")
            pem = subprocess.run(
                [need("openssl"), "x509", "-noout", "-pubkey", "-in", certificate],
                capture_output=True,
                check=True,
            ).stdout
            der = base64.b64decode(b"".join(pem.splitlines()[1:-1]))
            (tmp_path / "key").write_bytes(pem if form == "PEM" else der)
            right = str(tmp_path / "key")
        for pin, good in ((right, True), (f"{wrong};{right}", form == "hash"), (wrong, False)):
            if form != "hash" and ";" in pin:
                continue
            by_curl = [need("curl"), "-s", "-o", "-", "-k", *self.ROUTE, "--pinnedpubkey", pin, f"https://{at}"]
            status = subprocess.run(by_curl, capture_output=True, timeout=30).returncode
            assert status == (0 if good else 90)
            told = probe(f"wss://{at}", *self.ROUTE, "-k", "--pinnedpubkey", pin)
            assert (told.outcome, "pinned-key-mismatch" in told.findings) == (
                ("refused", False) if good else ("tls-failed", True)
            )

    def test_ciphers(self, nginx, probe):
        name = "ECDHE-ECDSA-CHACHA20-POLY1305"
        options = ("-k", *self.ROUTE, "--ciphers", name)
        url = f"wss://good.example:{nginx.tls_port}/"
        assert probe(url, *options, "--tls-max", "1.2").value["tls"]["cipher"] == name
        assert probe(url, *options).value["tls"]["cipher"].startswith("TLS_")


class TestTls:
    @staticmethod
    def through(nginx, name):
        return (f"wss://{name}:{nginx.tls_port}/denied", "--connect-to", f"{name}::{HOST}:")

    def test_verified(self, nginx, probe):
        told = probe(*self.through(nginx, "good.example"), "--cacert", str(nginx.authority))
        assert (told.outcome, told.answer.status) == ("refused", 403)
        tls = told.value["tls"]
        assert (tls["verified"], tls["error"], tls["alpn"]) == (True, None, "http/1.1")
        context = ssl.create_default_context(cafile=str(nginx.authority))
        assert told.answer == by_socket(nginx.tls_port, told.request, (context, "good.example"))
        shown = ssl.get_server_certificate((HOST, nginx.tls_port))  # nginx shows its first to who names none
        (done,) = (event for event in told.exchange.events if isinstance(event, TlsDone))
        assert done.certificate.der == ssl.PEM_cert_to_DER_cert(shown)

    @pytest.mark.parametrize(
        ("name", "finding"),
        [("expired.example", "certificate-expired"), ("wrong.example", "certificate-wrong-name")],
    )
    def test_not_valid(self, nginx, probe, name, finding):
        told = probe(*self.through(nginx, name), "--cacert", str(nginx.authority))
        assert (told.outcome, told.findings) == ("tls-failed", {finding})
        context = ssl.create_default_context(cafile=str(nginx.authority))
        with pytest.raises(ssl.SSLCertVerificationError):
            by_socket(nginx.tls_port, b"", (context, name))
        certificate = told.value["tls"]["certificate"]
        assert certificate["names"] == ["other.example" if name == "wrong.example" else name]

    def test_unknown_authority(self, nginx, probe):
        told = probe(*self.through(nginx, "good.example"))
        assert (told.outcome, told.findings) == ("tls-failed", {"certificate-unknown-ca"})

    def test_insecure_goes_on_and_says_what_is_wrong(self, nginx, probe):
        told = probe(*self.through(nginx, "expired.example"), "-k")
        assert told.outcome == "refused"
        assert told.value["tls"]["verified"] is False
        assert told.value["tls"]["error"]

    def test_plain_to_the_tls_port(self, nginx, probe):
        told = probe(f"ws://{HOST}:{nginx.tls_port}/denied")
        assert (told.answer.status, told.outcome) == (400, "refused")
        assert told.value["causes"][0]["id"] == "tls-port"
        assert told.answer == by_socket(nginx.tls_port, told.request)

    def test_tls_to_the_plain_port(self, nginx, probe):
        told = probe(f"wss://{HOST}:{nginx.port}/denied", "-k")
        assert (told.outcome, told.findings) == ("tls-failed", {"tls-to-plain-port"})


def test_curl_and_wsprobe_write_the_same_jar_and_read_each_others(nginx, probe, need, tmp_path):
    curl, url = need("curl"), f"{HOST}:{nginx.port}"

    def by_curl(*options):
        given = [curl, "-s", "-m", "15", *options]
        return subprocess.run(given, capture_output=True, text=True, check=True, timeout=30).stdout

    def cookies(jar):
        """Name -> the other fields of its line, the time in hours from now."""
        lines = [line.split("\t") for line in jar.read_text().splitlines() if "\t" in line]
        now = time.time()
        return {
            f[5]: [*f[:4], str(round((int(f[4]) - now) / 3600, 1) if f[4] != "0" else 0), f[6]] for f in lines
        }

    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    probe(f"ws://{url}/sets", "-c", str(ours))
    by_curl("-c", str(theirs), f"http://{url}/sets")
    assert cookies(ours) == cookies(theirs)
    assert set(cookies(ours)) == {"session", "until", "else"}

    def told(jar):
        body = probe(f"ws://{url}/told", "-b", str(jar)).value["response"]["body"]["text"]
        return sorted(body.split("; ")), sorted(by_curl("-b", str(jar), f"http://{url}/told").split("; "))

    assert told(ours) == told(theirs) == (["session=1", "until=2"], ["session=1", "until=2"])
