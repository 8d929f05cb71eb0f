"""Prints the table of agreement: ``python -m tests.browsers.agreement [--faults] [--write]``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.browsers.driver.compare import agreement, table
from tests.browsers.views import engines, faults, is_flood, scenarios
from wsprobe.lab.scenario import Scenario

MANUAL = Path(__file__).parents[2] / "man" / "build" / "agreement.json"

Result = tuple[str, str, str, list[str]]


def results(*, without_floods: bool = False) -> list[Result]:
    """Engine, category, scenario, and what is not as measured, for all; floods may be taken for agreed."""
    return [
        (name, scenario.about, scenario.name, _faults(name, scenario, without_floods))
        for name in engines()
        for scenario in scenarios(name).values()
    ]


def _faults(name: str, scenario: Scenario, without_floods: bool) -> list[str]:
    return [] if without_floods and is_flood(scenario) else faults(name, scenario)


def text() -> str:
    return table(agreement((engine, category, not found) for engine, category, _, found in results()))


def value(found: Iterable[Result]) -> dict[str, Any]:
    """The table as the manual has it: a row of ``agreed/of`` for each kind of scenario."""
    rows = agreement((engine, category, not faults_found) for engine, category, _, faults_found in found)
    return {
        "engines": [f"{name} {engine.version}" for name, engine in engines().items()],
        "kinds": {kind: [str(row[name]) for name in engines()] for kind, row in rows.items()},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", action="store_true", help="say what is not as measured")
    parser.add_argument("--write", action="store_true", help="write the table for the manual")
    options = parser.parse_args()
    measured = results()
    if options.write:
        MANUAL.write_text(json.dumps(value(measured), indent=1) + "\n", "ascii")
    if options.faults:
        for engine, _, scenario, found in measured:
            if found:
                print(f"{engine}: {scenario}", *found, sep="\n    ")
    print(table(agreement((engine, category, not found) for engine, category, _, found in measured)))
    return int(any(found for *_, found in measured))


if __name__ == "__main__":
    sys.exit(main())
