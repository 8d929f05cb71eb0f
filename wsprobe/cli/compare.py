"""What ``wsprobe compare`` does: collect recordings, let the readers read them, print them side by side."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from wsprobe.browsers.tell import Tellable, tellable
from wsprobe.cli.environment import environment
from wsprobe.cli.evidence import once
from wsprobe.cli.option import LAB, Given
from wsprobe.cli.output import Finished, Output, finish
from wsprobe.cli.paste import RECORDED, check_no_command
from wsprobe.cli.readers import Readers, chosen, reached, readers, recorded, status, with_verdicts
from wsprobe.cli.recordings import RecordedLine, exchanges, lines
from wsprobe.cli.second_interrupt import hold_back
from wsprobe.cli.settings import Settings, settings_of
from wsprobe.cli.streams import emit, look, note
from wsprobe.cli.view_settings import ViewSettings
from wsprobe.report.outcome import Exit
from wsprobe.report.report import Report
from wsprobe.show.compare import comparison
from wsprobe.show.lines import Line, Look, fitted, plain
from wsprobe.text import printable

if TYPE_CHECKING:
    from wsprobe.lab.installed import BrowserRun

    Seen = Sequence[Sequence[BrowserRun]]
    """The results of installed browsers, for each report."""

TELLABLE_IN_EACH = 100
"""With more recordings than this, only the first object has ``tellable``: it names all of them, and in every
object the output would grow as their square."""


def compare(places: Sequence[str], given: Given) -> int:
    """Do what the options say; returns the exit status. Raises click.UsageError."""
    if not all(each.strip() for each in places):
        raise click.UsageError("the URL is empty")
    settings, view = settings_of(given, page=True), given[ViewSettings]
    by = readers(given, settings)
    if view.measured:
        from wsprobe.cli.measured import compare_measured  # the lab, only with --measured

        return compare_measured(view.measured, places, by.browsers or chosen(()), settings)
    return compare_all(once(places) or ("-",), settings, by, view)


def compare_all(words: Sequence[str], settings: Settings, by: Readers, view: ViewSettings) -> int:
    """Collect the recordings, let the readers read them, print; returns the exit status. Raises
    click.UsageError."""
    started, workers = view.run_browser, view.workers
    check_no_command([word for word in words if not _is_recording(word)])
    kept: list[Kept] = [lines(word, by.entry) if _is_recording(word) else None for word in words]
    match kept:
        case [Iterator() as old, Iterator() as new] if not (by.browsers or by.revisions or by.fetch or started):
            (old, several), (new, too) = _peeked(old), _peeked(new)
            if several or too:
                from wsprobe.cli.earlier_runs import compare_runs  # XML and JSON, only for two runs

                return compare_runs(old, new, settings)
            kept = [old, new]
    output = CompareOutput(settings, view.verbose)
    seen: Seen = []
    gone: list[str] = []
    recordings = [word for word in words if _is_recording(word)]
    only = len(recordings) == len(words)
    _check_recordings(recordings, only, settings, by.fetch, bool(started))
    if settings.elsewhere.from_each:
        from wsprobe.cli.cluster import reports_from_each  # trio and Dask, only with --from-each

        reports, gone = reports_from_each(words, settings, by)
    elif started:
        from wsprobe.cli.run_browser import run_browsers  # the lab, only with --run-browser

        by, reports, seen = run_browsers(words, started, settings, by)
    elif settings.output.junit is None and only:
        every = chain.from_iterable(each for each in kept if each is not None)
        first, all_held = _first(every)
        lines_left = chain(_drained(first), every)
        if not all_held and (settings.output.as_json or by.browsers or by.revisions):
            files = bool(settings.output.report_files) or settings.output.har is not None
            if settings.output.as_json and not files and (workers > 1 or settings.cluster is not None):
                from wsprobe.cli.compare_shared import compare_shared  # trio, only with --workers

                return compare_shared(lines_left, settings, by, workers)
            from wsprobe.cli.compare_many import compare_many  # only for many recordings

            return compare_many(lines_left, output, by, view.verbose)
        found = map(exchanges, lines_left)
        reports = [recorded(exchange, by) for of_line in found for exchange in of_line]
    else:
        reports = _collected(words, kept, by, output)
    if not reports:
        empty = " and ".join("standard input" if word == "-" else printable(word) for word in words)
        raise click.UsageError(f"no recording to compare in {empty}")
    read_again = settings.output.as_json and only
    if not by.browsers and not by.revisions and len(reports) < 2 and not read_again and not gone:
        raise click.UsageError("nothing to compare with: add --browser-mode, --spec, or a second URL or file")
    result = output.report(reports, by, seen)
    for name in gone:
        note(f"not tried from {name}: its worker was gone")
    return Exit.USAGE if gone else result


class CompareOutput(Output):
    """Prints reports side by side, as JSON or for a person, and writes the files that the options ask for."""

    def __init__(self, settings: Settings, verbose: bool) -> None:
        """*verbose*: print everything, not only what fits one screen. Raises click.UsageError for a file that
        cannot be written."""
        super().__init__(settings)
        self._verbose = verbose

    def report(self, reports: Sequence[Report], by: Readers, seen: Seen = ()) -> int:
        """Print and keep *reports*, with the verdicts of *by*; returns the exit status."""
        settings = self.settings
        reports = [with_verdicts(each, by) for each in reports]
        groups = tellables(reports) if by.browsers else []
        finished = [finish(each, settings, own_status=False) for each in reports]
        shown = [each.report for each in finished]
        if settings.output.as_json:
            self._show_json(shown, groups, seen)
        elif not settings.output.silent:
            self._show(shown, groups, seen)
        self.keep(*finished)
        self._test(finished, strict=by.strict)
        self.write_files()
        if (file := self.report_file()) is not None:
            file.compared([each.unmasked for each in finished], groups, seen)
        if settings.expectations:
            return self._held(finished)
        if not all(each.held.same for found in seen for each in found):
            return Exit.DIFFERENT
        return status([reached(each, strict=by.strict) for each in reports])

    def _test(self, finished: Sequence[Finished], *, strict: bool) -> None:
        """Take each of *finished* as a test case for --junit: it fails if its views differ, if it differs from
        the first one, or if nobody answered; with --expect, if that is not met."""
        if self.junit is None:
            return
        first = finished[0].report
        usual = reached(first, strict=strict).results
        for each in finished:
            report = replace(each.report, exit_status=Exit.OPEN)
            got = reached(report, strict=strict)
            if self.settings.expectations:
                self.junit.test(report, each.unmet)
            elif len(got.results) > 1 or got.results != usual:
                why = "the views differ" if len(got.results) > 1 else f"differs from {first.title}"
                beside = [report] if report.views or report.verdicts else [first, report]
                self.junit.unlike(report, why, plain(comparison(beside, [], Look())))
            else:
                unanswered = reached(each.report, strict=strict).unanswered is not None
                self.junit.test(each.report if unanswered else report)

    def _held(self, finished: Sequence[Finished]) -> int:
        """Say what --expect does not find; returns the exit status of that."""
        unmet = [each for each in finished if each.unmet]
        if unmet and self.settings.output.redact:
            unmet = [replace(unmet[0], unmet=unmet[0].unmet[:1])]
        self.complain(*unmet)
        return Exit.UNEXPECTED if unmet else Exit.OPEN

    def _show(self, reports: Sequence[Report], groups: Sequence[Tellable], seen: Seen) -> None:
        """Print for a person."""
        of = look(sys.stdout, self.settings.output.color)
        of = replace(of, verbose=int(self._verbose), screen=not self._verbose)
        if self.settings.elsewhere.from_each:
            from wsprobe.show.state import side_by_side  # only with --from-each

            emit([*side_by_side(reports, of), ()], sys.stdout, of)
        if not seen:
            emit(comparison(reports, groups, of), sys.stdout, of)
            return
        from wsprobe.show.measured import seen_beside  # only with --run-browser

        lines: list[Line] = []
        for report, found in zip(reports, seen, strict=True):
            lines += [()] if lines else []
            lines += comparison([report], [], of)
            for each in found:
                lines += fitted(seen_beside(each, of), of)
        emit(lines, sys.stdout, of)

    def _show_json(self, reports: Sequence[Report], groups: Sequence[Tellable], seen: Seen) -> None:
        """Print one JSON object a line."""
        from wsprobe.show import as_json, json_text  # only for --json

        told_apart = as_json.tellable_value(groups, [r.title for r in reports])
        for number, each in enumerate(reports):
            told_too = bool(groups) and (number == 0 or len(reports) <= TELLABLE_IN_EACH)
            value = as_json.report_value(each, told_apart if told_too else None)
            if seen:
                from wsprobe.show.measured import seen_value  # only with --run-browser

                value = replace(value, seen=[seen_value(one) for one in seen[number]])
            sys.stdout.writelines(json_text.json_line(value, self.settings.output.brief))


def _check_recordings(
    recordings: Sequence[str], only: bool, settings: Settings, fetch: bool, started: bool
) -> None:
    """Raises click.UsageError for what cannot be done with *recordings*, or with anything else. *only*: nothing
    else is named."""
    if fetch and recordings:
        raise click.UsageError("--fetch sends a request, which a recording cannot answer; name a URL")
    if settings.elsewhere.from_each and recordings:
        raise click.UsageError(
            f"--from-each: {recordings[0]!a} is a recording, which is the same everywhere; name a URL, or "
            "leave --from-each out"
        )
    apart = settings.cluster is not None and not settings.elsewhere.from_each
    if apart and not (only and settings.output.as_json):
        raise click.UsageError(
            "--cluster: compare shares only recordings, and only with --json; to try a URL from every place: "
            "--from-each"
        )
    if started and recordings:
        raise click.UsageError("--run-browser: a browser cannot open a recording; name a URL")


Kept = Iterator[RecordedLine] | None
"""The unread lines of a word that names recordings; None for a word to probe."""


def _first(lines: Iterator[RecordedLine]) -> tuple[list[RecordedLine], bool]:
    """The first of *lines*, as many as can be in memory at once and one more; and whether these are all. One
    line always can."""
    first: list[RecordedLine] = []
    size = 0
    most, most_bytes = environment().held
    for line in lines:
        first.append(line)
        size += len(line.data)
        if len(first) > most or (len(first) > 1 and size > most_bytes):
            return first, False
    return first, True


def _drained(lines: list[RecordedLine]) -> Iterator[RecordedLine]:
    """Yield *lines*, and keep none: a line may have many megabytes, and what is read from it has as many."""
    lines.reverse()
    while lines:
        yield lines.pop()


def _peeked(lines: Iterator[RecordedLine]) -> tuple[Iterator[RecordedLine], bool]:
    """*lines*, whole again, and whether there are several."""
    first = list(islice(lines, 2))
    return chain(first, lines), len(first) > 1


def _collected(words: Sequence[str], kept: Sequence[Kept], by: Readers, output: CompareOutput) -> list[Report]:
    """A report for each place, in order: recordings are read, URLs probed. After ^C, those before the URL that
    was not finished are reported and kept before KeyboardInterrupt is raised."""
    found = [None if each is None else list(chain.from_iterable(map(exchanges, each))) for each in kept]
    live = [word for word, read in zip(words, found, strict=True) if read is None]
    made: list[Report] = []

    def reports() -> Iterator[Report]:
        finished = iter(made)
        for read in found:
            if read is not None:
                yield from (recorded(exchange, by) for exchange in read)
            elif (each := next(finished, None)) is not None:
                yield each
            else:
                return

    try:
        if live:
            from wsprobe.cli.engines import probed  # trio and sockets, only for a URL

            probed(live, output.settings, by, made, output.written)
    except KeyboardInterrupt:
        hold_back()
        if done := list(reports()):
            output.report(done, by)
        raise
    return list(reports())


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
