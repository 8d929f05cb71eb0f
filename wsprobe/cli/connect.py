"""``wsprobe connect``: one handshake a URL; report exactly what came back."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from wsprobe.cli import expect
from wsprobe.cli.option import Command
from wsprobe.cli.options import (
    IGNORED,
    Settings,
    connection,
    expecting,
    ignored,
    many,
    output,
    own_output,
    own_request,
    request,
    session,
    settings,
    verdict,
)
from wsprobe.cli.places import UrlList, complete, sources
from wsprobe.cli.probe import probe_all
from wsprobe.cli.streams import check_writable, emit, look, note, save, write
from wsprobe.exchange import Event
from wsprobe.judge.finding import counted
from wsprobe.outcome import Exit
from wsprobe.report import Report
from wsprobe.visible import shown_text

if TYPE_CHECKING:
    from wsprobe.cli.report_file import ReportFile
    from wsprobe.cli.talk import Listener
    from wsprobe.show.lines import Look
    from wsprobe.show.verbose import Conversation

EXAMPLES = (
    ("wsprobe connect wss://chat.example/ws", "Why does this handshake fail?"),
    (
        "wsprobe connect --origin https://app.example wss://chat.example/ws",
        "Is it refused because of its Origin?",
    ),
    ("wsprobe connect --json @urls.txt | jq -r '[.url, .outcome] | @tsv'", "One line for each URL of a file:"),
    ("wsprobe connect --expect close=4401 wss://chat.example/ws", "In a script: does it close with 4401?"),
    ("wsprobe connect --report refused.html wss://chat.example/ws", "A page for a colleague, secrets masked:"),
    ("wsprobe connect lab:status-403", "Try it without a server:"),
)


def variables() -> list[tuple[str, str]]:
    """What --write-out fills in, and what each is."""
    from wsprobe.show.write_out import VARIABLES

    rows = [(f"%{{{name}}}", about) for name, (about, _) in VARIABLES.items()]
    return [*rows, ("%{header{NAME}}", "the value of this header of the answer; values are joined by ', '")]


TABLES = (("Variables of --write-out", variables),)


@click.command("connect", cls=Command, tables=TABLES, examples=EXAMPLES)
@click.argument("urls", nargs=-1, metavar="URL...", shell_complete=complete)
@request
@own_request
@connection
@session
@output
@own_output
@expecting
@verdict
@many
@ignored
def command(urls: tuple[str, ...], **values: Any) -> int:
    """Make one handshake and report exactly what came back.

    URL is ws://, wss:// (http:// and https:// are taken for them), or lab:NAME for a scenario of the
    built-in lab. @FILE reads URLs from a file, - from standard input, one a line; empty lines and lines
    that begin with # are left out.
    """
    if values["json_schema"]:
        from wsprobe.show.as_json import schema

        sys.stdout.write(schema())
        return 0
    if not urls:
        raise click.UsageError("no URL: name one, or @FILE, or - for standard input")
    said = settings(values)
    if any(each.what == "view" for each in said.expectations):
        raise click.UsageError("--expect: connect has no views; wsprobe compare --browser-mode has them")
    if said.verbose and not said.silent:
        for name in click.get_current_context().meta.get(IGNORED, ()):
            note(f"{name} means nothing here, and is ignored")
    places = sources(urls)
    several = len(places) > 1 or any(isinstance(each, UrlList) and each.several() for each in places)
    made = Output(said, several)
    with made:
        probe_all(places, said, made)
    return made.exit_status


class Output:
    """Prints and saves: takes events as they happen and reports in the order of the URLs; knows the exit status
    when all have come. Left as a context, it says what came of several URLs."""

    def __init__(self, settings: Settings, several: bool) -> None:
        """Raises click.UsageError for output options that exclude each other or name no writable file."""
        self.exit_status: int = Exit.OPEN
        self._settings = settings
        self._several = several
        self._out = look(sys.stdout, settings.color, settings.verbose)
        self._err = look(sys.stderr, settings.color, settings.verbose)
        self._first = True
        self._outcomes: Counter[str] = Counter()
        self._conversation: Conversation | None = None
        self._listener: Listener | None = None
        self._report_to, self._report_look = sys.stdout, self._out
        if settings.talk:
            self._talk()
        self._progress = Progress(self._err) if several and self._err.terminal and not settings.silent else None
        if settings.write_out is not None:
            _known(settings.write_out)
        if settings.body_to not in (None, "-") and several:
            raise click.UsageError("--output takes the body of one URL; with several, use --json")
        check_writable(settings.save, "save")
        check_writable(settings.body_to, "output")
        self._file: ReportFile | None = None
        if settings.report_to is not None:
            from wsprobe.cli.report_file import ReportFile  # the views and both forms, for those who ask

            self._file = ReportFile(settings, "connect", several)

    def _talk(self) -> None:
        """Where standard output is no terminal, it is for the messages, raw, and the report goes to standard
        error; unless an option such as --json has standard output for itself."""
        from wsprobe.cli.talk import Listener

        said = self._settings
        asked = said.as_json or said.include or said.write_out is not None or "-" in (said.body_to, said.save)
        if asked:
            self._listener = Listener(self._err, sys.stderr)
        elif self._out.terminal:
            self._listener = Listener(self._out, sys.stdout)
        else:
            self._listener = Listener(self._out, sys.stdout, raw=True)
            self._report_to, self._report_look = sys.stderr, self._err

    def __enter__(self) -> None: ...

    def __exit__(self, *raised: object) -> None:
        if self._progress is not None:
            self._progress.clear()
            note(f"{counted(self._outcomes.total(), 'URL')}: {self._summary()}")
        if self._file is not None and self._outcomes:
            self._write(self._file)

    def _write(self, file: ReportFile) -> None:
        """What cannot be written takes nothing from what was printed: one line says so."""
        try:
            file.written()
        except click.UsageError as error:
            note(error.format_message())
            self.exit_status = Exit.USAGE

    def _summary(self) -> str:
        return ", ".join(f"{count} {word}" for word, count in self._outcomes.most_common()) or "none was asked"

    def asking(self, under_way: int, left: int | None) -> None:
        """Tell a person how far it has come."""
        if self._progress is not None:
            self._progress.show(self._outcomes.total(), under_way, left)

    def unusable(self, text: str) -> None:
        """Name a line of a list that is no URL; the rest goes on."""
        if self._progress is not None:
            self._progress.clear()
        note(text)
        self.exit_status = Exit.USAGE

    def event(self, event: Event) -> None:
        """Show one event of the conversation (-v), and what comes in a session that is held (--talk)."""
        if self._listener is not None:
            self._listener.event(event)
        if self._settings.verbose and not self._settings.silent and not self._settings.redact:
            self._say(event)

    def _say(self, event: Event) -> None:
        if self._conversation is None:
            from wsprobe.show.verbose import Conversation

            self._conversation = Conversation(self._err)
        emit(self._conversation.event(event), sys.stderr, self._err)

    def report(self, report: Report) -> None:
        """Print and keep one report."""
        if self._settings.expectations:
            report = self._expected(report)
        as_it_came = report
        if self._settings.redact:  # judged, and held to what was expected, as it came
            from wsprobe.cli.masked import masked

            report = masked(report)
        if self.exit_status == Exit.OPEN:
            self.exit_status = report.exit_status
        self._outcomes[report.outcome] += 1
        if self._progress is not None:
            self._progress.clear()
        if self._settings.verbose and self._settings.redact and not self._settings.silent:
            # What a peer repeats of a secret is known when all has come: then it can be shown.
            for exchange in (*report.exchange.hops, report.exchange):
                for event in exchange.events:
                    self._say(event)
        self._print(report)
        if self._settings.save is not None:
            save(self._settings.save, [report.exchange])
        if self._file is not None:
            self._file.asked(as_it_came)

    def _expected(self, report: Report) -> Report:
        failed = expect.unmet(self._settings.expectations, report)
        if not self._settings.silent:
            for sentence in failed:
                note("an --expect is not met" if self._settings.redact else sentence)
        return replace(report, exit_status=int(Exit.UNEXPECTED if failed else Exit.OPEN))

    def _print(self, report: Report) -> None:
        said = self._settings
        asked = False
        if said.as_json:
            from wsprobe.show.as_json import brief, pieces, report_value

            value = report_value(report)
            sys.stdout.writelines(pieces(brief(value) if said.brief else value))
            sys.stdout.write("\n")
            asked = True
        if said.include:
            self._exactly(report)
            asked = True
        if said.body_to is not None:
            if said.body_to == "-":
                self._untouched(_body(report))
                asked = True
            else:
                write(said.body_to, _body(report), "output")
        if said.write_out is not None:
            from wsprobe.show import write_out

            sys.stdout.write(write_out.write_out(said.write_out, report))
            asked = True
        if not asked and not said.silent:
            self._report(report)
        elif not said.silent and not said.as_json and said.write_out is None:
            self._unanswered(report)
        sys.stdout.flush()

    def _report(self, report: Report) -> None:
        from wsprobe.show.lines import Piece, line
        from wsprobe.show.report import handshake

        lines = handshake(report, self._report_look)
        if self._several:
            lines = [*([] if self._first else [()]), line(Piece(shown_text(report.title), "title")), *lines]
        self._first = False
        emit(lines, self._report_to, self._report_look)

    def _unanswered(self, report: Report) -> None:
        """Bytes alone were asked for, and there are none: say why."""
        if not report.reading.responses:
            why = next((f.text for f in report.verdict.findings if f.level == "fail"), "")
            note(f"{shown_text(report.title)}: {report.outcome}" + (f": {why}" if why else ""))

    def _exactly(self, report: Report) -> None:
        reading = report.reading
        if reading.http2 is not None:
            from wsprobe.show.http2 import as_text

            self._untouched(as_text(reading) or reading.received)
            return
        whole = b"".join(r.head.raw + (r.body.raw if r.body else b"") for r in reading.responses)
        self._untouched(whole or reading.received)

    def _untouched(self, data: bytes) -> None:
        """Write what a peer sent to standard output: byte for byte, but made visible on a terminal."""
        if self._out.terminal:
            for each in data.splitlines():
                sys.stdout.write(self._out.text(each) + "\n")
        else:
            write("-", data, "output")


class Progress:
    """How far it has come, in one line of a terminal that is written over."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._shown = False

    def show(self, done: int, under_way: int, left: int | None) -> None:
        """*left*: how many are still to be asked; None where that is not known."""
        text = f"{done} done, {under_way} under way" + ("" if left is None else f", {left} to come")
        with suppress(OSError):
            sys.stderr.write(f"\r\x1b[K{text[: max(1, self._look.width - 1)]}")
            sys.stderr.flush()
        self._shown = True

    def clear(self) -> None:
        if self._shown:
            with suppress(OSError):
                sys.stderr.write("\r\x1b[K")
                sys.stderr.flush()
        self._shown = False


def _known(template: str) -> None:
    """Raises click.UsageError if *template* names what is no variable."""
    from wsprobe.show.write_out import unknown

    for name in unknown(template):
        raise click.UsageError(f"--write-out: no variable %{{{name}}}")


def _body(report: Report) -> bytes:
    final = report.reading.final
    return final.body.content if final is not None and final.body is not None else b""
