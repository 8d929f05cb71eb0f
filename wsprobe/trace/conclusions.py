"""What the answers of a trace mean together. The rules are read in order; the first with a
conclusion that no row of the table refutes decides.

The order comes from measured chains of a proxy and an application with one fault each (11 proxies, 8 chains of
two); other chains exist, so people get words, no numbers (``Conclusion.certainty``). What cannot be told
apart from outside is one conclusion that leaves it open.
"""

from __future__ import annotations

from wsprobe.trace import (
    rules_changed,
    rules_open,
    rules_part_refused,
    rules_plain_get,
    rules_stated,
    rules_unreachable,
)
from wsprobe.trace.conclusion import DESCRIBED, Conclusion, Rule
from wsprobe.trace.trace import Trace

_MODULES = (rules_changed, rules_open, rules_part_refused, rules_plain_get, rules_stated, rules_unreachable)
_FOUND = {name: each for of in _MODULES for name, each in vars(of).items() if isinstance(each, Rule)}
RULES: tuple[Rule, ...] = tuple(_FOUND[name.replace("-", "_")] for name in DESCRIBED)
"""Why comes after where: a repeat that differs, an address, TLS; then what the answer complains of; then what
one change shows; then what is left."""


def conclusions(seen: Trace) -> tuple[Conclusion, ...]:
    """What *seen* means, most likely first; empty if nothing was answered yet."""
    if "base" not in seen.answers:
        return ()
    for rule in RULES:
        found = tuple(rule.unrefuted(seen))
        if found:
            return tuple(sorted(found, key=lambda each: -each.likely))
    return ()
