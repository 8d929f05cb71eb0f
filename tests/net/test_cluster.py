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
from wsprobe.net.cluster import Cluster, ClusterError, Worker, cluster, speaks_tls

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


GARBAGE = (None, 1, [], {}, {"workers": None}, {"workers": []}, {"workers": {"a": None}})
WORKER = {"name": "a", "nthreads": 2}


def scheduled(client: object) -> Cluster:
    """A cluster that *client* is connected to."""

    async def made() -> Cluster:
        return Cluster(client, "tcp://127.0.0.1:1", 1.0, print, print)

    return trio.run(made)


@pytest.mark.parametrize(
    "identity",
    [
        *GARBAGE,
        *(
            {"workers": {"tcp://127.0.0.1:2": WORKER | odd}}
            for odd in ({"nthreads": -1}, {"nthreads": 1 << 70}, {"nthreads": "2"}, {"name": []}, {"status": 5})
        ),
    ],
    ids=str,
)
def test_a_scheduler_that_returns_garbage_is_named_in_a_line(identity: object) -> None:
    client = SimpleNamespace(
        status="running", scheduler=SimpleNamespace(identity=None), sync=lambda *given, **named: identity
    )
    with pytest.raises(ClusterError, match=r"^the scheduler at tcp://127\.0\.0\.1:1 returned something that"):
        scheduled(client)._workers()


def test_the_workers_of_a_scheduler() -> None:
    known = {"b": WORKER | {"status": "closing"}, "a": WORKER | {"name": 7, "memory": None}}
    client = SimpleNamespace(
        status="running",
        scheduler=SimpleNamespace(identity=None),
        sync=lambda *given, **named: {"type": "Scheduler", "workers": known},
    )
    assert scheduled(client)._workers() == [Worker("a", "7", 2)]


@pytest.mark.parametrize("versions", [*GARBAGE, {"client": {"packages": {}}, "scheduler": {}, "workers": {}}])
def test_versions_that_are_garbage_are_named_in_a_line(versions: object) -> None:
    client = SimpleNamespace(get_versions=lambda check: versions, run=lambda *given, **named: versions)
    with pytest.raises(ClusterError, match="returned something that no scheduler"):
        scheduled(client)._versions()


def test_a_version_that_cannot_be_had_is_named_in_a_line() -> None:
    def odd(*given: object, **named: object) -> object:
        raise KeyError("status")

    client = SimpleNamespace(run=odd, run_on_scheduler=odd)
    with pytest.raises(ClusterError, match="returned something that no scheduler of Dask returns: KeyError"):
        scheduled(client)._version("wsprobe")


def test_a_scheduler_that_dask_cannot_read_is_named_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("dask")

    def client(*given: object, **named: object) -> object:
        raise KeyError("op")

    monkeypatch.setattr(module, "_distributed", lambda: SimpleNamespace(Client=client))
    with pytest.raises(ClusterError, match="is no scheduler that Dask can use: KeyError: 'op'"):
        module._connect("tcp://127.0.0.1:1", 1.0)
