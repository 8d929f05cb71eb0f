"""Failures in the words of any client, recognised by the form of the text, not by a list of clients.

A status in the text leads to that status, a header to the fault in that header, a phrase such as "reset by
peer" to that failure, a close code to that code. Many clients share these forms, so the data names no client.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

from msgspec import Struct

from wsprobe.data_file import one_line
from wsprobe.diagnosis.kinds import kinds
from wsprobe.explain import tables
from wsprobe.explain.entry import Topic, lab, load
from wsprobe.judge import FINDINGS

KIND = "error text"
WITHOUT_CAUSE = "handshake-failed"
"""The failure for a text without a cause."""
BEFORE_HANDSHAKE = "failed-request"
"""The failure of an HTTP request that a client makes first, whose status is not that of a handshake."""

_CURLY = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u00a0": " ", "`": "'"})
_URL = r"""\b[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>]*[^\s"'<>.,:;)\]]"""
_ADDRESS = r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?|\[[0-9a-fA-F:]*::?[0-9a-fA-F:]*\](?::\d+)?"
_PLACE = r"\b[\w./-]+\.(?:c|cc|cpp|h|js|mjs|ts|py|go|rs|java|kt|swift|dart|rb|php|ex|exs|cs)(?::\d+)+"
_SSL_OPTION = r"(?i)\bssl:(?:default|true|false)\b"
_HEADERS = r"(?i)\bheaders?(?: follow)?:(?= [a-z-]+: ).*"
"""Headers of the answer that a client appends to its text: they need not be wrong."""
_NOISE = r"""(?xi)
    \[?(?:errno|os[ ]error|winerror|alert[ ]number|error[ ]code|osstatus[ ]error)[ :=]*-?\d+\]?
    | \bport:?[ ]?\d+ | \bline:?[ ]\d+
    | \b\d+(?:\.\d+)?[ ]?(?:ms|msec|milliseconds?|s|secs?|seconds?|minutes?|bytes?|kb|kib)\b
    | \b(?!code|status|close|reason)[\w-]+:\d{4,5}\b(?!\d)
    | curl:[ ]\(\d+\) | \d{4}-\d\d-\d\d\S* | \b\d\d:\d\d:\d\d\S* | RFC[ ]?\d+
    """
"""Numbers other than statuses and close codes."""

_STATUS = r"""(?xi)(?:
      \b(?:status(?:[_ -]?code)?|response(?:[_ -]?code)?|code|HTTP(?:/\d(?:\.\d)?)?|rejected|refused|got
        |received|returned|answered|replied|responded|was|with|upgrade|errors?|description|handshake|request|failed
        |server|unexpected|fin)\b
      [^\w\n]{0,6}
      (?:(?:of|with|is|was|code|an?|but|got|the|status|error|http|value)\b[^\w\n]{0,4}){0,3}
      [^\w\n]{0,4}
    | [(\[](?=\d{3}[)\] ,:])
    | ^(?=\d{3}[,:;][ ])
    | [A-Za-z](?:Error|Exception):[ ](?=\d{3}\b)
    | \b101\W{1,3}
    | :[ ](?=\d{3}$)
    )
    (?:b['"])?(?P<status>101|[2-5]\d\d)(?![\d.]*\d|\s?(?:%|x\d))"""
_NAMED_STATUS = r"(?<![\d.:])(?P<status>101|[2-5]\d\d)\W{1,4}(?P<name>[A-Za-z][A-Za-z' -]+)"
_CLOSE = (
    r"(?i)\b(?:clos\w*|code|status|statuscode|websocket|sent|received|rcvd|with|reason|error"
    r"|\w*disconnect\w*)\b[^\d\n]{0,40}?"
    r"(?<![\d.-])(?P<code>1\d{3}|3\d{3}|4\d{3})(?![\d.]*\d)|\((?P<only>1\d{3}|[34]\d{3})\)"
    r"|(?:^|: )(?P<first>4\d{3})[:,]? "
    r"(?=forbidden|unauthori[sz]ed|bad request|not found|too many|timeout|internal)"
)
_QUESTION = r"(?i)(?:how|why|what|when|where|who|which|is|are|can|should|does|do)\b(?!.*: )|.*\?$"


_OF_CODE = (
    r"(?i)is not (?:a function|defined|a constructor|iterable)|no module named|cannot (?:read|set) propert"
    r"|command not found|unexpected token|has no attribute|too long to shut down"
    r"|doesn.t support the websocket denial response|\bexpected ASGI message|\bEADDRINUSE"
    r"|port is already in use"
)
"""A mistake in a program, not a failed connection."""


class FailureMatch(Struct, frozen=True):
    """The failure in a text."""

    words: str
    """The matching part of the text."""
    failure: dict[str, Any] | None = None
    """The row of ``data/failures.toml``."""
    status: int | None = None
    close_code: int | None = None
    before_handshake: bool = False
    """The status is that of an HTTP request that the client makes first."""


def find(text: str) -> Topic | None:
    """The explanation of the failure in *text*; None without a known form, or if it only says that something
    failed."""
    found = recognise(text)
    return None if found is None or _is_general(found) else _entry(found)


def find_general(text: str) -> Topic | None:
    """The explanation of the failure in *text*, even without a cause."""
    found = recognise(text)
    return None if found is None else _entry(found)


def _is_general(found: FailureMatch) -> bool:
    return found.failure is not None and found.failure["id"] == WITHOUT_CAUSE


@lru_cache(maxsize=4)  # find looks up to three times
def recognise(text: str) -> FailureMatch | None:
    """The failure in *text*: a status goes before a phrase, a phrase before a close code."""
    plain = " ".join(text.translate(_CURLY).split())
    if re.match(_QUESTION, plain) or re.search(_OF_CODE, plain):
        return None
    plain = re.sub(_PLACE, "PLACE", re.sub(_ADDRESS, "ADDRESS", re.sub(_URL, "URL", plain)))
    plain = re.sub(_HEADERS, "", re.sub(_SSL_OPTION, "", plain))
    numbers = re.sub(_NOISE, " _ ", plain)
    failure, words = _failure(plain)
    code, code_words = _close_code(numbers)
    about_closing = failure is not None and failure["id"] in _OF_CLOSING
    status, status_words = (None, "") if about_closing else _status(numbers)
    vague = failure is None or failure.get("general", False)
    if failure is not None and re.search(failure.get("first", _NEVER), plain, re.IGNORECASE):
        return FailureMatch(words, failure, status, code)
    if status == 101 and vague and re.search(_NOT_101, plain):
        return FailureMatch(status_words, _row("not-switched"), status, code)
    if status is not None and status != 101:
        first = any(row["id"] == BEFORE_HANDSHAKE and form.search(plain) for row, form, _ in _forms())
        return FailureMatch(status_words, None, status, code, before_handshake=first)
    if code and (code >= 4000 or re.search(_EVENT, plain)):
        return FailureMatch(code_words, None, None, code)
    if failure is not None and vague and (named := re.search(_NAMES, plain)):
        return FailureMatch(named[0], None, tables.status_numbers()[named[0].lower()], code)
    if failure is not None and not (code and vague):
        return FailureMatch(words, failure, status, code)
    if code is not None:
        return FailureMatch(code_words, None, None, code)
    return None


_NOT_101 = r"(?i)non-101|unexpected|not 101|unhandled|failed|bad"
_EVENT = r"(?i)\bclose ?event\b"
_NAMES = (
    r"(?i)\b(?:forbidden|unauthorized|not found|bad gateway|service unavailable|too many requests|"
    r"upgrade required|internal server error|method not allowed|bad request)\b"
)
"""Names of statuses, for a text without a number."""
_NEVER = r"(?!)"
_OF_CLOSING = ("close-code-reserved", "close-code-range")


def _row(id: str) -> dict[str, Any]:
    return next(row for row in load("failures")["failure"] if row["id"] == id)


def _failure(plain: str) -> tuple[dict[str, Any] | None, str]:
    for row, form, unless in _forms():
        if (match := form.search(plain)) and not (unless and unless.search(plain)):
            return row, match[0].strip(" :,")
    return None, ""


@cache
def _forms() -> tuple[tuple[dict[str, Any], re.Pattern[str], re.Pattern[str] | None], ...]:
    """Each failure with one pattern for its forms, in the order of the file."""
    data = load("failures")
    words = {"{missing}": data["missing"], "{wrong}": data["wrong"]}

    def compiled() -> Iterator[tuple[dict[str, Any], re.Pattern[str], re.Pattern[str] | None]]:
        for row in data["failure"]:
            pattern = "|".join(f"(?:{form})" for form in row["forms"])
            for name, meant in words.items():
                pattern = pattern.replace(name, meant)
            unless = re.compile(row["unless"], re.IGNORECASE) if "unless" in row else None
            yield row, re.compile(pattern, re.IGNORECASE), unless

    return tuple(compiled())


def _status(plain: str) -> tuple[int | None, str]:
    """The status in *plain*. The expected status (101) counts only if there is no other."""
    names = tables.status_names()
    hits = [(match.start("status"), match) for match in re.finditer(_STATUS, plain)]
    hits += [
        (match.start("status"), match)
        for match in re.finditer(_NAMED_STATUS, plain)
        if match["name"].lower().startswith(names.get(int(match["status"]), "\0"))
    ]
    hits.sort(key=lambda hit: (hit[1]["status"] == "101", hit[0]))
    return (int(hits[0][1]["status"]), hits[0][1][0].strip(" :,([")) if hits else (None, "")


def _close_code(plain: str) -> tuple[int | None, str]:
    for match in re.finditer(_CLOSE, plain):
        number = int(match["code"] or match["only"] or match["first"])
        if number < 1016 or number >= 3000:
            return number, match[0].strip(" :,")
    compact = plain.replace(" ", "").replace("_", "").lower()
    for name, number in tables.close_code_names().items():
        if re.search(rf"(?:status|closecode|closestatus\W?|closeframe\W*){name}", compact):
            return number, name
    return None, ""


def _entry(found: FailureMatch) -> Topic:
    if found.failure is None and found.status is not None:
        return _status_entry(found, found.status)
    if found.failure is None:
        assert found.close_code is not None
        return _code_entry(found, found.close_code)
    row = _told(found.failure)
    see = [*row["see"], *((str(found.close_code),) if found.close_code else ())]
    code = found.close_code
    also = (("close code in the text", f"{code} {tables.name_of(code)}"),) if code else ()
    usual = (("usually", row["usual"]),) if row["usual"] else ()
    facts = (*usual, ("what to do", row["fix"]), *also, *lab(row["scenarios"]))
    means = f"{row['title']}: {row['means']}" if row["title"] else row["means"]
    return Topic(found.words, KIND, found.words, (means,), facts, tuple(dict.fromkeys(see)))


def _told(row: dict[str, Any]) -> dict[str, Any]:
    """The meaning of *row*: its own words, or those of the finding or cause with its name."""
    if "means" in row:
        own = {key: one_line(row[key]) for key in ("means", "usual", "fix")}
        return {"title": "", "see": row["see"], "scenarios": row.get("scenarios", ()), **own}
    more = {"see": [row["id"], *row.get("see", ())], "scenarios": row.get("scenarios", ())}
    if (kind := kinds().get(row["id"])) is not None:
        return {"title": kind.title, "means": kind.meaning, "usual": "", "fix": kind.fix, **more}
    entry = FINDINGS[row["id"]]
    return {"title": entry.title, "means": entry.meaning, "usual": entry.usual, "fix": entry.advice, **more}


_NO_101 = "The server answered with this status instead of 101."
_BEFORE = (
    "The server answered an HTTP request with this status: this client negotiates, polls or fetches over HTTP "
    "first. It is not the status of a WebSocket handshake."
)


def _status_entry(found: FailureMatch, status: int) -> Topic:
    entry = tables.find_status(status)
    facts = tuple(fact for fact in entry.facts if fact[0] in ("usually", "what to do", "see it"))
    text: tuple[str, ...] = (_NO_101, entry.text[0])
    if found.before_handshake:
        text, facts = (_BEFORE,), (*facts[:1], ("what to do", _row(BEFORE_HANDSHAKE)["fix"]))
    return Topic(str(status), KIND, entry.title, text, facts, (str(status), *entry.see_also))


def _code_entry(found: FailureMatch, code: int) -> Topic:
    entry = tables.find_close_code(code)
    assert entry is not None
    facts = tuple(fact for fact in entry.facts if fact[0] != "in a Close frame")
    text = (f"The text contains close code {code}.", *entry.text)
    return Topic(f"close {code}", KIND, entry.title, text, facts, (str(code), *entry.see_also))
