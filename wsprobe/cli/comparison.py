"""What `compare` does: collect the recordings, let the readers read, print, and say whether they agree."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any, cast

import click
from msgspec.structs import replace

from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Page, ScriptView
from wsprobe.browsers.tell import Tellable, tellable, told
from wsprobe.cli.options import emit, look
from wsprobe.cli.places import LAB, RECORDED, recordings
from wsprobe.exchange import Exchange
from wsprobe.outcome import Exit
from wsprobe.read.reading import Reading
from wsprobe.report import Report, report

TODAY = "hybi-13"
"""The wire version of every engine: as such they read whatever bytes they get."""

TELLABLE_IN_EACH = 100
"""So many recordings at most have ``tellable`` in every object: it names all of them, and would grow as their
square."""

UNANSWERED = frozenset({Exit.UNRESOLVED, Exit.UNREACHABLE, Exit.TLS_FAILED, Exit.PROXY_FAILED, Exit.TIMEOUT})


def compare(words: Sequence[str], values: dict[str, Any]) -> int:
    """Run the command; returns the exit status. Raises click.UsageError for what cannot be used."""
    browsers = chosen(values["browsers"]) if values["browsers"] or values["browser_mode"] else ()
    revisions = specs(values["specs"])
    page = Page(
        url=opener(values["page"]) if browsers else values["page"],
        csp=values["csp"],
        protocols=tuple(values["protocols"]) or None,
        cookies="; ".join(values["cookies"]),
        user_agent=values["user_agent"] or "",
    )
    reports = collect(words or ("-",), values, browsers, page)
    if not reports:
        raise click.UsageError("no recording to compare: standard input was empty")
    if not browsers and not revisions and len(reports) < 2:
        raise click.UsageError("nothing to compare with: add --browser-mode, --spec, or a second URL or file")
    if revisions:
        reports = [replace(r, verdicts=read_as(r, revisions)) for r in reports]
    groups = tellables(reports) if browsers else []
    show(reports, groups, values)
    return status(reports, bool(browsers), bool(revisions))


def chosen(names: Sequence[str]) -> tuple[str, ...]:
    """Engine names from --browser; all of them if none was named."""
    words = [word.strip() for name in names for word in name.split(",") if word.strip()]
    if not words or "all" in words:
        return tuple(ENGINES)
    for word in words:
        if word not in ENGINES:
            raise click.UsageError(f"--browser: '{word}' is not one of {', '.join(ENGINES)}, all")
    return tuple(dict.fromkeys(words))


def opener(word: str) -> str:
    """The page's URL from --page, which must be one: a browser has no page elsewhere."""
    from wsprobe.browsers.url import parse

    if parse(word) is None:
        raise click.UsageError(
            f"--page: '{word}' is not a URL: it begins with a scheme, as https://app.example/"
        )
    return word


def specs(names: Sequence[str]) -> tuple[str, ...]:
    """Revision names from --spec."""
    if not names:
        return ()
    from wsprobe.history.data import select

    try:
        return tuple(revision.name for revision in select(",".join(names)))
    except ValueError as error:
        raise click.UsageError(f"--spec: {error}") from None


def read_as(of: Report, revisions: Sequence[str]) -> tuple[Any, ...]:
    from wsprobe import history

    return history.read_as_each(of.reading, revisions)


def collect(words: Sequence[str], values: dict[str, Any], browsers: Sequence[str], page: Page) -> list[Report]:
    """A report for each place, in order; recordings are read, all else is probed."""
    kinds = [(word, recordings(word) if _is_recording(word) else None) for word in words]
    probed: dict[int, Report] = {}
    live = [(index, word) for index, (word, found) in enumerate(kinds) if found is None]
    if live:
        from wsprobe.cli.engines import probed_with_browsers

        made = probed_with_browsers([word for _, word in live], values, browsers, page)
        probed = {index: one for (index, _), one in zip(live, made, strict=True)}
    reports: list[Report] = []
    for index, (_, found) in enumerate(kinds):
        if found is None:
            reports.append(probed[index])
        else:
            reports += [recorded(exchange, browsers, page, values) for exchange in found]
    return reports


def _is_recording(word: str) -> bool:
    if word == "-":
        return True
    if word.startswith(LAB) or "://" in word:
        return False
    return os.path.exists(word) or word.lower().endswith(RECORDED)


def recorded(exchange: Exchange, browsers: Sequence[str], page: Page, values: dict[str, Any]) -> Report:
    """The report of a recording, read by each engine as it is."""
    if values["redact"]:
        from wsprobe.archive import redact

        exchange = redact(exchange)
    made = report(exchange)
    return replace(made, views=as_is(made, browsers, page))


def as_is(made: Report, browsers: Sequence[str], page: Page, script_url: str = "") -> tuple[ScriptView, ...]:
    """The engines' views of a recording whose request was not their own, in whatever wire version that was."""
    readings = as_today(made)
    offered = made.reading.request.protocols
    if page.protocols is None and offered:
        page = replace(page, protocols=tuple(p.decode("latin-1") for p in offered))
    url = script_url or readings[0].exchange.plan.target.url
    return tuple(ENGINES[name].view(url, page, readings) for name in browsers)


def as_today(made: Report) -> list[Reading]:
    """The exchanges of a report, oldest first, read as RFC 6455 whatever was spoken: so browsers read."""
    from wsprobe.read import read

    hops = [read(replace(hop, plan=replace(hop.plan, wire=TODAY))) for hop in made.exchange.hops]
    if made.exchange.plan.wire == TODAY:
        return [*hops, made.reading]
    return [*hops, read(replace(made.exchange, plan=replace(made.exchange.plan, wire=TODAY)))]


def tellables(reports: Sequence[Report]) -> list[Tellable]:
    """For each engine that saw every recording: which of them a script can tell apart."""
    if len(reports) < 2:
        return []
    return [tellable([r.views[i] for r in reports]) for i in range(len(reports[0].views))]


def show(reports: Sequence[Report], groups: Sequence[Tellable], values: dict[str, Any]) -> None:
    if values["as_json"]:
        from wsprobe.show.as_json import pieces, report_value, tellable_value

        told_apart = tellable_value(groups, [r.title for r in reports])
        for number, each in enumerate(reports):
            told = bool(groups) and (number == 0 or len(reports) <= TELLABLE_IN_EACH)
            sys.stdout.writelines(pieces(report_value(each, told_apart if told else None)))
            sys.stdout.write("\n")
        return
    from wsprobe.show.compare import comparison

    of = look(values, sys.stdout)
    emit(comparison(reports, groups, of), sys.stdout, of)


def status(reports: Sequence[Report], browsers: bool, revisions: bool) -> int:
    """As diff: 0 if every reader reached the same result, 1 if not; the status of the failure if nothing was
    answered, so that there was nothing to compare."""
    if browsers:
        results: set[object] = {told(view) for r in reports for view in r.views}
    elif revisions:
        results = {verdict.answer for r in reports for verdict in r.verdicts}
    else:
        results = {differing(r) for r in reports}
        unanswered = all(r.exit_status in UNANSWERED for r in reports)
        if unanswered and len(results) == 1:
            return reports[0].exit_status
    return Exit.OPEN if len(results) == 1 else Exit.DIFFERENT


def differing(of: Report) -> object:
    """What counts as a difference between two recordings: outcome, status, header fields but those that
    always differ, findings, close."""
    from wsprobe.show.compare import comparable

    return cast(object, comparable(of))
