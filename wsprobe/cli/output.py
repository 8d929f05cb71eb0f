"""The end of every command: check a report's expectations, mask it, print it and save it.

``finish`` prepares a report. An ``Output`` saves it as the options say; each command has a subclass that
prints.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from wsprobe.cli import expect
from wsprobe.cli.files import check_replaceable, check_writable, write
from wsprobe.cli.settings import Settings
from wsprobe.cli.streams import note, output_descriptor
from wsprobe.judge.subject import how
from wsprobe.report.report import Report
from wsprobe.show import causes

if TYPE_CHECKING:
    from wsprobe.cli.collected_files import HarFile, JUnit
    from wsprobe.cli.report_file import ReportFile
    from wsprobe.recording.secrets import Secrets
    from wsprobe.report.state import Vantage
    from wsprobe.show.causes import Fact


class Finished(Struct, frozen=True):
    """A report that can be shown."""

    report: Report
    """With the exit status that --expect gives it; masked with --redact."""
    unmasked: Report
    """For the file of --report, which is masked separately."""
    unmet: tuple[str, ...] = ()
    """A sentence for each unmet --expect; with --redact they quote nothing."""

    @property
    def recording(self) -> bytes:
        """The line of --save."""
        from wsprobe.recording.archive import ascii_json  # JSON, only with --save

        return ascii_json(self.report.exchange) + b"\n"


def finish(report: Report, settings: Settings, *, own_status: bool = True) -> Finished:
    """Check the expectations of *report*, which was judged before masking, then mask it. *own_status*: it gets
    the exit status that --expect gives it; not in a comparison, whose status is for all reports together."""
    held, unmet = expect.held(settings.expectations, report, redact=settings.output.redact)
    whole = held if own_status else report
    return Finished(as_shown(whole, settings), whole, tuple(unmet))


def as_shown(report: Report, settings: Settings, secrets: Secrets | None = None) -> Report:
    """*report*, masked with --redact. *secrets*: those already known; those of *report* are added."""
    if not settings.output.redact:
        return report
    from wsprobe.cli import redacted  # only with --redact

    return redacted.redacted(report, secrets)


def written_descriptor(settings: Settings) -> int | None:
    """The descriptor of standard output, if a command with these settings may write to it; otherwise None."""
    output, own = settings.output, settings.own
    silent = output.silent or settings.lists.resume is not None
    otherwise = (output.as_json and settings.lists.resume is None) or own.instead or settings.on_stdout
    return output_descriptor() if otherwise or not silent else None


class WorkerResult(Struct, frozen=True):
    """A process's result for a report, to be written by the process that has the output."""

    out: bytes = b""
    """For standard output, or the file of --resume."""
    err: str = ""
    save: bytes = b""
    """For the file of --save."""
    titled: bool = False
    """*out* is a report below the URL's name: an empty line precedes it, unless it is the first."""
    exit_status: int = 0
    fact: Fact | None = None
    """What the summary counts; None if nothing."""
    vantage: Vantage | None = None
    """With --from-each: the result in this place."""
    interrupted: bool = False
    complaint: str = ""
    """Why there is no report."""


def worker_result(
    finished: Finished, settings: Settings, out: bytes, err: str, *, titled: bool = False, counts: bool = True
) -> WorkerResult:
    """The result for *finished*. *out*, *err*: the text for standard output and standard error. *counts*: the
    summary counts it."""
    report = finished.report
    fact = seen = None
    if counts:
        fact = causes.fact(report)
    if settings.elsewhere.from_each:
        from wsprobe.report.state import vantage_of  # only with --from-each

        seen = vantage_of(report)
    return WorkerResult(
        out=out,
        err=err,
        save=finished.recording if settings.output.save is not None else b"",
        titled=titled,
        exit_status=report.exit_status,
        fact=fact,
        vantage=seen,
        interrupted=how(report.reading) == "interrupted",
    )


class Output:
    """Takes reports, and saves them as the options say. Subclasses print them."""

    def __init__(self, settings: Settings) -> None:
        """Raises click.UsageError for a file that cannot be written."""
        self.settings = settings
        self.written = written_descriptor(settings)
        """The descriptor of standard output, if it may be written; without its reader the work is useless."""
        secret = not settings.output.redact
        check_writable(settings.output.save, "save", secret=secret)
        self.har: HarFile | None = None
        if settings.output.har is not None:
            from wsprobe.cli.collected_files import HarFile  # JSON, only with --har

            self.har = HarFile(settings.output.har, secret=secret)
        check_replaceable(settings.cookie_jar, "cookie-jar")
        self.junit: JUnit | None = None
        if settings.output.junit is not None:
            from wsprobe.cli.collected_files import JUnit  # XML, only with --junit

            command = click.get_current_context().info_name or ""
            self.junit = JUnit(settings.output.junit, command, secret=secret)

    def report_file(self, several: bool = False) -> ReportFile | None:
        """The writer of the files of --report; None without that option. *several*: see ``ReportFile``."""
        if not self.settings.output.report_files:
            return None
        from wsprobe.cli.report_file import ReportFile  # the views, only with --report

        return ReportFile(self.settings, several)

    def word(self, text: str) -> None:
        """Print a message about the call itself, unless -s is given."""
        if not self.settings.output.silent:
            note(text)

    def complain(self, *all_finished: Finished) -> None:
        """Print the unmet expectations."""
        if not self.settings.output.mute:
            for finished in all_finished:
                for sentence in finished.unmet:
                    note(sentence)

    def keep(self, *all_finished: Finished) -> None:
        """Append the recordings to the file of --save, and add the entries to that of --har."""
        if self.settings.output.save is not None:
            self.save(b"".join(each.recording for each in all_finished))
        if self.har is not None:
            for each in all_finished:
                self.har.add(each.report)

    def test(self, finished: Finished, more: str = "") -> None:
        """Take *finished* as a test case for --junit. *more*: text below the report."""
        if self.junit is not None:
            self.junit.test(finished.report, finished.unmet, more)

    def save(self, lines: bytes) -> None:
        """Append *lines* to the file of --save, if there is one."""
        if self.settings.output.save is not None:
            write(self.settings.output.save, lines, "save", append=True)

    def write_files(self) -> None:
        """Write the files of --har and --junit, if there are some. Raises click.UsageError."""
        if self.junit is not None:
            self.junit.write()
        if self.har is not None:
            self.har.write()


Apart = Callable[[Callable[[], list[WorkerResult]]], object]
"""Takes a function that returns the results so far, for the case that the work is cut short."""
