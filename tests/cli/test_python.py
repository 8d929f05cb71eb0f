"""What ``import wsprobe`` offers: reports as values, misuse as one exception, nothing loaded before its use."""

import asyncio
from typing import get_args

import pytest
import trio
from msgspec.structs import asdict

import wsprobe
from tests.cli.processes import python
from wsprobe.exchange import Ended, Plan, Received
from wsprobe.report.outcome import STATUS_OF, Outcome
from wsprobe.request.target import parse
from wsprobe.show import as_json

EXCHANGE = wsprobe.Exchange(Plan(parse("ws://192.0.2.1/"), b"GET / HTTP/1.1\r\n\r\n"), (Ended(2, "fin"),))


def test_a_report_is_a_value():
    made = wsprobe.probe("lab:status-403", origin="https://a.example", header=["X-A: 1", "X-B: 2"])
    assert (made.outcome, made.exit_status, made.title) == ("refused", 12, "lab:status-403")
    assert b"Origin: https://a.example\r\n" in made.exchange.plan.request
    assert b"X-A: 1\r\nX-B: 2\r\n" in made.exchange.plan.request


def test_a_report_says_why():
    made = wsprobe.probe(
        "lab:status-403", headers={"X-A": "1", "X-B": ""}, expect=["status=4xx", "body~welcome"]
    )
    assert b"X-A: 1\r\nX-B:\r\n" in made.exchange.plan.request.replace(b"X-B: \r", b"X-B:\r")
    assert str(made).startswith("refused 403  lab:status-403\n\nHTTP/1.1 403 Forbidden\n")
    assert repr(made).startswith("<Report lab:status-403: refused 403; lab:status-403: expected body~welcome")
    assert "; the server says: " in repr(made)
    assert len(made.unmet) == 1
    assert made.exit_status == 20
    assert wsprobe.probe("lab:ok", expect="outcome=open").unmet == ()
    [view] = wsprobe.compare("lab:status-403", browser="chromium", expect="view:chromium=1006")
    assert (view.unmet, view.exit_status) == ((), 12)


def test_outcomes_are_those_of_the_table():
    assert set(get_args(Outcome)) == set(STATUS_OF)


def test_messages_are_inflated():
    made = wsprobe.probe("lab:pmd-message", send=["hi"])
    [came], [sent] = made.messages, made.sent_messages
    assert made.reading.session is not None
    assert came.compressed
    assert made.reading.session.frames[0].data != came.data
    assert (came.text, sent.text) == ("hello hello hello", "hi")
    assert wsprobe.probe("lab:status-403").messages == ()


def test_a_network_failure_is_a_value_too():
    assert (
        wsprobe.probe("ws://127.0.0.1:1/", max_time=2.5, insecure=False, origin=None).outcome == "unreachable"
    )


def test_under_trio_and_under_asyncio():
    async def under_asyncio():
        return wsprobe.probe("lab:status-403").outcome

    async def under_trio():
        with pytest.raises(wsprobe.UsageError, match=r"await wsprobe.aprobe"):
            wsprobe.probe("lab:status-403")
        return (await wsprobe.aprobe("lab:status-403")).outcome

    assert asyncio.run(wsprobe.aprobe("lab:status-403")).outcome == "refused"
    assert asyncio.run(under_asyncio()) == "refused"
    assert trio.run(under_trio) == "refused"


def test_readers_of_what_was_kept(tmp_path):
    file = tmp_path / "kept.jsonl"
    made = wsprobe.probe("lab:accept-wrong")
    wsprobe.save(file, made, made.exchange)
    kept = wsprobe.load(file)
    assert kept == (made.exchange, made.exchange)
    assert [view.browser for view in wsprobe.views(kept[0], ["firefox", "chromium"])] == ["firefox", "chromium"]
    assert len(wsprobe.views(made)) >= 5
    both = wsprobe.compare(kept[0], "lab:status-403", browser="chromium", spec=["rfc6455"])
    assert [each.outcome for each in both] == ["invalid", "refused"]
    assert [[view.browser for view in each.views] for each in both] == [["chromium"], ["chromium"]]
    assert [each.verdicts[0].spec for each in both] == ["rfc6455", "rfc6455"]


def test_what_is_no_recording_spoils_no_file(tmp_path):
    file = tmp_path / "kept.jsonl"
    with pytest.raises(wsprobe.UsageError, match="expected a recording or a report, not str"):
        wsprobe.save(file, EXCHANGE, "ws://127.0.0.1:1/")
    assert not file.exists()


def test_a_page_by_its_url():
    [view] = wsprobe.views(EXCHANGE, "chromium", page="https://app.example/")
    assert (view.page, view.exception and view.exception.name) == ("https://app.example/", "SecurityError")


def test_a_notebook_shows_what_came_escaped():
    wire = b"HTTP/1.1 403 <b>\r\nX: <script>\x1b\r\nContent-Length: 5\r\n\r\n<i>\x9b&"
    plan = Plan(parse("ws://x/?<b>"), b"GET / HTTP/1.1\r\n\r\n")
    [made] = wsprobe.compare(wsprobe.Exchange(plan, (Received(1, wire), Ended(2, "fin"))), spec="rfc6455")
    shown = made._repr_html_()
    assert "<strong>refused 403</strong>" in shown
    assert "&lt;script&gt;\\x1b" in shown
    assert "&lt;i&gt;\\x9b&amp;" in shown
    assert "<i>" not in shown
    assert "<b>" not in shown
    assert "<script>" not in shown
    assert "\x1b" not in shown


def test_a_notebook_shows_the_close_and_what_scripts_saw():
    [made] = wsprobe.compare("lab:accept-then-close-4403", browser=["chromium", "w3c-cr-2012"])
    assert (made.close.code, made.close.by) == (4403, "server")
    shown = made._repr_html_()
    assert f"<li>closed first by the server: code 4403, reason &quot;{made.close.reason}&quot;</li>" in shown
    assert f"<li>Chromium {made.views[0].version}, W3C CR 2012: new WebSocket(" in shown
    assert "close   4403" in shown


def test_the_names_are_those_of_the_json(capsys):
    """Of the members that have no other form there."""
    made = wsprobe.probe("ws://127.0.0.1:1/a")
    value = as_json.report_value(made)
    for name in ("url", "outcome", "exit_status", "exchange", "response", "close"):
        assert getattr(made, name) == getattr(value, name)
    assert asdict(made.timing) == asdict(value.timing)
    assert [each.id for each in made.findings] == [each.id for each in value.findings]


@pytest.mark.programs
def test_nothing_is_loaded_before_it_is_used():
    heavy = ("trio", "click", "typing")
    code = f"import sys, wsprobe; print([n for n in sys.modules if n[:8] == 'wsprobe.' or n in {heavy}])"
    done = python(code, check=True)
    assert done.stdout == "['wsprobe.version']\n"
    assert set(wsprobe.__all__) <= set(dir(wsprobe))
    with pytest.raises(AttributeError):
        wsprobe.nothing  # noqa: B018


def test_with_the_server_in_the_same_asyncio_loop():
    async def refuse(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async def both():
        async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
            url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
            found = await wsprobe.aprobe(url)
            with pytest.raises(wsprobe.UsageError, match="blocks the event loop") as raised:
                wsprobe.probe(url, max_time=0.2)
        return found.outcome, str(raised.value)

    assert asyncio.run(both())[0] == "refused"


def test_a_failed_test_shows_the_findings():
    made = wsprobe.probe("lab:accept-wrong", expect=["finding=none", "cause=none"])
    assert "fail accept-" in repr(made)[:240]
    assert any("expected finding=none" in each for each in made.unmet)
    assert wsprobe.probe("lab:ok", expect="finding=none").unmet == ()
