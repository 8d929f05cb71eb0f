"""The result in one word of ``wsprobe.outcome.TABLE``, from which the exit status follows.

What comes first on the way counts first: a name that does not resolve before TLS that fails, TLS before the
answer, the answer before its session.
"""

from __future__ import annotations

from wsprobe.exchange import Connected, ResolveFailed, TlsFailed, TunnelFailed
from wsprobe.judge.finding import Verdict
from wsprobe.judge.subject import close_code, closed_by_server, how, our_close, refusal
from wsprobe.judge.transport.reach import has, unresolved
from wsprobe.read.reading import Reading, Session

_DROPPED = ("fin", "truncated", "reset", "error")


def outcome(reading: Reading, verdict: Verdict) -> str:
    """The outcome of *reading*, judged by *verdict*.

    An answer counts from the end of its head: a refusal whose body was cut off is still ``refused``, with a
    finding that says so. A 101 is ``invalid`` if a finding of the verdict fails it, whether that is of the
    handshake or of the frames after it; an ambiguous 101 is not. An interrupted probe counts as ``dropped``
    until there is an answer.
    """
    if word := _way(reading):
        return word
    if reading.session is not None:
        return _session(reading, reading.session, verdict)
    if reading.looks_like:
        return "not-http"
    response = refusal(reading)
    if response is not None and response.status is not None:
        return _status(response.status)
    final = reading.final
    if final is not None and final.head.complete:
        return "not-http"
    return "timeout" if how(reading) == "timeout" else "dropped"


def _way(reading: Reading) -> str:
    """What kept the request from being answered at all, "" if nothing did."""
    late = how(reading) == "timeout"
    if has(reading, TunnelFailed):
        return "timeout" if late else "proxy-failed"
    if has(reading, TlsFailed):
        return "timeout" if late else "tls-failed"
    if unresolved(reading) and not late:
        return "unresolved"
    if has(reading, Connected) or reading.received:
        return ""
    if late:
        return "timeout"
    if has(reading, ResolveFailed):
        return "unresolved"
    return "dropped" if how(reading) == "interrupted" else "unreachable"


def _status(status: int) -> str:
    if status in (401, 407):
        return "unauthorized"
    return {3: "redirected", 4: "refused", 5: "server-error"}.get(status // 100, "not-upgraded")


def _session(reading: Reading, session: Session, verdict: Verdict) -> str:
    """The outcome after a 101.

    ``closed``: the server closed first, or with a code of its own, and that was not 1000; a Close without a
    code (script sees 1005) is such a one. ``aborted``: the connection ended before anyone sent a Close. Once
    our own Close is out the session is over for us: that the server did not answer it is a finding, and the
    outcome stays ``open`` (RFC 6455 section 7.1.1 lets TCP end without). Where the wire version has no close
    codes, or no Close at all, ending the session is ending it cleanly.
    """
    if any(finding.level == "fail" for finding in verdict.findings):
        return "invalid"
    theirs = closed_by_server(session)
    if theirs is not None and theirs.complete:
        return "open" if not session.close_codes or close_code(theirs) == 1000 else "closed"
    if session.drops and how(reading) in ("fin", "truncated"):
        return "open"
    if our_close(session) is None and how(reading) in _DROPPED:
        return "aborted"
    return "open"
