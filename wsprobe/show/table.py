"""The live table of `watch`, redrawn in place with rich. Imported only on a terminal.

All text here was already made visible, and is drawn as `Text`, in which rich reads no markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import IO

from msgspec.structs import replace
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from wsprobe.show import watch as said
from wsprobe.show.lines import Look, Piece, cut_in_middle
from wsprobe.show.paint import STYLES
from wsprobe.watch.summary import MEASURED, Watch, percentiles

BESIDES = 8
"""Lines of a screen without a URL: two heads, the note about what is left out, and the shell's line."""
NARROW = 100
"""Columns; a narrower screen has no room for the words of a last change beside the other columns, and
shows a few lines per URL."""
LINES = 4
"""The most lines per URL on a narrow screen."""
OTHERS = 64
"""Columns that a table needs in addition to the URL."""
LEAST = 24
"""The least columns of a URL in a table."""


class Screen:
    """The part of the terminal that shows the state of all URLs, from `start` to `stop`."""

    def __init__(self, stream: IO[str], look: Look) -> None:
        self._look = look
        self._console = Console(
            file=stream,
            force_terminal=True,
            color_system="standard" if look.color else None,
            markup=False,
            emoji=False,
            highlight=False,
            legacy_windows=False,
        )
        self._live = Live(
            console=self._console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
        )

    def start(self) -> None:
        """Begin to draw, and hide the cursor."""
        self._live.start()

    def stop(self) -> None:
        """Leave the last state on the terminal, and show the cursor below it."""
        self._live.stop()

    def show(self, watches: Sequence[Watch], now: float) -> None:
        """Draw the state of all *watches*; if there is no room for all, first those that are down. *now*:
        seconds since the watch began."""
        look = replace(self._look, width=self._console.width)
        self._live.update(drawn(watches, now, look, self._console.height), refresh=True)


def drawn(watches: Sequence[Watch], now: float, look: Look, height: int) -> RenderableType:
    """The state of each URL and the durations of its phases: as two tables, or as lines on a narrow screen.
    *height*: lines of the screen."""
    narrow = look.width < NARROW
    room = max(1, (height - BESIDES) // (LINES if narrow else 2))
    shown = list(watches)
    if len(shown) > room:
        shown = sorted(shown, key=lambda each: each.last is None or each.last.up)[:room]
    parts: list[RenderableType] = (
        [text for each in shown for text in _lines(each, now, look)]
        if narrow
        else [_states(shown, now, look), _phases(shown, look)]
    )
    if left := len(watches) - len(shown):
        parts.append(Text(f"... {left} more (all in a pipe, or with --json)", STYLES["dim"]))
    return Group(*parts)


def _lines(watch: Watch, now: float, look: Look) -> Iterator[Text]:
    """The state of a URL, in at most ``LINES`` lines."""
    yield _url(watch, look, look.width)
    last, since = watch.last, watch.since
    if last is None or since is None or watch.availability is None:
        yield Text("  not yet", STYLES["dim"])
        return
    told = f"  {said.since(since, now)}  {said.part(watch.availability)} of {watch.probes}"
    yield _in_one("  ", _styled(said.state(last)), told)
    if watch.changes or last.held is not None:
        yield _in_one(f"  {_last_change(watch, look)}")
    if times := said.phases(watch):
        yield _in_one(f"  {times}", style=STYLES["dim"])


def _in_one(*parts: str | Text, style: str = "") -> Text:
    """*parts* in one line, cut at the end if too long."""
    return Text.assemble(*parts, style=style, no_wrap=True, overflow="ellipsis")


def _last_change(watch: Watch, look: Look) -> str:
    last = watch.last
    ended = f"; {said.ending(last.held)}" if last and last.held is not None and last.held.way != "held" else ""
    return (said.what_changed(watch, look) or "none") + ended


def _states(watches: Iterable[Watch], now: float, look: Look) -> Table:
    room = max(look.width - OTHERS, LEAST)
    table = _table(look, "URL", "now", "since", "up", "last change")
    for watch in watches:
        last, since = watch.last, watch.since
        if last is None or since is None or watch.availability is None:
            table.add_row(_url(watch, look, room), Text("not yet", STYLES["dim"]), Text(), Text(), Text())
            continue
        table.add_row(
            _url(watch, look, room),
            _styled(said.state(last)),
            Text(said.since(since, now)),
            Text(f"{said.part(watch.availability)} of {watch.probes}"),
            Text(_last_change(watch, look)),
        )
    return table


COLUMN = 12
"""Approximate columns for the times of a phase."""


def _phases(watches: Iterable[Watch], look: Look) -> Table:
    rows = [(watch, percentiles(watch)) for watch in watches]
    names = [name for name in MEASURED if any(name in found for _, found in rows)]
    table = _table(look, "median/95th percentile, ms", *names)
    for watch, found in rows:
        if found:
            cells = (said.pair(*found[name]) if name in found else "" for name in names)
            url = _url(watch, look, max(look.width - COLUMN * len(names), LEAST))
            table.add_row(url, *(Text(cell, justify="right") for cell in cells))
    return table


def _table(look: Look, *heads: str) -> Table:
    table = Table(box=SIMPLE_HEAD, safe_box=not look.unicode, header_style=STYLES["dim"], padding=(0, 1, 0, 0))
    for head in heads:
        table.add_column(head, overflow="fold", no_wrap=head in ("URL", "now", "since", "up"))
    return table


def _url(watch: Watch, look: Look, room: int) -> Text:
    """The URL in *room* columns."""
    url = look.text(watch.title.encode("utf-8", "surrogateescape"))
    return _in_one(cut_in_middle(url, room, look), style=STYLES["name"])


def _styled(piece: Piece) -> Text:
    return Text(piece.text, STYLES[piece.style])
