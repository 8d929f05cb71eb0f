"""What ws and undici have in common: Node's texts for errors of name resolution, the network and OpenSSL, and
its zlib, which inflates outside the event loop.

Sources: node lib/internal/errors.js (SystemError, DNSException), lib/_tls_wrap.js, src/crypto/crypto_common.cc,
lib/zlib.js (processCallback); ws lib/permessage-deflate.js; undici lib/web/websocket/receiver.js; and those of
``hindered.toml``.
"""

from __future__ import annotations

from abc import abstractmethod

from wsprobe.browsers.network import CERTIFICATE_REQUIRED, Hindered, hindered
from wsprobe.browsers.runtime.frames import Facts, FrameSession, Header, Wrong
from wsprobe.browsers.runtime.heads import AT_ONCE, Opened
from wsprobe.browsers.script import WebSocket
from wsprobe.exchange import ConnectFailed, Ended
from wsprobe.read.reading import Reading
from wsprobe.recording.certificate import common_names, is_address

SOCKET_HANG_UP = ("socket hang up", "ECONNRESET")
_NAMELESS = "Cert does not contain a DNS name"
READ_RESET = ("read ECONNRESET", "ECONNRESET")


def not_connected(reading: Reading) -> tuple[str, str] | None:
    """(message, code) of the error because of which no connection was made; None if one was.

    ``{thread}`` in the message stands for OpenSSL's number for the thread, which changes each time.
    """
    found = hindered(reading, "openssl")
    if found is None:
        return None
    match found.kind:
        case "name":
            return f"getaddrinfo ENOTFOUND {found.host}", "ENOTFOUND"
        case "connect":
            return _refused(reading, found)
        case "tunnel":
            return found.error, "ECONNRESET"
        case "certificate" if found.key == "wrong-name":
            return _wrong_name(found), "ERR_TLS_CERT_ALTNAME_INVALID"
        case "certificate":
            message, code = found.word("node", (found.error, "CERT_UNTRUSTED"))
            return message, code
        case "alert" if found.key:
            return _alert(found, int(found.key))
        case "not-tls":
            return _openssl("0A00010B", "ssl3_get_record:wrong version number:ssl/record/ssl3_record.c:350:")
        case "fin":
            return (
                "Client network socket disconnected before secure TLS connection was established",
                "ECONNRESET",
            )
    return READ_RESET


def _refused(reading: Reading, found: Hindered) -> tuple[str, str]:
    """(message, code) if no address accepted the connection. One address: its own error. Several: an
    AggregateError without a message (net.js)."""
    code = found.key or "ECONNREFUSED"
    *before, last = (event for event in reading.exchange.events if isinstance(event, ConnectFailed))
    port = f":{last.port}" if last.port else ""
    return ("" if before else f"connect {code} {last.address}{port}"), code


def _openssl(number: str, rest: str) -> tuple[str, str]:
    return f"write EPROTO {{thread}}:error:{number}:SSL routines:{rest}\n", "EPROTO"


def _alert(found: Hindered, number: int) -> tuple[str, str]:
    reason = found.word("openssl", f"reason({1000 + number})")
    where = f"ssl3_read_bytes:{reason}:ssl/record/rec_layer_s3.c:1601:SSL alert number {number}"
    message, code = _openssl(f"{0x0A000000 + 1000 + number:08X}", where)
    if number == CERTIFICATE_REQUIRED:
        code = "ERR_SSL_" + reason.upper().replace(" ", "_")
        message = message.removeprefix("write EPROTO ")
    return message, code


def _wrong_name(found: Hindered) -> str:
    """The message of a certificate for another name (lib/tls.js, checkServerIdentity)."""
    host = found.host
    names = found.certificate.names if found.certificate is not None else ()
    start = "Hostname/IP does not match certificate's altnames: "
    if is_address(host):
        addresses = filter(is_address, names)
        return f"{start}IP: {host} is not in the cert's list: {', '.join(addresses)}"
    if all(map(is_address, names)):
        own = ",".join(common_names(found.certificate)) if found.certificate is not None else ""
        return f"{start}Host: {host}. is not cert's CN: {own}" if own else f"{start}{_NAMELESS}"
    listed = ", ".join(f"{'IP Address' if is_address(name) else 'DNS'}:{name}" for name in names)
    return f"{start}Host: {host}. is not in the cert's altnames: {listed}"


INFLATE_RACE = "messages are inflated outside the event loop: the message event may come before the end is seen"
WRITTEN_LATER = 1000
"""Microseconds until Node has written its answer to the server's Close. A reset within them comes first."""


class NodeSession(FrameSession[Facts]):
    """An open WebSocket of a library on Node.

    A library reads no further frame while one is inflated, and none after the Close of the server. The end of
    the connection may be seen before the inflated message is.
    """

    def __init__(self, script: WebSocket, opened: Opened, facts: Facts, url: str) -> None:
        super().__init__(script, opened, facts, url)
        self.fragments: list[bytes] = []
        """The fragments of the message that is being read."""
        self.sent_close = False
        self.received: tuple[int, str] | None = None
        """Code and reason of the server's Close; None before it was read."""
        self.closed_at = 0
        """When that Close was read, in microseconds."""
        self.now = 0
        """When the frame was read that is handled, in microseconds."""
        self.inflating: tuple[Header, bytes] | None = None
        """The frame that is being inflated."""
        self._begun_at = 0

    @abstractmethod
    def inflated(self, header: Header, payload: bytes) -> None:
        """Handle a frame that was inflated. Raises Wrong."""

    def receive(self, data: bytes, at: int) -> None:
        self.wait(at)
        if self.received is None:
            self.now = at
            super().receive(data, at)

    def stopped(self) -> bool:
        return self.inflating is not None or self.received is not None

    def begin_inflating(self, header: Header, payload: bytes) -> None:
        self.inflating = header, payload
        self._begun_at = self.now

    def wait(self, at: int) -> None:
        if self.inflating is not None and at - self._begun_at >= AT_ONCE:
            self.inflate_all(self._begun_at)
        super().wait(at)

    def inflate_all(self, at: int) -> None:
        """Finish inflating at *at* (microseconds), then read the frames after it."""
        self.now = at
        while self.inflating is not None:
            self.attempt(self.inflate)
            self.run()

    def inflate(self) -> None:
        """zlib's callback for the frame that is being inflated. Raises Wrong, TooLong."""
        assert self.inflating is not None
        assert self.inflater is not None
        (header, payload), self.inflating = self.inflating, None
        try:
            payload = self.inflater.feed(payload, header.final)
        except ValueError as error:
            # Node passes on zlib's own message, which Python's has around it.
            raise Wrong("deflate", {"error": str(error).rpartition(": ")[2]}) from None
        self.inflated(header, payload)

    def reset_first(self, ended: Ended) -> bool:
        """True if the server reset the connection before Node had written its answer to the server's Close."""
        return ended.how == "reset" and ended.at - self.closed_at < WRITTEN_LATER
