"""The program: its commands, each loaded only when it is named; every failure becomes one exit status and at
most one line on standard error."""

from __future__ import annotations

import _thread
import errno
import gc
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

import click

from wsprobe.cli.option import URL, Context
from wsprobe.cli.second_interrupt import restore
from wsprobe.cli.streams import forget_output, note, prepare, write_error
from wsprobe.exception_groups import leaves
from wsprobe.report.outcome import Exit
from wsprobe.text import printable, quoted
from wsprobe.version import __version__

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

    from wsprobe.cli.environment import Environment

COMMANDS = {
    "connect": "make one handshake and report exactly what came back",
    "compare": "show what browsers and specifications make of a handshake; compare recordings",
    "page": "open a page in a browser, and report every WebSocket that it opens",
    "trace": "repeat the handshake with one change at a time: which proxy broke it",
    "watch": "repeat the handshake: what changes, how often it is up, how long it takes",
    "talk": "hold a session: send lines as messages, or type at a prompt",
    "explain": "look up a close code, status, console message, finding or revision",
    "relay": "forward a page's handshakes to a server: record each, and tell the page why one failed",
    "serve": "run the lab: a loopback server that plays every scenario",
}
"""Name -> one line for the help, so that listing the commands loads none of them."""


TALKING = "connect --talk"
"""The key in the context for a call as `talk`."""


class CommandGroup(click.Group):
    """A group of commands, each in the module of its name."""

    context_class = Context

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except click.NoSuchOption as error:
            connect = self.get_command(ctx, "connect")
            assert connect is not None
            if TALKING not in ctx.meta or not any(error.option_name in each.opts for each in connect.params):
                raise
            raise click.UsageError(
                f"{error.option_name} and --talk cannot be used together: that option is for a handshake "
                "without a session",
                error.ctx,
            ) from None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command for *args*: a URL alone means ``connect``, and ``connect --talk`` means ``talk``."""
        name = args[0]
        if re.match(URL, name):
            return "connect", self.get_command(ctx, "connect"), args
        if name == "help" and args[1:2] and args[1] in COMMANDS:
            return super().resolve_command(ctx, [args[1], "--help", *args[2:]])
        if name not in COMMANDS and not name.startswith("-"):
            raise click.UsageError(f"no command {name!r}{_meant(name)}", ctx)
        if name == "connect" and "--talk" in args:
            # The same command under another name, so that connect neither has nor loads its options.
            ctx.meta[TALKING] = True
            return name, self.get_command(ctx, "talk"), [each for each in args[1:] if each != "--talk"]
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found = import_module(f"wsprobe.cli.commands.{cmd_name}").command
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Exit status"):
            # The whole table would push the commands off a screen of 24 lines.
            formatter.write_text(
                "0 if the handshake completed, 1 if compare found a difference, 2 for a wrong command line, 3 "
                "to 18 for what went wrong, 20 if an --expect is not met. The whole table: wsprobe explain exit"
            )


def _meant(name: str) -> str:
    from difflib import get_close_matches  # for a complaint alone

    if name.lower() in ("help", "version"):
        return f"; did you mean wsprobe --{name.lower()}?"
    if name.lower() in ("curl", "curl.exe"):
        return "; to send its request, put wsprobe connect before it"
    if re.search(r"[./:@]", name):
        return f"; to probe it: wsprobe connect {quoted(name)}"
    near = get_close_matches(name.lower(), COMMANDS, n=1)
    return f"; did you mean {near[0]}?" if near else f"; there are {', '.join(COMMANDS)}"


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="wsprobe", message="%(prog)s %(version)s")
def program() -> None:
    """Shows what a WebSocket server answered to a handshake, and what a script in a browser sees of it.

    \b
      wsprobe connect wss://chat.example/ws
      wsprobe compare --browser-mode wss://chat.example/ws
      wsprobe compare --browser-mode lab:status-403    (needs no server)
      wsprobe explain 1006
    """


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """The console script: run, then leave with the exit status."""
    listen()
    sys.unraisablehook = interrupt_again
    status = run(argv)
    leave()
    # At its end the interpreter looks for garbage among all that is left: a tenth of the whole run (measured).
    gc.freeze()
    sys.exit(status)


def leave() -> None:
    """Ignore ^C from here on: only flushing, and waiting for processes that have been told to end, is left, and
    a second ^C would print a traceback. SIGTERM ends the process at once."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in ENDING:
        if signal.getsignal(number) is _end:
            signal.signal(number, signal.SIG_DFL)


ENDING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""Windows has no SIGHUP."""
_ended_by: list[int] = []
"""The signals, other than ^C, that asked for the end."""


def listen() -> None:
    """Let SIGTERM and SIGHUP do what ^C does, unless the parent process ignores them (nohup)."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and hasattr(signal, "pthread_sigmask"):
        # A shell's script ignores ^C for what it starts with &. It is held back then, and not ignored: it is
        # also the way in which the other two end us.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in ENDING:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)


SOON = 0.01
"""Seconds."""


def interrupt_again(lost: UnraisableHookArgs) -> None:
    """The hook for exceptions that Python ignores: of ^C, raise it once more, soon.

    When ^C comes, a callback of an import or a ``__del__`` may be running. Python prints what they raise, and
    goes on as if nothing had happened.
    """
    if lost.exc_type is KeyboardInterrupt:
        told = threading.Event()
        threading.Thread(target=_interrupt, args=(told,), daemon=True).start()
        told.set()  # not before: what is raised in here is ignored again
    else:
        sys.__unraisablehook__(lost)


def _interrupt(told: threading.Event) -> None:
    told.wait()
    threading.Event().wait(SOON)
    if hasattr(signal, "pthread_kill"):
        # A real signal wakes a main thread that waits for a lock; interrupt_main does not.
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        _thread.interrupt_main()


def _end(number: int, frame: object) -> None:
    _ended_by.append(number)
    signal.raise_signal(signal.SIGINT)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def run(argv: Sequence[str] | None = None, outside: Environment | None = None) -> int:
    """Run the program on *argv* (default: the process's own arguments); returns the exit status. *outside*: in
    place of the real environment."""
    _ended_by.clear()
    prepare()
    words = sys.argv[1:] if argv is None else list(argv)
    try:
        try:
            if asked := os.environ.get("_WSPROBE_COMPLETE"):
                from wsprobe.cli.shells import complete  # only for a shell

                complete(program, asked)
            # Not click's main, which has statuses of its own for a reader that has gone, and for ^C.
            with program.make_context("wsprobe", [*words], obj=outside) as context:
                status = program.invoke(context)
        except click.exceptions.Exit as end:  # of --help and --version
            status = end.exit_code
        except click.exceptions.NoArgsIsHelpError as bare:
            sys.stdout.write(f"{bare.message}\n")
            status = Exit.USAGE
        sys.stdout.flush()
    except BaseException as error:
        return failed(error, words)
    finally:
        restore()
    if status == Exit.INTERRUPTED and _ended_by:  # of a command that takes ^C itself
        return 128 + _ended_by[0]
    return status if isinstance(status, int) else Exit.OPEN


def failed(error: BaseException, argv: Sequence[str] = ()) -> int:
    """The exit status for an exception of a command; prints on standard error what a person must know."""
    raised = list(leaves(error))
    if isinstance(error, EOFError) or any(isinstance(each, KeyboardInterrupt) for each in raised):
        if error in raised and sys.stderr.isatty():
            write_error("\n")  # the terminal stands behind its ^C
        try:
            sys.stdout.flush()
        except OSError:  # the same ^C ended the reader of a pipe
            forget_output()
        return 128 + _ended_by[0] if _ended_by else Exit.INTERRUPTED
    if any(isinstance(each, BrokenPipeError) for each in raised):
        forget_output()
        return Exit.PIPE
    for each in raised:
        # A plan that cannot be carried out may be noticed only where the work is done, in a group.
        if isinstance(each, click.ClickException):
            complain(each, argv)
            return Exit.USAGE
        if isinstance(each, OSError) and each.errno in UNWRITABLE:
            forget_output()
            if _ended_by:  # SIGHUP: the terminal has gone
                return 128 + _ended_by[0]
            note(f"the output could not be written: {each.strerror}")
            return Exit.USAGE
        if isinstance(each, OSError) and each.errno in (errno.EMFILE, errno.ENFILE):
            note(f"{each.strerror}: ulimit -n shows the limit")
            return Exit.USAGE
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else Exit.OPEN
    return bug(error, argv)


UNWRITABLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF, errno.ENXIO})
"""Errors of writing to standard output: a full disk, a closed descriptor, a terminal that has gone."""


def complain(error: click.ClickException, argv: Sequence[str] = ()) -> None:
    """Write one line: the command, the problem, and where to read on. With --redact it quotes no argument."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    # Of a value that is missing, click does not say for which command.
    where = context.command_path if context else " ".join(("wsprobe", *(set(argv[:1]) & COMMANDS.keys())))
    words = " ".join(error.format_message().split())
    words = words if words.endswith("...") else words.removesuffix(".")
    if "--redact" in argv:
        words = without(words, argv)
    write_error(f"{where}: {printable(words)} (see {where} --help)\n")


_NAMED = r"Invalid value for '-[\w-]+'(?: / '-[\w-]+')*: |Option '-[\w-]+' requires|No such option '--?[a-z-]+'"
"""How click begins a message about an option. A name of lower-case letters is taken for no secret."""


def without(text: str, argv: Sequence[str]) -> str:
    """*text* with the arguments, and everything in quotes, as asterisks: they may be secret. An option that
    click names at the start stays."""
    named = re.match(_NAMED, text)
    start = named[0] if named else ""
    text = text[len(start) :]
    text = re.sub(r"(?<![\w])(['\"])(.*)\1", lambda found: found[1] + "***" + found[1], text)
    for word in sorted(
        {part for each in argv for part in (each, each.partition("=")[2])}, key=len, reverse=True
    ):
        if len(word) > 1 and not re.fullmatch(rf"--?[a-z-]+|{'|'.join(COMMANDS)}", word):
            # An option's name stays, also if it has the word in it: --cookie-jar jar.
            text = re.sub(rf"{re.escape(word)}|(--[a-z][a-z-]*)", lambda found: found[1] or "***", text)
    return start + text


def bug(error: BaseException, argv: Sequence[str]) -> int:
    """Keep the traceback in a file that only this user can read, and name it in one line."""
    import tempfile

    command = argv[0] if argv and argv[0] in COMMANDS else ""
    try:
        with tempfile.NamedTemporaryFile(
            "w", errors="backslashreplace", prefix="wsprobe-bug-", suffix=".txt", delete=False
        ) as file:
            file.write(f"wsprobe {command}\n{sys.version}\n\n")
            file.writelines(traced(error, argv))
        kept = f"the details are in {file.name}; please report them"
    except OSError:
        kept = "the details could not be written to a file"
    note(f"a bug in wsprobe ({type(error).__name__}); {kept}")
    return Exit.BUG


def traced(error: BaseException, argv: Sequence[str]) -> Iterator[str]:
    """The traceback of *error*, of its causes and of the errors in its group. People post it, so quoted
    arguments are masked."""
    import traceback

    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if earlier is not None:
        yield from traced(earlier, argv)
        yield "\nThat led to:\n\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__qualname__}: {without(str(error), argv)}\n"
    for each in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
        yield "\nIn this group:\n\n"
        yield from traced(each, argv)
