"""What to do about an answer: the lines that mend a proxy, and how a page can be let know."""

import re

import pytest
from msgspec.structs import replace

from tests.diagnosis.recorded import reading_of, recorded
from tests.exchanges import SAMPLE_OPENED, frame
from wsprobe.diagnosis import causes
from wsprobe.diagnosis.advice import IF_NO_REASON, PASS_ON, Advice, advice
from wsprobe.diagnosis.kinds import kinds, parse
from wsprobe.diagnosis.proxies import LEADING, proxies
from wsprobe.exchange import Logged

LOST = (
    b"HTTP/1.1 426 Upgrade Required\r\nContent-Type: text/plain\r\nContent-Length: 16\r\n\r\nUpgrade Required"
)
NGINX_502 = b"HTTP/1.1 502 Bad Gateway\r\nServer: nginx\r\nContent-Length: 26\r\n\r\n<hr><center>nginx</center>"


def texts(answer, kind, **asked):
    """What is said of one *kind*: ``likely`` (the first cause), ``lines`` or ``remedies``."""
    found = advice(reading_of(answer, "open", asked))
    if kind == "likely":
        return found.causes[0].text
    return "\n".join(found.lines if kind == "lines" else found.remedies)


def test_a_lost_upgrade_leads_and_brings_the_lines_of_every_common_proxy():
    assert "did not receive Upgrade with Connection: Upgrade" in texts(LOST, "likely")
    said = texts(LOST, "lines")
    assert all(each.source in said for each in proxies() if each.key in LEADING)
    assert "proxy_set_header Upgrade $http_upgrade;" in said


def test_the_lines_of_the_proxy_that_is_seen_stand_alone():
    said = texts(LOST.replace(b"\r\n", b"\r\nServer: nginx\r\n", 1), "lines")
    assert said.startswith("nginx: proxy_http_version 1.1;")
    assert "Apache" not in said


def test_where_the_proxy_is_one_cause_of_several_its_lines_are_a_topic_away():
    answer = b"HTTP/1.1 404 Not Found\r\nKeep-Alive: timeout=5\r\nDate: x\r\nContent-Length: 2\r\n\r\nno"
    assert texts(answer, "lines") == ""
    fix = advice(reading_of(answer, "open", {})).causes[0].fix
    assert fix.endswith("; wsprobe trace URL tells these apart")
    short = "wsprobe explain upgrade-lost (if a proxy is in front of it)"
    werkzeug = (
        b"HTTP/1.1 400 BAD REQUEST\r\nServer: Werkzeug/3.1.3 Python/3.11.7\r\n"
        b"Content-Type: text/html; charset=utf-8\r\nContent-Length: 167\r\n\r\n"
        b"<!doctype html>\n<html lang=en>\n<title>400 Bad Request</title>\n<h1>Bad Request</h1>\n"
        b"<p>The browser (or proxy) sent a request that this server could not understand.</p>\n"
    )
    assert texts(werkzeug, "lines") == short
    assert texts(b"HTTP/1.1 500 Internal Server Error\r\n\r\n", "lines") == ""  # the last cause of several


@pytest.mark.parametrize(
    ("body", "heading"), [(b"", PASS_ON), (b"The bus on route 12 is not running today", IF_NO_REASON)]
)
def test_unknown_words_of_the_server_come_before_the_lines_of_a_proxy(body, heading):
    head = b"HTTP/1.1 404 Not Found\r\nServer: nginx\r\nContent-Length: %d\r\n\r\n" % len(body)
    found = advice(reading_of(head + body, "open", {}))
    assert found.lines[0].startswith("nginx: ")
    assert (found.heading, found.without(set()).heading) == (heading, heading)


OF_CONNECT = r"(?:\(|try |, |with |: )--?(?:u|b|H|bearer|origin|cert|protocol)\b"
"""Options of `connect`, as advice names them."""
PROTOCOLS = b"HTTP/1.1 400 Bad Request\r\nSec-WebSocket-Protocol: v2\r\n\r\n"
CLOSED_4406 = SAMPLE_OPENED + frame(8, (4406).to_bytes(2, "big"))
LOGIN = b"HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n"
CERTIFICATE = (
    b"HTTP/1.1 400 Bad Request\r\nServer: nginx/1.26.3\r\n\r\n<html>\r\n"
    b"<head><title>400 No required SSL certificate was sent</title></head>\r\n<body>\r\n"
    b"<center><h1>400 Bad Request</h1></center>\r\n<center>No required SSL certificate was sent</center>\r\n"
    b"<hr><center>nginx/1.26.3</center>\r\n</body>\r\n</html>\r\n"
)


@pytest.mark.parametrize("of_page", [True, False], ids=["a page's request", "wsprobe's request"])
def test_a_page_is_given_no_option_of_connect(of_page):
    answers = [(each.answer, each.ended, each.asked, each.late) for each in recorded()]
    alone = (PROTOCOLS, LOGIN, CERTIFICATE, CLOSED_4406, b"HTTP/1.1 401 Unauthorized\r\n\r\n")
    answers += [(each, "fin", {}, False) for each in alone]
    answers += [(b"", "fin", {"scheme": "wss"}, False)]
    named = set()
    for answer in answers:
        reading = reading_of(*answer)
        if of_page:
            reading = replace(reading, exchange=replace(reading.exchange, logged=Logged("devtools")))
        said = "; ".join(text for each in causes(reading) for text in (each.fix, *each.usual))
        named.update(
            found[0]
            for found in re.finditer(OF_CONNECT, said if of_page else said.replace("--protocol in wsprobe", ""))
        )
    own = {
        "(-u",
        "(-b",
        "(-H",
        ", --bearer",
        ", -b",
        ", -H",
        "try --origin",
        "(--cert",
        "with --cert",
        "(--protocol",
    }
    assert named == (set() if of_page else own)


@pytest.mark.parametrize("answer", [LOST, NGINX_502])
def test_an_application_that_saw_nothing_is_not_told_to_accept_and_close(answer):
    assert "accept, then close" not in texts(answer, "remedies")
    assert "fetch()" in texts(answer, "remedies")


def test_an_application_that_refused_can_accept_and_close():
    assert "accept, then close(4403, " in texts(b"HTTP/1.1 403 Access denied\r\n\r\n", "remedies")
    assert "accept, then close(4401, " in texts(b"HTTP/1.1 401 Unauthorized\r\n\r\n", "remedies")


DAPHNE = b"HTTP/1.1 403 Access denied\r\n\r\n"
NGINX_403 = b"HTTP/1.1 403 Forbidden\r\nServer: nginx\r\nContent-Length: 26\r\n\r\n<hr><center>nginx</center>"
NGINX_400 = NGINX_403.replace(b"403 Forbidden", b"400 Bad Request")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (DAPHNE, "wsprobe explain remedy channels"),
        (NGINX_403, "wsprobe explain remedy nginx"),
        (NGINX_502, "wsprobe explain remedy nginx"),
        (NGINX_400, ""),  # nginx cannot send elsewhere what it did not understand
        (b"HTTP/1.1 403 X\r\nContent-Length: 2\r\n\r\nno", ""),  # nobody knows whose it is
        (LOST, ""),
    ],
)
def test_the_program_that_refused_has_its_own_code(answer, code):
    given = advice(reading_of(answer, "open"))
    assert given.code == code
    assert not given.without({code}).code


def test_who_wrote_it_is_said_once_and_before_the_first_cause():
    said = advice(reading_of(b"HTTP/1.1 403 Access denied\r\n\r\n", "fin")).causes
    named = [each.text.startswith("an ASGI application on Daphne") for each in said]
    assert named == [True]


def test_a_session_that_ran_well_has_no_advice():
    opened = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x02hi"
    assert advice(reading_of(opened)) == Advice()


def test_without_a_byte_there_are_causes_and_no_remedy():
    assert advice(reading_of(b"")) == Advice()
    found = advice(reading_of(b"", "fin"))
    assert found.causes
    assert (found.lines, found.remedies, found.warnings) == ((), (), ())


def test_http_behind_a_101_is_no_close_code():
    opened = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
    said = advice(reading_of(opened + b"HTTP/1.1 500 X\r\nContent-Length: 90\r\n\r\n" + b"x" * 90, "fin"))
    assert not said.warnings
    assert "a handler that returned or raised an exception" in said.causes[0].text


def test_after_an_invalid_101_how_the_session_ended_is_no_cause():
    ended = reading_of(b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n\x88\x02\x03\xe8", "fin")
    assert advice(ended).causes[0].id == "closed"
    assert advice(ended, "invalid").causes == ()


@pytest.mark.parametrize(("late", "idle"), [(False, False), (True, True)])
def test_what_ended_at_once_was_not_cut_for_being_idle(late, idle):
    ended = reading_of(b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n\x81\x02hi", "fin", late=late)
    assert ("an idle timeout" in advice(ended).causes[0].usual) == idle


def test_a_proxy_answered_and_not_the_application():
    assert texts(NGINX_502, "likely").startswith(
        "nginx, not the application, could not reach the program behind it"
    )


def test_every_proxy_has_its_lines_and_says_what_they_were_tried_with():
    assert {each.key for each in proxies()} >= set(LEADING)
    for each in proxies():
        assert each.lines
        assert each.mends
        assert each.tried
    assert [each.key for each in proxies() if "documentation" in each.tried] == ["traefik"]


def test_every_kind_of_cause_says_what_it_means_and_what_to_do():
    assert [id for id, of in kinds().items() if not (of.meaning.endswith(".") and of.fix.endswith("."))] == []


@pytest.mark.parametrize("text", ["a: b\n  c", "a: b\n  c do: d\n\na: b\n  c do: d", "a\n  c do: d"])
def test_an_incomplete_kind_of_cause_is_refused(text):
    with pytest.raises(ValueError, match="a"):
        parse(text)
