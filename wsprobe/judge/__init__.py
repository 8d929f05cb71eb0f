"""Reading x specification -> Verdict: every fault, each with its section; and the outcome in one word.

The rules are imported when they are first needed: explaining a finding takes its table and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wsprobe.judge.findings import FINDINGS, Entry
    from wsprobe.judge.verdict import RFC6455, Specification, judge
    from wsprobe.judge.word import outcome

__all__ = ["FINDINGS", "RFC6455", "Entry", "Specification", "judge", "outcome"]

_HOME = {
    "FINDINGS": "wsprobe.judge.findings",
    "Entry": "wsprobe.judge.findings",
    "RFC6455": "wsprobe.judge.verdict",
    "Specification": "wsprobe.judge.verdict",
    "judge": "wsprobe.judge.verdict",
    "outcome": "wsprobe.judge.word",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)
