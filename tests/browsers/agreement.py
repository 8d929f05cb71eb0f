"""Prints the table of agreement: ``python -m tests.browsers.agreement [--faults] [--write]``."""

import argparse
import json
import sys
from pathlib import Path

from tests.browsers.driver.compare import Agreement, agreement, table
from tests.browsers.measure import left_out
from tests.browsers.views import engines, faults, is_flood, recordings, scenarios
from wsprobe.lab import load

MANUAL = Path(__file__).parents[2] / "man" / "build" / "agreement.json"


def results(*, without_floods=False):
    """Engine, category, scenario, and what is not as measured, for all; floods may be taken for agreed."""
    return [
        (name, scenario.about, scenario.name, _faults(name, scenario, without_floods))
        for name in engines()
        for scenario in scenarios(name).values()
    ]


def _faults(name, scenario, without_floods):
    return [] if without_floods and is_flood(scenario) else faults(name, scenario)


def value(found):
    """The table as the manual has it: a row of ``agreed/of`` for each kind of scenario."""
    rows = agreement((engine, category, not faults_found) for engine, category, _, faults_found in found)
    return {
        "engines": [f"{name} {engine.version}" for name, engine in engines().items()],
        "kinds": {
            kind: [str(row.get(name, Agreement(0, 0))) for name in engines()] for kind, row in rows.items()
        },
    }


def unmeasured():
    """Engine -> scenarios that it was not measured with: whoever adds one may not have the engine."""
    missing = {
        name: [each for each in load() if not left_out(name, each) and each not in recordings(name)]
        for name in engines()
    }
    return {name: scenarios for name, scenarios in missing.items() if scenarios}


def main():
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
    for name, missing in unmeasured().items():
        print(f"not measured with {name}: {', '.join(missing)}")
    return int(any(found for *_, found in measured))


if __name__ == "__main__":
    sys.exit(main())
