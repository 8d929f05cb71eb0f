"""Apache httpd with a configuration of its own, workers and log in one folder."""

from __future__ import annotations

import base64
import getpass
import hashlib
import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.peers.place import HOST, nobody, open_folder, running

MODULES = (
    *("mpm_event", "authn_core", "authn_file", "auth_basic", "authz_core", "authz_host", "authz_user"),
    *("alias", "dir", "headers", "proxy", "proxy_http", "proxy_wstunnel", "setenvif"),
    *("auth_digest", "proxy_connect"),
)
USER, PASSWORD = "someone", "sesame"
REALM = "the vault"

CONFIGURATION = """
ServerRoot {folder}
PidFile {folder}/pid
ServerName localhost
DefaultRuntimeDir {folder}
Listen {host}:{port}
Listen {host}:{by_basic}
Listen {host}:{by_digest}
{modules}
{user}
StartServers 1
ServerLimit 2
ThreadsPerChild 16
MaxRequestWorkers 32
ErrorLog {folder}/error.log
LogFormat "%{{Sec-WebSocket-Key}}i %>s %O \\"%r\\"" handshakes
CustomLog {folder}/access.log handshakes
DocumentRoot {folder}/pages
DirectoryIndex index.html
<Directory {folder}/pages>
    Require all granted
</Directory>
<Location /denied>
    Require all denied
</Location>
<Location /locked>
    AuthType Basic
    AuthName "the back room"
    AuthUserFile {folder}/users
    Require valid-user
</Location>
<Location /vault/>
    AuthType Digest
    AuthName "the vault"
    AuthUserFile {folder}/digests
    Require valid-user
</Location>
<VirtualHost {host}:{by_basic}>
    ProxyRequests On
    AllowCONNECT {upstream}
    <Proxy *>
        AuthType Basic
        AuthName "the way out"
        AuthUserFile {folder}/users
        Require valid-user
    </Proxy>
</VirtualHost>
<VirtualHost {host}:{by_digest}>
    ProxyRequests On
    AllowCONNECT {upstream}
    <Proxy *>
        AuthType Digest
        AuthName "the vault"
        AuthUserFile {folder}/digests
        Require valid-user
    </Proxy>
</VirtualHost>
ProxyPass /vault/ ws://{host}:{upstream}/
Redirect 302 /moved wss://chat.example/ws
ProxyPass /ws/ ws://{host}:{upstream}/
ProxyPass /upgrade/ http://{host}:{upstream}/ upgrade=websocket
ProxyPass /plain/ http://{host}:{upstream}/
ProxyPass /dead/ http://{host}:{dead}/ retry=0
"""


@dataclass(frozen=True)
class Apache:
    port: int
    by_basic: int
    """A forward proxy that requires credentials by Basic, and"""
    by_digest: int
    log: Path


@contextmanager
def apache_server(program, upstream):
    with open_folder() as folder, nobody() as dead:
        digest = base64.b64encode(hashlib.sha1(PASSWORD.encode()).digest()).decode()
        (folder / "users").write_text(f"{USER}:{{SHA}}{digest}\n")
        secret = hashlib.md5(f"{USER}:{REALM}:{PASSWORD}".encode()).hexdigest()
        (folder / "digests").write_text(f"{USER}:{REALM}:{secret}\n")
        pages = folder / "pages"
        pages.mkdir()
        index = pages / "index.html"
        index.write_text("<!doctype html><title>An application</title>\n")
        # For a file of this very second Apache sends a weak ETag, a second later a strong one.
        os.utime(index, (10**9, 10**9))

        def command(ports):
            text = CONFIGURATION.format(
                folder=folder,
                host=HOST,
                port=ports[0],
                by_basic=ports[1],
                by_digest=ports[2],
                upstream=upstream,
                dead=dead,
                modules="\n".join(f"LoadModule {name}_module {modules()}/mod_{name}.so" for name in MODULES),
                # As root it gives up its rights, and refuses to keep them.
                user="User nobody\nGroup nogroup" if os.geteuid() == 0 else f"User {getpass.getuser()}",
            )
            (folder / "httpd.conf").write_text(text)
            return [program, "-f", str(folder / "httpd.conf"), "-DFOREGROUND"]

        with running(command, folder, ports=3) as (port, by_basic, by_digest):
            yield Apache(port, by_basic, by_digest, folder / "access.log")


def modules():
    """Where the modules are: Debian's place, or that of most others."""
    places = (Path("/usr/lib/apache2/modules"), Path("/usr/lib64/httpd/modules"), Path("/usr/libexec/apache2"))
    return next(place for place in places if place.is_dir())
