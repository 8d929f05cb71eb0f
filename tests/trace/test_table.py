"""The table of a trace and the answers that prove a conclusion, as they are shown."""

import pytest

from tests.cases import every
from tests.trace.rules import Section
from wsprobe.show.audit import row as audit_row
from wsprobe.show.lines import Look, text_of
from wsprobe.show.trace import concluded, row
from wsprobe.trace.conclusions import conclusions
from wsprobe.trace.series import Choice


def seen_of(*lines):
    return Section("", lines, "").trace()


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
