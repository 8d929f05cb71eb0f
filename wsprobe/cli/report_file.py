"""``--report FILE``: the results, with secrets masked, as files to share."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

import click
from msgspec import UNSET
from msgspec.structs import replace

from wsprobe.browsers import ALL
from wsprobe.browsers.engine import Page
from wsprobe.browsers.tell import Tellable
from wsprobe.cli.files import write_whole
from wsprobe.cli.readers import Readers, as_client_saw, as_is, recorded_page
from wsprobe.cli.redacted import redacted, redacted_found
from wsprobe.cli.repeat_command import Call
from wsprobe.cli.settings import Settings
from wsprobe.read.frames import CLOSE
from wsprobe.recording.redaction import masked_plan
from wsprobe.recording.secrets import Secrets
from wsprobe.report.report import Report
from wsprobe.show import html, markdown, report_file
from wsprobe.show.measured import seen_beside
from wsprobe.show.page import opener, script_of
from wsprobe.show.page import seen as seen_by_script
from wsprobe.show.report_file import LOOK, Cover, IndexRow, Part, PartGroup, Told
from wsprobe.trace.answer import answer_of
from wsprobe.trace.conclusions import conclusions
from wsprobe.trace.series import Choice
from wsprobe.trace.trace import Trace
from wsprobe.trace.weakness import Found
from wsprobe.version import __version__

if TYPE_CHECKING:
    from wsprobe.lab import installed


FULL = 10
"""The first answers of a list, shown in full. Later ones are shown in full if they are the first of their
group, for"""
GROUPS = 20
"""at most this many groups: a browser needs seconds to show a page of 500 answers in full."""


class ReportFile:
    """Collects reports as they arrive, and writes the files at the end. It keeps only their text."""

    def __init__(self, settings: Settings, several: bool) -> None:
        """Call this inside a command, because it reads the command's line. *several*: each answer has
        its own command line."""
        context = click.get_current_context()
        self._kind = context.command.name or ""
        self._call = Call(context)
        self._several = several
        self._keep = settings.output.no_redact
        self._parts: dict[str, list[str]] = {path: [] for path in settings.output.report_files}
        """File -> its text so far."""
        self._rows: list[IndexRow] = []
        self._groups: set[PartGroup] = set()
        self._full = 0

    def asked(self, report: Report) -> None:
        """Add one answer of `connect`. If it is shown in full, add the browsers' views of it."""
        full = self._is_full(report)
        report = self._seen(report) if full else report
        secrets = self._secrets()
        if secrets is not None:
            session = report.reading.session
            for frame in session.sent if session is not None else ():
                if frame.opcode < CLOSE:
                    secrets.message(frame.data)  # typed messages (--talk) are not in the plan
            report = redacted(report, secrets)
        script = script_of(report)
        # A relay and a page send no request by themselves, so no command repeats it.
        repeats = self._several and report.exchange.client is UNSET and script is None
        command = self._call.line(secrets, [report.asked]) if repeats else ""
        seen = () if script is None else [*opener(script, LOOK), *seen_by_script(report, script, LOOK)]
        self._add(replace(report_file.part(report, command, as_is=script is None, seen=seen), short=not full))

    def written(self) -> None:
        """Write the file of `connect`, or of what ``compared_alone`` added. Raises click.UsageError if the file
        cannot be written."""
        self._write(self._cover(self._secrets()))

    def compared(
        self,
        reports: Sequence[Report],
        groups: Sequence[Tellable],
        seen: Sequence[Sequence[installed.BrowserRun]],
    ) -> None:
        """Write the file of `compare`. *seen*: the results of installed browsers, for each report. Raises
        click.UsageError."""
        self._several = len(reports) > 1
        secrets = self._secrets()
        if secrets is not None:
            reports = [redacted(each, secrets) for each in reports]
            seen = [[redacted_found(each, secrets) for each in found] for found in seen]
        beside = [[line for each in found for line in seen_beside(each, LOOK)] for found in seen]
        for number, each in enumerate(reports):
            self._add(report_file.part(each, as_is=not each.answers, seen=beside[number] if beside else ()))
        cover = self._cover(secrets)
        if not any(each.views or each.verdicts for each in reports):
            cover = replace(cover, tables=(report_file.difference(reports),))
        self._write(replace(cover, apart=report_file.told_apart(reports, groups)))

    def compared_alone(self, report: Report) -> None:
        """Add one recording of `compare`, of more than can be held."""
        secrets = self._secrets()
        report = report if secrets is None else redacted(report, secrets)
        self._add(report_file.part(report, as_is=not report.answers))

    def traced(self, seen: Trace, choice: Choice) -> None:
        """Write the file of `trace`: the unchanged handshake in full, the others folded. Raises
        click.UsageError."""
        secrets = self._secrets()
        reports = {name: answer.report for name, answer in seen.answers.items()}
        reports["base"] = self._seen(reports["base"])
        if secrets is not None:
            reports = {name: redacted(each, secrets) for name, each in reports.items()}
            # Concluded from masked answers, so that no secret is quoted.
            start = replace(seen.start, plan=masked_plan(secrets, seen.start.plan))
            seen = Trace(start, {name: answer_of(each) for name, each in reports.items()})
        told = report_file.concluded(conclusions(seen), seen)
        self._write_trace(reports, seen, choice, told, self._cover(secrets))

    def audited(
        self, seen: Trace, choice: Choice, found: Sequence[Found], untested: Sequence[tuple[str, str]]
    ) -> None:
        """Write the file of `trace --audit`. *seen* and *found* are already masked. Raises click.UsageError."""
        reports = {name: answer.report for name, answer in seen.answers.items()}
        reports["base"] = self._seen(reports["base"])
        self._write_trace(
            reports, seen, choice, report_file.audited(found, untested), self._cover(self._secrets())
        )

    def _write_trace(
        self, reports: Mapping[str, Report], seen: Trace, choice: Choice, told: tuple[Told, ...], cover: Cover
    ) -> None:
        for name, each in reports.items():
            made = report_file.part(each, as_is=name == "base")
            summary = f"{name}: {seen.answers[name].result()}"
            heading = "The handshake as it was given" if name == "base" else summary
            self._add(replace(made, heading=heading, folded=name != "base"))
        table = report_file.changes(seen, choice)
        self._write(replace(cover, rows=tuple(self._rows[:1]), tables=(table,), told=told))

    def _seen(self, report: Report) -> Report:
        """*report* with the browsers' views of its answer."""
        if report.exchange.client is not UNSET:
            return as_client_saw(report, ALL)
        if script_of(report) is not None:
            # The view is that of the page's own browser, and needs an answer.
            return replace(report, views=()) if report.outcome == "blocked" else report
        page = recorded_page(Page(url=""), report)
        return replace(report, views=as_is(report, Readers(browsers=ALL, page=page)), page=page)

    def _secrets(self) -> Secrets | None:
        """The secrets of the command line; None if nothing is to be masked."""
        if self._keep:
            return None
        secrets = Secrets()
        self._call.learn(secrets)
        return secrets

    def _is_full(self, report: Report) -> bool:
        """Whether to show *report* in full: one of the first FULL, or the first of its group, for at most
        GROUPS groups."""
        group = report_file.row(report).group
        new = group not in self._groups and len(self._groups) < GROUPS
        self._groups.add(group)
        full = new or self._full < FULL
        self._full += full
        return full

    def _add(self, part: Part) -> None:
        self._rows.append(report_file.row(part.report, short=part.short))
        for path, parts in self._parts.items():
            parts.append(_form(path).part(part, len(self._rows) if self._several else 0))

    def _cover(self, secrets: Secrets | None) -> Cover:
        return Cover(
            kind=self._kind,
            command=self._call.line(secrets),
            made_with=made_with(),
            masked=not self._keep,
            rows=tuple(self._rows),
        )

    def _write(self, cover: Cover) -> None:
        for path, parts in self._parts.items():
            write_whole(path, _form(path).whole(cover, parts), "report", secret=self._keep)


def _form(path: str) -> ModuleType:
    return html if path.lower().endswith(".html") else markdown


def made_with() -> str:
    """The versions that a maintainer asks for first: of wsprobe, Python and the system."""
    return (
        f"wsprobe {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    )
