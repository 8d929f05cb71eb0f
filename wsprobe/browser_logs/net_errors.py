"""Chromium's net errors (net/base/net_error_list.h) as events of a recording."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from wsprobe.exchange import ConnectFailed, Event, How, ResolveFailed, Target, TlsFailed, TunnelFailed


def failure(error: str, at: int, to: Target) -> Iterator[Event]:
    """The event behind *error*, as ``ERR_NAME_NOT_RESOLVED``, where it is all that is known of a failure before
    the request; nothing for an error that has no such event. *at*: microseconds; *to*: where the request would
    have gone."""
    if error in ("ERR_NAME_NOT_RESOLVED", "ERR_NAME_RESOLUTION_FAILED"):
        yield ResolveFailed(at, to.host, words(error))
    elif re.search("PROXY|TUNNEL|SOCKS", error):
        yield TunnelFailed(at, words(error))
    elif errno(error):
        yield ConnectFailed(at, to.host, to.port, errno(error), words(error))
    elif re.search("CERT_|SSL_", error):
        kind, reason = tls_failure(error)
        yield TlsFailed(at, kind, words(error), reason=reason)


def ended_by(events: Sequence[Event]) -> How:
    """How an exchange ended that has no request: by the failure in *events*, or for a reason that the log does
    not have."""
    failed = any(isinstance(each, ResolveFailed | ConnectFailed | TlsFailed | TunnelFailed) for each in events)
    return "error" if failed else "interrupted"


def words(error: str) -> str:
    """*error* as Chromium shows it; "" for none."""
    return f"net::{error}" if error else ""


ERRNOS = {
    "ERR_CONNECTION_REFUSED": "ECONNREFUSED",
    "ERR_CONNECTION_RESET": "ECONNRESET",
    "ERR_CONNECTION_TIMED_OUT": "ETIMEDOUT",
    "ERR_ADDRESS_UNREACHABLE": "EHOSTUNREACH",
    "ERR_ADDRESS_INVALID": "EADDRNOTAVAIL",
    "ERR_NETWORK_ACCESS_DENIED": "EACCES",
    "ERR_INTERNET_DISCONNECTED": "ENETUNREACH",
    "ERR_CONNECTION_ABORTED": "ECONNABORTED",
}
"""The error of the system behind a net error of connect() (net/base/net_errors_posix.cc)."""


def errno(error: str) -> str:
    """The name of the system's error; "" for an error of another kind."""
    return ERRNOS.get(error, "")


CERTIFICATE_FAULTS = {
    "ERR_CERT_COMMON_NAME_INVALID": "wrong-name",
    "ERR_CERT_DATE_INVALID": "expired",
    "ERR_CERT_AUTHORITY_INVALID": "unknown-ca",
}
"""``TlsFailed.reason`` of a net error; the others are "other"."""


def tls_failure(error: str) -> tuple[Literal["certificate", "pinned-key", "reset", "error"], str]:
    """The kind and reason of a failed handshake of TLS."""
    if "PINNED_KEY" in error:
        return "pinned-key", ""
    if error.startswith("ERR_CERT_"):
        return "certificate", CERTIFICATE_FAULTS.get(error, "other")
    return ("reset" if "RESET" in error else "error"), ""
