"""What the words of servers mean. ``words.txt`` has the words, and what they mean where that is the same for
each answer; where it is not, a function here decides.

A word counts with the words around it that give it a meaning here: "origin" beside an address or "not allowed",
not of an airport; a "key" that is missing, not of a song; "too large" of a message, not of a balance. What is
named must be named in full: at the end, or before punctuation, so that no other noun follows.
tests/diagnosis/senses.txt has texts in both senses.

What else is said tells, too: a text with a word that no request, server or login has (a bus, a wallet, a
patient) is about something else, or may be. Then it is quoted, and no cause is made of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from functools import cache, lru_cache

import msgspec
from msgspec.structs import replace

from wsprobe.data_file import text_beside
from wsprobe.diagnosis.cause import Cause, as_clause
from wsprobe.diagnosis.evidence import Evidence, is_markup, shown
from wsprobe.diagnosis.faults import (
    CONNECTION_LOST,
    CROSS_ORIGIN,
    DROPPED,
    LOOK_UP,
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
from wsprobe.diagnosis.kinds import kinds
from wsprobe.diagnosis.words import LONG, QUOTED, all_texts, of_heading

Means = Callable[[Evidence, str], Cause | None]
_MEANS: dict[str, Means] = {}


class Wording(msgspec.Struct, frozen=True):
    """Words that mean one thing."""

    pieces: tuple[str, ...]
    """Of which the words have one, else the pattern is neither compiled nor tried; () in ``ends``."""
    pattern: str
    result: str
    """The id of a cause; or the name of a function that makes one, with ``()``."""
    texts: dict[str, str]
    """What the row says of the cause: ``status``, ``means``, ``usual``, ``do``."""

    def cause(self, evidence: Evidence, said: str) -> Cause | None:
        """What the words *said* mean in this answer; None if nothing that is known."""
        if self.result.endswith("()"):
            return _MEANS[self.result[:-2]](evidence, said)
        ranges = (each.partition("-") for each in self.texts.get("status", "0-999").split(", "))
        if not any(int(least) <= evidence.status <= int(most or least) for least, _, most in ranges):
            return None
        if "means" not in self.texts:
            return in_general(self.result)
        usual = self.texts["usual"].split("; ") if "usual" in self.texts else ()
        return Cause(self.result, self.texts["means"], self.texts["do"], usual=tuple(usual))


def in_general(id: str) -> Cause:
    """A cause with what ``causes.txt`` says of its kind."""
    kind = kinds()[id]
    return Cause(id, as_clause(kind.meaning), as_clause(kind.fix))


def _row(block: str) -> Wording:
    head, *lines = _lines(block)
    pieces, _, result = head.rpartition("-> ")
    texts, alternatives = {}, []
    for line in lines:
        word, colon, rest = line.partition(": ")
        if colon and word in ("status", "means", "usual", "do"):
            texts[word] = rest
        else:
            alternatives.append(line)
    return Wording(tuple(filter(None, pieces.rstrip().split("|"))), "|".join(alternatives), result, texts)


def _lines(block: str) -> list[str]:
    """Those of *block*, each whole."""
    return block.replace("\n      ", "").split("\n  ")


@cache
def _sections() -> list[list[str]]:
    """The blocks below each heading of ``words.txt``."""
    return [part.strip().split("\n\n")[1:] for part in text_beside(__file__, "words.txt").split("\n== ")[1:]]


@cache
def _parts() -> dict[str, str]:
    found = map(_lines, _sections()[0])
    return {head.partition(":")[0]: "|".join(alternatives) for head, *alternatives in found}


@cache
def answers() -> tuple[Wording, ...]:
    """What the words of an answer mean, or of the end of a session: the first row that fits decides."""
    return tuple(map(_row, _sections()[1]))


@cache
def ends() -> tuple[Wording, ...]:
    """What words mean at the end of a session alone."""
    return tuple(map(_row, _sections()[2]))


@cache
def _subjects() -> frozenset[str]:
    """Words that leave a handshake possible, without endings."""
    return frozenset(" ".join(_sections()[3]).split())


def filled(pattern: str) -> str:
    """*pattern* of ``words.txt`` with its parts, of which each may have those above it."""
    for name, part in reversed(_parts().items()):
        pattern = pattern.replace(f"{{{name}}}", f"(?:{part})")
    return pattern


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """``filled``, compiled on first use: the whole table takes 6 ms, and most runs diagnose one answer."""
    return re.compile(filled(pattern))


# What a row means, where that depends on the answer --------------------------------------------------------


def meaning(function: Means) -> Means:
    """A function that a row of ``words.txt`` may have, without the underscore."""
    _MEANS[function.__name__[1:]] = function
    return function


@meaning
def _tls(evidence: Evidence, _: str) -> Cause:
    # The server of the port closes after this error; a proxy before it keeps the connection.
    if evidence.secure or "keep-alive" in evidence.get("connection").lower():
        return Cause(
            "backend-tls",
            "a proxy sends plain HTTP, but the upstream expects TLS",
            "use https:// for the upstream in the proxy",
        )
    usual = ("ws:// in place of wss://", "a proxy that sends plain HTTP to it")
    fix = "use wss://; if a proxy is in between: https:// for its upstream"
    return Cause("tls-port", "the port expects TLS", fix, usual=usual)


@meaning
def _forward(evidence: Evidence, _: str) -> Cause:
    return forward_proxy()


@meaning
def _upgrade(evidence: Evidence, said: str) -> Cause | None:
    if evidence.oddity == "upgrade":
        return asked_wrong(evidence)[0]
    if evidence.status in (402, 403, 429) and not re.search(_UPGRADES_THE_CONNECTION, said):
        return None  # a plan or a client that is to be upgraded
    if evidence.status >= 500 and not re.search(r"(?i)header|\bhdr\b|web ?socket|upgrade", said):
        return None  # a program that failed speaks of its own connections
    if re.search(r"(?i)\bconnection\b", said) and not re.search(
        r"(?i)upgrade (?:header|hdr)|web ?socket", said
    ):
        return upgrade_stripped(CONNECTION_LOST)
    return upgrade_stripped()


_UPGRADES_THE_CONNECTION = r"(?i)header|connection|web ?socket (?:upgrade|handshake|request|client|protocol)"


@meaning
def _wants_upgrade(evidence: Evidence, said: str) -> Cause | None:
    """Words that may mean a lost Upgrade, or only that the path is for WebSockets."""
    lost = _upgrade(evidence, said)
    if lost is None or lost.id != "upgrade-lost":
        return lost
    usual = (DROPPED, "a version other than 13", "no code that handles upgrades at this path")
    return Cause("upgrade-required", "the server requires an upgrade", lost.fix, usual=usual)


@meaning
def _changed(evidence: Evidence, said: str) -> Cause:
    if evidence.oddity:
        return asked_wrong(evidence)[0]
    return Cause(
        "changed",
        "a field of the handshake was changed in transit: the client sent it correctly",
        "check what each proxy does to that field",
    )


@meaning
def _version(evidence: Evidence, said: str) -> Cause | None:
    """None if it may be the version of an API, a client or another protocol."""
    return _changed(evidence, said) if evidence.oddity or re.search(_OF_WEBSOCKET, said) else None


_OF_WEBSOCKET = r"(?i)web ?socket|hybi|rfc ?6455|\bversions?\W+13\b"


@meaning
def _http10(evidence: Evidence, _: str) -> Cause:
    return http10()


@meaning
def _protocol(evidence: Evidence, said: str) -> Cause:
    return subprotocol_wanted(evidence, said)


@meaning
def _offered(evidence: Evidence, said: str) -> Cause | None:
    """None if no subprotocol was offered: the words may be about another protocol."""
    return subprotocol_wanted(evidence, said) if evidence.protocols else None


@meaning
def _origin(evidence: Evidence, said: str) -> Cause | None:
    if evidence.origin is not None and misses_origin(said):
        return origin_lost(evidence)
    if CROSS_ORIGIN in said:
        return origin_unlike_host(evidence)
    if evidence.status >= 500 and not re.search(
        r"(?i)\bcors\b|cross|allow|permi|trust|match|check|authori", said
    ):
        return None  # a program that failed speaks of its own data
    return origin_refused(evidence, "add the page's origin to the server's allowed origins")


@meaning
def _host(evidence: Evidence, said: str) -> Cause | None:
    elsewhere = evidence.status >= 500 or evidence.status == 101
    if elsewhere and "header" not in said.lower():
        return None  # the host of a service that the program did not find, or of its protocol (STOMP)
    named = re.search(r"(?i)\bhost(?:name)?: ?['\"]?([\w.-]+)", f"{said}\n{evidence.text[:LONG]}")
    if named is not None and named[1] in re.split("[/?&=]", f"{evidence.path}?{evidence.query}"):
        text = f"the server takes {shown(named[1])}, a part of the URL, for the name of a host"
        return no_route(text, "correct the path: such a proxy forwards to the address that its path names")
    other = "" if "header" in said.lower() else ", or a host that the URL names"
    fix = "add the name to the server's allowed hosts, or configure the proxy to forward Host unchanged"
    refused = Cause("host-refused", f"the server does not accept the Host {shown(evidence.host)}{other}", fix)
    if other and evidence.host.lower() == evidence.wanted.lower():  # the words of HttpListener for a path, too
        usual = ("a Host that is not in the server's list", "no site of the server at this path")
        refused = replace(refused, usual=usual, fix=f"{fix}; check the path")
    return refused


@meaning
def _credentials(evidence: Evidence, _: str) -> Cause | None:
    # Pages of any status have a link to log in; a program that failed speaks of its own passwords.
    elsewhere = evidence.status in (200, 404, 405) or evidence.status >= 500
    return None if elsewhere else credentials_wanted(evidence)


@meaning
def _session(evidence: Evidence, said: str) -> Cause | None:
    own_id = re.search(_SESSION_ID, f"{evidence.path}?{evidence.query}")
    logged_out = _LOGGED_OUT if evidence.status not in (401, 403) else rf"{_LOGGED_OUT}|{_NO_SESSION}"
    if re.search(logged_out, said) and not own_id:
        return credentials_wanted(evidence)
    if "namespace" in said.lower():
        return Cause("not-found", "the server knows no such namespace", "correct the name of the namespace")
    if re.search(_EXPIRED, said) and not own_id:
        return None  # a session with a name of its own, as an examination has: known, and over
    of_a_wire = evidence.status == 101 or evidence.status >= 500
    if of_a_wire and re.search(r"(?i)\bclosed\b", said) and not compiled(_UNKNOWN).search(said):
        return None  # "Session closed" is what the Close says itself; a stream that closed is the server's
    if 400 <= evidence.status < 500 and compiled(_LACKING).search(said) and not re.search(_NOT_LACKING, said):
        lacks = "the request names no session, channel or id, or not where the server expects it"
        return Cause("session", lacks, "send it in the path or the query, as the server's documentation has it")
    return Cause(
        "session",
        "the server does not know the session, channel or id in the request",
        "start a new session, and use its id; with several servers, use sticky sessions",
    )


_LACKING = r"(?i)\bmissing (?:(?!or\b|and\b)\w+ )?{NAMED}"
_NOT_LACKING = r"(?i)invalid|unknown|expired|\bbad\b|wrong|\bnot\b"
_UNKNOWN = r"(?i){NO}\b|\bnot\b|expired"
_LOGGED_OUT = (
    r"(?i)(?:\A|[.:;!]\s+|\b(?:your|the|login|user|web)[ _-])session\b"
    r"[^.\n]{0,12}\b(?:expired|timed out)(?! or\b)"
    r"|\bexpired session\b(?! id)"
)
"""The session of a login; an upload, a game or a browser has one too, which its words name."""
_NO_SESSION = r"\bno (?:active |valid |user |login )?session\b(?![ _-](?:id|key|name))"
_EXPIRED = r"(?i)\b(?:your|the) [a-z]{1,20} session\b[^.\n]{0,12}\bexpired\b(?! or\b)"
_SESSION_ID = r"(?i)[?&](?:s(?:ess(?:ion)?[_-]?)?id|session)=|/sessions?/"
"""A session of the login has no id in the URL."""


@meaning
def _route(evidence: Evidence, said: str) -> Cause | None:
    if evidence.status >= 500 and re.search(_UNROUTED, said) is None:
        return None  # a file, a table, a key that the program misses
    return no_route("the server reports no route, endpoint or handler for this request")


_UNROUTED = (
    r"(?i)\b(?:path|url|uri|route)\b[^.\n]{0,30}\b(?:not|n't|no)\b[^.\n]{0,15}\bmatch"
    r"|\broute not (?:configured|found)"
    r"|\bno (?:matching )?(?:route|rule|upstream|target)\b[^.\n]{0,20}\b(?:for|match|found|path)"
)
"""Words of a gateway that has no rule for a path."""


@meaning
def _missing(evidence: Evidence, said: str) -> Cause | None:
    """Words that something does not exist: the path, or what it names. Any other status than 404 and 410 may be
    about anything."""
    if evidence.status == 101:
        missing = "the server does not find what the session is for"
        return Cause("not-found", missing, "correct the name or id that the URL or a message has")
    if evidence.status not in (404, 410):
        return None
    if evidence.protocols:
        offered = shown(", ".join(evidence.protocols))
        usual = ("a wrong path, name or id", f"a server that supports no offered subprotocol ({offered})")
        answered = f"the server answered Not Found ({evidence.status})"
        return Cause("not-found", answered, "correct the path", usual=usual)
    missing = "the server found no such path or resource"
    return Cause("not-found", missing, "correct the path, or the name or id that the words mean")


@meaning
def _backend(evidence: Evidence, said: str) -> Cause | None:
    """The operating system's words that a program behind the one that answered is not there."""
    if evidence.status < 500 and re.search(r"(?i)\be[a-z]{6,}|dial tcp|[\w\]]:\d", said) is None:
        return None  # whatever connection a server refuses: of a charger to the grid
    usual = ("an application that is down", "a database or another service that is down")
    unreached = "the program that answered could not reach the one behind it"
    return Cause("backend-down", unreached, _TO_BACKEND, usual=usual)


_TO_BACKEND = "start that program; check its address, port and scheme (http or https); look in the log"


@meaning
def _gateway(evidence: Evidence, said: str) -> Cause:
    """Words about a program behind the one that answered; "not available" may also mean that none is set."""
    none = ("no application for this host or path",) if "available" in said.lower() else ()
    failed = "the program that answered could not reach the one behind it, or got no valid answer"
    usual = ("an application that is down, or refuses", "a service of the application that is down", *none)
    return Cause("bad-gateway", failed, _TO_BACKEND, usual=usual)


@meaning
def _refused(evidence: Evidence, said: str) -> Cause | None:
    turned_away = evidence.status in (401, 402, 403, 406, 407, 409, 451) or evidence.status >= 500
    if not turned_away and not compiled("{TURNED_AWAY}").search(spaced(said.lower())):
        return None
    return Cause("refused", "the server refused the request", READ_WORDS)


@meaning
def _limited(evidence: Evidence, _: str) -> Cause | None:
    cause = Cause(
        "rate-limited", "the client exceeded a limit on requests or connections", "wait, or raise the limit"
    )
    if evidence.status == 402:
        return None  # payment, not too many requests
    if evidence.status < 500:
        return cause
    usual = ("a limit on requests or connections", "a server with too much to do")
    return replace(cause, statement=f"the server refused the request ({evidence.status})", usual=usual)


@meaning
def _replaced(evidence: Evidence, _: str) -> Cause:
    return Cause(
        "closed" if evidence.status == 101 else "refused",
        "the application allows one session per user or client, and another is open",
        "close the other session first, or use a separate id for each",
    )


@meaning
def _raised(evidence: Evidence, said: str) -> Cause | None:
    if evidence.status == 101:
        if not compiled("{RAISED_HERE}").search(said.lower()):
            return None
        return Cause("crashed", "the application failed in the session", SEE_LOG)
    if evidence.status < 500 or evidence.status in (502, 503, 504):
        return None  # some frameworks put a traceback below any error; a gateway reports what another one did
    return Cause("crashed-before-accept", "the application failed while handling the handshake", SEE_LOG)


# Of an answer ---------------------------------------------------------------------------------------------


def stated(evidence: Evidence, found: tuple[str, ...]) -> Cause | None:
    """The cause in the answer's words: with its kind if known, otherwise only the quote; None without words.

    *found*: the ``own_words`` of *evidence*."""
    if not found:
        return None
    others = of_something_else(evidence, found)
    for quote in found:
        if (known := stated_by(evidence, quote, evidence.line, others)) is not None:
            return known
    told = of_heading(evidence, found) if is_markup(evidence) else "".join(found[:1])
    return bare(told, f"{evidence.line}: ") if told else None


def stated_by(evidence: Evidence, quote: str, where: str, others: Collection[str] = ()) -> Cause | None:
    """The cause that *quote*, found at *where*, states; None if the words are unknown, or may mean something
    else beside *others*, the words of an application."""
    rows, small = answers(), spaced(quote.lower())
    at = _fitting(small, 0)
    while at < len(rows):
        cause = rows[at].cause(evidence, quote)
        if cause is not None:
            known = said_at(cause, quote, where)
            return None if about_something_else(known, rows[at], others) else known
        at = _fitting(small, at + 1)
    return None


def spaced(words: str) -> str:
    """*words*; if they have identifiers (``no_such_room``), a second time with the words of these apart."""
    return f"{words}\n{words.replace('_', ' ')}" if "_" in words else words


@lru_cache(maxsize=256)
def _fitting(words: str, start: int) -> int:
    """The first of ``answers`` from *start* on that *words* fit; how many there are if none does."""
    rows = answers()
    for at in range(start, len(rows)):
        for piece in rows[at].pieces:  # any() takes three times as long
            if piece in words:
                if compiled(rows[at].pattern).search(words):
                    return at
                break
    return len(rows)


def said_at(cause: Cause, quote: str, where: str) -> Cause:
    """*cause*, as the words *quote* at *where* state it."""
    said = shown(quote, QUOTED)
    if cause.certainty == "own-request":
        return replace(cause, quote=said, evidence=f'{cause.evidence}; the answer: "{said}"')
    return replace(cause, quote=said, certainty="stated", evidence=f"{where}: {said}")


def bare(quote: str, where: str) -> Cause:
    """The server's words, if wsprobe does not know their meaning."""
    said = shown(quote, QUOTED)
    return Cause(
        "server-says", "", f"{LOOK_UP}; the server's log has more", "stated", f"{where}{said}", quote=said
    )


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


# What else it may be about --------------------------------------------------------------------------------


def of_something_else(evidence: Evidence, found: tuple[str, ...]) -> set[str]:
    """The words of the answer that are about no handshake. *found*: its ``own_words``."""
    return other_subjects(all_texts(evidence, found), evidence) if found else set()


def about_something_else(known: Cause, row: Wording, others: Collection[str]) -> bool:
    """Whether words of an application (*others*), beside those that *known* quotes, may give these another
    sense: "Route not found" beside a bus. Words that *row* itself reads do not."""
    if not others or known.certainty == "own-request" or re.search(_MACHINE, known.quote):
        return False
    own = frozenset(re.findall(_WORD, re.sub(r"\\.", " ", filled(row.pattern))))
    return not all(_known(each, own) for each in others)


_MACHINE = (
    r"\bE(?:CONN|HOST|NET|NOTFOUND|TIMEDOUT|PIPE)|(?i:dial tcp|traceback|goroutine|sec-websocket"
    r"|web ?socket|\bjwt\b|\bapi[-_ ]?key"
    r"|sub-?protocol|\bcors\b|\b(?:access|bearer|auth|csrf|refresh|id)[-_ ]token\b)"
    r"|(?:\d|localhost):\d{4,5}\b|(?<=[A-Za-z]{3})(?:Error|Exception)\b"
)
"""What programs say of programs, and nobody of anything else."""
_SIGNS = r"[/\\@#=\d]|\w\.\w"
_QUOTES = "'\"`\u2018\u2019\u201c\u201d"
_WORD = r"[^\W\d_]{3,}"
_ENDINGS = ("ies", "es", "s", "ed", "d", "ing", "ly", "er", "ers", "able", "n")


def other_subjects(texts: Iterable[str], evidence: Evidence) -> set[str]:
    """The words in *texts* that no handshake has, but for those of the request and of Server."""
    found = {word for text in texts for word in _others(text)}
    if not found:
        return found
    asked = f"{evidence.path} {evidence.query} {evidence.origin} {evidence.host} {evidence.protocols}"
    return found.difference(re.findall(_WORD, f"{asked} {evidence.signed}".lower()))


@lru_cache(maxsize=256)
def _others(text: str) -> tuple[str, ...]:
    named = " ".join(each for each in text.replace("_", " ").split() if not _is_value(each))
    words = re.findall(_WORD, re.sub(r"(?<=[a-z])(?=[A-Z])", " ", named).lower())
    return tuple(word for word in words if not _known(word, _subjects()))


def _is_value(text: str) -> bool:
    """An address, a path, a number, or a single word in quotes."""
    bare = text.strip(".,:;!?()[]{}")
    return re.search(_SIGNS, bare) is not None or (bare[:1] in _QUOTES and bare[-1:] in _QUOTES and bare != "")


def _known(word: str, subjects: frozenset[str]) -> bool:
    return word in subjects or any(
        (stem := word.removesuffix(end)) != word
        and len(stem) > 2
        and (stem in subjects or f"{stem}e" in subjects)
        for end in _ENDINGS
    )
