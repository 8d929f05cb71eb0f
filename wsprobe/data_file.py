"""The data files next to the modules that read them."""

from __future__ import annotations

import os
from typing import Any


def toml_beside(module: str, *name: str) -> dict[str, Any]:
    """The contents of the TOML file *name*, with *module* and *name* as in ``path_beside``.

    Raises OSError if there is none.
    """
    # Late: most answers need no table, and the start of the command none.
    import tomllib

    with open(path_beside(module, *name), "rb") as file:
        return tomllib.load(file)


def text_beside(module: str, *name: str) -> str:
    """The text of the file *name*, in UTF-8, with *module* and *name* as in ``path_beside``.

    Raises OSError if there is none.
    """
    with open(path_beside(module, *name), encoding="utf-8") as file:
        return file.read()


def one_line(text: str) -> str:
    """*text* of a file on one line: the files have line breaks for their readers."""
    return " ".join(text.split())


def path_beside(module: str, *name: str) -> str:
    """The path of the file *name*, which is relative to the folder of *module* (its ``__file__``)."""
    return os.path.join(os.path.dirname(module), *name)
