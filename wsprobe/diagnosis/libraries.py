"""Answers of WebSocket libraries and web frameworks, by their words, their Server fields and their form."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs

from msgspec.structs import replace

from wsprobe.diagnosis.cause import TELLS_APART, Cause
from wsprobe.diagnosis.evidence import Evidence, is_markup
from wsprobe.diagnosis.faults import (
    A_CHECK,
    CONNECTION_LOST,
    CROSS_ORIGIN,
    HTTP_ROUTE,
    NO_ENDPOINT,
    SEE_LOG,
    asks_socketio,
    changed,
    http10,
    lost_upgrade,
    no_route,
    not_socketio,
    origin_lost,
    origin_refused,
    origin_unlike_host,
    other_generation,
    subprotocol_wanted,
    unknown_session,
    upgrade_stripped,
)
from wsprobe.diagnosis.programs import Author, AuthorRule, known_by, shaped_like, written_by
from wsprobe.diagnosis.status import act, answered_elsewhere, may_be_lost, own_origin, try_origin
from wsprobe.diagnosis.statuses import phrase_of


def raised(text: str) -> Cause:
    """A program's own page or words for an exception in its application."""
    return Cause("crashed-before-accept", text, SEE_LOG)


def _at_path(evidence: Evidence, fix: str) -> tuple[Cause, ...]:
    """An answer as to a plain GET by a framework in which *fix* makes an endpoint; else () for the status."""
    if evidence.status not in (200, 404, 405):
        return ()
    return (act(evidence, fix=f"correct the path, or {fix}; {TELLS_APART}"),)


_COMPLAINT = "Failed to open a WebSocket connection"


@known_by(begins=(_COMPLAINT, "\u26a0"), servers=("Python",))
def _websockets(evidence: Evidence) -> Author | None:
    at = evidence.text.find(_COMPLAINT)
    if at < 0 or (at > 0 and not evidence.text.startswith("\u26a0")):
        if evidence.python("websockets/"):
            return written_by("websockets", "Server", ())
        return None
    said = evidence.text[at:]
    author, mark = "websockets", "its own words"
    if at > 0:
        author, mark = "sanic", "Sanic's banner above the words of websockets"
    meaning = next((means for words, means in _COMPLAINTS if re.search(words, said)), None)
    if meaning is not None:
        return written_by(author, mark, meaning(evidence, said))
    cause = Cause("refused", "websockets gives the reason in the body", _CHECK_FIELD)
    if evidence.status >= 500:
        cause = raised("the application raised an exception in process_request or in the handshake")
    return written_by(author, mark, (cause,))


def _of_origin(evidence: Evidence, said: str) -> tuple[Cause, ...]:
    if "missing Origin header" in said and evidence.origin is not None:
        return (origin_lost(evidence),)
    fix = "add the page's origin to origins= of serve(); None in that list allows clients without Origin"
    return (origin_refused(evidence, fix),)


_CHECK_FIELD = "check what each proxy does to that field"
_COMPLAINTS: tuple[tuple[str, Callable[[Evidence, str], tuple[Cause, ...]]], ...] = (
    (
        r"unsupported HTTP version|HTTP/1\.0|unsupported protocol; expected HTTP/1\.1",
        lambda _, said: (http10(),),
    ),
    (
        r"(missing|invalid|empty|multiple) (Connection|Upgrade) header",
        lambda evidence, _: lost_upgrade(evidence),
    ),
    (r"unsupported HTTP method|did not receive a valid HTTP request", lambda _, said: (http10(),)),
    (r"(missing|invalid|multiple|more than one) Origin header", _of_origin),
    ("subprotocol", lambda evidence, said: (subprotocol_wanted(evidence, said),)),
    (
        r"Sec-WebSocket-(Version|Key) header",
        lambda _, said: (
            Cause(
                "changed",
                f"Sec-WebSocket-{'Version' if 'Version' in said else 'Key'} was changed in transit, by a proxy",
                _CHECK_FIELD,
            ),
        ),
    ),
)
"""The words of websockets, and what they mean."""


_SANIC = "\u26a0\ufe0f? (\\d{3}) \u2014 "


@known_by(begins=("\u26a0",))
def _sanic(evidence: Evidence) -> Author | None:
    if not evidence.text.startswith("\u26a0") or re.match(_SANIC, evidence.text) is None:
        return None
    return written_by("sanic", "its banner", _at_path(evidence, "add @app.websocket for the path"))


_PYTHON_SOCKETIO: dict[str, Callable[[Evidence], tuple[Cause, ...]]] = {
    "Not an accepted origin": lambda evidence: (
        origin_refused(evidence, "add the page's origin to cors_allowed_origins"),
    ),
    "Invalid session": lambda _: (unknown_session(),),
    "Invalid websocket upgrade": lost_upgrade,
    "unsupported version of the Socket.IO": lambda evidence: (
        (other_generation(), not_socketio())
        if "EIO" in parse_qs(evidence.query)
        else (not_socketio(), other_generation())
    ),
    "Invalid transport": lambda _: (not_socketio(),),
}


@known_by(begins=('"',))
def _python_socketio(evidence: Evidence) -> Author | None:
    text = evidence.text.strip()
    meaning = next((means for words, means in _PYTHON_SOCKETIO.items() if words in text), None)
    if meaning is None or not (text.startswith('"') and text.endswith('"') and evidence.status >= 400):
        return None
    return written_by("python-socketio", "its words, a JSON string in quotes", meaning(evidence))


def _unknown_transport(evidence: Evidence) -> tuple[Cause, ...]:
    asked = parse_qs(evidence.query).get("transport")
    if asked and asked not in (["websocket"], ["polling"]):
        unknown = "the query requests a transport that Socket.IO does not have"
        return (Cause("transport", unknown, "use websocket or polling"),)
    return (not_socketio(),)


_ENGINEIO: dict[str, Callable[[Evidence], tuple[Cause, ...]]] = {
    "Transport unknown": _unknown_transport,
    "Session ID unknown": lambda _: (unknown_session(),),
    "Bad handshake method": lambda _: (upgrade_stripped(),),
    "Unsupported protocol version": lambda _: (other_generation(),),
}
_ENGINEIO_CODED: dict[str, Callable[[Evidence], tuple[Cause, ...]]] = {
    "Bad request": lost_upgrade,
    "Forbidden": lambda evidence: (act(evidence, "allowRequest of the application"),),
}
"""What words mean only in its JSON, with the code 3 or 4."""


@known_by(begins=(*_ENGINEIO, '{"code":'), types=("text/html",))
def _engineio(evidence: Evidence) -> Author | None:
    text = evidence.text.strip()
    coded = re.fullmatch(r'\{"code":(\d),"message":"([^"]*)"\}', text) if text.startswith('{"code":') else None
    said = coded[2] if coded else text
    meaning = _ENGINEIO.get(said) or (_ENGINEIO_CODED.get(said) if coded and coded[1] in "34" else None)
    if meaning is not None:
        return written_by("engine.io", "its words", meaning(evidence))
    own_case = "Content-type" in evidence.names and evidence.names[:1] == ("Connection",)
    if not own_case or evidence.status not in (400, 403):
        return None
    if not asks_socketio(evidence.path, evidence.query):
        return None  # other programs on Node spell Content-type so too
    return written_by("engine.io", "Content-type spelled with a small t", ())


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
            causes = (upgrade_stripped(CONNECTION_LOST),)
        return written_by(author, "its words", causes)
    if text == CROSS_ORIGIN and evidence.status == 403:
        return written_by("tornado", "its words", (origin_unlike_host(evidence),))
    if not signed and not (own_type and _tornado_page(evidence)):
        return None
    causes = _at_path(evidence, "use a WebSocketHandler for the path")
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
        return written_by("aiohttp", "its words", (upgrade_stripped(CONNECTION_LOST),))
    if text.startswith(("Unsupported version: ", "Handshake error: ")):
        return written_by("aiohttp", "its words", (changed(),))
    trouble = text.startswith("500 Internal Server Error\n\nServer got itself in trouble")
    if not (signed or repeated or trouble):
        return None
    causes = _at_path(evidence, "return a WebSocketResponse from its handler")
    if trouble:  # aiohttp's own page for an exception
        causes = (raised("the application raised an exception before it opened the WebSocket"),)
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
        return written_by("coder", "its words", (upgrade_stripped(),))
    if text.startswith("unsupported WebSocket protocol version"):
        return written_by("coder", "its words", (changed("Sec-WebSocket-Version"),))
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
        lost = lost_upgrade(evidence) if "Version" not in text else ()
        return written_by("x-net", "its words", lost)
    form = (
        not evidence.signed
        and nosniff
        and evidence.get("content-type") == _GO_TYPE
        and text.endswith("\n")
        and evidence.status >= 400
        and evidence.has("date")  # net/http always sends one
        and (evidence.has("vary") or evidence.only(frozenset({"content-type", "x-content-type-options"})))
    )
    mark = "the words of net/http" if text == "404 page not found\n" else "the form of http.Error"
    return shaped_like("go", mark, ()) if form else None


def _gorilla(evidence: Evidence) -> tuple[Cause, ...]:
    other = "Sec-WebSocket-Key or -Version changed in transit"
    hidden = "a middleware that hides http.Hijacker (http.TimeoutHandler, a wrapped ResponseWriter)"
    fix = "keep such a middleware off this route, or have its wrapper implement Hijack"
    lost = may_be_lost(evidence)
    return {
        400: (act(evidence, *lost, other, fix="Upgrader.Error can print which"),),
        403: (origin_refused(evidence, "add the page's origin to the server's allowed origins"),),
        405: (act(evidence, "a proxy that changed the method", *lost),),
        500: (act(evidence, hidden, "an exception", fix=fix),),
    }.get(evidence.status, ())


def _gorilla_says(evidence: Evidence, text: str) -> tuple[Cause, ...]:
    if "origin" in text:
        return (origin_refused(evidence, "set Upgrader.CheckOrigin to allow this page"),)
    if "token not found" in text:
        return lost_upgrade(evidence)
    if "Hijacker" in text:
        hidden = "a middleware hides http.Hijacker from the Upgrader"
        return (
            Cause("hijacker", hidden, "keep it off this route, or have its ResponseWriter implement Hijack"),
        )
    return (Cause("changed", "a header of the handshake arrived wrong; see the body", "look at that header"),)


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
        if text == "Invalid Upgrade header":
            return written_by("ws", "its words", lost_upgrade(evidence))
        return written_by("ws", "its words", (changed(more=f": {text}"),))
    if text == phrase_of(evidence.status) and (direct or bare):
        return shaped_like("ws", "the status as body, without a line end, as text/html", _ws_status(evidence))
    if direct and evidence.status < 500:
        return shaped_like("ws", "Connection, Content-Type, Content-Length, and no Date", ())
    return None


def _ws_status(evidence: Evidence) -> tuple[Cause, ...]:
    if evidence.status == 401:  # what ws answers if verifyClient refuses, whatever the reason
        refused = act(
            evidence, *own_origin(evidence), "a check of the application (verifyClient: token, Origin, path)"
        )
        fix = f"{try_origin(evidence)}{refused.fix}"
        return (replace(refused, statement=f"the server refused the request ({evidence.status})", fix=fix),)
    if evidence.status != 400:
        return ()
    usual: tuple[str, ...] = (
        "no WebSocket server on this path (in ws: its option path)",
        "a field lost or changed in transit",
    )
    if "vite-hmr" in evidence.protocols:
        usual = (
            "a Host that Vite does not allow (server.allowedHosts)",
            "no token of Vite in the URL",
            usual[0],
        )
    return (
        act(evidence, *usual, fix="correct the path in the URL or in the server; check the proxies in between"),
    )


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
            version = changed("Sec-WebSocket-Version")
            return shaped_like("websocket-node", "X-WebSocket-Reject-Reason", (version,))
        return shaped_like("websocket-node", "X-WebSocket-Reject-Reason", ())
    if text.startswith(("Unsupported WebSocket version: ", "Missing handshake request header: ")):
        return written_by("faye", "its words", (changed(),))
    if text == "Welcome to SockJS!\n":
        fix = "connect to PREFIX/websocket, or use a SockJS client"
        prefix = "the path is the prefix of a SockJS server; the WebSocket endpoint is below that prefix"
        return written_by("sockjs", "its greeting", (no_route(prefix, fix),))
    if text.startswith("Error occurred while trying to proxy: "):
        return written_by("http-proxy-middleware", "its words", ())
    if evidence.get("x-powered-by") == "Express" or (
        "<pre>Cannot " in text and re.search(r"<pre>Cannot (GET|POST|PUT|HEAD|OPTIONS) [^<]*</pre>", text)
    ):
        return _express(evidence)
    if text.startswith('{"message":"Route ') and text.endswith(
        ' not found","error":"Not Found","statusCode":404}'
    ):
        return written_by(
            "fastify", "its JSON", _at_path(evidence, "add a route with { websocket: true } for it")
        )
    return None


def _express(evidence: Evidence) -> Author | None:
    signed = evidence.get("x-powered-by") == "Express"
    if evidence.signed and not signed:
        return None
    name = written_by if signed else shaped_like
    mark = "X-Powered-By: Express" if signed else "its page"
    return name("express", mark, _at_path(evidence, "attach the WebSocket server to the listening http.Server"))


_WERKZEUG = (
    r"<!(?:doctype html>\n<html lang=en|DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 3\.2 Final//EN\")>\n"
    r"<title>\d{3} "
)
"""The pages of Werkzeug, and of versions before 2.2."""


def _werkzeug_page(evidence: Evidence) -> bool:
    return evidence.text[:1] == "<" and bool(re.match(_WERKZEUG, evidence.text))


@known_by(
    begins=("<!doctype html>\n<html lang=en>", "<!DOCTYPE HTML PUBLIC "), servers=("Werkzeug", "gunicorn")
)
def _flask(evidence: Evidence) -> Author | None:
    page = _werkzeug_page(evidence)
    signed = evidence.server("Werkzeug/")
    phrase = phrase_of(evidence.status)
    capital = evidence.reason != phrase and evidence.reason == phrase.upper()
    if not (page or signed or (capital and evidence.server("gunicorn"))):
        return None
    author = "flask" if capital or signed else "quart" if evidence.server("hypercorn") else "flask-or-quart"
    mark = "its page" if page else "Server"
    causes = _at_path(evidence, "use @sock.route (Flask-Sock) or @app.websocket (Quart) for it")
    if evidence.status == 400 and page:
        causes = (act(evidence, HTTP_ROUTE, *may_be_lost(evidence), "a check"),)
    if author == "flask":  # its page and its capitals are Werkzeug's
        return shaped_like(author, mark, causes)
    return written_by(author, mark, causes)


_RUN_ASGI = "run an ASGI server (daphne, uvicorn) and route the path to that server"
_OF_DJANGO = f"{_RUN_ASGI}; with runserver: put daphne at the top of INSTALLED_APPS"
_WSGI = "no WebSocket support in WSGI without a library"


@known_by(begins=("<",), servers=("WSGIServer", "gunicorn"))
def _django(evidence: Evidence) -> Author | None:
    text = evidence.text
    wsgi = evidence.server("WSGIServer/")
    gunicorn = evidence.server("gunicorn") and not evidence.server("uvicorn")
    not_found = "<h1>Not Found</h1><p>The requested resource was not found on this server.</p>" in text
    if not_found or (evidence.status == 404 and "<title>Page not found at /" in text):
        first = (_WSGI, NO_ENDPOINT) if wsgi or gunicorn else (*answered_elsewhere(evidence, _WSGI),)
        return written_by("django", "its page", (act(evidence, *first, fix=_OF_DJANGO),))
    if text.strip().startswith("<!doctype html>") and "<h1>Bad Request (400)</h1>" in text:
        usual = ("a Host that is not in ALLOWED_HOSTS", "another operation that Django finds suspicious")
        return written_by("django", "its page", (act(evidence, *usual, fix="add the Host to ALLOWED_HOSTS"),))
    if "<h1>Server Error (500)</h1>" in text:
        return written_by("django", "its page", ())
    if "<h1><p>Internal Server Error</p></h1>" in text:
        usual = ("an ASGI application on a WSGI worker", "an exception in the application")
        fix = f"{SEE_LOG}; for ASGI: gunicorn -k uvicorn_worker.UvicornWorker"
        return written_by("gunicorn", "its page", (act(evidence, *usual, fix=fix),))
    if not (wsgi or gunicorn):
        return None
    causes = (act(evidence, _WSGI, NO_ENDPOINT, fix=_RUN_ASGI),) if evidence.status in (200, 404, 405) else ()
    if wsgi:
        return written_by("wsgiref", "Server: WSGIServer", causes)
    return written_by("gunicorn", "Server: gunicorn, not sent by ASGI workers", causes) if causes else None


@known_by(begins=("<", '{"timestamp":"', "Invalid CORS request"))
def _java(evidence: Evidence) -> Author | None:
    _, known, status = evidence.text.partition("<title>HTTP Status ")
    if known and re.match("\\d{3} \u2013 ", status):
        if evidence.status == 400 and "request target" in evidence.text:
            target = "Tomcat refuses a character of the request target"
            return written_by("tomcat", "its page", (Cause("bad-request", target, "percent-encode it"),))
        return written_by("tomcat", "its page", _at_path(evidence, "add a @ServerEndpoint for it"))
    if evidence.text.startswith('{"timestamp":"') and re.match(
        r'\{"timestamp":"[^"]*","status":\d{3},"error":"', evidence.text
    ):
        return written_by("spring", "the JSON of Spring Boot", _at_path(evidence, "register a handler for it"))
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
        return written_by(
            "bun", "the words of its documentation", (act(evidence, *may_be_lost(evidence), A_CHECK),)
        )
    if kind in _BUN_TYPES:
        return shaped_like("bun", f"Content-Type: {kind}", ())
    if kind == _DENO_TYPE:
        return shaped_like("deno", f"Content-Type: {kind}", ())
    if (
        evidence.status == 426
        and not evidence.body
        and evidence.names == ("Sec-WebSocket-Version", "Connection")
    ):
        return shaped_like("bun", "426 with Sec-WebSocket-Version and Connection alone", ())
    if (
        evidence.status == 500
        and evidence.text == "Internal Server Error"
        and (not kind or (evidence.names[-1].lower() == "content-type" and evidence.server("Caddy")))
    ):
        return shaped_like("deno", "its 500 without a Content-Type", ())
    return None


@known_by(begins=("404 Not Found",))
def _hono(evidence: Evidence) -> Author | None:
    if (
        evidence.text == "404 Not Found"
        and evidence.get("content-type") == "text/plain; charset=UTF-8"
        and not evidence.signed
    ):
        return shaped_like("hono", "its words", _at_path(evidence, "call injectWebSocket(server)"))
    return None


@known_by(begins=("Page not found",), servers=("Cowboy", "cowboy", "Bandit", "bandit", "Kestrel"))
def _ruby_and_others(evidence: Evidence) -> Author | None:
    if evidence.status == 403 and not evidence.body and evidence.server("Cowboy", "cowboy", "Bandit", "bandit"):
        return shaped_like("phoenix", "Server and an empty 403", ())
    if evidence.status in (401, 403) and evidence.server("Kestrel"):
        return written_by("signalr", "Server: Kestrel", ())
    if evidence.status == 404 and evidence.has("x-request-id") and evidence.text.strip() == "Page not found":
        usual = (*own_origin(evidence), *may_be_lost(evidence), NO_ENDPOINT)
        fix = "add the origin to config.action_cable.allowed_request_origins"
        return shaped_like("action-cable", "X-Request-Id and the words", (act(evidence, *usual, fix=fix),))
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
    fix = "attach the WebSocket server to the listening http.Server"
    return shaped_like("node", "Keep-Alive: timeout, as Node writes it", _at_path(evidence, fix))


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
