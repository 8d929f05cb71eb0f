"""Rules of a trace: the handshake opens. What happens to the session then, and what no rule explains."""

from __future__ import annotations

from collections.abc import Iterator

from wsprobe.diagnosis import ACTS
from wsprobe.diagnosis.proxies import LEADING, idle_limit
from wsprobe.text import counted
from wsprobe.trace.answer import (
    AT_ONCE,
    Answer,
    closed_in_silence,
    ended_in_silence,
    ended_while_held,
    stays_open,
)
from wsprobe.trace.claim import as_base, handshakes, turning
from wsprobe.trace.conclusion import Conclusion, rule
from wsprobe.trace.direct import backend_of, past_the_proxy
from wsprobe.trace.sentences import likeliest, proxy_of, shows_proxy, title, usually, written_by
from wsprobe.trace.to_do import FIND_OUT, ask_past, first_do, proxy_lines, steps
from wsprobe.trace.trace import Trace

NEAR = 0.15
"""How far an idle timeout may be from a proxy's default to be that default, as a part of it."""
BALANCERS = ("aws", "cloudflare")
IDLE_LIMITS = 'Idle limits of more proxies, and who ended the session: wsprobe explain "idle timeout"'


@rule()
def idle_timeout(seen: Trace) -> Iterator[Conclusion]:
    held, past = seen["again-2"], seen["backend-held"]
    seconds = None if held is None or not seen.base.opens else ended_in_silence(held)
    if seconds is None or seconds < AT_ONCE:
        return
    get = seen["get"]
    if past is None and get is not None and get.status >= 500 and _near(get.seconds or 0, seconds):
        yield Conclusion(
            f"Opens, then drops after {seconds:.1f} s, without a Close frame. A plain GET gets {get.status} "
            "after as long: most often a proxy opens the session, and then gives up on an application that "
            "does not answer.",
            0.85,
            ("again-2", "get"),
            "Start the application behind the proxy, and look in the log of both.",
            open=True,
            id="backend-timeout",
        )
        return
    how = f"drops after {seconds:.1f} s of silence, without a Close frame"
    yield _idle(seen, how, _who(seen, past, seconds), past, seconds)


def _idle(seen: Trace, how: str, who: str, past: Answer | None, seconds: float) -> Conclusion:
    """*how* the session ended after *seconds*, and *who* has the timeout, if not one of several proxies."""
    return Conclusion(
        f"Opens, then {how}. {_at(seen) or who}",
        0.93,
        ("again-2", *_shown_held(seen)),
        f"{_lines(seen, past, seconds)}\nOr send a Ping or a message more often.",
        id="idle-timeout",
    )


def _stays_open(seen: Trace) -> str:
    return f"the session stays open as long: the proxy has an idle timeout ({proxy_of(seen)})"


def _ending(seen: Trace) -> int | None:
    """The number of the innermost of several backends whose session ended too; 0 if all stayed open; None if
    that is not known, or if there is one backend."""
    backends = len(seen.start.backends)
    for number in range(backends, 0, -1) if backends > 1 else ():
        answer = seen[seen.held(number)]
        if answer is None or not answer.opens:
            return None
        if ended_while_held(answer) is not None:
            return number
    return 0 if backends > 1 else None


def _at(seen: Trace) -> str:
    """A sentence: which of several proxies has the idle timeout; "" if it is not one of them."""
    backends, number = seen.start.backends, _ending(seen)
    if number is None or number == len(backends):
        return ""
    stays = f"Asked directly, {backends[number]} keeps the session open as long"
    if number == 0:
        return f"{stays}: the proxy in front of it, at the URL's own address, has an idle timeout."
    ended = ended_while_held(seen.answers[seen.held(number)])
    return (
        f"{stays}, and {backends[number - 1]} in front of it ends it too, after {ended:.1f} s: the proxy at "
        f"{backends[number - 1]} has an idle timeout."
    )


def _shown_held(seen: Trace) -> tuple[str, ...]:
    """The direct sessions that show it: the innermost that ended and that behind it; of one backend its own."""
    number = _ending(seen)
    numbers = (number, number + 1) if number is not None else (len(seen.start.backends),)
    names = (seen.held(each) for each in numbers if 1 <= each <= len(seen.start.backends))
    return tuple(name for name in names if (answer := seen[name]) is not None and answer.opens)


def _who(seen: Trace, past: Answer | None, seconds: float) -> str:
    """Who has the timeout, as far as the answers show."""
    if past is None or not past.opens:
        which = "The application or a proxy has an idle timeout; --backend finds which."
        return f"{which}{_unlike_default(seen.proxies, seconds, 'another proxy or the application')}"
    own = ended_in_silence(past)
    if own is None:
        also = _unlike_default(seen.proxies, seconds, "another proxy")
        return f"Asked directly, {_stays_open(seen)}.{also}"
    who = "The application has the timeout, or a proxy without a mark in front of it"
    if past.proxies:
        name = title(past.proxies[0])
        who = f"{name} answers there, so {name} or the application has the timeout"
    return f"Asked directly, the session drops too, after {own:.1f} s. {who}."


def _unlike_default(proxies: tuple[str, ...], seconds: float, else_: str) -> str:
    """That this is not the default of the proxies that name themselves; then *else_* has the timeout."""
    limits = [(title(each), limit) for each in proxies if (limit := idle_limit(each))]
    if not limits or any(_near(limit, seconds) for _, limit in limits):
        return ""
    named = " and ".join(f"{name} ({limit:g} s)" for name, limit in limits)
    return f" This is not the default of {named}: unless that default was changed, {else_} has the timeout."


def _near(limit: float, seconds: float) -> bool:
    return abs(seconds - limit) <= NEAR * limit


def _lines(seen: Trace, past: Answer | None, seconds: float) -> str:
    """The lines of the proxy whose default it is; else of the visible proxies, and of those that can have it if
    it is not the default of the visible ones."""
    own, number = seen.proxies, _ending(seen)
    if past is not None and past.opens and ended_in_silence(past) is not None:
        own = past.proxies
    elif number is not None:
        at = seen.answers[seen.held(number)] if number else seen.base
        own = at.proxies
    usual = tuple(each for each in own if _near(idle_limit(each), seconds))
    if usual or any(not idle_limit(each) for each in own):
        return steps(proxy_lines(seen, "idle", usual or own), "" if usual else IDLE_LIMITS)
    if not shows_proxy(seen):
        return steps("Raise the idle timeout of the application.", FIND_OUT, IDLE_LIMITS)
    # One with another default has this limit only if that was lowered.
    others = (
        each for each in (*LEADING, *BALANCERS) if not idle_limit(each) or _near(idle_limit(each), seconds)
    )
    return steps(proxy_lines(seen, "idle", tuple(dict.fromkeys((*own, *others)))), IDLE_LIMITS)


@rule()
def closed(seen: Trace) -> Iterator[Conclusion]:
    if seen.base.opens and seen.base.report.outcome == "closed":
        yield Conclusion(
            "The handshake opens, then the server closes the session with a Close frame: nothing on the way "
            f"blocks the handshake; the application{_or_a_proxy(seen)} refuses after it.{likeliest(seen)}"
            f"{_ended_directly(seen)}",
            0.9,
            seen.sent("base", "get"),
            steps(first_do(seen.base, ""))
            or "Look up the code and the reason of the Close in the application: wsprobe connect shows both.",
            open=bool(_or_a_proxy(seen)),
            id=_closed_id(seen.base),
        )


def _or_a_proxy(seen: Trace) -> str:
    """Of a Close that says no more of the application than of a proxy: some open the session before the
    application does."""
    id = _closed_id(seen.base)
    by_either = id in ACTS or id == "crashed" or id.startswith("backend-")
    return ", or a proxy that opens the session first," if by_either or _ended_directly(seen) else ""


def _closed_id(base: Answer) -> str:
    """That of the cause which the Close frame gives in words; closed if it gives none."""
    return base.stated or "closed"


@rule()
def closed_while_held(seen: Trace) -> Iterator[Conclusion]:
    held, past = seen["again-2"], seen["backend-held"]
    seconds = None if held is None or not seen.base.opens else closed_in_silence(held)
    if held is None or seconds is None or seconds < AT_ONCE:
        return
    if past is not None and past.opens and stays_open(past):
        how = f"closes (a Close frame) after {seconds:.1f} s of silence"
        yield _idle(seen, how, f"Asked directly, {_stays_open(seen)}.", past, seconds)
        return
    cause = held.cause
    why = cause.text if cause is not None else f"the server sent a Close frame after {seconds:.1f} s"
    ends = past is not None and past.opens
    directly = f" Asked directly, {backend_of(seen)} ends the session too." if ends else ""
    yield Conclusion(
        f"Opens, then ends while it is held in silence: {why}.{directly}",
        0.85,
        ("again-2", "backend-held") if ends else ("again-2",),
        steps(first_do(held, ""), "Look up the code and the reason of the Close: wsprobe talk shows both."),
        open=cause is None or cause.certainty != "stated",
        id=cause.id if cause is not None else "",
    )


@rule()
def dropped_after_101(seen: Trace) -> Iterator[Conclusion]:
    if seen.base.opens and seen.base.report.outcome == "aborted":
        yield Conclusion(
            "The handshake opens, then the connection drops immediately, without a Close frame."
            f"{usually('a handler that returned or raised an exception', 'a proxy that closed the connection')}"
            f"{_ended_directly(seen)}",
            0.75,
            seen.sent("base", "again-1"),
            "Look in the application's log.",
            open=True,
        )


def _ended_directly(seen: Trace) -> str:
    """A sentence: what the application does without the proxy, if it does not do the same; else ""."""
    past = seen["backend-held"] or seen.past
    if past is None or past.kind not in ("open", "http") or past.report.outcome == seen.base.report.outcome:
        return ""
    if not past.opens:
        return (
            f" Asked directly, {backend_of(seen)} refuses ({past.result()}): a proxy opens the session before "
            "the application does."
        )
    if past.report.outcome == "closed":
        return f" Asked directly, {backend_of(seen)} sends a Close frame."
    return " Asked directly, the session stays open: a proxy ends it."


@rule()
def opens(seen: Trace) -> Iterator[Conclusion]:
    base = seen.base
    if not base.opens or turning(seen) not in ((), ("no-origin",)):
        return
    ways = seen.sent("origin", "no-origin", "chromium", "firefox", "keepalive-upgrade")
    bare = seen["no-origin"] if turning(seen) == ("no-origin",) else None
    every = ", in every tested form" if ways else ""
    if bare is not None:
        every = f" with its Origin, which browsers always send; without one the answer is {bare.result()}"
    fails, ending = _fails_directly(seen), ": nothing on the way blocks it."
    if base.cause_id == "subprotocol-none":
        ending = ", but without one of the offered subprotocols: Chromium fails such a handshake."
    shown = "no-origin" if bare is not None else "backend" if fails else ways[-1] if ways else ""
    yield Conclusion(
        f"Opens (101 with the right Sec-WebSocket-Accept){every}{fails or ending}"
        f"{_watched(seen)} Not tested: {_untested(seen)}.",
        0.6 if fails else 0.9,
        seen.sent("base", shown),
        open=bool(fails),
    )


def _fails_directly(seen: Trace) -> str:
    """The end of a sentence and one more, where the URL opens and the backend does not; else ""."""
    past, other = seen["backend"], seen["backend-origin"]
    if past is None or past.opens or past.kind == "interrupted" or (other is not None and other.opens):
        return ""
    plain = seen["backend-plain"]
    if plain is not None and plain.opens:
        return ""
    if past.kind == "not-reached":
        return (
            ". The backend cannot be reached from here: if the proxy uses this address, it opens sessions by "
            "itself, and the application is not running there."
        )
    return (
        f". Asked directly, the backend does not open ({past.result()}): the proxy opens sessions before it "
        "reaches the application, or changes the request; or the URL leads to another server. Cannot tell "
        "which."
    )


def _held(seen: Trace) -> float:
    """Seconds that it was seen to stay open in silence."""
    held = seen["again-2"]
    return seen.start.hold if held is not None and held.opens and stays_open(held) else 0.0


def _watched(seen: Trace) -> str:
    text = (
        f" The session stayed open in silence for {_held(seen):g} s." if _held(seen) else _ended_at_once(seen)
    )
    over = seen["http2"]
    if over is None or over.reading.http2 is None:
        return text
    if over.opens:
        return f"{text} The handshake opens over HTTP/2 too."
    if over.kind == "not-taken":
        text += (
            " The server supports HTTP/2 without WebSockets, so browsers use HTTP/1.1 for WebSockets: harmless."
        )
    return text


def _ended_at_once(seen: Trace) -> str:
    """A sentence: the session that was to be held did not stay open; "" if it did, or none was held."""
    held = seen["again-2"]
    if held is None or not held.opens or not seen.start.hold or stays_open(held):
        return ""
    return " The session did not stay open: the server ended it at once."


def _untested(seen: Trace) -> str:
    over_http2 = ["HTTP/2"] if seen["http2"] is None and seen.start.plan.target.secure else []
    idle = f"idle timeouts over {_held(seen):g} s" if _held(seen) else "idle timeouts"
    return "; ".join((*over_http2, idle, f"rate limits above {counted(len(seen.answers), 'request')}"))


@rule(differing=True)
def unknown(seen: Trace) -> Iterator[Conclusion]:
    base = seen.base
    changed = [(name, each) for name, each in handshakes(seen) if not as_base(each, base)]
    if base.kind == "interrupted" or not (changed or "get" in seen.answers):
        return
    rows = "; ".join(f"{name}: {each.result()}" for name, each in changed[:SHOWN])
    but = f", but not in each form ({rows}). Cannot tell why from these answers"
    yield Conclusion(
        f"The handshake gets {'no answer' if base.kind == 'silent' else base.result()} ({written_by(base)})"
        f"{but if changed else ', and no tested change explains it'}.{past_the_proxy(seen)}",
        0.3,
        ("base", *(name for name, _ in changed[:SHOWN])) if changed else ("base", "get"),
        steps(BY_ONE if changed else "", ask_past(seen)),
        open=True,
    )


BY_ONE = "Send the fields in which these requests differ one by one (-H, -A, --origin) to find which it is."
SHOWN = 3
"""Rows that differ from the base, in a conclusion that has nothing else to say."""
