"""What may have led to an answer, where several authors share it: the causes, and what a status alone leaves "
"open."""

from __future__ import annotations

import re
from urllib.parse import parse_qs

from wsprobe.origins import near
from wsprobe.signatures.answer import (
    Cause,
    Evidence,
    Signature,
    behind_proxy,
    foreign_origin,
    hop_of,
    is_markup,
    shown,
    url_parts,
)

SEE_LOG = "look in the server's log for this request"


ACCEPT_FIRST = "accept first, then close with a code from 4000 to 4999 and a reason: only that reaches a page"


def upgrade_stripped(text: str = "") -> Cause:
    return Cause(
        "upgrade-stripped",
        text
        or "a proxy on the way did not pass Upgrade and Connection on, so the handshake arrived as a plain GET",
        "have every proxy on the way pass Upgrade and Connection on over HTTP/1.1 (wsprobe explain "
        "upgrade-stripped)",
    )


def http10() -> Cause:
    return Cause(
        "http-1.0",
        "a proxy on the way speaks HTTP/1.0 to this server, and a WebSocket handshake needs HTTP/1.1",
        "have the proxy speak HTTP/1.1 to it (nginx: proxy_http_version 1.1) and pass Upgrade and Connection "
        "on",
    )


def crashed(text: str = "an exception in the application before it accepted", fix: str = SEE_LOG) -> Cause:
    return Cause("crash", text, fix)


def no_route(
    text: str = "no WebSocket endpoint has this path",
    fix: str = "correct the path, or add a WebSocket route for it",
) -> Cause:
    return Cause("no-route", text, fix)


def no_websocket(text: str, fix: str) -> Cause:
    return Cause("no-websocket", text, fix)


def body_says(a: Evidence) -> str:
    """That the body has the reason, if it has words."""
    return "; the body says why" if a.body.strip() and not is_markup(a) else ""


def credentials_wanted(a: Evidence) -> Cause:
    if a.credentials:
        return Cause(
            "credentials-refused",
            "the credentials that were sent were refused",
            "check user, password or token; check whether they have expired, and whether they are for "
            "this server",
        )
    return Cause(
        "credentials",
        f"the application wants credentials, and got none that it accepts{body_says(a)}",
        "send the token, cookie or password that it wants (-u, -b, -H); a browser can send only cookies, or a "
        "token in the URL or as a subprotocol",
    )


def origin_refused(a: Evidence, fix: str, text: str = "") -> Cause:
    if a.origin is None:
        missing = "it wants an Origin, which browsers always send, and none was sent"
        return Cause("origin", text or missing, f"try --origin with the page's origin; {fix}")
    if (other := near(a.origin, a.host, secure=a.secure)) is not None:
        fix = f"{fix}, or try --origin {shown(other[0])}: {other[1]}"
    return Cause("origin", text or f"the Origin {shown(a.origin)} is not among those that it allows", fix)


def refused_by_application(a: Evidence, text: str = "", fix: str = "") -> tuple[Cause, ...]:
    """An application refused with a status of its own choice; what its words name comes first."""
    if a.status == 401:
        return (credentials_wanted(a),)
    refused = Cause(
        "refused",
        text or f"a check in the application refused the request{body_says(a)}",
        fix or "send what the application checks (token, cookie, parameter)",
    )
    return (*_named(a), refused)


def _named(a: Evidence) -> tuple[Cause, ...]:
    """The part of the handshake that a short body names in words."""
    if is_markup(a) or len(a.body) > 1000:
        return ()
    if re.search(r"(?i)\bsub-?protocols?\b", a.text):
        return (subprotocol_wanted(a),)
    if re.search(r"(?i)\borigins?\b", a.text):
        return (origin_refused(a, "add the page's origin to those that the server allows"),)
    if re.search(
        r"(?i)\b(invalid|unknown|bad|wrong|disallowed) host\b|\bhost (header )?(is )?not allowed\b", a.text
    ):
        return (
            Cause(
                "host", f"the server does not take the Host {shown(a.host)}", "add it to those that it allows"
            ),
        )
    return ()


def asked_wrong(a: Evidence) -> tuple[Cause, ...]:
    """The request itself departs from a handshake, which is then the likeliest reason."""
    match a.oddity:
        case "method":
            return (
                Cause("method", f"a handshake is a GET, and the request was a {shown(a.method)}", "send GET"),
            )
        case "upgrade":
            return (
                Cause(
                    "upgrade-missing",
                    "the request carried no Upgrade: websocket with Connection: Upgrade",
                    "send both; where a client did, a proxy on the way removed them (wsprobe explain "
                    "upgrade-stripped)",
                ),
            )
        case "version":
            return (
                Cause(
                    "version",
                    "Sec-WebSocket-Version of the request is not 13",
                    "send Sec-WebSocket-Version: 13",
                ),
            )
        case "key":
            return (
                Cause(
                    "key",
                    "Sec-WebSocket-Key of the request is missing, or not 16 bytes in base64",
                    "send 16 random bytes in base64",
                ),
            )
        case "protocol":
            return (
                Cause(
                    "protocol-malformed",
                    "Sec-WebSocket-Protocol of the request is not a list of names",
                    "send names, separated by commas",
                ),
            )
        case _:
            return ()


def backend_down(who: str, more: str = "") -> Cause:
    return Cause(
        "backend-down",
        f"{who} could not reach the application behind it: it is not running, or its address or port is "
        f"wrong{more}",
        "start the application; check address, port and http or https of the upstream in the proxy",
    )


def redirected(a: Evidence, who: str) -> Cause:
    to = a.get("location")
    if to.lower().startswith("https:") and not a.secure:
        return Cause(
            "redirect",
            f"{who} redirects to https, and browsers do not follow a redirect here",
            "use wss:// in the client",
        )
    if url_parts(to)[1] == f"{a.path}/":
        return Cause(
            "redirect",
            f"{who} redirects to the path with a slash, and browsers do not follow a redirect here",
            "use the path with the slash",
        )
    return Cause(
        "redirect",
        f"{who} redirects, and browsers do not follow a redirect here",
        "open the socket at the final address",
    )


def lost_upgrade(a: Evidence, *more: Cause) -> tuple[Cause, ...]:
    """The library says that there was no Upgrade: something took it away, if it was sent."""
    return (*asked_wrong(a), *more) if a.oddity == "upgrade" else (*asked_wrong(a), upgrade_stripped(), *more)


def subprotocol_wanted(a: Evidence, said: str = "") -> Cause:
    wanted = re.search(r"expected one of ([^.\n]+)", said)
    names = f": {shown(wanted[1])}" if wanted else ""
    offered = (
        f"the subprotocol {shown(', '.join(a.protocols))} was offered"
        if a.protocols
        else "no subprotocol was offered"
    )
    return Cause(
        "subprotocol",
        f"the server wants a subprotocol of its own{names}, and {offered}",
        "offer it: --protocol in wsprobe, the second argument of new WebSocket() in a page",
    )


def asks_socketio(path: str, query: str) -> bool:
    return "/socket.io" in path or "/engine.io" in path or "EIO" in parse_qs(query)


def for_socketio(a: Evidence) -> bool:
    return asks_socketio(a.path, a.query)


def not_socketio() -> Cause:
    return Cause(
        "not-socket.io",
        "a plain WebSocket client reached a Socket.IO server, which needs its own query and packets",
        "use a Socket.IO client, or ask PATH/socket.io/?EIO=4&transport=websocket",
    )


def other_generation() -> Cause:
    return Cause(
        "generation",
        "client and server use different versions of the Socket.IO protocol (EIO=3 is Socket.IO 2, EIO=4 "
        "is 3 and 4)",
        "use matching versions, or allowEIO3: true on a server of Socket.IO 3 or 4",
    )


def unknown_session() -> Cause:
    return Cause(
        "session",
        "the process that answered does not know the session (sid): there are several processes without "
        "sticky sessions, or it was restarted",
        "use sticky sessions, or only the websocket transport",
    )


def socketio_causes(a: Evidence) -> tuple[Cause, ...]:
    """What a Socket.IO server refuses, by what it was asked."""
    query = parse_qs(a.query)
    if "EIO" not in query or "transport" not in query:
        return (not_socketio(),)
    if query["transport"] not in (["websocket"], ["polling"]):
        return (
            Cause(
                "transport",
                "the query names a transport that Socket.IO does not have",
                "use websocket or polling",
            ),
        )
    found: tuple[Cause, ...] = ()
    if "sid" in query:
        found += (unknown_session(),)
    if query["EIO"] == ["3"]:
        found += (other_generation(),)
    origin = origin_refused(
        a, "add the page's origin to cors_allowed_origins (Python) or origins (Socket.IO 2)"
    )
    return (origin, *found) if foreign_origin(a) else (*found, origin)


def either_or_stripped(a: Evidence, own: Cause, *more: Cause, capital: bool = False) -> tuple[Cause, ...]:
    """What cannot be told apart: a cause of the server's own, and a lost Upgrade, which leads where a proxy is
    seen (*capital* as in ``behind_proxy``). What the request lacks comes before both."""
    if a.oddity == "upgrade":
        return (*asked_wrong(a), own, *more)
    if behind_proxy(a, capital):
        return (*asked_wrong(a), upgrade_stripped(), own, *more)
    return (*asked_wrong(a), own, *more, upgrade_stripped())


def by_anybody(a: Evidence) -> Signature:
    """What holds whoever wrote the answer: a status alone, no claim about the author."""
    return Signature(causes=asked_wrong(a) or by_status(a))


def by_status(a: Evidence) -> tuple[Cause, ...]:
    words = bool(a.body.strip()) and not is_markup(a)
    nowhere = no_route(
        "the path leads to something that is not a WebSocket endpoint, such as a page or another program"
    )
    support = no_websocket(
        "the server that answered has no WebSocket support", "run one that has it, and route the path to it"
    )
    match a.status:
        case 426:
            return (upgrade_stripped(),)
        case 505:
            return (http10(), upgrade_stripped())
        case 200 if hop_of(a) == "nginx" and is_markup(a):
            replaced = Cause(
                "intercepted",
                "nginx replaced an error of the application by a page of its own (proxy_intercept_errors)",
                "proxy_intercept_errors off for the location of the socket",
            )
            return (*either_or_stripped(a, nowhere), replaced)
        case 200 | 204 | 404 | 405:
            return (*either_or_stripped(a, nowhere), support)
        case 401:
            return (credentials_wanted(a),)
        case 407:
            return (
                Cause(
                    "credentials", "a proxy wants credentials", "give them in -x http://user:password@host:port"
                ),
            )
        case 403:
            closed = refused_by_application(a)
            if for_socketio(a):
                return (*socketio_causes(a), *closed)
            origin = origin_refused(a, "add the page's origin to those that the server allows")
            elsewhere = () if words else (nowhere,)
            return (origin, *closed, *elsewhere) if foreign_origin(a) else (*closed, origin, *elsewhere)
        case 400 if for_socketio(a):
            return (*socketio_causes(a), *refused_by_application(a), upgrade_stripped())
        case 400:
            by_origin = origin_refused(a, "add the page's origin to those that the server allows")
            own = (*refused_by_application(a), by_origin) if foreign_origin(a) else refused_by_application(a)
            return (upgrade_stripped(), *own) if behind_proxy(a) and not words else (*own, upgrade_stripped())
        case 429:
            return (Cause("rate-limit", "too many requests or connections", "wait, or raise the limit"),)
        case 502 | 503 | 504:
            return (
                Cause(
                    "backend-down",
                    "a proxy or balancer could not reach the application, or got no answer from it",
                    "check whether the application runs, and read the log of the proxy",
                ),
            )
        case _ if a.status >= 500:
            unknown = no_route("no route has this path, which Django Channels treats as an exception", SEE_LOG)
            return (crashed("an exception in the application"), *(() if a.body else (unknown,)))
        case _ if a.status >= 400:
            return refused_by_application(a)
        case _ if 300 <= a.status < 400:
            return (redirected(a, "the server"),)
        case _:
            return ()
