"""Each measured chain, traced from its recorded answers: the first conclusion is right, or leaves it open."""

import re
from collections import Counter, defaultdict
from functools import cache
from typing import get_args

import pytest

from man.build.conclusions import WORDS
from tests.cases import SHARE, every, named, share
from tests.trace.chains import Chain, chains, trace
from wsprobe.trace.changes import CHANGES
from wsprobe.trace.conclusion import Certainty
from wsprobe.trace.conclusions import RULES
from wsprobe.trace.series import TRACE, Choice

CHAINS = chains()


@cache
def whole(number, direct):
    """The trace of one of CHAINS, with nothing skipped."""
    return trace(CHAINS[number], direct=direct)


def right(chain, *, direct):
    """The ids of conclusions that say what is true of *chain*, by those who knew the fault: from outside,
    or *direct*, where they might connect without the proxy."""
    return frozenset(chain.value["ids_with_direct" if direct else "ids"])


def verdict(found, chain, *, direct):
    if found.id in right(chain, direct=direct):
        return "right"
    return "open" if found.open else "wrong"


@pytest.mark.parametrize("direct", [False, True], ids=["outside", "direct"])
@every(named(range(len(CHAINS)), lambda number: CHAINS[number].name))
def test_the_first_conclusion(number, direct):
    chain = CHAINS[number]
    seen, found = whole(number, direct)
    assert verdict(found[0], chain, direct=direct) != "wrong", found[0]
    assert 4 <= len(seen.answers) <= TRACE.most
    assert set(found[0].because) <= set(seen.answers)
    assert [each.likely for each in found] == sorted((each.likely for each in found), reverse=True)
    if direct and chain.value["hop_with_direct"] == "app":
        assert "application" in found[0].text
    if direct and found[0].id not in (
        "opens",
        "idle-timeout",
        "addresses-differ",
        "rate-limited",
        "origin-wanted",
    ):
        assert re.search(r"asked directly", found[0].text, re.IGNORECASE)


def test_few_are_left_open_and_words_mean_what_the_manual_counts():
    """Outside, what stays open does so as nothing tells; with the application's own address nothing does. What
    is certain is never wrong, and the numbers of wsprobe-conclusions(7) are those of the chains."""
    count, known = Counter(), Counter()
    for number, chain in enumerate(CHAINS):
        for direct in (False, True):
            first = whole(number, direct)[1][0]
            count[first.certainty, verdict(first, chain, direct=direct)] += 1
            known[direct, verdict(first, chain, direct=direct)] += 1
    assert known == {(False, "right"): 121, (False, "open"): 7, (True, "right"): 128}
    assert count == {
        ("certain", "right"): 82,
        ("likely", "right"): 166,
        ("likely", "open"): 7,
        ("possible", "right"): 1,
    }
    told = dict(WORDS)
    assert tuple(told) == get_args(Certainty)
    assert re.findall(r"\d+", told["certain"] + told["likely"]) == ["82", "82", "166", "173", "7"]


UNMARKED = ("server", "via", "x-varnish", "age")


def unmarked(chain):
    """The same chain of hops that do not name themselves, nor write pages that are known."""

    def bare(answer):
        kept = {name: value for name, value in answer.items() if name not in UNMARKED}
        body = str(kept.get("body_start", ""))
        if re.match(r"(?is)\s*<(?:!doctype|html)", body):
            kept["body_start"] = f"<p>{kept['status']}</p>"
        return kept

    answers = {name: bare(answer) for name, answer in chain.value["answers"].items()}
    return Chain({**chain.value, "answers": answers})


@pytest.mark.parametrize("direct", [False, True], ids=["outside", "direct"])
def test_no_rule_needs_to_know_the_proxy(direct):
    """The chains in the field have other proxies: where none of them is known, less is concluded and nothing
    wrong."""
    for chain in share(CHAINS):
        other = unmarked(chain)
        # What is in front of the application may then be taken for one more way to lose Upgrade, which is open.
        try:
            _, found = trace(other, direct=direct)
        except LookupError as missing:  # a request that was not made of every chain
            pytest.fail(str(missing))
        assert verdict(found[0], chain, direct=direct) != "wrong", (chain.name, found[0])


SENT_AS = {"addresses": "address ", "subprotocols": "no-protocol"}


@pytest.mark.parametrize("left_out", [row.name for row in CHANGES if row.name not in ("base", "get")])
def test_no_conclusion_hangs_on_one_request(left_out):
    """With --skip of any one change, what is concluded from the rest is poorer and not wrong."""
    needed = {
        # A chain whose fault shows in that one answer only looks whole without it.
        "addresses": {"addresses-differ"},
        "again-1": {"rate-limited"},
        "again-2": {"idle-timeout", "rate-limited"},
        "origin": {
            "host-changed-or-origin-list",
            "host-changed",
            "origin-lost",
            "origin-wanted",
            "origin-rule",
        },
    }
    for number, chain in list(enumerate(CHAINS))[:: 2 * SHARE]:
        for direct in (False, True):
            asked = whole(number, direct)[0].answers
            if not any(name.startswith(SENT_AS.get(left_out, left_out)) for name in asked):
                continue  # it would not have been sent
            expected = right(chain, direct=direct)
            if expected & needed.get(left_out, set()):
                continue
            choice = Choice(skip=frozenset({left_out, "backend-held"}))
            _, found = trace(chain, direct=direct, choice=choice)
            outside = left_out.startswith("backend") and verdict(found[0], chain, direct=False) != "wrong"
            assert outside or verdict(found[0], chain, direct=direct) != "wrong", (chain.name, found[0])


def supported():
    for number, chain in enumerate(CHAINS):
        for direct in (False, True):
            _, found = whole(number, direct)
            yield found[0].id, chain.value["chain"].split("+")[0].split("@")[0]


def test_what_rests_on_one_chain_is_known():
    """Every other conclusion holds for at least two different chains: it is not fitted to a single case."""
    support = defaultdict(set)
    for id, chain in supported():
        support[id].add(chain)
    alone = {id for id, found in support.items() if len(found) < 2}
    assert alone == {
        *("addresses-differ", "browser-headers-wanted", "http-1.0", "key-changed", "method-refused"),
        *("origin-wanted", "server-error", "slash"),
    }
    assert set(support) <= {rule.id for rule in RULES} | {"session", "unavailable"}
