"""Answers of ASGI servers. Most refusals name no program. Reason phrases, order of fields and Content-Type
distinguish the servers, but never the framework: FastAPI, Starlette, Litestar and Channels send the server's
bytes."""

from __future__ import annotations

import re

from msgspec.structs import replace

from wsprobe.diagnosis.author_rules import AuthorRule, known_by
from wsprobe.diagnosis.cause import Cause
from wsprobe.diagnosis.evidence import Evidence, behind_proxy, foreign_origin, shown
from wsprobe.diagnosis.faults import (
    ACCEPT_FIRST,
    DROPPED,
    NO_ENDPOINT,
    NO_SOCKETIO,
    SEE_LOG,
    asked_wrong,
    by_request_of_socketio,
    crashed,
    either_or_stripped,
    failed_or,
    for_socketio,
    http10,
    no_route,
    no_websocket,
    nowhere,
    origin_refused,
    refused_by_application,
    upgrade_stripped,
)
from wsprobe.diagnosis.programs import Author, shaped_like, written_by


def _asgi_refused(evidence: Evidence) -> tuple[Cause, ...]:
    """The 403 that every ASGI server sends for websocket.close before websocket.accept."""
    found = _asgi_403(evidence)
    if not for_socketio(evidence):
        return found
    closed = next(cause for cause in found if cause.id == "refused")
    closed = replace(closed, usual=(NO_SOCKETIO, *closed.usual[:1], *closed.usual[2:]))
    return by_request_of_socketio(evidence, closed)


def _asgi_403(evidence: Evidence) -> tuple[Cause, ...]:
    crash = "an exception" + (", or a return without accepting" if evidence.server("granian") else "")
    usual = (
        f"a check (token, parameter, subprotocol, {'Origin' if evidence.origin is not None else 'no Origin'})",
        "no route for this path",
        crash,
        "a proxy whose backend failed",  # in ASGI, a proxy connects to it before it accepts
    )
    closed = Cause(
        "refused",
        "the application closed before accepting",
        f"look in the application's log; {ACCEPT_FIRST}",
        usual=usual,
    )
    route = no_route(
        "no WebSocket route has this path", "add a WebSocket route for it (@app.websocket), or correct the path"
    )
    foreign = origin_refused(
        evidence, "add the page's host or origin (ALLOWED_HOSTS, cors_allowed_origins, ...)"
    )
    if foreign_origin(evidence) or (evidence.origin is None and evidence.reason == "Access denied"):
        own = "no Origin (browsers always send one)"
        if evidence.origin is not None:
            own = f"the origin {shown(evidence.origin)}, which is not allowed"
        named = (own, "a check (token, parameter)", *usual[1:])
        return (replace(foreign, statement=closed.statement, usual=named), closed, route)
    return (closed, route, foreign)


def _or_plain(evidence: Evidence) -> tuple[str, ...]:
    """An application that expects WebSockets alone fails on the plain GET that a proxy makes of a
    handshake."""
    lost = behind_proxy(evidence) and evidence.oddity != "upgrade" and not evidence.arrived
    return (DROPPED,) if lost else ()


def _plain_crash(evidence: Evidence) -> Cause:
    """A failure that an ASGI server answers as plain HTTP. Granian and Hypercorn answer an exception in a
    WebSocket otherwise (403, or a 500 without a body): Upgrade may be lost too."""
    lost = evidence.oddity != "upgrade" and not evidence.arrived
    return failed_or(DROPPED) if lost else crashed()


def _asgi_crash(evidence: Evidence) -> tuple[Cause, ...]:
    returned = "a handler that returned without accepting"
    return (
        failed_or("a path without a route, which raises one too", returned, *_or_plain(evidence)),
        no_route(
            "no route has this path, which raises an exception in Channels (URLRouter, or "
            'ProtocolTypeRouter without "websocket"), Socket.IO outside /socket.io/',
            "correct the path, or add it to the routes; look in the log",
        ),
        Cause("no-accept", "the application returned without accepting", "await websocket.accept()"),
    )


def _not_seen(evidence: Evidence, server: str) -> tuple[Cause, ...]:
    """An ASGI server handled the handshake as plain HTTP; *server* is "" if the answer does not name it."""
    if server in ("uvicorn", ""):
        return either_or_stripped(
            evidence,
            no_websocket(
                f"{server or 'the server'} has no WebSocket library"
                f"{', or runs with --ws none' if server else ' (uvicorn without websockets and wsproto)'}",
                'pip install "uvicorn[standard]", and no --ws none',
            ),
        )
    # The others come with their WebSocket library; an application can answer the handshake with a page.
    wrong = asked_wrong(evidence)
    own = f"an application that refuses with its own answer ({evidence.status})"
    route = (NO_ENDPOINT,) if evidence.status in (404, 405) else ()
    lost = replace(upgrade_stripped(f"{server} answered as to a plain GET"), usual=(DROPPED, *route, own))
    refused = Cause("refused", "the application refused with its own status (HTTPException)", "")
    return (*wrong, refused) if evidence.oddity == "upgrade" else (*wrong, lost, refused)


@known_by(servers=("daphne", "AutobahnPython"), own_reason=True)
def _daphne(evidence: Evidence) -> Author | None:
    """Its reason phrases; the rest of its handshake is Autobahn's."""
    if evidence.reason == "Access denied" and evidence.status == 403:
        return written_by("daphne", "the reason phrase Access denied", _asgi_refused(evidence))
    if evidence.reason == "Internal server error" and evidence.status == 500 and not evidence.body:
        crash, route, unaccepted = _asgi_crash(evidence)
        denial = Cause(
            "denial",
            "the application sent a denial response; Daphne cannot forward it",
            "close without a response, or accept and then close",
        )
        mark = "the reason phrase Internal server error"
        return written_by("daphne", mark, (crash, route, denial, unaccepted))
    if evidence.reason.startswith("HTTP Sec-WebSocket-") or (
        evidence.reason.startswith("WebSocket version ")
        and " not supported (supported versions: " in evidence.reason
    ):
        changed = Cause(
            "changed",
            "a header of the handshake was changed in transit; see the reason phrase",
            "look at the proxies",
        )
        return written_by("autobahn", "its reason phrase", asked_wrong(evidence) or (changed,))
    if evidence.reason.startswith(("HTTP Connection header", "HTTP Upgrade header")):
        passed = upgrade_stripped("a proxy forwards Upgrade, but not Connection: Upgrade")
        return written_by(
            "autobahn",
            "its reason phrase",
            asked_wrong(evidence) or (passed if "Connection" in evidence.reason else upgrade_stripped(),),
        )
    if evidence.reason.startswith("WebSocket connection denied: origin"):
        return written_by(
            "autobahn", "its reason phrase", (origin_refused(evidence, "add it to allowedOrigins"),)
        )
    if evidence.server("daphne"):
        return written_by(
            "daphne", "Server: daphne, sent only in answers to plain HTTP", _not_seen(evidence, "Daphne")
        )
    if evidence.server("AutobahnPython/") and evidence.status >= 400:
        own = (crashed(),) if evidence.status >= 500 else refused_by_application(evidence)
        return written_by("autobahn", "Server", asked_wrong(evidence) or own)
    return None


_STARLETTE_HOST = "Invalid host header"


@known_by(
    begins=(_STARLETTE_HOST, '{"detail":', "Internal Server Error", ""),
    servers=("hypercorn", "granian", "uvicorn"),
    own_reason=True,
)
def _asgi(evidence: Evidence) -> Author | None:
    """ASGI servers by Server field, by the shape of what they write, and the words of Starlette."""
    if evidence.text == _STARLETTE_HOST and evidence.status == 400:
        host = Cause(
            "host-refused",
            f"TrustedHostMiddleware of Starlette does not allow the Host {shown(evidence.host)}",
            "add it to allowed_hosts",
        )
        return written_by("starlette", "its words", (host,))
    if evidence.server("hypercorn"):
        return _hypercorn(evidence)
    if evidence.server("granian"):
        return _granian(evidence)
    if evidence.server("uvicorn"):
        if evidence.status >= 500:
            return written_by(
                "uvicorn",
                "Server",
                (
                    crashed("uvicorn ran the handshake as plain HTTP, and the application raised an exception"),
                    *_not_seen(evidence, "uvicorn"),
                ),
            )
        return written_by(
            "uvicorn",
            "Server: uvicorn, not sent when uvicorn refuses a WebSocket",
            _not_seen(evidence, "uvicorn"),
        )
    return _asgi_shape(evidence)


def _hypercorn(evidence: Evidence) -> Author | None:
    mark = "Server: hypercorn"
    if evidence.text.startswith('{"detail":'):
        return written_by("hypercorn", mark, _detail(evidence, "Hypercorn"))
    match evidence.status:
        case 403 if not evidence.body:
            return written_by("hypercorn", mark, asked_wrong(evidence) or _asgi_refused(evidence))
        case 500 if not evidence.body:
            return written_by("hypercorn", mark, _asgi_crash(evidence))
        case 400 if not evidence.body:
            return written_by(
                "hypercorn",
                mark,
                asked_wrong(evidence)
                or (http10(), upgrade_stripped("a header of the handshake was changed in transit")),
            )
        case 404 | 200 | 405:
            return written_by("hypercorn", mark, _not_seen(evidence, "Hypercorn"))
        case _ if evidence.status >= 500:
            return written_by("hypercorn", mark, (_plain_crash(evidence),))
        case _ if evidence.status >= 400:
            return written_by("hypercorn", mark, asked_wrong(evidence) or refused_by_application(evidence))
        case _:
            return None


def _granian(evidence: Evidence) -> Author | None:
    mark = "Server: granian"
    if evidence.text.startswith('No "Sec-WebSocket-Version: 13" header'):
        return written_by(
            "granian",
            "its words",
            asked_wrong(evidence) or (Cause("changed", "Sec-WebSocket-Version was changed in transit", ""),),
        )
    if evidence.text.startswith('{"detail":'):
        return written_by("granian", mark, _detail(evidence, "Granian"))
    match evidence.status:
        case 403 if not evidence.body:
            if wrong := asked_wrong(evidence):
                return written_by("granian", mark, wrong)
            either = "the application raised an exception, or returned without accepting"
            crash = Cause("crashed-before-accept", either, f"{SEE_LOG}; await websocket.accept()")
            first, *others = _asgi_refused(evidence)
            return written_by("granian", mark, (first, crash, *others))
        case 404 | 200 | 405:
            own = no_route() if evidence.body or evidence.status != 200 else nowhere(evidence)
            return written_by("granian", mark, either_or_stripped(evidence, own))
        case _ if evidence.status >= 500:
            return written_by("granian", mark, (_plain_crash(evidence),))
        case _ if evidence.status >= 400:
            return written_by("granian", mark, asked_wrong(evidence) or refused_by_application(evidence))
        case _:
            return None


def _detail(evidence: Evidence, server: str) -> tuple[Cause, ...]:
    """``{"detail": ...}`` of FastAPI, Starlette or Django REST framework."""
    if evidence.status in (404, 405) and re.fullmatch(
        r'\{"detail":"(Not Found|Method Not Allowed)"\}', evidence.text
    ):
        return _not_seen(evidence, server)
    if evidence.status >= 500:
        return (crashed(),)
    return refused_by_application(
        evidence,
        "the application refused with an HTTPException before accepting",
    )


_TEXT = ("text/plain", "text/plain; charset=utf-8")


def _asgi_shape(evidence: Evidence) -> Author | None:
    """uvicorn signs no refusal of a WebSocket; each of its libraries has a shape, of which some is left
    behind a proxy. Programs in other languages come near: a Server field of another, or Keep-Alive, which
    Node sends, speaks against them."""
    kind = evidence.get("content-type")
    if evidence.signed or evidence.has("keep-alive"):
        return None
    if evidence.text.startswith('{"detail":') and kind == "application/json":
        return shaped_like("asgi-json", "JSON with the one member detail", _detail(evidence, ""))
    if (
        evidence.status == 403
        and not evidence.body
        and kind in _TEXT
        and evidence.only(frozenset({"content-type"}))
    ):
        return shaped_like("uvicorn", f"an empty 403 with Content-Type: {kind}", _asgi_refused(evidence))
    direct = evidence.names == ("Date", "Connection", "Content-Length", "Content-Type")
    if direct and evidence.status == 500 and evidence.text == "Internal Server Error" and kind == _TEXT[1]:
        return shaped_like("uvicorn", "its fields in their order, and the words", _asgi_crash(evidence))
    if evidence.reason == "":
        return _h11(evidence)
    return None


def _h11(evidence: Evidence) -> Author | None:
    """No reason phrase: h11 writes none for uvicorn with wsproto and for Hypercorn, nor do other servers on
    it, and proxies but HAProxy and Caddy keep that. Tomcat and gateways do so too, with fields of their own."""
    if evidence.has("x-frame-options") or evidence.has("content-language"):
        if evidence.status == 426:
            return written_by("tomcat", "no reason phrase, and its fields", asked_wrong(evidence))
        return None
    if not evidence.only(frozenset({"content-type", "sec-websocket-version"})):
        return None
    mark = "no reason phrase, as h11 writes it"
    match evidence.status:
        case 403 if not evidence.body:
            return shaped_like("h11", mark, _asgi_refused(evidence))
        case 500 if not evidence.body:
            return shaped_like("h11", mark, _asgi_crash(evidence))
        case _:
            return None


BY_REASON: tuple[AuthorRule, ...] = (_daphne,)
"""Daphne's reason phrases decide before any word of a body."""
RULES: tuple[AuthorRule, ...] = (_asgi,)
