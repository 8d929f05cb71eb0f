"""A reading held against one specification: rules in its order of checks, then the answer.

A rule is a function from a Reading to findings. A specification is a value: its name, its rules, and what
they come to. Another revision is another such value, of the same rules or of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from wsprobe.exchange import Connected, TunnelFailed
from wsprobe.judge.finding import Finding, Verdict
from wsprobe.judge.findings import FINDINGS, OF_HANDSHAKE
from wsprobe.judge.handshake.accept import accept
from wsprobe.judge.handshake.deflate import deflate
from wsprobe.judge.handshake.extensions import extensions
from wsprobe.judge.handshake.fields import fields
from wsprobe.judge.handshake.protocol import protocol
from wsprobe.judge.handshake.status import interim, status, status_line, version
from wsprobe.judge.handshake.upgrade import bare, connection, upgrade
from wsprobe.judge.http.body import body
from wsprobe.judge.http.head import framing_on_101, head, strict_library
from wsprobe.judge.http.hints import hints
from wsprobe.judge.http.refusal import (
    REDIRECTS,
    asked_version,
    challenge,
    redirect,
    version_negotiation,
    versions,
)
from wsprobe.judge.session.closing import close_frame, closing
from wsprobe.judge.session.frames import frames, other_bytes
from wsprobe.judge.session.messages import messages
from wsprobe.judge.subject import handshake, how, refusal
from wsprobe.judge.transport.answer import other_protocol, unfinished
from wsprobe.judge.transport.reach import has, proxy_answer, reach
from wsprobe.judge.transport.tls import tls
from wsprobe.read.reading import Reading
from wsprobe.value import dataclass

Rule = Callable[[Reading], Iterable[Finding]]

TRANSPORT: tuple[Rule, ...] = (reach, tls, other_protocol, unfinished)
HANDSHAKE: tuple[Rule, ...] = (
    status_line,
    status,
    interim,
    version,
    bare,
    upgrade,
    connection,
    accept,
    extensions,
    deflate,
    protocol,
    fields,
)
HTTP: tuple[Rule, ...] = (
    redirect,
    challenge,
    version_negotiation,
    hints,
    body,
    framing_on_101,
    head,
    strict_library,
)
SESSION: tuple[Rule, ...] = (other_bytes, frames, messages, close_frame, closing)


@dataclass(frozen=True, slots=True)
class Specification:
    """One revision of one specification."""

    name: str
    rules: tuple[Rule, ...]
    answer: Callable[[Reading, tuple[Finding, ...]], str]
    """What the revision asks of a client, given the findings of *rules*: a word of ``Verdict.answer``."""


def judge(reading: Reading, specification: Specification | None = None) -> Verdict:
    """All faults that *specification* (RFC 6455, unless given) finds, in its order, and its answer."""
    of = RFC6455 if specification is None else specification
    findings = tuple(finding for rule in of.rules for finding in rule(reading))
    return Verdict(of.name, of.answer(reading, findings), findings)


def rfc6455_answer(reading: Reading, findings: tuple[Finding, ...]) -> str:
    """What RFC 6455 asks of the client.

    A 101 is judged by the rules of the handshake alone: what goes wrong in the session does not undo it. A
    transport that could not be opened or was lost is ``fail`` (sections 4.1 and 7.2.1); a time limit of ours
    is nothing the RFC speaks of: ``not known``.
    """
    if handshake(reading) is not None:
        return rfc6455_handshake(findings)
    if refusal(reading) is not None:
        return rfc6455_refusal(reading)
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


def rfc6455_refusal(reading: Reading) -> str:
    """The answer to any other status: section 4.1, item 1, "handles the response per HTTP procedures"."""
    response = refusal(reading)
    assert response is not None
    if response.status in REDIRECTS and response.head.all(b"location"):
        return "may-redirect"
    if response.status == 401 and response.head.all(b"www-authenticate"):
        return "retry-auth"
    if any(other != asked_version(reading) for other in versions(reading)):
        return "may-retry-version"
    return "http"


RFC6455 = Specification("rfc6455", TRANSPORT + HANDSHAKE + HTTP + SESSION, rfc6455_answer)
