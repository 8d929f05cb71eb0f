"""How a request is answered: the steps, what fills in their templates, and who listens to what comes after.

A request tells its own wire version: ``{opening}`` is the 101 of that version, and what the client sends after
it is heard, and echoed, in that version. Everything else that a scenario sends is sent as it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from wsprobe.lab.request import Request, values
from wsprobe.lab.scenario import Scenario, Step
from wsprobe.lab.stage.inbox import Inbox
from wsprobe.lab.stage.performance import Performance, perform
from wsprobe.lab.stage.versions import broken, challenge, nonce, opening, speech, spoken

UNKNOWN_VERSION = (
    b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: %s\r\nContent-Length: 0\r\n\r\n"
)


@dataclass(frozen=True, slots=True)
class Answer:
    steps: tuple[Step, ...]
    values: Mapping[str, bytes]
    inbox: Inbox

    def perform(self, clock: Callable[[], float]) -> Performance:
        """Return the performance of this answer; *clock* tells seconds."""
        return perform(self.steps, self.values, clock, self.inbox)


def refusal(versions: tuple[str, ...]) -> Step:
    """Return the answer to a version that is not one of *versions* (RFC 6455 section 4.2.2, item 4)."""
    return Step("send", UNKNOWN_VERSION % ", ".join(versions).encode("ascii"))


def answer(scenario: Scenario, asked: Request, ports: Mapping[str, int], *, secure: bool = False) -> Answer:
    """Return the answer that *scenario* gives to *asked*; *ports* are what templates call the listeners by.

    *secure*: it was asked over TLS. What templates can name beyond ``request.values``: ``{opening}``;
    ``{location}``, the URL that the hixie drafts repeat; ``{challenge}``, the sixteen bytes of hixie-76, and
    ``{challenge-wrong}``; ``{nonce}`` of hybi-04.
    """
    wire = spoken(asked)
    filled = values(asked)
    filled["location"] = (b"wss://" if secure else b"ws://") + filled["host"] + asked.resource
    filled["challenge"] = challenge(asked)
    filled["challenge-wrong"] = broken(filled["challenge"])
    filled["nonce"] = nonce(asked)
    filled["opening"] = opened = opening(wire, filled)
    filled |= {name: b"%d" % port for name, port in ports.items()}
    unknown = (
        scenario.versions and asked.first(b"sec-websocket-version").decode("latin-1") not in scenario.versions
    )
    steps = (refusal(scenario.versions),) if unknown else scenario.steps
    return Answer(steps, filled, Inbox(asked.early, speech(wire, asked, opened)))
