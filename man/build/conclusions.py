"""wsprobe-conclusions(7): what a trace and an audit conclude, from the rules themselves."""

from __future__ import annotations

from collections.abc import Iterator

from man.build import mdoc
from wsprobe.trace.audit import WEAKNESSES
from wsprobe.trace.audit_requests import ROWS
from wsprobe.trace.conclusion import Rule
from wsprobe.trace.conclusions import RULES
from wsprobe.trace.weakness import Weakness

WORDS = (
    (
        "certain",
        "The answers themselves show it: the request never arrived, or what fails through the proxy opens "
        "directly. Right in 82 of 82 traces of the recorded chains, from which the rules were made.",
    ),
    (
        "likely",
        "It fits the answers best, but another cause could give the same answers. Right in 166 of 173 such "
        "traces; in the other 7 it leaves open which of several causes it is.",
    ),
    ("possible", "Other causes fit about as well: check it before you change anything."),
)
"""The words before a conclusion, and what they mean."""


def page() -> str:
    return mdoc.page("wsprobe-conclusions", 7, "what wsprobe trace concludes from the answers", _body())


def _body() -> Iterator[str]:
    yield ".Sh DESCRIPTION"
    yield from mdoc.text(
        "wsprobe trace compares the answers to its requests, and prints a conclusion with the answers that "
        "prove it; wsprobe trace --audit reports weaknesses. This page lists both by their ids. "
        "wsprobe explain 'cause ID', or 'weakness ID', says what to do about each."
    )
    yield ".Sh HOW CERTAIN A CONCLUSION IS"
    yield from mdoc.tagged(WORDS, compact=True)
    yield ".Sh CONCLUSIONS"
    yield from mdoc.text("wsprobe tries the rules in this order; the first that no answer refutes decides.")
    yield from mdoc.tagged(
        (rule.id or "the cause of the answer", f"Seen: {rule.seen}. Means: {rule.means}.{_limit(rule)}")
        for rule in RULES
    )
    yield ".Sh REQUESTS OF AN AUDIT"
    yield from mdoc.text("In the order they are sent:")
    yield from mdoc.tagged(((row.name, f"{row.changed}. Shows: {row.tells}.") for row in ROWS), compact=True)
    yield ".Sh WEAKNESSES"
    yield from mdoc.tagged((each.id, _about(each)) for each in WEAKNESSES)
    yield from mdoc.references("wsprobe(1)", "wsprobe-explain(1)", "wsprobe-trace(1)", "wsprobe-json(5)")


def _about(each: Weakness) -> str:
    number = f", CWE-{each.cwe}" if each.cwe else ""
    return f"{each.title} ({each.level}{number}). Found if {each.seen}. {each.why}{_limit(each)}"


def _limit(rule: Rule | Weakness) -> str:
    return f" Not known: {rule.cannot_know}." if rule.cannot_know else ""
