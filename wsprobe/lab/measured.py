"""What a real browser did with the lab's scenarios, as its page recorded it, and the comparison with the views.

A file has one JSON object on each line: first the head (``Browser``), then one line for each scenario
(``Observation``). Names of listeners such as ``{plain}`` replace their ports; everything else is unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from msgspec.structs import replace

from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import DomEvent, ScriptView, until_end
from wsprobe.exchange import Limits
from wsprobe.lab import load as catalogue
from wsprobe.lab.play import rehearse
from wsprobe.lab.ports import PORTS
from wsprobe.lab.scenario import Scenario

FORMAT = 1

MEASURED = ("chromium", "firefox", "webkitgtk")
"""The engines whose views are compared with what a browser did."""

CAP, LONG_CAP = 6.0, 25.0
"""Seconds after which the page closes a socket that has not ended by itself."""

LONG, LONG_CLOSING = 60.0, 10.0
"""A server that does nothing for so many seconds (the second number: after the page's close()) measures how
long the browser waits. Firefox waits 20 s."""

MUCH = 1024 * 1024
"""Bytes from which on a browser may need more time."""

MUCH_DEFLATED = 64 * 1024
"""The same for compressed bytes, which may inflate to a thousand times as many."""

MOST_EVENTS = 40
"""The most events kept of an endless stream of messages. How many arrive in six seconds is chance."""

LONGEST_DATA = 200
"""The most UTF-16 code units of a text message, or bytes of a binary one, that are kept. A longer message also
has its size."""

MESSAGES = 64 * 1024
"""Bytes that contain more messages than are kept."""

HEADS = 512 * 1024
"""More bytes than any engine reads of a head."""

ALL = 1 << 40
"""A limit in bytes under which nothing is left out, however small the pieces: their number is limited in
proportion."""


class Raised(msgspec.Struct, frozen=True):
    """An exception. *code* is the legacy code of a DOMException, None without one."""

    name: str
    message: str
    code: int | str | None = None


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """One event of the script, with the DOM's names. Members that its type does not have are None."""

    type: str
    rs: int | None = None
    """readyState while the event was delivered."""
    protocol: str | None = None
    extensions: str | None = None
    data: str | None = None
    """A text message, cut to LONGEST_DATA UTF-16 code units."""
    hex: str | None = None
    """A binary message in hexadecimal, cut to LONGEST_DATA bytes."""
    size: int | None = None
    """The full length of a message that was cut."""
    code: int | str | None = None
    reason: str | None = None
    wasClean: bool | None = None
    name: str | None = None
    """``throw``: the name of the exception that a later call raised."""
    message: str | None = None


class Capped(msgspec.Struct, frozen=True, omit_defaults=True):
    """The end of the socket after the page stopped waiting and called close()."""

    events: tuple[Event, ...] = ()
    readyState: int | None = None


class Observation(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a script saw of one scenario."""

    scenario: str
    exception: Raised | None
    """Thrown by the constructor."""
    url: str
    """The value of ``WebSocket.url``, "" after an exception."""
    events: tuple[Event, ...]
    """The events until the socket ended or the page stopped waiting, at most MOST_EVENTS."""
    readyState: int | None
    """The state at the end, or when the page stopped waiting; None after an exception."""
    console: tuple[str, ...] | None = None
    """Console lines; None if nothing read the console, which a page cannot do."""
    capped: Capped | None = None
    """Set only if the page stopped waiting after ``cap`` seconds."""
    host: str = "127.0.0.1"
    """The lab's host in the URL."""
    value: str | None = None
    """document.cookie at the end, if the scenario sets cookies."""


class Browser(msgspec.Struct, frozen=True, omit_defaults=True):
    """The head of a file: the browser, and the scenarios that it did not run."""

    engine: str
    """Name for the recordings, such as ``safari`` or ``chromium``."""
    version: str
    userAgent: str
    wsprobe: str
    page: str
    """URL of the page that opened the sockets."""
    format: int = FORMAT
    date: str = ""
    leftOut: dict[str, str] = {}
    """Scenario -> why it was not run."""

    @property
    def title(self) -> str:
        return f"{self.engine} {self.version}".strip()


class Measured(msgspec.Struct, frozen=True):
    """The contents of a file: one browser, and its observations by name of scenario."""

    browser: Browser
    seen: dict[str, Observation]


class MeasuredError(ValueError):
    """The file is invalid. The message is one line, with the number of the invalid line."""


def load(text: str) -> Measured:
    """The contents of a file with this *text*. Scenarios that are not in the catalogue are left out.

    Raises MeasuredError.
    """
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines:
        raise MeasuredError("it is empty: the page of wsprobe serve writes such a file (Run all)")
    number, first = lines[0]
    try:
        browser = msgspec.json.decode(first, type=Browser)
        known = catalogue()
        seen: dict[str, Observation] = {}
        for number, line in lines[1:]:  # noqa: B007 (it is named where that line is refused)
            one = msgspec.json.decode(line, type=Observation)
            if one.scenario in known:
                seen[one.scenario] = one
    except RecursionError:
        raise MeasuredError(f"line {number}: nested too deeply") from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise MeasuredError(f"line {number}: not what the page of wsprobe serve writes: {error}") from None
    if browser.format != FORMAT:
        raise MeasuredError(f"line 1: format {browser.format}; this wsprobe reads format {FORMAT}")
    return Measured(browser, seen)


def dump(measured: Measured) -> str:
    """The text of a file for ``load``, with scenarios in order of name."""
    encode = msgspec.json.encode
    lines = [encode(measured.browser), *(encode(measured.seen[name]) for name in sorted(measured.seen))]
    return "".join(line.decode() + "\n" for line in lines)


def cap(scenario: Scenario) -> float:
    """Seconds after which the page stops waiting. More for scenarios that may legitimately take longer."""
    closes = any(act.do == "close" for act in scenario.page.acts)
    long = LONG_CLOSING if closes else LONG
    slow = any(step.do in ("wait", "hold") and step.seconds > long for step in scenario.steps)
    sent = sum(len(step.data) * step.repeat for step in scenario.steps)
    deflated = any(b"permessage-deflate" in step.data for step in scenario.steps)
    much = sent > (MUCH_DEFLATED if deflated else MUCH)
    return LONG_CAP if slow or much else CAP


def of_view(view: ScriptView, scenario: str = "", ports: Mapping[Any, int] = PORTS) -> Observation:
    """*view* as an observation, as if by a page that stops watching when the recording ends.

    *ports*: the ports of the rehearsal, which listeners' names replace.
    """
    view = until_end(view)
    raised = view.exception
    said = Observation(
        scenario=scenario,
        exception=None if raised is None else Raised(raised.name, raised.message, raised.code),
        url=view.url,
        events=tuple(map(of_event, view.events[:MOST_EVENTS])),
        readyState=None if raised else view.ready_state,
        console=view.console,
    )
    return msgspec.convert(named(msgspec.to_builtins(said), ports), Observation)


def of_event(event: DomEvent) -> Event:
    """*event* of a view, as if a page had seen it."""
    match event.type:
        case "open":
            return Event("open", event.ready_state, protocol=event.protocol, extensions=event.extensions)
        case "message":
            return _message(event)
        case "close":
            return Event(
                "close", event.ready_state, code=event.code, reason=event.reason, wasClean=event.was_clean
            )
        case "throw":
            raised = event.exception
            assert raised is not None
            return Event("throw", event.ready_state, name=raised.name, message=raised.message, code=raised.code)
    return Event(event.type, event.ready_state)


def _message(event: DomEvent) -> Event:
    data = event.data
    if isinstance(data, bytes):
        length = len(data) if event.size is None else event.size
        size = length if length > LONGEST_DATA else None
        return Event("message", event.ready_state, hex=data[:LONGEST_DATA].hex(), size=size)
    units = len(data.encode("utf-16-le", "surrogatepass")) // 2 if event.size is None else event.size
    size = units if units > LONGEST_DATA else None
    return Event("message", event.ready_state, data=beginning(data), size=size)


def beginning(text: str) -> str:
    """The first LONGEST_DATA UTF-16 code units of *text*, without half of a surrogate pair."""
    units = text[:LONGEST_DATA].encode("utf-16-le", "surrogatepass")
    return units[: 2 * LONGEST_DATA].decode("utf-16-le", "ignore")


class Prediction(msgspec.Struct, frozen=True):
    """The essence of one engine's view, without the messages' data: one message may have 80 MB."""

    engine: str
    version: str
    says: Observation
    """The view in the form of an observation."""
    outcome: str
    because: str
    hidden: tuple[str, ...]
    races: str


class ViewComparison(msgspec.Struct, frozen=True):
    """What a browser saw of one scenario, compared with one engine's view."""

    view: Prediction
    differences: tuple[str, ...]
    """One line for each difference between the observation and the view."""

    @property
    def same(self) -> bool:
        return not self.differences

    @property
    def races(self) -> bool:
        """True if they differ, and the engine is known to give more than one result."""
        return bool(self.differences and self.view.races)


def held(engine: str, scenario: Scenario, seen: Observation) -> ViewComparison:
    """*seen* compared with the prediction for *engine* and *scenario*."""
    found: list[ViewComparison] = []
    for limits in limits_of(scenario, len(seen.events) == MOST_EVENTS):
        view = predicted(engine, scenario, seen.host, limits)
        found.append(ViewComparison(view, tuple(differences(seen, view.says))))
        if found[-1].same:
            break
    return min(found, key=lambda one: len(one.differences))


def limits_of(scenario: Scenario, endless: bool = False) -> Iterator[Limits]:
    """The limits to rehearse with, which end when the page stops waiting. If the scenario sends much, first
    those for the part that matters, then those for all of it. *endless*: as many events were seen as are
    kept."""
    patience = cap(scenario)
    usual = Limits(connect_timeout=patience, max_time=patience, linger=2 * patience)
    if endless:
        yield replace(usual, max_session=MESSAGES)
        return
    sent = sum(len(step.data) * step.repeat for step in scenario.steps)
    most = max(usual.max_head, usual.max_body, usual.max_session)
    for size in (HEADS, ALL) if sent > HEADS else (most,):
        yield replace(usual, max_head=size, max_body=size, max_session=size)


@lru_cache(maxsize=4096)
def predicted(engine: str, scenario: Scenario, host: str, limits: Limits) -> Prediction:
    """The prediction for *engine* and *scenario* at *host*, with listeners' names in place of ports."""
    view = rehearse(ENGINES[engine], scenario, catalogue(), host=host, limits=limits)
    return prediction(view, of_view(view, scenario.name))


def prediction(view: ScriptView, says: Observation) -> Prediction:
    """The prediction from *view*. *says*: the view as an observation."""
    return Prediction(view.browser, view.version, says, view.outcome, view.because, view.hidden, view.races)


def named(value: Any, ports: Mapping[Any, int] = PORTS) -> Any:
    """*value* (built-in types only) with names such as ``{plain}`` in place of the listeners' *ports*."""
    if isinstance(value, str):
        for name, port in ports.items():
            value = value.replace(f":{port}", f":{{{name}}}")
        return value
    if isinstance(value, list | tuple):
        return [named(item, ports) for item in value]
    if isinstance(value, dict):
        return {name: named(item, ports) for name, item in value.items()}
    return value


def differences(seen: Observation, view: Observation) -> Iterator[str]:
    """One line for each difference between *seen* and *view*. Ignores the end of an endless stream, which
    depends on speed, and the console if nothing read it."""
    endless = len(seen.events) == MOST_EVENTS
    if seen.exception != view.exception:
        yield f"exception: {_raised(seen.exception)}; predicted: {_raised(view.exception)}"
    if seen.url != view.url:
        yield f"url: {seen.url!a}; predicted: {view.url!a}"
    for index in range(max(len(seen.events), len(view.events))):
        got = seen.events[index] if index < len(seen.events) else None
        want = view.events[index] if index < len(view.events) else None
        if got != want:
            yield f"event {index + 1}: {words(got)}; predicted: {words(want)}"
    if not endless and seen.readyState != view.readyState:
        yield f"readyState: {seen.readyState}; predicted: {view.readyState}"
    if not endless and seen.console is not None and seen.console != view.console:
        yield f"console: {list(seen.console)!a}; predicted: {list(view.console or ())!a}"


def words(event: Event | None) -> str:
    """One event in one line: its type, then its members."""
    if event is None:
        return "nothing"
    has = msgspec.structs.asdict(event)
    kept = {name: value for name, value in has.items() if name != "type" and value is not None}
    return " ".join([ascii(event.type)[1:-1], *(f"{name}={value!a}" for name, value in kept.items())])


def _raised(raised: Raised | None) -> str:
    return "none" if raised is None else f"{ascii(raised.name)[1:-1]} {raised.message!a}"


class Agreement(msgspec.Struct, frozen=True):
    """In how many scenarios of one kind the browser did what one engine's view predicts."""

    same: int
    races: int
    """How many of the others have an engine that is known to give more than one result."""
    of: int

    def __str__(self) -> str:
        return f"{self.same}/{self.of}"


def all_held(measured: Measured, engines: Sequence[str] = MEASURED) -> dict[str, dict[str, ViewComparison]]:
    """Scenario -> engine -> comparison of the observation with that engine's view."""
    known = catalogue()
    return {
        name: {engine: held(engine, known[name], seen) for engine in engines}
        for name, seen in measured.seen.items()
    }


def agreement(found: Mapping[str, Mapping[str, ViewComparison]]) -> dict[str, dict[str, Agreement]]:
    """Kind of scenario -> engine -> agreement. The last kind, ``all``, counts all scenarios."""
    known = catalogue()
    kinds: dict[str, list[Mapping[str, ViewComparison]]] = {}
    for name, row in found.items():
        kinds.setdefault(known[name].about, []).append(row)
    kinds = dict(sorted(kinds.items()))
    kinds["all"] = list(found.values())
    return {kind: {engine: _count(engine, rows) for engine in _engines(rows)} for kind, rows in kinds.items()}


def _engines(rows: Sequence[Mapping[str, ViewComparison]]) -> list[str]:
    return list(rows[0]) if rows else []


def _count(engine: str, rows: Sequence[Mapping[str, ViewComparison]]) -> Agreement:
    ours = [row[engine] for row in rows]
    return Agreement(sum(one.same for one in ours), sum(one.races for one in ours), len(ours))


def nearest(found: Mapping[str, Mapping[str, ViewComparison]]) -> str:
    """The engine whose views match the most scenarios, "" if nothing was measured."""
    engines = _engines(list(found.values()))
    return max(engines, key=lambda engine: sum(row[engine].same for row in found.values()), default="")
