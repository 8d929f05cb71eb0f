"""Which explanation a topic means."""

from __future__ import annotations

import re
from collections.abc import Callable

from wsprobe.explain.entry import Entry
from wsprobe.nearest import MOST, nearest

_NUMBER = re.compile(r"[0-9]{1,5}")
_PREFIXED = re.compile(
    r"(?i)(close|code|status|http|exit|finding|outcome|spec|revision|rule|scenario|lab)"
    r"[ :](?:code |status )?(\S+)"
)
FRAGMENT = 3
"""Words of a console text that are enough to find it."""


class UnknownTopic(LookupError):
    """Nothing is known under that name. The message is one line and suggests the nearest topics."""


def all_topics() -> tuple[str, ...]:
    """Every topic by name, console texts left out: those are found by pasting one."""
    from wsprobe.explain.subjects import (
        close_codes,
        findings,
        headers,
        outcomes,
        revisions,
        scenarios,
        script,
        sections,
        statuses,
    )

    sources = (outcomes, statuses, close_codes, headers, script, findings, revisions, sections, scenarios)
    return tuple(dict.fromkeys(topic for source in sources for topic in source.topics()))


def find(topic: str) -> Entry:
    """The explanation of *topic*: a close code, status, header, word of the page, finding, outcome, revision,
    rule, section or scenario by its name, a citation (``RFC 6455 section 4.1, item 4``), or a line copied from
    a console. Where one word means several things, ``close 1006``, ``status 403``, ``exit 12``,
    ``finding unresolved``, ``rule upgrade``, ``lab:403`` say which. Raises UnknownTopic.
    """
    asked = " ".join(topic.split())
    entry = (
        _prefixed(asked)
        or _number(asked)
        or _header(asked)
        or _script(asked)
        or _named(asked)
        or _cited(asked)
        or _console(asked)
    )
    if entry is None and asked:
        entry = _named("-".join(asked.split()))
    if entry is None:
        raise UnknownTopic(_unknown(asked))
    return entry


def _number(asked: str) -> Entry | None:
    """0 to 99, 130 and 141: exit statuses; up to 999: HTTP statuses; the rest: close codes."""
    if not _NUMBER.fullmatch(asked):
        return None
    number = int(asked)
    from wsprobe.explain.subjects import close_codes, outcomes, statuses

    if number >= 1000:
        return close_codes.find(number)
    if entry := outcomes.exit_status(number):
        return entry
    return statuses.find(number) if number >= 100 else None


def _prefixed(asked: str) -> Entry | None:
    match = _PREFIXED.fullmatch(asked)
    if match is None:
        return None
    kind, rest = match[1].lower(), match[2]
    if _NUMBER.fullmatch(rest) and kind in _NUMBERED:
        return _NUMBERED[kind](int(rest))
    return _WORDED[kind](rest.lower()) if kind in _WORDED else None


def _close(number: int) -> Entry | None:
    from wsprobe.explain.subjects import close_codes

    return close_codes.find(number)


def _status(number: int) -> Entry | None:
    from wsprobe.explain.subjects import statuses

    return statuses.find(number)


def _exit(number: int) -> Entry | None:
    from wsprobe.explain.subjects import outcomes

    return outcomes.exit_status(number)


def _outcome(word: str) -> Entry | None:
    from wsprobe.explain.subjects import outcomes

    return outcomes.find(word)


def _finding(word: str) -> Entry | None:
    from wsprobe.explain.subjects import findings

    return findings.find(word)


def _revision(word: str) -> Entry | None:
    from wsprobe.explain.subjects import revisions

    return revisions.find(word)


def _section(word: str) -> Entry | None:
    from wsprobe.explain.subjects import sections

    return sections.find(word)


def _scenario(word: str) -> Entry | None:
    from wsprobe.explain.subjects import scenarios

    return scenarios.find(word)


def _script(asked: str) -> Entry | None:
    from wsprobe.explain.subjects import script

    return script.find(asked)


def _header(asked: str) -> Entry | None:
    from wsprobe.explain.subjects import headers

    return headers.find(asked)


def _cited(asked: str) -> Entry | None:
    from wsprobe.explain import citations

    return citations.find(asked)


def _console(asked: str) -> Entry | None:
    from wsprobe.explain import console

    return console.find(asked)


_NUMBERED: dict[str, Callable[[int], Entry | None]] = {
    "close": _close,
    "code": _close,
    "status": _status,
    "http": _status,
    "exit": _exit,
}
_WORDED: dict[str, Callable[[str], Entry | None]] = {
    "exit": lambda word: _outcome("exit") if word == "status" else None,
    "finding": _finding,
    "outcome": _outcome,
    "spec": _revision,
    "revision": _revision,
    "rule": _revision,
    "scenario": _scenario,
    "lab": _scenario,
}
_NAMED = (_outcome, _revision, _section, _finding, _scenario)


def _named(asked: str) -> Entry | None:
    if " " in asked and asked.lower() not in ("exit status",):
        return None
    for source in _NAMED:
        if entry := source(asked.lower()) or source(asked):
            return entry
    return None


def _unknown(asked: str) -> str:
    if not asked:
        return "the topic is empty: name one, or --list for all of them"
    if _NUMBER.fullmatch(asked):
        return f"{asked} is no exit status, no HTTP status and no close code"
    numbers = (word for word in asked.split() if len(word) > 2 and _number(word))
    titles = _titles()
    called = (each for name in nearest(asked, titles, words=False) for each in titles[name])
    near = (*numbers, *_text_with(asked), *called, *nearest(asked, all_topics()))
    found = tuple(dict.fromkeys(near))[:MOST]
    hint = f"; nearest: {', '.join(found)}" if found else ""
    return f"nothing is known under {asked[:60]!a}{hint}; --list shows all topics"


def _titles() -> dict[str, list[str]]:
    """What statuses and close codes are called -> the numbers, and what they are called."""
    from wsprobe.explain.files import load

    titles: dict[str, list[str]] = {}
    for row in (*load("statuses")["status"], *load("close_codes")["code"]):
        titles.setdefault(row["name"].lower(), []).append(f"{row['number']} ({row['name']})")
    return titles


def _text_with(asked: str) -> tuple[str, ...]:
    """The console text that *asked* is a part of."""
    from wsprobe.explain import console

    if len(asked.split()) < FRAGMENT:
        return ()
    texts = (text for text in console.texts() if asked.lower() in text.lower() and text.isascii())
    return tuple(f'"{text}"' for text in texts)[:1]
