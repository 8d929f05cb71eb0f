"""``wsprobe trace`` at real chains: what it concludes first is right, or leaves it open."""

from __future__ import annotations

import json
from contextlib import ExitStack

import pytest

from tests.peers.chain import (
    NAME,
    PROGRAMS,
    PROXIES,
    app_of,
    files,
    listening,
    places,
    proxy_of,
    secure,
)
from tests.peers.conftest import needs
from tests.peers.node import installed
from tests.peers.place import HOST, open_folder
from tests.trace.chains import Chain, chains
from tests.trace.test_chains import right
from wsprobe.cli.main import run
from wsprobe.trace.series import TRACE

pytestmark = [pytest.mark.programs, pytest.mark.chains]

MEASURED = [chain for chain in chains() if proxy_of(chain) in PROXIES]


def made(chain, fault, config, outside, past, **request):
    """A chain that was not measured before: what is right, from outside and past the proxy, is told by ids."""
    value = {"chain": chain, "fault": fault, "config": config, "request": request}
    return Chain({**value, "outside": outside, "past": past})


NGINX = (
    'proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade"; '
    "proxy_set_header Host $http_host;"
)
ENABLE = 'proxy.header = ("upgrade" => "enable")'
LONG = "session=" + "x" * 9000
OPEN_LOSS = "upgrade-lost-or-elsewhere"
MADE = [
    made("lighttpd>websockets", "upgrade-not-passed", "", "upgrade-lost", "upgrade-lost"),
    made("lighttpd>ws", "upgrade-not-passed", "", OPEN_LOSS, "upgrade-lost"),
    made("lighttpd>starlette", "upgrade-not-passed", "", OPEN_LOSS, "upgrade-lost"),
    made("lighttpd>ws", "backend-down", ENABLE, "backend-down", "backend-down"),
    made("lighttpd>starlette", "right", ENABLE, "opens", "opens"),
    made("nginx>ws", "cookie-too-large", NGINX, "header-too-large", "header-too-large", cookie=LONG),
    made(
        "apache>ws",
        "cookie-too-large",
        "ProxyPass / http://127.0.0.1:APP/ upgrade=websocket",
        "header-too-large",
        "header-too-large",
        cookie=LONG,
    ),
    made(
        "nginx>starlette",
        "accept-dropped",
        f"{NGINX} proxy_hide_header Sec-WebSocket-Accept;",
        "accept-lost",
        "accept-lost",
    ),
    made(
        "apache>ws",
        "connection-compared",
        "RewriteEngine On\nRewriteCond %{HTTP:Upgrade} =websocket [NC]\n"
        "RewriteCond %{HTTP:Connection} =Upgrade [NC]\nRewriteRule ^/(.*) ws://127.0.0.1:APP/$1 [P,L]\n"
        "ProxyPass / http://127.0.0.1:APP/",
        "connection-compared",
        "connection-compared",
    ),
    made(
        "nginx>ws",
        "query-acl",
        f"if ($args) {{ return 403; }} location / {{ proxy_pass http://127.0.0.1:APP; {NGINX} }}",
        "query-refused",
        "query-refused",
        query="token=a",
    ),
    made(
        "nginx>ws",
        "one-of-two",
        f"location / {{ proxy_pass http://uPORT; {NGINX} }}",
        "one-of-several",
        "one-of-several",
    ),
    made("nginx>ws", "limit-503", f"limit_req zone=zPORT; {NGINX}", "rate-limited", "rate-limited"),
    made(
        "nginx>websockets",
        "slash-redirect",
        f"location /chat/ {{ proxy_pass http://127.0.0.1:APP; {NGINX} }}",
        "redirected",
        "redirected",
    ),
    made("caddy>ws", "login", "redir /chat /login 302", "redirected", "redirected"),
    made(
        "nginx>websockets+origins",
        "origin-rewritten",
        f"{NGINX} proxy_set_header Origin http://internal.example;",
        "origin-changed",
        "origin-changed",
    ),
    made(
        "nginx>ws",
        "version-dropped",
        f'{NGINX} proxy_set_header Sec-WebSocket-Version "";',
        "version-lost",
        "version-lost",
    ),
    made(
        "nginx>starlette",
        "version-dropped",
        f'{NGINX} proxy_set_header Sec-WebSocket-Version "";',
        "version-lost",
        "version-lost",
    ),
    made(
        "nginx>websockets",
        "version-dropped",
        f'{NGINX} proxy_set_header Sec-WebSocket-Version "";',
        "version-lost",
        "version-lost",
    ),
    made(
        "haproxy>starlette",
        "version-changed",
        "f: http-request set-header Sec-WebSocket-Version 12",
        "version-lost",
        "version-lost",
    ),
    made(
        "caddy>ws",
        "upgrade-acl",
        "@up header Upgrade *\nrespond @up 403\nreverse_proxy 127.0.0.1:APP",
        *["upgrade-refused"] * 2,
    ),
    made(
        "nginx>websockets",
        "connection-not-passed",
        "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade;",
        "upgrade-lost",
        "upgrade-lost",
    ),
    made(
        "nginx>ws",
        "connection-not-passed",
        "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade;",
        OPEN_LOSS,
        "upgrade-lost",
    ),
    made(
        "haproxy>ws",
        "tarpit",
        "f: timeout tarpit 500ms\nf: http-request tarpit",
        "server-error",
        "server-error",
    ),
    made(
        "haproxy>ws",
        "cookie-acl",
        "f: http-request deny if { req.hdr(cookie) -m found }",
        "cookie-refused",
        "cookie-refused",
        cookie="a=b",
    ),
    made(
        "varnish>starlette+hosts",
        "host-rewritten",
        'sub vcl_recv { set req.http.host = "internal"; return (pipe); }\n'
        "sub vcl_pipe { if (req.http.upgrade) { set bereq.http.upgrade = req.http.upgrade; "
        "set bereq.http.connection = req.http.connection; } }",
        "host-refused",
        "host-refused",
    ),
    made(
        "nginx>websockets",
        "deny-all",
        f"deny all; {NGINX}",
        "refused-to-all blocked-by-rule",
        "blocked-by-rule",
    ),
    made(
        "nginx>ws",
        "method-acl",
        f"limit_except POST {{ deny all; }} {NGINX}",
        "refused-to-all blocked-by-rule method-refused",
        "blocked-by-rule method-refused",
    ),
    made("nginx>ws", "upgrade-acl", f"if ($http_upgrade) {{ return 403; }} {NGINX}", *["upgrade-refused"] * 2),
    made(
        "apache>starlette",
        "wss-to-plain",
        "SSLProxyEngine on\nProxyPass / wss://127.0.0.1:APP/",
        *["server-error backend-down handshake-fails"] * 2,
    ),
    made("caddy>starlette", "right", "reverse_proxy 127.0.0.1:APP", "opens", "opens"),
    made(
        "varnish>ws",
        "wrong-path",
        'sub vcl_recv { if (req.http.upgrade) { set req.url = "/other"; return (pipe); } }\n'
        "sub vcl_pipe { if (req.http.upgrade) { set bereq.http.upgrade = req.http.upgrade; "
        "set bereq.http.connection = req.http.connection; } }",
        "handshake-refused",
        "request-changed",
    ),
]
LIVE = [*MEASURED, *MADE]
CASES = [
    pytest.param(chain, direct, id=f"{chain.name}-{'direct' if direct else 'outside'}")
    for chain in LIVE
    for direct in (False, True)
    # To hold a session past the proxy as well takes its time: two proxies show it.
    if not (direct and chain.value["fault"] == "idle-timeout" and proxy_of(chain) not in ("nginx", "haproxy"))
]


@pytest.fixture(scope="module")
def folder():
    with open_folder() as own:
        files(own)
        yield own


@pytest.fixture(scope="module")
def found(folder, pytestconfig):
    """The applications, and what else a proxy may lead to."""
    node, npm = needs("node"), needs("npm")
    packages = installed(npm, pytestconfig.cache.mkdir("ws"))
    kinds = dict.fromkeys(map(app_of, LIVE))
    with places(node, packages, tuple(kinds), folder) as ports:
        yield ports


@pytest.fixture(scope="module")
def before(found, folder):
    """Name of a proxy -> name of a chain -> port; a proxy is started when it is first asked for."""
    started = {}
    with ExitStack() as stack:

        def start(proxy):
            if proxy not in started:
                own = [chain for chain in LIVE if proxy_of(chain) == proxy]
                program = needs(PROGRAMS[proxy])
                started[proxy] = stack.enter_context(listening(proxy, program, own, found, folder))
            return started[proxy]

        yield start


def traced(chain, port, backend, capfd):
    """What ``wsprobe trace --json`` says of *chain*."""
    asked = chain.asked
    scheme = "wss" if secure(chain) else "ws"
    words = ["--json", "--pause", "0", "--linger", "0.05", "-m", "3", "--resolve", f"{NAME}:{port}:{HOST}"]
    words += ["--hold", "1.5" if chain.value["fault"] == "idle-timeout" else "0.1"]
    words += ["--insecure"] if secure(chain) else []
    words += ["--protocol", asked["protocol"]] if "protocol" in asked else []
    words += ["--cookie", asked["cookie"]] if "cookie" in asked else []
    words += [] if backend is None else ["--backend", f"{HOST}:{backend}"]
    if chain.value["fault"] == "second-address-dead":
        words[words.index("--resolve") + 1] += ",::1"
        words.append("--each-address")
    query = f"?{asked['query']}" if "query" in asked else ""
    status = run(["trace", *words, f"{scheme}://{NAME}:{port}{asked.get('path', '/chat')}{query}"])
    told = json.loads(capfd.readouterr().out)
    assert status == told["changes"][0]["report"]["exit_status"]
    return told


@pytest.mark.parametrize(("chain", "direct"), CASES)
def test_the_first_conclusion(chain, direct, before, found, capfd):
    port = before(proxy_of(chain))[chain.name]
    told = traced(chain, port, found[app_of(chain)] if direct else None, capfd)
    first = told["conclusions"][0]
    names = [each["change"] for each in told["changes"]]
    assert len(names) <= TRACE.most
    assert set(first["because"]) <= set(names)
    ids = chain.value.get("past" if direct else "outside")
    expected = set(right(chain, direct=direct) if ids is None else ids.split())
    if chain.value["fault"] == "h2-only":
        expected = {"http2-only"}  # in what was written down it is one of several causes
    if direct and first["id"] == "idle-timeout":
        assert "backend-held" in names
    assert first["id"] in expected | OPEN, (
        first,
        {each["change"]: each["report"]["outcome"] for each in told["changes"]},
    )


OPEN = frozenset({"upgrade-lost-or-elsewhere", "unavailable"})
"""What leaves open which of several causes it is."""
