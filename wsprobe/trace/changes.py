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
from wsprobe.recording.secrets import Secrets
from wsprobe.request.edits import as_browser, lines, plain, resource_of, slashed, with_field, with_line, without
from wsprobe.request.target import loopback
from wsprobe.trace import skip_reasons as skip
from wsprobe.trace.answer import Answer, ended_while_held
from wsprobe.trace.trace import Trace, TraceRequest

AFTER_SILENCE = 5.0
"""The time limit of later requests in seconds, after one got no answer."""


STRANGER = "https://page.invalid"
"""An Origin that nobody allows by name (RFC 6761 section 6.4)."""


class Change(msgspec.Struct, frozen=True):
    """One row of the table."""

    name: str
    changed: str
    """The change, in words."""
    tells: str
    """What its answer shows."""
    make: Callable[[Trace], Iterable[TraceRequest]]
    """Makes its requests; none if there is nothing to change."""
    useless: Callable[[Trace], str] = lambda seen: ""
    """Why it would show nothing new, given the answers so far; "" to send it."""


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


def _one(name: str, request: Callable[[Trace], bytes | None]) -> Callable[[Trace], Iterable[TraceRequest]]:
    """What makes one step, or none."""

    def make(seen: Trace) -> Iterable[TraceRequest]:
        made = request(seen)
        return () if made is None else (step(seen, name, made),)

    return make


def _edit(name: str, edit: Callable[[bytes], bytes | None]) -> Callable[[Trace], Iterable[TraceRequest]]:
    """What makes the request as it was given, edited; nothing if there is nothing to edit."""

    def make(seen: Trace) -> Iterable[TraceRequest]:
        request = seen.start.plan.request
        made = edit(request)
        return () if made is None or made == request else (step(seen, name, made),)

    return make


def _past(name: str, edit: Callable[[Trace, bytes], bytes | None]) -> Callable[[Trace], Iterable[TraceRequest]]:
    def make(seen: Trace) -> Iterable[TraceRequest]:
        plan = behind(seen)
        request = None if plan is None else edit(seen, plan.request)
        return () if request is None else (step(seen, name, request, plan),)

    return make


def _backends(seen: Trace) -> Iterable[TraceRequest]:
    """The proxies between the first one and the application."""
    for number in range(1, len(seen.start.backends)):
        name, plan = _name(seen, number), past(seen, number)
        if _speaks_no_tls(seen[name]) and seen.start.plan.target.secure and not plan.target.secure:
            yield step(seen, f"{name} plain", plan=plan)
        else:
            yield step(seen, name, plan=plan)


def _past_in_plain(seen: Trace) -> Iterable[TraceRequest]:
    plan = behind(seen)
    if plan is None or plan.target.secure:
        return
    if seen.start.plan.target.secure and _speaks_no_tls(seen["backend"]):
        yield step(seen, "backend-plain", plan=plan)


def _own_origin(seen: Trace, request: bytes) -> bytes | None:
    return None if seen.start.has_origin else with_field(request, b"Origin", seen.start.origin.encode())


def _same_origin(seen: Trace) -> bytes | None:
    """The handshake with the URL's own Origin in place of another one."""
    start = seen.start
    return with_field(start.plan.request, b"Origin", start.origin.encode()) if start.cross_origin else None


def _browser(name: str) -> Callable[[Trace], Iterable[TraceRequest]]:
    def request(seen: Trace) -> bytes | None:
        own = dict(seen.start.browsers).get(name)
        return None if own is None else as_browser(seen.start.plan.request, own)

    return _one(name, request)


def _held_past(seen: Trace) -> Iterable[TraceRequest]:
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


def _addresses(seen: Trace) -> Iterable[TraceRequest]:
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


def _over_http2(seen: Trace) -> Iterable[TraceRequest]:
    plan = seen.start.plan
    if seen.start.http2 is not None and plan.target.secure:
        tls = replace(plan.tls, alpn=("h2", "http/1.1"))
        yield step(seen, "http2", plan=replace(plan, http2=seen.start.http2, tls=tls))


def _subprotocols(seen: Trace) -> Iterable[TraceRequest]:
    request, offered = seen.start.plan.request, seen.start.protocols
    for each in offered if len(offered) > 1 else ():
        name = f"protocol {each.decode('latin-1')}"
        yield step(seen, name, with_field(request, b"Sec-WebSocket-Protocol", each))
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


def _named(seen: Trace) -> Iterable[TraceRequest]:
    for name in named_subprotocols(seen):
        request = with_field(seen.start.plan.request, b"Sec-WebSocket-Protocol", name.encode())
        yield step(seen, f"protocol {name}", request)


def _again(number: int) -> Callable[[Trace], Iterable[TraceRequest]]:
    def make(seen: Trace) -> Iterable[TraceRequest]:
        plan = seen.start.plan
        if number == 2 and "base" in seen.answers and seen.base.opens and seen.start.hold > 0:
            plan = silent_plan(plan, seen.start.hold)
        yield step(seen, f"again-{number}", plan=plan)

    return make


CHANGES: tuple[Change, ...] = (
    Change(
        "base",
        "nothing: the unchanged handshake",
        "the answer to compare the others with",
        lambda seen: (TraceRequest("base", seen.start.plan),),
    ),
    Change(
        "get",
        "a plain GET: no Upgrade, no Connection, no Sec-WebSocket-*",
        "whether anything treats the handshake as a handshake",
        _edit("get", plain),
        skip.reached,
    ),
    Change(
        "backend",
        "the same bytes, sent to the application directly (--backend)",
        "whether the proxy or the application is at fault",
        _past("backend", lambda seen, request: request),
    ),
    Change(
        "backends",
        "asked directly, each proxy between the first one and the application (several --backend)",
        "which proxy is at fault",
        _backends,
    ),
    Change(
        "backend-plain",
        "asked directly without TLS, if the backend speaks none",
        "the same, where TLS ends at the proxy",
        _past_in_plain,
    ),
    Change(
        "backend-get",
        "the plain GET, sent directly",
        "a lost Upgrade (same answer as through the proxy), or another program (any other answer)",
        _past("backend-get", lambda seen, request: plain(request)),
    ),
    Change(
        "origin",
        "with the Origin of a page of the same host",
        "an Origin that is required; a Host that a proxy rewrites, which only a comparison with Origin reveals",
        _one("origin", lambda seen: _own_origin(seen, seen.start.plan.request)),
        skip.unless_settled(),
    ),
    Change(
        "no-origin",
        "without Origin",
        "whether it is the Origin that is refused",
        _edit("no-origin", lambda request: without(request, b"origin")),
        skip.unless_settled(skip.refused),
    ),
    Change(
        "same-origin",
        "with the URL's own Origin, in place of another one",
        "whether the server checks the Origin: a page of the same host is the first that it would allow",
        _one("same-origin", _same_origin),
        skip.unless_settled(skip.refused),
    ),
    Change(
        "origin-other",
        f"with the Origin {STRANGER}",
        "a list of allowed Origins, or a rule that only requires the header",
        _one("origin-other", lambda seen: with_field(seen.start.plan.request, b"Origin", STRANGER.encode())),
        skip.unless_settled(skip.other_origin),
    ),
    Change(
        "backend-origin",
        "with the Origin of the page, sent directly",
        "whether the application or a proxy objects to the Origin",
        _past("backend-origin", _own_origin),
        skip.origin_past,
    ),
    Change(
        "chromium",
        "the request of Chromium",
        "a rule about User-Agent or another header of browsers",
        _browser("chromium"),
        skip.unless_settled(skip.browsers_headers),
    ),
    Change(
        "firefox",
        "the request of Firefox",
        "whether only Chromium is refused",
        _browser("firefox"),
        skip.unless_settled(skip.one_browser_alone),
    ),
    Change(
        "no-version",
        "without Sec-WebSocket-Version",
        "if the answer differs, a WebSocket library reads the handshake, so Upgrade arrives",
        _edit("no-version", lambda request: without(request, b"sec-websocket-version")),
        skip.unless_settled(skip.handshake_is_seen),
    ),
    Change(
        "no-upgrade",
        "without Upgrade",
        "a rule against Upgrade, or a proxy that accepts it and does not answer",
        _edit("no-upgrade", lambda request: without(request, b"upgrade")),
        skip.unless_settled(skip.handshake_is_seen),
    ),
    Change(
        "no-cookie",
        "without Cookie",
        "a cookie that is refused, or too large",
        _edit("no-cookie", lambda request: without(request, b"cookie")),
        skip.unless_settled(skip.refused),
    ),
    Change(
        "no-query",
        "without the query",
        "a rule on the query, or one that is too long",
        _edit("no-query", lambda request: with_line(request, resource=resource_of(request).partition(b"?")[0])),
        skip.unless_settled(skip.refused),
    ),
    Change(
        "subprotocols",
        "each subprotocol alone, and none",
        "which subprotocol is refused",
        _subprotocols,
        skip.unless_settled(skip.handshake_is_seen),
    ),
    Change(
        "named-subprotocol",
        "with the subprotocol that the server names, if it was not offered",
        "whether the application requires it",
        _named,
        skip.reached,
    ),
    Change(
        "keepalive-upgrade",
        "with Connection: keep-alive, Upgrade",
        "a proxy that compares the whole value",
        _edit("keepalive-upgrade", lambda request: with_field(request, b"Connection", b"keep-alive, Upgrade")),
        skip.opened,
    ),
    Change(
        "slash",
        "with the final slash of the path, or without",
        "a route for the other form",
        _edit("slash", lambda request: with_line(request, resource=slashed(resource_of(request)))),
        skip.final_slash,
    ),
    Change(
        "addresses",
        "at each other address of the name (--each-address)",
        "an address with another answer",
        _addresses,
    ),
    Change(
        "http2",
        "over HTTP/2 where ALPN offers it (an extended CONNECT, RFC 8441)",
        "a listener for HTTP/2 only; WebSockets over HTTP/2 that are announced and do not work",
        _over_http2,
        skip.http2_is_the_same,
    ),
    Change(
        "no-key",
        "without Sec-WebSocket-Key",
        "which proxy it is: HAProxy answers such a handshake itself",
        _edit("no-key", lambda request: without(request, b"sec-websocket-key")),
        skip.proxy_is_unnamed,
    ),
    Change(
        "again-1",
        "nothing: the unchanged handshake, once more",
        "a limit that counts requests, or one wrong server of several",
        _again(1),
    ),
    Change(
        "again-2",
        "nothing: once more, and if it opens, held without sending anything (--hold)",
        "the same, and an idle timeout",
        _again(2),
    ),
    Change(
        "backend-held",
        "sent directly, and held without sending anything for the same time; to each of several backends",
        "whether the application or a proxy ends idle connections, and which",
        _held_past,
        skip.not_cut,
    ),
)
