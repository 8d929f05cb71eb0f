"""Options as typed values: a section is a frozen Struct whose fields are options, each declared in one row.

``opt`` is the row: names and metavar, help, default. The default decides what the option takes: False makes it
a flag, () a repeatable option, and any other default one value. Without one, an option with a metavar or a type
takes a value, and has None without it; any other is a flag. ``takes`` gives a command the options of some
sections, and calls it with their values as ``Given``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, wraps
from typing import Any, ClassVar, TypeVar

import click
from msgspec import Struct, StructMeta

from wsprobe.cli.option import Option
from wsprobe.data_file import one_line, text_beside, toml_beside


class Declared:
    """An option: its names, its metavar, its line of help, and its default. ``options.toml`` has the rest of
    its text, and an example."""

    def __init__(self, spelling: str, help: str, default: Any = ..., *, heading: str = "", **more: Any) -> None:
        """*spelling*: the names, then the metavar ("-x --proxy URL"). *help*: one line without a full stop.
        *heading*: replaces that of the section. *more*: arguments for click; "written" is the default as a
        person writes it, which the help shows unless it is empty; "example" a command line, of a row that is
        not a field's own. "entry": in the whole help the rows that follow with an empty entry stand beside this
        one, under this text. "also": names that work and are not listed -> the value that each means; None if
        one follows."""
        words = spelling.split(" ")
        self.names = tuple(word for word in words if word.startswith("-"))
        metavar = " ".join(words[len(self.names) :])
        self.spelling = spelling
        self.help = help
        if default is ...:
            default = None if metavar or "type" in more else False
        self.default = default
        self.written = more.pop("written", default)
        self.example = more.pop("example", "")
        self.entry: str | None = more.pop("entry", None)
        self.also: Mapping[str, Any] = more.pop("also", {})
        self.heading = heading
        self.more: dict[str, Any] = {"metavar": metavar, **more} if metavar else more
        self.general = self
        """The declaration from which this one was derived; its manual text applies here too."""

    def with_help(self, help: str, **more: Any) -> Declared:
        """The same option with another line of *help*; *more* as for a declaration."""
        made = self.of_its_own(help, **more)
        made.general = self.general
        return made

    def of_its_own(self, help: str, default: Any = ..., **more: Any) -> Declared:
        """An option with the same names and values, and another meaning: the manual text is not for it.
        *default*: another one."""
        own = (
            {"default": self.default, "written": self.written, "also": self.also}
            if default is ...
            else {"default": default}
        )
        return Declared(self.spelling, help, heading=self.heading, **{**self.more, **own, **more})


def opt(spelling: str, help: str, default: Any = ..., *, heading: str = "", **more: Any) -> Any:
    """The row of a field; as for ``Declared``. The field gets *default* as its own."""
    return Declared(spelling, help, default, heading=heading, **more)


class _Rows(StructMeta):
    """Makes of each row of a section a field with its default, and keeps the rows as ``options``."""

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **kwargs: Any) -> _Rows:
        options = {field: row for field, row in namespace.items() if isinstance(row, Declared)}
        defaults = {field: row.default for field, row in options.items()}
        return super().__new__(cls, name, bases, {**namespace, **defaults, "options": options}, **kwargs)


class Section(Struct, frozen=True, kw_only=True, metaclass=_Rows):
    """Options that belong together."""

    heading: ClassVar[str] = "Options"
    """The heading of these options in the help and in the manual."""
    options: ClassVar[Mapping[str, Declared]] = {}
    """Field -> its row."""


Some = TypeVar("Some", bound=Section)


class Given:
    """The sections of one call. A section that the command does not have is present with its defaults."""

    def __init__(self, sections: Iterable[Section] = ()) -> None:
        self._sections = {type(each): each for each in sections}

    def __getitem__(self, kind: type[Some]) -> Some:
        found = self._sections.get(kind)
        return kind() if found is None else found  # type: ignore[return-value]  # found by its type

    def check(self) -> None:
        """Raises click.UsageError for the first row of ``together.txt`` that these options break."""
        changed = {
            name: getattr(section, field)
            for section in self._sections.values()
            for field, row in section.options.items()
            for name in row.names
            if getattr(section, field) != row.default
        }
        if not changed:
            return
        sections = {kind.__name__ for kind in self._sections}
        for section, words, text in rows_together():
            if section not in sections:
                continue
            found = {"these": list[str]()}
            kind = "these"
            for word in words:
                if not word.startswith("-"):
                    kind = word
                    found[kind] = []
                elif _is_given(word, changed):
                    found[kind].append(word.replace("=", " "))
            these, others = found["these"], found.get("not")
            if these and others != [] and not found.get("needs"):
                that = others or [""]
                raise click.UsageError(text.format(this=these[0], that=that[0], all=" and ".join(that)))


BOTH = "{this} and {that} cannot be used together"


def rows_together() -> Iterator[tuple[str, list[str], str]]:
    """Yields each row of ``together.txt``: the class name of a section, the words before the bar, the text."""
    section = ""
    for line in re.sub(r"\n +", " ", text_beside(__file__, "together.txt")).split("\n"):
        if line.startswith("["):
            section = line.strip("[]")
        elif section and line:
            words, text = line.split(" | ", 1)
            yield section, words.split(), re.sub(r"^\*", BOTH, text)


def _is_given(word: str, given: Mapping[str, object]) -> bool:
    option, mark, value = word.partition("=")
    return option in given and (not mark or str(given[option]) == value)


class FieldOption(Option):
    """The option of a field of a section."""

    def __init__(self, kind: type[Section], field: str, how: Declared, **more: Any) -> None:
        super().__init__(
            [*how.names, field], section=how.heading or kind.heading, help=how.help, **(more | how.more)
        )
        self.kind = kind
        self.how = how
        self.entry = how.entry

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        super().add_to_parser(parser, ctx)
        for name, value in self.how.also.items():
            if value is None:
                parser.add_option(obj=self, opts=[name], dest=self.name, action="store", nargs=1)
            else:
                parser.add_option(obj=self, opts=[name], dest=self.name, action="store_const", const=value)

    def more(self) -> str:
        if self.how.general is not self.kind.options[self.name or ""]:
            return ""  # the command has an option of its own in place of the section's
        text: str = _texts().get(self.kind.__name__, {}).get(self.name or "", "")
        return "\n\n".join(map(one_line, text.split("\n\n"))).strip()

    def example(self) -> str:
        if self.how.general is not self.kind.options[self.name or ""]:
            return str(self.how.example)
        line: str = _texts().get(self.kind.__name__, {}).get("example", {}).get(self.name or "", "")
        return line


@cache
def _texts() -> dict[str, dict[str, Any]]:
    """``options.toml``: the class of a section -> a field's text, and in "example" its command line."""
    return toml_beside(__file__, "options.toml")


def given(parameters: Iterable[click.Parameter], values: Mapping[str, Any]) -> Given:
    """The sections to which *parameters* of a command belong, filled with click's *values*."""
    filled: dict[type[Section], dict[str, Any]] = {}
    for each in parameters:
        if isinstance(each, FieldOption) and each.name in values:
            filled.setdefault(each.kind, {})[each.name] = values[each.name]
    return Given(kind(**own) for kind, own in filled.items())


def takes(
    *kinds: type[Section],
    without: Sequence[str] = (),
    instead: Mapping[str, Declared] | None = None,
) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """A decorator that makes a command with the options of *kinds*, in that order. The command is called with
    its arguments and with *given*.

    *without*: fields that are not options of this command, and keep their defaults. *instead*: field -> this
    command's own row.
    """
    other = instead or {}

    def apply(function: Callable[..., int]) -> Callable[..., int]:
        parameters: list[FieldOption] = []
        for kind in kinds:
            for name, how in kind.options.items():
                if name not in without:
                    parameters.append(_option(kind, name, other.get(name, how)))

        @wraps(function)
        def called(**values: Any) -> int:
            made = given(parameters, values)
            made.check()
            return function(given=made, **{k: v for k, v in values.items() if k not in names})

        names = {each.name for each in parameters}
        kept: list[click.Parameter] = getattr(called, "__click_params__", [])
        called.__click_params__ = [*kept, *reversed(parameters)]  # type: ignore[attr-defined]  # as click keeps them
        return called

    return apply


def _option(kind: type[Section], name: str, how: Declared) -> FieldOption:
    if how.default is False:
        return FieldOption(kind, name, how, is_flag=True)
    if how.default == ():
        return FieldOption(kind, name, how, multiple=True)
    if how.more.get("count"):
        return FieldOption(kind, name, how)
    return FieldOption(kind, name, how, default=how.written, show_default=bool(how.written))
