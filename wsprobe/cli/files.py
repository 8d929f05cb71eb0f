"""The files that a person names: read up to a limit, appended to line by line, replaced as a whole.

Nothing here waits for ever: not for the end of a file that has none, and not for the other end of a named pipe.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import chain
from tempfile import TemporaryFile
from threading import Event, Thread
from typing import IO

import click

from wsprobe.cli.option import usage_error

MEBIBYTE = 1 << 20
PATIENCE = 5.0
"""Seconds: how long the other end of a named pipe, or of a lock, may keep us waiting."""
PAUSE = 0.002
"""Seconds between two tries to get a lock."""
PIECE = 1 << 16
NO_NAME = "no file can have that name"
REPLACED = "another file took its place meanwhile"
_BINARY = getattr(os, "O_BINARY", 0)
_NOT_A_LINK = getattr(os, "O_NOFOLLOW", 0)


# Opening -------------------------------------------------------------------------------------------------


def opened(path: str, flags: int = os.O_RDONLY, mode: int = 0o666) -> int:
    """The descriptor of the file at *path*. Raises OSError, also for a directory, a name that no file can have,
    and a named pipe whose other end nobody opens."""
    try:
        pipe = stat.S_ISFIFO(os.stat(path).st_mode)
    except FileNotFoundError:
        pipe = False
    except ValueError:
        raise OSError(errno.EINVAL, NO_NAME) from None
    if pipe:
        return _pipe(path, flags)
    descriptor = os.open(path, flags | _BINARY, mode)
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    return descriptor


def _pipe(path: str, flags: int) -> int:
    """The descriptor of a named pipe. The system lets the one end wait for the other, so a thread does."""
    made: list[int | OSError] = []

    def open_it() -> None:
        try:
            made.append(os.open(path, flags & ~(os.O_CREAT | os.O_APPEND)))
        except OSError as error:
            made.append(error)

    thread = Thread(target=open_it, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    late = thread.is_alive()
    if late:  # be the other end for a moment, so that the thread ends
        writes = flags & (os.O_WRONLY | os.O_RDWR)
        with suppress(OSError):
            made.append(os.open(path, (os.O_RDONLY if writes else os.O_WRONLY) | os.O_NONBLOCK))
        thread.join(PATIENCE)
        for each in made:
            if isinstance(each, int):
                os.close(each)
        raise OSError(errno.ENXIO, f"nobody {'reads from' if writes else 'writes to'} this pipe")
    (found,) = made
    if isinstance(found, OSError):
        raise found
    return found


def private(name: str, flags: int) -> int:
    """The descriptor of the file *name*, opened with *flags*. A new file is for its owner alone, and so is from
    now on one that everybody may read or write; one that is shared with a group only stays so."""
    descriptor = opened(name, flags, 0o600)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode) and _secluded(mode) != stat.S_IMODE(mode):
        with suppress(OSError, AttributeError):  # of another user; Windows has no fchmod before Python 3.13
            os.fchmod(descriptor, _secluded(mode))
    return descriptor


def _secluded(mode: int) -> int:
    """The permissions in *mode*; those of the owner alone if everybody has some."""
    return stat.S_IMODE(mode) & (stat.S_IRWXU if mode & stat.S_IRWXO else ~0)


def endless(descriptor: int) -> bool:
    """Whether *descriptor* is a device without an end, such as /dev/zero; a terminal has one, and so has
    /dev/null."""
    found = os.fstat(descriptor)
    if not stat.S_ISCHR(found.st_mode) or os.isatty(descriptor):
        return False
    with suppress(OSError):
        return found.st_rdev != os.stat(os.devnull).st_rdev
    return True


# Reading -------------------------------------------------------------------------------------------------


def read(path: str, most: int, what: str) -> bytes:
    """The content of the file at *path*; - is standard input. Raises OSError, also for more than *most* bytes:
    *what* is the thing in the file, with its article."""
    if path == "-":
        return _up_to(sys.stdin.buffer, most, what)
    with open(opened(path), "rb") as file:
        return _up_to(file, most, what)


def _up_to(file: IO[bytes], most: int, what: str) -> bytes:
    pieces: list[bytes] = []
    left = most
    while left >= 0 and (piece := file.read(min(left + 1, MEBIBYTE))):
        pieces.append(piece)
        left -= len(piece)
    if left < 0:
        raise OSError(errno.EFBIG, f"longer than {most:,} bytes, the limit for {what}")
    return b"".join(pieces)


def read_for(option: str, path: str, most: int, what: str) -> bytes:
    """As ``read``, for the file of an *option*. Raises click.UsageError."""
    with usage_error(OSError, where=f"{option}: {path}"):
        return read(path, most, what)


# Writing -------------------------------------------------------------------------------------------------


def write(
    path: str, data: bytes | Iterable[bytes], option: str, append: bool = False, *, secret: bool = False
) -> None:
    """Write *data*, or its parts, to the file at *path*; - is standard output. *append*: whole lines, to the
    end of the file. *secret*: see `private`. Raises click.UsageError if it cannot be written."""
    parts = [data] if isinstance(data, bytes) else data
    if path == "-":
        sys.stdout.flush()
        for part in parts:
            write_all(sys.stdout.buffer.write, part)  # with PYTHONUNBUFFERED it has no buffer
    elif append:
        with usage_error(OSError, where=f"--{option}: {path}"):
            _append(path, parts)
    else:
        write_whole(path, parts, option, secret=secret)


def write_whole(path: str, pieces: Iterable[str | bytes], option: str, *, secret: bool = False) -> None:
    """Write to the file at *path* atomically: afterwards the file has all *pieces*, or its old contents.

    *secret*: see `private`. Raises click.UsageError if the file cannot be written.
    """
    data = (piece.encode() if isinstance(piece, str) else piece for piece in pieces)
    with usage_error(OSError, where=f"--{option}: {path}"):
        if _is_special(path):
            _into_special(path, data)
            return
        place = os.path.realpath(path)
        beside = _beside(place)
        try:
            descriptor = os.open(
                beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o600 if secret else 0o666
            )
        except OSError:
            if not os.path.isfile(place):
                raise
            _in_its_place(place, data)  # in a folder that may not be written
            return
        try:
            with open(descriptor, "wb") as file:
                file.writelines(data)
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileNotFoundError):
                mode = os.lstat(place).st_mode
                if not stat.S_ISREG(mode):
                    raise OSError(errno.ELOOP, REPLACED)
                os.chmod(beside, _secluded(mode) if secret else stat.S_IMODE(mode))
            try:
                os.replace(beside, place)
            except OSError as error:
                if error.errno != errno.EBUSY:  # the file itself is mounted
                    raise
                with open(beside, "rb") as written:
                    _in_its_place(place, iter(lambda: written.read(PIECE), b""))
                os.unlink(beside)
        except BaseException:
            with suppress(OSError):
                os.unlink(beside)
            raise


def _beside(path: str) -> str:
    return f"{path}.{os.getpid()}.part"


def _into_special(path: str, data: Iterable[bytes]) -> None:
    """Write to a device, a pipe or a socket: a file in its place would take it from every program."""
    with _held(path) as descriptor:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.ELOOP, REPLACED)
        for each in data:
            write_all(partial(os.write, descriptor), each)


def write_all(write: Callable[[memoryview], int], data: bytes) -> None:
    """Give *data* to *write*, which returns how much of it is written, until all is."""
    rest = memoryview(data)
    while rest:
        rest = rest[write(rest) :]


def _in_its_place(path: str, data: Iterable[bytes]) -> None:
    """Write over the old contents, once there is room for all that is new."""
    with TemporaryFile() as whole, open(os.open(path, os.O_RDWR | _NOT_A_LINK | _BINARY), "r+b") as file:
        whole.writelines(data)
        size, old = whole.tell(), os.fstat(file.fileno()).st_size
        try:
            if size and hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)
        except OSError:
            file.truncate(old)
            raise
        whole.seek(0)
        while piece := whole.read(PIECE):
            file.write(piece)
        file.flush()
        file.truncate(size)


def check_writable(path: str | None, option: str, *, secret: bool = False) -> None:
    """Raises click.UsageError, before anything is sent, if nothing could be appended to the file of --*option*.

    *secret*: see `private`.
    """
    if path is None or path == "-":
        return
    with usage_error(OSError, where=f"--{option}: {path}"):
        if _is_special(path):
            with _held(path):
                return
        open(path, "ab", opener=private if secret else None).close()


def check_replaceable(path: str | None, option: str) -> None:
    """Raises click.UsageError, before anything is sent, if `write_whole` could not write *path*."""
    if path is None or path == "-":
        return
    try:
        if _is_special(path):
            with _held(path):
                return
        place = os.path.realpath(path)
        if os.path.isdir(place):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
        try:
            os.close(os.open(_beside(place), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            os.unlink(_beside(place))
        except OSError:
            if not os.path.isfile(place):
                raise
            os.close(os.open(place, os.O_RDWR))
    except OSError as error:
        raise click.UsageError(f"--{option}: {path}: {error.strerror}") from None
    except ValueError:
        raise click.UsageError(f"--{option}: {path!a}: {NO_NAME}") from None


def _is_special(path: str) -> bool:
    """Whether *path* is a device, a pipe or a socket."""
    return os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path))


_PIPES = "open pipes"
"""The key in the context for the descriptors of named pipes, by path."""


@contextmanager
def _held(path: str) -> Iterator[int]:
    """The descriptor of a special file to write to. A named pipe stays open for as long as the command runs,
    because its reader takes a closed one for the end."""
    context = click.get_current_context(silent=True)
    pipes: dict[str, int] = {} if context is None else context.meta.setdefault(_PIPES, {})
    descriptor = pipes[path] if path in pipes else opened(path, os.O_WRONLY)
    if context is not None and path not in pipes and stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        pipes[path] = descriptor
        context.call_on_close(lambda: os.close(descriptor))
    try:
        yield descriptor
    finally:
        if path not in pipes:
            os.close(descriptor)


def rewrite(path: str, made: Callable[[bytes], bytes], option: str) -> None:
    """Replace the contents of the file at *path*, which is for its owner alone, by what *made* makes of them.
    No other run of wsprobe rewrites the file meanwhile. Raises click.UsageError if it cannot be written."""
    with usage_error(OSError, where=f"--{option}: {path}"):
        if _is_special(path):
            write_whole(path, [made(b"")], option)
            return
        place = os.path.realpath(path)
        while True:
            descriptor = private(place, os.O_RDWR | os.O_CREAT)
            with open(descriptor, "rb") as file:
                lock(descriptor)
                with suppress(FileNotFoundError):
                    if os.path.samestat(os.fstat(descriptor), os.stat(place)):
                        write_whole(path, [made(file.read())], option, secret=True)
                        return
            # The run that had the lock has put another file in its place.


def _append(path: str, parts: Iterable[bytes]) -> None:
    """Append whole lines, in *parts*: all of them, or nothing if the disk is full. If an earlier run was cut in
    the middle of a line, that part stays a separate line. What another program appends stays whole. Raises
    OSError."""
    if _is_special(path):
        _into_special(path, parts)
        return
    flags = os.O_CREAT | os.O_APPEND
    try:
        descriptor = opened(path, flags | os.O_RDWR)
    except PermissionError:  # a file that may only be written
        descriptor = opened(path, flags | os.O_WRONLY)
    try:
        lock(descriptor)
        begin = os.fstat(descriptor).st_size
        written = 0
        try:
            for each in chain([b"\n"] if begin and _cut(descriptor, begin) else [], parts):
                rest = memoryview(each)
                while rest:
                    done = os.write(descriptor, rest)
                    written, rest = written + done, rest[done:]
        except OSError:
            if os.fstat(descriptor).st_size == begin + written:  # else another program was here too
                os.truncate(descriptor, begin)
            raise
    finally:
        os.close(descriptor)


def _cut(descriptor: int, end: int) -> bool:
    """Whether a file that ends at *end* lacks a line end there; False if it may not be read."""
    with suppress(OSError):
        os.lseek(descriptor, end - 1, os.SEEK_SET)
        return os.read(descriptor, 1) != b"\n"
    return False


def lock(descriptor: int) -> None:
    """Keep the other runs of wsprobe out of a file until *descriptor* is closed. Where there are no locks, and
    for one that is held too long, go on without: writes are appended whole anyway."""
    try:
        import fcntl  # Windows has none
    except ImportError:
        return
    for _ in range(round(PATIENCE / PAUSE)):
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except (BlockingIOError, PermissionError):
            Event().wait(PAUSE)
        except OSError:
            return
