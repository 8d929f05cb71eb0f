"""Shell completion of option values: the words that a value can be, or can go on with.

Each takes them from where they are defined, and loads no more than that: a person waits for it.
"""

from __future__ import annotations

from collections.abc import Iterable

import click


def browsers(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Engines, and the next one of a list."""
    from wsprobe.browsers import ENGINES

    begun, comma, last = incomplete.rpartition(",")
    words = ENGINES if comma else (*ENGINES, "all")
    return _beginning(last, (word for word in words if word not in begun.split(",")), begun + comma)


def specs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Specification revisions, the next one of a list, and the end of a range."""
    from wsprobe.history.data import revisions

    at = max(incomplete.rfind(",") + 1, incomplete.rfind("..") + 2 if ".." in incomplete else 0)
    return _beginning(incomplete[at:], revisions() if at else (*revisions(), "all"), incomplete[:at])


def wires(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The wire versions that are spoken."""
    from wsprobe.session.framing import FRAMINGS

    return _beginning(incomplete, FRAMINGS)


def expectations(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """What can be expected, up to its ``=``; outcomes, and the ids of findings."""
    from wsprobe.cli.results import expect
    from wsprobe.outcome import TABLE

    if incomplete.startswith("outcome="):
        return _beginning(incomplete, (f"outcome={row.outcome}" for row in TABLE if row.outcome))
    if incomplete.startswith("finding:"):
        from wsprobe.judge.findings import FINDINGS

        return _beginning(incomplete, (f"finding:{id}" for id in FINDINGS))
    return _beginning(incomplete, (f"{kind}{':' if kind in expect.NAMED else '='}" for kind in expect.KINDS))


def _beginning(with_: str, words: Iterable[str], before: str = "") -> list[str]:
    return [before + word for word in words if word.startswith(with_)]
