"""What the causes add to a line of ``--json``, and how often a word is read in another sense."""

import os
from base64 import b64encode

from measure import in_turn, per_one

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
        WITHOUT: lambda: _each(exchanges, bare),
        "with causes": lambda: _each(exchanges, _line),
    }
    return [per_one(each, COUNT) for each in in_turn(works, WITHOUT, ROUNDS)]


def _line(of):
    return ascii_json(report_value(of))


def _each(exchanges, line):
    for each in exchanges:
        line(report(each))


def misread():
    """The false rate of the words in two senses."""
    from tests.diagnosis.senses import senses
    from wsprobe.diagnosis import causes

    other = [each for each in senses() if not each.right]
    wrong = sum(each.verdict(causes(each.reading)) == "false" for each in other)
    return f"{len(other)} words of servers in another sense: {wrong} misread ({wrong / len(other):.1%})"
