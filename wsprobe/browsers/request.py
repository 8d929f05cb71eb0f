"""The requests that an engine sends: the template of its version, filled in; its answer to a 401 (RFC 7616);
and all the requests to open one URL, each made from the answers before."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from hashlib import sha1
from urllib.parse import unquote_to_bytes

from msgspec.structs import replace

from wsprobe.browsers.engine import Construction, Engine, EngineFacts, FollowUp, Page, Template
from wsprobe.browsers.page import opened_by, origin
from wsprobe.browsers.script import on_wire
from wsprobe.browsers.url import trustworthy_host
from wsprobe.exchange import Exchange, Limits, Plan, Route, Target, TlsOptions
from wsprobe.read import handshakes, read
from wsprobe.read.reading import Reading
from wsprobe.request import opening
from wsprobe.request.target import host_header
from wsprobe.wire import authentication
from wsprobe.wire.authentication import UserAndPassword, quoted


def target_of(made: Construction) -> Target:
    """The target of the construction. Raises ValueError if there is none."""
    if made.target is None:
        raise ValueError("there is no connection, so there is no request")
    return made.target


def offered(reading: Reading, protocols: tuple[str, ...]) -> tuple[str, ...]:
    """The subprotocols that the page requested, those of the recorded request if it has none."""
    return protocols or tuple(p.decode("latin-1") for p in reading.request.protocols)


def accept_encoding(to: Target, facts: EngineFacts) -> str:
    """Accept-Encoding of Chromium and Firefox, which send all content codings to trustworthy URLs only."""
    near = to.secure or trustworthy_host(to.host)
    return facts.accept_encoding if near else facts.accept_encoding_cleartext


def values(to: Target, page: Page, protocols: Sequence[str], user_agent: str = "") -> dict[str, str]:
    """The values common to all engines, without the key and credentials. *user_agent*: the engine's own."""
    return {
        "host": host_header(to),
        "resource": to.resource,
        "origin": origin(page),
        "protocols": ", ".join(protocols),
        "cookies": page.cookies,
        "user_agent": page.user_agent or user_agent,
    }


def head(template: Template, values: Mapping[str, str]) -> bytes:
    """The request over HTTP/1.1."""
    lines = [f"{name}: {value}" for name, text in template if (value := text.format_map(values))]
    return "\r\n".join([f"GET {values['resource']} HTTP/1.1", *lines, "", ""]).encode(
        "utf-8", "surrogateescape"
    )


def block(template: Template, values: Mapping[str, str]) -> tuple[tuple[bytes, bytes], ...]:
    """The fields of an extended CONNECT, a field for each cookie (RFC 9113 section 8.2.3)."""
    cookies = [pair.strip(" ") for pair in values["cookies"].split(";")]
    return tuple(
        (name.encode(), value.encode("utf-8", "surrogateescape"))
        for name, text in template
        for value in (cookies if name == "cookie" else [text.format_map(values)])
        if value
    )


class Requesting(Engine):
    """An engine whose requests are the templates of its facts, filled in."""

    def values(self, made: Construction, page: Page) -> dict[str, str]:
        """The values for the templates, without the key and credentials."""
        return values(target_of(made), page, made.protocols, self.facts.user_agent)

    def request(self, made: Construction, page: Page, key: str, authorization: str = "") -> bytes:
        """The whole request head. *authorization*: the value of Authorization, "" to send none."""
        own = {"authorization": authorization, **self.values(made, page), "key": key}
        return head(self.facts.request, own)

    def ask(
        self, made: Construction, page: Page, key: str, over: str, authorization: str = "", refused: int = 0
    ) -> FollowUp:
        """A handshake *over* HTTP "2" or "1.1". *refused*: how many were refused with REFUSED_STREAM before."""
        assert made.target is not None
        sent, http2 = self.request(made, page, key, authorization), self.facts.http2
        if over != "2" or http2 is None:
            return FollowUp(made.target, sent)
        fields = block(self.facts.connect, {**self.values(made, page), "authorization": authorization})
        return FollowUp(made.target, sent, replace(http2, fields=fields, tries=max(1, http2.tries - refused)))


def basic(to: Target) -> str:
    """The credentials of the URL as a runtime sends them at once; "" if it has none."""
    own = credentials(to)
    return "" if own is None else opening.basic(own.pair)


COUNT = "00000001"
"""Value of nc: a challenge is answered once."""
ALGORITHMS = ("md5", "sha-256")
"""The Digest algorithms of Chromium, Firefox and libsoup, without -sess."""


def credentials(to: Target) -> UserAndPassword | None:
    """The user and password of the URL, percent-decoded; None if it has none."""
    if to.userinfo is None:
        return None
    user, _, password = to.userinfo.partition(":")
    return UserAndPassword(unquote_to_bytes(user), unquote_to_bytes(password))


_ESCAPED = rb"(?s)\\(.)"


def unquoted(value: bytes) -> bytes:
    """A parameter's value without its quotation marks, if it has both, and without the backslashes in it."""
    if len(value) >= 2 and value[:1] == value[-1:] == b'"':
        return re.sub(_ESCAPED, rb"\1", value[1:-1])
    return value


def response(
    own: UserAndPassword, uri: str, *, algorithm: str, realm: bytes, nonce: bytes, cnonce: str, protects: bool
) -> str:
    """The value of ``response`` for a GET of *uri*.

    *algorithm* is one of ``md5`` and ``sha-256``, with or without ``-sess`` behind it; *protects*: whether the
    challenge offers qop=auth. Raises KeyError for another algorithm.
    """
    if algorithm.removesuffix("-sess") not in ALGORITHMS:
        raise KeyError(algorithm)
    qop = "auth" if protects else ""
    challenge = authentication.Digest(realm, nonce, cnonce, algorithm, qop=qop, count=1)
    return authentication.response(challenge, own, "GET", uri)


def digest(own: UserAndPassword, uri: str, parameters: Mapping[str, bytes], key: str) -> str:
    """The value of Authorization with which Chromium and Firefox answer a Digest challenge; "" if the challenge
    has no nonce, or an algorithm that they do not support.

    Sources: net/http/http_auth_handler_digest.cc, netwerk/protocol/http/nsHttpDigestAuth.cpp. *key* replaces
    the random number in the cnonce.
    """
    nonce, realm = parameters.get("nonce", b""), parameters.get("realm", b"")
    named = parameters.get("algorithm", b"").decode("latin-1")
    algorithm = (named or "MD5").lower()
    if not nonce or algorithm.removesuffix("-sess") not in ALGORITHMS:
        return ""
    cnonce = sha1(key.encode("latin-1", "replace")).hexdigest()[:16]
    protects = any(q.strip(b" \t").lower() == b"auth" for q in parameters.get("qop", b"").split(b","))
    answer = response(own, uri, algorithm=algorithm, realm=realm, nonce=nonce, cnonce=cnonce, protects=protects)
    fields = [
        f"username={quoted(own.user)}",
        f"realm={quoted(realm)}",
        f"nonce={quoted(nonce)}",
        f'uri="{uri}"',
        *([f"algorithm={named}"] if named else []),
        f'response="{answer}"',
        *([f"opaque={quoted(parameters['opaque'])}"] if parameters.get("opaque") else []),
        *([f'qop=auth, nc={COUNT}, cnonce="{cnonce}"'] if protects else []),
    ]
    return "Digest " + ", ".join(fields)


MAX_SESSION_HTTP2 = 5 * 1024 * 1024
"""The most bytes of a session over HTTP/2. Each byte is kept in its frame, in its DATA and in its message; so
many bytes of a flood fit into 100 MiB."""

MOST_FOLLOWS = 25
"""More requests than any engine makes by itself (WebKitGTK stops after 20 redirects)."""


def visit(
    engine: Engine, url: str, page: Page, key: str, limits: Limits, tls: TlsOptions, route: Route
) -> Generator[Plan, Exchange, list[Reading]]:
    """The exchanges that *engine* makes to open *url* from *page*, oldest first; empty if it makes none.

    A generator: it yields each plan to carry out, receives the resulting exchange, and returns all readings.
    *tls* is kept except ALPN and the rule for common names, which are the engine's, and the oldest version,
    which is the engine's too unless *tls* sets one.
    """
    page = opened_by(page, url)
    construction = engine.construct(url, page)
    if construction.target is None:
        return []
    if tls.minimum is None:
        tls = replace(tls, minimum=engine.oldest_tls)
    acts = on_wire(page.acts, engine.texts)
    over_http2 = replace(limits, max_session=min(limits.max_session, MAX_SESSION_HTTP2))
    readings: list[Reading] = []
    then: FollowUp | None = engine.first(construction, page, key)
    while then is not None and len(readings) <= MOST_FOLLOWS:
        plan = Plan(
            target=then.target,
            request=then.request,
            acts=acts,
            limits=limits if then.http2 is None else over_http2,
            tls=replace(tls, alpn=then.alpn, common_name=engine.common_names != ""),
            route=route,
            http2=then.http2,
        )
        readings += handshakes(read((yield plan)))
        then = engine.follow(readings, page, key)
    return readings
