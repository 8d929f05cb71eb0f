"""What is sent: options that shape the opening handshake.

How the server is reached, and for how long: addresses, proxies, limits, TLS.

What is printed and kept.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Any

import click

from wsprobe.cli.completion import wires
from wsprobe.cli.option import option, together
from wsprobe.exchange import Limits, Route, TlsOptions
from wsprobe.show.lines import Look

if TYPE_CHECKING:
    from wsprobe.opening import Offer

REQUEST = "Request"

request = together(
    option(
        "-H",
        "--header",
        "headers",
        multiple=True,
        metavar="LINE",
        section=REQUEST,
        help="add, replace or remove a header: 'Name: value', 'Name:' removes, 'Name;' sends it empty",
        long="Letter case and order are kept as given; a repeated name is sent repeatedly. A name that wsprobe "
        "sends by itself (Host, Upgrade, Connection, Sec-WebSocket-Key, ...) takes that header's place.",
    ),
    option(
        "-A",
        "--user-agent",
        metavar="TEXT",
        section=REQUEST,
        help="send this User-Agent; an empty text sends none",
    ),
    option(
        "-b",
        "--cookie",
        "cookies",
        multiple=True,
        metavar="TEXT",
        section=REQUEST,
        help="send this Cookie: 'name=value; other=value'",
    ),
    option(
        "-u",
        "--user",
        metavar="USER:PASSWORD",
        section=REQUEST,
        help="send Basic credentials",
        long="Credentials in the URL are used too, if this option is not given. Browsers never send "
        "either before a 401 asks for them.",
    ),
    option(
        "--protocol",
        "protocols",
        multiple=True,
        metavar="NAME",
        section=REQUEST,
        help="offer this subprotocol; repeat it for more",
    ),
)
"""For `connect` and, as far as a page can do the same, `compare`."""

request_of_connect = together(
    option(
        "--origin",
        metavar="ORIGIN",
        section=REQUEST,
        help="send this Origin; browsers always send one, wsprobe by itself does not",
    ),
    option(
        "--extension",
        "extensions",
        multiple=True,
        metavar="TEXT",
        section=REQUEST,
        help="offer this extension in place of permessage-deflate; repeat it for more",
    ),
    option("--no-compression", is_flag=True, section=REQUEST, help="do not offer permessage-deflate"),
    option(
        "--ws-key",
        metavar="TEXT",
        section=REQUEST,
        help="send this Sec-WebSocket-Key instead of a fresh one",
        long="Any text is sent as it is, a malformed key too.",
    ),
    option(
        "--ws-version", metavar="TEXT", section=REQUEST, help="send this Sec-WebSocket-Version instead of 13"
    ),
    option(
        "--request-target",
        metavar="TEXT",
        section=REQUEST,
        help="put this on the request line instead of path and query",
    ),
    option(
        "--http-version",
        type=click.Choice(["1.0", "1.1"]),
        section=REQUEST,
        help="the HTTP version on the request line",
    ),
    option(
        "--raw-request",
        type=click.Path(dir_okay=False, allow_dash=False),
        metavar="FILE",
        section=REQUEST,
        help="send the bytes of FILE; {key} and {host} in it are filled in",
        long="Nothing else is changed: line ends, order, errors are sent as they stand in the file.",
    ),
    option(
        "--wire",
        shell_complete=wires,
        metavar="VERSION",
        section=REQUEST,
        help="speak an older version: hixie-75, hixie-76, hybi-04 to hybi-08; hybi-13 is RFC 6455",
        long="Request, check of the answer, framing and close are those of that version. "
        "See wsprobe-history(7).",
    ),
    option(
        "--negotiate",
        is_flag=True,
        section=REQUEST,
        help="if the server lists other versions, ask once more with the best that wsprobe speaks",
        long="RFC 6455 section 4.4. Browsers never do this.",
    ),
    option(
        "-L",
        "--location",
        "follow",
        is_flag=True,
        section=REQUEST,
        help="follow redirects; every hop is shown",
        long="Credentials and cookies are not carried to another host. Browsers do not follow redirects for "
        "WebSockets, except WebKitGTK.",
    ),
    option(
        "--max-redirs",
        type=click.IntRange(0, 100),
        default=10,
        show_default=True,
        metavar="N",
        section=REQUEST,
        help="with -L: follow at most N redirects",
    ),
)


def offer(values: dict[str, Any], key: str) -> Offer:
    """What the options ask for, with *key* as Sec-WebSocket-Key."""
    from wsprobe.opening import Offer

    agent = values["user_agent"]
    return Offer(
        key=key,
        headers=(*values["headers"], *(("User-Agent:",) if agent == "" else ())),
        user_agent=agent,
        cookies=_cookies(values["cookies"]),
        user=values["user"],
        protocols=tuple(values["protocols"]),
        origin=values.get("origin"),
        extensions=tuple(values.get("extensions") or ()),
        # Messages of a session that is held are shown frame by frame, as they come.
        no_compression=bool(values.get("no_compression") or values.get("talk")),
        version=values.get("ws_version"),
        request_target=values.get("request_target"),
        http_version=values.get("http_version") or "1.1",
    )


def _cookies(texts: Sequence[str]) -> tuple[str, ...]:
    """Raises click.UsageError for the name of a file, which curl would take cookies from."""
    for text in texts:
        if "=" not in text and os.path.exists(text):
            raise click.UsageError(f"--cookie: '{text}' is a file, and none is read: write 'name=value'")
    return tuple(texts)


ROUTE = "Connection"
LIMITS = "Limits"
TLS = "TLS"
VERSIONS = ["1.0", "1.1", "1.2", "1.3"]

routing = together(
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


OUTPUT = "Output"

output = together(
    option(
        "--json",
        "as_json",
        is_flag=True,
        section=OUTPUT,
        help="print one JSON object a line (wsprobe-json(5))",
    ),
    option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        section=OUTPUT,
        help="colour: auto (on a terminal, unless NO_COLOR is set), always or never",
    ),
    option(
        "--redact",
        is_flag=True,
        section=OUTPUT,
        help="mask credentials, cookies and query values in all that is printed or saved",
        long="Authorization, Proxy-Authorization, Cookie, Set-Cookie, user and password in URLs, and the "
        "values of query parameters are overwritten with asterisks of the same length. Look through the result "
        "before you publish it: a body may hold other secrets.",
    ),
)

output_of_connect = together(
    option(
        "-v",
        "--verbose",
        count=True,
        section=OUTPUT,
        help="show the conversation as it happens, on standard error; -vv in hex",
        long="Of one exchange the first 100,000 characters are shown, 250,000 in hex; the last line counts "
        "what is left out, and --json and --save keep every byte. The report has up to ten times the lines.",
    ),
    option(
        "-i",
        "--include",
        is_flag=True,
        section=OUTPUT,
        help="print the answer exactly as it came, head and body, instead of the report",
        long="In a pipe or file the bytes are untouched; on a terminal they are made visible first. Where no "
        "answer came, standard error says why.",
    ),
    option(
        "-o",
        "--output",
        metavar="FILE",
        section=OUTPUT,
        help="write the body of the answer to FILE (- is standard output, instead of the report)",
        long="On a terminal the bytes are made visible first.",
    ),
    option(
        "-s",
        "--silent",
        is_flag=True,
        section=OUTPUT,
        help="no report and no messages: only what another option asks for, and the exit status",
    ),
    option(
        "-w",
        "--write-out",
        metavar="FORMAT",
        section=OUTPUT,
        help="print FORMAT with its %{variables} filled in, instead of the report",
        long="The variables are listed at the end of the options. \\n, \\r, \\t and \\\\ are escapes, %% is a "
        "percent sign; no line end is added. What came from the server is made visible first.",
    ),
    option(
        "--save",
        metavar="FILE",
        section=OUTPUT,
        help="append the recording to FILE, for compare and for bug reports (- is standard output)",
    ),
    option(
        "--json-schema",
        is_flag=True,
        is_eager=True,
        section=OUTPUT,
        help="print the JSON Schema of --json and exit",
    ),
)


def look(values: dict[str, Any], stream: IO[str]) -> Look:
    """What *stream* can take, by the options and the environment."""
    terminal = stream.isatty()
    color = values["color"]
    wanted = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    encoding = (getattr(stream, "encoding", "") or "").lower().replace("_", "-")
    return Look(
        width=shutil.get_terminal_size().columns,
        terminal=terminal,
        color=color == "always" or (color == "auto" and wanted),
        unicode=encoding in ("utf-8", "utf8"),
        verbose=values.get("verbose") or 0,
        verbosity="verbose" in values,
    )


def emit(lines: Any, stream: IO[str], of: Look) -> None:
    """Write lines to *stream*, painted if it takes colour."""
    if of.color:
        from wsprobe.show.paint import paint

        paint(lines, stream, of)
    else:
        from wsprobe.show.lines import plain

        stream.write(plain(lines))
    stream.flush()


def note(text: str) -> None:
    """A word about the call itself, on standard error."""
    sys.stderr.write(f"wsprobe: {text}\n")
    sys.stderr.flush()
