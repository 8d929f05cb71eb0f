"""``wsprobe compare``: one handshake with many readers side by side, or several recordings with one another."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from wsprobe.browsers import ALL, ENGINES, NODES, versions
from wsprobe.browsers.engine import Page
from wsprobe.browsers.local_network import PERMISSIONS
from wsprobe.browsers.tell import Tellable, tellable
from wsprobe.browsers.url import parse
from wsprobe.cli.compare_status import reached, status
from wsprobe.cli.engines import Readers, probed, recorded
from wsprobe.cli.list_settings import BOTH, ClusterSettings
from wsprobe.cli.output import Finished, Output, finish, json_line
from wsprobe.cli.output_settings import ExpectSettings, OutputSettings
from wsprobe.cli.paste import PastedSettings, Pasting
from wsprobe.cli.places import LAB, RECORDED, RecordedLine, complete, exchanges, lines
from wsprobe.cli.request_settings import RequestSettings, origin_meant
from wsprobe.cli.route_settings import LimitSettings, RouteSettings, TlsSettings
from wsprobe.cli.section import Given, takes
from wsprobe.cli.settings import Settings, settings_of
from wsprobe.cli.streams import emit, look, note
from wsprobe.cli.view_settings import HELD, INSTEAD, ViewSettings
from wsprobe.nearest import nearest
from wsprobe.outcome import Exit
from wsprobe.report import Report
from wsprobe.visible import printable

if TYPE_CHECKING:
    from wsprobe.lab.installed import Found
    from wsprobe.show.lines import Line

TELLABLE_IN_EACH = 100
"""With more recordings than this, only the first object has ``tellable``: it names all of them, and in every
object the output would grow as their square."""

TOGETHER = {"all": ALL, "clients": tuple(ENGINES)}
"""Words for several views."""

CALLED = {"chrome": "chromium", "edge": "chromium"}
"""Browsers made of an engine that is shown, by the names that people know."""

SAFARI = (
    "--browser: safari is not among the engines: WebKitGTK has the page's part of WebKit in common with it "
    "(constructor, events, console), but not the network, where Safari has Apple's; --browser webkitgtk has it"
)

DIRECTIVES = (
    *(f"{kind}-src" for kind in ("child", "connect", "default", "font", "frame", "img", "manifest", "media")),
    *(f"{kind}-src" for kind in ("object", "prefetch", "script", "style", "worker")),
    *("script-src-attr", "script-src-elem", "style-src-attr", "style-src-elem", "base-uri", "sandbox"),
    *("form-action", "frame-ancestors", "report-uri", "report-to", "navigate-to", "plugin-types"),
    *("upgrade-insecure-requests", "block-all-mixed-content", "require-trusted-types-for", "trusted-types"),
)
"""Content Security Policy level 3, and names of earlier levels."""


EXAMPLES = (
    (
        "wsprobe compare --browser-mode wss://chat.example/ws",
        "What did the server answer, and what does the page see?",
    ),
    (
        "wsprobe compare --browser-mode lab:status-403 lab:refused lab:redirect-302 lab:accept-wrong",
        "Can a script tell a 403 from the failures that must look alike?",
    ),
    ("wsprobe compare --spec hybi-05..rfc6455 lab:status-403", "What did each revision ask of a client?"),
    (
        "wsprobe connect --json URL | wsprobe compare --browser-mode",
        "Look at a recording later, or on another machine:",
    ),
    ("wsprobe compare yesterday.jsonl today.jsonl", "Which URLs of a list changed since yesterday?"),
    ("wsprobe compare ws://old.example/ws ws://new.example/ws", "What differs between two servers?"),
)


@click.command("compare", cls=Pasting, examples=EXAMPLES)
@click.argument("places", nargs=-1, metavar="[URL or FILE]...", shell_complete=complete)
@takes(
    ViewSettings,
    PastedSettings,
    RequestSettings,
    RouteSettings,
    LimitSettings,
    TlsSettings,
    OutputSettings,
    ExpectSettings,
    ClusterSettings,
    instead=INSTEAD,
)
def command(places: tuple[str, ...], given: Given) -> int:
    """Show what browsers, other clients and specifications make of one handshake, or compare several
    handshakes.

    Each argument is a URL, lab:NAME, a file with recordings (connect --save or --json, or a HAR file), or -
    for recordings on standard input, which is also read if nothing is named. The exit status is that of diff:
    0 if every view has the same result, 1 if they differ. Differences in times, in the letter case of header
    names and in the requests are shown, but do not count.

    Two files, of which one has several recordings, are two runs over a list of URLs: only the URLs that
    changed are printed, the worst first.
    """
    if not all(each.strip() for each in places):
        raise click.UsageError("the URL is empty")
    settings, view = settings_of(given, page=True), given[ViewSettings]
    if settings.cluster is not None and view.workers > 1:
        raise click.UsageError(BOTH)
    if settings.cluster is not None and (view.measured or view.run_browser):
        raise click.UsageError("--cluster: what a browser did, or does, is of this machine; leave it out")
    by = readers(given, settings)
    if view.measured:
        from wsprobe.cli.measured import compare_measured  # the lab, and each scenario rehearsed

        return compare_measured(view.measured, places, by.browsers or chosen(()), settings)
    return compare(places or ("-",), settings, by, view.run_browser, view.workers, view.verbose)


def readers(given: Given, settings: Settings) -> Readers:
    """Who is to read, by the options that only `compare` has. Raises click.UsageError for unknown names."""
    view, request = given[ViewSettings], given[RequestSettings]
    wanted = view.browsers or view.browser_mode or view.fetch
    watched = {each.name for each in settings.expectations if each.what == "view"}
    browsers = chosen(view.browsers) if wanted else ()
    if missing := watched - set(browsers):
        raise click.UsageError(
            f"--expect: view:{min(missing)} is not among the views: add --browser {min(missing)}"
        )
    check_csp(view.csp)
    offer = settings.asking.offer
    return Readers(
        browsers=browsers,
        revisions=specs(view.specs),
        page=Page(
            url=opener(view.page, request.origin, view.page_http if browsers else "1.1"),
            csp=view.csp,
            protocols=offer.protocols or None,
            cookies="; ".join(offer.cookies),
            user_agent=offer.user_agent or "",
            http="2" if browsers and view.page_http == "2" else "1.1",
            address=view.page_address or "",
            permissions=permissions(view.permissions),
        ),
        fetch=view.fetch,
        as_is=view.as_is,
        entry=given[PastedSettings].entry,
    )


def compare(
    words: Sequence[str],
    settings: Settings,
    by: Readers,
    started: Sequence[str] = (),
    workers: int = 1,
    verbose: bool = False,
) -> int:
    """Collect the recordings, let the readers read, print; returns the exit status. Raises click.UsageError for
    what cannot be used. *started*: installed browsers that are to open each place too."""
    kept: list[Kept] = [lines(word, by.entry) if _is_recording(word) else None for word in words]
    match kept:
        case [Iterator() as old, Iterator() as new] if not (by.browsers or by.revisions or by.fetch or started):
            (old, several), (new, too) = _peeked(old), _peeked(new)
            if several or too:
                from wsprobe.cli.since import compare_runs  # for those who have two runs

                return compare_runs(old, new, settings)
            kept = [old, new]
    output = Output(settings)
    if by.fetch and any(_is_recording(word) for word in words):
        raise click.UsageError("--fetch sends a request, and a recording cannot be asked; name a URL")
    seen: list[list[Found]] = []
    gone: list[str] = []
    if settings.cluster is not None:
        _check_shared(words, settings)
    if settings.elsewhere.from_each:
        from wsprobe.cli.from_each import reports_from_each  # other machines, for those who have some

        reports, gone = reports_from_each(words, settings, by)
    elif started:
        if any(_is_recording(word) for word in words):
            raise click.UsageError("--run-browser: a browser cannot open a recording; name a URL")
        from wsprobe.cli.run_browser import run_browsers  # the lab, and processes

        by, reports, seen = run_browsers(words, started, settings, by)
    elif (
        settings.output.as_json
        and settings.output.report_to is None
        and settings.output.har is None
        and all(map(_is_recording, words))
    ):
        every = (line for each in kept if each is not None for line in each)
        first = list(islice(every, HELD + 1))
        if len(first) > HELD:
            from wsprobe.cli.compare_many import compare_many  # for many

            return compare_many(chain(first, every), settings, by, workers)
        reports = [recorded(exchange, by) for line in chain(first, every) for exchange in exchanges(line)]
    else:
        reports = collect(words, kept, settings, by)
    if not reports:
        empty = " and ".join("standard input" if word == "-" else printable(word) for word in words)
        raise click.UsageError(f"no recording to compare in {empty}")
    if not by.browsers and not by.revisions and len(reports) < 2:
        raise click.UsageError("nothing to compare with: add --browser-mode, --spec, or a second URL or file")
    if by.revisions:
        from wsprobe.history import read_as_each  # the revisions are data, loaded where they are asked for

        reports = [replace(r, verdicts=read_as_each(r.reading, by.revisions)) for r in reports]
    groups = tellables(reports) if by.browsers else []
    result = status([reached(each) for each in reports])
    if not all(each.held.same for found in seen for each in found):
        result = Exit.DIFFERENT
    finished = [finish(each, settings, own_status=False) for each in reports]
    if not settings.output.silent:
        show([each.report for each in finished], groups, settings, seen, verbose)
    output.keep(*finished)
    output.write_har()
    if settings.output.report_to is not None:
        from wsprobe.cli.report_file import ReportFile  # only where it is asked for

        ReportFile(settings, "compare").compared([each.unmasked for each in finished], groups, seen)
    if settings.expectations:
        result = _held(finished, output)
    for name in gone:
        note(f"not asked from {name}: its worker was gone")
    return Exit.USAGE if gone else result


def _held(finished: Sequence[Finished], output: Output) -> int:
    """Say what --expect does not find; returns the exit status of that."""
    unmet = [each for each in finished if each.unmet]
    if unmet and output.settings.output.redact:
        unmet = [replace(unmet[0], unmet=unmet[0].unmet[:1])]
    output.complain(*unmet)
    return Exit.UNEXPECTED if unmet else Exit.OPEN


def _check_shared(words: Sequence[str], settings: Settings) -> None:
    """Raises click.UsageError for what a cluster has no part in."""
    kept = [word for word in words if _is_recording(word)]
    if settings.elsewhere.from_each and kept:
        raise click.UsageError(
            f"--from-each: {kept[0]!a} is a recording, and reads the same everywhere; name a URL, or leave "
            "--from-each out"
        )
    if not settings.elsewhere.from_each and (len(kept) < len(words) or not settings.output.as_json):
        raise click.UsageError(
            "--cluster: compare shares recordings, and with --json alone; to ask a URL from every place: "
            "--from-each"
        )


def chosen(names: Sequence[str]) -> tuple[str, ...]:
    """Engine names from --browser: those of browsers and specifications if none was named."""
    words = [word.strip() for name in names for word in name.split(",") if word.strip()]
    meant: list[str] = []
    for word in words or ["all"]:
        name = CALLED.get(word.lower(), word)
        if name.lower() == "safari":
            raise click.UsageError(SAFARI)
        word_of, at, version = name.partition("@")
        if at and word_of in ENGINES and version not in versions(word_of):
            known = ", ".join(f"{word_of}@{each}" for each in versions(word_of)) or "none"
            raise click.UsageError(f"--browser: there are no facts of {name}; versions of it: {known}")
        if word_of not in (words_known := (*ENGINES, *NODES, *TOGETHER)):
            raise click.UsageError(f"--browser: '{word}' is not one of {', '.join(words_known)}")
        meant += TOGETHER.get(name, (name,))
    return tuple(dict.fromkeys(meant))


def opener(word: str | None, origin: str | None, http: str = "1.1") -> str:
    """The page's URL, from --page or --origin; "" for one of the URL's own origin, where none is named.

    Raises click.UsageError where it is no URL: a browser has no page elsewhere.
    """
    url = _page(word, origin)
    if http == "2" and url and not url.lower().startswith("https:"):
        raise click.UsageError(
            f"--page-http 2: no browser speaks HTTP/2 without TLS, and the page {url} is no https: URL"
        )
    return url


def _page(word: str | None, origin: str | None) -> str:
    if origin is not None:
        if word is not None:
            raise click.UsageError("--origin and --page cannot be used together: the page's URL has its origin")
        found = parse(origin)
        if found is None or "/" in origin.partition("://")[2].removesuffix("/"):
            raise click.UsageError(f"--origin: {origin!r} is not an origin{origin_meant(origin)}")
        return origin.removesuffix("/") + "/"
    if word is None:
        return ""
    if parse(word) is None:
        raise click.UsageError(
            f"--page: '{word}' is not a URL: it begins with a scheme, as https://app.example/"
        )
    return word


STATES = ("granted", "denied", "prompt")


def permissions(texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """(name, state) of each --permission; the last of a name counts. Raises click.UsageError."""
    found: dict[str, str] = {}
    for text in texts:
        name, _, state = text.partition("=")
        if name not in PERMISSIONS:
            near = nearest(name, PERMISSIONS)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(PERMISSIONS)}"
            raise click.UsageError(f"--permission: no permission {name!a}; {hint}")
        if state not in STATES:
            raise click.UsageError(f"--permission: {text!a} is not {name}=granted, =denied or =prompt")
        found[name] = state
    return tuple(found.items())


def check_csp(policy: str) -> None:
    """Raises click.UsageError for what is nearly the name of a directive: a browser ignores unknown ones."""
    for directive in re.split(r"[;,]", policy):
        name = directive.strip().partition(" ")[0].lower()
        near = nearest(name, DIRECTIVES) if name and name not in DIRECTIVES else ()
        if near:
            raise click.UsageError(f"--csp: {name!r} is not a directive of CSP; did you mean {near[0]}?")


def specs(names: Sequence[str]) -> tuple[str, ...]:
    """Revision names from --spec."""
    if not names:
        return ()
    from wsprobe.history.data import select

    try:
        return tuple(revision.name for revision in select(",".join(names)))
    except ValueError as error:
        raise click.UsageError(f"--spec: {error}") from None


Kept = Iterator[RecordedLine] | None
"""The lines of a word that names recordings, not read yet; None for what is to be probed."""


def _peeked(lines: Iterator[RecordedLine]) -> tuple[Iterator[RecordedLine], bool]:
    """*lines*, whole again, and whether there are several."""
    first = list(islice(lines, 2))
    return chain(first, lines), len(first) > 1


def collect(words: Sequence[str], kept: Sequence[Kept], settings: Settings, by: Readers) -> list[Report]:
    """A report for each place, in order; recordings are read, all else is probed."""
    found = [None if each is None else [made for line in each for made in exchanges(line)] for each in kept]
    live = [word for word, read in zip(words, found, strict=True) if read is None]
    made = iter(probed(live, settings, by) if live else ())
    reports: list[Report] = []
    for read in found:
        if read is None:
            reports.append(next(made))
        else:
            reports += [recorded(exchange, by) for exchange in read]
    return reports


def _is_recording(word: str) -> bool:
    if word == "-":
        return True
    if word.startswith(LAB) or "://" in word:
        return False
    return os.path.exists(word) or word.lower().endswith(RECORDED)


def tellables(reports: Sequence[Report]) -> list[Tellable]:
    """For each engine that saw every recording: which of them a script can tell apart."""
    if len(reports) < 2:
        return []
    return [tellable([r.views[i] for r in reports]) for i in range(len(reports[0].views))]


def show(
    reports: Sequence[Report],
    groups: Sequence[Tellable],
    settings: Settings,
    seen: Sequence[Sequence[Found]] = (),
    verbose: bool = False,
) -> None:
    """Print the reports, as JSON or for a person. *seen*: for each, what installed browsers did. *verbose*: all
    of it, and not what fits one screen."""
    if settings.output.as_json:
        show_json(reports, groups, settings, seen)
        return
    from wsprobe.show.compare import comparison

    of = replace(look(sys.stdout, settings.output.color), verbose=int(verbose), screen=not verbose)
    if settings.elsewhere.from_each:
        from wsprobe.cli.from_each import rows_of
        from wsprobe.show.vantage import Grid

        rows = rows_of(reports)
        grid = Grid(list(rows[0]), of)
        emit([*(line for row in rows for line in grid.row(row)), ()], sys.stdout, of)
    if not seen:
        emit(comparison(reports, groups, of), sys.stdout, of)
        return
    from wsprobe.show.lines import fitted
    from wsprobe.show.run_browser import seen_beside

    lines: list[Line] = []
    for report, found in zip(reports, seen, strict=True):
        lines += [()] if lines else []
        lines += comparison([report], [], of)
        for each in found:
            lines += fitted(seen_beside(each, of), of)
    emit(lines, sys.stdout, of)


def show_json(
    reports: Sequence[Report], groups: Sequence[Tellable], settings: Settings, seen: Sequence[Sequence[Found]]
) -> None:
    """Print the reports, one JSON object a line."""
    from wsprobe.show.as_json import report_value, tellable_value

    told_apart = tellable_value(groups, [r.title for r in reports])
    for number, each in enumerate(reports):
        told_too = bool(groups) and (number == 0 or len(reports) <= TELLABLE_IN_EACH)
        value = report_value(each, told_apart if told_too else None)
        if seen:
            from wsprobe.show.run_browser import seen_value

            value = replace(value, seen=[seen_value(one) for one in seen[number]])
        sys.stdout.writelines(json_line(value, settings))
