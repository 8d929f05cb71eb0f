"""HAProxy with a configuration of its own, in the foreground, its log on standard output."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.peers.place import HOST, nobody, open_folder, running

CONFIGURATION = """
global
    log stdout format raw local0
    maxconn 256
defaults
    mode http
    log global
    timeout connect 5s
    timeout client 10s
    timeout server 10s
    timeout tunnel 10s
    retries 0
frontend front
    bind {host}:{port}
    bind {host}:{behind} accept-proxy
    http-request return status 403 content-type text/plain lf-string "%[src] %[src_port]" if {{ path /who }}
    capture request header Sec-WebSocket-Key len 64
    log-format "%[capture.req.hdr(0)] %ST %B %tsc"
    http-request deny if {{ path /denied }}
    http-request return status 429 content-type text/plain string slow hdr Retry-After 30 if {{ path /quota }}
    http-request redirect location wss://chat.example/ws code 307 if {{ path /moved }}
    http-request auth realm back-room if {{ path /locked }}
    http-request del-header Upgrade if {{ path_beg /plain/ }}
    http-request set-path %[path,regsub(^/[a-z]+/,/)] if {{ path_beg /ws/ /plain/ }}
    use_backend empty if {{ path /empty }}
    use_backend dead if {{ path /dead }}
    default_backend chat
backend chat
    server one {host}:{upstream}
backend dead
    server one {host}:{dead}
backend empty
"""


@dataclass(frozen=True)
class Haproxy:
    port: int
    behind: int
    """The same, where a header of the PROXY protocol is wanted."""
    log: Path


@contextmanager
def haproxy_server(program, upstream):
    with open_folder() as folder, nobody() as dead:

        def command(ports):
            port, behind = ports
            text = CONFIGURATION.format(host=HOST, port=port, behind=behind, upstream=upstream, dead=dead)
            (folder / "haproxy.cfg").write_text(text)
            return [program, "-db", "-f", str(folder / "haproxy.cfg")]

        with running(command, folder, ports=2) as ports:
            yield Haproxy(*ports, folder / "printed")
