"""Every text that the engines were seen to write is recognised, as it is pasted."""

from pathlib import Path

from tests.cases import every
from wsprobe import explain
from wsprobe.browsers import BROWSERS, RUNTIMES, table, versions
from wsprobe.explain import console
from wsprobe.explain.entry import load

URL = "wss://chat.example:8443/ws?token=a.b"
FILLED = {
    "{url}": URL,
    "{status}": "403",
    "{b}": "1",
    "{opcode}": "3",
    "{ip}": "192.0.2.7",
    "{page}": "https://page.example/app.js",
    "{line}": "12",
    "{col}": "34",
}
SAMPLES = {
    "url": URL,
    "status": "404",
    "opcode": "7",
    "port": "25",
    "code": "999",
    "rsv1": "0",
    "rsv2": "1",
    "rsv3": "1",
}


def texts():
    path = Path(__file__).parent / "console_texts.txt"
    lines = [line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    return [(engine, text) for engine, _, text in (line.partition("\t") for line in lines)]


def filled(text):
    for name, value in FILLED.items():
        text = text.replace(name, value)
    return text


def test_all_are_there():
    assert len(texts()) == 214, "a text was added to console_texts.txt, or lost: count it here"


@every(texts())
def test_recognised(each):
    engine, text = each
    match = console.recognise(filled(text))
    assert not match.row.get("general")
    assert engine in match.engines


def test_every_text_is_found_by_itself():
    """No text hides another: each, filled in, is recognised as itself."""
    for text in console.texts():
        line = text
        for name in console._PLACE.findall(text):
            line = line.replace(f"{{{name}}}", SAMPLES.get(name, "sample"))
        match = console.recognise(line)
        assert match is not None, text
        assert match.row["text"] == text


def test_no_text_of_an_engine_stands_here_again():
    """A row names the place of a text that the facts of its engine have."""
    browsers = {name: (name,) for name in BROWSERS}
    for name, engines in {**browsers, "clients": RUNTIMES}.items():
        parts = [
            part
            for engine in engines
            for version in versions(engine)
            for part in table(engine, version).values()
            if isinstance(part, dict)
        ]
        known = {text for part in parts for text in part.values() if isinstance(text, str)}
        rows = load(f"console/{name}")["message"]
        assert [row["text"] for row in rows if row.get("text") in known] == []


def test_every_place_in_the_facts_has_a_text():
    rows = [row for name in console.FILES for row in load(f"console/{name}")["message"] if "fact" in row]
    assert rows
    for row in rows:
        assert all(list(console.fact(place, row.get("given", {}))) for place in console.places(row)), row[
            "fact"
        ]
        assert "text" not in row


def test_every_text_says_what_to_do():
    for _, row in console._rows():
        assert row["means"]
        assert row["usual"]
        assert row["fix"]
        for words in (row["means"], row["usual"], row["fix"], row.get("english", row["text"])):
            assert words.isascii()


def test_no_more_of_a_pasted_text_is_read_than_a_console_writes():
    """Without its last letter, the text has only a general form."""
    text = " net::ERR_CERT_DATE_INVALID"
    before = "(" * (explain.LONGEST - len(text))
    assert explain.find(before + text).kind == "console text"
    assert explain.find("(" + before + text).kind == "error text"
