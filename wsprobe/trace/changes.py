"""The requests of a trace, as data: the user's handshake, then the same with one change, the most useful first.
`series` has the order in which they are sent, and the reasons to skip one.

Which changes tell something was measured (191 chains of a proxy and an application with one fault each):
another Host, another version, no extensions or no User-Agent never decided a case, and are not sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from wsprobe.diagnosis.faults import subprotocols_named
from wsprobe.exchange import Connected, ConnectFailed, Plan, Resolved, TlsFailed
from wsprobe.read.tokens import is_token
from wsprobe.recording.secrets import Secrets, are_credentials
from wsprobe.request.edits import as_browser, lines, plain, resource_of, slashed, with_field, with_line, without
from wsprobe.request.target import loopback
from wsprobe.trace import skip_reasons as skip
from wsprobe.trace.answer import Answer, ended_while_held
from wsprobe.trace.request_words import STRANGER, request_words
from wsprobe.trace.trace import Trace, TraceRequest

AFTER_SILENCE = 5.0
"""The time limit of later requests in seconds, after one got no answer."""


Make = Callable[[str, Trace], Iterable[TraceRequest]]
"""Makes the requests of the row with that name."""


class Change(msgspec.Struct, frozen=True):
    """One row of the table."""

    name: str
    changed: str
    """The change, in words."""
    tells: str
    """What its answer shows."""
    requests: Make
    useless: Callable[[Trace], str]
    """Why it would show nothing new, given the answers so far; "" to send it."""

    def make(self, seen: Trace) -> Iterable[TraceRequest]:
        """Its requests; none if there is nothing to change."""
        return self.requests(self.name, seen)


def described(
    section: str, rows: Iterable[tuple[str, Make, Callable[[Trace], str]]], **values: str
) -> tuple[Change, ...]:
    """The *rows* (name, what makes its requests, why they would show nothing new), with the words of a
    *section*, in which *values* are filled in."""
    words = request_words(section, **values)
    return tuple(Change(name, *words[name], make, useless) for name, make, useless in rows)


def step(seen: Trace, name: str, request: bytes | None = None, plan: Plan | None = None) -> TraceRequest:
    """A request by the plan given, with *request* in place of its own; with less patience after a silence."""
    plan = plan or seen.start.plan
    if any(answer.kind == "silent" for answer in seen.answers.values()):
        plan = replace(plan, limits=replace(plan.limits, max_time=min(plan.limits.max_time, AFTER_SILENCE)))
    return TraceRequest(name, plan if request is None else replace(plan, request=request))


HELD = 64 * 1024
"""Bytes of a session that is held, for what a server sends by itself meanwhile."""


def silent_plan(plan: Plan, seconds: float) -> Plan:
    """*plan* that says nothing once the session is open, and holds it for *seconds*."""
    limits = replace(
        plan.limits,
        linger=seconds,
        silence=UNSET,
        max_time=max(plan.limits.max_time, seconds + 5.0),
        max_session=max(plan.limits.max_session, HELD),
    )
    return replace(plan, acts=(), limits=limits)


def behind(seen: Trace) -> Plan | None:
    """The plan that asks the application directly; None without --backend."""
    return past(seen, len(seen.start.backends)) if seen.start.backends else None


def past(seen: Trace, number: int) -> Plan:
    """The plan that asks backend *number*, counted from 1: another address, the same bytes but for the path,
    and the same name for TLS."""
    backend, plan = seen.start.backends[number - 1], seen.start.plan
    target = plan.target
    route = replace(
        plan.route, connect_to=((target.host, target.port, backend.host, backend.port),), resolve=()
    )
    if backend.secure is not None:
        target = replace(target, secure=backend.secure)
    elif _speaks_no_tls(seen[_name(seen, number)]) and _may_go_in_plain(plan.request, backend.host):
        target = replace(target, secure=False)
    request = plan.request
    if backend.resource:
        request = with_line(request, resource=backend.resource.encode("ascii"))
    route = replace(route, proxy=None, unix_socket=None)
    return replace(plan, request=request, route=route, target=target)


def _name(seen: Trace, number: int) -> str:
    return "backend" if number == len(seen.start.backends) else f"backend {number}"


def _speaks_no_tls(answer: Answer | None) -> bool:
    failed = () if answer is None else answer.reading.exchange.events
    return any(isinstance(event, TlsFailed) and event.kind in ("not-tls", "fin", "reset") for event in failed)


def _may_go_in_plain(request: bytes, host: str) -> bool:
    """Where TLS was asked for, nothing secret goes out without it but to this machine."""
    secrets, resource = Secrets(), resource_of(request).decode("latin-1")
    fields = [line.decode("latin-1").rstrip("\r\n") for line in lines(request)[1]]
    secret = secrets.url(resource) != resource or any(secrets.header(field) != field for field in fields)
    return loopback(host) or not secret


def _one(request: Callable[[Trace], bytes | None]) -> Make:
    """What makes one step, or none."""

    def make(name: str, seen: Trace) -> Iterable[TraceRequest]:
        made = request(seen)
        return () if made is None else (step(seen, name, made),)

    return make


def _edit(edit: Callable[[bytes], bytes | None]) -> Make:
    """What makes the request as it was given, edited; nothing if there is nothing to edit."""

    def request(seen: Trace) -> bytes | None:
        made = edit(seen.start.plan.request)
        return None if made == seen.start.plan.request else made

    return _one(request)


def _without(field: bytes) -> Make:
    return _edit(lambda request: without(request, field))


def _past(edit: Callable[[Trace, bytes], bytes | None]) -> Make:
    def make(name: str, seen: Trace) -> Iterable[TraceRequest]:
        plan = behind(seen)
        request = None if plan is None else edit(seen, plan.request)
        return () if request is None else (step(seen, name, request, plan),)

    return make


def _backends(_: str, seen: Trace) -> Iterable[TraceRequest]:
    """The proxies between the first one and the application."""
    for number in range(1, len(seen.start.backends)):
        name, plan = _name(seen, number), past(seen, number)
        if _speaks_no_tls(seen[name]) and seen.start.plan.target.secure and not plan.target.secure:
            yield step(seen, f"{name} plain", plan=plan)
        else:
            yield step(seen, name, plan=plan)


def _past_in_plain(name: str, seen: Trace) -> Iterable[TraceRequest]:
    plan = behind(seen)
    if plan is None or plan.target.secure:
        return
    if seen.start.plan.target.secure and _speaks_no_tls(seen["backend"]):
        yield step(seen, name, plan=plan)


def _own_origin(seen: Trace, request: bytes) -> bytes | None:
    return None if seen.start.has_origin else with_field(request, b"Origin", seen.start.origin.encode())


def _same_origin(seen: Trace) -> bytes | None:
    """The handshake with the URL's own Origin in place of another one."""
    start = seen.start
    return with_field(start.plan.request, b"Origin", start.origin.encode()) if start.cross_origin else None


def _browser(name: str, seen: Trace) -> Iterable[TraceRequest]:
    own = dict(seen.start.browsers).get(name)
    return () if own is None else (step(seen, name, as_browser(seen.start.plan.request, own)),)


def _held_past(_: str, seen: Trace) -> Iterable[TraceRequest]:
    """From inside to outside, as long as the sessions stay open: the first that ends is at fault."""
    held = seen["again-2"]
    seconds = None if held is None else ended_while_held(held)
    if seconds is None:
        return
    for number in range(len(seen.start.backends), 0, -1):
        yield step(seen, seen.held(number), plan=silent_plan(past(seen, number), seconds + 0.5))
        answer = seen[seen.held(number)]
        if answer is None or not answer.opens or ended_while_held(answer) is not None:
            return


def _addresses(_: str, seen: Trace) -> Iterable[TraceRequest]:
    """One request for each address of the name but that which has answered."""
    plan = seen.start.plan
    events = seen.base.reading.exchange.events
    used = {event.address for event in events if isinstance(event, Connected)}
    if not used:
        used = {event.address for event in events if isinstance(event, ConnectFailed)}
    named = next((event.addresses for event in events if isinstance(event, Resolved)), ())
    for address in named if seen.start.each_address else ():
        if address not in used:
            target = plan.target
            route = replace(
                plan.route, resolve=((target.host.lower(), target.port, (address,)),), connect_to=()
            )
            yield step(seen, f"address {address}", plan=replace(plan, route=route))


def _over_http2(name: str, seen: Trace) -> Iterable[TraceRequest]:
    plan = seen.start.plan
    if seen.start.http2 is not None and plan.target.secure:
        tls = replace(plan.tls, alpn=("h2", "http/1.1"))
        yield step(seen, name, plan=replace(plan, http2=seen.start.http2, tls=tls))


def _subprotocols(_: str, seen: Trace) -> Iterable[TraceRequest]:
    request, offered = seen.start.plan.request, seen.start.protocols
    names = [each.decode("latin-1") for each in offered]
    numbered = enumerate(zip(offered, names, are_credentials(names), strict=True), 1)
    for number, (each, name, secret) in numbered if len(offered) > 1 else ():
        change = f"protocol {f'#{number}' if secret else name}"
        yield step(seen, change, with_field(request, b"Sec-WebSocket-Protocol", each))
    if offered:
        yield step(seen, "no-protocol", without(request, b"sec-websocket-protocol"))


NAMED = 2
"""Most subprotocols that are tried because the server names them."""


def named_subprotocols(seen: Trace) -> tuple[str, ...]:
    """The subprotocols that the server names and the handshake did not offer: in a field of its refusal, in the
    words of its body, or in the reason of its Close."""
    if "base" not in seen.answers:
        return ()
    base = seen.base
    listed = "" if base.opens else base.field(b"sec-websocket-protocol") or ""
    words = base.text if not base.opens else base.cause.quote if base.cause is not None else ""
    names = re.findall(r"[^\s,'\"]+", listed or subprotocols_named(words))
    offered = {each.decode("latin-1") for each in seen.start.protocols}
    new = (name for name in names if is_token(name.encode()) and name not in offered | {"or", "and"})
    return tuple(dict.fromkeys(new))[:NAMED]


def _named(_: str, seen: Trace) -> Iterable[TraceRequest]:
    for name in named_subprotocols(seen):
        request = with_field(seen.start.plan.request, b"Sec-WebSocket-Protocol", name.encode())
        yield step(seen, f"protocol {name}", request)


def _again(name: str, seen: Trace) -> Iterable[TraceRequest]:
    plan = seen.start.plan
    if name == "again-2" and "base" in seen.answers and seen.base.opens and seen.start.hold > 0:
        plan = silent_plan(plan, seen.start.hold)
    yield step(seen, name, plan=plan)


def _path(edit: Callable[[bytes], bytes]) -> Make:
    return _edit(lambda request: with_line(request, resource=edit(resource_of(request))))


CHANGES = described(
    "trace",
    (
        ("base", lambda name, seen: (TraceRequest(name, seen.start.plan),), skip.never),
        ("get", _edit(plain), skip.reached),
        ("backend", _past(lambda seen, request: request), skip.never),
        ("backends", _backends, skip.never),
        ("backend-plain", _past_in_plain, skip.never),
        ("backend-get", _past(lambda seen, request: plain(request)), skip.never),
        ("origin", _one(lambda seen: _own_origin(seen, seen.start.plan.request)), skip.unless_settled()),
        ("no-origin", _without(b"origin"), skip.unless_settled(skip.refused)),
        ("same-origin", _one(_same_origin), skip.unless_settled(skip.refused)),
        (
            "origin-other",
            _one(lambda seen: with_field(seen.start.plan.request, b"Origin", STRANGER.encode())),
            skip.unless_settled(skip.other_origin),
        ),
        ("backend-origin", _past(_own_origin), skip.origin_past),
        ("chromium", _browser, skip.unless_settled(skip.browsers_headers)),
        ("firefox", _browser, skip.unless_settled(skip.one_browser_alone)),
        ("no-version", _without(b"sec-websocket-version"), skip.unless_settled(skip.handshake_is_seen)),
        ("no-upgrade", _without(b"upgrade"), skip.unless_settled(skip.handshake_is_seen)),
        ("no-cookie", _without(b"cookie"), skip.unless_settled(skip.refused)),
        ("no-query", _path(lambda path: path.partition(b"?")[0]), skip.unless_settled(skip.refused)),
        ("subprotocols", _subprotocols, skip.unless_settled(skip.handshake_is_seen)),
        ("named-subprotocol", _named, skip.reached),
        (
            "keepalive-upgrade",
            _edit(lambda request: with_field(request, b"Connection", b"keep-alive, Upgrade")),
            skip.opened,
        ),
        ("slash", _path(slashed), skip.final_slash),
        ("addresses", _addresses, skip.never),
        ("http2", _over_http2, skip.http2_is_the_same),
        ("no-key", _without(b"sec-websocket-key"), skip.key_plays_no_part),
        ("again-1", _again, skip.never),
        ("again-2", _again, skip.never),
        ("backend-held", _held_past, skip.not_cut),
    ),
)
