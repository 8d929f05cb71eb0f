"""The tables of ``trace --help all`` and its manual page: what a trace and an audit send, and what their
answers show."""

from __future__ import annotations

from wsprobe.cli.option import Tables
from wsprobe.trace.audit import WEAKNESSES
from wsprobe.trace.audit_requests import ROWS
from wsprobe.trace.changes import CHANGES
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
        "It fits the answers best, but another fault could give the same answers. Right in 166 of 173 such "
        "traces; in the other 7 it leaves open which of several causes it is.",
    ),
    ("possible", "Other causes fit about as well: check it before you change anything."),
)
"""The words before a conclusion, and what they mean."""


def trace_tables() -> Tables:
    """Requests by name, conclusions and weaknesses by id; each with what it observes, means and cannot show."""
    return (
        (
            "Changes, in the order they are sent",
            [(row.name, f"{row.changed}. Shows: {row.tells}.") for row in CHANGES],
        ),
        ("How certain a conclusion is", list(WORDS)),
        (
            "Conclusions, first that fits",
            [
                (rule.id or "the cause of the answer", f"Seen: {rule.seen}. Means: {rule.means}.{_limit(rule)}")
                for rule in RULES
            ],
        ),
        (
            "Requests of --audit, in the order they are sent",
            [(row.name, f"{row.changed}. Shows: {row.tells}.") for row in ROWS],
        ),
        ("Weaknesses that --audit looks for", [(each.id, _about(each)) for each in WEAKNESSES]),
    )


def _about(each: Weakness) -> str:
    number = f", CWE-{each.cwe}" if each.cwe else ""
    return f"{each.title} ({each.level}{number}). Found if {each.rule.seen}. {each.why}{_limit(each.rule)}"


def _limit(rule: Rule) -> str:
    return f" Not known: {rule.cannot_know}." if rule.cannot_know else ""
