"""Why a session ended, by what came after the handshake: words, a Close, nothing, or HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec
from msgspec.structs import replace

from wsprobe.diagnosis.cause import ACTS, Cause
from wsprobe.diagnosis.evidence import Evidence, foreign_origin, shown
from wsprobe.diagnosis.faults import (
    LOOK_UP,
    READ_WORDS,
    SEE_LOG,
    asked_wrong,
    asks_socketio,
    host_refused,
    origin_refused,
    other_generation,
    otherwise,
    too_much,
    unlike_socketio,
    where_to_offer,
)
from wsprobe.diagnosis.kinds import for_any_request
from wsprobe.diagnosis.programs import Author, shaped_like, written_by
from wsprobe.diagnosis.proxies import mending, table
from wsprobe.diagnosis.senses import other_subjects, stated_by
from wsprobe.diagnosis.session_facts import ENGINE_IO, QUIET, SOON, SessionFacts, session_facts
from wsprobe.diagnosis.session_words import COURTESY, stated_at_end, texts_at_end, with_message
from wsprobe.diagnosis.words import QUOTED, decoded, words_behind
from wsprobe.read.reading import Reading, Response
from wsprobe.text import counted

SMALL = 125
"""Bytes of a message that no server refuses as too large."""


def opened(reading: Reading, evidence: Evidence) -> Author:
    """The author of the 101, as far as its marks show, and the causes of the session's end."""
    session = session_facts(reading)
    author, mark = _opened_by(evidence, session)
    by_id: dict[str, Cause] = {}
    for cause in _causes(evidence, session):
        by_id.setdefault(cause.id, cause)
    found = tuple(by_id.values())
    if not author:
        return Author(causes=found)
    of_a_protocol = mark in (_PACKET, _WORDS_OF_GRAPHQL)
    base = shaped_like(author, mark, ()) if of_a_protocol else written_by(author, mark, ())
    return replace(base, causes=tuple(replace(one, program=base.program) for one in found))


def _causes(evidence: Evidence, session: SessionFacts) -> Iterator[Cause]:
    """In the order of evidence."""
    other = evidence.get("upgrade")
    if other and "websocket" not in other.lower() and not evidence.has("sec-websocket-accept"):
        yield Cause(
            "other-protocol",
            f"the server switched to {shown(other)}, not to a WebSocket",
            "use the port and path of a WebSocket server",
            "stated",
            f"the 101: Upgrade: {shown(other)}",
        )
        return
    known = tuple(stated_at_end(evidence, session))
    asked = asked_wrong(evidence) if session.ended else ()
    if session.dropped or session.code == 1002:  # with another Close, a server has read the fields
        asked += too_much(*evidence.largest)
    says_why = known and asked and for_any_request(known[0].id)
    yield from (*known, *asked) if says_why else (*asked, *known)
    yield from _unanswered_ping(session)
    # A Close with words, or of a failure, comes before what the server left out of its answer.
    telling = session.code == 1011 or (bool(session.reason.strip()) and session.code != 1000)
    if not telling:
        yield from _chosen(evidence)
    yield from _greeted(evidence, session)
    if session.behind is not None and session.close is None:
        yield from _http_after(evidence, session.behind)
    elif session.close is not None:
        yield from _by_code(evidence, session, known)
        yield from _act(evidence, session)
        if telling:
            yield from _chosen(evidence)
    elif session.dropped:
        yield from _act(evidence, session)
    else:
        yield from _silent(evidence, session)


# Subprotocols, and who greets ------------------------------------------------------------------------------


def _chosen(evidence: Evidence) -> Iterator[Cause]:
    """What was selected of the subprotocols offered, where that is a fault."""
    selected = evidence.get("sec-websocket-protocol")
    offered_names = {name.lower() for name in evidence.protocols}
    if selected and not {name.strip().lower() for name in selected.split(",")} <= offered_names:
        clients = "browsers" if evidence.protocols else "Chromium and WebKitGTK"  # Firefox ignores one then
        yield Cause(
            "subprotocol-unasked",
            f"the application selected the subprotocol {shown(selected)}; the client did not offer it",
            f"select only an offered subprotocol; otherwise {clients} fail the connection",
            "stated",
            f"Sec-WebSocket-Protocol: {shown(selected)}",
        )
    elif evidence.protocols and not selected:
        offered = shown(", ".join(evidence.protocols))
        yield Cause(
            "subprotocol-none",
            f"the server selected none of the offered subprotocols ({offered})",
            "select one in the server, or offer one that the server supports; Chromium fails if none is "
            "selected; wsprobe trace --protocol NAME --backend HOST:PORT URL tells whether a proxy drops it",
            "own-request",
            f"the request: Sec-WebSocket-Protocol: {offered}; the answer has none",
            usual=("a server that supports none of these", "a proxy that drops Sec-WebSocket-Protocol"),
        )


_GRAPHQL = ((4406, "Subprotocol not acceptable"), (4408, "Connection initialisation timeout"))
_WORDS_OF_GRAPHQL = "a close code and reason of its protocol"
"""graphql-transport-ws has these words in its specification: every server of it may send them."""
_PACKET = "its opening packet"
"""A mark of every server of the protocol, in whatever language: the packet itself names no program."""


def _greeted(evidence: Evidence, session: SessionFacts) -> Iterator[Cause]:
    """Programs that identify themselves in the first message."""
    first = session.texts[0] if session.texts else ""
    # Who asks for Socket.IO by its path knows what the server is; its end is the fault then.
    by_hand = session.ended and asks_socketio(evidence.path, evidence.query)
    if first.startswith(ENGINE_IO) and not session.connects and not by_hand:
        yield Cause(
            "not-socket.io",
            "this is a Socket.IO server: it opened a session and waits for Socket.IO packets",
            "use a Socket.IO client",
            "shared",
            "the opening packet of engine.io",
        )
        if evidence.has("access-control-allow-origin") and foreign_origin(evidence):
            yield Cause(
                "origin-unguarded",
                "cors.origin of Socket.IO on Node does not guard the WebSocket transport",
                "use allowRequest to refuse an Origin",
                "shared",
                "Access-Control-Allow-Origin on the 101",
            )
    elif '"data":"Invalid Host/Origin header"' in first:
        words = 'the first message: "Invalid Host/Origin header"'
        fix = "add it to devServer.allowedHosts"
        host = host_refused("webpack-dev-server does not allow this Host or Origin")
        yield replace(host, fix=fix, certainty="stated", evidence=words)
        origin = origin_refused(evidence, "add its host to devServer.allowedHosts")
        yield replace(origin, certainty="stated", evidence=words)


def _unanswered_ping(session: SessionFacts) -> Iterator[Cause]:
    """An end by the limit that the opening packet of engine.io names: its server pings (version 4), or waits
    for pings (3)."""
    first = session.texts[0] if session.texts else ""
    opening = decoded(first[1:]) if session.ended and first.startswith(ENGINE_IO) else None
    if not isinstance(opening, dict) or session.beats:
        return
    timeout, interval = opening.get("pingTimeout"), opening.get("pingInterval")
    if not isinstance(timeout, int) or not isinstance(interval, int):
        return
    pinged = "2" in session.texts[1:]
    waited, limit = (session.quiet, timeout) if pinged else (session.lasted, timeout + interval)
    if waited < 900 * limit:  # microseconds; a limit is in milliseconds
        return
    did = "the client did not answer a ping (2)" if pinged else "the client sent no ping (2)"
    yield Cause(
        "idle-timeout",
        f"{did} of engine.io within its limit, {limit / 1000:g} s",
        "answer each packet 2 with 3, as a Socket.IO client does"
        if pinged
        else "send the packet 2 every pingInterval",
        "stated",
        f"the opening packet: pingInterval {interval}, pingTimeout {timeout} ms; {waited / 1e6:.1f} s without "
        f"an answer",
    )


# HTTP behind a 101 -------------------------------------------------------------------------------------------


_KEEP_RUNNING = (
    "return nothing (Flask-Sock), or the WebSocketResponse itself (aiohttp); keep the handler running"
)


def _http_after(evidence: Evidence, behind: Response) -> Iterator[Cause]:
    status = behind.status or 0
    content = b"" if behind.body is None else behind.body.decoded or behind.body.content
    said = words_behind(status, content) if status >= 400 else ()
    for quote in said:
        if (known := stated_by(evidence, quote, f"HTTP {status} behind the 101")) is not None:
            yield known
            break
    shows = f"HTTP {status} behind the 101" if status else "HTTP behind the 101"
    version = ("another version of the Socket.IO protocol",) if status == 400 and _of_engine_io(behind) else ()
    late = ("an idle timeout",) if status == 408 else ()
    did = (
        f"the server sent HTTP {status} after the handshake"
        if status
        else "the server sent HTTP after the handshake"
    )
    if status >= 500:
        did = f"the application failed after the handshake: the server sent HTTP {status} behind the 101"
    yield Cause(
        "response-after-101",
        did,
        f"{other_generation().fix if version else _KEEP_RUNNING}; look in the log",
        "shared",
        shows,
        usual=(
            *version,
            *late,
            "a handler that returned or raised an exception",
            "a handler that sent an HTTP response",
        ),
        quote=shown(said[0], QUOTED) if said else "",
    )


def _of_engine_io(behind: Response) -> bool:
    """engine.io spells Content-type with a small t."""
    return any(field.name == b"Content-type" for field in behind.head.fields)


# Close codes -------------------------------------------------------------------------------------------------


class _Code(msgspec.Struct, frozen=True):
    """A close code of RFC 6455 section 7.4.1 or the IANA registry."""

    name: str
    """All that is said of the code where the server's words are about the application's own matters."""
    id: str
    did: str
    fix: str
    usual: tuple[str, ...] = ()
    of_a_message: str = ""
    """What the code means if it comes after a message."""


_CODES = {
    1001: _Code(
        "going away",
        "closing",
        "the server closed with 1001 (going away)",
        "connect again after a while",
        ("a server that stops or restarts", "a limit on silence, or on the time of a session"),
    ),
    1002: _Code(
        "protocol error",
        "protocol-error",
        "the server reports that the client broke the protocol (1002)",
        SEE_LOG,
    ),
    1003: _Code(
        "unsupported data",
        "message-refused",
        "the server does not accept this kind of message (1003): text instead of binary, or the reverse",
        "send the other kind, or what the server's protocol defines",
        of_a_message="a kind of message that it does not accept",
    ),
    1007: _Code(
        "invalid data",
        "message-refused",
        "the server finds the content of a message invalid (1007)",
        "send what the server's protocol defines",
        of_a_message="a message that it does not accept",
    ),
    1008: _Code(
        "policy violation",
        "refused",
        "the server refused after the handshake (1008: its policy)",
        "send what the application requires (token, cookie, Origin, parameter)",
        ("a check (token, session, Origin, parameter)",),
    ),
    1009: _Code(
        "message too big",
        "too-large",
        "a message exceeds the server's limit (1009)",
        "send smaller messages, or raise the limit",
        of_a_message="a message that is too large",
    ),
    1011: _Code(
        "internal error",
        "error",
        "the server failed (1011)",
        SEE_LOG,
        ("an exception in its handler", "a handler that returned", "a proxy whose backend refused or failed"),
    ),
    1012: _Code(
        "service restart", "closing", "the server reports a restart (1012)", "connect again after a while"
    ),
    1013: _Code(
        "try again later", "unavailable", "the server accepts no sessions for now (1013)", "try again later"
    ),
    1014: _Code(
        "bad gateway",
        "bad-gateway",
        "a proxy got no valid answer from the server behind it (1014)",
        "look at that server",
    ),
}
_REGISTERED = {
    3000: ("unauthorized", "Unauthorized", "send the required token"),
    3003: ("refused", "Forbidden", "send what the application requires (token, Origin, parameter)"),
    3008: ("closed", "Timeout", "send the expected messages in time, or pings more often"),
}
"""Close code of the IANA registry -> kind of cause, name, fix. Applications use them otherwise too: a reason
says more."""
_BY_CONVENTION = {
    4400: ("a message that it does not accept", "check the request and the messages"),
    4401: ("no valid credentials", "send the required token"),
    4403: ("a refusal by the application", "send what the application requires (token, Origin)"),
    4404: ("no such path or resource", "correct the path or the name"),
    4406: ("a required subprotocol", "offer it"),
    4408: ("no first message in time", "send the first message right after connecting"),
    4429: ("too many requests or sessions", "wait, or raise the limit"),
}
"""Close code -> what 4000 + an HTTP status means by convention, and what to do then."""


_BEFORE_A_MESSAGE = "the server closed with 1002 (protocol error) before the client sent a message"


def _by_code(evidence: Evidence, session: SessionFacts, known: Iterable[Cause]) -> Iterator[Cause]:
    """What the code of the Close says, and its reason, unless a cause that is *known* quotes it."""
    code, reason = session.code, shown(session.reason, QUOTED)
    told = any(reason == each.quote or each.evidence.startswith(f"{session.named} and ") for each in known)
    if code is None or code == 1000 or (told and code in _BY_CONVENTION):
        return  # nothing to say, or the words said it
    shows = f"Close {code}: {reason}" if reason else f"Close {code}"
    quote = "" if told else reason
    row = _CODES.get(code)
    of_a_message = "" if row is None else row.of_a_message
    id, did, usual = "closed", f"the server closed with {code}", list[str]()
    if row is not None and reason and (code == 1001 or of_a_message):
        did = row.did if code == 1001 else did
        fix = SEE_LOG if code == 1001 else "look up the reason in the server's documentation"
    elif row is not None:
        id, did, fix, usual = row.id, row.did, row.fix, [*row.usual]
        if code == 1002 and session.last is None and not session.broke:
            id, did, usual = "closed", _BEFORE_A_MESSAGE, ["an exception in the application (Tomcat)"]
        if code == 1001 and session.last is not None and session.since < SOON:
            id, fix, usual = "closed", SEE_LOG, [_NOT_ACCEPTED, _RETURNED, *usual]
    elif code in _REGISTERED:
        registered, name, fix = _REGISTERED[code]
        id, did = id if reason else registered, f"{did} (registered as {name})"
    elif 3000 <= code < 5000:
        look_up = f"look up {code} in the documentation of the application"
        if 4900 <= code <= 4903:
            look_up = f"if this is wsprobe relay: wsprobe explain {code}; otherwise {look_up}"
        means, fix = _BY_CONVENTION.get(code, ("", look_up))
        usual = [f"{means} (by convention)"] if means else []
    else:
        id, did = "protocol-error", f"the server closed with a code that it must not send ({code})"
        fix = "close with 1000, or a code from 3000 to 4999"
    if code == 4406:
        fix = f"{fix}: {where_to_offer(evidence)}"
    if reason and code == 1008:
        fix = READ_WORDS
    if quote and row is not None and other_subjects(texts_at_end(session), evidence):
        id = id if id in ACTS else "closed"
        did, usual = f"the server closed with {code} ({row.name})", []
        fix = f"{LOOK_UP}; the server's log has more"
    if reason and code in _BY_CONVENTION:
        fix = otherwise(fix)
    if reason:  # most say more than usual causes
        said = Cause(id, did, fix, "stated", shows, usual=tuple(usual) if id == "error" else (), quote=quote)
        yield said if known else with_message(said, session)
        return
    if code == 1002 and session.broke:
        did, fix = f"{did}: it sent {session.broke}", "send frames as RFC 6455 section 5 has them"
        yield Cause(id, did, fix, "own-request", f"{session.broke} was sent; {shows}")
        return
    open_why = _left_open(evidence, session, of_a_message)
    if open_why and of_a_message:
        usual = [of_a_message]
        id, did = "closed", f"the server closed the session with {code}"
    yield Cause(id, did, fix, "shared" if open_why else "stated", shows, usual=(*open_why, *usual))


def _left_open(evidence: Evidence, session: SessionFacts, of_a_message: str) -> tuple[str, ...]:
    """What a code without a reason may be about besides its meaning, which may be *of_a_message*."""
    code = session.code
    if code == 1002:
        return (
            "a subprotocol other than the offered ones" if evidence.protocols else "a required subprotocol",
        )
    if code == 1008 and session.last is not None:
        return ("a message that it does not accept",)
    if of_a_message and session.last is None:
        return ("a refusal of the session (path, token, subprotocol), as no message was sent",)
    if session.quiet >= QUIET and code not in (1012, 4408):
        return (f"an idle timeout, after {session.quiet / 1e6:.1f} s without data",)
    return ()


# What the server did, where nothing says why --------------------


def _act(evidence: Evidence, session: SessionFacts) -> Iterator[Cause]:
    """What the server did, and what usually leads to that: nothing in it says which."""
    if session.close is not None and session.code not in (None, 1000):
        return
    if session.code is None and session.close is not None and session.close.data:
        return  # a Close that is malformed is the finding's to tell
    when, shows, fix, usual = _before_the_end(evidence, session)
    if session.close is not None:
        yield Cause(
            "closed",
            f"the server closed the session ({session.named}) {when}",
            fix,
            "shared",
            shows,
            usual=usual,
        )
    else:
        yield Cause(
            "dropped", f"the connection ended {when}, without a Close", fix, "shared", shows, usual=usual
        )


_RETURNED = "a handler that returned or raised an exception"
_ON_PURPOSE = "a close on purpose"
_NOT_ACCEPTED = "a message that it does not accept (format, token)"


def _before_the_end(evidence: Evidence, session: SessionFacts) -> tuple[str, str, str, tuple[str, ...]]:
    """When the session ended, what shows it, what to do about it, and the usual causes."""
    if session.last is not None and session.since < SOON:
        size = session.last
        packed = f" ({session.packed} compressed)" if session.packed != size else ""
        sent = f"a message of {counted(size, 'byte')}"
        shows = f"the request: {sent}{packed}, {session.since / 1000:.0f} ms before the end"
        usual: tuple[str, ...] = (_NOT_ACCEPTED, _RETURNED, _ON_PURPOSE)
        fix = SEE_LOG
        if evidence.get("sec-websocket-protocol").lower().startswith("mqtt") and not session.binary:
            usual, fix = ("a message that is not an MQTT packet", *usual), "use an MQTT client"
        elif size > SMALL:
            usual = ("a message that is too large", *usual)
            fix = f"send a smaller message, or raise the server's limit; {SEE_LOG}"
        return f"right after {sent}", shows, fix, usual
    if session.quiet >= QUIET:
        silence = f"{session.quiet / 1e6:.1f} s"
        joins = session.texts[:1] and session.texts[0].startswith(ENGINE_IO) and not session.connects
        usual = (
            *(
                ("a Socket.IO server that waited for the packet 40, with which a client connects",)
                * bool(joins)
            ),
            "an idle timeout",
            "a server that waited for a message (a login)",
            "a server that stops",
            _RETURNED,
        )
        return f"after {silence} without data", f"{silence} of silence", _against_idle(evidence, session), usual
    shows = f"{session.named if session.close is not None else 'no Close'} {session.after}"
    says_why = bool(session.reason) and re.fullmatch(COURTESY, session.reason) is None
    fix = (
        SEE_LOG if says_why else f"check the path; keep the handler running: loop over the messages; {SEE_LOG}"
    )
    if session.answered:
        return (session.after, shows, fix, (_RETURNED, _ON_PURPOSE, "a refusal (Origin, token, session)"))
    refusal = "a refusal (Origin, token, session)"
    usual = (*_unrouted(evidence, session), refusal, _RETURNED, *_behind(session), _ON_PURPOSE)
    return session.after, shows, fix, usual


def _against_idle(evidence: Evidence, session: SessionFacts) -> str:
    """What to do about an end after silence. nginx, HAProxy and Apache send no Close; a proxy that left a mark
    is the only one whose line is given."""
    if session.close is not None:
        return (
            "send the message that the server waits for (a login), or pings or messages more often; or raise "
            "the limit in the application"
        )
    if evidence.hop in table()["idle"]:
        return f"send pings or messages more often, or change the limit ({mending('idle', [evidence.hop])})"
    return (
        "send pings or messages more often, or raise the limit: proxy_read_timeout (nginx), timeout tunnel "
        "(HAProxy), Timeout (Apache)"
    )


def _unrouted(evidence: Evidence, session: SessionFacts) -> tuple[str, ...]:
    """That the path or query may be wrong: several libraries look for a route after the handshake."""
    if not session.untouched:
        return ()
    return unlike_socketio(evidence.path, evidence.query) or ("no WebSocket route for this path",)


def _behind(session: SessionFacts) -> tuple[str, ...]:
    """That it may be a bridge, such as websockify, which first accepts and then connects to its target."""
    return ("a bridge that cannot reach the program behind it",) if session.untouched else ()


def _silent(evidence: Evidence, session: SessionFacts) -> Iterator[Cause]:
    """An open session without an end or a message: which side waits for what."""
    selected = evidence.get("sec-websocket-protocol")
    by_path = not session.texts and not evidence.protocols and re.search(r"/mqtt\b", evidence.path)
    if (selected.lower().startswith("mqtt") or by_path) and not session.binary:  # else packets came, as CONNACK
        yield Cause(
            "mqtt",
            "this is an MQTT broker: it waits for MQTT packets in the subprotocol mqtt",
            'use an MQTT client; in a page new WebSocket(url, "mqtt")',
            "shared",
            f"Sec-WebSocket-Protocol: {shown(selected)}" if selected else f"the path {shown(evidence.path)}",
        )


# Who wrote the 101 --------------------


_SERVERS = {
    **{name: name for name in ("daphne", "uvicorn", "hypercorn", "granian")},
    "TornadoServer": "tornado",
    "WebSockify": "websockify",
    "AutobahnPython": "autobahn",
}


def _opened_by(evidence: Evidence, session: SessionFacts) -> tuple[str, str]:
    """The author of a 101: by a Server field that is not a proxy's, or by what follows."""
    signed = [author for start, author in _SERVERS.items() if evidence.server(start)]
    signed += [library for library in ("aiohttp", "websockets") if evidence.python(f"{library}/")]
    if signed:
        return signed[0], "Server"
    if session.texts and session.texts[0].startswith(ENGINE_IO):
        return "engine.io", _PACKET
    if session.texts and '"data":"Invalid Host/Origin header"' in session.texts[0]:
        return "webpack-dev-server", "its words"
    if (session.code, session.reason) in _GRAPHQL:
        return "graphql-ws", _WORDS_OF_GRAPHQL
    if session.behind is not None:
        server = b" ".join(field.value for field in session.behind.head.all(b"server"))
        if b"Werkzeug" in server or b"gunicorn" in server:
            return "flask", "an HTTP answer of its server after the 101"
        if _of_engine_io(session.behind):
            return "engine.io", "an HTTP answer after the 101, Content-type spelled with a small t"
    return "", ""
