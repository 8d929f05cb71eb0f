"""``wsprobe serve``: the lab, for testing other clients."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from wsprobe.cli.option import Command, option
from wsprobe.cli.streams import note

if TYPE_CHECKING:
    from wsprobe.lab.scenario import Scenario
    from wsprobe.lab.server import Lab, Visit

EXAMPLES = (
    ("wsprobe serve --port 8000", "Then open ws://127.0.0.1:8000/s/status-403 from the client to be tested:"),
    ("wsprobe serve --list | grep close", "Which scenarios are there?"),
    ("wsprobe connect 'lab:/close/4403?reason=token%20expired'", "One answer of your own, without serve:"),
)

LAB = "Lab"


@click.command("serve", cls=Command, examples=EXAMPLES)
@option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    section=LAB,
    help="address to listen on",
)
@option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="N",
    section=LAB,
    help="port for ws://; any free one if not given",
)
@option(
    "--tls-port",
    type=click.IntRange(0, 65535),
    metavar="N",
    section=LAB,
    help="port for wss:// too, with a certificate made on the spot (extra 'lab'); 0 for any free one",
)
@option(
    "--http2-port",
    type=click.IntRange(0, 65535),
    metavar="N",
    section=LAB,
    help="port for wss:// that takes HTTP/2 beside HTTP/1.1; 0 for any free one",
    long="For the scenarios whose names begin with h2-. Those whose SETTINGS are special have a port of their "
    "own, and are found as lab:NAME alone. The port for ws:// speaks HTTP/2 with clients that begin with it.",
)
@option(
    "--public",
    is_flag=True,
    section=LAB,
    help="allow an address that others can reach; the lab serves hostile answers to whoever asks",
)
@option("--list", "as_list", is_flag=True, section=LAB, help="list the scenarios and exit")
@option(
    "--json",
    "as_json",
    is_flag=True,
    section=LAB,
    help="print JSON: the list, or one line when ready and one a request",
)
@option("-s", "--silent", is_flag=True, section=LAB, help="do not log requests")
def command(**values: Any) -> int:
    """Run the lab: a loopback server that plays every scenario of the catalogue, until ^C.

    \b
    Paths:
      /s/NAME                                   a scenario of the catalogue
      /status/403?reason=...&body=...&header=Name:value
      /redirect/302?to=URL
      /close/4403?reason=...                    accept, then close
      /accept/wrong                             or missing, case, twice, any value
      /raw?hex=...                              these bytes, whatever they are
      /echo                                     messages come back
      /diagnostic                               why, as plain HTTP
    """
    if values["as_list"]:
        write_list(values["as_json"])
        return 0
    return serve_until_interrupted(values)


def write_list(as_json: bool) -> None:
    """Every scenario: name, subject, outcome and what is of interest in it."""
    from wsprobe.lab import load

    scenarios = load().values()
    if as_json:
        for each in scenarios:
            write_json(scenario_value(each))
        return
    width = max(len(each.name) for each in scenarios)
    for each in scenarios:
        sys.stdout.write(f"{each.name:<{width}}  {each.summary}\n")


def scenario_value(of: Scenario) -> dict[str, Any]:
    return {
        "name": of.name,
        "about": of.about,
        "summary": of.summary,
        "listener": of.listener,
        "outcome": of.outcome or None,
        "findings": list(of.findings),
    }


def write_json(value: dict[str, Any]) -> None:
    import json

    sys.stdout.write(json.dumps(value, ensure_ascii=True, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def serve_until_interrupted(values: dict[str, Any]) -> int:
    from wsprobe import net
    from wsprobe.lab.certificates import NoCertificates
    from wsprobe.lab.server import LabError, serve

    async def stay() -> None:
        async with serve(
            values["host"],
            values["port"],
            tls_port=values["tls_port"],
            http2_port=values["http2_port"],
            public=values["public"],
            watch=None if values["silent"] else lambda visit: log(visit, values["as_json"]),
        ) as lab:
            ready(lab, values["as_json"])
            await net.sleep(float("inf"))

    try:
        net.run(stay)
    except* (LabError, NoCertificates) as group:
        raise click.UsageError(str(group.exceptions[0])) from None
    return 0


def ready(lab: Lab, as_json: bool) -> None:
    """Say where the lab is, once it listens."""
    host = f"[{lab.host}]" if ":" in lab.host else lab.host
    urls = {"ws": f"ws://{host}:{lab.ports['plain']}/"}
    if "tls" in lab.ports:
        urls["wss"] = f"wss://{host}:{lab.ports['tls']}/"
    if "h2" in lab.ports:
        urls["http2"] = f"wss://{host}:{lab.ports['h2']}/"
    secure = "wss" in urls or "http2" in urls
    if as_json:
        write_json({"ready": urls, **({"authority": str(lab.certificate_authority)} if secure else {})})
        return
    for url in urls.values():
        sys.stdout.write(f"{url}\n")
    if secure:
        sys.stdout.write(f"trust {lab.certificate_authority} (--cacert)\n")
    sys.stdout.flush()
    note("the lab is ready; wsprobe serve --list shows its scenarios, ^C ends it")


def log(visit: Visit, as_json: bool) -> None:
    """One line a request."""
    from wsprobe.visible import visible

    first = visit.request.split(b"\r\n", 1)[0]
    if as_json:
        write_json({"peer": visit.peer, "request": first.decode("latin-1"), "scenario": visit.scenario or None})
        return
    sys.stderr.write(f"{visit.peer} {visible(first[:200])} -> {visit.scenario or 'nothing of that name'}\n")
    sys.stderr.flush()
