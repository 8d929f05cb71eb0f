"""What libsoup does with one answer after another: redirects, and the same request again.

Sources: libsoup/soup-session.c (soup_session_requeue_item, redirect_handler, misdirected_handler),
libsoup/auth/soup-auth-manager.c (auth_got_body).
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace

from wsprobe.browsers.script.timeline import end
from wsprobe.browsers.webkitgtk.facts import Facts
from wsprobe.browsers.webkitgtk.soup.establish import not_established
from wsprobe.browsers.webkitgtk.soup.http.message import Again, Answer, read_answer
from wsprobe.browsers.webkitgtk.soup.http.redirect import Redirect
from wsprobe.browsers.webkitgtk.soup.websocket.handshake import Failed
from wsprobe.read.reading import Reading

_SESSION = "libsoup/soup-session.c"


def answers(readings: Sequence[Reading], protocols: tuple[str, ...], facts: Facts) -> list[Answer]:
    """What each of *readings* comes to, up to the first that decides. *protocols*: those that the page gave."""
    found: list[Answer] = []
    asked: set[int] = set()
    for reading in readings:
        answer = _answer(reading, protocols, asked, facts)
        if isinstance(answer.outcome, Redirect | Again) and len(found) >= facts.max_resends:
            what = "redirects" if isinstance(answer.outcome, Redirect) else "restarts"
            because = f"more than {facts.max_resends} {what}: {_SESSION}"
            answer = replace(answer, outcome=Failed(facts.failures[what], because))
        found.append(answer)
        if isinstance(answer.outcome, Again):
            asked.add(answer.outcome.status)
        elif not isinstance(answer.outcome, Redirect):
            break
    return found


def _answer(reading: Reading, protocols: tuple[str, ...], before: Set[int], facts: Facts) -> Answer:
    """What *reading* comes to. *before*: the statuses after which the engine asked again already."""
    failed = not_established(reading, facts)
    if failed is not None:
        return Answer(*failed)
    protocols = protocols or tuple(p.decode("latin-1") for p in reading.request.protocols)
    url, key = reading.exchange.plan.target.url, reading.request.key
    answer, asked = read_answer(reading, url, key, protocols, facts), set(before)
    while isinstance(again := answer.outcome, Again):
        if again.status in asked and not again.endless:
            return replace(answer, outcome=_in_vain(again, facts, alone=again.status in before))
        if not again.keep_alive or not (len(reading.received) > answer.body or _is_over(reading)):
            break
        # It asks on the same connection, so what comes there next is the answer.
        asked.add(again.status)
        answer = read_answer(reading, url, key, protocols, facts, answer.body)
    return answer


def _in_vain(again: Again, facts: Facts, *, alone: bool) -> Failed:
    """The same status once more; *alone*: on a connection that the engine would not have made.

    It would have asked on the one that it had. What the server does there is not recorded; most that say the
    same to every request end it with their answer (measured).
    """
    if alone and again.keep_alive:
        because = f"{again.status} once more, taken for the end of the connection that it would use again"
        return Failed(facts.failures["ended"], f"{because}: {_SESSION}")
    return Failed(facts.failures["not-accepted"], f"{again.status} once more: {_SESSION}")


def _is_over(reading: Reading) -> bool:
    return end(reading).how in ("fin", "truncated", "reset", "error")
