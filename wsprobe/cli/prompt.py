"""A prompt that stays intact while messages arrive: prompt_toolkit, in a thread next to trio's.

The application runs as long as the session. It posts each typed line to trio. Messages are drawn above the
prompt, and the caller waits until they are drawn, so a server cannot fill memory faster than the terminal shows
text. This module is loaded only for a session at a terminal.
"""

from __future__ import annotations

import os
import signal
import threading
from asyncio import AbstractEventLoop, get_running_loop
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from prompt_toolkit import PromptSession
from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter, WordCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from wsprobe.talk.input import INTERRUPT

PROMPT = "> "
SEND = "/send "


class Prompt:
    """One prompt, from ``start`` to ``stop``."""

    def __init__(
        self,
        typed: Callable[[str | None], None],
        commands: Sequence[str],
        history: Sequence[str],
        keep: Callable[[str], None],
    ) -> None:
        """*typed* is called in the prompt's thread: with each typed text, with INTERRUPT for ^C on an empty
        line, and with None for ^D. A second ^C is a signal, as without a prompt. *commands*: the words to
        complete. *history*: earlier lines, the oldest first. *keep* gets each typed one."""
        self._typed = typed
        self._keep = keep
        self._interrupted = False
        self._ready = threading.Event()
        self._loop: AbstractEventLoop | None = None
        self._session: PromptSession[str] = PromptSession(
            PROMPT,
            history=InMemoryHistory(history),
            key_bindings=self._keys(),
            completer=_Words(commands),
            complete_while_typing=False,
        )
        self._session.default_buffer.accept_handler = self._accepted
        self._thread = threading.Thread(target=self._run, name="prompt", daemon=True)

    def start(self) -> None:
        """Show the prompt. Blocks until it is on the terminal."""
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        """Remove the prompt, and restore the terminal. Blocks until that is done."""
        app, loop = self._session.app, self._loop

        def leave() -> None:
            if app.is_running and not app.is_done:
                app.exit(result="")

        if loop is not None and not loop.is_closed():
            with suppress(RuntimeError):  # the application has ended by itself meanwhile
                loop.call_soon_threadsafe(leave)
        self._thread.join()

    def draw(self, text: str, done: Callable[[], object]) -> None:
        """Write *text* above the prompt, then call *done* in the prompt's thread."""
        loop, output = self._loop, self._session.output

        def write() -> None:
            output.write_raw(text.replace("\n", "\r\n"))
            output.flush()

        async def drawn() -> None:
            try:
                await run_in_terminal(write)
            finally:
                done()

        if loop is None or loop.is_closed() or not self._thread.is_alive():
            write()
            done()
            return
        loop.call_soon_threadsafe(lambda: loop.create_task(drawn()))

    def _run(self) -> None:
        def running() -> None:
            self._loop = get_running_loop()
            self._ready.set()

        try:
            with suppress(EOFError, KeyboardInterrupt):
                self._session.prompt(pre_run=running, handle_sigint=False)
        finally:
            self._ready.set()
            self._typed(None)

    def _accepted(self, buffer: Buffer) -> bool:
        """Pass on the typed line, add it to the history, and empty the input."""
        self._keep(buffer.text)
        self._typed(buffer.text)
        return False

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()

        @keys.add("c-c")
        def _(event: KeyPressEvent) -> None:
            if event.current_buffer.text and not self._interrupted:
                event.current_buffer.reset()
            elif self._interrupted:
                os.kill(os.getpid(), signal.SIGINT)
            else:
                self._interrupted = True
                self._typed(INTERRUPT)

        @keys.add("c-d")
        def _(event: KeyPressEvent) -> None:
            if event.current_buffer.text:
                event.current_buffer.delete()
            else:
                self._typed(None)

        @keys.add("escape", "enter")
        def _(event: KeyPressEvent) -> None:
            event.current_buffer.insert_text("\n")

        return keys


class _Words(Completer):
    """Completes commands, and after /send the names of files."""

    def __init__(self, commands: Sequence[str]) -> None:
        self._commands = WordCompleter(list(commands), sentence=True)
        self._paths = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, event: CompleteEvent) -> Iterable[Completion]:
        text = document.text_before_cursor
        if text.startswith(SEND):
            return self._paths.get_completions(Document(text.removeprefix(SEND)), event)
        if not text:  # a completion of the line just sent would type "/" into the next one
            return ()
        return self._commands.get_completions(document, event)
