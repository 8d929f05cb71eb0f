"""An engine opens a scenario, without sockets: what script would see. Pure; for tests and for comparisons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import unquote

from wsprobe.browsers.engine import Engine, oldest_tls, undefined_is_zero
from wsprobe.browsers.script.websocket import on_wire
from wsprobe.browsers.view import ScriptView
from wsprobe.exchange import Act, Limits, Plan, Target, TlsOptions
from wsprobe.lab.places import PATH, PORTS, place
from wsprobe.lab.scenario import Listener, Scenario
from wsprobe.lab.stage.play import play
from wsprobe.read import read
from wsprobe.read.reading import Reading

KEY = "d3Nwcm9iZSByZWhlYXJzZQ=="
"""Not the sample key of RFC 6455 section 1.3: scenarios answer that one where they are to be wrong."""
PATIENCE = Limits(linger=10.0, max_session=32 * 1024 * 1024)
"""Longer, and more, than any scenario that ends by itself, so that all of it is seen."""
MOST_FOLLOWS = 25
"""More than any engine goes on by itself (WebKitGTK stops after 20 redirects)."""


def rehearse(
    engine: Engine,
    scenario: Scenario,
    catalogue: Mapping[str, Scenario],
    *,
    host: str = "127.0.0.1",
    ports: Mapping[Listener, int] = PORTS,
    limits: Limits = PATIENCE,
) -> ScriptView:
    """Return what *engine* shows the scenario's page. Redirects lead to scenarios of *catalogue*."""
    where = place(scenario, ports, host)
    made = engine.construct(where.url, where.page)
    if made.target is None:
        return engine.view(where.url, where.page, [])
    tls = TlsOptions(minimum=oldest_tls(engine))
    acts = on_wire(where.page.acts, undefined_is_zero=undefined_is_zero(engine))
    asked = engine.request(made, where.page, KEY)
    readings = [_meet(scenario, made.target, asked, acts, ports, limits, tls)]
    while len(readings) <= MOST_FOLLOWS:
        then = engine.follow(readings, where.page, KEY)
        if then is None:
            break
        path = unquote(then.target.resource.partition("?")[0])
        next_one = catalogue.get(path.removeprefix(PATH).removeprefix("/"), scenario)
        readings.append(_meet(next_one, then.target, then.request, acts, ports, limits, tls))
    return engine.view(where.url, where.page, readings)


def _meet(
    scenario: Scenario,
    target: Target,
    asked: bytes,
    acts: tuple[Act, ...],
    ports: Mapping[Listener, int],
    limits: Limits,
    tls: TlsOptions,
) -> Reading:
    met = _there(scenario, target, ports)
    plan = Plan(target=target, request=asked, acts=acts, limits=limits, tls=tls)
    return read(play(met, plan, ports=ports))


def _there(scenario: Scenario, target: Target, ports: Mapping[Listener, int]) -> Scenario:
    """*scenario* on the listener that stands at the target's port: nothing listens at a port of no listener."""
    found = next((name for name, port in ports.items() if port == target.port), None)
    if ":" in target.host:  # the lab stands on IPv4 addresses
        found = None
    if found is None or found == scenario.listener:
        return scenario if found is not None else replace(scenario, listener="unused")
    return replace(scenario, listener=found)
