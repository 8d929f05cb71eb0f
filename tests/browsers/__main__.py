"""Takes a file that the page of the lab wrote as recordings of an engine: ``python -m tests.browsers FILE``.

FILE is what "Run all" at the page of ``wsprobe serve`` saves, in whatever browser. It becomes
tests/browsers/recordings/NAME.jsonl, as the drivers write them for the engines that they drive, and the table
of agreement with each engine's view is printed. What is not in it (the console, the requests) stays unknown.
"""

import argparse
import sys
from functools import partial
from pathlib import Path

import msgspec

from tests.browsers.driver import store
from tests.browsers.driver.compare import table
from wsprobe.lab import load as catalogue
from wsprobe.lab.measured import MeasuredError, agreement, all_held, load, nearest
from wsprobe.lab.ports import own_url

KEPT = ("exception", "url", "events", "readyState", "capped", "value")


def recordings(measured):
    """By scenario, what a recordings file has of it."""
    known = catalogue()
    return {name: recording(known[name], seen) for name, seen in measured.seen.items()}


def recording(scenario, seen):
    """One recording: the lab's address is named where the scenario's URL named it so."""
    value = msgspec.json.decode(msgspec.json.encode(seen))
    kept = {name: value[name] for name in KEPT if name in value}
    url = scenario.url or own_url(scenario)
    template = url if ":" in url else scenario.page.url
    return store.mapped(kept, lambda text: text.replace(seen.host, "{ip}")) if "{ip}" in template else kept


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="what the page wrote")
    parser.add_argument("--name", default="", help="of the engine; as the file has it, if not given")
    parser.add_argument("--check", action="store_true", help="print the table, write nothing")
    parser.add_argument("--folder", type=Path, default=store.FOLDER, help="of the recordings")
    options = parser.parse_args(words)
    try:
        measured = load(options.file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, MeasuredError) as error:
        print(f"{options.file}: {error}", file=sys.stderr)
        return 2
    name = options.name or measured.browser.engine
    if not name.replace("-", "").isalnum():
        print(f"{name!a} is no name for a file: --name", file=sys.stderr)
        return 2
    found = all_held(measured)
    print(f"{name} {measured.browser.version}: {len(measured.seen)} scenarios, nearest to {nearest(found)}")
    print(table(agreement(found)))
    if not options.check:
        file = partial(store.path, name, folder=options.folder)
        if file().exists() and not options.name:
            print(f"{file()} is there: --name {name} replaces it", file=sys.stderr)
            return 2
        store.save(name, measured.browser.version, recordings(measured), folder=options.folder)
        print(f"written: {file()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
