"""Measures the bytes of each engine's request: ``python -m tests.browsers.measure_requests [--check]``.

Needs root for the default ports (80 and 443 at one loopback address); without it, those situations keep
what was recorded.
"""

import argparse
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import trio
from msgspec.structs import replace

from tests.browsers.driver import store
from tests.browsers.driver.bench import PAGE_ADDRESSES, Bench, bench
from tests.browsers.driver.case import Case
from tests.browsers.driver.engines import ENGINES, named
from tests.browsers.driver.page import page
from tests.browsers.driver.record import KEY
from tests.browsers.driver.situations import DEFAULT_PORT_HOST, SITUATIONS
from tests.cases import ALL, THIRD, chosen
from wsprobe.lab import find
from wsprobe.lab.perform import request
from wsprobe.lab.server import LabError, serve

SECONDS = 30.0


@dataclass(slots=True)
class Counter:
    """Where the engines come, and what they asked last."""

    bench: Bench
    values: dict[str, str]
    """Addresses and ports by name; {ip} is each situation's own, so that none has another's cookies."""
    default_ports: bool
    asked: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def _counter():
    made = []

    def watch(visit):
        asked = request(visit.request)
        if made and asked is not None and asked.upgrade:
            made[0].asked.append(asked.head.raw)

    async with AsyncExitStack() as stack:
        main = await stack.enter_async_context(bench([]))
        main.watch = watch
        v6 = await stack.enter_async_context(serve("::1", watch=watch, pages=main.answer))
        v6.certificates = main.lab.certificates
        default_ports = True
        try:
            low = await stack.enter_async_context(serve(DEFAULT_PORT_HOST, 80, watch=watch, pages=main.answer))
            low.certificates = main.lab.certificates
            low.start("tls", 443)
        except* LabError:
            default_ports = False
        values = {
            "page": f"{PAGE_ADDRESSES[0]}:{main.lab.start('plain')}",
            "plain": str(main.lab.start("plain")),
            "tls": str(main.lab.start("tls")),
            "v6": str(v6.start("plain")),
        }
        made.append(Counter(main, values, default_ports))
        yield made[0]


def shared(engine, known, whole=ALL):
    """The situations that *engine* meets in CI, chosen as its scenarios are (measure.py)."""
    found = {situation.name: situation for situation in SITUATIONS}

    def is_new(situation):
        return known.get(situation.name, {}).get("of") != store.digest(situation)

    return list(chosen(found, THIRD, [*ENGINES].index(engine), kinds, is_new, whole).values())


def kinds(situation):
    """What each engine is to meet: how the socket and its page are reached, and what the page has."""
    has = [name for name in ("protocols", "cookies") if getattr(situation, name)]
    return {f"to {situation.url.partition(':')[0]}", f"from {situation.page}", *has}


async def measure(engine, situations=SITUATIONS):
    """The engine's version, and by situation what is kept of it."""
    found = {}
    async with _counter() as counter, engine.start(counter.bench) as browser:
        for number, situation in enumerate(situations, 1):
            counter.values["ip"] = f"127.0.10.{number}"
            if counter.default_ports or DEFAULT_PORT_HOST not in situation.url:
                request = await _one(counter, browser, situation)
                found[situation.name] = {"request": request, "of": store.digest(situation)}
        return browser.version, found


async def _one(counter, browser, situation):
    url, made = situation.made(counter.values)
    case = Case(replace(find("ok"), name=situation.name, page=made))
    counter.bench.put(made.url, page([(case, url)], 1, browser.back))
    counter.asked.clear()
    await browser.load(made.url, SECONDS)
    text = KEY.sub(rb"\1{key}", counter.asked[0]).decode("latin-1") if counter.asked else ""
    return filled_back(text, counter.values)


def filled_back(text, values):
    """*text* with names in place of what varies."""
    text = text.replace(values["page"], "{page}").replace(values["ip"], "{ip}")
    for name in ("plain", "tls", "v6"):
        text = text.replace(f":{values[name]}", f":{{{name}}}")
    return text


def bring(name, check=False):
    """The requests of the engine of that *name*, measured and, without *check*, kept; what changed is printed.
    The exit status: 2 where the engine is not installed, 1 where *check* found a change."""
    if missing := ENGINES[name].missing():
        print(f"{name} is not installed: apt-get install {missing}")
        return 2
    version, found = trio.run(measure, ENGINES[name])
    _, known = store.load(store.name_of(name.partition("@")[0], version), "requests")
    changed = {situation: one for situation, one in found.items() if known.get(situation) != one}
    print(f"{name} {version}: {len(found)} of {len(SITUATIONS)} requests measured, {len(changed)} changed")
    for situation, one in changed.items():
        print(f"  {situation}:\n    {known.get(situation)}\n    {one}")
    if check:
        return int(bool(changed))
    store.save(name, version, known | found, "requests")
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", default=",".join(ENGINES), help="names, separated by commas")
    parser.add_argument("--check", action="store_true", help="compare with the recordings, write nothing")
    options = parser.parse_args()
    return max(bring(name, options.check) for name in named(options.engine))


if __name__ == "__main__":
    sys.exit(main())
