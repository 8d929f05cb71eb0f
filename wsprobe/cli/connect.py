"""``wsprobe connect``: one handshake a URL; report exactly what came back."""

from __future__ import annotations

import sys
from typing import IO, TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from wsprobe.cli import expect
from wsprobe.cli.option import Command
from wsprobe.cli.options import (
    Settings,
    connection,
    output,
    own_output,
    own_request,
    request,
    session,
    settings,
    verdict,
)
from wsprobe.cli.places import complete, expand
from wsprobe.cli.probe import probe_all
from wsprobe.cli.streams import emit, look, note
from wsprobe.exchange import Event
from wsprobe.outcome import Exit
from wsprobe.report import Report

if TYPE_CHECKING:
    from wsprobe.show.verbose import Conversation

EXAMPLES = (
    ("wsprobe connect wss://chat.example/ws", "Why does this handshake fail?"),
    (
        "wsprobe connect --origin https://app.example wss://chat.example/ws",
        "Is it refused because of its Origin?",
    ),
    ("wsprobe connect --json @urls.txt | jq -r '[.url, .outcome] | @tsv'", "One line for each URL of a file:"),
    ("wsprobe connect --expect close=4401 wss://chat.example/ws", "In a script: does it close with 4401?"),
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
@verdict
def command(urls: tuple[str, ...], **values: Any) -> int:
    """Make one handshake and report exactly what came back.

    URL is ws://, wss:// (http:// and https:// are taken for them), or lab:NAME for a scenario of the
    built-in lab. @FILE reads URLs from a file, - from standard input, one a line.
    """
    if values["json_schema"]:
        from wsprobe.show.as_json import schema

        sys.stdout.write(schema())
        return 0
    if not urls:
        raise click.UsageError("no URL: name one, or @FILE, or - for standard input")
    said = settings(values)
    names = expand(urls)
    made = Output(said, several=len(names) > 1)
    probe_all(names, said, made.event, made.report)
    return made.exit_status


class Output:
    """Prints and saves: takes events as they happen and reports in the order of the URLs; knows the exit status
    when all have come."""

    def __init__(self, settings: Settings, several: bool) -> None:
        """Raises click.UsageError for output options that exclude each other or name no writable file."""
        self.exit_status: int = Exit.OPEN
        self._settings = settings
        self._several = several
        self._out = look(sys.stdout, settings.color, settings.verbose)
        self._err = look(sys.stderr, settings.color, settings.verbose)
        self._first = True
        self._conversation: Conversation | None = None
        self._listener = None
        if settings.talk:
            from wsprobe.cli.talk import Listener

            # Standard output may be spoken for: by JSON, by the user's own format, by bytes.
            asked = settings.as_json or settings.include or settings.write_out is not None
            asked = asked or "-" in (settings.body_to, settings.save)
            self._listener = Listener(self._err, sys.stderr) if asked else Listener(self._out, sys.stdout)
        if settings.write_out is not None:
            _known(settings.write_out)
        if settings.body_to not in (None, "-") and several:
            raise click.UsageError("--output takes the body of one URL; with several, use --json")
        _writable(settings.save, "save")
        _writable(settings.body_to, "output")

    def event(self, event: Event) -> None:
        """Show one event of the conversation (-v), and what comes in a session that is held (--talk)."""
        if self._listener is not None:
            self._listener.event(event)
        if self._settings.verbose and not self._settings.silent:
            if self._conversation is None:
                from wsprobe.show.verbose import Conversation

                self._conversation = Conversation(self._err)
            emit(self._conversation.event(event), sys.stderr, self._err)

    def report(self, report: Report) -> None:
        """Print and keep one report."""
        if self._settings.expectations:
            report = self._expected(report)
        if self.exit_status == Exit.OPEN:
            self.exit_status = report.exit_status
        if self._settings.save:
            from wsprobe import archive

            _write(self._settings.save, archive.dump(report.exchange).encode() + b"\n", append=True)
        self._print(report)

    def _expected(self, report: Report) -> Report:
        failed = expect.unmet(self._settings.expectations, report)
        if not self._settings.silent:
            for sentence in failed:
                note(sentence.encode("unicode_escape").decode())
        return replace(report, exit_status=int(Exit.UNEXPECTED if failed else Exit.OPEN))

    def _print(self, report: Report) -> None:
        asked = False
        if self._settings.as_json:
            from wsprobe.show.as_json import pieces, report_value

            sys.stdout.writelines(pieces(report_value(report)))
            sys.stdout.write("\n")
            asked = True
        if self._settings.include:
            self._exactly(report)
            asked = True
        if self._settings.body_to is not None:
            if self._settings.body_to == "-":
                self._untouched(_body(report))
            else:
                _write(self._settings.body_to, _body(report))
            asked = asked or self._settings.body_to == "-"
        if self._settings.write_out is not None:
            from wsprobe.show import write_out

            sys.stdout.write(write_out.write_out(self._settings.write_out, report))
            asked = True
        if not asked and not self._settings.silent:
            self._report(report)
        elif not self._settings.silent and not self._settings.as_json and self._settings.write_out is None:
            self._unanswered(report)
        sys.stdout.flush()

    def _report(self, report: Report) -> None:
        from wsprobe.show.lines import Piece, line
        from wsprobe.show.report import handshake
        from wsprobe.visible import visible

        lines = handshake(report, self._out)
        if self._several:
            title = visible(report.title.encode())
            lines = [*([] if self._first else [()]), line(Piece(title, "title")), *lines]
        self._first = False
        emit(lines, sys.stdout, self._out)

    def _unanswered(self, report: Report) -> None:
        """Bytes alone were asked for, and there are none: say why."""
        from wsprobe.visible import visible

        if not report.reading.responses:
            why = next((f.text for f in report.verdict.findings if f.level == "fail"), "")
            note(f"{visible(report.title.encode())}: {report.outcome}" + (f": {why}" if why else ""))

    def _exactly(self, report: Report) -> None:
        reading = report.reading
        whole = b"".join(r.head.raw + (r.body.raw if r.body else b"") for r in reading.responses)
        self._untouched(whole or reading.received)

    def _untouched(self, data: bytes) -> None:
        """Write what a peer sent to standard output: byte for byte, but made visible on a terminal."""
        if self._out.terminal:
            for each in data.splitlines():
                sys.stdout.write(self._out.text(each) + "\n")
        else:
            _write("-", data)


def _known(template: str) -> None:
    """Raises click.UsageError if *template* names what is no variable."""
    from wsprobe.show.write_out import unknown

    for name in unknown(template):
        raise click.UsageError(f"--write-out: no variable %{{{name}}}")


def _body(report: Report) -> bytes:
    final = report.reading.final
    return final.body.content if final is not None and final.body is not None else b""


def _writable(path: str | None, name: str) -> None:
    if path in (None, "-"):
        return
    try:
        _open(path, append=True).close()
    except OSError as error:
        raise click.UsageError(f"--{name}: {path}: {error.strerror}") from None


def _open(path: str | None, append: bool) -> IO[bytes]:
    assert path is not None
    return open(path, "ab" if append else "wb")


def _write(path: str, data: bytes, append: bool = False) -> None:
    if path == "-":
        sys.stdout.flush()
        rest = memoryview(data)
        while rest:  # with PYTHONUNBUFFERED there is no buffer that tries again after a part
            rest = rest[sys.stdout.buffer.write(rest) :]
        return
    with _open(path, append) as file:
        file.write(data)
