"""Finds every fault in a plan before the clock starts."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from wsprobe.exchange import Plan, PlanError
from wsprobe.net.tls import context as trusting
from wsprobe.request.proxy import ProxyUrl, parse
from wsprobe.request.target import destination
from wsprobe.session.conversation import Client
from wsprobe.session.open_session import SessionMaker
from wsprobe.wire import spoken

if TYPE_CHECKING:
    import ssl

    from wsprobe.session.conversation_http2 import Http2Client


class Ready(Struct, frozen=True):
    """A plan with everything needed to carry it out."""

    plan: Plan
    context: ssl.SSLContext | None
    """The TLS context for the target; None for ``ws:``."""
    proxy: ProxyUrl | None
    proxy_context: ssl.SSLContext | None
    """The TLS context for an ``https:`` proxy; None without one."""
    http2_client: type[Http2Client] | None = None
    """The HTTP/2 client, for a plan with a request over HTTP/2; otherwise None."""

    @property
    def host(self) -> str:
        """The name or address of the peer, in lower case; the path of a Unix socket."""
        plan = self.plan
        return plan.route.unix_socket or destination(plan.target, plan.route)[0].lower()

    def client(self, alpn: str | None, make: SessionMaker | None = None) -> Client | Http2Client:
        """The client's side of the conversation, at its beginning. *alpn*: the protocol that the server
        selected; *make*: see ``Client``."""
        how = self.plan.http2
        if how is not None and self.http2_client is not None and (how.prior_knowledge or alpn == "h2"):
            return self.http2_client(self.plan, make)
        return Client(self.plan, make)


def check(plan: Plan) -> Ready:
    """*plan* made ready. Raises PlanError for a plan that no network can carry out."""
    for word in (plan.target.host, plan.route.unix_socket, plan.route.interface):
        if word is not None and "\0" in word:
            raise PlanError(f"{word!r} contains a NUL character")
    if plan.route.unix_socket is not None and not hasattr(socket, "AF_UNIX"):  # Python on Windows
        raise PlanError("--unix-socket: Python has no Unix sockets on this system")
    try:
        spoken(plan.wire)
    except ValueError as error:
        raise PlanError(str(error)) from None
    context = proxy = proxy_context = None
    if plan.route.proxy is not None:
        proxy = parse(plan.route.proxy)
    if plan.target.secure:
        context = trusting(plan.tls)
    if proxy is not None and proxy.kind == "https":
        proxy_context = trusting(
            replace(plan.tls, certificate=None, key=None, server_name=None, ciphers=None, pinned=())
        )
    if plan.http2 is None:
        return Ready(plan, context, proxy, proxy_context)
    # h2 takes 60 ms to load: before the clock of any exchange starts, and only if it may be used.
    from wsprobe.session.conversation_http2 import Http2Client

    return Ready(plan, context, proxy, proxy_context, Http2Client)
