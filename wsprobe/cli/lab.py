"""The targets of words. The lab starts with the first target in it."""

from __future__ import annotations

from collections.abc import Callable

from wsprobe import net
from wsprobe.cli.option import LAB
from wsprobe.cli.settings import HandshakeSettings
from wsprobe.cli.targets import ProbeTarget, check_word


class LabTargets:
    """Makes targets. The lab starts with the first target in it, on free loopback ports, and runs until what
    *enter* enters is left."""

    def __init__(self, enter: net.Aside) -> None:
        self._enter = enter
        self._in_lab: Callable[[str, HandshakeSettings], ProbeTarget] | None = None

    async def place(self, name: str, handshake: HandshakeSettings) -> ProbeTarget:
        """The target that *name* stands for. Raises click.UsageError for an unknown scenario."""
        if not name.startswith(LAB):
            check_word(name)
            return ProbeTarget(name, handshake)
        if self._in_lab is None:
            from wsprobe.cli.in_lab import running_lab  # the lab's server, only for a scenario

            self._in_lab = await self._enter(running_lab())
        return self._in_lab(name, handshake)
