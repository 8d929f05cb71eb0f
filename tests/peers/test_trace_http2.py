"""``wsprobe trace`` over HTTP/2, at real proxies that end TLS before a WebSocket server."""

import json

import jsonschema_rs
import pytest
import trustme

from tests.peers.place import HOST, open_folder, started
from wsprobe.cli.main import run

pytestmark = pytest.mark.programs


@pytest.fixture(scope="module")
def folder():
    with open_folder() as own:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(own / "authority.pem"))
        authority.issue_cert(HOST).private_key_and_cert_chain_pem.write_to_path(str(own / "both.pem"))
        yield own


def haproxy(folder, upstream, bogus=""):
    line, file = "haproxy -db -f {folder}/haproxy-alpn.cfg", "haproxy-alpn.cfg"
    return started(line, file, ports=3, folder=folder, upstream=upstream, bogus=bogus)


@pytest.fixture(scope="module")
def ports(folder, upstream):
    with haproxy(folder, upstream) as found:
        yield found


def traced(port, folder, capsys, *options):
    """What ``wsprobe trace --json`` says, held against its own schema."""
    assert run(["trace", "--json-schema"]) == 0
    validator = jsonschema_rs.Draft202012Validator(json.loads(capsys.readouterr().out))
    words = ["--pause", "0", "--hold", "0", "--linger", "0.05", "--cacert", str(folder / "authority.pem")]
    run(["trace", "--json", *words, *options, f"wss://{HOST}:{port}/echo"])
    told = json.loads(capsys.readouterr().out)
    validator.validate(told)
    return told


def over_http2(told):
    (report,) = (each["report"] for each in told["changes"] if each["change"] == "http2")
    found = report
    return found


def test_it_opens_over_both(ports, folder, capsys):
    told = traced(ports[0], folder, capsys)
    assert told["conclusions"][0]["id"] == "opens"
    assert "The handshake opens over HTTP/2 too." in told["conclusions"][0]["text"]
    assert (over_http2(told)["http"], over_http2(told)["outcome"]) == ("2", "open")


def test_it_is_announced_and_refused(ports, folder, capsys):
    told = traced(ports[1], folder, capsys)
    first = told["conclusions"][0]
    assert (first["id"], first["because"]) == ("http2-announced", ["base", "http2"])
    assert "the handshake gets 403" in first["text"]
    assert "h2-workaround-bogus-websocket-clients" in first["fix"]
    assert over_http2(told)["settings"]["ENABLE_CONNECT_PROTOCOL"] == 1


def test_the_line_that_mends_it(folder, upstream, capsys):
    with haproxy(folder, upstream, "h2-workaround-bogus-websocket-clients") as ports:
        told = traced(ports[1], folder, capsys, "--only", "http2")
    assert told["conclusions"][0]["id"] == "opens"
    assert "HTTP/2 without WebSockets" in told["conclusions"][0]["text"]
    assert over_http2(told)["outcome"] == "not-upgraded"


def test_a_server_that_speaks_http1_only(ports, folder, capsys):
    words = ["--pause", "0", "--linger", "0.05", "--hold", "0", "--cacert", str(folder / "authority.pem")]
    assert run(["trace", *words, "--only", "http2", f"wss://{HOST}:{ports[2]}/echo"]) == 0
    printed = capsys.readouterr().out
    assert "over HTTP/1.1: the server does not accept HTTP/2" in printed
    assert "likely (opens)" in printed


def test_a_listener_for_http2_only(folder, upstream, capsys):
    pem = f"{folder}/both.pem"
    line = "nghttpx --conf=/dev/null --workers=1 --no-ocsp --alpn-list=h2 --frontend={host},{port}"
    with started(f"{line} --backend={{host}},{upstream} {pem} {pem}", folder=folder) as (port,):
        told = traced(port, folder, capsys)
    first = told["conclusions"][0]
    assert (first["id"], first["because"]) == ("http2-only", ["base", "http2"])
    assert over_http2(told)["outcome"] == "open"
    assert first["fix"].startswith("nginx: ") or "--alpn-list=h2,http/1.1" in first["fix"]
