"""Standard output and standard error: what they can take, and how lines are written to them."""

from __future__ import annotations

import codecs
import errno
import io
import os
import shutil
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from typing import IO, TYPE_CHECKING, Literal

import click

from wsprobe.show.lines import Line, Look, plain, shortened
from wsprobe.visible import printable

if TYPE_CHECKING:
    from wsprobe.net.queued_output import QueuedOutput

Color = Literal["auto", "always", "never"]


def prepare() -> None:
    """Make the three standard streams usable, whatever the shell left of them.

    A descriptor that is closed is taken, so that no socket gets its number: standard input is empty then,
    standard output cannot be written, standard error swallows. What an encoding lacks is written as an escape.
    """
    if sys.stdin is None:
        sys.stdin = _stand_in(0, os.O_RDONLY, "r")
    if sys.stdout is None:
        sys.stdout = _stand_in(1, os.O_RDONLY, "w")
    if sys.stderr is None:
        sys.stderr = _stand_in(2, os.O_WRONLY, "w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors in ("strict", "surrogateescape"):
            stream.reconfigure(errors="wsprobe")


def _stand_in(number: int, flags: int, mode: Literal["r", "w"]) -> IO[str]:
    opened = os.open(os.devnull, flags)
    if opened != number:
        os.dup2(opened, number)
        os.close(opened)
    return open(number, mode, encoding="utf-8", closefd=False)


def _escaped(error: UnicodeError) -> tuple[str | bytes, int]:
    """Bytes that were no UTF-8 on the command line as those bytes; all else that cannot be encoded escaped."""
    assert isinstance(error, UnicodeEncodeError)
    text = error.object[error.start : error.end]
    if all(0xDC80 <= ord(each) <= 0xDCFF for each in text):
        return bytes(ord(each) - 0xDC00 for each in text), error.end
    return codecs.backslashreplace_errors(error)


codecs.register_error("wsprobe", _escaped)


def forget_output() -> None:
    """Send what is still buffered, and can go nowhere, to nowhere: the flush at exit is quiet then."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def look(stream: IO[str], color: Color = "auto", verbose: int | None = None) -> Look:
    """What *stream* can take, by the environment and by --color. *verbose*: how often -v was given; None where
    the command has no -v."""
    terminal = stream.isatty()
    wanted = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    encoding = (getattr(stream, "encoding", "") or "").lower().replace("_", "-")
    return Look(
        width=shutil.get_terminal_size().columns,
        terminal=terminal,
        color=color == "always" or (color == "auto" and wanted),
        unicode=encoding in ("utf-8", "utf8"),
        verbose=verbose or 0,
        verbosity=verbose is not None,
    )


def emit(lines: Iterable[Line], stream: IO[str], of: Look) -> None:
    """Write lines to *stream*, painted if it takes colour."""
    with ignore_broken_pipe() if stream is sys.stderr else nullcontext():
        _emit(map(shortened, lines), stream, of)


def write_json(value: object) -> None:
    """Print *value* as one line of JSON in ASCII."""
    import json  # only for those who ask for it

    sys.stdout.write(json.dumps(value, ensure_ascii=True, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def _emit(lines: Iterable[Line], stream: IO[str], of: Look) -> None:
    if of.color:
        from wsprobe.show.paint import paint  # rich, only in colour

        paint(lines, stream, of)
    else:
        stream.write(plain(lines))
    stream.flush()


def note(text: str) -> None:
    """Write a word about the call itself to standard error. Where nobody can read it, that is no failure."""
    with ignore_broken_pipe():
        sys.stderr.write(f"wsprobe: {printable(text)}\n")
        sys.stderr.flush()


@contextmanager
def ignore_broken_pipe() -> Iterator[None]:
    """Let standard error fail: a word that nobody can read is no failure, and neither are those after it."""
    try:
        yield
    except OSError:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


@contextmanager
def queued_streams() -> Iterator[Sequence[QueuedOutput]]:
    """While this stands, standard output and standard error take all at once where they are pipes; yields what
    they wait in. At the end what still waits is written as long as somebody reads it."""
    from wsprobe.net.queued_output import QueuedOutput  # trio, only for a command that runs until ^C

    before = sys.stdout, sys.stderr
    queued: dict[tuple[int, int], QueuedOutput] = {}
    for name, stream in (("stdout", sys.stdout), ("stderr", sys.stderr)):
        pipe = _pipe(stream)
        if pipe is not None:  # both may be the same one (2>&1), and then what is written keeps its order
            if pipe not in queued:
                queued[pipe] = QueuedOutput(stream.fileno())
            wrapped = io.TextIOWrapper(io.BufferedWriter(queued[pipe]), stream.encoding, stream.errors)
            setattr(sys, name, wrapped)
    try:
        yield tuple(queued.values())
    finally:
        with suppress(OSError):  # whoever wrote to it knows
            sys.stdout.flush()
            sys.stderr.flush()
        sys.stdout, sys.stderr = before
        left = {pipe: queue.finish() for pipe, queue in queued.items()}
        if any(left.values()) and not left.get(_pipe(sys.stderr) or (0, 0)):
            note(f"the last {sum(left.values())} bytes of the output are lost: nothing read them")


def _pipe(stream: IO[str]) -> tuple[int, int] | None:
    """What tells the pipe that *stream* writes to from others; None if it is none."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):  # a stream of whoever runs us inside Python
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISFIFO(status.st_mode) else None


def check_writable(path: str | None, option: str, *, private: bool = False) -> None:
    """Raises click.UsageError, before anything is asked, if the file of --*option* cannot be written.

    *private*: where it is made, it is for nobody else.
    """
    if path is None or path == "-":
        return
    try:
        open(path, "ab", opener=_private if private else None).close()
    except OSError as error:
        raise click.UsageError(f"--{option}: {path}: {error.strerror}") from None


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


def write_whole(path: str, pieces: Iterable[str], option: str, *, private: bool = False) -> None:
    """Write text to the file at *path* so that it is there as a whole, or is what it was before.

    *private*: where it is new, it is for nobody else.

    Raises click.UsageError if it cannot be written.
    """
    path = os.path.realpath(path)
    beside = f"{path}.{os.getpid()}.part"
    try:
        try:
            opener = _private if private else None
            with open(beside, "x", encoding="utf-8", newline="\n", opener=opener) as file:
                file.writelines(pieces)
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileNotFoundError):
                os.chmod(beside, stat.S_IMODE(os.stat(path).st_mode))
            os.replace(beside, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(beside)
            raise
    except OSError as error:
        raise click.UsageError(f"--{option}: {path}: {error.strerror}") from None


def check_replaceable(path: str, option: str) -> None:
    """Raises click.UsageError, before anything is asked, if `write_whole` could not write *path*."""
    path = os.path.realpath(path)
    if os.path.isdir(path):
        raise click.UsageError(f"--{option}: {path}: {os.strerror(errno.EISDIR)}")
    beside = f"{path}.{os.getpid()}.part"
    try:
        open(beside, "x").close()
        os.unlink(beside)
    except OSError as error:
        raise click.UsageError(f"--{option}: {path}: {error.strerror}") from None


def write(path: str, data: bytes, option: str, append: bool = False) -> None:
    """Write *data* to the file at *path*; - is standard output. Raises click.UsageError if it cannot be."""
    if path == "-":
        sys.stdout.flush()
        rest = memoryview(data)
        while rest:  # with PYTHONUNBUFFERED there is no buffer that tries again after a part
            rest = rest[sys.stdout.buffer.write(rest) :]
        return
    try:
        if append:
            _append(path, data)
            return
        with open(path, "wb") as file:
            file.write(data)
    except OSError as error:
        raise click.UsageError(f"--{option}: {path}: {error.strerror}") from None


def _append(path: str, lines: bytes) -> None:
    """Append whole *lines*: all of them, or nothing where the disk is full. What an earlier run left cut in the
    middle of a line stays a line of its own. Raises OSError."""
    with open(path, "ab", buffering=0) as file:
        kept = os.fstat(file.fileno())
        end = kept.st_size if stat.S_ISREG(kept.st_mode) else 0
        rest = memoryview(b"\n" + lines if end and _cut(path) else lines)
        try:
            while rest:
                rest = rest[file.write(rest) :]
        except OSError:
            if stat.S_ISREG(kept.st_mode):
                os.truncate(file.fileno(), end)
            raise


def _cut(path: str) -> bool:
    """Whether the file at *path*, which is not empty, ends without a line end; no, where it may not be read."""
    with suppress(OSError), open(path, "rb", buffering=0) as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"
    return False
