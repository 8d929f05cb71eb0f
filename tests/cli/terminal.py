"""Somebody at a terminal of 100 columns: what a program shows there, and what is typed."""

import os
import pty
import re
import subprocess
import termios
from contextlib import suppress
from select import select

PATIENCE = 30.0
"""Seconds until what should be shown is given up."""
_CONTROLS = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>78]|[\r\a]")


class Terminal:
    """A program on a terminal of its own. *how*: arguments for ``Popen``."""

    def __init__(self, words, env, **how):
        self.ours, self.theirs = pty.openpty()
        termios.tcsetwinsize(self.theirs, (30, 100))
        self.before = termios.tcgetattr(self.theirs)
        self.screen = b""
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), self.theirs)
        self.process = subprocess.Popen(words, env=env, start_new_session=True, **streams, **how)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for each in (self.ours, self.theirs):
            with suppress(OSError):
                os.close(each)

    def type(self, text):
        os.write(self.ours, text.encode())

    def sees(self, text):
        """Read until *text* was written, since the last that was seen."""
        wanted = text.encode()
        while wanted not in self.screen:
            data = self._read()
            assert data, f"{text!r} was not written; there is {self.screen!r}"
            self.screen = _CONTROLS.sub(b"", self.screen + data)
        self.screen = self.screen[self.screen.index(wanted) + len(wanted) :]

    def drawn(self):
        """All that is written until the program has ended, with its control sequences."""
        os.close(self.theirs)
        return b"".join(iter(self._read, b"")).decode()

    def _read(self):
        """What comes next; nothing where that is late, or nobody has the terminal any more."""
        if not select([self.ours], [], [], PATIENCE)[0]:
            return b""
        try:
            return os.read(self.ours, 65536)
        except OSError:
            return b""
