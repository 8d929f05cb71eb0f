"""Values made without compiling behave as the standard library's own do: both are made of the same tables."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import subprocess
import sys
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsprobe import value
from wsprobe.exchange import Target

BODIES: dict[str, dict[str, Any]] = {
    "Empty": {},
    "One": {"only": int},
    "Three": {"text": bytes, "end": bytes, "start": int},
    "Defaults": {"first": int, "second": (str, "two"), "third": (object, None)},
    "All": {"a": (int, 1), "b": (tuple, ()), "c": (str, "")},
}
"""Name of the class -> its fields: the type, or the type and the default."""


def body(fields: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"__annotations__": {}, "__module__": __name__, "double": lambda self: (self, self)}
    for name, what in fields.items():
        kind, *default = what if isinstance(what, tuple) else (what,)
        made["__annotations__"][name] = kind
        if default:
            (made[name],) = default
    return made


def both(name: str) -> tuple[Any, Any]:
    """The class as the standard library makes it, and as we do."""
    return tuple(
        make(frozen=True, slots=True)(type(name, (), body(BODIES[name])))
        for make in (dataclasses.dataclass, value.dataclass)
    )


PAIRS = {name: both(name) for name in BODIES}
pairs = pytest.mark.parametrize(("standard", "ours"), PAIRS.values(), ids=PAIRS)

values = st.integers() | st.text(max_size=3) | st.none() | st.tuples(st.integers())
"""No NaN: from Python 3.13 on the standard ``__eq__`` no longer takes the same NaN for equal."""
names = st.sampled_from(
    ["only", "text", "end", "start", "first", "second", "third", "a", "b", "c", "self", "x"]
)


def outcome(make: Any, *arguments: Any, **named: Any) -> Any:
    """What a call gives: the values of its fields, or TypeError."""
    try:
        made = make(*arguments, **named)
    except TypeError:
        return TypeError
    return [getattr(made, field.name) for field in dataclasses.fields(made)]


@given(st.sampled_from(sorted(PAIRS)), st.lists(values, max_size=4), st.dictionaries(names, values, max_size=3))
@settings(deadline=None, max_examples=300)
def test_takes_the_arguments_that_the_standard_one_takes(
    name: str, positional: list[Any], named: dict[str, Any]
) -> None:
    standard, ours = PAIRS[name]
    assert outcome(ours, *positional, **named) == outcome(standard, *positional, **named)


@given(st.sampled_from(sorted(PAIRS)), st.data())
@settings(deadline=None, max_examples=200)
def test_compares_hashes_and_shows_itself_as_the_standard_one(name: str, data: st.DataObject) -> None:
    standard, ours = PAIRS[name]
    arguments = st.tuples(*[values for _ in BODIES[name]])
    one, two = data.draw(arguments), data.draw(arguments)
    assert (ours(*one) == ours(*two)) is (standard(*one) == standard(*two))
    assert ours(*one) == ours(*one)
    assert hash(ours(*one)) == hash(standard(*one))
    assert repr(ours(*one)) == repr(standard(*one))
    assert ours(*one) != standard(*one)
    assert dataclasses.asdict(ours(*one)) == dataclasses.asdict(standard(*one))


@pairs
def test_is_a_dataclass_with_the_same_fields(standard: Any, ours: Any) -> None:
    def told(kind: Any) -> list[tuple[Any, ...]]:
        return [(field.name, field.type, field.default) for field in dataclasses.fields(kind)]

    assert told(ours) == told(standard)
    assert ours.__slots__ == standard.__slots__
    assert ours.__match_args__ == standard.__match_args__
    assert str(inspect.signature(ours)) == str(inspect.signature(standard)).removesuffix(" -> None")
    assert (ours.__name__, ours.__qualname__, ours.__module__) == (
        standard.__name__,
        standard.__qualname__,
        standard.__module__,
    )
    assert not hasattr(ours.__new__(ours), "__dict__")


@pytest.mark.parametrize(
    ("arguments", "named", "words"),
    [
        ((), {}, "missing a required argument: 'text'"),
        ((b"", b""), {}, "missing a required argument: 'start'"),
        ((1, 2, 3, 4), {}, "too many positional arguments"),
        ((1, 2, 3), {"start": 3}, "multiple values for argument 'start'"),
        ((1, 2, 3), {"other": 3}, "unexpected keyword argument 'other'"),
    ],
)
def test_wrong_arguments_are_named(arguments: tuple[Any, ...], named: dict[str, Any], words: str) -> None:
    with pytest.raises(TypeError, match=r"^Three\.__init__\(\): .*" + words):
        PAIRS["Three"][1](*arguments, **named)


def test_is_frozen() -> None:
    made = PAIRS["One"][1](1)
    for name in ("only", "other"):
        with pytest.raises(dataclasses.FrozenInstanceError, match=f"cannot assign to field '{name}'"):
            setattr(made, name, 2)
        with pytest.raises(dataclasses.FrozenInstanceError, match=f"cannot delete field '{name}'"):
            delattr(made, name)
    assert made.only == 1


def test_replace_match_and_methods() -> None:
    defaults = PAIRS["Defaults"][1]
    made = dataclasses.replace(defaults(1), third=3)
    match made:
        case defaults(first, second, third=third):
            assert (first, second, third) == (1, "two", 3)
        case _:
            pytest.fail("no match")
    assert made.double() == (made, made)


TARGET = Target("ws://example.org/", False, "example.org", 80, "/", fragment="x")


def test_is_copied_and_pickled() -> None:
    assert copy.copy(TARGET) == TARGET
    assert copy.deepcopy(TARGET) == TARGET
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(TARGET, protocol)) == TARGET


def test_a_value_within_itself_is_shown() -> None:
    within: list[Any] = []
    made = PAIRS["One"][1](within)
    within.append(made)
    assert repr(made) == "One(only=[...])"


def test_a_method_of_the_class_itself_is_kept() -> None:
    @value.dataclass(frozen=True, slots=True)
    class Own:
        """Shows itself in its own way."""

        word: str

        def __repr__(self) -> str:
            return f"<{self.word}>"

    assert repr(Own("x")) == "<x>"
    assert Own.__doc__ == "Shows itself in its own way."


def class_variable() -> Any:
    class Wrong:
        many: ClassVar[int] = 1

    return Wrong


def made_afterwards() -> Any:
    class Wrong:
        def __post_init__(self) -> None:
            pass

    return Wrong


def with_base() -> Any:
    class Wrong(int):
        pass

    return Wrong


def with_field(**options: Any) -> Any:
    made = body({"one": int})
    made["one"] = dataclasses.field(**options)
    return type("Wrong", (), made)


@pytest.mark.parametrize(
    "wrong",
    [
        class_variable(),
        made_afterwards(),
        with_base(),
        with_field(default_factory=list),
        with_field(compare=False),
        with_field(repr=False),
        with_field(init=False, default=1),
        with_field(hash=False),
        with_field(kw_only=True),
    ],
)
def test_what_is_not_done_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match="Wrong"):
        value.dataclass(frozen=True, slots=True)(wrong)


@pytest.mark.parametrize("options", [{"frozen": False, "slots": True}, {"frozen": True, "slots": False}])
def test_another_form_is_refused(options: Any) -> None:
    with pytest.raises(TypeError, match="frozen and has slots"):
        value.dataclass(**options)


def test_a_required_field_after_a_default_is_refused() -> None:
    made = body({"one": (int, 1), "two": int})
    with pytest.raises(TypeError, match="without a default after one"):
        value.dataclass(frozen=True, slots=True)(type("Wrong", (), made))


def test_no_method_is_compiled_when_a_class_is_made() -> None:
    code = (
        "import builtins, dataclasses\n"
        "from wsprobe import value\n"
        "run = exec\n"
        "def watch(text, *rest):\n"
        "    assert 'self' not in text, text\n"
        "    run(text, *rest)\n"
        "def refuse(*given, **named): raise AssertionError('compiled')\n"
        "builtins.exec, builtins.compile, builtins.eval = watch, refuse, refuse\n"
        "class Value:\n"
        "    one: int\n"
        "    two: int = 2\n"
        "print(value.dataclass(frozen=True, slots=True)(Value)(1))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "Value(one=1, two=2)\n"
