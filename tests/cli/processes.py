"""The program in a process of its own, which an output in pipes, a signal or a limit needs."""

import errno
import os
import subprocess
import sys

COMMAND = [sys.executable, "-m", "wsprobe"]


def started(*words, **how):
    """The program with these words, under way; its outputs are pipes. *how*: arguments for ``Popen``."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*COMMAND, *words], **(pipes | how))


def python(code, *words, **how):
    """What Python came to with this *code*. *how*: arguments for ``run``."""
    usual = {"capture_output": True, "text": True, "timeout": 60}
    return subprocess.run([sys.executable, "-B", "-c", code, *words], **(usual | how))


def no_process(process):
    """As ``BaseProcess.start`` where the system starts no more."""
    raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
