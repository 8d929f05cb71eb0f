"""Standard output and standard error: what they can show, and how lines are written to them."""

from __future__ import annotations

import codecs
import io
import os
import shutil
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from typing import IO, TYPE_CHECKING, Literal

from wsprobe.show.lines import LONGEST, Line, Look, plain, shortened
from wsprobe.text import printable

if TYPE_CHECKING:
    from wsprobe.net.descriptors import QueuedOutput

Color = Literal["auto", "always", "never"]


def prepare() -> None:
    """Make the three standard streams usable, however the shell left them.

    A closed descriptor is replaced, so that no socket gets its number: then standard input is empty, standard
    output cannot be written, and standard error discards everything. Characters that an encoding lacks are
    written as escapes.
    """
    for number, (name, flags) in enumerate(_CLOSED.items()):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, flags)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            mode = "w" if number else "r"
            stream = open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115 (it stays open)
            setattr(sys, name, stream)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors in ("strict", "surrogateescape"):
            stream.reconfigure(errors="wsprobe")


_CLOSED = {"stdin": os.O_RDONLY, "stdout": os.O_RDONLY, "stderr": os.O_WRONLY}
"""A standard stream -> how the null device stands in for it: standard output cannot be written then."""


def _escaped(error: UnicodeError) -> tuple[str | bytes, int]:
    """Arguments' bytes that are not UTF-8 as those bytes; any other character that cannot be encoded as an
    escape."""
    assert isinstance(error, UnicodeEncodeError)
    text = error.object[error.start : error.end]
    if all(0xDC80 <= ord(each) <= 0xDCFF for each in text):
        return bytes(ord(each) - 0xDC00 for each in text), error.end
    return codecs.backslashreplace_errors(error)


codecs.register_error("wsprobe", _escaped)


def forget_output() -> None:
    """Discard the buffered output that cannot be written, so that the flush at exit raises no error."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def look(stream: IO[str], color: Color = "auto", verbose: int | None = None) -> Look:
    """What *stream* can show, given the environment and --color. *verbose*: how often -v was given; None if the
    command has no -v."""
    terminal = stream.isatty()
    wanted = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    encoding = (getattr(stream, "encoding", "") or "").lower().replace("_", "-")
    locale = next((value for name in ("LC_ALL", "LC_CTYPE", "LANG") if (value := os.environ.get(name))), "")
    return Look(
        width=shutil.get_terminal_size().columns,
        terminal=terminal,
        color=color == "always" or (color == "auto" and wanted),
        # In the C locale, if the environment asks for it by name, Python would write UTF-8 (PEP 538).
        unicode=encoding in ("utf-8", "utf8") and locale not in ("C", "POSIX"),
        verbose=verbose or 0,
        verbosity=verbose is not None,
    )


def emit(lines: Iterable[Line], stream: IO[str], of: Look) -> None:
    """Write lines to *stream*, in colour if *of* allows it. Raises OSError."""
    with ignore_broken_pipe() if stream is sys.stderr else nullcontext():
        if of.color:
            from wsprobe.show.paint import paint  # rich, only in colour

            paint(map(shortened, lines), stream, of)
        else:
            lines = list(lines)
            text = plain(lines)  # nearly always too short for a line that is too long
            stream.write(text if len(text) <= LONGEST else plain(map(shortened, lines)))
        stream.flush()


def write_json(value: object) -> None:
    """Print *value* as one line of JSON in ASCII."""
    import json  # only for JSON output

    sys.stdout.write(json.dumps(value, ensure_ascii=True, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """Write a message about the call itself to standard error."""
    write_error(f"wsprobe: {printable(text)}\n")


def write_error(text: str) -> None:
    """Write *text* to standard error. It is not an error if that cannot be written."""
    with ignore_broken_pipe():
        sys.stderr.write(text)
        sys.stderr.flush()


def redraw(text: str) -> None:
    """Write *text* to the terminal of standard error, in place of the line that is there."""
    with suppress(OSError):
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


@contextmanager
def ignore_broken_pipe() -> Iterator[None]:
    """Ignore errors of standard error in this context, and discard all later messages: a message without a
    reader is not an error."""
    try:
        yield
    except OSError:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def output_descriptor() -> int | None:
    """The descriptor of standard output; None for a caller's own stream, inside this process."""
    try:
        return sys.stdout.fileno()
    except OSError:
        return None


@contextmanager
def queued_streams() -> Iterator[Sequence[QueuedOutput]]:
    """In this context, writes to standard output and standard error return at once where these are pipes;
    yields the queues. At the end it writes what still waits, as long as the reader reads."""
    from wsprobe.net.descriptors import QueuedOutput  # trio, only for a command that runs until ^C

    before = sys.stdout, sys.stderr
    queued: dict[tuple[int, int], QueuedOutput] = {}
    for name, stream in (("stdout", sys.stdout), ("stderr", sys.stderr)):
        pipe = _pipe(stream)
        if pipe is not None:  # with 2>&1 both are the same pipe, and one queue keeps the order
            if pipe not in queued:
                queued[pipe] = QueuedOutput(stream.fileno())
            wrapped = io.TextIOWrapper(io.BufferedWriter(queued[pipe]), stream.encoding, stream.errors)
            setattr(sys, name, wrapped)
    try:
        yield tuple(queued.values())
    finally:
        with suppress(OSError):  # the writer has already seen the error
            sys.stdout.flush()
            sys.stderr.flush()
        sys.stdout, sys.stderr = before
        left = {pipe: queue.finish() for pipe, queue in queued.items()}
        if any(left.values()) and not left.get(_pipe(sys.stderr) or (0, 0)):
            note(f"the last {sum(left.values())} bytes of the output are lost: nothing read them")


def _pipe(stream: IO[str]) -> tuple[int, int] | None:
    """The identity of the pipe that *stream* writes to; None if it is not a pipe."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):  # a stream of a program that runs wsprobe inside Python
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISFIFO(status.st_mode) else None
