"""`wsprobe talk` at a terminal: a real one (a pseudo-terminal), and a program that is typed at."""

import os
import signal
import sys
import termios

import pytest

from tests.cli.terminal import PATIENCE, Terminal

pytest.importorskip("prompt_toolkit")


def typing(*words, program=("-m", "wsprobe")):
    environment = os.environ | {"TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
    return Terminal([sys.executable, *program, "talk", "--color", "never", *words], environment)


@pytest.fixture
def typist():
    with typing("lab:/echo") as one:
        yield one


def by_hand(typist, *steps):
    """Each step: what is typed, and what the terminal shows then."""
    for typed, *seen in steps:
        typist.type(typed)
        for text in seen:
            typist.sees(text)


@pytest.mark.programs
def test_a_session_by_hand(typist):
    typist.sees("open; /help lists the commands, ^D ends")
    by_hand(
        typist,
        ("hello\r", '> Text "hello" (5 bytes)', '< Text "hello" (5 bytes)'),
        ("/cloes 4000\r", "no command /cloes (did you mean /close?): nothing was sent."),
        ("//text\r", '< Text "/text" (5 bytes)'),
        ("/binary 00 ff\r", "< Binary 00 ff (2 bytes)"),
        ("/info\r", "received    3 messages"),
        ("/json\r", "JSON is shown indented"),
        ('{"a": [1]}\r', "< JSON (10 bytes)", '"a": ['),
        ("/close 4001 bye\r", 'wsprobe closed, the server answered: 4001 "bye"'),
    )
    typist.sees('in a page: event close, code 4001, reason "bye", wasClean true')
    typist.sees("sent 4 messages")
    assert typist.process.wait(PATIENCE) in (0, 17)
    assert termios.tcgetattr(typist.theirs) == typist.before


@pytest.mark.programs
def test_a_paste_of_several_lines_is_one_message(typist):
    typist.sees("open;")
    # The prompt is there again before the end is typed: what comes sooner, it may take for nothing.
    by_hand(typist, ("\x1b[200~one\ntwo\x1b[201~",), ("\r", '< Text "one\\x0atwo" (7 bytes)', ">"))
    by_hand(typist, ("\x04", "wsprobe closed, the server answered: 1000"))
    assert typist.process.wait(PATIENCE) == 0


@pytest.mark.programs
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_gives_the_terminal_back(typist, number, status):
    typist.sees("open;")
    typist.type("not sent")
    typist.process.send_signal(number)
    typist.sees("sent 0 messages")
    assert typist.process.wait(PATIENCE) == status
    assert termios.tcgetattr(typist.theirs) == typist.before


@pytest.mark.programs
def test_without_prompt_toolkit_lines_are_read_and_a_word_says_what_to_install():
    hide = "import sys; sys.modules['prompt_toolkit'] = None; from wsprobe.cli.main import main; main()"
    with typing("lab:/echo", program=("-c", hide)) as typist:
        typist.sees("pip install '.[talk]'")
        by_hand(typist, ("hello\n", '< Text "hello" (5 bytes)'))
        by_hand(typist, ("/close\n", "wsprobe closed, the server answered: 1000"))
        assert typist.process.wait(PATIENCE) == 0
