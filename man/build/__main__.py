"""``python -m man.build [DIRECTORY]``: write every page (to man/)."""

from __future__ import annotations

import sys
from pathlib import Path

from man.build import pages


def main() -> None:
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1]
    for name, text in pages():
        (directory / name).write_text(text, encoding="ascii")


if __name__ == "__main__":
    main()
