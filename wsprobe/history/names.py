"""Revision names as options and JSON use them: one, a list, a range, or all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsprobe.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wsprobe.history.revision import Revision


class UnknownRevision(ValueError):
    """A name that no revision has. The message is one line and suggests the nearest names."""


def select(text: str, known: Mapping[str, Revision] | None = None) -> tuple[Revision, ...]:
    """The revisions that *text* names, oldest first, each once.

    ``rfc6455``; ``hybi-07,r1.210``; a range ``hybi-05..rfc6455``, of one kind (protocol or API) if both its
    ends are, of everything between them if not; ``all``: every revision that can read an answer. Raises
    UnknownRevision.
    """
    if known is None:
        from wsprobe.history.data import revisions

        known = revisions()
    wanted = {name for part in text.split(",") for name in expand(part.strip(), known)}
    return tuple(revision for revision in known.values() if revision.name in wanted)


def expand(part: str, known: Mapping[str, Revision]) -> tuple[str, ...]:
    """The names that one element of a list stands for. Raises UnknownRevision."""
    order = list(known)
    if part == "all":
        return tuple(name for name in order if known[name].reads)
    if ".." not in part:
        return (_check(part, known),)
    first, _, last = part.partition("..")
    low, high = order.index(_check(first, known)), order.index(_check(last, known))
    if low > high:
        raise UnknownRevision(f"the range {part} runs backwards: write {last}..{first}")
    kinds = {known[first].kind, known[last].kind}
    between = order[low : high + 1]
    if len(kinds) == 1:
        return tuple(name for name in between if known[name].kind in kinds)
    return tuple(name for name in between if known[name].reads)


def _check(name: str, known: Mapping[str, Revision]) -> str:
    if name in known:
        return name
    near = nearest(name, known)
    hint = f"; nearest: {', '.join(near)}" if near else ""
    raise UnknownRevision(f"no specification revision is called {name!r}{hint}; try `wsprobe explain history`")
