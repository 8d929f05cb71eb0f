"""Causes that several rules share: they do not depend on the author of the answer."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from msgspec.structs import replace

from wsprobe.diagnosis.cause import MOST_USUAL, Cause
from wsprobe.diagnosis.evidence import LARGE, Evidence, is_markup, shown, to_another_host, url_parts
from wsprobe.exchange import Target
from wsprobe.wire.followup import REDIRECTS

LOOK_UP = "look up these words in the server's code or documentation"


def otherwise(fix: str) -> str:
    """The advice beside a server's words: *fix* counts only if they give no reason."""
    return f"{LOOK_UP}; if they give no reason: {fix}"


READ_WORDS = "read its words: the application may require a token, a cookie, another Origin or a parameter"
SEE_LOG = "look in the server's log for this request"


DROPPED = "a proxy that drops Upgrade"
"""A usual cause where a handshake may have arrived as a plain GET."""
NO_ENDPOINT = "no WebSocket endpoint at this path"
A_CHECK = "a check (token, cookie, Origin, parameter)"
HTTP_ROUTE = "an HTTP route alone at this path"
NO_ANSWER = "a proxy that gets no answer"

ACCEPT_FIRST = "accept first, then close with a code from 4000 to 4999 and a reason: only that reaches a page"


CONNECTION_LOST = "Connection: Upgrade did not reach the server; most often a proxy replaces it"
"""``upgrade_stripped`` where the server reports Connection alone."""


def upgrade_stripped(text: str = "") -> Cause:
    """The server received no Upgrade or no Connection, in the words *text* or the usual ones. Only that they
    did not arrive is proven."""
    return Cause(
        "upgrade-lost",
        text or "the server did not receive Upgrade with Connection: Upgrade; most often a proxy drops them",
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


def no_route(
    text: str = "no WebSocket endpoint has this path",
    fix: str = "correct the path, or add a WebSocket route for it",
) -> Cause:
    """The server has no WebSocket endpoint at this path."""
    return Cause("no-route", text, fix)


def credentials_wanted(evidence: Evidence) -> Cause:
    """Credentials are missing; or wrong, if the request had some. A page has fewer ways to send them."""
    if evidence.credentials:
        return Cause(
            "credentials-refused",
            "the server refused the credentials in the request",
            "check the user, password or token: they may be wrong, expired, or for another server",
        )
    text = "the server requires credentials, and received no valid ones"
    if evidence.by_page:
        also = ", or in the first message" if evidence.status == 101 else ""
        fix = f"let the page send the required cookie, or a token in the URL or as a subprotocol{also}; a page "
        fix += "cannot set a header"
        return Cause("unauthorized", text, fix)
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


def challenged(evidence: Evidence) -> Cause:
    """A 401 that names a scheme in WWW-Authenticate, as RFC 9110 section 15.5.2 has it. Without one, a library
    may answer every refusal so."""
    challenge = shown(evidence.get("www-authenticate"))
    shows = f"{evidence.line}; WWW-Authenticate: {challenge}"
    return replace(credentials_wanted(evidence), certainty="stated", evidence=shows)


def origin_refused(evidence: Evidence, fix: str, text: str = "") -> Cause:
    """The sent Origin is refused, or a missing one is required. *fix*: where the server has its list. An origin
    that was perhaps meant is added to it."""
    if evidence.origin is None:
        missing = "the server requires an Origin; none was sent (browsers always send one)"
        first = "" if evidence.by_page else "try --origin with the page's origin; "
        return Cause("origin-refused", text or missing, f"{first}{fix}")
    if (other := near(evidence.origin, evidence.host, secure=evidence.secure)) is not None:
        how = "open the page at" if evidence.by_page else "try --origin"
        fix = f"{fix}, or {how} {shown(other[0])}: {other[1]}"
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
    fix = "allow the origin in the application (Bokeh: --allow-websocket-origin), or override check_origin()"
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


_ODDITIES = {
    "draft": (
        "version-unsupported",
        "the request is the handshake of an earlier draft, not of RFC 6455",
        "leave out --wire",
        "no Sec-WebSocket-Version: 13",
    ),
    "upgrade": (
        "handshake-incomplete",
        "the request lacks Upgrade: websocket or Connection: Upgrade",
        "send both; if the client sent both, a proxy removed them (wsprobe explain upgrade-lost)",
        "no Upgrade: websocket with Connection: Upgrade",
    ),
    "version": (
        "version-unsupported",
        "Sec-WebSocket-Version of the request is not 13",
        "send Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Version is not 13",
    ),
    "key": (
        "key",
        "Sec-WebSocket-Key of the request is missing, or not 16 bytes in base64",
        "send 16 random bytes in base64",
        "Sec-WebSocket-Key is not 16 bytes in base64",
    ),
    "protocol": (
        "protocol-malformed",
        "Sec-WebSocket-Protocol of the request is not a list of names",
        "send names separated by commas",
        "Sec-WebSocket-Protocol is not a list of names",
    ),
}
"""``Evidence.oddity`` -> id, statement, fix, and what of the request shows it."""
OF_THE_HANDSHAKE = frozenset({"method", *(id for id, *_ in _ODDITIES.values())})
"""The causes of ``asked_wrong``."""


def asked_wrong(evidence: Evidence) -> tuple[Cause, ...]:
    """The request itself is not a proper handshake, which is then the likeliest reason."""
    if evidence.oddity == "method":
        sent = shown(evidence.method)
        return (_sent_wrong("method", f"a handshake is a GET, but the request was a {sent}", "send GET", sent),)
    return (_sent_wrong(*_ODDITIES[evidence.oddity]),) if evidence.oddity else ()


def _sent_wrong(id: str, statement: str, fix: str, shows: str) -> Cause:
    return Cause(id, statement, fix, "own-request", f"the request: {shows}")


def led_to(own: Cause, act: Cause) -> Cause:
    """*act*, with a fault of the request as its first usual cause: nothing else shows that it is the reason."""
    fix = f"{own.fix}; if the answer stays the same: {act.fix}" if act.fix else own.fix
    return replace(
        act,
        fix=fix,
        certainty="own-request",
        evidence=own.evidence,
        program=None,
        usual=(own.statement, *act.usual)[: MOST_USUAL - 1],
    )


def changed(field: str = "a header of the handshake", more: str = "") -> Cause:
    """A library reports an invalid *field*, and wsprobe sent a valid one. *more*: its words, behind a colon."""
    return Cause("changed", f"{field} was changed in transit{more}", "check the proxies in between")


def too_much(name: str, size: int) -> tuple[Cause, ...]:
    """A field of the request that is larger than most servers accept."""
    if size < LARGE:
        return ()
    statement = f"the request's {shown(name)} has {size} bytes, more than most servers allow"
    fix = f"send a shorter {shown(name)}, or raise the limit of the server and of every proxy"
    return (_sent_wrong("header-too-large", statement, fix, f"{shown(name)} of {size} bytes"),)


def host_refused(text: str) -> Cause:
    """The server does not serve the Host of the request."""
    return Cause("host-refused", text, "add the name to the server's allowed hosts, or send the right Host")


LONGEST_LOCATION = 1 << 16
"""Characters that are searched: all of 2 MB would take 0.2 s."""


def redirected(evidence: Evidence, who: str) -> Cause:
    """*who* redirects: to a log-in page, another host, https, a path with a slash, or elsewhere."""
    to = evidence.get("location")[:LONGEST_LOCATION]
    if evidence.status not in REDIRECTS:
        words = f"{who} answers {evidence.status}, which no client follows"
        return Cause("redirected", words, "answer 101, or redirect with 301, 302, 303, 307 or 308")
    if not evidence.has("location"):
        return Cause(
            "redirected", f"{who} redirects ({evidence.status}), but names no Location", "look in its log"
        )
    if not to:
        words = f"{who} redirects to the same URL: its Location is empty"
        return Cause("redirected", words, "correct the address of the redirect", "stated", evidence.line)
    place, path, _ = url_parts(to)
    fix = "correct the path, open the socket at the final address, or log in first"
    if re.search(_LOGIN_PATH, path):
        fix = _log_in(evidence)
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


_LOGIN_PATH = r"(?i)(?<![a-z])(?:log[-_]?in|sign[-_]?in|sso|oauth2?)(?![a-z])"
_LOGIN_TITLE = r"(?i)<(?:title|h1|h2)[^<>]*>[^<]*\b(?:log|sign)[ -]?in\b"
_PASSWORD = r"(?i)<input\b[^<>]*\btype\s*=\s*[\"']?password\b"


def _log_in(evidence: Evidence) -> str:
    """What to do about a redirect to a page that asks to log in."""
    given = "send the cookie or token that this gives"
    if evidence.by_page:
        return f"log in on the site first, and let the page {given}"
    return f"log in first, and {given} (-b, --bearer)"


def asks_to_log_in(evidence: Evidence) -> bool:
    """Whether the answer is a page with a title or a heading that asks to log in."""
    return is_markup(evidence) and re.search(_LOGIN_TITLE, evidence.text[:2000]) is not None


def led_to_login(evidence: Evidence, first: Target, last: Target, status: int) -> Cause | None:
    """That the request to *first* was redirected (*status*) to a login at *last*, whose answer *evidence* has;
    None if that is no login."""
    asked = url_parts(first.resource)[1]
    there = evidence.path if first.host == last.host else f"{last.host}{evidence.path}"
    named = re.search(_LOGIN_PATH, there) and not re.search(_LOGIN_PATH, asked)
    form = is_markup(evidence) and re.search(_PASSWORD, evidence.text) is not None
    # The same path, with a slash or over https, is no other page.
    page = (form or asks_to_log_in(evidence)) and there.rstrip("/") != asked.rstrip("/")
    if not 200 <= evidence.status < 300 or not (page or named):
        return None
    what = "a page that asks to log in" if page else "whose name suggests a login"
    return Cause(
        "unauthorized",
        f"the handshake was redirected ({status}) to {shown(there)}, {what}",
        _log_in(evidence),
        "stated" if page else "shared",
        f"a redirect ({status}) to {shown(there)}",
    )


def lost_upgrade(evidence: Evidence) -> tuple[Cause, ...]:
    """The library reports a missing Upgrade: something removed it, if it was sent."""
    return () if evidence.oddity == "upgrade" else (upgrade_stripped(),)


_EXPECTED = (
    r"expected one of ([^\n]{1,300}?)\.?\s{0,9}$"
    r"|(?i:expect\w*|require\w*|speak|use|offer|support) (?i:the )?['\"]([\w.-]+)['\"] (?i:sub-?)?protocol"
    r"|(?i:speak|use|offer|support) (?i:the )(\w{0,32}[.\d_-][\w.-]{0,32}) (?i:sub-?)protocol"
)
"""Words of a server that name the subprotocols it accepts. Without quotes, what is no word of English."""


def subprotocols_named(said: str) -> str:
    """The subprotocols that the words *said* of a server name, as they stand there; "" if they name none."""
    named = re.search(_EXPECTED, said)
    return named[named.lastindex or 0] if named is not None else ""


IN_A_PAGE = "the second argument of new WebSocket()"
"""Where a page offers a subprotocol."""


def where_to_offer(evidence: Evidence) -> str:
    """Where the client of this answer offers a subprotocol."""
    return IN_A_PAGE if evidence.by_page else f"--protocol in wsprobe, {IN_A_PAGE} in a page"


def subprotocol_wanted(evidence: Evidence, said: str = "") -> Cause:
    """A subprotocol is required, or was lost on the way. *said*: the server's words, which may name accepted
    ones."""
    # websockets says this only if none arrived; other servers also say it of one that they do not know.
    if evidence.protocols and "Failed to open a WebSocket connection: missing subprotocol" in evidence.text:
        return Cause(
            "subprotocol-lost",
            f"{shown(', '.join(evidence.protocols))} was offered, but no Sec-WebSocket-Protocol reached the "
            "server; most often a proxy drops it",
            "let every proxy forward Sec-WebSocket-Protocol",
        )
    wanted = shown(subprotocols_named(said))
    names = f": {wanted}" if wanted else ""
    offered = (
        f"another subprotocol{names}; {shown(', '.join(evidence.protocols))} was offered"
        if evidence.protocols
        else f"a subprotocol{names}; none was offered"
    )
    one = wanted or ("another" if evidence.protocols else "one")
    cause = Cause(
        "subprotocol-required",
        f"the server requires {offered}",
        f"offer {one}: {where_to_offer(evidence)}",
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


def unlike_socketio(path: str, query: str) -> tuple[str, ...]:
    """What may be wrong with a request to *path* with *query* if that is one for Socket.IO, as usual causes."""
    if not asks_socketio(path, query):
        return ()
    asked = parse_qs(query)
    found = ["a session (sid) that the server does not know"] if "sid" in asked else []
    if "EIO" not in asked or "transport" not in asked:
        found = ["no EIO or transport in the query, which Socket.IO requires"]
    elif asked["transport"] not in (["websocket"], ["polling"]):
        found = ["a transport that Socket.IO does not have"]
    elif asked["EIO"] != ["4"]:
        found.append("another version of the Socket.IO protocol")
    return (*found, "no Socket.IO server at this path")


LOOPBACK = {"localhost": "127.0.0.1", "127.0.0.1": "localhost", "::1": "localhost"}
"""A name of this machine -> the name that a developer is likely to have written in a list of origins."""


def near(origin: str, host: str, *, secure: bool) -> tuple[str, str] | None:
    """The origin that was perhaps meant instead of *origin*, which a server at *host* (a Host field) refused,
    and how they differ, in words; None if there is none.

    *secure*: the request went over TLS.
    """
    try:
        of, to = urlsplit(origin), urlsplit(f"//{host}")
        port = "" if of.port is None else f":{of.port}"
    except ValueError:
        return None
    if of.scheme not in ("http", "https") or not of.hostname:
        return None
    if of.hostname == to.hostname and (of.scheme == "https") != secure:
        scheme = "https" if secure else "http"
        return f"{scheme}://{host}", f"the server is reached over {scheme}"
    if of.hostname in LOOPBACK:
        other = LOOPBACK[of.hostname]
        return f"{of.scheme}://{other}{port}", f"{of.hostname} and {other} are different origins"
    return None
