"""``lab:NAME`` as a place: a lab on a free loopback port for the length of the call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import click
from msgspec.structs import replace

from wsprobe.cli.ask import Asking
from wsprobe.cli.places import LAB, Place
from wsprobe.lab import UnknownScenario, find
from wsprobe.lab.certificates import NoCertificates
from wsprobe.lab.paths import names_path
from wsprobe.lab.scenario import Scenario
from wsprobe.lab.server import Lab, LabError, serve


@asynccontextmanager
async def started() -> AsyncIterator[Lab]:
    """Run the lab until the block is left."""
    async with serve() as lab:
        yield lab


def place(name: str, asking: Asking, lab: Lab) -> Place:
    """The place that ``lab:NAME`` stands for; ``lab:PATH`` is a path of the lab, as in ``lab:/status/403`` or
    ``lab:status/403``.

    The lab's own authority is trusted, and the subprotocols of the scenario's page are offered, unless the
    options say otherwise. Raises click.UsageError.
    """
    word = name.removeprefix(LAB)
    try:
        if not word:
            raise click.UsageError(f"{name} names no scenario; wsprobe serve --list shows all")
        if word.startswith("/") or names_path(word):
            path = word if word.startswith("/") else f"/{word}"
            return Place(f"ws://127.0.0.1:{lab.start('plain')}{path}", asking, name=name)
        scenario = find(word)
        where = lab.place(scenario)
        return Place(
            where.address,
            _trusting(_offering(asking, scenario), lab, where.address),
            scripted=where.page,
            script_url=where.url,
            name=name,
        )
    except (UnknownScenario, LabError, NoCertificates) as error:
        raise click.UsageError(f"{name}: {error}") from None


def _offering(asking: Asking, scenario: Scenario) -> Asking:
    protocols = scenario.page.protocols
    if asking.offer.protocols or not protocols or isinstance(protocols, str):
        return asking
    return replace(asking, offer=replace(asking.offer, protocols=protocols))


def _trusting(asking: Asking, lab: Lab, url: str) -> Asking:
    if not url.startswith("wss:") or asking.tls.ca_file or asking.tls.ca_path:
        return asking
    return replace(asking, tls=replace(asking.tls, ca_file=str(lab.certificate_authority)))
