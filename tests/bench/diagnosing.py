"""What the causes add to a line of ``--json``."""

import os
from base64 import b64encode
from functools import partial

from measure import per_one, side_by_side, taken

from wsprobe.diagnosis import Author
from wsprobe.exchange import Connected, Ended, Exchange, Plan, Received, Sent
from wsprobe.recording.archive import ascii_json
from wsprobe.report.report import report
from wsprobe.request import opening, target
from wsprobe.show.as_json import report_value

COUNT = 1000
ROUNDS = 5
WITHOUT = "a line of --json without causes"


def answers():
    """COUNT refusals of one server, each to another key and a second later, with another text."""
    to = target.parse("ws://127.0.0.1:8080/status/403")
    found = []
    for number in range(COUNT):
        request = opening.request(to, opening.Offer(key=b64encode(os.urandom(16)).decode()))
        body = b"Token %d expired" % number
        date = b"Mon, 30 Nov 2026 22:%02d:%02d GMT" % divmod(number, 60)
        head = b"HTTP/1.1 403 Forbidden\r\nDate: %b\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n"
        events = (
            Connected(1, "127.0.0.1", 8080),
            Sent(2, request),
            Received(3, head % (date, len(body)) + body),
        )
        found.append(Exchange(Plan(to, request), (*events, Ended(4, "local"))))
    return found


def rows():
    """One line of an answer, without causes and with them."""
    exchanges = answers()

    def bare(of):
        of.__dict__["author"] = Author()  # a cached property
        return _line(of)

    works = {
        WITHOUT: partial(taken, lambda: _each(exchanges, bare)),
        "with causes": partial(taken, lambda: _each(exchanges, _line)),
    }
    return [per_one(each, COUNT) for each in side_by_side(works, against=WITHOUT, rounds=ROUNDS)]


def _line(of):
    return ascii_json(report_value(of))


def _each(exchanges, line):
    for each in exchanges:
        line(report(each))
