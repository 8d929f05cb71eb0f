"""A comparison fits one screen: how many lines it takes, in which order its parts stand, and what it leaves."""

from msgspec.structs import replace

from tests.cases import every
from tests.exchanges import KEY, plan
from wsprobe.browsers import ALL
from wsprobe.browsers.engine import Page
from wsprobe.browsers.page import opened_by
from wsprobe.cli.readers import Readers, as_is
from wsprobe.exchange import Connected, Ended, Exchange, Received, Sent
from wsprobe.lab import find
from wsprobe.lab.play import play
from wsprobe.lab.ports import place
from wsprobe.report.report import report
from wsprobe.request.opening import Offer
from wsprobe.show.compare import comparison
from wsprobe.show.lines import Look, plain

URL = "wss://chat.example/ws"
FIELDS = (
    *("Content-Type: application/json", "Content-Length: 25", "X-Request-Id: abc-123", "Server: example/1.0"),
    *("Date: Sun, 06 Nov 1994 08:49:37 GMT", "Vary: Origin", "Cache-Control: no-store", "Connection: close"),
)
LONG = "Strict-Transport-Security: max-age=63072000; includeSubDomains; preload; and-what-else-there-may-be"


def seen(exchange):
    made = report(exchange)
    page = opened_by(Page(url=""), exchange.plan.target.url)
    return replace(made, views=as_is(made, Readers(browsers=ALL, page=page)), page=page)


def scenario(name):
    found = find(name)
    return seen(play(found, plan(place(found).address, Offer(KEY, origin="http://127.0.0.1:8000"))))


def refused(*fields, body='{"error":"token expired"}'):
    head = "\r\n".join(("HTTP/1.1 403 Token Expired", *fields))
    return answered(f"{head}\r\n\r\n{body}".encode())


def answered(came, url=URL):
    sent = plan(url, Offer(KEY, origin="https://chat.example"))
    events = (Connected(1, "192.0.2.7", 443), Sent(2, sent.request), Received(3, came), Ended(9, "fin"))
    return seen(Exchange(sent, events))


def daphne():
    """Django Channels, for which `explain remedy` has code."""
    return answered(b"HTTP/1.1 403 Access denied\r\n\r\n")


def drawn(of, columns):
    look = Look(width=columns, terminal=bool(columns), unicode=True, screen=True)
    return plain(comparison([of], [], look)).splitlines()


def cross_origin():
    """Tornado with two cookies, whose remedy takes four lines, and a URL too wide to stand beside it."""
    cookie = (
        "Set-Cookie: session=2|1:0|10:1795804742|7:session|44:MTIzNDU2Nzg5MDEyMzQ1Njc4OTA; Path=/; HttpOnly"
    )
    fields = ("Server: TornadoServer/6.5.10", "Content-Type: text/html; charset=UTF-8", FIELDS[4], FIELDS[1])
    head = "\r\n".join(("HTTP/1.1 403 Forbidden", *fields, "Vary: Accept-Encoding", cookie, cookie))
    body = b"Cross origin websockets not allowed"
    return answered(f"{head}\r\n\r\n".encode() + body, "ws://127.0.0.1:9827/updates?token=secret")


def nginx_404():
    """The page of nginx for a plain GET, whose mending has lines for proxies."""
    fields = (
        "Server: nginx/1.26.3",
        FIELDS[4],
        "Content-Type: text/plain; charset=utf-8",
        "Connection: keep-alive",
    )
    more = (
        "Cache-Control: no-cache, no-store, must-revalidate, max-age=0, private",
        "Expires: 0",
        "Pragma: no-cache",
    )
    head = "\r\n".join(("HTTP/1.1 404 Not Found", *fields, *more))
    return answered(f"{head}\r\n\r\nError 404: Not Found\n\n".encode(), "ws://127.0.0.1:9876/ws")


SHOWN = {
    "refusal of a cross origin": cross_origin,
    "refusal behind nginx": nginx_404,
    "refusal of a known program": daphne,
    "refusal": lambda: scenario("status-403"),
    "refusal with three headers": lambda: refused(*FIELDS[:3]),
    "refusal with eight headers": lambda: refused(*FIELDS),
    "refusal with more": lambda: refused(*FIELDS, "X-Ninth: 9", "X-Tenth: 10"),
    "refusal with a long header": lambda: refused(*FIELDS[:7], LONG),
    "refusal with a page": lambda: refused(*FIELDS[1:], body="<html>\n<h1>Forbidden</h1>\n" + "<p>no\n" * 30),
    "accept": lambda: scenario("accept-wrong"),
    "dropped": lambda: scenario("fin-after-request"),
    "silence": lambda: scenario("silence"),
    "closed": lambda: scenario("close-4403"),
    "engines differ": lambda: scenario("accept-lowercased-value"),
    "redirect": lambda: scenario("redirect-302"),
}


@every(SHOWN)
def test_it_fits_a_screen(of):
    report = of()
    for columns, most in ((80, 24), (100, 24), (120, 18), (160, 18)):
        rows = drawn(report, columns)
        assert len(rows) <= most, "\n".join(rows)
        assert max(map(len, rows)) <= columns


def test_the_frames_of_an_answer_are_read_once_for_all_layouts():
    class Counted(tuple):
        read = 0

        def __iter__(self):
            Counted.read += 1
            return super().__iter__()

    made = scenario("pmd-message")
    session = made.reading.session
    session = replace(session, frames=Counted(session.frames))
    of = replace(made, reading=replace(made.reading, session=session))
    read = []
    for columns in (80, 80, 0):  # what is kept of a report is made first; then all layouts; in a pipe, only one
        before = Counted.read
        assert any("< Text" in row for row in drawn(of, columns))
        read.append(Counted.read - before)
    assert read[1] == read[2] > 0
