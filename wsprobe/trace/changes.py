"""The requests of a trace, as data: the user's handshake, then the same with one change, the most useful first.
`series` has the order in which they are sent, and the reasons to skip one.

Which changes tell something was measured (191 chains of a proxy and an application with one fault each):
another Host, another version, no extensions or no User-Agent never decided a case, and are not sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

import msgspec
from msgspec.structs import replace

from wsprobe.diagnosis.evidence import to_another_host, url_parts
from wsprobe.exchange import Connected, ConnectFailed, Http2, Plan, Resolved, TlsFailed
from wsprobe.target import bracketed, loopback
from wsprobe.trace.answer import Answer, alike, ended_in_silence, same

AFTER_SILENCE = 5.0
"""The time limit of later requests in seconds, after one got no answer."""
STRANGER = "https://page.invalid"
"""An Origin that nobody allows by name (RFC 6761 section 6.4)."""
HANDSHAKE = re.compile(rb"(?i)upgrade|connection|sec-websocket-.*")
SECRET = re.compile(rb"(?i)cookie|authorization|proxy-authorization")
OF_A_CLIENT = re.compile(rb"(?i)host|user-agent|origin|cookie|upgrade|connection|sec-websocket-.*")
"""Fields that differ from client to client: the browser's own replace them."""


class Backend(msgspec.Struct, frozen=True):
    """The address of the application behind the proxy, or of another proxy between the two."""

    host: str
    port: int
    secure: bool | None = None
    """None: as the URL says."""
    resource: str = ""
    """Path and query; "": those of the URL. A proxy may strip a prefix."""

    def __str__(self) -> str:
        return f"{bracketed(self.host)}:{self.port}"


class Start(msgspec.Struct, frozen=True):
    """What a trace begins with."""

    plan: Plan
    """The handshake as it was given."""
    origin: str
    """The URL's own origin: that of a page on the same host."""
    browsers: tuple[tuple[str, bytes], ...] = ()
    """(name, the engine's own request)."""
    backends: tuple[Backend, ...] = ()
    """From outside to inside; the last one is the application."""
    each_address: bool = False
    hold: float = 0.0
    """Seconds that an open session is held in silence at the end."""
    http2: Http2 | None = None
    """The plan of the handshake over HTTP/2; None if it cannot be sent so."""
    heavy: bool = False
    """An audit may send a message of many bytes."""
    clear_port: int = 0
    """Where an audit tries the handshake in clear, beside the port of TLS; 0 for the usual port."""

    @property
    def has_origin(self) -> bool:
        return bool(values(self.plan.request, b"origin"))

    @property
    def cross_origin(self) -> str:
        """The Origin of the handshake, if it is not the URL's own; else ""."""
        given = b"".join(values(self.plan.request, b"origin")[:1]).decode("latin-1")
        return given if given.lower() != self.origin.lower() else ""

    @property
    def protocols(self) -> tuple[bytes, ...]:
        offered = b",".join(values(self.plan.request, b"sec-websocket-protocol"))
        return tuple(each.strip() for each in offered.split(b",") if each.strip())


class Trace(msgspec.Struct, frozen=True):
    """The requests sent so far and their answers, in that order."""

    start: Start
    answers: Mapping[str, Answer]

    def __getitem__(self, name: str) -> Answer | None:
        return self.answers.get(name)

    @property
    def base(self) -> Answer:
        return self.answers["base"]

    @property
    def own(self) -> Answer | None:
        """The answer to the handshake with the page's own Origin."""
        return self.base if self.start.has_origin else self["origin"]

    @property
    def as_page(self) -> Answer:
        """The answer that names the cause: with the page's own Origin, if that changes nothing (then a missing
        Origin is not the cause), else the base."""
        own = self.own
        return own if own is not None and same(own, self.base) else self.base

    @property
    def without_origin(self) -> Answer | None:
        return self["no-origin"] if self.start.has_origin else self.base

    @property
    def past(self) -> Answer | None:
        """The answer to the same bytes without the proxy."""
        return self["backend-plain"] or self["backend"]

    @property
    def like_get(self) -> bool:
        """True if a plain GET got the same answer as the handshake."""
        get = self["get"]
        return get is not None and same(self.base, get)

    def directly(self, number: int) -> Answer | None:
        """The answer of backend *number*, counted from 1, to the same bytes; the last one is ``past``."""
        if number == len(self.start.backends):
            return self.past
        return self[f"backend {number} plain"] or self[f"backend {number}"]

    @property
    def proxies(self) -> tuple[str, ...]:
        """Proxies that left a mark on any answer that came through them."""
        through = (each for name, each in self.answers.items() if not name.startswith("backend"))
        return tuple(dict.fromkeys(mark for each in through for mark in each.proxies))


class TraceRequest(msgspec.Struct, frozen=True):
    """One request of a trace."""

    name: str
    plan: Plan


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
    by_choice: bool = False
    """Sent only if it is named."""


# -- a request with one thing changed


def lines(request: bytes) -> tuple[bytes, list[bytes], bytes]:
    """The request line, the field lines, and the blank line with what follows it, each with its line end."""
    head, blank, rest = request.partition(b"\r\n\r\n")
    first, *fields = (head + blank[:2]).splitlines(keepends=True) or [b""]
    return first, fields, blank[2:] + rest


def name_of(line: bytes) -> bytes:
    """The name of a field *line*, in lower case."""
    return line.partition(b":")[0].strip().lower()


def values(request: bytes, name: bytes) -> list[bytes]:
    """The values of the fields called *name* (lower case)."""
    return [line.partition(b":")[2].strip() for line in lines(request)[1] if name_of(line) == name]


def without(request: bytes, pattern: re.Pattern[bytes] | bytes) -> bytes:
    """*request* without the fields whose names match *pattern* as a whole."""
    first, fields, rest = lines(request)
    return first + b"".join(line for line in fields if not re.fullmatch(pattern, name_of(line))) + rest


def with_field(request: bytes, name: bytes, value: bytes) -> bytes:
    """*request* with this field and no other of its name, in the place of the first of them, or at the end."""
    first, fields, rest = lines(request)
    new = name + b": " + value + b"\r\n"
    kept: list[bytes] = []
    placed = False
    for line in fields:
        if name_of(line) != name.lower():
            kept.append(line)
        elif not placed:
            kept.append(new)
            placed = True
    return first + b"".join(kept if placed else [*kept, new]) + rest


def with_line(request: bytes, *, method: bytes = b"", resource: bytes = b"", version: bytes = b"") -> bytes:
    """*request* with these parts of its request line changed; one without three parts stays as it is."""
    first, fields, rest = lines(request)
    parts = first.rstrip(b"\r\n").split(b" ")
    if len(parts) != 3:
        return request
    changed = b" ".join((method or parts[0], resource or parts[1], version or parts[2]))
    return changed + b"\r\n" + b"".join(fields) + rest


def resource_of(request: bytes) -> bytes:
    """The path and query in the request line; b"" without one."""
    parts = lines(request)[0].split()
    return parts[1] if len(parts) > 1 else b""


def slashed(resource: bytes) -> bytes:
    """*resource* without the final slash of its path, or with one if it has none."""
    path, mark, query = resource.partition(b"?")
    return (path[:-1] if path.endswith(b"/") else path + b"/") + mark + query


def as_browser(given: bytes, browser: bytes) -> bytes:
    """The browser's own request, with the user's other fields (credentials, those of an application)."""
    first, fields, rest = lines(browser)
    own = {name_of(line) for line in fields}
    more = [line for line in lines(given)[1] if name_of(line) not in own]
    return (
        first + b"".join([*fields, *(line for line in more if not OF_A_CLIENT.fullmatch(name_of(line)))]) + rest
    )


def rekeyed(request: bytes, key: str) -> bytes:
    """*request* with *key* as Sec-WebSocket-Key, if it has exactly one."""
    if len(values(request, b"sec-websocket-key")) != 1:
        return request
    return with_field(request, b"Sec-WebSocket-Key", key.encode("ascii"))


# -- what each row makes


def step(seen: Trace, name: str, request: bytes | None = None, plan: Plan | None = None) -> TraceRequest:
    """A request by the plan given, with *request* in place of its own; with less patience after a silence."""
    plan = plan or seen.start.plan
    if any(answer.kind == "silent" for answer in seen.answers.values()):
        plan = replace(plan, limits=replace(plan.limits, max_time=min(plan.limits.max_time, AFTER_SILENCE)))
    return TraceRequest(name, plan if request is None else replace(plan, request=request))


def plain(request: bytes) -> bytes:
    """*request* without the fields of a handshake."""
    return without(request, HANDSHAKE)


HELD = 64 * 1024
"""Bytes of a session that is held, for what a server sends by itself meanwhile."""


def silent_plan(plan: Plan, seconds: float) -> Plan:
    """*plan* that says nothing once the session is open, and holds it for *seconds*."""
    limits = replace(
        plan.limits,
        linger=seconds,
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
    secret = any(SECRET.fullmatch(name_of(line)) for line in lines(request)[1]) or b"?" in resource_of(request)
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
    plan, cut = behind(seen), seen["again-2"]
    seconds = None if cut is None else ended_in_silence(cut)
    if plan is not None and seconds is not None:
        yield step(seen, "backend-held", plan=silent_plan(plan, seconds + 0.5))


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


def _other_scheme(seen: Trace) -> Iterable[TraceRequest]:
    """TLS on a port that was asked in plain, or the reverse: no secret may go there."""
    plan = seen.start.plan
    fields = re.compile(rb"(?i)host|user-agent|upgrade|connection|sec-websocket-(key|version)")
    first, given, rest = lines(plan.request)
    bare = first + b"".join(line for line in given if fields.fullmatch(name_of(line))) + rest
    bare = with_line(bare, resource=resource_of(bare).partition(b"?")[0])
    yield step(
        seen, "other-scheme", bare, replace(plan, target=replace(plan.target, secure=not plan.target.secure))
    )


def _again(number: int) -> Callable[[Trace], Iterable[TraceRequest]]:
    def make(seen: Trace) -> Iterable[TraceRequest]:
        plan = seen.start.plan
        if number == 2 and "base" in seen.answers and seen.base.opens and seen.start.hold > 0:
            plan = silent_plan(plan, seen.start.hold)
        yield step(seen, f"again-{number}", plan=plan)

    return make


# -- why a row would tell nothing


def settled(seen: Trace) -> str:
    """Why no change can show more; "" if one may."""
    base, get = seen.base, seen["get"]
    if base.kind in ("not-reached", "interrupted"):
        return "no request was answered"
    if get is None:
        return ""
    if base.kind == "cut" and get.kind in ("cut", "not-reached"):
        return "every request is cut without a byte"
    if base.kind == "silent" and get.kind == "silent":
        return "no request is answered"
    if base.kind in ("cut", "silent") and get.kind == "http" and get.status >= 500:
        return "the proxy cannot reach the server behind it"
    if base.kind != "http" or not seen.like_get:
        return ""
    status = base.status
    if status >= 500:
        return f"a plain GET gets the same {status}"
    if status == 401 and base.field(b"www-authenticate") is not None:
        return "credentials are required first"
    if status in (405, 426, 429):
        return f"a plain GET gets the same {status}"
    if 300 <= status < 400:
        return "every request is redirected"
    return ""


def _unless_settled(also: Callable[[Trace], str] = lambda seen: "") -> Callable[[Trace], str]:
    return lambda seen: settled(seen) or also(seen)


def _reached(seen: Trace) -> str:
    return "no request was answered" if seen.base.kind in ("not-reached", "interrupted") else ""


def _refused(seen: Trace) -> str:
    return "the handshake opens" if seen.base.opens else ""


def _opened(seen: Trace) -> str:
    return "" if seen.base.opens else "the handshake does not open"


def _handshake_is_seen(seen: Trace) -> str:
    """Why it is known already whether the handshake is treated as one; "" if it is not."""
    if seen.base.opens:
        return "the handshake opens"
    if seen.base.kind == "http" and seen.like_get:
        return "a plain GET gets the same answer"
    return ""


def _other_origin(seen: Trace) -> str:
    own = seen.own
    if seen.start.has_origin:
        return "the handshake opens" if seen.base.opens else ""
    if own is None or alike(own, seen.base):
        return "the Origin of the page changes nothing"
    return ""


def _browsers_headers(seen: Trace) -> str:
    """Useful if no Origin helps, or to confirm that an open handshake opens for a browser too."""
    own = seen.own
    if own is None or own.opens is seen.base.opens is True:
        return ""
    if own.opens:
        return "the page's own Origin is enough"
    if seen.base.opens:
        return "the Origin alone makes the difference"
    return (
        "" if own.status in (400, 403, 406, 500) else f"a {own.result()} does not depend on a browser's headers"
    )


def _one_browser_alone(seen: Trace) -> str:
    own, chromium = seen.own, seen["chromium"]
    if chromium is None:
        return "the request of Chromium would show nothing more"
    if own is None or own.opens is chromium.opens:
        return "the request of Chromium gets the same answer"
    return ""


def _final_slash(seen: Trace) -> str:
    base = seen.base
    if base.kind == "http" and 300 <= base.status < 400 and to_slash(seen):
        return ""
    if settled(seen) or base.kind != "http" or not seen.like_get or base.status not in (200, 404):
        return settled(seen) or "the answer does not depend on the path alone"
    return ""


def to_slash(seen: Trace) -> str:
    """The path that the answer redirects to, if it is that of the URL with its slash or without; else ""."""
    location, request = seen.base.location, seen.start.plan.request
    there = url_parts(location)[1]
    here = resource_of(request).partition(b"?")[0].decode("latin-1")
    host = b"".join(values(request, b"host")).decode("latin-1")
    if there == here or to_another_host(location, host):
        return ""
    return there if there in (here + "/", here.removesuffix("/")) else ""


def _origin_past(seen: Trace) -> str:
    """Useful without the proxy too, where an Origin is refused or required."""
    past, own = seen.past, seen.own
    if past is not None and past.kind == "http" and not past.opens:
        return ""
    no_part = past is None or own is None or own.opens or alike(own, seen.base)
    return "the Origin plays no part" if no_part else ""


def _http2_is_the_same(seen: Trace) -> str:
    """Worth it where HTTP/1.1 opens, since browsers then ask over HTTP/2, and where it is not spoken at all."""
    base = seen.base
    if base.opens or base.kind == "cut" or NO_PROTOCOL in base.found:
        return ""
    return settled(seen) or "the program that refuses over HTTP/1.1 is behind HTTP/2 too"


NO_PROTOCOL = "tls-alert-no-application-protocol"
"""What is found where the server takes none of the protocols that ALPN offers."""


def _proxy_is_unnamed(seen: Trace) -> str:
    if seen.base.kind != "http" or not seen.like_get:
        return _handshake_is_seen(seen) or "the answers already show the cause"
    if settled(seen):
        return settled(seen)
    return f"the answers already name {seen.proxies[0]}" if seen.proxies else ""


def _not_cut(seen: Trace) -> str:
    held = seen["again-2"]
    return "" if held is not None and ended_in_silence(held) is not None else "no request was cut"


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
        _reached,
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
        _unless_settled(),
    ),
    Change(
        "no-origin",
        "without Origin",
        "whether it is the Origin that is refused",
        _edit("no-origin", lambda request: without(request, b"origin")),
        _unless_settled(_refused),
    ),
    Change(
        "same-origin",
        "with the URL's own Origin, in place of another one",
        "whether the server checks the Origin: a page of the same host is the first that it would allow",
        _one("same-origin", _same_origin),
        _unless_settled(_refused),
    ),
    Change(
        "origin-other",
        f"with the Origin {STRANGER}",
        "a list of allowed Origins, or a rule that only requires the header",
        _one("origin-other", lambda seen: with_field(seen.start.plan.request, b"Origin", STRANGER.encode())),
        _unless_settled(_other_origin),
    ),
    Change(
        "backend-origin",
        "with the Origin of the page, sent directly",
        "whether the application or a proxy objects to the Origin",
        _past("backend-origin", _own_origin),
        _origin_past,
    ),
    Change(
        "chromium",
        "the request of Chromium",
        "a rule about User-Agent or another header of browsers",
        _browser("chromium"),
        _unless_settled(_browsers_headers),
    ),
    Change(
        "firefox",
        "the request of Firefox",
        "whether only Chromium is refused",
        _browser("firefox"),
        _unless_settled(_one_browser_alone),
    ),
    Change(
        "no-version",
        "without Sec-WebSocket-Version",
        "if the answer differs, a WebSocket library reads the handshake, so Upgrade arrives",
        _edit("no-version", lambda request: without(request, b"sec-websocket-version")),
        _unless_settled(_handshake_is_seen),
    ),
    Change(
        "no-upgrade",
        "without Upgrade",
        "a rule against Upgrade, or a proxy that accepts it and does not answer",
        _edit("no-upgrade", lambda request: without(request, b"upgrade")),
        _unless_settled(_handshake_is_seen),
    ),
    Change(
        "no-connection",
        "without Connection",
        "a proxy that writes its own Connection",
        _edit("no-connection", lambda request: without(request, b"connection")),
        by_choice=True,
    ),
    Change(
        "no-cookie",
        "without Cookie",
        "a cookie that is refused, or too large",
        _edit("no-cookie", lambda request: without(request, b"cookie")),
        _unless_settled(_refused),
    ),
    Change(
        "no-query",
        "without the query",
        "a rule on the query, or one that is too long",
        _edit("no-query", lambda request: with_line(request, resource=resource_of(request).partition(b"?")[0])),
        _unless_settled(_refused),
    ),
    Change(
        "subprotocols",
        "each subprotocol alone, and none",
        "which subprotocol is refused",
        _subprotocols,
        _unless_settled(_handshake_is_seen),
    ),
    Change(
        "keepalive-upgrade",
        "with Connection: keep-alive, Upgrade",
        "a proxy that compares the whole value",
        _edit("keepalive-upgrade", lambda request: with_field(request, b"Connection", b"keep-alive, Upgrade")),
        _opened,
    ),
    Change(
        "slash",
        "with the final slash of the path, or without",
        "a route for the other form",
        _edit("slash", lambda request: with_line(request, resource=slashed(resource_of(request)))),
        _final_slash,
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
        _http2_is_the_same,
    ),
    Change(
        "no-key",
        "without Sec-WebSocket-Key",
        "which proxy it is: HAProxy answers such a handshake itself",
        _edit("no-key", lambda request: without(request, b"sec-websocket-key")),
        _proxy_is_unnamed,
    ),
    Change(
        "http-1.0",
        "with HTTP/1.0",
        "which proxy it is: lighttpd answers 400, Envoy 426, Apache nothing",
        _edit("http-1.0", lambda request: with_line(request, version=b"HTTP/1.0")),
        by_choice=True,
    ),
    Change(
        "post",
        "a POST without a body",
        "a rule on the method",
        _edit(
            "post",
            lambda request: with_field(with_line(plain(request), method=b"POST"), b"Content-Length", b"0"),
        ),
        by_choice=True,
    ),
    Change(
        "no-extensions",
        "without Sec-WebSocket-Extensions",
        "extensions that are refused",
        _edit("no-extensions", lambda request: without(request, b"sec-websocket-extensions")),
        by_choice=True,
    ),
    Change(
        "other-scheme",
        "TLS where there was none, or none where there was; without cookies, credentials and query",
        "a port that is for the other scheme",
        _other_scheme,
        by_choice=True,
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
        "sent directly, and held without sending anything for the same time",
        "whether the proxy or the application ends idle connections",
        _held_past,
        _not_cut,
    ),
)
