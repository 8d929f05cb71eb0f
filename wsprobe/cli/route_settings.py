"""Options about the route to the server: addresses, proxies, time limits and TLS."""

import errno
import os
import re
import sys
from base64 import b64decode
from ipaddress import ip_address
from math import inf
from typing import ClassVar
from urllib.parse import quote

import click
from msgspec import UNSET
from msgspec.structs import replace

from wsprobe.cli import from_file
from wsprobe.cli.files import MEBIBYTE, endless, opened, read_for
from wsprobe.cli.option import Seconds, Section, Size, opt, usage_error
from wsprobe.cli.request_settings import (
    REACH,
    FollowSettings,
    OwnRequestSettings,
    RequestSettings,
    SessionSettings,
)
from wsprobe.exchange import Limits, PlanError, Route, TlsOptions
from wsprobe.recording.certificate import pin, spki_in
from wsprobe.request.proxy import Proxies, from_environment, hosts, parse, with_scheme
from wsprobe.session.open_session import FIRST_REPLY, SILENCE
from wsprobe.text import printable, whole_number
from wsprobe.wire.credentials import Method

TRUST = "Trust"
VERSIONS = ["1.0", "1.1", "1.2", "1.3"]


class RouteSettings(Section, frozen=True, kw_only=True):
    """Addresses and proxies."""

    heading: ClassVar[str] = REACH

    ipv4: bool = opt("-4 --ipv4", "use IPv4 only", rare=True, entry="use IPv4 only; use IPv6 only")
    ipv6: bool = opt("-6 --ipv6", "use IPv6 only", rare=True, entry="")
    resolve: tuple[str, ...] = opt(
        "--resolve HOST:PORT:ADDRESS[,ADDRESS]",
        "use these addresses for HOST:PORT; the request and TLS still name HOST",
        (),
        rare=True,
    )
    connect_to: tuple[str, ...] = opt(
        "--connect-to HOST:PORT:HOST2:PORT2",
        "connect to HOST2:PORT2 instead; an empty HOST or PORT matches any, an empty HOST2 or PORT2 "
        "keeps that of the URL",
        (),
        rare=True,
    )
    unix_socket: str | None = opt("--unix-socket PATH", "connect through this Unix socket", rare=True)
    interface: str | None = opt("--interface NAME", "connect from this interface or local address", rare=True)
    proxy: str | None = opt(
        "-x --proxy URL", "go through this proxy: http://, https://, socks4a://, socks5:// or socks5h://"
    )
    proxy_user: str | None = opt(
        "-U --proxy-user USER:PASSWORD",
        "credentials for the proxy, instead of those in its URL",
        rare=True,
    )
    proxy_basic: bool = opt(
        "--proxy-basic",
        "send Basic credentials to the proxy with the first request (the default)",
        rare=True,
        entry="send the proxy's credentials as Basic with the first request (the default); only by "
        "Digest, in answer to its 407; in the best way that it offers",
    )
    proxy_digest: bool = opt(
        "--proxy-digest",
        "send the proxy's credentials only by Digest, in answer to its 407",
        rare=True,
        entry="",
    )
    proxy_anyauth: bool = opt(
        "--proxy-anyauth",
        "send the proxy's credentials in the best way that its 407 offers",
        rare=True,
        entry="",
    )
    noproxy: str | None = opt(
        "--noproxy HOST[,HOST]",
        "connect to these hosts, and to all names below them, without a proxy; * is every host",
        rare=True,
    )
    haproxy_protocol: bool = opt(
        "--haproxy-protocol",
        "begin the connection with a PROXY protocol header, version 1, as a load balancer does",
        rare=True,
        entry="begin the connection with a PROXY protocol header, version 1, as a load balancer does; "
        "with ADDRESS as the address of the client",
    )
    haproxy_clientip: str | None = opt(
        "--haproxy-clientip ADDRESS",
        "the same, with ADDRESS as the address of the client instead of this machine's",
        rare=True,
        entry="",
    )

    def route(self) -> Route:
        """The route without the proxy, which depends on the URL. Raises click.UsageError."""
        return Route(
            family=4 if self.ipv4 else 6 if self.ipv6 else 0,
            resolve=tuple(_resolve(text) for text in self.resolve),
            connect_to=tuple(_connect_to(text) for text in self.connect_to),
            unix_socket=self.unix_socket,
            interface=self.interface,
            proxy_header=self._proxy_header(),
        )

    def _proxy_header(self) -> str | None:
        if self.haproxy_clientip is None:
            return "" if self.haproxy_protocol else None
        try:
            return str(ip_address(self.haproxy_clientip))
        except ValueError:
            raise click.UsageError(
                f"--haproxy-clientip: {self.haproxy_clientip!r} is not an IP address"
            ) from None

    def proxy_method(self) -> Method:
        """How to send credentials to the proxy."""
        return "digest" if self.proxy_digest else "any" if self.proxy_anyauth else "basic"

    def proxies(self) -> Proxies:
        """The proxies from -x, or from the environment. Raises click.UsageError."""
        found = self._named()
        if self.proxy is None and not (found.plain or found.secure):
            for option, value in (
                ("--proxy-user", self.proxy_user),
                ("--proxy-basic", self.proxy_basic),
                ("--proxy-digest", self.proxy_digest),
                ("--proxy-anyauth", self.proxy_anyauth),
            ):
                if value:
                    raise click.UsageError(
                        f"{option} needs a proxy, and neither --proxy nor the environment names one"
                    )
        if self.proxy_user is None:
            return found
        user, password = (
            quote(part.encode("utf-8", "surrogateescape"), safe="")
            for part in self.proxy_user.partition(":")[::2]
        )

        def with_user(url: str) -> str:
            scheme, mark, rest = url.partition("://")
            return f"{scheme}{mark}{user}:{password}@{rest.rpartition('@')[2]}" if url else url

        return replace(found, plain=with_user(found.plain), secure=with_user(found.secure))

    def _named(self) -> Proxies:
        if self.proxy is not None:
            given = _proxy(self.proxy) or ""
            found = Proxies(given, given, named=True)
        else:
            found = from_environment(os.environ)
            found = replace(found, plain=_proxy(found.plain) or "", secure=_proxy(found.secure) or "")
        bypass = found.bypass if self.noproxy is None else hosts(self.noproxy)
        return replace(found, bypass=bypass)


class LimitSettings(Section, frozen=True, kw_only=True):
    """Time limits of an exchange, and limits on the bytes read."""

    heading: ClassVar[str] = REACH

    connect_timeout: float = opt(
        "--connect-timeout",
        "give up if TCP and TLS are not set up after this time",
        Limits().connect_timeout,
        type=Seconds(zero=False),
        rare=True,
    )
    max_time: float | None = opt(
        "-m --max-time",
        f"give up if the whole exchange takes longer [default: {Limits().max_time:g}]",
        type=Seconds(zero=False),
    )
    linger: float | None = opt(
        "--linger",
        f"how long to watch an open session before closing it [default: {Limits().linger:g}; with --send or "
        f"--ping {FIRST_REPLY:g} for a reply, {SILENCE:g} after the last; with --expect message or close as "
        "-m]",
        type=Seconds(),
        rare=True,
    )
    max_body: int = opt(
        "--max-body",
        "read at most this many bytes of a body",
        Limits().max_body,
        written="1m",
        type=Size(),
        rare=True,
    )

    def limits(self, *, sends: bool, awaits: bool) -> Limits:
        """The limits for a plan; without -m, the time limit is the plan's own default.

        *sends*: the plan sends messages or a Ping, so replies are waited for; *awaits*: an expectation is about
        messages or the Close, and is waited for until nearly the end of max_time. --linger decides instead of
        both.
        """
        usual = Limits()
        linger, silence = (FIRST_REPLY, SILENCE) if sends else (usual.linger, UNSET)
        if self.linger is not None:
            linger, silence = self.linger, UNSET
        elif awaits:
            linger, silence = inf, UNSET
        return Limits(
            connect_timeout=self.connect_timeout,
            max_time=usual.max_time if self.max_time is None else self.max_time,
            linger=linger,
            silence=silence,
            max_body=self.max_body,
        )


class TlsSettings(Section, frozen=True, kw_only=True):
    """Which certificates to trust, and what to offer in TLS."""

    heading: ClassVar[str] = TRUST

    insecure: bool = opt("-k --insecure", "continue although the certificate is not valid")
    cacert: str | None = opt(
        "--cacert FILE",
        "trust the authorities in FILE (PEM) and no other",
        entry="trust the authorities in FILE (PEM), or in DIR, and no other",
    )
    capath: str | None = opt("--capath DIR", "trust the authorities in DIR and no other", rare=True, entry="")
    cert: str | None = opt(
        "--cert FILE",
        "client certificate (PEM), with its key unless --key names one",
        rare=True,
        entry="client certificate (PEM), its private key unless that is in the same file, and its passphrase",
        also={"-E": None},
    )
    key: str | None = opt("--key FILE", "private key of the client certificate (PEM)", rare=True, entry="")
    passphrase: str | None = opt(
        "--pass PHRASE",
        "passphrase of the private key; @FILE has it in its first line",
        callback=from_file.replaced(from_file.passphrase),
        rare=True,
        entry="",
    )
    servername: str | None = opt(
        "--servername NAME",
        "the name to send in SNI and to look for in the certificate, instead of the host of the URL",
        rare=True,
    )
    tls_min: str | None = opt(
        "--tls-min",
        "lowest TLS version to offer",
        type=click.Choice(VERSIONS),
        rare=True,
        entry="lowest and highest TLS version to offer",
        also={f"--tlsv{each}": each for each in VERSIONS},
    )
    tls_max: str | None = opt(
        "--tls-max", "highest TLS version to offer", type=click.Choice(VERSIONS), rare=True, entry=""
    )
    ciphers: str | None = opt(
        "--ciphers LIST",
        "offer these ciphers for TLS 1.2 and older, in the format of OpenSSL's cipher list",
        rare=True,
    )
    pinnedpubkey: str | None = opt(
        "--pinnedpubkey FILE|HASHES",
        "fail unless this is the public key of the server: a file (PEM or DER), or sha256//HASH[;sha256//HASH]",
        rare=True,
    )

    def unlock(self) -> bool:
        """Make the passphrase of an encrypted private key known; ask for it at a terminal if none was given.
        Returns whether the key is encrypted. Raises click.UsageError."""
        path = self.key or self.cert
        if path is None or not os.path.isfile(path):  # a pipe can be read only once
            return False
        if not re.search(
            ENCRYPTED, read_for("--cert" if self.key is None else "--key", path, MEBIBYTE, "a key")
        ):
            return False
        from wsprobe.net.tls import PASSPHRASES  # OpenSSL, only with an encrypted key

        if self.passphrase is not None:
            PASSPHRASES[path] = self.passphrase
        elif path not in PASSPHRASES:
            if not sys.stderr.isatty():
                raise click.UsageError(f"the private key in {path!r} is encrypted: add --pass @FILE")
            from getpass import getpass

            PASSPHRASES[path] = getpass(f"Passphrase of {printable(path)}: ", sys.stderr)
        return True

    def tls(self) -> TlsOptions:
        """Raises click.UsageError."""
        for option, path in (("--cacert", self.cacert), ("--cert", self.cert), ("--key", self.key)):
            if path is None:
                continue
            with usage_error(OSError, where=f"{option}: {path}"):
                descriptor = opened(path)
                try:
                    if endless(descriptor):
                        raise OSError(errno.EINVAL, "a device, not a file")
                finally:
                    os.close(descriptor)
        return TlsOptions(
            verify=not self.insecure,
            ca_file=self.cacert,
            ca_path=self.capath,
            certificate=self.cert,
            key=self.key,
            server_name=self.servername,
            minimum=self.tls_min,
            maximum=self.tls_max,
            ciphers=self.ciphers,
            pinned=() if self.pinnedpubkey is None else _pinned(self.pinnedpubkey),
        )


CONNECTION = (RouteSettings, LimitSettings, TlsSettings)
"""The sections of a command that connects."""
HANDSHAKES = (RequestSettings, OwnRequestSettings, FollowSettings, *CONNECTION, SessionSettings)
"""The sections of a command that makes handshakes as `connect` does."""

ENCRYPTED = rb"BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED"
"""In the PEM of an encrypted key: PKCS #8, and OpenSSL's older form."""
_PIN = "sha256//"


def _pinned(text: str) -> tuple[str, ...]:
    """The hashes in --pinnedpubkey, or the hash of the key in the file that it names. Raises
    click.UsageError."""
    if text.startswith(_PIN):
        pins = [each.strip() for each in text.split(";") if each.strip()]
        for each in pins:
            try:
                size = len(b64decode(each.removeprefix(_PIN), validate=True))
            except ValueError:
                size = 0
            if not each.startswith(_PIN) or size != 32:
                raise click.UsageError(
                    f"--pinnedpubkey: {each!r} is not {_PIN} and the base64 of a SHA-256 (44 characters)"
                )
        return tuple(each.removeprefix(_PIN) for each in pins)
    key = spki_in(read_for("--pinnedpubkey", text, MEBIBYTE, "a public key"))
    if not key:
        raise click.UsageError(
            f"--pinnedpubkey: {text}: no public key; to take it from a certificate: openssl x509 -pubkey -noout"
        )
    return (pin(key),)


def _resolve(text: str) -> tuple[str, int, tuple[str, ...]]:
    host, port, listed = _parts(text, 3) or ("", "", "")
    number = _port(port)
    if not host or not port or number is None or not listed:
        raise click.UsageError(f"--resolve: '{text}' is not HOST:PORT:ADDRESS[,ADDRESS]")
    addresses = tuple(each.strip("[]") for each in listed.split(","))
    for each in addresses:
        try:
            ip_address(each)
        except ValueError:  # else the host of the URL would be reported as a name that does not resolve
            raise click.UsageError(f"--resolve: '{each}' is not an IP address") from None
    return host.lower(), number, addresses


def _connect_to(text: str) -> tuple[str, int, str, int]:
    parts = _parts(text, 4)
    ports = (None, None) if parts is None else (_port(parts[1]), _port(parts[3]))
    if parts is None or ports[0] is None or ports[1] is None:
        raise click.UsageError(f"--connect-to: '{text}' is not HOST:PORT:HOST2:PORT2")
    return parts[0].lower(), ports[0], parts[2], ports[1]


def _port(text: str) -> int | None:
    """The port in *text*, 0 if it is empty; None if it is no port."""
    return whole_number(text, 65535) if text else 0


def _parts(text: str, count: int) -> list[str] | None:
    """*text* split at colons, but not inside brackets (IPv6), into *count* parts; the last of three keeps its
    colons. None if there are not enough parts."""
    parts: list[str] = []
    depth = 0
    part = ""
    for char in text:
        depth += {"[": 1, "]": -1}.get(char, 0)
        if char == ":" and depth == 0 and (len(parts) < count - 1):
            parts.append(part)
            part = ""
        else:
            part += char
    parts.append(part)
    return [p.removeprefix("[").removesuffix("]") for p in parts] if len(parts) == count else None


def _proxy(text: str) -> str | None:
    """The proxy's URL, with http:// if it has no scheme; None for an empty text. Raises click.UsageError."""
    if not text:
        return None
    with usage_error(PlanError):
        parse(text)
    return with_scheme(text)
