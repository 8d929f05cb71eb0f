"""Options as typed values: a section is a frozen Struct whose fields are options, each declared once.

The type of a field decides what its option takes: bool is a flag, tuple a repeatable option, and any other type
takes one value. The default of the field is the option's default. ``takes`` gives a command the options of some
sections, and calls it with their values as ``Given``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, wraps
from typing import Any, ClassVar, TypeVar, get_args, get_origin

import click
from msgspec import Struct

from wsprobe.cli.option import Option


class Section(Struct, frozen=True, kw_only=True):
    """Options that belong together. A module with a subclass must not use ``from __future__ import
    annotations``."""

    heading: ClassVar[str] = "Options"
    """The heading of these options in the help and in the manual."""


class Declared:
    """The spelling of a field's option, and its line of help. ``man/options.toml`` has the rest of its manual
    text."""

    def __init__(self, *spellings: str, help: str, heading: str = "", **more: Any) -> None:
        """*help*: one line without a full stop. *heading*: replaces that of the section. *more*: arguments for
        click."""
        self.spellings = spellings
        self.help = help
        self.heading = heading
        self.more = more
        self.general = self
        """The declaration from which this one was derived; its manual text applies here too."""

    def with_help(self, help: str, **more: Any) -> Declared:
        """The same option with another line of *help*; *more* as for a declaration."""
        made = self.of_its_own(help, **more)
        made.general = self.general
        return made

    def of_its_own(self, help: str, **more: Any) -> Declared:
        """An option with the same spelling and values, and another meaning: the manual text is not for it."""
        return Declared(*self.spellings, help=help, heading=self.heading, **{**self.more, **more})


Some = TypeVar("Some", bound=Section)
NO_DEFAULT: Mapping[type, dict[str, Any]] = {bool: {"is_flag": True}, tuple: {"multiple": True}}
"""Arguments for click, for fields of this type without an explicit default (False or an empty tuple)."""


@cache
def declared(kind: type[Section]) -> dict[str, tuple[type, Declared]]:
    """Field -> its type (bool, tuple, or any other) and the declaration of its option."""
    found: dict[str, tuple[type, Declared]] = {}
    for name, annotation in kind.__annotations__.items():
        parts = get_args(annotation)
        if parts and isinstance(parts[-1], Declared):
            of, how = parts
            found[name] = (tuple if get_origin(of) is tuple else of, how)
    return found


def declaration(kind: type[Section], field: str) -> Declared:
    """The declaration of the option of *field*."""
    return declared(kind)[field][1]


def defaults(kind: type[Section]) -> dict[str, Any]:
    """Field -> its value if its option is not given."""
    return dict(zip(kind.__struct_fields__, kind.__struct_defaults__, strict=True))


class Given:
    """The sections of one call. A section that the command does not have is present with its defaults."""

    def __init__(self, sections: Iterable[Section] = ()) -> None:
        self._sections = {type(each): each for each in sections}

    def __getitem__(self, kind: type[Some]) -> Some:
        found = self._sections.get(kind)
        return kind() if found is None else found  # type: ignore[return-value]  # found by its type


class FieldOption(Option):
    """The option of a field of a section."""

    def __init__(self, kind: type[Section], field: str, how: Declared, **more: Any) -> None:
        super().__init__(
            [*how.spellings, field], section=how.heading or kind.heading, help=how.help, **(more | how.more)
        )
        self.kind = kind
        self.how = how


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
    instead: Mapping[str, tuple[Any, Declared]] | None = None,
) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """A decorator that makes a command with the options of *kinds*, in that order. The command is called with
    its arguments and with *given*.

    *without*: fields that are not options of this command, and keep their defaults. *instead*: field -> this
    command's own default and declaration.
    """
    other = instead or {}

    def apply(function: Callable[..., int]) -> Callable[..., int]:
        parameters: list[FieldOption] = []
        for kind in kinds:
            own = defaults(kind)
            for name, (of, how) in declared(kind).items():
                if name in without:
                    continue
                default, how = other.get(name, (own[name], how))
                parameters.append(_option(kind, name, of, default, how))

        @wraps(function)
        def called(**values: Any) -> int:
            made = given(parameters, values)
            return function(given=made, **{k: v for k, v in values.items() if k not in names})

        names = {each.name for each in parameters}
        kept: list[click.Parameter] = getattr(called, "__click_params__", [])
        called.__click_params__ = [*kept, *reversed(parameters)]  # type: ignore[attr-defined]  # as click keeps them
        return called

    return apply


def _option(kind: type[Section], name: str, of: type, default: Any, how: Declared) -> FieldOption:
    if of in NO_DEFAULT:
        return FieldOption(kind, name, how, **NO_DEFAULT[of])
    return FieldOption(kind, name, how, **({} if how.more.get("count") else {"default": default}))
