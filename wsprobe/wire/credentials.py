"""The answer to a 401 or 407: the given credentials, in the scheme that the server or proxy requires.

Basic is sent with the first request, as in curl; --digest and --anyauth wait for a challenge. A challenge is
answered once, and once more if the server reports only a stale nonce (RFC 7616 section 3.3). Later requests use
what was learned: the next nonce, and how often it was used.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Any, Literal
from urllib.parse import unquote

from msgspec.structs import replace

from wsprobe.exchange import Exchange, Route, Target, TunnelReceived, TunnelSent
from wsprobe.read.head import split_head
from wsprobe.read.reading import Head, Reading
from wsprobe.request import opening
from wsprobe.request.netrc import Netrc
from wsprobe.request.opening import Offer
from wsprobe.request.proxy import parse
from wsprobe.request.target import authority, destination
from wsprobe.wire.authentication import Challenge, Digest, authorization, challenges, digest, parameters, parted

Method = Literal["basic", "digest", "any"]
"""--basic, --digest or --anyauth, and the same with --proxy-."""
Origin = tuple[bool, str, int]


def origin(of: Target) -> Origin:
    """Scheme, host and port: a secret given for one origin is for no other."""
    return of.secure, of.host.lower(), of.port


def with_netrc(offer: Offer, to: Target, netrc: Netrc | None) -> Offer:
    """*offer* with the credentials of *netrc*, if neither *offer* nor the URL has a password."""
    if netrc is None or offer.user is not None:
        return offer
    user, colon, _ = (to.userinfo or "").partition(":")
    pair = None if colon else netrc.pair(to.host, unquote(user, "utf-8", "surrogateescape"))
    return offer if pair is None else replace(offer, user=pair)


class Credentials:
    """Knows, for the requests of one target, how servers and proxies require credentials."""

    def __init__(self) -> None:
        self._origins: dict[Origin, Digest | Literal["basic"]] = {}
        self._proxies: dict[str, Digest | Literal["basic"]] = {}

    def authorization(self, to: Target, offer: Offer, method: Method) -> str | None:
        """The value of Authorization for the next request; "" to send none yet; None to leave it to the offer,
        which sends Basic if it has credentials."""
        pair = opening.credentials(to, offer)
        if pair is None:
            return None
        known = self._origins.get(origin(to), "basic" if method == "basic" else "")
        if isinstance(known, str):
            return None if known else ""
        self._origins[origin(to)] = known = known.again()
        # Over HTTP/2 too it is a GET: so Chromium computes it, and what makes an HTTP/1.1 request of it does.
        uri = to.resource if offer.request_target is None else offer.request_target
        return authorization(known, parted(pair), offer.method, uri)

    def proxy_authorization(self, proxy: str | None, to: Target, route: Route, method: Method) -> str | None:
        """The value of Proxy-Authorization for the next CONNECT; "" and None as in ``authorization``. Raises
        PlanError if *proxy* is not the URL of one."""
        if proxy is None or (own := _of_proxy(proxy)) is None:
            return None
        known = self._proxies.get(proxy, "basic" if method == "basic" else "")
        if isinstance(known, str):
            return None if known else ""
        self._proxies[proxy] = known = known.again()
        return authorization(known, parted(own), "CONNECT", authority(*destination(to, route)))

    def has_credentials(self, to: Target, offer: Offer) -> bool:
        """Whether *offer* has credentials for *to*, and no Authorization header of its own, which would always
        be sent."""
        own = any(re.match(r"(?i)authorization[ \t]*[:;]", line) for line in offer.headers)
        return not own and opening.credentials(to, offer) is not None

    def learn(self, reading: Reading, method: Method) -> bool:
        """Take the challenges of an answer; returns True if the request is to be repeated with credentials."""
        final = reading.final
        plan = reading.exchange.plan
        if final is None:
            return False
        place = origin(plan.target)
        if final.status == 401:
            sent = _scheme(split_head(plan.request)[0], b"authorization")
            return _learn(self._origins, place, final.head, b"www-authenticate", sent, method)
        known = self._origins.get(place)
        info = final.head.all(b"authentication-info")
        nonce = parameters(info[0].value).get("nextnonce") if info else None
        if known is not None and known != "basic" and nonce:
            self._origins[place] = known.renewed(nonce)
        return False

    def learn_of_proxy(self, exchange: Exchange, method: Method) -> bool:
        """The same for a proxy's answer to CONNECT."""
        proxy = exchange.plan.route.proxy
        if proxy is None or _of_proxy(proxy) is None:
            return False
        head = refusal_of_proxy(exchange)
        if head is None:
            return False
        sent = _scheme(split_head(_joined(exchange, TunnelSent))[0], b"proxy-authorization")
        return _learn(self._proxies, proxy, head, b"proxy-authenticate", sent, method)


def _learn(
    known: dict[Any, Digest | Literal["basic"]],
    place: object,
    head: Head,
    name: bytes,
    sent: str,
    method: Method,
) -> bool:
    found = challenges(field.value for field in head.all(name))
    answerable = digest(found, os.urandom(16).hex())
    basic = any(each.scheme == "basic" for each in found)
    if sent == "digest":
        if answerable is None or not _stale(found):
            return False
        known[place] = answerable
        return True
    # Basic was refused where it is offered too: the same password again would not help.
    if answerable is not None and not (sent == "basic" and basic):
        known[place] = answerable
        return True
    if basic and not sent and method == "any":
        known[place] = "basic"
        return True
    return False


def _stale(found: Iterable[Challenge]) -> bool:
    return any(
        each.scheme == "digest" and each.parameters.get("stale", b"").lower() == b"true" for each in found
    )


def _scheme(head: Head, name: bytes) -> str:
    """The scheme in lower case that a request's credentials have, "" if it has none."""
    fields = head.all(name)
    return fields[0].value.partition(b" ")[0].decode("latin-1").lower() if fields else ""


def _of_proxy(url: str) -> bytes | None:
    """``user:password`` of an HTTP proxy's URL, None if it has none or is of another kind. Raises PlanError."""
    proxy = parse(url)
    if proxy.kind not in ("http", "https") or proxy.user is None:
        return None
    return proxy.user + b":" + proxy.password


def refusal_of_proxy(exchange: Exchange) -> Head | None:
    """The head of a proxy's 407 to CONNECT; None if there is none."""
    data = _joined(exchange, TunnelReceived)
    if b" 407" not in data:
        return None
    while True:
        head, end = split_head(data)
        status = re.match(rb"HTTP/\d\.\d +(\d{3})\b", head.first.text) if head.first is not None else None
        if status is None:
            return None
        if not 100 <= int(status[1]) < 200:
            return head if int(status[1]) == 407 else None
        data = data[end:]


def _joined(exchange: Exchange, kind: type[TunnelSent] | type[TunnelReceived]) -> bytes:
    return b"".join(event.data for event in exchange.events if isinstance(event, kind))
