"""The work of ``wsprobe serve``: run the lab for other clients until ^C, or list what it plays."""

from __future__ import annotations

import sys
from base64 import b64encode
from functools import partial
from typing import Any

import click

from wsprobe import net
from wsprobe.browsers.url import blocked_port
from wsprobe.cli.environment import environment
from wsprobe.cli.files import check_replaceable, write_whole
from wsprobe.cli.serve_settings import ServeSettings
from wsprobe.cli.streams import emit, look, note, output_descriptor, write_json
from wsprobe.lab import load, subjects
from wsprobe.lab.certificates import NoCertificates
from wsprobe.lab.measured import Measured, dump
from wsprobe.lab.scenario import Conforming, Scenario
from wsprobe.lab.server import PAGE, Lab, LabError, Visit, serve
from wsprobe.lab.site import Site, new_token, reachable
from wsprobe.request.target import bracketed, loopback
from wsprobe.show.lines import Line, fitted, line, row
from wsprobe.text import printable, visible


def serve_lab(settings: ServeSettings) -> int:
    """Run the lab until ^C, or a signal that has the same effect, then remove its temporary files; or list its
    scenarios. Returns the exit status. Raises click.UsageError."""
    if settings.as_list:
        write_list(settings.as_json)
        return 0
    public = settings.public
    host = settings.host or ("0.0.0.0" if public else "127.0.0.1")
    check_replaceable(settings.keep, "keep")
    site = Site(
        names=(host, *settings.allowed),
        addresses=public,
        token=new_token() if public else "",
        keep=partial(keep, settings.keep) if settings.keep else None,
    )

    async def stay() -> None:
        async with serve(
            host,
            settings.port,
            tls_port=settings.tls_port,
            http2_port=settings.http2_port,
            public=public,
            watch=None if settings.silent else lambda visit: log(visit, settings.as_json),
            front=site,
            fault=lambda error: note(
                f"a bug in wsprobe ended one connection; the lab goes on ({type(error).__name__}: {error})"
            ),
        ) as lab:
            ready(lab, site, settings.as_json)
            await net.sleep(float("inf"))

    written = output_descriptor() if settings.as_json and not settings.silent else None
    try:
        environment().run(stay, written=written)
    except* (LabError, NoCertificates) as group:
        raise click.UsageError(str(group.exceptions[0])) from None
    return 0


def write_list(as_json: bool) -> None:
    """Print every scenario under the heading of its subject: its name, and what it shows."""
    scenarios = load()
    if as_json:
        for each in scenarios.values():
            write_json(scenario_value(each))
        return
    of = look(sys.stdout, "never")
    width = max(map(len, scenarios))
    lines: list[Line] = []
    for title, names in subjects().items():
        lines += [()] if lines else []
        lines += fitted([line(f"# {title}")], of)
        for name in names:
            lines += row(line(f"{name:<{width}}"), line(scenarios[name].summary), of)
    emit(lines, sys.stdout, of)


def scenario_value(of: Scenario) -> dict[str, Any]:
    """The scenario as an object for ``serve --list --json``."""
    return {
        "name": of.name,
        "about": of.about,
        "summary": of.summary,
        "listener": of.listener,
        "outcome": of.outcome or None,
        "findings": list(of.findings),
        "conforming": None if of.conforming is None else conforming_value(of.conforming),
    }


def conforming_value(of: Conforming) -> dict[str, Any]:
    """A scenario as JSON. Payloads are base64; *close* and *fail* are both given if either end is
    acceptable."""
    return {
        "messages": [{"type": each.kind, "data": base64(each.data)} for each in of.messages],
        "pongs": [base64(each) for each in of.pongs],
        "close": of.close,
        "fail": list(of.fail),
    }


def base64(data: bytes) -> str:
    """*data* in base64, for JSON."""
    return b64encode(data).decode("ascii")


def keep(path: str, measured: Measured) -> None:
    """Write a run to the file at *path*."""
    try:
        write_whole(path, [dump(measured)], "keep")
        note(f"{len(measured.seen)} scenarios in {measured.browser.title}: {path}")
    except click.UsageError as error:
        note(f"{error.message}; nothing was kept of {measured.browser.title}")


def ready(lab: Lab, site: Site, as_json: bool) -> None:
    """Print where the lab listens."""
    at = reachable(lab.host)
    host = bracketed(at)
    urls = {"ws": f"ws://{host}:{lab.ports['plain']}/"}
    if "tls" in lab.ports:
        urls["wss"] = f"wss://{host}:{lab.ports['tls']}/"
    if "h2" in lab.ports:
        urls["http2"] = f"wss://{host}:{lab.ports['h2']}/"
    secure = "wss" in urls or "http2" in urls
    page = site.page_url(at, lab.ports["plain"])
    if as_json:
        urls["page"] = page
        write_json({"ready": urls, **({"authority": str(lab.certificate_authority)} if secure else {})})
        return
    for url in urls.values():
        sys.stdout.write(f"{url}\n")
    if secure:
        sys.stdout.write(f"trust {lab.certificate_authority} (--cacert)\n")
    sys.stdout.flush()
    if site.open_to_others and not loopback(lab.host):
        note(
            "warning: --public lets every machine that reaches this one connect to the lab, which serves "
            "hostile answers; the page is for whoever has its URL. Stop the lab as soon as you are done"
        )
    if warning := blocked_port(lab.ports["plain"]):
        note(warning)
    note(f"the lab is ready; its page, for a browser: {page}")
    note("wsprobe serve --list shows its scenarios, ^C ends it")


def log(visit: Visit, as_json: bool) -> None:
    """Print one line for a request, but none for parts of the page itself."""
    if visit.scenario == PAGE:
        return
    first = visit.request.split(b"\r\n", 1)[0]
    if as_json:
        write_json({"peer": visit.peer, "request": first.decode("latin-1"), "scenario": visit.scenario or None})
        return
    # The name of a path with parameters, such as /status/..., is the client's own text.
    played = printable(visit.scenario[:200]) or "no such scenario"
    sys.stderr.write(f"{visit.peer} {visible(first[:200])} -> {played}\n")
    sys.stderr.flush()
