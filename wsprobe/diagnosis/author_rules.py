"""A rule for the author of an answer, and the signs that an answer must have for it.

Most of the thirty rules cannot match a given answer: a page of nginx begins with a tag, an answer of aiohttp
names Python in Server, or begins with its status or with words of its own. Each rule declares such signs. Only
rules of which the answer has a sign are tried."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from wsprobe.diagnosis.evidence import Evidence
from wsprobe.diagnosis.programs import Author
from wsprobe.diagnosis.statuses import phrase_of

Find = Callable[[Evidence], Author | None]


class AuthorRule(msgspec.Struct, frozen=True):
    """A function that knows one author, or a few, and the signs of their answers: no answer without at least
    one of them is theirs."""

    find: Find
    """The author and the causes of an answer; None if the rule does not know it."""
    begins: frozenset[str]
    """Beginnings of the body, after white space; "" for an empty one."""
    servers: frozenset[str]
    """The letters at the beginning of Server."""
    fields: frozenset[str]
    """The names of fields, in lower case."""
    types: frozenset[str]
    """Values of Content-Type."""
    own_reason: bool
    """A reason phrase other than the standard one of the status."""


def known_by(
    *,
    begins: Iterable[str] = (),
    servers: Iterable[str] = (),
    fields: Iterable[str] = (),
    types: Iterable[str] = (),
    own_reason: bool = False,
) -> Callable[[Find], AuthorRule]:
    """Make a rule of a function, with the signs of its answers, as in ``AuthorRule``."""

    def decorate(find: Find) -> AuthorRule:
        return AuthorRule(
            find, frozenset(begins), frozenset(servers), frozenset(fields), frozenset(types), own_reason
        )

    return decorate


class AuthorRules:
    """Rules in the order in which they are tried, by the signs of an answer."""

    def __init__(self, rules: Sequence[AuthorRule]) -> None:
        self.rules = tuple(rules)
        self._by_begin: dict[str, list[tuple[str, list[int]]]] = defaultdict(list)
        """First character -> the beginnings with it, each with the places of its rules."""
        for begin, places in _places(rule.begins for rule in rules).items():
            self._by_begin[begin[:1]].append((begin, places))
        self._by_server = _places(rule.servers for rule in rules)
        self._by_field = _places(rule.fields for rule in rules)
        self._by_type = _places(rule.types for rule in rules)
        self._by_own_reason = {place for place, rule in enumerate(rules) if rule.own_reason}

    def author(self, evidence: Evidence) -> Author | None:
        """What the first rule that knows the answer finds; None if no rule does."""
        for rule in self.fitting(evidence):
            if (known := rule.find(evidence)) is not None:
                return known
        return None

    def fitting(self, evidence: Evidence) -> Iterator[AuthorRule]:
        """Yields the rules with a sign that the answer has, in their order."""
        text = evidence.text.lstrip()
        places: set[int] = set()
        for begin, of_rules in self._by_begin.get(text[:1], ()):
            if text.startswith(begin):
                places.update(of_rules)
        places.update(self._by_type.get(evidence.get("content-type"), ()))
        for server in evidence.servers:
            if (letters := _LETTERS.match(server)) is not None:
                places.update(self._by_server.get(letters[0], ()))
        for name in self._by_field.keys() & evidence.by_name.keys():
            places.update(self._by_field[name])
        if evidence.reason != phrase_of(evidence.status):
            places |= self._by_own_reason
        return map(self.rules.__getitem__, sorted(places))


def _places(signs: Iterable[frozenset[str]]) -> dict[str, list[int]]:
    """Sign -> the places of the rules that have it."""
    found: dict[str, list[int]] = defaultdict(list)
    for place, of_rule in enumerate(signs):
        for sign in of_rule:
            found[sign].append(place)
    return dict(found)


_LETTERS = re.compile("[A-Za-z]+")
