"""The work of ``wsprobe watch``: repeat the same handshakes, report what changes, and summarize all of them."""

from __future__ import annotations

import os
import random
import re
import sys
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, nullcontext, suppress
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING

import click
from msgspec import UNSET
from msgspec.structs import replace

from wsprobe import net
from wsprobe.cli import expect
from wsprobe.cli.environment import environment
from wsprobe.cli.expect import Expectation
from wsprobe.cli.lists import Jobs, allow
from wsprobe.cli.option import Given, NoUrl, usage_error
from wsprobe.cli.output import Finished, Output, as_shown, finish
from wsprobe.cli.probe import apart_if_large, probe_with_followups, reported, write_jar
from wsprobe.cli.second_interrupt import hold_back
from wsprobe.cli.settings import Settings, settings_of
from wsprobe.cli.streams import emit, look, note
from wsprobe.cli.targets import ProbeTarget, UrlList, Word, lab_targets, sources
from wsprobe.cli.watch_settings import LEAST, WatchSettings
from wsprobe.exchange import Event, Exchange, Plan
from wsprobe.net.listen import listening
from wsprobe.net.run import spread_pauses
from wsprobe.net.talk import Talk
from wsprobe.net.wsgi import served
from wsprobe.recording.secrets import Secrets
from wsprobe.report.outcome import Exit
from wsprobe.report.report import Report
from wsprobe.report.state import held_of, seen
from wsprobe.request import target
from wsprobe.request.target import bracketed
from wsprobe.show import watch as show
from wsprobe.show.as_json import report_value, watch_value
from wsprobe.show.json_text import json_line
from wsprobe.show.lines import Line, fitted
from wsprobe.talk.session import Outgoing, Rules
from wsprobe.version import extra
from wsprobe.watch.summary import Watch, after

if TYPE_CHECKING:
    from wsprobe.show.table import Screen

TICK = 1.0
"""Seconds after which the table is redrawn, so that its times advance."""
GOODBYE = 20.0
"""Seconds for closing a held session: our Close, the server's answer, and the end of TCP."""


def _listen(text: str) -> tuple[str, int]:
    found = re.fullmatch(r"(?:(?P<address>[^\[\]:]*|\[[^\[\]]+\]):)?(?P<port>[0-9]{1,5})", text)
    if found is None or int(found["port"]) > 65535:
        raise click.UsageError(f"--listen: {text!a} is not ADDRESS:PORT, nor a port")
    address = (found["address"] or "127.0.0.1").strip("[]")
    address = "127.0.0.1" if address == "localhost" else address
    try:
        return str(ip_address(address)), int(found["port"])
    except ValueError:
        raise click.UsageError(
            f"--listen: {address!a} is not an IP address (0.0.0.0 and [::] are all of this machine's)"
        ) from None


def watch(urls: Sequence[str], given: Given) -> int:
    """Probe every URL until the end of the watch; returns the exit status.

    Raises KeyboardInterrupt for ^C, after a last summary; click.UsageError for unusable arguments or an
    unusable port, before anything is sent.
    """
    if not urls:
        raise NoUrl("no URL: name one, or @FILE, or - for standard input")
    settings, own = settings_of(given), given[WatchSettings]
    until = expect.parse(own.until, "--until")
    listens = None if own.listen is None else _listen(own.listen)
    for name, wanted in (("--expect", settings.expectations), ("--until", until)):
        expect.check(wanted, "watch", option=name)
    to = WatchOutput(settings, until, holds=own.hold is not None)
    try:
        words = sources(urls)
        with ExitStack() as stack:
            metrics = nullcontext() if listens is None else listen(*listens, to, stack)
            stack.enter_context(to)
            try:
                environment().run(rounds, words, settings, own, to, metrics, written=to.written)
            except KeyboardInterrupt:
                hold_back()
                to.interrupted()
                raise
    finally:
        write_jar(settings)
    return to.exit_status()


def listen(address: str, port: int, to: WatchOutput, stack: ExitStack) -> AbstractAsyncContextManager[None]:
    """A context that serves the metrics of *to*, on a port that is taken until *stack* is left. Raises
    click.UsageError if that fails."""
    try:
        from wsprobe.watch.prometheus import application  # prometheus_client, only with --listen
    except ImportError:
        raise click.UsageError(f"--listen needs prometheus_client: {extra('metrics')}") from None
    shown = bracketed(address)
    with usage_error(OSError, where=f"--listen: {shown}:{port}"):
        listener = stack.enter_context(listening(address, port))
    to.word(f"metrics at http://{shown}:{listener.getsockname()[1]}/metrics")
    return served(application(to.all), listener)


async def rounds(
    words: Sequence[Word | UrlList],
    settings: Settings,
    own: WatchSettings,
    to: WatchOutput,
    metrics: AbstractAsyncContextManager[None],
) -> None:
    """Probe all URLs repeatedly. *metrics*: a context that serves them."""
    began = net.clock()
    async with net.aside() as enter, metrics:
        jobs = Jobs(words, settings, lab_targets(enter), to.unusable)
        await jobs.prepare()
        places = once_each([job.place async for job in jobs.each()], to)
        jobs.check_any()
        to.begin(places)

        async def hold(
            plan: Plan, watch: Callable[[Event], object], keep: Callable[[Exchange], object]
        ) -> Exchange:
            return await environment().probe(plan, watch, HeldSession(own.hold or 0.0, own.ping_every), keep)

        ask = None if own.hold is None else hold

        async def one(number: int) -> bool:
            place = places[number]
            exchange = await probe_with_followups(place, settings, keep=partial(to.recorded, number), ask=ask)
            report = await apart_if_large(exchange, partial(reported, place, exchange))
            return to.probed(number, report, net.clock() - began)

        parallel = len(places) if own.hold is not None else own.parallel
        allow(parallel)
        each = partial(spread_pauses, own.every, random.random)
        try:
            # Without a live table, wake only for probes.
            async with net.ticking(TICK, lambda: to.tick(net.clock() - began)) if to.draws else nullcontext():
                await net.rounds(one, range(len(places)), each, max(parallel, 1), own.count)
        finally:
            to.now = net.clock() - began


class HeldSession(Talk):
    """A session that is silent, or sends a Ping every *ping_every* seconds, for *seconds*; then it sends a
    Close, which a server that keeps sending may answer for 2 seconds more."""

    rules = Rules(eof="close", closing=2.0)

    def __init__(self, seconds: float, ping_every: float | None) -> None:
        self._seconds = seconds
        self._ping_every = ping_every
        self.hold = seconds + GOODBYE

    async def said(self) -> AsyncGenerator[Sequence[Outgoing], None]:
        """See ``Talk``."""
        end = net.clock() + self._seconds
        while self._ping_every is not None and net.clock() + self._ping_every < end:
            await net.sleep(self._ping_every)
            yield [Outgoing("ping", (b"wsprobe",))]
        await net.sleep(max(0.0, end - net.clock()))


def once_each(places: Sequence[ProbeTarget], to: WatchOutput) -> list[ProbeTarget]:
    """*places* without duplicates."""
    kept = {(place.name or place.url): place for place in reversed(places)}
    if len(kept) < len(places):
        again = len(places) - len(kept)
        to.word(f"{again} of the URLs {'is' if again == 1 else 'are'} named twice, and watched once")
    return list(reversed(kept.values()))


class WatchOutput(Output):
    """Keeps the watches, prints and saves, and knows the final exit status. As a context it shows the live
    table on a terminal, and writes the last summary at its end."""

    def __init__(self, settings: Settings, until: tuple[Expectation, ...], *, holds: bool) -> None:
        """*until*: the conditions of --until. *holds*: whether sessions are held.

        Raises click.UsageError for a file that cannot be written.
        """
        super().__init__(settings)
        self._until = until
        self._holds = holds
        self._look = look(sys.stdout, settings.output.color)
        self._to = sys.stdout
        self._watches: list[Watch] = []
        self._places: list[ProbeTarget] = []
        self._kept: dict[int, Exchange] = {}
        self.now = self._drawn = 0.0
        """Seconds since the beginning; and when the table was drawn."""
        self._unusable = False
        self._screen: Screen | None = None
        self._cut: list[Line] = []
        """Lines about sessions that ^C cut short."""
        self._reads = not settings.output.as_json and not settings.output.silent and settings.output.save != "-"
        """Whether standard output is for a person to read."""

    def all(self) -> Sequence[Watch]:
        """The present state of all watches; may be called in another thread."""
        return tuple(self._watches)

    @property
    def met(self) -> bool:
        """True if the last probe of every URL met the condition of --until."""
        lasts = [each.last for each in self._watches]
        return bool(self._until and lasts) and all(last is not None and last.met for last in lasts)

    def exit_status(self) -> int:
        """The first exit status of the last probes that is not 0. With --until: 0 if its condition was met,
        otherwise never 0."""
        if self._unusable or not self._watches:
            return Exit.USAGE
        if self.met:
            return Exit.OPEN
        last = next((each.last.exit_status for each in self._watches if each.last and each.last.exit_status), 0)
        return last or (Exit.UNEXPECTED if self._until else Exit.OPEN)

    @property
    def draws(self) -> bool:
        """True if a live table is on the terminal."""
        return self._screen is not None

    def __enter__(self) -> None:
        if self._reads and self._look.terminal and os.environ.get("TERM") != "dumb":
            from wsprobe.show.table import Screen  # rich, only on a terminal

            self._screen = Screen(sys.stdout, self._look)
            self._screen.start()

    def __exit__(self, kind: type[BaseException] | None, *raised: object) -> None:
        # After SIGHUP the terminal may be gone; report it in the exit status only.
        gone = kind is not None and issubclass(kind, KeyboardInterrupt | OSError)
        with suppress(OSError) if gone else nullcontext():
            try:
                self._end()
            except BrokenPipeError:
                if kind is None or not issubclass(kind, KeyboardInterrupt):
                    raise
                self._to = sys.stderr  # the same ^C ended the reader of our pipe, such as tee
                self._end()
        if self.junit is not None:
            for each in self._watches:
                self.junit.watched(each, self.now, until=bool(self._until))
        self.write_files()

    def _end(self) -> None:
        if self._screen is not None:
            self._screen.show(self._watches, self.now)
            self._screen.stop()
            self._emit([*self._cut, *show.why_down(self._watches)])
        elif self._reads and self._watches:
            lines: list[Line] = [*self._cut, ()]
            for each in self._watches:
                lines += show.summary(each, self.now, self._look)
            self._emit(lines)

    def unusable(self, text: str) -> None:
        """Report a line of a list that is not a URL; the other lines are still used."""
        note(text)
        self._unusable = True

    def begin(self, places: Sequence[ProbeTarget]) -> None:
        """Take the places to watch."""
        self._places = list(places)
        redact = self.settings.output.redact
        labels = unique(label(place, redact) for place in places)
        given = (place.name or place.url for place in places)
        titles = map(Secrets().url, given) if redact else given
        self._watches = [Watch(title, name) for title, name in zip(titles, labels, strict=True)]
        self._draw()

    def recorded(self, number: int, exchange: Exchange) -> None:
        """Take the recording of a probe before it is known to be complete, in case ^C comes now."""
        self._kept[number] = exchange

    def probed(self, number: int, report: Report, now: float) -> bool:
        """Take the report of a probe, *now* seconds after the beginning; returns False once the watch can
        end."""
        self.now = now
        wanted, until = self.settings.expectations, self._until
        up = report.outcome == "open"
        finished = finish(report, self.settings)
        if wanted:
            up = not finished.unmet
        met = bool(until) and not expect.unmet(until, report)
        expected = {
            f"#{place}" if self.settings.output.redact else each.text: expect.is_met(each, report)
            for place, each in enumerate(wanted, 1)
        }
        # Count and show only the masked report, so that no secret is quoted.
        report = finished.report
        probe = seen(report, now, up=up, met=met, holds=self._holds, expected=tuple(expected.items()))
        watch = self._watches[number] = after(self._watches[number], probe)
        self._print(watch, report)
        if watch.changed:
            self.keep(finished)
        del self._kept[number]
        return not self.met

    def _print(self, watch: Watch, report: Report) -> None:
        if self.settings.output.as_json:
            self._object(report, watch)
        elif self._screen is not None:
            if self.now - self._drawn >= LEAST:
                self._draw()
        elif self._reads and watch.changed:
            self._emit([show.change(watch, self._look)])

    def _object(self, report: Report, watch: Watch | None) -> None:
        value = replace(report_value(report), watch=UNSET if watch is None else watch_value(watch))
        sys.stdout.writelines(json_line(value, self.settings.output.brief))
        sys.stdout.flush()

    def tick(self, now: float) -> None:
        """Advance the time of the live table to *now*, in seconds since the beginning."""
        self.now = now
        self._draw()

    def _draw(self) -> None:
        if self._screen is not None:
            self._drawn = self.now
            self._screen.show(self._watches, self.now)

    def interrupted(self) -> None:
        """Show and keep the recordings of the probes that ^C cut short. They do not count in the statistics."""
        for number, exchange in sorted(self._kept.items()):
            report = as_shown(reported(self._places[number], exchange), self.settings)
            self.keep(Finished(report, report))
            if self.settings.output.as_json:
                self._object(report, None)
            held = held_of(report.reading) if self._holds else None
            if held is not None and self._reads:
                self._cut.append(show.cut_short(self._watches[number], held, self._look))

    def _emit(self, lines: Iterable[Line]) -> None:
        emit(fitted(lines, self._look), self._to, self._look)


def label(place: ProbeTarget, redact: bool) -> str:
    """The label of *place* in the metrics: its URL without user and password; with *redact*, also without the
    values of its query."""
    text = place.name or target.public_url(target.parse(place.url))
    return Secrets().url(text) if redact else text


def unique(labels: Iterable[str]) -> list[str]:
    """*labels*, with a number after each repeated one: two URLs may differ only in what a label leaves out."""
    found: dict[str, None] = {}
    for text in labels:
        number, name = 1, text
        while name in found:
            number += 1
            name = f"{text} #{number}"
        found[name] = None
    return list(found)
