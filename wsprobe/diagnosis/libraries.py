"""Answers of WebSocket libraries and web frameworks, by their words, their Server fields and their form."""

from __future__ import annotations

import re
from urllib.parse import parse_qs

from msgspec.structs import replace

from wsprobe.diagnosis.author_rules import AuthorRule, known_by
from wsprobe.diagnosis.cause import Cause
from wsprobe.diagnosis.evidence import Evidence, foreign_origin, is_markup, shown
from wsprobe.diagnosis.faults import (
    A_CHECK,
    CROSS_ORIGIN,
    DROPPED,
    PLAIN_GET,
    asked_wrong,
    crashed,
    credentials_wanted,
    either_or_stripped,
    failed_or,
    for_socketio,
    http10,
    lost_upgrade,
    no_route,
    no_websocket,
    not_answered,
    not_socketio,
    origin_lost,
    origin_refused,
    origin_unlike_host,
    other_generation,
    refused_by_application,
    socketio_causes,
    subprotocol_wanted,
    unknown_session,
    upgrade_stripped,
)
from wsprobe.diagnosis.programs import Author, shaped_like, written_by
from wsprobe.diagnosis.statuses import phrase_of

_COMPLAINT = "Failed to open a WebSocket connection"


@known_by(begins=(_COMPLAINT, "\u26a0"), servers=("Python",))
def _websockets(evidence: Evidence) -> Author | None:
    at = evidence.text.find(_COMPLAINT)
    if at < 0 or (at > 0 and not evidence.text.startswith("\u26a0")):
        if evidence.python("websockets/"):
            return written_by("websockets", "Server", asked_wrong(evidence) or _websockets_own(evidence))
        return None
    said = evidence.text[at:]
    author, mark = "websockets", "its own words"
    if at > 0:
        author, mark = "sanic", "Sanic's banner above the words of websockets"
    fix = "look at the header in the message"
    causes: tuple[Cause, ...]
    if re.search(r"unsupported HTTP version|HTTP/1\.0|unsupported protocol; expected HTTP/1\.1", said):
        causes = (http10(),)
    elif re.search(r"(missing|invalid|empty|multiple) (Connection|Upgrade) header", said):
        causes = lost_upgrade(evidence)
    elif re.search(r"unsupported HTTP method|did not receive a valid HTTP request", said):
        causes = asked_wrong(evidence) or (http10(),)
    elif "missing Origin header" in said and evidence.origin is not None:
        causes = (origin_lost(evidence),)
    elif re.search(r"(missing|invalid|multiple|more than one) Origin header", said):
        causes = (
            origin_refused(
                evidence,
                "add the page's origin to origins= of serve(); None in that list allows clients without Origin",
            ),
        )
    elif "subprotocol" in said:
        causes = (subprotocol_wanted(evidence, said),)
    elif re.search(r"Sec-WebSocket-(Version|Key) header", said):
        which = "Sec-WebSocket-Version" if "Version" in said else "Sec-WebSocket-Key"
        causes = asked_wrong(evidence) or (
            Cause("changed", f"{which} was changed in transit, by a proxy", fix),
        )
    elif evidence.status >= 500:
        causes = (crashed("the application raised an exception in process_request or in the handshake"),)
    else:
        causes = (Cause("refused", "websockets gives the reason in the body", fix),)
    return written_by(author, mark, causes)


def _websockets_own(evidence: Evidence) -> tuple[Cause, ...]:
    if evidence.status >= 500:
        return (crashed(),)
    return (
        refused_by_application(evidence, "process_request of the application refused")
        if evidence.status >= 400
        else ()
    )


_SANIC = "\u26a0\ufe0f? (\\d{3}) \u2014 "


@known_by(begins=("\u26a0",))
def _sanic(evidence: Evidence) -> Author | None:
    if not evidence.text.startswith("\u26a0") or re.match(_SANIC, evidence.text) is None:
        return None
    causes: tuple[Cause, ...]
    if evidence.status == 404:
        causes = (no_route(fix="add @app.websocket for the path, or correct the path"),)
    elif evidence.status == 405:
        causes = asked_wrong(evidence) or (
            no_route("the path has a handler for another method", "use @app.websocket for it"),
        )
    elif evidence.status >= 500:
        causes = (crashed(),)
    else:
        causes = asked_wrong(evidence) or refused_by_application(evidence)
    return written_by("sanic", "its banner", causes)


_PYTHON_SOCKETIO = (
    ("Not an accepted origin", "origin"),
    ("Invalid session", "session"),
    ("Invalid websocket upgrade", "upgrade"),
    ("unsupported version of the Socket.IO", "version"),
    ("Invalid transport", "transport"),
)


@known_by(begins=('"',))
def _python_socketio(evidence: Evidence) -> Author | None:
    text = evidence.text.strip()
    if not (text.startswith('"') and text.endswith('"') and evidence.status >= 400):
        return None
    what = next((word for words, word in _PYTHON_SOCKETIO if words in text), "")
    causes: tuple[Cause, ...]
    match what:
        case "origin":
            causes = (origin_refused(evidence, "add the page's origin to cors_allowed_origins"),)
        case "session":
            causes = (unknown_session(),)
        case "upgrade":
            causes = lost_upgrade(evidence)
        case "version":
            causes = (
                (other_generation(), not_socketio())
                if "EIO" in parse_qs(evidence.query)
                else (not_socketio(), other_generation())
            )
        case "transport":
            causes = (not_socketio(),)
        case _:
            return None
    return written_by("python-socketio", "its words, a JSON string in quotes", causes)


_ENGINEIO = {
    "Transport unknown": "transport",
    "Session ID unknown": "session",
    "Bad handshake method": "method",
    "Unsupported protocol version": "generation",
}


@known_by(begins=(*_ENGINEIO, '{"code":'), types=("text/html",))
def _engineio(evidence: Evidence) -> Author | None:
    text = evidence.text.strip()
    coded = re.fullmatch(r'\{"code":(\d),"message":"([^"]*)"\}', text) if text.startswith('{"code":') else None
    said = coded[2] if coded else text
    what = _ENGINEIO.get(said, "")
    own_case = "Content-type" in evidence.names
    if coded and said in ("Bad request", "Forbidden") and (coded[1] in "34"):
        what = "plain" if said == "Bad request" else "forbidden"
    causes: tuple[Cause, ...]
    match what:
        case "transport":
            asked = parse_qs(evidence.query).get("transport")
            if asked and asked not in (["websocket"], ["polling"]):
                causes = socketio_causes(evidence)
            else:
                causes = (not_socketio(),)
        case "session":
            causes = (unknown_session(),)
        case "generation":
            causes = (other_generation(),)
        case "method":
            causes = asked_wrong(evidence) or (upgrade_stripped(),)
        case "plain":
            causes = lost_upgrade(evidence)
        case "forbidden":
            causes = refused_by_application(evidence, "allowRequest of the application refused")
        case _:
            if not (own_case and evidence.status in (400, 403) and evidence.names[:1] == ("Connection",)):
                return None
            if not for_socketio(evidence):
                return None  # other programs on Node spell Content-type so too
            if not evidence.body:
                causes = (
                    origin_refused(evidence, "add it to origins (Socket.IO 2)"),
                    *refused_by_application(evidence),
                )
            else:
                causes = refused_by_application(evidence, "allowRequest of the application refused")
    mark = "its words" if what else "Content-type spelled with a small t"
    return written_by("engine.io", mark, causes)


def _tornado_page(evidence: Evidence) -> bool:
    return bool(re.fullmatch(r"<html><title>(\d{3}: [^<]*)</title><body>\1</body></html>", evidence.text))


@known_by(
    begins=('Can "Upgrade" only', '"Connection" must be', CROSS_ORIGIN, "<html><title>"),
    servers=("TornadoServer",),
)
def _tornado(evidence: Evidence) -> Author | None:
    text = evidence.text
    signed = evidence.server("TornadoServer/")
    own_type = evidence.get("content-type") == "text/html; charset=UTF-8"
    if text == 'Can "Upgrade" only to "WebSocket".' or text == '"Connection" must be "Upgrade".':
        # Spring writes the same sentences, without Tornado's Content-Type.
        author = "tornado" if signed or own_type else "spring-or-tornado"
        causes = lost_upgrade(evidence)
        if "Connection" in text and not evidence.oddity:
            causes = (upgrade_stripped("a proxy forwards Upgrade, but not Connection: Upgrade"),)
        return written_by(author, "its words", causes)
    if text == CROSS_ORIGIN and evidence.status == 403:
        return written_by(
            "tornado",
            "its words",
            (origin_unlike_host(evidence),),
        )
    if not signed and not (own_type and _tornado_page(evidence)):
        return None
    if evidence.status == 404:
        nowhere = no_route(fix="add a WebSocketHandler for the path, or correct the path")
        causes = either_or_stripped(evidence, nowhere)
    elif evidence.status == 405:
        causes = (
            *asked_wrong(evidence),
            no_route("the path has a plain RequestHandler", "use a WebSocketHandler for it"),
        )
    elif evidence.status == 426:
        causes = asked_wrong(evidence) or (upgrade_stripped(),)
    elif evidence.status < 300:
        causes = (no_route("the path belongs to a plain RequestHandler", "use a WebSocketHandler for it"),)
    elif evidence.status >= 500:
        causes = (crashed(),)
    else:
        causes = asked_wrong(evidence) or refused_by_application(
            evidence, "prepare() or get() of the handler refused"
        )
    return written_by("tornado", "Server" if signed else "its page", causes)


@known_by(
    begins=(
        *"456789",
        "No WebSocket UPGRADE",
        "No CONNECTION upgrade",
        "Unsupported version: ",
        "Handshake error: ",
    ),
    servers=("Python",),
)
def _aiohttp(evidence: Evidence) -> Author | None:
    text = evidence.text
    signed = evidence.python("aiohttp/")
    status, _, phrase = text.partition(": ")
    repeated = (
        evidence.status >= 400
        and status == str(evidence.status)
        # Caddy replaces the reason phrase, not the body.
        and phrase in (evidence.reason, phrase_of(evidence.status))
        and evidence.get("content-type") == "text/plain; charset=utf-8"
    )
    if text.startswith("No WebSocket UPGRADE hdr"):
        return written_by("aiohttp", "its words", lost_upgrade(evidence))
    if text.startswith("No CONNECTION upgrade hdr"):
        passed = upgrade_stripped("a proxy forwards Upgrade, but not Connection: Upgrade")
        return written_by("aiohttp", "its words", asked_wrong(evidence) or (passed,))
    if text.startswith(("Unsupported version: ", "Handshake error: ")):
        changed = Cause(
            "changed",
            "a header of the handshake was changed in transit",
            "check the proxies in between",
        )
        return written_by("aiohttp", "its words", asked_wrong(evidence) or (changed,))
    trouble = text.startswith("500 Internal Server Error\n\nServer got itself in trouble")
    if not (signed or repeated or trouble):
        return None
    causes: tuple[Cause, ...]
    if evidence.status >= 500 and not (trouble or repeated) and evidence.body:
        # aiohttp answers an exception with its own page: a handler chose this answer.
        causes = (failed_or("a program behind it that failed or refused"),)
    elif evidence.status >= 500:
        causes = (crashed("the handler raised an exception before ws.prepare()"),)
    elif evidence.status == 404:
        causes = either_or_stripped(evidence, no_route(fix="add web.get(PATH, handler), or correct the path"))
    elif evidence.status == 405:
        causes = (
            *asked_wrong(evidence),
            no_route("the path has a route for another method only", "use web.get for it"),
        )
    elif evidence.status < 300:
        causes = (no_route("the path belongs to a plain handler", "return a WebSocketResponse from it"),)
    else:
        causes = refused_by_application(evidence, "the handler refused with an HTTP status")
    return written_by("aiohttp", "Server" if signed else "its words", causes)


_GO_TYPE = "text/plain; charset=utf-8"


@known_by(
    begins=(
        'request Origin "',
        "WebSocket protocol violation: ",
        "unsupported WebSocket protocol",
        "websocket: ",
        "not websocket protocol",
        "missing or bad ",
    ),
    fields=("x-content-type-options",),
)
def _go(evidence: Evidence) -> Author | None:
    text = evidence.text
    nosniff = evidence.get("x-content-type-options") == "nosniff"
    versioned = evidence.get("sec-websocket-version") == "13" and nosniff and not evidence.signed
    if text.startswith('request Origin "') and '" is not authorized for Host' in text:
        return written_by("coder", "its words", (origin_refused(evidence, "AcceptOptions.OriginPatterns"),))
    if text.startswith("WebSocket protocol violation: "):
        if "HTTP/1.1" in text:
            return written_by("coder", "its words", (http10(),))
        if re.search(r"(Connection|Upgrade) header", text):
            return written_by("coder", "its words", lost_upgrade(evidence))
        return written_by("coder", "its words", asked_wrong(evidence) or (upgrade_stripped(),))
    if text.startswith("unsupported WebSocket protocol version"):
        changed = Cause(
            "changed",
            "Sec-WebSocket-Version was changed in transit",
            "check the proxies in between",
        )
        return written_by("coder", "its words", asked_wrong(evidence) or (changed,))
    if text.startswith("websocket: "):
        return written_by("gorilla", "its words", _gorilla_says(evidence, text))
    if versioned and text.startswith(f"{phrase_of(evidence.status)}\n"):  # a handler may write more
        return shaped_like(
            "gorilla", "Sec-Websocket-Version: 13, nosniff, and the status as body", _gorilla(evidence)
        )
    if text.strip() in (
        "not websocket protocol",
        "missing or bad upgrade",
        "missing or bad WebSocket Version",
        "missing or bad WebSocket-Version",
    ):
        lost = lost_upgrade(evidence) if "Version" not in text else asked_wrong(evidence)
        return written_by("x-net", "its words", lost)
    if evidence.signed or not (
        nosniff and evidence.get("content-type") == _GO_TYPE and text.endswith("\n") and evidence.status >= 400
    ):
        return None
    if not evidence.only(frozenset({"content-type", "x-content-type-options"})) and not evidence.has("vary"):
        return None
    if text == "404 page not found\n":
        route = no_route("no handler of the Go program has this path (in Traefik: no router)")
        return shaped_like("go", "the words of net/http", either_or_stripped(evidence, route, capital=True))
    if evidence.status >= 500:
        failed = crashed("the handler answered with an error") if evidence.status == 500 else None
        return shaped_like("go", "the form of http.Error", () if failed is None else (failed,))
    return shaped_like(
        "go",
        "the form of http.Error",
        refused_by_application(evidence, "the handler refused"),
    )


def _gorilla(evidence: Evidence) -> tuple[Cause, ...]:
    match evidence.status:
        case 403:
            return (
                origin_refused(
                    evidence,
                    "add the page's origin to the server's allowed origins",
                ),
            )
        case 400:
            wrong = Cause(
                "changed", "Sec-WebSocket-Key or -Version arrived wrong", "Upgrader.Error can print which"
            )
            return asked_wrong(evidence) or (upgrade_stripped(), wrong)
        case 405:
            return asked_wrong(evidence) or (upgrade_stripped("a proxy changed the method"),)
        case 500:
            return (
                Cause(
                    "hijacker",
                    "a middleware hides http.Hijacker from the Upgrader: http.TimeoutHandler, or a "
                    "ResponseWriter that wraps another",
                    "keep it off this route, or have the wrapper implement Hijack",
                ),
            )
        case _:
            return ()


def _gorilla_says(evidence: Evidence, text: str) -> tuple[Cause, ...]:
    if "origin" in text:
        return (origin_refused(evidence, "set Upgrader.CheckOrigin to allow this page"),)
    if "token not found" in text:
        return lost_upgrade(evidence)
    if "Hijacker" in text:
        return _gorilla(replace(evidence, status=500))
    return asked_wrong(evidence) or (
        Cause("changed", "a header of the handshake arrived wrong; see the body", "look at that header"),
    )


_WS_WORDS = frozenset(
    {
        "Missing or invalid Sec-WebSocket-Version header",
        "Missing or invalid Sec-WebSocket-Key header",
        "Invalid Sec-WebSocket-Protocol header",
        "Invalid Upgrade header",
        "Invalid HTTP method",
        "Invalid or unacceptable Sec-WebSocket-Extensions header",
    }
)


@known_by(types=("text/html", "text/plain"))
def _ws(evidence: Evidence) -> Author | None:
    """ws on Node: Connection, Content-Type, Content-Length in this order, no Date; a body without a line
    end."""
    text, kind = evidence.text, evidence.get("content-type")
    if evidence.signed and evidence.get("x-powered-by") != "Express":
        return None
    if text == "Upgrade Required" and evidence.status == 426 and kind == "text/plain":
        return shaped_like("ws", "the status as body, without a line end", lost_upgrade(evidence))
    if kind != "text/html" or evidence.status < 400 or is_markup(evidence) or not text or text.endswith("\n"):
        return None
    first = tuple(name.lower() for name in evidence.names[:3])
    direct = (
        first == ("connection", "content-type", "content-length")
        and not evidence.has("date")
        and not evidence.has("server")
        and "Content-type" not in evidence.names
    )
    bare = evidence.only(frozenset({"content-type", "sec-websocket-version", "allow"}))
    if text in _WS_WORDS:
        changed = Cause(
            "changed",
            f"a header of the handshake was changed in transit: {text}",
            "check the proxies in between",
        )
        if text == "Invalid Upgrade header":
            return written_by("ws", "its words", lost_upgrade(evidence))
        return written_by("ws", "its words", asked_wrong(evidence) or (changed,))
    if text == phrase_of(evidence.status) and (direct or bare):
        return shaped_like("ws", "the status as body, without a line end, as text/html", _ws_status(evidence))
    if direct and evidence.status < 500:
        refused = refused_by_application(evidence)
        return shaped_like("ws", "Connection, Content-Type, Content-Length, and no Date", refused)
    return None


def _ws_status(evidence: Evidence) -> tuple[Cause, ...]:
    if wrong := asked_wrong(evidence):
        return wrong
    match evidence.status:
        case 400:
            found: tuple[Cause, ...] = (
                replace(
                    no_route(
                        "the WebSocket library refused the handshake (400)",
                        "correct the path in the URL or in the server; check the proxies in between",
                    ),
                    usual=(
                        "no WebSocket server on this path (in ws: its option path)",
                        "a field that was lost or changed in transit",
                    ),
                ),
                Cause(
                    "key",
                    "before ws 8.18 also: Sec-WebSocket-Key or -Version arrived wrong",
                    "check the proxies in between",
                ),
            )
            if "vite-hmr" in evidence.protocols:
                vite = Cause(
                    "host-refused",
                    "Vite's hot-reload socket requires an allowed Host (server.allowedHosts) and its own "
                    "token in the URL",
                    "add the host to server.allowedHosts; use Vite's own client",
                )
                found = (vite, *found)
            return found
        case 401:
            return (
                credentials_wanted(evidence),
                *refused_by_application(replace(evidence, status=403)),
            )
        case 403:
            return refused_by_application(evidence)
        case 503:
            usual = ("a server that shuts down", "a limit on sessions")
            act = "the WebSocket server accepts no sessions for now"
            return (Cause("closing", act, "try again after the restart", usual=usual),)
        case _:
            return refused_by_application(evidence) if evidence.status < 500 else (crashed(),)


@known_by(
    begins=(
        "<",
        "Unsupported WebSocket version: ",
        "Missing handshake request header: ",
        "Welcome to SockJS!",
        "Error occurred while trying to proxy: ",
        '{"message":"Route ',
    ),
    fields=("x-websocket-reject-reason", "x-powered-by"),
)
def _node_libraries(evidence: Evidence) -> Author | None:
    text = evidence.text
    if reason := evidence.get("x-websocket-reject-reason"):
        if "ebsocket client version" in reason or evidence.status == 426:
            changed = Cause(
                "changed",
                "Sec-WebSocket-Version was changed in transit",
                "check the proxies in between",
            )
            return shaped_like(
                "websocket-node", "X-WebSocket-Reject-Reason", asked_wrong(evidence) or (changed,)
            )
        own = refused_by_application(evidence)
        if evidence.status >= 500 and re.search(r"(?i)error\b|exception|fail", reason):
            own = (crashed(),)
        elif evidence.status >= 500:  # the application chose the status, as for a refusal
            act = f"the application rejected the handshake ({evidence.status})"
            own = (replace(own[0], statement=act, usual=("an exception that it caught", A_CHECK)),)
        return shaped_like("websocket-node", "X-WebSocket-Reject-Reason", asked_wrong(evidence) or own)
    if text.startswith(("Unsupported WebSocket version: ", "Missing handshake request header: ")):
        changed = Cause(
            "changed",
            "a header of the handshake was changed in transit",
            "check the proxies in between",
        )
        return written_by("faye", "its words", asked_wrong(evidence) or (changed,))
    if text == "Welcome to SockJS!\n":
        fix = "connect to PREFIX/websocket, or use a SockJS client"
        return written_by(
            "sockjs",
            "its greeting",
            (
                no_route(
                    "the path is the prefix of a SockJS server; the WebSocket endpoint is below that prefix",
                    fix,
                ),
            ),
        )
    if text.startswith("Error occurred while trying to proxy: "):
        return written_by("http-proxy-middleware", "its words", (not_answered("http-proxy-middleware"),))
    if evidence.get("x-powered-by") == "Express" or (
        "<pre>Cannot " in text and re.search(r"<pre>Cannot (GET|POST|PUT|HEAD|OPTIONS) [^<]*</pre>", text)
    ):
        return _express(evidence)
    if text.startswith('{"message":"Route ') and text.endswith(
        ' not found","error":"Not Found","statusCode":404}'
    ):
        return written_by(
            "fastify",
            "its JSON",
            (
                *either_or_stripped(
                    evidence,
                    no_route(fix="add a route with { websocket: true } for the path, or correct the path"),
                    capital=True,
                ),
            ),
        )
    return None


def _express(evidence: Evidence) -> Author | None:
    signed = evidence.get("x-powered-by") == "Express"
    if evidence.signed and not signed:
        return None
    name = written_by if signed else shaped_like
    mark = "X-Powered-By: Express" if signed else "its page"
    if evidence.status < 400 or evidence.status == 404:
        nobody = no_route(
            "no WebSocket server handles upgrades on this http.Server or path",
            "attach the WebSocket server to the listening http.Server; check its path",
        )
        return name("express", mark, either_or_stripped(evidence, nobody, capital=True))
    if evidence.status >= 500:
        return name("express", mark, (crashed(),))
    return name("express", mark, refused_by_application(evidence))


def _werkzeug_page(evidence: Evidence) -> bool:
    return evidence.text[:1] == "<" and bool(
        re.match(r"<!doctype html>\n<html lang=en>\n<title>\d{3} ", evidence.text)
    )


@known_by(begins=("<!doctype html>\n<html lang=en>",), servers=("Werkzeug", "gunicorn"))
def _flask(evidence: Evidence) -> Author | None:
    page = _werkzeug_page(evidence)
    signed = evidence.server("Werkzeug/")
    phrase = phrase_of(evidence.status)
    capital = evidence.reason != phrase and evidence.reason == phrase.upper()
    if not (page or signed or (capital and evidence.server("gunicorn"))):
        return None
    author = "flask" if capital or signed else "quart" if evidence.server("hypercorn") else "flask-or-quart"
    mark = "its page" if page else "Server"
    if evidence.status == 404:
        causes: tuple[Cause, ...] = (
            no_route(fix="add @sock.route (Flask-Sock) or @app.websocket (Quart), or correct the path"),
        )
    elif evidence.status == 400 and page:
        http_only = no_route(
            "the path has an HTTP route only",
            "use @sock.route (Flask-Sock) or @app.websocket (Quart) for this path",
        )
        causes = either_or_stripped(evidence, http_only, capital=author == "flask")
    elif evidence.status == 500:
        wsgi = no_websocket(
            "the WSGI server gives Flask-Sock no access to the connection (Granian in WSGI mode)",
            "use gunicorn with threads, the development server, or an ASGI framework",
        )
        causes = (crashed(), wsgi) if evidence.server("granian") else (crashed(),)
    elif evidence.status < 300:
        causes = either_or_stripped(
            evidence, no_route("the path has an HTTP route only", "use @sock.route or @app.websocket for it")
        )
    else:
        causes = asked_wrong(evidence) or refused_by_application(
            evidence, "the application refused with abort() or its own response"
        )
    if author == "flask":  # its page and its capitals are Werkzeug's
        return shaped_like(author, mark, causes)
    return written_by(author, mark, causes)


def _run_asgi() -> Cause:
    return no_websocket(
        "Django runs on a WSGI server, which does not support WebSocket",
        "run an ASGI server (daphne, uvicorn) and route the path to that server; with runserver: put "
        "daphne at the top of INSTALLED_APPS",
    )


@known_by(begins=("<",), servers=("WSGIServer", "gunicorn"))
def _django(evidence: Evidence) -> Author | None:
    text = evidence.text
    wsgi = evidence.server("WSGIServer/")
    gunicorn = evidence.server("gunicorn")
    not_found = "<h1>Not Found</h1><p>The requested resource was not found on this server.</p>" in text
    debug = evidence.status == 404 and "<title>Page not found at /" in text
    if not_found or debug:
        if wsgi or gunicorn:
            return written_by("django", "its page, and a WSGI server", (_run_asgi(),))
        return written_by("django", "its page", either_or_stripped(evidence, _run_asgi()))
    if text.strip().startswith("<!doctype html>") and "<h1>Bad Request (400)</h1>" in text:
        return written_by(
            "django",
            "its page",
            (Cause("host-refused", "the Host is not in ALLOWED_HOSTS", "add it to ALLOWED_HOSTS"),),
        )
    if "<h1>Server Error (500)</h1>" in text:
        return written_by("django", "its page", (crashed(), _run_asgi()))
    if "<h1><p>Internal Server Error</p></h1>" in text:
        return written_by(
            "gunicorn",
            "its page",
            (
                no_websocket(
                    "an ASGI application runs on a WSGI worker", "gunicorn -k uvicorn_worker.UvicornWorker"
                ),
                crashed("the WSGI application raised an exception"),
            ),
        )
    if wsgi:
        return written_by("wsgiref", "Server: WSGIServer", _of_wsgiref(evidence))
    if gunicorn and evidence.status in (200, 404, 405) and not evidence.server("uvicorn"):
        return written_by(
            "gunicorn",
            "Server: gunicorn, not sent by ASGI workers",
            (_wsgi("run an ASGI server (gunicorn -k uvicorn_worker.UvicornWorker), or Flask-Sock"),),
        )
    return None


def _wsgi(fix: str) -> Cause:
    """A WSGI application answered as to a plain GET."""
    act = "a WSGI application answered the handshake as a plain GET"
    without = "no WebSocket support: WSGI has none without a library such as Flask-Sock"
    return replace(no_websocket(act, fix), usual=(without, "no route for this path"))


def _of_wsgiref(evidence: Evidence) -> tuple[Cause, ...]:
    """What an answer of wsgiref means, whatever framework runs on it."""
    if evidence.status >= 500:
        return (crashed(),)
    if evidence.status in (404, 405) or evidence.status < 400:
        return (_wsgi("run a server with WebSocket support, and route the path to that server"),)
    return refused_by_application(evidence)


@known_by(begins=("<", '{"timestamp":"', "Invalid CORS request"))
def _java(evidence: Evidence) -> Author | None:
    _, known, status = evidence.text.partition("<title>HTTP Status ")
    if known and re.match("\\d{3} \u2013 ", status):
        if evidence.status == 404:
            return written_by(
                "tomcat",
                "its page",
                either_or_stripped(evidence, no_route(fix="add a @ServerEndpoint for the path"), capital=True),
            )
        if evidence.status == 400:
            target = Cause(
                "bad-request", "Tomcat refuses a character of the request target", "percent-encode it"
            )
            return written_by("tomcat", "its page", (target,) if "request target" in evidence.text else ())
        return written_by(
            "tomcat", "its page", (crashed(),) if evidence.status >= 500 else refused_by_application(evidence)
        )
    if evidence.text.startswith('{"timestamp":"') and re.match(
        r'\{"timestamp":"[^"]*","status":\d{3},"error":"', evidence.text
    ):
        if evidence.status == 404:
            return written_by(
                "spring",
                "the JSON of Spring Boot",
                either_or_stripped(evidence, no_route(fix="register a handler for the path")),
            )
        return written_by(
            "spring",
            "the JSON of Spring Boot",
            (crashed(),) if evidence.status >= 500 else refused_by_application(evidence),
        )
    if evidence.text == "Invalid CORS request" and evidence.status == 403:
        return written_by(
            "spring", "its words", (origin_refused(evidence, "setAllowedOrigins() of the handler"),)
        )
    return None


_BUN_TYPES = ("text/plain;charset=utf-8", "application/json;charset=utf-8")
_DENO_TYPE = "text/plain;charset=UTF-8"


@known_by(
    begins=("Upgrade failed", "Internal Server Error"),
    fields=("sec-websocket-version",),
    types=(*_BUN_TYPES, _DENO_TYPE),
)
def _runtimes(evidence: Evidence) -> Author | None:
    """Bun and Deno spell the Content-Type of a text as the Fetch standard does, without a space."""
    kind = evidence.get("content-type")
    for value in evidence.signed:
        if not value.startswith(("Bun", "Deno")):
            return None
    if evidence.text == "Upgrade failed" and evidence.status in (400, 426, 500):
        return written_by("bun", "the words of its documentation", lost_upgrade(evidence))
    if kind in _BUN_TYPES:
        return shaped_like("bun", f"Content-Type: {kind}", _runtime_causes(evidence))
    if kind == _DENO_TYPE:
        return shaped_like("deno", f"Content-Type: {kind}", _runtime_causes(evidence))
    if (
        evidence.status == 426
        and not evidence.body
        and evidence.names == ("Sec-WebSocket-Version", "Connection")
    ):
        changed = Cause(
            "changed",
            "Sec-WebSocket-Version was changed in transit",
            "check the proxies in between",
        )
        return shaped_like(
            "bun", "426 with Sec-WebSocket-Version and Connection alone", asked_wrong(evidence) or (changed,)
        )
    if (
        evidence.status == 500
        and evidence.text == "Internal Server Error"
        and (not kind or (evidence.names[-1].lower() == "content-type" and evidence.server("Caddy")))
    ):
        lost = upgrade_stripped(
            "the upgrade raised an exception because Upgrade did not arrive: a proxy removed it"
        )
        if evidence.oddity == "upgrade":
            causes: tuple[Cause, ...] = (*asked_wrong(evidence), crashed("the handler raised an exception"))
        else:
            causes = (*asked_wrong(evidence), failed_or(DROPPED), lost)
        return shaped_like("deno", "its 500 without a Content-Type", causes)
    return None


def _runtime_causes(evidence: Evidence) -> tuple[Cause, ...]:
    if evidence.status >= 500:
        return (crashed(),)
    if evidence.status < 300 or evidence.status in (404, 405):
        return (
            *either_or_stripped(
                evidence,
                no_route("the handler does not upgrade this path", "upgrade the request in the handler"),
            ),
        )
    if evidence.status == 426:
        return lost_upgrade(evidence)
    return refused_by_application(evidence, "the handler refused")


@known_by(begins=("404 Not Found",))
def _hono(evidence: Evidence) -> Author | None:
    if (
        evidence.text == "404 Not Found"
        and evidence.get("content-type") == "text/plain; charset=UTF-8"
        and not evidence.signed
    ):
        adapter = replace(
            no_websocket(PLAIN_GET, "call injectWebSocket(server), and add upgradeWebSocket() for the path"),
            usual=("no WebSocket adapter that handles upgrades (injectWebSocket)", "no route for this path"),
        )
        return shaped_like("hono", "its words", either_or_stripped(evidence, adapter, capital=True))
    return None


@known_by(begins=("Page not found",), servers=("Cowboy", "cowboy", "Bandit", "bandit", "Kestrel"))
def _ruby_and_others(evidence: Evidence) -> Author | None:
    if evidence.status == 403 and not evidence.body and evidence.server("Cowboy", "cowboy", "Bandit", "bandit"):
        refused = Cause(
            "refused",
            "the application refused before accepting",
            "accept, then refuse in the first message: only that reaches a page",
            usual=(A_CHECK,),
        )
        origin = origin_refused(evidence, "add the page's origin to the server's allowed origins")
        both = (origin, refused) if foreign_origin(evidence) else (refused, origin)
        return shaped_like("phoenix", "Server and an empty 403", both)
    if evidence.status in (401, 403) and evidence.server("Kestrel"):
        return written_by(
            "signalr",
            "Server: Kestrel",
            (credentials_wanted(evidence),) if evidence.status == 401 else refused_by_application(evidence),
        )
    if evidence.status == 404 and evidence.has("x-request-id") and evidence.text.strip() == "Page not found":
        origin = origin_refused(evidence, "add it to config.action_cable.allowed_request_origins")
        if evidence.oddity != "upgrade":
            own = f"the origin {shown(evidence.origin)}" if evidence.origin is not None else "no Origin"
            act = "the application refused the handshake as if nothing had this path"
            origin = replace(origin, statement=act, usual=(f"{own}, which it does not allow", DROPPED))
        return shaped_like(
            "action-cable", "X-Request-Id and the words", (*asked_wrong(evidence), origin, upgrade_stripped())
        )
    return None


@known_by(fields=("keep-alive",))
def _node(evidence: Evidence) -> Author | None:
    """Nothing but Node's own ``Keep-Alive: timeout=5``: the http.Server answered as to a GET."""
    if (
        evidence.status not in (200, 404, 405)
        or evidence.signed
        or not re.fullmatch(r"timeout=\d+", evidence.get("keep-alive"))
    ):
        return None
    nobody = no_route(
        "no code handles WebSocket upgrades on this path",
        "attach the WebSocket server to the listening http.Server; check the path",
    )
    return shaped_like(
        "node", "Keep-Alive: timeout, as Node writes it", either_or_stripped(evidence, nobody, capital=True)
    )


RULES: tuple[AuthorRule, ...] = (
    _websockets,
    _sanic,
    _python_socketio,
    _engineio,
    _tornado,
    _aiohttp,
    _go,
    _ws,
    _node_libraries,
    _flask,
    _django,
    _java,
    _runtimes,
    _hono,
    _ruby_and_others,
)
BY_SHAPE: tuple[AuthorRule, ...] = (_node,)
"""Tried last: a mark that many programs share."""
