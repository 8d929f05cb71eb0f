"""``wsprobe trace --audit`` at real servers: each weakness where it is, and none once it is mended."""

import json
import re
import ssl
from collections.abc import Callable
from contextlib import contextmanager

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from websockets.typing import Origin

from tests.peers.audited import (
    CHECKS,
    PAGE,
    SESSION,
    aiohttp_session,
    starlette_session,
    tornado_session,
    websockets_session,
)
from tests.peers.chain import PROGRAMS, files, listening
from tests.peers.node import kinds_of
from tests.peers.place import HOST, needs, open_folder, started
from tests.peers.proxies import NGINX, nginx_server
from tests.peers.python_servers import aiohttp_server, echo, hypercorn_server, uvicorn_server
from tests.trace.chains import Chain
from wsprobe.cli.main import run
from wsprobe.diagnosis.origin_checks import ORIGIN_CHECKS, lines_of
from wsprobe.diagnosis.proxies import LineValues, mending, table
from wsprobe.trace.audit_requests import LARGE

pytestmark = pytest.mark.programs

QUICK = ("--pause", "0", "--linger", "0.3")
PATIENT = ("--linger", "2")
"""Where what the server sends behind the 101 decides."""
ABOUT_ORIGIN = {"any-origin", "origin-prefix", "origin-suffix"}


class Audited:
    """What ``wsprobe trace --audit --json`` says."""

    def __init__(self, status, value):
        self.status = status
        self.value = value
        self.found = {each["id"]: each for each in value["weaknesses"]}
        self.untested = {each["id"]: each["why"] for each in value["not_tested"]}
        self.names = [each["change"] for each in value["changes"]]

    @property
    def about_origin(self):
        return ABOUT_ORIGIN & set(self.found)


Audit = Callable[..., Audited]


@pytest.fixture
def audit(capfd):
    def audited(url, *words):
        capfd.readouterr()
        status = run(["trace", "--audit", "--json", *QUICK, *words, url])
        printed = capfd.readouterr().out
        assert SESSION.partition("=")[2] not in printed
        return Audited(status, json.loads(printed))

    return audited


def with_session(audit, port, *words):
    return audit(f"ws://{HOST}:{port}/chat", "-b", SESSION, "--origin", PAGE, *words)


# -- libraries


@pytest.mark.parametrize(
    ("origins", "ids"),
    [
        (None, {"any-origin"}),
        ([Origin(PAGE), None], set()),
        ([re.compile(re.escape(PAGE) + ".*"), None], {"origin-prefix"}),
        ([re.compile(r"https?://.*app\.example"), None], {"origin-suffix"}),
        ([Origin(PAGE), Origin("null"), None], {"any-origin"}),
    ],
    ids=["none", "mended", "prefix", "suffix", "null"],
)
def test_websockets(origins, ids, audit):
    with websockets_session(origins) as port:
        told = with_session(audit, port)
    assert told.about_origin == ids
    assert told.status == (1 if ids else 0)  # a note alone passes
    if not ids:
        assert set(told.found) == {"version-disclosed"}  # Server: Python/3.11 websockets/17.4
        assert not ABOUT_ORIGIN & set(told.untested)
    elif "null" not in str(origins):
        assert f'serve(handler, host, port, origins=["{PAGE}", None])' in told.value["weaknesses"][0]["fix"]


@pytest.fixture(scope="module")
def ws(packages):
    with kinds_of(packages, "ws-audited.js", CHECKS) as ports:
        yield ports


@pytest.mark.parametrize(
    ("check", "ids"),
    [
        ("none", {"any-origin"}),
        ("prefix", {"origin-prefix"}),
        ("suffix", {"origin-suffix"}),
        ("whole", set()),
    ],
)
def test_ws(check, ids, ws, audit):
    told = with_session(audit, ws[check])
    assert set(told.found) == ids
    assert told.status == bool(ids)
    if not ids:
        assert not ABOUT_ORIGIN & set(told.untested)


def test_ws_takes_16_mib_and_websockets_does_not(ws, audit):
    told = with_session(audit, ws["whole"], "--audit-heavy")
    assert set(told.found) == {"message-size"}
    assert f"{LARGE:,} bytes" in told.found["message-size"]["sent"]
    with websockets_session([Origin(PAGE), None]) as port:
        told = with_session(audit, port, "--audit-heavy")
    assert "message-size" not in {*told.found, *told.untested}
    with websockets_session([Origin(PAGE), None], max_size=None) as port:
        assert "message-size" in with_session(audit, port, "--audit-heavy").found


@pytest.mark.parametrize("mended", [False, True])
def test_aiohttp(mended, audit):
    with aiohttp_server(aiohttp_session(mended=mended)) as port:
        told = with_session(audit, port)
    expected = set() if mended else {"any-origin", "cookie-without-samesite"}
    assert set(told.found) == expected | {"version-disclosed"}
    if not mended:
        assert told.found["cookie-without-samesite"]["came"].endswith("Set-Cookie: seen, without SameSite")


@pytest.mark.parametrize("mended", [False, True])
@pytest.mark.parametrize("server", ["uvicorn", "hypercorn"])
def test_asgi(server, mended, audit):
    """It accepts, and closes with 4401 without a session: that is a refusal."""
    application = starlette_session(mended=mended)
    with (
        uvicorn_server("websockets-sansio", application)
        if server == "uvicorn"
        else hypercorn_server(application)
    ) as port:
        told = with_session(audit, port, *PATIENT)
    assert told.about_origin == (set() if mended else {"any-origin"})
    if not mended:
        assert told.found["any-origin"]["came"].endswith("without them 101, then a Close with 4401")


@pytest.mark.parametrize("mended", [False, True])
def test_tornado(mended, audit):
    with tornado_session(mended=mended) as port:
        told = with_session(audit, port)
    assert told.about_origin == (set() if mended else {"any-origin"})
    if not mended:
        assert "TornadoServer/" in told.found["version-disclosed"]["text"]


def test_tornado_shows_a_traceback_to_strangers(audit):
    with tornado_session(mended=True, debug=True) as port:
        told = with_session(audit, port)
    assert set(told.found) == {"stack-trace", "version-disclosed"}
    assert told.found["stack-trace"]["came"] == "500, with a stack trace in its body"


@pytest.mark.parametrize(
    ("greeting", "found"), [('{"csrfToken": "9f8e7d6c5b4a"}', True), ('{"hello": "you"}', False)]
)
def test_websockets_compresses_a_token_in_one_context(greeting, found, folder, audit):
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(folder / "both.pem")
    with websockets_session([Origin("https://app.example"), None], tls=tls, greeting=greeting) as port:
        to = ("--connect-to", f"::{HOST}:{port}")
        told = audit("wss://app.example/chat", "-k", "-b", SESSION, *to, *PATIENT)
    assert ("compression-with-secrets" in told.found) == found
    assert ("compression-with-secrets" in told.untested) != found
    assert "clear-text" not in told.found


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("websockets", 'origins=["http://app.example", None]'),
        ("ws", 'new Set(["http://app.example"])'),
        ("aiohttp", 'request.headers.get("Origin") not in ("http://app.example", None)'),
        ("starlette", 'websocket.headers.get("origin") not in ("http://app.example", None)'),
        ("tornado", 'return origin == "http://app.example"'),
    ],
)
def test_what_is_printed_is_what_was_tried_here(program, said):
    assert ORIGIN_CHECKS[program].tried
    assert said in lines_of(program, PAGE)


# -- proxies


MENDED = {
    "nginx": (
        'if ($http_origin != "http://app.example") { return 403; } proxy_http_version 1.1; '
        'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";'
    ),
    "haproxy": "f: http-request deny if { path /chat } !{ req.hdr(origin) -m str http://app.example }",
    "apache": (
        "RewriteEngine On\nRewriteCond %{HTTP:Origin} !=http://app.example\nRewriteRule ^/chat - [F]\n"
        "ProxyPass / http://127.0.0.1:APP/ upgrade=websocket"
    ),
    "caddy": (
        "handle /chat* {\n@foreign not header Origin http://app.example\nrespond @foreign 403\n"
        "reverse_proxy 127.0.0.1:APP\n}"
    ),
    "varnish": (
        'sub vcl_recv { if (req.url ~ "^/chat" && req.http.origin != "http://app.example") '
        '{ return (synth(403)); } if (req.http.upgrade ~ "(?i)websocket") { return (pipe); } }\n'
        "sub vcl_pipe { if (req.http.upgrade) { set bereq.http.upgrade = req.http.upgrade; "
        "set bereq.http.connection = req.http.connection; } }"
    ),
    "lighttpd": (
        '$HTTP["url"] =~ "^/chat" { $REQUEST_HEADER["Origin"] != "http://app.example" '
        '{ url.access-deny = ("") } }\nproxy.header = ("upgrade" => "enable")'
    ),
}
"""The lines of ``mending("origin", ...)`` in a whole configuration."""


def quoted(proxy):
    """The lines about Origin in the configuration of *proxy*."""
    lines = re.split(r"\n| (?=proxy_http_version)|(?<=\}) (?=if )", MENDED[proxy])
    return [line for line in lines if re.search("(?i)origin", line)]


@pytest.mark.parametrize("proxy", MENDED)
def test_the_lines_of_a_proxy_mend_it(proxy, audit):
    said = LineValues("/chat", part=PAGE).fill(table()["origin"][proxy])
    for line in quoted(proxy):
        inner = re.sub(r'^f: |^\$HTTP\["url"\] =~ "\^/chat" \{ | \}$', "", line)
        assert inner in said, (inner, said)
    chain = Chain({"chain": f"{proxy}>app", "fault": "mended", "config": MENDED[proxy]})
    with open_folder() as folder, websockets_session(None) as app:
        files(folder)
        with listening(proxy, needs(PROGRAMS[proxy]), [chain], {"app": app, "DEAD": 1}, folder) as ports:
            told = with_session(audit, ports[chain.name])
        assert with_session(audit, app).about_origin == {"any-origin"}
    assert told.about_origin == set()
    assert not ABOUT_ORIGIN & set(told.untested)
    assert {"base", "again"} <= set(told.names)


REDIRECTS = {
    "haproxy": "f: http-request redirect scheme https unless { ssl_fc }",
    "apache": "RewriteEngine On\nRewriteRule ^ https://%{HTTP_HOST}%{REQUEST_URI} [R=301,L]",
    "lighttpd": (
        '$HTTP["scheme"] == "http" { url.redirect = ("" => "https://${url.authority}${url.path}${qsa}") }'
    ),
}


@pytest.mark.parametrize("proxy", REDIRECTS)
def test_a_proxy_redirects_what_is_in_clear(proxy, upstream, audit):
    for line in REDIRECTS[proxy].removeprefix("f: ").splitlines():
        assert line in table()["clear"][proxy]
    chain = Chain({"chain": f"{proxy}>app", "fault": "mended", "config": REDIRECTS[proxy]})
    with open_folder() as folder:
        files(folder)
        found = {"app": upstream, "DEAD": 1}
        with listening(proxy, needs(PROGRAMS[proxy]), [chain], found, folder) as ports:
            told = audit(f"ws://{HOST}:{ports[chain.name]}/chat")
    base = told.value["changes"][0]["report"]
    location = dict((name.lower(), value) for name, value in base["response"]["headers"])["location"]
    assert location == f"https://{HOST}:{ports[chain.name]}/chat"


@pytest.mark.parametrize("proxy", ["nginx", "haproxy"])
def test_a_proxy_leaves_versions_out(proxy, audit):
    config = {
        "nginx": "server_tokens off; proxy_hide_header X-Powered-By; " + MENDED["nginx"],
        "haproxy": "b: http-response del-header server\nb: http-response del-header x-powered-by",
    }[proxy]
    chain = Chain({"chain": f"{proxy}>app", "fault": "mended", "config": config})
    with open_folder() as folder, websockets_session(None) as app:
        files(folder)
        assert "version-disclosed" in with_session(audit, app).found
        with listening(proxy, needs(PROGRAMS[proxy]), [chain], {"app": app, "DEAD": 1}, folder) as ports:
            told = with_session(audit, ports[chain.name])
    assert "version-disclosed" not in told.found
    assert "base" in told.names


# -- TLS, and what is in clear


@pytest.fixture
def public():
    """A server that opens for everybody."""
    application = Starlette(routes=[WebSocketRoute("/chat", echo)])
    with uvicorn_server("websockets-sansio", application) as port:
        yield port


@contextmanager
def tls(app, folder, *, beside, tokens="", burst=5):
    """nginx with TLS before *app*, and a port beside it that does as *beside* says; options that lead there."""

    values = {"config": "nginx-audited.conf", "shared": folder, "app": app, "tokens": tokens, "burst": burst}
    beside = beside.format(host=HOST, app=app)
    with started(NGINX, values["config"], ports=2, beside=beside, **values) as (secure, clear):
        yield (
            *("--connect-to", f"app.example:443:{HOST}:{secure}"),
            *("--connect-to", f"app.example:80:{HOST}:{clear}"),
        )


@pytest.fixture
def folder():
    with open_folder() as made:
        files(made)
        yield made


URL = "wss://app.example/chat"


def test_in_clear_beside_tls_and_a_certificate_that_nobody_trusts(public, folder, audit):
    with tls(public, folder, beside="proxy_pass http://{host}:{app};") as words:
        told = audit(URL, "-k", "-b", SESSION, *words)
        assert set(told.found) >= {"clear-text", "certificate-refused"}
        assert told.found["clear-text"]["because"] == ["clear-beside"]
        assert "ws://app.example/chat" in told.found["clear-text"]["sent"]
        clear = next(each["report"] for each in told.value["changes"] if each["change"] == "clear-beside")
        assert not {"cookie", "authorization"} & {name.lower() for name, _ in clear["request"]["headers"]}
        assert told.untested["any-origin"].startswith("it opens without the credentials too")
        refused = audit(URL, "-b", SESSION, *words)
        assert (refused.status, list(refused.found)) == (5, ["certificate-refused"])
        assert refused.names == ["base"]


def test_a_redirect_in_clear_is_the_mend(public, folder, audit):
    mend = "return 301 https://$host$request_uri;"
    assert mend in mending("clear", ("nginx",))
    with tls(public, folder, beside=mend, tokens="server_tokens off;") as words:
        told = audit(URL, "-k", *words)
    assert "server_tokens off;" in mending("versions", ("nginx",))
    assert set(told.found) == {"certificate-refused"}
    assert "clear-text" not in told.untested
    assert {"clear", "clear-beside"} <= set(told.names)


def test_in_clear_on_a_port_that_was_named(public, folder, audit):
    with tls(public, folder, beside="proxy_pass http://{host}:{app};") as words:
        secure, beside = (each.rpartition(":")[2] for each in words[1::2])
        told = audit(f"wss://{HOST}:{secure}/chat", "-k")
        assert told.untested["clear-text"].startswith("only the TLS port was tested: ")
        told = audit(f"wss://{HOST}:{secure}/chat", "-k", "--clear-port", beside)
    assert told.found["clear-text"]["text"] == f"Port {beside} opens a session without TLS."


def test_a_token_in_the_url_and_cookies_that_nginx_sets(public, folder, audit):
    with tls(public, folder, beside="return 404;") as words:
        told = audit("wss://app.example/token?access_token=s3cretOfTheUrl", "-k", *words)
        assert "token-in-url" in told.found
        assert "s3cretOfTheUrl" not in json.dumps(told.value)
        told = audit("wss://app.example/sets", "-k", *words)
        assert set(told.found) >= {"cookie-without-secure", "cookie-without-samesite", "version-disclosed"}
        assert "id" in told.found["cookie-without-secure"]["text"].split(": ")[1]
        assert "ok" not in told.found["cookie-without-secure"]["text"].split(": ")[1]


@pytest.mark.parametrize("burst", [1, 2, 4, 6])
def test_a_limit_shows_nothing_wherever_it_begins(burst, folder, audit):
    """It answers 403, as a server does that refuses an Origin."""
    with websockets_session(None) as app, tls(app, folder, beside="return 404;", burst=burst) as words:
        told = audit("wss://app.example/limited", "-k", "-b", SESSION, *words)
    assert not told.about_origin
    assert set(told.found) <= {"certificate-refused", "version-disclosed"}


def test_a_server_that_refuses_everybody(upstream, audit):
    with nginx_server(upstream) as nginx:
        told = audit(f"ws://{HOST}:{nginx.port}/denied", "-b", SESSION)
        assert (told.status, set(told.found), told.names) == (12, {"version-disclosed"}, ["base", "origin"])
        told = audit(f"ws://{HOST}:{nginx.port}/locked", "-b", SESSION)
        assert (told.status, set(told.found)) == (11, {"version-disclosed"})
