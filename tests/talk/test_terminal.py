"""What a person types in a session, and what is shown for it; a pipe stands for the terminal."""

from types import SimpleNamespace

import click
import pytest
import trio

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


def by_hand(file, of=Terminal):
    """A session; ``/send FILE`` sends *file*, and no other."""

    def read(name):
        if name != file.name:
            raise click.UsageError(f"no file {name}")
        return Outgoing("binary", (file.read_bytes(),))

    return of(Look(), HELD, Head(b"", (), b"\r\n", 0, (), None), TO.url, read, History())


def typed(tmp_path, *pieces, heard=(), of=Terminal):
    """What is sent for the *pieces* of input; *heard* comes behind them."""
    (tmp_path / "kept").write_bytes(b"\0")
    hand = by_hand(tmp_path / "kept", of)

    async def given(stream, size):
        assert stream == 0
        for each in pieces:
            yield each

    async def session():
        sent = [each async for some in hand.outgoing() for each in some]
        if heard:
            await hand.hear(heard, 1_500_000)
        return sent

    with click.Context(click.Command("talk"), obj=SimpleNamespace(pieces=given)):
        return trio.run(session)


def said(*texts):
    return [Outgoing("text", (each.encode(),)) for each in texts]


MESSAGE = ReceivedMessage(TEXT, b'{"a":1}', 7)
CLOSING = Outgoing("close", code=1000)
PLAIN, INDENTED = '1.500 < Text "{"a":1}" (7 bytes)', ["1.500 < JSON (7 bytes)", "  {", '    "a": 1', "  }"]
AS_JSON, AS_RECEIVED = "JSON is shown indented", "JSON is shown as received"
TYPED = {
    "each line is a message": ([b"one\ntwo\n"], [], said("one", "two"), []),
    "lines in pieces, the last without an end": ([b"o", b"ne\nt", b"wo"], [], said("one", "two"), []),
    "an empty line": ([b"\n"], [], said(""), []),
    "nothing": ([], [], [], []),
    "a file is sent, and a fault is a line": (
        [b"/send kept\n/send lost\n/cloes\n//x\n"],
        [],
        [Outgoing("binary", (b"\0",)), *said("/x")],
        [
            "no file lost",
            "no command /cloes (did you mean /close?): nothing was sent. //cloes is the text; /help lists all",
        ],
    ),
    "text as it is": ([], [MESSAGE], [], [PLAIN]),
    "JSON is indented": ([b"/json\n"], [MESSAGE], [], [AS_JSON, *INDENTED]),
    "JSON is indented until the next command": (
        [b"/json\n/json\n"],
        [MESSAGE],
        [],
        [AS_JSON, AS_RECEIVED, PLAIN],
    ),
    "no flood yet": ([], [MESSAGE] * FLOOD, [], [PLAIN] * FLOOD),
    "of a flood only the first is shown": (
        [],
        [MESSAGE] * (FLOOD + 2),
        [],
        [*[PLAIN] * FLOOD, "... 2 more not shown; --jsonl has all"],
    ),
    "^C closes, and stops the display": (
        [b"one\n", INTERRUPT.encode() + b"\n", b"two\n"],
        [MESSAGE, Control("close", b"\x03\xe8")],
        [*said("one"), CLOSING],
        ["closing; ^C again leaves", "1.500 < Close 1000"],
    ),
    "/reconnect closes, and takes no more input": ([b"/reconnect\nnot sent\n"], [], [CLOSING], []),
}
"""What is typed, in pieces, and what comes behind it; what is sent, and shown."""


@pytest.mark.parametrize(("pieces", "heard", "sent", "lines"), TYPED.values(), ids=TYPED)
def test_what_is_typed_and_heard(pieces, heard, sent, lines, tmp_path, capsys):
    assert typed(tmp_path, *pieces, heard=heard) == sent
    assert capsys.readouterr().out.splitlines() == lines


def test_the_commands_that_send_nothing(tmp_path, capsys):
    assert typed(tmp_path, b"/help\n/info\n") == []
    out = capsys.readouterr().out
    assert "/close [CODE [REASON]]" in out
    assert "ws://h/" in out


def test_after_ctrl_c_a_flood_does_not_draw_the_prompt_again(tmp_path):
    drawn = []

    class Drawing(Terminal):
        async def tell(self, lines):
            drawn.append(lines)

    typed(tmp_path, INTERRUPT.encode() + b"\n", heard=[MESSAGE], of=Drawing)
    assert len(drawn) == 1  # "closing"


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
