"""The lab: a server that plays every scenario over real sockets. By default it listens on loopback only.

Connections, bytes and time are bounded; every connection ends by itself.
"""

from __future__ import annotations

import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import trio
import trio.socket as tsocket
from msgspec import Struct
from msgspec.structs import replace

from wsprobe.lab import UnknownScenario, load
from wsprobe.lab.certificates import Certificates, NoCertificates
from wsprobe.lab.connection import Clear, LabConnection, Note, drive, secured, unnoted
from wsprobe.lab.door import (
    REFUSED,
    for_service_worker,
    handshake,
    kept_by_sandbox,
    own_answer,
    sandboxed,
    shows,
)
from wsprobe.lab.paths import PARAMETERISED, PathError, scenario_at
from wsprobe.lab.perform import (
    LONGEST_HEAD,
    PATIENCE,
    Inbox,
    answer,
    needed,
    not_found,
    page_steps,
    perform,
    play_of,
)
from wsprobe.lab.ports import (
    ALERT_UNEXPECTED_MESSAGE,
    KINDS,
    LISTENERS,
    NOT_A_REQUEST,
    Place,
    PortKind,
    place,
    wanted,
)
from wsprobe.lab.scenario import Listener, Scenario, Step, escape
from wsprobe.net.listen import clients, listening, request_of
from wsprobe.read.request import Request, is_hello
from wsprobe.request.target import authority, loopback

if TYPE_CHECKING:
    from wsprobe.lab.perform_http2 import Http2Request

PAGE = "page"
"""The name for pages of the program that runs the lab. Visits to them are not logged."""

Pages = Callable[[Request], Scenario | bytes | None]


def reception(asked: Request, pages: Pages | None = None) -> Scenario:
    """The performance for *asked*: that of *pages*, else that of the catalogue, else an error response."""
    if for_service_worker(asked):
        return _words(
            "", "403 Forbidden", "No service worker comes from the lab: it would answer for the lab.\n"
        )
    page = pages(asked) if pages is not None else None
    if isinstance(page, Scenario):
        return page
    if page is not None:
        return whole(page)
    found = _of_catalogue(asked.resource.decode("latin-1"))
    return found if handshake(asked) else _without_scripts(found, asked)


def _of_catalogue(resource: str) -> Scenario:
    if resource.partition("?")[0] == "/":
        return _words("the list", "200 OK", contents())
    try:
        return scenario_at(resource)
    except UnknownScenario as error:
        return _words("", "404 Not Found", f"{error}\n")
    except PathError as error:
        return _words("", "400 Bad Request", f"{error}\n")


def _without_scripts(found: Scenario, asked: Request) -> Scenario:
    """*found* for a request that any page can make a browser send."""
    if found.about == "page":
        return found
    headed = found.about == "parameterised"
    if shows(asked) and not (headed and kept_by_sandbox(_first_sent(found))):
        return _words("", "403 Forbidden", f"{REFUSED}\n")
    if not headed:
        return found
    first = _first_sent(found)
    return replace(
        found,
        steps=tuple(
            replace(step, data=sandboxed(first)) if step.data is first else step for step in found.steps
        ),
    )


def _first_sent(scenario: Scenario) -> bytes:
    return next((step.data for step in scenario.steps if step.do == "send"), b"")


def whole(answer: bytes) -> Scenario:
    """A performance that sends *answer* byte for byte."""
    return Scenario(PAGE, "page", "A page from the program that runs the lab.", (Step("send", escape(answer)),))


def reception_http2(asked: Http2Request, before: int) -> tuple[str, tuple[Step, ...]]:
    """(name of the scenario or path, "" if there is none; steps) for a request over HTTP/2.

    *before*: how many CONNECTs for the same path came earlier on its connection.
    """
    try:
        scenario = scenario_at(asked.path.decode("latin-1"))
    except (UnknownScenario, PathError) as error:
        return "", not_found(f"{error}\n".encode())
    if not asked.websocket:
        return scenario.name, page_steps()
    return scenario.name, play_of(scenario.http2, before, authorized=asked.authorized)


def unavailable(why: str) -> Scenario:
    """The 503 for a scenario that this lab cannot play."""
    return _words("", "503 Service Unavailable", f"{why}\n")


def contents() -> str:
    """The list of scenarios and paths, one line each."""
    paths = [f"{made.pattern}\n    {made.summary}" for made in PARAMETERISED.values()]
    scenarios = [f"/s/{name}\n    {scenario.summary}" for name, scenario in load().items()]
    return "\n".join(
        ["The scenarios of this lab. Open any of them as a WebSocket.", "", *paths, "", *scenarios, ""]
    )


def _words(name: str, status: str, text: str) -> Scenario:
    return Scenario(
        name, "page", "Words.", (Step("send", escape(own_answer(status, "text/plain", text.encode()))),)
    )


class LabError(RuntimeError):
    """The lab cannot do this. The message is one line."""


class Bounds(Struct, frozen=True):
    """The limits of a lab."""

    connections: int = 512
    """The most open connections, over all listeners. The lab closes further ones at once."""
    time: float = 180.0
    """Seconds for one connection."""
    received: int = 64 * 1024 * 1024
    """Bytes from one client, after its request."""


class Visit(Struct, frozen=True):
    """One request that reached the lab."""

    listener: Listener
    peer: str
    """The client's ``address:port``."""
    local: str
    """The lab's ``address:port``."""
    request: bytes
    """The request's head and the bytes after it, unchanged; the received bytes, if they are not a request. Over
    HTTP/2: a line with its name, then the fields of its block as lines."""
    scenario: str
    """The name of the scenario or path played, "" if there is none."""


class Front(Protocol):
    """A handler that gets requests before the catalogue, and sees the bytes that the catalogue sends."""

    async def answer(self, lab: Lab, asked: Request, secure: bool) -> bytes | None:
        """The whole response to *asked*; None if the catalogue is to answer."""

    def noted(self, scenario: Scenario, asked: Request) -> Note:
        """Takes note of what the lab does to play *scenario* for *asked*."""


class Lab:
    """A running lab. Ports start on demand."""

    def __init__(
        self,
        host: str,
        bind: str,
        bounds: Bounds,
        nursery: trio.Nursery,
        watch: Callable[[Visit], object] | None,
        pages: Pages | None,
        front: Front | None,
        fault: Callable[[Exception], object] | None,
        closing: ExitStack,
    ) -> None:
        self.host = host
        self.ports: dict[Listener, int] = {}
        """Ports of the started listeners."""
        self._bind = bind
        self._bounds = bounds
        self._nursery = nursery
        self._watch = watch
        self._pages = pages
        self._front = front
        self._fault = fault
        self.connections = 0
        """The number of open connections, over all listeners."""
        self._closing = closing

    def start(self, listener: Listener, port: int = 0) -> int:
        """The port of *listener*; starts it if need be, on *port* or any free one.

        Raises LabError if the port cannot be had, NoCertificates if it needs trustme, which is not installed.
        """
        if listener not in self.ports:
            if listener != "unused" and KINDS[listener].tls:
                _ = self.certificates  # so that it fails now, and not in every connection
            try:
                sock = self._closing.enter_context(self._socket(listener, port))
            except OSError as error:
                raise LabError(f"cannot listen on port {port} at {self._bind}: {error.strerror}") from None
            if listener != "unused":
                self._nursery.start_soon(self._listen, listener, sock)
            self.ports[listener] = sock.getsockname()[1]
        return self.ports[listener]

    def _socket(self, listener: Listener, port: int) -> socket.socket:
        if listener != "unused":
            return listening(self._bind, port)
        kept = socket.socket(socket.AF_INET6 if ":" in self._bind else socket.AF_INET)
        try:
            kept.bind((self._bind, port))  # nobody else gets the port, and nothing listens there
        except OSError:
            kept.close()
            raise
        return kept

    def listens_at(self, address: str) -> bool:
        """True if a client that connects to *address* of this machine reaches this lab."""
        return self._bind in (address, "0.0.0.0")

    def place(self, scenario: Scenario, host: str | None = None) -> Place:
        """URL and page of *scenario*, at *host* in place of the lab's own. Starts the listeners that it needs.

        Raises LabError, NoCertificates.
        """
        for listener in wanted(scenario):
            self.start(listener)
        return place(scenario, self.ports, host or self.host)

    def url(self, scenario: Scenario) -> str:
        """The URL of *scenario* for a client without a page. Starts the listeners that it needs.

        Raises LabError, NoCertificates.
        """
        return self.place(scenario).address

    @cached_property
    def certificates(self) -> Certificates:
        return Certificates()

    @cached_property
    def certificate_authority(self) -> Path:
        """The path of a PEM file with the authority to trust. The file exists as long as the lab runs.

        Raises NoCertificates.
        """
        folder = self._closing.enter_context(tempfile.TemporaryDirectory(prefix="wsprobe-lab-"))
        path = Path(folder, "authority.pem")
        path.write_bytes(self.certificates.authority)
        return path

    async def _listen(self, listener: Listener, sock: socket.socket) -> None:
        async for client, peer in clients(sock):
            if self.connections >= self._bounds.connections or not self._welcome(client):
                client.close()
            else:
                self.connections += 1
                stream = trio.SocketStream(tsocket.from_stdlib_socket(client))
                self._nursery.start_soon(self._serve, listener, stream, peer)

    def _welcome(self, client: socket.socket) -> bool:
        """True if the client connected to an address that this lab serves."""
        if self._bind == self.host:
            return True
        try:
            return ip_address(client.getsockname()[0]).is_loopback
        except OSError:
            return False

    async def _serve(self, listener: Listener, stream: trio.SocketStream, peer: str) -> None:
        try:
            with trio.move_on_after(self._bounds.time):
                await self._play(listener, stream, peer)
        except (trio.BrokenResourceError, trio.ClosedResourceError, OSError):
            pass  # a client that disconnects is not an error
        except Exception as error:  # a bug in one connection: keep serving the others
            if self._fault is None:
                raise
            self._fault(error)
        finally:
            self.connections -= 1
            await trio.aclose_forcefully(stream)

    async def _play(self, listener: Listener, stream: trio.SocketStream, peer: str) -> None:
        kind = KINDS[listener]
        if kind.steps is not None:
            await self._drive(Clear(stream), kind.steps)
            return
        wire = await self._wire(kind, stream)
        if wire is None:
            return
        heard = await request_of(wire.receive, LONGEST_HEAD, PATIENCE)
        came, asked = heard.came, heard.request
        local = authority(*stream.socket.getsockname()[:2])
        if came.startswith(b"PRI * HTTP/2.0") and (not kind.tls or "h2" in kind.alpn):
            await self._over_http2(listener, kind, wire, came, (peer, local))
            return
        answered = scenario = None
        if asked is not None:
            if self._front is not None and not for_service_worker(asked):
                answered = await self._front.answer(self, asked, kind.tls)
            scenario = whole(answered) if answered is not None else reception(asked, self._pages)
        if self._watch is not None and came:
            self._watch(Visit(listener, peer, local, came, scenario.name if scenario else ""))
        if scenario is None or asked is None:
            await self._drive(wire, (Step("send", escape(NOT_A_REQUEST)),) if came else ())
            return
        try:
            for name in LISTENERS:
                if name in needed(scenario.steps):
                    self.start(name)
        except (LabError, NoCertificates) as error:
            scenario = unavailable(str(error))
        performance = answer(
            scenario, asked, {str(name): port for name, port in self.ports.items()}, secure=kind.tls
        )
        note = self._front.noted(scenario, asked) if self._front is not None and answered is None else unnoted
        await drive(performance.perform(trio.current_time), wire, self._bounds.received, note)

    async def _over_http2(
        self, listener: Listener, kind: PortKind, wire: LabConnection, came: bytes, ends: tuple[str, str]
    ) -> None:
        from wsprobe.lab.perform_http2 import perform_http2  # loads hpack, which only HTTP/2 needs

        def plays(asked: Http2Request, before: int) -> tuple[Step, ...]:
            name, steps = reception_http2(asked, before)
            if self._watch is not None:
                block = b"".join(key + b": " + value + b"\r\n" for key, value in asked.fields)
                line = asked.first(b":method") + b" " + asked.path + b" HTTP/2\r\n"
                self._watch(Visit(listener, *ends, line + block, name))
            return steps

        await drive(perform_http2(kind.http2, plays, trio.current_time, came), wire, self._bounds.received)

    async def _drive(self, wire: LabConnection, steps: tuple[Step, ...]) -> None:
        await drive(perform(steps, {}, trio.current_time, Inbox()), wire, self._bounds.received)

    async def _wire(self, kind: PortKind, stream: trio.SocketStream) -> LabConnection | None:
        """The connection for requests; None if the TLS handshake on a TLS port failed."""
        if not kind.tls:
            return Clear(stream)
        with trio.move_on_after(PATIENCE):
            first = await stream.socket.recv(2, tsocket.MSG_PEEK)
            if first and not is_hello(first.ljust(2, b"\x03")):
                await self._drive(
                    Clear(stream), (Step("read", seconds=1), Step("send", ALERT_UNEXPECTED_MESSAGE))
                )
                return None
            host = stream.socket.getsockname()[0]
            return await secured(stream, self.certificates.context(kind.fault, host, kind.alpn))
        return None


@asynccontextmanager
async def serve(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    tls_port: int | None = None,
    http2_port: int | None = None,
    every_loopback: bool = False,
    public: bool = False,
    bounds: Bounds = Bounds(),
    watch: Callable[[Visit], object] | None = None,
    pages: Pages | None = None,
    front: Front | None = None,
    fault: Callable[[Exception], object] | None = None,
) -> AsyncIterator[Lab]:
    """Run a lab at *host*, its plain listener on *port* (0: any free one), until the block ends.

    Other listeners start on demand.

    - *tls_port*: start the TLS listener at once, on this port. *http2_port*: likewise the listener with HTTP/2.
    - *every_loopback*: listen on all of 127.0.0.0/8. - *public*: allow a *host* that is no loopback address. -
    *watch*: called for each request. - *pages*: may answer a request before the catalogue, with a scenario or
    with a whole response as bytes. - *front*: gets requests before *pages*. - *fault*: called with the
    exception after a bug, which ends only its connection. None: the exception ends the lab.

    Raises LabError, NoCertificates.
    """
    if not public and not loopback(host):
        raise LabError(
            f"{host} is not a loopback address: the lab sends hostile answers to every client (--public)"
        )
    bind = "0.0.0.0" if every_loopback else "127.0.0.1" if host == "localhost" else host
    with ExitStack() as closing:
        async with trio.open_nursery() as nursery:
            lab = Lab(host, bind, bounds, nursery, watch, pages, front, fault, closing)
            try:
                lab.start("plain", port)
                if tls_port is not None:
                    lab.start("tls", tls_port)
                if http2_port is not None:
                    lab.start("h2", http2_port)
                yield lab
            finally:
                nursery.cancel_scope.cancel()
