"""A session at a terminal: received messages appear above a prompt; typed lines are sent, or are commands.

The prompt is prompt_toolkit's (extra talk). Without it, wsprobe reads whole lines from the terminal and prints
messages between them.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from functools import partial
from typing import TYPE_CHECKING

import click

from wsprobe.cli.environment import environment
from wsprobe.cli.option import usage_error
from wsprobe.cli.streams import emit, note
from wsprobe.net.descriptors import Mailbox, told
from wsprobe.net.run import in_thread
from wsprobe.read.reading import Head
from wsprobe.show import talk as show
from wsprobe.show.lines import Line, Look, Piece, line, plain
from wsprobe.talk.input import COMMANDS, INTERRUPT, PromptCommand, TypedError, typed
from wsprobe.talk.session import Outgoing, TalkSession
from wsprobe.version import extra
from wsprobe.wire.framing import Control, Incoming

if TYPE_CHECKING:
    from wsprobe.cli.prompt import Prompt

MISSING = f"for a prompt with history that incoming messages do not break: {extra('talk')}"
HELP = "open; /help lists the commands, ^D ends"
FLOOD = 500
"""The most lines to show of one read: nobody can read more."""


class History:
    """The lines typed at the prompt, the oldest first; in a file too, if one was named."""

    def __init__(self, path: str | None = None) -> None:
        """Raises click.UsageError if the file cannot be read and written."""
        self.lines: list[str] = []
        self._path = path
        if path is None:
            return
        private = partial(os.open, mode=0o600)
        try:
            with (
                usage_error(OSError, where=f"--history: {path}"),
                open(path, "a+", encoding="utf-8", errors="surrogateescape", opener=private) as file,
            ):
                file.seek(0)
                self.lines += [json.loads(row) for row in file]
        except ValueError:
            raise click.UsageError(f"--history: {path} is not a history of wsprobe") from None

    def add(self, text: str) -> None:
        """Add *text*: a JSON string a line, because a message may have line ends."""
        self.lines.append(text)
        if self._path is not None:
            with suppress(OSError), open(self._path, "a", encoding="ascii") as file:
                file.write(json.dumps(text) + "\n")


class Terminal:
    """The screen and the keyboard of one session."""

    def __init__(
        self,
        look: Look,
        held: TalkSession,
        head: Head,
        url: str,
        file: Callable[[str], Outgoing],
        history: History,
    ) -> None:
        """*file* reads a file as a message; it raises click.UsageError. *history*: what was typed before, to
        which the prompt adds."""
        self.again = False
        """The user typed /reconnect."""
        self._history = history
        self._look = look
        self._held = held
        self._head = head
        self._url = url
        self._file = file
        self.indent = False
        """Whether JSON is shown over several lines."""
        self._leaving = False
        self._prompt: Prompt | None = None
        self._mail: Mailbox[str | None] | None = None

    async def start(self) -> None:
        """Show the prompt, if prompt_toolkit is installed and usable."""
        if os.environ.get("TERM") == "dumb":
            note(HELP)
            return
        try:
            from wsprobe.cli.prompt import Prompt  # prompt_toolkit, which may not be installed
        except ImportError:
            note(MISSING)
            note(HELP)
            return
        self._mail = Mailbox()
        self._prompt = Prompt(self._mail.post, tuple(COMMANDS), self._history.lines, self._history.add)
        await in_thread(self._prompt.start)
        await self.tell([line(Piece(HELP, "dim"))])

    async def stop(self) -> None:
        """Remove the prompt, and restore the terminal."""
        if self._prompt is not None:
            prompt, self._prompt = self._prompt, None
            await in_thread(prompt.stop)

    async def tell(self, lines: Sequence[Line]) -> None:
        """Write *lines* above the prompt; returns once they are shown. The terminal wraps them, so that what is
        copied is what arrived."""
        if self._prompt is None:
            emit(lines, sys.stdout, self._look)
            return
        text = plain(lines)
        if self._look.color:
            from wsprobe.show.paint import paint  # rich, only in colour

            drawn = io.StringIO()
            paint(lines, drawn, self._look)
            text = drawn.getvalue()
        prompt = self._prompt
        await told(lambda done: prompt.draw(text, done))

    async def hear(self, what: Sequence[Incoming], at: int) -> None:
        """Show the received items; after ^C, only the Close."""
        if self._leaving:
            what = [each for each in what if isinstance(each, Control) and each.what == "close"]
        if not what:
            return
        lines = show.at_terminal(what[:FLOOD], at, self._look, self.indent)
        if len(what) > FLOOD:
            lines.append(line(Piece(f"... {len(what) - FLOOD} more not shown; --jsonl has all", "warn")))
        await self.tell(lines)

    async def outgoing(self) -> AsyncGenerator[Sequence[Outgoing], None]:
        """Yield what is typed, as messages to send, until ^D or ^C."""
        async with aclosing(self._typed()) as every:
            async for text in every:
                if text == INTERRUPT:
                    self._leaving = True
                    await self.tell([line(Piece("closing; ^C again leaves", "dim"))])
                    yield [Outgoing("close", code=1000)]
                    return
                try:
                    asked = typed(text)
                    if asked == PromptCommand("reconnect"):
                        self.again = self._leaving = True
                        yield [Outgoing("close", code=1000)]
                        return
                    what = await self._answered(asked) if isinstance(asked, PromptCommand) else asked
                except TypedError as error:
                    await self.tell([line(Piece(str(error), "warn"))])
                    continue
                if what is not None:
                    if self._prompt is not None:
                        await self.tell([show.ours(what, self._look)])
                    yield [what]

    async def _typed(self) -> AsyncGenerator[str, None]:
        if self._mail is not None:
            async for text in self._mail.each():
                if text is None:
                    return
                yield text
            return
        rest = b""
        async with aclosing(environment().pieces(0, 65536)) as read:
            async for piece in read:
                *lines, rest = (rest + piece).split(b"\n")
                for each in lines:
                    yield each.decode("utf-8", "surrogateescape")
        if rest:
            yield rest.decode("utf-8", "surrogateescape")

    async def _answered(self, asked: PromptCommand) -> Outgoing | None:
        """Carry out a typed command; returns what to send for it, None for nothing."""
        if asked.what == "send":
            try:
                return self._file(asked.argument)
            except click.UsageError as error:
                raise TypedError(error.format_message()) from None
        if asked.what == "help":
            await self.tell(
                show.table((f"{name} {takes}".rstrip(), does) for name, (takes, does) in COMMANDS.items())
            )
        elif asked.what == "info":
            await self.tell(show.info(self._held, self._head, self._url, self._look))
        else:
            self.indent = not self.indent
            await self.tell(
                [line(Piece(f"JSON is shown {'indented' if self.indent else 'as received'}", "dim"))]
            )
        return None
