"""A frame on a line, at the edges of what is shown of it; and lines of relay, chain and comparison."""

import pytest

from tests.cases import every
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


@every(
    [
        (r"\x81\x02hi", '< Text "hi"'),
        (r"\x01\x02hi", '< Text "hi" (not final)'),
        (r"\xc1\x01a", "< Text 61 (RSV1)"),
        (r"\xa1\x01a", "< Text 61 (RSV2)"),
        (r"\x91\x01a", "< Text 61 (RSV3)"),
        (r"\xf1\x01a", "< Text 61 (RSV123)"),
        (r"\x82\x01a", "< Binary 61"),
        (r"\x83\x01a", "< opcode 3 61"),
        (r"\x89\x00", "< Ping"),
        (r"\x81\x81\x00\x00\x00\x00a", '< Text "a" (masked)'),
        (r"\x88\x00", "< Close"),
        (r"\x88\x02\x03\xe8", "< Close 1000"),
        (r"\x88\x04\x03\xe8no", '< Close 1000 "no"'),
        (r"\x88\x01\x03", "< Close 03"),
        (r"\x82\x20" + "a" * 32, "< Binary " + " ".join(["61"] * 32)),
        (r"\x82\x21" + "a" * 33, "< Binary " + " ".join(["61"] * 32) + " ... 33 bytes in all"),
    ]
)
def test_a_frame(case):
    data, row = case
    assert shown(f"0.1 raw {data}", "0.2 fin")[0] == row


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
