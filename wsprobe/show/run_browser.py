"""The result of an installed browser next to the prediction: for a person, and as ``seen`` of a report's
JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET

from wsprobe.browsers import BY_NAME, newer
from wsprobe.browsers import title as name_of
from wsprobe.browsers.page import origin
from wsprobe.show.contract import ExceptionJson, SeenJson
from wsprobe.show.lines import Line, Look, Piece, line
from wsprobe.show.measured import indented, told
from wsprobe.text import visible

if TYPE_CHECKING:
    from wsprobe.lab.installed import BrowserRun


def seen_beside(found: BrowserRun, look: Look) -> list[Line]:
    """The lines about one browser and one place."""
    title = f"{BY_NAME[found.browser.engine].title} {found.version}".strip()
    held = found.held
    made = [
        line(
            Piece(f"seen in {visible(title.encode())}", "name"), Piece(f", a page at {found.page.url}", "dim")
        ),
        *indented(told(found.seen, look)),
        line(Piece(f"  its Origin: {origin(found.page)}", "dim")),
    ]
    if newer(found.version, held.view.version):
        known = name_of(found.browser.engine, held.view.version)
        text = f"  newer than the version that wsprobe predicts ({known}): a difference may be new in it"
        made.append(line(Piece(text, "warn")))
    if held.same:
        return [*made, line("predicted and seen: ", Piece("the same", "good"))]
    made.append(line("predicted and seen: ", Piece("they differ", "fail")))
    made += [line(f"  {each}") for each in held.differences]
    if held.view.races:
        made.append(line(Piece(f"  known to differ from run to run: {held.view.races}", "warn")))
    elif found.file:
        made.append(line(f"  the whole difference, to attach to a bug report: {found.file}"))
    return made


def seen_value(found: BrowserRun) -> SeenJson:
    """The same as JSON."""
    seen = found.seen
    raised = seen.exception
    return SeenJson(
        browser=found.browser.engine,
        version=found.version,
        user_agent=found.user_agent,
        page=found.page.url,
        origin=origin(found.page),
        exception=None
        if raised is None
        else ExceptionJson(
            name=raised.name, message=raised.message, code=UNSET if raised.code is None else raised.code
        ),
        url=seen.url,
        events=msgspec.to_builtins(seen.events),
        ready_state=seen.readyState,
        console=seen.console,
        same=found.held.same,
        differences=found.held.differences,
        file=found.file or None,
    )
