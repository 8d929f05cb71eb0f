"""Measures one thing: ``python -m tests.measure WHAT``. Behind WHAT come its own options (``--help``)."""

import ast
import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
OF_BROWSERS = {
    **{"browsers": "measure", "requests": "measure_requests", "fetch": "fetching", "page": "__main__"},
    **{"local-network": "local_network", "moved": "moved", "agreement": "agreement", "against": "against"},
    **{"fresh": "fresh", "fresh-http2": "fresh_http2"},
}
WHATS = {
    **{what: f"tests/browsers/{name}.py" for what, name in OF_BROWSERS.items()},
    **{"diagnosis": "tests/diagnosis/measure.py", "senses": "tests/diagnosis/senses.py"},
    **{"sweep": "tests/hostile/sweep.py", "ends": "tests/hostile/ends.py", "bench": "tests/bench/__main__.py"},
    **{what: f"tests/bench/{what}.py" for what in ("cluster", "relaying", "talking", "versions")},
    **{"long-logs": "tests/bench/long_logs.py", "patterns": "tests/bench/patterns.py"},
}
"""What can be measured -> the program that measures it."""
BY_PATH = ("bench", "cluster", "relaying", "talking", "versions")
"""Programs that measure the wsprobe that is installed, and not this checkout."""


def about(path):
    """The first paragraph of a program's description."""
    text = ast.get_docstring(ast.parse((ROOT / path).read_text("utf-8")))
    return " ".join(text.partition("\n\n")[0].replace("`", "").split())


def command(what):
    path = WHATS[what]
    return [str(ROOT / path)] if what in BY_PATH else ["-m", path.removesuffix(".py").replace("/", ".")]


def main():
    what, *options = sys.argv[1:] or ["--help"]
    if what in WHATS:
        os.execv(sys.executable, [sys.executable, *command(what), *options])
    if what not in ("-h", "--help"):
        sys.exit(f"{what} is not one of {', '.join(WHATS)}")
    print(__doc__, *(f"{each}\n    {about(WHATS[each])}" for each in WHATS), sep="\n")


if __name__ == "__main__":
    main()
