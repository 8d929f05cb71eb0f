"""The part of a result that is compared with a later one of the same URL (`State`), and what else is kept of it
(`Probed`). Both are small, whatever the server sent."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Literal

from msgspec import Struct
from msgspec.structs import asdict, replace

from wsprobe.diagnosis.advice import Likely
from wsprobe.exchange import Connected, Exchange, TlsDone
from wsprobe.judge.subject import how
from wsprobe.read.closing import SessionClose, close_of
from wsprobe.read.frames import CLOSE, first_close
from wsprobe.read.reading import Frame, Reading, Session
from wsprobe.report.report import Report
from wsprobe.report.timing import moment, phases, timing

Way = Literal["held", "closed", "cut", "limit", "interrupted"]


class Hold(Struct, frozen=True):
    """How a held session ended."""

    seconds: float
    """Time from the end of the head that opened it to the server's Close, the end of the connection, or our
    Close."""
    way: Way
    """held: to the end, then closed by us; closed: the server sent a Close first; cut: the server or a proxy
    ended the connection without a Close; limit: wsprobe reached its own limit of bytes; interrupted: ^C."""
    code: int | None
    """The code of the server's Close."""
    idle: float
    """Seconds without a frame in either direction before it ended."""


class State(Struct, frozen=True):
    """What stays the same from probe to probe, unless something changed. Left out is what always differs:
    times, sizes, the values of headers, which of several addresses answered."""

    outcome: str
    status: str = ""
    http: str = ""
    """2 over HTTP/2."""
    protocol: str = ""
    extensions: str = ""
    close: str = ""
    """The code of the Close with which the server ended the session, if it did."""
    session: str = ""
    """How a held session ended: ``Held.way``."""
    certificate: str = ""
    """The beginning of the SHA-256 of the server's certificate."""
    expected: str = ""
    """True if --expect was met."""
    findings: tuple[str, ...] = ()
    """Ids of the findings, notes excluded."""


class Probed(Struct, frozen=True):
    """What is remembered about one result."""

    at: float
    """Its end: seconds since the watch began, on a monotonic clock."""
    started: str
    """Its start: ISO 8601, UTC."""
    state: State
    up: bool
    """True if it opened, or with --expect if the expectation was met."""
    exit_status: int
    met: bool
    """True if the condition of --until was met."""
    seconds: float
    """Its duration without the session, whose length --linger or --hold sets."""
    phases: tuple[tuple[str, float], ...]
    """(name, seconds), from `durations`."""
    opened: bool
    levels: tuple[tuple[str, str], ...]
    """(id, level) of each finding."""
    family: int
    """4 or 6; 0 if no IP address answered."""
    expires: float | None
    """Seconds since 1970 at which the server's certificate ends."""
    tls: str
    """As TLSv1.3."""
    held: Hold | None
    expected: tuple[tuple[str, bool], ...]
    """Each --expect, and whether it was met."""
    likely: Likely | None
    """Why it did not open; None if it opened, or nothing is known."""

    @property
    def began(self) -> float | None:
        """*started* in seconds since 1970; None for a recording without it."""
        return moment(self.started)


def seen(
    report: Report, at: float, *, up: bool, met: bool, holds: bool, expected: tuple[tuple[str, bool], ...] = ()
) -> Probed:
    """What is remembered about *report*. *holds*: its session was held. *expected*: each --expect, and
    whether it was met."""
    reading = report.reading
    held = held_of(reading) if holds else None
    certificate = reading.exchange.certificate
    tls = next((event.version for event in reading.exchange.events if isinstance(event, TlsDone)), "")
    findings = report.verdict.findings
    close = close_of(reading)
    took = durations(reading)
    whole = reading.exchange.events[-1].at / 1e6 if reading.exchange.events else 0.0
    state = State(
        outcome=report.outcome,
        status="" if reading.status is None else str(reading.status),
        http="2" if reading.http2 is not None else "",
        protocol=_values(reading, "sec-websocket-protocol"),
        extensions=_values(reading, "sec-websocket-extensions"),
        close=_code(close) if close is not None and close.by == "server" else "",
        session="" if held is None else held.way,
        certificate=sha256(certificate.der).hexdigest()[:16] if certificate is not None else "",
        expected=("met" if up else "not met") if expected else "",
        findings=tuple(sorted({f.id for f in findings if f.level != "note"})),
    )
    return Probed(
        at=at,
        started=reading.exchange.started,
        state=state,
        up=up,
        exit_status=report.exit_status,
        met=met,
        seconds=whole - dict(took).get("session", 0.0),
        phases=took,
        opened=reading.session is not None,
        levels=tuple({f.id: f.level for f in findings}.items()),
        family=_family(reading.exchange),
        expires=None if certificate is None else moment(certificate.not_after),
        tls=tls,
        held=held,
        expected=expected,
        likely=report.likely,
    )


def state_of(report: Report) -> State:
    """The state of *report* without the certificate, which may be renewed while everything else stays; and the
    machines behind one name may each have their own."""
    return replace(seen(report, 0.0, up=False, met=False, holds=False).state, certificate="")


LONGEST = 200
"""Characters of a header's value that are kept: a server may send any number."""


def _values(reading: Reading, name: str) -> str:
    return ", ".join(value.decode("latin-1") for value in reading.values(name))[:LONGEST]


def _code(close: SessionClose) -> str:
    return "none" if close.code is None else str(close.code)


def _family(exchange: Exchange) -> int:
    address = next((e.address for e in exchange.events if isinstance(e, Connected) and e.port), "")
    return 0 if not address else 6 if ":" in address else 4


ANSWER = ("send", "answer", "head")
"""Phases that are one here: from the request to the end of the answer's head."""


def durations(reading: Reading) -> tuple[tuple[str, float], ...]:
    """(name, seconds) of each completed phase, in order: resolve, connect, proxy, tls, answer, then rest (the
    body of a refusal) or session."""
    whole = reading.final is not None and reading.final.head.complete
    found: dict[str, float] = {}
    for name, start, end in phases(reading):
        if not whole and name in ("rest", *ANSWER):
            continue  # this phase failed, or was not awaited
        name = "answer" if name in ANSWER else name
        found[name] = found.get(name, 0.0) + max(0.0, end - start) / 1000
    return tuple(found.items())


def held_of(reading: Reading) -> Hold | None:
    """How the session ended; None if there was none."""
    of, opened = reading.session, timing(reading).head
    if of is None or opened is None:
        return None
    last = reading.exchange.events[-1].at / 1e6
    close = close_of(reading)
    way: Way
    if close is not None and close.by == "server":
        way, end, code = "closed", _first_close(of.frames, last), close.code
    elif close is not None:
        way, end, code = "held", _first_close(of.sent, last), None
    else:
        ended = how(reading)
        way = "limit" if ended == "limit" else "interrupted" if ended == "interrupted" else "cut"
        end, code = last, None
    start = opened / 1000
    return Hold(seconds=max(0.0, end - start), way=way, code=code, idle=max(0.0, end - _last(of, start, end)))


def _first_close(frames: Iterable[Frame], otherwise: float) -> float:
    found = first_close(frames)
    return otherwise if found is None else found.at / 1e6


def _last(of: Session, start: float, end: float) -> float:
    """Time of the last frame in either direction before *end*, Closes excluded."""
    times = (frame.at / 1e6 for frames in (of.frames, of.sent) for frame in frames if frame.opcode != CLOSE)
    return max((at for at in times if at <= end), default=start)


def differences(old: State, new: State) -> tuple[str, ...]:
    """The changes, a few words each. The server's text is latin-1, and not escaped yet."""
    was, now = asdict(old), asdict(new)
    changes = [
        f"{name} {_named(was[name])} -> {_named(now[name])}" for name in was if was[name] != now[name] != ()
    ]
    changes = [each for each in changes if not each.startswith("findings ")]
    changes += [f"finding {id}" for id in new.findings if id not in old.findings]
    changes += [f"no longer {id}" for id in old.findings if id not in new.findings]
    return tuple(changes)


def _named(value: object) -> str:
    return str(value) or "none"
