"""Options: their values, the rows that declare them, sections of them as typed values, and a help that fits the
terminal.

A section is a frozen Struct whose fields are options, each declared in one row. ``opt`` is the row: names and
metavar, help, default. The default decides what the option takes: False makes it a flag, () a repeatable
option, and any other default one value. Without one, an option with a metavar or a type takes a value, and has
None without it; any other is a flag. ``takes`` gives a command the options of some sections, and calls it with
their values as ``Given``.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, wraps
from itertools import pairwise
from typing import Any, ClassVar, TypeVar

import click
from click.formatting import wrap_text
from msgspec import Struct, StructMeta

from wsprobe.data_file import one_line, text_beside, toml_beside
from wsprobe.exception_groups import leaves
from wsprobe.nearest import MOST, nearest

PATHS = {"FILE": "file", "PATH": "file", "DIR": "directory"}
"""Metavar -> the kind of path."""


LAB = "lab:"
"""The prefix of a scenario's name in place of a URL."""
TIMES = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
"""Unit -> seconds."""
_NUMBER = r"[0-9]{1,12}(?:\.[0-9]{1,9})?"
_WITH_UNITS = rf"(?:{_NUMBER}(?:{'|'.join(TIMES)}))+"


def with_units(text: str) -> float | None:
    """Seconds of a text such as 5s, 1h30m or 250ms; None for any other text, and for a bare number."""
    if not re.fullmatch(_WITH_UNITS, text):
        return None
    found = re.findall(rf"({_NUMBER})({'|'.join(TIMES)})", text)
    return sum(float(count) * TIMES[unit] for count, unit in found)


# Types of values. The help writes a value as the name of its type in capitals, unless its option has a metavar.


class Seconds(click.ParamType[float]):
    """A time in seconds: 5, 5s or 500ms. More than zero; *zero* allows 0."""

    name = "seconds"

    def __init__(self, zero: bool = True) -> None:
        self._zero = zero

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            number = float(value)
        except ValueError:
            length = with_units(str(value).strip().lower())
            number = float("nan") if length is None else length
        if not (0 <= number < float("inf")) or (number == 0 and not self._zero):
            self.fail(f"{value!r} is not a number of seconds" + ("" if self._zero else " above 0"), param, ctx)
        return number


class Whole(click.ParamType[int]):
    """A whole number from *least* to *most*."""

    name = "n"

    def __init__(self, least: int, most: int | None = None) -> None:
        self._least = least
        self._most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            number = int(value)
        except ValueError:
            number = self._least - 1
        if number < self._least or (self._most is not None and number > self._most):
            limits = (
                f"of {self._least} or more" if self._most is None else f"from {self._least} to {self._most}"
            )
            self.fail(f"{str(value)!r} is not a whole number {limits}", param, ctx)
        return number


class Size(click.ParamType[int]):
    """A number of bytes, at most *most*: 4096, 64k, 16m, 1g."""

    name = "bytes"

    def __init__(self, most: int = 1 << 62) -> None:
        self._most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = re.fullmatch(r"([0-9]{1,30})\s*([kmg]?)(?:i?b)?", str(value).lower())
        if found is None:
            self.fail(f"{value!r} is not a number of bytes (4096, 64k, 16m, 1g)", param, ctx)
        size = int(found[1]) << {"": 0, "k": 10, "m": 20, "g": 30}[found[2]]
        if size > self._most:
            self.fail(f"{value!r} is more than {self._most >> 20}m", param, ctx)
        return size


UNITS = {unit: TIMES[unit] for unit in ("s", "m", "h")}
"""Unit -> seconds."""


class Rate(click.ParamType[float]):
    """A number per second, minute or hour, converted to the seconds between two."""

    name = "rate"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        count, _, unit = value.partition("/")
        try:
            number = float(count)
        except ValueError:
            number = 0
        if not 1e-6 <= number < float("inf") or unit not in UNITS:
            self.fail(f"{value!r} is not a rate, such as 5/s, 30/m or 0.5/h", param, ctx)
        return UNITS[unit] / number


LONGEST = 366 * 86400.0
"""Seconds; a longer time is a typing error, and some clocks cannot wait for it."""


class Duration(click.ParamType[float]):
    """A time in seconds: ``30s``, ``5m``, ``1h30m``, ``250ms``; a bare number is seconds. At least *least*
    seconds; *why* gives the reason."""

    name = "time"

    def __init__(self, least: float = 0.0, why: str = "") -> None:
        self._least = least
        self._why = why

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        text = str(value).strip().lower()
        length = float(text) if re.fullmatch(_NUMBER, text) else with_units(text)
        if length is None:
            self.fail(f"{value!r} is not a length of time, such as 30s, 5m, 1h30m or 250ms", param, ctx)
        seconds = length
        if seconds > LONGEST:
            self.fail(f"{value!r} is more than a year", param, ctx)
        if seconds < self._least:
            self.fail(f"{value!r} is less than {self._least:g}s{self._why and f': {self._why}'}", param, ctx)
        return seconds


# Rows, and sections of them. -------------------------------------------------------------------------------


class Declared:
    """An option: its names, its metavar, its line of help, and its default. ``options.toml`` has the rest of
    its text, and an example."""

    def __init__(self, spelling: str, help: str, default: Any = ..., *, heading: str = "", **more: Any) -> None:
        """*spelling*: the names, then the metavar ("-x --proxy URL"). *help*: one line without a full stop.
        *heading*: replaces that of the section. *more*: arguments for click; "written" is the default as a
        person writes it, which the help shows unless it is empty; "example" a command line, of a row that is
        not a field's own. "entry": in the whole help the rows that follow with an empty entry stand beside this
        one, under this text. "stdout": the file may be -, standard output. "also": names that work and are not
        listed -> the value that each means; None if one follows."""
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
        self.stdout: bool = more.pop("stdout", False)
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


opt: Any = Declared
"""The row of a field, which gets its default as its own; any value for the type checker."""


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

    def on_stdout(self) -> bool:
        """Whether an option writes to standard output in place of a file."""
        rows = ((each, field, row) for each in self._sections.values() for field, row in each.options.items())
        return any(row.stdout and getattr(each, field) == "-" for each, field, row in rows)

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
                    continue
                option, mark, value = word.partition("=")
                if option in changed and (not mark or str(changed[option]) == value):
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


class Option(click.Option):
    """The option of a *field* of a section, as *how* declares it."""

    def __init__(self, kind: type[Section], field: str, how: Declared) -> None:
        made: dict[str, Any] = {}
        if how.default is False:
            made = {"is_flag": True}
        elif how.default == ():
            made = {"multiple": True}
        elif not how.more.get("count"):
            made = {"default": how.written, "show_default": bool(how.written)}
        made |= how.more
        self.rare = made.pop("rare", False)
        """Whether only ``--help all`` shows it."""
        super().__init__([*how.names, field], help=how.help, **made)
        self.section = how.heading or kind.heading
        """The heading in the help."""
        self.kind = kind
        self.how = how

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        super().add_to_parser(parser, ctx)
        for name, value in self.how.also.items():
            if value is None:
                parser.add_option(obj=self, opts=[name], dest=self.name, action="store", nargs=1)
            else:
                parser.add_option(obj=self, opts=[name], dest=self.name, action="store_const", const=value)

    def _texts(self) -> Mapping[str, Any] | None:
        """What ``options.toml`` has on the section; None for an option of the command's own in place of it."""
        general = self.how.general is self.kind.options[self.name or ""]
        return _texts().get(self.kind.__name__, {}) if general else None

    def more(self) -> str:
        """What is to be said beyond the line of help: paragraphs, or nothing."""
        text = (self._texts() or {}).get(self.name, "")
        return "\n\n".join(map(one_line, text.split("\n\n"))).strip()

    def example(self) -> str:
        """A command line that uses it; "" if none is written."""
        texts = self._texts()
        return str(self.how.example if texts is None else texts.get("example", {}).get(self.name, ""))

    def about(self) -> str:
        """The line of help as a sentence, the default, and ``more``."""
        help = self.help or ""
        made = f"{help[:1].upper()}{help[1:]}."
        if self.show_default:
            default = f"{self.default:g}" if isinstance(self.default, float) else self.default
            made += f" The default is {default}."
        return f"{made} {self.more()}".rstrip()

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        """The value. Raises click.UsageError for an empty file name: probably an unset variable in a script."""
        if self.metavar in PATHS and "" in (value if self.multiple and value is not None else (value,)):
            raise click.UsageError(f"{self.opts[0]}: the name of the {PATHS[self.metavar]} is empty", ctx)
        return super().type_cast_value(ctx, value)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """The possible values; file names, if the value is a file."""
        from click.shell_completion import CompletionItem

        kind = PATHS.get(self.metavar or "")
        if kind is None:
            return super().shell_complete(ctx, incomplete)
        return [CompletionItem(incomplete, type="dir" if kind == "directory" else "file")]


@cache
def _texts() -> dict[str, dict[str, Any]]:
    """``options.toml``: the class of a section -> a field's text, and in "example" its command line."""
    return toml_beside(__file__, "options.toml")


def given(parameters: Iterable[click.Parameter], values: Mapping[str, Any]) -> Given:
    """The sections to which *parameters* of a command belong, filled with click's *values*."""
    filled: dict[type[Section], dict[str, Any]] = {}
    for each in parameters:
        if isinstance(each, Option) and each.name in values:
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
        parameters = [
            Option(kind, name, other.get(name, how))
            for kind in kinds
            for name, how in kind.options.items()
            if name not in without
        ]

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


# The help. ---------------------------------------------------------------------------------------------------

_HYPHEN = "\N{NON-BREAKING HYPHEN}"


NARROW = 52
"""Columns; on a narrower terminal, click's help would not fit."""
LEAST = 20
"""The fewest columns of help."""
_WORDS = r"""(?:'[^']*'|"(?:[^"\\]|\\.)*"|[^\s'"])+"""
"""Of a shell, with what is quoted in them."""


class Formatter(click.HelpFormatter):
    """Help without line breaks at hyphens: ``close-reason`` and ``--help`` stay whole."""

    def __init__(
        self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None
    ) -> None:
        columns = shutil.get_terminal_size().columns
        if width is None and columns < NARROW:
            width = max(columns - 2, LEAST)
        super().__init__(indent_increment, width, max_width)

    def write_command(self, command: str) -> None:
        """Write a command line; a long one continues after backslashes, so that it can be copied."""
        indent = " " * self.current_indent
        row = indent
        for word in re.findall(_WORDS, command):
            if row.strip() and len(row) + len(word) > self.width - 2:
                self.write(f"{row}\\\n")
                row = f"{indent}  "
            row += f"{word} "
        self.write(f"{row.rstrip()}\n")

    def write(self, string: str) -> None:
        super().write(string.replace(_HYPHEN, "-"))

    def write_text(self, text: str) -> None:
        super().write_text(text.replace("-", _HYPHEN))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        if self.width < NARROW - 2:
            col_max = self.width // 3
        made = [(self._broken(term), text.replace("-", _HYPHEN)) for term, text in rows]
        super().write_dl(made, col_max, col_spacing)

    def write_heading(self, heading: str) -> None:
        super().write_heading(self._broken(heading))

    def _broken(self, text: str) -> str:
        """*text* in lines where it is longer than one, each behind the indent of now."""
        if self.current_indent + len(text) < self.width:
            return text
        room, indent = self.width - self.current_indent, f"\n{'':>{self.current_indent}}"
        return wrap_text(text.replace("-", _HYPHEN), room).replace("\n", indent)


class Context(click.Context):
    formatter_class = Formatter


class usage_error:
    """Raise an exception of these *kinds* as a usage error. *where*: what its text begins with, such as the
    option and the file; of an OSError only the reason follows.

    A class, because each URL of a list needs it twice, and a generator takes three times as long."""

    def __init__(self, *kinds: type[Exception], where: str = "", ctx: click.Context | None = None) -> None:
        self._kinds = kinds
        self._where = where
        self._ctx = ctx

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, self._kinds):
            reason = (error.strerror or "") if isinstance(error, OSError) else str(error)
            raise click.UsageError(f"{self._where}: {reason}" if self._where else reason, self._ctx) from None


class NoUrl(click.UsageError):
    """The command needs a URL and has none."""


WORDS = "words"
"""The key in the context for the words of the command line."""
URL = r"(?i)(?:wss?|https?)://|lab:"
"""How a word begins that is probed, whatever could be in its place."""
OF_OTHERS = {
    ("-I", "--head"): "a handshake is a GET; -i prints the answer, head and body",
    ("-d", "--data", "--data-raw", "--data-binary", "--json-data"): "a handshake has no body; wsprobe connect "
    "--send TEXT sends a message in the session",
    ("--interval",): "wsprobe watch --every TIME probes again and again",
    ("--token",): "--bearer TOKEN sends a token in Authorization",
    ("--port",): "the port is part of the URL, as in ws://host:8080/; relay, serve and watch have --listen",
}
"""Options of curl, and other guesses, that do not exist here -> a hint."""


Tables = tuple[tuple[str, list[tuple[str, str]]], ...]
"""(heading, rows of a term and a text)."""


class Command(click.Command):
    """A command whose help begins with *examples* and has a section for each group of everyday options;
    ``--help all`` adds the rare options, and the *tables*."""

    context_class = Context

    def __init__(
        self,
        *args: Any,
        tables: Callable[[], Tables] = tuple,
        examples: tuple[tuple[str, str], ...] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.tables = tables
        self.examples = examples
        """(command line, what it does)."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. A missing URL's message names the option that took the URL as its value. A plan that
        turns out to be impossible during the work becomes a usage error of the command."""
        try:
            return super().invoke(ctx)
        except NoUrl as error:
            raise click.UsageError(f"{error.message}{self._swallowed(ctx)}", ctx) from None
        except BaseExceptionGroup as group:
            for wrong in leaves(group):
                if isinstance(wrong, click.UsageError):
                    wrong.ctx = ctx
                    raise wrong from None
            raise

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[WORDS] = list(args)
        for at, word in enumerate(args[:-1]):
            if word in ("-h", "--help"):
                ctx.meta[ALL] = args[at + 1] == "all"
                names = {args[at + 1], f"--{args[at + 1]}"}
                ctx.meta[ONE] = next((each for each in self.get_params(ctx) if names & set(each.opts)), None)
                args = args[: at + 1]
                break
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            name = error.option_name
            guessed = next((f": {text}" for names, text in OF_OTHERS.items() if name in names), "")
            hint = guessed or self._of_another_command(ctx, name) or self._near(ctx, name)
            message = f"No such option '{error.option_name}'{hint}"
            raise click.NoSuchOption(error.option_name, message, ctx=ctx) from None
        except click.MissingParameter as error:
            if not isinstance(error.param, click.Argument):
                raise
            raise click.UsageError(error.format_message().rstrip(".") + self._swallowed(ctx), ctx) from None

    def _of_another_command(self, ctx: click.Context, name: str) -> str:
        """A hint for an option that another command has."""
        group = ctx.parent.command if ctx.parent is not None else None
        if not isinstance(group, click.Group) or not name.startswith("--"):
            return ""
        others = {each: group.get_command(ctx, each) for each in group.list_commands(ctx)}
        having = [
            each
            for each, command in others.items()
            if command is not None and any(name in param.opts for param in command.params)
        ]
        named = f"{', '.join(having[:-1])} and {having[-1]} have" if having[1:] else f"{''.join(having)} has"
        return f"; wsprobe {named} it" if having else ""

    def _near(self, ctx: click.Context, name: str) -> str:
        """A hint for the name of an option that this command does not have."""
        known = [each for parameter in self.get_params(ctx) for each in parameter.opts if each.startswith("--")]
        longer = sorted((each for each in known if len(name) > 3 and each.startswith(name)), key=len)
        near = tuple(longer[:MOST]) or nearest(name, known)
        return f"; did you mean {' or '.join(near)}?" if near else ""

    def _swallowed(self, ctx: click.Context) -> str:
        """Which option took a URL as its value, where none is left."""
        takes = {
            each
            for parameter in self.get_params(ctx)
            if isinstance(parameter, click.Option) and not (parameter.is_flag or parameter.count)
            for each in parameter.opts
        }
        for before, word in pairwise(ctx.meta.get(WORDS, ())):
            option = before if before.startswith("--") else f"-{before[-1:]}"
            if before.startswith("-") and option in takes and re.match(URL, word):
                return f"; {option} took {word!a} as its value"
        return ""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        one = ctx.meta.get(ONE)
        if isinstance(one, Option) and isinstance(formatter, Formatter):
            self._write_whole(one, ctx, formatter)
        else:
            super().format_help(ctx, formatter)

    def _write_whole(self, option: Option, ctx: click.Context, formatter: Formatter) -> None:
        """All that is to be said of *option*: names and value, text, examples, and where the others are."""
        record = option.get_help_record(ctx)
        assert record is not None
        formatter.write(f"{record[0]}\n")
        with formatter.indentation():
            for number, paragraph in enumerate(option.about().split("\n\n")):
                if number:
                    formatter.write_paragraph()
                formatter.write_text(paragraph)
        names = set(option.opts)
        lines = dict.fromkeys(
            [option.example(), *(each for each, _ in self.examples if names & set(each.split()))]
        )
        for line in filter(None, lines):
            with formatter.section("Example"):
                formatter.write_command(line)
            break
        formatter.write_paragraph()
        formatter.write_text(f"Every option: {ctx.command_path} --help all, or man wsprobe-{self.name}.")

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        assert isinstance(formatter, Formatter)
        super().format_help_text(ctx, formatter)
        if self.examples:
            with formatter.section("Examples"):
                for command, does in self.examples:
                    formatter.write_text(does)
                    with formatter.indentation():
                        formatter.write_command(command)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        everything = ctx.meta.get(ALL, False)
        left = 0
        sections: dict[str, list[tuple[str, str]]] = {}
        leading = ""
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is None or not record[1]:
                continue
            if isinstance(parameter, Option) and parameter.rare and not everything:
                left += 1
                continue
            section = parameter.section if isinstance(parameter, Option) else "General"
            rows = sections.setdefault(section, [])
            entry = parameter.how.entry if isinstance(parameter, Option) and everything else None
            if entry == "" and leading:
                rows[-1] = f"{rows[-1][0]}, {record[0]}", leading
            else:
                leading = entry or ""
                rows.append(record)
        for name, records in sections.items():
            with formatter.section(name):
                formatter.write_dl(records)
        if left:
            formatter.write_paragraph()
            formatter.write_text(f"{left} more options: {ctx.command_path} --help all")
            return
        for name, table in self.tables():
            with formatter.section(name):
                formatter.write_dl(table)


ALL = "help all"
"""The key in the context for --help all."""
ONE = "help of one option"
"""The key in the context for the option of --help OPTION."""
