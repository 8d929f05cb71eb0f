"""Options about the request, the first messages of a session, and what may follow an answer.

A value that cannot be used is a usage error here, before anything is sent.
"""

import errno
import os
import re
from collections.abc import Iterator, Sequence
from typing import ClassVar, Literal

import click

from wsprobe.cli import from_file
from wsprobe.cli.completion import wires
from wsprobe.cli.files import MEBIBYTE, read, read_for
from wsprobe.cli.option import Section, Whole, opt, usage_error
from wsprobe.exchange import Act
from wsprobe.request import cookies, netrc
from wsprobe.request.cookies import Cookie, Jar
from wsprobe.request.netrc import Netrc
from wsprobe.wire import WIRES
from wsprobe.wire.credentials import Method

SEND = "Send"
REACH = "Reach the server"
HOLD = "Hold the session"
LONGEST_REQUEST = 16 * MEBIBYTE
"""The most bytes of --raw-request."""
LONGEST_JAR = 8 * MEBIBYTE
"""The most bytes of a .netrc, and of a cookie file: a browser keeps some thousands, none over 4 KiB."""


class RequestSettings(Section, frozen=True, kw_only=True):
    """What a page can do too: for `connect` and `compare`."""

    heading: ClassVar[str] = SEND

    headers: tuple[str, ...] = opt(
        "-H --header LINE",
        "add, replace or remove a header: 'Name: value', 'Name:' removes, 'Name;' sends it empty; @FILE has "
        "one a line",
        (),
        callback=from_file.replaced(from_file.lines_of_header),
    )
    user_agent: str | None = opt(
        "-A --user-agent", "send this User-Agent; an empty text sends none", None, rare=True
    )
    cookies: tuple[str, ...] = opt(
        "-b --cookie TEXT|FILE",
        "send this Cookie: 'name=value; other=value'; a word without = is a file of cookies",
        (),
    )
    user: str | None = opt(
        "-u --user USER:PASSWORD",
        "send Basic credentials, or use them to answer a 401 that requires Digest",
    )
    digest: bool = opt(
        "--digest",
        "send credentials only by Digest, in answer to the 401",
        rare=True,
        entry="send credentials only by Digest, in answer to the 401; in the best way that it offers; "
        "as Basic with the first request (the default)",
    )
    anyauth: bool = opt(
        "--anyauth",
        "send credentials only in answer to the 401, in the best way that it offers: Digest before Basic",
        rare=True,
        entry="",
    )
    basic: bool = opt(
        "--basic", "send Basic credentials with the first request (the default)", rare=True, entry=""
    )
    netrc: bool = opt(
        "-n --netrc",
        "read user and password from ~/.netrc, or from the file in the variable NETRC",
        rare=True,
        entry="read user and password from ~/.netrc or the file in the variable NETRC; from FILE; only "
        "if that file exists",
    )
    netrc_file: str | None = opt("--netrc-file FILE", "the same from FILE", rare=True, entry="")
    netrc_optional: bool = opt(
        "--netrc-optional", "as --netrc, but a missing file is not an error", rare=True, entry=""
    )
    bearer: str | None = opt(
        "--bearer TOKEN",
        "send 'Authorization: Bearer TOKEN'; @FILE has the token",
        callback=from_file.replaced(from_file.token),
        rare=True,
        entry="send 'Authorization: Bearer TOKEN'; @FILE, or the environment variable NAME, has the token",
        also={"--oauth2-bearer": None},
    )
    bearer_env: str | None = opt(
        "--bearer-env NAME", "the same, with the token in this environment variable", rare=True, entry=""
    )
    protocols: tuple[str, ...] = opt("--protocol NAME", "offer this subprotocol; repeat it for more", ())
    origin: str | None = opt(
        "--origin ORIGIN",
        "send this Origin, for example https://app.example; browsers always send one, wsprobe only "
        "with this option",
    )

    def check(self) -> None:
        """Raises click.UsageError for a value that no page or no client can send as given."""
        for name in self.protocols:
            if not re.fullmatch(_TOKEN, name):
                several = " ".join(f"--protocol {part}" for part in re.split(r"[\s,]+", name) if part)
                meant = f"; for several: {several}" if re.search(r"[\s,]", name.strip()) else ""
                raise click.UsageError(
                    f"--protocol: {name!r} is not a subprotocol's name (RFC 6455 section 4.1, item 10){meant}; "
                    f"to send it anyway: -H 'Sec-WebSocket-Protocol: {name}'"
                )
            if self.protocols.count(name) > 1:
                raise click.UsageError(
                    f"--protocol {name} is given twice, but a client offers each subprotocol once (RFC 6455 "
                    f"section 4.1, item 10); to send it anyway: -H 'Sec-WebSocket-Protocol: {name}, {name}'"
                )
        if self.origin not in (None, "null") and not re.fullmatch(ORIGIN, self.origin):
            raise click.UsageError(
                f"--origin: {self.origin!r} is not an origin{origin_meant(self.origin)}; to send it anyway: -H "
                f"'Origin: {self.origin}'"
            )

    def lines(self) -> tuple[str, ...]:
        """The header lines, including those from other options. Raises click.UsageError."""
        for text in self.headers:
            name = text.partition(":" if ":" in text else ";")[0]
            if (":" in text or ";" in text) and name and not re.fullmatch(_TOKEN, name):
                raise click.UsageError(
                    f"--header: {name!r} cannot be a header's name (RFC 9110 section 5.1); to send it anyway, "
                    "write the request to a file: --raw-request"
                )
        lines = list(self.headers)
        if self.user_agent == "":
            lines.append("User-Agent:")
        bearer = self.bearer if self.bearer_env is None else os.environ.get(self.bearer_env)
        if self.bearer_env is not None and not bearer:
            raise click.UsageError(f"--bearer-env: the variable {self.bearer_env!a} is not set, or is empty")
        if bearer is not None:
            lines.append(f"Authorization: Bearer {bearer}")
        return tuple(lines)

    def jar(self, kept_in: str | None, now: float) -> tuple[tuple[str, ...], Jar]:
        """The cookies to send to every server, and the jar with the cookies of files. *kept_in*: the file for
        the cookies that servers set. *now*: seconds since 1970. Raises click.UsageError."""
        keeps = kept_in is not None
        before = ""
        if kept_in is not None and os.path.isfile(kept_in):
            before = read_for("--cookie-jar", kept_in, LONGEST_JAR, "a file of cookies").decode(
                "utf-8", "surrogateescape"
            )
        pairs: list[str] = []
        found: list[Cookie] = []
        for text in self.cookies:
            if "=" in text or not text:
                pairs.append(text)
                continue
            try:
                lines = read(f"./{text}" if text == "-" else text, LONGEST_JAR, "a file of cookies")
            except OSError as error:
                hint = "" if error.errno == errno.EFBIG else " (a word without = is a file of cookies)"
                raise click.UsageError(f"--cookie: {text}: {error.strerror}{hint}") from None
            found += cookies.parse(lines.decode("utf-8", "surrogateescape"), now)
            keeps = True
        return tuple(pairs), Jar(found, keeps=keeps, before=before)

    def method(self) -> Method:
        """How to send credentials."""
        return "digest" if self.digest else "any" if self.anyauth else "basic"

    def credentials_by_host(self) -> Netrc | None:
        """The .netrc; None if no option requires one. Raises click.UsageError."""
        if not (self.netrc or self.netrc_optional or self.netrc_file):
            return None
        option = "--netrc" if self.netrc_file is None else "--netrc-file"
        name = self.netrc_file or os.environ.get("NETRC") or os.path.expanduser("~/.netrc")
        with usage_error(OSError, where=f"{option}: {name}"):
            try:
                text = read(name, LONGEST_JAR, "a .netrc").decode("utf-8", "surrogateescape")
            except FileNotFoundError:
                if self.netrc_optional:
                    return Netrc()
                raise click.UsageError(
                    f"{option}: {name}: no such file; for a file that may be missing: --netrc-optional"
                ) from None
        return Netrc(netrc.parse(text))


class OwnRequestSettings(Section, frozen=True, kw_only=True):
    """What only wsprobe's own request can have."""

    heading: ClassVar[str] = SEND

    cookie_jar: str | None = opt(
        "-c --cookie-jar FILE",
        "keep the cookies that servers set, and write them to FILE at the end (- is standard output)",
        rare=True,
        stdout=True,
    )
    extensions: tuple[str, ...] = opt(
        "--extension", "offer this extension instead of permessage-deflate; repeat it for more", (), rare=True
    )
    no_compression: bool = opt("--no-compression", "do not offer permessage-deflate", rare=True)
    ws_key: str | None = opt("--ws-key", "send this Sec-WebSocket-Key instead of a fresh one", None, rare=True)
    ws_version: str | None = opt(
        "--ws-version", "send this Sec-WebSocket-Version instead of 13", None, rare=True
    )
    request_target: str | None = opt(
        "--request-target", "put this on the request line instead of path and query", None, rare=True
    )
    http_version: str | None = opt(
        "--http-version",
        "the HTTP version on the request line",
        type=click.Choice(["1.0", "1.1"]),
        rare=True,
        also={"-0": "1.0", "--http1.0": "1.0", "--http1.1": "1.1"},
    )
    http2: bool = opt(
        "--http2",
        "use HTTP/2 if the server accepts it (ALPN); the report has the version in use",
        rare=True,
        entry="use HTTP/2 if the server accepts it (ALPN); whatever ALPN selects, for ws: in clear text"
        " (h2c); with either, although the server does not announce WebSockets over HTTP/2",
    )
    http2_prior_knowledge: bool = opt(
        "--http2-prior-knowledge",
        "use HTTP/2 whatever ALPN selects; for ws: in clear text (h2c)",
        rare=True,
        entry="",
    )
    http2_anyway: bool = opt(
        "--http2-anyway",
        "with --http2 or --http2-prior-knowledge: send the request although the server does not "
        "announce WebSockets over HTTP/2",
        rare=True,
        entry="",
    )
    raw_request: str | None = opt(
        "--raw-request FILE",
        "send the bytes of FILE as the request; {key} and {host} in it are filled in",
        type=click.Path(dir_okay=False, allow_dash=False),
        rare=True,
    )
    wire: str | None = opt(
        "--wire VERSION",
        "speak an older version: hixie-75, hixie-76, hybi-04 to hybi-08; hybi-13 is RFC 6455",
        shell_complete=wires,
        rare=True,
    )

    def given_bytes(self) -> bytes | None:
        """The bytes of --raw-request. Raises click.UsageError."""
        if not self.raw_request:
            return None
        return read_for("--raw-request", self.raw_request, LONGEST_REQUEST, "a request")

    def version(self, acts: Sequence[Act]) -> str:
        """The wire version to use. Raises click.UsageError for an unknown one, and for one that cannot send
        *acts*."""
        name = self.wire
        if name is None:
            return "hybi-13"
        if name not in WIRES:
            raise click.UsageError(f"--wire: '{name}' is not one of {', '.join(WIRES)}")
        if WIRES[name].text_only and not all(act.do in ("text", "close") for act in acts):
            raise click.UsageError(f"--wire: {name} has text messages only; leave --send-hex and --ping out")
        return name

    def over_http2(self) -> Literal["", "alpn", "prior"]:
        """How to reach HTTP/2: "alpn" or "prior" (knowledge); "" for HTTP/1.1."""
        if self.http2_prior_knowledge:
            return "prior"
        return "alpn" if self.http2 or self.http2_anyway else ""


class FollowSettings(Section, frozen=True, kw_only=True):
    """What wsprobe may send because of an answer."""

    heading: ClassVar[str] = REACH

    negotiate: bool = opt(
        "--ws-negotiate",
        "if the server lists other versions, try once more with the best that wsprobe speaks",
        rare=True,
        also={"--negotiate": True},
    )
    follow: bool = opt(
        "-L --location",
        "follow redirects, and show each one",
        entry="follow redirects, and show each one; send credentials and everything else to every "
        "origin; follow at most N (10)",
    )
    location_trusted: bool = opt(
        "--location-trusted",
        "follow redirects as -L does, but send credentials and everything else to every origin",
        rare=True,
        entry="",
    )
    max_redirs: int = opt(
        "--max-redirs",
        "with -L: follow at most N redirects",
        10,
        type=Whole(0, 100),
        rare=True,
        entry="",
    )

    @property
    def redirects(self) -> bool:
        """Whether to follow redirects."""
        return self.follow or self.location_trusted


class SessionSettings(Section, frozen=True, kw_only=True):
    """The first messages of a session."""

    heading: ClassVar[str] = SEND

    send: tuple[str, ...] = opt(
        "--send",
        "send this text message once the session is open; repeat it for more",
        (),
        entry="send this text message, or this binary one, once the session is open; repeat it for more",
    )
    send_hex: tuple[str, ...] = opt("--send-hex HEX", "send this binary message", (), rare=True, entry="")
    ping: bool = opt("--ping", "send a Ping once the session is open", rare=True)

    def acts(self) -> Iterator[Act]:
        """Yield them in the order sent. Raises click.UsageError."""
        for text in self.send:
            yield Act("open", "text", os.fsencode(text))
        for text in self.send_hex:
            try:
                data = bytes.fromhex(text)
            except ValueError:
                raise click.UsageError(f"--send-hex: '{text}' is not hexadecimal") from None
            yield Act("open", "binary", data)
        if self.ping:
            yield Act("open", "ping", b"wsprobe")


class TalkSetting(Section, frozen=True, kw_only=True):
    """The option of `connect` that only points to another command."""

    heading: ClassVar[str] = SEND

    talk: bool = opt("--talk", "hold the session: the same as wsprobe talk, with all its options", rare=True)


_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
"""RFC 9110 section 5.6.2."""


ORIGIN = r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#\s]+"
"""RFC 6454 section 6.2: scheme, host and port, and nothing after them."""


def origin_meant(text: str) -> str:
    """A suggestion for a *text* that is not an origin, to append to a sentence; "" without one."""
    near = text if "://" in text else f"https://{text}"
    found = re.match(ORIGIN, near)
    return f": did you mean {found[0]}?" if found is not None else ""
