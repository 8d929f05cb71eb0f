"""The words of a session that may say why it ended: the reason of a Close, and the last messages."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from wsprobe.diagnosis.cause import Cause
from wsprobe.diagnosis.evidence import Evidence, shown
from wsprobe.diagnosis.senses import (
    about_something_else,
    bare,
    compiled,
    ends,
    in_general,
    other_subjects,
    said_at,
    spaced,
    stated_by,
)
from wsprobe.diagnosis.session_facts import AT_ONCE, ENGINE_IO, QUIET, SOON, SessionFacts
from wsprobe.diagnosis.statuses import PHRASES
from wsprobe.diagnosis.words import FAULT, QUOTED, decoded, nested, of_json, of_page, strings

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


def stated_at_end(evidence: Evidence, session: SessionFacts) -> Iterator[Cause]:
    """The cause in the reason of a Close, or in the last message before the end."""
    others = other_subjects(texts_at_end(session), evidence)
    for quote, where in _quotes(session):
        small = spaced(quote.lower())
        for row in ends():
            ended = row.cause(evidence, quote) if compiled(row.pattern).search(small) else None
            if ended is not None and _can_be(ended.id, small, where, session):
                ended = said_at(ended, quote, where)
                if not about_something_else(ended, row, others):
                    yield with_message(ended, session)
                    return
        known = stated_by(evidence, quote, where, others)
        if known is not None:
            yield with_message(_after_message(known, session), session)
            return
        if where == _LAST and _refuses_call(session.texts[-1]):  # its words come before its code
            yield said_at(in_general("message-refused"), quote, where)
            return
    for quote, where in _quotes(session):
        if session.code is not None and where.startswith("Close") and session.code != 1000:
            return  # _by_code says it with the code, and it is later than the last message
        if session.code in (1000, 1001) and re.fullmatch(COURTESY, quote):
            continue
        if session.last is not None and session.since < SOON and session.code in (1000, 1001):
            continue  # the message that led to it says more than "Bye"
        yield with_message(bare(quote, f"{where}: "), session)
        return


def with_message(cause: Cause, session: SessionFacts) -> Cause:
    """*cause*; if it quotes a reason of one word or two, with the sentence in the message before the Close."""
    reason = " ".join(session.reason.split())
    terse = reason != "" and reason.count(" ") < 2 and cause.quote == shown(reason, QUOTED)
    for quote, where in tuple(_quotes(session))[1:] if terse and session.quiet < QUIET else ():
        if " " in quote:
            both = quote if reason.lower() in quote.lower() else f"{reason}: {quote}"
            said = shown(both, QUOTED)
            return replace(cause, quote=said, evidence=f"{session.named} and {where}: {said}")
    return cause


def texts_at_end(session: SessionFacts) -> Iterator[str]:
    """The reason, and what the last messages before it say."""
    yield session.reason
    for text in session.texts[-2:] if session.quiet < QUIET else ():
        value = decoded(text)
        yield from (text,) if value is None else strings(value)


def _after_message(known: Cause, session: SessionFacts) -> Cause:
    """*known*; a failure right after a message may be how the application refuses that message."""
    if known.id != "crashed" or session.last is None or session.since >= SOON:
        return known
    return replace(known, usual=("an exception in its handler", "a message that it does not accept"))


COURTESY = r"(?i)(?:(?:good ?)?bye(?: now| bye)?|closed?|closing|done|ok|end|normal(?: closure)?)\W*"
"""The reasons of a Close that give none."""


_OF_MESSAGES = r"message|frame|packet|payload|\bjson\b|well[- ]formed|\bpars|\bbinary\b"


def _can_be(id: str, said: str, where: str, session: SessionFacts) -> bool:
    """Whether the session can have ended so: no limit of time is reached at once, and where no message was
    sent, a Close for a "bad request" or an "unsupported type" is about something else."""
    if id == "idle-timeout":
        return session.lasted >= AT_ONCE
    if id == "too-large" and session.last is None:
        return session.code == 1009
    if id != "message-refused" or session.last is not None or where in (_LAST, _EARLIER):
        return True
    return re.search(_OF_MESSAGES, said) is not None


def _quotes(session: SessionFacts) -> Iterator[tuple[str, str]]:
    """What the server said at the end, and where."""
    if session.reason.strip():
        yield " ".join(session.reason.split()), session.named
    texts = session.texts
    if texts and texts[0].startswith(ENGINE_IO):  # which gives no reason, nor do its pings
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
    return said or nested(value) or ((kind,) if re.search(_TROUBLE, kind) else ())


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
