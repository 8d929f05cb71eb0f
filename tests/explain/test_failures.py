"""Texts of clients are explained by their form, so a client that nobody listed is understood too."""

from functools import cache
from pathlib import Path

from tests.cases import every
from wsprobe import explain
from wsprobe.diagnosis.kinds import kinds
from wsprobe.explain import failures
from wsprobe.explain.entry import load
from wsprobe.judge import FINDINGS

ROWS = [
    tuple(line.split("\t"))
    for line in (Path(__file__).parent / "client_texts.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]
"""Client, what the text reports, the text."""
CLIENTS = sorted({client for client, _, _ in ROWS})


@cache
def reported(text):
    """The label of what *text* reports by the general forms alone: they know no client."""
    found = failures.recognise(text)
    if found is None:
        return None
    return found.failure["id"] if found.failure else str(found.status or found.close_code)


def test_there_are_many():
    assert len(ROWS) > 700
    assert len(CLIENTS) > 90


@every(CLIENTS)
def test_the_general_forms_know_what_each_client_reports(client):
    wrong = [
        (text, label, reported(text))
        for of, label, text in ROWS
        if of == client and reported(text) not in label.split("|")
    ]
    assert wrong == []


def told(entry):
    """Every word under which *entry* leads on, and its text."""
    return {entry.topic, *entry.see_also}


@every(CLIENTS)
def test_each_text_leads_to_its_status_or_code(client):
    """With the console texts of all clients, and by the general forms alone: those of the client may change."""
    for of, label, text in ROWS:
        if of == client and label.isdigit():
            for find in (explain.find, failures.find_general):
                assert label in told(find(text)), text


@every(CLIENTS)
def test_no_text_is_taken_for_that_of_another_client(client):
    """Who wrote a text is told only where the words are that client's alone."""
    writers = {
        text: dict(explain.find(text).facts).get("written by", "") for of, _, text in ROWS if of == client
    }
    alone = {text: by for text, by in writers.items() if by and "other programs use the same words" not in by}
    known = OWN_WORDS.get(client, ())
    wrong = {text: by for text, by in alone.items() if not any(by.startswith(name) for name in known)}
    assert wrong == {}, (
        "the client's own words belong in OWN_WORDS below; for shared words, `shared = true` in the row"
    )


NODE = ("ws (Node)", "Node", "undici")
OWN_WORDS = {
    **dict.fromkeys(
        ("ws", "websocket (theturtle32)", "graphql-ws", "phoenix", "mqtt.js", "wscat", "Postman", "Puppeteer"),
        NODE,
    ),
    "reconnecting-websocket": NODE,
    "Python websockets": ("websockets (Python)",),
    "curl 8.14": ("curl",),
    "websocat": ("websocat",),
    "websocket-client": ("websocket-client (Python)",),
    "binance": NODE,
    "CRA": ("Chromium",),
    "Next.js": ("Chromium",),
    "Firefox": ("Firefox",),
    "faye": ("Chromium",),  # copied from browsers, word for word
    "libsoup": ("WebKitGTK",),  # WebKitGTK's handshake is that of libsoup
    "gorilla": ("gorilla/websocket (Go)",),
    "gorilla server": ("gorilla/websocket (Go)",),
    "k6": ("gorilla/websocket (Go)",),
    "Bun": ("Bun",),
    "Electron": ("Chromium",),
    "websocket-driver (Ruby)": ("Chromium", "webkitgtk", "WebKitGTK"),  # copied from browsers, word for word
    "tungstenite": ("ws (Node)",),  # its subprotocol errors have the words of ws
}


def test_every_failure_has_its_words():
    """Its own, or those of the finding or cause of that name."""
    for row in load("failures")["failure"]:
        assert ("means" in row) != (row["id"] in FINDINGS or row["id"] in kinds()), row["id"]


def test_every_failure_is_reported_by_a_text():
    """A form that no text needs is a guess."""
    seen = {reported(text) for _, _, text in ROWS}
    assert {row["id"] for row in load("failures")["failure"]} - seen == set()
