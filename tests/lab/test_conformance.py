"""The client cases of the Autobahn testsuite, as the lab has them: what our reader, ``wsproto`` and
``websockets`` make of the same frames is what a conforming client makes of them, or a table says why not."""

import pytest
from msgspec import Struct
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri
from wsproto import ConnectionType
from wsproto.connection import Connection, ConnectionState
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage

from tests.exchanges import plan as plan_of
from wsprobe.exchange import Connected, Ended, Exchange, Received, Sent
from wsprobe.judge import judge
from wsprobe.lab import load
from wsprobe.lab.perform import answer, request
from wsprobe.lab.ports import place
from wsprobe.lab.scenario import Delivered, fill
from wsprobe.read import read
from wsprobe.read.frames import PONG, TEXT, first_close, messages
from wsprobe.session.conversation import Client

CASES = {name: found for name, found in load().items() if found.conforming is not None}

SECTIONS = {1: 16, 2: 11, 3: 7, 4: 10, 5: 20, 6: 145, 7: 37}
"""Section of the suite -> how many cases it has."""

CODES = {"text-not-utf8": 1007, "close-reason-not-utf8": 1007}
"""Finding of level fail -> the code with which a client fails the connection for it (RFC 6455 section 7.4.1),
where it is not 1002."""

DIFFERENCES = {
    "of_websockets": {
        "autobahn-7-1-5": "fails with 1002 at a Close within a message, as being a message that was "
        "not finished; RFC 6455 section 5.4 lets every control frame come there"
    }
}
"""Library -> scenario -> why it does something else than a conforming client must."""


class Made(Struct, frozen=True):
    """What a reader made of a case: it took the server's Close, or would fail the connection."""

    messages: tuple[Delivered, ...]
    pongs: tuple[bytes, ...]
    close: int | None = None
    fail: int | None = None


def test_every_case_of_the_suite_is_there():
    numbers = [tuple(map(int, name.split("-")[1:])) for name in CASES]
    assert {section: sum(n[0] == section for n in numbers) for section in SECTIONS} == SECTIONS
    assert len(set(numbers)) == len(numbers) == 246
    assert all(scenario.about == "conformance" for scenario in CASES.values())


def test_the_verdict_of_connect_is_that_of_a_conforming_client():
    """A connection that must be failed is ``invalid``; one that ends with a Close is not."""
    for name, scenario in CASES.items():
        to = scenario.conforming
        outcomes = {"invalid"} if to.fail else set()
        outcomes |= {"open" if to.close == 1000 else "closed"} if to.close is not None else set()
        assert scenario.outcome in outcomes, name


def whole(data):
    yield data


def byte_by_byte(data):
    """Of what is long, only the beginning and the end: what stands between is payload."""
    edge = len(data) if len(data) <= 4096 else 512
    yield from (data[at : at + 1] for at in range(edge))
    if edge < len(data):
        yield data[edge:-edge]
        yield from (data[at : at + 1] for at in range(len(data) - edge, len(data)))


def odd_pieces(data):
    """Pieces of 1, 4, 7, ... bytes."""
    start, size = 0, 1
    while start < len(data):
        yield data[start : start + size]
        start, size = start + size, size + 3


CUTS = (whole, byte_by_byte, odd_pieces)


def frames_of(scenario):
    """All that the server sends after the 101 by itself."""
    opening, *steps = scenario.steps
    assert opening.data == b"{opening}"
    return b"".join(fill(step.data, {}) * step.repeat for step in steps if step.do.startswith("send"))


def ours(scenario, cut):
    """What ``connect`` makes of it: its client answers, its reader reads, its rules judge."""
    plan = plan_of(place(scenario).url)
    asked = request(plan.request)
    client = Client(plan)
    target = plan.target
    events = [Connected(0, target.host, target.port), Sent(0, client.opening)]
    opening = answer(scenario, asked, {}).values["opening"]
    for at, piece in enumerate([opening, *cut(frames_of(scenario))], 1):
        events.append(Received(at, piece))
        if send := client.receive(piece, at).send:
            events.append(Sent(at, send))
    reading = read(Exchange(plan, (*events, Ended(len(events), "fin"))))
    faults = [found for found in judge(reading).findings if found.fatal]
    until = min((found.span[0] for found in faults if found.span is not None), default=len(reading.received))
    delivered = tuple(
        Delivered("text" if message.opcode == TEXT else "binary", message.data)
        for message in messages(reading.session.frames)
        if message.complete and not message.oddities and message.frames[-1].span[1] <= until
    )
    if faults:
        # The probe goes on and watches; its Pongs to what came after the fault count for nothing here.
        first = min(faults, key=lambda found: found.span or (0, 0))
        return Made(delivered, (), fail=CODES.get(first.id, 1002))
    pongs = tuple(frame.data for frame in reading.session.sent if frame.opcode == PONG)
    closing = first_close(reading.session.frames)
    return Made(delivered, pongs, close=1005 if closing.close_code is None else closing.close_code)


@pytest.mark.parametrize("cut", CUTS)
def test_our_reader_is_a_conforming_client(cut):
    other = {
        name: made for name, scenario in CASES.items() if not conforms(made := ours(scenario, cut), scenario)
    }
    assert other == {}


def of_wsproto(scenario):
    connection = Connection(ConnectionType.CLIENT)
    connection.receive_data(frames_of(scenario))
    delivered = []
    pongs = []
    part = None
    for event in connection.events():
        match event:
            case TextMessage() | BytesMessage():
                part = event.data if part is None else part + event.data
                if event.message_finished:
                    text = isinstance(part, str)
                    delivered.append(
                        Delivered("text" if text else "binary", part.encode() if text else bytes(part))
                    )
                    part = None
            case Ping():
                pongs.append(event.payload)
            case CloseConnection():
                # So is told, too, that frames are wrong; then the peer has not closed anything yet.
                if connection.state is ConnectionState.OPEN:
                    return Made(tuple(delivered), tuple(pongs), fail=event.code)
                return Made(tuple(delivered), tuple(pongs), close=event.code)
    return Made(tuple(delivered), tuple(pongs))


def of_websockets(scenario):
    """Whether a text is UTF-8 is asked by the layer above its protocol, which is done here as it does it."""
    protocol = ClientProtocol(parse_uri("ws://localhost/"), state=State.OPEN, max_size=None)
    protocol.receive_data(frames_of(scenario))
    delivered = []
    pongs = []
    part = b""
    kind = "text"
    for event in protocol.events_received():
        assert isinstance(event, Frame)
        if event.opcode is Opcode.PING:
            pongs.append(bytes(event.data))
        if event.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            continue
        if event.opcode is not Opcode.CONT:
            kind = "text" if event.opcode is Opcode.TEXT else "binary"
        part += event.data
        if event.fin:
            if kind == "text" and not is_utf8(part):
                return Made(tuple(delivered), tuple(pongs), fail=1007)
            delivered.append(Delivered(kind, part))
            part = b""
    if protocol.parser_exc is not None:
        return Made(tuple(delivered), tuple(pongs), fail=protocol.close_sent.code)
    return Made(tuple(delivered), tuple(pongs), close=protocol.close_rcvd.code)


def is_utf8(data):
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize("made", [of_wsproto, of_websockets])
def test_other_clients_make_the_same_of_the_same_frames(made):
    other = {name for name, scenario in CASES.items() if not conforms(made(scenario), scenario)}
    assert other == set(DIFFERENCES.get(made.__name__, {}))


def conforms(made, scenario):
    to = scenario.conforming
    if made.messages != to.messages or made.pongs != to.pongs:
        return False
    return made.close == to.close if made.fail is None else made.fail in to.fail
