import errno
import os
import socket
import struct

import pytest
import trio
import trio.testing

from wsprobe.net.stream import READ, After, End, SocketWire


@pytest.fixture
def wires():
    """A wire, and that of its peer."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        yield SocketWire(ours), SocketWire(theirs)


async def test_bytes_go_both_ways_and_end(wires):
    wire, peer = wires
    assert await wire.send(b"there") is None
    assert await peer.receive() == b"there"
    await peer.send(b"back")
    await peer.finish()
    assert [await wire.receive() for _ in range(3)] == [b"back", End("fin"), End("fin")]


async def test_a_peer_that_is_gone(wires):
    wire, peer = wires
    await peer.close()
    assert await wire.send(b"x") == End("reset", os.strerror(errno.EPIPE), "EPIPE")
    assert await wire.receive() == End("fin")


async def test_a_wire_that_was_closed(wires):
    wire, peer = wires
    await wire.close()
    await wire.close()
    sent, received, seen = await wire.send(b"x"), await wire.receive(), await peer.receive()
    assert (sent.how, received.how, seen) == ("error", "error", End("fin"))


class Broken:
    """A socket on which nothing can be sent."""

    def __init__(self, number):
        self.number = number

    def send(self, data):
        raise OSError(self.number, "raw")


@pytest.mark.parametrize(
    ("number", "how"),
    [
        (errno.ECONNRESET, "reset"),
        (errno.EPIPE, "reset"),
        (errno.ECONNABORTED, "reset"),
        (errno.ETIMEDOUT, "error"),
        (errno.EHOSTUNREACH, "error"),
    ],
)
async def test_errors_of_the_system(number, how):
    wire = SocketWire(Broken(number))
    assert await wire.send(b"x") == End(how, os.strerror(number), errno.errorcode[number])


async def test_what_was_read_before_comes_first(wires):
    wire, peer = wires
    after = After(wire, b"early")
    await after.send(b"there")
    await peer.send(b"late")
    got = await after.receive(), await after.receive(), await peer.receive()
    await after.close()
    assert (got, await peer.receive()) == ((b"early", b"late", b"there"), End("fin"))


async def test_a_socket_takes_and_gives_what_there_is_and_then_waits(wires):
    wire, peer = wires
    much = bytes(8 * READ)
    assert await wire.send(b"") is None
    async with trio.open_nursery() as nursery:
        nursery.start_soon(wire.send, much)  # more than the system takes at once
        got = 0
        while got < len(much):
            data = await peer.receive()
            assert len(data) <= READ
            got += len(data)
    await peer.close()
    assert (await wire.receive(), await wire.receive()) == (End("fin"), End("fin"))


async def test_a_socket_that_is_closed_while_it_is_waited_for(wires):
    wire, _ = wires
    ends = []

    async def wait():
        ends.append(await wire.receive())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        await wire.close()
        await wire.close()
    (ended,) = ends
    assert ended.how == "error"
    assert [await wire.send(b"x"), await wire.receive()] == [End("error", "this socket was already closed")] * 2


@pytest.mark.parametrize(("call", "at_once"), [("send", 1), ("receive", 0)])
async def test_what_the_system_does_at_once_keeps_no_time_from_running_out(call, at_once, wires):
    wire, peer = wires
    calls = 0
    await peer.send(b"x")
    with trio.CancelScope() as scope:
        scope.cancel()
        for _ in range(100):
            await (wire.send(b"x") if call == "send" else wire.receive())
            calls += 1
    assert calls == at_once


async def test_who_reads_what_is_there_already_leaves_others_their_turn(wires):
    wire, peer = wires
    turns = 0

    async def another():
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    await peer.send(bytes(100))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(another)
        for _ in range(100):
            assert await wire.receive(1) == b"\0"
        nursery.cancel_scope.cancel()
    assert turns >= 90


async def test_a_reset_that_only_sending_has_met():
    listening = socket.create_server(("127.0.0.1", 0))
    ours = socket.create_connection(listening.getsockname())
    theirs, _ = listening.accept()
    ours.setblocking(False)
    wire = SocketWire(ours)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    theirs.close()  # with RST
    listening.close()
    sent = await wire.send(b"x")
    received = await wire.receive()
    await wire.close()
    assert (sent.how, sent.errno) == ("reset", "ECONNRESET")
    assert received == sent
