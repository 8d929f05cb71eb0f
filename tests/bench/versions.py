"""``python tests/bench/versions.py FOLDER``: this checkout beside another (``git worktree add FOLDER COMMIT``).

The same interpreter and packages run both, one after the other in each round: lists of URLs against nginx,
saved recordings, and the start. A ratio is of processor time, over that of the other checkout."""

import sys
import tempfile
from itertools import cycle, islice
from pathlib import Path

import many_urls
import programs
from measure import LONGEST, run, side_by_side

ROUNDS = 9
HERE = Path(__file__).resolve().parents[2]
MIXED = ("", "404", "502", "302", "401", "page")
"""Paths of nginx: a 403 with words, pages of its own, a redirect, a page for anybody."""


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: python tests/bench/versions.py FOLDER")
    other = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="wsprobe-bench-") as name, programs.lab() as server:
        folder = Path(name)
        with programs.refusing(folder, f"{server}/status/403") as (who, url):
            print(f"refusals by {who}; ratios of processor time to {other}\n{'':44}{'ratio':>7}  in one round")
            for title, arguments in commands(folder, url).items():
                print(f"  {title:42}{ratio(arguments, other)}", flush=True)


def commands(folder, url):
    """Title -> the arguments of wsprobe."""
    saved = folder / "saved.jsonl"
    recorded = programs.wsprobe()
    lists = {
        "of one answer": _list(folder / "one.txt", [url]),
        "of JSON refusals": _list(folder / "json.txt", [f"{url}json"]),
        "of mixed answers": _list(folder / "mixed.txt", [f"{url}{path}" for path in MIXED]),
    }
    run([*recorded, "connect", "--silent", "--save", str(saved), *lists["of mixed answers"]])
    return {
        "connect": ("connect", url),
        **{
            f"connect --json, {many_urls.COUNT} URLs {title}": ("connect", "--json", *words)
            for title, words in lists.items()
        },
        f"compare, {many_urls.COUNT} recordings": ("compare", str(saved)),
        f"compare --json, {many_urls.COUNT} recordings": ("compare", "--json", str(saved)),
    }


def _list(file, urls):
    file.write_text("".join(f"{url}\n" for url in islice(cycle(urls), many_urls.COUNT)))
    at_once = str(many_urls.SIDE_BY_SIDE)
    return ("--parallel", at_once, "--per-host", at_once, f"@{file}")


def ratio(arguments, other):
    """The median of ROUNDS ratios, and the least and greatest; the first round fills the caches."""
    programs = {"here": _of(HERE, arguments), "there": _of(other, arguments)}
    here, _ = side_by_side(programs, against="there", rounds=ROUNDS, seconds=ROUNDS * 2 * LONGEST)
    if here.why or not here.spread:
        return f"  {here.why or 'the other one did not run'}"
    _, (least, most) = here.spread
    return f"{here.processor_ratio:>7.2f}  {least:.2f} to {most:.2f}"


def _of(checkout, arguments):
    return ("env", f"PYTHONPATH={checkout}", sys.executable, "-P", "-m", "wsprobe", *arguments)


if __name__ == "__main__":
    main()
