"""What to do about an answer: the lines that mend a proxy, and how a page can be let know."""

import re

import pytest
from msgspec.structs import replace

from tests.diagnosis.recorded import reading_of, recorded
from tests.exchanges import SAMPLE_OPENED, frame
from wsprobe.diagnosis import causes
from wsprobe.diagnosis.advice import Advice, advice
from wsprobe.diagnosis.kinds import kinds, parse
from wsprobe.diagnosis.proxies import LEADING, proxies
from wsprobe.exchange import Logged

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


NGINX_403 = b"HTTP/1.1 403 Forbidden\r\nServer: nginx\r\nContent-Length: 26\r\n\r\n<hr><center>nginx</center>"


WORDS = b"HTTP/1.1 404 Not Found\r\nServer: nginx\r\nContent-Length: 14\r\n\r\nnot on Tuesday"


@pytest.mark.parametrize("answer", [NGINX_403, WORDS])
def test_what_was_said_before_is_left_out_and_the_rest_is_the_same(answer):
    given = advice(reading_of(answer, "open"))
    rest = given.without({given.code, *given.remedies})
    assert (rest.code, rest.remedies) == ("", ())
    assert (rest.causes, rest.lines, rest.heading) == (given.causes, given.lines, given.heading)


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
