"""``python -m man.build [DIRECTORY]``: write every page (to man/)."""

from __future__ import annotations

import sys
from pathlib import Path

from man.build import pages, samples, tables


def main() -> None:
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1]
    for name, text in pages():
        (directory / name).write_text(text, encoding="ascii")
    for name, text in (*tables(), *samples()):
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
