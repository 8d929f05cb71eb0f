"""The data files that stand beside the modules which read them."""

from __future__ import annotations

import os
from typing import Any


def toml_beside(module: str, *name: str) -> dict[str, Any]:
    """What the TOML file *name* says; *name* is its path from the folder of *module*, which is ``__file__``.

    Raises OSError if there is none.
    """
    # Late: most answers need no table, and the start of the command none.
    import tomllib

    with open(os.path.join(os.path.dirname(module), *name), "rb") as file:
        return tomllib.load(file)
