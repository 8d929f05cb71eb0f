"""The targets that words stand for; those of the lab, which starts when the first of them is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsprobe import net
from wsprobe.cli.option import LAB
from wsprobe.cli.settings import HandshakeSettings
from wsprobe.cli.targets import ProbeTarget, check_word

if TYPE_CHECKING:
    from wsprobe.lab.server import Lab as Running


class LabTargets:
    """The lab for places that are in it: started when the first is asked for, on free loopback ports, until
    what *enter* enters is left."""

    def __init__(self, enter: net.Aside) -> None:
        self._enter = enter
        self._running: Running | None = None

    async def place(self, name: str, handshake: HandshakeSettings) -> ProbeTarget:
        """The place that *name* stands for. Raises click.UsageError for one that the lab does not know."""
        if not name.startswith(LAB):
            check_word(name)
            return ProbeTarget(name, handshake)
        if self._running is None:
            from wsprobe.lab.server import serve  # the lab's server, for those who name one of its scenarios

            self._running = await self._enter(serve())
        from wsprobe.cli.in_lab import in_lab  # as above

        return in_lab(name, handshake, self._running)
