"""Answers of ASGI servers. Most refusals name no program. Reason phrases, order of fields and Content-Type
distinguish the servers, but never the framework: FastAPI, Starlette, Litestar and Channels send the server's
bytes."""

from __future__ import annotations

from wsprobe.diagnosis.cause import TELLS_APART, Cause
from wsprobe.diagnosis.evidence import Evidence, shown
from wsprobe.diagnosis.faults import (
    ACCEPT_FIRST,
    CONNECTION_LOST,
    SEE_LOG,
    origin_refused,
    unlike_socketio,
    upgrade_stripped,
)
from wsprobe.diagnosis.programs import Author, AuthorRule, known_by, shaped_like, written_by
from wsprobe.diagnosis.status import act, answered_elsewhere, may_be_lost, own_origin, try_origin


def _asgi_403(evidence: Evidence) -> tuple[Cause, ...]:
    """The 403 that every ASGI server sends for websocket.close before websocket.accept."""
    usual = (
        *unlike_socketio(evidence.path, evidence.query),
        *own_origin(evidence),
        "a check (token, subprotocol, Origin)",
        "no route for this path",
        "an exception, or a return without accepting",
        "a proxy whose backend failed",  # in ASGI, a proxy connects to it before it accepts
    )
    fix = f"{try_origin(evidence)}look in the application's log; {ACCEPT_FIRST}"
    return (act(evidence, *usual, fix=fix),)


def _asgi_500(evidence: Evidence, *usual: str) -> tuple[Cause, ...]:
    """A failure: most ASGI servers answer so where the application raised or returned before it accepted."""
    named = ("an exception", "a path without a route", "a handler that returned without accepting")
    fix = f"{SEE_LOG}; await websocket.accept(), and correct the path; {TELLS_APART}"
    return (act(evidence, *named, *usual, *may_be_lost(evidence), fix=fix),)


_OF_STATUS = {403: _asgi_403, 500: _asgi_500}


def _as_http(evidence: Evidence, server: str = "") -> tuple[Cause, ...]:
    """An ASGI server handled the handshake as plain HTTP, or an application answered it so (HTTPException).
    *server*: "" if the answer does not name it; all but uvicorn come with a WebSocket library."""
    if evidence.status == 500:
        return _asgi_500(evidence)
    if evidence.status not in (200, 404, 405):
        return ()
    usual = answered_elsewhere(evidence, "a refusal with its own answer (no token)")
    fix = "correct the path, or add a WebSocket route for it"
    if server in ("", "uvicorn"):
        usual = (*usual, "a server without a WebSocket library (uvicorn without websockets)")
        fix = f'{fix}; if it is uvicorn: pip install "uvicorn[standard]", and no --ws none'
    return (act(evidence, *usual, fix=f"{fix}; {TELLS_APART}"),)


@known_by(servers=("daphne", "AutobahnPython"), own_reason=True)
def _daphne(evidence: Evidence) -> Author | None:
    """Its reason phrases; the rest of its handshake is Autobahn's."""
    if evidence.reason == "Access denied" and evidence.status == 403:
        return written_by("daphne", "the reason phrase Access denied", _asgi_403(evidence))
    if evidence.reason == "Internal server error" and evidence.status == 500 and not evidence.body:
        denial = "a denial response"
        return written_by("daphne", "the reason phrase Internal server error", _asgi_500(evidence, denial))
    if evidence.reason.startswith("HTTP Sec-WebSocket-") or (
        evidence.reason.startswith("WebSocket version ")
        and " not supported (supported versions: " in evidence.reason
    ):
        changed = Cause(
            "changed",
            "a header of the handshake was changed in transit; see the reason phrase",
            "look at the proxies",
        )
        return written_by("autobahn", "its reason phrase", (changed,))
    if evidence.reason.startswith(("HTTP Connection header", "HTTP Upgrade header")):
        lost = upgrade_stripped(CONNECTION_LOST) if "Connection" in evidence.reason else upgrade_stripped()
        return written_by("autobahn", "its reason phrase", (lost,))
    if evidence.reason.startswith("WebSocket connection denied: origin"):
        return written_by(
            "autobahn", "its reason phrase", (origin_refused(evidence, "add it to allowedOrigins"),)
        )
    if evidence.server("daphne"):
        return written_by(
            "daphne", "Server: daphne, sent only in answers to plain HTTP", _as_http(evidence, "daphne")
        )
    if evidence.server("AutobahnPython/") and evidence.status >= 400:
        return written_by("autobahn", "Server", ())
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
    for server in ("hypercorn", "granian", "uvicorn"):
        if evidence.server(server):
            return written_by(server, f"Server: {server}", _of_server(evidence, server))
    return _asgi_shape(evidence)


def _of_server(evidence: Evidence, server: str) -> tuple[Cause, ...]:
    """What the answer of a server that names itself means; uvicorn does so in answers to plain HTTP alone."""
    if evidence.text.startswith('No "Sec-WebSocket-Version: 13" header'):
        return (Cause("changed", "Sec-WebSocket-Version was changed in transit", ""),)
    if evidence.body or server == "uvicorn":
        return _as_http(evidence, server)
    if evidence.status == 400:
        return (act(evidence, "a proxy that sends HTTP/1.0", "a field changed in transit"),)
    of_status = _OF_STATUS.get(evidence.status)
    return _as_http(evidence, server) if of_status is None else of_status(evidence)


_TEXT = ("text/plain", "text/plain; charset=utf-8")


def _asgi_shape(evidence: Evidence) -> Author | None:
    """uvicorn signs no refusal of a WebSocket; each of its libraries has a shape, of which some is left
    behind a proxy. Programs in other languages come near: a Server field of another, or Keep-Alive, which
    Node sends, speaks against them."""
    kind = evidence.get("content-type")
    if evidence.signed or evidence.has("keep-alive"):
        return None
    if evidence.text.startswith('{"detail":') and kind == "application/json":
        return shaped_like("asgi-json", "JSON with the one member detail", _as_http(evidence))
    if (
        evidence.status == 403
        and not evidence.body
        and kind in _TEXT
        and evidence.only(frozenset({"content-type"}))
    ):
        return shaped_like("uvicorn", f"an empty 403 with Content-Type: {kind}", _asgi_403(evidence))
    direct = evidence.names == ("Date", "Connection", "Content-Length", "Content-Type")
    if direct and evidence.status == 500 and evidence.text == "Internal Server Error" and kind == _TEXT[1]:
        return shaped_like("uvicorn", "its fields in their order, and the words", _asgi_500(evidence))
    if evidence.reason == "":
        return _h11(evidence)
    return None


def _h11(evidence: Evidence) -> Author | None:
    """No reason phrase: h11 writes none for uvicorn with wsproto and for Hypercorn, nor do other servers on
    it, and proxies but HAProxy and Caddy keep that. Tomcat and gateways do so too, with fields of their own."""
    if evidence.has("x-frame-options") or evidence.has("content-language"):
        return written_by("tomcat", "no reason phrase, and its fields", ()) if evidence.status == 426 else None
    if not evidence.only(frozenset({"content-type", "sec-websocket-version"})) or evidence.body:
        return None
    of_status = _OF_STATUS.get(evidence.status)
    if of_status is None:
        return None
    return shaped_like("h11", "no reason phrase, as h11 writes it", of_status(evidence))


BY_REASON: tuple[AuthorRule, ...] = (_daphne,)
"""Daphne's reason phrases decide before any word of a body."""
RULES: tuple[AuthorRule, ...] = (_asgi,)
