"""Causes that several rules share: they do not depend on the author of the answer."""

from __future__ import annotations

import re
from urllib.parse import parse_qs

import msgspec

from wsprobe.diagnosis.cause import Cause
from wsprobe.diagnosis.evidence import (
    LARGE,
    Evidence,
    behind_proxy,
    foreign_origin,
    shown,
    to_another_host,
    url_parts,
)
from wsprobe.origins import near

SEE_LOG = "look in the server's log for this request"


ACCEPT_FIRST = "accept first, then close with a code from 4000 to 4999 and a reason: only that reaches a page"


def upgrade_stripped(text: str = "") -> Cause:
    """A proxy dropped Upgrade and Connection, in the words *text* or its usual ones."""
    return Cause(
        "upgrade-lost",
        text or "a proxy dropped Upgrade and Connection, so the handshake arrived as a plain GET",
        "configure every proxy to forward Upgrade and Connection over HTTP/1.1 (wsprobe explain upgrade-lost)",
    )


def http10() -> Cause:
    """A proxy sends HTTP/1.0 to the server."""
    return Cause(
        "http-1.0",
        "a proxy sends HTTP/1.0 to this server; a WebSocket handshake requires HTTP/1.1",
        "configure the proxy to use HTTP/1.1 (nginx: proxy_http_version 1.1) and to forward Upgrade "
        "and Connection",
    )


def crashed(text: str = "the application raised an exception before accepting") -> Cause:
    """The handler raised before it accepted; *text* says so, as far as the server is known."""
    return Cause("crashed-before-accept", text, SEE_LOG)


def no_route(
    text: str = "no WebSocket endpoint has this path",
    fix: str = "correct the path, or add a WebSocket route for it",
) -> Cause:
    """The server has no WebSocket endpoint at this path."""
    return Cause("no-route", text, fix)


def nowhere(evidence: Evidence) -> Cause:
    """An answer as to a plain GET, of which only the status is known."""
    if evidence.status in (200, 204) and not evidence.body:
        return no_route(
            "the path leads to something other than a WebSocket endpoint, or its handler returned without an "
            "upgrade (so some refuse, without a token for example; or a middleware caught an exception)"
        )
    text = "the path leads to a page or another program, not to a WebSocket endpoint"
    if evidence.protocols and evidence.status == 404:
        text += f", or the server supports no offered subprotocol ({shown(', '.join(evidence.protocols))})"
    return no_route(text)


def no_websocket(text: str, fix: str) -> Cause:
    """The server does not speak WebSockets at all."""
    return Cause("no-websocket", text, fix)


def credentials_wanted(evidence: Evidence) -> Cause:
    """Credentials are missing; or wrong, if the request had some. A page has fewer ways to send them."""
    if evidence.credentials:
        return Cause(
            "credentials-refused",
            "the server refused the credentials in the request",
            "check the user, password or token: they may be wrong, expired, or for another server",
        )
    text = "the application requires credentials, and received no valid ones"
    if evidence.status == 101:
        return Cause(
            "unauthorized",
            text,
            "send the required token where the server expects it: in the first message (--send), a cookie "
            "(-b), the URL or a header (-H); a page cannot set a header",
        )
    return Cause(
        "unauthorized",
        text,
        "send the required token, cookie or password (-u, --bearer, -b, -H); a browser can send only cookies, "
        "or a token in the URL or as a subprotocol",
    )


def answered_401(evidence: Evidence) -> Cause:
    """What the status 401 alone means. A server that checks credentials names a scheme in WWW-Authenticate (RFC
    9110 section 15.5.2); without one, a library may answer every refusal so."""
    cause = credentials_wanted(evidence)
    if evidence.has("www-authenticate"):
        return cause
    return msgspec.structs.replace(cause, text=f"{cause.text}; or another check refused (Origin, subprotocol)")


def origin_or_rule(evidence: Evidence, fix: str, who: str) -> Cause:
    """A 403 to an Origin of another host, which says no more: *who* refused it, or the request as a whole."""
    text = (
        f"{who} refused the request: most often because the origin {shown(evidence.origin or '')} is not "
        "allowed, or for another reason (path, address, token)"
    )
    return origin_refused(evidence, fix, text)


def origin_refused(evidence: Evidence, fix: str, text: str = "") -> Cause:
    """The sent Origin is refused, or a missing one is required. *fix*: where the server has its list. An origin
    that was perhaps meant is added to it."""
    if evidence.origin is None:
        missing = "the server requires an Origin; none was sent (browsers always send one)"
        return Cause("origin-refused", text or missing, f"try --origin with the page's origin; {fix}")
    if (other := near(evidence.origin, evidence.host, secure=evidence.secure)) is not None:
        fix = f"{fix}, or try --origin {shown(other[0])}: {other[1]}"
    return Cause(
        "origin-refused", text or f"the server does not allow the origin {shown(evidence.origin)}", fix
    )


_NO_ORIGIN = (
    r"(?i)\b(?:missing|empty)\b[^.\n]{0,12}\borigin\b|\b(?:no|without)(?: an?| the)? origin\b"
    r"|\borigin\b[^.\n]{0,20}\b(?:missing|required)\b"
)
_OTHER_THAN_NONE = (
    r"(?i)\bor\b|\b(?:invalid|wrong|bad|unknown|unauthori[sz]ed|lists?)\b|\b(?:match|allow|permi)|://"
)
"""Words that are about the value of an Origin, or leave open whether one arrived."""


def misses_origin(said: str) -> bool:
    """True if these words of a server report that no Origin arrived, and leave no other meaning open."""
    return re.search(_NO_ORIGIN, said) is not None and re.search(_OTHER_THAN_NONE, said) is None


CROSS_ORIGIN = "Cross origin websockets not allowed"
"""What Tornado writes (tornado/websocket.py, WebSocketHandler.get) if check_origin() refuses."""


def origin_unlike_host(evidence: Evidence) -> Cause:
    """Tornado refused the request: by default the host and port of the Origin must be those of Host."""
    fix = "override check_origin() of the WebSocketHandler"
    if evidence.origin is None:
        return origin_refused(evidence, fix)
    scheme, _, host = evidence.origin.partition("://")
    if host.lower() == evidence.host.lower():
        return Cause(
            "host-changed",
            f"the server compares the Origin with Host (Tornado's default); both were "
            f"{shown(host)}, so most often a proxy changes Host",
            f"let the proxy forward Host (nginx: proxy_set_header Host $http_host), or {fix}",
        )
    other = near(evidence.origin, evidence.host, secure=evidence.secure)
    if other is not None and other[0] == f"{scheme}://{evidence.host}":
        return origin_refused(evidence, fix)
    return Cause(
        "origin-refused",
        f"the server does not allow the origin {shown(evidence.origin)}: by default Tornado allows only "
        "the origin that Host names",
        fix,
    )


def origin_lost(evidence: Evidence) -> Cause:
    """The server found no Origin, although one was sent."""
    return Cause(
        "origin-lost",
        f"the server found no Origin, though {shown(evidence.origin or '')} was sent: most often a proxy "
        "dropped it",
        "let every proxy forward Origin",
    )


def refused_by_application(evidence: Evidence, text: str = "") -> tuple[Cause, ...]:
    """An application refused with a status of its choice; causes in its words come first."""
    if evidence.status == 401:
        return (answered_401(evidence),)
    if evidence.status == 404:
        return (no_route("no WebSocket endpoint has this path, or the application refused it with 404"),)
    refused = Cause(
        "refused",
        text or "a check in the application refused the request",
        "send what the application requires (token, cookie, parameter)",
    )
    return (refused,)


def asked_wrong(evidence: Evidence) -> tuple[Cause, ...]:
    """The request itself is not a proper handshake, which is then the likeliest reason."""
    match evidence.oddity:
        case "method":
            return (
                Cause(
                    "method",
                    f"a handshake is a GET, but the request was a {shown(evidence.method)}",
                    "send GET",
                    "own-request",
                    f"the request: {shown(evidence.method)}",
                ),
            )
        case "upgrade":
            return (
                Cause(
                    "handshake-incomplete",
                    "the request lacks Upgrade: websocket or Connection: Upgrade",
                    "send both; if the client sent both, a proxy removed them (wsprobe explain upgrade-lost)",
                    "own-request",
                    "the request: no Upgrade: websocket with Connection: Upgrade",
                ),
            )
        case "version":
            return (
                Cause(
                    "version-unsupported",
                    "Sec-WebSocket-Version of the request is not 13",
                    "send Sec-WebSocket-Version: 13",
                    "own-request",
                    "the request: Sec-WebSocket-Version is not 13",
                ),
            )
        case "key":
            return (
                Cause(
                    "key",
                    "Sec-WebSocket-Key of the request is missing, or not 16 bytes in base64",
                    "send 16 random bytes in base64",
                    "own-request",
                    "the request: Sec-WebSocket-Key is not 16 bytes in base64",
                ),
            )
        case "protocol":
            return (
                Cause(
                    "protocol-malformed",
                    "Sec-WebSocket-Protocol of the request is not a list of names",
                    "send names separated by commas",
                    "own-request",
                    "the request: Sec-WebSocket-Protocol is not a list of names",
                ),
            )
        case _:
            return ()


def too_much(name: str, size: int) -> tuple[Cause, ...]:
    """A field of the request that is larger than most servers accept."""
    if size < LARGE:
        return ()
    return (
        Cause(
            "header-too-large",
            f"the request has a {shown(name)} field of {size} bytes; most servers allow less",
            f"send a shorter {shown(name)}, or raise the limit of the server and of every proxy",
            "own-request",
            f"the request: {shown(name)} of {size} bytes",
        ),
    )


def own_request(evidence: Evidence) -> tuple[Cause, ...]:
    """The request explains the refusal: it is not a handshake, has a huge field, or has another Host."""
    found = (*asked_wrong(evidence), *too_much(*evidence.largest))
    if (
        evidence.host.lower() != evidence.wanted.lower()
        and not evidence.over_http2
        and 400 <= evidence.status < 600
    ):
        other = host_refused(
            f"the request's Host is {shown(evidence.host)}, not the URL's host ({shown(evidence.wanted)})"
        )
        found += (
            msgspec.structs.replace(
                other, certainty="own-request", evidence=f"the request: Host: {shown(evidence.host)}"
            ),
        )
    return found


def host_refused(text: str) -> Cause:
    """The server does not serve the Host of the request."""
    return Cause("host-refused", text, "add the name to the server's allowed hosts, or send the right Host")


def backend_down(who: str, more: str = "") -> Cause:
    """The proxy *who* got no connection to the application; *more* is appended."""
    return Cause(
        "backend-down",
        f"{who} could not reach the application: it is not running, or its address or port is wrong{more}",
        "start the application; check the upstream's address, port and scheme (http or https) in the proxy",
    )


def not_answered(who: str) -> Cause:
    """A 502: whether the application was not reached, or ended the connection, is the same to its client."""
    return Cause(
        "backend-down",
        f"{who} could not reach the application, or got no valid answer from it: it is not running, its "
        "address or port is wrong, it closed the connection (a crash, no Upgrade), or only one side uses TLS",
        "start the application, and look in its log; check the upstream's address, port and scheme "
        "(http or https)",
    )


LONGEST_LOCATION = 1 << 16
"""Characters that are searched: all of 2 MB would take 0.2 s."""


def redirected(evidence: Evidence, who: str) -> Cause:
    """*who* redirects: to a log-in page, another host, https, a path with a slash, or elsewhere."""
    to = evidence.get("location")[:LONGEST_LOCATION]
    place, path, _ = url_parts(to)
    fix = "open the socket at the final address, or log in first"
    if re.search(r"(?i)(?<![a-z])(?:log[-_]?in|sign[-_]?in|sso|oauth2?)(?![a-z])", path):
        fix = "log in first, and send the cookie or token that this gives (-b, --bearer)"
    if to_another_host(to, evidence.host):
        how = f"to another host ({shown(place)})"
    elif to.lower().startswith(("https:", "wss:")) and not evidence.secure:
        how, fix = "to https", "use wss:// in the client"
    elif path == f"{evidence.path}/":
        how, fix = "to the path with a slash", "use the path with the slash"
    elif place and place.lower() != evidence.host.lower():
        how = f"to another port ({shown(place)})"
    else:
        how = f"to {shown(path) or 'another address'}"
    return Cause("redirected", f"{who} redirects {how}; of the browsers, only WebKitGTK follows", fix)


def lost_upgrade(evidence: Evidence, *more: Cause) -> tuple[Cause, ...]:
    """The library reports a missing Upgrade: something removed it, if it was sent."""
    return (
        (*asked_wrong(evidence), *more)
        if evidence.oddity == "upgrade"
        else (*asked_wrong(evidence), upgrade_stripped(), *more)
    )


def subprotocol_wanted(evidence: Evidence, said: str = "") -> Cause:
    """A subprotocol is required, or was lost on the way. *said*: the server's words, which may name accepted
    ones."""
    # websockets says this only if none arrived; other servers also say it of one that they do not know.
    if evidence.protocols and "Failed to open a WebSocket connection: missing subprotocol" in evidence.text:
        return Cause(
            "subprotocol-lost",
            f"a proxy dropped Sec-WebSocket-Protocol: {shown(', '.join(evidence.protocols))} was offered, and "
            "the server received none",
            "let every proxy forward Sec-WebSocket-Protocol",
        )
    wanted = re.search(r"expected one of (.+?)\.?\s*$", said)
    names = f": {shown(wanted[1])}" if wanted else ""
    offered = (
        f"another subprotocol{names}; {shown(', '.join(evidence.protocols))} was offered"
        if evidence.protocols
        else f"a subprotocol{names}; none was offered"
    )
    if evidence.protocols and re.search(r"(?i)\bmissing (?:sub-?protocol|sec-websocket-protocol)\b", said):
        offered += "; or a proxy dropped it"
    one = shown(wanted[1]) if wanted else "another" if evidence.protocols else "one"
    return Cause(
        "subprotocol-required",
        f"the server requires {offered}",
        f"offer {one}: --protocol in wsprobe, the second argument of new WebSocket() in a page",
    )


def asks_socketio(path: str, query: str) -> bool:
    """Whether a request for *path* with *query* is for Socket.IO or engine.io."""
    return "/socket.io" in path or "/engine.io" in path or ("EIO" in query and "EIO" in parse_qs(query))


def for_socketio(evidence: Evidence) -> bool:
    """Whether the request is for Socket.IO or engine.io."""
    return asks_socketio(evidence.path, evidence.query)


def not_socketio() -> Cause:
    """A client that does not speak Socket.IO reached its server."""
    return Cause(
        "not-socket.io",
        "a plain WebSocket client reached a Socket.IO server; Socket.IO requires its own query and packets",
        "use a Socket.IO client, or connect to PATH/socket.io/?EIO=4&transport=websocket",
    )


def other_generation() -> Cause:
    """Client and server speak different versions of the Socket.IO protocol."""
    return Cause(
        "generation",
        "client and server use different versions of the Socket.IO protocol (EIO=3 is Socket.IO 2, EIO=4 "
        "is 3 and 4)",
        "use matching versions, or allowEIO3: true on a server of Socket.IO 3 or 4",
    )


def unknown_session() -> Cause:
    """The server does not know the session id (``sid``) of the request."""
    return Cause(
        "session",
        "the process that answered does not know the session (sid): several processes run without "
        "sticky sessions, or the process restarted",
        "use sticky sessions, or only the websocket transport",
    )


def wrong_for_socketio(evidence: Evidence) -> tuple[Cause, ...]:
    """What a Socket.IO server may refuse in the query of the request; () if nothing."""
    query = parse_qs(evidence.query)
    if "EIO" not in query or "transport" not in query:
        return (not_socketio(),)
    if query["transport"] not in (["websocket"], ["polling"]):
        return (
            Cause(
                "transport",
                "the query requests a transport that Socket.IO does not have",
                "use websocket or polling",
            ),
        )
    found: tuple[Cause, ...] = ()
    if "sid" in query:
        found += (unknown_session(),)
    if query["EIO"] != ["4"]:
        found += (other_generation(),)
    return found


def socketio_causes(evidence: Evidence) -> tuple[Cause, ...]:
    """What a Socket.IO server refuses, by what it was asked."""
    found = wrong_for_socketio(evidence)
    if found and found[0].id in ("not-socket.io", "transport"):
        return found
    origin = origin_refused(
        evidence, "add the page's origin to cors_allowed_origins (Python) or origins (Socket.IO 2)"
    )
    return (origin, *found) if foreign_origin(evidence) else (*found, origin)


def either_or_stripped(
    evidence: Evidence, own: Cause, *more: Cause, capital: bool = False
) -> tuple[Cause, ...]:
    """The handshake was answered as a plain GET. What the request lacks comes first. A lost Upgrade and a
    cause of the server's own cannot be told apart, as many proxies leave no mark: where one is seen
    (*capital* as in ``behind_proxy``) the lost Upgrade is named first, else second. Where the answer shows
    that Upgrade arrived, it was not lost."""
    if evidence.arrived:
        return (*asked_wrong(evidence), no_route(own.text, own.fix) if own.id == "no-websocket" else own, *more)
    if evidence.oddity == "upgrade":
        return (*asked_wrong(evidence), own, *more)
    if behind_proxy(evidence, capital):
        both = Cause(
            "upgrade-lost-or-elsewhere",
            "the handshake got the answer to a plain GET: a proxy dropped Upgrade and Connection, or "
            f"{own.text}",
            f"test the application without the proxy (wsprobe trace --backend); {own.fix}",
        )
        return (*asked_wrong(evidence), both, *more)
    either = msgspec.structs.replace(
        own,
        text=f"{own.text}; or a proxy dropped Upgrade and Connection",
        fix=f"{own.fix}; if a proxy is in front of the server: wsprobe explain upgrade-lost",
    )
    return (*asked_wrong(evidence), either, *more)
