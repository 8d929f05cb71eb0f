"""Outcome words and exit statuses: the one table that code, help, manual and ``explain exit`` share."""

from __future__ import annotations

from enum import IntEnum, unique
from typing import Literal

from msgspec import Struct


@unique
class Exit(IntEnum):
    """Every exit status of the program."""

    OPEN = 0
    DIFFERENT = 1
    USAGE = 2
    UNRESOLVED = 3
    UNREACHABLE = 4
    TLS_FAILED = 5
    PROXY_FAILED = 6
    TIMEOUT = 7
    DROPPED = 8
    NOT_HTTP = 9
    REDIRECTED = 10
    UNAUTHORIZED = 11
    REFUSED = 12
    SERVER_ERROR = 13
    NOT_UPGRADED = 14
    INVALID = 15
    ABORTED = 16
    CLOSED = 17
    LIMIT = 18
    BLOCKED = 19
    UNEXPECTED = 20
    BUG = 70
    HUNG_UP = 129
    INTERRUPTED = 130
    PIPE = 141
    TERMINATED = 143


Outcome = Literal[
    "open",
    "unresolved",
    "unreachable",
    "tls-failed",
    "proxy-failed",
    "timeout",
    "dropped",
    "not-http",
    "redirected",
    "unauthorized",
    "refused",
    "server-error",
    "not-upgraded",
    "invalid",
    "aborted",
    "closed",
    "limit",
    "blocked",
]
"""The outcomes of ``TABLE``, for a type checker."""


class Meaning(Struct, frozen=True):
    """One row of the table. *outcome* is None if the status does not come from a recording."""

    status: Exit
    outcome: str | None
    text: str


TABLE: tuple[Meaning, ...] = (
    Meaning(Exit.OPEN, "open", "the handshake completed; a session, if any, closed cleanly"),
    Meaning(
        Exit.DIFFERENT,
        None,
        "compare: the views or the recordings differ; connect --since: something got worse; "
        "page: a handshake opened, but failed in the browser; explain: no topic is near",
    ),
    Meaning(Exit.USAGE, None, "the command line is wrong, or wsprobe cannot use a file that it names"),
    Meaning(Exit.UNRESOLVED, "unresolved", "the host name did not resolve"),
    Meaning(Exit.UNREACHABLE, "unreachable", "no address could be reached: refused, or no route"),
    Meaning(Exit.TLS_FAILED, "tls-failed", "TLS could not be set up, or the certificate is not valid"),
    Meaning(Exit.PROXY_FAILED, "proxy-failed", "the proxy did not open a tunnel to the server"),
    Meaning(Exit.TIMEOUT, "timeout", "a time limit ran out before the answer was complete"),
    Meaning(Exit.DROPPED, "dropped", "the connection ended before a complete answer"),
    Meaning(Exit.NOT_HTTP, "not-http", "the answer is not HTTP"),
    Meaning(Exit.REDIRECTED, "redirected", "a 3xx answer, not followed"),
    Meaning(Exit.UNAUTHORIZED, "unauthorized", "a 401 or 407 answer"),
    Meaning(Exit.REFUSED, "refused", "any other 4xx answer"),
    Meaning(Exit.SERVER_ERROR, "server-error", "a 5xx answer"),
    Meaning(
        Exit.NOT_UPGRADED, "not-upgraded", "any other answer; only 101 opens a WebSocket, over HTTP/2 only 200"
    ),
    Meaning(
        Exit.INVALID, "invalid", "a 101, over HTTP/2 a 200, with headers or frames that a client must refuse"
    ),
    Meaning(Exit.ABORTED, "aborted", "dropped after the handshake, without a Close frame"),
    Meaning(Exit.CLOSED, "closed", "the peer closed the session with a code other than 1000"),
    Meaning(
        Exit.LIMIT, "limit", "wsprobe reached a size limit before the head of the final answer was complete"
    ),
    Meaning(
        Exit.BLOCKED,
        "blocked",
        "the browser of a page sent no handshake: a policy of the page, a blocked port, too many sockets",
    ),
    Meaning(Exit.UNEXPECTED, None, "an --expect was not met"),
    Meaning(Exit.BUG, None, "a bug in wsprobe"),
    Meaning(Exit.HUNG_UP, None, "ended by SIGHUP (the terminal was closed); otherwise as 130"),
    Meaning(Exit.INTERRUPTED, None, "interrupted with ^C; connect still reports what it recorded until then"),
    Meaning(Exit.PIPE, None, "the program that reads the output ended"),
    Meaning(Exit.TERMINATED, None, "ended by SIGTERM; otherwise as 130"),
)

STATUS_OF: dict[str, Exit] = {row.outcome: row.status for row in TABLE if row.outcome is not None}
OPENED = ("open", "closed", "aborted")
"""Outcomes after a complete opening handshake, however the session ended."""
