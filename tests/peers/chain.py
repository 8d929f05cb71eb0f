"""Real proxies before real applications, each chain with the one fault that it was measured with (tests/trace).

The faulty lines are those of tests/trace/chains.jsonl; what stands around them is written here: a process for a
proxy with a listener for each chain, or one a chain where a proxy has one configuration for all.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import trustme
from msgspec import Struct
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import WebSocketRoute
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve
from websockets.typing import Subprotocol

from tests.peers.node import kinds_of
from tests.peers.place import HOST, in_thread, needs, nobody, open_folder, running
from tests.peers.proxies import loaded
from tests.peers.python_servers import echo, uvicorn_server
from tests.trace.chains import Chain

NAME = "app.example"
PROXIES = ("nginx", "haproxy", "apache", "caddy", "varnish", "lighttpd", "nghttpx", "stunnel")
PROGRAMS = {
    "nginx": "nginx",
    "haproxy": "haproxy",
    "apache": "apache2",
    "caddy": "caddy",
    "varnish": "varnishd",
    "lighttpd": "lighttpd",
    "nghttpx": "nghttpx",
    "stunnel": "stunnel4",
}

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


class Admin(BaseHTTPRequestHandler):
    """A program that has nothing to do with sockets."""

    protocol_version = "HTTP/1.1"
    server_version = "admin"
    sys_version = ""

    def do_GET(self):
        body = b"<h1>admin: not found</h1>"
        self.send_response(404)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *arguments):
        return


class AdminServer(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """Nothing is said of a client that resets its connection, which a proxy may do."""


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
        found["OTHER"] = stack.enter_context(in_thread(AdminServer((HOST, 0), Admin))).server_address[1]
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


class Proxy(Struct, frozen=True):
    """What a proxy is started with, but for its ports."""

    program: str
    chains: Sequence[Chain]
    text: Sequence[str]
    """The lines of each chain."""
    found: Mapping[str, int]
    """Name of an application, or of what is behind a chain -> its port."""
    own: Path
    """A folder for its files."""
    folder: Path
    """The folder that all share."""

    def sites(self, ports):
        """Each chain with its lines and its port."""
        return zip(self.chains, self.text, ports, strict=True)


@contextmanager
def listening(proxy, program, chains, found, folder):
    """Name of a chain -> the port on which *proxy* stands before its application."""
    with ExitStack() as stack:
        ports = {}
        double = [chain for chain in chains if chain.value["chain"].count(">") == 2]
        if double:
            second = [inner(chain) for chain in double]
            behind = stack.enter_context(listening("nginx", needs("nginx"), second, found, folder))
            found = found | {
                f"behind {each.name}": behind[own.name] for each, own in zip(double, second, strict=True)
            }
        groups = (
            [[chain] for chain in chains] if proxy in ("varnish", "lighttpd", "nghttpx") else [list(chains)]
        )
        for group in groups:
            own = stack.enter_context(open_folder())
            text = [lines_of(chain, found, folder) for chain in group]
            command = partial(COMMANDS[proxy], Proxy(program, group, text, found, own, folder))
            numbers = stack.enter_context(running(command, own, ports=len(group)))
            ports |= {chain.name: port for chain, port in zip(group, numbers, strict=True)}
        yield ports


def secure(chain):
    return bool(chain.asked.get("tls"))


def nginx(of, ports):
    servers, zones = [], []
    for chain, lines, port in of.sites(ports):
        lines = lines.replace("zPORT", f"z{port}")
        if "uPORT" in lines:
            lines = lines.replace("uPORT", f"u{port}")
            zones.append(
                f"upstream u{port} {{ server {HOST}:{upstream_of(chain, of.found)}; server "
                f"{HOST}:{of.found['OTHER']}; }}"
            )
        if "limit_req" in lines:
            zones.append(f"limit_req_zone $binary_remote_addr zone=z{port}:1m rate=1r/m;")
        inner = f"location / {{ proxy_pass http://{HOST}:{upstream_of(chain, of.found)}; {lines} }}"
        tls = (
            f"ssl_certificate {of.folder}/both.pem; ssl_certificate_key {of.folder}/both.pem;"
            if secure(chain)
            else ""
        )
        listen = f"listen {HOST}:{port}{' ssl' if secure(chain) else ''};"
        servers.append(f"server {{ {listen} {tls} {lines if 'location' in lines else inner} }}")
    temporary = " ".join(f"{each}_temp_path {of.own}/{each};" for each in ("proxy", "fastcgi", "uwsgi", "scgi"))
    (of.own / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {of.own}/pid; error_log {of.own}/error.log;\n"
        "events { worker_connections 512; }\n"
        f"http {{ access_log off; client_body_temp_path {of.own}/body; {temporary} default_type text/html;\n"
        + "\n".join([*zones, *servers])
        + "\n}\n"
    )
    return [of.program, "-p", str(of.own), "-c", str(of.own / "nginx.conf"), "-e", str(of.own / "error.log")]


def haproxy(of, ports):
    made = [
        "global\n    maxconn 512",
        "defaults\n    mode http\n    timeout connect 2s\n    timeout client 10s\n    timeout server 10s\n"
        "    timeout tunnel 10s\n    retries 0",
    ]
    for number, (chain, lines, port) in enumerate(of.sites(ports)):
        given = {"f": [], "b": [], "s": [], "bind": []}
        for line in lines.splitlines():
            kind, _, rest = line.partition(": ")
            given[kind].append(rest)
        server = given["s"] or [f"server a {HOST}:{upstream_of(chain, of.found)}"]
        bind = " ".join(given["bind"])
        made.append(f"frontend f{number}\n    bind {HOST}:{port} {bind}")
        made += [f"    {line}" for line in (*given["f"], f"default_backend b{number}")]
        made.append(f"backend b{number}")
        made += [f"    {line}" for line in (*given["b"], *server)]
    (of.own / "haproxy.cfg").write_text("\n".join(made) + "\n")
    return [of.program, "-db", "-f", str(of.own / "haproxy.cfg")]


APACHE_MODULES = (
    *("mpm_event", "authn_core", "authn_file", "auth_basic", "authz_core", "authz_host", "authz_user"),
    *("headers", "proxy", "proxy_http", "proxy_wstunnel", "rewrite", "ssl", "socache_shmcb", "http2"),
)


def apache(of, ports):
    hosts = []
    for chain, lines, port in of.sites(ports):
        tls = f"SSLEngine on\nSSLCertificateFile {of.folder}/both.pem" if secure(chain) else ""
        lines = re.sub(r"(?m)^(ProxyPass \S+ \S+.*)$", r"\1 retry=0" if "DEAD" not in lines else r"\1", lines)
        hosts.append(f"Listen {HOST}:{port}\n<VirtualHost {HOST}:{port}>\n{tls}\n{lines}\n</VirtualHost>")
    user = "User nobody\nGroup nogroup" if os.geteuid() == 0 else ""
    (of.own / "httpd.conf").write_text(
        f"ServerRoot {of.own}\nPidFile {of.own}/pid\nServerName localhost\n{loaded(APACHE_MODULES)}\n{user}\n"
        "StartServers 1\nServerLimit 2\nThreadsPerChild 32\nMaxRequestWorkers 64\nErrorLog "
        f"{of.own}/error.log\nDefaultRuntimeDir {of.own}\n" + "\n".join(hosts) + "\n"
    )
    return [of.program, "-f", str(of.own / "httpd.conf"), "-DFOREGROUND"]


def caddy(of, ports):
    sites = ["{\n admin off\n auto_https off\n}"]
    for chain, lines, port in of.sites(ports):
        tls = f"tls {of.folder}/both.pem {of.folder}/both.pem\n" if secure(chain) else ""
        scheme = "https" if secure(chain) else "http"
        sites.append(f"{scheme}://:{port} {{\nbind {HOST}\n{tls}{lines}\n}}")
    (of.own / "Caddyfile").write_text("\n".join(sites) + "\n")
    kept = [f"{each}={of.own}" for each in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")]
    return ["env", *kept, of.program, "run", "--config", str(of.own / "Caddyfile"), "--adapter", "caddyfile"]


def varnish(of, ports):
    ((chain, lines, port),) = of.sites(ports)
    upstream = of.found["DEAD"] if chain.value["fault"] == "backend-down" else upstream_of(chain, of.found)
    (of.own / "default.vcl").write_text(
        f'vcl 4.1;\nbackend default {{ .host = "{HOST}"; .port = "{upstream}"; }}\n{lines}\n'
    )
    where = ["-a", f"{HOST}:{port}", "-f", str(of.own / "default.vcl"), "-n", str(of.own / "work")]
    return [of.program, "-F", *where, "-s", "malloc,8m", "-T", "none", "-p", "thread_pools=1"]


def lighttpd(of, ports):
    ((chain, lines, port),) = of.sites(ports)
    upstream = of.found["DEAD"] if chain.value["fault"] == "backend-down" else upstream_of(chain, of.found)
    (of.own / "lighttpd.conf").write_text(
        f'server.document-root = "{of.folder}/www"\nserver.bind = "{HOST}"\nserver.port = {port}\n'
        'server.modules = ("mod_proxy", "mod_access", "mod_redirect")\n'
        f'proxy.server = ("" => (("host" => "{HOST}", "port" => {upstream})))\n{lines}\n'
    )
    return [of.program, "-D", "-f", str(of.own / "lighttpd.conf")]


def nghttpx(of, ports):
    ((chain, lines, port),) = of.sites(ports)
    tls = [str(of.folder / "both.pem"), str(of.folder / "both.pem")] if secure(chain) else []
    frontend = f"--frontend={HOST},{port}{'' if secure(chain) else ';no-tls'}"
    given = [line.replace("=2s", "=1s") for line in lines.splitlines()]
    return [of.program, "--conf=/dev/null", "--workers=1", "--no-ocsp", frontend, *given, *tls]


def stunnel(of, ports):
    services = [
        f"[s{number}]\naccept = {HOST}:{port}\ncert = {of.folder}/both.pem\n{lines}"
        for number, (_, lines, port) in enumerate(of.sites(ports))
    ]
    (of.own / "stunnel.conf").write_text(f"foreground = yes\npid = {of.own}/pid\n" + "\n".join(services) + "\n")
    return [of.program, str(of.own / "stunnel.conf")]


COMMANDS = {
    "nginx": nginx,
    "haproxy": haproxy,
    "apache": apache,
    "caddy": caddy,
    "varnish": varnish,
    "lighttpd": lighttpd,
    "nghttpx": nghttpx,
    "stunnel": stunnel,
}
