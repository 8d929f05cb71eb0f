"""Weaknesses of an endpoint: sessions in clear, certificates, and how large a message may be."""

from __future__ import annotations

from wsprobe.diagnosis.proxies import mending
from wsprobe.exchange import TlsDone, TlsFailed
from wsprobe.read.closing import close_of
from wsprobe.read.frames import PONG
from wsprobe.request.target import loopback
from wsprobe.trace.answer import Answer
from wsprobe.trace.audit_requests import LARGE, NO_PORT_BESIDE, PING, port_beside
from wsprobe.trace.audit_session import admitted, came, reference
from wsprobe.trace.conclusion import Conclusion
from wsprobe.trace.trace import Trace
from wsprobe.trace.weakness import Shown, found, weakness

IN_CLEAR = ("clear", "clear-beside")
TOO_LARGE = frozenset({1009, 1002, 1008})
"""Close codes of a server that takes no message of that size; 1009 says so (RFC 6455 section 7.4.1)."""


def _on_this_machine(seen: Trace) -> bool:
    return loopback(seen.start.plan.target.host) or seen.start.plan.route.unix_socket is not None


@weakness
def clear_text(seen: Trace) -> Shown:
    base = reference(seen)
    if not seen.start.plan.target.secure:
        if _on_this_machine(seen):
            return "the URL is on this machine"
        return (
            ""
            if base is None
            else found(
                "The URL is ws://: nothing between wsprobe and the server is encrypted.",
                ("base",),
                sent="the handshake as it was given, without TLS",
                came=came(base),
                fix=mending("clear", seen.proxies),
            )
        )
    tried = {name: answer for name in IN_CLEAR if (answer := seen[name]) is not None}
    opens = tuple(
        one for name, each in tried.items() if admitted(each, base) for one in _opens_in_clear(seen, name)
    )
    if opens or not tried:
        return opens or "no handshake was sent in clear text"
    for name, answer in tried.items():
        if answer.kind == "http" and answer.status in (401, 403):
            return f"{name} got {answer.status}, and wsprobe never sends credentials in clear text"
    if "clear-beside" not in tried and not port_beside(seen):
        return f"only the TLS port was tested: {NO_PORT_BESIDE}"
    return ""


def _opens_in_clear(seen: Trace, name: str) -> tuple[Conclusion, ...]:
    answer = seen.answers[name]
    where = answer.reading.exchange.plan.target
    on_tls = where.port == seen.start.plan.target.port
    return found(
        f"Port {where.port}{', the TLS port,' if on_tls else ''} opens a session without TLS.",
        (name,),
        sent=f"a handshake to {where.url} without TLS, cookies, credentials and query",
        came=came(answer),
        fix=mending("clear", answer.proxies or seen.proxies),
    )


@weakness
def certificate_refused(seen: Trace) -> Shown:
    if not seen.start.plan.target.secure:
        return "there is no TLS"
    events = seen.base.reading.exchange.events
    done = [each.problem for each in events if isinstance(each, TlsDone)]
    done += [each.error for each in events if isinstance(each, TlsFailed) and each.kind == "certificate"]
    wrong = next(filter(None, done), "")
    if not wrong:
        return "" if done else "the server sent no certificate"
    return found(
        f"The certificate is not valid: {wrong}.",
        ("base",),
        sent=f"a TLS handshake for {seen.start.plan.tls.server_name or seen.start.plan.target.host}",
        came=f"a certificate that the check refuses: {wrong}",
    )


def _took(answer: Answer) -> bool:
    """True if the server read the whole message: it answered the Ping behind it."""
    session = answer.reading.session
    return session is not None and any(frame.opcode == PONG and frame.data == PING for frame in session.frames)


def _too_large(answer: Answer) -> bool:
    close = close_of(answer.reading)
    return close is not None and close.by == "server" and close.code in TOO_LARGE


@weakness
def message_size(seen: Trace) -> Shown:
    large = seen["large"]
    if large is None:
        return "--audit-heavy sends a large message" if not seen.start.heavy else "it was left out"
    if not _took(large):
        return "" if _too_large(large) else f"the session ended before the test was complete: {came(large)}"
    return found(
        f"One message of {LARGE:,} bytes was read to its end; a limit, if any, is higher.",
        ("large",),
        sent=f"a text message of {LARGE:,} bytes, then a Ping",
        came="the Pong to the Ping",
    )
