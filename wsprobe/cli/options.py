"""The options of `connect` and `compare`: how each is declared, and the one typed value that they make.

What a command line cannot mean is a usage error here, before anything is sent.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import quote

import click
from msgspec import Struct, field
from msgspec.structs import replace

from wsprobe.cli import cookies, expect, netrc, proxies
from wsprobe.cli.completion import expectations, wires
from wsprobe.cli.cookies import Cookie, Jar
from wsprobe.cli.expect import Expectation
from wsprobe.cli.keys import Method
from wsprobe.cli.netrc import Netrc
from wsprobe.cli.option import Rate, Seconds, Whole, option, together
from wsprobe.cli.paste import IGNORED
from wsprobe.cli.proxies import Proxies
from wsprobe.cli.streams import Color, check_replaceable
from wsprobe.exchange import Act, Limits, Route, TlsOptions
from wsprobe.opening import Offer
from wsprobe.schedule import Pace
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
        long="Letter case and order are kept as given; a repeated name is sent repeatedly. A header that "
        "wsprobe would send itself (Host, Upgrade, Connection, Sec-WebSocket-Key, ...) is replaced by the "
        "one given here.",
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
        metavar="TEXT|FILE",
        section=REQUEST,
        help="send this Cookie: 'name=value; other=value'; a word without = is a file of cookies",
        long="A file is read as curl reads it: Netscape's format, or Set-Cookie lines. wsprobe sends "
        "those of its cookies that belong to the host and path of the URL and have not expired. With a "
        "file, as with -c, cookies that the server sets are also sent in the redirects and retries that "
        "follow.",
    ),
    option(
        "-u",
        "--user",
        metavar="USER:PASSWORD",
        section=REQUEST,
        help="send Basic credentials, or answer a 401 that wants Digest with them",
        long="Basic credentials go out with the first request; if a 401 then offers Digest and not Basic, the "
        "request is sent once more with Digest (RFC 7616: MD5, SHA-256, SHA-512-256, also -sess). The report "
        "shows a 401 that was answered as a hop. Credentials in the URL are used too, if this option is not "
        "given. Browsers never send either before a 401 asks for them. wsprobe does not support NTLM and "
        "Negotiate.",
    ),
    option(
        "--digest",
        is_flag=True,
        rare=True,
        section=REQUEST,
        help="send credentials by Digest only: first none, then in answer to the 401",
    ),
    option(
        "--anyauth",
        is_flag=True,
        rare=True,
        section=REQUEST,
        help="send no credentials at first, then in the best way that the 401 offers: Digest before Basic",
    ),
    option(
        "--basic",
        is_flag=True,
        rare=True,
        section=REQUEST,
        help="send Basic credentials with the first request; this is the default",
    ),
    option(
        "-n",
        "--netrc",
        is_flag=True,
        rare=True,
        section=REQUEST,
        help="take user and password from ~/.netrc, or from the file that the variable NETRC names",
        long="Used if neither -u nor the URL has a password. The entry is found by the host name and, if "
        "the URL has a user, by that user. A redirect to another origin gets credentials only from an "
        "entry that names its host, never from default, and never over ws: after wss:.",
    ),
    option(
        "--netrc-file",
        metavar="FILE",
        rare=True,
        section=REQUEST,
        help="the same from FILE",
    ),
    option(
        "--netrc-optional",
        is_flag=True,
        rare=True,
        section=REQUEST,
        help="as --netrc, but a missing file is no error",
    ),
    option(
        "--bearer",
        metavar="TOKEN",
        section=REQUEST,
        help="send 'Authorization: Bearer TOKEN'",
        long="In compare only wsprobe's own request has it: a page cannot send one.",
    ),
    option(
        "--protocol",
        "protocols",
        multiple=True,
        metavar="NAME",
        section=REQUEST,
        help="offer this subprotocol; repeat it for more",
    ),
    option(
        "--origin",
        metavar="ORIGIN",
        section=REQUEST,
        help="send this Origin, for example https://app.example; browsers always send one, wsprobe only "
        "with this option",
        long="In compare it is short for a page of that origin: --page https://app.example/.",
    ),
)
"""What a page can do as well: for `connect` and `compare`."""

own_request = together(
    option(
        "-c",
        "--cookie-jar",
        metavar="FILE",
        rare=True,
        section=REQUEST,
        help="keep the cookies that servers set, and write them to FILE at the end (- is standard output)",
        long="In Netscape's format, which curl reads and writes too, together with those from -b FILE "
        "that have not expired; also if the handshake fails. Refusals, redirects and a 101 can all set "
        "cookies. wsprobe keeps and sends those that RFC 6265bis allows: by domain (none for a public "
        "suffix), path, Secure, and the prefixes __Host- and __Secure- of a name. SameSite matters only "
        "in a page.",
    ),
    option(
        "--extension",
        "extensions",
        multiple=True,
        metavar="TEXT",
        rare=True,
        section=REQUEST,
        help="offer this extension instead of permessage-deflate; repeat it for more",
    ),
    option(
        "--no-compression", is_flag=True, rare=True, section=REQUEST, help="do not offer permessage-deflate"
    ),
    option(
        "--ws-key",
        metavar="TEXT",
        rare=True,
        section=REQUEST,
        help="send this Sec-WebSocket-Key instead of a fresh one",
        long="The text is sent as it is, even if it is not a valid key.",
    ),
    option(
        "--ws-version",
        metavar="TEXT",
        rare=True,
        section=REQUEST,
        help="send this Sec-WebSocket-Version instead of 13",
    ),
    option(
        "--request-target",
        metavar="TEXT",
        rare=True,
        section=REQUEST,
        help="put this on the request line instead of path and query",
    ),
    option(
        "--http-version",
        type=click.Choice(["1.0", "1.1"]),
        rare=True,
        section=REQUEST,
        help="the HTTP version on the request line",
    ),
    option(
        "--http2",
        is_flag=True,
        section=REQUEST,
        help="use HTTP/2 if the server agrees to it (ALPN); the report says which version was used",
        long="RFC 8441: an extended CONNECT, sent if the server's SETTINGS allow it. Header names go out in "
        "lower case, and Host is :authority. Firefox does so whenever it can, Chromium if it already has "
        "an HTTP/2 connection to that origin.",
    ),
    option(
        "--http2-prior-knowledge",
        is_flag=True,
        rare=True,
        section=REQUEST,
        help="use HTTP/2 without asking first, whatever ALPN says; for ws: in clear text (h2c)",
    ),
    option(
        "--http2-anyway",
        is_flag=True,
        rare=True,
        section=REQUEST,
        help="with --http2 or --http2-prior-knowledge: send the request although the server does not "
        "announce WebSockets over HTTP/2",
    ),
    option(
        "--raw-request",
        type=click.Path(dir_okay=False, allow_dash=False),
        metavar="FILE",
        rare=True,
        section=REQUEST,
        help="send the bytes of FILE as the request; {key} and {host} in it are filled in",
        long="Nothing else is changed: line ends, order and errors are sent as they are in the file.",
    ),
    option(
        "--wire",
        shell_complete=wires,
        metavar="VERSION",
        rare=True,
        section=REQUEST,
        help="speak an older version: hixie-75, hixie-76, hybi-04 to hybi-08; hybi-13 is RFC 6455",
        long="The request, the checks of the answer, the framing and the close are those of that version. "
        "See wsprobe-history(7).",
    ),
    option(
        "--negotiate",
        is_flag=True,
        rare=True,
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
        long="What was given for one origin (scheme, host and port) is never sent to another one, however long "
        "the chain of redirects: credentials, cookies, the client's certificate, --raw-request, "
        "--request-target, a --protocol that looks like a token, and every -H except Accept and the like, "
        "User-Agent, Origin, Sec-WebSocket-Extensions and -Version. The report says what was left out. "
        "Browsers other than WebKitGTK do not follow redirects for WebSockets.",
    ),
    option(
        "--location-trusted",
        is_flag=True,
        rare=True,
        section=REQUEST,
        help="follow redirects as -L does, but send credentials and everything else to every origin",
    ),
    option(
        "--max-redirs",
        type=Whole(0, 100),
        default=10,
        show_default=True,
        metavar="N",
        rare=True,
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
    option("-4", "ipv4", is_flag=True, rare=True, section=ROUTE, help="use IPv4 only"),
    option("-6", "ipv6", is_flag=True, rare=True, section=ROUTE, help="use IPv6 only"),
    option(
        "--resolve",
        multiple=True,
        metavar="HOST:PORT:ADDRESS[,ADDRESS]",
        rare=True,
        section=ROUTE,
        help="use these addresses for HOST:PORT; the request and TLS still name HOST",
    ),
    option(
        "--connect-to",
        multiple=True,
        metavar="HOST:PORT:HOST2:PORT2",
        rare=True,
        section=ROUTE,
        help="connect to HOST2:PORT2 instead; an empty HOST or PORT matches any, an empty HOST2 or PORT2 "
        "keeps that of the URL",
    ),
    option("--unix-socket", metavar="PATH", rare=True, section=ROUTE, help="connect through this Unix socket"),
    option(
        "--interface",
        metavar="NAME",
        rare=True,
        section=ROUTE,
        help="connect from this interface or local address",
    ),
    option(
        "-x",
        "--proxy",
        metavar="URL",
        section=ROUTE,
        help="go through this proxy: http://, https://, socks4a://, socks5:// or socks5h://",
        long="wsprobe sends CONNECT to an http proxy. Without -x, http_proxy is used for ws:, https_proxy or "
        "HTTPS_PROXY for wss:, and ALL_PROXY for both, as curl does; an empty URL means no proxy.",
    ),
    option(
        "-U",
        "--proxy-user",
        metavar="USER:PASSWORD",
        rare=True,
        section=ROUTE,
        help="credentials for the proxy, instead of those in its URL",
        long="An http proxy gets Basic credentials with the first request; if its 407 offers Digest and "
        "not Basic, the request is sent once more with Digest. A SOCKS 5 proxy gets them as in RFC 1929.",
    ),
    option(
        "--proxy-basic",
        is_flag=True,
        rare=True,
        section=ROUTE,
        help="send Basic credentials to the proxy with the first request; this is the default",
    ),
    option(
        "--proxy-digest",
        is_flag=True,
        rare=True,
        section=ROUTE,
        help="send the proxy's credentials by Digest only, in answer to its 407",
    ),
    option(
        "--proxy-anyauth",
        is_flag=True,
        rare=True,
        section=ROUTE,
        help="send the proxy's credentials in the best way that its 407 offers",
    ),
    option(
        "--noproxy",
        metavar="HOST[,HOST]",
        rare=True,
        section=ROUTE,
        help="connect to these hosts, and to all names below them, without a proxy; * is every host",
        long="Replaces the environment variable NO_PROXY.",
    ),
    option(
        "--haproxy-protocol",
        is_flag=True,
        rare=True,
        section=ROUTE,
        help="begin the connection with a PROXY protocol header, version 1, as a load balancer does",
        long="For a listener that expects one: accept-proxy of HAProxy, listen ... proxy_protocol of "
        "nginx. It is one line with the addresses and ports of both ends of the connection, sent before "
        "TLS. With -x it goes through the tunnel, and the addresses are those of the connection to the proxy.",
    ),
    option(
        "--haproxy-clientip",
        metavar="ADDRESS",
        rare=True,
        section=ROUTE,
        help="the same, with ADDRESS as the address of the client instead of this machine's",
        long="A server that trusts the header takes ADDRESS for the client's. If the connection uses the "
        "other address family, ADDRESS is also sent as the address of the server, because both must be of "
        "one family.",
    ),
    option(
        "--connect-timeout",
        type=Seconds(zero=False),
        default=Limits().connect_timeout,
        show_default=True,
        metavar="SECONDS",
        rare=True,
        section=LIMITS,
        help="give up if TCP and TLS are not set up after this time",
    ),
    option(
        "-m",
        "--max-time",
        type=Seconds(zero=False),
        metavar="SECONDS",
        section=LIMITS,
        help=f"give up if the whole exchange takes longer [default: {Limits().max_time:g}]",
        long="The limit is for all redirects together. wsprobe talk without -m bounds only the handshake.",
    ),
    option(
        "--linger",
        type=Seconds(),
        default=Limits().linger,
        show_default=True,
        metavar="SECONDS",
        section=LIMITS,
        help="how long to watch an open session before closing it with 1000",
        long="It ends earlier when the server closes. Many servers refuse by opening the session and "
        "closing it immediately; in this time wsprobe sees that.",
    ),
    option(
        "--max-body",
        type=Whole(0),
        default=Limits().max_body,
        show_default=True,
        metavar="BYTES",
        rare=True,
        section=LIMITS,
        help="read at most this many bytes of a body",
    ),
    option(
        "-k", "--insecure", is_flag=True, section=TLS, help="continue although the certificate is not valid"
    ),
    option("--cacert", metavar="FILE", section=TLS, help="trust the authorities in FILE (PEM) and no other"),
    option("--capath", metavar="DIR", rare=True, section=TLS, help="trust the authorities in DIR and no other"),
    option(
        "--cert",
        metavar="FILE",
        rare=True,
        section=TLS,
        help="client certificate (PEM), with its key unless --key names one",
    ),
    option("--key", metavar="FILE", rare=True, section=TLS, help="private key of the client certificate (PEM)"),
    option(
        "--servername",
        metavar="NAME",
        rare=True,
        section=TLS,
        help="the name to send in SNI and to look for in the certificate, instead of the host of the URL",
    ),
    option(
        "--tls-min", type=click.Choice(VERSIONS), rare=True, section=TLS, help="lowest TLS version to offer"
    ),
    option(
        "--tls-max", type=click.Choice(VERSIONS), rare=True, section=TLS, help="highest TLS version to offer"
    ),
    option(
        "--ciphers",
        metavar="LIST",
        rare=True,
        section=TLS,
        help="offer these ciphers for TLS 1.2 and older, in the format of OpenSSL's cipher list",
        long="As ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256 (openssl-ciphers(1)). The "
        "ciphers of TLS 1.3 are offered as well, as in curl, unless --tls-max is 1.2. There is no "
        "--tls13-ciphers: the ssl module of Python cannot choose among them.",
    ),
    option(
        "--pinnedpubkey",
        metavar="FILE|HASHES",
        rare=True,
        section=TLS,
        help="fail unless this is the public key of the server: a file (PEM or DER), or "
        "sha256//HASH[;sha256//HASH]",
        long="Checked as in curl: before the request is sent, and with -k too. The hash is the SHA-256 of "
        "the key (SubjectPublicKeyInfo) in base64; -v shows that of the server. It applies to the target "
        "and to every redirect that -L follows, not to an https proxy.",
    ),
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
    option(
        "--send-hex", multiple=True, metavar="HEX", rare=True, section=SESSION, help="send this binary message"
    ),
    option("--ping", is_flag=True, rare=True, section=SESSION, help="send a Ping once the session is open"),
)
"""What a session is to begin with."""

expecting = together(
    option(
        "--expect",
        "expectations",
        multiple=True,
        metavar="WHAT",
        shell_complete=expectations,
        section=VERDICT,
        help=f"exit with 0 if this is true, with 20 if not: {expect.FORMS}",
        long="Repeatable; all must hold. cert-days is a minimum: whole days that the server's certificate is "
        "still valid. The exit status of the outcome itself is then not used. What could "
        f"never hold, such as a finding that does not exist, is a usage error. compare has {expect.VIEW} too: "
        "the code of the close event that script gets there, or the outcome of that view; all others are about "
        "wsprobe's own exchange.",
    ),
)

verdict = together(
    option(
        "--retry",
        type=Whole(0, 100),
        default=0,
        metavar="N",
        rare=True,
        section=VERDICT,
        help="ask again up to N times after a failure that may be temporary: unreachable, timeout, dropped, "
        "408, 429, 500, 502, 503, 504",
        long="Waits one second before the first retry, then twice as long each time, at most a minute. If "
        "a 429 or 503 has Retry-After, it waits that long; if that is longer than --retry-max-time "
        "leaves, or without that option longer than an hour, there is no retry.",
    ),
    option(
        "--retry-max-time",
        type=Seconds(zero=False),
        metavar="SECONDS",
        rare=True,
        section=VERDICT,
        help="with --retry: start no further try later than this after the first one",
    ),
)

MANY = "Many URLs"

many = together(
    option(
        "--parallel",
        type=Whole(1, 1000),
        default=8,
        show_default=True,
        metavar="N",
        section=MANY,
        help="ask up to N URLs at the same time",
        long="A list is read while its URLs are tried, so it may be endless. Results are printed in the "
        "order of the URLs; up to 1000 of them wait for a slow one.",
    ),
    option(
        "--per-host",
        type=Whole(1, 1000),
        default=8,
        show_default=True,
        metavar="N",
        rare=True,
        section=MANY,
        help="ask up to N URLs of the same host at the same time, whatever --parallel says",
        long="A host is the name or address that is connected to, on any port. URLs of other hosts "
        "overtake those that wait.",
    ),
    option(
        "--rate",
        type=Rate(),
        metavar="N/s",
        rare=True,
        section=MANY,
        help="start N URLs a second, evenly spaced; N/m is a minute, N/h an hour",
        long="A delay is not caught up with in a burst. Redirects and retries are not counted.",
    ),
    option(
        "--unordered",
        is_flag=True,
        rare=True,
        section=MANY,
        help="print results as they come, not in the order of the URLs",
    ),
    option(
        "--workers",
        type=Whole(1, 64),
        default=1,
        show_default=True,
        metavar="N",
        rare=True,
        section=MANY,
        help="share the work among N processes of this machine",
        long="--parallel, --per-host and --rate apply to all of them together: one more process gives "
        "each URL to the process that has the least to do, and prints the results in order. If a process "
        "is killed, standard error says so, and its URLs are tried again; a URL on which two were killed "
        "is named and left out. If the system allows fewer processes, standard error says so, and those do "
        "the work, or wsprobe itself.",
    ),
    option(
        "--summary",
        is_flag=True,
        section=MANY,
        help="print a summary at the end: how many URLs had which outcome, and the most frequent problems",
        long="By outcome, status and finding, on standard error, with the likely cause of the most "
        "frequent problems and what to do about it. At a terminal it is printed for several URLs without "
        "this option, with a line that shows the progress.",
    ),
    option(
        "--resume",
        metavar="FILE",
        section=MANY,
        help="append the reports to FILE, as --json prints them; skip URLs that FILE already has; print "
        "the summary",
        long="If a run was ended, in whatever way, the same command continues it. A URL is known by its "
        "text, and is done whatever its outcome was; one that is listed twice is tried once. If the last "
        "line of FILE is incomplete, it is removed and its URL is tried again. The exit status is that of "
        "all results in FILE, and the summary counts them all; likely causes are named for the URLs that "
        "this run tried. Two runs cannot use the same FILE.",
    ),
)


CLUSTER = "Cluster"

elsewhere = together(
    option(
        "--cluster",
        metavar="ADDRESS",
        section=CLUSTER,
        help="share the work among the workers of a Dask cluster; ADDRESS is that of its scheduler, tcp://host:8786",
        long="Needs the extra cluster, on this machine and on every machine of the cluster. connect: URLs "
        "go out in chunks of up to 50; the results of a chunk come back together, with the worker's name "
        "(worker in --json). If a worker is gone, the scheduler gives its chunk to another one: no URL is "
        "left out and none is reported twice, though some may be tried twice. --parallel is per thread of "
        "a worker; --rate and --per-host are divided evenly among the threads, at least one each. "
        "compare: with --json and more than 1,000 recordings, as for --workers. --connect-timeout also "
        "limits how long wsprobe waits for the scheduler, and for a first worker. Clusters in "
        "wsprobe-connect(1) says what to start and what is sent.",
    ),
    option(
        "--from-each",
        is_flag=True,
        section=CLUSTER,
        help="with --cluster: ask every URL from this machine and from every worker, and report where the "
        "answers differ",
        long="connect prints a table with a row for each URL and a column for each place, this machine "
        "first and then the workers by name; below a row with differences, what they likely mean. --json "
        "has a line for each URL and place, those of a URL together in the same order; the line of this "
        "machine has no worker. The exit status is 1 if places differ by outcome, status, close code, "
        "subprotocol, extensions or findings, otherwise as without this option. compare shows what a "
        "script sees in each place (--browser-mode), or everything in which the answers differ; its exit "
        "status is that for several URLs. The workers are those that exist when it begins; one that joins "
        "later is named, but not used. If a worker is gone, wsprobe waits for it as long as "
        "--connect-timeout says; URLs that it did not try have no line, their cell says so, and the "
        "status is 2. --rate and --per-host apply to all places together. Not with --resume.",
    ),
    option(
        "--cluster-trusted",
        is_flag=True,
        rare=True,
        section=CLUSTER,
        help="with --cluster: send passwords, cookies and tokens to the cluster even if the address of "
        "the scheduler is not tls://",
        long="Without this option they go only to a tls:// scheduler and to one on the loopback of this "
        "machine; the same holds for recordings, which may contain them.",
    ),
)


def _ignore(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    if value:
        ctx.meta.setdefault(IGNORED, []).append(param.opts[-1])


def _method(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    if value not in (None, "GET"):
        raise click.UsageError(
            f"--request: a handshake is a GET (RFC 6455 section 4.1); to send {value} nevertheless: "
            "--raw-request"
        )
    _ignore(ctx, param, value)


def _curl(*names: str, **kwargs: Any) -> Any:
    said: dict[str, Any] = {"is_flag": True, "callback": _ignore} | kwargs
    return click.option(*names, hidden=True, expose_value=False, **said)


ignored = together(
    *(_curl(name) for name in ("--compressed", "--globoff", "--fail", "--fail-with-body", "--path-as-is")),
    *(_curl(name) for name in ("--http1.1", "--tcp-nodelay", "--no-keepalive", "--raw")),
    _curl("-N", "--no-buffer"),
    _curl("-S", "--show-error"),
    _curl("-X", "--request", is_flag=False, callback=_method),
)
"""Options of curl that make no difference to a handshake: a line that was copied works as it is."""

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
        "--brief",
        is_flag=True,
        section=OUTPUT,
        help="with --json: leave out the recording, and the bytes of everything that is also there as text",
        long="For lists of thousands of URLs. Left out are exchange, raw and der, wherever they occur; "
        "compare cannot read such a line.",
    ),
    option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        rare=True,
        section=OUTPUT,
        help="colour: auto (on a terminal, unless NO_COLOR is set), always or never",
    ),
    option(
        "--redact",
        is_flag=True,
        section=OUTPUT,
        help="mask credentials, cookies and query values in everything that is printed or saved",
        long="Authorization, Proxy-Authorization, Cookie, Set-Cookie, headers with a key or token by their "
        "name, user and password in URLs, values of query parameters, what looks like a token in a path or "
        "subprotocol, and messages that were sent are overwritten with asterisks of the same length, and so is "
        "everything that repeats them. Look through the result before you publish it: a body may hold other "
        "secrets.",
    ),
    option(
        "-s",
        "--silent",
        is_flag=True,
        section=OUTPUT,
        help="print no report and no messages about it, only what another option asks for; the exit status "
        "still tells the result",
        long="What could not be done has no result, and is still named on standard error: an error in the "
        "command line, in a line of a list or in a file, or a worker process that was killed.",
    ),
    option(
        "--save",
        metavar="FILE",
        section=OUTPUT,
        help="append the recording to FILE, for wsprobe compare and for bug reports (- is standard output)",
        long="compare saves wsprobe's own exchange; those of the engines are in its --json.",
    ),
    option(
        "--har",
        metavar="FILE",
        rare=True,
        section=OUTPUT,
        help="also write a HAR file, which DevTools can import (- is standard output)",
        long="One entry for each exchange, redirects too: headers, body, times, messages. A HAR file has "
        "less than a recording: not the bytes of a head, no frames. FILE is overwritten at the end.",
    ),
    option(
        "--report",
        "report_to",
        metavar="FILE",
        section=OUTPUT,
        help="write the whole report, with secrets masked, to a web page (FILE.html) or as Markdown for "
        "an issue (FILE.md)",
        long="One file to send to a colleague: both sides next to each other, findings with links to the "
        "sections, likely causes, where the time went, every byte, and the command that repeats it. The page "
        "loads nothing and has no script. Several URLs are sections of one file. What --redact masks is masked "
        "in it, and it says so; the report on standard output stays as it is.",
    ),
    option(
        "--no-redact",
        is_flag=True,
        rare=True,
        section=OUTPUT,
        help="with --report: do not mask secrets in the file",
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
        long="In a pipe or file the bytes are untouched; on a terminal control characters are made "
        "visible. If no answer came, standard error says why.",
    ),
    option(
        "-o",
        "--output",
        metavar="FILE",
        rare=True,
        section=OUTPUT,
        help="write the body of the answer to FILE (- is standard output, instead of the report)",
        long="On a terminal control characters are made visible.",
    ),
    option(
        "-w",
        "--write-out",
        metavar="FORMAT",
        section=OUTPUT,
        help="print FORMAT with its %{variables} filled in, instead of the report",
        long="The variables are listed at the end of the options. \\n, \\r, \\t and \\\\ are escapes, %% is a "
        "percent sign; no line end is added. Control characters in what the server sent are made visible.",
    ),
    option(
        "--json-schema",
        is_flag=True,
        is_eager=True,
        rare=True,
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
    jar: Jar = field(default_factory=Jar)
    """Cookies of files and of answers, each for the places that it belongs to."""
    stranger: bool = False
    """A redirect led to another origin: cookies go there only by their domain."""
    http2: Literal["", "alpn", "prior"] = ""
    """HTTP/2 where the server takes it in ALPN, or at once."""
    http2_anyway: bool = False
    method: Method = "basic"
    """How credentials are sent."""
    proxy_method: Method = "basic"
    netrc: Netrc | None = None
    """Credentials by host; None: no such file was asked for."""
    proxies: Proxies = Proxies()
    """The proxies of -x or of the environment; *route* has none, since it depends on the URL."""


class Settings(Struct, frozen=True):
    """All that the options of one call say. An option that a command lacks has its default."""

    asking: Asking
    follow: bool = False
    location_trusted: bool = False
    max_redirs: int = 10
    negotiate: bool = False
    max_time: float | None = None
    """-m, if it was given."""
    retry: int = 0
    retry_max_time: float | None = None
    cookie_jar: str | None = None
    """The file of --cookie-jar; - is standard output."""
    pace: Pace = Pace()
    unordered: bool = False
    workers: int = 1
    cluster: str | None = None
    """The address of a scheduler of Dask."""
    cluster_trusted: bool = False
    from_each: bool = False
    """Every URL is asked from every place."""
    summary: bool = False
    resume: str | None = None
    """The file of --resume."""
    expectations: tuple[Expectation, ...] = ()
    as_json: bool = False
    brief: bool = False
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
    har: str | None = None
    report_to: str | None = None
    """The file of --report: .html or .md."""
    no_redact: bool = False


def settings(values: dict[str, Any], page: bool = False) -> Settings:
    """The typed value of click's *values*. *page*: they say what a page does, and a page may try anything.

    Raises click.UsageError for what cannot be meant or used.
    """
    get = values.get
    if get("resume") is not None:
        _check_resume(values)
    elif values["brief"] and not values["as_json"]:
        raise click.UsageError("--brief shortens --json: add --json")
    if get("cookie_jar") is not None and values["redact"]:
        raise click.UsageError("--redact and --cookie-jar cannot be used together: cookies are secrets")
    if get("cookie_jar") == "-" and (
        values["as_json"] or values["save"] == "-" or get("include") or get("output") == "-"
    ):
        raise click.UsageError("--cookie-jar -: standard output is taken by another option; name a file")
    apart = not page and (get("workers") or 1) > 1
    if apart and any(get(each) for each in ("verbose", "talk", "report_to", "har", "cookie_jar")):
        raise click.UsageError(
            "--workers uses several processes, and -v, --talk, --report, --har and --cookie-jar work in "
            "one only; leave them out"
        )
    _check_partners(values)
    if not page:
        _check_protocols(values["protocols"])
        _check_origin(values["origin"])
    return Settings(
        asking=_asking(values, page),
        follow=bool(get("follow") or get("location_trusted")),
        location_trusted=bool(get("location_trusted")),
        max_redirs=get("max_redirs", 10),
        negotiate=bool(get("negotiate")),
        max_time=values["max_time"],
        retry=get("retry") or 0,
        retry_max_time=get("retry_max_time"),
        cookie_jar=get("cookie_jar"),
        pace=Pace(get("parallel") or 1, get("per_host") or 0, get("rate") or 0.0),
        unordered=bool(get("unordered")),
        workers=get("workers") or 1,
        cluster=_cluster(values),
        cluster_trusted=bool(get("cluster_trusted")),
        from_each=bool(get("from_each")),
        summary=bool(get("summary")),
        resume=get("resume"),
        expectations=expect.parse(get("expectations") or ()),
        as_json=values["as_json"],
        brief=values["brief"],
        color=values["color"],
        redact=values["redact"],
        verbose=get("verbose"),
        include=bool(get("include")),
        body_to=get("output"),
        silent=values["silent"],
        write_out=get("write_out"),
        save=values["save"],
        har=get("har"),
        report_to=_report_to(values),
        no_redact=bool(get("no_redact")),
    )


NOT_IN_RAW = {
    "headers": "--header",
    "user_agent": "--user-agent",
    "cookies": "--cookie",
    "user": "--user",
    "bearer": "--bearer",
    "protocols": "--protocol",
    "origin": "--origin",
    "extensions": "--extension",
    "no_compression": "--no-compression",
    "ws_version": "--ws-version",
    "request_target": "--request-target",
    "http_version": "--http-version",
}
"""Options of a request that is made here, and not read from a file."""


def _check_partners(values: dict[str, Any]) -> None:
    """Raises click.UsageError for an option that can have no effect without another one, or beside it. What
    scripts say for a case that may come (--max-redirs, --noproxy, --retry-max-time) is none of these."""
    if values["key"] is not None and values["cert"] is None:
        raise click.UsageError(
            "--key is the private key of --cert, and no certificate is named: add --cert FILE"
        )
    # In a redirect to another origin the file is not sent, and in a jar a cookie is kept.
    if values.get("raw_request") and not any(map(values.get, ("follow", "location_trusted", "cookie_jar"))):
        given = [shown for name, shown in NOT_IN_RAW.items() if values.get(name) not in (None, False, ())]
        if given:
            raise click.UsageError(
                f"--raw-request sends the bytes of its file and nothing else: {' and '.join(given)} cannot be "
                "used with it; write that into the file"
            )


def _cluster(values: dict[str, Any]) -> str | None:
    """The scheduler's address, with its scheme. Raises click.UsageError."""
    address: str | None = values.get("cluster")
    if address is None:
        for name in ("cluster_trusted", "from_each"):
            if values.get(name):
                shown = f"--{name.replace('_', '-')}"
                raise click.UsageError(f"{shown} is about --cluster: add --cluster tcp://host:8786")
        return None
    if (values.get("workers") or 1) > 1:
        raise click.UsageError(
            "--cluster and --workers cannot be used together: a cluster has workers of its own"
        )
    if any(values.get(each) for each in ("verbose", "talk", "cookie_jar")):
        raise click.UsageError(
            "--cluster shares work out: -v, --talk and --cookie-jar want it all in one process"
        )
    if values.get("from_each") and values.get("resume") is not None:
        raise click.UsageError(
            "--from-each and --resume cannot be used together: FILE lists URLs, but not from where each "
            "was tried"
        )
    whole = address if "://" in address else f"tcp://{address}"
    if not re.fullmatch(r"(tcp|tls)://(\[[0-9A-Fa-f:.%]+\]|[^/:@\s]+):[0-9]{1,5}/?", whole):
        raise click.UsageError(
            f"--cluster: {address!r} is not the address of a scheduler: tcp://host:8786, or tls://host:8786"
        )
    return whole.rstrip("/")


def _check_resume(values: dict[str, Any]) -> None:
    if values["redact"]:
        raise click.UsageError(
            "--resume and --redact cannot be used together: a URL that is masked cannot be found again; mask "
            "what you publish (wsprobe compare --json --redact)"
        )
    for name, shown in (("as_json", "--json"), ("include", "--include"), ("write_out", "--write-out")):
        if values.get(name):
            raise click.UsageError(
                f"--resume and {shown} cannot be used together: the reports are written to FILE"
            )
    if values.get("output") == "-" or values["save"] == "-" or values.get("talk"):
        raise click.UsageError("--resume prints nothing but the summary: leave --talk, -o - and --save - out")


REPORTS = (".html", ".md")


def _report_to(values: dict[str, Any]) -> str | None:
    path: str | None = values.get("report_to")
    if values.get("no_redact") and values["redact"]:
        raise click.UsageError("--redact and --no-redact cannot be used together")
    if path is None:
        if values.get("no_redact"):
            raise click.UsageError("--no-redact is about the file of --report: add --report FILE.html")
        return None
    if not path.lower().endswith(REPORTS):
        raise click.UsageError(
            f"--report: {path!r} ends neither in .html nor in .md: the end of its name says which it is to be"
        )
    check_replaceable(path, "report")
    return path


def _asking(values: dict[str, Any], page: bool) -> Asking:
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
    cookies, jar = _cookies(values["cookies"], keeps=values.get("cookie_jar") is not None)
    return Asking(
        offer=_offer(values, cookies, page),
        limits=Limits(
            connect_timeout=values["connect_timeout"],
            max_time=Limits().max_time if values["max_time"] is None else values["max_time"],
            linger=values["linger"],
            max_body=values["max_body"],
        ),
        tls=_tls(values),
        route=_route(values),
        acts=acts,
        key=values.get("ws_key"),
        raw=raw,
        wire=wire,
        jar=jar,
        http2=_http2(values),
        http2_anyway=bool(values.get("http2_anyway")),
        method=_method_of(values, ""),
        proxy_method=_method_of(values, "proxy_"),
        netrc=_netrc(values),
        proxies=_proxies(values),
    )


def _offer(values: dict[str, Any], cookies: tuple[str, ...], page: bool) -> Offer:
    agent = values["user_agent"]
    for header in values["headers"]:
        _check_header(header)
    headers = list(values["headers"])
    if agent == "":
        headers.append("User-Agent:")
    if values["bearer"] is not None:
        if values["user"] is not None:
            raise click.UsageError(
                "--user and --bearer cannot be used together: both are the Authorization header"
            )
        headers.append(f"Authorization: Bearer {values['bearer']}")
    return Offer(
        key=values.get("ws_key") or "",
        headers=tuple(headers),
        user_agent=agent,
        cookies=cookies,
        user=values["user"],
        protocols=tuple(values["protocols"]),
        origin=None if page else values["origin"],
        extensions=tuple(values.get("extensions") or ()),
        no_compression=bool(values.get("no_compression")),
        version=values.get("ws_version"),
        request_target=values.get("request_target"),
        http_version=values.get("http_version") or "1.1",
    )


_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
"""RFC 9110 section 5.6.2."""


def _check_header(text: str) -> None:
    name = text.partition(":" if ":" in text else ";")[0]
    if (":" in text or ";" in text) and name and not re.fullmatch(_TOKEN, name):
        raise click.UsageError(
            f"--header: {name!r} cannot be a header's name (RFC 9110 section 5.1); to send it nevertheless, "
            "write the request to a file: --raw-request"
        )


def _check_protocols(names: Sequence[str]) -> None:
    for name in names:
        if not re.fullmatch(_TOKEN, name):
            several = " ".join(f"--protocol {part}" for part in re.split(r"[\s,]+", name) if part)
            meant = f"; for several: {several}" if re.search(r"[\s,]", name.strip()) else ""
            raise click.UsageError(
                f"--protocol: {name!r} is not a subprotocol's name (RFC 6455 section 4.1, item 10){meant}; to "
                f"send it all the same: -H 'Sec-WebSocket-Protocol: {name}'"
            )


def _check_origin(text: str | None) -> None:
    if text in (None, "null") or re.fullmatch(_ORIGIN, text or ""):
        return
    assert text is not None
    raise click.UsageError(
        f"--origin: {text!r} is not an origin{origin_meant(text)}; to send it nevertheless: -H 'Origin: {text}'"
    )


_ORIGIN = r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#\s]+"
"""RFC 6454 section 6.2: scheme, host and port, and nothing behind them."""


def origin_meant(text: str) -> str:
    """What may have been meant by a *text* that is no origin, to stand behind a sentence; "" if nothing."""
    near = text if "://" in text else f"https://{text}"
    found = re.match(_ORIGIN, near)
    return f": did you mean {found[0]}?" if found is not None else ""


def _cookies(texts: Sequence[str], keeps: bool) -> tuple[tuple[str, ...], Jar]:
    """What is sent everywhere, and the jar with what files say."""
    now = datetime.now(UTC).timestamp()
    pairs: list[str] = []
    found: list[Cookie] = []
    for text in texts:
        if "=" in text or not text:
            pairs.append(text)
            continue
        try:
            with open(text, encoding="utf-8", errors="surrogateescape") as file:
                found += cookies.parse(file.read(), now)
                keeps = True
        except OSError as error:
            raise click.UsageError(
                f"--cookie: {text}: {error.strerror} (a word without = is a file of cookies)"
            ) from None
    return tuple(pairs), Jar(found, keeps=keeps)


def _method_of(values: dict[str, Any], before: str) -> Method:
    given = [name for name in ("basic", "digest", "anyauth") if values.get(before + name)]
    if len(given) > 1:
        first, second, *_ = (f"--{before.replace('_', '-')}{name}" for name in given)
        raise click.UsageError(f"{first} and {second} cannot be used together")
    methods: dict[str, Method] = {"digest": "digest", "anyauth": "any"}
    return methods.get(given[0], "basic") if given else "basic"


def _netrc(values: dict[str, Any]) -> Netrc | None:
    if not (values["netrc"] or values["netrc_optional"] or values["netrc_file"]):
        return None
    return netrc.read(values["netrc_file"], values["netrc_optional"], os.environ)


def _proxies(values: dict[str, Any]) -> Proxies:
    found = _named_proxies(values)
    if values["proxy"] is None and not (found.plain or found.secure):
        for name in ("proxy_user", "proxy_basic", "proxy_digest", "proxy_anyauth"):
            if values.get(name):
                raise click.UsageError(
                    f"--{name.replace('_', '-')} is about a proxy, and none is named, here or in the "
                    "environment: add --proxy URL"
                )
    if values["proxy_user"] is None:
        return found
    user, password = (
        quote(part.encode("utf-8", "surrogateescape"), safe="")
        for part in values["proxy_user"].partition(":")[::2]
    )

    def with_user(url: str) -> str:
        scheme, mark, rest = url.partition("://")
        return f"{scheme}{mark}{user}:{password}@{rest.rpartition('@')[2]}" if url else url

    return replace(found, plain=with_user(found.plain), secure=with_user(found.secure))


def _named_proxies(values: dict[str, Any]) -> Proxies:
    if values["proxy"] is not None:
        given = _proxy(values["proxy"]) or ""
        found = Proxies(given, given, named=True)
    else:
        found = proxies.from_environment(os.environ)
        for named in {found.plain, found.secure} - {""}:
            _proxy(named)
        found = replace(found, plain=_proxy(found.plain) or "", secure=_proxy(found.secure) or "")
    bypass = found.bypass if values["noproxy"] is None else proxies.hosts(values["noproxy"])
    return replace(found, bypass=bypass)


NOT_OVER_HTTP2 = {
    "http_version": "--http-version",
    "wire": "--wire",
    "raw_request": "--raw-request",
    "ws_key": "--ws-key",
    "negotiate": "--negotiate",
}
"""Options that are about the request of HTTP/1.1 alone."""


def _http2(values: dict[str, Any]) -> Literal["", "alpn", "prior"]:
    given = [name for name in ("http2", "http2_prior_knowledge", "http2_anyway") if values.get(name)]
    if not given:
        return ""
    for name, shown in NOT_OVER_HTTP2.items():
        if values.get(name) not in (None, False):
            raise click.UsageError(
                f"--{given[0].replace('_', '-')} and {shown} cannot be used together: {shown} is about HTTP/1.1"
            )
    return "prior" if values.get("http2_prior_knowledge") else "alpn"


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
        ciphers=values["ciphers"],
        pinned=() if values["pinnedpubkey"] is None else _pinned(values["pinnedpubkey"]),
    )


_PIN = "sha256//"


def _pinned(text: str) -> tuple[str, ...]:
    """The hashes that --pinnedpubkey names, or that of the key in its file."""
    from base64 import b64decode  # late: only for this option

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
    _readable(text, "--pinnedpubkey")
    from wsprobe.certificate import pin, spki_in

    with open(text, "rb") as file:
        key = spki_in(file.read())
    if not key:
        raise click.UsageError(
            f"--pinnedpubkey: {text}: no public key; to take it from a certificate: openssl x509 -pubkey -noout"
        )
    return (pin(key),)


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
        raise click.UsageError("-4 and -6 cannot be used together")
    return Route(
        family=4 if values["ipv4"] else 6 if values["ipv6"] else 0,
        resolve=tuple(_resolve(text) for text in values["resolve"]),
        connect_to=tuple(_connect_to(text) for text in values["connect_to"]),
        unix_socket=values["unix_socket"],
        interface=values["interface"],
        proxy_header=_proxy_header(values),
    )


def _proxy_header(values: dict[str, Any]) -> str | None:
    client: str | None = values["haproxy_clientip"]
    if client is None:
        return "" if values["haproxy_protocol"] else None
    import ipaddress  # late: only for this option

    try:
        return str(ipaddress.ip_address(client))
    except ValueError:
        raise click.UsageError(f"--haproxy-clientip: {client!r} is not an IP address") from None


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


def _proxy(text: str) -> str | None:
    """The proxy's URL, http:// where it has no scheme; None for an empty text."""
    if not text:
        return None
    shown = text if "://" in text else f"http://{text}"
    scheme = shown.partition("://")[0].lower()
    if scheme not in ("http", "https", "socks4", "socks4a", "socks5", "socks5h"):
        raise click.UsageError(f"--proxy: '{scheme}' is not a kind of proxy that wsprobe speaks")
    return shown
