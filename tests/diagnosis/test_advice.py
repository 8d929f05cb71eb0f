"""What to do about an answer: the lines that mend a proxy, and how a page can be let know."""

import re

import pytest
from msgspec.structs import replace

from tests.diagnosis.recorded import SWITCHED, reading_of, recorded
from tests.exchanges import SAMPLE_OPENED, frame
from wsprobe.diagnosis import causes
from wsprobe.diagnosis.advice import Advice, advice
from wsprobe.diagnosis.kinds import kinds
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


def test_every_proxy_has_its_lines_and_says_what_they_were_tried_with():
    assert {each.key for each in proxies()} >= set(LEADING)
    for each in proxies():
        assert each.lines
        assert each.mends
        assert each.tried
    assert [each.key for each in proxies() if "documentation" in each.tried] == ["traefik"]


def test_every_kind_of_cause_says_what_it_means_and_what_to_do():
    assert [id for id, of in kinds().items() if not (of.meaning.endswith(".") and of.fix.endswith("."))] == []


def test_of_several_answers_each_thing_is_said_once():
    refused = advice(reading_of(b"HTTP/1.1 403 Forbidden\r\n\r\n", "fin"))
    closed = advice(reading_of(SWITCHED + b"\x88\x02\x03\xf4", "fin"))
    given = set()
    assert refused.without(given) == refused
    assert refused.without(given) == Advice()
    assert closed.without(given) == closed
    assert closed.without(given) == Advice()
