"""Many small cases in one test. A test of its own takes pytest and its two workers two milliseconds: for 20,000
cases of a tenth of that, most of the time. What fails is told by the name of its case, as ever; ``--case WORD``
runs only the cases that have it in their name.

Of a large table the default run takes every fourth case, the same ones in every run, and of what has the mark
``all_cases`` nothing: all of them take longer than a person waits. ``WSPROBE_TESTS=all pytest`` takes them all;
``WSPROBE_TESTS=others`` what the default run leaves out, and every small table, as CI does on another Python
(.ci/run): the two together have every case. What runs for minutes (``-m engines``, ``floods``, ``kills``, ...)
takes a share too, and all with ``all``."""

import os
import re
from collections.abc import Mapping
from difflib import unified_diff
from inspect import signature
from itertools import islice
from typing import TypeVar
from zlib import crc32

import pytest

T = TypeVar("T")

ALL = os.environ.get("WSPROBE_TESTS") == "all"
OTHERS = os.environ.get("WSPROBE_TESTS") == "others"
EXAMPLES = 100 if ALL else 30 if OTHERS else 10
"""How many examples Hypothesis tries; of what takes little time, a multiple. They are the same in every run."""
LARGE = 100
"""Cases of a table that are all run by default."""
FOURTH = 4
SHARE = 1 if ALL or OTHERS else FOURTH
"""Of a larger one, one case in so many is run by default; a share of other things is as large."""
SHOWN = 5
"""Failures that are shown whole, if there are more than one; the others are only named."""
THIRD = 3
"""Of the cases of an engine, CI plays one in so many."""
wanted = ""
"""What --case says; set by tests/conftest.py."""
first_only = False
"""Whether the first failure ends it, as -x says."""


def verdict(text):
    """The first line of a report without the target: ``dropped: no WebSocket was opened``."""
    return re.sub(r"^([a-z-]+)(?: \d+)?  \S+?(?:: |$)", r"\1: ", text.partition("\n")[0])


def same(now, kept):
    """That what is said *now*, a text or rows, is what the file has (*kept*); else what differs is shown."""
    if now != kept:
        was, now = ([*map(str, each.split("\n") if isinstance(each, str) else each)] for each in (kept, now))
        shown = "\n".join(unified_diff(was, now, "as the file has it", "as it is now", lineterm=""))
        raise AssertionError(f"\n{shown}\n`python -m tests.rewrite` writes it anew, if it is meant")


def share(cases):
    """Every fourth of *cases*; all of them with ``WSPROBE_TESTS=all``, and with ``others`` the others."""
    if OTHERS:
        return [case for number, case in enumerate(cases) if number % FOURTH]
    return list(islice(cases, 0, None, SHARE))


def each(cases, check, quick=False):
    """Call *check* with every case. Raises what it raised, with the name of the case as a note; together, if
    there were several. *quick*: all of them take less than a second."""
    selected = {name: case for name, case in cases.items() if wanted in name}
    if len(selected) > LARGE and not wanted and not quick:
        selected = dict(share(selected.items()))
    if not selected:
        pytest.skip(f"no case with {wanted!r} in its name" if wanted else "no case")
    failed = {}
    for name, case in selected.items():
        try:
            check(case)
        except Exception as error:
            error.add_note(f"case: {name}")
            failed[name] = error
            if first_only:
                break
    if len(failed) == 1:
        raise next(iter(failed.values()))
    if failed:
        said = f"{len(failed)} of {len(selected)} cases failed: {', '.join(failed)}"
        raise ExceptionGroup(said, list(failed.values())[:SHOWN])


def turn(cases, of, number, whole=ALL):
    """One in *of* of the *cases* by name, or the *whole* table. The name alone decides which: a new
    case moves no other. *of* engines, each with a *number* of its own, have all of them together."""
    return {name: case for name, case in cases.items() if whole or (crc32(name.encode()) - number) % of == 0}


def chosen(cases, of, number, kinds, always=lambda _: False, whole=ALL):
    """One in *of*, as ``turn`` chooses them; at least one of each of their *kinds*; and each case for which
    *always* is true."""
    found = turn(cases, of, number, whole)
    met = {kind for case in found.values() for kind in kinds(case)}
    for name, case in cases.items():
        if always(case) or not kinds(case) <= met:
            found[name] = case
            met |= kinds(case)
    return found


def has_each_kind(share, whole, kinds, most):
    """Raises AssertionError unless a *share* has each of the *kinds* of the *whole*, and is less than *most*
    of it."""
    met, wanted = ({kind for case in of for kind in kinds(case)} for of in (share, whole))
    assert met == wanted
    assert len(share) < most * len(whole)


def part(rows, of, number):
    """Of a few *rows* one in *of*, beginning with this *number*; all with WSPROBE_TESTS=all."""
    return rows if ALL else rows[number % of :: of]


def every(cases, quick=False):
    """Make one test of a function of a case, its first parameter. The other parameters are fixtures, which all
    cases have in common. What is no mapping is named by str(). A function makes them when the test runs: each
    worker collects all tests. A *quick* table is run whole, however large it is."""
    known = None if callable(cases) else by_name(cases)

    def decorate(check):
        def test(**fixtures):
            each(by_name(cases()) if known is None else known, lambda case: check(case, **fixtures), quick)

        return named_as(check, test)

    return decorate


def named_as(work, test):
    """*test*, for pytest the function *work* without its first parameter."""
    _, *others = signature(work).parameters.values()
    test.__signature__ = signature(work).replace(parameters=others)
    for name in ("__name__", "__qualname__", "__doc__", "__module__"):
        setattr(test, name, getattr(work, name))
    return test


def by_name(cases):
    return cases if isinstance(cases, Mapping) else named(cases)


def named(cases, name=str):
    """*cases* by their names, of which none may stand twice."""
    made = {}
    for case in cases:
        assert name(case) not in made, f"two cases are called {name(case)}"
        made[name(case)] = case
    return made
