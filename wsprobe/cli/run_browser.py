"""``wsprobe compare --run-browser``: an installed browser opens the URL from a page of a private lab, and what
a script saw there is shown next to the prediction for that page."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from msgspec import Struct
from msgspec.structs import replace

from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Page
from wsprobe.cli.engines import one, own_place, user_of, with_credentials, with_ws
from wsprobe.cli.environment import environment
from wsprobe.cli.option import LAB
from wsprobe.cli.output import written_descriptor
from wsprobe.cli.readers import Readers
from wsprobe.cli.redacted import redacted, redacted_found
from wsprobe.cli.settings import Settings
from wsprobe.cli.targets import ProbeTarget, in_lab
from wsprobe.exception_groups import leaves
from wsprobe.exchange import Exchange
from wsprobe.lab import find
from wsprobe.lab.installed import BrowserRun, Installed, NoBrowser, opened, version, visit
from wsprobe.lab.installed import find as find_browsers
from wsprobe.lab.measured import Observation, ViewComparison, differences, of_view, prediction
from wsprobe.lab.paths import names_path
from wsprobe.lab.scenario import Scenario
from wsprobe.lab.server import Lab, serve
from wsprobe.lab.site import PageVisit, Site
from wsprobe.lab.staging import elsewhere, job, stage_host
from wsprobe.recording.archive import ascii_json
from wsprobe.recording.secrets import Secrets
from wsprobe.report.report import Report
from wsprobe.request.proxy import Proxies
from wsprobe.version import __version__

GRACE = 3000
"""Milliseconds to wait for the close event after the error event."""


class DifferenceFile(Struct, frozen=True, rename={"user_agent": "userAgent"}):
    """The file about a difference: everything needed to investigate it."""

    wsprobe: str
    browser: str
    version: str
    user_agent: str
    page: str
    seen: Observation
    predicted: Observation
    differences: tuple[str, ...]
    exchanges: tuple[Exchange, ...]


def run_browsers(
    words: Sequence[str], names: Sequence[str], settings: Settings, by: Readers
) -> tuple[Readers, list[Report], list[list[BrowserRun]]]:
    """The readers; a report for each place; and for each report the results of the browsers.

    *names*: the values of --run-browser; their engines are added to the readers of *by*. Raises
    click.UsageError.
    """
    if by.page.address and any(word.startswith(LAB) for word in words):
        raise click.UsageError(
            "--run-browser: page and server are both of the lab, at one address, so --page-address changes "
            "nothing; name a URL"
        )
    wanted = [name.strip() for each in names for name in each.split(",") if name.strip()]
    # An installed browser is started without the proxy of the environment, so the others do without it too.
    settings = replace(settings, handshake=replace(settings.handshake, proxies=Proxies()))
    try:
        installed = find_browsers(wanted)
        browsers = tuple(dict.fromkeys((*by.browsers, *(each.engine for each in installed))))
        by = replace(by, browsers=browsers)
        results = environment().run(
            _everything, list(words), installed, settings, by, written=written_descriptor(settings)
        )
    except* NoBrowser as group:
        raise click.UsageError(f"--run-browser: {next(leaves(group))}") from None
    return by, [report for report, _ in results], [found for _, found in results]


async def _everything(
    words: list[str], installed: list[Installed], settings: Settings, by: Readers
) -> list[tuple[Report, list[BrowserRun]]]:
    versions = [await version(each) for each in installed]
    for name in by.browsers:
        ENGINES[name]  # loaded before the clock of any exchange starts
    limits = settings.handshake.limits
    results = []
    site = Site(names=())
    async with serve(front=site) as lab:
        for word in words:
            place, scenario = _place(word, settings, lab)
            if scenario is not None and (why := elsewhere(scenario, lab.host, lab.listens_at)):
                raise NoBrowser(f"{word}: {why}")
            page = _page(scenario, lab, by.page)
            its = replace(by, page=page)
            report = await one(place, own_place(place, its), settings, its)
            found = []
            for browser, its_version in zip(installed, versions, strict=True):
                view = next(each for each in report.views if each.browser == browser.engine)
                made = _job(place, scenario, page, lab, site)
                if view.outcome == "open":
                    made["linger"] = round(limits.linger * 1000)
                what = PageVisit(made, place.page(page).csp)
                opening = opened(
                    browser, site.visit(lab, what), authority=_authority(place, lab), page=place.page(page)
                )
                seen = await visit(browser, opening, what, limits.max_time + limits.linger)
                says = of_view(view, seen.scenario, {})
                compared = ViewComparison(prediction(view, says), tuple(differences(seen, says)))
                held = BrowserRun(browser, its_version, what.user_agent, place.page(page), seen, compared, "")
                found.append(_reported(held, report, settings.output.redact))
            results.append((report, found))
    return results


def _place(word: str, settings: Settings, lab: Lab) -> tuple[ProbeTarget, Scenario | None]:
    if not word.startswith(LAB):
        return ProbeTarget(with_ws(word), settings.handshake), None
    place = in_lab(word, settings.handshake, lab)
    name = word.removeprefix(LAB)
    return place, None if name.startswith("/") or names_path(name) else find(name)


def _page(scenario: Scenario | None, lab: Lab, given: Page) -> Page:
    """The page that opens the socket: the lab's own, unless the scenario's page is elsewhere."""
    if scenario is not None and scenario.page.url != Page().url:
        return given
    host = stage_host(scenario, lab.host) if scenario is not None else lab.host
    return replace(given, url=f"http://{host}:{lab.ports['plain']}/")


def _job(place: ProbeTarget, scenario: Scenario | None, page: Page, lab: Lab, site: Site) -> dict[str, Any]:
    handshake = place.handshake
    url = with_credentials(place.script_url or place.url, user_of(place))
    made = job(scenario.name if scenario else "", url, place.page(page), handshake.limits.max_time)
    if scenario is not None:
        made = site.job_of(lab, scenario, lab.host) | made
    return made | {"ports": {}, "warm": "", "host": lab.host, "grace": GRACE}


def _authority(place: ProbeTarget, lab: Lab) -> Path | None:
    if place.handshake.tls.ca_file:
        return Path(place.handshake.tls.ca_file)
    tls = place.scripted is not None and "tls" in lab.ports
    return lab.certificate_authority if tls else None


def _reported(found: BrowserRun, report: Report, redact: bool) -> BrowserRun:
    """*found*, masked if *redact*; if it differs from the prediction, with the name of the file that keeps
    it."""
    if redact:
        secrets = Secrets()
        report = redacted(report, secrets)
        found = redacted_found(found, secrets)
    return found if found.held.same else replace(found, file=_kept(found, report))


def _kept(found: BrowserRun, report: Report) -> str:
    """Write the difference to a file, with the recording; returns the file's name, "" if it cannot be
    written."""
    value = DifferenceFile(
        wsprobe=__version__,
        browser=found.browser.engine,
        version=found.version,
        user_agent=found.user_agent,
        page=found.page.url,
        seen=found.seen,
        predicted=found.held.view.says,
        differences=found.held.differences,
        exchanges=(report.exchange, *(each.exchange for each in report.answers if each is not None)),
    )
    try:
        with tempfile.NamedTemporaryFile(prefix="wsprobe-differs-", suffix=".json", delete=False) as file:
            file.write(ascii_json(value) + b"\n")
    except OSError:
        return ""
    return os.path.abspath(file.name)
