"""What a redirect may carry along: secrets go to the origin that they were given for, and nowhere else."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from wsprobe.cli.main import run

TOKEN = "tok3n-0123456789-abcdefghij"
GIVEN = (
    *("-u", "me:s3cret-password"),
    *("-b", "session=s3cret-cookie"),
    *("-H", "X-Auth: Bearer s3cret-bearer"),
    *("-H", "X-Api-Key: s3cret-key"),
    *("-H", "Proxy-Authorization: Basic s3cret-proxy"),
    *("--protocol", TOKEN),
    *("--protocol", "chat"),
    *("-H", "Accept-Language: eo"),
)
SECRETS = ("s3cret", "bWU6czNjcmV0LXBhc3N3b3Jk", TOKEN)


class Site:
    """A server that answers one request after another with what it was told, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.answers: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def redirect(self, to: Site, path: str = "/") -> None:
        location = f"ws://127.0.0.1:{to.port}{path}"
        self.answers.append(f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode())

    def refuse(self) -> None:
        self.answers.append(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                stream, _ = self._socket.accept()
                with stream:
                    data = b""
                    while b"\r\n\r\n" not in data and (piece := stream.recv(65536)):
                        data += piece
                    self.asked.append(data)
                    stream.sendall(self.answers.pop(0))

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)


@pytest.fixture
def sites() -> Iterator[tuple[Site, Site]]:
    made = Site(), Site()
    yield made
    for site in made:
        site.close()


def told(asked: bytes) -> list[str]:
    return [secret for secret in SECRETS if secret in asked.decode("latin-1")]


def test_from_one_origin_to_another_and_on_nothing_follows(
    sites: tuple[Site, Site], capsys: pytest.CaptureFixture[str]
) -> None:
    own, other = sites
    own.redirect(other, "/one")
    other.redirect(other, "/two")
    other.refuse()
    assert run(["connect", "-L", *GIVEN, f"ws://127.0.0.1:{own.port}/"]) == 12
    assert told(own.asked[0]) == list(SECRETS)
    assert [told(asked) for asked in other.asked] == [[], []]
    assert all(b"Sec-WebSocket-Protocol: chat\r\n" in asked for asked in other.asked)
    assert all(b"Accept-Language: eo\r\n" in asked for asked in other.asked)
    said = capsys.readouterr().out
    assert "another origin, so not sent to it: " in said
    assert "X-Api-Key" in said


def test_what_comes_back_to_the_first_origin_is_asked_as_before(sites: tuple[Site, Site]) -> None:
    own, other = sites
    own.redirect(other)
    other.redirect(own)
    own.refuse()
    assert run(["connect", "-L", *GIVEN, f"ws://127.0.0.1:{own.port}/"]) == 12
    assert told(other.asked[0]) == []
    assert told(own.asked[1]) == list(SECRETS)


def test_location_trusted_sends_all_to_everyone(sites: tuple[Site, Site]) -> None:
    own, other = sites
    own.redirect(other)
    other.refuse()
    assert run(["connect", "--location-trusted", *GIVEN, f"ws://127.0.0.1:{own.port}/"]) == 12
    assert told(other.asked[0]) == list(SECRETS)


def test_a_request_written_by_hand_stays_at_home(sites: tuple[Site, Site], tmp_path: object) -> None:
    own, other = sites
    own.redirect(other, "/public")
    other.refuse()
    assert run(["connect", "-L", "--request-target", "/s3cret", f"ws://127.0.0.1:{own.port}/"]) == 12
    assert own.asked[0].startswith(b"GET /s3cret ")
    assert other.asked[0].startswith(b"GET /public ")
