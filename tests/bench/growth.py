"""How the work grows with the bytes: four times as many must not take much more than four times as long."""

from measure import row, taken

from tests.exchanges import plan
from wsprobe.exchange import Limits
from wsprobe.read.head import split_head
from wsprobe.session.conversation import Client

SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
FLOODS = {
    "session: one long header line": (b"HTTP/1.1 403 No\r\nX: ", b"x"),
    "session: many header lines": (b"HTTP/1.1 403 No\r\n", b"a\n"),
    "session: a body byte by byte": (b"HTTP/1.1 403 No\r\n\r\n", b"x"),
    "session: many frames": (SWITCHING, b"\x8a\x00"),
}
FEW, MANY = 10_000, 40_000


def grown():
    """Time for MANY pieces against that for FEW."""
    rows = []
    for name, (begin, piece) in FLOODS.items():
        few = [_fed(begin, piece, FEW) for _ in range(2)]
        rows += _pair(name, [min(few, key=lambda each: each.seconds)], [_fed(begin, piece, MANY)])
    few, many = ([_split(count)] for count in (FEW, MANY))
    return [*rows, *_pair("reading: a head of many lines", few, many)]


def _fed(begin, piece, times):
    client = Client(plan(limits=Limits(linger=3600.0)))
    client.receive(begin, 5)

    def feed():
        for _ in range(times):
            client.receive(piece, 5)

    return taken(feed)


def _split(lines):
    data = b"HTTP/1.1 403 No\r\n" + b"a: b\r\n" * lines + b"\r\n"
    return taken(lambda: split_head(data))


def _pair(name, few, many):
    return [row(f"{name}, {FEW:,}", few, few), row(f"{name}, {MANY:,}", many, few)]
