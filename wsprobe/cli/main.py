"""The edge: from whatever happened to one exit status, and to at most one line on standard error."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from wsprobe.cli.option import leaves
from wsprobe.cli.program import ReaderGone, program
from wsprobe.outcome import Exit


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """The console script: run, then leave with the exit status."""
    status = run(argv)
    # At its end the interpreter looks for garbage among all that is left: a tenth of the whole run (measured).
    gc.freeze()
    sys.exit(status)


def run(argv: Sequence[str] | None = None) -> int:
    """Run the program on *argv* (default: the process's own arguments); returns the exit status."""
    if "_WSPROBE_COMPLETE" in os.environ:
        from wsprobe.cli.completion import register

        register()
    try:
        status = program.main(args=argv, prog_name="wsprobe", standalone_mode=False, windows_expand_args=False)
        sys.stdout.flush()
    except BaseException as error:
        return failed(error)
    return status if isinstance(status, int) else Exit.OPEN


def failed(error: BaseException) -> int:
    """The exit status for what came out of a command; says on standard error what a person must know."""
    raised = list(leaves(error))
    if any(isinstance(each, KeyboardInterrupt | click.Abort) for each in raised):
        return Exit.INTERRUPTED
    if any(isinstance(each, BrokenPipeError | ReaderGone) for each in raised):
        # Whatever is still buffered can go nowhere: keep the flush at exit quiet.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return Exit.PIPE
    for each in raised:
        # A plan that cannot be carried out may be noticed only where the work is done, in a group.
        if isinstance(each, click.ClickException):
            complain(each)
            return Exit.USAGE
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else Exit.OPEN
    return bug(error)


def complain(error: click.ClickException) -> None:
    """One line: which command, what is wrong, where to read on."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    where = context.command_path if context is not None else "wsprobe"
    words = " ".join(error.format_message().split())
    # An argument may be a name that a peer chose, pasted or read from a list.
    message = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in words)
    sys.stderr.write(f"{where}: {message.rstrip('.')} (see {where} --help)\n")


def bug(error: BaseException) -> int:
    """Keep the traceback in a file and name it in one line."""
    import tempfile
    import traceback

    text = "".join(traceback.format_exception(error))
    try:
        with tempfile.NamedTemporaryFile("w", prefix="wsprobe-bug-", suffix=".txt", delete=False) as file:
            file.write(f"wsprobe {' '.join(sys.argv[1:2])}\n{sys.version}\n\n{text}")
        kept = f"the details are in {file.name}; please report them"
    except OSError:
        kept = "the details could not be written to a file"
    sys.stderr.write(f"wsprobe: a bug in wsprobe ({type(error).__name__}); {kept}\n")
    return Exit.BUG
