"""Reads Chromium's console through the DevTools protocol over a pipe (--remote-debugging-pipe)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import trio

MOVE_PIPES = """
import fcntl, os, sys
ours = [fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3]]
for number, wanted in zip(ours, (3, 4)):
    os.dup2(number, wanted)
os.execvp(sys.argv[3], sys.argv[3:])
"""
"""Python code that puts the pipes of its first two arguments at descriptors 3 and 4, which the protocol uses,
and then runs the command after them."""

MOST = 200
"""The most console texts that are kept."""


class Refused(RuntimeError):
    """The answer to a call was an error, or there was no answer."""


class DevToolsPipe:
    """One connection. Messages are JSON, each followed by a NUL; each frame of a page has a session."""

    def __init__(self, writing: trio.abc.SendStream) -> None:
        self.texts: list[str] = []
        """The texts of the console, in order."""
        self._writing = writing
        self._numbers = count(1)
        self._waiting: dict[int, trio.Event] = {}
        self._answers: dict[int, dict[str, Any]] = {}

    async def open(self, url: str, permissions: Mapping[str, str] = {}) -> None:
        """Open a page at *url*, whose origin has *permissions*. Raises Refused, trio.BrokenResourceError."""
        where = urlsplit(url)
        for name, state in permissions.items():
            asked = {
                "permission": {"name": name},
                "setting": state,
                "origin": f"{where.scheme}://{where.netloc}",
            }
            await self._call("Browser.setPermission", asked)
        target = (await self._call("Target.createTarget", {"url": "about:blank"}))["targetId"]
        attached = await self._call("Target.attachToTarget", {"targetId": target, "flatten": True})
        session = attached["sessionId"]
        await self._call("Log.enable", {}, session)
        await self._call(
            "Target.setAutoAttach",
            {"autoAttach": True, "waitForDebuggerOnStart": False, "flatten": True},
            session,
        )
        await self._call("Page.navigate", {"url": url}, session)

    async def listen(self, reading: trio.abc.ReceiveStream) -> None:
        """Read messages until the connection ends."""
        buffer = bytearray()
        while data := await reading.receive_some(1 << 20):
            buffer += data
            *messages, buffer = buffer.split(b"\0")
            for message in messages:
                await self._receive(json.loads(message))
        for waiting in self._waiting.values():
            waiting.set()

    async def _receive(self, message: dict[str, Any]) -> None:
        number = message.get("id")
        if number in self._waiting:
            self._answers[number] = message
            self._waiting[number].set()
        elif message.get("method") == "Target.attachedToTarget":
            await self._send("Log.enable", {}, message["params"]["sessionId"])
        elif message.get("method") == "Log.entryAdded" and len(self.texts) < MOST:
            self.texts.append(str(message["params"]["entry"]["text"]))

    async def _send(self, method: str, params: dict[str, Any], session: str = "") -> int:
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        self._waiting[number] = trio.Event()
        await self._writing.send_all(json.dumps(message).encode() + b"\0")
        return number

    async def _call(self, method: str, params: dict[str, Any], session: str = "") -> dict[str, Any]:
        number = await self._send(method, params, session)
        await self._waiting[number].wait()
        answer = self._answers.pop(number, None)
        if answer is None or "error" in answer:
            raise Refused(f"{method}: {answer and answer['error'].get('message')}")
        result: dict[str, Any] = answer["result"]
        return result
