"""Looks up explanations offline, for any text that a person may paste."""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec.structs import replace

from wsprobe.diagnosis.kinds import kinds
from wsprobe.diagnosis.proxies import proxies
from wsprobe.diagnosis.statuses import STATUSES
from wsprobe.explain import console, failures, http2, misread, program, revisions, tables
from wsprobe.explain.entry import Topic, load, text, value
from wsprobe.judge import FINDINGS
from wsprobe.nearest import MOST, nearest
from wsprobe.report.outcome import STATUS_OF

__all__ = ["UnknownTopic", "all_topics", "find", "find_nearest", "text", "value"]

_NUMBER = r"[0-9]{1,5}"
_WITH_ITS_NAME = r"(?i)(http/[\d.]+ )?([0-9]{3,4})(?: \(?(.*?)\)?)?"
_PREFIXED = (
    r"(?i)(close|code|status|http|exit|finding|cause|weakness|outcome|spec|revision|rule|scenario|lab)"
    r"[ :](?:code |status )?(\S+)"
)
LONGEST = 8192
"""Most characters of a topic that are read: longer than a console line with a long URL."""
FRAGMENT = 3
"""Words of a console text that suffice to find it."""


QUOTES = (
    ('"', '"'),
    ("'", "'"),
    ("`", "`"),
    ("\u201c", "\u201d"),
    ("\u201e", "\u201c"),
    ("\u2018", "\u2019"),
    ("\u00ab", "\u00bb"),
)
"""Pairs around a pasted text."""


class UnknownTopic(LookupError):
    """There is no such topic. The message is one line and suggests the nearest topics, which *near* has."""

    def __init__(self, message: str, near: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.near = near


def all_topics() -> tuple[str, ...]:
    """Every topic by name, except console texts: to find those, paste one."""
    return tuple(dict.fromkeys(topic for topics in groups().values() for topic in topics))


def groups() -> dict[str, tuple[str, ...]]:
    """The same topics by kind."""
    return {
        "Outcomes and exit statuses": ("exit", *STATUS_OF),
        "HTTP statuses": tuple(map(str, STATUSES)),
        "Close codes": tables.names("close_codes", "code", "number"),
        "Headers": tables.names("headers", "header"),
        "Proxies": ("proxy", *(each.key for each in proxies())),
        "Remedies: how a server lets a page know": (
            tables.REMEDY,
            *(f"{tables.REMEDY} {name}" for name in tables.names("remedies", "remedy")),
        ),
        "What a page sees": tables.names("script"),
        "Words of wsprobe": tables.names("wsprobe"),
        "Words of the protocol": tables.names("protocol"),
        "Frameworks, development servers and services": tables.names("program"),
        "Files that browsers write": tables.names("evidence"),
        "Findings": (program.RULES, *FINDINGS),
        "Causes": tuple(kinds()),
        "Weaknesses that trace --audit looks for": program.weakness_topics(),
        "Specification revisions and their rules": revisions.topics(),
        "WebSockets over HTTP/2": ("http2",),
        "Sections": tables.names("sections", "section", "topic"),
        "Scenarios of the lab": program.scenario_topics(),
    }


def find(topic: str) -> Topic:
    """The explanation of *topic*: a close code, status, header, word of the page, finding, weakness, outcome,
    revision, rule, section or scenario by its name, a citation (``RFC 6455 section 4.1, item 4``), or a line
    copied from a console. If a word has several meanings, a prefix selects one: ``close 1006``, ``status 403``,
    ``exit 12``, ``finding unresolved``, ``rule upgrade``, ``lab:403``. Raises UnknownTopic.
    """
    asked = _plain(topic)
    entry = _find(asked)
    if entry is None:
        raise _unknown(asked)
    return entry


def find_nearest(topic: str) -> tuple[Topic, str]:
    """The explanation of *topic*, and ""; or the nearest one, and the text that finds it. A text with a misread
    letter may have another meaning, so the corrected text goes first; of several lines, the first known one
    counts. Raises UnknownTopic if nothing is near.
    """
    asked = _plain(topic)
    entry = _find(asked)
    read = misread.corrected(asked)
    if read != asked and (meant := _find(read)) is not None and not _same(meant, entry):
        return meant, read
    if entry is not None:
        return entry, ""
    lines = topic[:LONGEST].splitlines()
    for line in lines if len(lines) > 1 else ():
        if line.strip() and (entry := _find(_plain(line))) is not None:
            return entry, ""
    error = _unknown(asked)
    for name in error.near:
        name = name.strip('"')
        if (entry := _find(name)) is not None:
            return entry, name
    raise error


def _same(one: Topic, other: Topic | None) -> bool:
    return other is not None and (one.text, one.facts) == (other.text, other.facts)


def _plain(topic: str) -> str:
    """*topic* on one line, without the quotes around it."""
    asked = " ".join(topic[:LONGEST].split())
    inside = asked[1:-1]
    for first, last in QUOTES if len(asked) > 2 else ():
        if asked[0] == first and asked[-1] == last and first not in inside and last not in inside:
            return inside.strip()
    return asked


def _find(asked: str) -> Topic | None:
    """The topic of *asked*. An id of a finding or cause leads to its own topic, which names the other topics of
    the same word."""
    found = _first(asked)
    ids = tuple(each for each in (program.find_finding(asked), program.find_cause(asked)) if each is not None)
    if found is None or not any(each.topic == asked for each in ids):
        return found
    meanings = [each for each in (found, *ids) if each.topic == asked]
    others = [f"{each.kind} {asked}" for each in meanings[1:] if each.kind != meanings[0].kind]
    others += [found.topic] if found.topic != asked else []
    return replace(meanings[0], see_also=tuple(dict.fromkeys((*others, *meanings[0].see_also))))


def _first(asked: str) -> Topic | None:
    return (
        tables.find_remedy(asked)
        or _prefixed(asked)
        or _number(asked)
        or tables.find_header(asked)
        or tables.find_term(asked)
        or console.find_printed(asked)
        or _of_chromium(asked)
        or _named(asked)
        or tables.find_citation(asked)
        or _in_a_console(asked)
        or _with_its_name(asked)
        or program.find_finding("-".join(asked.split()))
        or failures.find(asked)
        or _named("-".join(asked.split()))
        or console.find_general(asked)
        or failures.find_general(asked)
    )


def _of_chromium(asked: str) -> Topic | None:
    """An error of Chromium as its own pages have it: without the prefix that it has in the console."""
    return console.find(f"net::{asked}") if re.fullmatch(r"ERR_[A-Z_]+", asked) else None


def _in_a_console(asked: str) -> Topic | None:
    """The text of a console. Where *asked* has a status behind a text that has none, the status says more."""
    entry = console.find(asked)
    if entry is None or any(each.isdigit() for each in entry.title):
        return entry
    found = failures.recognise(asked)
    return entry if found is None or found.status in (None, 101) else failures.find(asked) or entry


def _number(asked: str) -> Topic | None:
    """0 to 99, 130 and 141: exit statuses; up to 999: HTTP statuses; the rest: close codes."""
    if not re.fullmatch(_NUMBER, asked):
        return None
    number = int(asked)
    if number >= 1000:
        return tables.find_close_code(number)
    if entry := program.exit_status(number):
        return entry
    return tables.find_status(number) if number >= 100 else None


def _with_its_name(asked: str) -> Topic | None:
    """A status line, or a number with its name: ``403 Forbidden``, ``1006 (Abnormal Closure)``."""
    match = re.fullmatch(_WITH_ITS_NAME, asked)
    if match is None:
        return None
    line, number, name = match.groups()
    if line:
        return tables.find_status(int(number))
    entry = _number(number)
    return entry if entry is not None and name and name.lower() in entry.title.lower() else None


def _prefixed(asked: str) -> Topic | None:
    match = re.fullmatch(_PREFIXED, asked)
    if match is None:
        return None
    kind, rest = match[1].lower(), match[2]
    if re.fullmatch(_NUMBER, rest) and kind in _NUMBERED:
        if kind == "http" and int(rest) < 100:  # a version of it
            return None
        return _NUMBERED[kind](int(rest))
    return _WORDED[kind](rest.lower()) if kind in _WORDED else None


_NUMBERED: dict[str, Callable[[int], Topic | None]] = {
    "close": tables.find_close_code,
    "code": tables.find_close_code,
    "status": tables.find_status,
    "http": tables.find_status,
    "exit": program.exit_status,
}
_WORDED: dict[str, Callable[[str], Topic | None]] = {
    "exit": lambda word: program.find_outcome("exit") if word == "status" else None,
    "finding": program.find_finding,
    "cause": program.find_cause,
    "weakness": program.find_weakness,
    "outcome": program.find_outcome,
    "spec": revisions.find,
    "revision": revisions.find,
    "rule": revisions.find,
    "scenario": program.find_scenario,
    "lab": program.find_scenario,
}
_NAMED = (
    program.find_outcome,
    program.find_rules,
    program.find_proxy,
    http2.find,
    revisions.find,
    tables.find_section,
    program.find_finding,
    program.find_cause,
    program.find_weakness,
    program.find_scenario,
)


def _named(asked: str) -> Topic | None:
    if " " in asked and asked.lower() not in ("exit status",):
        return None
    for source in _NAMED:
        if entry := source(asked.lower()) or source(asked):
            return entry
    return None


def _unknown(asked: str) -> UnknownTopic:
    if not asked:
        return UnknownTopic("the topic is empty: give one, or list all with --list")
    if re.fullmatch(_NUMBER, asked):
        return UnknownTopic(f"{asked} is not an exit status, an HTTP status or a close code")
    numbers = (word for word in asked.split() if len(word) > 2 and _number(word))
    titles = _titles()
    called = (each for name in nearest(asked, titles, words=False) for each in titles[name])
    near = (*numbers, *_text_with(asked), *called, *nearest(asked, all_topics()), *_words_of(asked))
    found = tuple(dict.fromkeys(near))[:MOST]
    hint = f"; nearest: {', '.join(found)}" if found else ""
    return UnknownTopic(f"no such topic: {asked[:60]!a}{hint}; --list shows all topics", found)


def _words_of(asked: str) -> tuple[str, ...]:
    """The headers and terms among the single words of *asked*."""
    found = (tables.find_header(word) or tables.find_term(word) for word in asked.split() if len(word) > 2)
    return tuple(entry.topic for entry in found if entry is not None)


def _titles() -> dict[str, list[str]]:
    """Other names -> topics; the name of a status or close code -> its number and name."""
    titles: dict[str, list[str]] = {other: [topic] for other, topic in tables.other_names().items()}
    names = [(number, row.name) for number, row in STATUSES.items()]
    names += [(row["number"], row["name"]) for row in load("close_codes")["code"]]
    for number, name in names:
        titles.setdefault(name.lower(), []).append(f"{number} ({name})")
    return titles


def _text_with(asked: str) -> tuple[str, ...]:
    """The console text that contains *asked*."""
    if len(asked.split()) < FRAGMENT:
        return ()
    texts = (each for each in console.texts() if asked.lower() in each.lower() and each.isascii())
    return tuple(f'"{each}"' for each in texts)[:1]
