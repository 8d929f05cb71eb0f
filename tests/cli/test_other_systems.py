"""What Windows lacks, taken away: one line in place of a traceback, and everything else goes on."""

import os
import socket

import pytest
import trio

from wsprobe.exchange import Plan, PlanError, Route
from wsprobe.lab.installed import NoBrowser, find
from wsprobe.net.descriptors import DescriptorWriter, pieces
from wsprobe.net.plan import check
from wsprobe.request.target import parse


def test_without_unix_sockets_one_line(monkeypatch):
    """A usage error, as every PlanError."""
    monkeypatch.delattr(socket, "AF_UNIX")
    plan = Plan(parse("ws://127.0.0.1/"), b"", route=Route(unix_socket="/no/such"))
    with pytest.raises(PlanError, match=r"^--unix-socket: Python has no Unix sockets on this system$"):
        check(plan)


def test_without_posix_no_browser_is_started(monkeypatch):
    monkeypatch.delattr(os, "geteuid")
    with pytest.raises(NoBrowser, match="only on Linux and macOS"):
        find(["chromium"])


def test_without_o_nonblock_talk_reads_and_writes_a_pipe(monkeypatch, pipe):
    monkeypatch.delattr(os, "O_NONBLOCK")
    reads, writes = pipe()

    async def work():
        output = DescriptorWriter(writes)
        await output.write(b"through a thread")
        output.close()
        os.close(writes)
        return [piece async for piece in pieces(reads, 1024)]

    assert trio.run(work) == [b"through a thread"]


@pytest.fixture
def pipe():
    return os.pipe
