"""What the answers of a trace mean together, as a value; and the words about hops that every rule uses."""

from __future__ import annotations

import msgspec

from wsprobe.diagnosis import PROGRAMS
from wsprobe.trace.answer import Answer, alike
from wsprobe.trace.changes import Trace


class Conclusion(msgspec.Struct, frozen=True):
    """What the answers most likely mean."""

    id: str
    text: str
    likely: float
    """0 to 1, by how often it was so in the measured chains."""
    because: tuple[str, ...]
    """The names of the changes whose answers show it side by side."""
    fix: str = ""
    """What to write in that proxy or framework, or to do; "" if nothing is broken."""
    open: bool = False
    """True if it names causes that cannot be told apart by these answers."""


def hop(seen: Trace) -> str:
    """The proxy that a fault is laid at, as far as it is named."""
    names = tuple(map(title, seen.hops))
    if not names:
        return "a proxy before the application, which does not name itself"
    if len(names) == 1:
        return f"a proxy before the application; {names[0]} names itself, and may not be the only one"
    return f"one of the proxies before the application; {' and '.join(names)} name themselves"


def title(hop: str) -> str:
    """A hop as people call it."""
    return (PROGRAMS[hop].who or PROGRAMS[hop].name) if hop in PROGRAMS else hop


def written_by(answer: Answer) -> str:
    """Who wrote *answer*, as far as its marks show it."""
    if answer.author.id:
        return f"written by {answer.author.who}"
    if answer.server:
        return f"who wrote it is not known: the Server field ({', '.join(answer.server)}) does not show it"
    return "who wrote it is not known"


def quoted(answer: Answer) -> str:
    """The first words of its body."""
    text = " ".join(answer.text.split())
    return f'"{text[:80]}{"..." if len(text) > 80 else ""}"' if text else "an empty body"


def compared(seen: Trace) -> str:
    """What the answer without the proxy adds: ``opens``, ``same``, ``other``, ``not reached``; "" if nothing.

    ``opens`` counts with the page's Origin too, where the application wants one.
    """
    past, base = seen.past, seen.base
    if past is None:
        return ""
    origin = seen["backend-origin"]
    if past.opens and (base.opens or origin is None or origin.opens):
        return "opens"
    if origin is not None and origin.opens and not (seen.own is not None and seen.own.opens):
        return "opens"
    if past.kind in ("not-reached", "interrupted"):
        return "not reached"
    if origin is not None and not past.opens:
        return "same" if seen.own is not None and alike(origin, seen.own) else "other"
    return "same" if alike(past, base) else "other"


def past_the_proxy(seen: Trace) -> str:
    """A sentence about the pair without the proxy, with a space before it; "" if it was not asked."""
    match compared(seen):
        case "opens":
            return " Without the proxy the same bytes open (101): the proxy is at fault, not the application."
        case "same":
            return " Without the proxy the same bytes get the same answer: it is the application's own."
        case "not reached":
            return " Without the proxy nothing could be reached, so that shows nothing."
        case "other":
            return (
                " Without the proxy the answer is another one, and no 101 either: the application "
                "refuses as well."
            )
        case _:
            return ""


def sure(seen: Trace, outside: float, inside: float = 0.97) -> float:
    """*outside*, or *inside* if the bytes open without the proxy."""
    return inside if compared(seen) == "opens" else outside


def beside(seen: Trace, name: str) -> tuple[str, ...]:
    """The two answers that show it: base and *name*; without the proxy instead, where that opens."""
    if compared(seen) == "opens":
        opening = ("backend-origin", "backend-plain", "backend")
        past = next((each for each in opening if (found := seen[each]) is not None and found.opens), "backend")
        return ("base" if not seen.base.opens else "origin", past)
    return ("base", name) if name in seen.answers else ("base",)


ASK_PAST = "To find out, also ask the application without the proxy: --backend HOST:PORT of the application."


def varnish(seen: Trace) -> str:
    """On which side of Varnish a handshake became a plain request; "" if there is no Varnish."""
    base, get = seen.base, seen["get"]
    if get is None or "varnish" not in get.hops:
        return ""
    if base.field(b"x-varnish") is not None:
        return (
            " The answer to the handshake carries X-Varnish: Varnish fetched it as a plain request and did not "
            "pipe it, so Upgrade was lost at Varnish or before it."
        )
    return (
        " The answer to the handshake carries no X-Varnish, and the one to a plain GET does: Varnish piped the "
        "handshake, so Upgrade was lost in the pipe (fields not copied) or behind Varnish."
    )
