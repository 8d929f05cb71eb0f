"""Reading x specification -> Verdict: every fault, each with its section; and the outcome in one word."""

from __future__ import annotations

from wsprobe.judge.findings import FINDINGS, Entry
from wsprobe.judge.outcome import outcome
from wsprobe.judge.verdict import RFC6455, Specification, judge

__all__ = ["FINDINGS", "RFC6455", "Entry", "Specification", "judge", "outcome"]
