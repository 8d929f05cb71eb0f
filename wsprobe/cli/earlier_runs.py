"""Earlier runs over a list, read from files: what of the list is done (--resume), and what changed
(--since, and `compare` of two files).

A line of ``--json`` written by this version is used directly, also with ``--brief``. A recording, or a line of
another version, is judged again, so that a new rule does not look like a change of the server.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from hashlib import blake2b

import click
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from wsprobe.cli.files import private, write_all
from wsprobe.cli.option import usage_error
from wsprobe.cli.output import Output
from wsprobe.cli.recordings import RecordedLine, exchanges, lines
from wsprobe.cli.settings import Settings
from wsprobe.cli.streams import emit, look
from wsprobe.exchange import SECOND
from wsprobe.recording.archive import CUT
from wsprobe.recording.secrets import Secrets
from wsprobe.report.outcome import STATUS_OF, Exit
from wsprobe.report.report import Report, report
from wsprobe.report.state import (
    LONGEST,
    WORSE,
    Comparison,
    Kind,
    Standing,
    State,
    TwoRuns,
    UrlChange,
    standing_of,
    url_of,
)
from wsprobe.show.as_json import comparison_value
from wsprobe.show.causes import Fact, Tally
from wsprobe.show.json_text import json_line
from wsprobe.show.state import NO_TIMES, RunTime, cases, two_runs
from wsprobe.version import __version__

BEGIN = b'{"format":1,"wsprobe":"'
"""The beginning of every line of ``connect --json``."""


class EarlierAnswer(Struct):
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()

    def values(self, name: str) -> str:
        found = (value for each, value in self.headers if each.lower() == name)
        return ", ".join(found)[:LONGEST]


class EarlierHop(Struct):
    url: str


class EarlierFinding(Struct):
    id: str
    level: str = ""


class EarlierCause(Struct):
    id: str


class EarlierClose(Struct):
    code: int | None = None
    by: str = ""


class EarlierReport(Struct):
    """A report of an earlier run, as a line of ``--json`` has it: the members that name its URL, and those that
    are counted or compared. Others are skipped."""

    url: str
    outcome: str
    exit_status: int
    wsprobe: str = ""
    name: str | None = None
    worker: str = ""
    http: str = ""
    response: EarlierAnswer | None = None
    hops: tuple[EarlierHop, ...] = ()
    findings: tuple[EarlierFinding, ...] = ()
    causes: tuple[EarlierCause, ...] = ()
    close: EarlierClose | None = None
    exchange: msgspec.Raw = msgspec.Raw()

    @property
    def given(self) -> str:
        """The URL as written in the list."""
        return self.name or (self.hops[0].url if self.hops else self.url)

    @property
    def title(self) -> str:
        """The URL, in the form of ``two_runs.url_of``."""
        return f"{self.given} from {self.worker}" if self.worker else self.given

    @property
    def faults(self) -> tuple[str, ...]:
        """The ids of the findings without notes, each once."""
        return tuple(dict.fromkeys(each.id for each in self.findings if each.level != "note"))

    @property
    def fact(self) -> Fact:
        return Fact(self.outcome, None if self.response is None else self.response.status, self.faults)

    @property
    def standing(self) -> Standing:
        answer = self.response or EarlierAnswer()
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


_decode = msgspec.json.Decoder(EarlierReport).decode


class Resume:
    """The open file of --resume: one report a line, and so which URLs of the list are already done.

    Each line is written at once, so a line with an end is whole; a line cut by a power failure, SIGKILL or a
    full disk is removed. A lock keeps a second run out as long as the first run has the file open.
    """

    def __init__(self, path: str, tally: Tally) -> None:
        """Open or create the file, and count its reports in *tally*. Raises click.UsageError for an unusable
        file, which then stays unchanged."""
        self.path = path
        self._asked: set[bytes] = set()
        self.exit_status = 0
        """The first exit status in the file that is not 0."""
        self.before = 0
        """Number of reports in the file when it was opened."""
        self.twice = 0
        """Number of URLs skipped because they occur earlier in the list."""
        if path == "-":
            raise self._wrong("not an ordinary file")
        with usage_error(OSError, where=f"--resume: {path}"):
            # Reports contain what was sent, credentials too.
            self._file = private(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
            try:
                if not stat.S_ISREG(os.fstat(self._file).st_mode):
                    raise self._wrong("not an ordinary file")
                self._lock()
                self._end = self._read(tally)
                os.ftruncate(self._file, self._end)
            except BaseException:
                os.close(self._file)
                raise
        self._old = frozenset(self._asked)

    def _wrong(self, why: str) -> click.UsageError:
        return click.UsageError(f"--resume: {self.path}: {why}")

    def _lock(self) -> None:
        try:
            import fcntl  # Windows has none
        except ImportError:
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise self._wrong("another run of wsprobe has it open, and would try the same URLs") from None

    def _read(self, tally: Tally) -> int:
        """Read every line, and count it in *tally*; returns the offset of the end of the last whole line."""
        end = 0
        with open(self._file, "rb", closefd=False) as file:
            for number, each in enumerate(file, 1):
                try:
                    if not each.endswith(b"\n"):
                        # After a power failure, a file system may fill the rest of the line with NUL bytes.
                        begun = each.rstrip(b"\0") if self.before else each
                        if begun.strip() and begun[: len(BEGIN)] != BEGIN[: len(begun)]:
                            raise ValueError("not the beginning of a report")
                        break  # a cut line: its URL is probed again
                    if not each.strip():
                        end += len(each)  # a blank line, from an editor or from joined files
                        continue
                    earlier = _decode(each)
                    if earlier.outcome not in STATUS_OF:
                        raise ValueError(earlier.outcome)
                except (ValueError, RecursionError):
                    raise self._wrong(
                        f"line {number} is not a report of connect --json; the file is unchanged"
                    ) from None
                end += len(each)
                self._asked.add(_key(earlier.given))
                self.before += 1
                self.exit_status = self.exit_status or earlier.exit_status
                tally.add(earlier.fact, before=True)
        return end

    def wants(self, text: str) -> bool:
        """Whether to probe *text*, a URL as written in the list. From then on it counts as done."""
        key = _key(text)
        if key not in self._asked:
            self._asked.add(key)
            return True
        self.twice += key not in self._old
        return False

    def write(self, line: bytes) -> None:
        """Append a report, with its line end. Raises click.UsageError if that fails; all earlier lines stay
        whole."""
        try:
            write_all(partial(os.write, self._file), line)
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._file, self._end)
            raise self._wrong(
                f"{error.strerror}; the results in it are complete; the same command continues from there"
            ) from None
        self._end += len(line)

    def close(self) -> None:
        os.close(self._file)


def _key(text: str) -> bytes:
    """A hash of *text* in 16 bytes, so that a million URLs take less than 100 MiB."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def standing_in(line: RecordedLine) -> tuple[str, Standing]:
    """The URL and the result in *line*. Raises click.UsageError for a line without a recording."""
    try:
        found = _decode(line.data)
    except (msgspec.DecodeError, RecursionError):
        found = EarlierReport(
            url="", outcome="", wsprobe="", exit_status=0
        )  # not a report, but perhaps a recording
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
