"""The file of --resume: one report a line, and so which URLs of the list are already done.

Each line is written at once, so a line with an end is whole; a line cut by a power failure, SIGKILL or a full
disk is removed. A lock keeps a second run out as long as the first run has the file open.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from hashlib import blake2b

import click
import msgspec
from msgspec import Struct

from wsprobe.cli.files import private
from wsprobe.report.outcome import STATUS_OF
from wsprobe.show.summary import Fact, Tally

BEGIN = b'{"format":1,"wsprobe":"'
"""The beginning of every line of ``connect --json``."""


class EarlierAnswer(Struct):
    status: int | None = None


class EarlierHop(Struct):
    url: str


class EarlierFinding(Struct):
    id: str
    level: str = ""


class EarlierReport(Struct):
    """A report of an earlier run, as a line of ``--json`` has it: the members that name its URL and its
    result. Others are skipped."""

    url: str
    outcome: str
    name: str | None = None
    response: EarlierAnswer | None = None
    hops: tuple[EarlierHop, ...] = ()
    findings: tuple[EarlierFinding, ...] = ()

    @property
    def given(self) -> str:
        """The URL as written in the list."""
        return self.name or (self.hops[0].url if self.hops else self.url)

    @property
    def faults(self) -> tuple[str, ...]:
        """The ids of the findings without notes, each once."""
        return tuple(dict.fromkeys(each.id for each in self.findings if each.level != "note"))


class _Line(EarlierReport, kw_only=True):
    exit_status: int

    def fact(self) -> Fact:
        return Fact(self.outcome, None if self.response is None else self.response.status, self.faults)


class Resume:
    """The open file of --resume."""

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
        try:
            # Reports contain what was sent, credentials too.
            self._file = private(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0))
        except (OSError, ValueError) as error:
            raise self._wrong(error) from None
        try:
            if not stat.S_ISREG(os.fstat(self._file).st_mode):
                raise self._wrong("not an ordinary file")
            self._lock()
            self._end = self._read(tally)
            os.ftruncate(self._file, self._end)
        except OSError as error:
            os.close(self._file)
            raise self._wrong(error) from None
        except BaseException:
            os.close(self._file)
            raise
        self._old = frozenset(self._asked)

    def _wrong(self, error: OSError | ValueError | str) -> click.UsageError:
        if isinstance(error, ValueError):
            error = "no file can have that name"
        return click.UsageError(f"--resume: {self.path}: {error if isinstance(error, str) else error.strerror}")

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
        decode = msgspec.json.Decoder(_Line).decode
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
                    earlier = decode(each)
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
                tally.add(earlier.fact(), before=True)
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
        rest = memoryview(line)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
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
