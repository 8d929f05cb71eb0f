"""`wsprobe talk` at a terminal: a real one (a pseudo-terminal), and a program that is typed at."""

import os
import pty
import re
import signal
import subprocess
import sys
import termios
from contextlib import closing, suppress
from select import select

import pytest

pytest.importorskip("prompt_toolkit")

PATIENCE = 30.0
_CONTROLS = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>78]|\r")


class Typist:
    """Somebody at a terminal of 100 columns."""

    def __init__(self, *words, program=("-m", "wsprobe")):
        self.ours, self.theirs = pty.openpty()
        termios.tcsetwinsize(self.theirs, (30, 100))
        self.before = termios.tcgetattr(self.theirs)
        self.screen = b""
        self.process = subprocess.Popen(
            [sys.executable, *program, "talk", "--color", "never", *words],
            stdin=self.theirs,
            stdout=self.theirs,
            stderr=self.theirs,
            start_new_session=True,
            env=os.environ | {"TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"},
        )

    def type(self, text):
        os.write(self.ours, text.encode())

    def sees(self, text):
        """Read until *text* was written, since the last that was seen."""
        wanted = text.encode()
        while wanted not in self.screen:
            if not select([self.ours], [], [], PATIENCE)[0]:
                raise AssertionError(f"{text!r} was not written; there is {self.screen!r}")
            try:
                data = os.read(self.ours, 65536)
            except OSError:  # nobody has the terminal any more
                raise AssertionError(f"{text!r} was not written; there is {self.screen!r}") from None
            self.screen = _CONTROLS.sub(b"", self.screen + data)
        self.screen = self.screen[self.screen.index(wanted) + len(wanted) :]

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for each in (self.ours, self.theirs):
            with suppress(OSError):
                os.close(each)


@pytest.fixture
def typist():
    one = Typist("lab:/echo")
    yield one
    one.close()


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
    with closing(Typist("lab:/echo", program=("-c", hide))) as typist:
        typist.sees("pip install '.[talk]'")
        by_hand(typist, ("hello\n", '< Text "hello" (5 bytes)'))
        by_hand(typist, ("/close\n", "wsprobe closed, the server answered: 1000"))
        assert typist.process.wait(PATIENCE) == 0
