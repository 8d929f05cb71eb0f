"""The kinds of port that the lab has: what they do before, or instead of, reading a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from wsprobe.lab.scenario import Listener, Step
from wsprobe.lab.template import escape

PATIENCE = 75.0
"""Seconds that a port which never answers keeps a connection."""

HELLO = 10.0
"""Seconds that a port waits for a ClientHello."""

Fault = Literal["", "unknown-ca", "expired", "wrong-name", "client-certificate", "old-version"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of port."""

    tls: bool = False
    """A TLS server stands before the scenarios."""
    fault: Fault = ""
    """What is wrong with that TLS server in the eyes of a client."""
    steps: tuple[Step, ...] | None = None
    """Played as soon as the connection stands, in place of a scenario's; None: a request is read first."""


def _say(text: bytes) -> Step:
    return Step("send", escape(text))


ALERT_HANDSHAKE_FAILURE = bytes.fromhex("15 03 03 00 02 02 28")
"""A fatal alert 40 in a record of its own (RFC 8446 sections 5.1 and 6)."""

ALERT_UNEXPECTED_MESSAGE = bytes.fromhex("15 03 03 00 02 02 0a")
"""A fatal alert 10: what a TLS port says to a client that speaks HTTP in clear."""

NOISE = bytes(x * x * 7 % 251 ^ 0xA5 for x in range(1, 257))
"""Bytes that are the beginning of nothing."""

KINDS: Mapping[Listener, Kind] = {
    "plain": Kind(),
    "tls": Kind(tls=True),
    "tls-unknown-ca": Kind(tls=True, fault="unknown-ca"),
    "tls-expired": Kind(tls=True, fault="expired"),
    "tls-wrong-name": Kind(tls=True, fault="wrong-name"),
    "tls-client-certificate": Kind(tls=True, fault="client-certificate"),
    "tls-1.1": Kind(tls=True, fault="old-version"),
    "tls-alert": Kind(steps=(Step("read", seconds=HELLO), _say(ALERT_HANDSHAKE_FAILURE))),
    "fin-on-accept": Kind(steps=()),
    "reset-on-accept": Kind(steps=(Step("reset"),)),
    "silent": Kind(steps=(Step("wait", seconds=PATIENCE),)),
    "smtp": Kind(steps=(_say(b"220 mail.example ESMTP ready\r\n"), Step("hold", seconds=PATIENCE))),
    "ssh": Kind(steps=(_say(b"SSH-2.0-OpenSSH_9.9\r\n"), Step("hold", seconds=PATIENCE))),
    "reset-on-hello": Kind(steps=(Step("read", seconds=HELLO), Step("reset"))),
    "noise": Kind(steps=(_say(NOISE), Step("hold", seconds=PATIENCE))),
    "fin-on-hello": Kind(steps=(Step("read", seconds=HELLO),)),
}
"""All but ``unused``, which is a port where nothing listens."""

_NOT_A_REQUEST = b"This port speaks plain HTTP, and what came is no request.\n"

NOT_A_REQUEST = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
    % (len(_NOT_A_REQUEST), _NOT_A_REQUEST)
)
"""What a plain port says to a client that speaks TLS, or anything else."""


def is_hello(data: bytes | bytearray) -> bool:
    """Return whether a client that is expected to speak HTTP speaks TLS (RFC 8446 section 5.1) instead."""
    return data[:2] == b"\x16\x03"
