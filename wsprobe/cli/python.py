"""The Python interface, ``import wsprobe``: the commands `connect` and `compare` as functions.

A setting is an option of the command: ``max_time=5`` is ``--max-time 5``, ``insecure=True`` is ``--insecure``,
and a list repeats an option. Settings fill the same sections as a command line.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from typing import Any, TypeVar

import click
from msgspec.structs import replace

from wsprobe import net
from wsprobe.browsers.engine import Page, ScriptView
from wsprobe.cli import expect, files, readers, recordings
from wsprobe.cli.commands import compare as compare_command
from wsprobe.cli.commands import connect as connect_command
from wsprobe.cli.engines import probed
from wsprobe.cli.option import Given, Option, given
from wsprobe.cli.paste import RECORDED
from wsprobe.cli.probe import apart_if_large, probe_with_followups, reported, usable, write_jar
from wsprobe.cli.readers import Readers, as_is, recorded, recorded_page, with_verdicts
from wsprobe.cli.request_settings import REACH, SEND
from wsprobe.cli.route_settings import TRUST
from wsprobe.cli.settings import Settings, settings_of
from wsprobe.cli.targets import lab_targets
from wsprobe.cli.view_settings import VIEWS
from wsprobe.exception_groups import leaves
from wsprobe.exchange import Exchange
from wsprobe.nearest import nearest
from wsprobe.recording.archive import dump
from wsprobe.report import report as reports
from wsprobe.request.target import loopback
from wsprobe.show.lines import Look, plain
from wsprobe.show.report import handshake
from wsprobe.text import visible

__all__ = [
    "Exchange",
    "Page",
    "Report",
    "ScriptView",
    "UsageError",
    "aprobe",
    "compare",
    "load",
    "probe",
    "save",
    "views",
]

Result = TypeVar("Result")
Setting = str | int | float | bool | os.PathLike[str] | Sequence[str] | Mapping[str, str] | None
"""The value of an option; None and False leave it out. A mapping is for ``headers``."""

SECTIONS = (SEND, REACH, TRUST, VIEWS)
"""The groups of options that are settings; the others are about output, or about many URLs."""
BESIDES = ("retry", "retry_max_time", "expectations")
"""Settings from other groups."""
NEVER = ("from_curl", "config", "entry", "talk", "measured", "run_browser", "workers")
"""Options of these groups that are not settings: they read the request from a file, or belong to another
command or to the output."""


class Report(reports.Report, frozen=True):
    """A report that is readable in a failed test: ``assert report.outcome == "open", report``."""

    unmet: tuple[str, ...] = ()
    """A sentence for each unmet condition of ``expect``."""

    def __str__(self) -> str:
        """The output of ``wsprobe connect``."""
        return plain(handshake(self, Look()))

    def __repr__(self) -> str:
        """One line: the URL, the result (for each client if they differ), the likeliest cause. pytest shows its
        first 240 characters."""
        why = self.result.cause
        parts = [self.result.headline, *self.unmet]
        if self.findings:
            parts.append(", ".join(f"{each.level} {each.id}" for each in self.findings))
        if why is not None:
            parts.append(why.labelled)
        return visible(f"<Report {self.title}: {'; '.join(parts)}>".encode("utf-8", "replace"))

    @property
    def usable(self) -> bool:
        """Whether a page could use the WebSocket in every browser: it opens, and nothing but a normal Close
        ends it. Without views in the report, by the views of the recording (``views``)."""
        seen = self if self.views else replace(self, views=views(self))
        return bool(seen.result.usable)

    def _repr_html_(self) -> str:
        """The report in a notebook."""
        from wsprobe.show.html import notebook  # for notebooks alone

        return notebook(self)


def _readable(made: reports.Report, settings: Settings, *, own_status: bool) -> Report:
    """*made* with its unmet expectations; if *own_status*, also with the exit status that follows from them."""
    held, unmet = expect.held(settings.expectations, made, redact=False)
    whole = held if own_status else made
    return Report(**{name: getattr(whole, name) for name in whole.__struct_fields__}, unmet=tuple(unmet))


class UsageError(ValueError):
    """A URL, setting or file that cannot be used. The message is one line."""


def probe(url: str, **settings: Setting) -> Report:
    """Make one handshake with *url* (ws:, wss:, or lab:NAME), and return its report.

    *settings* are the options of ``wsprobe connect`` about the request, the route, limits, TLS and the session,
    and ``retry``, ``retry_max_time`` and ``expect``, whose unmet conditions are in ``report.unmet``.
    ``headers`` is a mapping of names to values. A network failure is part of the report. Raises UsageError.
    Under trio or asyncio, use ``aprobe``: this function blocks the event loop, and a server in that loop cannot
    answer.
    """
    made = _apart(partial(net.run, partial(aprobe, url, **settings)))
    if made.outcome == "timeout" and _in_asyncio() and loopback(made.exchange.plan.target.host):
        raise UsageError(
            "no answer: probe() blocks the event loop that it is called in, and a server in that loop cannot "
            "answer; use: await wsprobe.aprobe(...)"
        )
    return made


async def aprobe(url: str, **settings: Setting) -> Report:
    """The same as ``probe``, for trio and asyncio: it can be cancelled, and can run concurrently with others,
    such as a server in the same loop. Under asyncio it runs in a thread of its own."""
    if not net.running():
        return await net.in_thread_of_asyncio(partial(aprobe, url, **settings))
    with _usage():
        resolved = settings_of(_given(connect_command.command, settings))
        _check_url(url)
        async with AsyncExitStack() as stack:
            try:
                place = await lab_targets(stack.enter_async_context)(url, resolved.handshake)
                usable(place)
                try:
                    exchange = await probe_with_followups(place, resolved)
                    made = await apart_if_large(exchange, partial(reported, place, exchange))
                    return _readable(made, resolved, own_status=True)
                finally:
                    write_jar(resolved)
            except click.UsageError as error:  # here, because the lab's nursery would wrap it
                wrong = error
        raise wrong


def compare(*what: str | Exchange | Report, **settings: Setting) -> tuple[Report, ...]:
    """Return a report for each of *what*, with a view for each ``browser`` and a verdict for each ``spec``.

    A URL is probed, by each browser with its own request. A recording, or that of a report, is read unchanged.
    *settings* are the options of ``wsprobe compare``; ``browser_mode=True`` means all browsers. Raises
    UsageError.
    """
    with _usage():
        for each in what:
            _check_url(each) if isinstance(each, str) else _recording(each)
        filled = _given(compare_command.command, settings)
        resolved = settings_of(filled, page=True)
        by = readers.readers(filled, resolved)
        made = tuple(_apart(partial(_collect, what, resolved, by)))
        return tuple(_readable(with_verdicts(each, by), resolved, own_status=False) for each in made)


def _collect(
    what: Sequence[str | Exchange | reports.Report], settings: Settings, by: Readers
) -> list[reports.Report]:
    made: list[reports.Report] = []
    probed([each for each in what if isinstance(each, str)], settings, by, made)
    live = iter(made)
    return [next(live) if isinstance(each, str) else recorded(_recording(each), by) for each in what]


def views(
    exchange: Exchange | Report, engines: str | Sequence[str] = "all", page: str | Page | None = None
) -> tuple[ScriptView, ...]:
    """Return what a script on *page* would see of a recording, one view for each of *engines* (names of
    ``--browser``, or "all").

    *page* is its URL, as for ``--page``, or a ``Page``; without it, the page whose Origin the recorded request
    has, else one of the URL's own origin. Raises UsageError.
    """
    with _usage():
        names = (engines,) if isinstance(engines, str) else tuple(engines)
        made = exchange if isinstance(exchange, reports.Report) else reports.report(_recording(exchange))
        if isinstance(page, str):
            page = Page(url=readers.opener(page, None))
        page = recorded_page(Page(url="") if page is None else page, made)
        return as_is(made, Readers(readers.chosen(names), page=page))


def load(file: str | os.PathLike[str]) -> tuple[Exchange, ...]:
    """Return the recordings in *file*, one a line, as written by ``save`` and ``--json``. Raises UsageError."""
    with _usage():
        return tuple(recordings.recordings(_path(file)))


def save(file: str | os.PathLike[str], *what: Exchange | Report) -> None:
    """Append the recordings of *what* to *file*, one a line. Raises UsageError if the file cannot be
    written."""
    with _usage():
        lines = b"".join(dump(_recording(each)).encode() + b"\n" for each in what)
        files.write(_path(file), lines, "save", append=True)


def _check_url(url: object) -> None:
    if not isinstance(url, str):
        raise click.UsageError(f"expected a URL, such as 'wss://chat.example/ws', not {_kind(url)}")
    if url.lower().endswith(RECORDED) and "://" not in url:
        raise click.UsageError(f"{url!a} is a file name, not a URL: wsprobe.load({url!a}) reads recordings")


def _recording(what: object) -> Exchange:
    """*what* itself if it is a recording, or the recording of a report. Raises click.UsageError for anything
    else."""
    made = what.exchange if isinstance(what, reports.Report) else what
    if not isinstance(made, Exchange):
        raise click.UsageError(f"expected a recording or a report, not {_kind(what)}")
    return made


def _path(file: object) -> str:
    if not isinstance(file, str | os.PathLike):
        raise click.UsageError(f"expected the name of a file, not {_kind(file)}")
    name = os.fsdecode(file)
    return f"./{name}" if name == "-" else name


def _kind(what: object) -> str:
    return "None" if what is None else type(what).__name__


def options(command: click.Command) -> dict[str, Option]:
    """Setting's name -> option, for each option of *command* that is a setting."""
    return {
        max(each.opts, key=len).lstrip("-").replace("-", "_")
        if len(max(each.opts, key=len)) > 2
        else each.name: each
        for each in command.params
        if isinstance(each, Option) and each.name
        if (each.section in SECTIONS and each.name not in NEVER) or each.name in BESIDES
    }


def _given(command: click.Command, settings: dict[str, Setting]) -> Given:
    """The sections of *command*, filled with *settings*. Raises click.UsageError."""
    known = options(command)
    context = click.Context(command)
    values: dict[str, Any] = {}
    for name, value in settings.items():
        if name == HEADERS:
            name, value = "header", _header_lines(value)
        if name not in known:
            near = nearest(name, tuple(known))
            raise click.UsageError(f"no setting {name!r}" + (f"; did you mean {near[0]}?" if near else ""))
        if value is None or value is False:
            continue
        option = known[name]
        assert option.name is not None
        if option.name in values:
            raise click.UsageError("header and headers cannot be used together")
        try:
            values[option.name] = option.type_cast_value(context, _value(name, option, value))
        except click.BadParameter as error:
            raise click.UsageError(f"{name}: {error.message}") from None
    made = given(command.params, values)
    made.check()
    return made


HEADERS = "headers"


def _header_lines(value: Setting) -> list[str]:
    """The values of ``header``, from a mapping or from a value of ``header``."""
    if value is None or (isinstance(value, Sequence) and not isinstance(value, str)):
        return list(value or ())
    if not isinstance(value, Mapping):
        raise click.UsageError("headers must map names to values, such as {'X-Tenant': 'a'}")
    return [f"{name}: {text}" if text else f"{name};" for name, text in value.items()]


def _value(name: str, option: Option, value: Setting) -> bool | str | list[str]:
    """*value* in the form that a command line gives to *option*. Raises click.UsageError."""
    if option.is_flag != (value is True):
        raise click.UsageError(
            f"{name} {'must be True or False' if option.is_flag else 'cannot be True or False'}"
        )
    if option.is_flag:
        return True
    if option.multiple:
        several = (value,) if isinstance(value, str | int | float | os.PathLike) else value
        return [_word(name, each) for each in several or ()]
    return _word(name, value)


def _word(name: str, value: object) -> str:
    if not isinstance(value, str | int | float | os.PathLike):
        raise click.UsageError(f"{name} cannot be {value!r}")
    return os.fsdecode(value) if isinstance(value, os.PathLike) else str(value)


def _apart(call: Callable[[], Result]) -> Result:
    """Return the result of *call*, which runs trio.

    trio cannot share a thread with another event loop. If asyncio is running, as in a notebook, *call* runs in
    a new thread.
    """
    if net.running():
        raise UsageError("this cannot run inside trio; there, await wsprobe.aprobe(...)")
    if not _in_asyncio():
        return call()
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(call).result()


def _in_asyncio() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@contextmanager
def _usage() -> Iterator[None]:
    """Raise UsageError for the exceptions of the command line."""
    try:
        yield
    except BaseException as error:
        for each in leaves(error):
            if isinstance(each, click.UsageError):
                raise UsageError(each.format_message()) from None
        raise
