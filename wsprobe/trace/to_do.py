"""What to do about a conclusion: the lines for each proxy, the advice of `connect`, how to find out more."""

from __future__ import annotations

from collections.abc import Sequence

from wsprobe.diagnosis.advice import code_for
from wsprobe.diagnosis.cause import as_sentence
from wsprobe.diagnosis.proxies import LineValues, mending, path_for_lines, table
from wsprobe.trace.answer import Answer
from wsprobe.trace.direct import compared, first_opening, may_strip_prefix, other_path
from wsprobe.trace.sentences import shows_proxy
from wsprobe.trace.trace import Trace


def with_code(fix: str, answer: Answer) -> str:
    """*fix*, and the command that prints code for the program that wrote *answer*, to let a page know why."""
    code = code_for(answer.author, answer.author.causes)
    return "\n".join(filter(None, (fix, f"To tell the page: {code}" if code else "")))


def first_do(answer: Answer, lines: str) -> str:
    """What `connect` would advise, before the other *lines*."""
    cause = answer.cause
    known = cause is not None and cause.certainty != "status" and cause.fix
    return f"{as_sentence(cause.fix_in_trace)}\n{lines}" if cause is not None and known else lines


def ask_own_path(seen: Trace) -> str:
    """How to find out whether the proxy should strip a prefix; "" if that is not the question."""
    if not may_strip_prefix(seen):
        return ""
    past = seen.past
    scheme = "wss" if past is not None and past.reading.exchange.plan.target.secure else "ws"
    backend = f"{scheme}://{seen.start.backends[-1]}/PATH"
    return f"If the proxy should strip a prefix, give the backend its own path: --backend {backend}"


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


def _next_of_faulty(seen: Trace) -> int:
    """The number, from 1, of what is behind the proxy at fault: of several backends the first from which on all
    open; the application if that is not known; 0 without --backend."""
    opening = first_opening(seen)
    return len(seen.start.backends) if opening is None or not seen.start.backends else opening + 1


def lines_if_seen(seen: Trace, fault: str) -> str:
    """The lines against *fault*, if a proxy is known to be there: what else to do is complete without them."""
    return proxy_lines(seen, fault, seen.base.proxies) if shows_proxy(seen) else ""
