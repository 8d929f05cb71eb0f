"""Every renderer, on every scenario and on any bytes: it returns, and nothing raw gets through."""

import json
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from tests.cases import every
from tests.exchanges import exchange, plan
from tests.schema import validate
from wsprobe.lab import find, load
from wsprobe.lab.play import play
from wsprobe.lab.ports import place
from wsprobe.report.report import report
from wsprobe.request import target
from wsprobe.show import write_out
from wsprobe.show.as_json import report_value
from wsprobe.show.compare import difference
from wsprobe.show.json_text import pieces
from wsprobe.show.lines import Look, plain, text_of
from wsprobe.show.report import handshake
from wsprobe.show.verbose import event
from wsprobe.text import shows

LOOKS = {
    "pipe": Look(),
    "narrow": Look(width=40, terminal=True, unicode=True),
    "wide": Look(width=160, terminal=True, unicode=True, verbose=2),
}
HOSTILE = ("endless", "flood")
"""Megabytes, which are about limits and not about what is shown."""


def played(name):
    scenario = find(name)
    return report(play(scenario, plan(place(scenario).address)))


def acts_on_a_terminal(lines):
    text = plain(lines).replace("\n", "")
    if text.isprintable():  # in C: a catalogue has twelve million characters
        return []
    return [char for char in text if unicodedata.category(char).startswith("C")]


exchanges = st.builds(
    lambda pieces, how: exchange(plan(), *pieces, how=how),
    st.lists(
        st.one_of(
            st.binary(min_size=1, max_size=60),
            st.sampled_from(
                [
                    b"HTTP/1.1 101 Switching Protocols\r\n",
                    b"HTTP/1.1 403 No\x1b[31m\r\n",
                    b"HTTP/1.1 103 Early\r\n\r\n",
                    b"Upgrade: websocket\r\nConnection: Upgrade\r\n",
                    b"Sec-WebSocket-Accept: 1PTeRnQtEWodd5Z5JBmlMXr41R4=\r\n",
                    b"Transfer-Encoding: chunked\r\n",
                    b"\r\n",
                    b"5\r\nhello\r\n",
                    b"\x81\x02hi",
                    b"\x88\x02\x03\xe8",
                ]
            ),
        ),
        max_size=8,
    ),
    st.sampled_from(["fin", "reset", "timeout", "local", "limit"]),
)


@given(exchanges, st.sampled_from(sorted(LOOKS)))
def test_any_bytes_are_rendered_and_none_raw(exchange, name):
    made = report(exchange)
    look = LOOKS[name]
    assert not acts_on_a_terminal(handshake(made, look))
    assert not acts_on_a_terminal(difference([made, made], look))
    for one in exchange.events:
        assert not acts_on_a_terminal(event(one, look))
    value = report_value(made)
    text = "".join(pieces(value))
    assert text.isascii()
    assert text.isprintable()
    validate(json.loads(text))
    filled = write_out.write_out("".join(f"%{{{variable}}}\n" for variable in write_out.VARIABLES), made)
    assert shows(filled.replace("\n", ""))


def reachable(name):
    """False for scenarios of which the URL is what is wrong: only a page can open them."""
    try:
        target.parse(place(find(name)).address)
    except target.TargetError:
        return False
    return not any(word in name for word in HOSTILE)


@every(name for name in load() if reachable(name))
def test_every_scenario_is_rendered(name):
    made = played(name)
    for look in LOOKS.values():
        lines = handshake(made, look)
        assert not acts_on_a_terminal(lines)
        assert text_of(lines[0]).startswith(made.outcome)
    validate(json.loads("".join(pieces(report_value(made)))))
