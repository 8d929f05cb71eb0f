"""A lab in its own thread, for a program without trio: a test of pytest, a script."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Thread

import trio

from wsprobe.lab import find
from wsprobe.lab.server import Lab, serve


class BackgroundLab:
    """A running lab; its methods may be called from any thread but its own."""

    def __init__(self, lab: Lab, token: trio.lowlevel.TrioToken) -> None:
        self._lab = lab
        self._token = token

    def url(self, name: str) -> str:
        """The URL of scenario *name*; for ``/echo`` and other paths, that path of the lab.

        Raises UnknownScenario, LabError, NoCertificates, TypeError.
        """
        if not isinstance(name, str):
            raise TypeError(
                f"expected the name of a scenario, such as 'status-403', or a path, not {type(name).__name__}"
            )
        if name.startswith("/"):
            port = trio.from_thread.run_sync(self._lab.start, "plain", trio_token=self._token)
            return f"ws://{self._lab.host}:{port}{name}"
        place = trio.from_thread.run_sync(self._lab.place, find(name), trio_token=self._token)
        return place.address

    @property
    def authority(self) -> str:
        """The path of a PEM file with the certificate authority that a client must trust for wss: URLs.

        Raises NoCertificates.
        """
        return str(trio.from_thread.run_sync(self._authority, trio_token=self._token))

    def _authority(self) -> str:
        return str(self._lab.certificate_authority)


Started = tuple[BackgroundLab, trio.Event]


@contextmanager
def running() -> Iterator[BackgroundLab]:
    """Run a lab on free loopback ports until the block ends. Raises LabError.

    A bug ends one connection, and is raised at the end of the block.
    """
    answers: SimpleQueue[Started | BaseException] = SimpleQueue()

    async def stay() -> None:
        async with serve(fault=answers.put) as lab:
            leave = trio.Event()
            answers.put((BackgroundLab(lab, trio.lowlevel.current_trio_token()), leave))
            await leave.wait()

    def run() -> None:
        try:
            trio.run(stay)
        except BaseException as error:  # for the thread that waits for it
            answers.put(error)

    thread = Thread(target=run, name="wsprobe lab", daemon=True)
    thread.start()
    started = answers.get()
    if isinstance(started, BaseException):
        raise started
    lab, leave = started
    try:
        yield lab
    finally:
        lab._token.run_sync_soon(leave.set)
        thread.join()
    if not answers.empty():
        fault = answers.get()
        if isinstance(fault, BaseException):
            raise fault
