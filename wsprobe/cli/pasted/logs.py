"""Browsers' logs on the command line: a request to send again, and recordings to read."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Protocol

import click
from msgspec.structs import replace

from wsprobe.browser_logs.firefox import FirefoxLog
from wsprobe.browser_logs.netlog import NetLog
from wsprobe.browser_logs.socket import LoggedSocket
from wsprobe.cli.evidence import Kind, parts, pieces
from wsprobe.cli.option import usage_error
from wsprobe.cli.output_settings import OutputSettings
from wsprobe.cli.pasted.devtools import Copied, copied
from wsprobe.cli.section import Given
from wsprobe.cli.streams import note
from wsprobe.exchange import Exchange
from wsprobe.read.head import split_head
from wsprobe.recording.secrets import Secrets
from wsprobe.report.report import report
from wsprobe.request.target import TargetError
from wsprobe.text import counted, printable


class BrowserLog(Protocol):
    """What every reader of a log does."""

    @property
    def problem(self) -> str: ...

    @property
    def lacks(self) -> str: ...
    def feed(self, data: bytes) -> None: ...
    def close(self) -> None: ...
    def take_finished(self) -> Iterator[LoggedSocket]: ...


READERS: dict[Kind, Callable[[], BrowserLog]] = {"netlog": NetLog, "firefox-log": FirefoxLog}
NAMES: dict[Kind, str] = {"netlog": "NetLog", "firefox-log": "Firefox log"}

LISTED_MAX = 1000
"""The most WebSockets listed to choose from."""


def sockets(name: str, kind: Kind) -> Iterator[LoggedSocket]:
    """The WebSockets in the log *name*, in the order in which the pages asked for them; then notes on standard
    error about what the log lacks. Raises click.UsageError for one without any."""
    log = READERS[kind]()
    count = 0
    with usage_error(OSError, where=name):
        for piece in chain.from_iterable(map(pieces, parts(name))):
            log.feed(piece)
            for socket in log.take_finished():
                count += 1
                yield socket
    log.close()
    for socket in log.take_finished():
        count += 1
        yield socket
    if not count:
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


def recordings_of(name: str, kind: Kind, number: int | None) -> Iterator[Exchange]:
    """The WebSockets of the log *name* as recordings, or only the one with *number*. Raises
    click.UsageError."""
    if number is None:
        yield from (each.exchange for each in sockets(name, kind))
        return
    yield _chosen(list(islice(sockets(name, kind), number)), name, number).exchange


def request_in(name: str, kind: Kind, number: int | None, given: Given) -> Copied:
    """The request of WebSocket *number* in the log *name*, or of its only one.

    Raises click.UsageError; if there are several to choose from, it first lists them on standard output.
    """
    masked = given[OutputSettings].redact
    found = list(islice(sockets(name, kind), LISTED_MAX if number is None else number))
    if number is None and len(found) > 1:
        for at, socket in enumerate(found, 1):
            sys.stdout.write(f"{at:>3}  {listed(socket, masked=masked)}\n")
        sys.stdout.flush()
        raise click.UsageError(f"{name}: {len(found)} WebSockets: choose one with --entry N")
    socket = _chosen(found, name, number or 1)
    lines, left_out = header_lines(socket)
    with usage_error(TargetError, where=name):
        made = copied(socket.url, lines, given)
    notes = [*made.notes, *(f"{each} is left out: the log does not have its value" for each in left_out)]
    if socket.message:
        notes.append(f"it failed in the browser: {printable(socket.message[:200])}")
    return replace(made, notes=tuple(notes))


def listed(socket: LoggedSocket, *, masked: bool) -> str:
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
