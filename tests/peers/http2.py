"""Real servers that take WebSockets over HTTP/2 (RFC 8441), each with a log of its own: what it saw.

nghttpx, HAProxy, Caddy, Envoy and Traefik stand in front of a server that speaks HTTP/1.1 alone; Node and
hypercorn answer themselves. ``/echo`` opens, ``/close`` closes with 4403, ``/refuse`` is refused.
"""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

from tests.peers.place import HOST, PATIENCE, open_folder, running, until


@dataclass(frozen=True)
class Server:
    port: int
    authority: Path
    log: Path


NGHTTPX = """
frontend={host},{port}
backend={host},{upstream};;
accesslog-file=/dev/stdout
accesslog-format=seen $request $status
workers=1
"""

HAPROXY = """
global
    log stdout format raw local0
defaults
    mode http
    log global
    timeout connect 5s
    timeout client 10s
    timeout server 10s
    timeout tunnel 10s
frontend front
    bind {host}:{port} ssl crt {both} alpn h2,http/1.1
    log-format "seen %HM %HU %HV %ST"
    default_backend chat
backend chat
    server one {host}:{upstream}
"""

CADDY = """
{{
    admin off
    auto_https off
    skip_install_trust
    default_sni localhost
    log {{
        output stdout
        format json
    }}
}}
https://localhost:{port}, https://{host}:{port} {{
    bind {host}
    tls {certificate} {key}
    log
    reverse_proxy {host}:{upstream}
}}
"""

ENVOY = """
static_resources:
  listeners:
  - address: {{socket_address: {{address: {host}, port_value: {port}}}}}
    filter_chains:
    - transport_socket:
        name: envoy.transport_sockets.tls
        typed_config:
          "@type": {types}.transport_sockets.tls.v3.DownstreamTlsContext
          common_tls_context:
            alpn_protocols: [h2, http/1.1]
            tls_certificates:
            - certificate_chain: {{filename: {certificate}}}
              private_key: {{filename: {key}}}
      filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": {types}.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: front
          http2_protocol_options: {{allow_connect: true}}
          upgrade_configs: [{{upgrade_type: websocket}}]
          access_log:
          - name: envoy.access_loggers.stdout
            typed_config:
              "@type": {types}.access_loggers.stream.v3.StdoutAccessLog
              log_format:
                text_format_source:
                  inline_string: "seen %REQ(:METHOD)% %REQ(:PATH)% %PROTOCOL% %RESPONSE_CODE%\\n"
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {{"@type": {types}.filters.http.router.v3.Router}}
          route_config:
            virtual_hosts:
            - {{name: all, domains: ["*"], routes: [{{match: {{prefix: /}}, route: {{cluster: chat}}}}]}}
  clusters:
  - name: chat
    load_assignment:
      cluster_name: chat
      endpoints:
      - lb_endpoints:
        - endpoint: {{address: {{socket_address: {{address: {host}, port_value: {upstream}}}}}}}
"""

TYPES = "type.googleapis.com/envoy.extensions"

TRAEFIK = {
    "http": {
        "routers": {"all": {"rule": "PathPrefix(`/`)", "service": "chat", "tls": {}}},
        "services": {"chat": {"loadBalancer": {"servers": [{"url": "http://{host}:{upstream}"}]}}},
    },
    "tls": {
        "certificates": [{"certFile": "{certificate}", "keyFile": "{key}"}],
        "stores": {"default": {"defaultCertificate": {"certFile": "{certificate}", "keyFile": "{key}"}}},
    },
}

NODE = """
const http2 = require('http2'), crypto = require('crypto'), fs = require('fs');
const [, , host, port, certificate, key, announces] = process.argv;
const server = http2.createSecureServer({
    key: fs.readFileSync(key), cert: fs.readFileSync(certificate), allowHTTP1: true,
    settings: { enableConnectProtocol: announces === 'yes' },
});
const refused = (path) => path === '/refuse';
const seen = (...words) => console.log('seen', ...words);
const frame = (opcode, payload) => Buffer.concat([Buffer.from([0x80 | opcode, payload.length]), payload]);
const talk = (socket, path) => {
    const closes = path === '/close';
    if (closes) socket.write(frame(8, Buffer.from('1133', 'hex')));
    socket.on('error', () => {});
    socket.on('data', (data) => {
        const opcode = data[0] & 0x0f, size = data[1] & 0x7f, mask = data.subarray(2, 6);
        const payload = Buffer.from(data.subarray(6, 6 + size).map((byte, at) => byte ^ mask[at % 4]));
        if (!closes) socket.write(frame(opcode, payload));
        if (opcode === 8) socket.end();
    });
};
server.on('stream', (stream, headers) => {
    const path = headers[':path'], status = refused(path) ? 401 : 200;
    seen(headers[':method'], path, 'HTTP/2', status);
    stream.on('error', () => {});
    stream.respond({ ':status': status });
    if (status === 401) stream.end('token expired\\n');
    else talk(stream, path);
});
server.on('upgrade', (request, socket) => {
    const path = request.url, hash = crypto.createHash('sha1');
    hash.update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11');
    const opened = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade',
        'Sec-WebSocket-Accept: ' + hash.digest('base64'), '', ''];
    seen(request.method, path, 'HTTP/1.1', refused(path) ? 401 : 101);
    if (refused(path)) socket.end('HTTP/1.1 401 Unauthorized\\r\\nContent-Length: 0\\r\\n\\r\\n');
    else { socket.write(opened.join('\\r\\n')); talk(socket, path); }
});
server.listen(Number(port), host);
"""

GO_ANNOUNCES = "GODEBUG=http2xconnect=1"
"""Go's HTTP/2 takes an extended CONNECT only so, since 1.24."""


class Places:
    """What the configuration of one server refers to."""

    def __init__(self, folder, upstream):
        authority = trustme.CA()
        issued = authority.issue_cert(HOST, "localhost")
        self.folder = folder
        self.upstream = upstream
        self.authority = folder / "authority.pem"
        self.certificate, self.key, self.both = (folder / name for name in ("cert.pem", "key.pem", "both.pem"))
        authority.cert_pem.write_to_path(self.authority)
        issued.private_key_pem.write_to_path(self.key)
        self.certificate.write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
        issued.private_key_and_cert_chain_pem.write_to_path(self.both)

    def filled(self, template, port):
        named = {name: str(getattr(self, name)) for name in ("upstream", "certificate", "key", "both")}
        return template.format(host=HOST, port=port, types=TYPES, **named)

    def written(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return str(path)


Command = Callable[[str, Places, int], list[str]]


def nghttpx(program, at, port):
    made = at.written("nghttpx.conf", at.filled(NGHTTPX, port))
    return [program, f"--conf={made}", str(at.key), str(at.certificate)]


def haproxy(program, at, port):
    return [program, "-db", "-f", at.written("haproxy.cfg", at.filled(HAPROXY, port))]


def caddy(program, at, port):
    made = at.written("Caddyfile", at.filled(CADDY, port))
    home = f"HOME={at.folder}"
    return ["env", GO_ANNOUNCES, home, program, "run", "--adapter", "caddyfile", "--config", made]


def caddy_as_it_comes(program, at, port):
    return [word for word in caddy(program, at, port) if word != GO_ANNOUNCES]


def envoy(program, at, port):
    made = at.written("envoy.yaml", at.filled(ENVOY, port))
    return [program, "-c", made, "--use-dynamic-base-id", "--concurrency", "1", "-l", "warning"]


def traefik(program, at, port):
    text = json.dumps(TRAEFIK)
    for name in ("upstream", "certificate", "key"):
        text = text.replace(f"{{{name}}}", str(getattr(at, name)))
    made = at.written("dynamic.yaml", text.replace("{host}", HOST))
    provider = f"--providers.file.filename={made}"
    entry = f"--entrypoints.front.address={HOST}:{port}"
    quiet = ("--log.level=ERROR", "--accesslog=true", "--global.checknewversion=false")
    return ["env", GO_ANNOUNCES, program, entry, provider, *quiet, "--global.sendanonymoususage=false"]


def node(program, at, port):
    script = at.written("server.js", NODE)
    return [program, script, HOST, str(port), str(at.certificate), str(at.key), "yes"]


def node_as_it_comes(program, at, port):
    return [*node(program, at, port)[:-1], "no"]


def hypercorn(program, at, port):
    seen = ("--access-logfile", "-", "--access-logformat", "seen %(R)s %(s)s")
    tls = ("--certfile", str(at.certificate), "--keyfile", str(at.key))
    where = ("--bind", f"{HOST}:{port}", "--graceful-timeout", "1")
    # The command runs in a folder of its own, and the application is here.
    path = f"PYTHONPATH={Path(__file__).parents[2]}"
    return ["env", path, program, *where, *tls, *seen, "tests.peers.python_servers:APPLICATION"]


@contextmanager
def serving(command, program, upstream):
    with open_folder() as folder:
        at = Places(folder, upstream)
        with running(lambda ports: command(program, at, ports[0]), folder) as (port,):
            until(lambda: _is_itself(port, at.authority), "a certificate of ours")
            yield Server(port, at.authority, folder / "printed")


def _is_itself(port, authority):
    """True once the server shows the certificate that it was given: Traefik listens before it has read it."""
    trusting = ssl.create_default_context(cafile=authority)
    try:
        with (
            socket.create_connection((HOST, port), PATIENCE) as tcp,
            trusting.wrap_socket(tcp, server_hostname=HOST),
        ):
            return True
    except ssl.SSLError:
        return None
