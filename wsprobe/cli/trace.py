"""The work of ``wsprobe trace``: send a request, change one thing, send it again; print a row for each answer,
then their common meaning."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AsyncExitStack

import click
from msgspec.structs import replace

from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Page
from wsprobe.cli import expect
from wsprobe.cli.environment import environment
from wsprobe.cli.option import Given
from wsprobe.cli.output import Finished, Output, as_shown
from wsprobe.cli.probe import reported, usable
from wsprobe.cli.second_interrupt import hold_back
from wsprobe.cli.settings import Settings, plan_for, settings_of
from wsprobe.cli.streams import emit, look, redraw
from wsprobe.cli.targets import ProbeTarget, lab_targets
from wsprobe.cli.trace_settings import TraceSettings
from wsprobe.exchange import Exchange, Http2, Limits, Plan
from wsprobe.nearest import nearest
from wsprobe.recording.redaction import masked_plan
from wsprobe.recording.secrets import Secrets
from wsprobe.report.outcome import Exit
from wsprobe.report.report import Report
from wsprobe.request.edits import rekeyed
from wsprobe.request.edits import values as sent
from wsprobe.request.opening import fresh_key
from wsprobe.request.target import host_header
from wsprobe.show import trace as show
from wsprobe.show.as_json import trace_value
from wsprobe.show.contract import TraceJson
from wsprobe.show.json_text import json_line
from wsprobe.show.lines import Line, Look, plain
from wsprobe.talk.codec import planned
from wsprobe.trace.answer import answer_of
from wsprobe.trace.conclusions import conclusions
from wsprobe.trace.series import TRACE, Choice, Series, following
from wsprobe.trace.trace import Backend, Start, Trace, TraceRequest

BROWSERS = ("chromium", "firefox")
"""The browsers whose own requests are sent."""


def _changes(option_name: str, texts: Sequence[str], series: Series) -> frozenset[str]:
    known = [row.name for row in series.rows]
    wanted = [word for text in texts for word in text.split(",") if word]
    for word in wanted:
        if word not in known:
            near = nearest(word, known)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known[1:])}"
            raise click.UsageError(f"--{option_name}: no change {word!a}; {hint}")
    return frozenset(wanted)


BACKEND = (
    r"(?a)(?:(?P<scheme>wss?)://)?(?:\[(?P<ipv6>[0-9A-Fa-f:.%]+)\]|(?P<host>[^/\[\]@?#:]+)):(?P<port>\d{1,5})"
    r"(?P<resource>/[!-\x22$-~]*)?"
)


def _backend(text: str) -> Backend:
    found = re.fullmatch(BACKEND, text)
    if found is None or not 1 <= int(found["port"]) <= 65535:
        raise click.UsageError(f"--backend: {text!a} is not HOST:PORT or ws://HOST:PORT/PATH (wss:// too)")
    resource = found["resource"] or ""
    return Backend(
        found["ipv6"] or found["host"],
        int(found["port"]),
        {"ws": False, "wss": True}.get(found["scheme"]),
        "" if resource == "/" and found["scheme"] is None else resource,
    )


def trace(url: str, given: Given, output: type[TraceOutput]) -> int:
    """Send the requests of the series that *output* shows; returns the exit status. Raises click.UsageError."""
    series = output.series
    settings, own = settings_of(given), given[TraceSettings]
    own.check()
    expect.check(settings.expectations, "trace", has=output.expects)
    choice = Choice(_changes("only", own.only, series), _changes("skip", own.skip, series), series)
    backends = tuple(map(_backend, own.backend))
    return trace_all(url, settings, own, choice, backends, output(settings, own))


def trace_all(
    url: str,
    settings: Settings,
    own: TraceSettings,
    choice: Choice,
    backends: tuple[Backend, ...],
    to: TraceOutput,
) -> int:
    """Send, show and keep all requests; returns the exit status of *to*, or of --expect.

    The real answers decide which request comes next; the answers shown may be masked.

    Raises KeyboardInterrupt for ^C, after it has shown the answers received until then.
    """
    seen: Trace | None = None
    shown: Trace | None = None
    base: Report | None = None
    under_way: list[tuple[str, Report, Report]] = []

    async def everything() -> None:
        nonlocal seen, shown, base
        async with AsyncExitStack() as stack:
            place = await lab_targets(stack.enter_async_context)(url, settings.handshake)
            usable(place)
            seen = Trace(start_of(place, own, backends), {})
            shown = Trace(to.shown_start(seen.start), {})
            if own.dry_run:
                to.dry_run(seen, choice)
                return
            while (step := following(seen, choice)) is not None:
                if seen.answers:
                    await environment().sleep(own.pause)
                to.asking(step)

                def keep(exchange: Exchange, name: str = step.name) -> None:
                    came = reported(place, exchange)
                    under_way.append((name, came, to.shown(came)))

                plan = fresh(step.plan, place.handshake.key)
                exchange = await environment().probe(plan, keep=keep, make=planned())
                came = reported(place, exchange)
                base = base or came
                seen, shown = kept(step.name, seen, shown, came, to.shown(came))
                to.answer(step.name, shown, shown.answers[step.name].report)

    try:
        environment().run(everything, written=to.written)
    except KeyboardInterrupt:
        hold_back()
        to.interrupted()
        if seen is not None and shown is not None:
            for name, came, report in under_way:
                # A partial answer is kept and shown, but conclusions use only whole answers.
                to.answer(name, kept(name, seen, shown, came, report)[1], report)
            to.end(seen, shown, choice)
        raise
    if seen is None or shown is None or base is None:
        return Exit.OPEN
    to.end(seen, shown, choice)
    held, unmet = expect.held(settings.expectations, base, redact=to.masks, known=to.known(seen, shown))
    if not settings.expectations:
        held = replace(held, exit_status=to.exit_status(held, seen))
    to.judged(Finished(to.shown(held), held, tuple(unmet)), seen, shown, choice)
    return held.exit_status


def kept(name: str, seen: Trace, shown: Trace, came: Report, report: Report) -> tuple[Trace, Trace]:
    """*seen* with the answer of *came* added, and *shown* with that of *report*, the same report with secrets
    masked."""
    answer = answer_of(came)
    masked = answer if report is came else answer_of(report)
    return (
        Trace(seen.start, {**seen.answers, name: answer}),
        Trace(shown.start, {**shown.answers, name: masked}),
    )


def start_of(place: ProbeTarget, own: TraceSettings, backends: tuple[Backend, ...]) -> Start:
    """The beginning of the trace: the handshake of the options, and the browsers' own handshakes."""
    given = plan_for(place.url, place.handshake)
    given = replace(given, limits=bounded(given.limits))
    target = given.target
    if own.clear_port and not target.secure:
        raise click.UsageError("--clear-port: the URL has no TLS port, so nothing is left to try without TLS")
    if own.clear_port == target.port and target.secure:
        raise click.UsageError(f"--clear-port: an audit tries port {target.port}, that of the URL, anyway")
    origin = f"{'https' if target.secure else 'http'}://{host_header(target)}"
    return Start(
        plan=given,
        origin=origin,
        browsers=tuple(_browsers(place, given, place.handshake.offer.origin or origin)),
        backends=backends,
        each_address=own.each_address,
        hold=own.hold,
        http2=_http2(place, given),
        heavy=own.audit_heavy,
        clear_port=own.clear_port or 0,
    )


HEAD = BODY = 64 * 1024
SESSION = 16 * 1024
"""The most bytes to keep of an answer: only the beginning of each is compared, and a trace keeps all answers. A
session takes the most memory per byte, because a frame can be as short as two bytes."""


def bounded(limits: Limits) -> Limits:
    """*limits* reduced for one of the many answers of a trace; a limit for bodies set by the user stays."""
    body = min(limits.max_body, BODY) if limits.max_body == Limits().max_body else limits.max_body
    session = min(limits.max_session, SESSION)
    return replace(limits, max_head=min(limits.max_head, HEAD), max_body=body, max_session=session)


def _http2(place: ProbeTarget, given: Plan) -> Http2 | None:
    """The same request over HTTP/2; None without TLS, or for a request given as bytes of HTTP/1.1."""
    handshake = place.handshake
    if not given.target.secure or handshake.raw is not None or handshake.offer.http_version != "1.1":
        return None
    try:
        return plan_for(place.url, replace(handshake, http2="alpn")).http2
    except click.UsageError:  # a header that HTTP/2 cannot carry
        return None


def _browsers(place: ProbeTarget, given: Plan, origin: str) -> Iterator[tuple[str, bytes]]:
    """(name, request) of each browser that would send a request at all."""
    page = Page(
        url=origin if "://" in origin else f"http://{given.target.host}/",
        protocols=place.handshake.offer.protocols or None,
        cookies="; ".join(each.decode("latin-1") for each in sent(given.request, b"cookie")),
    )
    for name in BROWSERS:
        engine = ENGINES[name]
        made = engine.construct(place.url, page)
        if made.target is not None:
            yield name, engine.request(made, page, fresh_key(os.urandom(16)))


def fresh(plan: Plan, key: str | None) -> Plan:
    """*plan* with a new Sec-WebSocket-Key (RFC 6455 section 4.1), unless the user gave one."""
    if key is not None:
        return plan
    return replace(plan, request=rekeyed(plan.request, fresh_key(os.urandom(16))))


class TraceOutput(Output):
    """Prints and saves: a row for each answer as it arrives, and the conclusions at the end; or one JSON
    object."""

    series = TRACE
    expects: tuple[str, ...] = ()
    """What --expect may name besides."""
    _show_plan, _show_row = staticmethod(show.dry_run), staticmethod(show.row)

    def __init__(self, settings: Settings, own: TraceSettings) -> None:
        """Raises click.UsageError for a file that cannot be written."""
        super().__init__(settings)
        self._own = own
        self._look = look(sys.stdout, settings.output.color)
        self._waits = (
            sys.stderr.isatty()
            and self._look.terminal
            and not (settings.output.as_json or settings.output.silent)
        )
        self._reports: list[tuple[str, Report]] = []
        self._secrets = Secrets()
        """Those of all answers so far: not every request has the credentials that an answer may repeat."""

    @property
    def masks(self) -> bool:
        """Whether to mask secrets in the output."""
        return self.settings.output.redact

    def shown(self, report: Report) -> Report:
        """*report* in the form that may be shown: masked if ``masks``."""
        return as_shown(report, self.settings, self._secrets)

    def shown_start(self, start: Start) -> Start:
        """*start* in the form that may be quoted."""
        if not self.settings.output.redact:
            return start
        return replace(start, plan=self._masked(start.plan))

    def _masked(self, plan: Plan) -> Plan:
        with self._secrets.learning():  # the path may repeat what a field has
            masked_plan(self._secrets, plan)
        return masked_plan(self._secrets, plan)

    def known(self, seen: Trace, shown: Trace) -> expect.Known:
        """The ids of the concluded causes."""
        return {each.id: expect.CONCLUDED for each in conclusions(shown)}

    def exit_status(self, base: Report, seen: Trace) -> int:
        """The exit status of *base*, the unchanged handshake."""
        return base.exit_status

    def dry_run(self, seen: Trace, choice: Choice) -> None:
        """Print the requests that may be sent."""
        plan = self._masked(seen.start.plan) if self.masks else seen.start.plan
        self._emit(self._show_plan(plan.target.url, seen, choice, self._look))

    def asking(self, step: TraceRequest) -> None:
        """On a terminal, show which request is running."""
        if self._waits:
            sys.stderr.write(f"\r{step.name} ...\x1b[K")
            sys.stderr.flush()

    def answer(self, name: str, seen: Trace, report: Report) -> None:
        """Print the row of one answer, and append its recording to the file of --save."""
        named = replace(report.reading, exchange=replace(report.exchange, change=name))
        report = replace(report, reading=named)
        self._reports.append((name, report))
        self.keep(Finished(report, report))
        if self._waits:
            redraw("")
        if not self.settings.output.as_json:
            self._emit(self._show_row(name, seen, self._look))

    def interrupted(self) -> None:
        """End the line on which the terminal has written ^C."""
        if sys.stderr.isatty():
            sys.stderr.write("\n")

    def end(self, seen: Trace, shown: Trace, choice: Choice) -> None:
        """Print the conclusions, if anything was sent, and write the file of --report."""
        if not self._reports:
            return
        found = conclusions(shown)
        if self.settings.output.as_json:
            self._print(trace_value(self._reports, found))
        else:
            self._emit(show.concluded(found, shown, choice, self._look))
        if shown["base"] is not None and (file := self.report_file()) is not None:
            file.traced(shown, choice)

    def judged(self, base: Finished, seen: Trace, shown: Trace, choice: Choice) -> None:
        """Report the unmet conditions of --expect for the unchanged handshake, and write the file of
        --junit."""
        self.complain(base)
        self.test(self._tested(base, seen), plain(self._told(seen, shown, choice)))
        self.write_files()

    def _tested(self, base: Finished, seen: Trace) -> Finished:
        """*base*, with what fails the test of --junit."""
        return base

    def _told(self, seen: Trace, shown: Trace, choice: Choice) -> list[Line]:
        """The meaning of the answers, as lines for a text file."""
        return show.concluded(conclusions(shown), shown, choice, Look())

    def _print(self, value: TraceJson) -> None:
        sys.stdout.writelines(json_line(value, self.settings.output.brief))
        sys.stdout.flush()

    def _emit(self, lines: Iterable[Line]) -> None:
        if self.settings.output.save != "-" and not self.settings.output.silent:
            emit(lines, sys.stdout, self._look)
