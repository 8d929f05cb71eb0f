"""Rules of a trace: one part of the request is refused.

Headers of browsers, a cookie, the query, the form of the path.
"""

from __future__ import annotations

from collections.abc import Iterator

from wsprobe.diagnosis.cause import as_sentence
from wsprobe.diagnosis.faults import OF_THE_HANDSHAKE
from wsprobe.request.edits import resource_of, values
from wsprobe.trace.conclusion import Conclusion, rule
from wsprobe.trace.direct import beside, past_the_proxy, sure
from wsprobe.trace.sentences import a_proxy, quoted, written_by
from wsprobe.trace.to_do import lines_if_seen, proxy_lines, steps
from wsprobe.trace.trace import Trace

TOO_LARGE = frozenset({413, 414, 431, 494})


@rule()
def request_at_fault(seen: Trace) -> Iterator[Conclusion]:
    base, own, chromium = seen.base, seen.own, seen["chromium"]
    cause = base.cause
    if cause is None or cause.certainty != "own-request" or cause.id not in OF_THE_HANDSHAKE:
        return
    if chromium is not None and own is not None and not own.opens and chromium.opens:
        yield Conclusion(
            f"{base.result()} for the request as given ({written_by(base)}), 101 for Chromium's: {cause.text}.",
            0.93,
            ("base", "chromium"),
            as_sentence(cause.fix_in_trace),
            id=cause.id,
        )


@rule()
def browser_headers_wanted(seen: Trace) -> Iterator[Conclusion]:
    base, own, chromium, firefox = seen.base, seen.own, seen["chromium"], seen["firefox"]
    if chromium is None or own is None or own.opens or not chromium.opens:
        return
    only = firefox is not None and not firefox.opens
    yield Conclusion(
        f"{base.result()} for wsprobe's request, 101 for Chromium's; the Origin alone does not "
        "help: a rule requires another browser header (User-Agent, "
        f"Accept-*){', which Firefox does not send' if only else ''} "
        f"({written_by(base)}).{past_the_proxy(seen)}",
        0.93,
        ("base", "chromium"),
        steps(
            "Nothing, for pages. In other clients send an allowed User-Agent (-A), or remove the rule.",
            lines_if_seen(seen, "rule"),
        ),
    )


@rule()
def header_too_large(seen: Trace) -> Iterator[Conclusion]:
    base = seen.base
    if base.kind != "http":
        return
    large = base.status in TOO_LARGE or base.cause_id == "header-too-large"
    long = sum(map(len, values(seen.start.plan.request, b"cookie"))) > 4000
    name, what = "get", "a field of the request is"
    for left_out, part in (("no-query", "the query is"), ("no-cookie", "the cookie is")):
        other = seen[left_out]
        cookie = left_out == "no-cookie" and base.status == 400 and long
        if other is not None and (other.opens or other.status != base.status) and (large or cookie):
            name, what, large = left_out, part, True
    if large:
        yield Conclusion(
            f"{base.result()}, {quoted(base)}: {what} too large for the server or a proxy "
            f"({written_by(base)}).{past_the_proxy(seen)}",
            0.95,
            seen.sent("base", name),
            proxy_lines(seen, "large", base.proxies),
        )


@rule()
def cookie_refused(seen: Trace) -> Iterator[Conclusion]:
    yield from _refused_for(seen, "no-cookie", "cookie")


@rule()
def query_refused(seen: Trace) -> Iterator[Conclusion]:
    yield from _refused_for(seen, "no-query", "query")


def _refused_for(seen: Trace, name: str, noun: str) -> Iterator[Conclusion]:
    base, other = seen.base, seen[name]
    if base.kind != "http" or other is None or not other.opens:
        return
    yield Conclusion(
        f"{base.result()} with the {noun}, 101 without: a rule refuses the {noun}, or the "
        f"application refuses its content ({written_by(base)}).{past_the_proxy(seen)}",
        0.9,
        ("base", name),
        steps(
            f"Check how the application uses the {noun}, and look for a rule on it in every proxy.",
            lines_if_seen(seen, "rule"),
        ),
    )


@rule()
def connection_compared(seen: Trace) -> Iterator[Conclusion]:
    other = seen["keepalive-upgrade"]
    if not seen.base.opens or other is None or other.opens or other.kind == "interrupted":
        return
    yield Conclusion(
        "Opens with Connection: Upgrade, but Connection: keep-alive, Upgrade gets "
        f"{other.result()}: {a_proxy(seen)} compares the whole value, but Connection is a list (RFC 9110 "
        "section 7.6.1). Older Firefox and some clients send the long form.",
        0.93,
        ("base", "keepalive-upgrade"),
        proxy_lines(seen, "connection"),
    )


@rule()
def slash(seen: Trace) -> Iterator[Conclusion]:
    base, other = seen.base, seen["slash"]
    if base.kind != "http" or other is None:
        return
    # A page or a 404 from the library says that nothing is there, not that the handshake reached it; a redirect
    # may lead back to the given form of the path.
    nothing = other.status in (200, 404) or other.redirects
    reached = base.status in (200, 404) and other.by_server and not nothing
    if other.opens or reached:
        path = resource_of(other.reading.sent).decode("latin-1")
        end = "opens" if other.opens else f"reaches a WebSocket library ({other.result()})"
        yield Conclusion(
            f"{base.result()} to handshake and plain GET alike; {path} {end}: the route matches only "
            "that form of the path; the given path leads elsewhere, not to a WebSocket "
            f"endpoint.{past_the_proxy(seen)}",
            sure(seen, 0.95 if other.opens else 0.85),
            beside(seen, "slash"),
            steps(f"Open {path}, or let the route match both.", lines_if_seen(seen, "slash")),
        )
