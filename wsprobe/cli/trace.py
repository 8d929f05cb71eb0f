"""What ``wsprobe trace`` does: ask, change one thing, ask again; show each answer, and what all mean."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AsyncExitStack

import click
from msgspec import Struct
from msgspec.structs import replace

from wsprobe import net
from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Page
from wsprobe.cli import expect
from wsprobe.cli.ask import plan
from wsprobe.cli.lab import Lab
from wsprobe.cli.output import Finished, Output, as_shown
from wsprobe.cli.probe import check, reported
from wsprobe.cli.section import Given
from wsprobe.cli.settings import Settings, settings_of
from wsprobe.cli.streams import emit, look
from wsprobe.cli.targets import Place
from wsprobe.cli.trace_settings import TraceSettings
from wsprobe.exchange import Exchange, Http2, Limits, Plan
from wsprobe.nearest import nearest
from wsprobe.opening import fresh_key
from wsprobe.outcome import Exit
from wsprobe.report import Report
from wsprobe.secrets import Secrets
from wsprobe.show import trace as show
from wsprobe.show.as_json import brief, object_pieces, trace_value
from wsprobe.show.lines import Line, Look, plain
from wsprobe.target import host_header
from wsprobe.trace.answer import answer_of
from wsprobe.trace.changes import CHANGES, Backend, Choice, Question, Start, Trace, following, rekeyed
from wsprobe.trace.changes import values as sent
from wsprobe.trace.conclusions import conclusions

BROWSERS = ("chromium", "firefox")
"""The engines whose own requests are sent."""


class Tracing(Struct, frozen=True):
    """All that the options say that only `trace` has."""

    choice: Choice = Choice()
    backends: tuple[Backend, ...] = ()
    each_address: bool = False
    pause: float = 0.0
    """Seconds between two requests."""
    hold: float = 0.0
    """Seconds that an open session is held in silence at the end."""
    dry_run: bool = False


def tracing(own: TraceSettings) -> Tracing:
    """Raises click.UsageError for what cannot be meant."""
    return Tracing(
        choice=Choice(only=_changes("only", own.only), skip=_changes("skip", own.skip)),
        backends=tuple(map(_backend, own.backend)),
        each_address=own.each_address,
        pause=own.pause,
        hold=own.hold,
        dry_run=own.dry_run,
    )


def _changes(option_name: str, texts: Sequence[str]) -> frozenset[str]:
    known = [row.name for row in CHANGES]
    wanted = [word for text in texts for word in text.split(",") if word]
    for word in wanted:
        if word not in known:
            near = nearest(word, known)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known[1:])}"
            raise click.UsageError(f"--{option_name}: no change {word!a}; {hint}")
    return frozenset(wanted)


BACKEND = re.compile(
    r"(?:(?P<scheme>wss?)://)?(?:\[(?P<ipv6>[0-9A-Fa-f:.%]+)\]|(?P<host>[^/\[\]@?#:]+)):(?P<port>\d{1,5})"
    r"(?P<resource>/[!-\x22$-~]*)?",
    re.ASCII,
)


def _backend(text: str) -> Backend:
    found = BACKEND.fullmatch(text)
    if found is None or not 1 <= int(found["port"]) <= 65535:
        raise click.UsageError(f"--backend: {text!a} is not HOST:PORT or ws://HOST:PORT/PATH (wss:// too)")
    resource = found["resource"] or ""
    return Backend(
        found["ipv6"] or found["host"],
        int(found["port"]),
        {"ws": False, "wss": True}.get(found["scheme"]),
        "" if resource == "/" and found["scheme"] is None else resource,
    )


def trace(url: str, given: Given) -> int:
    """Do what the options say; returns the exit status. Raises click.UsageError."""
    settings, own = settings_of(given), given[TraceSettings]
    if any(each.what == "view" for each in settings.expectations):
        raise click.UsageError("--expect: trace has no views; wsprobe compare --browser-mode has them")
    if own.dry_run and settings.output.report_to is not None:
        raise click.UsageError("--report: with --dry-run nothing is sent, so there is nothing to report")
    return trace_all(url, settings, tracing(own), TraceOutput(settings))


def trace_all(url: str, settings: Settings, of: Tracing, to: TraceOutput) -> int:
    """Ask, show, keep; returns the exit status of the handshake as it was given, or that of --expect.

    Raises KeyboardInterrupt for ^C, after what had been recorded until then was shown.
    """
    seen: Trace | None = None
    base: Report | None = None
    under_way: list[tuple[str, Report]] = []

    async def everything() -> None:
        nonlocal seen, base
        async with AsyncExitStack() as stack:
            place = await Lab(stack.enter_async_context).place(url, settings.asking)
            check(place)
            seen = Trace(start_of(place, of), {})
            if of.dry_run:
                to.dry_run(seen, of.choice)
                return
            while (step := following(seen, of.choice)) is not None:
                if seen.answers:
                    await net.sleep(of.pause)
                to.asking(step)

                def keep(exchange: Exchange, name: str = step.name) -> None:
                    under_way.append((name, as_shown(reported(place, exchange), settings)))

                exchange = await net.probe(fresh(step.plan, place.asking.key), keep=keep)
                unmasked = reported(place, exchange)
                base = base or unmasked
                report = as_shown(unmasked, settings)
                seen = Trace(seen.start, {**seen.answers, step.name: answer_of(report)})
                to.answer(step.name, seen, report)

    try:
        net.run(everything)
    except KeyboardInterrupt:
        to.interrupted()
        if seen is not None:
            for name, report in under_way:
                # It is kept and shown; what is concluded is drawn from whole answers.
                to.answer(name, Trace(seen.start, {**seen.answers, name: answer_of(report)}), report)
            to.end(seen, of.choice)
        raise
    if seen is None or base is None:
        return Exit.OPEN
    to.end(seen, of.choice)
    ids = [each.id for each in conclusions(seen)]
    held, unmet = expect.held(settings.expectations, base, redact=settings.output.redact, concluded=ids)
    to.judged(Finished(as_shown(held, settings), held, tuple(unmet)), seen, of.choice)
    return held.exit_status


def start_of(place: Place, of: Tracing) -> Start:
    """What the trace begins with: the handshake as the options have it, and the browsers' own."""
    given = plan(place.url, place.asking)
    given = replace(given, limits=bounded(given.limits))
    target = given.target
    origin = f"{'https' if target.secure else 'http'}://{host_header(target)}"
    return Start(
        plan=given,
        origin=origin,
        browsers=tuple(_browsers(place, given, place.asking.offer.origin or origin)),
        backends=of.backends,
        each_address=of.each_address,
        hold=of.hold,
        http2=_http2(place, given),
    )


HEAD = BODY = 64 * 1024
SESSION = 16 * 1024
"""Bytes of an answer that are kept: of each only the beginning is compared, and a trace keeps all of them. A
session takes the most memory for a byte, because a frame can be as short as two."""


def bounded(limits: Limits) -> Limits:
    """*limits* for one of the many answers of a trace; a body's limit that was given is kept."""
    body = min(limits.max_body, BODY) if limits.max_body == Limits().max_body else limits.max_body
    session = min(limits.max_session, SESSION)
    return replace(limits, max_head=min(limits.max_head, HEAD), max_body=body, max_session=session)


def _http2(place: Place, given: Plan) -> Http2 | None:
    """How the same is asked over HTTP/2; None where it is not TLS, or bytes of HTTP/1.1 were given."""
    asking = place.asking
    if not given.target.secure or asking.raw is not None or asking.offer.http_version != "1.1":
        return None
    try:
        return plan(place.url, replace(asking, http2="alpn")).http2
    except click.UsageError:  # a header that has no place there
        return None


def _browsers(place: Place, given: Plan, origin: str) -> Iterator[tuple[str, bytes]]:
    """(name, request) of each browser that would ask at all."""
    page = Page(
        url=origin if "://" in origin else f"http://{given.target.host}/",
        protocols=place.asking.offer.protocols or None,
        cookies="; ".join(each.decode("latin-1") for each in sent(given.request, b"cookie")),
    )
    for name in BROWSERS:
        engine = ENGINES[name]
        made = engine.construct(place.url, page)
        if made.target is not None:
            yield name, engine.request(made, page, fresh_key(os.urandom(16)))


def fresh(plan: Plan, key: str | None) -> Plan:
    """*plan* with a Sec-WebSocket-Key of its own (RFC 6455 section 4.1), unless the user gave one."""
    if key is not None:
        return plan
    return replace(plan, request=rekeyed(plan.request, fresh_key(os.urandom(16))))


class TraceOutput(Output):
    """Prints and saves: a row as each answer comes, the conclusions at the end; or one object of JSON."""

    def __init__(self, settings: Settings) -> None:
        """Raises click.UsageError for a file that cannot be written."""
        super().__init__(settings)
        self._look = look(sys.stdout, settings.output.color)
        self._waits = (
            sys.stderr.isatty()
            and self._look.terminal
            and not (settings.output.as_json or settings.output.silent)
        )
        self._reports: list[tuple[str, Report]] = []

    def dry_run(self, seen: Trace, choice: Choice) -> None:
        """What may be sent."""
        url = seen.start.plan.target.url
        if self.settings.output.redact:
            url = Secrets().url(url)
        self._emit(show.dry_run(url, seen, choice, self._look))

    def asking(self, step: Question) -> None:
        """Tell a person what is being waited for."""
        if self._waits:
            sys.stderr.write(f"\r{step.name} ...\x1b[K")
            sys.stderr.flush()

    def answer(self, name: str, seen: Trace, report: Report) -> None:
        """One row, and the recording into --save."""
        self._reports.append((name, report))
        self.keep(Finished(report, report))
        if self._waits:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
        if not self.settings.output.as_json:
            self._emit(show.row(name, seen, self._look))

    def interrupted(self) -> None:
        """The terminal has written ^C, and stands behind it."""
        if sys.stderr.isatty():
            sys.stderr.write("\n")

    def end(self, seen: Trace, choice: Choice) -> None:
        """The conclusions, if anything was asked, and the file of --report."""
        if not self._reports:
            return
        self._conclude(seen, choice)
        if self.settings.output.report_to is not None:
            from wsprobe.cli.report_file import ReportFile  # only where it is asked for

            ReportFile(self.settings, "trace").traced(seen, choice)

    def judged(self, base: Finished, seen: Trace, choice: Choice) -> None:
        """Say what --expect does not find in the handshake as it was given, and write the file of --junit."""
        self.complain(base)
        self.test(base, plain(show.concluded(conclusions(seen), seen, choice, Look())))
        self.write_files()

    def _conclude(self, seen: Trace, choice: Choice) -> None:
        found = conclusions(seen)
        if not self.settings.output.as_json:
            self._emit(show.concluded(found, seen, choice, self._look))
            return
        value = trace_value(self._reports, found)
        sys.stdout.writelines(object_pieces(brief(value) if self.settings.output.brief else value))
        sys.stdout.write("\n")
        sys.stdout.flush()

    def _emit(self, lines: Iterable[Line]) -> None:
        if self.settings.output.save != "-" and not self.settings.output.silent:
            emit(lines, sys.stdout, self._look)
