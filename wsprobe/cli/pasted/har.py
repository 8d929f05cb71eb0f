"""HAR files on the command line: an entry to send again, entries to read, and the file that --har writes."""

from __future__ import annotations

import errno
import re
import sys

import click
from msgspec.structs import replace

from wsprobe.browser_logs import har
from wsprobe.browser_logs.har import Archive, HarEntry
from wsprobe.cli.evidence import pieces
from wsprobe.cli.files import MEBIBYTE
from wsprobe.cli.option import usage_error
from wsprobe.cli.output_settings import OutputSettings
from wsprobe.cli.pasted.devtools import Copied, copied
from wsprobe.cli.section import Given
from wsprobe.cli.streams import note
from wsprobe.exchange import Exchange
from wsprobe.recording.secrets import Secrets
from wsprobe.request.target import TargetError
from wsprobe.text import command_line, counted, printable

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
    parts: list[bytes] = []
    size = 0
    for piece in pieces(name):
        size += len(piece)
        if size > LONGEST:
            raise OSError(errno.EFBIG, f"longer than {LONGEST:,} bytes, the limit for a HAR file")
        parts.append(piece)
    return b"".join(parts)


def request_in(name: str, number: int | None, given: Given) -> Copied:
    """The request of entry *number* of the file *name*, or of its only entry.

    Raises click.UsageError; if there are several entries to choose from, it first lists them on standard
    output.
    """
    found = archive(name)
    if number is None and len(found.entries) > 1:
        for at, entry in enumerate(found.entries, 1):
            sys.stdout.write(f"{at:>3}  {listed(entry, masked=given[OutputSettings].redact)}\n")
        sys.stdout.flush()
        raise click.UsageError(f"{name}: {len(found.entries)} WebSocket entries: choose one with --entry N")
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


def listed(entry: HarEntry, *, masked: bool) -> str:
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


def recordings_of(name: str, number: int | None) -> list[Exchange]:
    """The entries of the file *name* as recordings, or only the one with *number*. Reports unreadable entries
    on standard error. Raises click.UsageError if no entry can be read."""
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
