"""Runs command lines in this process: the lab plays the servers, in virtual time, and keys count from zero.

Nothing goes to a network, and the same command line prints the same bytes every time. What needs a browser does
not run here.
"""

import io
import itertools
import math
import os
import pickle
import random
import re
import shlex
import sys
import tempfile
import types
from collections.abc import Callable, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from unittest import mock

import trio
from msgspec import Struct
from msgspec.structs import replace
from trio.testing import MockClock

from wsprobe import lab, net
from wsprobe.cli import main
from wsprobe.cli.cluster import OtherVersion
from wsprobe.cli.environment import Environment
from wsprobe.exchange import SECOND, Ended, Plan, Relayed, Sent
from wsprobe.lab.connection import drive
from wsprobe.lab.paths import PathError, scenario_at
from wsprobe.lab.perform import play_of
from wsprobe.lab.perform_http2 import perform_http2
from wsprobe.lab.play import HOP, _performance, play
from wsprobe.lab.ports import KINDS, PORTS, place
from wsprobe.lab.scenario import Scenario
from wsprobe.net.cluster import Worker, WorkersLost
from wsprobe.net.probe import too_long
from wsprobe.net.relay import plan_for
from wsprobe.net.stream import End, Tape
from wsprobe.net.worker_pool import Lost
from wsprobe.read.request import RequestReader
from wsprobe.relay.client import answer
from wsprobe.version import __version__

STARTED = datetime(2026, 11, 26, 12, tzinfo=UTC)
ENVIRONMENT = {"COLUMNS": "100", "TERM": "xterm", "COLORTERM": "", "NO_COLOR": "", "HOME": "."}


class Ran(Struct, frozen=True):
    """What one command line printed, and its exit status."""

    line: str
    status: int
    out: bytes
    err: bytes
    files: dict[str, bytes]
    """Those that it made or changed, by their names."""


def started():
    """The time of day, as a recording has it."""
    now = STARTED + timedelta(seconds=trio.current_time())
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def ran(
    lines,
    files: Mapping[str, bytes] = {},
    scenarios: Mapping[str, Callable[[Plan], Scenario]] = {},
    stdin=b"",
    reached: Callable[[Plan], Scenario] | None = None,
):
    """What came of each of *lines*, one after the other in a folder with *files*.

    A line begins with ``wsprobe``, behind variables such as ``COLUMNS=60``; ``TERMINAL=1`` makes both outputs
    a terminal, ``FILE=1`` a file. *scenarios*: by their names, in addition to those of the lab, what a plan
    reaches. *reached*: what every plan does, whatever names it has.
    """
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        stack.callback(os.chdir, os.getcwd())
        os.chdir(folder)
        for name, text in files.items():
            Path(name).write_bytes(text if isinstance(text, bytes) else text.encode())
        counter = itertools.count()
        for target, value in (
            ("os.urandom", lambda size: bytes([next(counter) % 251] * size)),
            # Nobody's certificate is checked, and to load those of the system takes 20 ms each time.
            ("ssl.SSLContext.load_default_certs", lambda context: None),
            ("ssl.SSLContext.load_verify_locations", lambda context, *files: None),
            # Which of several tasks trio runs first: as it is in tests with Hypothesis.
            ("trio._core._run._ALLOW_DETERMINISTIC_SCHEDULING", True),
            ("trio._core._run._r", random.Random(0)),
        ):
            stack.enter_context(mock.patch(target, value))
        random.seed(0)  # of the pauses of watch
        return [_ran(line, stdin, Played(reached or partial(scenario_of, scenarios))) for line in lines]


class Lab:
    """As ``lab.server.Lab``, on ports that stay the same; the targets of lab:NAME are played as all others."""

    start = PORTS.__getitem__
    place = staticmethod(place)
    certificate_authority = ""


class Pool:
    """As ``worker_pool.WorkerPool``, without processes: the work is done here, with outputs of its own. A
    process that gets an item with ``/lost`` in it ends, and no process is left for ``/nobody``."""

    def __init__(self, make, count, say, called=None):
        self._count, self._say = count, say
        before = sys.stdout, sys.stderr
        self._work = make()
        self._streams = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = before

    def __len__(self):
        return self._count

    @asynccontextmanager
    async def at_work(self):
        async with trio.open_nursery() as self._nursery:
            yield
            self._nursery.cancel_scope.cancel()

    async def up(self):
        await trio.lowlevel.checkpoint()

    def give(self, item, over):
        async def one():
            if "/nobody" in str(item) or "/lost" in str(item):
                self._say(f"a process ended: {item}")
                over(Lost(nobody_left="/nobody" in str(item)))
            else:
                over(await self._apart(self._work(item, lambda results: None)))

        self._nursery.start_soon(one)

    @types.coroutine
    def _apart(self, work):
        """The result of *work*, which has the process's streams whenever it runs."""
        value = None
        while True:
            before = sys.stdout, sys.stderr
            sys.stdout, sys.stderr = self._streams
            try:
                wanted = work.send(value)
            except StopIteration as end:
                return end.value
            finally:
                sys.stdout, sys.stderr = before
            value = yield wanted


class Workers:
    """As ``net.cluster.Cluster``, without Dask: the work of two workers is done here.

    A worker that gets a URL with ``/lost`` in it ends. Of the scheduler ``old.example`` they have another
    wsprobe, of ``gone.example`` one never comes back, and ``odd.example`` returns no results.
    """

    def __init__(self, address):
        self._kind = re.split(r"[/.]+", address)[1]
        scheme = address.partition("://")[0]
        named = {"paris": 1, "tokyo": 2}
        self.workers = {
            name: Worker(f"{scheme}://{name}.example:1", name, count) for name, count in named.items()
        }
        self.threads = sum(named.values())
        self.room = trio.CapacityLimiter(6)

    async def do(self, work, version, data, by=None):
        await trio.lowlevel.checkpoint()
        if b"/lost" in data:
            raise WorkersLost
        if self._kind == "old":
            return OtherVersion("0.1.0")
        made = await pickle.loads(data)("paris" if by is None else by.name)
        return made if self._kind != "odd" else [None]

    def keep(self, names):
        pass

    async def named(self, name):
        await trio.lowlevel.checkpoint()
        return None if (self._kind, name) == ("gone", "tokyo") else self.workers[name]

    async def version(self, package):
        await trio.lowlevel.checkpoint()
        return {"the scheduler": None if self._kind == "bare" else __version__, "worker paris": __version__}

    async def odd_versions(self):
        await trio.lowlevel.checkpoint()
        return ""


@asynccontextmanager
async def cluster(address, patience, say, fit):
    """As ``net.cluster.cluster``."""
    there = Workers(address)
    for each in there.workers.values():
        fit(each)
    yield there


PAGE = b"""GET / HTTP/1.1\r
Host: 127.0.0.1:9000\r
User-Agent: page\r
Origin: http://127.0.0.1:3000\r
Upgrade: websocket\r
Connection: keep-alive, Upgrade\r
Sec-WebSocket-Version: 13\r
Sec-WebSocket-Key: d3Nwcm9iZSByZWhlYXJzZQ==\r
\r
"""


@asynccontextmanager
async def relayed(reached, relaying, host, port, watch, **_):
    """As ``net.relay``, with two clients: a page, and one that is not let in. Then ^C comes."""
    async with trio.open_nursery() as nursery:

        async def clients():
            await trio.sleep(1)
            for number, bytes_of in enumerate((PAGE, PAGE.replace(b"Upgrade:", b"No:")), 1):
                request = RequestReader().receive(bytes_of)
                assert request is not None
                if (refusal := relaying.door.refusal(request)) is not None:
                    watch.turned_away(f"127.0.0.1:{50000 + number}", request, refusal)
                    continue
                plan = plan_for(relaying, Plan(relaying.target, b""), request)
                made = play(reached(plan), plan)
                told = relaying.tell(made) if relaying.tell is not None else None
                said = b"".join(answer(request, told)) if told is not None else b""
                client = Relayed(f"127.0.0.1:{50000 + number}", bytes_of, said)
                made = replace(made, started=started(), client=client)
                watch.answered(number, made, told)
                await watch.over(number, made)
            raise KeyboardInterrupt

        nursery.start_soon(clients)
        yield port or 9000


async def reads(descriptor, size, first=None):
    """What *descriptor* has, read in no thread: in virtual time all others would go on meanwhile."""
    while data := os.read(descriptor or sys.stdin.fileno(), size):
        yield data


class Messages:
    """As ``net.descriptors.DescriptorWriter`` for standard output."""

    def __init__(self, descriptor, line_end):
        self._to = sys.stdout.buffer

    async def write(self, data):
        await self.write_pieces((data,))

    async def write_pieces(self, pieces):
        await trio.lowlevel.checkpoint()
        self._to.writelines(pieces)

    finish = write


async def at_once(work):
    await trio.lowlevel.checkpoint()
    return work()


def _ran(line, stdin, environment):
    words = shlex.split(line)
    at = words.index("wsprobe")
    before = _files()
    variables = dict(word.split("=", 1) for word in words[:at])
    with (
        mock.patch.dict(os.environ, ENVIRONMENT | variables),
        quiet(stdin, variables) as (out, err),
    ):
        status = main.run(words[at + 1 :], environment)
        sys.stdout.flush()
        sys.stderr.flush()
        printed = out.getvalue(), err.getvalue()
    made = {name: data for name, data in _files().items() if before.get(name) != data}
    return Ran(line, status, *printed, made)


def _files():
    return {each.name: each.read_bytes() for each in sorted(Path().iterdir())}


class Output(io.TextIOWrapper):
    """A standard output in memory. Its descriptor says only what kind it is of."""

    terminal = False

    def isatty(self):
        return self.terminal

    def fileno(self):
        return self.kind.fileno()


@contextmanager
def quiet(stdin, variables):
    """Standard input with this text, and standard output and error in memory."""
    out, err = io.BytesIO(), io.BytesIO()
    with tempfile.TemporaryFile("w+b", 0) as given, open(os.devnull) as nothing, ExitStack() as stack:
        given.write(stdin)
        given.seek(0)
        read = stack.enter_context(open(given.fileno(), closefd=False))
        stack.enter_context(mock.patch.object(sys, "stdin", read))
        for name, stream in (("stdout", out), ("stderr", err)):
            written = Output(stream, "utf-8", newline="\n", write_through=True)
            written.kind = given if "FILE" in variables else nothing
            written.terminal = "TERMINAL" in variables
            stack.enter_context(mock.patch.object(sys, name, written))
        yield out, err


async def probed(reached, counter, plan, watch=None, talk=None, keep=None, make=None):
    """As ``net.probe``: the scenario that the path names, played. --connect-to the host NAME.example takes the
    one of that name."""
    net.check(plan)
    sys.stderr.write(f"[{plan!r}]\n" if os.environ.get("DUMP_PLANS") else "")
    scenario, begun = reached(plan), started()
    made = play(scenario, plan, make=make)
    if talk is not None and any(isinstance(event, Sent) for event in made.events):
        made = replace(await held(scenario, plan, made.events, talk, watch), started=begun)
        await trio.sleep(next(counter) / 1e7)
        return made
    made = replace(made, started=begun)
    for event in made.events:
        if watch is not None:
            watch(event)
    # No two at the same time: which of them went on first would be chance.
    await trio.sleep(made.events[-1].at / SECOND + next(counter) / 1e7)
    return made


async def held(scenario, plan, played, talk, watch):
    """As ``net.probe`` with *talk*, on a connection in memory. *played*: what happens before the request."""
    tape = Tape(watch)
    for event in itertools.takewhile(lambda event: not isinstance(event, Sent), played):
        tape.add(event)
        alpn = getattr(event, "alpn", None)
    await trio.sleep((event.at + HOP) / SECOND)
    to_server, from_client = trio.open_memory_channel(math.inf)
    to_client, from_server = trio.open_memory_channel(math.inf)
    client = partial(net.check(plan).client, alpn)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serves, scenario, plan, Served(to_client, from_client))
        with trio.CancelScope(deadline=trio.current_time() + plan.limits.max_time) as whole:
            end = await talk.converse(Held(to_server, from_server), client, tape, whole)
        nursery.cancel_scope.cancel()
    end = too_long(tape, plan.limits.max_time, "maximum time") if whole.cancelled_caught else end
    tape.add(Ended(tape.now(), end.how, end.error))
    return tape.exchange(plan)


class Held:
    """The client's end of a connection in memory, a ``Wire``."""

    def __init__(self, to, of):
        self._to, self._of, self._unread = to, of, b""

    async def send(self, data):
        await trio.lowlevel.checkpoint()
        self._to.send_nowait(data)

    async def receive(self, most):
        try:
            self._unread = self._unread or await self._of.receive()
        except trio.EndOfChannel:
            return End("fin")
        data, self._unread = self._unread[:most], self._unread[most:]
        return data


class Served(Held):
    """The server's, a ``LabConnection``. What it sends is under way for as long as in ``play``."""

    async def send(self, data):
        await trio.sleep(HOP / SECOND)
        await super().send(data)

    async def receive(self):
        return await self._of.receive()

    async def finish(self, notify):
        self._to.close()


async def serves(scenario, plan, wire):
    """Play *scenario*."""
    came = await wire.receive()
    kind = KINDS[scenario.listener]
    if came.startswith(b"PRI"):
        performance = perform_http2(
            kind.http2,
            lambda asked, _: play_of(scenario.http2, 0, authorized=asked.authorized),
            trio.current_time,
            came,
        )
    else:
        performance = _performance(scenario, kind, came, trio.current_time, PORTS, plan.target.secure)
    await drive(performance, wire, math.inf)
    await wire.finish(notify=True)


def scenario_of(scenarios, plan):
    """The scenario that *plan* reaches; that of a 404 if it names none."""
    hosts = [each[2].removesuffix(".example") for each in plan.route.connect_to]
    parts = re.split(r"[/?#]", plan.target.resource)
    for name in (*hosts, *parts):
        if name in scenarios:
            return scenarios[name](plan)
    for find, names in ((lab.find, hosts), (scenario_at, [plan.target.resource]), (lab.find, parts)):
        for name in names:
            with suppress(lab.UnknownScenario, PathError):
                return find(name)
    return lab.find("status-404")


class Played(Environment):
    """The lab's servers in place of the network, and one process in virtual time."""

    pool = Pool
    held = 3, 1 << 20
    DescriptorWriter = Messages
    cluster = staticmethod(cluster)
    in_only_thread = staticmethod(at_once)
    pieces = staticmethod(reads)

    def __init__(self, reached):
        self.probe = partial(probed, reached, itertools.count())
        self.relay = partial(relayed, reached)

    def run(self, work, *arguments, written=None):
        return net.run(work, *arguments, written=written, clock=MockClock(autojump_threshold=0))

    def now(self):
        return STARTED.timestamp()

    def lab(self):
        return nullcontext(Lab)
