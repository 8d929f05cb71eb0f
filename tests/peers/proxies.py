"""nginx, Apache httpd and HAProxy with configurations of their own (servers/): in front of a WebSocket server,
rightly and wrongly, and refusing. Each has its ports by name, and a log."""

import base64
import datetime
import getpass
import hashlib
import os
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import trustme

from tests.peers.place import nobody, open_folder, started

CERTIFIED = {
    "good.example": "good.example",
    "expired.example": "expired.example",
    "wrong.example": "other.example",
}
"""Name asked for -> name in the certificate that is shown."""
USER, PASSWORD, REALM = "someone", "sesame", "the vault"
NGINX = "nginx -p {folder} -c {folder}/{config} -e {folder}/error.log"
APACHE = "apache2 -f {folder}/apache.conf -DFOREGROUND"
HAPROXY = "haproxy -db -f {folder}/haproxy.cfg"
MODULES = (
    *("mpm_event", "authn_core", "authn_file", "auth_basic", "authz_core", "authz_host", "authz_user"),
    *("alias", "dir", "headers", "proxy", "proxy_http", "proxy_wstunnel", "setenvif"),
    *("auth_digest", "proxy_connect", "rewrite", "ssl", "socache_shmcb", "http2"),
)


@contextmanager
def nginx_server(upstream):
    """``behind`` and ``tls_behind`` want a header of the PROXY protocol, and answer with what it says."""
    names = ("port", "tls_port", "behind", "tls_behind")
    with _front(NGINX, names, upstream, "nginx.conf", "nginx-tls.conf") as made:
        yield made


@contextmanager
def apache_server(upstream):
    """``by_basic`` and ``by_digest`` are forward proxies that require credentials."""
    with _front(APACHE, ("port", "by_basic", "by_digest"), upstream, "apache.conf") as made:
        yield made


@contextmanager
def haproxy_server(upstream):
    """``behind`` wants a header of the PROXY protocol. It logs on standard output."""
    with _front(HAPROXY, ("port", "behind"), upstream, "haproxy.cfg") as made:
        made.log = made.folder / "printed"
        yield made


@contextmanager
def _front(line, names, upstream, *files):
    with open_folder() as folder, nobody() as dead:
        _certificates(folder)
        digest = base64.b64encode(hashlib.sha1(PASSWORD.encode()).digest()).decode()
        (folder / "users").write_text(f"{USER}:{{SHA}}{digest}\n")
        secret = hashlib.md5(f"{USER}:{REALM}:{PASSWORD}".encode()).hexdigest()
        (folder / "digests").write_text(f"{USER}:{REALM}:{secret}\n")
        (folder / "pages").mkdir()
        index = folder / "pages" / "index.html"
        index.write_text("<!doctype html><title>An application</title>\n")
        # For a file of this very second Apache sends a weak ETag, a second later a strong one.
        os.utime(index, (10**9, 10**9))
        values = {
            "config": files[0],
            "upstream": upstream,
            "dead": dead,
            "modules": loaded(),
            "user": as_whom(),
        }
        with started(line, *files, ports=len(names), folder=folder, **values) as ports:
            named = SimpleNamespace(**dict(zip(names, ports, strict=True)), folder=folder)
            named.log, named.authority = folder / "access.log", folder / "authority.pem"
            yield named


def _certificates(folder):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    past = datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC)
    for asked, shown in CERTIFIED.items():
        issued = authority.issue_cert(shown, not_after=past if asked == "expired.example" else None)
        for pem in issued.cert_chain_pems:
            pem.write_to_path(str(folder / f"{asked}.pem"), append=True)
        issued.private_key_pem.write_to_path(str(folder / f"{asked}.key"))


def loaded():
    """The lines with which Apache loads MODULES, from Debian's place, or from that of most others."""
    places = map(Path, ("/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/libexec/apache2"))
    place = next((place for place in places if place.is_dir()), "")
    return "\n".join(f"LoadModule {name}_module {place}/mod_{name}.so" for name in MODULES)


def as_whom():
    """As root Apache gives up its rights, and refuses to keep them."""
    return "User nobody\nGroup nogroup" if os.geteuid() == 0 else f"User {getpass.getuser()}"
