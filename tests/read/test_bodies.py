"""Bodies: framed by h11 over recorded bytes, content coding undone, nothing lost."""

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from wsprobe.read.body import SLICE, BodyReader, read_body
from wsprobe.read.head import split_head
from wsprobe.read.strict import StrictFraming, opinion

LIMIT = 1000


def body(fields, data, *, status=403, method=b"GET", ended="clean", limit=LIMIT):
    head, _ = split_head(b"HTTP/1.1 403 No\r\n" + fields + b"\r\n")
    assert ended in ("clean", "unclean", "not")
    return read_body(head, status, data, method=method, limit=limit, ended=ended)


CHUNKED = b"Transfer-Encoding: chunked\r\n"


def test_one_byte_chunks_are_not_all_given_to_h11(monkeypatch):
    """h11 works on each chunk: where most of a body is framing, the rest of it must not reach h11."""
    given = []
    of = h11.Connection.receive_data
    monkeypatch.setattr(
        h11.Connection, "receive_data", lambda self, data: (given.append(len(data)), of(self, data))[1]
    )
    made, rest = body(CHUNKED, b"1\r\na\r\n" * 1_000_000)
    assert made.cut
    assert sum(given) < 3 * SLICE
    assert len(made.raw + rest) == 6_000_000


parts = st.lists(
    st.sampled_from(
        [b"1\r\na\r\n", b"3\r\nabc\r\n", b"0\r\n\r\n", b"0\r\nA: b\r\n\r\n", b"\r\n", b"2\n", b"f;x\r\n"]
    )
    | st.binary(max_size=8),
    max_size=10,
).map(b"".join)
fieldses = st.sampled_from([b"", CHUNKED, b"Content-Length: 5\r\n", b"Content-Length: -\r\n", CHUNKED * 2])


@settings(deadline=None)
@given(
    fieldses,
    parts,
    st.lists(st.integers(1, 9), max_size=8),
    st.sampled_from(["clean", "unclean", "not"]),
    st.integers(1, 20),
)
def test_a_body_in_pieces_is_the_same_body(fields, data, sizes, ended, limit):
    whole = body(fields, data, ended=ended, limit=limit)
    assert whole[0].raw + whole[1] == data
    head, _ = split_head(b"HTTP/1.1 403 No\r\n" + fields + b"\r\n")
    reader, at = BodyReader(head, 403, limit=limit), 0
    counting = BodyReader(head, 403, limit=limit, keeps=False)
    for size in (*sizes, *[1] * len(data)):
        if at < len(data):
            reader.feed(data[at : at + size])
            counting.feed(data[at : at + size])
            at += size
    if ended != "not":
        reader.end(ended == "clean")
        counting.end(ended == "clean")
    assert reader.body() == whole
    counted, rest = counting.body()
    assert (
        replace(counted, raw=whole[0].raw, content=whole[0].content, decoded=whole[0].decoded),
        rest,
    ) == whole


def test_a_reader_says_when_it_wants_no_more():
    head, _ = split_head(b"HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\n")
    reader = BodyReader(head, 403)
    reader.feed(b"ab")
    assert not reader.done
    reader.feed(b"cd")
    assert (reader.done, reader.complete) == (True, True)
    reader.feed(b"e")
    assert reader.body()[1] == b"de"
    empty = BodyReader(split_head(b"HTTP/1.1 204 No\r\n\r\n")[0], 204)
    assert empty.done


def test_a_long_body_byte_by_byte():
    head, _ = split_head(b"HTTP/1.1 403 No\r\n\r\n")
    reader = BodyReader(head, 403, limit=1_000_000)
    for _ in range(50_000):
        reader.feed(b"a")
    assert len(reader.body()[0].content) == 50_000


def events(framing, pieces):
    """How much content there was after each piece, and what came of it."""
    sizes, content = [], b""
    for piece in pieces:
        content += b"".join(framing.feed(piece))
        sizes.append(len(content))
    return sizes, content, framing.problem, framing.complete, framing.trailing


CHUNKS = [
    b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\nrest",
    b"1\r\na\r\n3;x=y\r\nbcd\r\n1\r\ne\r\n0\r\nT: x\r\n\r\n",
    b"1\r\na\r\n2\r\nbcX\n1\r\nd\r\n",
    b"A\r\n0123456789\r\nzz\r\n",
    b"1\na\n1\r\nb\r\n",
    b"1\r\na\r\n00\r\n\r\n",
    b"00001\r\na\r\n000001\r\nb\r\n\r\n",
    b"1001\r\n" + bytes(4097) + b"\r\n1\r\na\r\n",
    b"fff\r\n" + bytes(4095) + b"\r",
    b"1 \r\na\r\n 1\r\na\r\n",
    b"1;a=b;c\r\nx\r\n2 \t\r\nab\r\n1;\x80\0 \r\nx\r\n1 ;a\r\nx\r\n",
    b"1;a\rb\r\nx\r\n1;\r\nx\r\n1 \r \r\nx\r\n",
    b"1;" + b"x" * 300 + b"\r\na\r\n1" + b" " * 20 + b"\r\na\r\n",
    b"00000000000000000001\r\na\r\n000000000000000000001\r\nb\r\n",
]


@pytest.mark.parametrize("data", CHUNKS)
@pytest.mark.parametrize("ended", [False, True])
def test_plain_chunks_are_what_they_are_to_h11(data, ended, monkeypatch):
    for size in (1, 2, 3, 5, 7, 4098, len(data)):
        pieces = [data[at : at + size] for at in range(0, len(data), size)] + [b""] * ended
        ours = StrictFraming(200, b"GET", [(b"transfer-encoding", b"chunked")])
        h11s = StrictFraming(200, b"GET", [(b"transfer-encoding", b"chunked")])
        h11s._plain = False
        # What is complete is fed no more.
        end = data.find(b"0\r\n\r\n")
        upto = len(pieces) if end < 0 else -(-(end + 5) // size)
        assert events(ours, pieces[:upto]) == events(h11s, pieces[:upto])


@pytest.mark.parametrize("data", CHUNKS)
@pytest.mark.parametrize("begin", [b"", b"HTTP/1.1 103 Hi\r\n\r\n"])
def test_they_are_for_its_opinion_too(data, begin):
    head = begin + b"HTTP/1.1 403 No\r\n" + CHUNKED + b"\r\n"
    for odd in (head, head.replace(b": chunked", b": gzip"), head.replace(b"\r\n", b"\n"), b"\x01" + head):
        for ended in (False, True):
            alone = opinion(odd + data, method=b"GET", ended=ended)
            assert opinion(odd + data, method=b"GET", ended=ended, chunks_at=len(odd)) == alone


@pytest.mark.parametrize("size", [b"1", b"1;a=b;c", b"000001 "])
def test_h11_is_not_asked_of_each_of_many_chunks(size, monkeypatch):
    """Forty thousand of them took seconds: it was asked three times of each."""
    asked = 0
    of_h11 = h11.Connection.next_event

    def counted(self):
        nonlocal asked
        asked += 1
        return of_h11(self)

    monkeypatch.setattr(h11.Connection, "next_event", counted)
    made, _ = body(CHUNKED, (size + b"\r\nx\r\n") * 40_000, limit=2_000_000, ended="not")
    assert made.content == b"x" * 40_000
    assert asked < 10


def test_content_without_chunks_takes_no_memory_of_its_own():
    made, _ = body(b"", b"a" * LIMIT)
    assert made.content is made.raw
