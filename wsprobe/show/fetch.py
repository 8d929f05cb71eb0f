"""What fetch() of the same URL sees, as lines."""

from __future__ import annotations

from wsprobe.browsers import BY_NAME
from wsprobe.browsers.fetch import Fetched, FetchView
from wsprobe.read import read
from wsprobe.show.lines import Line, Look, Piece, line

SHOWN = 200
"""Bytes of a body."""


def fetch_lines(fetched: Fetched, look: Look) -> list[Line]:
    """The call, its result for a script in each browser, and the missing header."""
    status = read(fetched.exchange).status
    groups: dict[tuple[str, str], list[str]] = {}
    for view in fetched.views:
        groups.setdefault((_got(view, status, look), view.add), []).append(BY_NAME[view.browser].title)
    rows = [line(Piece(f'fetch("{look.text(fetched.url.encode())}") in the page:', "title"))]
    for (got, add), names in groups.items():
        rows.append(line(f"  {', '.join(names)}: ", got))
        if add:
            rows.append(line(Piece("    -> ", "good"), f"send {look.text(add.encode())} (and Vary: Origin)"))
    return rows


def _got(view: FetchView, status: int | None, look: Look) -> str:
    because = look.text(view.because.encode())
    if view.exception is not None:
        wire = "" if status is None else f" (the answer was {status})"
        return f"{view.exception.name}, no status, no body: {because}{wire}"
    if view.status is None:
        return because
    more = "..." if len(view.body) > SHOWN else ""
    return f'status {view.status}, body "{look.text(view.body[:SHOWN])}{more}"'
