"""Apache httpd with a configuration of its own, workers and log in one folder."""

from __future__ import annotations

import base64
import getpass
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.peers.place import HOST, nobody, open_folder, running

MODULES = (
    *("mpm_event", "authn_core", "authn_file", "auth_basic", "authz_core", "authz_host", "authz_user"),
    *("alias", "dir", "headers", "proxy", "proxy_http", "proxy_wstunnel", "setenvif"),
)
USER, PASSWORD = "someone", "sesame"

CONFIGURATION = """
ServerRoot {folder}
PidFile {folder}/pid
ServerName localhost
Listen {host}:{port}
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
Redirect 302 /moved wss://chat.example/ws
ProxyPass /ws/ ws://{host}:{upstream}/
ProxyPass /upgrade/ http://{host}:{upstream}/ upgrade=websocket
ProxyPass /plain/ http://{host}:{upstream}/
ProxyPass /dead/ http://{host}:{dead}/ retry=0
"""


@dataclass(frozen=True)
class Apache:
    port: int
    log: Path


@contextmanager
def apache_server(program: str, upstream: int) -> Iterator[Apache]:
    with open_folder() as folder, nobody() as dead:
        digest = base64.b64encode(hashlib.sha1(PASSWORD.encode()).digest()).decode()
        (folder / "users").write_text(f"{USER}:{{SHA}}{digest}\n")
        pages = folder / "pages"
        pages.mkdir()
        (pages / "index.html").write_text("<!doctype html><title>An application</title>\n")

        def command(ports: tuple[int, ...]) -> list[str]:
            text = CONFIGURATION.format(
                folder=folder,
                host=HOST,
                port=ports[0],
                upstream=upstream,
                dead=dead,
                modules="\n".join(f"LoadModule {name}_module {modules()}/mod_{name}.so" for name in MODULES),
                # As root it gives up its rights, and refuses to keep them.
                user="User nobody\nGroup nogroup" if os.geteuid() == 0 else f"User {getpass.getuser()}",
            )
            (folder / "httpd.conf").write_text(text)
            return [program, "-f", str(folder / "httpd.conf"), "-DFOREGROUND"]

        with running(command, folder) as (port,):
            yield Apache(port, folder / "access.log")


def modules() -> Path:
    """Where the modules are: Debian's place, or that of most others."""
    places = (Path("/usr/lib/apache2/modules"), Path("/usr/lib64/httpd/modules"), Path("/usr/libexec/apache2"))
    return next(place for place in places if place.is_dir())
