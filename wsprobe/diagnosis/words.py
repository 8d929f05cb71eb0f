"""Where an answer has words of the server; ``senses`` knows what they mean.

The words of an answer are an unusual reason phrase, fields and JSON members made for a reason, the title of a
page, and its first sentences without tags, scripts and styles. They are read for any status."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import unquote

import msgspec

from wsprobe.diagnosis.evidence import Evidence
from wsprobe.diagnosis.statuses import name_of, phrase_of

QUOTED = 120
"""Characters of a quote."""
_READ = 8192
"""The first bytes of a body, in which to search for words: text for people is at the beginning."""
LONG = 400
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
    return reason == phrase or re.sub(r"[\W_]", "", reason).lower() == re.sub(r"[\W_]", "", phrase).lower()


def own_words(evidence: Evidence) -> tuple[str, ...]:
    """The answer's own words, the most specific first, without those that only repeat the status."""
    found = [
        value[:LONG].encode("latin-1", "replace").decode("utf-8", "surrogateescape")
        for name, values in evidence.by_name.items()
        if name[:2] == "x-" and re.match(_REASONS, name)
        for value in values
    ][:_FIELDS]
    if evidence.has("grpc-message"):  # percent-encoded, by the HTTP mapping of gRPC
        found.append(unquote(evidence.get("grpc-message")[:LONG]))
    if evidence.status in (401, 403):  # RFC 6750 section 3.1, in a challenge
        found += [told[1][:LONG] for told in re.finditer(_DESCRIPTION, evidence.get("www-authenticate")[:4096])]
    if evidence.reason and not _same_letters(evidence.reason, phrase_of(evidence.status)):
        found.append(evidence.reason[:LONG])
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

    Kept, like ``_of_short`` and ``senses._fitting``: the answers of a list have few texts, which take longer to
    read than all else in them."""
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
    return tuple(of_page(text)) if body[:1] == b"<" else (below_heading(text)[:LONG],)


def below_heading(text: str) -> str:
    """A plain *text* without the status as a heading above it, as Sanic writes it."""
    return re.sub(r"\A\W*[1-5]\d\d\b[^\n]*\n=+[ \t\r]*\n(?=\s*\S)", "", text)


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
            yield value[:LONG]
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
            texts = [each[:LONG] for each in value.values() if isinstance(each, str)]
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
    return (told[0][:LONG],) if len(told) == 1 else ()


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
_LABELLED = r"(?i)<p><b>(?:(?:message|exception|root cause)</b>|(?:type|description|note)</b>[^<>]*</p>)"
"""What the page of a servlet container has for every answer of a status, and the labels of the rest."""
_TITLE = r"(?i)<title[^<>]*>([^<]*)</title[^<>]*>?"
_BLOCK = r"(?i)</?(?:p|h[1-6]|div|li|td|tr|th|br|hr|pre|title|head|body|center|span|ul|table|dt|dd)\b[^<>]*>"
_TAG = r"<[^<>]*>"
"""No expression here runs from one ``<`` past the next: a body may be full of them."""


def of_page(text: str) -> Iterator[str]:
    """The title of a page, and its first texts, without tags, scripts and styles."""
    from html import unescape  # late: two thousand names of characters, for pages alone

    text = re.sub(_LABELLED, " ", re.sub(_HIDDEN, " ", text))
    if "<pre" not in text.lower():  # elsewhere the end of a line is a space
        text = " ".join(text.split())
    title = re.search(_TITLE, text)
    if title is not None:
        yield unescape(title[1])[:LONG]
        text = text[: title.start()] + "\n" + text[title.end() :]
    blocks = re.sub(_TAG, " ", re.sub(_BLOCK, "\n", text)).split("\n")
    shown = (block for block in map(str.strip, blocks) if len(block) > 2)
    for _, block in zip(range(6), shown, strict=False):
        yield unescape(block)[:LONG]


_ORDINARY = """
error http status code response page the a an of to on in is was were be been and or for by with
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


def of_heading(evidence: Evidence, found: tuple[str, ...]) -> str:
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
    return (
        ""
        if _is_name(head) and head != evidence.reason and not re.search(_AFTER_ERROR, evidence.text)
        else head
    )


_AFTER_ERROR = r"(?i)<title>error [1-9]\d\d [a-z]"
"""A title that is about the status: what follows is no name of a site."""
_SIGNATURE = r"(?i)powered by|\S/\d+\.\d|\b(?:httpd|server) at\b"
"""The line below a page that names the program."""
_FEW = 6
_SHORT = 600
"""Blocks, and characters, of a page that only reports."""


def all_texts(evidence: Evidence, found: Iterable[str]) -> Iterator[str]:
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
        yield value[:LONG]
    elif depth < 8 and isinstance(value, dict):
        for name, each in value.items():
            if not re.fullmatch(_STACK, name):
                yield name
                yield from strings(each, depth + 1)
    elif depth < 8 and isinstance(value, list):
        for each in value:
            yield from strings(each, depth + 1)


_STACK = r"(?i)stack|(?:stack|back)[_-]?trace|traceback"


def _is_name(title: str) -> bool:
    """True for the name of a product or a site: every word of *title* has a capital."""
    return all(word[0].isupper() for word in re.findall(_WORD, title))
