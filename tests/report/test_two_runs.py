"""What changed between two runs over a list: kinds, order, counts, and the lines of each."""

from msgspec.structs import replace

from tests.cases import every
from tests.exchanges import plan
from tests.watch.played import played
from wsprobe.cli.earlier_runs import standing_in
from wsprobe.cli.recordings import RecordedLine
from wsprobe.exchange import Limits, Received
from wsprobe.lab import find, names
from wsprobe.lab.play import KEY, play
from wsprobe.lab.ports import PORTS, place
from wsprobe.recording.archive import dump
from wsprobe.report.report import report
from wsprobe.report.state import Comparison, Standing, State, TwoRuns, standing_of, url_of
from wsprobe.request.opening import Offer
from wsprobe.show.as_json import report_value
from wsprobe.show.json_text import brief, pieces
from wsprobe.show.lines import plain
from wsprobe.show.state import two_runs

OPENED = Standing(State("open", "101", protocol="chat.v1"))
REFUSED = Standing(State("refused", "403"), "origin-refused")
DOWN = Standing(State("server-error", "502"), "backend-down")


def compared(old, new, missing=True):
    runs = TwoRuns()
    for url, standing in old.items():
        runs.before(url, standing)
    for url, standing in new.items():
        runs.now(url, standing)
    return runs.compared(missing=missing)


OLD = {
    "wss://a/": OPENED,
    "wss://b/": DOWN,
    "wss://c/": REFUSED,
    "wss://d/": OPENED,
    "wss://e/": OPENED,
    "wss://f/": DOWN,
}
NEW = {
    "wss://g/": OPENED,
    "wss://f/": DOWN,
    "wss://b/": OPENED,
    "wss://c/": replace(REFUSED, cause="token-expired"),
    "wss://d/": replace(OPENED, state=replace(OPENED.state, protocol="chat.v2", findings=("header-repeated",))),
    "wss://h/": REFUSED,
    "wss://a/": DOWN,
}


def test_what_got_worse_comes_first_and_each_change_has_a_line():
    assert plain(two_runs(compared(OLD, NEW))).splitlines() == [
        "no longer open: 1",
        "  wss://a/: open -> server-error 502; cause backend-down",
        "new, not open: 1",
        "  wss://h/: refused 403; cause origin-refused",
        "open now: 1",
        "  wss://b/: server-error 502 -> open",
        "not open, with another answer: 1",
        "  wss://c/: refused 403; cause origin-refused -> token-expired",
        "open, with another answer: 1",
        "  wss://d/: open; protocol chat.v1 -> chat.v2; finding header-repeated",
        "new, open: 1",
        "  wss://g/: open",
        "missing: 1",
        "  wss://e/: open",
        "7 URLs: 1 the same; 1 no longer open; 1 new, not open; 1 open now; 1 not open, with another answer; "
        "1 open, with another answer; 1 new, open; 1 missing",
    ]


def test_the_last_result_of_a_url_counts():
    runs = TwoRuns()
    for standing in (DOWN, OPENED):
        runs.before("a", standing)
        runs.now("a", standing)
    assert runs.compared() == Comparison(1, ("a",), ())


LARGEST = 64 * 1024
"""Bytes of a recording; longer ones are about limits."""


@every(names())
def test_a_line_says_what_the_report_says(name):
    """A line of --json is compared without its recording being read again: it must come to the same."""
    try:
        address = place(find(name), PORTS, "127.0.0.1").address
        asked = plan(address, Offer(key=KEY, protocols=("chat",)), limits=Limits(linger=0.3))
    except ValueError:
        return  # a URL for pages only
    made = play(find(name), asked, ports=PORTS)
    if sum(len(event.data) for event in made.events if isinstance(event, Received)) > LARGEST:
        return
    of = report(made)
    line = "".join(pieces(report_value(of))).encode()
    assert standing_in(RecordedLine("", line)) == (url_of(of), standing_of(of))


def test_a_recording_and_a_line_of_another_version_are_judged_again():
    of = played("status-403")
    wanted = (url_of(of), standing_of(of))
    assert standing_in(RecordedLine("", dump(of.exchange).encode())) == wanted
    older = replace(report_value(of), wsprobe="0.1.0", outcome="open", name="lab:x")
    line = "".join(pieces(older)).encode()
    for each in (line, line.replace(b'"wsprobe":"0.1.0",', b"", 1)):  # or it names no version
        assert standing_in(RecordedLine("", each)) == ("lab:x", standing_of(of))
    line = "".join(pieces(brief(older))).encode()
    assert standing_in(RecordedLine("", line))[1].open  # nothing else is known
