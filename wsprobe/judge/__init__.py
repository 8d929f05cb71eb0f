"""Judge a reading by one specification: every fault with its section, and the outcome in one word.

A rule is a function from a Reading to findings. ``findings.txt`` has the words of each. A
specification is a value: its name, its rules in the order of its checks, and the answer they lead to. Another
revision is another value, with the same rules or different ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from wsprobe.exchange import FINISHED, LOST, Connected, ResolveFailed, TlsFailed, TunnelFailed
from wsprobe.judge import (
    accept,
    framing,
    http2,
    message,
    refusal,
    request,
    selection,
    session,
    status,
    subject,
    tls,
    transport,
)
from wsprobe.judge.catalogue import FINDINGS as FINDINGS
from wsprobe.judge.catalogue import F
from wsprobe.judge.finding import Finding, Verdict
from wsprobe.judge.refusal import asked_version, listed_versions
from wsprobe.judge.subject import about, closed_by_server, handshake, happened, has, how, our_close
from wsprobe.judge.transport import proxy_answer, unresolved
from wsprobe.read.behind import frames_before_http
from wsprobe.read.http2_values import HTTP_1_1_REQUIRED, SETTINGS, Http2Connection
from wsprobe.read.reading import Reading, Response, Session
from wsprobe.read.stated import not_http
from wsprobe.wire.followup import REDIRECTS

Rule = Callable[[Reading], Iterable[Finding]]

TRANSPORT: tuple[Rule, ...] = (transport.reach, tls.tls, transport.other_protocol, transport.unfinished)
_SELECTION = (selection.extensions, selection.deflate, selection.protocol)
_CHECKS = (status.bare, status.upgrade, status.connection, accept.accept, *_SELECTION)
"""What a client must check of a 101 (section 4.1, items 2 to 6)."""
CLIENT_CHECKS: tuple[Rule, ...] = (status.status_line, about(handshake, *_CHECKS))
"""The rules of the handshake for which a client must fail a 101: what it judges before it opens a session."""
HANDSHAKE: tuple[Rule, ...] = (
    status.status_line,
    about(subject.refusal, status.status),
    status.interim,
    about(
        handshake,
        status.http_version,
        *_CHECKS,
        status.fields,
        refusal.repeated,
        request.request,
    ),
)
REFUSAL: Rule = about(
    subject.refusal,
    refusal.redirect,
    refusal.challenge,
    refusal.realm,
    refusal.fields,
    refusal.repeated,
    refusal.version_negotiation,
    message.body,
)
HTTP: tuple[Rule, ...] = (
    REFUSAL,
    framing.framing,
    message.head,
    message.strict_library,
)
SESSION: tuple[Rule, ...] = (
    session.other_bytes,
    about(subject.session, session.frames, session.messages, session.close_frame, session.pongs),
    session.closing,
)


class Specification(Struct, frozen=True):
    """One revision of one specification."""

    name: str
    rules: tuple[Rule, ...]
    answer: Callable[[Reading, tuple[Finding, ...]], str]
    """What the revision requires of a client, given the findings of *rules*: a word of ``Verdict.answer``."""


def judge(reading: Reading, specification: Specification | None = None) -> Verdict:
    """Return all faults that *specification* finds, in its order, and its answer. The default is RFC 6455, or
    RFC 8441 for a request over HTTP/2."""
    spoken = RFC6455 if reading.http2 is None else RFC8441
    of = spoken if specification is None else specification
    rules = STATED if reading.final is not None and reading.final.stated else of.rules
    findings = tuple([finding for rule in rules for finding in rule(reading)])
    return Verdict(of.name, of.answer(reading, findings), up_to_failure(reading, findings))


def up_to_failure(reading: Reading, findings: tuple[Finding, ...], failed: bool = False) -> tuple[Finding, ...]:
    """*findings* without those on what came after a client had to fail the connection.

    RFC 6455 section 7.1.7: it fails at the handshake (with *failed* in any case), or at the first frame that
    breaks a rule. What follows has no meaning then, and neither has how the server reacted. A note counts the
    frames that are not judged.
    """
    of = reading.session
    if of is None:
        return findings
    begun = of.frames[0].start if of.frames else of.start
    fatal = [f for f in findings if f.fatal and f.phase in ("handshake", "http2", "session")]
    within = [f.span[1] for f in fatal if f.phase != "handshake" and f.span is not None and f.span[0] >= begun]
    if failed or len(within) < len(fatal):
        where, stop = "the handshake failed", 0
    elif within:
        where, stop = "a client fails the connection here", min(within)
    else:
        return findings
    kept = [f for f in findings if f.phase != "session" or (f.span is not None and f.span[1] <= stop)]
    after = [frame for frame in of.frames if frame.start >= stop]
    if after and not subject.not_frames(reading):
        rest = "the frame after it is" if len(after) == 1 else f"the {len(after)} frames after it are"
        kept.append(F.REST_NOT_JUDGED.found(f"{where}, so {rest} not judged", subject.header(after[0])))
    return tuple(kept)


def rfc6455_answer(reading: Reading, findings: tuple[Finding, ...]) -> str:
    """Return what RFC 6455 requires of the client.

    Only the rules of the handshake judge a 101: a fault in the session does not undo it. A transport that could
    not be opened or was lost is ``fail`` (sections 4.1 and 7.2.1). The RFC does not mention our time limit:
    ``not known``.
    """
    if handshake(reading) is not None:
        return rfc6455_handshake(findings)
    response = subject.refusal(reading)
    if response is not None:
        return rfc6455_refusal(reading, response)
    if reading.final is not None and reading.final.stated:
        return "fail"
    if has(reading, TunnelFailed) and proxy_answer(reading)[8:13] == b" 407 ":
        return "retry-proxy-auth"
    if how(reading) in ("timeout", "limit", "interrupted", "") and not reading.looks_like:
        return "not known"
    if how(reading) == "local" and has(reading, Connected) and not reading.received:
        return "not known"
    return "fail"


def rfc6455_handshake(findings: Iterable[Finding]) -> str:
    """The answer to a 101: section 4.1, items 2 to 6 and the paragraph after them."""
    own = [finding for finding in findings if finding.phase == "handshake"]
    if any(finding.fatal for finding in own):
        return "fail"
    return "ambiguous" if any(FINDINGS[finding.id].undecided for finding in own) else "established"


def rfc6455_refusal(reading: Reading, response: Response) -> str:
    """The answer to any other status: section 4.1, item 1, "handles the response per HTTP procedures"."""
    if response.status in REDIRECTS and response.head.all(b"location"):
        return "may-redirect"
    if response.status == 401 and response.head.all(b"www-authenticate"):
        return "retry-auth"
    if any(other != asked_version(reading) for other in listed_versions(response)):
        return "may-retry-version"
    return "http"


STATED: tuple[Rule, ...] = (status.stated_fault, about(subject.refusal, status.status))
"""The rules for an answer of which only a status is known: nothing can be said of fields or a body."""

RFC6455 = Specification("rfc6455", TRANSPORT + HANDSHAKE + HTTP + SESSION, rfc6455_answer)


def unanswered(reading: Reading) -> Iterator[Finding]:
    """``unfinished``, unless HTTP/2 itself gives the reason for the missing answer."""
    of = reading.http2
    ended = of.end if of is not None else None
    settled = of is not None and any(frame.type == SETTINGS for frame in of.of("server"))
    if of is None or (of.request is None and settled and how(reading) in ("local", *FINISHED)):
        return
    if ended is not None and ended.by == "server" and ended.how != "connection":
        return
    if reading.final is None or how(reading) == "limit":
        yield from transport.unfinished(reading)


def other_than_http2(reading: Reading) -> Iterator[Finding]:
    """``other_protocol``, except for HTTP/1.1, which that rule accepts."""
    if reading.looks_like != "http1":
        yield from transport.other_protocol(reading)


def rfc8441_answer(reading: Reading, findings: tuple[Finding, ...]) -> str:
    """Return what RFC 8441 requires of the client; for a refusal, the same as over HTTP/1.1."""
    if handshake(reading) is not None:
        failed = any(f.fatal and f.phase in ("handshake", "http2") for f in findings)
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
        about(
            subject.refusal,
            refusal.redirect,
            refusal.challenge,
            refusal.realm,
            refusal.fields,
            refusal.repeated,
        ),
        http2.strict_library,
        *SESSION,
    ),
    rfc8441_answer,
)


def outcome(reading: Reading, verdict: Verdict) -> str:
    """Return the outcome of *reading*, judged by *verdict*.

    An answer counts from the end of its head: a refusal with a truncated body is still ``refused``, and a
    finding reports the truncation. A 101 is ``invalid`` if a client must fail the connection for its headers or
    for the frames after it; an ambiguous 101 is not. Before an answer, an interrupted probe is ``dropped``.
    """
    answered = reading.final is not None and reading.final.stated
    if not answered and (word := _way(reading)):
        return word
    if reading.http2 is not None and (word := _over_http2(reading, reading.http2)):
        return word
    if reading.session is not None:
        return _session(reading, reading.session, verdict)
    if reading.looks_like or not_http(reading.exchange):
        return "not-http"
    response = subject.refusal(reading)
    if response is not None and response.status is not None:
        return _status(response.status)
    final = reading.final
    if final is not None and final.stated:
        return "invalid"
    if final is not None and final.head.complete:
        return "not-http"
    return how(reading) if how(reading) in ("timeout", "limit") else "dropped"


def _way(reading: Reading) -> str:
    """Return what prevented an answer, "" if there was one."""
    if transport.kept_off(reading):
        return "blocked"
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
    """Return an outcome that only HTTP/2 has, "" where the other rules decide.

    A server that does not announce WebSockets (RFC 8441 section 3), or requires HTTP/1.1 (RFC 9113 section 7),
    has not refused. HTTP/2 has no 101: a server that sends one meant a 200.
    """
    if reading.session is not None:
        return ""
    final = reading.final
    if final is not None and final.head.complete:
        return "invalid" if final.status == 101 else ""
    if of.request is None and how(reading) in ("local", *FINISHED) and reading.received and not of.goaways:
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
    """Return the outcome after a 101.

    ``closed``: the server closed first, or with its own code, and the code was not 1000; a Close without a code
    (a script sees 1005) counts too. ``aborted``: the connection ended before either side sent a Close. After
    our Close the session is over: a missing answer to it is a finding, and the outcome stays ``open`` (RFC 6455
    section 7.1.1 lets TCP end without an answer). A wire version without close codes, or without a Close,
    always ends cleanly.
    """
    if any(finding.fatal for finding in verdict.findings):
        return "invalid"
    session = frames_before_http(reading) or session
    theirs = closed_by_server(session)
    if theirs is not None and theirs.complete:
        return "open" if not session.close_codes or theirs.close_code == 1000 else "closed"
    if session.drops and how(reading) in FINISHED:
        return "open"
    if our_close(session) is None and (how(reading) in LOST or _stream_ended(reading)):
        return "aborted"
    return "open"


def _stream_ended(reading: Reading) -> bool:
    """True if the server ended the stream of a session over HTTP/2."""
    end = reading.http2.end if reading.http2 is not None else None
    return end is not None and end.by == "server"
