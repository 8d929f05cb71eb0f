"""A session that is held, on a wire: nothing piles up, nothing is lost, whoever ends it."""

import os
import socket
from contextlib import asynccontextmanager, suppress
from functools import partial

import pytest
import trio
import trio.testing

from tests.exchanges import deflated
from tests.net.conftest import Net
from wsprobe.exchange import LeftOut, Limits, Received, Sent
from wsprobe.net.descriptors import LAST, PIECE, DescriptorWriter, pieces
from wsprobe.net.probe import probe
from wsprobe.net.stream import READ
from wsprobe.net.talk import FRAMES, LEAST, WAITING, Talk
from wsprobe.read.closing import close_of
from wsprobe.read.frames import BINARY, CLOSE, TEXT, frame_at
from wsprobe.report.report import report
from wsprobe.session.kept import SessionRecording
from wsprobe.talk.session import Outgoing, Rules
from wsprobe.wire.framing import ReceivedMessage
from wsprobe.wire.rfc6455 import frame


class Holder(Talk):
    """Holds one session, and keeps what was heard."""

    def __init__(self, said, keep=1 << 20, **rules):
        self.heard = []
        self.held = None
        self.times = []
        self.rules = Rules(**rules)
        self._input = said
        self._keep = keep

    def said(self):
        return self._input

    def kept(self, plan, tape):
        return [SessionRecording(self._keep, tape.add)]

    async def opened(self, held, head, at):
        self.held = held
        self.times.append(at)

    async def hear(self, what, at):
        self.heard += [each.data for each in what if isinstance(each, ReceivedMessage)]


async def texts(*data):
    """An input of these messages; without any, one that ends at once."""
    for each in data:
        yield [Outgoing("text", [each])]


async def echo(stream):
    """Answer the handshake, then every frame with its payload, a Close with a Close."""
    await Net.plays("head", Net.SWITCHING)(stream)
    buffer = b""
    while data := await stream.receive_some(65536):
        buffer += data
        out = b""
        while (one := frame_at(buffer, 0, lambda _: 0)) is not None:
            buffer = buffer[one.span[1] :]
            out += frame(one.opcode, one.data, None)
            if one.opcode == CLOSE:
                await stream.send_all(out)
                return
        await stream.send_all(out)


def held(net, holder, server, virtual=True, **parts):
    async def handler(stream):
        with suppress(trio.BrokenResourceError):
            await server(stream)

    async def work():
        async with net.serving(handler) as port:
            return await probe(net.plan(port, **parts), talk=holder)

    return net.run(work, virtual=virtual)


def test_lines_go_out_and_come_back(net):
    holder = Holder(texts(b"one", b"two"))
    exchange = held(net, holder, echo)
    assert holder.heard == [b"one", b"two"]
    assert net.ended(exchange).how in ("fin", "local")
    assert net.received(exchange).endswith(b"\x88\x02\x03\xe8")
    assert len(holder.times) == 1


async def answers(stream):
    """Greet after a second, and answer each message with ``got`` and its text."""
    await Net.plays("head", Net.SWITCHING, 1, frame(TEXT, b"hello", None))(stream)
    while data := await stream.receive_some(65536):
        one = frame_at(data, 0, lambda _: 0)
        if one is None or one.opcode == CLOSE:
            return
        assert len(data) == one.span[1], "more was sent before the answer"
        await Net.plays(1, frame(TEXT, b"got " + one.data, None))(stream)


async def steps(*each):
    yield [Outgoing(do, [data]) for do, data in each]


def test_input_waits_for_messages(net):
    said = steps(("await", b"hello"), ("text", b"a"), ("await", b"a"), ("text", b"b"), ("await", b"b"))
    holder = Holder(said, awaits=True)
    held(net, holder, answers)
    assert holder.heard == [b"hello", b"got a", b"got b"]
    assert holder.held.unmet == ""


def test_an_await_has_a_limit_and_then_nothing_more_is_sent(net):
    holder = Holder(steps(("await", b"nothing"), ("text", b"a")), awaits=True, patience=5.0)
    exchange = held(net, holder, answers)
    assert holder.heard == [b"hello"]
    assert "nothing" in holder.held.unmet
    assert 5_000_000 <= net.ended(exchange).at < 9_000_000


def test_the_input_may_end_while_something_is_handed_on(net):
    """The clock looks at a moment at which it minds no time: it is woken when that is over."""
    handing_on = trio.Event()

    async def said():
        yield [Outgoing("text", [b"one"])]
        await handing_on.wait()

    class Turning(Holder):
        async def hear(self, what, at):
            await super().hear(what, at)
            handing_on.set()
            for _ in range(20):  # turns of the loop, and no time
                await trio.lowlevel.checkpoint()

    holder = Turning(said(), linger=0.3)
    exchange = held(net, holder, echo)
    assert holder.heard == [b"one"]
    assert net.ended(exchange).at < 1_000_000


def test_what_came_with_the_101_is_heard(net):
    holder = Holder(texts(), eof="close")
    held(net, holder, net.plays("head", net.SWITCHING + frame(TEXT, b"at once", None), "read"))
    assert holder.heard == [b"at once"]


def test_a_refusal_is_recorded_as_ever(net):
    holder = Holder(texts())
    exchange = held(net, holder, net.refuses)
    assert net.received(exchange) == net.REFUSAL
    assert net.ended(exchange).how == "local"
    assert holder.held is None


def test_input_is_taken_no_faster_than_the_server_reads(net):
    """The server reads nothing: what is taken is what its buffers and ours hold."""
    taken = 0

    async def much():
        nonlocal taken
        while True:
            taken += 1
            yield [Outgoing("binary", [bytes(65536)])]

    server = net.plays("head", net.SWITCHING, float("inf"))
    exchange = held(net, Holder(much()), server, limits=Limits(max_time=20))
    assert net.ended(exchange).how == "timeout"
    assert taken * 65536 < WAITING + 16 * 1024 * 1024


class Slow(Holder):
    """Takes each message after so many seconds."""

    seconds = 5

    async def hear(self, what, at):
        await trio.sleep(self.seconds)
        await super().hear(what, at)


def test_the_server_is_read_no_faster_than_what_came_is_taken(net):
    sent = 0

    async def server(stream):
        nonlocal sent
        await net.plays("head", net.SWITCHING)(stream)
        while True:
            await stream.send_all(frame(BINARY, bytes(65000), None))
            sent += 65000

    holder = Slow(texts(), eof="wait", linger=1)
    holder.seconds = 100
    exchange = held(net, holder, server, limits=Limits(max_time=250))
    assert net.ended(exchange).how == "timeout"
    assert len(holder.heard) <= 20
    assert sent < 32 * 1024 * 1024


def test_a_slow_reader_of_ours_is_no_silence_of_the_servers(net):
    """Each message takes longer than --linger to be taken; all of them are."""
    holder = Slow(texts(*(b"%d" % n * 30000 for n in range(10))), linger=0.3)
    held(net, holder, echo, limits=Limits(max_time=1000))
    assert [each[:1] for each in holder.heard] == [b"%d" % n for n in range(10)]


def test_what_is_not_kept_is_counted_and_both_closes_are_there(net):
    holder = Holder(texts(*(b"x" * 10_000 for _ in range(100))), keep=1000)
    exchange = held(net, holder, echo)
    assert len(holder.heard) == 100
    left = [event for event in exchange.events if isinstance(event, LeftOut)]
    kept = sum(len(event.data) for event in exchange.events if isinstance(event, Sent | Received))
    assert left
    of = holder.held.totals
    whole = of.wire_sent + of.wire_received + len(net.REQUEST) + len(net.SWITCHING)
    assert kept + sum(event.bytes_sent + event.bytes_received for event in left) == whole
    made = report(exchange)
    assert made.outcome == "open"
    close = close_of(made.reading)
    assert (close.code, close.clean) == (1000, True)


async def test_told_to_go_it_says_goodbye_and_hands_on_what_comes_until_then(net, autojump_clock):
    last = frame(TEXT, b"last", None) + frame(CLOSE, b"\x03\xe8", None)
    opens = net.SWITCHING + frame(TEXT, b"first", None)
    server = net.plays("head", opens, ("read", lambda got: got.startswith(b"\x88")), last)

    async def forever():
        await trio.sleep_forever()
        yield []

    kept = []
    holder = Holder(forever())
    async with net.serving(server) as port:
        with trio.move_on_after(5):
            await probe(net.plan(port), talk=holder, keep=kept.append)
    assert holder.heard == [b"first", b"last"]
    (exchange,) = kept
    assert exchange.events[-1].how == "interrupted"


@asynccontextmanager
async def piped(read=True):
    """The descriptors of a pipe, which are closed at the end, and an output that writes into it. Not *read*:
    the reading end is closed from the beginning."""
    reading, writing = os.pipe()
    if not read:
        os.close(reading)
    output = DescriptorWriter(writing)
    try:
        yield reading, writing, output
    finally:
        output.close()
        os.close(writing)
        if read:
            os.close(reading)


async def cut_off(write, *given, meanwhile=bytes):
    """Begin to write, do *meanwhile* when nothing more goes, and give up; what *meanwhile* returned."""
    with trio.CancelScope() as time:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(write, *given)
            await trio.testing.wait_all_tasks_blocked()
            got = meanwhile()
            await trio.testing.wait_all_tasks_blocked()
            time.cancel()
    return got


async def closed(output, reading, got):
    """Write a last line, and read from the pipe, behind what was *got*, until it is there."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(output.write, b"closed\n")
        while not got.endswith(b"closed\n"):
            await trio.lowlevel.wait_readable(reading)
            got += os.read(reading, PIECE)
    return got


@pytest.mark.parametrize("way", ["pipe", "file", "socket"])
async def test_what_is_read_and_written_is_all_there(way, tmp_path):
    data = bytes(range(256)) * 4096
    read = []
    if way == "pipe":
        reading, writing = os.pipe()
    elif way == "socket":
        reading, writing = (each.detach() for each in socket.socketpair())
    else:
        writing = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
        reading = os.open(tmp_path / "file", os.O_RDONLY)

    async def write():
        output = DescriptorWriter(writing)
        await output.write(data)
        output.close()
        os.close(writing)

    async with trio.open_nursery() as nursery:
        if way == "file":
            await write()
        else:
            nursery.start_soon(write)
        async for piece in pieces(reading, 10_000):
            read.append(piece)
        os.close(reading)
    assert b"".join(read) == data
    assert max(map(len, read)) <= 10_000


async def test_a_pipe_that_nobody_reads_any_more():
    async with piped(read=False) as (_, _, output):
        with pytest.raises(BrokenPipeError):
            await output.write(b"x")


@pytest.mark.parametrize("first", [b"a" * 10 + b"\n", b""])
@pytest.mark.parametrize("taken", [0, 1, 4096])
async def test_a_line_that_was_cut_in_the_middle_is_ended_before_the_next(first, taken):
    """Whatever a slow reader has taken when time is up: what it gets in the end are whole lines."""
    line = b"x" * (2 * PIECE) + b"\n"
    async with piped() as (reading, _, output):
        take = partial(os.read, reading, taken)
        start = await cut_off(output.write, first + line + b"dropped\n", meanwhile=take)
        with trio.move_on_after(0):  # nothing is lost where this is cancelled too
            await output.write(b"never begun\n")
        got = await closed(output, reading, start)
        os.set_blocking(reading, False)
        with pytest.raises(BlockingIOError):  # nothing is left
            os.read(reading, 1)
        assert got == first + line + b"closed\n"


@pytest.mark.parametrize("reads", [True, False])
def test_after_an_interrupt_the_output_ends_with_a_whole_line_if_it_is_read(reads):
    line = b"x" * (2 * PIECE) + b"\n"
    got = bytearray()

    async def take(reading):
        async for piece in pieces(reading, PIECE):
            got.extend(piece)
        os.close(reading)

    async def work():
        async with trio.open_nursery() as nursery, piped() as (reading, _, output):
            await cut_off(output.write, line + b"dropped\n")
            if reads:
                nursery.start_soon(take, os.dup(reading))
            began = trio.current_time()
            with trio.CancelScope() as interrupted:
                interrupted.cancel()
                await output.finish(b"closed\n")
            assert interrupted.cancelled_caught
            return trio.current_time() - began

    took = trio.run(work, clock=trio.testing.MockClock(autojump_threshold=0.01))
    assert bytes(got) == (line + b"closed\n" if reads else b"")
    assert took == (0 if reads else LAST)


@pytest.mark.parametrize("pieces", [[b"x" * 99, b"y" * PIECE, b"z\n"], [b"x" * PIECE, b"\ny"]])
async def test_a_line_in_pieces_that_was_cut_is_ended_before_the_next(pieces):
    line, end, _ = b"".join([b"w" * PIECE, *pieces]).partition(b"\n")
    async with piped() as (reading, _, output):
        await cut_off(output.write_pieces, iter([b"w" * PIECE, *pieces, b"dropped\n"]))
        assert await closed(output, reading, b"") == line + end + b"closed\n"


async def test_other_tasks_run_between_the_pieces_of_one_write(tmp_path):
    """Even into a file, which never blocks."""
    order = []

    def made():
        for number in range(10):
            order.append("made")
            yield b"%d" % number

    async def other():
        while order.count("made") < 10:
            await trio.lowlevel.checkpoint()
            order.append("other")

    with (tmp_path / "file").open("wb") as file:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(DescriptorWriter(file.fileno()).write_pieces, made())
            nursery.start_soon(other)
    assert (tmp_path / "file").read_bytes() == b"0123456789"
    assert order.count("other") >= 8


async def test_a_write_that_ended_between_two_lines_leaves_nothing():
    """The reader took nothing: no line was begun, or a whole one lies in the pipe."""
    fcntl = pytest.importorskip("fcntl")
    if not hasattr(fcntl, "F_GETPIPE_SZ"):
        pytest.skip("the size of a pipe is not known here")
    async with piped() as (reading, writing, output):
        size = fcntl.fcntl(writing, fcntl.F_GETPIPE_SZ)
        full = b"x" * (size - 1) + b"\n"
        await cut_off(output.write, full + b"dropped\n")
        assert os.read(reading, size) == full
        await output.write(b"closed\n")
        assert os.read(reading, size) == b"closed\n"


async def test_the_flags_of_a_pipe_are_left_to_whoever_else_holds_it():
    async with piped() as (reading, writing, output):
        await output.write(b"x")
        assert os.get_blocking(writing)
        assert os.get_blocking(reading)


@pytest.mark.parametrize(("room", "after"), [(4 * PIECE, 4 * PIECE), (None, PIECE)])
async def test_a_pipe_is_widened_and_never_narrowed(room, after):
    fcntl = pytest.importorskip("fcntl")
    reading, writing = os.pipe()
    if room is not None:
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, room)
    output = DescriptorWriter(writing)
    await output.write(bytes(room or 1))
    assert fcntl.fcntl(writing, fcntl.F_GETPIPE_SZ) == after
    output.close()
    os.close(reading)
    os.close(writing)


async def test_a_thread_writes_all_that_it_was_given_before_the_next_one(monkeypatch):
    """Where the system has no pipe that does not block."""
    monkeypatch.delattr(os, "O_NONBLOCK")
    line = b"x" * (2 * PIECE) + b"\n"
    async with piped() as (reading, _, output):
        got = await cut_off(output.write, line, meanwhile=partial(os.read, reading, 10))  # in the line's middle
        assert await closed(output, reading, got) == line + b"closed\n"


async def test_what_never_blocks_needs_no_thread(monkeypatch):
    monkeypatch.delattr(trio.to_thread, "run_sync")
    descriptor = os.open(os.devnull, os.O_RDWR)
    await DescriptorWriter(descriptor).write(b"x")
    assert [piece async for piece in pieces(descriptor, 10)] == []
    os.close(descriptor)


@pytest.mark.parametrize(("text", "count"), [(b"0123456789", 20_000), (b"", 60_000)])
def test_the_first_reads_are_small_for_they_are_kept_whole(net, text, count):
    """The report has a frame of each message in it: of one large read, thousands."""
    every = frame(TEXT, text, None)

    class Reading(Holder):
        async def hear(self, what, at):
            self.heard.append(len(what))

    holder = Reading(texts(), eof="keep", count=count)
    held(net, holder, net.plays("head", net.SWITCHING, every * count, "read"))
    kept = next(n for n in range(len(holder.heard)) if sum(holder.heard[:n]) * len(every) >= READ)
    assert max(holder.heard[:kept]) <= READ // len(every) + 1
    assert FRAMES // 2 < max(holder.heard[kept:]) <= FRAMES + 10
    assert sum(holder.heard) == count


def test_of_what_inflates_to_very_much_little_is_read_at_once(net):
    every = frame(BINARY, deflated(bytes(10_000)), None, rsv=4)
    agreed = b"Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n\r\n"
    request, opens = (head.removesuffix(b"\r\n") + agreed for head in (net.REQUEST, net.SWITCHING))

    class Inflating(Holder):
        async def hear(self, what, at):
            self.heard.append(sum(len(each.data) for each in what if isinstance(each, ReceivedMessage)))

    holder = Inflating(texts(), eof="keep", count=4000)
    held(net, holder, net.plays("head", opens, every * 4000, "read"), request=request)
    assert sum(holder.heard) == 40_000_000
    assert max(holder.heard[1:]) <= (LEAST // len(every) + 1) * 10_000 < 2_000_000
