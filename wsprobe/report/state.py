"""The part of a result that is compared with other ones of the same URL (`State`), and what else is kept of it
(`Probed`): both are small, whatever the server sent. Two runs over a list are compared by it, and several
places. Texts of peers are latin-1, not yet escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from hashlib import sha256
from typing import Literal

from msgspec import Struct
from msgspec.structs import asdict, replace

from wsprobe.diagnosis.advice import Likely
from wsprobe.exchange import Connected, Exchange, Resolved, TlsDone
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


# Two runs over a list: a `Standing` for each URL, and equal ones once, so that 100,000 of each fit into memory.


class Standing(Struct, frozen=True):
    """The result of one URL in one run."""

    state: State
    """Of ``state_of``."""
    cause: str = ""
    """The id of the likeliest cause; "" if nothing is wrong or nothing is known."""

    @property
    def open(self) -> bool:
        return self.state.outcome == "open"


class Kind(StrEnum):
    """How a URL changed, in the order of importance; the value is the word in JSON."""

    NO_LONGER_OPEN = "no-longer-open"
    NEW_NOT_OPEN = "new-not-open"
    OPEN_NOW = "open-now"
    FAILS_DIFFERENTLY = "fails-differently"
    OPENS_DIFFERENTLY = "opens-differently"
    NEW_OPEN = "new-open"
    MISSING = "missing"
    """The old run has the URL, the new one does not."""


WORSE = frozenset({Kind.NO_LONGER_OPEN, Kind.NEW_NOT_OPEN})
IN_WORDS = frozenset({"outcome", "status"})
"""Members of a `State` that the words of an answer already include; with outcome closed, the close code too."""


class UrlChange(Struct, frozen=True):
    """A URL with different results in the two runs."""

    url: str
    kind: Kind
    old: Standing | None
    """None for a new URL."""
    new: Standing | None
    """None for a missing one."""

    @property
    def details(self) -> tuple[str, ...]:
        """Differences other than outcome and status, a few words each; empty if only one of the runs opened or
        has the URL."""
        if self.old is None or self.new is None or self.old.open != self.new.open:
            return ()
        closed = "closed" in (self.old.state.outcome, self.new.state.outcome)
        named = IN_WORDS | {"close"} if closed else IN_WORDS
        found = [
            each for each in differences(self.old.state, self.new.state) if each.partition(" ")[0] not in named
        ]
        if self.old.cause != self.new.cause:
            found.append(f"cause {self.old.cause or 'none'} -> {self.new.cause or 'none'}")
        return tuple(found)


class Comparison(Struct, frozen=True):
    """Two runs side by side."""

    old: int
    """URLs of the old run."""
    unchanged: tuple[str, ...]
    """URLs with the same result in both runs."""
    changes: tuple[UrlChange, ...]
    """By kind, in the order of `Kind`; within one kind in the order of the run."""

    @property
    def counts(self) -> dict[Kind, int]:
        """Kind -> number of URLs, for the kinds that occur."""
        kinds = [each.kind for each in self.changes]
        return {kind: kinds.count(kind) for kind in Kind if kind in kinds}

    @property
    def new(self) -> int:
        """URLs of the new run."""
        return len(self.unchanged) + sum(each.new is not None for each in self.changes)

    @property
    def worse(self) -> bool:
        """True if a URL opened before and does not now, or if a new one does not open."""
        return any(each.kind in WORSE for each in self.changes)


class TwoRuns:
    """Compares both runs, one URL at a time. If a run has a URL twice, the last result counts."""

    def __init__(self) -> None:
        self._old: dict[str, Standing] = {}
        self._new: dict[str, Standing] = {}
        self._known: dict[Standing, Standing] = {}

    def before(self, url: str, standing: Standing) -> None:
        """Take a result of the old run."""
        self._old[url] = self._known.setdefault(standing, standing)

    def now(self, url: str, standing: Standing) -> None:
        """Take a result of the new run."""
        self._new[url] = self._known.setdefault(standing, standing)

    def compared(self, *, missing: bool = True) -> Comparison:
        """All changes. *missing*: a URL that only the old run has counts as a change."""
        found: dict[Kind, list[UrlChange]] = {kind: [] for kind in Kind}
        unchanged: list[str] = []
        for url, new in self._new.items():
            old = self._old.get(url)
            if old == new:
                unchanged.append(url)
            else:
                kind = _kind(old, new)
                found[kind].append(UrlChange(url, kind, old, new))
        if missing:
            gone = (url for url in self._old if url not in self._new)
            found[Kind.MISSING] += (UrlChange(url, Kind.MISSING, self._old[url], None) for url in gone)
        return Comparison(len(self._old), tuple(unchanged), _joined(found.values()))


def _joined(lists: Iterable[list[UrlChange]]) -> tuple[UrlChange, ...]:
    return tuple(each for one in lists for each in one)


def _kind(old: Standing | None, new: Standing) -> Kind:
    if old is None:
        return Kind.NEW_OPEN if new.open else Kind.NEW_NOT_OPEN
    if old.open:
        return Kind.OPENS_DIFFERENTLY if new.open else Kind.NO_LONGER_OPEN
    return Kind.OPEN_NOW if new.open else Kind.FAILS_DIFFERENTLY


def url_of(report: Report) -> str:
    """The URL of *report* as in the list, before any redirect; with the cluster's worker, if any."""
    hops = report.exchange.hops
    url = report.name or (hops[0].plan.target.url if hops else report.exchange.plan.target.url)
    return f"{url} from {report.exchange.worker}" if report.exchange.worker else url


def standing_of(report: Report) -> Standing:
    """The result of *report* for its URL."""
    likely = next(iter(report.causes), None)
    return Standing(state_of(report), "" if likely is None else likely.id)


# Several places: a place is a machine that sends requests.


HERE = "here"
"""The name for this machine, whose reports have no worker."""


class Vantage(Struct, frozen=True):
    """The result of one URL in one place."""

    asked: str
    """The URL as given, or masked."""
    state: State
    addresses: tuple[str, ...] = ()
    """The addresses of the name in that place, sorted."""
    reached: str = ""
    """The connected address; "" if there is none."""
    location: str = ""
    """Where a redirect led."""
    who: str = ""
    """The author of the answer, as far as its bytes show."""


Vantages = Mapping[str, Vantage | None]
"""Place -> its result; None if it did not try the URL."""


def vantage_of(report: Report) -> Vantage:
    """The result in the place that made *report*."""
    final, events = report.reading.final, report.exchange.events
    resolved = next((e.addresses for e in events if isinstance(e, Resolved)), ())
    where = final.head.all(b"location") if final is not None else ()
    known = report.author
    return Vantage(
        report.asked,
        state_of(report),
        tuple(sorted(resolved)),
        next((e.address for e in events if isinstance(e, Connected)), ""),
        where[0].value.decode("latin-1")[:LONGEST] if where else "",
        known.who if known.id else "",
    )


def place_of(worker: str) -> str:
    """The name of the place where *worker* runs. ``HERE`` is the name for this machine alone."""
    return f"worker {worker}" if worker == HERE else worker


def by_place(reports: Sequence[Report]) -> Sequence[Vantages]:
    """The results of each URL. *reports* are in the order of the URLs, this machine's first for each URL."""
    rows: list[dict[str, Vantage | None]] = []
    for report in reports:
        worker = report.exchange.worker
        if not worker:
            rows.append({})
        rows[-1][place_of(worker) if worker else HERE] = vantage_of(report)
    return rows


class Group(Struct, frozen=True):
    """Places with the same result."""

    places: tuple[str, ...]
    vantage: Vantage
    """Of the first of them."""
    reached: frozenset[str]
    """The addresses that answered them."""
    addresses: frozenset[str]
    """The addresses of the name in these places."""


def groups(vantages: Vantages) -> list[Group]:
    """The places by result: first those where it opened, otherwise the largest group; places that did not try
    are in none."""
    found: dict[State, list[str]] = {}
    for place, each in vantages.items():
        if each is not None:
            found.setdefault(each.state, []).append(place)
    ranked = sorted(found.items(), key=lambda item: (item[0].outcome != "open", -len(item[1])))
    return [_group(places, vantages) for _, places in ranked]


def _group(places: Sequence[str], vantages: Vantages) -> Group:
    every = [each for place in places if (each := vantages[place]) is not None]
    return Group(
        tuple(places),
        every[0],
        frozenset(each.reached for each in every if each.reached),
        frozenset(address for each in every for address in each.addresses),
    )


def differ(vantages: Vantages) -> bool:
    """Whether two places have different results."""
    return len({each.state for each in vantages.values() if each is not None}) > 1


def explained(vantages: Vantages) -> list[str]:
    """A sentence for each group but the first: its result, the likely cause, and what the addresses show."""
    found = groups(vantages)
    return [f"{named(each.places)}: {'; '.join(_told(found[0], each))}" for each in found[1:]]


def _told(first: Group, other: Group) -> list[str]:
    told: list[str] = []
    was, now = first.vantage.state, other.vantage.state
    if (was.outcome, was.status, was.close) == (now.outcome, now.status, now.close):
        told += differences(was, now)
    else:
        told.append(_cause(other.vantage))
    told += _addresses(first, other)
    return told


def _addresses(first: Group, other: Group) -> list[str]:
    """What the addresses show: another server, or the same one with a different answer."""
    told = []
    of_dns = bool(first.addresses and other.addresses) and not first.addresses & other.addresses
    if of_dns:
        told.append(f"DNS has other addresses there: {_some(other.addresses)}, not {_some(first.addresses)}")
    if not first.reached or not other.reached:
        return told
    if first.reached == other.reached and len(first.reached) == 1:
        told.append(f"the same address answered, {_some(other.reached)}")
    elif not first.reached & other.reached and not of_dns:
        told.append(
            f"another address of the same name answered: {_some(other.reached)}, not {_some(first.reached)}"
        )
    return told


def _some(addresses: frozenset[str]) -> str:
    return " and ".join([*sorted(addresses)[:2], *(["others"] if len(addresses) > 2 else [])])


MOST = 5
"""The most places in a sentence."""


def named(places: Sequence[str]) -> str:
    """*places* in words."""
    if len(places) <= MOST + 1:
        return ", ".join(places)
    return f"{', '.join(places[:MOST])} and {len(places) - MOST} more"


def _cause(of: Vantage) -> str:
    """The likely meaning of an answer that differs from another place's."""
    state = of.state
    by = f" (answer by {of.who})" if of.who else ""
    if (said := BY_STATUS.get(state.status)) is not None:
        return f"{said}{by}"
    said = BY_OUTCOME.get(state.outcome, OTHERWISE).format(location=of.location or "an unnamed URL")
    return f"{said}{by}"


BY_STATUS = {
    "403": "likely a block by country, or a firewall (WAF) that refuses the addresses of data centres",
    "429": "a rate limit counts the address of this place, or its network, separately",
    "451": "refused for legal reasons in this place (451, RFC 7725)",
}
BY_OUTCOME = {
    "unresolved": "no address: DNS answers this place differently, or its resolver blocks the name",
    "unreachable": "no way to the server from this place: a firewall, a route, or IPv6 that leads nowhere",
    "timeout": "no answer in time: a firewall that drops packets, or a slow path",
    "dropped": "cut without an answer: a firewall or proxy that resets what it does not allow",
    "tls-failed": "TLS fails: a proxy that inspects TLS, or a server with another certificate",
    "proxy-failed": "the proxy opens no tunnel from this place",
    "redirected": "redirected to {location}: a site for this region, or a login page of this network",
    "unauthorized": "credentials are required: a rule about the address of this place, or a proxy on the way",
    "refused": "likely a rule about the address of this place, or another server",
    "server-error": "the server or CDN edge that answers this place fails",
    "closed": "closed after it opened: the application treats the address of this place differently",
    "invalid": "an invalid answer: likely a proxy on the way changes it",
    "not-http": "a program on the way answers, and does not speak HTTP",
    "not-upgraded": "the answer is that to a plain request: a proxy on the way drops Upgrade",
    "aborted": "cut after it opened: a proxy or firewall on the way",
}
OTHERWISE = "a different end in this place"
