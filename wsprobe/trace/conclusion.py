"""What the answers of a trace mean together, as a value; a rule that finds it; and the words about proxies that
every rule uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from textwrap import shorten

import msgspec
from msgspec.structs import replace

from wsprobe.diagnosis import PROGRAMS, Cause
from wsprobe.diagnosis.advice import code_for
from wsprobe.diagnosis.cause import quote_of
from wsprobe.diagnosis.proxies import LineValues, mending, path_for_lines, table
from wsprobe.trace.answer import Answer, alike
from wsprobe.trace.changes import Trace


class Conclusion(msgspec.Struct, frozen=True):
    """What the answers most likely mean."""

    text: str
    likely: float
    """0 to 1: how often it was true in the measured chains."""
    because: tuple[str, ...]
    """The names of the changes whose answers show it side by side."""
    fix: str = ""
    """The lines for the proxy or framework, or what else to do; "" if nothing is broken."""
    open: bool = False
    """True if it lists several causes, and these answers cannot tell which."""
    id: str = ""
    """A word of ``diagnosis.KINDS``, or that of a weakness; that of the rule, unless the rule gives another."""
    sent: str = ""
    """In an audit: what was sent, and"""
    came: str = ""
    """what came back."""


Find = Callable[[Trace], Iterator[Conclusion]]


class Rule(msgspec.Struct, frozen=True):
    """A function that reads a trace, and what a manual says about it."""

    id: str
    """What the rule concludes; "" for the rule that repeats the cause of the answer."""
    seen: str
    means: str
    cannot_know: str
    find: Find

    def __call__(self, seen: Trace) -> Iterator[Conclusion]:
        """The conclusions of this rule, each with its id; none if it does not fit."""
        return (each if each.id else replace(each, id=self.id) for each in self.find(seen))


def rule(seen: str, means: str, cannot_know: str = "", *, id: str | None = None) -> Callable[[Find], Rule]:
    """Make a rule of a function. Its id is the name of the function with hyphens, unless *id* is given."""

    def decorate(find: Find) -> Rule:
        name = find.__name__.replace("_", "-") if id is None else id
        return Rule(name, seen, means, cannot_know, find)

    return decorate


def shows_proxy(seen: Trace) -> bool:
    """True if a proxy is known to be there: it left a mark, or the user named what is behind it."""
    return bool(seen.proxies or seen.start.backends)


def a_proxy(seen: Trace) -> str:
    """The subject of a sentence about what a server or a proxy may do, as far as one is known to be there."""
    return "a proxy or the server" if shows_proxy(seen) else "the server, or a proxy in front of it,"


def proxy_of(seen: Trace) -> str:
    """Which proxy is at fault, as far as proxies name themselves."""
    names = tuple(map(title, seen.proxies))
    if not names:
        return "the proxy left no mark" if seen.start.backends else "no proxy is visible"
    if len(names) == 1:
        return f"{names[0]} is visible; other proxies may exist"
    return f"{' and '.join(names)} are visible"


def title(proxy: str) -> str:
    """The common name of a proxy."""
    return (PROGRAMS[proxy].who or PROGRAMS[proxy].name) if proxy in PROGRAMS else proxy


def written_by(answer: Answer) -> str:
    """Who wrote *answer*, as far as its marks show it."""
    if answer.author.id:
        return f"written by {answer.author.who}"
    if answer.server:
        return f"author unknown: the Server field ({', '.join(answer.server)}) may be a proxy's"
    return "author unknown"


SAYS_LITTLE = frozenset(
    {
        *("refused", "no-route", "no-websocket", "server-says", "error", "crashed-before-accept"),
        *("bad-request", "upgrade-lost", "upgrade-lost-or-elsewhere", "everywhere"),
    }
)
"""Causes after which a comparison of answers may still show more."""
OF_A_PROXY = frozenset({"forward-proxy", "client-certificate"})
"""Causes that a proxy's page proves by itself. For its other causes a comparison shows more."""


def shown_by(answer: Answer) -> Cause | None:
    """The cause that this answer proves without the others; None if there is none."""
    cause = answer.cause
    if cause is None or cause.id in SAYS_LITTLE or cause.certainty == "status":
        return None
    if answer.by_proxy and cause.certainty in ("only", "shared") and cause.id not in OF_A_PROXY:
        return None
    return cause


def likeliest(answer: Answer, *, quoted_before: bool = False) -> str:
    """A sentence: the cause that `connect` reports, if more than the status shows it; "" if nothing does.

    *quoted_before*: the words of the server are in the sentence before it."""
    cause = answer.cause
    if cause is None or cause.certainty == "status":
        return ""
    meaning, quote = quote_of(cause.text)
    text = meaning if quote and quoted_before else cause.text
    return f" From the answer alone, likely: {text}." if text else ""


def with_code(fix: str, answer: Answer) -> str:
    """*fix*, and the command that prints code for the program that wrote *answer*, to let a page know why."""
    code = code_for(answer.author, answer.author.causes)
    return "\n".join(filter(None, (fix, f"To tell the page: {code}" if code else "")))


def first_do(answer: Answer, lines: str) -> str:
    """What `connect` would advise, before the other *lines*."""
    cause = answer.cause
    known = cause is not None and cause.certainty != "status" and cause.fix
    return f"{cause.fix}\n{lines}" if cause is not None and known else lines


QUOTED = 160
"""Characters of a body that a sentence quotes: room for a whole sentence with an origin and its port."""


def quoted(answer: Answer) -> str:
    """The first words of its body, none of them cut."""
    text = whole_words(answer.text, QUOTED)
    return f'"{text}"' if text else "no text in the body"


def whole_words(text: str, most: int) -> str:
    """The first words of *text* in at most *most* characters, with dots if more follow; a first word that is
    longer is cut."""
    text = " ".join(text.split())
    kept = shorten(text, most, placeholder=" ...")
    return kept if kept != "..." or text == "..." else f"{text[: most - 3]}..."


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
    if origin is not None:
        return "same" if seen.own is not None and alike(origin, seen.own) else "other"
    return "same" if alike(past, seen.base) else "other"


def opens_directly(seen: Trace) -> str:
    """A sentence: the backend opens; of several, which proxy is at fault."""
    return f"Asked directly, the backend opens (101).{_which_of_several(seen)}"


def _which_of_several(seen: Trace) -> str:
    """Between which two of several backends the handshake fails; "" if that is not known."""
    backends, opening = seen.start.backends, _first_opening(seen)
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


def _first_opening(seen: Trace) -> int | None:
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
            return (
                f" {backend_of(seen)} cannot be reached from here: if the proxy uses this address, the "
                "application is not running there."
            )
        case "other" if past is not None:
            return (
                f" Asked directly, {backend_of(seen)} refuses too, with a different answer ({past.result()})."
                if past.kind in ("http", "invalid")
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
    return f"{same}: the proxy is not at fault."


def may_strip_prefix(seen: Trace) -> bool:
    """True if the path is unknown on both sides, and the application was asked for no path of its own: it may
    have the socket at the path behind a prefix, which the proxy should strip."""
    unknown = seen.base.status == 404 or seen.base.cause_id == "no-route"
    given = seen.start.plan.target.resource.partition("?")[0]
    asked = bool(seen.start.backends) and not seen.start.backends[-1].resource
    return compared(seen) == "same" and unknown and asked and given != "/"


def ask_own_path(seen: Trace) -> str:
    """How to find out whether the proxy should strip a prefix; "" if that is not the question."""
    if not may_strip_prefix(seen):
        return ""
    past = seen.past
    scheme = "wss" if past is not None and past.reading.exchange.plan.target.secure else "ws"
    backend = f"{scheme}://{seen.start.backends[-1]}/PATH"
    return f"If the proxy should strip a prefix, give the backend its own path: --backend {backend}"


def backend_of(seen: Trace) -> str:
    """What answers directly: the application, unless a proxy leaves its mark there."""
    marks = [mark for name, each in seen.answers.items() if name.startswith("backend") for mark in each.proxies]
    return f"the backend ({title(marks[0])} answers there)" if marks else "the application"


def sure(seen: Trace, outside: float, inside: float = 0.97) -> float:
    """*outside*, or *inside* if the bytes open directly."""
    return inside if compared(seen) == "opens" else outside


def beside(seen: Trace, name: str) -> tuple[str, ...]:
    """The two answers that show it: base and *name*; or base and the direct one, if that opens."""
    if compared(seen) == "opens":
        return ("base" if not seen.base.opens else "origin", opening_directly(seen))
    return ("base", name) if name in seen.answers else ("base",)


def opening_directly(seen: Trace) -> str:
    """The name of the direct answer that opens, where ``compared`` says so."""
    names = ("backend-origin", "backend-plain", "backend")
    return next(name for name in names if (each := seen[name]) is not None and each.opens)


def ask_past(seen: Trace) -> str:
    """How to find out whether a proxy is at fault; "" if a backend was asked."""
    return "" if seen.start.backends else FIND_OUT


FIND_OUT = (
    "To find out whether a proxy is at fault, also test the application directly: --backend with its own "
    "HOST:PORT."
)
ANY_PROXY = "What each proxy needs to pass a handshake on: wsprobe explain proxy"


def steps(*parts: str) -> str:
    """The lines of *parts* as one text; a line that stands twice, once."""
    return "\n".join(dict.fromkeys(each for part in parts for each in part.splitlines() if each))


def proxy_lines(
    seen: Trace, fault: str, hops: Sequence[str] = (), *, part: str = "", proven: bool = False
) -> str:
    """The lines against *fault*, one proxy a line, with the path of the URL and the address of the backend.

    For *hops*, or the proxies that left a mark; for those in wide use if it is *proven* that a proxy is at
    fault, or if the user named what is behind one. Otherwise one line that says how to find out; "" if the
    application gives the same answer directly. *part*: the field of the fault, if it is about one."""
    known = tuple(hops) or seen.proxies
    if compared(seen) == "same":
        return ""
    if not (known or proven or seen.start.backends):
        return steps(FIND_OUT, ANY_PROXY)
    if other_path(seen) and fault in ("path", "route"):
        has_prefix = table()["prefix"]
        fault = "prefix" if not known or any(hop in has_prefix for hop in known) else fault
    values = _line_values(seen, fault, part)
    lines = mending(fault, known, values)
    over_tls = values.secure and values.backend in lines
    return steps(lines, f"{values.backend} speaks TLS: the proxy must use TLS to it too." if over_tls else "")


def _line_values(seen: Trace, fault: str, part: str) -> LineValues:
    path = path_for_lines(seen.start.plan.target.resource)
    number = _next_of_faulty(seen)
    answer = seen.directly(number) if number and compared(seen) != "not reached" else None
    return LineValues(
        path.rstrip("/") or path if fault == "slash" else path,
        str(seen.start.backends[number - 1]) if answer is not None else "",
        part,
        path_for_lines(other) if (other := other_path(seen)) else None,
        answer is not None and answer.opens and answer.reading.exchange.plan.target.secure,
    )


def other_path(seen: Trace) -> str:
    """The path of the socket in the application, if the user gave one that is not that of the URL; else ""."""
    own = seen.start.backends[-1].resource if seen.start.backends else ""
    return "" if own == seen.start.plan.target.resource else own


def _next_of_faulty(seen: Trace) -> int:
    """The number, from 1, of what is behind the proxy at fault: of several backends the first from which on all
    open; the application if that is not known; 0 without --backend."""
    opening = _first_opening(seen)
    return len(seen.start.backends) if opening is None or not seen.start.backends else opening + 1


def varnish(seen: Trace) -> str:
    """On which side of Varnish a handshake became a plain request; "" if there is no Varnish."""
    base, get = seen.base, seen["get"]
    if get is None or "varnish" not in get.proxies:
        return ""
    if base.field(b"x-varnish") is not None:
        return (
            " The answer to the handshake has X-Varnish: Varnish fetched it as a plain request "
            "instead of piping it, so Upgrade was lost at Varnish or in front of it."
        )
    return (
        " The answer to the handshake has no X-Varnish, but the answer to a plain GET has it: "
        "Varnish piped the handshake, so Upgrade was lost in the pipe (fields not copied) or "
        "behind Varnish."
    )
