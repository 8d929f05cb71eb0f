"""What the answers past the proxy show beside the answer at the URL: they open, are the same, or differ."""

from __future__ import annotations

from wsprobe.request.edits import resource_of
from wsprobe.trace.answer import Answer, alike, same_words
from wsprobe.trace.sentences import quoted, title
from wsprobe.trace.trace import Trace


def compared(seen: Trace) -> str:
    """What the direct answer adds: ``opens``, ``same``, ``other``, ``not reached``; "" if nothing.

    ``opens`` counts with the page's Origin too, where the application requires one.
    """
    past, origin = seen.past, seen["backend-origin"]
    if past is None:
        return ""
    if past.opens:
        return "opens"
    if origin is not None and origin.opens and not (seen.own is not None and seen.own.opens):
        return "opens"
    if past.kind in ("not-reached", "interrupted"):
        return "not reached"
    if origin is not None and seen.own is not None and seen.own.kind in ("http", "invalid"):
        return "same" if alike(origin, seen.own) else "other"
    return "same" if alike(past, seen.base) else "other"


def gets_plain_get(seen: Trace) -> bool:
    """True if the handshake gets the answer that a plain GET gets directly, whatever path a page quotes."""
    base, past_get = seen.base, seen["backend-get"]
    if past_get is None or (past_get.kind, past_get.status) != ("http", base.status):
        return False
    return same_words(_without_path(base), _without_path(past_get))


def _without_path(answer: Answer) -> str:
    path = resource_of(answer.reading.sent).partition(b"?")[0].decode("latin-1")
    return answer.text.replace(path, "/") if len(path) > 1 else answer.text


def opens_directly(seen: Trace) -> str:
    """A sentence: the backend opens; of several, which proxy is at fault."""
    return f"Asked directly, the backend opens (101).{_which_of_several(seen)}"


def _which_of_several(seen: Trace) -> str:
    """Between which two of several backends the handshake fails; "" if that is not known."""
    backends, opening = seen.start.backends, first_opening(seen)
    if len(backends) < 2 or opening is None:
        return ""
    if opening == 0:
        return f" {backends[0]} opens too: the fault is in the proxy in front of it, at the URL's own address."
    before = seen.directly(opening)
    assert before is not None
    return (
        f" {backends[opening - 1]} fails too ({before.result()}), but {backends[opening]} behind "
        f"it opens: the fault is in the proxy at {backends[opening - 1]}."
    )


def first_opening(seen: Trace) -> int | None:
    """The index of the backend from which on all open; None if there is none, or if one did not answer."""
    answers = [seen.directly(number) for number in range(1, len(seen.start.backends) + 1)]
    known = [each for each in answers if each is not None]
    if len(known) < len(answers):
        return None
    return next((n for n in range(len(known)) if all(each.opens for each in known[n:])), None)


def past_the_proxy(seen: Trace) -> str:
    """A sentence about the direct answer, with a space before it; "" if none was requested."""
    past = seen.past
    match compared(seen):
        case "opens":
            return f" {opens_directly(seen)} The proxy is at fault, not the application."
        case "same":
            return f" {same_directly(seen)}"
        case "not reached":
            who = backend_of(seen)
            return (
                f" {who[0].upper()}{who[1:]} cannot be reached from here: if the proxy uses this address, the "
                "application is not running there."
            )
        case "other" if past is not None:
            origin = seen["backend-origin"]
            if origin is not None and alike(past, seen.base):
                return (
                    f" Asked directly, {backend_of(seen)} refuses too; with the page's Origin its answer is "
                    f"another one ({origin.result()})."
                )
            words = f": {quoted(past)}" if past.kind == "http" and past.text.strip() else ""
            if seen.base.opens:
                return f" Asked directly, {backend_of(seen)} does not open ({past.result()}{words})."
            return (
                f" Asked directly, {backend_of(seen)} refuses too, with a different answer "
                f"({past.result()}{words})."
                if past.kind == "http"
                else f" Asked directly, {backend_of(seen)} fails too ({past.result()})."
            )
        case _:
            return ""


def same_directly(seen: Trace) -> str:
    """A sentence, where the direct answer is the same: what that shows about the proxy."""
    same = f"Asked directly, {backend_of(seen)} gives the same answer"
    if may_strip_prefix(seen):
        return (
            f"{same} on the same path: the proxy is not at fault, unless it should strip a prefix of the path."
        )
    if _proxies_there(seen) or seen.base.by_proxy or seen.base.cause_id in OF_A_PROXY_BEHIND:
        return f"{same}: the fault is there or behind it, not in the proxy at the URL's address."
    return f"{same}: the proxy is not at fault."


OF_A_PROXY_BEHIND = frozenset({"bad-gateway", "gateway-timeout", "backend-down", "backend-timeout"})
"""Causes that only a program with another one behind it has."""


def may_strip_prefix(seen: Trace) -> bool:
    """True if the path is unknown on both sides, and the application was asked for no path of its own: it may
    have the socket at the path behind a prefix, which the proxy should strip."""
    unknown = seen.base.status == 404 or seen.base.cause_id in ("no-route", "not-found")
    given = seen.start.plan.target.resource.partition("?")[0]
    asked = bool(seen.start.backends) and not seen.start.backends[-1].resource
    return compared(seen) == "same" and unknown and asked and given != "/"


def backend_of(seen: Trace) -> str:
    """What answers directly: the application, unless a proxy leaves its mark there."""
    marks = _proxies_there(seen)
    return f"the backend ({title(marks[0])} answers there)" if marks else "the application"


def _proxies_there(seen: Trace) -> list[str]:
    """The proxies that left a mark on a direct answer."""
    return [mark for name, each in seen.answers.items() if name.startswith("backend") for mark in each.proxies]


def sure(seen: Trace, outside: float, inside: float = 0.97) -> float:
    """*outside*, or *inside* if the bytes open directly."""
    return inside if compared(seen) == "opens" else outside


def beside(seen: Trace, name: str) -> tuple[str, ...]:
    """The answers that show it: base and *name*; or base and the direct one, if that opens, with *name* where
    it opens too."""
    if compared(seen) == "opens":
        changed = seen[name]
        also = (name,) if changed is not None and changed.opens is not seen.base.opens else ()
        return ("base" if not seen.base.opens else "origin", opening_directly(seen), *also)
    return seen.sent("base", name)


def opening_directly(seen: Trace) -> str:
    """The name of the direct answer that opens, where ``compared`` says so."""
    names = ("backend-origin", "backend-plain", "backend")
    return next(name for name in names if (each := seen[name]) is not None and each.opens)


def other_path(seen: Trace) -> str:
    """The path of the socket in the application, if the user gave one that is not that of the URL; else ""."""
    own = seen.start.backends[-1].resource if seen.start.backends else ""
    return "" if own == seen.start.plan.target.resource else own


def unmapped(seen: Trace) -> str:
    """A clause: the proxy does not map the URL's path to that of the application; "" if the user gave no other
    path."""
    other, given = other_path(seen), seen.start.plan.target.resource
    return other and f"the application has the socket at {other}, and the proxy does not map {given} to it"
