"""Reads ``ledger.txt``: every MUST and SHOULD for a server's answer and session, and what the judge says of it.

In the file a heading begins each specification, and a rule is::

    4.2.2, step 4  MUST  the server refuses a version that it does not speak
      if: the request has an unknown Sec-WebSocket-Version
      finding: version-not-refused

``MUST?``: whether the rule applies, or which of two rules, does not show in the answer. ``not seen:`` takes the
place of ``finding:`` and says why no breach can be seen from outside.
"""

from __future__ import annotations

from functools import cache
from typing import Literal, cast

from msgspec import Struct

from wsprobe.data_file import text_beside

Requirement = Literal["MUST", "MUST?", "SHOULD"]


class LedgerRule(Struct, frozen=True):
    """One requirement of a specification for a server."""

    spec: str
    """``RFC 6455``."""
    section: str
    level: Requirement
    text: str
    condition: str = ""
    """When it applies, if not to every answer."""
    findings: tuple[str, ...] = ()
    """The ids of the findings that report a breach."""
    not_seen: str = ""
    """Why no breach can be seen; "" if *findings* has one."""


def parse(text: str) -> tuple[LedgerRule, ...]:
    """The rules in *text*, in its order. Raises ValueError for a rule that is not whole."""
    found: list[LedgerRule] = []
    spec = ""
    for block in text.strip().split("\n\n"):
        if block.startswith("== "):
            spec = block[3:].partition(":")[0]
            continue
        first, *lines = block.split("\n")
        section, level, rule = first.split("  ")
        parts = dict(line.strip().split(": ", 1) for line in lines)
        found.append(
            LedgerRule(
                spec,
                section,
                cast(Requirement, level),
                rule,
                parts.pop("if", ""),
                tuple(parts.pop("finding", "").replace(" ", "").split(",")) if "finding" in parts else (),
                parts.pop("not seen", ""),
            )
        )
        if parts:
            raise ValueError(f"{spec} section {section} has an unknown part: {', '.join(parts)}")
    return tuple(found)


@cache
def ledger() -> tuple[LedgerRule, ...]:
    """All rules, by specification and section."""
    return parse(text_beside(__file__, "ledger.txt"))
