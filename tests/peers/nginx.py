"""nginx with a configuration of its own: in front of a WebSocket server, rightly and wrongly, and refusing."""

from __future__ import annotations

import datetime
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

from tests.peers.place import HOST, nobody, open_folder, running

CERTIFIED = {
    "good.example": "good.example",
    "expired.example": "expired.example",
    "wrong.example": "other.example",
}
"""Name asked for -> name in the certificate that is shown."""
USER, PASSWORD = "someone", "sesame"

CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    log_format handshakes '$http_sec_websocket_key $status $bytes_sent "$request"';
    access_log {folder}/access.log handshakes;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    default_type text/html;
    server {{
        listen {host}:{port};
        location /ws/ {{
            proxy_pass http://{host}:{upstream}/;
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection "upgrade";
        }}
        location /plain/ {{ proxy_pass http://{host}:{upstream}/; proxy_http_version 1.1; }}
        location /http-1.0/ {{
            proxy_pass http://{host}:{upstream}/;
            proxy_http_version 1.0;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection "upgrade";
        }}
        location /denied {{ deny all; }}
        location /locked {{ auth_basic "the back room"; auth_basic_user_file {folder}/users; }}
        location /dead {{ proxy_pass http://{host}:{dead}/; }}
        location /moved {{ return 308 wss://chat.example/ws; }}
        location /quota {{ add_header Retry-After 30 always; return 429 "slow down\\n"; }}
        location /sets {{
            add_header Set-Cookie "session=1; Path=/" always;
            add_header Set-Cookie "until=2; Path=/; Max-Age=3600; HttpOnly" always;
            add_header Set-Cookie "else=3; Path=/elsewhere; SameSite=Strict" always;
            add_header Set-Cookie "foreign=4; Domain=example.org" always;
            add_header Set-Cookie "__Host-no=5; Path=/" always;
            return 403;
        }}
        location /told {{ return 200 "$http_cookie"; }}
        location /silent {{ return 444; }}
        location / {{ root {folder}/pages; }}
    }}
    {secure}
    server {{
        listen {host}:{behind} proxy_protocol;
        listen {host}:{tls_behind} ssl proxy_protocol;
        ssl_certificate {folder}/good.example.pem;
        ssl_certificate_key {folder}/good.example.key;
        location / {{
            set $client "$proxy_protocol_addr $proxy_protocol_port";
            return 403 "$client $proxy_protocol_server_addr $proxy_protocol_server_port";
        }}
    }}
}}
"""
SECURE = """
    server {{
        listen {host}:{port} ssl;
        server_name {name};
        ssl_certificate {folder}/{name}.pem;
        ssl_certificate_key {folder}/{name}.key;
        location / {{
            proxy_pass http://{host}:{upstream}/;
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection "upgrade";
        }}
        location /denied {{ deny all; }}
    }}
"""


@dataclass(frozen=True)
class Nginx:
    port: int
    tls_port: int
    behind: int
    """Wants a header of the PROXY protocol, and answers with what it says."""
    tls_behind: int
    log: Path
    authority: Path
    """PEM file of the authority that issued the certificates."""


@contextmanager
def nginx_server(program, upstream):
    with open_folder() as folder, nobody() as dead:
        _certificates(folder)
        (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
        pages = folder / "pages"
        pages.mkdir()
        (pages / "index.html").write_text("<!doctype html><title>An application</title>\n")

        def command(ports):
            port, tls_port, behind, tls_behind = ports
            values = {"folder": folder, "host": HOST, "upstream": upstream}
            secure = "".join(SECURE.format(name=name, port=tls_port, **values) for name in CERTIFIED)
            own = {"port": port, "behind": behind, "tls_behind": tls_behind}
            text = CONFIGURATION.format(dead=dead, secure=secure, **own, **values)
            (folder / "nginx.conf").write_text(text)
            return [
                program,
                "-p",
                str(folder),
                "-c",
                str(folder / "nginx.conf"),
                "-e",
                str(folder / "error.log"),
            ]

        with running(command, folder, ports=4) as ports:
            yield Nginx(*ports, folder / "access.log", folder / "authority.pem")


def _certificates(folder):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    past = datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC)
    for asked, shown in CERTIFIED.items():
        issued = authority.issue_cert(shown, not_after=past if asked == "expired.example" else None)
        for pem in issued.cert_chain_pems:
            pem.write_to_path(str(folder / f"{asked}.pem"), append=True)
        issued.private_key_pem.write_to_path(str(folder / f"{asked}.key"))
