"""How the server is reached, and for how long: addresses, proxies, limits, TLS."""

from __future__ import annotations

from typing import Any

import click

from wsprobe.cli.option import option, together
from wsprobe.exchange import Limits, Route, TlsOptions

ROUTE = "Connection"
LIMITS = "Limits"
TLS = "TLS"
VERSIONS = ["1.0", "1.1", "1.2", "1.3"]

shared = together(
    option("-4", "ipv4", is_flag=True, section=ROUTE, help="use IPv4 only"),
    option("-6", "ipv6", is_flag=True, section=ROUTE, help="use IPv6 only"),
    option(
        "--resolve",
        multiple=True,
        metavar="HOST:PORT:ADDRESS[,ADDRESS]",
        section=ROUTE,
        help="use these addresses for HOST:PORT; the request and TLS still name HOST",
    ),
    option(
        "--connect-to",
        multiple=True,
        metavar="HOST:PORT:HOST2:PORT2",
        section=ROUTE,
        help="connect to HOST2:PORT2 instead; an empty part stands for any, or for unchanged",
    ),
    option("--unix-socket", metavar="PATH", section=ROUTE, help="connect through this Unix socket"),
    option("--interface", metavar="NAME", section=ROUTE, help="connect from this interface or local address"),
    option(
        "-x",
        "--proxy",
        metavar="URL",
        section=ROUTE,
        help="go through this proxy: http://, https://, socks4a://, socks5:// or socks5h://",
        long="An http proxy is asked with CONNECT. No environment variable is read.",
    ),
    option(
        "--connect-timeout",
        type=click.FloatRange(0, min_open=True),
        default=Limits().connect_timeout,
        show_default=True,
        metavar="SECONDS",
        section=LIMITS,
        help="give up if TCP and TLS are not done by then",
    ),
    option(
        "-m",
        "--max-time",
        type=click.FloatRange(0, min_open=True),
        default=Limits().max_time,
        show_default=True,
        metavar="SECONDS",
        section=LIMITS,
        help="give up on the whole exchange by then",
    ),
    option(
        "--linger",
        type=click.FloatRange(0),
        default=Limits().linger,
        show_default=True,
        metavar="SECONDS",
        section=LIMITS,
        help="how long to watch an open session before closing it with 1000",
        long="It ends earlier when the server closes. Many servers that refuse do so with a Close frame right "
        "after the 101; this is the time in which it is seen.",
    ),
    option(
        "--max-body",
        type=click.IntRange(0),
        default=Limits().max_body,
        show_default=True,
        metavar="BYTES",
        section=LIMITS,
        help="read at most this much of a body",
    ),
    option("-k", "--insecure", is_flag=True, section=TLS, help="go on although the certificate is not valid"),
    option("--cacert", metavar="FILE", section=TLS, help="trust the authorities in FILE (PEM) and no other"),
    option("--capath", metavar="DIR", section=TLS, help="trust the authorities in DIR and no other"),
    option(
        "--cert",
        metavar="FILE",
        section=TLS,
        help="client certificate (PEM), with its key unless --key names one",
    ),
    option("--key", metavar="FILE", section=TLS, help="private key of the client certificate (PEM)"),
    option(
        "--servername",
        metavar="NAME",
        section=TLS,
        help="the name for SNI, and to be found in the certificate, instead of the URL's host",
    ),
    option("--tls-min", type=click.Choice(VERSIONS), section=TLS, help="lowest TLS version"),
    option("--tls-max", type=click.Choice(VERSIONS), section=TLS, help="highest TLS version"),
)


def limits(values: dict[str, Any]) -> Limits:
    return Limits(
        connect_timeout=values["connect_timeout"],
        max_time=values["max_time"],
        linger=values["linger"],
        max_body=values["max_body"],
    )


def tls(values: dict[str, Any]) -> TlsOptions:
    """Raises click.UsageError if a file that is named cannot be read."""
    for name in ("cacert", "cert", "key"):
        _readable(values[name], f"--{name}")
    return TlsOptions(
        verify=not values["insecure"],
        ca_file=values["cacert"],
        ca_path=values["capath"],
        certificate=values["cert"],
        key=values["key"],
        server_name=values["servername"],
        minimum=values["tls_min"],
        maximum=values["tls_max"],
    )


def _readable(path: str | None, name: str) -> None:
    if path is None:
        return
    try:
        with open(path, "rb"):
            pass
    except OSError as error:
        raise click.UsageError(f"{name}: {path}: {error.strerror}") from None


def route(values: dict[str, Any]) -> Route:
    """Raises click.UsageError if an option's text cannot be understood."""
    if values["ipv4"] and values["ipv6"]:
        raise click.UsageError("-4 and -6 exclude each other")
    return Route(
        family=4 if values["ipv4"] else 6 if values["ipv6"] else 0,
        resolve=tuple(_resolve(text) for text in values["resolve"]),
        connect_to=tuple(_connect_to(text) for text in values["connect_to"]),
        unix_socket=values["unix_socket"],
        interface=values["interface"],
        proxy=_proxy(values["proxy"]),
    )


def _resolve(text: str) -> tuple[str, int, tuple[str, ...]]:
    host, port, addresses = _parts(text, 3) or ("", "", "")
    if not host or not port.isdecimal() or not addresses:
        raise click.UsageError(f"--resolve: '{text}' is not HOST:PORT:ADDRESS[,ADDRESS]")
    return host.lower(), int(port), tuple(a.strip("[]") for a in addresses.split(","))


def _connect_to(text: str) -> tuple[str, int, str, int]:
    parts = _parts(text, 4)
    if parts is None or not all(p == "" or p.isdecimal() for p in (parts[1], parts[3])):
        raise click.UsageError(f"--connect-to: '{text}' is not HOST:PORT:HOST2:PORT2")
    return parts[0].lower(), int(parts[1] or 0), parts[2], int(parts[3] or 0)


def _parts(text: str, count: int) -> list[str] | None:
    """Split at colons, but not inside brackets (IPv6); the last part of three keeps its colons."""
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


def _proxy(text: str | None) -> str | None:
    if text is None:
        return None
    shown = text if "://" in text else f"http://{text}"
    scheme = shown.partition("://")[0].lower()
    if scheme not in ("http", "https", "socks4", "socks4a", "socks5", "socks5h"):
        raise click.UsageError(f"--proxy: '{scheme}' is not a kind of proxy that wsprobe speaks")
    return shown
