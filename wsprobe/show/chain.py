"""The certificates that a server sent, as text, with the facts needed to fix them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wsprobe.exchange import Certificate
from wsprobe.recording.certificate import days_left, described
from wsprobe.text import counted, shown_text

NAMES = 12
"""The most names listed of one certificate."""


def chain(sent: Sequence[Certificate], started: str = "") -> Iterator[str]:
    """Lines about each certificate of *sent*, the server's own first.

    *started*: the time, ISO 8601 in UTC, for the days left; "" to leave these out.
    """
    for number, each in enumerate(sent):
        more = described(each.der)
        days = days_left(each, started) if started else None
        left = "" if days is None else f", {_days(days)}"
        name = "certificate" if number == 0 else "  and"
        yield f"{name} of {shown_text(each.subject) or 'no name'}, by {shown_text(each.issuer) or 'no name'}"
        if each.names:
            rest = len(each.names) - NAMES
            listed = ", ".join(each.names[:NAMES]) + (f" and {rest} more" if rest > 0 else "")
            yield f"    names {shown_text(listed)}"
        yield f"    valid {each.not_before} to {each.not_after}{left}"
        yield f"    {more.key or 'key unknown'}, {more.signature}, sha256 {more.sha256}"
        if number == 0 and more.public_key:
            yield f"    public key sha256//{more.public_key}"


def _days(days: int) -> str:
    return f"{counted(days, 'day')} left" if days >= 0 else f"expired {counted(-days, 'day')} ago"
