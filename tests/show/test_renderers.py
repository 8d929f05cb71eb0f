"""Every renderer, on every scenario and on any bytes: it returns, and nothing raw gets through."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.cases import every
from tests.exchanges import OPENED, exchange, plan
from tests.schema import validate
from wsprobe.exchange import Ended, LeftOut
from wsprobe.lab import find, load
from wsprobe.lab.play import play
from wsprobe.lab.ports import place
from wsprobe.report.report import report
from wsprobe.request import target
from wsprobe.show import write_out
from wsprobe.show.as_json import report_value
from wsprobe.show.compare import comparison, difference
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


@pytest.mark.parametrize(
    ("template", "wanted"),
    [
        ("%{status} %{outcome}\\n", "403 refused\n"),
        ("%{header{Content-Type}}|%{header{x-none}}", "text/plain|"),
        ("100%% \\t\\\\ \\q", "100% \t\\ \\q"),
        ("%{exit_status} %{body_size} %{reason}", "12 10 Forbidden"),
        ("%{close_code}%{tls_version}%{time_tls}", ""),
        ("%{findings}", "status-not-101"),
        ("%{response_code} %{time_appconnect} %{num_redirects}%{redirect_url}", "403 0.000000 0"),
    ],
)
def test_write_out(template, wanted):
    assert write_out.write_out(template, played("status-403")) == wanted


def test_write_out_has_curl_s_objects():
    made = played("status-403")
    value = json.loads(write_out.write_out("%{json}", made))
    assert set(value) == set(write_out.VARIABLES) - {"json", "header_json"}
    assert (value["http_code"], value["time_tls"], value["reason"]) == (403, None, "Forbidden")
    assert value["time_connect"] == value["time_connected"]
    headers = json.loads(write_out.write_out("%{header_json}", made))
    assert headers["content-type"] == ["text/plain"]
    moved = played("redirect-302")
    assert write_out.write_out("%{redirect_url}", moved).startswith("ws")


@pytest.mark.parametrize(
    ("came", "wanted"),
    [
        ([b"\x81\x02hi", b"\x81\x05\xc3\xa9\\n\x1b"], "\u00e9\\\\n\\x1b"),
        ([b"\x81\x02hi", b'\x81\x06{"\\n"}'], '{"\\n"}'),
        ([b"\x81\x02hi", b"\x81\x04ha"], "hi"),
        ([], ""),
    ],
)
def test_write_out_has_the_last_whole_message(came, wanted):
    made = report(exchange(plan(), OPENED, *came, 9))
    assert write_out.write_out("%{message}", made) == wanted
    cut = replace(made.exchange, events=(*made.exchange.events[:-1], LeftOut(8, 0, 5), Ended(9, "fin")))
    assert write_out.write_out("%{message}", report(cut)) == ""


def test_write_out_has_the_cause_with_how_sure_it_is():
    assert write_out.write_out("%{cause}", played("status-403")).startswith("the server says: ")
    assert write_out.write_out("%{cause}", played("404")).startswith("possible: ")
    assert write_out.write_out("%{cause}", played("accept-wrong")).startswith("expected ")
    assert write_out.write_out("%{cause}%{fix}", played("ok")) == ""


def test_write_out_switches_streams():
    assert list(write_out.parts("a%{stderr}b%%{stdout}%{status}%{stdout}c")) == [
        ("stdout", "a"),
        ("stderr", "b%%{stdout}%{status}"),
        ("stdout", "c"),
    ]


def test_write_out_has_the_url_and_the_worker_apart():
    made = played("status-403")
    there = report(replace(made.exchange, worker="tokyo"))
    assert write_out.write_out("%{worker} %{url}", there) == f"tokyo {made.exchange.plan.target.url}"


def test_write_out_names_what_is_no_variable():
    assert write_out.unknown("%{status} %{nonsense} %% %{header{X}}") == ["nonsense"]


def test_findings_stand_under_the_bytes_they_mean():
    lines = plain(handshake(played("accept-lowercased-value"), LOOKS["pipe"])).split("\n")
    row = next(number for number, line in enumerate(lines) if "^" in line)
    marked = lines[row - 1][lines[row].index("^") : lines[row].rindex("^") + 1]
    assert lines[row - 1] == f"Sec-WebSocket-Accept: {marked}"
    assert lines[row].endswith("fail accept-case")


def test_difference_shows_only_what_differs():
    text = plain(difference([played("status-403"), played("404")], LOOKS["pipe"]))
    assert "status line\n  [1] HTTP/1.1 403 Forbidden\n  [2] HTTP/1.1 404 Not Found\n" in text
    assert "Content-Type" not in text


def test_comparison_without_readers_is_a_difference():
    reports = [played("status-403"), played("status-403")]
    assert comparison(reports, [], LOOKS["pipe"]) == difference(reports, LOOKS["pipe"])


def test_the_phases_stand_in_bars_at_a_terminal_and_in_the_last_lines_in_a_pipe():
    made = played("403")
    *_, piped, _ = plain(handshake(made, Look())).splitlines()
    assert [each.split()[0] for each in piped.split("  ") if each][:4] == [
        "resolve",
        "connect",
        "answer",
        "total",
    ]
    *_, bar, last, _ = plain(handshake(made, Look(width=100, terminal=True))).splitlines()
    assert (bar.split()[0], last.split()[0]) == ("rest", "total")
