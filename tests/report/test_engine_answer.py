"""What is kept of the answer to an engine's own request: the recording, and little beside it."""

import pytest
from msgspec import Struct, structs

from tests.exchanges import OPENED, exchange, plan
from tests.traced import traced
from wsprobe.read import read, received_of, responses_of
from wsprobe.report.report import report, report_of
from wsprobe.report.result import engine_answer

FLOODS = {
    "frames": OPENED + b"\x82\x50" + b"\x82\x50".join([b"x" * 0x50] * 2000),
    "fields": b"HTTP/1.1 403 No\r\n" + b"X-Filler: x\r\n" * 10_000,
    "a body": b"HTTP/1.1 403 No\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300_000,
    "no HTTP": b"\x00\xff" * 100_000,
}


def exchange_of(received):
    return exchange(plan(), received, how="limit")


def kept_of(received):
    made = report(exchange_of(received))
    return engine_answer(made.reading, made.verdict, made.outcome)


def values(of):
    """*of*, and all that it holds."""
    yield of
    if isinstance(of, Struct):
        of = tuple(structs.asdict(of).values())
    if isinstance(of, tuple):
        for each in of:
            yield from values(each)


@pytest.mark.parametrize("received", FLOODS.values(), ids=FLOODS)
def test_nothing_that_grows_with_a_flood_is_kept_beside_the_recording(received):
    kept = kept_of(received)
    beside = [each for name, each in structs.asdict(kept).items() if name != "exchange"]
    found = list(values(tuple(beside)))
    assert len(found) < 1000
    assert sum(len(each) for each in found if isinstance(each, bytes | str)) < 20_000


@pytest.mark.parametrize("received", FLOODS.values(), ids=FLOODS)
def test_all_of_it_can_be_read_again(received):
    assert report_of(kept_of(received)) == report(exchange_of(received))


@pytest.mark.parametrize("received", [*FLOODS.values(), b"", OPENED[:40]])
def test_answers_without_frames_are_those_of_the_reading(received):
    exchange = exchange_of(b"HTTP/1.1 103 Hint\r\n\r\n" * bool(received) + received)
    reading = read(exchange)
    assert responses_of(exchange) == reading.responses
    assert received_of(exchange) == reading.received


NGINX = b"<html>\r\n<body>\r\n<center><h1>403 Forbidden</h1></center>\r\n</body>\r\n</html>\r\n"
PADDING = b"<!-- a padding to disable MSIE and Chrome friendly error page -->\r\n" * 6


def page(body, fields=b""):
    return b"HTTP/1.1 403 Forbidden\r\n%sContent-Length: %d\r\n\r\n%s" % (fields, len(body), body)


@pytest.mark.parametrize("received", [page(b"1 " * 500_000), b"\x00" * 3_000_000], ids=["numbers", "no HTTP"])
def test_comparing_takes_little_memory(received):
    made = report(exchange_of(received))
    with traced() as memory:
        engine_answer(made.reading, made.verdict, made.outcome)
    assert memory.peak < 7_000_000
