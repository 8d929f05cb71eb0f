"""Servers of memory for an audit: each is a function of what it is asked, and answers with bytes."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from wsprobe.exchange import (
    Connected,
    ConnectFailed,
    Connecting,
    Ended,
    Exchange,
    How,
    Plan,
    Received,
    Sent,
    Target,
    TlsDone,
    TlsFailed,
)
from wsprobe.read.tokens import expected_accept
from wsprobe.report.report import report
from wsprobe.request.edits import resource_of, values
from wsprobe.request.opening import Offer, request
from wsprobe.trace.answer import answer_of
from wsprobe.trace.audit import not_tested, weaknesses
from wsprobe.trace.audit_requests import AUDIT
from wsprobe.trace.series import Choice, following
from wsprobe.trace.trace import Start, Trace

KEY = "AAECAwQFBgcICQoLDA0ODw=="
COOKIE = "session=k3yOfTheSession"
OWN_CLOSE = bytes.fromhex("888200000000") + b"\x03\xe8"
CLOSE = b"\x88\x02\x03\xe8"


class Asked(msgspec.Struct, frozen=True):
    """One request, as a server sees it."""

    name: str
    origin: str | None
    cookie: str
    authorization: str
    resource: str
    secure: bool
    port: int
    plan: Plan

    def field(self, name):
        return b", ".join(values(self.plan.request, name)).decode()


class Reply(msgspec.Struct, frozen=True):
    """What a server does: ``status`` 101 opens; then it sends ``frames``, and closes first with ``code``."""

    status: int = 101
    fields: tuple[str, ...] = ()
    body: bytes = b""
    frames: bytes = b""
    code: int | None = None
    how: How | None = None
    """In place of an answer: how the connection ended."""
    tls: TlsDone | TlsFailed | None = None


Server = Callable[[Asked], Reply]
OPEN = Reply()
TLS = TlsDone(40, "TLSv1.3", "TLS_AES_128_GCM_SHA256", "http/1.1", None, True)


def start(url="wss://app.example/chat", *, cookie=COOKIE, origin=None, headers=(), heavy=False):
    scheme, _, rest = url.partition("://")
    where, slash, path = rest.partition("/")
    host, _, port = where.rpartition(":") if where.rpartition(":")[2].isdigit() else (where, "", "")
    secure = scheme == "wss"
    target = Target(url, secure, host, int(port or (443 if secure else 80)), slash + path)
    offer = Offer(key=KEY, cookies=(cookie,) if cookie else (), origin=origin, headers=tuple(headers))
    return Start(
        Plan(target, request(target, offer)),
        f"{'https' if secure else 'http'}://{where}",
        heavy=heavy,
    )


def asked(question):
    plan = question.plan
    origins = values(plan.request, b"origin")
    return Asked(
        question.name,
        origins[0].decode() if origins else None,
        b"; ".join(values(plan.request, b"cookie")).decode(),
        b", ".join(values(plan.request, b"authorization")).decode(),
        resource_of(plan.request).decode(),
        plan.target.secure,
        plan.target.port,
        plan,
    )


def audit(server, begin=None, choice=None):
    """All that an audit asks *server*, and what it answers."""
    begin = begin or start()
    seen = Trace(begin, {})
    while (step := following(seen, choice or Choice(series=AUDIT))) is not None:
        answer = answer_of(report(recorded(step.plan, server(asked(step)))))
        seen = Trace(begin, {**seen.answers, step.name: answer})
    return seen


def found(seen):
    return {each.weakness.id: each for each in weaknesses(seen)}


def untested(seen):
    return dict(not_tested(seen))


def recorded(plan, reply):
    events = [Connecting(20, "127.0.0.1", plan.target.port)]
    if reply.how == "error":
        failed = ConnectFailed(30, "127.0.0.1", plan.target.port, "ECONNREFUSED", "refused")
        return Exchange(plan, (*events, failed, Ended(40, "error", "refused")))
    events.append(Connected(30, "127.0.0.1", plan.target.port))
    if plan.target.secure:
        tls = reply.tls or TLS
        events.append(tls)
        if isinstance(tls, TlsFailed):
            return Exchange(plan, (*events, Ended(50, "error", tls.error)))
    events.append(Sent(50, plan.request))
    if reply.how is not None:
        return Exchange(plan, (*events, Ended(90, reply.how)))
    events.append(Received(60, head_of(plan, reply) + reply.frames))
    if reply.status != 101:
        return Exchange(plan, (*events, Ended(90, "local")))
    if reply.code is not None:
        code = reply.code.to_bytes(2, "big")
        events += [Received(70, b"\x88\x02" + code), Sent(75, OWN_CLOSE[:-2] + code)]
    else:
        events += [Sent(70, OWN_CLOSE), Received(75, CLOSE)]
    return Exchange(plan, (*events, Ended(90, "fin")))


def head_of(plan, reply):
    lines = [f"HTTP/1.1 {reply.status} Reason"]
    if reply.status == 101:
        key = next(iter(values(plan.request, b"sec-websocket-key")), b"")
        accept = expected_accept(key).decode()
        lines += ["Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {accept}"]
    else:
        lines.append(f"Content-Length: {len(reply.body)}")
    return "\r\n".join([*lines, *reply.fields, "", ""]).encode() + reply.body
