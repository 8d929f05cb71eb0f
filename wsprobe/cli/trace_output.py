"""What ``wsprobe trace`` prints and keeps: a row for each answer as it arrives, then their common meaning; of
an audit the weaknesses, with secrets masked."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import islice

import click
from msgspec.structs import replace

from wsprobe.cli import expect
from wsprobe.cli.files import write_whole
from wsprobe.cli.output import Finished, Output, as_shown
from wsprobe.cli.redacted import redacted
from wsprobe.cli.repeat_command import Call
from wsprobe.cli.settings import Settings
from wsprobe.cli.streams import emit, look
from wsprobe.read.frames import messages_of
from wsprobe.recording.secrets import Secrets
from wsprobe.report.outcome import Exit
from wsprobe.report.report import Report
from wsprobe.show import audit as show_audit
from wsprobe.show import trace as show
from wsprobe.show.as_json import audit_value, trace_value
from wsprobe.show.audit import sarif_text
from wsprobe.show.contract import TraceJson
from wsprobe.show.json_text import json_line
from wsprobe.show.lines import Line, Look, plain
from wsprobe.trace.audit import not_tested, weaknesses
from wsprobe.trace.audit_session import reference
from wsprobe.trace.conclusion import Conclusion
from wsprobe.trace.conclusions import conclusions
from wsprobe.trace.series import Choice
from wsprobe.trace.trace import Trace, TraceRequest
from wsprobe.trace.weakness import Found, Level, Weakness


class TraceOutput(Output):
    """Prints and saves: a row for each answer as it arrives, and the conclusions at the end; or one JSON
    object."""

    def __init__(self, settings: Settings) -> None:
        """Raises click.UsageError for a file that cannot be written."""
        super().__init__(settings)
        self._look = look(sys.stdout, settings.output.color)
        self._waits = (
            sys.stderr.isatty()
            and self._look.terminal
            and not (settings.output.as_json or settings.output.silent)
        )
        self._reports: list[tuple[str, Report]] = []
        self._secrets = Secrets()
        """Those of all answers so far: not every request has the credentials that an answer may repeat."""

    @property
    def masks(self) -> bool:
        """Whether to mask secrets in the output."""
        return self.settings.output.redact

    def shown(self, report: Report) -> Report:
        """*report* in the form that may be shown: masked if ``masks``."""
        return as_shown(report, self.settings, self._secrets)

    def known(self, seen: Trace, shown: Trace) -> expect.Known:
        """The ids of the concluded causes."""
        return {each.id: expect.CONCLUDED for each in conclusions(shown)}

    def exit_status(self, base: Report, seen: Trace) -> int:
        """The exit status of *base*, the unchanged handshake."""
        return base.exit_status

    def dry_run(self, seen: Trace, choice: Choice) -> None:
        """Print the requests that may be sent."""
        url = seen.start.plan.target.url
        if self.masks:
            url = Secrets().url(url)
        self._emit(self._planned(url, seen, choice))

    def _planned(self, url: str, seen: Trace, choice: Choice) -> list[Line]:
        return show.dry_run(url, seen, choice, self._look)

    def asking(self, step: TraceRequest) -> None:
        """On a terminal, show which request is running."""
        if self._waits:
            sys.stderr.write(f"\r{step.name} ...\x1b[K")
            sys.stderr.flush()

    def answer(self, name: str, seen: Trace, report: Report) -> None:
        """Print the row of one answer, and append its recording to the file of --save."""
        named = replace(report.reading, exchange=replace(report.exchange, change=name))
        report = replace(report, reading=named)
        self._reports.append((name, report))
        self.keep(Finished(report, report))
        if self._waits:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
        if not self.settings.output.as_json:
            self._emit(self._row(name, seen))

    def _row(self, name: str, seen: Trace) -> list[Line]:
        return show.row(name, seen, self._look)

    def interrupted(self) -> None:
        """End the line on which the terminal has written ^C."""
        if sys.stderr.isatty():
            sys.stderr.write("\n")

    def end(self, seen: Trace, shown: Trace, choice: Choice) -> None:
        """Print the conclusions, if anything was sent, and write the file of --report."""
        if not self._reports:
            return
        found = conclusions(shown)
        if self.settings.output.as_json:
            self._print(trace_value(self._reports, found))
        else:
            self._emit(show.concluded(found, shown, choice, self._look))
        if shown["base"] is not None and (file := self.report_file("trace")) is not None:
            file.traced(shown, choice)

    def judged(self, base: Finished, seen: Trace, shown: Trace, choice: Choice) -> None:
        """Report the unmet conditions of --expect for the unchanged handshake, and write the file of
        --junit."""
        self.complain(base)
        self.test(base, plain(self._told(seen, shown, choice)))
        self.write_files()

    def _told(self, seen: Trace, shown: Trace, choice: Choice) -> list[Line]:
        """The meaning of the answers, as lines for a text file."""
        return show.concluded(conclusions(shown), shown, choice, Look())

    def _print(self, value: TraceJson) -> None:
        sys.stdout.writelines(json_line(value, self.settings.output.brief))
        sys.stdout.flush()

    def _emit(self, lines: Iterable[Line]) -> None:
        if self.settings.output.save != "-" and not self.settings.output.silent:
            emit(lines, sys.stdout, self._look)


PRIVATE = 12
"""Bytes of a message from which on it is masked: a shorter one, such as a ping, may occur in any text."""
LONGEST = 4096
"""Bytes of a message that are masked wherever they occur."""


class AuditOutput(TraceOutput):
    """Prints and saves an audit: masked, because it is about secrets and goes to others."""

    masks = True

    def __init__(self, settings: Settings, sarif: str | None, artifact: str | None, fail_on: Level) -> None:
        """*sarif*: the file of --sarif. *artifact*: that of --sarif-artifact. *fail_on*: the least level that
        fails. Raises click.UsageError for a file that cannot be written."""
        super().__init__(settings)
        self._sarif, self._artifact, self._fail_on = sarif, artifact, fail_on
        Call(click.get_current_context()).learn(self._secrets)

    def shown(self, report: Report) -> Report:
        """*report* with every secret of the command line and of the answers so far masked, and the messages of
        its session: each row would print what is for the user alone."""
        for message in islice(messages_of(report.reading)[0], 100):
            if len(message.data) >= PRIVATE:
                self._secrets.message(message.data[:LONGEST])
        return redacted(report, self._secrets)

    def known(self, seen: Trace, shown: Trace) -> expect.Known:
        """The weaknesses that were found, and their levels."""
        return {each.weakness.id: each.weakness.level for each in weaknesses(seen)}

    def exit_status(self, base: Report, seen: Trace) -> int:
        """1 if a weakness of the level of --fail-on was found, else 0; that of the handshake where it opens no
        session."""
        if reference(seen) is None:
            return base.exit_status
        return Exit.DIFFERENT if self._failing(seen) else Exit.OPEN

    def _failing(self, seen: Trace) -> list[Weakness]:
        """The weaknesses that fail the audit."""
        found = (each.weakness for each in weaknesses(seen))
        return [each for each in found if each.is_at_least(self._fail_on)]

    def end(self, seen: Trace, shown: Trace, choice: Choice) -> None:
        """The weaknesses, and the files of --report and --sarif."""
        if not self._reports:
            return
        found = tuple(map(self._hidden, weaknesses(seen)))
        untested = not_tested(seen)
        if self.settings.output.as_json:
            self._print(audit_value(self._reports, found, untested))
        else:
            self._emit(show_audit.concluded(found, untested, shown, choice, self._look))
        if self._sarif is not None:
            write_whole(self._sarif, sarif_text(found, untested, shown, self._artifact), "sarif")
        if shown["base"] is not None and (file := self.report_file("trace")) is not None:
            file.audited(shown, choice, found, untested)

    def judged(self, base: Finished, seen: Trace, shown: Trace, choice: Choice) -> None:
        """As of a trace. Where nothing is expected, a weakness of the level of --fail-on fails the test of
        --junit."""
        self.complain(base)
        failed = base.unmet
        if not self.settings.expectations and reference(seen) is not None:
            failed = tuple(f"{each.level}: {each.id}" for each in self._failing(seen))
        self.test(replace(base, unmet=failed), plain(self._told(seen, shown, choice)))
        self.write_files()

    def _told(self, seen: Trace, shown: Trace, choice: Choice) -> list[Line]:
        found = tuple(map(self._hidden, weaknesses(seen)))
        return show_audit.concluded(found, not_tested(seen), shown, choice, Look())

    def _hidden(self, found: Found) -> Found:
        """*found* with what it quotes of secrets masked."""
        conclusion = found.conclusion
        hide = self._secrets.echo_text
        hidden: Conclusion = replace(
            conclusion,
            text=hide(conclusion.text),
            sent=hide(conclusion.sent),
            came=hide(conclusion.came),
            fix=hide(conclusion.fix),
        )
        return replace(found, conclusion=hidden)

    def _planned(self, url: str, seen: Trace, choice: Choice) -> list[Line]:
        return show_audit.dry_run(url, seen, choice, self._look)

    def _row(self, name: str, seen: Trace) -> list[Line]:
        return show_audit.row(name, seen, self._look)
