"""The work of ``wsprobe trace --audit``: send the handshake as strangers would, and print the weaknesses."""

from __future__ import annotations

from itertools import islice

import click
from msgspec.structs import replace

from wsprobe.cli import expect
from wsprobe.cli.files import write_whole
from wsprobe.cli.output import Finished
from wsprobe.cli.redacted import redacted
from wsprobe.cli.repeat_command import Call
from wsprobe.cli.settings import Settings
from wsprobe.cli.trace import TraceOutput
from wsprobe.cli.trace_settings import TraceSettings
from wsprobe.read.frames import messages_of
from wsprobe.report.outcome import Exit
from wsprobe.report.report import Report
from wsprobe.show import audit as show
from wsprobe.show.as_json import audit_value
from wsprobe.show.lines import Line, Look
from wsprobe.trace.audit import not_tested, weaknesses
from wsprobe.trace.audit_requests import AUDIT
from wsprobe.trace.audit_session import reference
from wsprobe.trace.conclusion import Conclusion
from wsprobe.trace.series import Choice
from wsprobe.trace.trace import Trace
from wsprobe.trace.weakness import Found, Weakness

PRIVATE = 12
"""Bytes of a message from which on it is masked: a shorter one, such as a ping, may occur in any text."""
LONGEST = 4096
"""Bytes of a message that are masked wherever they occur."""


class AuditOutput(TraceOutput):
    """Prints and saves an audit: masked, because it is about secrets and goes to others."""

    series = AUDIT
    masks = True
    expects = ("weakness",)
    _show_plan, _show_row = staticmethod(show.dry_run), staticmethod(show.row)

    def __init__(self, settings: Settings, own: TraceSettings) -> None:
        """Raises click.UsageError for a file that cannot be written."""
        super().__init__(settings, own)
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
        return [each for each in found if each.is_at_least(self._own.fail_on or "warning")]

    def end(self, seen: Trace, shown: Trace, choice: Choice) -> None:
        """The weaknesses, and the files of --report and --sarif."""
        if not self._reports:
            return
        found = tuple(map(self._hidden, weaknesses(seen)))
        untested = not_tested(seen)
        if self.settings.output.as_json:
            self._print(audit_value(self._reports, found, untested))
        else:
            self._emit(show.concluded(found, untested, shown, choice, self._look))
        if self._own.sarif is not None:
            text = show.sarif_text(found, untested, shown, self._own.sarif_artifact)
            write_whole(self._own.sarif, text, "sarif")
        if shown["base"] is not None and (file := self.report_file()) is not None:
            file.audited(shown, choice, found, untested)

    def _tested(self, base: Finished, seen: Trace) -> Finished:
        """Where nothing is expected, a weakness of the level of --fail-on fails the test."""
        if self.settings.expectations or reference(seen) is None:
            return base
        return replace(base, unmet=tuple(f"{each.level}: {each.id}" for each in self._failing(seen)))

    def _told(self, seen: Trace, shown: Trace, choice: Choice) -> list[Line]:
        found = tuple(map(self._hidden, weaknesses(seen)))
        return show.concluded(found, not_tested(seen), shown, choice, Look())

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
