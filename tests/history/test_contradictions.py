"""Where the specifications contradict each other, both places are named."""

import pytest

from wsprobe.history import data, find, read_as

TOUCHED = {
    # contradiction: (revision, what is sent)
    "contradiction-status": ("rfc6455", {"reply": {"bare": True, "line": "HTTP/1.1 403 Forbidden"}}),
    "contradiction-connection": ("rfc6455", {"reply": {"connection": "Connection: keep-alive, Upgrade"}}),
    "contradiction-upgrade-list": ("rfc6455", {"reply": {"upgrade": "Upgrade: websocket, websocket"}}),
    "contradiction-http-version": ("rfc6455", {"reply": {"line": "HTTP/1.0 101 Switching Protocols"}}),
    "contradiction-interim": ("rfc6455", {"reply": {"before": "HTTP/1.1 103 Early Hints\r\n\r\n"}}),
    "contradiction-protocol-empty": ("whatwg", {"reply": {"extra": "Sec-WebSocket-Protocol: "}}),
    "contradiction-extension-lines": (
        "rfc6455",
        {
            "request": {"offer": "permessage-deflate, x"},
            "reply": {"extra": "Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Extensions: x"},
        },
    ),
    "contradiction-protocol-missing": ("whatwg", {"request": {"ask": "a"}}),
    "contradiction-version-status": (
        "rfc6455",
        {"reply": {"bare": True, "line": "HTTP/1.1 426 Upgrade Required", "extra": "Sec-WebSocket-Version: 8"}},
    ),
    "contradiction-nonce": ("hybi-05", {}),
}


@pytest.mark.parametrize("id", TOUCHED)
def test_named_where_it_is_touched(id, answered):
    name, row = TOUCHED[id]
    revision = find(name)
    notes = {finding.id: finding for finding in read_as(answered(row, revision), revision).findings}
    assert id in notes
    for place in data.contradictions()[id].places:
        assert place.where in notes[id].spec
        assert place.says in notes[id].text


def test_not_named_where_nothing_touches_it(answered):
    for revision in data.revisions().values():
        if not revision.reads:
            continue
        ids = [finding.id for finding in read_as(answered({}, revision), revision).findings]
        wanted = {"hybi-05": ["contradiction-nonce"]}.get(revision.name, [])
        assert [id for id in ids if id.startswith("contradiction-")] == wanted, revision.name


def test_every_contradiction_is_tried():
    assert set(TOUCHED) | {"contradiction-http2-status"} == set(data.contradictions())


def test_over_http2_the_contradiction_is_of_another_answer():
    of = data.contradictions()["contradiction-http2-status"].revisions
    assert of[:3] == ("rfc8441", "rfc9113", "rfc9220")
    assert set(of[3:]) == {
        name for name in data.revisions() if name.startswith("whatwg-201") or name == "whatwg"
    } | {name for name in data.revisions() if name.startswith("whatwg-202")}
