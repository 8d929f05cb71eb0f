"""What real engines did with odd answers and on odd pages, each version of an engine in a file of its own.

``measured/*.txt`` are scenarios, a row each: its name, and behind ``|`` each entry of its table in the lab's
catalogue. ``measured/ENGINE@VERSION.jsonl`` are recordings as in tests/browsers/recordings
(tests/browsers/driver/store.py), each with the keys that were kept.
"""

from functools import cache
from pathlib import Path

from tests.browsers.driver import store
from tests.browsers.driver.compare import agree
from tests.browsers.views import view
from wsprobe.exchange import Limits
from wsprobe.lab import parse

FOLDER = Path(__file__).parent / "measured"
LIMITS = Limits(connect_timeout=6.0, max_time=6.0, linger=12.0)
"""The page that measured gave up after six seconds."""
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*@*.jsonl")))
"""ENGINE@VERSION of all that was measured so."""


@cache
def scenarios():
    """File -> name -> scenario."""
    return {
        path.stem: parse(_tables(path.read_text("utf-8")), path.stem) for path in sorted(FOLDER.glob("*.txt"))
    }


def _tables(text):
    """The same as a file of the catalogue."""
    common, _, rows = text.partition("\n\n")
    named = (row.split(" | ") for row in rows.splitlines())
    return "\n".join((common, *(f'["{name}"]\n' + "\n".join(entries) for name, *entries in named)))


@cache
def by_name():
    return {name: scenario for found in scenarios().values() for name, scenario in found.items()}


@cache
def recordings(name):
    """Scenario -> recording, of ENGINE@VERSION *name*."""
    head, found = store.read(FOLDER / f"{name}.jsonl")
    engine, _, version = name.partition("@")
    assert head["engine"] == engine
    assert f"{head['version']}.".startswith(f"{version}.")
    return found


def faults(name, scenario, recording):
    """In what our view of ENGINE@VERSION *name* is not *recording*, of all that was kept."""
    seen = view(name, by_name()[scenario], LIMITS)
    return agree({**seen, "exception": None, "console": [], **recording}, seen)
