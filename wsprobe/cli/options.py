"""The options of `connect` and `compare`: how each is declared, and the one typed value that they make.

What a command line cannot mean is a usage error here, before anything is sent.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import click
from msgspec import Struct

from wsprobe.cli import expect
from wsprobe.cli.completion import expectations, wires
from wsprobe.cli.expect import Expectation
from wsprobe.cli.option import option, together
from wsprobe.cli.streams import Color
from wsprobe.exchange import Act, Limits, Route, TlsOptions
from wsprobe.opening import Offer
from wsprobe.wire import WIRES

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
"""What a page can do as well: for `connect` and `compare`."""

own_request = together(
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
"""What only wsprobe's own request can have."""

ROUTE = "Connection"
LIMITS = "Limits"
TLS = "TLS"
VERSIONS = ["1.0", "1.1", "1.2", "1.3"]

connection = together(
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

SESSION = "Session"
VERDICT = "Verdict"

session = together(
    option(
        "--send",
        multiple=True,
        metavar="TEXT",
        section=SESSION,
        help="send this text message once the session is open; repeat it for more",
    ),
    option("--send-hex", multiple=True, metavar="HEX", section=SESSION, help="send this binary message"),
    option("--ping", is_flag=True, section=SESSION, help="send a Ping once the session is open"),
    option(
        "--talk",
        is_flag=True,
        section=SESSION,
        help="hold the session: each line of standard input is sent, what comes is shown",
        long="Ends with the end of input, with ^C, or when the server closes. A line /ping sends a Ping, "
        "/close CODE REASON closes, // at its begin stands for one slash. What comes is shown on standard "
        "output; on standard error, where an option such as --json has standard output for itself.",
    ),
)

verdict = together(
    option(
        "--expect",
        "expectations",
        multiple=True,
        metavar="WHAT",
        shell_complete=expectations,
        section=VERDICT,
        help=f"exit with 20 unless this holds, with 0 if it does: {expect.FORMS}",
        long="Repeatable; all must hold. The exit status of the outcome itself is then not used. What could "
        "never hold, such as a finding that does not exist, is a usage error.",
    ),
    option(
        "--retry",
        type=click.IntRange(0, 100),
        default=0,
        metavar="N",
        section=VERDICT,
        help="ask again up to N times after a failure that may pass: unreachable, timeout, dropped, "
        "408, 429, 500, 502, 503, 504",
        long="Waits one second before the first retry, then twice as long each time, at most a minute.",
    ),
    option(
        "--parallel",
        type=click.IntRange(1, 1000),
        default=8,
        show_default=True,
        metavar="N",
        section=VERDICT,
        help="with several URLs: ask N at once; results keep the order of the URLs",
    ),
)

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

own_output = together(
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


class Asking(Struct, frozen=True):
    """What is sent, to where, and within which limits; with a URL it makes a plan."""

    offer: Offer
    limits: Limits
    tls: TlsOptions
    route: Route
    acts: tuple[Act, ...] = ()
    key: str | None = None
    """Sec-WebSocket-Key; None: a fresh one for each request."""
    raw: bytes | None = None
    """The whole request, in place of one made from *offer*."""
    wire: str = "hybi-13"


class Settings(Struct, frozen=True):
    """All that the options of one call say. An option that a command lacks has its default."""

    asking: Asking
    follow: bool = False
    max_redirs: int = 10
    negotiate: bool = False
    talk: bool = False
    retry: int = 0
    parallel: int = 8
    expectations: tuple[Expectation, ...] = ()
    as_json: bool = False
    color: Color = "auto"
    redact: bool = False
    verbose: int | None = None
    """How often -v was given; None where the command has no -v."""
    include: bool = False
    body_to: str | None = None
    """The file of --output; - is standard output."""
    silent: bool = False
    write_out: str | None = None
    save: str | None = None


def settings(values: dict[str, Any]) -> Settings:
    """The typed value of click's *values*. Raises click.UsageError for what cannot be meant or used."""
    get = values.get
    return Settings(
        asking=_asking(values),
        follow=bool(get("follow")),
        max_redirs=get("max_redirs", 10),
        negotiate=bool(get("negotiate")),
        talk=bool(get("talk")),
        retry=get("retry") or 0,
        parallel=get("parallel") or 1,
        expectations=expect.parse(get("expectations") or ()),
        as_json=values["as_json"],
        color=values["color"],
        redact=values["redact"],
        verbose=get("verbose"),
        include=bool(get("include")),
        body_to=get("output"),
        silent=bool(get("silent")),
        write_out=get("write_out"),
        save=get("save"),
    )


def _asking(values: dict[str, Any]) -> Asking:
    raw = None
    if values.get("raw_request"):
        try:
            with open(values["raw_request"], "rb") as file:
                raw = file.read()
        except OSError as error:
            raise click.UsageError(f"--raw-request: {values['raw_request']}: {error.strerror}") from None
    wire = _wire(values.get("wire"))
    acts = tuple(_acts(values))
    _speakable(wire, acts)
    return Asking(
        offer=_offer(values),
        limits=Limits(
            connect_timeout=values["connect_timeout"],
            max_time=values["max_time"],
            linger=values["linger"],
            max_body=values["max_body"],
        ),
        tls=_tls(values),
        route=_route(values),
        acts=acts,
        key=values.get("ws_key"),
        raw=raw,
        wire=wire,
    )


def _offer(values: dict[str, Any]) -> Offer:
    agent = values["user_agent"]
    return Offer(
        key=values.get("ws_key") or "",
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
    for text in texts:
        if "=" not in text and os.path.exists(text):
            raise click.UsageError(f"--cookie: '{text}' is a file, and none is read: write 'name=value'")
    return tuple(texts)


def _wire(name: str | None) -> str:
    if name is None:
        return "hybi-13"
    if name not in WIRES:
        raise click.UsageError(f"--wire: '{name}' is not one of {', '.join(WIRES)}")
    return name


def _speakable(wire: str, acts: tuple[Act, ...]) -> None:
    if wire == "hybi-13" or all(act.do in ("text", "close") for act in acts):
        return
    if WIRES[wire].text_only:
        raise click.UsageError(f"--wire: {wire} has text messages only; leave --send-hex and --ping out")


def _acts(values: dict[str, Any]) -> Iterator[Act]:
    for text in values.get("send") or ():
        yield Act("open", "text", os.fsencode(text))
    for text in values.get("send_hex") or ():
        try:
            data = bytes.fromhex(text)
        except ValueError:
            raise click.UsageError(f"--send-hex: '{text}' is not hexadecimal") from None
        yield Act("open", "binary", data)
    if values.get("ping"):
        yield Act("open", "ping", b"wsprobe")


def _tls(values: dict[str, Any]) -> TlsOptions:
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


def _route(values: dict[str, Any]) -> Route:
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
