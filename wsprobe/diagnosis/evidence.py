"""The facts about an answer for the rules: what wsprobe sent, and what came back."""

from __future__ import annotations

import re

import msgspec
from msgspec import UNSET

from wsprobe.exchange import Target
from wsprobe.read.head import split_head
from wsprobe.read.heads import Field
from wsprobe.read.reading import Body, Reading, Response, SentRequest
from wsprobe.read.tokens import VALUE_MAX
from wsprobe.request.target import authority
from wsprobe.text import legible


class Evidence(msgspec.Struct, frozen=True):
    """An answer and its request, as the rules see them.

    Thirty rules look at each answer: what most of them read is a value here, made once."""

    status: int
    reason: str
    names: tuple[str, ...]
    """Of the fields, as sent; in order."""
    by_name: dict[str, tuple[str, ...]]
    """The values of each field by its name in lower case, in order."""
    body: bytes
    """Without transfer and content coding."""
    text: str
    """The beginning of the body, as UTF-8."""
    signed: tuple[str, ...]
    """The author that the answer itself names, in Server and X-Powered-By, without proxies."""
    rest: bytes
    """The bytes after the body; all of a body without a valid length."""
    request: SentRequest
    host: str
    origin: str | None
    oddity: str
    """The request's fault as a handshake: ``draft`` (an earlier one, by ``--wire``), ``method``, ``upgrade``,
    ``version``, ``key``, ``protocol``; "" if nothing."""
    credentials: bool
    """Whether an Authorization field was sent."""
    secure: bool
    wanted: str = ""
    """The authority of the URL: the default value of Host."""
    largest: tuple[str, int] = ("", 0)
    """The largest field of a request that is LARGE: its name and its size in bytes."""
    over_http2: bool = False
    line: str = ""
    """Status and reason phrase: ``403 Forbidden``."""
    servers: tuple[str, ...] = ()
    """The values of Server."""
    by_page: bool = False
    """``of_a_page``."""
    hop: str = ""
    """The last proxy that left a mark on the answer, "" if none did."""

    # Of the request, what few rules read:

    @property
    def method(self) -> str:
        return text_of(self.request.method)

    @property
    def path(self) -> str:
        return url_parts(text_of(self.request.resource))[1]

    @property
    def query(self) -> str:
        return url_parts(text_of(self.request.resource))[2]

    @property
    def protocols(self) -> tuple[str, ...]:
        """The offered subprotocols."""
        return tuple(map(text_of, self.request.protocols))

    @property
    def arrived(self) -> bool:
        """Whether the answer shows that Upgrade and Connection reached its author. A 426 has Upgrade either way
        (RFC 9110 section 15.5.22)."""
        return self.has("sec-websocket-accept") or (
            self.status != 426 and self.get("upgrade").lower() == "websocket"
        )

    @property
    def lowered(self) -> bool:
        """Whether every field name is in lower case, as from HAProxy, Envoy and gateways from HTTP/2."""
        return bool(self.names) and all(name == name.lower() for name in self.names)

    def all(self, name: str) -> tuple[str, ...]:
        """The values of every field called *name* (lower case), in order."""
        return self.by_name.get(name, ())

    def get(self, name: str) -> str:
        """The first field called *name* (lower case), "" if there is none."""
        values = self.by_name.get(name)
        return values[0] if values else ""

    def has(self, name: str) -> bool:
        return name in self.by_name

    def only(self, allowed: frozenset[str]) -> bool:
        """Whether there are only the fields in *allowed* and those that proxies add."""
        return all(name.lower() in allowed or name.lower() in _PLUMBING for name in self.names)

    def server(self, *starts: str) -> bool:
        """Any of the Server fields starts with one of *starts*; Caddy puts its own before the application's."""
        for value in self.servers:  # noqa: SIM110 - twenty times an answer: any() takes twice as long
            if value.startswith(starts):
                return True
        return False

    def python(self, library: str) -> bool:
        """Any of the Server fields is that of a Python *library*, as in ``Python/3.13 aiohttp/3.12``."""
        return self.server("Python/") and any(
            value.partition(" ")[2].startswith(library) for value in self.all("server")
        )


_PLUMBING = frozenset(
    {
        *("server", "date", "connection", "keep-alive", "transfer-encoding", "content-length", "via"),
        *("alt-svc", "age", "x-request-id", "x-envoy-upstream-service-time", "x-varnish", "x-cache"),
        "strict-transport-security",
    }
)
"""Fields that show nothing about the author, because proxies add, remove or rewrite them."""


def _signed(by_name: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """``Evidence.signed``; Apache-Coyote is Tomcat."""
    found = []
    for value in (*by_name.get("server", ()), *by_name.get("x-powered-by", ())):
        small = value.lower()
        if small and (not small.startswith(_PROXIES) or small.startswith("apache-")):
            found.append(value)
    return tuple(found)


_HOPS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("cf-ray", (), "cloudflare"),
    ("server", ("cloudflare",), "cloudflare"),
    ("server", ("nginx", "openresty"), "nginx"),
    ("server", ("Caddy",), "caddy"),
    ("via", ("1.0 Caddy", "1.1 Caddy", "2.0 Caddy", "3.0 Caddy"), "caddy"),
    ("server", ("Apache",), "apache"),
    ("server", ("lighttpd",), "lighttpd"),
    ("server", ("envoy", "istio-envoy"), "envoy"),
    ("x-envoy-upstream-service-time", (), "envoy"),
    ("server", ("nghttpx",), "nghttpx"),
    ("x-varnish", (), "varnish"),
    ("server", ("squid",), "squid"),
    ("x-squid-error", (), "squid"),
    ("server", ("awselb",), "aws"),
)
"""Field, how its value starts (any value where nothing is given), the proxy that sends it."""
_HOP_FIELDS = frozenset(name for name, _, _ in _HOPS if name != "server")
_HOP_SERVERS = tuple(start for name, starts, _ in _HOPS if name == "server" for start in starts)

_PROXIES = (*map(str.lower, _HOP_SERVERS), "varnish")
"""How Server starts, in lower case, if a proxy wrote it, perhaps on the answer of another program."""


def _hop(by_name: dict[str, tuple[str, ...]]) -> str:
    """``Evidence.hop``."""
    servers = [value for value in by_name.get("server", ()) if value.startswith(_HOP_SERVERS)]
    if not servers and _HOP_FIELDS.isdisjoint(by_name):
        return ""
    for name, starts, hop in _HOPS:
        for value in by_name.get(name, ()):
            if value and (not starts or value.startswith(starts)):
                return hop
    return ""


def foreign_origin(evidence: Evidence) -> bool:
    """Whether the sent Origin has another host than the request."""
    return evidence.origin is not None and url_parts(evidence.origin)[0].lower() != evidence.host.lower()


def is_markup(evidence: Evidence) -> bool:
    """Whether the body is markup: its first character is ``<``."""
    return evidence.body.lstrip()[:1] == b"<"


def behind_proxy(evidence: Evidence, capital: bool = False) -> bool:
    """Whether a proxy in front of the author is visible: it names itself, or field names that the author writes
    with capitals (*capital*) are in lower case, as HAProxy makes them."""
    return bool(evidence.hop) or (capital and evidence.lowered)


BEHIND = 4096
"""Most bytes that count of those behind an answer."""
LONGEST = 4096
"""Characters of a text in which the words to show are looked for: a reason may have two million."""


def shown(text: str, most: int = 80) -> str:
    """A few words of the wire, on one line and safe to show: printable characters as themselves."""
    whole, text = len(text) <= LONGEST, text[:LONGEST]
    words = " ".join(text.split())
    plain = words.isascii() and words.isprintable() and "\\" not in words
    if whole and plain and len(words) <= most:  # nearly all
        return words
    try:
        data = words.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can spell
        data = words.encode("utf-8", "surrogatepass")
    shown = legible(data)
    return shown if whole and len(shown) <= most else shown[: most - 3] + "..."


def answer_of(reading: Reading, final: Response) -> Evidence:
    """The evidence of *final*, which has a status, and of the request that it answers."""
    body = final.body
    names = []
    by_name: dict[str, tuple[str, ...]] = {}
    for field in final.head.fields[:200]:
        name = field.name.strip().decode("latin-1")
        names.append(name)
        key = name.lower()
        value = (field.value[:VALUE_MAX].decode("latin-1"),)
        by_name[key] = by_name[key] + value if key in by_name else value
    return _evidence(
        reading,
        status=final.status or 0,
        reason=final.reason.decode("utf-8", "surrogateescape"),
        names=tuple(names),
        by_name=by_name,
        body=b"" if body is None else body.decoded if body.decoded is not None else body.content,
        rest=(reading.rest[:BEHIND] + _unread(body))[:BEHIND],
    )


def _unread(body: Body | None) -> bytes:
    """The beginning of the raw bytes of a body without an end."""
    return body.raw[:BEHIND] if body is not None and (body.malformed or not body.complete) else b""


def unanswered(reading: Reading) -> Evidence:
    """The evidence without an answer: only that of the request."""
    return _evidence(reading, status=0, reason="", names=(), by_name={}, body=b"", rest=b"")


def _evidence(
    reading: Reading,
    *,
    status: int,
    reason: str,
    names: tuple[str, ...],
    by_name: dict[str, tuple[str, ...]],
    body: bytes,
    rest: bytes,
) -> Evidence:
    request, target = reading.request, reading.exchange.plan.target
    found = request.head.several(_ASKED)
    over_http2 = request.version == b"HTTP/2"
    origin = found.get(b"origin")
    host = found.get(b"host")
    oddity = _oddity(request, found)
    if oddity and reading.exchange.plan.wire != "hybi-13":
        if status == 101:  # an older version that was asked for, and opened, is no fault of the request
            oddity = ""
        elif reading.exchange.client is UNSET:
            oddity = "draft"
    return Evidence(
        status,
        reason,
        names,
        by_name,
        body,
        body[:65536].decode("utf-8", "replace"),
        _signed(by_name),
        rest,
        request,
        text_of(host[0].value) if host else "",
        text_of(origin[0].value) if origin else None,
        oddity,
        b"authorization" in found,
        target.secure,
        authority_of(target),
        # A field of HTTP/2 can be larger than the block that it came in.
        _largest(request) if over_http2 or len(request.head.raw) > LARGE else ("", 0),
        over_http2,
        f"{status} {shown(reason)}".rstrip(),
        by_name.get("server", ()),
        of_a_page(reading),
        _hop(by_name),
    )


def of_a_page(reading: Reading) -> bool:
    """True if a browser sent the request for a page, which has fewer ways to change it than wsprobe: a browser
    logged it, or a client of the relay sent it with an Origin."""
    client = reading.exchange.client
    relayed = client is not UNSET and split_head(client.request)[0].all(b"origin")
    return bool(reading.exchange.logged or relayed)


LARGE = 8000
"""Bytes of one field: most servers and proxies have a limit of 8 KiB a field, or a head."""


def authority_of(target: Target) -> str:
    """Host and port of *target* as in Host: without the default port of its scheme."""
    return target.host if target.port == (443 if target.secure else 80) else authority(target.host, target.port)


def _largest(request: SentRequest) -> tuple[str, int]:
    fields = request.head.fields
    if not fields:
        return "", 0
    sizes = [len(field.value) for field in fields]
    most = max(sizes)
    return text_of(fields[sizes.index(most)].name), most


_ASKED = frozenset(
    {
        *(b"upgrade", b"connection", b"sec-websocket-version", b"sec-websocket-protocol"),
        *(b"origin", b"host", b"authorization"),
    }
)
"""The fields of a request that may be a cause."""


def _oddity(request: SentRequest, found: dict[bytes, list[Field]]) -> str:
    """What *request* lacks of a handshake, as ``Evidence.oddity``; *found*: its fields of ``_ASKED``."""
    over_http2 = request.version == b"HTTP/2"  # RFC 8441 section 5: CONNECT, no Upgrade, no key
    if not over_http2 and request.method != b"GET":
        return "method"
    if not over_http2 and not (
        _listed(found.get(b"upgrade"), b"websocket") and _listed(found.get(b"connection"), b"upgrade")
    ):
        return "upgrade"
    versions = found.get(b"sec-websocket-version", [])
    if len(versions) != 1 or versions[0].value != b"13":
        return "version"
    if not over_http2 and (request.key is None or KEY.fullmatch(request.key) is None):
        return "key"
    for field in found.get(b"sec-websocket-protocol", ()):
        if not all(part.strip() for part in field.value.split(b",")):
            return "protocol"
    return ""


KEY = re.compile(rb"[0-9A-Za-z+/]{22}==")
"""16 bytes in base64 (RFC 6455 section 4.1)."""


def _listed(fields: list[Field] | None, token: bytes) -> bool:
    """A list-valued field has *token* (RFC 9110 section 5.6.1)."""
    for field in fields or ():
        value = field.value.lower()
        if value == token or token in [part.strip() for part in value.split(b",")]:
            return True
    return False


_URL = r"(?s)(?:[^:/?#]+:)?(?://(?:[^/\\?#]*@)?([^/\\?#]*))?([^?#]*)(?:\?([^#]*))?.*"
"""RFC 3986, appendix B: every text matches. A backslash ends the authority too, as in browsers."""


def url_parts(text: str) -> tuple[str, str, str]:
    """Host and port, path and query of *text*, whatever it is; without user and password."""
    match = re.fullmatch(_URL, text)
    return (match[1] or "", match[2] or "", match[3] or "") if match else ("", "", "")


def to_another_host(location: str, host: str) -> bool:
    """True if a redirect to *location* leads to another host than *host* (a Host field), on any port."""
    place = url_parts(location)[0]
    return bool(place) and _without_port(place) != _without_port(host)


def _without_port(place: str) -> str:
    return re.sub(r":\d*\Z", "", place).lower()


def text_of(value: bytes) -> str:
    """The bytes of a header as text, one character for each byte (latin-1)."""
    return value.decode("latin-1")
