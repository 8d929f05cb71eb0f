"""The data files next to the modules that read them."""

from __future__ import annotations

import os
from typing import Any


def toml_beside(module: str, *name: str) -> dict[str, Any]:
    """The contents of the TOML file *name*, a path relative to the folder of *module* (its ``__file__``).

    Raises OSError if there is none.
    """
    # Late: most answers need no table, and the start of the command none.
    import tomllib

    with open(os.path.join(os.path.dirname(module), *name), "rb") as file:
        return tomllib.load(file)
