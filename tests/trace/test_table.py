"""The table of a trace and the answers that prove a conclusion, as they are shown."""

import pytest

from tests.cases import every
from tests.trace.rules import Section
from wsprobe.show.audit import row as audit_row
from wsprobe.show.lines import Look, text_of
from wsprobe.show.trace import NAME, because, concluded, row
from wsprobe.trace.conclusions import conclusions
from wsprobe.trace.series import Choice


def seen_of(*lines):
    return Section("", lines, "").trace()


def test_because_shows_how_long_each_was_held():
    seen = seen_of("start backends=1", "base: 101", "again-2: 101 idle 4", "backend: 101", "backend-held: 101")
    found, look = conclusions(seen), Look()
    shown = [text_of(each) for each in because(found[0], seen, look)]
    assert shown[0].split(None, 1) == ["again-2", "held: dropped after 4.0 s"]
    assert shown[1].split(None, 1)[1].startswith("held: still open after")
    assert concluded(found, seen, Choice(), look)
    assert "held: dropped after 4.0 s" in text_of(row("again-2", seen, look)[0])


@pytest.mark.parametrize(("room", "shown"), [(9, ""), (10, "Gone...now"), (26, "Gone or somewhere else now")])
def test_less_than_ten_columns_of_what_an_answer_is_about_are_not_shown(room, shown):
    seen = seen_of("base: 404 Gone or somewhere else now")
    columns = NAME + 2 + 12 + 2
    told = text_of(row("base", seen, Look(width=columns + room, terminal=True))[0])
    assert told[columns:] == shown


@pytest.mark.parametrize("rows", [row, audit_row])
def test_a_quote_without_room_is_left_out_and_not_cut(rows):
    body = "Failed to open a WebSocket connection: invalid Connection header: close."
    seen = seen_of(f"base: 404 Not Found | {body}")
    whole = text_of(rows("base", seen, Look())[0])
    begins, quote, _ = whole.partition(' "')
    assert quote
    for width in range(len(begins), len(begins) + 30):
        shown = text_of(rows("base", seen, Look(terminal=True, width=width))[0])
        assert len(shown) <= width
        assert shown.rstrip() == begins.rstrip() or (shown.startswith(begins) and shown.endswith(' ..."'))


@every(range(60, 140))
def test_a_quote_is_closed_and_cut_between_words(width):
    body = "No WebSocket UPGRADE hdr: None  Can Upgrade only to WebSocket: hdr version unknown, and so on"
    seen = seen_of(f"base: 404 Not Found | {body}", "get: 403 Forbidden; Server: uvicorn |")
    look, found = Look(terminal=True, width=width), conclusions(seen)[0]
    shown = concluded((found,), seen, Choice(), look)
    begins = [text_of(each) for each in shown if text_of(each).startswith("  base ")]
    for line in (*begins, *(text_of(each) for each in row("base", seen, look))):
        assert len(line) <= width
        quote = line.partition(' "')[2]
        if quote:
            kept = quote.removesuffix(' ..."')
            assert quote.endswith(' ..."')
            assert set(kept.split()) <= set(body.split())


@pytest.mark.parametrize(
    ("base", "origin", "ends"),
    [
        ("101", "101", "as base"),
        ("101 closed 4403 no", "101 closed 4403 no", "as base"),
        ("101 closed 4403 no", "101 closed 4401 no", "Close 4401: no"),
        ("101", "101 closed 4403 no", "Close 4403: no"),
        ("101 closed 4403 no", "101", ""),
        ("403 Forbidden | no", "403 Forbidden | no", "as base"),
        ("403 Forbidden | no", "403 Forbidden | other", '"other"'),
        ("101", "stopped", ""),
    ],
)
def test_a_row_is_as_base_if_nothing_tells_them_apart(base, origin, ends):
    """Two sessions that open and end for different reasons are not the same row."""
    seen = seen_of(f"base: {base}", f"origin: {origin}")
    shown = text_of(row("origin", seen, Look())[0]).rstrip()
    assert shown.endswith(ends or " ms" if origin == "101" else ends)
    assert shown.endswith("as base") == (ends == "as base")


def test_the_bytes_of_a_server_are_escaped_once_in_a_conclusion():
    """Some of its words come from a cause, which has them escaped, and some from the answer itself."""
    for base in (
        "403 Forbidden | \u26a0\ufe0f origin not allowed \x1b[2J",
        "500 Sorry | \u26a0\ufe0f sorry \x1b[2J",
    ):
        seen = seen_of(f"base: {base}", "get: = base")
        shown = "\n".join(map(text_of, concluded(conclusions(seen), seen, Choice(), Look(unicode=True))))
        assert "\\x1b[2J" in shown
        assert "\\\\x1b" not in shown
        assert "\x1b" not in shown
