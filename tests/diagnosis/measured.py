"""Answers of real servers with their true causes (measured.jsonl and servers.jsonl), and what a diagnosis makes
of them.

A line of measured.jsonl is one answer: ``kind`` of server, what was ``made`` to happen and its true ``cause``,
known from the code and configuration of the server; the kinds of cause that are ``right``, none where nothing
went wrong that the bytes show; those that are true and say too little (``vague``); what words name it
(``says``, a pattern for ``re``); who may be named as the author (``programs``). ``request`` and the ``data`` of
events are text of one character a byte, in which ``{x*20000}`` stands for so many x; an event ``sent`` without
data sent the request. ``set``: in which part of the work a line came to be; ``held`` lines were not read when
rules were written, only counted."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from tests.diagnosis.recorded import reading_of, recorded
from wsprobe.diagnosis import ACTS, PROGRAMS
from wsprobe.exchange import Event, Exchange, Plan
from wsprobe.read import read
from wsprobe.read.reading import Reading
from wsprobe.request import target

Verdict = Literal["right", "open", "vague", "next", "quote", "silent", "false", "quiet"]
"""Of the first cause: it is the true one (``right``); its sentence leaves several open and names the true one
(``open``); it is true and says too little (``vague``); it is not so, and one of the next two is (``next``); it
quotes the server and names no kind of cause; there is none; it is not
so, or names a program that did not write the answer. ``quiet``: nothing went wrong, and nothing is named."""


class Measured(msgspec.Struct, frozen=True):
    """One answer and the truth about it."""

    id: str
    kind: str
    right: tuple[str, ...]
    vague: tuple[str, ...]
    says: str
    programs: tuple[str, ...]
    reading: Reading
    part: str
    """A word of ``measure.PARTS``."""
    behind: str = ""
    cause: str = ""

    def __str__(self):
        return self.id


NAMED = {
    "upgrade-lost": r"drops Upgrade|dropped Upgrade|a field that was lost|no Upgrade\b",
    "http-1.0": r"HTTP/1\.0|drops Upgrade",
    "crashed-before-accept": r"exception|\bcrash",
    "crashed": r"exception",
    "hangs": r"is blocked|did not accept within",
    "handler-returned": r"handler that returned",
    "no-accept": r"handler that returned|return without accepting|returned without accepting",
    "denial": r"denial response",
    "method": r"the request was a",
    "handshake-incomplete": r"request lacks Upgrade",
    "version-unsupported": r"version other than 13|request is not 13|version changed",
    "key": r"Sec-WebSocket-Key of the request|Sec-WebSocket-Key\b",
    "header-too-large": r"more than most servers allow",
    "origin-refused": r"\bOrigin\b(?! server)|\borigin\b",
    "refused": r"\brefuse[sd]?\b|\brefusal\b|\ba check\b",
    "unauthorized": r"\btoken\b|credentials",
    "credentials-refused": r"credentials",
    "session": r"\(sid\)|id in the path",
    "not-socket.io": r"Socket\.IO requires|Socket\.IO on another",
    "generation": r"version of the Socket\.IO",
    "transport": r"transport that Socket\.IO",
    "mqtt": r"\bMQTT\b",
    "intercepted": r"hides an error|nginx replaced",
    "upgrade-refused": r"upgrade_configs",
    "closed": r"on purpose",
    "hijacker": r"http\.Hijacker",
    "no-websocket": r"WebSocket (?:support|library)|no WebSocket endpoint",
    "changed": r"changed in transit|changes a field|changes or drops Sec-WebSocket-Version",
    "client-certificate": r"client certificate",
    "no-route": r"(?:unknown|wrong|without a|no such) (?:path|route)"
    r"|no (?:WebSocket )?(?:route|endpoint|code|server)\b|this path|\(path,",
    "no-upgrade-listener": r"no code that handles|no code handles",
    "subprotocol-required": r"subprotocol",
    "subprotocol-none": r"subprotocol",
    "other-protocol": r"another protocol",
    "tls-port": r"(?:expects|for) TLS|TLS port",
    "backend-tls": r"TLS (?:or HTTP/2 )?on one side|TLS or HTTP/2 sent",
    "backend-closed": r"close[ds]? the connection|backend (?:refused or )?failed|gets no answer",
    "message-refused": r"does not accept",
    "idle-timeout": r"idle timeout",
    "first-message": r"waited for a message|first message",
    "proxy-waits": r"does not forward",
    "backend-timeout": r"gets no answer|got no answer|backend (?:refused or )?failed|never answers"
    r"|does not answer",
    "backend-down": r"(?:can|could|does) ?not reach|gets no answer|backend (?:refused or )?failed|is down"
    r"|not running",
    "blocked-by-rule": r"a rule\b|firewall",
    "too-large": r"too large",
    "overloaded": r"overloaded|limit on",
    "rate-limited": r"too many requests|limit_req|limit on|counts requests",
    "closing": r"\bstops\b|shuts down",
    "host-refused": r"\bHost\b",
}
"""Kinds of cause -> the words with which a sentence that leaves several open names them."""


def judge(causes, of):
    """What the first of *causes* is worth."""
    if not causes:
        return "silent" if of.right else "quiet"
    first = causes[0]
    if first.program is not None and first.program not in of.programs:
        return "false"
    if first.certainty == "own-request" and not _may_be_blamed(first, of):
        return "false"
    if first.id in of.right or (of.says and _quotes(first, of)):
        return "right"
    if _leaves_open(first, of):
        return "open"
    if not of.right:
        return "false"
    if first.id == "server-says" or (first.id in ACTS and first.quote):
        return "quote"
    if first.id in of.vague or first.id in ACTS:
        return "vague"
    return "next" if any(cause.id in of.right for cause in causes[1:3]) else "false"


OWN = frozenset(
    {
        *("method", "handshake-incomplete", "version-unsupported", "key", "protocol-malformed", "upgrade-lost"),
        *("header-too-large", "host-refused", "subprotocol-none", "subprotocol-required", "extension-refused"),
    }
)
"""Kinds of cause that what wsprobe sent leads to."""


def _may_be_blamed(cause, of):
    """The request had a part in it: otherwise what to do about the request is false, whatever the kind."""
    return cause.id in of.right or bool(OWN.intersection(of.right))


def _quotes(cause, of):
    """The cause has no more than the server's own words, and they name what was wrong."""
    bare = cause.id in ACTS or cause.id in ("server-says", "not-http-text")
    return bare and bool(re.search(of.says, f"{cause.without_usual} {cause.evidence}"))


def _leaves_open(cause, of):
    """The cause is one that names several possibilities, and the true one is among them."""
    own = cause.without_quote
    several = bool(re.search(r"\bor\b|usual causes?: ", own))
    if several and of.part in ("servers3", "misled") and re.search(of.says, own):
        return True
    return several and any(re.search(NAMED[id], own) for id in of.right if id in NAMED)


@cache
def measured():
    """Every answer: those of servers.jsonl first."""
    return (*_first(), *_later())


def _first():
    for each in recorded():
        named = (PROGRAMS[each.author].name,) if each.author else ()
        reading = reading_of(each.answer, each.ended, each.asked, each.late)
        kind, part = each.server, "servers"
        yield Measured(str(each), kind, each.causes, (), "", named, reading, part, each.behind)


def _later():
    text = (Path(__file__).parent / "measured.jsonl").read_text("ascii")
    for row in map(json.loads, text.splitlines()):
        yield Measured(
            row["id"],
            row["kind"],
            tuple(row["right"]),
            tuple(row["vague"]),
            row["says"],
            tuple(row["programs"]),
            read(exchange_of(row)),
            row["set"],
            row["behind"],
            row["cause"],
        )


def exchange_of(row):
    """The recording in a line of measured.jsonl."""
    request = _bytes(row["request"])
    events = [_event(dict(event), request) for event in row["events"]]
    return Exchange(Plan(target.parse(row["url"]), request), tuple(events))


def _event(event, request):
    if event["event"] in ("sent", "received", "tunnel-sent", "tunnel-received"):
        event["data"] = _bytes(event["data"]) if "data" in event else request
    found = msgspec.convert(event, Event)
    return found


def _bytes(text):
    return re.sub(r"\{x\*(\d+)\}", lambda run: "x" * int(run[1]), text).encode("latin-1")
