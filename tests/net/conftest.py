"""Servers for one test each, in the same trio loop as the probe: what they do is written in the test."""

import socket
import ssl
import struct
from contextlib import asynccontextmanager, suppress
from functools import partial
from inspect import iscoroutinefunction, signature

import pytest
import trio
import trio.testing
import trustme
from msgspec.structs import fields, replace
from trio.testing import MockClock

from tests.exchanges import SAMPLE_OPENED
from wsprobe.exchange import Ended, Limits, Plan, Received, Route, Target, TlsOptions
from wsprobe.net.probe import probe
from wsprobe.net.stream import End

REQUEST = (
    b"GET /chat HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)

SWITCHING = SAMPLE_OPENED
REFUSAL = b"HTTP/1.1 403 Token Expired\r\nContent-Length: 4\r\n\r\nstop"


def begins(start):
    return lambda got: got.startswith(start)


def holds(part):
    return lambda got: part in got


class Net:
    """What a test of the network needs, under one name."""

    REQUEST = REQUEST
    SWITCHING = SWITCHING
    REFUSAL = REFUSAL

    @staticmethod
    def run(work, virtual=False):
        """Run *work* in trio, in virtual time where no byte may take long."""
        clock = MockClock(autojump_threshold=0) if virtual else None
        return trio.run(work, clock=clock)

    @staticmethod
    def plan(port, secure=False, host="127.0.0.1", **parts):
        scheme = "wss" if secure else "ws"
        target = Target(f"{scheme}://{host}:{port}/chat", secure, host, port, "/chat")
        made = Plan(target, parts.pop("request", REQUEST), limits=parts.pop("limits", Limits()))
        tls = {field.name: parts.pop(field.name) for field in fields(TlsOptions) if field.name in parts}
        acts = parts.pop("acts", ())
        return replace(made, tls=TlsOptions(**tls), route=Route(**parts), acts=acts)

    @staticmethod
    @asynccontextmanager
    async def serving(handler, host="127.0.0.1"):
        """Serve *handler* on a free port, which is returned."""
        listeners = await trio.open_tcp_listeners(0, host=host)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(trio.serve_listeners, handler, listeners))
            yield listeners[0].socket.getsockname()[1]
            nursery.cancel_scope.cancel()

    def exchange(self, handler, virtual=False, watch=None, **parts):
        """Probe a server that does *handler*."""

        async def work():
            async with self.serving(handler) as port:
                return await probe(self.plan(port, **parts), watch)

        return self.run(work, virtual)

    @classmethod
    def plays(cls, *steps):
        """One side of a connection. Bytes are sent, a number is seconds to wait; ``head`` reads up to a blank
        line, ``read`` once, ``rest`` to the end; ``settle`` waits until nothing more happens; ``fin``,
        ``close`` and ``reset`` end it; ``broken`` meets the reset of the other side. In a tuple, what was read
        follows, or what must hold of it; behind ``all``, the bytes to read, in any pieces. Of a list the steps
        are done again and again, until the connection breaks.
        """
        do = {
            "settle": lambda stream: trio.testing.wait_all_tasks_blocked(),
            "head": cls.head,
            "read": lambda stream: stream.receive_some(65536),
            "rest": cls.until_eof,
            "fin": lambda stream: stream.send_eof(),
            "close": lambda stream: stream.aclose(),
            "reset": cls.reset,
            "broken": cls.broken,
        }

        async def side(stream):
            for step in steps:
                if isinstance(step, bytes):
                    await stream.send_all(step)
                elif isinstance(step, int | float):
                    await trio.sleep(step)
                elif isinstance(step, str):
                    await do[step](stream)
                elif isinstance(step, list):
                    with suppress(trio.BrokenResourceError):
                        while True:
                            await cls.plays(*step)(stream)
                else:
                    read = partial(cls.exactly, len(step[1])) if step[0] == "all" else do[step[0]]
                    got = await read(stream)
                    assert step[1](got) if callable(step[1]) else got == step[1], got

        return side

    @property
    def refuses(self):
        """A server that reads the request and refuses it."""
        return self.plays("head", self.REFUSAL)

    @staticmethod
    async def broken(stream):
        with pytest.raises(trio.BrokenResourceError):
            await stream.receive_some(1)

    @staticmethod
    async def head(stream):
        """Read what a request head is, as far as a test needs it: up to a blank line."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = await stream.receive_some(65536)
            if not more:
                break
            data += more
        return data

    @staticmethod
    async def exactly(size, stream):
        """Read so many bytes, or fewer if the other side sends no more."""
        data = b""
        while len(data) < size and (more := await stream.receive_some(size - len(data))):
            data += more
        return data

    @staticmethod
    async def until_eof(stream):
        data = b""
        try:
            while more := await stream.receive_some(65536):
                data += more
        except trio.BrokenResourceError:
            pass
        return data

    @staticmethod
    async def reset(stream):
        """Close with RST."""
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await stream.aclose()

    @staticmethod
    def received(exchange):
        return b"".join(event.data for event in exchange.events if isinstance(event, Received))

    @staticmethod
    def ended(exchange):
        last = exchange.events[-1]
        assert isinstance(last, Ended)
        return last

    @staticmethod
    def kinds(exchange):
        return [type(event).__name__ for event in exchange.events]

    @staticmethod
    def only(exchange, kind):
        """The one event of *kind*."""
        found = [event for event in exchange.events if isinstance(event, kind)]
        assert len(found) == 1, found
        return found[0]


class ScriptedWire:
    """A wire: *reads* are the bytes that it gives, seconds until the next, and its end; without an end, nothing
    more comes. *takes*: how many pieces it takes, if it stops; *fails*: how sending ends."""

    def __init__(self, *reads, takes=None, fails=None):
        self.reads, self.takes, self.fails = list(reads), takes, fails
        self.sent, self.closed = b"", False

    async def send(self, data):
        await trio.lowlevel.checkpoint()
        self.sent += data
        if self.takes is not None:
            self.takes -= 1
            if self.takes < 0:
                await trio.sleep_forever()
        return self.fails

    async def receive(self, most=65536):
        await trio.lowlevel.checkpoint()
        while self.reads:
            each = self.reads[0] if isinstance(self.reads[0], End) else self.reads.pop(0)
            if not isinstance(each, int):
                return each
            await trio.sleep(each)
        await trio.sleep_forever()

    async def finish(self): ...

    async def close(self):
        self.closed = True

    async def reset(self): ...


class Authority:
    """A certificate authority, and servers and clients with its certificates."""

    def __init__(self, folder):
        self.ca = trustme.CA()
        self.ca_file = str(folder / "ca.pem")
        self.ca.cert_pem.write_to_path(self.ca_file)
        self.folder = folder

    def server(self, *names, **options):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(*(names or ("127.0.0.1",)), **options).configure_cert(context)
        return context

    def client_files(self):
        issued = self.ca.issue_cert("client@example.org")
        certificate, key = str(self.folder / "client.pem"), str(self.folder / "client.key")
        issued.cert_chain_pems[0].write_to_path(certificate)
        issued.private_key_pem.write_to_path(key)
        return certificate, key

    @staticmethod
    def over_tls(handler, context, polite=True):
        """Return *handler* inside TLS; not *polite*: without close_notify at the end."""

        async def inside(stream):
            tls = TlsServer(stream, context)
            try:
                if await tls.handshake():
                    await handler(tls)
                    if polite:
                        await tls.say_goodbye()
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                pass
            finally:
                await trio.aclose_forcefully(stream)

        return inside


class TlsServer:
    """The server's side of TLS, with alerts sent and close_notify only when told to."""

    def __init__(self, stream, context):
        self.stream = stream
        self._in, self.out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.engine = context.wrap_bio(self._in, self.out, server_side=True)

    async def _done(self, function, *arguments):
        while True:
            try:
                return function(*arguments)
            except ssl.SSLWantReadError:
                await self.flush()
                data = await self.stream.receive_some(65536)
                if data:
                    self._in.write(data)
                else:
                    self._in.write_eof()
            finally:
                await self.flush()

    async def flush(self):
        if data := self.out.read():
            await self.stream.send_all(data)

    async def handshake(self):
        try:
            await self._done(self.engine.do_handshake)
        except ssl.SSLError:
            return False
        return True

    async def receive_some(self, size):
        try:
            return await self._done(self.engine.read, size)
        except ssl.SSLError:
            return b""

    async def send_all(self, data):
        await self._done(self.engine.write, data)

    async def aclose(self):
        await self.stream.aclose()

    async def say_goodbye(self):
        try:
            self.engine.unwrap()
        except ssl.SSLError:
            await self.flush()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """Run an ``async def`` in trio, as pytest-trio does; in virtual time, if it has autojump_clock."""
    if not iscoroutinefunction(pyfuncitem.obj):
        return None
    given = {name: pyfuncitem.funcargs[name] for name in signature(pyfuncitem.obj).parameters}
    trio.run(partial(pyfuncitem.obj, **given), clock=given.get("autojump_clock"))
    return True


@pytest.fixture
def autojump_clock():
    return MockClock(autojump_threshold=0)


@pytest.fixture
def net():
    return Net()


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))
