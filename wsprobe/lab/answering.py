"""How a request is answered: the steps, what fills in their templates, and who listens to what comes after.

The place for other wire versions: a request tells its own, and everything here may depend on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from wsprobe.lab.inbox import Inbox
from wsprobe.lab.performance import Performance, perform
from wsprobe.lab.request import Request, values
from wsprobe.lab.scenario import Scenario, Step

OPENING = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: %s\r\n\r\n"
)
"""RFC 6455 section 4.2.2, item 5, and nothing beyond it."""


@dataclass(frozen=True, slots=True)
class Answer:
    steps: tuple[Step, ...]
    values: Mapping[str, bytes]
    inbox: Inbox

    def perform(self, clock: Callable[[], float]) -> Performance:
        """Return the performance of this answer; *clock* tells seconds."""
        return perform(self.steps, self.values, clock, self.inbox)


def answer(scenario: Scenario, asked: Request, ports: Mapping[str, int]) -> Answer:
    """Return the answer that *scenario* gives to *asked*; *ports* are what templates call the listeners by."""
    filled = values(asked)
    filled["opening"] = OPENING % filled["accept"]
    filled |= {name: b"%d" % port for name, port in ports.items()}
    return Answer(scenario.steps, filled, Inbox(asked.early))
