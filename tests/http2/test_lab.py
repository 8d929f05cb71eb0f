"""The catalogue over HTTP/2: played without sockets, judged and shown; some of it over real ones.

All that looks at every scenario stands here, as a file is one process's: each is played and judged once."""

import json
from functools import cache

import pytest
import trio
from msgspec.structs import replace

from tests.cases import every, share
from tests.http2.test_rules import are_words, found_in_cases
from tests.schema import validate
from wsprobe.diagnosis import author
from wsprobe.exchange import Ended, Http2, Limits, Plan, Received, Sent, TlsDone, TlsOptions
from wsprobe.judge import FINDINGS
from wsprobe.lab import load
from wsprobe.lab.play import play
from wsprobe.lab.ports import place
from wsprobe.lab.server import serve
from wsprobe.net.probe import probe
from wsprobe.read import read
from wsprobe.read.http2_values import PREFACE
from wsprobe.report.report import report
from wsprobe.request import opening, target
from wsprobe.show.as_json import report_value
from wsprobe.show.json_text import pieces
from wsprobe.show.lines import Look, plain
from wsprobe.show.report import handshake
from wsprobe.show.verbose import Conversation

ALL = {name: scenario for name, scenario in load().items() if scenario.http2 is not None}

LITTLE = Limits(max_head=1 << 16, max_body=1 << 18, max_session=1 << 18)
"""Of a flood: as much as it takes to see that it ends."""


def plan(scenario, url="", **parts):
    found = target.parse(url or place(scenario).address)
    protocols = scenario.page.protocols or ()
    offer = opening.Offer(key="AAECAwQFBgcICQoLDA0ODw==", protocols=tuple(protocols))
    made = Plan(
        found,
        opening.request(found, offer),
        http2=Http2(opening.extended_connect(found, offer)),
        tls=TlsOptions(alpn=("h2", "http/1.1")),
    )
    if scenario.name.endswith(("-flood", "-without-end", "-bomb", "-empty")):
        made = replace(made, limits=LITTLE)
    return replace(made, **parts)


@cache
def played(name):
    """The scenario over HTTP/2, without sockets."""
    return play(ALL[name], plan(ALL[name]))


@cache
def reported(name):
    """What is read and judged of it."""
    return report(played(name))


def asked(name, attempt=0, more=(), tries=1):
    """The report of a client that comes back, sends *more* fields, or asks again on the same connection."""
    made = plan(ALL[name])
    http2 = replace(made.http2, fields=(*made.http2.fields, *more), tries=tries)
    return report(play(ALL[name], replace(made, http2=http2), attempt=attempt))


@every(ALL.keys())
def test_it_is_judged_as_the_catalogue_says(name):
    scenario = ALL[name]
    exchange, made = played(name), reported(name)
    found = {finding.id for finding in made.verdict.findings if finding.level != "note"}
    assert (made.outcome, found) == (scenario.http2.outcome, set(scenario.http2.findings))
    times = [event.at for event in exchange.events]
    assert times == sorted(times)
    assert isinstance(exchange.events[-1], Ended)
    of = read(exchange)
    if of.http2 is not None:
        whole = b"".join(frame.header + frame.payload for frame in of.http2.of("server"))
        assert whole + of.rest == of.received


@every(ALL.keys())
def test_it_can_be_shown(name):
    made = reported(name)
    for look in (Look(), Look(verbose=2), Look(terminal=True, width=40)):
        text = plain(handshake(made, look))
        assert all(char.isprintable() or char == "\n" for char in text)
        assert text.isascii()
        assert text.startswith(made.outcome)
    value = json.loads("".join(pieces(report_value(made))))
    assert ("http" in value) == (made.reading.http2 is not None)
    validate(value)
    watching = Conversation(Look(verbose=1))
    lines = [each for event in made.exchange.events for each in watching.event(event)]
    assert plain(lines).isascii()


@every(ALL.keys())
def test_its_findings_point_into_what_came_and_are_printable(name):
    made = reported(name)
    for finding in made.verdict.findings:
        assert finding.span is None or 0 <= finding.span[0] <= finding.span[1] <= len(made.reading.received)
        are_words(finding)


@pytest.mark.all_cases
def test_each_finding_is_produced_by_a_scenario_or_a_case():
    produced = {finding.id for name in ALL for finding in reported(name).verdict.findings}
    assert {id for id in FINDINGS if id.startswith(("http2-", "h2-"))} <= produced | found_in_cases()


LIVE = """
    h2-on h2-off h2-late-before-page h2-alpn-none h2-cross-cold-h2-only h2-status-403
    h2-rst-http11-required-before h2-tcp-rst-before h2-turned-away h2-http1 h2-window-5
    h2-pmd-message h2-data-bytewise h2-close-4403-end
"""


def live(name, **parts):
    """The scenario over real sockets."""

    async def once():
        async with serve() as lab:
            made = plan(ALL[name], lab.url(ALL[name]), **parts)
            trusting = replace(made.tls, ca_file=str(lab.certificate_authority))
            return await probe(replace(made, tls=trusting))

    return trio.run(once)


@pytest.mark.parametrize("name", LIVE.split())
def test_over_sockets_it_is_the_same(name):
    exchange = live(name)
    scenario = ALL[name]
    http1 = read(exchange).http2 is None
    assert report(exchange).outcome == (scenario.outcome if http1 else scenario.http2.outcome)
    assert http1 == (name == "h2-alpn-none")
    done = next(event for event in exchange.events if isinstance(event, TlsDone))
    assert done.alpn == (None if http1 else "h2")


def test_in_clear_with_prior_knowledge():
    async def once():
        async with serve() as lab:
            made = plan(ALL["h2-on"], f"ws://127.0.0.1:{lab.ports['plain']}/s/h2-on")
            return await probe(replace(made, http2=replace(made.http2, prior_knowledge=True)))

    exchange = trio.run(once)
    assert report(exchange).outcome == "open"
    assert next(event.data for event in exchange.events if isinstance(event, Sent)).startswith(PREFACE)


@pytest.mark.parametrize("name", ["h2-ping-flood", "h2-data-without-end"])
def test_a_flood_over_sockets_is_bounded(name):
    exchange = live(name, limits=Limits(max_session=1 << 20))
    assert sum(len(e.data) for e in exchange.events if isinstance(e, Received)) < 3 << 20
    assert exchange.events[-1].how == "limit"


def test_no_server_is_named_by_a_shape_that_http2_gives_to_every_answer():
    named = {name: author(reported(name).reading).id for name in share(ALL)}
    assert {name: author for name, author in named.items() if author} == {}
