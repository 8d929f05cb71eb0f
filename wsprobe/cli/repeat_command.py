"""The command line that repeats a call: everything that decides the answer, quoted for a shell, secrets masked.

It leaves out the options about the output: what is printed, saved, counted or expected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import click
from click.core import ParameterSource

from wsprobe.cli.from_file import WRITTEN
from wsprobe.cli.option import Option
from wsprobe.cli.output_settings import OUTPUT, VERDICT
from wsprobe.recording.secrets import Secrets
from wsprobe.text import operands, quoted

RULES: dict[str, Callable[[Secrets, str], str]] = {
    "headers": Secrets.header,
    "cookies": lambda secrets, text: secrets.cookies(text) if "=" in text else text,
    "user": Secrets.userinfo,
    "bearer": Secrets.whole,
    "passphrase": Secrets.whole,
    "protocols": Secrets.protocols,
    "request_target": Secrets.url,
    "proxy": Secrets.url,
    "proxy_user": Secrets.userinfo,
    "page": Secrets.url,
    "send": Secrets.whole,
    "send_hex": Secrets.whole,
    "answers": Secrets.whole,
}
"""Parameter -> function that masks its value. Arguments are URLs. A parameter that is missing here is not
secret, but may contain a known secret (tests/cli/test_report.py lists them)."""


class Call:
    """One call of a command, with its command line."""

    def __init__(self, context: click.Context) -> None:
        self._name = context.command_path
        self._options: list[tuple[str, str, str | None]] = []
        """(parameter, option as written or "", value)."""
        self._places: list[str] = []
        self._files = set[str]()
        written: dict[str, tuple[Any, Any]] = context.meta.get(WRITTEN, {})
        ordered: tuple[tuple[str, str], ...] = context.params.get("awaits", ())
        spelled = {each.name: each.opts[0] for each in context.command.params}
        for name, text in ordered:  # where something is awaited, the order counts
            self._options.append((name, spelled[name], None if name == "ping" else text))
        for parameter in context.command.params:
            value = context.params.get(parameter.name or "")
            if context.get_parameter_source(parameter.name or "") is not ParameterSource.COMMANDLINE:
                continue
            if any(parameter.name == name for name, _ in ordered):
                continue
            if isinstance(parameter, click.Argument):
                self._places += [value] if isinstance(value, str) else list(value or ())
            elif isinstance(parameter, Option) and parameter.section not in (OUTPUT, VERDICT):
                if (name := parameter.name or "") in written:  # the files, and not what is secret in them
                    made, words = written[name]  # at the end of what several have
                    value = (*value[: len(value) - len(made)], *words) if isinstance(value, tuple) else words
                    several = (value,) if isinstance(value, str) else value
                    self._files |= {each for each in several if each.startswith("@")}
                self._options += _words(parameter, value)

    def learn(self, secrets: Secrets) -> None:
        """Add the secrets of the command line to *secrets*."""
        # Each is an option of its own, but the name before it can make it a secret.
        secrets.protocols(", ".join(value or "" for name, _, value in self._options if name == "protocols"))
        list(self._masked(secrets, self._places))

    def line(self, secrets: Secrets | None, places: Sequence[str] | None = None) -> str:
        """The command line; with *places*, only for these arguments. Without *secrets* (None), nothing is
        masked."""
        asked = self._places if places is None else places
        if secrets is None:
            pairs = ((written or None, value) for _, written, value in self._options)
            options = [word for pair in pairs for word in pair if word is not None]
            urls = asked
        else:
            self.learn(secrets)
            options = [secrets.echo_text(each) for each in self._masked(secrets, ())]
            urls = [secrets.echo_text(secrets.url(each)) for each in asked]
        words = [*options, *operands(*urls, lists=places is None)]
        return " ".join([self._name, *map(quoted, words)])

    def _masked(self, secrets: Secrets, places: Sequence[str]) -> Iterator[str]:
        for name, written, value in self._options:
            if written:
                yield written
            if value is not None:
                yield RULES[name](secrets, value) if name in RULES and value not in self._files else value
        yield from map(secrets.url, places)


def _words(option: Option, value: Any) -> Iterator[tuple[str, str, str | None]]:
    """(parameter, option as written, value) for each time that *option* was given."""
    name = option.name or ""
    for each in value if option.multiple else (value,):
        if option.is_flag:
            yield name, option.opts[0], None
        elif option.nargs > 1:
            yield from ((name, "" if number else option.opts[0], part) for number, part in enumerate(each))
        else:
            yield name, option.opts[0], f"{each:g}" if isinstance(each, float) else str(each)
