"""``python tests/bench``: how long wsprobe takes beside what it stands on, its peers and a browser, in one run.

It prints figures and never fails because of one: whether a ratio is good enough is for a person to say. What is
missing on this machine is named. ``--short``, as in CI, runs each program once: to see that all of it works.
"""

import multiprocessing
import sys
import tempfile
import time
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import many_urls
import programs
import relaying
import talking
from measure import SHORT, own_peak, per_one, side_by_side

# Behind all else, so that an installed wsprobe is the one that is measured: for what the tests are made of.
sys.path.append(str(Path(__file__).resolve().parents[2]))

PATH = "/status/403?reason=Token%20Expired&body=late"
"""A refusal: it ends every client at once, so that none is measured while it waits."""
MANY = 2_000 if SHORT else 10_000
"""URLs over which starting two more processes no longer counts."""
MORE = 1 if SHORT else 5
"""Times as many recordings as are held at once."""
PAGE = """<!doctype html><title>asking</title><script>
new WebSocket("{url}").onclose = (event) => {{ document.title = event.code }};
</script>
"""


def main():
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="wsprobe-bench-") as name, programs.lab() as server:
        folder = Path(name)
        url = server + PATH
        own = programs.wsprobe()
        one_handshake(own, url)
        sessions(own, folder)
        many_handshakes(own, folder, url)
        show("one line of --json: what its causes cost (no process)", apart("diagnosing", "rows"))
        print(apart("diagnosing", "misread"))
        show("work for four times the pieces", apart("growth", "grown"))
        show("one recording, predicted in each engine (no process)", apart("recordings", "predictions"))
        saved_recordings(own, folder, one_page(own, folder, url))
    print(f"\n{time.perf_counter() - started:.0f} s in all")


def one_handshake(own, url):
    """The start of the command, and one handshake with *url*, beside what others take."""
    show(
        "start",
        side_by_side(
            {
                "wsprobe --help": (*own, "--help"),
                "python -c 'import click'": programs.python("import click"),
            },
            against="python -c 'import click'",
            rounds=15,
            seconds=6,
        ),
    )
    show(
        "connect, on loopback, to a 403",
        side_by_side(
            {
                "wsprobe connect": (*own, "connect", url),
                many_urls.FLOOR: many_urls.floor(url),
            },
            against=many_urls.FLOOR,
            rounds=11,
            seconds=8,
        ),
    )
    show(
        "the same handshake by others",
        side_by_side(
            {
                "wsprobe connect": (*own, "connect", url),
                "curl": programs.found("curl", "-s", "-N", url),
                "websocat": programs.websocat("-E", url),
                "wscat": programs.wscat("-c", url),
                "python -m websockets": programs.websockets(url),
            },
            against="wsprobe connect",
            rounds=7,
            seconds=9,
        ),
    )


def sessions(own, folder):
    """Messages through ``talk`` and ``relay``."""
    for large in (False, True):
        for deflate in (False, True):
            title, rows = talking.table(own, folder, large, deflate)
            show(title, rows, spread=True)
    print("\nbytes through wsprobe relay, and through a relay on trio that copies them")
    relaying.main()


def many_handshakes(own, folder, url):
    """A list of URLs of one server, by wsprobe and by others."""
    with programs.refusing(folder, url) as (who, refusal):
        commands = many_urls.programs(own, refusal, folder, programs.ws())
        show(
            f"{many_urls.COUNT} URLs of one server ({who}), {many_urls.SIDE_BY_SIDE} at once",
            side_by_side(commands, against=many_urls.LOOP, rounds=3, seconds=24),
            spread=True,
        )
        rows = side_by_side(
            many_urls.shared(own, refusal, folder, MANY), against=many_urls.ALONE, rounds=2, seconds=30
        )
        show(f"{MANY} URLs of it, by one process and by two workers", rows, spread=True)
        for line in speed_up(rows):
            print(line)


def one_page(own, folder, url):
    """A page that opens *url*, by prediction and in Chromium; returns the row of Chromium."""
    browser = "chromium --dump-dom"
    page = folder / "page.html"
    page.write_text(PAGE.format(url=url))
    rows = side_by_side(
        {
            "wsprobe compare --browser-mode": (*own, "compare", "--browser-mode", url),
            browser: programs.chromium(page),
        },
        against=browser,
        rounds=4,
        seconds=8,
    )
    show("one URL, as a page sees it", rows)
    return next(row for row in rows if row.name == browser)


def saved_recordings(own, folder, browser):
    """Files of recordings through all engines. *browser*: see ``per_recording``."""
    file = folder / "recordings.jsonl"
    different, count = apart("recordings", "save", file)
    thousand = side_by_side(
        {"each recording, all engines": (*own, "compare", "--browser", "all", "--json", str(file))},
        against="",
        rounds=1,
        seconds=1,
    )
    show(
        f"{count} saved recordings ({different} different), through all engines",
        per_recording(thousand, count, browser),
    )
    refusals = folder / "refusals.jsonl"
    apart("recordings", "save_refusals", refusals)
    compare = (*own, "compare", "--browser", "all", "--json")
    loop = "json.loads and json.dumps of each"
    for kind, few in (("of the lab", file), ("of different 403s", refusals)):
        more = folder / "more.jsonl"
        more.write_bytes(few.read_bytes() * MORE)
        rows = side_by_side(
            {
                loop: programs.rewriting(more),
                "one process": (*compare, str(more)),
                "two processes": (*compare, "--workers", "2", str(more)),
            },
            against=loop,
            rounds=2,
            seconds=8,
        )
        show(
            f"{count * MORE} recordings {kind}, printed as they are read, through all engines: one of them",
            per_recording(rows, count * MORE),
        )


def speed_up(rows):
    """What a row gains over the first where every process has a processor to itself."""
    first, *others = rows
    for row in others:
        if first.busiest and row.busiest and first.processor and row.processor:
            faster = first.busiest / row.busiest
            yield (
                f"    by its busiest process ({row.busiest:.0f} ms of processor) {faster:.2f} times as fast;"
                f" all of them take {row.processor / first.processor:.2f} times the processor"
            )


def per_recording(rows, count, browser=None):
    """Rows for the time of one recording; if given, with the *browser*'s own time for one page beside them, and
    as a ratio to it."""
    made = [each if each.why else per_one(each, count) for each in rows]
    if browser is None:
        return made
    if not browser.why:
        made = [
            replace(
                each,
                ratio=each.milliseconds / browser.milliseconds,
                processor_ratio=each.processor / browser.processor if browser.processor else None,
            )
            for each in made
        ]
    return [*made, browser]


def apart(module, name, *arguments):
    """What the function of this *name* returns, of a *module* that is loaded in a process of its own, so that
    ours stays small: programs inherit our peak."""
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.apply(_called, (module, name, arguments))


def _called(module, name, arguments):
    return getattr(import_module(module), name)(*arguments)


def show(title, rows, spread=False):
    """Print the table of *rows*: medians, of time and of processor, each with its ratio to the row that is 1;
    highest peak of memory. *spread*: the least and the greatest ratio of one round, too."""
    print(f"\n{title}\n{'':44}{'ms':>10}{'ratio':>9}{'cpu ms':>10}{'ratio':>9}{'peak MiB':>10}{'rounds':>8}")
    for row in rows:
        if row.why:
            print(f"  {row.name:42}  missing: {row.why}")
            continue
        of_time, of_processor = _ratio(row.ratio), _ratio(row.processor_ratio)
        processor = "" if row.processor is None else f"{row.processor:.2f}"
        peak = "" if row.processor is None else f"< {own_peak():.0f}" if row.peak is None else f"{row.peak:.0f}"
        print(
            f"  {row.name:42}{row.milliseconds:>10.2f}{of_time:>9}{processor:>10}{of_processor:>9}"
            f"{peak:>10}{row.rounds:>8}"
        )
        if spread and row.rounds > 1:
            of_time, of_processor = (f"{least:.2f} to {most:.2f}" for least, most in row.spread)
            print(f"    ratio in one round: of time {of_time}, of processor {of_processor}")
    sys.stdout.flush()


def _ratio(ratio):
    return "" if ratio is None else f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.4f}"


if __name__ == "__main__":
    main()
