"""Chromium's DevTools protocol: calls, their answers, and events, over any transport of messages.

A message is one JSON object. Over a pipe (--remote-debugging-pipe) each ends with a NUL.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from itertools import count
from typing import Any

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

LONGEST = 16 << 20
"""Bytes of the longest message that is read; a longer one, such as a frame of a socket, is skipped."""

Values = dict[str, Any]
Heard = Callable[["DevTools", str, Values, str], Awaitable[None]]
"""Called with each event: the connection, its method, its parameters, and the session (a page, frame or worker;
"" for the browser's own). It may use ``post``, but not ``call``."""


class Refused(RuntimeError):
    """The answer to a call was an error, or there was no answer."""


class DevTools:
    """One connection to a browser."""

    def __init__(self, send: Callable[[bytes], Awaitable[None]], heard: Heard) -> None:
        """*send*: sends one message. *heard*: takes each event."""
        self._send = send
        self._heard = heard
        self._numbers = count(1)
        self._waiting: dict[int, trio.Event] = {}
        self._answers: dict[int, Values] = {}
        self.ended = False

    async def post(self, method: str, params: Mapping[str, Any] = {}, session: str = "") -> int:
        """Send a call without waiting for its answer; returns its number."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        await self._send(json.dumps(message).encode())
        return number

    async def call(self, method: str, params: Mapping[str, Any] = {}, session: str = "") -> Values:
        """The result of a call. Raises Refused, trio.BrokenResourceError."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        self._waiting[number] = trio.Event()
        await self._send(json.dumps(message).encode())
        if not self.ended:
            await self._waiting[number].wait()
        del self._waiting[number]
        answer = self._answers.pop(number, None)
        if answer is None:
            raise Refused(f"{method}: the browser ended the connection")
        result, error = answer.get("result"), answer.get("error")
        if not isinstance(result, dict):
            raise Refused(f"{method}: {error.get('message') if isinstance(error, dict) else error}")
        return result

    async def receive(self, data: bytes) -> None:
        """Take one message. What is not of the protocol is ignored."""
        try:
            message = json.loads(data)
        except (ValueError, RecursionError):
            return
        if not isinstance(message, dict):
            return
        number, method = message.get("id"), message.get("method")
        if isinstance(number, int) and number in self._waiting:
            self._answers[number] = message
            self._waiting[number].set()
        elif isinstance(method, str):
            params, session = message.get("params"), message.get("sessionId")
            await self._heard(
                self,
                method,
                params if isinstance(params, dict) else {},
                session if isinstance(session, str) else "",
            )

    def end(self) -> None:
        """The connection has ended: no call gets an answer any more."""
        self.ended = True
        for waiting in self._waiting.values():
            waiting.set()

    async def listen(self, reading: trio.abc.ReceiveStream) -> None:
        """Read messages of a pipe until it ends."""
        buffer = bytearray()
        skipping = False
        try:
            while data := await reading.receive_some(1 << 20):
                searched = len(buffer)
                buffer += data
                while (end := buffer.find(b"\0", searched)) >= 0:
                    message = bytes(buffer[:end])
                    del buffer[: end + 1]
                    searched = 0
                    if not skipping and end <= LONGEST:
                        await self.receive(message)
                    skipping = False
                if len(buffer) > LONGEST:
                    buffer.clear()
                    skipping = True
        finally:
            self.end()


def over_pipe(writing: trio.abc.SendStream, heard: Heard) -> DevTools:
    """The protocol on a pipe to which *writing* leads."""
    sending = trio.Lock()  # two tasks may send

    async def send(data: bytes) -> None:
        async with sending:
            # The end of a browser that was killed is read: ``listen`` ends every call.
            with suppress(trio.BrokenResourceError):
                await writing.send_all(data + b"\0")

    return DevTools(send, heard)
