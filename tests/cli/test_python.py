"""What ``import wsprobe`` offers: reports as values, misuse as one exception, nothing loaded before its use."""

import asyncio

import pytest
import trio

import wsprobe
from tests.cli.processes import python
from wsprobe.exchange import Ended, Plan
from wsprobe.request.target import parse

EXCHANGE = wsprobe.Exchange(Plan(parse("ws://192.0.2.1/"), b"GET / HTTP/1.1\r\n\r\n"), (Ended(2, "fin"),))


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
