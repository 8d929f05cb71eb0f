"""What a peer sends without end is shown from its beginning, and what is left out is counted."""

from functools import cache

import pytest

from tests.exchanges import OPENED, plan
from tests.traced import traced
from wsprobe.exchange import Connected, Ended, Exchange, Received, Sent
from wsprobe.read.reading import Body
from wsprobe.report.report import report
from wsprobe.show.answer import body
from wsprobe.show.compare import difference
from wsprobe.show.lines import Look, plain, text_of
from wsprobe.show.report import handshake
from wsprobe.show.verbose import MOST, MOST_IN_HEX, Conversation

PLAN = plan("ws://server.example/chat")
CONNECT = Look(verbosity=True)
VERBOSE = Look(verbosity=True, verbose=1)


def exchange(data, why=""):
    reads = [Received(3, data[at : at + 65536]) for at in range(0, len(data), 65536)]
    return Exchange(PLAN, (Connected(1, "::1", 80), Sent(2, PLAN.request), *reads, Ended(9, "limit", why)))


def made(data):
    return report(exchange(data))


FLOODS = {
    "fields": (b"HTTP/1.1 403 No\r\n" + b"X-a: b\r\n" * 20_001, "... 4900 more lines"),
    "long fields": (b"HTTP/1.1 403 No\r\n" + (b"X-a: " + b"\x1b" * 9000 + b"\r\n") * 40, "... 37 more lines"),
    "interim answers": (
        (b"HTTP/1.1 103 Early\r\nX: " + b"y" * 50 + b"\r\n\r\n") * 1002,
        "... 950 more interim answers",
    ),
    "body": (b"HTTP/1.1 403 No\r\n\r\n" + b"no\n" * 100_000, "... 99960 more lines"),
    "one line of body": (b"HTTP/1.1 403 No\r\n\r\n" + b"no" * 300_000, " ... 598000 more bytes"),
    "no text": (b"HTTP/1.1 403 No\r\n\r\n" + b"\0" * 300_000, "... 299744 more bytes"),
    "not HTTP": (b"SSH-2.0-x\r\n" + b"noise" * 100_000, "... 499755 more bytes"),
    "frames": (OPENED + b"\x81\x01x" * 40_001, "... 19950 more frames"),
    "long frames": (OPENED + b"\x82\x7e\xff\xff" * 40_000 + b"\0" * 3, "... "),
}


@cache
def flooded(name):
    return made(FLOODS[name][0])


@pytest.mark.parametrize("name", FLOODS)
def test_a_report_is_bounded_and_says_what_is_left_out(name):
    text = plain(handshake(flooded(name), CONNECT))
    assert FLOODS[name][1] in text
    assert len(text) < 50_000
    assert len(plain(handshake(flooded(name), VERBOSE))) < 400_000


EMPTY = (
    b"\r\n" * 30_000 + b"HTTP/1.1 403 No\r\nX: y\r\n\r\na" + b"\n" * 1000 + b"b\r\n\r\n\r\n\r\n\r\nc\n\n\n\nd"
)
MANY = r"\x0d\x0a\x0d\x0a\x0d\x0a ... {} empty lines in all"


def test_many_empty_lines_are_one_that_counts_them():
    """More of them, too, than are told apart: what follows is still seen."""
    _, _, first, caret, *rows = plain(handshake(made(EMPTY), CONNECT)).splitlines()
    assert (first, caret) == (MANY.format(30000), "^ warn head-empty-lines")
    at = rows.index("HTTP/1.1 403 No\\x0d\\x0aX: y")
    assert rows[at + 1 : at + 10] == [
        *("", "a", r"\x0a\x0a\x0a ... 999 empty lines in all", "b", MANY.format(4), "c", "", "", "")
    ]
    assert rows[at + 10] == "d"


@pytest.mark.parametrize(
    ("text", "last"), [(b"\r\n", MANY.format(1 << 19)), (b"a\n", f"... {(1 << 19) - 40} more lines")]
)
def test_only_the_shown_lines_of_a_body_are_taken_apart(text, last):
    """All half a million of them would take 0.1 s and 67 MiB."""
    content = text * (1 << 19)
    of = Body("close", content, content, None, complete=True, cut=False)
    with traced() as memory:
        rows = [text_of(row) for row in body(of, Look())]
    assert rows[-1].startswith(last)
    assert memory.peak < 5 * len(content)


def test_a_conversation_counts_empty_lines_too():
    shown = Conversation(Look(verbose=1))
    text = plain(
        [row for event in exchange(b"\r\n" * 3000 + EMPTY[60_000:]).events for row in shown.event(event)]
    )
    assert f"< {MANY.format(3000)}\n" in text
    assert r"< \x0a\x0a\x0a ... 999 empty lines in all" in text
    assert f"< {MANY.format(4)}\n" in text
    assert text.count(r"< \x0a" + "\n") == 3


def test_difference_is_bounded():
    many = b"".join(b"X-%d: y\r\n" % number for number in range(5000))
    reports = [made(b"HTTP/1.1 403 No\r\n" + many + b"\r\n"), made(b"HTTP/1.1 403 No\r\n" + b"X: y\r\n" * 9999)]
    text = plain(difference(reports, Look()))
    assert "more points (--json has all)" in text
    assert len(text) < 20_000


@pytest.mark.parametrize(("verbose", "most"), [(1, MOST), (2, MOST_IN_HEX)])
@pytest.mark.parametrize("name", FLOODS)
def test_a_conversation_is_bounded_and_its_last_line_counts_the_rest(name, verbose, most):
    whole = exchange(FLOODS[name][0][:150_000], "20000 frames")
    shown = Conversation(Look(verbose=verbose))
    for _ in range(2 if name == "fields" else 1):  # each exchange has the same room
        rows = [row for event in whole.events for row in shown.event(event)]
        text = plain(rows)
        assert len(text) < most + 20_000
        assert " more " in text
    assert text.endswith("* wsprobe reached a size limit: 20000 frames\n")
