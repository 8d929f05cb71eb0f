"""From a target to a report: send the request, follow the answer (credentials, redirects, versions), read,
judge."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import TypeVar

import click
from msgspec.structs import replace

from wsprobe import net
from wsprobe.cli import expect
from wsprobe.cli.environment import environment
from wsprobe.cli.files import rewrite, write
from wsprobe.cli.option import usage_error
from wsprobe.cli.settings import HandshakeSettings, Settings, for_strangers, plan_for
from wsprobe.cli.targets import ProbeTarget
from wsprobe.exchange import Ended, Event, Exchange, Plan, Received, Sent, Target
from wsprobe.judge.subject import how
from wsprobe.read import read
from wsprobe.report.outcome import Exit
from wsprobe.report.report import Report, report
from wsprobe.request import target
from wsprobe.session.open_session import SessionMaker
from wsprobe.talk.codec import planned
from wsprobe.wire.credentials import Credentials, origin, with_netrc
from wsprobe.wire.followup import max_head_after, other_wire, redirect, retry_after, transient

ANSWERS_MAX = 2
"""The most challenges in a row to answer at one URL: the first, and one for a stale nonce."""
RETRY_PAUSE = 1.0
LONGEST_PAUSE = 60.0
LONGEST_WAIT = 3600.0
"""The most seconds to wait for a Retry-After, unless --retry-max-time allows more."""

Made = TypeVar("Made")
Ask = Callable[[Plan, Callable[[Event], object], Callable[[Exchange], object]], Awaitable[Exchange]]
"""Carries out a plan, as ``net.probe`` does."""


def reported(place: ProbeTarget, exchange: Exchange) -> Report:
    """The report of an exchange with *place*; after ^C with the exit status of that."""
    made = report(replace(exchange, name=place.name) if place.name else exchange)
    return replace(made, exit_status=int(Exit.INTERRUPTED)) if how(made.reading) == "interrupted" else made


LARGE = 1 << 14
"""Bytes of a recording that may take 50 ms to read: two bytes can be a frame."""


def is_large(exchange: Exchange) -> bool:
    """Whether reading *exchange* would delay other exchanges noticeably."""
    return size_of(exchange) > LARGE


def size_of(exchange: Exchange) -> int:
    """The bytes sent and received."""
    return sum([len(event.data) for event in exchange.events if type(event) is Received or type(event) is Sent])


async def apart_if_large(exchange: Exchange, work: Callable[[], Made]) -> Made:
    """The result of *work* on *exchange*. A large one is read in a thread, so that other exchanges go on; one
    at a time, because reading it takes much memory."""
    if not is_large(exchange):
        return work()
    return await environment().in_only_thread(work)


def host_of(place: ProbeTarget) -> str:
    """The host of *place*. Raises click.UsageError if its URL is not a URL."""
    with usage_error(target.TargetError):
        return place.handshake.route.unix_socket or target.parse(place.url).host.lower()


def usable(place: ProbeTarget) -> tuple[str, Plan | None]:
    """The host of *place*, and the plan of the first request; None for a plan that depends on the time of the
    request, as cookies do. Raises click.UsageError, before anything is sent, for an unusable target."""
    with usage_error(net.PlanError):
        first = plan_for(place.url, place.handshake)
        return net.check(first).host, first if place.handshake.jar.steady else None


def write_jar(settings: Settings) -> None:
    """Write the file of --cookie-jar, if given. Raises click.UsageError if it cannot be written."""
    path, jar = settings.cookie_jar, settings.handshake.jar
    if path is None:
        return

    def text(after: bytes = b"") -> bytes:
        if after:
            jar.take_over(jar.before, after.decode("utf-8", "surrogateescape"), environment().now())
        return jar.text(environment().now()).encode(errors="surrogateescape")

    if path == "-":
        write(path, text(), "cookie-jar")
    else:
        rewrite(path, text, "cookie-jar")


async def probe_with_followups(
    place: ProbeTarget,
    settings: Settings,
    watch: Callable[[Event], None] = lambda event: None,
    keep: Callable[[Exchange], None] = lambda exchange: None,
    say: Callable[[str], None] = lambda text: None,
    ask: Ask | None = None,
    first: Plan | None = None,
) -> Exchange:
    """Probe one target, with the retries, redirects and other versions that the options allow; returns the last
    exchange.

    *keep* gets each exchange when it is over, an interrupted one too; *say* gets the reason for a pause. *ask*
    carries a plan out, in place of ``net.probe``. *first*: the plan that ``usable`` made.
    """
    tries = settings.retry.retry
    pause = RETRY_PAUSE
    credentials = Credentials()

    def session() -> SessionMaker:
        return planned(expect.awaited(settings.expectations))

    began = net.clock()  # not the time of day, which somebody may set meanwhile
    while True:
        exchange = await conversation(place, settings, watch, keep, credentials, ask, first, session)
        if not tries:
            return exchange
        first = None  # each try has a key of its own
        made = report(exchange)
        if not transient(made.reading, made.outcome):
            return exchange
        asked_for = retry_after(made.reading, environment().now())
        wait = pause if asked_for is None else asked_for
        most = settings.retry.retry_max_time
        left = None if most is None else began + most - net.clock()
        if (left is None and wait > LONGEST_WAIT) or (left is not None and wait > left):
            limit = f"{LONGEST_WAIT / 3600:g} h" if most is None else f"--retry-max-time {most:g}"
            say(f"no retry: {_waiting(wait, asked_for)} is more than {limit} allows")
            return exchange
        tries -= 1
        say(f"retrying in {_waiting(wait, asked_for)}; retries left after this one: {tries}")
        await environment().sleep(wait)
        pause = min(pause * 2, LONGEST_PAUSE)


def _waiting(seconds: float, asked_for: float | None) -> str:
    return f"{seconds:g} s" + ("" if asked_for is None else " (the server's Retry-After)")


async def conversation(
    place: ProbeTarget,
    settings: Settings,
    watch: Callable[[Event], None] = lambda event: None,
    keep: Callable[[Exchange], None] = lambda exchange: None,
    credentials: Credentials | None = None,
    ask: Ask | None = None,
    first: Plan | None = None,
    session: Callable[[], SessionMaker | None] = lambda: None,
) -> Exchange:
    """One exchange, and those that its answer requires (credentials, -L, --ws-negotiate); returns the last,
    with the earlier ones as its hops.

    *keep* gets each exchange, an interrupted one too. *credentials* keeps what is learned from challenges.
    *ask* and *first*: see ``probe_with_followups``. *session*: called for each exchange; see ``Client``.
    """
    steps = requests(place, settings, Credentials() if credentials is None else credentials, first)
    to_ask = next(steps)
    hops: list[Exchange] = []

    def over(one: Exchange) -> Exchange:
        one = replace(one, hops=tuple(hops))
        keep(one)
        return one

    while True:
        if ask is None:
            exchange = over(await environment().probe(to_ask, watch, keep=over, make=session()))
        else:
            exchange = over(await ask(to_ask, watch, over))
        try:
            then = steps.send(exchange)
        except StopIteration:
            return exchange
        hops.append(replace(exchange, hops=()))
        spent = sum(hop.events[-1].at for hop in hops) / 1_000_000
        whole = place.handshake.limits.max_time
        if spent >= whole:
            ended = Ended(0, "timeout", f"the earlier requests took longer than {whole:g} s (maximum time)")
            return over(Exchange(then, (ended,), hops[-1].started))
        head = max_head_after([read(hop) for hop in hops], then.limits.max_head)
        to_ask = replace(then, limits=replace(then.limits, max_time=whole - spent, max_head=head))


def requests(
    place: ProbeTarget, settings: Settings, credentials: Credentials, first: Plan | None = None
) -> Generator[Plan, Exchange, None]:
    """Yield the plan of each request to *place*; what is sent in is the exchange. It may require another one,
    for credentials, a redirect, another version. *first*: see ``probe_with_followups``. Raises
    click.UsageError."""
    url, handshake, plan = place.url, place.handshake, first
    before: list[Target] = []  # those that redirected
    wire: str | None = None
    answered = answered_proxy = 0  # challenges at the last URL, and of proxies
    while True:
        exchange = yield plan or plan_for(url, handshake, wire=wire, credentials=credentials)
        plan = None
        reading = read(exchange) if handshake.jar.keeps else None
        if reading is not None:
            answers = (response.head for response in reading.responses)
            fields = (field.value for head in answers for field in head.all(b"set-cookie"))
            handshake.jar.store(fields, exchange.plan.target, environment().now())
        if answered_proxy < ANSWERS_MAX and credentials.learn_of_proxy(exchange, handshake.proxy_method):
            answered_proxy += 1
            continue
        offer = with_netrc(handshake.offer, exchange.plan.target, handshake.netrc)
        known = handshake.raw is None and credentials.has_credentials(exchange.plan.target, offer)
        following = settings.follow.redirects and len(before) < settings.follow.max_redirs
        unchanged = not before and wire is None and handshake.raw is None
        negotiating = settings.follow.negotiate and unchanged
        if not following and not negotiating and not known:
            return  # the recording need not be read: a large one takes its time
        reading = read(exchange) if reading is None else reading
        if known and credentials.learn(reading, handshake.method) and answered < ANSWERS_MAX:
            answered += 1
        elif following and (location := redirect(reading)) is not None:
            before.append(exchange.plan.target)
            url, wire, answered = location, None, 0
            try:
                handshake = _redirected(place.handshake, settings, before, target.parse(url))
                plan = plan_for(url, handshake, credentials=credentials)
            except (click.UsageError, target.TargetError):  # it cannot be asked: another scheme, no host
                return
        elif negotiating and (other := other_wire(reading)) is not None:
            # Without a version number of its own, so that the wire version's is sent.
            handshake = replace(handshake, offer=replace(handshake.offer, version=None))
            wire = other
        else:
            return


def _redirected(
    given: HandshakeSettings, settings: Settings, before: Sequence[Target], to: Target
) -> HandshakeSettings:
    """The handshake for *to*, to which those *before* redirected; *given* is for the first of them.

    However many there were: what was given for the first URL's origin goes to no other, unless
    --location-trusted says so.
    """
    if settings.follow.location_trusted or origin(to) == origin(before[0]):
        return given
    # A password would be read on the way from wss: to ws:. An entry names a host and no port: at another one
    # there may be somebody else, and it was the server that sent us there.
    clear_after_tls = any(each.secure for each in before) and not to.secure
    there = [origin(each) for each in (*before, to) if each.host.lower() == to.host.lower()]
    return for_strangers(given, without_netrc=clear_after_tls or there[0] != origin(to))
