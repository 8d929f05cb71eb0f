"""What a script sees, as lines: one block for all engines that show it the same; and what its fetch() sees."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from msgspec import Struct

from wsprobe.browsers import BY_NAME, RUNTIMES, short_title
from wsprobe.browsers import title as title_of
from wsprobe.browsers.engine import DomEvent, ScriptView
from wsprobe.browsers.fetch import Fetched, FetchView
from wsprobe.browsers.tell import told
from wsprobe.read import read
from wsprobe.show.http2 import protocol
from wsprobe.show.lines import Line, Look, Piece, Style, cut, ends, grouped, left_out, line, width_of
from wsprobe.text import counted

EVENTS = 50
"""The most events to show."""
STATES = ("CONNECTING", "OPEN", "CLOSING", "CLOSED")


class Block(Struct, frozen=True):
    """Engines whose scripts see the same, and the lines about it."""

    names: tuple[str, ...]
    lines: tuple[Line, ...]
    place: str = "in the page"
    """Where the script runs."""
    notes: tuple[Line, ...] = ()
    """In a block for one screen: the notes about single engines."""


def title(view: ScriptView) -> str:
    """The engine's name and version, for people."""
    return title_of(view.browser, view.version)


def blocks(views: Sequence[ScriptView], look: Look, *, short: bool = False) -> list[Block]:
    """The views, grouped by what a script sees, in the order of the first of each group. *short*: without
    console lines and versions, and with notes apart."""
    groups = grouped(((view.url, told(view)), view) for view in views)
    return [_short_block(group, views, look) if short else _block(group, look) for group in groups.values()]


def _short_block(group: Sequence[ScriptView], views: Sequence[ScriptView], look: Look) -> Block:
    lines = [*_construction(group, look), *_events(group[0].events, look), *_state(group[0])]
    if not (group[0].events or group[0].exception):  # what happens instead of an event is no note
        lines += [line(Piece("  "), look.of_script(each)) for each in group[0].beyond]
    hidden = ", ".join(_hidden(group))
    if hidden:
        row = line(Piece("hidden: ", "warn"), look.of_script(hidden))
        columns = max(HIDDEN_COLUMNS, *map(width_of, lines))
        lines += cut(row, columns) if look.terminal else [row]
    names = tuple(short_title(view, views) for view in group)
    return Block(names, tuple(lines), _place(group), tuple(_notes(group, look, short=True)))


HIDDEN_COLUMNS = 36
"""At least; what is hidden makes a side of a terminal no wider than its other lines do."""


def _block(group: Sequence[ScriptView], look: Look) -> Block:
    first = group[0]
    lines = [*_construction(group, look), *_events(first.events, look)]
    if first.outcome != "unloaded" and first.exception is None:
        lines.append(line(f"readyState {first.ready_state} {STATES[first.ready_state]}"))
    lines += [*_state(first), *_consoles(group, look)]
    for view in group:
        lines += [
            line(Piece(f"beyond the W3C API, in {title(view)}: ", "dim"), look.of_script(each))
            for each in view.beyond
        ]
    hidden = _hidden(group)
    if hidden:
        lines.append(line(Piece("hidden: ", "warn"), look.of_script(", ".join(hidden))))
    lines += _notes(group, look)
    return Block(tuple(title(view) for view in group), tuple(lines), _place(group))


def _place(group: Sequence[ScriptView]) -> str:
    return "in the script" if all(view.browser in RUNTIMES for view in group) else "in the page"


_BODY = " body"


def _hidden(group: Sequence[ScriptView]) -> list[str]:
    """What is hidden from any of *group*; of bodies of several sizes the first."""
    found = list(dict.fromkeys(item for view in group for item in view.hidden))
    bodies = [item for item in found if item.endswith(_BODY)]
    return [item for item in found if item not in bodies[1:]]


STATE = {
    "unloaded": "the page itself does not load, so no script runs",
    "open": "still open when the recording ended",
    "connecting": "still connecting when the recording ended",
    "follows": "the browser sends the request again; the second answer is not recorded",
}
"""The note about a view that is not over, or never began."""


def _state(of: ScriptView) -> list[Line]:
    return [line(Piece(STATE[of.outcome], "dim"))] if of.outcome in STATE else []


def _notes(group: Sequence[ScriptView], look: Look, short: bool = False) -> list[Line]:
    """Protocols, other results that are possible, and what the page may reach, engine by engine. *short*:
    without the protocol that the engine would take by itself."""
    lines: list[Line] = []
    for view in group:
        if "2" in view.handshakes:
            spoken = ", then ".join(protocol(each == "2") for each in view.handshakes)
            lines.append(line(Piece(f"sent by {title(view)} over ", "dim"), spoken))
        if view.otherwise and not short:
            lines.append(line(Piece("note: ", "warn"), view.otherwise))
        if view.local_network:
            means, *remedies = view.local_network
            lines.append(line(Piece(f"local network, {title(view)}: ", "warn"), look.of_script(means)))
            lines += [line(Piece("  -> ", "good"), each) for each in remedies]
        if view.races:
            lines.append(line(Piece(f"races in {title(view)}: ", "warn"), look.of_script(view.races)))
        if view.assumes is not None:
            lines.append(
                line(Piece(f"after the recording {title(view)} continues: if ", "dim"), view.assumes.words)
            )
    return lines


def _construction(group: Sequence[ScriptView], look: Look) -> list[Line]:
    """The constructor's call; the messages of what it throws are each engine's own."""
    thrown = group[0].exception
    if thrown is None:
        return [line(f"new WebSocket({look.of_script(_arguments(group[0]))})")]
    lines = [line("new WebSocket(...) throws ", Piece(thrown.name, "fail"))]
    for view in group:
        if view.exception is not None and view.exception.message:
            lines.append(line(Piece(f"  {title(view)}: ", "dim"), look.of_script(view.exception.message)))
    return lines


def _arguments(view: ScriptView) -> str:
    """Those of the constructor, as a script writes them."""
    protocols = [f'"{each}"' for each in view.protocols]
    second = protocols if len(protocols) < 2 else [f"[{', '.join(protocols)}]"]
    return ", ".join((f'"{view.url}"', *second))


MESSAGE = 200
"""The most characters of a message on its line; with their escapes at most twice as many."""


def _beginning(message: str, look: Look) -> str:
    """As much of *message* as its line shows. A character may need twelve in escapes, and a thousand such lines
    would fill a terminal for seconds."""
    message = message[:MESSAGE]
    shown = look.of_script(message)
    if len(shown) <= 2 * MESSAGE:
        return shown
    fit = bisect_right(range(len(message)), 2 * MESSAGE, key=lambda end: len(look.of_script(message[:end]))) - 1
    return look.of_script(message[:fit])


def _events(events: Sequence[DomEvent], look: Look) -> list[Line]:
    """The events; where they are many, the first and the last."""
    begin, left, end = ends(events, EVENTS, look)
    between = [line("  ", *left_out(left, "event", look))] if left else []
    return [*(event_line(each, look) for each in begin), *between, *(event_line(each, look) for each in end)]


def event_line(event: DomEvent, look: Look) -> Line:
    """One event of a script."""
    match event.type:
        case "open":
            return line(
                Piece("  open    ", "good"),
                f'protocol "{look.of_script(event.protocol)}"  extensions "{look.of_script(event.extensions)}"',
            )
        case "left-out":
            return line(Piece(f"  ... {event.size} more messages (only counted)", "dim"))
        case "message" if isinstance(event.data, bytes):
            size = len(event.data) if event.size is None else event.size
            return line(Piece("  message ", "good"), f"{counted(size, 'byte')}  {event.data[:24].hex(' ')}")
        case "message":
            return line(Piece("  message ", "good"), f'"{_beginning(str(event.data), look)}"')
        case "close":
            clean = str(event.was_clean).lower()
            style: Style = "good" if event.was_clean else "fail"
            return line(
                Piece("  close   ", style), f'{event.code}  "{look.of_script(event.reason)}"  wasClean {clean}'
            )
        case "throw":
            assert event.exception is not None
            return line(
                Piece("  throws  ", "fail"),
                f"{event.exception.name}: {look.of_script(event.exception.message)}",
            )
        case "error" if event.message is not None:
            return line(Piece("  error   ", "fail"), f'message "{look.of_script(event.message)}"')
        case "error":
            return line(Piece("  error   ", "fail"), "(no details)")


def _consoles(group: Sequence[ScriptView], look: Look) -> list[Line]:
    printing = [view for view in group if view.console]
    if not printing:
        return []
    lines = [line(Piece("console, which a script cannot read:", "dim"))]
    for view in printing:
        if len(group) > 1:
            lines.append(line(Piece(f"  {title(view)}", "dim")))
        lines += [
            line(f"    {look.of_script(each)}" if len(group) > 1 else f"  {look.of_script(each)}")
            for each in view.console
        ]
    return lines


SHOWN = 200
"""Bytes of a body."""


def fetch_lines(fetched: Fetched, look: Look) -> list[Line]:
    """The call, its result for a script in each browser, and the missing header."""
    status = read(fetched.exchange).status
    groups = grouped(
        ((_got(view, status, look), view.add), BY_NAME[view.browser].title) for view in fetched.views
    )
    rows = [line(Piece(f'fetch("{look.text(fetched.url.encode())}") in the page:', "title"))]
    for (got, add), names in groups.items():
        rows.append(line(f"  {', '.join(names)}: ", got))
        if add:
            rows.append(line(Piece("    -> ", "good"), f"send {look.text(add.encode())} (and Vary: Origin)"))
    return rows


def _got(view: FetchView, status: int | None, look: Look) -> str:
    because = look.text(view.because.encode())
    if view.exception is not None:
        wire = "" if status is None else f" (the answer was {status})"
        return f"{view.exception.name}, no status, no body: {because}{wire}"
    if view.status is None:
        return because
    more = "..." if len(view.body) > SHOWN else ""
    return f'status {view.status}, body "{look.text(view.body[:SHOWN])}{more}"'
