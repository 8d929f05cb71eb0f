"""Real proxies before real applications, each chain with the one fault that it was measured with (tests/trace).

The faulty lines are those of tests/trace/chains.jsonl; what stands around them is written here: a process for a
proxy with a listener for each chain, or one a chain where a proxy has one configuration for all.
"""

import os
import re
import shlex
from contextlib import ExitStack, contextmanager, suppress
from email.utils import formatdate
from http import HTTPStatus

import trustme
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import WebSocketRoute
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve
from websockets.typing import Subprotocol

from tests import served
from tests.peers.node import kinds_of
from tests.peers.place import HOST, in_thread, nobody, started
from tests.peers.proxies import as_whom, loaded
from tests.peers.python_servers import echo, uvicorn_server
from tests.served import Server
from tests.trace.chains import Chain

NAME = "app.example"
PROXIES = {
    "nginx": "nginx -p {folder} -c {folder}/chain-nginx.conf -e {folder}/error.log",
    "haproxy": "haproxy -db -f {folder}/chain-haproxy.cfg",
    "apache": "apache2 -f {folder}/chain-apache.conf -DFOREGROUND",
    "caddy": "env HOME={folder} XDG_CONFIG_HOME={folder} XDG_DATA_HOME={folder} caddy run "
    "--config {folder}/chain-Caddyfile --adapter caddyfile",
    "varnish": "varnishd -F -a {host}:{port} -f {folder}/chain-varnish.vcl -n {folder}/work -s malloc,8m "
    "-T none -p thread_pools=1",
    "lighttpd": "lighttpd -D -f {folder}/chain-lighttpd.conf",
    "nghttpx": "nghttpx --conf=/dev/null --workers=1 --no-ocsp {sites}",
    "stunnel": "stunnel4 {folder}/chain-stunnel.conf",
}
"""What starts each; the file that its command names is in servers/."""
ALONE = ("varnish", "lighttpd", "nghttpx")
"""Those that have one site."""
KINDS_OF_WS = ("ws", "ws@api", "ws+origin", "ws+protocol")


@contextmanager
def websockets_app(kind):
    """The package ``websockets``, which checks path and, by its kind, cookie, Origin or subprotocol."""
    path = "/api/chat" if kind.endswith("@api") else "/chat"

    def admit(connection, request):
        if kind.endswith("+cookie") and "Cookie" not in request.headers:
            return connection.respond(HTTPStatus.FORBIDDEN, "no session\n")
        if request.path.partition("?")[0] != path:
            return connection.respond(HTTPStatus.NOT_FOUND, "no such path\n")
        return None

    def handle(connection):
        with suppress(ConnectionClosed):
            for message in connection:
                connection.send(message)

    origins = [re.compile(rf"https?://{NAME}:\d+")] if kind.endswith("+origins") else None
    subprotocols = [Subprotocol("chat")] if kind.endswith("+subprotocols") else None
    server = serve(
        handle, HOST, 0, process_request=admit, origins=origins, subprotocols=subprotocols, open_timeout=2
    )
    with in_thread(server):
        yield server.socket.getsockname()[1]


@contextmanager
def starlette_app(kind, certificate=None):
    """Starlette on uvicorn; *certificate*: it speaks TLS."""
    path = "/api/chat" if kind.endswith("@api") else "/chat"
    hosts = [Middleware(TrustedHostMiddleware, allowed_hosts=[NAME])] if kind.endswith("+hosts") else []
    application = Starlette(routes=[WebSocketRoute(path, echo)], middleware=hosts)
    with uvicorn_server("websockets-sansio", application, certificate) as port:
        yield port


class Admin(Server):
    """A program that has nothing to do with sockets."""

    def answer(self, request, stream):
        fields = ("Server: admin", f"Date: {formatdate(usegmt=True)}")
        stream.sendall(served.page(b"<h1>admin: not found</h1>", status="404 Not Found", more=fields))
        return True


@contextmanager
def places(packages, kinds, folder):
    """Word of a configuration (DEAD, OTHER, TLSAPP) or kind of an application -> port."""
    with ExitStack() as stack:
        found = stack.enter_context(kinds_of(packages, "ws-chain.js", KINDS_OF_WS))
        for kind in kinds:
            if kind.startswith("websockets"):
                found[kind] = stack.enter_context(websockets_app(kind))
            elif kind.startswith("starlette"):
                found[kind] = stack.enter_context(starlette_app(kind))
        found["TLSAPP"] = stack.enter_context(starlette_app("starlette", folder / "both.pem"))
        found["OTHER"] = stack.enter_context(Admin()).port
        found["DEAD"] = stack.enter_context(nobody())
        yield found


def files(folder):
    """What configurations refer to: a certificate with its key, a page, a password."""
    authority = trustme.CA()
    issued = authority.issue_cert(NAME)
    whole = issued.private_key_and_cert_chain_pem.bytes()
    (folder / "both.pem").write_bytes(whole)
    os.chmod(folder / "both.pem", 0o644)
    (folder / "www").mkdir()
    (folder / "www" / "index.html").write_text("<!doctype html><title>app</title>page")
    (folder / "htp").write_text("someone:{PLAIN}sesame\n")


def app_of(chain):
    """The kind of the application behind the last proxy."""
    return str(chain.value["chain"]).rpartition(">")[2]


def proxy_of(chain):
    return str(chain.value["chain"]).partition(">")[0]


def upstream_of(chain, found):
    """The port behind the first proxy: the application's, or that of a second proxy."""
    return found.get(f"behind {chain.name}") or found[app_of(chain)]


def inner(chain):
    """The second proxy of *chain* (nginx) with what is behind it."""
    _, _, config = str(chain.value["config"]).partition("inner nginx: ")
    return Chain({**chain.value, "chain": f"nginx>{app_of(chain)}", "config": config, "request": {}})


def lines_of(chain, found, folder):
    """The faulty lines, with ports and files of this machine; time-outs of two seconds are shortened to one."""
    text = str(chain.value["config"]).partition("\ninner nginx: ")[0].removeprefix("outer: ")
    text = "" if text.startswith("(") else text
    text = text.replace("/etc/lab", str(folder))
    text = re.sub(r"\b(DEAD|OTHER|TLSAPP)\b", lambda word: str(found[word[1]]), text)
    text = re.sub(r"\bAPP\b", str(upstream_of(chain, found)), text)
    text = re.sub(r"\b(timeout tunnel|proxy_read_timeout|read_timeout) 2s", r"\1 1s", text)
    return re.sub(r"^Timeout 2$", "Timeout 1", re.sub(r"TIMEOUTidle = 2", "TIMEOUTidle = 1", text), flags=re.M)


@contextmanager
def listening(proxy, chains, found, folder):
    """Name of a chain -> the port on which *proxy* stands before its application."""
    line = PROXIES[proxy]
    values = {"shared": folder, "modules": loaded(), "user": as_whom()}
    with ExitStack() as stack:
        ports = {}
        double = [chain for chain in chains if chain.value["chain"].count(">") == 2]
        if double:
            second = [inner(chain) for chain in double]
            behind = stack.enter_context(listening("nginx", second, found, folder))
            found = found | {
                f"behind {each.name}": behind[own.name] for each, own in zip(double, second, strict=True)
            }
        for group in [[chain] for chain in chains] if proxy in ALONE else [chains]:

            def sites(numbers, group=group):
                each = zip(group, numbers, strict=True)
                return "\n".join(SITES[proxy](Site(chain, port, found, folder)) for chain, port in each)

            numbers = stack.enter_context(
                started(line, *re.findall(r"chain-\S+", line), ports=len(group), sites=sites, **values)
            )
            ports |= {chain.name: port for chain, port in zip(group, numbers, strict=True)}
        yield ports


def secure(chain):
    return bool(chain.asked.get("tls"))


class Site:
    """One chain at a port of a proxy."""

    def __init__(self, chain, port, found, folder):
        self.port = port
        self.at = f"{HOST}:{port}"
        self.lines = lines_of(chain, found, folder)
        self.tls = f"{folder}/both.pem" if secure(chain) else ""
        self.upstream = upstream_of(chain, found)
        self.dead = chain.value["fault"] == "backend-down"
        self.found = found
        self.folder = folder


def nginx(site):
    lines = site.lines.replace("zPORT", f"z{site.port}").replace("uPORT", f"u{site.port}")
    made = []
    if f"u{site.port}" in lines:
        servers = " ".join(f"server {HOST}:{port};" for port in (site.upstream, site.found["OTHER"]))
        made.append(f"upstream u{site.port} {{ {servers} }}")
    if "limit_req" in lines:
        made.append(f"limit_req_zone $binary_remote_addr zone=z{site.port}:1m rate=1r/m;")
    tls = f" ssl; ssl_certificate {site.tls}; ssl_certificate_key {site.tls}" if site.tls else ""
    if "location" not in lines:
        lines = f"location / {{ proxy_pass http://{HOST}:{site.upstream}; {lines} }}"
    return "\n".join([*made, f"server {{ listen {site.at}{tls}; {lines} }}"])


def haproxy(site):
    given = {"f": [], "b": [], "s": [], "bind": []}
    for line in site.lines.splitlines():
        kind, _, rest = line.partition(": ")
        given[kind].append(rest)
    front = [f"bind {site.at} {' '.join(given['bind'])}", *given["f"], f"default_backend b{site.port}"]
    back = [*given["b"], *(given["s"] or [f"server a {HOST}:{site.upstream}"])]
    return (
        "\n    ".join([f"frontend f{site.port}", *front])
        + "\n"
        + "\n    ".join([f"backend b{site.port}", *back])
    )


def apache(site):
    tls = f"SSLEngine on\nSSLCertificateFile {site.tls}" if site.tls else ""
    lines = re.sub(
        r"(?m)^(ProxyPass \S+ \S+.*)$", r"\1 retry=0" if "DEAD" not in site.lines else r"\1", site.lines
    )
    return f"Listen {site.at}\n<VirtualHost {site.at}>\n{tls}\n{lines}\n</VirtualHost>"


def caddy(site):
    scheme, tls = ("https", f"tls {site.tls} {site.tls}\n") if site.tls else ("http", "")
    return f"{scheme}://:{site.port} {{\nbind {HOST}\n{tls}{site.lines}\n}}"


def varnish(site):
    port = site.found["DEAD"] if site.dead else site.upstream
    return f'backend default {{ .host = "{HOST}"; .port = "{port}"; }}\n{site.lines}'


def lighttpd(site):
    port = site.found["DEAD"] if site.dead else site.upstream
    return f'proxy.server = ("" => (("host" => "{HOST}", "port" => {port})))\n{site.lines}'


def nghttpx(site):
    """Its options."""
    frontend = f"--frontend={HOST},{site.port}{'' if site.tls else ';no-tls'}"
    given = site.lines.replace("=2s", "=1s").splitlines()
    return shlex.join([frontend, *given, *([site.tls] * 2 if site.tls else [])])


def stunnel(site):
    return f"[s{site.port}]\naccept = {site.at}\ncert = {site.folder}/both.pem\n{site.lines}"


SITES = {
    "nginx": nginx,
    "haproxy": haproxy,
    "apache": apache,
    "caddy": caddy,
    "varnish": varnish,
    "lighttpd": lighttpd,
    "nghttpx": nghttpx,
    "stunnel": stunnel,
}
"""What makes the lines of a configuration for a site."""
