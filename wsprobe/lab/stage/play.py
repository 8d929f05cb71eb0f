"""A scenario played without sockets, in virtual time: the recording that the network would have made. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from wsprobe.exchange import (
    Connected,
    ConnectFailed,
    Connecting,
    Ended,
    Event,
    Exchange,
    How,
    Plan,
    Received,
    Resolved,
    ResolveFailed,
    Sent,
    TlsDone,
    TlsFailed,
)
from wsprobe.lab.listeners import ALERT_UNEXPECTED_MESSAGE, KINDS, NOT_A_REQUEST, Kind, is_hello
from wsprobe.lab.places import PORTS
from wsprobe.lab.request import PATIENCE, request
from wsprobe.lab.scenario import Listener, Scenario, Step
from wsprobe.lab.stage.answering import answer
from wsprobe.lab.stage.certificates import NOT_VALID, certificate
from wsprobe.lab.stage.inbox import Inbox
from wsprobe.lab.stage.names import address_of, resolves
from wsprobe.lab.stage.performance import (
    PIECE,
    CloseNotify,
    Finish,
    Pause,
    Performance,
    Read,
    Reset,
    Send,
    perform,
)
from wsprobe.lab.template import escape
from wsprobe.session import Client

SECOND = 1_000_000
HOP = 100
"""Microseconds that anything takes from one side to the other."""

HELLO = bytes.fromhex("16 03 01")
"""Stands for a ClientHello."""


def play(
    scenario: Scenario, plan: Plan, *, until: int | None = None, ports: Mapping[Listener, int] = PORTS
) -> Exchange:
    """Return the recording of *plan* carried out against a lab that plays *scenario*.

    The scenario's listener stands at whatever host and port the plan names; names under .invalid do not
    resolve. *until*: microseconds after which the probe stops, instead of its own time limit. *ports* are
    what templates call the listeners by.
    """
    stage = _Stage(plan, until if until is not None else round(plan.limits.max_time * SECOND))
    if stage.reach(scenario.listener):
        kind = KINDS[scenario.listener]
        client = Client(plan)
        stage.send(client.opening)
        performance = _performance(scenario, kind, plan.request, stage.seconds, ports, plan.target.secure)
        stage.converse(
            client, performance, plan.target.secure, waits=kind.steps is None or _reads_first(kind.steps)
        )
    return Exchange(plan, tuple(stage.events))


def _performance(
    scenario: Scenario,
    kind: Kind,
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


def _reads_first(steps: tuple[Step, ...]) -> bool:
    return bool(steps) and steps[0].do == "read"


class _Stage:
    """The clock, the events, and the two sides."""

    def __init__(self, plan: Plan, until: int) -> None:
        self.events: list[Event] = []
        self.now = 0
        self._plan = plan
        self._until = until

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
        """Resolve, connect, shake hands over TLS if need be; False if there is no way to the scenario."""
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
            self.end("error", "no address could be connected to")
            return False
        self.add(Connected(self.now, address, target.port))
        self.now += HOP
        kind = KINDS[listener]
        if not target.secure:
            return self._in_clear(kind)
        return self._shake_hands(kind) if kind.tls else self._no_tls(kind)

    def _in_clear(self, kind: Kind) -> bool:
        if not kind.tls:
            return True
        self.send(self._plan.request)
        self.now += HOP
        self.add(Received(self.now, ALERT_UNEXPECTED_MESSAGE))
        self.end("fin")
        return False

    def _shake_hands(self, kind: Kind) -> bool:
        self.now += 10 * HOP
        if kind.fault in NOT_VALID:
            error = NOT_VALID[kind.fault].format(self._plan.target.host)
            shown = certificate(self._plan.target.host, kind.fault)
            self.add(TlsFailed(self.now, "certificate", error, certificate=shown, reason=kind.fault))
            self.end("error", error)
            return False
        if kind.fault == "old-version" and self._plan.tls.minimum not in ("1.0", "1.1"):
            error = "the peer refused with TLS alert 70 (protocol_version)"
            self.add(TlsFailed(self.now, "alert", error, alert=70))
            self.end("error", error)
            return False
        shown = certificate(self._plan.target.host, "")
        version, cipher = _OLD_TLS if kind.fault == "old-version" else _TLS
        self.add(TlsDone(self.now, version, cipher, "http/1.1", shown, True))
        if kind.fault != "client-certificate":
            return True
        # RFC 8446 section 4.4.2.4: the server's refusal comes after our own handshake is done.
        self.send(self._plan.request)
        self.now += HOP
        error = "the peer sent TLS alert 116 (certificate_required)"
        self.add(TlsFailed(self.now, "alert", error, certificate=shown, alert=116))
        self.end("error", error)
        return False

    def _no_tls(self, kind: Kind) -> bool:
        """Send a ClientHello to a port that speaks no TLS, and record what comes of it."""
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

    def converse(self, client: Client, performance: Performance, secure: bool, *, waits: bool) -> None:
        """Let both sides talk until the client has what it wants, or its time is over.

        *waits*: the server does nothing before it has the request.
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
                                return self.end(turn.stop)
                    case Finish() | CloseNotify():
                        unread += self.send(client.receive_eof(self.now).send)
                        if secure and isinstance(deed, Finish):
                            return self.end("truncated", "the connection was closed without a TLS close_notify")
                        return self.end("fin")
                    case Reset():
                        client.receive_eof(self.now)
                        return self.end("reset", "Connection reset by peer")
                    case Read() if unread:
                        answer = bytes(unread)
                        unread.clear()
                self.now += HOP
                deed = performance.send(answer)
                ready = self._ready(deed)
                continue
            unread += self.send(turn.send)
            if turn.done:
                return self.end(turn.stop)

    def _ready(self, deed: object) -> int:
        """Return when the server can go on by itself."""
        if isinstance(deed, Pause):
            return self.now + round(deed.seconds * SECOND)
        if isinstance(deed, Read):
            return max(self.now, round(deed.until * SECOND))
        return self.now


_TLS, _OLD_TLS = ("TLS 1.3", "TLS_AES_256_GCM_SHA384"), ("TLS 1.1", "ECDHE-RSA-AES256-SHA")

_ALERTS = {40: " (handshake_failure)"}
"""RFC 8446 section 6, those that the lab sends."""


def _too_long(what: str, limit: int, called: str) -> str:
    return f"{what} took longer than {limit / SECOND:g} s ({called})"
