"""The sentence of each outcome, and what stands below it; and how sizes are said."""

from pathlib import Path

from msgspec.structs import replace

from tests.cases import every
from tests.diagnosis.sessions import Session
from wsprobe.cli.page import VIEW
from wsprobe.cli.readers import recorded
from wsprobe.exchange import Connected, Ended, Exchange, Logged, Plan, Received
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


def test_a_session_of_a_killed_browser_has_no_length_in_its_log():
    exchange = made("0.5 text hello", "0.5 interrupted").exchange
    assert "session 500.0" in plain([summary(read(exchange), Look())])
    head = next(event for event in exchange.events if isinstance(event, Received))
    cut = (*exchange.events[: exchange.events.index(head) + 1], Ended(head.at, "interrupted"))
    assert "session" not in plain([summary(read(replace(exchange, events=cut)), Look())])


def logged(source, given, said=""):
    """The report of a line of outcomes.txt as a recording from *source*, of which the browser *said* this."""
    return report(replace(of_line(given).exchange, logged=Logged(source, "Chromium", message=said)))


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
    return " -> ".join((f"{of.outcome}: {sentence(of, Look())}", *(each[5:] for each in below(of, "  -> "))))


def below(of, *begins):
    """The lines below its sentence that begin so."""
    return [each for each in plain(why(of, Look())).splitlines() if each.startswith(begins)]
