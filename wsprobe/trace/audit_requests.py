"""The requests of an audit, as data, in order: the user's handshake, then those that strangers would send.

What was given as a secret goes to the origin of the URL alone: in clear, and to another port, goes a handshake
without cookies, credentials and query. A foreign page cannot make a browser send more than cookies, credentials
that the browser keeps (Basic, Digest) and a client's certificate; so no more goes out under a foreign Origin.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from urllib.parse import unquote_plus

from msgspec.structs import replace

from wsprobe.exchange import Act, Limits, Plan
from wsprobe.recording.secrets import Secrets, are_credentials
from wsprobe.request.edits import (
    lines,
    name_of,
    resource_of,
    values,
    with_field,
    with_line,
    without,
)
from wsprobe.request.target import authority, host_header
from wsprobe.trace.audit_session import admitted, lost_one, reference, refused, stopped
from wsprobe.trace.changes import Make, described, step
from wsprobe.trace.request_words import STRANGER
from wsprobe.trace.series import Series
from wsprobe.trace.skip_reasons import never
from wsprobe.trace.trace import Trace, TraceRequest

MOST = 20
WATCHED = 1.0
"""Seconds that an open session is watched, unless --linger says otherwise: a check that takes a database may
close a session a moment after it was accepted."""
LARGE = 16 * 1024 * 1024 + 1
"""Bytes of the message of --audit-heavy: one more than the limit of common servers that have one."""
LARGE_TIME = 60.0
"""Seconds in which the server may read it and answer."""
PING = b"wsprobe audit"
"""The Ping behind it: its Pong shows that all before it was read."""
OF_A_HANDSHAKE = (
    rb"(?i)host|user-agent|accept.*|origin|upgrade|connection|sec-websocket-(key|version|extensions|protocol)"
)
"""Fields that a page's browser sends, whoever uses it."""
IN_CLEAR = rb"(?i)host|user-agent|origin|upgrade|connection|sec-websocket-(key|version)"
BY_ITSELF = r"(?i)(basic|digest|negotiate|ntlm)[ \t]"
"""Authorization that a browser sends by itself once its user has logged in; a page cannot set the field."""
TOKEN_NAME = (
    r"(?i)(.*[_.-])?(access_?token|id_?token|token|jwt|auth|authorization|bearer|api_?key|key|secret|password|"
    r"passwd|pwd|session|session_?id|sid|sig|signature|ticket|credentials?)"
)
"""Names of query parameters that hold a secret."""
JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")
BESIDE = {443: 80, 8443: 8080}
"""Port of TLS -> the port on which the same is usually served in clear. No other pair is common enough to try
a port that the user did not name."""


# -- what was given


def kept_by_browsers(plan: Plan) -> tuple[str, ...]:
    """What *plan* sends that a browser would send for any page: in words."""
    found = ["cookies"] if values(plan.request, b"cookie") else []
    for field in values(plan.request, b"authorization"):
        scheme = re.match(BY_ITSELF, field.decode("latin-1"))
        found += [f"{scheme[1]} credentials"] if scheme is not None else []
    return (*found, *(["a client certificate"] if plan.tls.certificate and plan.target.secure else []))


def tokens(resource: bytes) -> tuple[str, ...]:
    """The names of the query parameters of *resource* that hold a secret, by their names or as JSON Web
    Tokens."""
    query = resource.partition(b"?")[2].decode("latin-1")
    pairs = (each.partition("=") for each in query.split("&"))
    return tuple(unquote_plus(name) for name, _, value in pairs if value and _holds_token(name, value))


def _holds_token(name: str, value: str) -> bool:
    return bool(re.fullmatch(TOKEN_NAME, unquote_plus(name)) or JWT.fullmatch(unquote_plus(value)))


def without_tokens(request: bytes) -> bytes:
    """*request* without the query parameters that hold a secret."""
    path, mark, query = resource_of(request).partition(b"?")
    if not mark:
        return request
    kept = [
        each
        for each in query.split(b"&")
        if not _holds_token(*(part.decode("latin-1") for part in each.partition(b"=")[::2]))
    ]
    return with_line(request, resource=path + (b"?" + b"&".join(kept) if kept else b""))


def secret_path(resource: bytes) -> bool:
    """True if the path of *resource* has a segment that looks like a token."""
    path = resource.partition(b"?")[0].decode("latin-1")
    return Secrets().url(path) != path


# -- requests of strangers


def of_a_page(request: bytes, origin: str) -> bytes:
    """*request* as a page of *origin*, which knows no secret, makes its user's browser send it."""
    first, fields, rest = lines(without_tokens(request))
    made = first + b"".join(line for line in fields if _sent_for_any_page(line)) + rest
    return with_field(_without_secret_protocols(made), b"Origin", origin.encode("ascii"))


def _sent_for_any_page(line: bytes) -> bool:
    name = name_of(line)
    if name == b"authorization":
        return re.match(BY_ITSELF, line.partition(b":")[2].strip().decode("latin-1")) is not None
    return name == b"cookie" or re.fullmatch(OF_A_HANDSHAKE, name) is not None


def _without_secret_protocols(request: bytes) -> bytes:
    offered = b",".join(values(request, b"sec-websocket-protocol")).split(b",")
    names = [each.strip() for each in offered if each.strip()]
    secret = are_credentials([each.decode("latin-1") for each in names])
    kept = [each for each, hidden in zip(names, secret, strict=True) if not hidden]
    if len(kept) == len(names):
        return request
    if not kept:
        return without(request, b"sec-websocket-protocol")
    return with_field(request, b"Sec-WebSocket-Protocol", b", ".join(kept))


def of_a_stranger(plan: Plan, origin: str) -> Plan:
    """*plan* as somebody else sends it, from a page of *origin* or not: no cookie, no credentials, no
    certificate."""
    request = without(of_a_page(plan.request, origin), rb"cookie|authorization")
    return replace(plan, request=request, tls=replace(plan.tls, certificate=None, key=None))


def in_clear(plan: Plan, port: int) -> Plan:
    """*plan* without TLS at *port*, and without anything that may be secret; its acts go too."""
    host = plan.target.host
    target = replace(plan.target, secure=False, port=port, url=f"ws://{authority(host, port)}/", userinfo=None)
    first, fields, rest = lines(plan.request)
    bare = first + b"".join(line for line in fields if re.fullmatch(IN_CLEAR, name_of(line))) + rest
    bare = with_line(bare, resource=resource_of(bare).partition(b"?")[0])
    bare = with_field(bare, b"Host", host_header(target).encode("ascii"))
    path = resource_of(bare).decode("latin-1")
    target = replace(target, url=f"ws://{host_header(target)}{path}", resource=path)
    if plan.route.resolve:
        known = [each for each in plan.route.resolve if each[1] == plan.target.port]
        more = tuple((name, port, addresses) for name, _, addresses in known)
        plan = replace(plan, route=replace(plan.route, resolve=(*plan.route.resolve, *more)))
    return replace(plan, request=bare, target=target, acts=(), http2=None)


def page_origin(seen: Trace) -> str:
    """The Origin of the page that may open the socket: as it was given, or that of the URL."""
    given = values(seen.start.plan.request, b"origin")
    return given[0].decode("latin-1") if given else seen.start.origin


def prefixed(origin: str) -> str:
    """Another site, whose origin begins as *origin* does; "" if there is none that a browser could send."""
    scheme, host, port = _parts(origin)
    return f"{scheme}://{host}.evil.example{port}" if host and not host.startswith("[") else ""


def suffixed(origin: str, labels: int = 0) -> str:
    """Another site, whose origin ends as *origin* does, or as the last *labels* of its host.

    "" if there is none that a browser could send: a host that ends in a number is an address (WHATWG URL
    section 3.5)."""
    scheme, host, port = _parts(origin)
    if not host or host.startswith("[") or _is_address(host):
        return ""
    parts = host.split(".")
    return f"{scheme}://evil{'.'.join(parts[-labels:] if labels else parts)}{port}"


def sibling(origin: str) -> str:
    """Another name under the parent of the host of *origin*; "" if a name of its own has none."""
    scheme, host, port = _parts(origin)
    parent = host.partition(".")[2]
    return f"{scheme}://wsprobe-audit.{parent}{port}" if "." in parent and not _is_address(host) else ""


def _parts(origin: str) -> tuple[str, str, str]:
    """Scheme, host in brackets where it has them, and port with its colon; empty for what is no origin."""
    found = re.fullmatch(r"(https?)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+?)(:\d{1,5})?", origin)
    return (found[1], found[2].rstrip("."), found[3] or "") if found is not None else ("", "", "")


def _is_address(host: str) -> bool:
    try:
        return bool(ip_address(host.strip("[]")))
    except ValueError:
        return host.rpartition(".")[2].isdigit()


# -- what each row makes


def _watched(plan: Plan) -> Plan:
    usual = plan.limits.linger == Limits().linger
    return replace(plan, limits=replace(plan.limits, linger=WATCHED)) if usual else plan


def _request(seen: Trace) -> bytes:
    """The handshake that opens: as it was given, or with the page's own Origin where that opens."""
    request = seen.start.plan.request
    opens = reference(seen)
    if seen.start.has_origin or opens is None or opens is not seen["origin"]:
        return request
    return with_field(request, b"Origin", seen.start.origin.encode())


def _row(plan: Callable[[Trace], Plan | None]) -> Make:
    """What makes one request of its own plan, or none."""

    def make(name: str, seen: Trace) -> Iterator[TraceRequest]:
        made = plan(seen)
        if made is not None:
            yield step(seen, name, plan=_watched(made))

    return make


def _from(origin: Callable[[Trace], str]) -> Make:
    """What makes the request that a page of *origin* brings about."""

    def plan(seen: Trace) -> Plan | None:
        foreign, given = origin(seen), seen.start.plan
        return replace(given, request=of_a_page(given.request, foreign)) if foreign else None

    return _row(plan)


def _given(edit: Callable[[bytes], bytes | None]) -> Make:
    """What makes the request that opens, edited; nothing if there is nothing to edit."""

    def plan(seen: Trace) -> Plan | None:
        request = _request(seen)
        made = edit(request)
        return None if made is None or made == request else replace(seen.start.plan, request=made)

    return _row(plan)


def _own_origin(seen: Trace) -> Plan | None:
    given = seen.start.plan
    if seen.start.has_origin:
        return None
    return replace(given, request=with_field(given.request, b"Origin", seen.start.origin.encode()))


def foreign_that_opens(seen: Trace) -> str:
    """The foreign Origin that opened a session, if one did; else that which is sent first."""
    opened = admitted(seen["origin-null"], reference(seen)) and not admitted(
        seen["origin-other"], reference(seen)
    )
    return "null" if opened else STRANGER


def _domain(seen: Trace) -> str:
    return suffixed(page_origin(seen), 2) if sibling(page_origin(seen)) else ""


def _stranger(seen: Trace) -> Plan | None:
    given = seen.start.plan
    return of_a_stranger(given, foreign_that_opens(seen)) if kept_by_browsers(given) else None


def _malformed(field: bytes) -> Callable[[Trace], Plan | None]:
    def plan(seen: Trace) -> Plan | None:
        made = of_a_stranger(seen.start.plan, page_origin(seen))
        return replace(made, request=without(made.request, field))

    return plan


def port_beside(seen: Trace) -> int:
    """The port that is tried in clear beside that of TLS; 0 for none."""
    return seen.start.clear_port or BESIDE.get(seen.start.plan.target.port, 0)


def _clear(seen: Trace, port: int) -> Plan | None:
    given = seen.start.plan
    return in_clear(given, port) if given.target.secure and port else None


def _large(seen: Trace) -> Plan | None:
    given = seen.start.plan
    if not seen.start.heavy:
        return None
    # The Pong ends the session: how long the server takes depends on its machine.
    acts = (Act("open", "text", b" " * LARGE), Act("open", "ping", PING), Act("pong", "close", code=1000))
    longest = max(given.limits.max_time, 2 * LARGE_TIME)
    limits = replace(given.limits, max_time=longest, max_session=2 * LARGE, linger=LARGE_TIME)
    return replace(given, request=_request(seen), acts=acts, limits=limits)


def _again(seen: Trace) -> Plan:
    return replace(seen.start.plan, request=_request(seen))


# -- why a row would tell nothing


def closed_to_all(seen: Trace) -> str:
    """Why nothing more is asked: the server stopped, or the handshake itself opens no session; else ""."""
    if gone := stopped(seen):
        return gone
    return "" if reference(seen) is not None else "the handshake itself opens no session"


def _unless_closed(also: Callable[[Trace], str] = never) -> Callable[[Trace], str]:
    return lambda seen: closed_to_all(seen) or also(seen)


def _no_answer(seen: Trace) -> str:
    return "no request was answered" if seen.base.kind in ("not-reached", "interrupted") else stopped(seen)


def _no_origin(seen: Trace) -> str:
    return "" if seen.start.has_origin else "base had no Origin"


def _no_credentials(seen: Trace) -> str:
    answers = (seen["origin-other"], seen["origin-null"])
    return (
        "" if any(admitted(each, reference(seen)) for each in answers) else "no foreign Origin opens a session"
    )


def _no_check(seen: Trace) -> str:
    """Why a look at how the Origin is compared would show nothing."""
    own, other = seen.own, seen["origin-other"]
    if not admitted(own, own):
        return "the page's own Origin opens no session (--origin gives another)"
    if other is None or refused(other):
        return ""
    if admitted(other, reference(seen)):
        return "any Origin opens a session"
    return f"a foreign Origin gets {other.result()}, which is not a refusal"


def _no_sibling(seen: Trace) -> str:
    own = seen["origin-suffix"]
    return "" if admitted(own, reference(seen)) else "the server refuses the Origin to compare it with"


def _clear_is_open(seen: Trace) -> str:
    route = seen.start.plan.route
    if secret_path(resource_of(seen.start.plan.request)):
        return "the path seems to contain a token, which wsprobe never sends in clear text"
    return "a Unix socket has no port" if route.unix_socket is not None else ""


NO_PORT_BESIDE = "there is no usual neighbouring port (--clear-port names one)"


def _beside(seen: Trace) -> str:
    route = seen.start.plan.route
    port = port_beside(seen)
    if seen.start.plan.target.secure and not port:
        return NO_PORT_BESIDE
    if route.connect_to and not any(rule[1] in (0, port) for rule in route.connect_to):
        return f"--connect-to names no server for port {port}"
    return _clear_is_open(seen)


def _deflate(request: bytes) -> bytes | None:
    if values(request, b"sec-websocket-extensions"):
        return None
    return with_field(request, b"Sec-WebSocket-Extensions", b"permessage-deflate")


ROWS = described(
    "audit",
    (
        ("base", lambda name, seen: (TraceRequest(name, _watched(seen.start.plan)),), never),
        (
            "alive",
            _row(lambda seen: _again(seen) if lost_one(seen) else None),
            lambda seen: "" if lost_one(seen) else "every request was answered",
        ),
        ("origin", _row(_own_origin), _no_answer),
        ("no-origin", _given(lambda request: without(request, b"origin")), _unless_closed(_no_origin)),
        ("origin-other", _from(lambda seen: STRANGER), _unless_closed()),
        ("origin-null", _from(lambda seen: "null"), _unless_closed()),
        ("no-credentials", _row(_stranger), _unless_closed(_no_credentials)),
        ("origin-prefix", _from(lambda seen: prefixed(page_origin(seen))), _unless_closed(_no_check)),
        ("origin-suffix", _from(lambda seen: suffixed(page_origin(seen))), _unless_closed(_no_check)),
        ("origin-domain", _from(_domain), _unless_closed(_no_check)),
        ("origin-sibling", _from(lambda seen: sibling(page_origin(seen))), _unless_closed(_no_sibling)),
        ("no-token", _given(without_tokens), _unless_closed()),
        ("clear", _row(lambda seen: _clear(seen, seen.start.plan.target.port)), _unless_closed(_clear_is_open)),
        ("clear-beside", _row(lambda seen: _clear(seen, port_beside(seen))), _unless_closed(_beside)),
        ("deflate", _given(_deflate), _unless_closed()),
        ("no-key", _row(_malformed(rb"sec-websocket-key")), _unless_closed()),
        ("no-version", _row(_malformed(rb"sec-websocket-version")), _unless_closed()),
        ("large", _row(_large), _unless_closed()),
        ("again", _row(_again), _unless_closed()),
    ),
    large=f"{LARGE:,}",
)

AUDIT = Series(ROWS, MOST, ("again",))
"""The handshake as strangers would send it."""
