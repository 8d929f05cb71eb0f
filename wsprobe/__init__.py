"""wsprobe: what a WebSocket server answered, and what a script in a browser sees of it.

The names of ``__all__`` are the Python interface, wsprobe-python(3). They are loaded on first use (PEP 562), so
they do not slow the start of the command.
"""

from __future__ import annotations

from wsprobe.version import __version__ as __version__

TYPE_CHECKING = False  # typing's own, without typing, which takes longer to import than all that stands here

if TYPE_CHECKING:
    from wsprobe.cli.python import (
        Exchange,
        Page,
        Report,
        ScriptView,
        UsageError,
        aprobe,
        compare,
        load,
        probe,
        save,
        views,
    )

__all__ = [
    "Exchange",
    "Page",
    "Report",
    "ScriptView",
    "UsageError",
    "aprobe",
    "compare",
    "load",
    "probe",
    "save",
    "views",
]


if not TYPE_CHECKING:  # a type checker would take every name for one of ours

    def __getattr__(name):
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        # The seam that the docstring names.
        from wsprobe.cli import python

        return getattr(python, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
