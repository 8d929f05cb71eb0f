"""The program as click sees it: four commands, each loaded only when it is named."""

from __future__ import annotations

from importlib import import_module

import click

from wsprobe import __version__

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
