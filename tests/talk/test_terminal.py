"""What a person types in a session, and what is shown for it; a pipe stands for the terminal."""

import click
import pytest
import trio

from wsprobe.cli import terminal
from wsprobe.cli.terminal import FLOOD, History, Terminal
from wsprobe.exchange import Plan
from wsprobe.read.reading import Head
from wsprobe.request.opening import Offer, request
from wsprobe.request.target import parse
from wsprobe.show.lines import Look
from wsprobe.talk.codec import Reader, Writer
from wsprobe.talk.input import INTERRUPT
from wsprobe.talk.session import Outgoing, Rules, TalkSession
from wsprobe.wire.framing import Control, ReceivedMessage

TEXT = 1
TO = parse("ws://h/")
HELD = TalkSession(Plan(TO, request(TO, Offer())), Reader(), Writer(), Rules(), 0)


def by_hand(file):
    """A session; ``/send FILE`` sends *file*, and no other."""

    def read(name):
        if name != file.name:
            raise click.UsageError(f"no file {name}")
        return Outgoing("binary", (file.read_bytes(),))

    return Terminal(Look(), HELD, Head(b"", (), b"\r\n", 0, (), None), TO.url, read, History())


def typed(monkeypatch, tmp_path, *pieces, heard=()):
    """What is sent for the *pieces* of input; *heard* comes behind them."""
    (tmp_path / "kept").write_bytes(b"\0")
    hand = by_hand(tmp_path / "kept")

    async def given(stream, size):
        assert stream == 0
        for each in pieces:
            yield each

    async def session():
        sent = [each async for some in hand.outgoing() for each in some]
        if heard:
            await hand.hear(heard, 1_500_000)
        return sent

    monkeypatch.setattr(terminal, "pieces", given)
    return trio.run(session)


def json_message():
    return ReceivedMessage(TEXT, b'{"a":1}', 7)


@pytest.mark.parametrize(
    ("pieces", "sent"),
    [((b"one\ntwo\n",), ["one", "two"]), ((b"o", b"ne\nt", b"wo"), ["one", "two"]), ((b"\n",), [""]), ((), [])],
)
def test_each_line_is_a_message(pieces, sent, monkeypatch, tmp_path):
    made = typed(monkeypatch, tmp_path, *pieces)
    assert made == [Outgoing("text", (each.encode(),)) for each in sent]


def test_a_file_is_sent_and_a_fault_is_a_line(monkeypatch, tmp_path, capsys):
    made = typed(monkeypatch, tmp_path, b"/send kept\n/send lost\n/cloes\n//x\n")
    assert made == [Outgoing("binary", (b"\0",)), Outgoing("text", (b"/x",))]
    first, second = capsys.readouterr().out.split("\n", 1)
    assert first == "no file lost"
    assert second.startswith("no command /cloes (did you mean /close?)")


def test_the_commands_that_send_nothing(monkeypatch, tmp_path, capsys):
    assert typed(monkeypatch, tmp_path, b"/help\n/info\n") == []
    out = capsys.readouterr().out
    assert "/close [CODE [REASON]]" in out
    assert "ws://h/" in out


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        (b"", ['1.500 < Text "{"a":1}" (7 bytes)']),
        (b"/json\n", ["JSON is shown indented", "1.500 < JSON (7 bytes)", "  {", '    "a": 1', "  }"]),
        (
            b"/json\n/json\n",
            ["JSON is shown indented", "JSON is shown as received", '1.500 < Text "{"a":1}" (7 bytes)'],
        ),
    ],
)
def test_json_is_indented_from_one_command_to_the_next(pieces, lines, monkeypatch, tmp_path, capsys):
    typed(monkeypatch, tmp_path, pieces, heard=[json_message()])
    assert capsys.readouterr().out.splitlines() == lines


@pytest.mark.parametrize(("over", "more"), [(0, []), (2, ["... 2 more not shown; --jsonl has all"])])
def test_of_a_flood_only_the_first_is_shown(over, more, monkeypatch, tmp_path, capsys):
    typed(monkeypatch, tmp_path, heard=[json_message()] * (FLOOD + over))
    lines = capsys.readouterr().out.splitlines()
    assert lines[FLOOD:] == more
    assert len(set(lines[:FLOOD])) == 1


def test_ctrl_c_closes_and_stops_the_display(monkeypatch, tmp_path, capsys):
    closing = Control("close", b"\x03\xe8")
    lines = b"one\n", INTERRUPT.encode() + b"\n", b"two\n"
    made = typed(monkeypatch, tmp_path, *lines, heard=[json_message(), closing])
    assert made == [Outgoing("text", (b"one",)), Outgoing("close", code=1000)]
    assert capsys.readouterr().out.splitlines() == ["closing; ^C again leaves", "1.500 < Close 1000"]


def test_after_ctrl_c_a_flood_does_not_draw_the_prompt_again(monkeypatch, tmp_path):
    drawn = []

    async def tell(self, lines):
        drawn.append(lines)

    monkeypatch.setattr(Terminal, "tell", tell)
    typed(monkeypatch, tmp_path, INTERRUPT.encode() + b"\n", heard=[json_message()])
    assert len(drawn) == 1  # "closing"


def test_reconnect_closes_and_takes_no_more_input(monkeypatch, tmp_path):
    assert typed(monkeypatch, tmp_path, b"/reconnect\nnot sent\n") == [Outgoing("close", code=1000)]


def test_history_is_kept_where_a_file_is_named_and_private(tmp_path):
    file = tmp_path / "h"
    for text in ("one", 'two\nlines "\u00e9"'):
        History(str(file)).add(text)
    assert History(str(file)).lines == ["one", 'two\nlines "\u00e9"']
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text("{")
    with pytest.raises(click.UsageError, match="is not a history"):
        History(str(file))
    with pytest.raises(click.UsageError, match="Is a directory"):
        History(str(tmp_path))
    History().add("kept in memory only")
    assert [each.name for each in tmp_path.iterdir()] == ["h"]


def test_send_completes_names_of_files(tmp_path):
    document = pytest.importorskip("prompt_toolkit.document").Document
    event = pytest.importorskip("prompt_toolkit.completion").CompleteEvent()
    from wsprobe.cli.prompt import _Words

    (tmp_path / "message.json").touch()

    def completed(text):
        words = _Words(["/send", "/ping"])
        return [
            text[: len(text) + each.start_position] + each.text
            for each in words.get_completions(document(text), event)
        ]

    assert completed(f"/send {tmp_path}/mes") == [f"/send {tmp_path}/message.json"]
    assert completed("/pi") == ["/ping"]
    assert completed("") == []  # Enter came before the completion was ready
