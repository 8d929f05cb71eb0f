"""A frame on a line, at the edges of what is shown of it; and lines of relay, chain and comparison."""

import pytest

from tests.diagnosis.sessions import Session
from tests.exchanges import OPENED, exchange, frame, plan
from wsprobe.read import read
from wsprobe.relay.relaying import Refusal
from wsprobe.show.lines import Look, plain, text_of
from wsprobe.show.page import away
from wsprobe.show.session import SHOWN, SHOWN_VERBOSE, session


def shown(*lines, verbose=0):
    """The session of a recording as in tests/diagnosis/sessions.txt."""
    rows = session(Session("", lines, "").reading(), Look(verbose=verbose))
    return [each.rstrip() for each in plain(rows).splitlines()]


@pytest.mark.parametrize(("verbose", "room"), [(0, SHOWN), (1, SHOWN_VERBOSE)])
def test_a_long_text_is_cut(verbose, room):
    for size, more in ((room, ""), (room + 1, f" ... {room + 1} bytes in all")):
        reading = read(exchange(plan(), OPENED + frame(1, b"a" * size)))
        rows = plain(session(reading, Look(verbose=verbose)))
        assert rows.splitlines()[0] == f'< Text "{"a" * room}"{more}'


def test_a_request_that_the_relay_did_not_pass_on():
    refusal = Refusal(400, "Bad Request", "why and what")
    asked = Session("", ("nothing", "1 fin"), "").reading().request
    assert text_of(away("h:1", asked, refusal)) == "h:1 GET /ws HTTP/1.1 400 by the relay: why and what"
    assert text_of(away("h:1", None, refusal)) == "h:1 400 by the relay: why and what"
