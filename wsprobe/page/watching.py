"""Drives a browser through DevTools while a page runs in it: attaches to every page, frame and worker, puts the
listeners in, and knows when the page is quiet."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import trio
from msgspec import Struct

from wsprobe.data_file import text_beside
from wsprobe.lab.devtools import DevTools, Values
from wsprobe.page.sockets import PageSocket, PageSockets

LISTENERS = text_beside(__file__, "listeners.js")
WORKERS = ("worker", "shared_worker", "service_worker")
FOLLOWED = ("page", "iframe", *WORKERS)
"""Kinds of target whose sockets are reported."""
OWN = ("chrome:", "devtools:", "chrome-extension:", "chrome-untrusted:", "edge:")
"""Schemes of the browser's own pages."""

ATTACHING: Values = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}
"""A new target waits until all that was asked of it before has been done."""


class PageError(RuntimeError):
    """The page cannot be watched. The message is one line."""


class Document(Struct):
    """The page that was asked for."""

    session: str = ""
    frame: str = ""
    status: int | None = None
    """Its HTTP status."""
    loaded: bool = False


class Watching:
    """What is known of a browser's targets and their sockets."""

    def __init__(self, listeners: bool) -> None:
        """*listeners*: put them into each target."""
        self.sockets = PageSockets()
        self.document = Document()
        self.changed = trio.Event()
        """Set at each event, and replaced by whoever waited for it."""
        self.over = False
        """The watch has ended: what the browser does at its own end is not the page's."""
        self.last_new = 0.0
        """When the last new socket came, by trio's clock."""
        self.connection: DevTools | None = None
        self.on_over: Callable[[PageSocket], Awaitable[None]] | None = None
        self._ended: set[int] = set()
        self._listeners = listeners
        self._kinds: dict[str, str] = {}
        """Session -> kind of its target."""
        self._targets: dict[str, str] = {}
        """Target -> the session that follows it."""
        self._binding = f"_{secrets.token_hex(16)}"
        self._source = LISTENERS.replace("TELL", self._binding)

    @property
    def pages(self) -> int:
        """Open pages that are not the browser's own."""
        return sum(kind == "page" for kind in self._kinds.values())

    @property
    def pending(self) -> bool:
        """Whether a handshake is under way."""
        return any(socket.pending for socket in self.sockets.sockets)

    async def follow_all(self, connection: DevTools) -> None:
        """Attach to all targets, also those to come. Raises Refused."""
        self.connection = connection
        await connection.call("Target.setAutoAttach", ATTACHING)

    async def open(self, url: str) -> None:
        """Open a page at *url*, in the tab that the browser started with. Raises PageError if it does not load,
        Refused."""
        assert self.connection is not None
        while not self.pages:
            await self.wait()
        self.document.frame, self.document.session = next(
            (target, session) for target, session in self._targets.items() if self._kinds[session] == "page"
        )
        done: Values | None = None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._until_gone, nursery.cancel_scope)
            await self.connection.call("Page.enable", {}, self.document.session)
            done = await self.connection.call("Page.navigate", {"url": url}, self.document.session)
            nursery.cancel_scope.cancel()
        if done is None:
            return  # it was closed meanwhile
        if done.get("isDownload"):
            raise PageError("it is a download, not a page")
        if done.get("errorText"):
            raise PageError(f"it does not load: {done['errorText']}")

    async def _until_gone(self, scope: trio.CancelScope) -> None:
        while self.document.session in self._kinds:
            await self.wait()
        scope.cancel()

    async def wait(self) -> None:
        """Wait for the next event."""
        if self.changed.is_set():
            self.changed = trio.Event()
        await self.changed.wait()

    async def heard(self, connection: DevTools, method: str, params: Values, session: str) -> None:
        """Take an event of DevTools."""
        if self.over:
            return
        kind = self._kinds.get(session, "")
        over: list[PageSocket] = []
        count = len(self.sockets.sockets) + self.sockets.more
        match method:
            case "Target.attachedToTarget":
                await self._attached(connection, params)
            case "Target.detachedFromTarget":
                gone = str(params.get("sessionId"))
                self._kinds.pop(gone, None)
                for target in [each for each, session in self._targets.items() if session == gone]:
                    del self._targets[target]
                over = self.sockets.gone(gone)
            case "Page.loadEventFired" if session == self.document.session:
                self.document.loaded = True
            case "Network.responseReceived":
                self._document_answer(params)
            case "Runtime.bindingCalled" if kind and params.get("name") == self._binding:
                context, payload = params.get("executionContextId"), params.get("payload")
                if isinstance(context, int) and isinstance(payload, str):
                    over = self.sockets.report(session, kind, context, payload)
            case _ if kind:
                over = self.sockets.add(session, kind, method, params)
        if len(self.sockets.sockets) + self.sockets.more > count:
            self.last_new = trio.current_time()
        self.changed.set()
        if self.on_over is not None:
            for socket in over:
                if (
                    id(socket) not in self._ended
                ):  # an event in the page and one of DevTools end the same socket
                    self._ended.add(id(socket))
                    await self.on_over(socket)

    def _document_answer(self, params: Values) -> None:
        response = params.get("response")
        if (
            params.get("type") == "Document"
            and params.get("frameId") == self.document.frame
            and isinstance(response, dict)
            and isinstance(status := response.get("status"), int)
        ):
            self.document.status = status

    async def _attached(self, connection: DevTools, params: Values) -> None:
        """A target began: follow it before its first script runs. Nothing here waits for an answer, so that a
        target that is gone already holds nobody up."""
        info, session = params.get("targetInfo"), params.get("sessionId")
        if not isinstance(info, dict) or not isinstance(session, str):
            return
        target, kind, url = (str(info.get(each, "")) for each in ("targetId", "type", "url"))
        calls: list[tuple[str, dict[str, Any]]] = []
        if kind in FOLLOWED and target not in self._targets and not url.startswith(OWN):
            self._targets[target] = session
            self._kinds[session] = kind
            calls = [
                ("Network.enable", {"maxTotalBufferSize": 1, "maxResourceBufferSize": 1}),
                ("Runtime.enable", {}),
                ("Log.enable", {}),
                ("Target.setAutoAttach", ATTACHING),
                *(self._listening(kind) if self._listeners else ()),
            ]
        if params.get("waitingForDebugger"):
            calls.append(("Runtime.runIfWaitingForDebugger", {}))
        for method, values in calls:
            await connection.post(method, values, session)

    def _listening(self, kind: str) -> list[tuple[str, dict[str, Any]]]:
        binding = ("Runtime.addBinding", {"name": self._binding})
        if kind in WORKERS:
            return [binding, ("Runtime.evaluate", {"expression": self._source, "silent": True})]
        now = {"source": self._source, "runImmediately": True}
        return [binding, ("Page.enable", {}), ("Page.addScriptToEvaluateOnNewDocument", now)]
