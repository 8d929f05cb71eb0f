"""From what a script's WebSocket went through to the view of it: the same for every engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from wsprobe.browsers.engine import Made
from wsprobe.browsers.script.hidden import hidden
from wsprobe.browsers.script.websocket import CONNECTING, CallTexts, WebSocket
from wsprobe.browsers.view import Page, ScriptView
from wsprobe.read.reading import Reading
from wsprobe.value import dataclass


class Named(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Told:
    """What a script's life came to: ``ScriptView`` says what each of these is."""

    outcome: str
    because: str
    cookies: tuple[str, ...] = ()
    races: str = ""


def live(
    engine: Named,
    page: Page,
    made: Made,
    readings: Sequence[Reading],
    texts: CallTexts,
    through: Callable[[WebSocket], Told],
) -> ScriptView:
    """Return the view of what was *made*: the script's WebSocket, run *through* all that happens to it."""
    if made.construction.exception is not None:
        return _seen(engine, page, made, None, None, Told("threw", made.because))
    script = WebSocket(page.acts, texts)
    script.console += made.console
    told = through(script)
    return _seen(engine, page, made, script, readings[-1] if readings else None, told)


def _seen(
    engine: Named, page: Page, made: Made, script: WebSocket | None, reading: Reading | None, told: Told
) -> ScriptView:
    events = tuple(script.events) if script is not None else ()
    opened = any(event.type == "open" for event in events)
    return ScriptView(
        browser=engine.name,
        version=engine.version,
        page=page.url,
        url=(opened and made.connects_to) or made.construction.url,
        exception=made.construction.exception,
        events=events,
        ready_state=script.ready_state if script is not None else CONNECTING,
        console=tuple(script.console) if script is not None else made.console,
        hidden=hidden(reading, events) if reading is not None else (),
        outcome=told.outcome,
        because=told.because,
        races=told.races,
        cookies=told.cookies,
    )
