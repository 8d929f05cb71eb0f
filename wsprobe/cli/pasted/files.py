"""Files of other programs on the command line, HAR files and browsers' logs: a request to send again, and
recordings to read."""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

import click
from msgspec.structs import replace

from wsprobe.browser_logs import har
from wsprobe.browser_logs.firefox import FirefoxLog
from wsprobe.browser_logs.har import Archive, HarEntry
from wsprobe.browser_logs.netlog import NetLog
from wsprobe.browser_logs.socket import LoggedSocket
from wsprobe.cli.evidence import Kind, parts, pieces
from wsprobe.cli.files import MEBIBYTE
from wsprobe.cli.option import Given, usage_error
from wsprobe.cli.output_settings import OutputSettings
from wsprobe.cli.pasted.devtools import Copied, copied
from wsprobe.cli.streams import note
from wsprobe.exchange import Exchange
from wsprobe.read.head import split_head
from wsprobe.recording.secrets import Secrets
from wsprobe.report.report import report
from wsprobe.request.target import TargetError
from wsprobe.text import command_line, counted, printable


def request_in(name: str, kind: Kind, number: int | None, given: Given) -> Copied:
    """The request of WebSocket *number* in the file *name*, or of its only one.

    Raises click.UsageError; if there are several to choose from, it first lists them on standard output.
    """
    masked = given[OutputSettings].redact
    if kind == "har":
        return _har_request(name, number, given, masked=masked)
    return _log_request(name, kind, number, given, masked=masked)


def recordings_of(name: str, kind: Kind, number: int | None) -> Iterable[Exchange]:
    """The WebSockets in the file *name* as recordings, or only the one with *number*. Raises
    click.UsageError."""
    return _har_recordings(name, number) if kind == "har" else _log_recordings(name, kind, number)


def _to_choose(name: str, what: str, rows: Sequence[str]) -> click.UsageError:
    """List *rows* on standard output; returns the error that asks for one of them."""
    for at, row in enumerate(rows, 1):
        sys.stdout.write(f"{at:>3}  {row}\n")
    sys.stdout.flush()
    return click.UsageError(f"{name}: {len(rows)} {what}: choose one with --entry N")


# HAR files -----------------------------------------------------------------------------------------------

LONGEST = 256 * MEBIBYTE
"""The most bytes of a file."""


def archive(name: str) -> Archive:
    """The WebSocket entries of the file *name*. Raises click.UsageError if it has none, or is not a HAR
    file."""
    with usage_error(OSError, har.HarError, where=name):
        found = har.read(_content(name))
    if not found.entries:
        raise click.UsageError(
            f"{name}: no WebSocket among its {_entries(found.others)} (written by "
            f"{printable(found.by)}): open the page with the Network panel open, and export then"
        )
    return found


def _content(name: str) -> bytes:
    """The file *name*, without its compression. Raises OSError, also for more than LONGEST bytes."""
    read: list[bytes] = []
    size = 0
    for piece in pieces(name):
        size += len(piece)
        if size > LONGEST:
            raise OSError(errno.EFBIG, f"longer than {LONGEST:,} bytes, the limit for a HAR file")
        read.append(piece)
    return b"".join(read)


def _har_request(name: str, number: int | None, given: Given, *, masked: bool) -> Copied:
    found = archive(name)
    if number is None and len(found.entries) > 1:
        rows = [_har_line(entry, masked=masked) for entry in found.entries]
        raise _to_choose(name, "WebSocket entries", rows)
    entry = _entry(found, name, number or 1)
    with usage_error(TargetError, where=name):
        made = copied(entry.url, har.header_lines(entry), given)
    notes = list(made.notes)
    if entry.url != entry.request.url:
        notes.append(f"{entry.request.url.partition(':')[0]}:// is sent as {entry.url.partition(':')[0]}://")
    if not entry.status and entry.error:
        notes.append(f"it failed in the file: {printable(entry.error[:LONGEST_ERROR])}")
    if "WebInspector" in found.by and not made.settings.cookies:
        notes.append('no cookies in the file: Chrome includes them only in "Export HAR (with sensitive data)"')
    return replace(made, notes=tuple(notes))


def _har_line(entry: HarEntry, *, masked: bool) -> str:
    """The line from which a person chooses an entry: status, URL, messages; after a failure, the browser's
    error text."""
    url = Secrets().url(entry.url) if masked else entry.url
    status = str(entry.status) if entry.status else "failed" if entry.error else "no answer"
    messages = f"  {counted(len(entry.messages), 'message')}" if entry.messages else ""
    error = f"  {_masked(entry.error) if masked else entry.error[:LONGEST_ERROR]}" if entry.error else ""
    return printable(f"{status:<9}  {url}{messages}{error}")


LONGEST_ERROR = 200
"""The most characters of an error text in such a line."""


def _masked(error: str) -> str:
    """*error* with the secrets in its URLs masked."""
    return re.sub(r"""\w+://[^\s'"]+""", lambda url: Secrets().url(url[0]), error)[:LONGEST_ERROR]


def _har_recordings(name: str, number: int | None) -> list[Exchange]:
    """Reports unreadable entries on standard error. Raises click.UsageError if no entry can be read."""
    found = archive(name)
    if number is not None:
        _entry(found, name, number)
    made: list[Exchange] = []
    unreadable: list[str] = []
    for at, entry in enumerate(found.entries, 1):
        if number not in (None, at):
            continue
        try:
            made.append(har.recording(entry, found.by))
        except har.HarError as error:
            command = command_line("wsprobe", "connect", "--entry", str(at), url=name)
            unreadable.append(f"{name}, entry {at}: {error}; to send it again: {command}")
    if not made:
        for each in unreadable[1:]:
            note(each)
        raise click.UsageError(unreadable[0])
    for each in unreadable:
        note(each)
    return made


def _entry(found: Archive, name: str, number: int) -> HarEntry:
    if number > len(found.entries):
        raise click.UsageError(f"--entry: {name} has {_entries(len(found.entries))} of WebSockets, no {number}")
    return found.entries[number - 1]


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"


# Browsers' logs ------------------------------------------------------------------------------------------


READERS: dict[Kind, type[NetLog | FirefoxLog]] = {"netlog": NetLog, "firefox-log": FirefoxLog}
NAMES: dict[Kind, str] = {"netlog": "NetLog", "firefox-log": "Firefox log"}

LISTED_MAX = 1000
"""The most WebSockets listed to choose from."""


def sockets(name: str, kind: Kind) -> Iterator[LoggedSocket]:
    """The WebSockets in the log *name*, in the order in which the pages asked for them; then notes on standard
    error about what the log lacks. Raises click.UsageError for one without any."""
    log = READERS[kind]()
    none = True
    with usage_error(OSError, where=name):
        for piece in chain.from_iterable(map(pieces, parts(name))):
            log.feed(piece)
            for socket in log.take_finished():
                none = False
                yield socket
    log.close()
    for socket in log.take_finished():
        none = False
        yield socket
    if none:
        if kind == "firefox-log" and "child" in os.path.basename(name):
            raise click.UsageError(
                f"{name}: no WebSocket in this log of a child process: use the main process's file, without "
                "child in its name"
            )
        why = f" ({log.problem})" if log.problem else ""
        raise click.UsageError(
            f"{name}: no WebSocket in this {NAMES[kind]}{why}: start the log before the page opens its "
            f"WebSocket; wsprobe explain {kind}"
        )
    if log.problem:
        note(f"{name}: the rest of the log cannot be read: {log.problem}")
    if log.lacks:
        note(f"{name}: {log.lacks}")


def _log_recordings(name: str, kind: Kind, number: int | None) -> Iterator[Exchange]:
    if number is None:
        yield from (each.exchange for each in sockets(name, kind))
        return
    yield _chosen(list(islice(sockets(name, kind), number)), name, number).exchange


def _log_request(name: str, kind: Kind, number: int | None, given: Given, *, masked: bool) -> Copied:
    found = list(islice(sockets(name, kind), LISTED_MAX if number is None else number))
    if number is None and len(found) > 1:
        raise _to_choose(name, "WebSockets", [_log_line(socket, masked=masked) for socket in found])
    socket = _chosen(found, name, number or 1)
    lines, left_out = header_lines(socket)
    with usage_error(TargetError, where=name):
        made = copied(socket.url, lines, given)
    notes = [*made.notes, *(f"{each} is left out: the log does not have its value" for each in left_out)]
    if socket.message:
        notes.append(f"it failed in the browser: {printable(socket.message[:200])}")
    return replace(made, notes=tuple(notes))


def _log_line(socket: LoggedSocket, *, masked: bool) -> str:
    """The line from which a person chooses a WebSocket: status, URL, page."""
    url = Secrets().url(socket.url) if masked else socket.url
    of = report(socket.exchange)
    status = str(of.reading.status or of.outcome)
    page = f"  (page {socket.page})" if socket.page else ""
    return printable(f"{status:<11}  {url}{page}")


STRIPPED = re.compile(rb"\[\d+ bytes were stripped\]")
"""What Chromium writes in place of a secret, unless the log has sensitive data (http_log_util.cc)."""


def header_lines(socket: LoggedSocket) -> tuple[list[str], list[str]]:
    """The headers of its request, in curl's syntax; and the names of those whose value the log does not have.

    Without a request the page's origin is all that is known of it.
    """
    plan = socket.exchange.plan
    head, _ = split_head(plan.request)
    pairs = [(f.name, f.value) for f in head.fields] if plan.http2 is None else list(plan.http2.fields)
    if not pairs and socket.page not in ("", "null"):
        pairs = [(b"Origin", socket.page.encode("utf-8", "replace"))]
    lines: list[str] = []
    left_out: list[str] = []
    for name, value in pairs:
        text = name.decode("latin-1")
        if STRIPPED.search(value):
            left_out.append(text)
        elif not re.search(rb"[\r\n\0]", name + value):
            lines.append(f"{text}: {value.decode('latin-1')}" if value.strip() else f"{text};")
    return lines, left_out


def _chosen(found: list[LoggedSocket], name: str, number: int) -> LoggedSocket:
    if number > len(found):
        raise click.UsageError(f"--entry: {name} has {counted(len(found), 'WebSocket')}, no {number}")
    return found[number - 1]
