"""The program: four commands, each loaded only when it is named; and from whatever happened to one exit status
and at most one line on standard error."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

import click

from wsprobe import __version__
from wsprobe.cli.option import leaves
from wsprobe.outcome import Exit

COMMANDS = {
    "connect": "make one handshake and report exactly what came back",
    "compare": "hold recordings against each other, browsers and specifications",
    "explain": "look up a close code, status, console message, finding or revision",
    "serve": "run the lab: a loopback server that plays every scenario",
}
"""Name -> one line for the help, so that listing the commands loads none of them."""


class ReaderGone(Exception):
    """The reader of our output went away. Not an OSError: click would end the process with status 1."""


class Program(click.Group):
    """A group whose commands live in modules of their names."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise ReaderGone from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            raise click.UsageError(f"no command {name!r}{_meant(name)}", ctx)
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found = import_module(f"wsprobe.cli.{cmd_name}").command
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from wsprobe.outcome import TABLE

        with formatter.section("Exit status"):
            formatter.write_dl([(str(int(row.status)), row.text) for row in TABLE])


def _meant(name: str) -> str:
    from difflib import get_close_matches

    if "://" in name or name.startswith("lab:"):
        return f"; to probe it: wsprobe connect {name}"
    near = get_close_matches(name.lower(), COMMANDS, n=1)
    return f"; did you mean {near[0]}?" if near else f"; there are {', '.join(COMMANDS)}"


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="wsprobe", message="%(prog)s %(version)s")
def program() -> None:
    """Shows what a WebSocket server answered to a handshake, and what a script in a browser is told of it.

    \b
      wsprobe connect wss://chat.example/ws
      wsprobe compare --browser-mode wss://chat.example/ws
      wsprobe compare --browser-mode lab:status-403    (needs no server)
      wsprobe explain 1006
    """


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
