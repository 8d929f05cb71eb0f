"""The words of servers: where an answer has them, and the one table of their meanings.

The words of an answer are an unusual reason phrase, fields and JSON members made for a reason, the title of a
page, and its first sentences without tags, scripts and styles. They are read for any status. Known words
(``STATED``) have a kind; other words of the server are quoted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from urllib.parse import unquote

import msgspec
from msgspec.structs import replace

from wsprobe.diagnosis import senses
from wsprobe.diagnosis.cause import Cause
from wsprobe.diagnosis.evidence import Evidence, is_markup, shown
from wsprobe.diagnosis.faults import (
    CONNECTION_LOST,
    CROSS_ORIGIN,
    DROPPED,
    LOOK_UP,
    NO_ENDPOINT,
    READ_WORDS,
    SEE_LOG,
    asked_wrong,
    credentials_wanted,
    forward_proxy,
    http10,
    misses_origin,
    no_route,
    origin_lost,
    origin_refused,
    origin_unlike_host,
    subprotocol_wanted,
    upgrade_stripped,
)
from wsprobe.diagnosis.senses import other_subjects
from wsprobe.diagnosis.statuses import name_of, phrase_of

QUOTED = 120
"""Characters of a quote."""
_READ = 8192
"""The first bytes of a body, in which to search for words: text for people is at the beginning."""
_LONG = 400
"""Characters of the text of one place: more is no sentence."""
_FIELDS = 4
"""The most fields with a reason to read."""

_REASONS = (
    r"x-(?:[a-z0-9-]+-)?(?:reject-?reason|reason|error|error-(?:message|description|detail|text)|message)$"
)
"""Fields that give a reason; X-Request-Id and the like give none."""
_DESCRIPTION = r'\berror_description="([^"]*)"'
_MEMBERS = (
    *("error_description", "detail", "message", "msg", "reason", "error", "problem", "title", "description"),
    *("errors", "errorMessage", "error_message", "text", "data"),
)
"""Members of JSON with a reason, the most specific first (RFC 9457 has ``detail`` and ``title``)."""
FAULT = r"(?:[Ee]rrors?|[Ff]ail(?:ure|ed)?|[Ff]ault|[Pp]roblem|[Ee]xception)(?![a-z])"
"""How the name of a member begins that alone speaks of a fault: ``error``, ``failure reason``."""
_NESTED = tuple(name for name in _MEMBERS if name not in ("title", "description", "text", "data"))
"""Those that have a reason in any object: a user has a title too."""
_FAULT_TEXT = r"\w*(?:[Ee]rror|[Ff]ailure|[Ff]ault)_?(?:[Mm]essage|[Tt]ext|[Dd]escription|[Rr]eason|[Ss]tring)$"
"""The name of a member with a sentence about a fault: ``zipErrorMessage``; ``errorCode`` has a word at most."""
_HOLDERS = ("payload", "body", "params", "err", "status", "event", "result", "response")
"""Members with an object that may hold the reason."""


def _same_letters(reason: str, phrase: str) -> bool:
    """Whether *reason* is *phrase*, written in another way (``NotFound``)."""
    return re.sub(r"[\W_]", "", reason).lower() == re.sub(r"[\W_]", "", phrase).lower()


def own_words(evidence: Evidence) -> tuple[str, ...]:
    """The answer's own words, the most specific first, without those that only repeat the status."""
    found = [
        value[:_LONG].encode("latin-1", "replace").decode("utf-8", "surrogateescape")
        for name, values in evidence.by_name.items()
        if name[:2] == "x-" and re.match(_REASONS, name)
        for value in values
    ][:_FIELDS]
    if evidence.has("grpc-message"):  # percent-encoded, by the HTTP mapping of gRPC
        found.append(unquote(evidence.get("grpc-message")[:_LONG]))
    if evidence.status in (401, 403):  # RFC 6750 section 3.1, in a challenge
        found += [
            told[1][:_LONG] for told in re.finditer(_DESCRIPTION, evidence.get("www-authenticate")[:4096])
        ]
    if evidence.reason and not _same_letters(evidence.reason, phrase_of(evidence.status)):
        found.append(evidence.reason[:_LONG])
    fault = evidence.status == 200 and evidence.body[:1] == b"{" and _reports_fault(evidence.body)
    if evidence.status >= 400 or fault:  # what a redirect says is for people who do not follow it
        found += _body_texts(evidence.body)
    return tuple(dict.fromkeys([own for each in found if (own := _own(each, evidence.status))]))


def words_behind(status: int, body: bytes) -> tuple[str, ...]:
    """The own words of a *body* that came with *status* behind a 101, as ``own_words``."""
    return tuple(dict.fromkeys([own for each in of_body(body) if (own := _own(each, status))]))


def _reports_fault(body: bytes) -> bool:
    """*body* is JSON with a member such as ``error`` that is not empty."""
    if len(body) > 65536:
        return False
    try:
        value = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and any(told and re.match(FAULT, name) for name, told in value.items())


@lru_cache(maxsize=256)
def _own(text: str, status: int) -> str:
    """*text* without the status at its beginning; "" if it says no more than the status.

    Kept, like ``_of_short`` and ``_row``: the answers of a list have few texts, which take longer to read than
    all else in them."""
    tidied = re.sub(_NUMBER, "", " ".join(text.split()))
    return "" if ordinary(tidied, status) else tidied


_NUMBER = r"(?i)\A(?:http )?(?:error:? )?(?:http |status )?(?:error |code )?[1-9]\d\d(?:\s*[-:]+\s*|\s+)"
"""The status at the beginning of a title: ``Error 403 no token``."""


def of_body(whole: bytes) -> tuple[str, ...]:
    """The texts of a body: JSON, a page, or plain text."""
    body = whole[:_READ].strip()
    if not body or b"\0" in body:
        return ()
    if body[:1] in (b"{", b'"', b"["):
        return of_json(whole) or _only_sentence(whole) or nested(decoded(whole.decode("utf-8", "replace")))
    text = body.decode("utf-8", "surrogateescape")
    return tuple(of_page(text)) if body[:1] == b"<" else (text[:_LONG],)


_of_short = lru_cache(maxsize=64)(of_body)
"""``of_body`` for a body that can be kept."""


def _body_texts(body: bytes) -> tuple[str, ...]:
    """``of_body``, which of a short body is read once."""
    return _of_short(body) if len(body) <= _READ else of_body(body)


def of_json(body: bytes) -> tuple[str, ...]:
    """The texts of the members that give a reason, nested ones too; () if it is no JSON."""
    if len(body) > 65536:
        return ()
    try:
        value = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return ()
    return tuple(_texts(value, 0))


def _texts(
    value: object, depth: int, *, fault: bool = False, names: tuple[str, ...] = _MEMBERS
) -> Iterator[str]:
    """*fault*: the name of the member with *value* alone speaks of a fault. *names*: the members to read."""
    if isinstance(value, str):
        if value[:1] == "{" and depth <= 3 and (inner := tuple(_texts(decoded(value), depth + 1))):
            yield from inner  # JSON in a text, as Pusher has it
        elif value.strip():
            yield value[:_LONG]
    elif depth > 3:
        return
    elif isinstance(value, list):
        for each in value[:4]:
            yield from _texts(each, depth + 1, fault=fault)
    elif isinstance(value, dict):
        for name in names:
            if name in value:
                yield from _texts(value[name], depth + 1, fault=re.match(FAULT, name) is not None)
        for told in (*_named(value, _FAULT_TEXT), *_named(value, FAULT)):
            yield from _texts(told, depth + 1)
        for name in _HOLDERS:
            if isinstance(value.get(name), dict):
                yield from _texts(value[name], depth + 1, fault=name == "err")
        if fault and not any(name in value for name in _MEMBERS):
            # An object in place of a text: {"error": {"exc_type": "ValueError", "value": "no such room"}}
            texts = [each[:_LONG] for each in value.values() if isinstance(each, str)]
            yield from [each for each in texts if " " in each] or texts[:1]


def nested(value: object) -> tuple[str, ...]:
    """The texts of the first object within *value*, of JSON, that has a member for a reason: the nearest one,
    at most three levels down."""
    level = [("", value)]
    for _ in range(3):
        level = [inner for name, of in level for inner in _inner(name, of)]
        for name, of in level:
            texts = tuple(_texts(of, 3, fault=re.match(FAULT, name) is not None, names=_NESTED))
            if texts and isinstance(of, dict):
                return texts
    return ()


def _inner(name: str, of: object) -> Iterable[tuple[str, object]]:
    """The members of an object by name; those of a list have the name of the list."""
    if isinstance(of, dict):
        return of.items()
    return [(name, each) for each in of[:4]] if isinstance(of, list) else ()


def _only_sentence(body: bytes) -> tuple[str, ...]:
    """The one sentence among the members of an object of JSON, whatever the language of its name; () if there
    are several, or none."""
    value = decoded(body.decode("utf-8", "replace")) if len(body) <= _READ else None
    if not isinstance(value, dict):
        return ()
    told = [each for each in value.values() if isinstance(each, str) and len(each.split()) > 2]
    return (told[0][:_LONG],) if len(told) == 1 else ()


def decoded(text: str) -> object:
    """The value of *text*, if it is JSON; otherwise None."""
    try:
        return msgspec.json.decode(text[:65536])
    except (ValueError, RecursionError):
        return None


def _named(value: dict[str, object], pattern: str) -> Iterator[str]:
    """The texts of the members whose name fits *pattern*, but for ``_MEMBERS``."""
    for name, told in value.items():
        if isinstance(told, str) and name not in _MEMBERS and re.match(pattern, name):
            yield told


# Strings, which re compiles on first use: for pages alone.
_HIDDEN = r"(?is)<(script|style|template|svg|noscript)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)|<\?[^<>]*>"
_TITLE = r"(?i)<title[^<>]*>([^<]*)</title[^<>]*>?"
_BLOCK = r"(?i)</?(?:p|h[1-6]|div|li|td|tr|th|br|hr|pre|title|head|body|center|span|ul|table|dt|dd)\b[^<>]*>"
_TAG = r"<[^<>]*>"
"""No expression here runs from one ``<`` past the next: a body may be full of them."""


def of_page(text: str) -> Iterator[str]:
    """The title of a page, and its first texts, without tags, scripts and styles."""
    from html import unescape  # late: two thousand names of characters, for pages alone

    text = re.sub(_HIDDEN, " ", text)
    if "<pre" not in text.lower():  # elsewhere the end of a line is a space
        text = " ".join(text.split())
    title = re.search(_TITLE, text)
    if title is not None:
        yield unescape(title[1])[:_LONG]
        text = text[: title.start()] + "\n" + text[title.end() :]
    blocks = re.sub(_TAG, " ", re.sub(_BLOCK, "\n", text)).split("\n")
    shown = (block for block in map(str.strip, blocks) if len(block) > 2)
    for _, block in zip(range(6), shown, strict=False):
        yield unescape(block)[:_LONG]


_ORDINARY = """
error http https status code response page the a an of to on in is was were be been and or for by with
from at server request requested resource resources file files url uri message type description reason
title details detail report sorry oops please check again try later you your our we it this that has have
had not found could cannot can couldn't don't doesn't do does any permission access accessed denied
administrator mode production development info html doctype html5 en utf sent browser understand location
moved here temporarily permanently see other object path exist exists contact webmaster problem occurred
occured went wrong something unable process due client issue document body entered manually spelling get
post ws site web address if think may unexpected encountered condition prevented fulfilling null none
true false unknown statuscode timestamp proxy gateway upstream ok nginx apache openresty explanation
"""
"""Words of pages that only repeat the status."""
_COMMON = frozenset(_ORDINARY.split())
_WORD = r"[A-Za-z][A-Za-z']*"


def ordinary(text: str, status: int) -> bool:
    """Says no more than the status: its phrase, and words that such pages have."""
    small = text.lower()
    if any(each in small for each in _BOILERPLATE):
        return True
    told = {word.lower() for word in re.findall(_WORD, re.sub(_URL, " ", text)) if len(word) > 2}
    return told - _COMMON <= {*name_of(status).lower().split(), *_PHRASES.get(status, ())}


_BOILERPLATE = (
    "maintenance downtime or capacity problems",
    "could not verify that you are authorized",
    "internal error or misconfiguration and was unable to complete",
    "sent a request that this server could not understand",
    "overloaded or there is an error in the application",
    "server got itself in trouble",
    "http method that is not supported by the mapped resource",
)
"""Sentences, in lower case, that a server has for every answer of a status."""
_URL = r"(?:https?|wss?)://\S+|/[^\s<>\"']*"
_PHRASES = {
    **dict.fromkeys(
        (301, 302, 303, 307, 308),
        frozenset(("redirect", "redirected", "redirecting", "redirection", "temporary", "permanent")),
    ),
    400: {"malformed", "invalid"},
    401: {"unauthorised", "authorization", "required"},
    403: {"forbidden", "prohibited"},
    404: {"nothing", "matches", "given", "available"},
    # The names of RFC 2616, 7231 and 9110; which of them HTTPStatus has depends on the version of Python.
    413: {"payload", "content", "entity", "large"},
    414: {"uri", "long", "large"},
    416: {"requested", "range", "satisfiable"},
    422: {"unprocessable", "entity", "content"},
    500: {"internal"},
    501: {"implemented"},
    502: {"invalid"},
    503: {"available", "unavailable"},
    504: {"time", "out"},
}


# What the words mean. The first row that fits decides: what is told apart by few words comes first.

Means = Callable[[Evidence, str], tuple[Cause, ...]]


_NO = (
    r"(?:missing|invalid|bad|no|without|empty|wrong|unsupported|unknown|unexpected|multiple|more than one"
    r"|illegal)"
)


def _tls(evidence: Evidence, _: str) -> tuple[Cause, ...]:
    behind = Cause(
        "backend-tls",
        "a proxy sends plain HTTP, but the upstream expects TLS",
        "use https:// for the upstream in the proxy",
    )
    direct = Cause("tls-port", "the port expects TLS", "use wss://")
    # The server of the port closes after this error; a proxy before it keeps the connection.
    kept = "keep-alive" in evidence.get("connection").lower()
    return (behind, direct) if evidence.secure or kept else (direct,)


def _forward(evidence: Evidence, _: str) -> tuple[Cause, ...]:
    return (forward_proxy(),)


def _upgrade(evidence: Evidence, said: str) -> tuple[Cause, ...]:
    if evidence.oddity == "upgrade":
        return asked_wrong(evidence)
    if evidence.status in (402, 403, 429) and not re.search(_UPGRADES_THE_CONNECTION, said):
        return ()  # a plan or a client that is to be upgraded
    if evidence.status >= 500 and not re.search(r"(?i)header|\bhdr\b|web ?socket|upgrade", said):
        return ()  # a program that failed speaks of its own connections
    if re.search(r"(?i)\bconnection\b", said) and not re.search(
        r"(?i)upgrade (?:header|hdr)|web ?socket", said
    ):
        return (upgrade_stripped(CONNECTION_LOST),)
    return (upgrade_stripped(),)


_UPGRADES_THE_CONNECTION = r"(?i)header|connection|web ?socket (?:upgrade|handshake|request|client|protocol)"


def _changed(evidence: Evidence, said: str) -> tuple[Cause, ...]:
    if wrong := asked_wrong(evidence):
        return wrong
    return (
        Cause(
            "changed",
            "a field of the handshake was changed in transit: the client sent it correctly",
            "check what each proxy does to that field",
        ),
    )


def _version(evidence: Evidence, said: str) -> tuple[Cause, ...]:
    if not re.search(_OF_WEBSOCKET, said):
        return asked_wrong(evidence)  # of an API, a client or another protocol
    return _changed(evidence, said)


_OF_WEBSOCKET = r"(?i)web ?socket|hybi|rfc ?6455|\bversions?\W+13\b"


def _twice(evidence: Evidence, _: str) -> tuple[Cause, ...]:
    return (
        Cause(
            "version-duplicated",
            "the server received Sec-WebSocket-Version twice",
            "send one Sec-WebSocket-Version; look for a proxy or library that adds another",
        ),
    )


def _http10(evidence: Evidence, _: str) -> tuple[Cause, ...]:
    return (http10(),)


def _protocol(evidence: Evidence, said: str) -> tuple[Cause, ...]:
    return (subprotocol_wanted(evidence, said),)


def _offered(evidence: Evidence, said: str) -> tuple[Cause, ...]:
    """Of a word that means a subprotocol only where one was offered."""
    return (subprotocol_wanted(evidence, said),) if evidence.protocols else ()


def _origin(evidence: Evidence, said: str) -> tuple[Cause, ...]:
    if evidence.origin is not None and misses_origin(said):
        return (origin_lost(evidence),)
    if CROSS_ORIGIN in said:
        return (origin_unlike_host(evidence),)
    if evidence.status >= 500 and not re.search(
        r"(?i)\bcors\b|cross|allow|permi|trust|match|check|authori", said
    ):
        return ()  # a program that failed speaks of its own data
    return (origin_refused(evidence, "add the page's origin to the server's allowed origins"),)


def _host(evidence: Evidence, said: str) -> tuple[Cause, ...]:
    elsewhere = evidence.status >= 500 or evidence.status == 101
    if elsewhere and "header" not in said.lower():
        return ()  # the host of a service that the program did not find, or of its protocol (STOMP)
    named = re.search(r"(?i)\bhost(?:name)?: ?['\"]?([\w.-]+)", f"{said}\n{evidence.text[:_LONG]}")
    if named is not None and named[1] in re.split("[/?&=]", f"{evidence.path}?{evidence.query}"):
        text = f"the server takes {shown(named[1])}, a part of the URL, for the name of a host"
        return (no_route(text, "correct the path: such a proxy forwards to the address that its path names"),)
    other = "" if "header" in said.lower() else ", or a host that the URL names"
    fix = "add the name to the server's allowed hosts, or configure the proxy to forward Host unchanged"
    refused = Cause("host-refused", f"the server does not accept the Host {shown(evidence.host)}{other}", fix)
    if other and evidence.host.lower() == evidence.wanted.lower():  # the words of HttpListener for a path, too
        usual = ("a Host that is not in the server's list", "no site of the server at this path")
        refused = replace(refused, usual=usual, fix=f"{fix}; check the path")
    return (refused,)


def _credentials(evidence: Evidence, _: str) -> tuple[Cause, ...]:
    # Pages of any status have a link to log in; a program that failed speaks of its own passwords.
    if evidence.status in (200, 404, 405) or evidence.status >= 500:
        return ()
    return (credentials_wanted(evidence),)


def _session(evidence: Evidence, said: str) -> tuple[Cause, ...]:
    if re.search(_LOGGED_OUT, said) and not re.search(_SESSION_ID, f"{evidence.path}?{evidence.query}"):
        return (credentials_wanted(evidence),)
    if "namespace" in said.lower():
        return (Cause("not-found", "the server knows no such namespace", "correct the name of the namespace"),)
    if re.search(_EXPIRED, said) and not re.search(_SESSION_ID, f"{evidence.path}?{evidence.query}"):
        return ()  # a session with a name of its own, as an examination has: known, and over
    of_a_wire = evidence.status == 101 or evidence.status >= 500
    if of_a_wire and re.search(r"(?i)\bclosed\b", said) and not re.search(_UNKNOWN, said):
        return ()  # "Session closed" is what the Close itself says; a stream that closed is one of the server's
    return (
        Cause(
            "session",
            "the server does not know the session, channel or id in the request",
            "start a new session, and use its id; with several servers, use sticky sessions",
        ),
    )


_UNKNOWN = rf"(?i){_NO}\b|\bnot\b|expired"
_LOGGED_OUT = (
    r"(?i)(?:\A|[.:;!]\s+|\b(?:your|the|login|user|web)[ _-])session\b"
    r"[^.\n]{0,12}\b(?:expired|timed out)(?! or\b)"
    r"|\bexpired session\b(?! id)"
)
"""The session of a login; an upload, a game or a browser has one too, which its words name."""
_EXPIRED = r"(?i)\b(?:your|the) [a-z]{1,20} session\b[^.\n]{0,12}\bexpired\b(?! or\b)"
_SESSION_ID = r"(?i)[?&](?:s(?:ess(?:ion)?[_-]?)?id|session)=|/sessions?/"
"""A session of the login has no id in the URL."""


def _route(evidence: Evidence, said: str) -> tuple[Cause, ...]:
    if evidence.status >= 500 and re.search(_UNROUTED, said) is None:
        return ()  # a file, a table, a key that the program misses
    return (no_route("the server reports no route, endpoint or handler for this request"),)


def _missing(evidence: Evidence, said: str) -> tuple[Cause, ...]:
    """Words that something does not exist: the path, or what it names. Any other status than 404 and 410 may be
    about anything."""
    if evidence.status in (404, 410) and evidence.protocols:
        offered = shown(", ".join(evidence.protocols))
        usual = ("a wrong path, name or id", f"a server that supports no offered subprotocol ({offered})")
        return (
            Cause(
                "not-found",
                f"the server answered Not Found ({evidence.status})",
                "correct the path",
                usual=usual,
            ),
        )
    if evidence.status in (404, 410):
        missing = "the server found no such path or resource"
        return (Cause("not-found", missing, "correct the path, or the name or id that the words mean"),)
    if evidence.status == 101:
        missing = "the server does not find what the session is for"
        return (Cause("not-found", missing, "correct the name or id that the URL or a message has"),)
    return ()


def _backend(evidence: Evidence, said: str) -> tuple[Cause, ...]:
    """The operating system's words that a program behind the one that answered is not there."""
    if evidence.status < 500 and re.search(r"(?i)\be[a-z]{6,}|dial tcp|[\w\]]:\d", said) is None:
        return ()  # whatever connection a server refuses: of a charger to the grid
    usual = ("an application that is down", "a database or another service that is down")
    unreached = "the program that answered could not reach the one behind it"
    return (Cause("backend-down", unreached, _TO_BACKEND, usual=usual),)


_TO_BACKEND = "start that program; check its address, port and scheme (http or https); look in the log"


def _gateway(evidence: Evidence, said: str) -> tuple[Cause, ...]:
    """Words about a program behind the one that answered; "not available" may also mean that none is set."""
    none = ("no application for this host or path",) if "available" in said.lower() else ()
    failed = "the program that answered could not reach the one behind it, or got no valid answer"
    usual = ("an application that is down, or refuses", "a service of the application that is down", *none)
    return (Cause("bad-gateway", failed, _TO_BACKEND, usual=usual),)


_UNROUTED = (
    r"(?i)\b(?:path|url|uri|route)\b[^.\n]{0,30}\b(?:not|n't|no)\b[^.\n]{0,15}\bmatch"
    r"|\broute not (?:configured|found)"
    r"|\bno (?:matching )?(?:route|rule|upstream|target)\b[^.\n]{0,20}\b(?:for|match|found|path)"
)
"""Words of a gateway that has no rule for a path."""


def _late(evidence: Evidence, said: str) -> tuple[Cause, ...]:
    """A failure that speaks of time: of a program behind the one that answered, which waits for no other."""
    if evidence.status < 500:
        return ()
    return (
        Cause(
            "gateway-timeout",
            "the server waited too long for something, and gave up",
            "find out why that program does not answer, or whether it answers handshakes at all",
            usual=(
                "an application that does not answer",
                "a proxy that waits for the body of a 101",
                "a database or another service that does not answer",
            ),
        ),
    )


def _plain(id: str, text: str, fix: str, *usual: str) -> Means:
    return lambda evidence, said: (Cause(id, text, fix, usual=usual),)


def _refused(evidence: Evidence, said: str) -> tuple[Cause, ...]:
    turned_away = evidence.status in (401, 402, 403, 406, 407, 409, 451) or evidence.status >= 500
    if not turned_away and not _compiled(senses.TURNED_AWAY).search(spaced(said.lower())):
        return ()
    return (Cause("refused", "the server refused the request", READ_WORDS),)


def _limited(evidence: Evidence, _: str) -> tuple[Cause, ...]:
    cause = Cause(
        "rate-limited", "the client exceeded a limit on requests or connections", "wait, or raise the limit"
    )
    if evidence.status == 402:
        return ()  # payment, not too many requests
    if evidence.status < 500:
        return (cause,)
    usual = ("a limit on requests or connections", "a server with too much to do")
    return (replace(cause, statement=f"the server refused the request ({evidence.status})", usual=usual),)


def _replaced(evidence: Evidence, _: str) -> tuple[Cause, ...]:
    return (
        Cause(
            "closed" if evidence.status == 101 else "refused",
            "the application allows one session per user or client, and another is open",
            "close the other session first, or use a separate id for each",
        ),
    )


def _raised(evidence: Evidence, said: str) -> tuple[Cause, ...]:
    if evidence.status == 101:
        if not _compiled(senses.RAISED_HERE).search(said.lower()):
            return ()
        return (Cause("crashed", "the application failed in the session", SEE_LOG),)
    if evidence.status < 500 or evidence.status in (502, 503, 504):
        return ()  # some frameworks put a traceback below any error; a gateway reports what another one did
    return (Cause("crashed-before-accept", "the application failed while handling the handshake", SEE_LOG),)


def _failed(evidence: Evidence, _: str) -> tuple[Cause, ...]:
    """Words that only say that something failed."""
    usual = ("an exception", "a service of the application that is down")
    return (Cause("error", "the server failed", SEE_LOG, usual=usual),) if evidence.status == 101 else ()


def _wants_upgrade(evidence: Evidence, said: str) -> tuple[Cause, ...]:
    """Words that may mean a lost Upgrade, or only that the path is for WebSockets."""
    lost = _upgrade(evidence, said)
    if not lost or lost[0].id != "upgrade-lost":
        return lost
    usual = (DROPPED, "a version other than 13", "no code that handles upgrades at this path")
    return (Cause("upgrade-required", "the server requires an upgrade", lost[0].fix, usual=usual),)


STATED: tuple[tuple[tuple[str, ...], str, Means], ...] = (
    (
        ("proxy", "absolute"),
        r"\bnon-proxy requests?\b|\bthis is (?:a |an )?(?:\w+ )?proxy(?: server)?\b"
        r"|\babsolute[- ](?:form|ur[il])s?\b[^.\n]{0,30}(?:required|expected|only|must)"
        r"|(?:requires?|expects?|must be|not) an absolute[- ](?:form|ur[il])",
        _forward,
    ),
    (
        ("http", "tls"),
        r"plain http request was sent to https|speaking plain http to an ssl|http request to an https server"
        r"|combination of host and port requires tls|http request was sent to (?:an )?https",
        _tls,
    ),
    (("13",), r"\b13 ?, ?13\b", _twice),
    (
        ("http",),
        r"unsupported http version|http/1\.0 (?:is )?not supported|at least http/1\.1|must be http/1\.1"
        r"|handshake request must be at least http/1\.1|unsupported protocol; expected http/1\.1",
        _http10,
    ),
    (
        ("sec-websocket-key",),
        rf"{_NO}[^.\n]{{0,30}}sec-websocket-key|sec-websocket-key\b[^.\n]{{0,30}}"
        r"(?:missing|invalid|required|not found|is empty|not a valid|must)",
        _changed,
    ),
    (
        ("version",),
        rf"{_NO}[^.\n]{{0,30}}(?:sec-websocket-version|web ?socket (?:protocol |client )?version)"
        r"|sec-websocket-version\b[^.\n]{0,30}(?:missing|invalid|required|not found|must|not supported)"
        r"|web ?socket version[^.\n]{0,30}not supported|version \d+[^.\n]{0,20}not supported",
        _version,
    ),
    (
        ("protocol", "expected one of"),
        rf"{_NO} (?:supported |matching |acceptable |common )?(?:web ?socket )?sub-?protocol"
        r"|sub-?protocol[^.\n]{0,40}(?:missing|wanted|required|expected|invalid|not supported|not acceptable"
        r"|not found"
        r"|unsupported|mismatch|unknown)"
        rf"|{_NO}[^.\n]{{0,25}}sec-websocket-protocol|expected (?:one of[^\n]{{0,40}}protocol|sub-?protocol)"
        rf"|\A\W*sub-?protocols?\W*\Z"
        r"|(?:offer|request|specify|support|use|accept|speak)\w*[^.\n]{0,30} sub-?protocol"
        r"|expect\w* ['\"][\w.-]+['\"] protocol",
        _protocol,
    ),
    (
        ("protocol",),
        r"\b(?:validat|match|negotiat|select|accept)\w*[^.\n]{0,20} protocols?\b(?! version)"
        r"|\bprotocols?\b[^.\n]{0,20} (?:mismatch|negotiat|rejected|not (?:accepted|matched|supported|found))",
        _offered,
    ),
    (
        ("upgrade", "connection", "websocket", "web socket"),
        r'can "upgrade" only to "websocket"|\'upgrade\' only to \'websocket\'|"connection" must be "upgrade"'
        r"|no (?:web ?socket )?(?:upgrade|connection) (?:hdr|header)"
        r"|'(?:upgrade|websocket)' token not found|(?:connection|upgrade) header \"[^\"]*\" does not contain"
        r"|'(?:connection|upgrade)' header must contain|(?:missing|invalid|bad|no|empty) (?:or \w+ )?"
        r"['\"]?(?:upgrade(?=\W*\Z|\s*[^\w\s]| (?:header|field|hdr|request|or|and"
        r"|in)\b)|connection\b(?:['\"]|:? upgrade| header| field|\W*\Z))"
        r"|(?:connection|upgrade) header[^.\n]{0,20}(?:missing|invalid|not found|required)"
        r"|invalid websocket upgrade",
        _upgrade,
    ),
    (
        ("upgrade", "websocket", "web socket"),
        r"\Aupgrade required\W*\Z"
        r"|you need a websocket client|not using (?:the |a )?web ?socket"
        r"|not (?:a )?websocket (?:handshake|request|upgrade|protocol|connection)"
        r"|web ?socket (?:upgrade|connection|handshake)s? (?:request )?(?:is |was )?(?:required|expected|only)"
        r"|expected (?:a )?web ?socket (?:upgrade|handshake|connection)|not an? upgrade"
        r"|only web ?sockets?(?: connections?)? (?:are |is )?(?:accepted|allowed|supported)"
        r"|requires? (?:an )?upgrade",
        _wants_upgrade,
    ),
    (
        ("conn", "enotfound", "reach", "etimedout", "stream", "back", "target", "server", "proxy", "dial tcp"),
        r"econnrefused|enotfound|ehostunreach|etimedout|connection refused(?! by)|dial tcp",
        _backend,
    ),
    (("conn", "reach", "stream", "back", "target", "server", "proxy"), senses.UNREACHED, _gateway),
    (
        ("econnreset", "hang up", "reset by peer"),
        r"econnreset|socket hang up|connection reset by peer",
        _plain(
            "backend-closed",
            "the program behind the one that answered closed the connection",
            "look in the log of that program",
            "a crash",
            "a refusal by closing",
        ),
    ),
    (
        ("unexpected",),
        r"unexpected (?:server )?response",  # of a client library within a proxy
        _plain(
            "bad-gateway",
            "a proxy got an answer other than 101 from the application",
            "test the application without the proxy",
            "a refusal by the application",
            NO_ENDPOINT,
        ),
    ),
    (("origin", "cors", "cross"), senses.ORIGIN, _origin),
    (("host", "rebinding", "request"), senses.HOST, _host),
    (("too many", "limit", "quota", "throttl", "max", "slow down", "calm down"), senses.LIMIT, _limited),
    (
        ("too ", "exceed"),
        r"(?:headers?|cookies?|fields?|request[- ]?line|uri|url)\b(?:[ -](?:or|and|fields?|values?|names?"
        r"|lines?|size|list"
        r"|section|block|in request|in the request|length|is|are|was|cookies?|headers?"
        r"|string))*[^\w\n]{0,3}(?:too (?:large|long"
        r"|big)|exceed)"
        r"|exceeds server limit|request entity too large|line too long",
        _plain(
            "header-too-large",
            "a header or the URL of the request exceeds the server's limit",
            "send fewer or shorter cookies, or raise the limit",
        ),
    ),
    (
        (
            *("session", "sid", "channel", "room", "namespace", "target", "uuid", "client id", "connection id"),
            *("stream", "topic", "game", "lobby", "mount"),
        ),
        senses.NO_SESSION,
        _session,
    ),
    (
        ("duplicate", "already", "logged in", "another", "replaced"),
        r"duplicate (?:log[- ]?in|session|connection|client)|already (?:connected|logged in)"
        r"(?=\W*\Z|\s*[.:;,!(]| (?:from|in|with|elsewhere|on|here|as|at)\b)"
        r"|logged in (?:from )?(?:elsewhere|another)|another (?:device|session|connection|client|tab|window)"
        r"|replaced by (?:a |an )?(?:new|other|later)",
        _replaced,
    ),
    (
        (
            *("token", "uthori", "uthent", "credential", "pass", "log", "sign", "key", "secret", "jwt"),
            *("bearer", "cookie", "srf", "not allowed", " id", " user"),
        ),
        senses.CREDENTIALS,
        _credentials,
    ),
    (
        ("waf", "firewall", "security", "block", "banned", "denied", "not allowed", "blacklist", "geo"),
        senses.BLOCKS,
        _plain(
            "blocked-by-rule",
            "a rule refuses the request before the application receives it",
            "find the rule for this path, address or field",
        ),
    ),
    (
        ("shut", "stopp", "restart", "going", "maintenance", "draining"),
        senses.STOPS,
        _plain("closing", "the server is stopping, or accepts no sessions for now", "try again later"),
    ),
    (
        ("overloaded", "at capacity", "busy", "full"),
        r"(?:\A\W*|\b(?:server|service|system|node|worker|backend|is|are|currently|temporarily) "
        r")overloaded\b(?=\W*\Z|\s*[.;,!(]| (?:with|try|please|right|at|now|due|and|by (?:too|many))\b)"
        r"|at capacity|server (?:is )?(?:busy|full)",
        _plain("overloaded", "the server accepts no more sessions for now", "try again later"),
    ),
    (
        ("no ", "cannot ", "unknown", "invalid", "path", "route", "url", "uri", "endpoint"),
        senses.NO_ROUTE,
        _route,
    ),
    (("no ", "not found", "not_found", "exist", "unknown"), senses.NOT_THERE, _missing),
    (
        ("time", "deadline"),
        r"\btimed[- ]?out\b|\btime-?out\b"
        r"|\b(?:read|write|connect\w*|socket|gateway|request|response|upstream|query|lock) ?time-?out\b"
        r"|timeout(?:error|exception|expired)|deadline exceeded",
        _late,
    ),
    (("forbidden", "denied", "reject", "refus", "not ", "disallow", "banned"), senses.REFUSES, _refused),
    (
        (
            *("exception", "goroutine", "traceback", "panic", "uncaught", "unhandled", "stack", "error"),
            *("segfault", "assert", "nil pointer", "undefined", "not a function", "null"),
        ),
        senses.RAISED,
        _raised,
    ),
    (("error",), r"(?:internal|server|runtime)[ _]error", _failed),
)
"""(pieces of which the words have one, else the expression is neither compiled nor tried; the words, in lower
case; what they mean). ``senses._WORDS`` must have each word of a text, or it may be about something else."""


def stated(evidence: Evidence, found: tuple[str, ...]) -> Cause | None:
    """The cause in the answer's words: with its kind if known, otherwise only the quote; None without words.

    *found*: the ``own_words`` of *evidence*."""
    others = of_something_else(evidence, found)
    for quote in found:
        known = stated_by(evidence, quote, evidence.line)
        if known is not None and not about_something_else(known, others):
            return known
    if not found:
        return None
    if is_markup(evidence):
        told = _of_heading(evidence, found)
        return bare(told, f"{evidence.line}: ") if told else None
    return bare(found[0], f"{evidence.line}: ")


def _of_heading(evidence: Evidence, found: tuple[str, ...]) -> str:
    """The reason that a page gives: its title, and on a page of few words the first sentence below it. The
    sentences of a long page are about anything."""
    texts = [re.sub(_NUMBER, "", " ".join(each.split())) for each in _body_texts(evidence.body)]
    title, *blocks = texts or [""]
    head = next((each for each in found if each in title or each == evidence.reason), "")
    if len(blocks) < _FEW and sum(map(len, blocks)) < _SHORT:
        for block in blocks:
            first = re.split(r"(?<=[.!?])\s", block, maxsplit=1)[0]
            if (
                block in found
                and block != head
                and len(re.findall(r"\b[a-z]{2,}", first)) > 2
                and not re.search(_SIGNATURE, first)
                and not ordinary(first, evidence.status)
            ):
                return f"{head}: {first}" if head else first
    return "" if _is_name(head) and head != evidence.reason else head


_SIGNATURE = r"(?i)powered by|\S/\d+\.\d|\b(?:httpd|server) at\b"
"""The line below a page that names the program."""
_FEW = 6
_SHORT = 600
"""Blocks, and characters, of a page that only reports."""


def of_something_else(evidence: Evidence, found: tuple[str, ...]) -> set[str]:
    """The words of the answer that are about no handshake. *found*: its ``own_words``."""
    return other_subjects(_all_texts(evidence, found), evidence) if found else set()


def _all_texts(evidence: Evidence, found: Iterable[str]) -> Iterator[str]:
    """The texts of the answer: its own words, and what else stands beside them in JSON or on a page."""
    yield from found
    body = evidence.body[:_READ].strip()
    if body[:1] in (b"{", b"["):
        yield from strings(decoded(body.decode("utf-8", "replace")))
    elif evidence.status >= 400:
        yield from (each for each in _body_texts(evidence.body) if not _is_name(each))


def strings(value: object, depth: int = 0) -> Iterator[str]:
    """The texts in a value of JSON, and the names of its members. A stack trace is no text."""
    if isinstance(value, str):
        yield value[:_LONG]
    elif depth < 8 and isinstance(value, dict):
        for name, each in value.items():
            if not re.fullmatch(_STACK, name):
                yield name
                yield from strings(each, depth + 1)
    elif depth < 8 and isinstance(value, list):
        for each in value:
            yield from strings(each, depth + 1)


_STACK = r"(?i)stack|(?:stack|back)[_-]?trace|traceback"


def about_something_else(known: Cause, others: set[str]) -> bool:
    """Whether words of an application (*others*), beside those that *known* quotes, may give these another
    sense: "Route not found" beside a bus."""
    if known.certainty == "own-request" or re.search(_MACHINE, known.quote):
        return False
    return bool(others - _OF_KIND.get(known.id, set()))


_MACHINE = (
    r"\bE(?:CONN|HOST|NET|NOTFOUND|TIMEDOUT|PIPE)|(?i:dial tcp|traceback|goroutine|sec-websocket"
    r"|web ?socket|\bjwt\b|\bapi[-_ ]?key"
    r"|sub-?protocol|\bcors\b|\b(?:access|bearer|auth|csrf|refresh|id)[-_ ]token\b)"
    r"|(?:\d|localhost):\d{4,5}\b|(?<=[A-Za-z]{3})(?:Error|Exception)\b"
)
"""What programs say of programs, and nobody of anything else."""
_OF_KIND = {"session": {"room", "game", "lobby", "mountpoint"}}
"""Id of a cause -> words that only its rule is about."""


def _is_name(title: str) -> bool:
    """True for the name of a product or a site: every word of *title* has a capital."""
    return all(word[0].isupper() for word in re.findall(_WORD, title))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """*pattern*, compiled on first use: the whole table takes 6 ms, and most runs diagnose one answer."""
    return re.compile(pattern)


def stated_by(evidence: Evidence, quote: str, where: str) -> Cause | None:
    """The cause that *quote*, found at *where*, states; None if the words are unknown."""
    small = spaced(quote.lower())
    at = _row(small, 0)
    while at < len(STATED):
        causes = STATED[at][2](evidence, quote)
        if causes:
            return _with(causes[0], quote, where)
        at = _row(small, at + 1)
    return None


def spaced(words: str) -> str:
    """*words*; if they have identifiers (``no_such_room``), a second time with the words of these apart."""
    return f"{words}\n{words.replace('_', ' ')}" if "_" in words else words


@lru_cache(maxsize=256)
def _row(words: str, start: int) -> int:
    """The first row of ``STATED`` from *start* on that *words* fit; its length if none does."""
    for at in range(start, len(STATED)):
        pieces, pattern, _ = STATED[at]
        for piece in pieces:  # any() takes three times as long
            if piece in words:
                if _compiled(pattern).search(words):
                    return at
                break
    return len(STATED)


def _with(cause: Cause, quote: str, line: str) -> Cause:
    said = shown(quote, QUOTED)
    if cause.certainty == "own-request":
        return replace(cause, quote=said, evidence=f'{cause.evidence}; the answer: "{said}"')
    return replace(cause, quote=said, certainty="stated", evidence=f"{line}: {said}")


def names_another_reason(quote: str) -> bool:
    """Whether these words of a server blame a token, a key, a session, a licence or the like, and no Origin."""
    return bool(quote) and "origin" not in quote.lower() and re.search(_FAULTY, quote) is not None


_CREDENTIAL = (
    r"(?:tokens?|jwt|keys?|sessions?|cookies?|passwords?|secrets?|signature|ticket|licen[cs]es?|subscriptions?"
    r"|trial|membership|account)"
)
_FAULT_OF_IT = (
    r"(?:expired|invalid|not valid|no longer valid|missing|required|revoked|inactive|suspended|disabled|wrong)"
)
_FAULTY = (
    rf"(?i)\b{_CREDENTIAL}\b[^.\n]{{0,30}}\b{_FAULT_OF_IT}\b|\b{_FAULT_OF_IT}\b[^.\n]{{0,20}}\b{_CREDENTIAL}\b"
)


def bare(quote: str, where: str) -> Cause:
    """The server's words, if wsprobe does not know their meaning."""
    said = shown(quote, QUOTED)
    return Cause(
        "server-says", "", f"{LOOK_UP}; the server's log has more", "stated", f"{where}{said}", quote=said
    )
