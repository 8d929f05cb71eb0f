import errno
import os
import socket
import struct

import pytest
import trio
import trio.testing

from wsprobe.net.stream import READ, After, End, SocketWire, said_of


def both(work):
    """What *work* returns of a wire and of its peer's, over two sockets that are connected."""

    async def main():
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            theirs.setblocking(False)
            return await work(SocketWire(ours), SocketWire(theirs))

    return trio.run(main)


def test_bytes_go_both_ways_and_end():
    async def work(wire, peer):
        assert await wire.send(b"there") is None
        assert await peer.receive() == b"there"
        await peer.send(b"back")
        await peer.finish()
        return await wire.receive(), await wire.receive(), await wire.receive()

    assert both(work) == (b"back", End("fin"), End("fin"))


def test_a_peer_that_is_gone():
    async def work(wire, peer):
        await peer.close()
        return await wire.send(b"x"), await wire.receive()

    assert both(work) == (End("reset", os.strerror(errno.EPIPE), "EPIPE"), End("fin"))


def test_a_wire_that_was_closed():
    async def work(wire, peer):
        await wire.close()
        await wire.close()
        return await wire.send(b"x"), await wire.receive(), await peer.receive()

    sent, received, seen = both(work)
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
def test_errors_of_the_system(number, how):
    wire = SocketWire(Broken(number))
    assert trio.run(wire.send, b"x") == End(how, os.strerror(number), errno.errorcode[number])


def test_what_was_read_before_comes_first():
    async def work(wire, peer):
        after = After(wire, b"early")
        await after.send(b"there")
        await peer.send(b"late")
        got = await after.receive(), await after.receive(), await peer.receive()
        await after.close()
        return got, await peer.receive()

    assert both(work) == ((b"early", b"late", b"there"), End("fin"))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ECONNREFUSED, "x"), ("ECONNREFUSED", os.strerror(errno.ECONNREFUSED))),
        (OSError(-2, "its own words"), ("", "its own words")),
        (OSError("AF_UNIX path too long"), ("", "AF_UNIX path too long")),
        (OSError(), ("", "OSError")),
    ],
)
def test_said_of(error, said):
    assert said_of(error) == said


def test_a_socket_takes_and_gives_what_there_is_and_then_waits():
    async def work(wire, peer):
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
        return await wire.receive(), await wire.receive()

    assert both(work) == (End("fin"), End("fin"))


def test_a_socket_that_is_closed_while_it_is_waited_for():
    async def work(wire, peer):
        ends = []

        async def wait():
            ends.append(await wire.receive())

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            await trio.testing.wait_all_tasks_blocked()
            await wire.close()
            await wire.close()
        return [*ends, await wire.send(b"x"), await wire.receive()]

    ended, *after = both(work)
    assert ended.how == "error"
    assert after == [End("error", "this socket was already closed")] * 2


@pytest.mark.parametrize(("call", "at_once"), [("send", 1), ("receive", 0)])
def test_what_the_system_does_at_once_keeps_no_time_from_running_out(call, at_once):
    async def work(wire, peer):
        calls = 0
        await peer.send(b"x")
        with trio.CancelScope() as scope:
            scope.cancel()
            for _ in range(100):
                await (wire.send(b"x") if call == "send" else wire.receive())
                calls += 1
        return calls

    assert both(work) == at_once


def test_who_reads_what_is_there_already_leaves_others_their_turn():
    async def work(wire, peer):
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
        return turns

    assert both(work) >= 90


def test_a_reset_that_only_sending_has_met():
    async def work():
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
        return sent, received

    sent, received = trio.run(work)
    assert (sent.how, sent.errno) == ("reset", "ECONNRESET")
    assert received == sent
