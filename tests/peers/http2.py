"""Real servers that take WebSockets over HTTP/2 (RFC 8441), each with a log of its own: what it saw.

nghttpx, HAProxy, Caddy, Envoy and Traefik stand in front of a server that speaks HTTP/1.1 alone; Node and
hypercorn answer themselves. ``/echo`` opens, ``/close`` closes with 4403, ``/refuse`` is refused.
"""

import socket
import ssl
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import trustme

from tests.peers.place import HOST, PATIENCE, open_folder, started, until

ANNOUNCES = "env GODEBUG=http2xconnect=1"
"""Go's HTTP/2 takes an extended CONNECT only so, since 1.24."""
CADDY = "HOME={folder} caddy run --adapter caddyfile --config {folder}/Caddyfile"
NODE = "node {servers}/http2.js {host} {port} {certificate} {key}"
SERVERS = {
    "nghttpx": ("nghttpx --conf={folder}/nghttpx.conf {key} {certificate}", "nghttpx.conf"),
    "haproxy": ("haproxy -db -f {folder}/haproxy-http2.cfg", "haproxy-http2.cfg"),
    "caddy": (f"{ANNOUNCES} {CADDY}", "Caddyfile"),
    "caddy-as-it-comes": (f"env {CADDY}", "Caddyfile"),
    "envoy": (
        "envoy -c {folder}/envoy.yaml --use-dynamic-base-id --concurrency 1 -l warning",
        "envoy.yaml",
    ),
    "traefik": (
        f"{ANNOUNCES} traefik --entrypoints.front.address={{host}}:{{port}} --log.level=ERROR --accesslog=true "
        "--providers.file.filename={folder}/traefik-routes.yaml --global.checknewversion=false "
        "--global.sendanonymoususage=false",
        "traefik-routes.yaml",  # what is called traefik.yaml, Traefik reads as its other configuration
    ),
    "node": (f"{NODE} yes",),
    "node-as-it-comes": (f"{NODE} no",),
    # The command runs in a folder of its own, and the application is here.
    "hypercorn": (
        "env PYTHONPATH={root} hypercorn --bind {host}:{port} --graceful-timeout 1 --certfile {certificate} "
        "--keyfile {key} --access-logfile - --access-logformat 'seen %(R)s %(s)s' "
        "tests.peers.python_servers:APPLICATION",
    ),
}
"""Name -> the command, and its configuration."""


@contextmanager
def serving(name, upstream):
    """Its port, the authority of its certificate, and its log."""
    line, *files = SERVERS[name]
    with open_folder() as folder:
        authority = trustme.CA()
        issued = authority.issue_cert(HOST, "localhost")
        at = {each: folder / f"{each}.pem" for each in ("authority", "certificate", "key", "both")}
        authority.cert_pem.write_to_path(at["authority"])
        issued.private_key_pem.write_to_path(at["key"])
        at["certificate"].write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
        issued.private_key_and_cert_chain_pem.write_to_path(at["both"])
        root = Path(__file__).parents[2]
        with started(line, *files, folder=folder, root=root, upstream=upstream, **at) as (port,):
            until(lambda: _is_itself(port, at["authority"]), "a certificate of ours")
            yield SimpleNamespace(port=port, authority=at["authority"], log=folder / "printed")


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
