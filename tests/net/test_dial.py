"""Attempts at several addresses, which take as long as their address says, in virtual time."""

import errno
import socket
import sys
from contextlib import ExitStack, suppress

import pytest
import trio
from trio.testing import MockClock

from wsprobe.exchange import Connected, ConnectFailed, Connecting, Ended, Limits
from wsprobe.net import dial
from wsprobe.net.dial import Address, connect
from wsprobe.net.probe import probe
from wsprobe.net.stream import End, Tape

FOREVER = float("inf")


def attempt(story, plan=None):
    """Connect to every address of *story*, each after its seconds, or fail with its number, if it has one.

    Returns the result, the events, and the addresses whose sockets were closed."""
    made = {}

    async def established(sock, sockaddr):
        made[sockaddr[0]] = sock
        seconds, number = story[sockaddr[0]]
        async with trio.open_nursery() as nursery:  # not in this task: it wakes by itself, as for a real socket
            nursery.start_soon(trio.sleep, seconds)
        if number:
            raise OSError(number, "the system says it its own way")

    async def work():
        if plan is not None:
            return await probe(plan), None
        tape = Tape()
        addresses = tuple(Address(socket.AF_INET, (name, 80), name, 80) for name in story)
        return await connect(addresses, None, tape), tape.events

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dial, "established", established)
        result, events = trio.run(work, clock=MockClock(autojump_threshold=0))
    closed = [name for name, sock in made.items() if sock.fileno() == -1]
    for sock in made.values():
        sock.close()
    return result, events, closed


def attempted(story):
    """What comes of ``0.1, never, 0.2 ECONNREFUSED``, the seconds after which each address connects or fails.

    Each event, at which millisecond; the failure of all; and the sockets that were closed."""
    told = {}
    for number, written in enumerate(story.split(", "), 1):
        seconds, _, name = written.partition(" ")
        told[f"192.0.2.{number}"] = (
            FOREVER if seconds == "never" else float(seconds),
            getattr(errno, name) if name else 0,
        )
    result, events, closed = attempt(told)
    words = {Connecting: "connecting", Connected: "connected", ConnectFailed: "failed"}
    lines = [f"@{each.at / 1000:g} {words[type(each)]} {each.address[8:]}" for each in events]
    lines += [result.error] if isinstance(result, End) else []
    return f"{', '.join(lines)}; closed {' '.join(sorted(name[8:] for name in closed))}"


def test_two_that_stand_at_the_same_moment():
    for _ in range(20):  # trio shuffles who runs first
        stream, events, closed = attempt({"192.0.2.1": (0.35, 0), "192.0.2.2": (0.1, 0)})
        connected = [event for event in events if isinstance(event, Connected)]
        assert len(connected) == 1
        assert {connected[0].address, *closed} == {"192.0.2.1", "192.0.2.2"}
        assert isinstance(stream, socket.socket)


def test_an_attempt_that_would_come_too_late_is_not_made():
    for _ in range(20):
        _, events, _ = attempt({"192.0.2.1": (0.25, 0), "192.0.2.2": (9, 0)})
        assert [type(event) for event in events][-1] is Connected


def test_no_answer_from_anywhere(net):
    addresses = ("192.0.2.1", "192.0.2.2")
    plan = net.plan(
        80, host="far.example", resolve=(("far.example", 80, addresses),), limits=Limits(connect_timeout=5)
    )
    exchange, _, closed = attempt({"192.0.2.1": (FOREVER, 0), "192.0.2.2": (FOREVER, 0)}, plan)
    assert net.kinds(exchange) == ["Resolved", "Connecting", "Connecting", "Ended"]
    assert exchange.events[-1] == Ended(
        5_000_000, "timeout", "connecting to 192.0.2.1, 192.0.2.2 took longer than 5 s (connect timeout)"
    )
    assert sorted(closed) == sorted(addresses)


async def test_a_family_that_the_system_does_not_have():
    tape = Tape()
    await connect((Address(99, ("::1", 80), "::1", 80),), None, tape)
    assert tape.events[-1].errno == "EAFNOSUPPORT"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a Unix socket with a full queue refuses")
async def test_a_unix_socket_whose_queue_is_full(tmp_path):
    """It is not connected to, though it is writable at once."""
    path = str(tmp_path / "socket")
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket(socket.AF_UNIX))
        server.bind(path)
        server.listen(0)
        with suppress(BlockingIOError):
            while True:
                client = stack.enter_context(dial.new_socket(socket.AF_UNIX))
                client.connect(path)

        tape = Tape()
        result = await connect(dial.unix(path), None, tape)
    assert result == End("error", "could not connect to any address")
    assert [type(event) for event in tape.events] == [Connecting, ConnectFailed]
    assert tape.events[-1].errno == "EAGAIN"


@pytest.mark.parametrize("interface", ["eth99", "192.0.2.1"])
async def test_no_device_to_bind_to(interface, monkeypatch):
    """Where the system cannot bind to a device, an attempt says so."""
    monkeypatch.delattr(socket, "SO_BINDTODEVICE", raising=False)
    tape = Tape()
    await connect((Address(socket.AF_INET, ("127.0.0.1", 9), "127.0.0.1", 9),), interface, tape)
    failed = tape.events[-1]
    assert failed.errno == ("EADDRNOTAVAIL" if interface == "192.0.2.1" else errno.errorcode[errno.EOPNOTSUPP])
