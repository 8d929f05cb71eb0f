"""Targets in the lab: ``lab:NAME``."""

from __future__ import annotations

import click
from msgspec.structs import replace

from wsprobe.cli.option import LAB
from wsprobe.cli.proxies import Proxies
from wsprobe.cli.settings import Asking
from wsprobe.cli.targets import ProbeTarget
from wsprobe.lab import UnknownScenario
from wsprobe.lab import find as find_scenario
from wsprobe.lab.certificates import NoCertificates
from wsprobe.lab.paths import names_path
from wsprobe.lab.scenario import Scenario
from wsprobe.lab.server import Lab as Running
from wsprobe.lab.server import LabError


def in_lab(name: str, asking: Asking, lab: Running) -> ProbeTarget:
    """The place that ``lab:NAME`` stands for; ``lab:PATH`` is a path of the lab, as in ``lab:/status/403`` or
    ``lab:status/403``.

    The lab's own authority is trusted, and the subprotocols of the scenario's page are offered, unless the
    options say otherwise. Raises click.UsageError.
    """
    word = name.removeprefix(LAB)
    if not asking.proxies.named:  # the environment's proxy is for the world outside
        asking = replace(asking, proxies=Proxies())
    try:
        if not word:
            raise click.UsageError(f"{name} is not a scenario; wsprobe serve --list shows all")
        if word.startswith("/") or names_path(word):
            path = word if word.startswith("/") else f"/{word}"
            return ProbeTarget(f"ws://127.0.0.1:{lab.start('plain')}{path}", asking, name=name)
        scenario = find_scenario(word)
        where = lab.place(scenario)
        return ProbeTarget(
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


def _trusting(asking: Asking, lab: Running, url: str) -> Asking:
    if not url.startswith("wss:") or asking.tls.ca_file or asking.tls.ca_path:
        return asking
    return replace(asking, tls=replace(asking.tls, ca_file=str(lab.certificate_authority)))
