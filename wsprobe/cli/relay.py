"""The work of ``wsprobe relay``: a server on loopback between a page and the real server."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from wsprobe import net
from wsprobe.browsers.url import blocked_port
from wsprobe.cli.connect_output import ConnectOutput
from wsprobe.cli.environment import environment
from wsprobe.cli.option import LAB, Given, usage_error
from wsprobe.cli.output import as_shown
from wsprobe.cli.probe import apart_if_large
from wsprobe.cli.readers import as_client_saw, chosen
from wsprobe.cli.relay_settings import RelaySettings
from wsprobe.cli.settings import Settings, route, settings_of
from wsprobe.cli.streams import emit, note, queued_streams, write_json
from wsprobe.cli.targets import ProbeTarget, lab_targets
from wsprobe.cli.view_settings import ViewSettings
from wsprobe.exception_groups import leaves
from wsprobe.exchange import Exchange, Target
from wsprobe.net.descriptors import QueuedOutput, room
from wsprobe.net.relay import RelayError
from wsprobe.read.request import Request
from wsprobe.recording.secrets import Secrets
from wsprobe.relay.client import PageClose, told
from wsprobe.relay.relaying import Refusal, Relaying
from wsprobe.report.outcome import Exit
from wsprobe.report.report import Report, report
from wsprobe.request import target
from wsprobe.request.opening import OfferError, header_option
from wsprobe.show import page as show
from wsprobe.show.causes import Tally
from wsprobe.show.compare import comparison
from wsprobe.show.lines import fitted
from wsprobe.text import shown_text, whole_number

if TYPE_CHECKING:
    from wsprobe.cli.report_file import ReportFile


def relay(url: str, given: Given) -> int:
    """Run the relay with these options until ^C; returns the exit status. Raises click.UsageError."""
    settings, own, view = settings_of(given), given[RelaySettings], given[ViewSettings]
    own.check()
    with usage_error(target.TargetError, OfferError):
        if not url.startswith(LAB):
            target.parse(url)
        for text in settings.handshake.offer.headers:
            header_option(text)
    host, port = listening(own.listen)
    browsers = chosen(view.browsers) if view.browser_mode or view.browsers else ()
    # Recordings of real sessions are private: only this user may read them.
    before = os.umask(0o077)
    try:
        with queued_streams() as queued, RelayOutput(settings, browsers, queued) as shown:

            async def stay() -> None:
                async with AsyncExitStack() as stack:
                    place = await lab_targets(stack.enter_async_context)(url, settings.handshake)
                    made = relaying(place, settings, own, host)
                    runs = environment().relay(made, host, port, shown, public=own.public)
                    shown.ready(made.target, host, await stack.enter_async_context(runs), own.public)
                    await net.sleep(float("inf"))

            environment().run(stay, written=shown.written)
    except* (RelayError, net.PlanError) as group:
        raise click.UsageError(str(next(leaves(group)))) from None
    finally:
        os.umask(before)
    return Exit.OPEN


def relaying(place: ProbeTarget, settings: Settings, own: RelaySettings, host: str) -> Relaying:
    """The settings of a relay that listens at *host*, for the server at *place*."""
    handshake, to = place.handshake, target.parse(place.url)
    return Relaying(
        target=to,
        door=own.door(host),
        origin=handshake.offer.origin,
        headers=handshake.offer.headers,
        limits=replace(handshake.limits, max_session=handshake.limits.max_body),
        tls=handshake.tls,
        route=route(handshake, to),
        longest=float("inf") if settings.max_time is None else settings.max_time,
        connections=own.connections,
        tell=partial(told, masked=settings.output.redact) if own.tell_page else None,
    )


def listening(text: str) -> tuple[str, int]:
    """The host and port from --listen. Raises click.UsageError."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if colon else "127.0.0.1"
    number = whole_number(port, 65535)
    if not host or number is None:
        raise click.UsageError(f"--listen: {text!r} is not [HOST:]PORT, such as 9000 or [::1]:9000")
    return host, number


MOST = 1000
"""The most connections in the files that are written at the end, because they are kept in memory until then."""


class RelayOutput(ConnectOutput):
    """Reports each connection at its end; on a terminal, also prints a line for each handshake."""

    def __init__(self, settings: Settings, browsers: Sequence[str], queued: Sequence[QueuedOutput]) -> None:
        """*queued*: the queues of standard output and standard error. Raises click.UsageError for unusable
        output options."""
        super().__init__(settings, several=True)
        self._queued = queued
        if self._tally is not None:
            self._tally = Tally("connection")
        self._browsers = tuple(browsers)
        self._screen = replace(self._out, screen=True, screen_only=True)
        self._live = self._err.terminal and not settings.output.silent
        self._number = 0
        self._full: ReportFile | None = None
        """The file of --report, once it has MOST connections."""

    def ready(self, to: Target, host: str, port: int, public: bool) -> None:
        """Print where the relay listens."""
        url = f"ws://{target.authority(host, port)}/"
        if self.settings.output.as_json:
            write_json({"ready": {"ws": url}})
        else:
            sys.stdout.write(f"{url}\n")
            sys.stdout.flush()
        shown = Secrets().url(to.url) if self.settings.output.redact else to.url
        secure = (
            "Pages on https:// may open it too, except in WebKitGTK; the browser may ask the user for "
            "permission first (Local Network Access). "
        )
        note(f"relaying to {shown_text(shown)}. {secure if target.loopback(host) else ''}^C stops the relay")
        if warning := blocked_port(port):
            note(warning)
        if public and not target.loopback(host):
            note("warning: --public lets every machine that reaches this one use the relay")

    async def room(self) -> None:
        """Wait until the reader has taken the waiting reports."""
        await room(self._queued)

    def turned_away(self, peer: str, request: Request | None, refusal: Refusal) -> None:
        """Report a request that was not forwarded: its sender may not be able to see why."""
        if not self.settings.output.silent:
            emit(fitted([show.away(peer, request, refusal)], self._err), sys.stderr, self._err)

    def answered(self, number: int, exchange: Exchange, told: PageClose | None) -> None:
        """Print the line of a finished handshake."""
        if self._live:
            row = show.answered(number, as_shown(report(exchange), self.settings), told, self._err)
            emit(fitted([row], self._err), sys.stderr, self._err)

    async def over(self, number: int, exchange: Exchange) -> None:
        """Print and keep the report of a finished connection."""
        made = await apart_if_large(exchange, lambda: as_client_saw(report(exchange), self._browsers))
        self._number = number
        self.report(made)
        full = self.har is not None and self.har.cut(MOST)
        if full and self._full is None:
            note(f"--har and --report have only the first {MOST} connections; --save and --json have all")
        if full or number > MOST:
            self._full, self._file = self._file or self._full, None

    def __exit__(self, kind: type[BaseException] | None, *raised: object) -> None:
        self._file = self._file or self._full
        super().__exit__(kind, *raised)

    def _report(self, made: Report) -> None:
        if not made.views:
            super()._report(made)
        else:
            lines = comparison([made], [], self._screen)
            emit(lines if self._first else [(), *lines], sys.stdout, self._out)
            self._first = False
        emit(show.client_lines(made, self._out, self._number), sys.stdout, self._out)
