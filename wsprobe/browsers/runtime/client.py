"""The life of a WebSocket in a runtime: made, answered, open, over. The order is the same in all four runtimes.

A runtime has no page. The page's URL gives no origin, sets no policy and blocks nothing. Relative URLs are not
resolved against it either, because the script has no ``location``. The acts of the page's script are those of
the runtime's script.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

from msgspec.structs import replace

from wsprobe.browsers.engine import Construction, Made, Page, ScriptView
from wsprobe.browsers.http2 import Step, over_http1_only
from wsprobe.browsers.life import Ending, Handshake, Life, begins, follow, seen
from wsprobe.browsers.network import Hindered, given_up, hindered, pending
from wsprobe.browsers.request import Requesting, basic, offered, target_of
from wsprobe.browsers.runtime.facts import NOTHING, RuntimeFacts, construct, tell
from wsprobe.browsers.runtime.frames import FrameSession
from wsprobe.browsers.runtime.heads import AT_ONCE, Answered, Failed, Fault, Head, Opened
from wsprobe.browsers.script import CLOSED, WebSocket, end, session
from wsprobe.exchange import FINISHED, LOST, Act
from wsprobe.read.frames import masked_messages
from wsprobe.read.reading import Reading
from wsprobe.read.unasked import connecting

_Facts = TypeVar("_Facts", bound=RuntimeFacts)

_OVER_HTTP1 = "the recording is over HTTP/2, and this runtime uses HTTP/1.1"


class Client(Requesting, ABC, Generic[_Facts]):
    facts: _Facts
    source: str
    """The source file of the runtime that decides about an answer."""
    http: str
    """The source file that reads the connection and the answer's head; "": the same as ``source``."""
    because_early: str
    """The source file with the effect of a close() while CONNECTING."""
    while_failing: int = CLOSED
    """readyState during the error event."""
    code_of_failure: int = 1006

    session: type[FrameSession[Any]]
    """The open WebSocket, which reads the frames."""
    socket: type[WebSocket] = WebSocket
    """The class of the script's WebSocket object."""

    def make(self, url: str, page: Page) -> Made:
        return construct(url, page, self.facts)

    def values(self, made: Construction, page: Page) -> dict[str, str]:
        return {**super().values(made, page), "authorization": basic(target_of(made))}

    def answered(self, reading: Reading, protocols: tuple[str, ...]) -> Answered:
        """The result of the handshake, which offered *protocols*."""
        found = hindered(reading, self.common_names)
        if found is not None and found.accepted:
            return Step(reading, found.at, None)
        unmade = self.unmade(reading)
        if unmade is not None and not given_up(reading):
            return Step(reading, end(reading).at, unmade)
        return self.read(reading, protocols)

    def read(self, reading: Reading, protocols: tuple[str, ...]) -> Answered:
        """The result of a handshake whose connection was made."""
        for found in self.heads(reading):
            if isinstance(found, Fault):
                return Step(reading, found.at, self.unreadable(found))
            if self.ends(found):
                return Step(reading, found.at, self.judged(reading, found, protocols))
        last = end(reading)
        return Step(reading, last.at, self.lost(reading, last.how) if last.how in LOST else None)

    def unmade(self, reading: Reading) -> Failed | None:
        """The failure that kept the request from being sent, None if it was sent."""
        found = hindered(reading, self.common_names)
        if found is None:
            return None
        kind: str = found.kind
        given: dict[str, object] = {"errno": found.key or "ECONNREFUSED"}
        if kind == "certificate":
            given.update(self.certificate(found))
        elif kind == "alert" and found.key:
            number = int(found.key)
            given = {"number": number, "reason": 1000 + number}
            given["alert"] = found.word(self.facts.alerts, self.facts.unknown_alert.format(**given))
        elif kind in ("alert", "error"):
            kind = "reset"
        return self.failure(f"unmade-{kind}", given)

    def certificate(self, found: Hindered) -> dict[str, str]:
        """Values for the fields of the text ``unmade-certificate``."""
        return {}

    @abstractmethod
    def heads(self, reading: Reading) -> Iterable[Head | Fault]:
        """The response heads as the runtime's HTTP parser reads them; a Fault is the last item."""

    def ends(self, head: Head) -> bool:
        """True if the runtime waits for no further head after this one."""
        return head.status == 101 or not 100 <= head.status < 200

    def unreadable(self, fault: Fault) -> Failed:
        """The failure after its parser found a *fault*."""
        return self.failure(fault.key, source=self.http)

    @abstractmethod
    def judged(self, reading: Reading, head: Head, protocols: tuple[str, ...]) -> Opened | Failed:
        """The result of a final answer with this *head*."""

    def lost(self, reading: Reading, how: str) -> Failed:
        """The failure after the connection ended before the answer. *how*: as in ``Ended``."""
        return self.failure("ended" if how in FINISHED else "reset")

    def failure(
        self, key: str, given: Mapping[str, object] = NOTHING, *, because: str = "", source: str = ""
    ) -> Failed:
        """The failure *key* of the facts, with the values *given* filled into its text."""
        text, code = self.facts.failure(key, given)
        return Failed(f"{because or text}: {source or self.source}", text, code)

    def fail(self, script: WebSocket, failed: Failed, url: str) -> None:
        """Fire the events of a failed handshake."""
        tell(script, self.while_failing, self.facts, failed.text or "", failed.code, url)
        script.closed(self.code_of_failure, clean=False)

    def closed_early(self, script: WebSocket, url: str) -> None:
        """Fire the events of a close() while CONNECTING."""
        self.fail(script, self.failure("closed-early"), url)

    def races(self, reading: Reading) -> str:
        """Why the result may differ from the one shown, "" if it cannot."""
        return ""

    def begin(self, script: WebSocket) -> None:
        """The object exists, and the script has made no call yet."""
        return None

    def view(self, url: str, page: Page, readings: Sequence[Reading]) -> ScriptView:
        made = self.make(url, page)
        asked = over_http1_only(readings)
        life: _Life | Ending = _Life(self, made, page, asked)
        if readings and not asked:
            life = Ending("follows", made.because or _OVER_HTTP1)
        return seen(self, page, made, asked, life, socket=self.socket)


class _Life(Life[Answered]):
    """The life of one WebSocket in a runtime."""

    engine: Client[Any]

    def begin(self, script: WebSocket) -> None:
        self.engine.begin(script)

    def blocked(self, script: WebSocket) -> Ending | None:
        if self.made.blocked and not script.close_called:
            return self._failed(script, Failed(f"the port is blocked: {self.engine.because_early}"))
        return None

    def closed_early(self, script: WebSocket) -> Ending:
        self.engine.closed_early(script, self.url)
        return Ending("failed", f"close() while CONNECTING: {self.engine.because_early}")

    def handshakes(self) -> Iterator[Handshake[Answered]]:
        for number, (reading, before) in enumerate(zip(self.readings, begins(self.readings), strict=True)):
            answered = self.engine.answered(reading, offered(reading, self.made.protocols))
            again = number + 1 < len(self.readings)
            again = again or self.engine.follow(self.readings, self.page, "") is not None
            why = "it sends the request again, and that answer is not recorded" if again else ""
            yield Handshake(before + answered.at, answered, again=why)

    def answered(self, script: WebSocket, step: Answered, acts: list[Act]) -> Ending | None:
        reading = step.reading
        if isinstance(step.outcome, Failed):
            ending = self._failed(script, step.outcome, self.engine.races(reading))
            script.do_all(acts)
            return ending
        if step.outcome is None:
            return None
        connected, took = connecting(reading.exchange.events)
        round_trip = AT_ONCE if connected is None else took
        opened = replace(step.outcome, round_trip=round_trip, masked=masked_messages(reading))
        lived = self.engine.session(script, opened, self.engine.facts, self.url)
        script.opened(opened.protocol, opened.extensions)
        lived.called(step.at)
        return follow(lived, script, session(reading, opened.stop, acts))

    def waiting(self, script: WebSocket, acts: list[Act]) -> Ending:
        otherwise = "no answer yet" if self.readings else "nothing was recorded"
        return Ending("connecting", pending(self.readings, self.engine.common_names) or otherwise)

    def _failed(self, script: WebSocket, failed: Failed, races: str = "") -> Ending:
        self.engine.fail(script, failed, self.url)
        return Ending("failed", failed.because, races=races, beyond=failed.beyond)
