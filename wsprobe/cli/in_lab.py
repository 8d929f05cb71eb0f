"""Targets in the lab: ``lab:NAME``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import click
from msgspec.structs import replace

from wsprobe.cli.option import LAB, usage_error
from wsprobe.cli.settings import HandshakeSettings
from wsprobe.cli.targets import ProbeTarget
from wsprobe.lab import UnknownScenario
from wsprobe.lab import find as find_scenario
from wsprobe.lab.certificates import NoCertificates
from wsprobe.lab.paths import names_path
from wsprobe.lab.scenario import Scenario
from wsprobe.lab.server import Lab, LabError, serve
from wsprobe.request.proxies import Proxies


@asynccontextmanager
async def running_lab() -> AsyncIterator[Callable[[str, HandshakeSettings], ProbeTarget]]:
    """Run a lab on free loopback ports until the block ends; yields ``in_lab`` for it."""
    async with serve() as lab:
        yield partial(in_lab, lab=lab)


def in_lab(name: str, handshake: HandshakeSettings, lab: Lab) -> ProbeTarget:
    """The target of ``lab:NAME``, or of ``lab:PATH`` for a path of the lab, as in ``lab:/status/403`` or
    ``lab:status/403``.

    Unless the options differ, it trusts the lab's own authority and offers the subprotocols of the scenario's
    page. Raises click.UsageError.
    """
    word = name.removeprefix(LAB)
    if not handshake.proxies.named:  # the environment's proxy is for the world outside
        handshake = replace(handshake, proxies=Proxies())
    with usage_error(UnknownScenario, LabError, NoCertificates, where=name):
        if not word:
            raise click.UsageError(f"{name} is not a scenario; wsprobe serve --list shows all")
        if word.startswith("/") or names_path(word):
            path = word if word.startswith("/") else f"/{word}"
            return ProbeTarget(f"ws://127.0.0.1:{lab.start('plain')}{path}", handshake, name=name)
        scenario = find_scenario(word)
        where = lab.place(scenario)
        return ProbeTarget(
            where.address,
            _trusting(_offering(handshake, scenario), lab, where.address),
            scripted=where.page,
            script_url=where.url,
            name=name,
        )


def _offering(handshake: HandshakeSettings, scenario: Scenario) -> HandshakeSettings:
    protocols = scenario.page.protocols
    if handshake.offer.protocols or not protocols or isinstance(protocols, str):
        return handshake
    return replace(handshake, offer=replace(handshake.offer, protocols=protocols))


def _trusting(handshake: HandshakeSettings, lab: Lab, url: str) -> HandshakeSettings:
    if not url.startswith("wss:") or handshake.tls.ca_file or handshake.tls.ca_path:
        return handshake
    return replace(handshake, tls=replace(handshake.tls, ca_file=str(lab.certificate_authority)))
