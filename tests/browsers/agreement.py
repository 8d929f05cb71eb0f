"""Prints the table of agreement: ``python -m tests.browsers.agreement [--faults]``."""

from __future__ import annotations

import argparse
import sys

from tests.browsers.driver.compare import agreement, table
from tests.browsers.views import engines, faults, scenarios


def results() -> list[tuple[str, str, str, list[str]]]:
    """Engine, category, scenario, and what is not as measured, for all of them."""
    return [
        (name, scenario.about, scenario.name, faults(name, scenario))
        for name in engines()
        for scenario in scenarios(name).values()
    ]


def text() -> str:
    return table(agreement((engine, category, not found) for engine, category, _, found in results()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", action="store_true", help="say what is not as measured")
    options = parser.parse_args()
    measured = results()
    if options.faults:
        for engine, _, scenario, found in measured:
            if found:
                print(f"{engine}: {scenario}", *found, sep="\n    ")
    print(table(agreement((engine, category, not found) for engine, category, _, found in measured)))
    return int(any(found for *_, found in measured))


if __name__ == "__main__":
    sys.exit(main())
