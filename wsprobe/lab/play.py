"""Plays a scenario without sockets, in virtual time.

Returns the recording that the network would have made, and what an engine shows of it. Pure: no name is looked
up, and nothing is signed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import unquote

from msgspec.structs import replace

from wsprobe.browsers.engine import Engine, ScriptView
from wsprobe.browsers.request import visit
from wsprobe.exchange import (
    SECOND,
    Certificate,
    Connected,
    ConnectFailed,
    Connecting,
    Ended,
    Event,
    Exchange,
    How,
    Limits,
    Plan,
    Received,
    Resolved,
    ResolveFailed,
    Route,
    Sent,
    Target,
    TlsDone,
    TlsFailed,
    TlsOptions,
)
from wsprobe.lab.perform import (
    PATIENCE,
    PIECE,
    READ,
    CloseNotify,
    Finish,
    Inbox,
    Pause,
    Performance,
    Read,
    Reset,
    Send,
    answer,
    perform,
    play_of,
    request,
)
from wsprobe.lab.ports import (
    ALERT_UNEXPECTED_MESSAGE,
    KINDS,
    NOT_A_REQUEST,
    PATH,
    PORTS,
    Fault,
    PortKind,
    place,
)
from wsprobe.lab.scenario import Listener, Scenario, Step, escape
from wsprobe.read.request import is_hello
from wsprobe.recording.certificate import NO_NAMES
from wsprobe.session.conversation import Client, Speaking
from wsprobe.session.open_session import SessionMaker

if TYPE_CHECKING:
    from wsprobe.lab.perform_http2 import Http2Request

_LABEL = r"[a-z0-9_-]+"
_NUMBERS = r"(?:(?:0[xX][0-9a-fA-F]+|[0-9]+)\.){0,3}(?:0[xX][0-9a-fA-F]+|[0-9]+)"
"""An IPv4 address in the notation of C's inet_aton(), which getaddrinfo() accepts too."""


def resolves(host: str) -> bool:
    """True for an address and for a name that resolves. False for names under .invalid (RFC 6761), for names of
    one label except localhost, and for invalid names such as ``a%20b``."""
    if _literal(host) or re.fullmatch(_NUMBERS, host):
        return True
    *others, last = labels = host.lower().removesuffix(".").split(".")
    if not all(map(re.compile(_LABEL).fullmatch, labels)) or last == "invalid" or last.isdigit():
        return False
    return bool(others) or last == "localhost"


def address_of(host: str) -> str:
    """The address of a *host* that resolves: *host* itself if it is one, else 127.0.0.1."""
    return _literal(host) or "127.0.0.1"


def _literal(host: str) -> str:
    """*host* in canonical form if it is an IP address, else ""."""
    try:
        return str(ip_address(host))
    except ValueError:
        return ""


NOT_VALID: Mapping[Fault, str] = {
    "unknown-ca": "unable to get local issuer certificate",
    "expired": "certificate has expired",
    "wrong-name": "IP address mismatch, certificate is not valid for '{}'.",
    "common-name": f"Hostname mismatch, certificate is not valid for '{{}}'{NO_NAMES}",
}
"""Fault -> template of OpenSSL's message for it; ``{}`` is the host."""


def certificate(host: str, fault: Fault) -> Certificate:
    """The certificate of *host*, with that *fault*."""
    return Certificate(
        der=b"",
        subject=f"CN={host},O=wsprobe lab" if fault == "common-name" else "O=wsprobe lab",
        issuer="O=wsprobe lab, authority",
        names={"wrong-name": ("other.example",), "common-name": ()}.get(fault, (host,)),
        not_before="2020-01-01T00:00:00Z",
        not_after="2020-01-31T00:00:00Z" if fault == "expired" else "2040-01-01T00:00:00Z",
    )


HOP = 100
"""Microseconds that bytes take from one side to the other."""

HELLO = bytes.fromhex("16 03 01")
"""Stands for a ClientHello."""


def play(
    scenario: Scenario,
    plan: Plan,
    *,
    ports: Mapping[Listener, int] = PORTS,
    attempt: int = 0,
    make: SessionMaker | None = None,
) -> Exchange:
    """The recording of *plan* against a lab that plays *scenario*.

    The scenario's listener is at the plan's host and port, whatever they are; ``resolves`` decides about the
    name. *ports*: listener -> port, for the template fields with listeners' names. *attempt*: how many CONNECTs
    the scenario has answered before, for a scenario with a play for each. *make* makes the session: see
    ``Client``.
    """
    stage = _Stage(plan)
    if stage.reach(scenario.listener):
        kind = KINDS[scenario.listener]
        if stage.speaks_http2:
            speaking, performing = _over_http2(scenario, plan, kind, stage, attempt, make)
            stage.converse(speaking, performing, plan.target.secure, waits=True)
            return Exchange(plan, tuple(stage.events))
        client = Client(plan, make)
        stage.send(client.opening)
        performance = _performance(scenario, kind, plan.request, stage.seconds, ports, plan.target.secure)
        stage.converse(
            client,
            performance,
            plan.target.secure,
            waits=kind.steps is None or [step.do for step in kind.steps[:1]] == ["read"],
        )
    return Exchange(plan, tuple(stage.events))


def _over_http2(
    scenario: Scenario, plan: Plan, kind: PortKind, stage: _Stage, attempt: int, make: SessionMaker | None
) -> tuple[Speaking, Performance]:
    """Both sides of an exchange over HTTP/2, after the client has sent its first bytes. Only this function
    loads the HTTP/2 libraries."""
    from wsprobe.lab.perform_http2 import perform_http2  # as above
    from wsprobe.session.conversation_http2 import Http2Client  # loads h2, which only HTTP/2 needs

    def plays(asked: Http2Request, before: int) -> tuple[Step, ...]:
        return play_of(scenario.http2, before + attempt, authorized=asked.authorized)

    client = Http2Client(plan, make)
    return client, perform_http2(kind.http2, plays, stage.seconds, stage.send(client.opening))


def _performance(
    scenario: Scenario,
    kind: PortKind,
    sent: bytes,
    clock: Callable[[], float],
    ports: Mapping[Listener, int],
    secure: bool,
) -> Performance:
    if kind.steps is not None:
        return perform(kind.steps, {}, clock, Inbox(sent))
    asked = request(sent)
    if asked is None:
        return perform((Step("hold", seconds=PATIENCE),), {}, clock, Inbox())
    named = {str(name): port for name, port in ports.items()}
    return answer(scenario, asked, named, secure=secure).perform(clock)


class _Stage:
    """The clock, the recorded events, and the exchange between the two sides."""

    def __init__(self, plan: Plan) -> None:
        self.events: list[Event] = []
        self.now = 0
        self.speaks_http2 = plan.http2 is not None and plan.http2.prior_knowledge
        self._plan = plan
        self._until = round(plan.limits.max_time * SECOND)

    def seconds(self) -> float:
        return self.now / SECOND

    def add(self, event: Event) -> None:
        self.events.append(event)

    def end(self, how: How, error: str = "") -> None:
        self.add(Ended(self.now, how, error))

    def send(self, data: bytes) -> bytes:
        if data:
            self.add(Sent(self.now, data))
        return data

    def reach(self, listener: Listener) -> bool:
        """Resolve, connect, and do the TLS handshake if there is one. Returns False if one of them fails."""
        target = self._plan.target
        self.now += HOP
        if not resolves(target.host):
            self.add(ResolveFailed(self.now, target.host, "Name or service not known"))
            self.end("error", "Name or service not known")
            return False
        address = address_of(target.host)
        self.add(Resolved(self.now, target.host, (address,)))
        self.add(Connecting(self.now, address, target.port))
        self.now += HOP
        if listener == "unused":
            self.add(ConnectFailed(self.now, address, target.port, "ECONNREFUSED", "Connection refused"))
            self.end("error", "could not connect to any address")
            return False
        self.add(Connected(self.now, address, target.port))
        self.now += HOP
        kind = KINDS[listener]
        if not target.secure:
            return self._in_clear(kind)
        return self._shake_hands(kind) if kind.tls else self._no_tls(kind)

    def _in_clear(self, kind: PortKind) -> bool:
        if not kind.tls:
            return True
        self.send(self._plan.request)
        self.now += HOP
        self.add(Received(self.now, ALERT_UNEXPECTED_MESSAGE))
        self.end("fin")
        return False

    def _shake_hands(self, kind: PortKind) -> bool:
        self.now += 10 * HOP
        accepted = kind.fault == "common-name" and self._plan.tls.common_name
        if kind.fault in NOT_VALID and not accepted:
            error = NOT_VALID[kind.fault].format(self._plan.target.host)
            shown = certificate(self._plan.target.host, kind.fault)
            reason = "wrong-name" if kind.fault == "common-name" else kind.fault
            self.add(TlsFailed(self.now, "certificate", error, certificate=shown, reason=reason))
            self.end("error", error)
            return False
        if kind.fault == "old-version" and self._plan.tls.minimum not in ("1.0", "1.1"):
            error = "the peer refused with TLS alert 70 (protocol_version)"
            self.add(TlsFailed(self.now, "alert", error, alert=70))
            self.end("error", error)
            return False
        shown = certificate(self._plan.target.host, "common-name" if accepted else "")
        problem = f"it is not for {self._plan.target.host}{NO_NAMES}" if accepted else None
        version, cipher = _OLD_TLS if kind.fault == "old-version" else _TLS
        alpn = next((name for name in kind.alpn if name in self._plan.tls.alpn), None)
        self.speaks_http2 = self._plan.http2 is not None and (self.speaks_http2 or alpn == "h2")
        self.add(TlsDone(self.now, version, cipher, alpn, shown, not accepted, problem))
        if kind.fault != "client-certificate":
            return True
        # RFC 8446 section 4.4.2.4: the server refuses after the client's handshake is complete.
        self.send(self._plan.request)
        self.now += HOP
        error = "the peer sent TLS alert 116 (certificate_required)"
        self.add(TlsFailed(self.now, "alert", error, certificate=shown, alert=116))
        self.end("error", error)
        return False

    def _no_tls(self, kind: PortKind) -> bool:
        """Send a ClientHello to a port without TLS, and record the result. Returns False."""
        limit = round(self._plan.limits.connect_timeout * SECOND)
        steps = kind.steps if kind.steps is not None else (Step("send", escape(NOT_A_REQUEST)),)
        performance = perform(steps, {}, self.seconds, Inbox(HELLO))
        heard = b""
        for deed in performance:
            match deed:
                case Send():
                    heard += deed.data
                case Finish() | CloseNotify():
                    self._tls_failed(heard, "fin", "closed")
                    return False
                case Reset():
                    self._tls_failed(heard, "reset", "reset")
                    return False
                case Read() if heard:
                    self._tls_failed(heard, "fin", "closed")
                    return False
                case Pause() | Read():
                    break
        self.now = limit
        self.end("timeout", _too_long("the TLS handshake", limit, "connect timeout"))
        return False

    def _tls_failed(self, heard: bytes, how: How, did: str) -> None:
        self.now += HOP
        if heard and not is_hello(heard) and heard[:2] != b"\x15\x03":
            failed = TlsFailed(self.now, "not-tls", "the answer is not TLS", heard)
            how = "error"
        elif heard:
            error = f"the peer refused with TLS alert {heard[-1]}{_ALERTS.get(heard[-1], '')}"
            failed = TlsFailed(self.now, "alert", error, heard, alert=heard[-1])
            how = "error"
        else:
            error = f"the peer {did} the connection during the TLS handshake"
            failed = TlsFailed(self.now, "reset" if how == "reset" else "fin", error)
        self.add(failed)
        self.end(how, failed.error)

    def converse(self, client: Speaking, performance: Performance, secure: bool, *, waits: bool) -> None:
        """Let both sides exchange bytes until the client is done, or its time is over.

        *waits*: the server does nothing before it has received the request.
        """
        turn = client.timer(self.now)
        unread = bytearray()
        if waits:
            self.now += HOP
        deed = next(performance)
        ready = self._ready(deed)
        while True:
            if isinstance(deed, Read) and unread:
                ready = self.now
            wake = turn.wake_at if turn.wake_at is not None else self._until
            if min(ready, wake) >= self._until:
                self.now = self._until
                return self.end("timeout", _too_long("the exchange", self._until, "maximum time"))
            if wake <= ready:
                self.now = max(self.now, wake)
                turn = client.timer(self.now)
            else:
                self.now = max(self.now, ready)
                answer: bytes | None = None
                match deed:
                    case Send():
                        for start in range(0, len(deed.data), PIECE):
                            piece = deed.data[start : start + PIECE]
                            self.add(Received(self.now, piece))
                            turn = client.receive(piece, self.now)
                            unread += self.send(turn.send)
                            if turn.done:
                                return self.end(turn.stop, turn.why)
                    case Finish() | CloseNotify():
                        unread += self.send(client.receive_eof(self.now).send)
                        if secure and isinstance(deed, Finish):
                            return self.end("truncated", "the connection was closed without a TLS close_notify")
                        return self.end("fin")
                    case Reset():
                        client.receive_eof(self.now)
                        return self.end("reset", "Connection reset by peer")
                    case Read() if unread:
                        answer = bytes(unread[:READ])
                        del unread[:READ]
                self.now += HOP
                deed = performance.send(answer)
                ready = self._ready(deed)
                continue
            unread += self.send(turn.send)
            if turn.done:
                return self.end(turn.stop, turn.why)

    def _ready(self, deed: object) -> int:
        """When the server can continue by itself, in microseconds."""
        if isinstance(deed, Pause):
            return self.now + round(deed.seconds * SECOND)
        if isinstance(deed, Read):
            return max(self.now, round(deed.until * SECOND))
        return self.now


_TLS, _OLD_TLS = ("TLS 1.3", "TLS_AES_256_GCM_SHA384"), ("TLS 1.1", "ECDHE-RSA-AES256-SHA")

_ALERTS = {40: " (handshake_failure)"}
"""Number -> name of the TLS alerts that the lab sends (RFC 8446 section 6)."""


def _too_long(what: str, limit: int, called: str) -> str:
    return f"{what} took longer than {limit / SECOND:g} s ({called})"


KEY = "d3Nwcm9iZSByZWhlYXJzZQ=="
"""The Sec-WebSocket-Key of rehearsals. It is not the sample key of RFC 6455 section 1.3, because scenarios with
a wrong Sec-WebSocket-Accept answer that one."""
REHEARSED = Limits(linger=10.0, max_session=32 * 1024 * 1024)
"""Longer and larger than any scenario that ends by itself, so that the recording is complete."""


def rehearse(
    engine: Engine,
    scenario: Scenario,
    catalogue: Mapping[str, Scenario],
    *,
    host: str = "127.0.0.1",
    limits: Limits = REHEARSED,
) -> ScriptView:
    """What a script on the scenario's page sees in *engine*. Redirects lead to scenarios of *catalogue*."""
    where = place(scenario, PORTS, host)
    visiting = visit(engine, where.url, where.page, KEY, limits, TlsOptions(), Route())
    met = scenario
    try:
        plan = next(visiting)
        while True:
            plan = visiting.send(play(_there(met, plan.target), plan))
            path = unquote(plan.target.resource.partition("?")[0])
            met = catalogue.get(path.removeprefix(PATH).removeprefix("/"), scenario)
    except StopIteration as end:
        return engine.view(where.url, where.page, end.value)


def _there(scenario: Scenario, target: Target) -> Scenario:
    """*scenario* on the listener at the target's port; on ``unused`` if there is none."""
    found = next((name for name, port in PORTS.items() if port == target.port), None)
    if ":" in target.host:  # the lab listens on IPv4 addresses only
        found = None
    if found is None or found == scenario.listener:
        return scenario if found is not None else replace(scenario, listener="unused")
    return replace(scenario, listener=found)
