"""``python tests/bench``: how long wsprobe takes beside what it stands on, its peers and a browser, in one run.

It prints figures and never fails because of one: whether a ratio is good enough is for a person to say. What is
missing on this machine is named. ``--short``, as in CI, runs each program once: to see that all of it works.
"""

import multiprocessing
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

import many_urls
import programs
import relaying
import talking
from measure import SHORT, compare, per_one, show, side_by_side

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
        show("work for four times the pieces", apart("growth", "grown"))
        show("one recording, predicted in each engine (no process)", apart("recordings", "predictions"))
        saved_recordings(own, folder, one_page(own, folder, url))
    print(f"\n{time.perf_counter() - started:.0f} s in all")


def one_handshake(own, url):
    """The start of the command, and one handshake with *url*, beside what others take."""
    least = "python -c 'import click'"
    works = {"wsprobe --help": (*own, "--help"), least: programs.python("import click")}
    compare("start", works, against=least, rounds=15, seconds=6)
    connect = {"wsprobe connect": (*own, "connect", url)}
    works = {**connect, many_urls.FLOOR: many_urls.floor(url)}
    compare("connect, on loopback, to a 403", works, against=many_urls.FLOOR, rounds=11, seconds=8)
    works = {
        **connect,
        "curl": programs.found("curl", "-s", "-N", url),
        "websocat": programs.websocat("-E", url),
        "wscat": programs.wscat("-c", url),
        "python -m websockets": programs.websockets(url),
    }
    compare("the same handshake by others", works, against="wsprobe connect", rounds=7, seconds=9)


def sessions(own, folder):
    """Messages through ``talk`` and ``relay``."""
    talking.main(own, folder)
    relaying.main()


def many_handshakes(own, folder, url):
    """A list of URLs of one server, by wsprobe and by others."""
    with programs.refusing(folder, url) as (who, refusal):
        commands = many_urls.programs(own, refusal, folder, programs.ws())
        title = f"{many_urls.COUNT} URLs of one server ({who}), {many_urls.SIDE_BY_SIDE} at once"
        compare(title, commands, spread=True, against=many_urls.LOOP, rounds=3, seconds=24)
        shared = many_urls.shared(own, refusal, folder, MANY)
        title = f"{MANY} URLs of it, by one process and by two workers"
        for line in speed_up(
            compare(title, shared, spread=True, against=many_urls.ALONE, rounds=2, seconds=30)
        ):
            print(line)


def one_page(own, folder, url):
    """A page that opens *url*, by prediction and in Chromium; returns the row of Chromium."""
    browser = "chromium --dump-dom"
    page = folder / "page.html"
    page.write_text(PAGE.format(url=url))
    works = {
        "wsprobe compare --browser-mode": (*own, "compare", "--browser-mode", url),
        browser: programs.chromium(page),
    }
    _, row = compare("one URL, as a page sees it", works, against=browser, rounds=4, seconds=8)
    return row


def saved_recordings(own, folder, browser):
    """Files of recordings through all engines. *browser*: the row of one page in a browser."""
    file = folder / "recordings.jsonl"
    different, count = apart("recordings", "save", file)
    command = (*own, "compare", "--browser", "all", "--json")
    work = {"each recording, all engines": (*command, str(file))}
    (thousand,) = side_by_side(work, against="", rounds=1, seconds=1)
    show(
        f"{count} saved recordings ({different} different), through all engines",
        [per_one(thousand, count, browser), browser],
    )
    refusals = folder / "refusals.jsonl"
    apart("recordings", "save_refusals", refusals)
    loop = "json.loads and json.dumps of each"
    for kind, few in (("of the lab", file), ("of different 403s", refusals)):
        more = folder / "more.jsonl"
        more.write_bytes(few.read_bytes() * MORE)
        works = {
            loop: programs.rewriting(more),
            "one process": (*command, str(more)),
            "two processes": (*command, "--workers", "2", str(more)),
        }
        rows = side_by_side(works, against=loop, rounds=2, seconds=8)
        show(
            f"{count * MORE} recordings {kind}, printed as they are read, through all engines: one of them",
            [per_one(each, count * MORE) for each in rows],
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


def apart(module, name, *arguments):
    """What the function of this *name* returns, of a *module* that is loaded in a process of its own, so that
    ours stays small: programs inherit our peak."""
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.apply(_called, (module, name, arguments))


def _called(module, name, arguments):
    return getattr(import_module(module), name)(*arguments)


if __name__ == "__main__":
    main()
