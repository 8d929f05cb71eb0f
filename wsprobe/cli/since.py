"""Two runs over a list, read from files: the URL and the result of each line.

A line of ``--json`` written by this version is used directly, also with ``--brief``. A recording, or a line of
another version, is judged again, so that a new rule does not look like a change of the server.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence

import click
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from wsprobe.cli.output import Output
from wsprobe.cli.recordings import RecordedLine, exchanges, lines
from wsprobe.cli.resume import EarlierAnswer, EarlierReport
from wsprobe.cli.settings import Settings
from wsprobe.cli.streams import emit, look
from wsprobe.exchange import SECOND
from wsprobe.recording.archive import CUT
from wsprobe.recording.secrets import Secrets
from wsprobe.report.outcome import STATUS_OF, Exit
from wsprobe.report.report import Report, report
from wsprobe.report.state import LONGEST, State
from wsprobe.report.two_runs import WORSE, Comparison, Kind, Standing, TwoRuns, UrlChange, standing_of, url_of
from wsprobe.show.as_json import comparison_value
from wsprobe.show.json_text import json_line
from wsprobe.show.two_runs import NO_TIMES, RunTime, cases, two_runs
from wsprobe.version import __version__


class _Answer(EarlierAnswer):
    headers: tuple[tuple[str, str], ...] = ()

    def values(self, name: str) -> str:
        found = (value for each, value in self.headers if each.lower() == name)
        return ", ".join(found)[:LONGEST]


class _Cause(Struct):
    id: str


class _Close(Struct):
    code: int | None = None
    by: str = ""


class _Line(EarlierReport, kw_only=True):
    """The members of a ``--json`` line that are compared."""

    wsprobe: str
    worker: str = ""
    response: _Answer | None = None
    http: str = ""
    causes: tuple[_Cause, ...] = ()
    close: _Close | None = None
    exchange: msgspec.Raw = msgspec.Raw()

    @property
    def title(self) -> str:
        """The URL, in the form of ``two_runs.url_of``."""
        return f"{self.given} from {self.worker}" if self.worker else self.given

    @property
    def standing(self) -> Standing:
        answer = self.response or _Answer()
        close = self.close if self.close is not None and self.close.by == "server" else None
        state = State(
            outcome=self.outcome,
            status="" if answer.status is None else str(answer.status),
            http=self.http,
            protocol=answer.values("sec-websocket-protocol"),
            extensions=answer.values("sec-websocket-extensions"),
            close="" if close is None else "none" if close.code is None else str(close.code),
            findings=tuple(sorted(self.faults)),
        )
        return Standing(state, self.causes[0].id if self.causes else "")


_decode = msgspec.json.Decoder(_Line).decode


def standing_in(line: RecordedLine) -> tuple[str, Standing]:
    """The URL and the result in *line*. Raises click.UsageError for a line without a recording."""
    try:
        found = _decode(line.data)
    except (msgspec.DecodeError, RecursionError):
        found = _Line(url="", outcome="", wsprobe="")  # not a report, but perhaps a recording
    if found.outcome in STATUS_OF and (found.wsprobe == __version__ or not found.exchange):
        return found.title, found.standing
    of = report(exchanges(line)[0])  # of a trace: the unchanged handshake
    of = replace(of, name=found.name or of.name)
    return url_of(of), standing_of(of)


def compare_runs(old: Iterable[RecordedLine], new: Iterable[RecordedLine], settings: Settings) -> int:
    """Print what changed between two runs; returns 0 if nothing changed, otherwise 1.

    Raises click.UsageError.
    """
    for option, value in (
        ("--expect", bool(settings.expectations)),
        ("--save", settings.output.save is not None),
        ("--har", settings.output.har is not None),
        ("--report", bool(settings.output.report_files)),
        ("--cluster", settings.cluster is not None),
    ):
        if value:
            raise click.UsageError(
                f"{option} is for handshakes, and two files with several recordings are compared as two runs "
                "over a list; leave it out, or name one file"
            )
    runs = TwoRuns()
    for each in old:
        runs.before(*standing_in(each))
    for each in new:
        runs.now(*standing_in(each))
    compared = runs.compared()
    output = Output(settings)
    tell(compared, output, frozenset(Kind))
    output.write_files()
    return Exit.DIFFERENT if compared.changes else Exit.OPEN


_URL = rb'"url":"((?:[^"\\\\]|\\\\.)*)"'
_NAMED = rb'"(?:name|worker|change)":"(?:[^"\\\\]|\\\\.)*"'
_TAIL = 4096
"""The last bytes of a line, in which a recording has its name and worker."""


def _target_in(line: bytes) -> tuple[bytes, ...]:
    """What distinguishes the URLs of lines, found without reading them: a file grows by every run, and only the
    last line of a URL counts."""
    url = re.search(_URL, line)
    return (line if url is None else url[1], *re.findall(_NAMED, line[-_TAIL:]))


class Since:
    """The run in the file of --since, and the current run."""

    def __init__(self, path: str, *, begun_here: bool) -> None:
        """*begun_here*: the run is saved in the same file, which may have no recording yet.

        Raises click.UsageError if the file cannot be read, or has no recording.
        """
        self._runs = TwoRuns()
        self._times: dict[str, RunTime] = {}
        latest: dict[tuple[bytes, ...], list[RecordedLine]] = {}
        for each in lines(path):
            kept = latest.setdefault(_target_in(each.data), [])
            kept[:] = [*kept[-1:], each]
        for kept in latest.values():
            self._take_before(kept)
        if not latest and not begun_here:
            raise click.UsageError(f"--since: {path}: there is no recording in it")

    def _take_before(self, kept: Sequence[RecordedLine]) -> None:
        """Take the last line of a URL; the one before if the last is cut off, as by a power failure."""
        for each in reversed(kept):
            try:
                self._runs.before(*standing_in(each))
                return
            except click.UsageError as error:
                if CUT not in error.message and each.data.rstrip().endswith(b"}"):
                    raise
                click.echo(f"--since: {each.where}: cut off before its end, left out", err=True)

    def take(self, report: Report) -> None:
        """Add a result of the current run."""
        url, events = url_of(report), report.exchange.events
        self._runs.now(url, standing_of(report))
        self._times[url] = events[-1].at / SECOND if events else 0.0, report.exchange.started

    def finish(self, output: Output) -> bool:
        """Print what changed; returns whether anything got worse. URLs that only the file has are not a
        change."""
        compared = self._runs.compared(missing=False)
        tell(compared, output, WORSE, self._times)
        return compared.worse


def tell(
    of: Comparison, output: Output, failing: frozenset[Kind], times: Mapping[str, RunTime] = NO_TIMES
) -> None:
    """Print *of* as text, or as one JSON object (nothing with -s), and add each URL to --junit as a test that
    fails if its kind of change is one of *failing*. *times*: of the URLs of the current run."""
    settings = output.settings
    if settings.output.redact:
        secrets = Secrets()
        times = {secrets.url(url): each for url, each in times.items()}
        of = _masked(of)
    if output.junit is not None:
        for case in cases(of, failing, times):
            output.junit.add(case)
    if settings.output.silent:
        return
    if settings.output.as_json:
        sys.stdout.writelines(json_line(comparison_value(of)))
        return
    emit(two_runs(of), sys.stdout, look(sys.stdout, settings.output.color))


def _masked(of: Comparison) -> Comparison:
    """*of* with secrets masked in its URLs and subprotocols."""
    secrets = Secrets()

    def standing(of: Standing | None) -> Standing | None:
        if of is None:
            return None
        return replace(of, state=replace(of.state, protocol=secrets.protocols(of.state.protocol)))

    def change(of: UrlChange) -> UrlChange:
        return replace(of, url=secrets.url(of.url), old=standing(of.old), new=standing(of.new))

    return replace(of, unchanged=tuple(map(secrets.url, of.unchanged)), changes=tuple(map(change, of.changes)))
