"""nginx: curl and openssl say the same of it as wsprobe."""

import base64
import hashlib
import subprocess
import time

import pytest

from tests.peers.place import HOST, needs

pytestmark = pytest.mark.programs

ROUTE = ("--connect-to", f"good.example::{HOST}:")


def by(program, *words, data=None, check=True):
    """What a program prints; with *check*, it must not fail."""
    words = [needs(program), *words]
    return subprocess.run(words, input=data, capture_output=True, check=check, timeout=30)


def test_our_own_addresses_in_a_header_of_the_proxy_protocol(nginx, probe):
    """`listen ... proxy_protocol`: the body of its answer is what the header said."""
    told = probe(f"ws://{HOST}:{nginx.behind}/", "--haproxy-protocol")
    port = told.connected.local.rpartition(":")[2]
    assert told.answer.body.decode() == f"{HOST} {port} {HOST} {nginx.behind}"


def test_the_address_of_another_as_curl_says_it(nginx, probe):
    at, words = f"{HOST}:{nginx.behind}/", ("--haproxy-clientip", "192.0.2.7")
    said = by("curl", "-s", *words, f"http://{at}").stdout.split()
    ours = probe(f"ws://{at}", *words).answer.body.split()
    # The port of our own end is another for each connection. Later versions of curl have the address twice.
    assert (ours[0], ours[3]) == (said[0], said[3]) == (b"192.0.2.7", b"%d" % nginx.behind)


def test_fingerprint_key_and_days_as_openssl_says_them(nginx, probe):
    told = probe(f"wss://good.example:{nginx.tls_port}/", *ROUTE, "--cacert", str(nginx.authority))
    (shown,) = told.value["tls"]["chain"]
    pem = (nginx.folder / "good.example.pem").read_bytes()
    found = by("openssl", "x509", "-noout", "-fingerprint", "-sha256", data=pem).stdout.decode().strip()
    assert shown["sha256"] == found.partition("=")[2].replace(":", "").lower()
    key = by("openssl", "x509", "-noout", "-pubkey", data=pem).stdout
    der = by("openssl", "pkey", "-pubin", "-outform", "DER", data=key).stdout
    assert shown["public_key"] == f"sha256//{base64.b64encode(hashlib.sha256(der).digest()).decode()}"
    assert shown["key"] == "EC P-256"
    assert told.value["tls"]["days_left"] == shown["days_left"] > 0


@pytest.mark.parametrize("form", ["hash", "DER", "PEM"])
def test_a_pinned_key_is_taken_as_curl_takes_it(nginx, probe, tmp_path, form):
    at, wrong = f"good.example:{nginx.tls_port}/denied", f"sha256//{'A' * 43}="
    pem = by("openssl", "x509", "-noout", "-pubkey", "-in", str(nginx.folder / "good.example.pem")).stdout
    der = base64.b64decode(b"".join(pem.splitlines()[1:-1]))
    (tmp_path / "key").write_bytes(pem if form == "PEM" else der)
    right = f"sha256//{base64.b64encode(hashlib.sha256(der).digest()).decode()}"
    pins = {f"{wrong};{right}": True, right: True} if form == "hash" else {str(tmp_path / "key"): True}
    for pin, good in {**pins, wrong: False}.items():
        words = (*ROUTE, "-k", "--pinnedpubkey", pin)
        assert by("curl", "-s", *words, f"https://{at}", check=False).returncode == (0 if good else 90)
        told = probe(f"wss://{at}", *words)
        assert (told.outcome, "pinned-key-mismatch" in told.findings) == (
            ("refused", False) if good else ("tls-failed", True)
        )


def test_curl_and_wsprobe_write_the_same_jar_and_read_each_others(nginx, probe, tmp_path):
    url, ours, theirs = f"{HOST}:{nginx.port}", tmp_path / "ours", tmp_path / "theirs"

    def cookies(jar):
        """Name -> the other fields of its line, the time in hours from now."""
        lines = [line.split("\t") for line in jar.read_text().splitlines() if "\t" in line]
        now = time.time()
        return {
            f[5]: [*f[:4], str(round((int(f[4]) - now) / 3600, 1) if f[4] != "0" else 0), f[6]] for f in lines
        }

    probe(f"ws://{url}/sets", "-c", str(ours))
    by("curl", "-s", "-c", str(theirs), f"http://{url}/sets")
    assert cookies(ours) == cookies(theirs)
    assert set(cookies(ours)) == {"session", "until", "else"}
    for jar in (ours, theirs):
        told = probe(f"ws://{url}/told", "-b", str(jar)).answer.body
        for sent in (told, by("curl", "-s", "-b", str(jar), f"http://{url}/told").stdout):
            assert sorted(sent.decode().split("; ")) == ["session=1", "until=2"]
