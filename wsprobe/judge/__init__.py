"""A reading held against one specification: every fault, each with its section, and the outcome in one word.

A rule is a function from a Reading to findings; its entries stand above it, in the module of its subject. A
specification is a value: its name, its rules in its order of checks, and what they come to. Another revision is
another such value, of the same rules or of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from wsprobe.exchange import Connected, ResolveFailed, TlsFailed, TunnelFailed
from wsprobe.followup import REDIRECTS
from wsprobe.judge import accept, http2, message, refusal, selection, session, status, subject, tls, transport
from wsprobe.judge.finding import Entry, Finding, Verdict
from wsprobe.judge.refusal import asked_version, versions
from wsprobe.judge.subject import about, close_code, closed_by_server, handshake, happened, has, how, our_close
from wsprobe.judge.transport import proxy_answer, unresolved
from wsprobe.read.behind import frames_before_http
from wsprobe.read.http2_values import HTTP_1_1_REQUIRED, SETTINGS, Http2Connection
from wsprobe.read.reading import Reading, Response, Session

_SUBJECTS = (transport, tls, status, accept, selection, message, refusal, session, http2)

FINDINGS: dict[str, Entry] = {
    entry.id: entry for module in _SUBJECTS for entry in vars(module).values() if isinstance(entry, Entry)
}
"""Every finding there is, by its id. Ids are stable and never reused."""

OF_HANDSHAKE = frozenset(
    entry.id
    for module in (status, accept, selection)
    for entry in vars(module).values()
    if isinstance(entry, Entry)
)
"""The findings that can undo a 101."""

Rule = Callable[[Reading], Iterable[Finding]]

TRANSPORT: tuple[Rule, ...] = (transport.reach, tls.tls, transport.other_protocol, transport.unfinished)
_SELECTION = (selection.extensions, selection.deflate, selection.protocol)
HANDSHAKE: tuple[Rule, ...] = (
    status.status_line,
    about(subject.refusal, status.status),
    status.interim,
    about(
        handshake,
        status.version,
        status.bare,
        status.upgrade,
        status.connection,
        accept.accept,
        *_SELECTION,
        status.fields,
    ),
)
REFUSAL: Rule = about(
    subject.refusal,
    refusal.redirect,
    refusal.challenge,
    refusal.version_negotiation,
    message.body,
)
HTTP: tuple[Rule, ...] = (
    REFUSAL,
    about(handshake, message.framing_on_101),
    message.head,
    message.strict_library,
)
SESSION: tuple[Rule, ...] = (
    session.other_bytes,
    about(subject.session, session.frames, session.messages, session.close_frame),
    session.closing,
)


class Specification(Struct, frozen=True):
    """One revision of one specification."""

    name: str
    rules: tuple[Rule, ...]
    answer: Callable[[Reading, tuple[Finding, ...]], str]
    """What the revision asks of a client, given the findings of *rules*: a word of ``Verdict.answer``."""


def judge(reading: Reading, specification: Specification | None = None) -> Verdict:
    """All faults that *specification* finds, in its order, and its answer; unless given, RFC 6455, or RFC 8441
    of what was asked over HTTP/2."""
    spoken = RFC6455 if reading.http2 is None else RFC8441
    of = spoken if specification is None else specification
    findings = tuple([finding for rule in of.rules for finding in rule(reading)])
    return Verdict(of.name, of.answer(reading, findings), findings)


def rfc6455_answer(reading: Reading, findings: tuple[Finding, ...]) -> str:
    """What RFC 6455 asks of the client.

    A 101 is judged by the rules of the handshake alone: what goes wrong in the session does not undo it. A
    transport that could not be opened or was lost is ``fail`` (sections 4.1 and 7.2.1); a time limit of ours
    is nothing the RFC speaks of: ``not known``.
    """
    if handshake(reading) is not None:
        return rfc6455_handshake(findings)
    response = subject.refusal(reading)
    if response is not None:
        return rfc6455_refusal(reading, response)
    if has(reading, TunnelFailed) and proxy_answer(reading)[8:13] == b" 407 ":
        return "retry-proxy-auth"
    if how(reading) in ("timeout", "limit", "interrupted", "") and not reading.looks_like:
        return "not known"
    if how(reading) == "local" and has(reading, Connected) and not reading.received:
        return "not known"
    return "fail"


def rfc6455_handshake(findings: tuple[Finding, ...]) -> str:
    """The answer to a 101: section 4.1, items 2 to 6 and the paragraph after them."""
    own = [finding for finding in findings if finding.id in OF_HANDSHAKE]
    if any(finding.level == "fail" for finding in own):
        return "fail"
    return "ambiguous" if any(FINDINGS[finding.id].undecided for finding in own) else "established"


def rfc6455_refusal(reading: Reading, response: Response) -> str:
    """The answer to any other status: section 4.1, item 1, "handles the response per HTTP procedures"."""
    if response.status in REDIRECTS and response.head.all(b"location"):
        return "may-redirect"
    if response.status == 401 and response.head.all(b"www-authenticate"):
        return "retry-auth"
    if any(other != asked_version(reading) for other in versions(response)):
        return "may-retry-version"
    return "http"


RFC6455 = Specification("rfc6455", TRANSPORT + HANDSHAKE + HTTP + SESSION, rfc6455_answer)


def unanswered(reading: Reading) -> Iterator[Finding]:
    """``unfinished``, where HTTP/2 itself does not say why there is no answer."""
    of = reading.http2
    ended = of.end if of is not None else None
    settled = of is not None and any(frame.type == SETTINGS for frame in of.of("server"))
    if of is None or (of.request is None and settled and how(reading) in ("local", "fin", "truncated")):
        return
    if ended is not None and ended.by == "server" and ended.how != "connection":
        return
    if reading.final is None or how(reading) == "limit":
        yield from transport.unfinished(reading)


def other_than_http2(reading: Reading) -> Iterator[Finding]:
    """``other_protocol``, but for HTTP/1.1, which that takes for no other."""
    if reading.looks_like != "http1":
        yield from transport.other_protocol(reading)


def rfc8441_answer(reading: Reading, findings: tuple[Finding, ...]) -> str:
    """What RFC 8441 asks of the client; of a refusal, as over HTTP/1.1."""
    if handshake(reading) is not None:
        failed = any(f.level == "fail" and f.id in (OF_HANDSHAKE | http2.OF_HANDSHAKE_HTTP2) for f in findings)
        return "fail" if failed else "established"
    response = subject.refusal(reading)
    if response is not None and response.status != 101:
        return rfc6455_refusal(reading, response)
    of = reading.http2
    if of is not None and of.request is None and not reading.looks_like:
        return "not known"
    return "not known" if how(reading) in ("timeout", "limit", "interrupted", "") else "fail"


RFC8441 = Specification(
    "rfc8441",
    (
        transport.reach,
        tls.tls,
        other_than_http2,
        http2.connection,
        http2.server_settings,
        http2.answer,
        http2.ends,
        unanswered,
        http2.block,
        about(handshake, *_SELECTION),
        about(subject.refusal, refusal.redirect, refusal.challenge),
        http2.strict_library,
        *SESSION,
    ),
    rfc8441_answer,
)


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
    if reading.http2 is not None and (word := _over_http2(reading, reading.http2)):
        return word
    if reading.session is not None:
        return _session(reading, reading.session, verdict)
    if reading.looks_like:
        return "not-http"
    response = subject.refusal(reading)
    if response is not None and response.status is not None:
        return _status(response.status)
    final = reading.final
    if final is not None and final.head.complete:
        return "not-http"
    return how(reading) if how(reading) in ("timeout", "limit") else "dropped"


def _way(reading: Reading) -> str:
    """What kept the request from being answered at all, "" if nothing did."""
    late = how(reading) == "timeout"
    kinds = happened(reading)
    if TunnelFailed in kinds:
        return "timeout" if late else "proxy-failed"
    if TlsFailed in kinds:
        return "timeout" if late else "tls-failed"
    if unresolved(reading) and not late:
        return "unresolved"
    if Connected in kinds or reading.received:
        return ""
    if late:
        return "timeout"
    if ResolveFailed in kinds:
        return "unresolved"
    return "dropped" if how(reading) == "interrupted" else "unreachable"


def _over_http2(reading: Reading, of: Http2Connection) -> str:
    """What only HTTP/2 has, "" where the rest decides.

    A client that is told not to ask (RFC 8441 section 3), or to ask over HTTP/1.1 (RFC 9113 section 7), was not
    refused. A 101, which HTTP/2 does not have, is a mistake where a 200 was meant.
    """
    if reading.looks_like or reading.session is not None:
        return ""
    final = reading.final
    if final is not None and final.head.complete:
        return "invalid" if final.status == 101 else ""
    if (
        of.request is None
        and how(reading) in ("local", "fin", "truncated")
        and reading.received
        and not of.goaways
    ):
        settled = any(frame.type == SETTINGS and frame.good and not frame.ack for frame in of.of("server"))
        return "not-upgraded" if settled else "not-http" if how(reading) == "local" else ""
    end = of.end
    if end is not None and end.how == "rst-stream" and end.by == "server" and end.code == HTTP_1_1_REQUIRED:
        return "not-upgraded"
    return ""


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
    session = frames_before_http(reading) or session
    theirs = closed_by_server(session)
    if theirs is not None and theirs.complete:
        return "open" if not session.close_codes or close_code(theirs) == 1000 else "closed"
    if session.drops and how(reading) in ("fin", "truncated"):
        return "open"
    if our_close(session) is None and (how(reading) in _DROPPED or _stream_ended(reading)):
        return "aborted"
    return "open"


def _stream_ended(reading: Reading) -> bool:
    """True if the server ended the stream of a session over HTTP/2."""
    end = reading.http2.end if reading.http2 is not None else None
    return end is not None and end.by == "server"
