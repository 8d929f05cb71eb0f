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

from tests.peers.node import ws_client
from tests.peers.place import HOST, PATIENCE

FAULTS = {
    "/accept/wrong": "accept",
    "/accept/missing": "accept",
    "/s/accept-lowercased-value": "accept",
    "/s/status-200": "status 200",
    "/s/proto-unasked": "subprotocol",
    "/s/status-abc": "status abc",
    "/raw?hex=00010203": "noise",
}
"""Path of the lab -> what is wrong with its answer: no client may open a socket on it."""


@pytest.mark.programs
class TestWebsockets:
    """websockets."""

    def test_echo(self, lab):
        with connect(f"ws://{lab}/echo") as client:
            client.send("hello")
            assert client.recv(PATIENCE) == "hello"
            client.send(b"\x00\xff")
            assert client.recv(PATIENCE) == b"\x00\xff"
        assert client.close_code == 1000

    def test_close(self, lab):
        with connect(f"ws://{lab}/close/4403?reason=no%20entry") as client:
            with pytest.raises(ConnectionClosed) as raised:
                client.recv(PATIENCE)
            assert (raised.value.rcvd.code, raised.value.rcvd.reason) == (4403, "no entry")

    def test_refusal(self, lab):
        with (
            pytest.raises(InvalidStatus) as raised,
            connect(f"ws://{lab}/status/403?reason=Token%20Expired&body=late"),
        ):
            pass
        response = raised.value.response
        assert (response.status_code, response.reason_phrase, response.body) == (403, "Token Expired", b"late")

    @pytest.mark.parametrize("path", FAULTS)
    def test_faults(self, lab, path):
        with pytest.raises((InvalidHandshake, InvalidMessage)), connect(f"ws://{lab}{path}"):
            pass


@pytest.mark.programs
class TestWsproto:
    """wsproto, which reads heads with h11."""

    @staticmethod
    def told(lab, path):
        """The events of a client that says hello, and closes when it has heard something."""
        host, _, port = lab.partition(":")
        client = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
        events = []
        with socket.create_connection((host, int(port)), PATIENCE) as sock:
            sock.sendall(client.send(Request(lab, path)))
            while data := sock.recv(65536):
                client.receive_data(data)
                for event in client.events():
                    events.append(event)
                    if isinstance(event, AcceptConnection):
                        sock.sendall(client.send(TextMessage("hello")))
                    elif isinstance(event, Ping | CloseConnection):
                        if client.state is not wsproto.connection.ConnectionState.CLOSED:
                            sock.sendall(client.send(event.response()))
                    elif isinstance(event, TextMessage):
                        sock.sendall(client.send(CloseConnection(1000)))
        return events

    def test_echo(self, lab):
        opened, message, closed = self.told(lab, "/echo")
        assert isinstance(opened, AcceptConnection)
        assert isinstance(message, TextMessage)
        assert message.data == "hello"
        assert isinstance(closed, CloseConnection)
        assert closed.code == 1000

    def test_close(self, lab):
        opened, closed = self.told(lab, "/close/4403?reason=no%20entry")
        assert isinstance(opened, AcceptConnection)
        assert isinstance(closed, CloseConnection)
        assert (closed.code, closed.reason) == (4403, "no entry")

    def test_refusal(self, lab):
        first, *rest = self.told(lab, "/status/403?body=late&header=X-Request-Id:abc")
        assert isinstance(first, RejectConnection)
        assert first.status_code == 403
        assert (b"x-request-id", b"abc") in list(first.headers)
        assert b"".join(each.data for each in rest if isinstance(each, RejectData)) == b"late"

    @pytest.mark.parametrize("path", FAULTS)
    def test_faults(self, lab, path):
        try:
            events = self.told(lab, path)
        except wsproto.utilities.RemoteProtocolError:
            return
        assert not any(isinstance(event, AcceptConnection) for event in events)


@pytest.mark.programs
class TestCurl:
    """curl, which asks for a socket when its URL is one, and otherwise shows the answer."""

    @staticmethod
    def run(curl, *options):
        command = [curl, "-s", "-m", f"{PATIENCE:g}", *options]
        return subprocess.run(command, capture_output=True, timeout=2 * PATIENCE)

    def test_refusal(self, lab, need):
        url = f"http://{lab}/status/403?reason=Token%20Expired&body=late&header=X-Request-Id:abc"
        done = self.run(need("curl"), "-i", url)
        assert done.returncode == 0
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 403 Token Expired\r\n")
        assert b"\r\nX-Request-Id:abc" in head
        assert body == b"late"

    def test_redirect(self, lab, need):
        url = f"http://{lab}/redirect/302?to=http://{lab}/status/404?body=gone"
        done = self.run(need("curl"), "-L", "-w", "%{http_code} %{num_redirects}", url)
        assert done.stdout.endswith(b"404 1")

    def test_websocket(self, lab, need):
        curl = need("curl")
        version = self.run(curl, "--version").stdout
        if not re.search(rb"(?m)^Protocols:.*\bws\b", version):
            pytest.skip("this curl was built without WebSocket")
        done = self.run(curl, "-N", "-v", f"ws://{lab}/close/4403")
        assert b"HTTP/1.1 101 Switching Protocols" in done.stderr
        # 22: an HTTP answer that is an error to it.
        assert self.run(curl, f"ws://{lab}/status/403").returncode == 22


@pytest.fixture(scope="module")
def node_told(lab, need, packages):
    """What ``ws`` was told, by path."""
    paths = ["/echo", "/close/4403?reason=no%20entry", "/status/403?reason=Token%20Expired", *FAULTS]
    found = ws_client(packages, [f"ws://{lab}{path}" for path in paths])
    return {path: found[f"ws://{lab}{path}"] for path in paths}


@pytest.mark.programs
class TestNode:
    """ws on Node."""

    def test_echo(self, node_told):
        assert node_told["/echo"] == {"open": True, "message": "hello", "code": 1000, "text": ""}

    def test_a_common_name(self, wsprobe_lab, need, packages):
        """Its view says so too: Node accepts a certificate without subjectAltName by its common name."""
        url, authority = wsprobe_lab.url("wss-common-name"), Path(wsprobe_lab.authority)
        told = ws_client(packages, [url], authority=authority)[url]
        assert told == {"open": True, "message": "hi", "code": 1000, "text": ""}
        address = url.replace("localhost", HOST)
        told = ws_client(packages, [address], authority=authority)[address]
        assert told["error"].endswith(f"IP: {HOST} is not in the cert's list: ")

    def test_close(self, node_told):
        assert node_told["/close/4403?reason=no%20entry"] == {"open": True, "code": 4403, "text": "no entry"}

    def test_refusal(self, node_told):
        refusal = node_told["/status/403?reason=Token%20Expired"]
        assert (refusal["status"], refusal["reason"]) == (403, "Token Expired")

    @pytest.mark.parametrize("path", FAULTS)
    def test_faults(self, node_told, path):
        assert "open" not in node_told[path]
