"""``dataclass`` for frozen values, as the standard one makes them, without compiling methods at import.

The standard decorator writes and compiles six functions a class (``__init__``, ``__repr__``, ``__eq__``,
``__hash__``, ``__setattr__``, ``__delattr__``). With the sixty values that a handshake loads, that was a
quarter of the whole start of ``wsprobe connect`` (measured, Python 3.11: 240 of 906 million instructions). Here
all classes share one function of each kind, which writes and reads the slots through their descriptors. To make
one value takes a tenth to a third longer than the standard way, nearly twice as long from keyword arguments:
what is made so by the ten thousand stays with the standard library.

(From Python 3.13 on, the standard library compiles one function for each class, here an empty one.)

Fields, slots, ``replace``, ``asdict``, ``match``, ``copy`` and ``pickle`` are the standard library's own. What
is not wanted of it here is refused with TypeError: another form than ``@dataclass(frozen=True, slots=True)``, a
base class, ``__post_init__``, ``ClassVar``, ``InitVar``, default factories and options of single fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    import dataclasses
    from operator import attrgetter
    from reprlib import recursive_repr

    _REQUIRED = dataclasses.MISSING

    def dataclass(*, frozen, slots):
        """The standard decorator, for ``frozen=True, slots=True``. Raises TypeError for what is refused."""
        if not (frozen and slots):
            raise TypeError("a value is frozen and has slots")
        return _value

    def _value(cls):
        if cls.__bases__ != (object,) or hasattr(cls, "__post_init__"):
            raise TypeError(f"{cls.__qualname__} has a base class or __post_init__")
        if cls.__doc__ is None:
            # The standard library would work out the signature, which takes longer than all the rest.
            cls.__doc__ = f"{cls.__name__}({', '.join(vars(cls).get('__annotations__', ()))})"
        cls = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(cls)
        fields = dataclasses.fields(cls)
        if len(fields) != len(cls.__dataclass_fields__) or not all(map(_plain, fields)):
            raise TypeError(f"{cls.__qualname__} has a field of a kind that values have not")
        names = cls.__match_args__
        cls._parameters = tuple((field.name, field.default) for field in fields)
        cls._defaults = tuple(field.default for field in fields if field.default is not _REQUIRED)
        if any(field.default is _REQUIRED for field in fields[len(fields) - len(cls._defaults) :]):
            raise TypeError(f"{cls.__qualname__} has a field without a default after one with a default")
        cls._setters = tuple(getattr(cls, name).__set__ for name in names)
        cls._values = _reader(names)
        cls.__signature__ = _SIGNATURE
        for method in _METHODS:
            if method.__name__ not in vars(cls):
                setattr(cls, method.__name__, method)
        return cls

    def _reader(names):
        if len(names) > 1:
            return attrgetter(*names)
        # Of fewer than two names attrgetter makes no tuple.
        return staticmethod(lambda value: tuple(getattr(value, name) for name in names))

    def _plain(field):
        return (
            field.init
            and field.repr
            and field.compare
            and field.hash is None
            and not field.kw_only
            and field.default_factory is _REQUIRED
        )

    def __init__(self, /, *given, **named):
        if named or len(given) != len(self._setters):
            given = _arguments(type(self), given, named)
        for write, value in zip(self._setters, given):  # noqa: B905 - they are equally many; this is the hot path
            write(self, value)

    def _arguments(cls, given, named):
        """The value of each field, in order. Raises TypeError as a call with wrong arguments does."""
        lacking = len(cls._setters) - len(given)
        if not named and 0 < lacking <= len(cls._defaults):
            return given + cls._defaults[-lacking:]
        values = list(given)
        left = len(named)
        for name, default in cls._parameters[len(given) :]:
            if name in named:
                left -= 1
                default = named[name]
            elif default is _REQUIRED:
                left = -1
                break
            values.append(default)
        if left or len(values) > len(cls._parameters):
            try:
                cls.__signature__.bind(*given, **named)
            except TypeError as error:
                raise TypeError(f"{cls.__qualname__}.__init__(): {error}") from None
        return values

    def __eq__(self, other):
        if type(other) is not type(self):
            return NotImplemented
        values = self._values
        return values(self) == values(other)

    def __hash__(self):
        return hash(self._values(self))

    @recursive_repr()
    def __repr__(self):
        shown = (
            f"{name}={value!r}" for name, value in zip(self.__match_args__, self._values(self), strict=True)
        )
        return f"{type(self).__qualname__}({', '.join(shown)})"

    def __setattr__(self, name, value):
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name):
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")

    def __getstate__(self):
        return list(self._values(self))

    def __setstate__(self, state):
        for write, value in zip(self._setters, state, strict=True):
            write(self, value)

    _METHODS = (
        __init__,
        __eq__,
        __hash__,
        __repr__,
        __setattr__,
        __delattr__,
        __getstate__,
        __setstate__,
    )

    class _Signature:
        """What ``inspect.signature`` says of a class: worked out when it is asked for."""

        def __get__(self, instance, owner):
            from inspect import Parameter, Signature

            return Signature(
                [
                    Parameter(
                        field.name,
                        Parameter.POSITIONAL_OR_KEYWORD,
                        default=Parameter.empty if field.default is _REQUIRED else field.default,
                        annotation=field.type,
                    )
                    for field in dataclasses.fields(owner)
                ]
            )

    _SIGNATURE = _Signature()
