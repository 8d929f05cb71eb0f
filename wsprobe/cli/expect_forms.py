"""The forms of ``--expect``: the conditions, and the operators of each."""

from __future__ import annotations

from typing import Literal

from wsprobe.report.timing import TIMES

Operator = Literal["", "=", "!=", "~", "<"]
"""``""``: present. ``~``: a regular expression matches somewhere in the text."""
TEXT: tuple[Operator, ...] = ("=", "!=", "~")
OPERATORS: dict[str, tuple[Operator, ...]] = {
    "status": ("=", "!="),
    "outcome": ("=", "!="),
    "close": ("=", "!="),
    "close-reason": TEXT,
    "protocol": TEXT,
    "header": ("", *TEXT),
    "body": TEXT,
    "message": TEXT,
    "finding": ("", "=", "!="),
    "cause": ("", "=", "!="),
    "weakness": ("", "=", "!="),
    "cert-days": ("=",),
    "view": ("=", "!="),
    **dict.fromkeys(TIMES, ("<",)),
}
"""Condition -> its operators, the usual one first."""
NAMED = ("header", "finding", "cause", "weakness", "view")
"""Conditions with a name after a colon."""
ABSENT = ("header", "finding", "cause", "weakness")
"""Conditions for which ``!=NAME`` means that there is none."""
FORMS = (
    "status=403, status=4xx, outcome=open, close=4403, close-reason=TEXT, protocol=NAME, header:NAME=VALUE, "
    "body~REGEX, message~REGEX, finding:ID, finding=none, cause:ID, cause=none, time_total<2, "
    "cert-days=14; != for the opposite"
)
VIEW = "view:BROWSER=CODE"
"""Of `compare`: the code of the close event in this browser, or the outcome of the view."""
