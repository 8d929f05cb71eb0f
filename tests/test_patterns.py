"""No regular expression of the program takes more than linear time on what a peer sends."""

import re

import pytest

from tests.patterns import Pattern, every, slow, untold

THEIR_OWN = {
    "cli/": "the user's own words, and what the user pasted",
    "explain/": "a line that the user pasted",
    "nearest.py": "the user's own words",
    "request/proxy.py": "the user's own proxy",
    "browsers/chromium/constructor.py": "the URL that the page opens",
    "lab/installed.py": "what an installed browser prints",
}
"""Files whose patterns read no text of a peer, or little of it."""

LINEAR = {
    "wire/authentication.py": "(.*) takes the rest, with which the whole matches",
    "browsers/firefox/request.py": "(.*) takes the rest, with which the whole matches",
    "diagnosis/evidence.py": "every text matches at the first try",
    "diagnosis/session_words.py": "(.*) takes the rest, with which the whole matches",
    "browser_logs/json_members.py": "matched at one place, and may be empty",
    "browsers/bun.py": "matched at one place, and may be empty",
    "browsers/extensions.py": "matched behind one another, each where the last one ended",
    "browsers/chromium/handshake.py": "the same",
    "browsers/chromium/http.py": "the last branch takes the line on which the first one fails",
    "browsers/runtime/heads.py": "matched at one place, and may be empty",
    "browsers/runtime/llhttp.py": "matched at one place, and may be empty",
    "browsers/webkitgtk/http.py": "every line ends with LF, and the last branch takes one",
    "browsers/webkitgtk/uri.py": "(.*) takes the rest, with which the whole matches",
    "diagnosis/__init__.py": "42 characters share the run with spaces behind them",
    "judge/framing.py": "matched behind one another, each where the last one ended",
    "lab/connection.py": "the second branch takes the run on which the first one fails",
    "text.py": "where lines break, the last branch takes the run on which the others fail",
}
"""Files with patterns that ``slow`` suspects wrongly."""

UNTOLD = {
    "browser_logs/firefox.py",
    "browsers/__init__.py",  # of at most 1,000 characters
    "browsers/firefox/http.py",
    "cli/evidence.py",
    "cli/expect.py",  # a pattern of the user, in a process of its own
    "cli/main.py",
    "cli/page.py",
    "cli/pasted/curl.py",
    "cli/talk.py",
    "browsers/webkitgtk/http.py",
    "diagnosis/libraries.py",
    "diagnosis/own_request.py",
    "diagnosis/senses.py",  # words.txt has them
    "diagnosis/session_facts.py",
    "diagnosis/words.py",
    "explain/console.py",
    "explain/failures.py",
    "judge/selection.py",
    "read/head.py",
    "recording/secrets.py",
    "request/target.py",
    "request/edits.py",
}
"""Files that choose one of their patterns at run time: its parts stand beside it, in tables and constants."""


@pytest.mark.all_cases
def test_no_repeats_share_what_they_take():
    excused = (*THEIR_OWN, *LINEAR)
    found = {pattern.place: why for pattern in every() if (why := slow(pattern))}
    assert {place: why for place, why in found.items() if not place.startswith(excused)} == {}
    assert [name for name in excused if not any(place.startswith(name) for place in found)] == []


@pytest.mark.all_cases
def test_what_is_read_is_nearly_all():
    assert len(every()) > 400
    assert {each.partition(":")[0] for each in untold()} == UNTOLD


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (r"(a+)+b", "nested"),
        (r"(?:\\?[a-z]+)*\"", "nested"),
        (r"(?:a|b*)*c", "nested"),
        (r"xa+a+b", "repeats"),
        (r"x\s*\s+y", "repeats"),
        (r"x\w+[a-z]?\d*y", "repeats"),
        (r"x(?:a+|b)a*y", "repeats"),
        (r"(?m)^\s+x", "repeats"),
        (r"a+b", "repeats"),
        (r"[A-Za-z][\w.+ -]*[/ ]v?\d+", "repeats"),
        (r"\b\w+x", "repeats"),
        (r"a+", ""),
        (r"xa+b", ""),
        (r"xa+ba+c", ""),
        (r"(?<=/)[^/]+x", ""),
        (r"(?m)^a+b", ""),
        (r"xa{1,20}a{1,20}b", ""),
        (r"x(?:ab*)+c", ""),
        (r"x(?:\"[^\"]*\"|[^\"x])*y", ""),
    ],
)
def test_what_is_found_in_a_pattern(text, why):
    found = slow(Pattern("", text, 0, searches=True, whole=False))
    assert (found.startswith(why), bool(found)) == (True, bool(why))


@pytest.mark.parametrize("text", [rb"a+", rb"\d+\Z", rb"(?s)x.*"])
def test_what_a_match_alone_is_spared(text):
    assert slow(Pattern("", text, re.DOTALL, searches=False, whole=True)) == ""
