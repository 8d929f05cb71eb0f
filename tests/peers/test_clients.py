"""Clients that nobody here wrote, against ``wsprobe serve``: the lab is a server to them, and its faults are
faults to them."""

import re
import socket
import subprocess
from pathlib import Path

import pytest
import wsproto
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage, InvalidStatus
from websockets.sync.client import connect
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Ping,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)

from tests.peers.named import modules
from tests.peers.node import ws_client
from tests.peers.place import HOST, PATIENCE, needs

pytestmark = pytest.mark.programs


def by_websockets(url):
    """What the package websockets is told, which says hello to what opens, and closes when it has heard it."""
    told = {}
    try:
        with connect(url) as client:
            told["open"] = True
            try:
                client.send("hello")
                told["message"] = client.recv(PATIENCE)
                client.send(b"\x00\xff")
                assert client.recv(PATIENCE) == b"\x00\xff"
            except ConnectionClosed:
                pass
        return {**told, "code": client.close_code, "text": client.close_reason}
    except InvalidStatus as refused:
        came = refused.response
        return {"status": came.status_code, "reason": came.reason_phrase, "body": came.body.decode()}
    except (InvalidHandshake, InvalidMessage):
        return told


def by_wsproto(url):
    """The same of wsproto, which reads heads with h11."""
    host, _, resource = url.removeprefix("ws://").partition("/")
    client, told = wsproto.WSConnection(wsproto.ConnectionType.CLIENT), {}
    with socket.create_connection(host.split(":"), PATIENCE) as sock:

        def heard(event):
            if isinstance(event, AcceptConnection):
                told["open"] = True
                sock.sendall(client.send(TextMessage("hello")))
            elif isinstance(event, TextMessage):
                told["message"] = event.data
                sock.sendall(client.send(CloseConnection(1000)))
            elif isinstance(event, RejectConnection):
                told.update(status=event.status_code, body="", id=dict(event.headers).get(b"x-request-id"))
            elif isinstance(event, RejectData):
                told["body"] += event.data.decode()
            elif isinstance(event, Ping | CloseConnection):
                if isinstance(event, CloseConnection):
                    told.update(code=event.code, text=event.reason or "")
                if client.state is not wsproto.connection.ConnectionState.CLOSED:
                    sock.sendall(client.send(event.response()))

        sock.sendall(client.send(Request(host, f"/{resource}")))
        try:
            while data := sock.recv(65536):
                client.receive_data(data)
                for event in client.events():
                    heard(event)
        except wsproto.utilities.RemoteProtocolError:
            pass
    return told


def by_ws(url):
    """The same of ws on Node."""
    told = ws_client(modules(), [url])[url]
    return {name: value for name, value in told.items() if name not in ("error", "fields")}


CLIENTS = {"websockets": by_websockets, "wsproto": by_wsproto, "ws": by_ws}
REFUSAL = "/status/403?reason=Token%20Expired&body=late&header=X-Request-Id:abc"
REFUSED = {
    "websockets": {"status": 403, "reason": "Token Expired", "body": "late"},
    "wsproto": {"status": 403, "body": "late", "id": b"abc"},
    "ws": {"status": 403, "reason": "Token Expired"},
}
FAULTS = {
    "/accept/wrong": None,
    "/accept/missing": None,
    "/s/accept-lowercased-value": None,
    "/s/status-200": 200,
    "/s/proto-unasked": None,
    "/s/status-abc": None,
    "/raw?hex=00010203": None,
}
"""Path of the lab, on which no client may open a socket -> the status that clients name."""


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("path", ["/echo", "/close/4403?reason=no%20entry", REFUSAL])
def test_a_client_is_told_so(lab, client, path):
    expected = {
        "/echo": {"open": True, "message": "hello", "code": 1000, "text": ""},
        REFUSAL: REFUSED[client],
    }.get(path, {"open": True, "code": 4403, "text": "no entry"})
    assert CLIENTS[client](f"ws://{lab}{path}") == expected


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("path", FAULTS)
def test_a_fault_is_a_fault_to_clients(lab, client, path):
    told = CLIENTS[client](f"ws://{lab}{path}")
    assert "open" not in told
    assert told.get("status") == FAULTS[path]


def test_a_common_name(wsprobe_lab):
    """Its view says so too: Node accepts a certificate without subjectAltName by its common name."""
    url, authority = wsprobe_lab.url("wss-common-name"), Path(wsprobe_lab.authority)
    told = ws_client(modules(), [url], authority=authority)[url]
    assert told == {"open": True, "message": "hi", "code": 1000, "text": ""}
    address = url.replace("localhost", HOST)
    told = ws_client(modules(), [address], authority=authority)[address]
    assert told["error"].endswith(f"IP: {HOST} is not in the cert's list: ")


class TestCurl:
    """curl, which asks for a socket when its URL is one, and otherwise shows the answer."""

    @staticmethod
    def run(*options):
        command = [needs("curl"), "-s", "-m", f"{PATIENCE:g}", *options]
        return subprocess.run(command, capture_output=True, timeout=2 * PATIENCE)

    def test_refusal(self, lab):
        url = f"http://{lab}/status/403?reason=Token%20Expired&body=late&header=X-Request-Id:abc"
        done = self.run("-i", url)
        assert done.returncode == 0
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 403 Token Expired\r\n")
        assert b"\r\nX-Request-Id:abc" in head
        assert body == b"late"

    def test_redirect(self, lab):
        url = f"http://{lab}/redirect/302?to=http://{lab}/status/404?body=gone"
        done = self.run("-L", "-w", "%{http_code} %{num_redirects}", url)
        assert done.stdout.endswith(b"404 1")

    def test_websocket(self, lab):
        version = self.run("--version").stdout
        if not re.search(rb"(?m)^Protocols:.*\bws\b", version):
            pytest.skip("this curl was built without WebSocket")
        done = self.run("-N", "-v", f"ws://{lab}/close/4403")
        assert b"HTTP/1.1 101 Switching Protocols" in done.stderr
        # 22: an HTTP answer that is an error to it.
        assert self.run(f"ws://{lab}/status/403").returncode == 22
