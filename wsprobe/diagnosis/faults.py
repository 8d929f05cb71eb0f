"""Causes that several rules share: they do not depend on the author of the answer."""

from __future__ import annotations

import re
from urllib.parse import parse_qs

from msgspec.structs import replace

from wsprobe.diagnosis.cause import MOST_USUAL, Cause
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


DROPPED = "a proxy that drops Upgrade and Connection"
"""A usual cause where a handshake may have arrived as a plain GET."""
NO_ENDPOINT = "no WebSocket endpoint at this path"
A_CHECK = "a check (token, cookie, Origin, parameter)"
NO_ANSWER = "a proxy that gets no answer from the application"
PLAIN_GET = "the handshake got the answer to a plain GET"

ACCEPT_FIRST = "accept first, then close with a code from 4000 to 4999 and a reason: only that reaches a page"


def upgrade_stripped(text: str = "") -> Cause:
    """A proxy dropped Upgrade and Connection, in the words *text* or its usual ones."""
    return Cause(
        "upgrade-lost",
        text or "a proxy dropped Upgrade and Connection, so the handshake arrived as a plain GET",
        "configure every proxy to forward Upgrade and Connection over HTTP/1.1 (wsprobe explain upgrade-lost)",
    )


def forward_proxy() -> Cause:
    return Cause(
        "forward-proxy",
        "this URL points at a forward proxy, not at the server",
        "pass the proxy with -x, and use the server's address as the URL",
    )


def http10() -> Cause:
    """A proxy sends HTTP/1.0 to the server."""
    return Cause(
        "http-1.0",
        "a proxy sends HTTP/1.0 to this server; a WebSocket handshake requires HTTP/1.1",
        "configure the proxy to use HTTP/1.1 (nginx: proxy_http_version 1.1) and to forward Upgrade "
        "and Connection",
    )


def crashed(text: str = "the application raised an exception before accepting", *usual: str) -> Cause:
    """The handler raised before it accepted; *text* says so, as far as the server is known."""
    return Cause("crashed-before-accept", text, SEE_LOG, usual=usual)


def failed_or(*others: str) -> Cause:
    """An answer about a failure, which has *others* among its usual causes."""
    return crashed("the application failed before accepting", "an exception", *others)


def no_route(
    text: str = "no WebSocket endpoint has this path",
    fix: str = "correct the path, or add a WebSocket route for it",
) -> Cause:
    """The server has no WebSocket endpoint at this path."""
    return Cause("no-route", text, fix)


_AS_A_PAGE = {
    404: "the server found nothing at this path (404)",
    405: "the server does not accept this request at this path (405)",
}


def nowhere(evidence: Evidence) -> Cause:
    """An answer as to a plain GET, of which only the status is known."""
    act = _AS_A_PAGE.get(evidence.status, f"{PLAIN_GET} ({evidence.status})")
    cause = no_route(act)
    if evidence.status in (200, 204) and not evidence.body:
        returned = "a handler that returned without an upgrade (so some refuse, for want of a token)"
        return replace(cause, usual=(NO_ENDPOINT, returned, "a middleware that caught an exception"))
    if evidence.protocols and evidence.status == 404:
        unknown = f"a server that supports no offered subprotocol ({shown(', '.join(evidence.protocols))})"
        return replace(cause, usual=(NO_ENDPOINT, unknown))
    return replace(cause, usual=(NO_ENDPOINT,))


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
    if challenge := evidence.get("www-authenticate"):
        return replace(
            cause, certainty="stated", evidence=f"{evidence.line}; WWW-Authenticate: {shown(challenge)}"
        )
    sent = "wrong or expired credentials"
    own = sent if evidence.credentials else "no valid token, cookie or password in the request"
    act = "the server requires credentials (401)"
    return replace(cause, statement=act, usual=(own, "another check that refuses (Origin, subprotocol)"))


def origin_or_rule(evidence: Evidence, fix: str, who: str) -> Cause:
    """A 403 to an Origin of another host, which says no more: *who* refused it, or the request as a whole."""
    other = f"the origin {shown(evidence.origin or '')}, which is not allowed"
    cause = origin_refused(evidence, fix, f"{who} refused the request ({evidence.status})")
    return replace(cause, usual=(other, "another check (address, token)"))


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


def refused_by_application(evidence: Evidence, act: str = "") -> tuple[Cause, ...]:
    """An application refused with a status of its choice; causes in its words come first."""
    if evidence.status == 401:
        return (answered_401(evidence),)
    if evidence.status == 429:
        return (
            Cause(
                "rate-limited",
                "the application refused: too many requests or connections (429)",
                "wait, or raise the limit",
            ),
        )
    act = act or f"the application refused the request ({evidence.status})"
    if evidence.status == 404:
        return (replace(no_route(act), usual=(NO_ENDPOINT, A_CHECK)),)
    fix = "send what the application requires (token, cookie, parameter)"
    return (Cause("refused", act, fix, usual=(A_CHECK,)),)


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


def led_to(own: Cause, act: Cause) -> Cause:
    """A fault of the request, where nothing but the *act* of the server shows that it is the reason."""
    return replace(
        own, statement=act.statement, usual=(own.statement, *(act.usual or (act.statement,)))[:MOST_USUAL]
    )


def too_much(name: str, size: int) -> tuple[Cause, ...]:
    """A field of the request that is larger than most servers accept."""
    if size < LARGE:
        return ()
    return (
        Cause(
            "header-too-large",
            f"the request has a {shown(name)} field of {size} bytes, more than most servers allow",
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
            replace(other, certainty="own-request", evidence=f"the request: Host: {shown(evidence.host)}"),
        )
    return found


def host_refused(text: str) -> Cause:
    """The server does not serve the Host of the request."""
    return Cause("host-refused", text, "add the name to the server's allowed hosts, or send the right Host")


def backend_down(who: str, *others: str) -> Cause:
    """The proxy *who* got no connection to the application; *others*: more of its usual causes."""
    return Cause(
        "backend-down",
        f"{who} could not reach the application",
        "start the application; check the upstream's address, port and scheme (http or https) in the proxy",
        usual=("an application that is not running", "a wrong address or port", *others),
    )


def not_answered(who: str) -> Cause:
    """A 502: whether the application was not reached, or ended the connection, is the same to its client."""
    return Cause(
        "backend-down",
        f"{who} could not reach the application, or got no valid answer from it",
        "start the application, and look in its log; check the upstream's address, port and scheme "
        "(http or https)",
        usual=(
            "an application that is not running",
            "a wrong address or port",
            "an application that closes the connection (a crash, no Upgrade)",
            "TLS on one side only",
        ),
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
    return Cause(
        "redirected",
        f"{who} redirects {how}; of the browsers, only WebKitGTK follows",
        fix,
        "stated",
        f"{evidence.line}; Location: {shown(to)}",
    )


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
    one = shown(wanted[1]) if wanted else "another" if evidence.protocols else "one"
    cause = Cause(
        "subprotocol-required",
        f"the server requires {offered}",
        f"offer {one}: --protocol in wsprobe, the second argument of new WebSocket() in a page",
    )
    if evidence.protocols and re.search(r"(?i)\bmissing (?:sub-?protocol|sec-websocket-protocol)\b", said):
        sent = shown(", ".join(evidence.protocols))
        found_none = f"the server found no subprotocol that it supports; {sent} was offered"
        usual = (f"a server that requires another{names}", "a proxy that drops Sec-WebSocket-Protocol")
        return replace(cause, statement=found_none, usual=usual)
    return cause


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
        "the process that answered does not know the session (sid)",
        "use sticky sessions, or only the websocket transport",
        usual=("several processes without sticky sessions", "a restart", "a session that expired"),
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


_ID_IN_PATH = r"(?i)/(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,}|\d+)(?:/|\Z)"
"""A UUID, a long hexadecimal number, or a number."""
NO_SOCKETIO = "no Socket.IO server at this path"


def by_request_of_socketio(evidence: Evidence, refused: Cause) -> tuple[Cause, ...]:
    """The causes of a 403 to a request for Socket.IO. Its servers refuse an Origin, but never for want of one:
    without an Origin, what *refused* has comes before that."""
    found = socketio_causes(evidence)
    if evidence.origin is not None:
        return (*found, refused)
    origin = tuple(cause for cause in found if cause.id == "origin-refused")
    return (*(cause for cause in found if cause not in origin), refused, *origin)


def either_or_stripped(
    evidence: Evidence, own: Cause, *more: Cause, capital: bool = False
) -> tuple[Cause, ...]:
    """The handshake was answered as a plain GET. What the request lacks comes first. A lost Upgrade and a
    cause of the server's own cannot be told apart, as many proxies leave no mark: where one is seen
    (*capital* as in ``behind_proxy``) the lost Upgrade is named first, else second. Where the answer shows
    that Upgrade arrived, it was not lost."""
    if evidence.arrived:
        other = replace(own, id="no-route") if own.id == "no-websocket" else own
        return (*asked_wrong(evidence), other, *more)
    if evidence.oddity == "upgrade":
        return (*asked_wrong(evidence), own, *more)
    causes = own.usual or (own.statement,)
    if own.id == "no-route" and re.search(_ID_IN_PATH, evidence.path):
        causes += ("an id in the path that the server does not know",)
    if behind_proxy(evidence, capital):
        both = Cause(
            "upgrade-lost-or-elsewhere",
            PLAIN_GET,
            f"test the application without the proxy (wsprobe trace --backend); {own.fix}",
            usual=(DROPPED, *causes),
        )
        return (*asked_wrong(evidence), both, *more)
    either = replace(
        own,
        statement=own.statement if own.usual else PLAIN_GET,
        fix=f"{own.fix}; if a proxy is in front of the server: wsprobe explain upgrade-lost",
        usual=(*causes, DROPPED),
    )
    return (*asked_wrong(evidence), either, *more)
