"""The completion of each shell as a file for where that shell looks, as click writes it."""

from __future__ import annotations

from click.shell_completion import get_completion_class

from wsprobe.cli.main import program
from wsprobe.cli.shells import register

SHELLS = {"wsprobe.bash": "bash", "_wsprobe": "zsh", "wsprobe.fish": "fish"}
"""File name -> the shell."""


def completion(name: str) -> str:
    """The script of one, by its path below man/."""
    register()
    made = get_completion_class(SHELLS[name.rpartition("/")[2]])
    assert made is not None
    script = made(program, {}, "wsprobe", "_WSPROBE_COMPLETE").source()
    return f"{script.strip()}\n"
