"""The forms of ``--expect``: what can be expected, and which operators may follow."""

from __future__ import annotations

from typing import Literal

from wsprobe.timing import TIMES

Operator = Literal["", "=", "!=", "~", "<"]
"""``""``: it is there. ``~``: a regular expression matches somewhere in the text."""
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
"""What can be expected -> the operators that may follow, the usual one first."""
NAMED = ("header", "finding", "cause", "weakness", "view")
"""Those that a name belongs to, after a colon."""
ABSENT = ("header", "finding", "cause", "weakness")
"""Those of which ``!=NAME`` says that there is none."""
FORMS = (
    "status=403, status=4xx, outcome=open, close=4403, close-reason=TEXT, protocol=NAME, header:NAME=VALUE, "
    "body~REGEX, message~REGEX, finding:ID, cause:ID, time_total<2, cert-days=14; != for the opposite"
)
VIEW = "view:BROWSER=CODE"
"""Of `compare`: the code of the close event that script in this browser gets, or the view's outcome."""
