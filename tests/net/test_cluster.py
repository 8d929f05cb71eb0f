"""What is said of a scheduler that cannot be used, without one."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import SimpleNamespace

import pytest
import trio

from wsprobe.net import cluster as module
from wsprobe.net.cluster import ClusterError, cluster, speaks_tls

ALERT = b"\x15\x03\x03\x00\x02\x02\x28"
SERVER_HELLO = b"\x16\x03\x03\x00\x7a"


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """The address of one who answers whatever comes first, and closes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def one() -> None:
            with suppress(OSError):
                peer, _ = listener.accept()
                with peer:
                    peer.recv(65536)
                    peer.sendall(answer)

        thread = threading.Thread(target=one)
        thread.start()
        try:
            yield f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            thread.join()


@pytest.mark.parametrize(
    ("answer", "tls"), [(ALERT, True), (SERVER_HELLO, True), (b"", False), (b"HTTP/1.1 400 Bad\r\n\r\n", False)]
)
def test_who_speaks_tls_is_known_by_the_first_byte(answer: bytes, tls: bool) -> None:
    with answering(answer) as address:
        assert speaks_tls(address, 60) is tls


def test_where_nobody_listens_nobody_speaks_tls() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert not speaks_tls(f"tcp://127.0.0.1:{port}", 60)
    assert not speaks_tls(f"tls://127.0.0.1:{port}", 60)


def test_a_scheduler_that_speaks_tls_is_named_with_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dask's own client says no more than that nobody answered in time."""
    pytest.importorskip("dask")

    def client(*given: object, **named: object) -> object:
        raise OSError("Timed out trying to connect")

    monkeypatch.setattr(module, "_distributed", lambda: SimpleNamespace(Client=client))

    async def entered(address: str) -> None:
        async with cluster(address, 60, print):
            raise AssertionError

    with answering(ALERT) as address, pytest.raises(ClusterError) as raised:
        trio.run(entered, address)
    assert str(raised.value) == (
        f"the program at {address} speaks TLS; if it is a scheduler, its address is tls{address[3:]}"
    )
