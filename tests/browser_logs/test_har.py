"""HAR files: what real programs wrote is read, rebuilt and marked; what is written is HAR 1.2."""

import contextlib
import json
import zlib
from base64 import b64encode

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.traced import traced
from wsprobe.browser_logs import har
from wsprobe.exchange import Connected, Exchange, Plan, Received, Resolved, Sent
from wsprobe.recording.archive import ascii_json, dump, load
from wsprobe.report.report import report
from wsprobe.request import target
from wsprobe.show.har import PIECE, _escaped, document
from wsprobe.show.har import entries as har_entries
from wsprobe.wire.rfc6455 import frame

KEY = {"name": "Sec-WebSocket-Key", "value": "dGhlIHNhbXBsZSBub25jZQ=="}
ACCEPT = {"name": "Sec-WebSocket-Accept", "value": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}
UPGRADE = [{"name": "Upgrade", "value": "websocket"}, {"name": "Connection", "value": "Upgrade"}]


def of(*entries):
    return har.read(json.dumps({"log": {"creator": {"name": "Test"}, "entries": entries}}).encode())


def opened(**members):
    return {
        "request": {"method": "GET", "url": "wss://h/ws", "headers": [*UPGRADE, KEY]},
        "response": {"status": 101, "statusText": "OK", "headers": [*UPGRADE, ACCEPT]},
        "startedDateTime": "2026-01-01T00:00:00Z",
    } | members


def refused(headers, content):
    response = {"status": 403, "statusText": "No", "headers": headers, "content": content}
    return opened() | {"response": response}


REFUSED = "Error during WebSocket handshake: Unexpected response code: 503"


def failed(error):
    """A handshake of which DevTools kept this *error* alone."""
    noted = [{"type": "error", "opcode": -1, "data": error}]
    return of(opened(response={"status": 0, "statusText": ""}, _webSocketMessages=noted)).entries[0]


def decoded(lines, **content):
    """What is found in a 403 of which the browser kept the body decoded; how that was framed, and the body."""
    headers = [dict(zip(("name", "value"), line.split(": "), strict=True)) for line in lines]
    made = report(har.recording(of(refused(headers, content)).entries[0], "x"))
    body = made.reading.final.body
    return [each.id for each in made.verdict.findings if each.level != "note"], body.framing, body.content


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
HEADERS = st.lists(
    st.fixed_dictionaries({"name": st.text(max_size=8), "value": st.text(max_size=8)}), max_size=3
)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.none()
MESSAGES = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["send", "receive", "?"]),
        "time": st.floats(allow_nan=False, allow_infinity=False),
    },
    optional={"opcode": st.integers(-1, 20), "data": st.text(max_size=8)},
)


@given(
    status=NUMBERS,
    headers=HEADERS,
    asked=HEADERS,
    timings=st.fixed_dictionaries(
        {}, optional={name: NUMBERS for name in ("blocked", "dns", "connect", "wait")}
    ),
    messages=st.lists(MESSAGES, max_size=3),
    started=st.text(max_size=8) | st.just("2026-01-01T00:00:00Z"),
    other=JSON,
)
def test_any_entry_is_a_recording_that_can_be_read_or_one_line(
    status, headers, asked, timings, messages, started, other
):
    entry = opened(
        request={"url": "ws://h/", "headers": [*asked, KEY], "other": other},
        response={"status": status, "headers": headers, "_error": other},
        timings=timings,
        startedDateTime=started,
        _webSocketMessages=messages,
    )
    with contextlib.suppress(har.HarError):
        made = har.recording(of(entry).entries[0], "x")
        assert load(dump(made)) == made
        report(made)


# What is written -----------------------------------------------------------------------------------------

TEXT = {"type": "string"}
NUMBER = {"type": "number"}
PAIRS = {
    "type": "array",
    "items": {"type": "object", "required": ["name", "value"], "additionalProperties": TEXT},
}
COOKIES = {"type": "array", "items": {"type": "object", "required": ["name", "value"]}}


def members(optional=None, **required):
    """An object with these members, and others that begin with an underscore."""
    return {
        "type": "object",
        "required": list(required),
        "properties": required | (optional or {}),
        "patternProperties": {"^_": {}},
        "additionalProperties": False,
    }


WHEN = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"
SIZE = {"type": "integer", "minimum": -1}
HAR = members(
    log=members(
        version={"const": "1.2"},
        creator=members(name=TEXT, version=TEXT),
        pages={"type": "array"},
        entries={
            "type": "array",
            "items": members(
                {"serverIPAddress": TEXT, "connection": TEXT, "comment": TEXT, "pageref": TEXT},
                startedDateTime={"type": "string", "pattern": WHEN},
                time={"type": "number", "minimum": 0},
                request=members(
                    method=TEXT, url=TEXT, httpVersion=TEXT, cookies=COOKIES, headers=PAIRS, queryString=PAIRS,
                    headersSize=SIZE, bodySize=SIZE,
                ),
                response=members(
                    status={"type": "integer"}, statusText=TEXT, httpVersion=TEXT, cookies=COOKIES,
                    headers=PAIRS, content=members({"text": TEXT, "encoding": TEXT}, size=SIZE, mimeType=TEXT),
                    redirectURL=TEXT, headersSize=SIZE, bodySize=SIZE,
                ),
                cache={"type": "object"},
                timings=members(
                    {"blocked": NUMBER, "dns": NUMBER, "connect": NUMBER, "ssl": NUMBER},
                    send={"type": "number", "minimum": 0}, wait={"type": "number", "minimum": 0},
                    receive={"type": "number", "minimum": 0},
                ),
            ),
        },
    )
)  # fmt: skip
"""HAR 1.2, as the specification has it (www.softwareishard.com/blog/har-12-spec)."""


def exchange(*events, url="ws://h:81/ws?a=b%20c&d"):
    request = b"GET /ws HTTP/1.1\r\nCookie: s=1; t=2\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    before = (Resolved(1000, "h", ("127.0.0.1",)), Connected(3000, "127.0.0.1", 81), Sent(3500, request))
    return Exchange(Plan(target.parse(url), request), (*before, *events), "2026-01-01T00:00:00.000Z")


OPENED = (
    b"HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
)
DEFLATE = b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"


def har_of(*exchanges):
    entries = [b"".join(entry) for each in exchanges for entry in har_entries(report(each))]
    return b"".join(document([b",".join(entries)]))


def written(*exchanges):
    document = json.loads(har_of(*exchanges))
    jsonschema_rs.validate(document, HAR)
    return document["log"]["entries"]


@pytest.mark.parametrize(("opcode", "payload"), [(1, "a\x1b\u202e".encode() * 50_000), (2, b"\0\xff" * 80_000)])
def test_a_long_message_is_written_a_piece_at_a_time(opcode, payload):
    opened = exchange(Received(5000, OPENED + b"\r\n" + frame(opcode, payload, None)))
    (entry,) = har_entries(report(opened))
    assert max(map(len, entry)) <= 6 * PIECE  # of an escape in JSON for each byte
    (message,) = written(opened)[0]["_webSocketMessages"]
    assert message["data"] == (payload.decode() if opcode == 1 else b64encode(payload).decode())


def test_a_text_is_written_as_the_rest_is():
    text = "".join(map(chr, range(0xD800))) + "\ue000\U0001f600"
    assert b"".join(_escaped(text.encode())) == ascii_json(text)[1:-1]


def test_of_a_flood_that_inflates_one_message_is_in_memory():
    """In JSON, a character that is not ASCII takes six bytes: 8 MiB of them took the program to 175 MiB."""
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    text = (packed.compress("\u20ac".encode() * 100_000) + packed.flush(zlib.Z_SYNC_FLUSH))[:-4]
    made = report(
        exchange(Received(5000, OPENED + DEFLATE + (b"\xc1\x7e%c%c" % divmod(len(text), 256) + text) * 20))
    )
    with traced() as memory:
        size = sum(len(part) for entry in har_entries(made) for part in entry)
    assert size > 12_000_000
    assert memory.peak < 4_000_000
