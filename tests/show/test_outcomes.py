"""The sentence of each outcome, and what stands below it; and how sizes are said."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.cases import every
from tests.diagnosis.sessions import Session
from tests.exchanges import plan_for
from wsprobe.cli.page import VIEW
from wsprobe.cli.readers import recorded
from wsprobe.exchange import Connected, Ended, Exchange, Logged, Plan, Received
from wsprobe.lab import find
from wsprobe.lab.play import play
from wsprobe.read import read
from wsprobe.report.report import report
from wsprobe.request import target
from wsprobe.show.connection import summary
from wsprobe.show.lines import Look, plain
from wsprobe.show.report import sentence, verdict, why

ANSWER = "0.1 raw HTTP/1.1 {}\\r\\nContent-Length: 0\\r\\n{}\\r\\n"


def made(*lines):
    """The report of a session as in tests/diagnosis/sessions.txt."""
    return report(Session("", lines, "").reading().exchange)


def answered(line, *fields, asked=""):
    """The report of an answer that opens nothing."""
    head = ANSWER.format(line, "".join(f"{field}\\r\\n" for field in fields))
    return made(*([f"asked {asked}"] if asked else []), "nothing", head, "0.2 fin")


def of_line(given):
    """The report of the answer, or of the session (a line behind each ``/``), of a line of outcomes.txt."""
    asked, _, answer = given.rpartition(" / ")
    if answer[:3].isdigit():
        return answered(*answer.split("; "), asked=asked.removeprefix("asked "))
    return made(*given.split(" / "))


CASES = [
    line.split(" -> ") for line in Path(__file__).with_name("outcomes.txt").read_text("utf-8").splitlines()
]


@every(CASES)
def test_the_sentence_of_an_outcome(case):
    given, says = case
    of = of_line(given)
    assert f"{of.outcome}: {sentence(of, Look())}" == says
    assert plain(verdict(of, Look(verbose=1))) == f"{of.result.headline}  {of.title}: {sentence(of, Look())}\n"


@pytest.mark.parametrize(
    ("name", "does"),
    [
        ("accept-hex", "encode the 20 raw bytes of the hash in base64"),
        ("wss-rst-on-hello", "try ws:// on that port; look in the logs of the server and the load balancer"),
    ],
)
def test_what_to_do_about_a_broken_rule_without_a_cause(name, does):
    of = find(name)
    made_of = report(play(of, plan_for(of)))
    assert f"  -> {does}\n" in plain(why(made_of, Look()))
    assert "close-unanswered" not in {each.id for each in made_of.verdict.findings}


@every(
    {
        "no cause": (("0.1 we close", "0.2 fin"), ["let the server's library do the closing handshake"]),
        "a cause": (
            ("0.1 close 1000", "0.1 text late", "0.2 we close", "0.3 fin"),
            ["stop everything that sends before you close", "check the path"],
        ),
        "a warning": (
            ("0.1 we close", "0.2 raw \\x81\\x05ab", "0.3 fin"),
            ["let the server's library do the closing handshake"],
        ),
        "nothing": (("0.1 we close", "0.2 close 1000", "0.3 fin"), []),
    }
)
def test_what_to_do_about_a_broken_rule_of_an_open_session(case):
    lines, does = case
    of = made(*lines)
    found = [each[5:] for each in plain(why(of, Look())).splitlines() if each.startswith("  -> ")]
    assert (of.outcome, [each.partition(";")[0] for each in found]) == ("open", does)


HEARD = "A script in a browser sees none of this: wsprobe compare --browser-mode ws://127.0.0.1:24301/ws"
NO_ORIGIN = "No Origin was sent, and browsers always send one: --origin https://app.example"
LIMIT = "  -> to hold the session without this limit: wsprobe talk ws://127.0.0.1:24301/ws"


@pytest.mark.parametrize(
    ("of", "last"),
    [
        (answered("403 Forbidden"), HEARD),
        *((answered(f"{each} X", "X-Error: Token expired"), HEARD) for each in (400, 403)),
        *((answered(each), HEARD) for each in ("404 No route for this path", "426 Client too old", "429 X")),
        (answered("403 Your IP is not allowed"), (NO_ORIGIN, HEARD)),
        (made("nothing", "1 fin"), ""),
        (made("0.1 we close", "0.2 close 1000", "0.3 fin"), ""),
        (made("Vary: Origin", "0.1 we close", "0.2 close 1000", "0.3 fin"), NO_ORIGIN),
        (made("asked own", "Vary: Origin", "0.1 we close", "0.2 close 1000", "0.3 fin"), ""),
        (made("asked own", "0.1 we close", "0.2 close 1000", "0.3 fin"), ""),
        (made("0.1 close 4403", "0.2 fin"), ""),
        (made("0.1 close 4999", "0.2 fin"), NO_ORIGIN),
        (made("0.1 we close 99", "0.2 close 1002", "0.3 fin"), ""),
        (made("0.1 close 1002", "0.3 fin"), NO_ORIGIN),
        (made("0.1 sent \\x81\\x01x", "0.2 close 1002", "0.3 fin"), ""),
        (made("0.1 close 1013 try later", "0.2 fin"), ""),
        (made("0.1 fin"), ""),
        (made("asked own", "3 limit"), LIMIT),
        (made("Sec-WebSocket-Accept: x", "0.1 fin"), ""),
        (made("nothing", "1 interrupted"), ""),
    ],
)
def test_what_stands_below_an_outcome(of, last):
    lines = plain(why(of, Look())).splitlines()
    known = [each for each in lines if each in (HEARD, NO_ORIGIN, LIMIT)]
    assert known == ([last] if isinstance(last, str) and last else list(last))


def test_the_command_keeps_the_origin_and_a_narrow_terminal_does_not_tear_it():
    of = answered("403 Forbidden", asked="foreign")
    origin = of.reading.request.head.all(b"origin")[0].value.decode()
    command = f"wsprobe compare --browser-mode --origin {origin} {of.asked}"
    assert f"sees none of this: {command}" in plain(why(of, Look()))
    lines = plain(why(of, Look(width=60, terminal=True))).splitlines()
    below = lines[lines.index("A script in a browser sees none of this:") + 1 :]
    assert max(map(len, below)) <= 60
    assert below[0].endswith(" \\")
    assert " ".join("".join(below).replace("\\", "").split()) == command


@every(("/x", "ftp://x/"))
def test_no_option_is_named_for_a_redirect_in_the_log_of_a_browser(location):
    exchange = answered("302 Found", f"Location: {location}").exchange
    of = report(replace(exchange, logged=Logged("netlog")))
    assert sentence(of, Look()) == "the server answered 302 and redirects"


def test_a_session_of_a_killed_browser_has_no_length_in_its_log():
    exchange = made("0.5 text hello", "0.5 interrupted").exchange
    assert "session 500.0" in plain([summary(read(exchange), Look())])
    head = next(event for event in exchange.events if isinstance(event, Received))
    cut = (*exchange.events[: exchange.events.index(head) + 1], Ended(head.at, "interrupted"))
    assert "session" not in plain([summary(read(replace(exchange, events=cut)), Look())])


def logged(source, line, said):
    """The report of an answer that was asked again for a page's socket, of which the browser *said* this; or of
    a socket of which DevTools said it, and there is no more."""
    exchange = answered(line).exchange
    return report(replace(exchange, logged=Logged(source, "Chromium", message=said)))


def interrupted(url):
    """The report of a connection that was open, and nothing was sent yet."""
    events = (Connected(1, "127.0.0.1", 80), Ended(2, "interrupted"))
    return report(Exchange(Plan(target.parse(url), b""), events))


def of_a_page(*lines, url="ws://a.example/", error="ERR_UNSAFE_PORT", said=""):
    """The report of a socket of a page in Chromium, with its view, as `page` makes it."""
    exchange = made(*lines).exchange if lines else Exchange(Plan(target.parse(url), b""), (Ended(1, "local"),))
    logged = Logged("netlog", page="http://localhost:5173", error="" if lines else error, message=said)
    return recorded(replace(exchange, logged=logged), VIEW)


def shown(of):
    """Its sentence, and what to do."""
    does = [each[5:] for each in plain(why(of, Look())).splitlines() if each.startswith("  -> ")]
    return " -> ".join((f"{of.outcome}: {sentence(of, Look())}", *does))


def test_a_socket_of_a_page_is_explained_too():
    refused = of_a_page("nothing", ANSWER.format("401 Unauthorized", ""), "0.2 fin")
    assert refused.views
    text = plain(why(refused, Look()))
    assert "-> let the page send the required cookie, or a token in the URL" in text
    assert "(-u" not in text
    assert "A script in a browser sees none of this" not in text  # `page` says what it saw


def test_a_port_that_the_browser_of_a_log_blocks_is_told_once_and_with_the_page_of_the_log():
    blocked = of_a_page(url="ws://localhost:1/x")
    assert blocked.result.headline == "blocked (port 1) in Chromium"
    assert "-> serve on a port that browsers allow" in plain(why(blocked, Look()))
    assert blocked.page.url == "http://localhost:5173/"
