"""What is said of an answer, and what is not (claims.txt), and what a line cannot say."""

import pytest

from tests.cases import every, named
from tests.diagnosis.claims import claims
from tests.diagnosis.recorded import reading_of
from wsprobe.diagnosis import causes


@every(named(claims(), lambda claim: claim.name))
def test_what_is_claimed_of_an_answer_is_so(claim):
    assert claim.fails() == [], claim.claims


OLD = {"headers": ["Sec-WebSocket-Version: 12"]}


@pytest.mark.parametrize(
    ("asked", "id", "statuses"),
    [
        ({"method": "POST"}, "method", [400, 404, 405, 410, 426, 501]),
        ({"note": "short key"}, "key", [400, 426, 501]),
        (OLD, "version-unsupported", [400, 426, 501]),
        ({"headers": [f"Cookie: {'x' * 20000}"]}, "header-too-large", [400, 413, 414, 431, 494]),
        ({"headers": ["Host: other.example"]}, "host-refused", [421]),
    ],
)
def test_a_status_about_something_else_leaves_room_for_it(asked, id, statuses):
    fitting = []
    for status in range(400, 512):
        found = causes(reading_of(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status, "fin", asked))
        if id not in ("header-too-large", "host-refused"):  # a proxy's failure is about what is behind it
            assert (found[0].certainty == "own-request") == (status not in (502, 504))
        assert found[0].certainty != "own-request" or "if the answer stays" in found[0].fix or found[0].id == id
        if found[0].id == id:
            fitting.append(status)
    assert fitting == statuses
