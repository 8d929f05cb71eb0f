"""HTTP statuses as answers to a WebSocket handshake."""

from __future__ import annotations

from typing import Any

from wsprobe.explain.entry import Entry
from wsprobe.explain.files import lab, line, load, paragraphs

_SCRIPT = (
    'error, then close with code 1006, reason "", wasClean false; the status is not among what a script may '
    "learn (WHATWG WebSockets section 4)."
)
_BROWSERS = {
    "fails": 'Chromium: "Unexpected response code: {number}"; Firefox: "can\'t establish a connection"; '
    'WebKitGTK: "The server did not accept the WebSocket handshake."',
    "redirect": 'Chromium: "Unexpected response code: {number}"; Firefox fails too; WebKitGTK follows.',
    "interim": 'Chromium fails: "Unexpected response code: {number}"; Firefox and WebKitGTK go on reading.',
    "opens": "open, if the headers are right; otherwise error, then close 1006.",
}
_REDIRECTS = (301, 302, 303, 307, 308)


def topics() -> tuple[str, ...]:
    return tuple(str(row["number"]) for row in load("statuses")["status"])


def find(number: int) -> Entry:
    """The status *number*: its own row, or that of its class."""
    data = load("statuses")
    row = next((row for row in data["status"] if row["number"] == number), None)
    if row is None:
        first = number // 100 if 100 <= number < 600 else 0
        row = next(row for row in data["class"] if row["first"] == first)
    return _entry(number, row)


def meaning(number: int) -> str:
    """One sentence or two on what *number* means as an answer to a handshake, and its usual cause."""
    entry = find(number)
    return f"{entry.title}: {entry.text[0]} Usually {dict(entry.facts)['usually']}."


def _entry(number: int, row: dict[str, Any]) -> Entry:
    how = _how(number)
    facts = (
        ("usually", row["usual"]),
        ("what to do", line(row["fix"])),
        ("browsers", row.get("browsers") or _BROWSERS[how].format(number=number)),
        *((("script", _SCRIPT),) if how != "opens" else ()),
        ("protocol", _PROTOCOL[how]),
        *lab(row.get("scenarios", ())),
    )
    see = tuple(row.get("see", ())) or ("1006",)
    return Entry(str(number), "HTTP status", f"{number} {row['name']}", paragraphs(row["means"]), facts, see)


_PROTOCOL = {
    "fails": "not a failure but an HTTP answer: the handshake has not completed and the semantics of HTTP "
    "still apply (RFC 6455 sections 1.3 and 4.1).",
    "redirect": "a client may follow and does not have to (RFC 6455 section 4.1, check 1); browsers must not "
    "since API revision 1.210 of 2011-05-24.",
    "interim": "not mentioned by RFC 6455; per HTTP procedures it is skipped (RFC 9110 section 15.2).",
    "opens": "the checks of RFC 6455 section 4.1 decide.",
}


def _how(number: int) -> str:
    if number == 101:
        return "opens"
    if 100 <= number < 200:
        return "interim"
    return "redirect" if number in _REDIRECTS else "fails"
