"""Why a session ended, by what came after the handshake: words, a Close, nothing, or HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec
from msgspec.structs import replace

from wsprobe.diagnosis.cause import ACTS, Cause
from wsprobe.diagnosis.evidence import Evidence, foreign_origin, hop_of, shown
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
)
from wsprobe.diagnosis.own_request import OTHER_REASONS
from wsprobe.diagnosis.programs import Author, shaped_like, written_by
from wsprobe.diagnosis.proxies import mending, table
from wsprobe.diagnosis.senses import INACTIVE, TIMED_OUT
from wsprobe.diagnosis.statuses import PHRASES
from wsprobe.diagnosis.subject import other_subjects
from wsprobe.diagnosis.words import (
    FAULT,
    QUOTED,
    about_something_else,
    bare,
    decoded,
    of_json,
    of_page,
    spaced,
    stated_by,
    strings,
    words_behind,
)
from wsprobe.exchange import Exchange, Received, Sent
from wsprobe.read.behind import http_behind
from wsprobe.read.frames import (
    BINARY,
    CONTINUATION,
    RSV1,
    TEXT,
    Deflate,
    Message,
    deflate_of,
    first_close,
    messages,
)
from wsprobe.read.reading import Frame, Reading, Response

QUIET = 1_000_000
"""Microseconds without a byte before an end that may be an idle limit: none is shorter than a second."""
SOON = 1_000_000
"""Microseconds from a message to an end that the message may have led to."""
AT_ONCE = 500_000
"""Microseconds below which a session ended at once: no limit of time is that short."""
SMALL = 125
"""Bytes of a message that no server refuses as too large."""


class _Session(msgspec.Struct, frozen=True):
    """The facts about an open session."""

    close: Frame | None
    """The server's own Close: not the answer to ours."""
    code: int | None
    reason: str
    texts: tuple[str, ...]
    """The text messages of the server, and binary ones of JSON: the beginning of each."""
    binary: bool
    dropped: bool
    """The connection ended, and no side sent a Close."""
    quiet: int
    """Microseconds without a byte either way before the end."""
    lasted: int
    """Microseconds from the 101 to the end."""
    last: int | None
    """Bytes of the last data message that wsprobe sent before the end, as the user gave it; None if it sent
    none."""
    packed: int
    """Bytes of that message on the wire; the same if it was not compressed."""
    since: int
    """Microseconds from that message to the end."""
    connects: bool
    """wsprobe sent a packet of Socket.IO."""
    beats: bool
    """wsprobe sent a ping or pong of engine.io."""
    behind: Response | None

    @property
    def ended(self) -> bool:
        """The server ended it."""
        return self.close is not None or self.dropped or self.behind is not None

    @property
    def untouched(self) -> bool:
        """No message went either way, and it ended at once: no handler need have run."""
        return not self.answered and self.last is None and self.lasted < AT_ONCE

    @property
    def answered(self) -> bool:
        """The server sent a message."""
        return bool(self.texts) or self.binary

    @property
    def named(self) -> str:
        """The Close, in words."""
        if self.code is None:
            return "a Close with text in place of its code" if self.reason else "an empty Close"
        return f"Close {self.code}"

    @property
    def after(self) -> str:
        """How long it was open, in words."""
        return "at once" if self.lasted < AT_ONCE else f"after {self.lasted / 1e6:.1f} s"


def opened(reading: Reading, evidence: Evidence) -> Author:
    """The author of the 101, as far as its marks show, and the causes of the session's end."""
    session = _session_of(reading)
    author, mark = _opened_by(evidence, session)
    found: list[Cause] = []
    for cause in _causes(evidence, session):
        if cause.id not in {one.id for one in found}:
            found.append(cause)
    if not author:
        return Author(causes=tuple(found))
    of_a_protocol = mark in (_PACKET, _WORDS_OF_GRAPHQL)
    base = shaped_like(author, mark, ()) if of_a_protocol else written_by(author, mark, ())
    named = tuple(replace(one, program=base.program) for one in found)
    return replace(base, causes=named)


def _causes(evidence: Evidence, session: _Session) -> Iterator[Cause]:
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
    known = tuple(_stated(evidence, session))
    asked = asked_wrong(evidence) if session.ended else ()
    if session.dropped or session.code == 1002:  # with another Close, a server has read the fields
        asked += too_much(*evidence.largest)
    says_why = bool(known) and known[0].id in OTHER_REASONS
    yield from (*known, *asked) if says_why else (*asked, *known)
    yield from _unanswered_ping(session)
    worded = bool(session.reason.strip()) and session.code != 1000  # comes before what the server left out
    if not worded:
        yield from _chosen(evidence)
    yield from _greeted(evidence, session)
    if session.behind is not None and session.close is None:
        yield from _http_after(evidence, session.behind)
    elif session.close is not None:
        yield from _by_code(evidence, session, known)
        yield from _act(evidence, session)
        if worded:
            yield from _chosen(evidence)
    elif session.dropped:
        yield from _act(evidence, session)
    else:
        yield from _silent(evidence, session)


# Words ---------------------------------------------------------------------------------------------------

_REFUSED_MESSAGE = (
    "the server does not accept the message's format, type or protocol",
    "send what the server's protocol defines",
)
_ENDED: tuple[tuple[str, str, str, str], ...] = (
    (
        r"\A\W*(?:is |it is )?too (?:large|big|long)\b|(?:message|frame|payload|packet|data|text|body|content"
        r"|request|buffer"
        r"|size|length|input|event|json|upload|file|string)s?\b(?![^.\n]{0,24}\b(?:rate|quota|plan|number"
        r"|count)\b)"
        r"[^.\n]{0,24}(?:too (?:long|large|big)\b|exceed)|too (?:large|big|long)[^.\n]{0,8} (?:message|frame"
        r"|payload|packet|data)"
        r"|exceed\w*[^.\n]{0,24}(?:message|frame|payload|packet|size|length|bytes|buffer)"
        r"|max(?:imum)?[- _]?(?:frame|message|payload|size|length)|size limit"
        r"|(?:size|length)\b[^.\n]{0,24}exceed|(?:message|frame|payload|packet|data)\b[^.\n]{0,24}larger than",
        "too-large",
        "a message exceeds the server's limit",
        "send smaller messages, or raise the server's limit",
    ),
    (
        r"\b(?:init\w*|hello|log[- ]?in|auth\w*|register|join|identify)\b[^.\n]{0,24}time[d -]*out"
        r"|connection_init"
        r"|time[d -]*out[^.\n]{0,24}\b(?:init|hello|login|auth|identif)",
        "first-message",
        "the first message did not arrive in time",
        "send the first message right after connecting: a login, or what the server's protocol begins with",
    ),
    (
        r"\bidle\b(?=\W*\Z|\s*[.:;,()]\W*\Z|[- _]?(?:time|for|too|conn|session|client|socket|since|limit"
        r"|period|disconnect|kick|long))"
        r"|\b(?:is|was|were|been|being|due to|because|client|connection|session|socket|user|stale|for) idle\b"
        rf"|{INACTIVE}|{TIMED_OUT}|(?:heartbeat|keep-?alive|\bp[io]ng)\b(?! of\b)[^.\n]{0, 24}(?:time|miss"
        r"|fail|lost"
        r"|late|expire|not received|overdue)|(?:no|missed|missing|lost|without)\b[^.\n]{0,16}"
        r"(?:activity|heartbeat(?! of)|keep-?alive|p[io]ngs?\b)",
        "idle-timeout",
        "the server ended the session after a time without data",
        "send pings or messages more often, or raise the server's limit",
    ),
    (
        r"\brsv\d?\b|permessage-deflate|sec-websocket-extensions|(?:web ?socket|negotiat\w*|unsupported|unknown"
        r"|unexpected|invalid) extension|extensions? (?:data|bits?|negotiat|not (?:negotiat|agreed))"
        r"|(?:de)?compress\w*[^.\n]{0,24}(?:frame|message|\bbit|negotiat)|(?:frame|message"
        r"|\bbit)s?\b[^.\n]{0,24}"
        r"compress",
        "extension-refused",
        "the server does not accept an extension, or bits of an extension that was not agreed on",
        "offer no extension (--no-extensions), or find what changes Sec-WebSocket-Extensions in transit",
    ),
    (
        r"(?:could|can|did|failed|unable|cannot|error|invalid)\b[^.\n]{0,16}\bpars(?:e|ing)\b(?=\W*\Z"
        r"|\s*[.:;,('\"]|"
        r"(?: (?:the|your|this|a|as|client|incoming|received))* (?:message|json|frame|packet|data|payload"
        r"|request|input|body"
        r"|command|event|text|xml|msg|string|content|query)\b)|\bpars(?:e|er|ing) (?:error|fail)|parseerror"
        r"|\bexpecting (?:value|property name)"
        r"|invalid (?:json|message|payload|data|format|frame|request|packet|command|op|utf)"
        r"|malformed"
        r"|not[- ]well[- ]formed|unexpected (?:websocket )?(?:frame|message|token|packet|data|type|end)"
        r"|invalid [a-z]+ format"
        r"|not (?:a )?valid (?:json|message|payload|data|format|frame|request|packet|command|utf)"
        r"|(?:json|message|payload|data|format|frame|packet|command)\b[^.\n]{0,12} not valid"
        r"|\b(?:method|command|procedure|action|operation|function)\b[^.\n]{0,20}"
        r"(?:not found|not exist|unknown|not supported)|\bno such (?:method|command|procedure|action|operation)"
        r"|unsupported (?:data|message|type)"
        r"|(?:unknown|illegal|unrecognized) (?:command|type|message|method|action|event|op)"
        r"|json(?! ?web ?token)"
        r"|bad (?:packet|format"
        r"|message|request)|protocol violation|\bbinary (?:message|frame|data|payload|mode|type|is not|not"
        r"|are not|un)"
        r"|(?:only|no|not|expect\w*|unsupported|received|wants?|require\w*) binary|\bbinary\W*\Z",
        "message-refused",
        *_REFUSED_MESSAGE,
    ),
)
"""(words, id, text, fix): what they mean in a session; ``words.STATED`` has the rest."""

_TROUBLE = (
    r"(?i)err|unauth|disconnect|reject|refus|den(?:y|ied)|invalid|forbid|fail|problem|clos|bye|kick"
    r"|not[ _]?found|no such|unknown|missing|expired|time[d_ -]?out"
)
_PARSER = (
    r"Expecting (?:value|property name|'[,:]' delimiter)[^\n]*: line \d+ column \d+ \(char \d+\)$"
    r"|Unexpected (?:token|end|non-whitespace)[^\n]* JSON\b"
)
"""What the parsers of JSON in Python and in JavaScript (V8) say of text that is none."""
_NO_REASON = r"(?i)\W*(?:an? )?(?:err(?:or)?|fail(?:ed|ure)?)(?: occurred)?\W*"
"""Words of an error that give no reason: another member may."""
_SAYS = ("type", "event", "op", "command", "kind", "action", "msg_type", "messageType")


def _stated(evidence: Evidence, session: _Session) -> Iterator[Cause]:
    """The cause in the reason of a Close, or in the last message before the end."""
    others = other_subjects(_texts_at_end(session), evidence)
    for quote, where in _quotes(session):
        said, small = shown(quote, QUOTED), spaced(quote.lower())
        for pattern, id, text, fix in _ENDED:
            if re.search(pattern, small) and _can_be(id, small, where, session):
                ended = Cause(id, text, fix, "stated", f"{where}: {said}", quote=said)
                if not about_something_else(ended, others):
                    yield ended
                    return
        known = stated_by(evidence, quote, where)
        if known is not None and not about_something_else(known, others):
            yield _after_message(known, session)
            return
        if where == _LAST and _refuses_call(session.texts[-1]):  # its words come before its code
            yield Cause("message-refused", *_REFUSED_MESSAGE, "stated", f"{where}: {said}", quote=said)
            return
    for quote, where in _quotes(session):
        if session.code is not None and where.startswith("Close") and session.code != 1000:
            return  # _by_code says it with the code, and it is later than the last message
        if session.code in (1000, 1001) and re.fullmatch(_COURTESY, quote):
            continue
        if session.last is not None and session.since < SOON and session.code in (1000, 1001):
            continue  # the message that led to it says more than "Bye"
        yield bare(quote, f"{where}: ")
        return


def _texts_at_end(session: _Session) -> Iterator[str]:
    """The reason, and what the last messages before it say."""
    yield session.reason
    for text in session.texts[-2:] if session.quiet < QUIET else ():
        value = decoded(text)
        yield from (text,) if value is None else strings(value)


def _after_message(known: Cause, session: _Session) -> Cause:
    """*known*; a failure right after a message may be how the application refuses that message."""
    if known.id != "crashed" or session.last is None or session.since >= SOON:
        return known
    return replace(known, usual=("an exception in its handler", "a message that it does not accept"))


_COURTESY = r"(?i)(?:(?:good ?)?bye(?: now| bye)?|closed?|closing|done|ok|end|normal(?: closure)?)\W*"
"""The reasons of a Close that give none."""


_OF_MESSAGES = r"message|frame|packet|payload|\bjson\b|well[- ]formed|\bpars|\bbinary\b"


def _can_be(id: str, said: str, where: str, session: _Session) -> bool:
    """Whether the session can have ended so: no limit of time is reached at once, and where no message was
    sent, a Close for a "bad request" or an "unsupported type" is about something else."""
    if id == "idle-timeout":
        return session.lasted >= AT_ONCE
    if id == "too-large" and session.last is None:
        return session.code == 1009
    if id != "message-refused" or session.last is not None or where in (_LAST, _EARLIER):
        return True
    return re.search(_OF_MESSAGES, said) is not None


def _quotes(session: _Session) -> Iterator[tuple[str, str]]:
    """What the server said at the end, and where."""
    if session.reason.strip():
        yield " ".join(session.reason.split()), session.named
    texts = session.texts
    if texts and texts[0].startswith(_ENGINE_IO):  # which gives no reason, nor do its pings
        texts = tuple(text for text in texts[1:] if text != "2")
    at_the_end = session.ended and session.quiet < QUIET
    kind: list[tuple[str, str]] = []
    for ago, text in enumerate(reversed(texts[-_LAST_FEW:] if at_the_end else texts[-1:])):
        where = _EARLIER if ago else _LAST
        for quote in troubled(text, ended=at_the_end and not ago)[:1]:
            told = " ".join(quote.split()), where
            if " " in quote.strip() or not at_the_end:
                yield told
                return
            kind.append(told)  # of one word, as a kind of event: the message before may say why
    yield from kind[:1]


_LAST_FEW = 4
"""Messages of a session that ended in which to look for a reason: the last one may only say that it ends."""
_LAST = "the last message"
_EARLIER = "a message before the end"


def _refuses_call(text: str) -> bool:
    """*text* is an answer of JSON-RPC 2.0 to a call that it cannot take (section 5.1 of its specification)."""
    try:
        code = msgspec.json.decode(text)["error"]["code"]
    except (ValueError, RecursionError, LookupError, TypeError):
        return False
    return code in (-32700, -32600, -32601, -32602)


_PHRASES_OF_FAULTS = frozenset(phrase.lower() for status, phrase in PHRASES.items() if status >= 400)
"""What a message about a fault may say and no more: ``Internal Server Error``."""


def troubled(text: str, *, ended: bool) -> tuple[str, ...]:
    """The words of a message about an error, the most specific first; () if there are none. If the session
    *ended* right after it, a short plain text with such words counts too."""
    text = text.strip("\0\x1e \r\n\t").rpartition("\x1e")[2]  # SignalR ends each of several with \x1e
    if (stomp := re.match(_STOMP, text)) is not None:
        body = (stomp[2] or "").strip()
        told = (_stomp_header(stomp[1]), body if "\n" not in body else "")
        return (": ".join(filter(None, told)),) if any(told) else ()
    if (status := re.match(_STATUS_LINE, text)) is not None:
        return (status[1],)
    if text[:1] == "<":
        if "error" not in text and "failure" not in text:
            return ()
        said = tuple(of_page(text))
        condition = re.search(r"<([a-z-]+) xmlns=['\"]urn:ietf:params:xml:ns:xmpp-streams", text)
        return (*said, *((condition[1],) if condition else ()))
    short = len(text) < 300
    plain = (text,) if short and ((ended and re.search(_TROUBLE, text)) or re.match(_PARSER, text)) else ()
    head = re.match(_HEAD, text)
    if head is None:
        return plain
    try:
        value = msgspec.json.decode(text[head.end() :])
    except (ValueError, RecursionError):
        return plain if text[:1] != "{" else ()  # "[error] invalid token"
    if isinstance(value, str):
        return (value,) if plain or re.match(_REFUSES, head[0]) else ()
    refuses = re.match(_REFUSES, head[0]) or re.search(_TROUBLE, head[0])
    said = _refusal(value) if refuses else _of_value(value, ended=ended)
    return said or (plain if head[0] or isinstance(value, list) else ())


_STOMP = r"(?s)ERROR\r?\n(.*?)(?:\r?\n\r?\n(.*))?\Z"
"""The frame with which STOMP reports an error (version 1.2 of its specification): its headers, its body."""
_STATUS_LINE = r"[A-Z]{2,10}/\d\.\d ([4-6]\d\d [^\r\n]+)"
"""The first line of an answer of SIP, MSRP and the like that refuses."""
_HEAD = r"[^\s\[{\"<]{0,40}(?: (?=\{))?(?=[\[{\"])"
"""What some protocols have before their JSON: the number of a packet (Socket.IO), a letter (SockJS), a word."""
_REFUSES = r"44(?:/[^,]*,)?\Z|c\Z"
"""The heads of a message that only refuses: of a namespace (Socket.IO), and of a session (SockJS)."""


def _stomp_header(lines: str) -> str:
    """The value of ``message`` in the header *lines* of a STOMP frame; "" if there is none."""
    value = re.search(r"(?m)^message:([^\r\n]*)", lines)
    return value[1].replace("\\c", ":").replace("\\n", " ").strip() if value else ""


def _refusal(value: object) -> tuple[str, ...]:
    """The words of *value*, which is about a refusal: an object with a message, a text, or a list with one."""
    if isinstance(value, list):
        return tuple(each for each in value if isinstance(each, str) and each)
    return of_json(msgspec.json.encode(value))


_FAULTY = (
    rf"(?:{FAULT}|(?:[Ii]nvalid|[Uu]nsupported|[Mm]alformed) "
    r"(?:message|request|operation|op|command|json|JSON)\b)"
)
_FAILED = r"(?i)(?:error|fail(?:ed|ure)?|denied|rejected|refused|unauthori[sz]ed|forbidden|nok)\Z"
"""Values of a member ``status`` or ``state`` that report a failure."""


def _of_value(value: object, *, ended: bool) -> tuple[str, ...]:
    """The words of *value* if it reports an error: an object, or a list of an event and its values."""
    if isinstance(value, list):
        return _of_list(value, ended=ended)
    if not isinstance(value, dict):
        return ()
    kind = next((value[name] for name in _SAYS if isinstance(value.get(name), str)), "")
    statuses = (value.get(name) for name in ("statusCode", "status", "code"))
    failed = any(isinstance(each, int) and each >= 400 for each in statuses)
    failed = failed or any(value.get(name) is False for name in ("ok", "success"))
    failed = failed or any(re.match(_FAILED, str(value.get(name))) for name in ("status", "state"))
    troubled = any(value[name] and re.match(FAULT, name) for name in value)
    said = of_json(msgspec.json.encode(value))
    troubled = troubled or any(re.match(_FAULTY, each) for each in said)  # "Error in server: Expecting value"
    troubled = troubled or str(value.get("level", value.get("severity"))).lower() in (
        "error",
        "fatal",
        "critical",
    )
    troubled = troubled or any(each.rstrip(".!").lower() in _PHRASES_OF_FAULTS for each in said)
    if not (troubled or failed or re.search(_TROUBLE, kind) or (ended and "reason" in value)):
        return ()
    said = tuple(sorted(said, key=lambda each: re.fullmatch(_NO_REASON, each) is not None))
    if not said and re.search(_TROUBLE, kind):
        said = tuple(value[name] for name in ("body", "payload") if isinstance(value.get(name), str))
    return said or ((kind,) if re.search(_TROUBLE, kind) else ())


def _of_list(value: list[object], *, ended: bool) -> tuple[str, ...]:
    """The words of a list about an error: an event with its values (``["error", "invalid frame"]``,
    ``["exception", {"message": ...}]``), a message of Phoenix or WAMP, or texts that hold JSON (SockJS)."""
    named = value[0] if value and isinstance(value[0], str) else ""
    if " " not in named and re.search(_TROUBLE, named):
        told = (of_json(msgspec.json.encode(each)) for each in value[1:3])
        if words := tuple(text for texts in told for text in texts):
            return words if re.match(FAULT, named) else tuple(f"{named}: {each}" for each in words)
    if coded := _coded(value):
        return coded
    for each in value[-4:]:
        inner = decoded(each) if isinstance(each, str) and each[:1] in ("{", "[") else each
        if isinstance(inner, dict) and (words := _of_value(inner, ended=ended)):
            return words
    return ()


def _coded(value: list[object]) -> tuple[str, ...]:
    """The words of a list that has the identifier of an error in it, as in WAMP's
    ``[3, {"message": "no such realm"}, "wamp.error.no_such_realm"]``; () if it has none."""
    codes = tuple(each for each in value if isinstance(each, str) and re.fullmatch(_ERROR_ID, each))
    if not codes:
        return ()
    told = (of_json(msgspec.json.encode(each)) for each in value if isinstance(each, dict))
    return (*(text for texts in told for text in texts), *codes)


_ERROR_ID = r"[a-z][\w.-]*\.error\.[\w.-]+"
"""A URI that names an error, in the form of the WAMP specification (``wamp.error.not_authorized``)."""


# Subprotocols, and who greets ------------------------------------------------------------------------------


def _chosen(evidence: Evidence) -> Iterator[Cause]:
    """What was selected of the subprotocols offered, where that is a fault."""
    selected = evidence.get("sec-websocket-protocol")
    if selected and selected not in evidence.protocols:
        yield Cause(
            "subprotocol-unasked",
            f"the application selected the subprotocol {shown(selected)}; the client did not offer it",
            "select only an offered subprotocol; otherwise browsers fail the connection",
            "stated",
            f"Sec-WebSocket-Protocol: {shown(selected)}",
        )
    elif evidence.protocols and not selected:
        offered = shown(", ".join(evidence.protocols))
        yield Cause(
            "subprotocol-none",
            f"the server selected none of the offered subprotocols ({offered})",
            "select one in the server, or offer one that the server supports; Chromium fails if none is "
            "selected",
            "own-request",
            f"the request: Sec-WebSocket-Protocol: {offered}; the answer has none",
        )


_GRAPHQL = ((4406, "Subprotocol not acceptable"), (4408, "Connection initialisation timeout"))
_WORDS_OF_GRAPHQL = "a close code and reason of its protocol"
"""graphql-transport-ws has these words in its specification: every server of it may send them."""
_ENGINE_IO = '0{"sid":"'
_PACKET = "its opening packet"
"""A mark of every server of the protocol, in whatever language: the packet itself names no program."""


def _greeted(evidence: Evidence, session: _Session) -> Iterator[Cause]:
    """Programs that identify themselves in the first message."""
    first = session.texts[0] if session.texts else ""
    # Who asks for Socket.IO by its path knows what the server is; its end is the fault then.
    by_hand = session.ended and asks_socketio(evidence.path, evidence.query)
    if first.startswith(_ENGINE_IO) and not session.connects and not by_hand:
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


def _unanswered_ping(session: _Session) -> Iterator[Cause]:
    """An end by the limit that the opening packet of engine.io names: its server pings (version 4), or waits
    for pings (3)."""
    first = session.texts[0] if session.texts else ""
    opening = decoded(first[1:]) if session.ended and first.startswith(_ENGINE_IO) else None
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

_CODES: dict[int, tuple[str, str, str, *tuple[str, ...]]] = {
    1001: (
        "closing",
        "the server closed with 1001 (going away)",
        "connect again after a while",
        "a server that stops or restarts",
        "a limit on silence, or on the time of a session",
    ),
    1002: ("protocol-error", "the server reports that the client broke the protocol (1002)", SEE_LOG),
    1003: (
        "message-refused",
        "the server does not accept this kind of message (1003): text instead of binary, or the reverse",
        "send the other kind, or what the server's protocol defines",
    ),
    1007: (
        "message-refused",
        "the server finds the content of a message invalid (1007)",
        "send what the server's protocol defines",
    ),
    1008: (
        "refused",
        "the server refused after the handshake (1008: its policy)",
        "send what the application requires (token, cookie, Origin, parameter)",
        "a check (token, session, Origin, parameter)",
    ),
    1009: (
        "too-large",
        "a message exceeds the server's limit (1009)",
        "send smaller messages, or raise the limit",
    ),
    1011: (
        "error",
        "the server failed (1011)",
        SEE_LOG,
        "an exception in its handler",
        "a handler that returned",
        "a proxy whose backend refused or failed",
    ),
    1012: ("closing", "the server reports a restart (1012)", "connect again after a while"),
    1013: ("unavailable", "the server accepts no sessions for now (1013)", "try again later"),
    1014: (
        "bad-gateway",
        "a proxy got no valid answer from the server behind it (1014)",
        "look at that server",
    ),
}
"""Close code -> id, statement, fix, usual causes: RFC 6455 section 7.4.1 and the IANA registry."""
_OF_A_MESSAGE = {
    1003: "a kind of message that it does not accept",
    1007: "a message that it does not accept",
    1009: "a message that is too large",
}
"""Close code -> what it means after a message."""
_NAMES = {
    1001: "going away",
    1002: "protocol error",
    1003: "unsupported data",
    1007: "invalid data",
    1008: "policy violation",
    1009: "message too big",
    1011: "internal error",
    1012: "service restart",
    1013: "try again later",
    1014: "bad gateway",
}
"""Close code -> its name: no more is said of it beside words about an application's own matters."""
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
    4406: (
        "a required subprotocol",
        "offer it: --protocol in wsprobe, the second argument of new WebSocket() in a page",
    ),
    4408: ("no first message in time", "send the first message right after connecting"),
    4429: ("too many requests or sessions", "wait, or raise the limit"),
}
"""Close code -> what 4000 + an HTTP status means by convention, and what to do then."""


def _by_code(evidence: Evidence, session: _Session, known: Iterable[Cause]) -> Iterator[Cause]:
    """What the code of the Close says, and its reason, unless a cause that is *known* quotes it."""
    code = session.code
    if code is None or code == 1000:
        return
    reason = shown(session.reason, QUOTED)
    shows = f"Close {code}: {reason}" if reason else f"Close {code}"
    quote = "" if any(cause.quote == reason for cause in known) else reason
    if code == 1001 and reason:
        id, did, fix = "closed", "the server closed with 1001 (going away)", SEE_LOG
        usual: list[str] = []
    elif code in _CODES:
        id, did, fix, *usual = _CODES[code]
        if code == 1001 and session.last is not None and session.since < SOON:
            id, fix, usual = "closed", SEE_LOG, [_NOT_ACCEPTED, _RETURNED, *usual]
    elif code in _REGISTERED:
        id, name, fix = _REGISTERED[code]
        id, did, usual = "closed" if reason else id, f"the server closed with {code} (registered as {name})", []
    elif 3000 <= code < 5000:
        means, fix = _BY_CONVENTION.get(code, ("", f"look up {code} in the documentation of the application"))
        id, did, usual = (
            "closed",
            f"the server closed with {code}",
            [f"{means} (by convention)"] if means else [],
        )
    else:
        id, did, usual = "protocol-error", f"the server closed with a code that it must not send ({code})", []
        fix = "close with 1000, or a code from 3000 to 4999"
    if reason and code in _OF_A_MESSAGE:
        id, did, fix = (
            "closed",
            f"the server closed with {code}",
            "look up the reason in the server's documentation",
        )
    if reason and code == 1008:
        fix = READ_WORDS
    if quote and code in _NAMES and other_subjects(_texts_at_end(session), evidence):
        id = id if id in ACTS else "closed"
        did, usual = f"the server closed with {code} ({_NAMES[code]})", []
        fix = f"{LOOK_UP}; the server's log has more"
    if reason and code in _BY_CONVENTION:
        fix = otherwise(fix)
    if reason:  # most say more than usual causes
        yield Cause(id, did, fix, "stated", shows, usual=tuple(usual) if id == "error" else (), quote=quote)
        return
    open_why = _left_open(evidence, session)
    if open_why and code in _OF_A_MESSAGE:
        usual = [_OF_A_MESSAGE[code]]
        id, did = "closed", f"the server closed the session with {code}"
    yield Cause(id, did, fix, "shared" if open_why else "stated", shows, usual=(*open_why, *usual))


def _left_open(evidence: Evidence, session: _Session) -> tuple[str, ...]:
    """What a code without a reason may be about besides its meaning."""
    code = session.code
    if code == 1002:
        return (
            "a subprotocol other than the offered ones" if evidence.protocols else "a required subprotocol",
        )
    if code == 1008 and session.last is not None:
        return ("a message that it does not accept",)
    if code in _OF_A_MESSAGE and session.last is None:
        return ("a refusal of the session (path, token, subprotocol), as no message was sent",)
    if session.quiet >= QUIET and code not in (1012, 4408):
        return (f"an idle timeout, after {session.quiet / 1e6:.1f} s without data",)
    return ()


# What the server did, where nothing says why --------------------


def _act(evidence: Evidence, session: _Session) -> Iterator[Cause]:
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


def _before_the_end(evidence: Evidence, session: _Session) -> tuple[str, str, str, tuple[str, ...]]:
    """When the session ended, what shows it, what to do about it, and the usual causes."""
    if session.last is not None and session.since < SOON:
        size = session.last
        packed = f" ({session.packed} compressed)" if session.packed != size else ""
        shows = f"the request: a message of {size} bytes{packed}, {session.since / 1000:.0f} ms before the end"
        usual: tuple[str, ...] = (_NOT_ACCEPTED, _RETURNED, _ON_PURPOSE)
        fix = SEE_LOG
        if evidence.get("sec-websocket-protocol").lower().startswith("mqtt") and not session.binary:
            usual, fix = ("a message that is not an MQTT packet", *usual), "use an MQTT client"
        elif size > SMALL:
            usual = ("a message that is too large", *usual)
            fix = f"send a smaller message, or raise the server's limit; {SEE_LOG}"
        return f"right after a message of {size} bytes", shows, fix, usual
    if session.quiet >= QUIET:
        silence = f"{session.quiet / 1e6:.1f} s"
        usual = (
            "an idle timeout",
            "a server that waited for a message (a login)",
            "a server that stops",
            _RETURNED,
        )
        return f"after {silence} without data", f"{silence} of silence", _against_idle(evidence, session), usual
    shows = f"{session.named if session.close is not None else 'no Close'} {session.after}"
    says_why = bool(session.reason) and re.fullmatch(_COURTESY, session.reason) is None
    fix = (
        SEE_LOG if says_why else f"check the path; keep the handler running: loop over the messages; {SEE_LOG}"
    )
    if session.answered:
        return (
            session.after,
            shows,
            fix,
            (_RETURNED, _ON_PURPOSE, "a refusal (Origin, token, session)"),
        )
    refusal = "a refusal (Origin, token, session)"
    usual = (*_unrouted(evidence, session), refusal, _RETURNED, *_behind(session), _ON_PURPOSE)
    return session.after, shows, fix, usual


def _against_idle(evidence: Evidence, session: _Session) -> str:
    """What to do about an end after silence. nginx, HAProxy and Apache send no Close; a proxy that left a mark
    is the only one whose line is given."""
    if session.close is not None:
        return (
            "send the message that the server waits for (a login), or pings or messages more often; or raise "
            "the limit in the application"
        )
    hop = hop_of(evidence)
    if hop in table()["idle"]:
        return f"send pings or messages more often, or change the limit ({mending('idle', [hop])})"
    return (
        "send pings or messages more often, or raise the limit: proxy_read_timeout (nginx), timeout tunnel "
        "(HAProxy), Timeout (Apache)"
    )


def _unrouted(evidence: Evidence, session: _Session) -> tuple[str, ...]:
    """That the path or query may be wrong: several libraries look for a route after the handshake."""
    if not session.untouched:
        return ()
    return unlike_socketio(evidence.path, evidence.query) or ("no WebSocket route for this path",)


def _behind(session: _Session) -> tuple[str, ...]:
    """That it may be a bridge, such as websockify, which first accepts and then connects to its target."""
    return ("a bridge that cannot reach the program behind it",) if session.untouched else ()


def _silent(evidence: Evidence, session: _Session) -> Iterator[Cause]:
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


def _opened_by(evidence: Evidence, session: _Session) -> tuple[str, str]:
    """The author of a 101: by a Server field that is not a proxy's, or by what follows."""
    for start, author in (
        ("daphne", "daphne"),
        ("uvicorn", "uvicorn"),
        ("hypercorn", "hypercorn"),
        ("granian", "granian"),
        ("TornadoServer", "tornado"),
        ("WebSockify", "websockify"),
        ("AutobahnPython", "autobahn"),
    ):
        if evidence.server(start):
            return author, "Server"
    for library in ("aiohttp", "websockets"):
        if evidence.python(f"{library}/"):
            return library, "Server"
    if session.texts and session.texts[0].startswith(_ENGINE_IO):
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


# Read --------------------


def _session_of(reading: Reading) -> _Session:
    of, final = reading.session, reading.final
    assert of is not None
    assert final is not None
    behind = http_behind(reading)
    until = behind.head.start if behind is not None else len(reading.received)
    frames = tuple(frame for frame in of.frames if frame.start < until)
    close = first_close(frames)
    agreed = deflate_of(reading)
    told = messages(frames[:100], agreed.server if agreed is not None else None, 65536)
    ours = first_close(of.sent)
    if close is not None and ours is not None and ours.at < close.at:
        close = None  # the answer to our own Close
    if close is not None and reading.exchange.how_ended == "limit" and of.close_code(close) in (None, 1000):
        close = None  # the session ended at our own limit: this Close tells no more
    data = close.data if close is not None else b""
    as_text = re.fullmatch(_TEXT_FOR_CODE, data) is not None
    ended = close.at if close is not None else _end(reading.exchange)
    sent = [frame for frame in of.sent if frame.opcode in (CONTINUATION, TEXT, BINARY) and frame.at <= ended]
    last = _last_message(sent, agreed)
    dropped = reading.exchange.how_ended in ("fin", "reset", "truncated") and ours is None and not of.drops
    return _Session(
        close,
        of.close_code(close) if close is not None and not as_text else None,
        _reason(data if as_text else data[2:]),
        tuple(words for message in told if (words := _words_of(message))),
        any(message.opcode == BINARY for message in told),
        dropped and close is None and behind is None,
        ended - _last(reading.exchange, ended),
        ended - reading.when(max(0, of.start - 1)),
        None if last is None else len(last.data),
        0 if last is None else sum(frame.length for frame in last.frames),
        ended - sent[-1].at if sent else 0,
        _sends(sent, agreed, _PACKETS),
        _sends(sent, agreed, _BEATS),
        behind,
    )


def _reason(data: bytes) -> str:
    """The reason of a Close; of an object of JSON the words in it."""
    words = of_json(data) if data[:1] == b"{" else ()
    return words[0] if words else data.decode("utf-8", "surrogateescape")


_TEXT_FOR_CODE = rb"[ -~]{2}[\n -~\x80-\xff]*"
"""A Close whose first two bytes are text: as a code they would be above 4999."""


def _words_of(message: Message) -> str:
    """The beginning of a text message, and of JSON in a binary one; of other short binary messages the text
    that makes up most of them, as behind the bytes of a code (Colyseus)."""
    if message.opcode == TEXT or message.data[:1] == b"{":
        return message.data[:4096].decode("utf-8", "surrogateescape") or " "
    found = re.search(rb"[ -~]{8,}", message.data[:_SHORT]) if len(message.data) <= _SHORT else None
    if found is None or b" " not in found[0] or 2 * len(found[0]) < len(message.data):
        return ""
    return found[0].decode("ascii")


_SHORT = 512
"""Bytes of a binary message that may be an error with a text."""


def _sends(sent: Sequence[Frame], agreed: Deflate | None, packet: bytes) -> bool:
    """True if one of *sent*, or of the first few if they are compressed, is a *packet* of Socket.IO."""
    inflated = () if agreed is None else messages(sent[:8], agreed.client)
    packets = (*(frame.data for frame in sent), *(message.data for message in inflated))
    return any(re.match(packet, data) for data in packets)


_BEATS = rb"[23](?:probe)?\Z"
_PACKETS = rb"4[0-6]|[23](?:probe)?\Z"
"""The packets of a client of engine.io and Socket.IO."""


def _last_message(sent: Sequence[Frame], agreed: Deflate | None) -> Message | None:
    """The last of the data messages whose frames are *sent*, inflated; None if there is none.

    A compressed message may refer to those before it: if the last one is compressed, all are inflated."""
    if not sent:
        return None
    start = next((n for n in range(len(sent) - 1, -1, -1) if sent[n].opcode != CONTINUATION), 0)
    if agreed is None or not sent[start].rsv & RSV1:
        return messages(sent[start:])[-1]
    return messages(sent, agreed.client)[-1]


def _end(exchange: Exchange) -> int:
    return exchange.events[-1].at if exchange.events else 0


def _last(exchange: Exchange, before: int) -> int:
    """When a byte last went either way before *before*."""
    return max(
        (event.at for event in exchange.events if isinstance(event, Received | Sent) and event.at < before),
        default=before,
    )
